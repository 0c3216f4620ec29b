/* The worker set: every piece once, nested calls, many short runs, one caller at a time. */
#include "check.h"
#include "base/pool.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 1000 };

typedef struct {
    Pool *pool;
    atomic_int seen[PIECES], busy[64], wrong;
} Board;

/* Counts the piece, and notices two threads that hold one worker number at once. */
static void mark(void *ctx, int index, int worker)
{
    Board *b = ctx;
    if (worker < 0 || worker >= pool_threads(b->pool) || atomic_fetch_add(&b->busy[worker], 1) > 0)
        b->wrong++;
    b->seen[index]++;
    b->busy[worker]--;
}

static void each_piece_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        Pool *pool = pool_new(threads, 0, NULL);
        assert_non_null(pool);
        assert_int_equal(pool_threads(pool), threads);
        for (int n = 0; n <= PIECES; n += 1 + n / 3) {
            Board b = {.pool = pool};
            pool_run(pool, n, mark, &b);
            for (int i = 0; i < PIECES; i++) assert_int_equal(b.seen[i], i < n);
            assert_int_equal(b.wrong, 0);
        }
        pool_free(pool);
    }
}

/* Plain memory written by workers is the caller's to read afterwards: a race here is for TSan to find. */
static void square(void *ctx, int index, int worker)
{
    (void)worker;
    ((long *)ctx)[index] = (long)index * index;
}

static void results_are_visible_after_short_runs(void **state)
{
    (void)state;
    Pool *pool = pool_new(3, 0, NULL);
    for (int round = 0; round < 2000; round++) {
        long out[5] = {0};
        pool_run(pool, 5, square, out);
        for (long i = 0; i < 5; i++) assert_int_equal(out[i], i * i);
    }
    pool_free(pool);
}

typedef struct {
    Pool *pool;
    atomic_int inner, wrong;
} Nest;

typedef struct {
    Nest *nest;
    int worker;
} Outer;

static void inner(void *ctx, int index, int worker)
{
    Outer *o = ctx;
    (void)index;
    if (worker != o->worker) o->nest->wrong++;
    o->nest->inner++;
}

static void outer(void *ctx, int index, int worker)
{
    Outer o = {ctx, worker};
    (void)index;
    pool_run(o.nest->pool, 10, inner, &o);
}

static void nested_runs_inline_as_the_same_worker(void **state)
{
    (void)state;
    Nest nest = {.pool = pool_new(4, 0, NULL)};
    for (int i = 0; i < 50; i++) pool_run(nest.pool, 20, outer, &nest);
    assert_int_equal(nest.inner, 50 * 20 * 10);
    assert_int_equal(nest.wrong, 0);
    pool_free(nest.pool);
}

static void without_a_pool_the_caller_works(void **state)
{
    (void)state;
    long out[5] = {0};
    pool_run(NULL, 5, square, out);
    assert_int_equal(out[4], 16);
    assert_int_equal(pool_threads(NULL), 1);
    pool_free(NULL);
}

static void *call_often(void *arg)
{
    Board *b = arg;
    for (int i = 0; i < 300; i++) pool_run(b->pool, 8, mark, b);
    return NULL;
}

static void two_callers_take_turns(void **state)
{
    (void)state;
    Board b = {.pool = pool_new(2, 19, NULL)};
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, call_often, &b), 0);
    call_often(&b);
    pthread_join(other, NULL);
    for (int i = 0; i < 8; i++) assert_int_equal(b.seen[i], 600);
    assert_int_equal(b.wrong, 0);
    pool_free(b.pool);
}

static void starts_and_stops_often(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        long out[3];
        Pool *pool = pool_new(2 + i % 2, 0, NULL);
        if (i % 2) pool_run(pool, 3, square, out);
        pool_free(pool);
    }
}

static void thread_counts_are_checked(void **state)
{
    (void)state;
    Err err;
    assert_refused(pool_new(0, 0, &err), err, ERR_USAGE, "1 to 64");
    assert_refused(pool_new(65, 0, &err), err, ERR_USAGE, "1 to 64");
    setenv("VIEWSMITH_THREADS", "3", 1);
    assert_int_equal(pool_default_threads(), 3);
    setenv("VIEWSMITH_THREADS", "1000", 1);
    assert_int_equal(pool_default_threads(), 64);
    setenv("VIEWSMITH_THREADS", "many", 1);
    assert_in_range(pool_default_threads(), 1, 64);
    unsetenv("VIEWSMITH_THREADS");
    assert_in_range(pool_default_threads(), 1, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_piece_once),
        cmocka_unit_test(results_are_visible_after_short_runs),
        cmocka_unit_test(nested_runs_inline_as_the_same_worker),
        cmocka_unit_test(without_a_pool_the_caller_works),
        cmocka_unit_test(two_callers_take_turns),
        cmocka_unit_test(starts_and_stops_often),
        cmocka_unit_test(thread_counts_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
