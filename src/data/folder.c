/* Lists a person's own pictures: a folder with one folder per class. */
#include "data/folder.h"
#include "base/file.h"
#include "data/picture.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 16

typedef struct {
    const char *root;
    Folder *out;
    int cap;
    Err *err;
} Scan;

typedef enum { IS_OTHER, IS_PICTURE, IS_FOLDER } Kind;

/* Links to folders are passed over: they could lead in a circle. Links to pictures are followed. */
static Kind kind_of(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) return IS_FOLDER;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && picture_named(path) ? IS_PICTURE : IS_OTHER;
}

static bool add_picture(Scan *s, const char *relative, int label)
{
    Folder *f = s->out;
    if (f->n == FOLDER_FILES_MAX)
        return err_set(s->err, ERR_LIMIT, "%s: more than %d pictures", s->root, FOLDER_FILES_MAX);
    if (f->n == s->cap) {
        int cap = 2 * s->cap + 256;
        FolderItem *grown = realloc(f->item, (size_t)cap * sizeof *grown);
        if (!grown) return err_nomem(s->err, s->root);
        f->item = grown;
        s->cap = cap;
    }
    char *path = strdup(relative);
    if (!path) return err_nomem(s->err, s->root);
    f->item[f->n++] = (FolderItem){path, label};
    return true;
}

static bool note_other(Scan *s, const char *relative)
{
    if (s->out->other++ == 0) s->out->first_other = strdup(relative);
    return s->out->first_other || err_nomem(s->err, s->root);
}

/* One name below `relative` ("" for the root): its path from the root, its full path, and what it is. */
static bool look(const Scan *s, const char *relative, const char *name, char below[PATH_MAX],
                 char full[PATH_MAX], Kind *kind)
{
    if (*relative ? !file_join(below, PATH_MAX, relative, name, s->err) : strlen(name) >= PATH_MAX)
        return err_set(s->err, ERR_LIMIT, "%s: a name is too long", s->root);
    if (!*relative) strcpy(below, name);
    if (!file_join(full, PATH_MAX, s->root, below, s->err)) return false;
    *kind = kind_of(full);
    return true;
}

static bool walk(Scan *s, const char *relative, int label, int depth)
{
    char full[PATH_MAX], below[PATH_MAX], **name;
    if (depth > DEPTH_MAX)
        return err_set(s->err, ERR_LIMIT, "%s/%s: over %d folders deep", s->root, relative, DEPTH_MAX);
    if (!file_join(full, sizeof full, s->root, relative, s->err)) return false;
    long n = file_list(full, &name, s->err);
    if (n < 0) return false;
    bool ok = true;
    for (long i = 0; ok && i < n; i++) {
        Kind kind = IS_OTHER;
        if (name[i][0] == '.') continue;
        ok = look(s, relative, name[i], below, full, &kind);
        if (!ok) break;
        if (kind == IS_FOLDER) ok = walk(s, below, label, depth + 1);
        if (kind == IS_PICTURE) ok = add_picture(s, below, label);
        if (kind == IS_OTHER) ok = note_other(s, below);
    }
    free(name);
    return ok;
}

static bool add_class(Scan *s, const char *name)
{
    Folder *f = s->out;
    if (f->classes == FOLDER_CLASSES_MAX)
        return err_set(s->err, ERR_LIMIT, "%s: more than %d class folders", s->root, FOLDER_CLASSES_MAX);
    char **grown = realloc(f->class_name, ((size_t)f->classes + 1) * sizeof *grown);
    if (!grown) return err_nomem(s->err, s->root);
    f->class_name = grown;
    f->class_name[f->classes] = strdup(name);
    if (!f->class_name[f->classes]) return err_nomem(s->err, s->root);
    f->classes++;
    return true;
}

/* What lies directly in the root: folders become classes when they hold a picture; pictures are loose or, on
 * the second round (`single`), the one class there is. */
static bool scan_root(Scan *s, char *const *name, long n, bool single)
{
    char full[PATH_MAX], below[PATH_MAX];
    for (long i = 0; i < n; i++) {
        Kind kind = IS_OTHER;
        int before = s->out->n;
        if (name[i][0] == '.') continue;
        if (!look(s, "", name[i], below, full, &kind)) return false;
        if (single && kind == IS_PICTURE && !add_picture(s, below, 0)) return false;
        if (single) continue;
        if (kind == IS_PICTURE) s->out->loose++;
        if (kind == IS_OTHER && !note_other(s, below)) return false;
        if (kind == IS_FOLDER && !walk(s, below, s->out->classes, 1)) return false;
        if (s->out->n > before && !add_class(s, name[i])) return false;
    }
    return true;
}

/* The last part of a path, without slashes after it. */
static bool add_only_class(Scan *s)
{
    char real[PATH_MAX];
    const char *slash = realpath(s->root, real) ? strrchr(real, '/') : NULL;
    return add_class(s, slash && slash[1] ? slash + 1 : "pictures");
}

static int by_class_and_path(const void *a, const void *b)
{
    const FolderItem *x = a, *y = b;
    return x->label != y->label ? (x->label > y->label) - (x->label < y->label) : strcmp(x->path, y->path);
}

static bool scan(Scan *s)
{
    char **name;
    Folder *f = s->out;
    long n = file_list(s->root, &name, s->err);
    if (n < 0) return false;
    bool ok = scan_root(s, name, n, false);
    if (ok && !f->classes && f->loose) {
        f->loose = 0;
        ok = scan_root(s, name, n, true) && add_only_class(s);
    }
    free(name);
    if (ok && !f->n)
        return err_set(s->err, ERR_USAGE, "%s: no PNG or JPEG pictures (a folder for each class is expected)",
                       s->root);
    if (ok) qsort(f->item, (size_t)f->n, sizeof *f->item, by_class_and_path);
    return ok;
}

bool folder_scan(const char *path, Folder *out, Err *err)
{
    *out = (Folder){0};
    Scan s = {.root = path, .out = out, .err = err};
    bool ok = scan(&s);
    if (!ok) folder_free(out);
    return ok;
}

void folder_free(Folder *f)
{
    for (int i = 0; i < f->n; i++) free(f->item[i].path);
    for (int i = 0; i < f->classes; i++) free(f->class_name[i]);
    free(f->item);
    free(f->class_name);
    free(f->first_other);
    *f = (Folder){0};
}
