/* A set of worker threads that run the numbered pieces of one piece of work.
 *
 *     pool_run(pool, images, &one_image, &ctx);      returns when all are done
 *
 * Results must not depend on how many workers there are: split work by its shape, never by pool_threads(). */
#pragma once
#include "base/err.h"

typedef struct Pool Pool;
typedef void PoolTask(void *ctx, int index, int worker); /* index < n; worker < pool_threads(): for scratch */

/* `threads` counts the caller, which works too. nice 0 for interactive, 19 for background (applied to the
 * workers, and to the caller while it works when it is a background job's thread: see pool_enter_background).
 */
Pool *pool_new(int threads, int nice, Err *err);
void pool_free(Pool *pool);
int pool_threads(const Pool *pool); /* 1 for NULL */
/* Calls task for 0..n-1, each once: every worker takes its own n / threads in order, then what is left of
 * the others'; workers spin at most 50 us at the end of a run and then sleep. A NULL pool or nested call runs
 * inline. One caller at a time. */
void pool_run(Pool *pool, int n, PoolTask *task, void *ctx);
/* Threads to use: VIEWSMITH_THREADS, else the cores this process may run on; 1..64. */
int pool_default_threads(void);
/* Lowers the calling thread to nice 19: for threads that run a job. */
void pool_enter_background(void);
