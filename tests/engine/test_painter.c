/* The painter: the newest wish of a channel wins, pictures are those of their addresses, ending at any moment
 * is safe. */
#include "check.h"
#include "engine/export.h"
#include "engine/painter.h"
#include "engine/stage.h"

#include <unistd.h>

static Stage stage;

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage, "stage-painter");
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static Painter *painter(void)
{
    Err err = {0};
    Painter *p = painter_new(stage.w->generator, (Bell){0}, &err);
    assert_ok(p != NULL, err);
    return p;
}

static void seeds(Address *list, int n, uint64_t first)
{
    const Generator *g = stage.w->generator;
    for (int i = 0; i < n; i++)
        list[i] = address_of_seed(g->slug, g->digest, first + (uint64_t)i, i % STAGE_CLASSES, 1);
}

static Painting *wait_for(Painter *p, int channel, uint64_t ticket)
{
    for (int i = 0; i < 20000; i++) {
        Painting *got = (Painting *)painter_look(p, channel);
        if (got && got->ticket == ticket && (got->done == got->n || got->err.code)) return got;
        if (got) news_drop(&got->news);
        usleep(1000);
    }
    fail_msg("the painting did not come");
    return NULL;
}

static void test_pictures_are_those_of_their_addresses(void **state)
{
    (void)state;
    enum { N = 40 };
    Address list[N];
    Image wanted[N];
    Err err = {0};
    seeds(list, N, 100);
    Latent *l = latent_new(stage.w->generator, 7, NULL, NULL, &err);
    assert_ok(l && export_images(wanted, l, list, N, &err), err);
    Painter *p = painter();
    Painting *got = wait_for(p, 2, painter_ask(p, 2, list, N));
    assert_int_equal(got->done, N);
    for (int i = 0; i < N; i++) {
        assert_true(address_equal(&got->address[i], &list[i]));
        assert_memory_equal(got->image[i].px, wanted[i].px, (size_t)(STAGE_SIDE * STAGE_SIDE));
        image_free(&wanted[i]);
    }
    painter_free(p);
    assert_int_equal(got->image[N - 1].w, STAGE_SIDE); /* kept news outlive the painter */
    news_drop(&got->news);
    latent_free(l);
}

static void test_the_newest_wish_wins(void **state)
{
    (void)state;
    enum { N = 200 };
    static Address list[N];
    Painter *p = painter();
    uint64_t ticket = 0;
    for (int i = 0; i < 50; i++) {
        seeds(list, N, (uint64_t)i * 1000);
        ticket = painter_ask(p, 0, list, N);
        painter_ask(p, 1, list, 3);
    }
    Painting *got = wait_for(p, 0, ticket);
    assert_int_equal(got->address[0].source.ref[0].id, 49000);
    news_drop(&got->news);
    while (painter_busy(p)) usleep(1000);
    got = wait_for(p, 1, ticket + 1);
    assert_int_equal(got->n, 3);
    news_drop(&got->news);
    painter_free(p);
}

static void test_a_bad_address_is_told(void **state)
{
    (void)state;
    Address list[2];
    seeds(list, 2, 1);
    snprintf(list[1].digest, sizeof list[1].digest, "0123456789abcdef");
    Painter *p = painter();
    Painting *got = wait_for(p, 0, painter_ask(p, 0, list, 2));
    assert_int_not_equal(got->err.code, ERR_OK);
    news_drop(&got->news);
    painter_free(p);
}

static void test_ending_at_any_moment(void **state)
{
    (void)state;
    enum { N = 300 };
    static Address list[N];
    seeds(list, N, 5);
    for (int i = 0; i < 20; i++) {
        Painter *p = painter();
        for (int k = 0; k < i % 4; k++) painter_ask(p, k % PAINTER_CHANNELS, list, N);
        if (i % 2) usleep(300);
        painter_free(p);
    }
    painter_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_are_those_of_their_addresses),
        cmocka_unit_test(test_the_newest_wish_wins),
        cmocka_unit_test(test_a_bad_address_is_told),
        cmocka_unit_test(test_ending_at_any_moment),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
