/* Walks: edits do what they say, learning lessens the error, resuming goes on bit for bit, measuring finds
 * what is there. */
#include "latent/walk.h"
#include "check.h"
#include "base/file.h"
#include "latent/walk_state.h"
#include "model/tiny.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE };

static void square(float *x, int left, int top, int size)
{
    for (int i = 0; i < PIXELS; i++) {
        int c = i % SIDE, r = i / SIDE;
        x[i] = c >= left && c < left + size && r >= top && r < top + size ? 0.2f : -1;
    }
}

static void centre(float at[2], const float *x)
{
    double n = 0, sum[2] = {0, 0};
    for (int i = 0; i < PIXELS; i++) {
        double w = (double)x[i] + 1;
        n += w, sum[0] += w * (i % SIDE), sum[1] += w * (double)(i / SIDE);
    }
    at[0] = (float)(sum[0] / n), at[1] = (float)(sum[1] / n);
}

static double light(const float *x)
{
    double sum = 0;
    for (int i = 0; i < PIXELS; i++) sum += (double)x[i] + 1;
    return sum;
}

/* Right, up, larger, brighter; nothing at 0; the mask leaves out what comes from outside. */
static void test_edits(void **state)
{
    (void)state;
    float x[PIXELS], y[PIXELS], mask[PIXELS], from[2], to[2];
    square(x, 8, 10, 10);
    centre(from, x);
    for (int k = 0; k < WALKS; k++) {
        walk_edit(y, mask, x, 1, SIDE, (WalkKind)k, 0);
        for (int i = 0; i < PIXELS; i++) assert_true(fabsf(y[i] - x[i]) < 1e-5f && mask[i] == 1);
    }
    walk_edit(y, mask, x, 1, SIDE, WALK_SHIFT_X, 1);
    centre(to, y);
    assert_true(fabsf(to[0] - from[0] - 4) < 0.01f && fabsf(to[1] - from[1]) < 0.01f);
    assert_true(mask[3] == 0 && mask[4] == 1);
    walk_edit(y, mask, x, 1, SIDE, WALK_SHIFT_Y, 1);
    centre(to, y);
    assert_true(fabsf(to[1] - from[1] + 4) < 0.01f);
    assert_true(mask[PIXELS - 1] == 0 && mask[0] == 1);
    assert_true(fabsf(walk_part(WALK_SHIFT_X, 4, SIDE) - 1) < 1e-5f &&
                fabsf(walk_part(WALK_CONTRAST, 0.5f, SIDE) + 1) < 1e-5f);
    walk_edit(y, mask, x, 1, SIDE, WALK_ZOOM, 1);
    assert_true(fabs(light(y) / light(x) - 2) < 0.1);
    walk_edit(y, mask, x, 1, SIDE, WALK_BRIGHTNESS, 1);
    assert_true(fabs(light(y) / light(x) - sqrt(2)) < 0.01);
    square(x, 20, 13, 3);
    walk_edit(y, mask, x, 1, SIDE, WALK_ROTATE, 1); /* counter-clockwise: what is right goes up */
    centre(to, y);
    assert_true(to[1] < 13);
    x[14 * SIDE + 21] = 0.6f;
    walk_edit(y, mask, x, 1, SIDE, WALK_CONTRAST, 1);
    assert_true(y[14 * SIDE + 21] > 0.9f && y[13 * SIDE + 20] < 0.2f && y[0] == -1);
}

static WalkConfig small(int steps)
{
    WalkConfig c = walk_defaults();
    c.steps = steps;
    c.batch = 8;
    c.rate = 0.2f;
    c.pull = 0;
    return c;
}

static void test_learning(void **state)
{
    (void)state;
    Err err = {0};
    Generator *g = tiny_generator(3, 1, NULL, &err);
    WalkConfig c = small(40);
    Walk *k = walk_new(g, &c, NULL, &err);
    double first[WALKS], last[WALKS];
    WalkMetrics m;
    assert_non_null(k);
    for (int s = 0; s < 40; s++)
        for (int w = 0; w < WALKS; w++) {
            assert_ok(walk_step(k, &m, &err), err);
            assert_int_equal(m.kind, w);
            if (s == 0) first[w] = m.loss, last[w] = 0;
            if (s >= 30) last[w] += m.loss / 10;
        }
    assert_true(walk_done(k));
    for (int w = 0; w < WALKS; w++) assert_true(fabs(first[w] - 1) < 1e-6 && last[w] < 0.99);
    assert_true(last[WALK_BRIGHTNESS] < 0.8);
    walk_free(k);
    generator_drop(g);
}

static void run_to(Walk *k, int step)
{
    Err err = {0};
    WalkMetrics m;
    while (k->step < step) assert_ok(walk_step(k, &m, &err), err);
}

static void test_resume(void **state)
{
    (void)state;
    Err err = {0};
    Generator *g = tiny_generator(3, 1, NULL, &err), *stranger = tiny_generator(3, 2, NULL, &err);
    WalkConfig c = small(6);
    Walk *whole = walk_new(g, &c, NULL, &err), *half = walk_new(g, &c, NULL, &err), *rest;
    Pool *pool = pool_new(2, 0, &err);
    run_to(whole, 6 * WALKS);
    run_to(half, 3 * WALKS + 1);
    assert_ok(walk_save(half, "walks", &err), err);
    assert_refused(walk_resume(&rest, stranger, "walks", pool, &err), err, ERR_FORMAT, "is open");
    err = (Err){0};
    assert_ok(walk_resume(&rest, g, "walks", pool, &err), err);
    run_to(rest, 6 * WALKS);
    assert_memory_equal(rest->code, whole->code, (size_t)3 * WALKS * 4 * 16 * sizeof(float));
    walk_free(whole);
    walk_free(half);
    walk_free(rest);
    pool_free(pool);
    generator_drop(g);
    generator_drop(stranger);
}

/* Half of the pictures look real at first, and fewer the farther away: the range ends where a quarter does.
 */
static bool fading(void *ctx, double *share, const float *image, int n, Err *err)
{
    (void)image, (void)n, (void)err;
    int at = (*(int *)ctx)++ % DIRECTION_MARKS - DIRECTION_MARKS / 2;
    *share = 0.5 - 0.1 * abs(at);
    return true;
}

static void test_measure(void **state)
{
    (void)state;
    Err err = {0};
    Generator *g = tiny_generator(3, 1, NULL, &err), *with;
    WalkConfig c = small(30);
    Walk *k = walk_new(g, &c, NULL, &err);
    Direction d[WALKS];
    int calls = 0;
    run_to(k, 30 * WALKS);
    assert_ok(walk_measure(d, k, fading, &calls, &err), err);
    for (int w = 0; w < WALKS; w++) {
        int middle = DIRECTION_MARKS / 2;
        assert_string_equal(d[w].name, walk_rows[w].name);
        assert_true(d[w].layered && d[w].marks == DIRECTION_MARKS && d[w].mark[middle] == 0);
        assert_true(d[w].low <= 0 && d[w].high >= 0);
        assert_true(d[w].high <= 2.5001f * d[w].mark[middle + 1] &&
                    d[w].low >= 2.5001f * d[w].mark[middle - 1]);
        assert_true(fabsf(d[w].real[middle] - 0.5f) < 1e-6f);
        float t = walk_part((WalkKind)w, direction_reach(&d[w], d[w].high), 8);
        assert_true(t >= 0 && t <= 2.5f);
        assert_true(direction_reach(&d[w], 0) == d[w].reach[middle]);
    }
    assert_true(d[WALK_BRIGHTNESS].reach[0] < 1 && d[WALK_BRIGHTNESS].reach[DIRECTION_MARKS - 1] > 1);
    /* They go into a file and come back, and addresses can use them. */
    assert_ok(generator_with(&with, g, d, WALKS, NULL, &err), err);
    assert_int_equal(with->directions, g->directions + WALKS);
    assert_string_not_equal(with->digest, g->digest);
    assert_ok(generator_save(with, "walked.safetensors", &err), err);
    Generator *back, *twice;
    assert_ok(generator_open(&back, "walked.safetensors", &err), err);
    assert_string_equal(back->digest, with->digest);
    const Direction *zoom = generator_direction(back, "zoom");
    assert_true(zoom && zoom->layered && zoom->marks == DIRECTION_MARKS);
    assert_memory_equal(zoom->vector, d[WALK_ZOOM].vector, 4 * 16 * sizeof(float));
    assert_memory_equal(zoom->reach, d[WALK_ZOOM].reach, sizeof zoom->reach);
    assert_ok(generator_with(&twice, back, d, WALKS, NULL, &err), err);
    assert_string_equal(twice->digest, back->digest);
    generator_drop(twice);
    generator_drop(back);
    generator_drop(with);
    walk_free(k);
    generator_drop(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_edits), cmocka_unit_test(test_learning),
                                       cmocka_unit_test(test_resume), cmocka_unit_test(test_measure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
