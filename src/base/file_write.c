/* Writing files so that a kill or a power loss leaves the old or the new one, never a mixture. */
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 32768, TEMPORARIES = 64, SUFFIX_MAX = 16 };

struct FileWriter {
    int fd;
    bool failed;
    size_t buffered;
    char *path, *temporary; /* behind the struct, in the same block */
    uint8_t buffer[BUFFER];
};

static bool fail(Err *err, const char *path, const char *what)
{
    return err_set(err, ERR_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno != EINTR) return false;
        if (done == 0) errno = EIO;
        if (done == 0) return false;
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        }
    }
    return true;
}

static bool sync_fd(int fd)
{
    int r;
    do r = fsync(fd);
    while (r < 0 && errno == EINTR);
    return r == 0;
}

/* Linux closes the descriptor even when it reports EINTR. */
static bool close_fd(int fd)
{
    return close(fd) == 0 || errno == EINTR;
}

/* Makes a rename in path's folder last. A file system that cannot sync folders (EINVAL) is taken as it is. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(folder);
    if (fd < 0) return false;
    bool ok = sync_fd(fd) || errno == EINVAL;
    int why = errno;
    close(fd);
    errno = why;
    return ok;
}

/* Locks the open file and says whether it is still the one of that name: its owner may have renamed it,
 * between our open and our lock, into the place it was made for. A file system without locks lets everyone
 * pass. */
static bool own_temporary(int fd, const char *name)
{
    struct stat opened, named;
    int r;
    do r = flock(fd, LOCK_EX | LOCK_NB);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno == EWOULDBLOCK) return false;
    return fstat(fd, &opened) == 0 && lstat(name, &named) == 0 && S_ISREG(opened.st_mode) &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* Opens the first of path.tmp, path.1.tmp, ... that no living writer holds. What a killed writer left is
 * thereby used again, so no litter can pile up. -1 and errno on failure. */
static int open_temporary(const char *path, char *name, size_t cap)
{
    for (int i = 0; i < TEMPORARIES; i++) {
        if (i == 0)
            snprintf(name, cap, "%s.tmp", path);
        else
            snprintf(name, cap, "%s.%d.tmp", path, i);
        int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
        if (fd < 0 && errno != ELOOP && errno != EISDIR && errno != ENXIO && errno != EACCES) return -1;
        if (fd < 0) continue;
        if (own_temporary(fd, name)) {
            if (ftruncate(fd, 0) == 0) return fd;
            unlink(name);
        }
        close(fd);
    }
    if (errno != EACCES) errno = EBUSY;
    return -1;
}

FileWriter *file_write_begin(const char *path, Err *err)
{
    size_t length = strlen(path) + 1, cap = length + SUFFIX_MAX;
    FileWriter *w = malloc(sizeof *w + length + cap);
    if (!w) {
        err_nomem(err, path);
        return NULL;
    }
    w->failed = false;
    w->buffered = 0;
    w->path = (char *)(w + 1);
    w->temporary = w->path + length;
    memcpy(w->path, path, length);
    w->fd = open_temporary(path, w->temporary, cap);
    if (w->fd >= 0) return w;
    fail(err, path, "write");
    free(w);
    return NULL;
}

static bool flush(FileWriter *w)
{
    size_t size = w->buffered;
    w->buffered = 0;
    return write_all(w->fd, w->buffer, size);
}

bool file_write(FileWriter *w, const void *bytes, size_t size, Err *err)
{
    if (w->failed) return err_set(err, ERR_IO, "%s: an earlier write failed", w->path);
    if (size > BUFFER - w->buffered) w->failed = !flush(w);
    if (!w->failed && size >= BUFFER) w->failed = !write_all(w->fd, bytes, size);
    if (w->failed) return fail(err, w->path, "write");
    if (size < BUFFER && size > 0) {
        memcpy(w->buffer + w->buffered, bytes, size);
        w->buffered += size;
    }
    return true;
}

/* The lock goes with the close, so the close comes last; errors of writing are already out by the fsync. */
bool file_write_commit(FileWriter *w, Err *err)
{
    if (w->failed) {
        err_set(err, ERR_IO, "%s: an earlier write failed", w->path);
        file_write_abort(w);
        return false;
    }
    if (!flush(w) || !sync_fd(w->fd) || rename(w->temporary, w->path) < 0) {
        fail(err, w->path, "write");
        file_write_abort(w);
        return false;
    }
    bool ok = sync_folder(w->path) || fail(err, w->path, "make the new file last");
    ok = (close_fd(w->fd) || fail(err, w->path, "close")) && ok;
    free(w);
    return ok;
}

void file_write_abort(FileWriter *w)
{
    if (!w) return;
    unlink(w->temporary);
    close(w->fd);
    free(w);
}

bool file_replace(const char *path, const void *bytes, size_t size, Err *err)
{
    FileWriter *w = file_write_begin(path, err);
    if (!w) return false;
    if (file_write(w, bytes, size, err)) return file_write_commit(w, err);
    file_write_abort(w);
    return false;
}

/* A second name for the same file first, then renamed: `path` itself is never absent. Where hard links do not
 * exist, a plain rename. */
static bool keep_previous(const char *path, const char *link_name, const char *kept)
{
    unlink(link_name);
    if (link(path, link_name) < 0) return errno == ENOENT || rename(path, kept) == 0;
    bool ok = rename(link_name, kept) == 0;
    int why = errno;
    unlink(link_name); /* rename leaves it when both already name the same file */
    errno = why;
    return ok && sync_folder(path);
}

bool file_keep_previous(const char *path, Err *err)
{
    size_t cap = strlen(path) + SUFFIX_MAX;
    char *names = malloc(2 * cap);
    if (!names) return err_nomem(err, path);
    snprintf(names, cap, "%s.1", path);
    snprintf(names + cap, cap, "%s.1.link", path);
    bool ok = keep_previous(path, names + cap, names) || fail(err, path, "keep the previous file");
    free(names);
    return ok;
}

bool file_append(const char *path, const void *bytes, size_t size, Err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return fail(err, path, "open");
    bool ok = write_all(fd, bytes, size) || fail(err, path, "append");
    return (close_fd(fd) || fail(err, path, "close")) && ok;
}
