/* Reading files whole, and folders: listing, making, removing. */
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 };

static bool fail(Err *err, const char *path, const char *what)
{
    return err_set(err, ERR_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

/* Reads up to size bytes; fewer only at the end of the file. */
static bool read_up_to(int fd, uint8_t *bytes, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t done = read(fd, bytes + *got, size - *got);
        if (done < 0 && errno != EINTR) return false;
        if (done == 0) break;
        if (done > 0) *got += (size_t)done;
    }
    return true;
}

static bool read_open(int fd, const char *path, size_t max, uint8_t **bytes, size_t *size, Err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0) return fail(err, path, "read");
    if (S_ISDIR(st.st_mode)) return err_set(err, ERR_IO, "%s: is a folder, not a file", path);
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_IO, "%s: is not a regular file", path);
    if ((uint64_t)st.st_size > max || (uint64_t)st.st_size >= SIZE_MAX)
        return err_set(err, ERR_LIMIT, "%s: %lld bytes, and at most %zu are read", path,
                       (long long)st.st_size, max);
    uint8_t *block = malloc((size_t)st.st_size + 1);
    if (!block) return err_nomem(err, path);
    if (!read_up_to(fd, block, (size_t)st.st_size, size)) {
        free(block);
        return fail(err, path, "read");
    }
    block[*size] = '\0';
    *bytes = block;
    return true;
}

/* O_NONBLOCK: opening a pipe must not wait for its writer before it is refused. */
bool file_read(const char *path, size_t max, uint8_t **bytes, size_t *size, Err *err)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    *bytes = NULL;
    *size = 0;
    if (fd < 0) return fail(err, path, "open");
    bool ok = read_open(fd, path, max, bytes, size, err);
    close(fd);
    return ok;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

void file_free_name(char *out, size_t cap, const char *stem, const char *suffix)
{
    snprintf(out, cap, "%s%s", stem, suffix);
    for (int i = 2; i < 10000 && file_exists(out); i++) snprintf(out, cap, "%s-%d%s", stem, i, suffix);
}

bool file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool make_one(const char *path)
{
    return mkdir(path, 0777) == 0 || (errno == EEXIST && file_is_folder(path));
}

bool file_make_folder(const char *path, Err *err)
{
    char *copy = strdup(path);
    if (!copy) return err_nomem(err, path);
    bool ok = *path != '\0';
    for (char *p = copy + 1; ok && *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        ok = make_one(copy);
        *p = '/';
    }
    ok = ok && make_one(copy);
    if (!ok) fail(err, path, "make this folder");
    free(copy);
    return ok;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Empties the open folder and closes it. Never follows a link: what lies behind one is not ours. */
static bool empty_folder(int fd, int depth)
{
    DIR *dir = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
    if (!dir) {
        if (depth >= DEPTH_MAX) errno = ELOOP;
        close(fd);
        return false;
    }
    bool ok = true;
    struct dirent *e;
    while (ok && (e = readdir(dir)) != NULL) {
        if (is_dots(e->d_name) || unlinkat(fd, e->d_name, 0) == 0) continue;
        int child = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        ok = child >= 0 && empty_folder(child, depth + 1) && unlinkat(fd, e->d_name, AT_REMOVEDIR) == 0;
    }
    int why = errno;
    closedir(dir);
    errno = why;
    return ok;
}

bool file_remove_tree(const char *path, Err *err)
{
    if (unlink(path) == 0 || errno == ENOENT) return true;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && empty_folder(fd, 0) && rmdir(path) == 0) return true;
    return fail(err, path, "remove");
}

/* Names one after another, each with its NUL. */
typedef struct {
    char *text;
    size_t used, cap;
    long count;
} Names;

static bool names_add(Names *n, const char *name)
{
    size_t size = strlen(name) + 1;
    if (n->used + size > n->cap) {
        size_t cap = 2 * n->cap + size + 1024;
        char *text = realloc(n->text, cap);
        if (!text) return false;
        n->text = text;
        n->cap = cap;
    }
    memcpy(n->text + n->used, name, size);
    n->used += size;
    n->count++;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Pointers first, then the text they point to, in one block. */
static char **names_sort(const Names *n)
{
    char **list = malloc(((size_t)n->count + 1) * sizeof *list + n->used);
    if (!list) return NULL;
    char *text = (char *)(list + n->count + 1);
    if (n->used) memcpy(text, n->text, n->used);
    for (long i = 0; i < n->count; i++) {
        list[i] = text;
        text += strlen(text) + 1;
    }
    list[n->count] = NULL;
    qsort(list, (size_t)n->count, sizeof *list, compare_names);
    return list;
}

long file_list(const char *folder, char ***names, Err *err)
{
    Names n = {0};
    DIR *dir = opendir(folder);
    bool ok = true;
    struct dirent *e;
    *names = NULL;
    if (!dir) {
        fail(err, folder, "list");
        return -1;
    }
    while (ok && (e = readdir(dir)) != NULL)
        if (!is_dots(e->d_name)) ok = names_add(&n, e->d_name);
    closedir(dir);
    if (ok) *names = names_sort(&n);
    free(n.text);
    if (*names) return n.count;
    err_nomem(err, folder);
    return -1;
}
