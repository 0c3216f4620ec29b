/* The stream: a pure function of its index, balanced, with addresses that read back. */
#include "latent/stream.h"
#include "latent/latent.h"
#include "model/tiny.h"
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
                           .sigma = 0.3f};

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
    stream_pair(&c, &d, &s, 10);
    assert_true(address_equal(&a, &c));
    assert_false(address_equal(&b, &d));
    assert_int_equal(d.view.counter, 1);
    s.sigma = 0;
    stream_pair(&a, &b, &s, 3);
    assert_true(address_equal(&a, &b));
    s.seed++;
    stream_pair(&c, NULL, &s, 3);
    assert_false(address_equal(&a, &c));
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs), cmocka_unit_test(test_classes),
                                       cmocka_unit_test(test_anchors_and_sigma),
                                       cmocka_unit_test(test_of_generator)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
