/* Files: read whole with a cap, replace atomically, append, walk a folder, and the XDG folders.
 * A replaced file is either the old or the new one at any kill or power loss: temporary file in the same folder,
 * fsync, rename, fsync of the folder. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Reads a regular file of at most max bytes; *bytes is malloc'ed (caller frees), with one NUL past the end. */
bool file_read(const char *path, size_t max, uint8_t **bytes, size_t *size, Err *err);
bool file_replace(const char *path, const void *bytes, size_t size, Err *err);
/* As file_replace, for content made piece by piece: */
typedef struct FileWriter FileWriter;
FileWriter *file_write_begin(const char *path, Err *err);
bool file_write(FileWriter *w, const void *bytes, size_t size, Err *err);
bool file_write_commit(FileWriter *w, Err *err); /* frees w, whether it works or not */
void file_write_abort(FileWriter *w);            /* frees w and removes the temporary file */
/* Keeps the current `path` as `path.1` (replacing it) before the next replace; no error when path is absent. */
bool file_keep_previous(const char *path, Err *err);
bool file_append(const char *path, const void *bytes, size_t size, Err *err);
bool file_exists(const char *path);
bool file_is_folder(const char *path);
/* A name that nothing has yet: "view.png", else "view-2.png" and so on; suffix "" for folders. */
void file_free_name(char *out, size_t cap, const char *stem, const char *suffix);
bool file_make_folder(const char *path, Err *err); /* with its parents; 0777 less umask */
bool file_remove_tree(const char *path, Err *err);
/* Names in a folder sorted bytewise, without . and .. ; *names is one malloc'ed block (caller frees). -1 on error. */
long file_list(const char *folder, char ***names, Err *err);
/* "a/b" into out; false (and an error) when it does not fit. */
bool file_join(char *out, size_t cap, const char *folder, const char *name, Err *err);

typedef enum { XDG_CONFIG, XDG_DATA, XDG_STATE, XDG_CACHE } XdgKind;
/* The program's folder of that kind, e.g. ~/.local/share/viewsmith (not created); relative settings are ignored. */
bool file_xdg(char *out, size_t cap, XdgKind kind, Err *err);
/* Finds a shipped file, e.g. "models/fashion.safetensors": VIEWSMITH_ASSETS, then the source tree this binary was built
 * from, then the install prefix's share/viewsmith. */
bool file_shipped(char *out, size_t cap, const char *name, Err *err);
