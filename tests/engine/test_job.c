/* Jobs: news travel whole, pause and stop hold at any moment, many starts and ends leave nothing behind. */
#include "check.h"
#include "engine/job.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    News news;
    int step, twice; /* always agree: a torn copy would not */
} Count;

typedef struct {
    int steps, fail_at;
    atomic_int *closed;
} Work;

static void count_close(News *news)
{
    free(news);
}

static bool work_run(Job *job, void *ctx, Err *err)
{
    Work *w = ctx;
    for (int i = 1; i <= w->steps; i++) {
        if (!job_going(job)) return err_set(err, ERR_CANCELLED, "stopped at %d", i);
        if (i == w->fail_at) return err_set(err, ERR_IO, "failed at %d", i);
        Count *c = calloc(1, sizeof *c);
        c->news.close = count_close;
        c->step = i;
        c->twice = 2 * i;
        job_publish(job, &c->news);
    }
    return true;
}

static void work_close(void *ctx)
{
    Work *w = ctx;
    if (w->closed) atomic_fetch_add(w->closed, 1);
    free(w);
}

static const JobKind kind = {"test", work_run, work_close, 0};

static Job *start(int steps, int fail_at, atomic_int *closed, Bell bell)
{
    Err err = {0};
    Work *w = malloc(sizeof *w);
    *w = (Work){steps, fail_at, closed};
    Job *job = job_start(&kind, w, bell, &err);
    assert_ok(job != NULL, err);
    return job;
}

static void ring(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void test_done_with_last_news(void **state)
{
    (void)state;
    Err err = {0};
    atomic_int rung = 0;
    Job *job = start(100, 0, NULL, (Bell){ring, &rung});
    assert_true(job_wait(job, 30));
    assert_ok(job_result(job, &err), err);
    assert_int_equal(job_state(job), JOB_DONE);
    Count *c = (Count *)job_news(job);
    assert_int_equal(c->step, 100);
    job_free(job);
    assert_int_equal(c->twice, 200); /* kept news outlive the job */
    news_drop(&c->news);
    assert_int_equal(rung, 101);
}

static void test_failure_is_told(void **state)
{
    (void)state;
    Err err = {0};
    Job *job = start(100, 7, NULL, (Bell){0});
    assert_true(job_wait(job, 30));
    assert_int_equal(job_state(job), JOB_FAILED);
    assert_false(job_result(job, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_string_equal(err.msg, "failed at 7");
    job_free(job);
}

static void test_pause_holds_and_stop_ends_it(void **state)
{
    (void)state;
    Err err = {0};
    Job *job = start(1 << 30, 0, NULL, (Bell){0});
    job_pause(job, true);
    usleep(20000);
    assert_int_equal(job_state(job), JOB_PAUSED);
    Count *a = (Count *)job_news(job);
    usleep(20000);
    Count *b = (Count *)job_news(job);
    assert_ptr_equal(a, b);
    if (a) news_drop(&a->news), news_drop(&b->news);
    job_pause(job, false);
    int before = a ? 1 : 0;
    while (!a || before == 0) {
        a = (Count *)job_news(job);
        if (a) before = a->step, news_drop(&a->news);
    }
    job_pause(job, true);
    job_stop(job); /* also while paused */
    assert_true(job_wait(job, 30));
    assert_int_equal(job_state(job), JOB_STOPPED);
    assert_false(job_result(job, &err));
    assert_int_equal(err.code, ERR_CANCELLED);
    job_free(job);
}

static void test_many_starts_and_ends(void **state)
{
    (void)state;
    atomic_int closed = 0;
    for (int i = 0; i < 200; i++) {
        Job *job = start(i % 3 ? 1 << 30 : i, 0, &closed, (Bell){0});
        for (int k = 0; k < i % 5; k++) {
            Count *c = (Count *)job_news(job);
            if (!c) continue;
            assert_int_equal(c->twice, 2 * c->step);
            news_drop(&c->news);
        }
        if (i % 2) job_pause(job, true);
        if (i % 7 == 0) job_pause(job, false);
        job_free(job);
        assert_int_equal(closed, i + 1);
    }
    job_free(NULL);
}

static void test_waiting_ends_in_time(void **state)
{
    (void)state;
    Job *job = start(1 << 30, 0, NULL, (Bell){0});
    assert_false(job_wait(job, 0.01));
    assert_int_equal(job_state(job), JOB_RUNNING);
    job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done_with_last_news),          cmocka_unit_test(test_failure_is_told),
        cmocka_unit_test(test_pause_holds_and_stop_ends_it), cmocka_unit_test(test_many_starts_and_ends),
        cmocka_unit_test(test_waiting_ends_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
