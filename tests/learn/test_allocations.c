/* No step of training allocates: not the contrastive one, not the GAN's, on one thread or on two. */
#include "allocations.h"
#include "base/rng.h"
#include "check.h"
#include "learn/descent.h"
#include "learn/gan.h"
#include "learn/objective.h"
#include "learn/toy.h"
#include "model/encoder.h"
#include <math.h>
#include <stdlib.h>

enum { STEPS = 100, PAIRS = 4, SIDE = 16 };

static void contrastive(Pool *pool, bool bf16)
{
    Err err = {0};
    EncoderConfig config;
    DescentConfig descent = {.rate = 0.01f, .momentum = 0.9f};
    Contrast c;
    Descent d = {0};
    char told[200];
    assert_ok(encoder_config(&config, "tiny", 1, SIDE, 0, &err), err);
    Net *net = encoder_net(&config, &err);
    assert_ok(contrast_open(&c, OBJECTIVE_NTXENT, net, PAIRS, bf16, pool, &err), err);
    assert_ok(descent_open(&d, net, &(Budget){.steps = STEPS + 1}, 1, &err), err);
    rng_fill_normal(contrast_images(&c), 2 * PAIRS * SIDE * SIDE, 1, RNG_TEST);
    long before = 0;
    for (int i = 0; i <= STEPS; i++) {
        if (i == 1) before = allocations(); /* the first step may still start threads */
        weights_zero(d.grads);
        double loss = contrast_step(&c, d.weights, d.grads, 0.5f);
        assert_ok(descent_update(&d, &descent, loss, NAN, told, sizeof told, pool, &err), err);
    }
    assert_int_equal(allocations(), before);
    descent_close(&d);
    contrast_close(&c);
    net_free(net);
}

static void adversarial(Pool *pool)
{
    Err err = {0};
    Dataset real = toy_dataset(64, 2, SIDE, 1, 3);
    GanConfig c = gan_defaults(&real);
    c.batch = 8;
    c.generator.stages = 2;
    c.generator.width[0] = c.generator.width[1] = 24;
    c.discriminator.width[0] = c.discriminator.width[1] = c.discriminator.width[2] = 20;
    Gan *gan = gan_new(&c, &real, pool, &err);
    assert_ok(gan, err);
    long before = 0;
    for (int i = 0; i <= STEPS; i++) {
        GanStats stats;
        if (i == 1) before = allocations();
        assert_ok(gan_step(gan, &stats, &err), err);
    }
    assert_int_equal(allocations(), before);
    gan_free(gan);
    toy_free(&real);
}

static void test_no_step_allocates(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        Err err = {0};
        Pool *pool = pool_new(threads, 0, &err);
        assert_ok(pool, err);
        contrastive(pool, false);
        contrastive(pool, true);
        adversarial(pool);
        pool_free(pool);
    }
}

/* The count would see one. */
static void test_counts(void **state)
{
    (void)state;
    long before = allocations();
    void *volatile some = malloc(100);
    assert_int_equal(allocations(), before + 1);
    free(some);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts),
                                       cmocka_unit_test(test_no_step_allocates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
