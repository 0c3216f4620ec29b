/* flock on FOLDER/lock: the kernel releases it at any end of the process, kill -9 included. */
#include "engine/lock.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int lock_file(const char *folder, int flags, Err *err)
{
    char path[4096];
    if (!file_join(path, sizeof path, folder, "lock", err)) return -1;
    int fd = open(path, flags | O_CLOEXEC, 0666);
    if (fd < 0) err_set(err, ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    return fd;
}

bool lock_take(int *fd, const char *folder, const char *what, Err *err)
{
    *fd = lock_file(folder, O_RDWR | O_CREAT, err);
    if (*fd < 0) return false;
    if (!flock(*fd, LOCK_EX | LOCK_NB)) return true;
    close(*fd);
    *fd = -1;
    return err_set(err, ERR_LIMIT, "%s is being worked on by another process: stop that one first", what);
}

void lock_release(int fd)
{
    if (fd >= 0) close(fd);
}

bool lock_held(const char *folder)
{
    int fd = lock_file(folder, O_RDONLY, NULL);
    if (fd < 0) return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0;
    close(fd);
    return held;
}
