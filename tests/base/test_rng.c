/* Philox against its published vectors; the distributions by their moments and shape. */
#include "check.h"
#include "base/digest.h"
#include "base/rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* kat_vectors of Random123 1.14 (Salmon et al., 2011): philox4x32 10. */
static void philox_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                 {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                  {0xffffffff, 0xffffffff},
                  {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                 {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                  {0xa4093822, 0x299f31d0},
                  {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        philox4x32(out, known[i].counter, known[i].key);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void draws_follow_the_position(void **state)
{
    (void)state;
    Rng r = rng_at(7, RNG_TEST);
    uint32_t first[23];
    for (int i = 0; i < 23; i++) first[i] = rng_u32(&r);
    assert_int_equal(r.at, 23);
    for (int i = 22; i >= 0; i--) {
        Rng again = {7, RNG_TEST, (uint64_t)i};
        assert_int_equal(rng_u32(&again), first[i]);
    }
    Rng other_stream = rng_at(7, RNG_NOISE), other_seed = rng_at(8, RNG_TEST), pair = rng_at(7, RNG_TEST);
    assert_int_not_equal(rng_u32(&other_stream), first[0]);
    assert_int_not_equal(rng_u32(&other_seed), first[0]);
    assert_true(rng_u64(&pair) == (first[0] | (uint64_t)first[1] << 32));
}

/* Sample moments of n standard normals lie within 5 standard errors. */
static void normals_have_normal_moments(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    float *x = malloc(N * sizeof *x);
    double m[5] = {0};
    assert_non_null(x);
    rng_fill_normal(x, N, 42, RNG_TEST);
    for (int i = 0; i < N; i++)
        for (int k = 1; k <= 4; k++) m[k] += pow((double)x[i], k) / N;
    double e = 5 / sqrt((double)N);
    assert_true(fabs(m[1]) < e);
    assert_true(fabs(m[2] - 1) < e * sqrt(2));
    assert_true(fabs(m[3]) < e * sqrt(15));
    assert_true(fabs(m[4] - 3) < e * sqrt(96));
    free(x);
}

/* The quantile inverts libm's distribution function at every scale, the tails included. */
static void normals_invert_the_distribution(void **state)
{
    (void)state;
    double worst = 0;
    for (uint64_t at = 0; at < 200000; at++) {
        Rng draw = {3, RNG_TEST, at}, normal = draw;
        double p = ((double)rng_u32(&draw) + 0.5) / 4294967296.0, x = (double)rng_normal(&normal);
        double tail = p < 0.5 ? p : 1 - p, got = 0.5 * erfc(fabs(x) / sqrt(2));
        double error = fabs(got - tail) / tail;
        worst = error > worst ? error : worst;
        assert_true((x < 0) == (p < 0.5));
    }
    print_message("worst relative error of the tail: %.2g\n", worst);
    assert_true(worst < 5e-6);
}

static void filled_equals_drawn(void **state)
{
    (void)state;
    float filled[1003], part[7], shared[1003];
    Pool *pool = pool_new(3, 0, NULL);
    rng_fill_normal(filled, 1003, 9, RNG_LATENT);
    rng_fill_normal(part, 7, 9, RNG_LATENT);
    Rng r = rng_at(9, RNG_LATENT);
    for (int i = 0; i < 1003; i++) {
        float x = rng_normal(&r);
        assert_memory_equal(&x, &filled[i], sizeof x);
    }
    assert_memory_equal(part, filled, sizeof part);
    assert_int_equal(r.at, 1003);
    rng_fill_normals(shared, 1003, 9, RNG_LATENT, pool);
    assert_memory_equal(shared, filled, sizeof shared);
    pool_free(pool);
}

static void truncated_stays_within_and_keeps_its_variance(void **state)
{
    (void)state;
    static const float cut[] = {0.01f, 0.5f, 1, 2, 4, 9};
    for (int c = 0; c < 6; c++) {
        enum { N = 60000 };
        Rng r = rng_at(5, RNG_TEST);
        double squares = 0, a = (double)cut[c];
        for (int i = 0; i < N; i++) {
            float x = rng_truncated(&r, cut[c]);
            assert_true(x >= -cut[c] && x <= cut[c]);
            squares += (double)x * (double)x / N;
        }
        double density = exp(-a * a / 2) / sqrt(2 * acos(-1)),
               variance = 1 - 2 * a * density / erf(a / sqrt(2));
        assert_int_equal(r.at, N);
        assert_true(fabs(squares / variance - 1) < 0.03);
    }
}

static void truncated_filled_equals_drawn(void **state)
{
    (void)state;
    float filled[102];
    rng_fill_truncated(filled, 102, 6, RNG_LATENT, 0.8f);
    Rng r = rng_at(6, RNG_LATENT);
    for (int i = 0; i < 102; i++) {
        float x = rng_truncated(&r, 0.8f);
        assert_memory_equal(&x, &filled[i], sizeof x);
    }
}

static void uniform_and_below_are_even(void **state)
{
    (void)state;
    int count[7] = {0};
    double sum = 0;
    Rng r = rng_at(1, RNG_TEST);
    for (int i = 0; i < 70000; i++) {
        count[rng_below(&r, 7)]++;
        float u = rng_uniform(&r);
        assert_true(u >= 0 && u < 1);
        sum += (double)u;
    }
    for (int i = 0; i < 7; i++) assert_in_range(count[i], 9500, 10500);
    assert_true(fabs(sum / 70000 - 0.5) < 0.006);
    assert_int_equal(rng_below(&r, 1), 0);
    for (int i = 0; i < 100; i++) assert_true(rng_below(&r, 0xC0000000u) < 0xC0000000u);
}

static void mix_spreads_small_seeds(void **state)
{
    (void)state;
    int bits = 0;
    for (uint64_t a = 0; a < 64; a++) bits += __builtin_popcountll(rng_mix(a, 1) ^ rng_mix(a + 1, 1));
    assert_in_range(bits, 64 * 28, 64 * 36);
    assert_true(rng_mix(1, 2) != rng_mix(2, 1));
}

/* A view is a pure function of its address on every machine: so are the draws behind it. */
static void bits_never_change(void **state)
{
    (void)state;
    float x[4096];
    char hex[17];
    rng_fill_normal(x, 4095, 123456789, RNG_LATENT);
    Rng r = rng_at(123456789, RNG_LATENT);
    x[4095] = rng_truncated(&r, 0.7f);
    Digest d = digest_of(x, sizeof x);
    digest_hex(hex, &d, 16);
    assert_string_equal(hex, "6a0df221e27b489e");
}

static void filled_truncated_equals_single_draws(void **state)
{
    (void)state;
    float x[11];
    Rng r = rng_at(3, RNG_VIEW);
    rng_fill_truncated(x, 11, 3, RNG_VIEW, 2);
    for (int i = 0; i < 11; i++) assert_true(x[i] == rng_truncated(&r, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(draws_follow_the_position),
        cmocka_unit_test(normals_have_normal_moments),
        cmocka_unit_test(normals_invert_the_distribution),
        cmocka_unit_test(filled_equals_drawn),
        cmocka_unit_test(truncated_stays_within_and_keeps_its_variance),
        cmocka_unit_test(filled_truncated_equals_single_draws),
        cmocka_unit_test(truncated_filled_equals_drawn),
        cmocka_unit_test(uniform_and_below_are_even),
        cmocka_unit_test(mix_spreads_small_seeds),
        cmocka_unit_test(bits_never_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
