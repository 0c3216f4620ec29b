/* The line's speed as learnt from acknowledgements, the ladder it leads to, and the cache of encoded
 * pictures. */
#include "check.h"
#include "tui/frames.h"
#include "tui/link.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FINE 60e3 /* bytes of a fine picture over 1,000 cells */

/* Frames of one quality over a line of `rate` bytes a second, 50 ms there and back. */
static PixelQuality steer(Link *l, double rate, int frames)
{
    static const double part[] = {0.08, 0.13, 0.27, 0.35, 1};
    PixelQuality q = link_coarse(l, 1000);
    for (int i = 0; i < frames; i++) {
        size_t n = (size_t)(FINE * part[q]);
        link_encoded(l, q, n, 1000);
        link_acked(l, 200, 0.05);
        link_acked(l, n, 0.05 + (double)n / rate);
        q = link_coarse(l, 1000);
    }
    return q;
}

static void fast_lines_keep_the_best(void **state)
{
    (void)state;
    Link l = link_new(false);
    link_mode(&l, PIXELS_SIXEL);
    assert_int_equal(steer(&l, 15e6, 20), PIXELS_COARSE);
    assert_true(link_rate(&l) > 12e6 && link_rate(&l) < 18e6);
    assert_true(link_seconds(&l, PIXELS_FINE, 1000) < 0.006);
}

static void slow_lines_step_down_and_up_again(void **state)
{
    (void)state;
    Link l = link_new(false);
    link_mode(&l, PIXELS_SIXEL);
    PixelQuality q = steer(&l, 125e3, 20);
    assert_true(q < PIXELS_COARSE && link_seconds(&l, q, 1000) <= 0.1);
    assert_true(fabs(link_rate(&l) - 125e3) < 20e3);
    assert_true(steer(&l, 20e3, 20) <= q);
    assert_int_equal(steer(&l, 15e6, 40), PIXELS_COARSE);
}

/* Around the point where a better picture would just be in time nothing goes up and down. */
static void no_flutter(void **state)
{
    (void)state;
    Link l = link_new(true);
    link_mode(&l, PIXELS_SIXEL);
    PixelQuality q = steer(&l, 125e3, 10);
    int changes = 0;
    for (int i = 0; i < 50; i++) {
        PixelQuality next = steer(&l, i & 1 ? 110e3 : 140e3, 1);
        changes += next != q;
        q = next;
    }
    assert_true(changes <= 1);
}

static void a_network_is_slow_until_it_shows(void **state)
{
    (void)state;
    Link near = link_new(false), far = link_new(true);
    assert_true(isinf(link_rate(&near)) && link_rate(&far) < 1e6);
    link_mode(&far, PIXELS_SIXEL);
    assert_true(link_coarse(&far, 1000) < PIXELS_COARSE && link_coarse(&far, 1000) > 0);
    assert_int_equal(steer(&far, 15e6, 20), PIXELS_COARSE);
}

static void put(Frames *f, uint64_t key, PixelQuality q, size_t n)
{
    Buf b = {0};
    char *bytes = malloc(n);
    memset(bytes, (int)(key & 255), n);
    buf_put(&b, bytes, n);
    frames_put(f, key, q, &b);
    free(bytes);
}

static void cache_finds_and_forgets(void **state)
{
    (void)state;
    Frames *f = frames_new(NULL);
    assert_null(frames_find(f, 1, PIXELS_FINE));
    for (uint64_t key = 1; key <= 5; key++)
        for (PixelQuality q = 0; q <= PIXELS_FINE; q++) put(f, key, q, 100 + (size_t)q);
    const Buf *b = frames_find(f, 3, 2);
    assert_true(b && b->n == 102 && b->p[0] == 3);
    size_t before = frames_bytes(f);
    put(f, 3, 2, 5000); /* known: the new bytes are dropped */
    assert_int_equal(frames_bytes(f), before);
    for (uint64_t key = 100; key < 6000; key++) { /* more than there is room for: the used one stays */
        put(f, key, PIXELS_FINE, 64);
        assert_non_null(frames_find(f, 3, 2));
    }
    assert_null(frames_find(f, 4, 2));
    assert_non_null(frames_find(f, 5999, PIXELS_FINE));
    assert_null(frames_find(f, 100, PIXELS_FINE));
    frames_free(f);
}

static void cache_stays_in_its_bytes(void **state)
{
    (void)state;
    Frames *f = frames_new(NULL);
    for (uint64_t key = 0; key < 200; key++) {
        put(f, key, PIXELS_FINE, 1 << 20);
        assert_true(frames_bytes(f) <= FRAMES_BYTES);
    }
    assert_true(frames_bytes(f) > FRAMES_BYTES - (2 << 20));
    assert_non_null(frames_find(f, 199, PIXELS_FINE));
    assert_null(frames_find(f, 10, PIXELS_FINE));
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_lines_keep_the_best),
        cmocka_unit_test(slow_lines_step_down_and_up_again),
        cmocka_unit_test(no_flutter),
        cmocka_unit_test(a_network_is_slow_until_it_shows),
        cmocka_unit_test(cache_finds_and_forgets),
        cmocka_unit_test(cache_stays_in_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
