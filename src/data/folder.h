/* A person's own pictures: a folder with one folder per class, PNG or JPEG of any size and colour.
 *
 * Classes are the sorted names of the direct sub-folders that hold a picture at any depth; without any, the
 * folder is one class named like itself. Hidden names and links to folders are passed over, depth ends at 16.
 */
#pragma once
#include "base/err.h"
#include <stddef.h>

#define FOLDER_FILES_MAX   1000000
#define FOLDER_CLASSES_MAX 1000

typedef struct {
    char *path; /* relative to the folder, "/" between parts */
    int label;
} FolderItem;

typedef struct {
    FolderItem *item; /* by class, then path, bytewise */
    char **class_name;
    int n, classes;
    int other;         /* files that are no PNG or JPEG by name */
    int loose;         /* pictures outside every class folder where there are class folders */
    char *first_other; /* an example path, or NULL */
} Folder;

/* Lists the pictures; nothing is decoded. Fails when there are none. The caller frees with folder_free. */
bool folder_scan(const char *path, Folder *out, Err *err);
void folder_free(Folder *f);
