/* The worker set: threads that take pieces from their own share of a run, then from those of others, look out
 * for the next run for a moment, then sleep on a condition. */
#include "base/pool.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, SPIN_NS = 50000 };

/* The piece of a worker's share to hand out next, in a cache line of its own. */
typedef struct {
    atomic_int next;
    char apart[64 - sizeof(atomic_int)];
} Share;

typedef struct {
    Pool *pool;
    pthread_t thread;
    int index; /* 1 .. threads - 1; the caller is 0 */
} Worker;

struct Pool {
    int threads, nice;
    Worker worker[THREADS_MAX];
    pthread_mutex_t caller; /* held for one whole run: a second caller waits */
    pthread_mutex_t lock;   /* guards the fields up to the blank line */
    pthread_cond_t wake, idle;
    PoolTask *task; /* NULL between runs: a worker that wakes late finds nothing and sleeps on */
    void *ctx;
    int n;
    bool stop;

    atomic_ulong run; /* counts runs; raised under lock */
    Share share[THREADS_MAX];
    atomic_int inside; /* workers that are in the run; raised under lock */
};

/* Which pool this thread is working for: that is how a nested call is known. */
typedef struct {
    const Pool *pool;
    int worker;
} Place;
static _Thread_local Place place;

/* The first of the n pieces that are worker k's share. Runs that follow each other are mostly about the same
 * images, and a worker still has its own in its cache. */
static int share_start(const Pool *pool, int n, int k)
{
    return (int)((long)n * k / pool->threads);
}

static void work(Pool *pool, PoolTask *task, void *ctx, int n, int worker)
{
    Place before = place;
    place = (Place){pool, worker};
    for (int k = 0; k < pool->threads; k++) {
        int of = (worker + k) % pool->threads, end = share_start(pool, n, of + 1), i;
        while ((i = atomic_fetch_add_explicit(&pool->share[of].next, 1, memory_order_relaxed)) < end)
            task(ctx, i, worker);
    }
    place = before;
}

static long passed_ns(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000000000L + now.tv_nsec - start->tv_nsec;
}

/* Looks out for the next run for at most 50 us: inside one job they follow each other closely, and to be
 * woken takes longer than many of them. */
static void linger(Pool *pool, unsigned long seen)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (atomic_load(&pool->run) == seen && passed_ns(&start) < SPIN_NS) continue;
}

/* Sleeps until there is a run this worker has not seen; false when the pool closes. Called with the lock
 * held. */
static bool next_run(Pool *pool, unsigned long *seen)
{
    while (!pool->stop && (!pool->task || atomic_load(&pool->run) == *seen))
        pthread_cond_wait(&pool->wake, &pool->lock);
    *seen = atomic_load(&pool->run);
    return !pool->stop;
}

static void *worker_main(void *arg)
{
    Worker *self = arg;
    Pool *pool = self->pool;
    unsigned long seen = 0;
    if (pool->nice) setpriority(PRIO_PROCESS, (id_t)gettid(), pool->nice);
    pthread_mutex_lock(&pool->lock);
    while (next_run(pool, &seen)) {
        PoolTask *task = pool->task;
        void *ctx = pool->ctx;
        int n = pool->n;
        atomic_fetch_add(&pool->inside, 1);
        pthread_mutex_unlock(&pool->lock);
        work(pool, task, ctx, n, self->index);
        pthread_mutex_lock(&pool->lock);
        if (atomic_fetch_sub(&pool->inside, 1) == 1) pthread_cond_signal(&pool->idle);
        pthread_mutex_unlock(&pool->lock);
        linger(pool, seen);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Workers take no signals: those are for the thread that owns the terminal. */
static bool start_workers(Pool *pool, int wanted)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    while (pool->threads < wanted && !failed) {
        Worker *w = &pool->worker[pool->threads];
        *w = (Worker){.pool = pool, .index = pool->threads};
        failed = pthread_create(&w->thread, NULL, worker_main, w);
        if (!failed) pool->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed;
}

Pool *pool_new(int threads, int nice, Err *err)
{
    if (threads < 1 || threads > THREADS_MAX) {
        err_set(err, ERR_USAGE, "%d threads: the number must be from 1 to %d", threads, THREADS_MAX);
        return NULL;
    }
    Pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        err_nomem(err, "a worker set");
        return NULL;
    }
    pool->threads = 1;
    pool->nice = nice;
    pthread_mutex_init(&pool->caller, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->idle, NULL);
    if (start_workers(pool, threads)) return pool;
    err_set(err, ERR_LIMIT, "the system refused worker thread %d of %d; set VIEWSMITH_THREADS lower",
            pool->threads, threads);
    pool_free(pool);
    return NULL;
}

void pool_free(Pool *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i < pool->threads; i++) pthread_join(pool->worker[i].thread, NULL);
    pthread_cond_destroy(&pool->idle);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->caller);
    free(pool);
}

int pool_threads(const Pool *pool)
{
    return pool ? pool->threads : 1;
}

static void run_inline(int n, PoolTask *task, void *ctx, int worker)
{
    for (int i = 0; i < n; i++) task(ctx, i, worker);
}

static void publish(Pool *pool, int n, PoolTask *task, void *ctx)
{
    pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->ctx = ctx;
    pool->n = n;
    for (int k = 0; k < pool->threads; k++) atomic_store(&pool->share[k].next, share_start(pool, n, k));
    atomic_fetch_add(&pool->run, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

/* All pieces are handed out, so the last ones end soon: looks for at most 50 us before it sleeps. */
static void spin_for_workers(Pool *pool)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (atomic_load(&pool->inside) > 0 && passed_ns(&start) < SPIN_NS) continue;
}

/* A worker that has not entered by now is not waited for: with task NULL it will find no run. */
static void finish(Pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->task = NULL;
    pthread_mutex_unlock(&pool->lock);
    spin_for_workers(pool);
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->inside) > 0) pthread_cond_wait(&pool->idle, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void pool_run(Pool *pool, int n, PoolTask *task, void *ctx)
{
    if (place.pool || pool_threads(pool) == 1 || n <= 1) {
        run_inline(n, task, ctx, pool && place.pool == pool ? place.worker : 0);
        return;
    }
    pthread_mutex_lock(&pool->caller);
    publish(pool, n, task, ctx);
    work(pool, task, ctx, n, 0);
    finish(pool);
    pthread_mutex_unlock(&pool->caller);
}

int pool_default_threads(void)
{
    const char *wanted = getenv("VIEWSMITH_THREADS");
    long threads = wanted ? strtol(wanted, NULL, 10) : 0;
    if (threads < 1) {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        threads = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    }
    return threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : (int)threads;
}

void pool_enter_background(void)
{
    setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
}
