/* The GAN's step: the same bits at any thread count and across a save, real learning on a toy, refusals. */
#include "check.h"
#include "learn/gan.h"
#include "learn/toy.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static GanConfig tiny(const Dataset *d)
{
    GanConfig c = gan_defaults(d);
    c.batch = 8;
    c.total = 8 * 40;
    c.generator.z_dim = c.generator.w_dim = 8;
    c.generator.mapping_layers = 2;
    c.generator.stages = 2;
    c.generator.width[0] = 12;
    c.generator.width[1] = 8;
    c.discriminator.width[0] = 8;
    c.discriminator.width[1] = c.discriminator.width[2] = 12;
    return c;
}

static Dataset bars(void)
{
    return toy_dataset(64, 2, 8, 1, 3);
}

static void steps(Gan *gan, int n, GanStats *s)
{
    Err err = {0};
    for (int i = 0; i < n; i++) assert_ok(gan_step(gan, s, &err), err);
}

/* The digest of the averaged weights after n steps on so many threads. */
static Digest trained(int n, int threads)
{
    Err err = {0};
    Dataset d = bars();
    GanConfig c = tiny(&d);
    Pool *pool = pool_new(threads, 0, &err);
    Gan *gan = gan_new(&c, &d, pool, &err);
    GanStats s;
    Weights *mapping, *synthesis;
    assert_ok(gan != NULL, err);
    steps(gan, n, &s);
    assert_ok(gan_weights(gan, &mapping, &synthesis, &err), err);
    Digest of = digest_of(synthesis->block, synthesis->floats * sizeof(float));
    Digest also = digest_of(mapping->block, mapping->floats * sizeof(float));
    for (int i = 0; i < 32; i++) of.byte[i] ^= also.byte[i];
    weights_drop(mapping);
    weights_drop(synthesis);
    gan_free(gan);
    pool_free(pool);
    toy_free(&d);
    return of;
}

static void test_threads(void **state)
{
    (void)state;
    Digest one = trained(6, 1), two = trained(6, 2), four = trained(6, 4), other = trained(7, 1);
    assert_memory_equal(&one, &two, sizeof one);
    assert_memory_equal(&one, &four, sizeof one);
    assert_memory_not_equal(&one, &other, sizeof one);
}

static void test_resume(void **state)
{
    (void)state;
    Err err = {0};
    Dataset d = bars();
    GanConfig c = tiny(&d);
    for (int cut = 1; cut <= 5; cut += 2) {
        GanStats a, b;
        char notice[200];
        unlink("gan.safetensors");
        Gan *first = gan_new(&c, &d, NULL, &err), *rest = gan_new(&c, &d, NULL, &err);
        steps(first, cut, &b);
        if (cut == 3) gan_slow(first, 0.5f); /* part of the state */
        assert_ok(gan_save(first, "gan.safetensors", &err), err);
        assert_ok(gan_load(rest, "gan.safetensors", notice, sizeof notice, &err), err);
        assert_int_equal(gan_images(rest), cut * c.batch);
        steps(first, 6 - cut, &a);
        steps(rest, 6 - cut, &b);
        assert_memory_equal(&a, &b, sizeof a);
        gan_free(first);
        gan_free(rest);
    }
    toy_free(&d);
}

/* On bars that differ by class, the classifier head learns the labels and the fakes come to carry them. */
static void test_learns(void **state)
{
    (void)state;
    Err err = {0};
    Dataset d = bars();
    GanConfig c = tiny(&d);
    c.total = 8 * 400;
    c.rate_g = c.rate_d = 2e-3f;
    Gan *gan = gan_new(&c, &d, NULL, &err);
    GanStats s;
    double real = 0, fake = 0;
    assert_ok(gan != NULL, err);
    steps(gan, 360, &s);
    for (int i = 0; i < 40; i++) {
        steps(gan, 1, &s);
        real += s.label_real / 40;
        fake += s.label_fake / 40;
    }
    if (real < 0.95 || fake < 0.8) fail_msg("labels: %.2f of real, %.2f of made", real, fake);
    assert_true(s.rate < 0.1 * c.rate_g); /* the rates have fallen at the end */
    float images[2 * 4 * 64];
    assert_ok(gan_samples(gan, images, 8, &err), err);
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) assert_true(fabsf(images[i]) <= 1);
    gan_free(gan);
    toy_free(&d);
}

/* Without classes the labels of the real images change nothing, and a checkpoint is not one of a conditional
 * run. */
static void test_unconditional(void **state)
{
    (void)state;
    Err err = {0};
    Dataset d = bars();
    GanConfig c = tiny(&d);
    Gan *with = gan_new(&c, &d, NULL, &err);
    c.generator.classes = c.discriminator.classes = 0;
    Gan *a = gan_new(&c, &d, NULL, &err), *b = gan_new(&c, &d, NULL, &err);
    GanStats x, y;
    float images[2][6 * 64];
    assert_ok(with && a && b, err);
    steps(a, 4, &x);
    for (int i = 0; i < d.n; i++) d.label[i] = 1 - d.label[i];
    steps(b, 4, &y);
    assert_true(isnan(x.label_real) && isnan(x.label_fake) && x.loss_d == y.loss_d && x.loss_g == y.loss_g);
    assert_ok(gan_samples(a, images[0], 6, &err) && gan_samples(b, images[1], 6, &err), err);
    assert_memory_equal(images[0], images[1], sizeof *images);
    unlink("gan.safetensors");
    assert_ok(gan_save(a, "gan.safetensors", &err), err);
    assert_refused(gan_load(with, "gan.safetensors", NULL, 0, &err), err, ERR_USAGE,
                   "other settings or data");
    gan_free(with);
    gan_free(a);
    gan_free(b);
    toy_free(&d);
}

/* The adjoint of what a change does, for any picture and gradient: <change(x) - change(0), g> = <x, back(g)>.
 */
static void test_change(void **state)
{
    (void)state;
    enum { SIDE = 16, N = 3 * SIDE * SIDE };
    static float x[N], kept[N], zero[N], g[N], back[N], spare[N];
    GanAugment all = {.colour = 1, .translation = 0.125f, .cutout = 0.5f};
    Rng r = rng_at(5, RNG_TEST);
    for (int trial = 0; trial < 20; trial++) {
        GanChange c = gan_change(&all, &r, SIDE);
        double forward = 0, backward = 0, grey = 0;
        for (int i = 0; i < N; i++) x[i] = rng_normal(&r), g[i] = back[i] = rng_normal(&r), zero[i] = 0;
        memcpy(kept, x, sizeof x);
        gan_change_apply(x, &c, 3, SIDE, spare);
        gan_change_apply(zero, &c, 3, SIDE, spare);
        gan_change_backward(back, &c, 3, SIDE, spare);
        for (int i = 0; i < N; i++) {
            forward += (double)(x[i] - zero[i]) * (double)g[i];
            backward += (double)kept[i] * (double)back[i];
            grey += x[i] == 0;
        }
        assert_float_equal(forward, backward, 2e-3);
        assert_true(abs(c.dx) <= 2 && abs(c.dy) <= 2 && c.saturation >= 0 && c.contrast >= 0.5f &&
                    grey >= 3 * 16);
    }
    GanChange none = gan_change(&(GanAugment){0}, &r, SIDE);
    memcpy(g, x, sizeof x);
    gan_change_apply(x, &none, 3, SIDE, spare);
    assert_memory_equal(g, x, sizeof x);
    assert_false(gan_augments(&(GanAugment){0}));
}

/* A residual critic, mirrored and changed pictures: the same bits at any thread count and across a save. */
static void test_colour(void **state)
{
    (void)state;
    Err err = {0};
    Dataset d = toy_dataset(64, 2, 8, 3, 3);
    GanConfig c = tiny(&d);
    c.discriminator.stages = 2;
    c.flip = 1;
    c.augment = (GanAugment){.colour = 1, .translation = 0.125f, .cutout = 0.5f};
    Pool *pool = pool_new(3, 0, &err);
    Gan *one = gan_new(&c, &d, NULL, &err), *three = gan_new(&c, &d, pool, &err),
        *rest = gan_new(&c, &d, NULL, &err);
    GanStats a, b;
    assert_ok(one && three && rest, err);
    steps(one, 5, &a);
    steps(three, 5, &b);
    assert_memory_equal(&a, &b, sizeof a);
    unlink("gan.safetensors");
    assert_ok(gan_save(one, "gan.safetensors", &err) && gan_load(rest, "gan.safetensors", NULL, 0, &err),
              err);
    steps(one, 3, &a);
    steps(rest, 3, &b);
    assert_memory_equal(&a, &b, sizeof a);
    c.augment.cutout = 0;
    Gan *other = gan_new(&c, &d, NULL, &err);
    assert_refused(gan_load(other, "gan.safetensors", NULL, 0, &err), err, ERR_USAGE,
                   "other settings or data");
    steps(other, 5, &b);
    c.discriminator.stages = 3;
    assert_refused(gan_new(&c, &d, NULL, &err), err, ERR_FORMAT, "cannot be halved 3 times");
    gan_free(one), gan_free(three), gan_free(rest), gan_free(other);
    pool_free(pool);
    toy_free(&d);
}

static void test_refusals(void **state)
{
    (void)state;
    Err err = {0};
    Dataset d = bars(), other = toy_dataset(64, 2, 8, 1, 4);
    GanConfig c = tiny(&d);
    Gan *a = gan_new(&c, &d, NULL, &err), *b = gan_new(&c, &other, NULL, &err);
    unlink("gan.safetensors");
    assert_ok(gan_save(a, "gan.safetensors", &err), err);
    assert_refused(gan_load(b, "gan.safetensors", NULL, 0, &err), err, ERR_USAGE, "other settings or data");
    c.batch = 7;
    assert_refused(gan_new(&c, &d, NULL, &err), err, ERR_USAGE, "the batch must be even");
    c.batch = 8;
    c.generator.stages = 5;
    assert_refused(gan_new(&c, &d, NULL, &err), err, ERR_FORMAT, "not divisible by 2^4");
    gan_free(a);
    gan_free(b);
    toy_free(&d);
    toy_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),       cmocka_unit_test(test_resume), cmocka_unit_test(test_learns),
        cmocka_unit_test(test_unconditional), cmocka_unit_test(test_change), cmocka_unit_test(test_colour),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
