/* The stream: a pure function of its index, balanced, with addresses that read back. */
#include "latent/stream.h"
#include "latent/latent.h"
#include "model/tiny.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const Stream ten = {.slug = "tiny",
                           .digest = "0123456789abcdef",
                           .classes = 10,
                           .balanced = true,
                           .seed = 5,
                           .psi = 0.9f,
                           .sigma = 0.3f,
                           .plan = {.kinds = 1 << VIEW_GAUSS, .reach = 1}};

/* A generator with two walks of known reach, and one that is out of reach. */
static Generator *tiny_walker(Err *err)
{
    static float vector[16];
    static const Direction more[] = {
        {.name = "shift-x", .vector = vector, .unit = "px", .low = -2, .high = 1},
        {.name = "zoom", .vector = vector, .unit = "times", .low = -0.5f, .high = 0.5f},
        {.name = "turn", .vector = vector, .unit = "deg"},
    };
    vector[3] = 1;
    Generator *plain = tiny_generator(3, 1, NULL, err), *g = NULL;
    assert_true(generator_with(&g, plain, more, 3, NULL, err));
    generator_drop(plain);
    return g;
}

static void test_pairs(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        Address a, b, again, read;
        char text[ADDRESS_BYTES_MAX + 1];
        Err err = {0};
        stream_pair(&a, &b, &ten, i);
        stream_pair(&again, NULL, &ten, i);
        assert_true(address_equal(&a, &again));
        assert_true(address_print(text, &b, &err) && address_parse(&read, text, &err));
        assert_true(address_equal(&b, &read));
        assert_string_equal(b.view.kind, "gauss");
        assert_true(b.view.strength == 0.3f && b.psi == 0.9f && !*a.view.kind);
        assert_int_equal(a.source.ref[0].id, b.source.ref[0].id);
        assert_int_equal(a.class, b.class);
        stream_pair(&again, NULL, &ten, i + 1);
        assert_true(a.source.ref[0].id != again.source.ref[0].id);
    }
}

static void test_classes(void **state)
{
    (void)state;
    Stream s = ten;
    int count[10] = {0}, firsts = 0, first = -1;
    Address a;
    for (uint64_t i = 0; i < 1000; i++) {
        stream_pair(&a, NULL, &s, i);
        count[a.class]++;
        if (i % 10 == 0) firsts += a.class != first, first = a.class;
        if (i % 10 == 9)
            for (int c = 0; c < 10; c++) assert_int_equal(count[c], (int)(i / 10) + 1);
    }
    assert_true(firsts > 50); /* the runs do not all begin with one class */
    s.balanced = false;
    memset(count, 0, sizeof count);
    for (uint64_t i = 0; i < 1000; i++) {
        stream_pair(&a, NULL, &s, i);
        count[a.class]++;
    }
    for (int c = 0; c < 10; c++) assert_true(count[c] > 60 && count[c] < 140);
    s.classes = 0;
    stream_pair(&a, NULL, &s, 3);
    assert_int_equal(a.class, -1);
}

static void test_anchors_and_sigma(void **state)
{
    (void)state;
    Stream s = ten;
    Address a, b, c, d;
    s.anchors = 7;
    stream_pair(&a, &b, &s, 3);
    int again = 0;
    for (uint64_t i = 7; i < 14; i++) { /* the second round: each once, in another order, with another view */
        stream_pair(&c, &d, &s, i);
        if (!address_equal(&a, &c)) continue;
        again++;
        assert_false(address_equal(&b, &d));
        assert_int_equal(d.view.counter, 1);
    }
    assert_int_equal(again, 1);
    s.sigma = 0;
    stream_pair(&a, &b, &s, 3);
    assert_true(address_equal(&a, &b));
    s.seed++;
    stream_pair(&c, NULL, &s, 3);
    assert_false(address_equal(&a, &c));
}

static int known(Address *list, int n, const Address *a)
{
    for (int i = 0; i < n; i++)
        if (address_equal(&list[i], a)) return n;
    list[n] = *a;
    return n + 1;
}

/* A pool of 9 anchors with 5 views each is 9 and 45 different pictures, all seen after five rounds; each
 * round has every anchor once. */
static void test_pool(void **state)
{
    (void)state;
    static Address anchor[9], view[45];
    Stream s = ten;
    Address a, b;
    int anchors = 0, views = 0;
    s.anchors = 9;
    s.neighbours = 5;
    for (uint64_t i = 0; i < 9 * 20; i++) {
        stream_pair(&a, &b, &s, i);
        anchors = known(anchor, anchors, &a);
        if (views < 45 || i < 45) views = known(view, views, &b);
        assert_int_equal(anchors, i < 9 ? (int)i + 1 : 9);
        if (i < 45) assert_int_equal(views, (int)i + 1);
        assert_true(b.view.counter < 5);
    }
    s.neighbours = 1;
    for (uint64_t i = 0; i < 90; i++) {
        stream_pair(&a, &b, &s, i);
        assert_int_equal(b.view.counter, 0);
    }
}

/* Every kind of view is an address that prints, reads back and can be made; another counter is another view.
 */
static void test_kinds(void **state)
{
    static const char *const words[] = {"gauss", "angular",    "layers",       "independent",        "walk",
                                        "walks", "gauss+walk", "layers+walks", "independent+angular"};
    Err err = {0};
    Generator *g = tiny_walker(&err);
    Stream s = stream_of(g, 1);
    (void)state;
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        Address a, b, c, d, read;
        char text[ADDRESS_BYTES_MAX + 1], kinds[VIEW_KINDS_TEXT];
        assert_true(view_kinds_read(&s.plan.kinds, words[w], &err));
        view_kinds_text(kinds, s.plan.kinds);
        if (w != 8) assert_string_equal(kinds, words[w]);
        assert_true(
            view_layers_read(s.plan.layer, strstr(words[w], "layers") ? "1-2:0.2,4-4:0.8" : "none", &err));
        assert_true(view_plan_check(&s.plan, g, &err));
        s.anchors = 4;
        stream_pair(&a, &b, &s, 2);
        assert_false(address_equal(&a, &b));
        assert_true(latent_check(g, &b, &err));
        assert_true(address_print(text, &b, &err) && address_parse(&read, text, &err) &&
                    address_equal(&b, &read));
        assert_int_equal(a.class, b.class);
        uint64_t i = 4;
        do stream_pair(&c, &d, &s, i++);
        while (!address_equal(&a, &c));
        assert_false(address_equal(&b, &d));
        s.sigma = 0;
        assert_true(view_plan_moves(&s.plan, 0) == (s.plan.kinds > 3));
        s.sigma = 0.2f;
    }
    generator_drop(g);
}

/* Amounts of walks fill the reach that was measured and never leave it. */
static void test_walks(void **state)
{
    Err err = {0};
    Generator *g = tiny_walker(&err);
    Stream s = stream_of(g, 1);
    float low[2] = {9, 9}, high[2] = {-9, -9};
    int singles[2] = {0};
    (void)state;
    s.plan.kinds = 1 << VIEW_WALKS;
    for (uint64_t i = 0; i < 4000; i++) {
        Address a, b;
        stream_pair(&a, &b, &s, i);
        for (int e = 0; e < b.edits; e++) {
            int which = !strcmp(b.edit[e].dir, "zoom");
            low[which] = fminf(low[which], b.edit[e].amount),
            high[which] = fmaxf(high[which], b.edit[e].amount);
        }
        s.plan.kinds = 1 << VIEW_WALK;
        stream_pair(&a, &b, &s, i);
        assert_int_equal(b.edits, 1);
        singles[!strcmp(b.edit[0].dir, "zoom")]++;
        s.plan.kinds = 1 << VIEW_WALKS;
    }
    assert_true(low[0] >= -2 && low[0] < -1.95f && high[0] <= 1 && high[0] > 0.95f);
    assert_true(low[1] >= -0.5f && low[1] < -0.45f && high[1] <= 0.5f && high[1] > 0.45f);
    assert_true(singles[0] > 1800 && singles[1] > 1800);
    generator_drop(g);
}

static void refused(const char *kinds, const char *layers, const Generator *g, const char *says)
{
    ViewPlan p = view_plan_gauss;
    Err err = {0};
    assert_false(view_kinds_read(&p.kinds, kinds, &err) && view_layers_read(p.layer, layers, &err) &&
                 view_plan_check(&p, g, &err));
    if (!strstr(err.msg, says)) fail_msg("\"%s\" does not say \"%s\"", err.msg, says);
}

static void test_refusals(void **state)
{
    Err err = {0};
    Generator *g = tiny_generator(3, 1, NULL, &err), *free_one = tiny_generator(0, 1, NULL, &err);
    (void)state;
    refused("gaus", "none", g, "there are none, gauss, angular");
    refused("gauss+", "none", g, "there are none, gauss");
    refused("gauss+layers", "1-1:1", g, "both move z");
    refused("walk", "none", g, "no walks whose reach is measured");
    refused("layers", "none", g, "need their strengths");
    refused("layers", "1-5:1", g, "has 4 style layers");
    refused("layers", "2-1:1", g, "are written 1-2:0.2");
    refused("layers", "1-2:0.2;3-4:1", g, "are written 1-2:0.2");
    refused("independent", "none", free_one, "share a class");
    generator_drop(g);
    generator_drop(free_one);
}

static void test_of_generator(void **state)
{
    (void)state;
    Err err = {0};
    Generator *g = tiny_generator(3, 1, NULL, &err);
    Stream s = stream_of(g, 1);
    Address a, b;
    stream_pair(&a, &b, &s, 12345);
    assert_true(latent_check(g, &a, &err) && latent_check(g, &b, &err));
    assert_true(s.balanced && s.psi == 1 && s.sigma == 0.2f && s.classes == 3);
    generator_drop(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs),
                                       cmocka_unit_test(test_classes),
                                       cmocka_unit_test(test_anchors_and_sigma),
                                       cmocka_unit_test(test_pool),
                                       cmocka_unit_test(test_kinds),
                                       cmocka_unit_test(test_walks),
                                       cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_of_generator)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
