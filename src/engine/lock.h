/* A folder belongs to one writing process: an advisory lock that ends with the process, however it ends. */
#pragma once
#include "base/err.h"

/* Takes FOLDER/lock; *fd is then held until lock_release. ERR_LIMIT when another process works there: `what`
 * names the folder's kind in the sentence ("run 0007"). */
bool lock_take(int *fd, const char *folder, const char *what, Err *err);
void lock_release(int fd);
/* True when a process holds it. */
bool lock_held(const char *folder);
