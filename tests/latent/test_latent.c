/* Resolving addresses: each part of the formula, and independence of batch, order and threads. */
#include "latent/latent.h"
#include "latent/store.h"
#include "model/tiny.h"
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { W = 16, LAYERS = 4, STYLE = LAYERS * W, IMAGE = 64, STORED_Z = 0, STORED_W, STORED_WP };

typedef struct {
    Generator *g;
    Latent *l;
    float tensor[3][STYLE];
    LatentRef ref[3];
} Fixture;

static int make(void **state)
{
    static Fixture f;
    static const RefKind kind[] = {REF_Z, REF_W, REF_WP};
    Err err = {0};
    LatentStore store;
    f.g = tiny_generator(3, 1, NULL, &err);
    f.l = f.g ? latent_new(f.g, 4, "store", NULL, &err) : NULL;
    bool ok = f.l && store_open(&store, "store", &err);
    for (int i = 0; ok && i < 3; i++) {
        rng_fill_normal(f.tensor[i], STYLE, (uint64_t)i + 50, RNG_TEST);
        ok = store_put(&f.ref[i], &store, kind[i], f.tensor[i], i == STORED_WP ? STYLE : W, &err);
    }
    if (!ok) print_error("%s\n", err.msg);
    *state = &f;
    return ok ? 0 : -1;
}

static int drop(void **state)
{
    Fixture *f = *state;
    latent_free(f->l);
    generator_drop(f->g);
    return 0;
}

static Address parse(const Fixture *f, const char *fields)
{
    char text[512];
    Address a;
    Err err = {0};
    snprintf(text, sizeof text, "vs1:tiny@%s/%s", f->g->digest, fields);
    if (!address_parse(&a, text, &err)) fail_msg("%s: %s", text, err.msg);
    return a;
}

/* An address with the reference of a stored tensor put where %s stands. */
static Address parse_ref(const Fixture *f, const char *fields, int which)
{
    char ref[24], text[256];
    latent_ref_print(ref, &f->ref[which]);
    const char *at = strstr(fields, "REF");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - fields), fields, ref, at + 3);
    return parse(f, text);
}

static void resolve(float *styles, const Fixture *f, const char *fields)
{
    Err err = {0};
    Address a = parse(f, fields);
    if (!latent_resolve(styles, f->l, &a, 1, &err)) fail_msg("%s: %s", fields, err.msg);
}

static void test_seed(void **state)
{
    Fixture *f = *state;
    float styles[STYLE], z[W], w[W], onehot[3] = {0, 0, 1};
    Err err = {0};
    GenExec *e = generator_exec(f->g, 1, NULL, &err);
    rng_fill_normal(z, W, 4711, RNG_LATENT);
    generator_map(e, w, z, onehot, 1);
    resolve(styles, f, "seed=4711/class=2/psi=1");
    for (int l = 0; l < LAYERS; l++) assert_memory_equal(styles + l * W, w, sizeof w);
    gen_exec_free(e);
}

static void assert_near(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-5f * (1 + fabsf(b[i]))))
            fail_msg("%d: %g and %g", i, (double)a[i], (double)b[i]);
}

static void test_formula(void **state)
{
    Fixture *f = *state;
    float one[STYLE], two[STYLE], three[STYLE], four[STYLE], got[STYLE], expected[STYLE];
    const float *mean = f->g->w_mean + W, *pca = f->g->direction[1].vector;
    resolve(one, f, "seed=1/class=1/psi=1");
    resolve(two, f, "seed=2/class=1/psi=1");
    resolve(three, f, "seed=3/class=1/psi=1");
    resolve(four, f, "seed=4/class=1/psi=1");
    resolve(got, f, "lerp=1,2:0.25/class=1/psi=1");
    for (int i = 0; i < STYLE; i++) expected[i] = 0.75f * one[i] + 0.25f * two[i];
    assert_near(got, expected, STYLE);
    resolve(got, f, "blend=1,2,3,4:0.25,0.5/class=1/psi=1");
    for (int i = 0; i < STYLE; i++)
        expected[i] = 0.375f * one[i] + 0.125f * two[i] + 0.375f * three[i] + 0.125f * four[i];
    assert_near(got, expected, STYLE);
    resolve(got, f, "blend=1,2,3,4:1,0/class=1/psi=1");
    assert_near(got, two, STYLE);
    resolve(got, f, "seed=1/mix=2:2-3/mix=3:4-4/class=1/psi=0.5:1-3/pca-2=-1.5:3-4");
    for (int i = 0; i < STYLE; i++) {
        int l = i / W, k = i % W;
        float w = l == 0 ? one[i] : l < 3 ? two[i] : three[i];
        expected[i] = l < 3 ? mean[k] + 0.5f * (w - mean[k]) : w;
        if (l >= 2) expected[i] -= 1.5f * pca[k];
    }
    assert_near(got, expected, STYLE);
    resolve(got, f, "seed=9/class=1/psi=0");
    for (int i = 0; i < STYLE; i++) assert_true(got[i] == mean[i % W]);
}

static void test_stored(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    float got[STYLE], two[STYLE];
    Address a = parse_ref(f, "latent=REF/class=0/psi=1", STORED_WP);
    assert_true(latent_resolve(got, f->l, &a, 1, &err));
    assert_memory_equal(got, f->tensor[STORED_WP], sizeof got);
    a = parse_ref(f, "seed=2/mix=REF:2-2/class=0/psi=1", STORED_W);
    assert_true(latent_resolve(got, f->l, &a, 1, &err));
    resolve(two, f, "seed=2/class=0/psi=1");
    assert_memory_equal(got, two, W * sizeof *got);
    assert_memory_equal(got + W, f->tensor[STORED_W], W * sizeof *got);
    a = parse_ref(f, "latent=REF/class=0/psi=1", STORED_Z);
    assert_true(latent_resolve(got, f->l, &a, 1, &err));
    float w[W], onehot[3] = {1, 0, 0};
    GenExec *e = generator_exec(f->g, 1, NULL, &err);
    generator_map(e, w, f->tensor[STORED_Z], onehot, 1);
    assert_memory_equal(got + 3 * W, w, sizeof w);
    gen_exec_free(e);
}

/* Displacements stay within two deviations, have the cut normal's variance (0.7737) and depend on the
 * counter. */
static void test_view(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    float z[W], moved[W], again[W], sum = 0;
    enum { N = 2000 };
    Address a = parse(f, "seed=1/class=0/psi=1/view=gauss:0.5:0");
    for (uint64_t i = 0; i < N; i++) {
        LatentRef ref = {REF_SEED, i};
        a.view.counter = i % 7;
        assert_true(latent_z(z, f->l, &ref, NULL, &err));
        assert_true(latent_z(moved, f->l, &ref, &a.view, &err));
        for (int k = 0; k < W; k++) {
            float t = (moved[k] - z[k]) / 0.5f;
            assert_true(fabsf(t) < 2.0001f);
            sum += t * t / (N * W);
        }
        a.view.counter++;
        assert_true(latent_z(again, f->l, &ref, &a.view, &err));
        assert_memory_not_equal(again, moved, sizeof moved);
    }
    assert_true(fabsf(sum - 0.7737f) < 0.02f);
    float plain[STYLE], still[STYLE], view[STYLE];
    resolve(plain, f, "seed=1/class=0/psi=1");
    resolve(still, f, "seed=1/class=0/psi=1/view=gauss:0:5");
    resolve(view, f, "seed=1/class=0/psi=1/view=gauss:0.5:5");
    assert_memory_equal(plain, still, sizeof plain);
    assert_memory_not_equal(plain, view, sizeof plain);
    assert_false(latent_z(z, f->l, &f->ref[STORED_W], NULL, &err));
}

/* Angular views keep the length of z; per-layer ones move their layers, each by itself, and no other. */
static void test_other_views(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    float z[W], moved[W], plain[STYLE], view[STYLE];
    Address a = parse(f, "seed=4/class=0/psi=1/view=angular:0.7:3");
    assert_true(latent_z(z, f->l, &a.source.ref[0], NULL, &err) &&
                latent_z(moved, f->l, &a.source.ref[0], &a.view, &err));
    double before = 0, after = 0;
    for (int k = 0; k < W; k++) before += z[k] * z[k], after += moved[k] * moved[k];
    assert_true(fabs(before - after) < 1e-5 * before && memcmp(z, moved, sizeof z) != 0);
    resolve(plain, f, "seed=4/class=0/psi=1/mix=9:4-4");
    resolve(view, f, "seed=4/class=0/psi=1/mix=9:4-4/view=layers:0,0.5,0.5,1:7");
    assert_memory_equal(plain, view, W * sizeof *plain);
    for (int layer = 1; layer < 4; layer++)
        assert_memory_not_equal(plain + layer * W, view + layer * W, W * sizeof *plain);
    assert_memory_not_equal(view + W, view + 2 * W, W * sizeof *view); /* each by itself */
    resolve(view, f, "seed=4/class=0/psi=1/mix=9:4-4/view=layers:0,0,0,0:7");
    assert_memory_equal(plain, view, sizeof plain);
    a = parse(f, "seed=4/class=0/psi=1/view=layers:0,1:7");
    assert_false(latent_check(f->g, &a, &err));
    assert_non_null(strstr(err.msg, "has 2 strengths: tiny wants 4"));
    a = parse(f, "seed=4/class=0/psi=1/view=gauss:0,1:7");
    assert_false(latent_check(f->g, &a, &err));
}

static const char *const many[] = {
    "seed=1/class=0/psi=1",
    "lerp=1,2:0.25/class=1/psi=0.7",
    "seed=3/class=2/psi=1/noise=off",
    "seed=3/class=2/psi=1/noise=77",
    "blend=1,2,3,4:0.25,0.5/mix=9:2-3/class=1/psi=0.5:1-2/pca-1=2/sefa-3=-1:2-4/view=gauss:0.2:6",
    "seed=3/class=2/psi=1",
    "seed=3/class=2/psi=1/px-rotate=20/px-blur=1/px-noise=0.1,4",
    "lerp=5,6:2/mix=1:1-1/mix=2:2-2/mix=3:3-4/class=0/psi=1",
    "seed=8/class=1/psi=-1",
    "seed=8/class=1/psi=0.8/view=angular:0.5:2",
    "lerp=5,6:0.5/mix=1:2-3/class=0/psi=1/view=layers:0.1,0,0.5,0.2:3",
};
enum { MANY = sizeof many / sizeof *many };

static void test_batches(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    Pool *pool = pool_new(3, 0, &err);
    static Address list[MANY], backward[MANY];
    static float one[MANY * IMAGE], all[MANY * IMAGE], other[MANY * IMAGE];
    Latent *single = latent_new(f->g, 1, "store", NULL, &err),
           *wide = latent_new(f->g, 32, "store", pool, &err);
    for (int i = 0; i < MANY; i++) list[i] = backward[MANY - 1 - i] = parse(f, many[i]);
    for (int i = 0; i < MANY; i++) assert_true(latent_images(one + i * IMAGE, single, &list[i], 1, &err));
    assert_true(latent_images(all, f->l, list, MANY, &err));
    assert_memory_equal(all, one, sizeof one);
    assert_true(latent_images(other, wide, backward, MANY, &err));
    for (int i = 0; i < MANY; i++)
        assert_memory_equal(other + (MANY - 1 - i) * IMAGE, one + i * IMAGE, IMAGE * sizeof(float));
    for (int i = 0; i < MANY; i++)
        for (int k = 0; k < i; k++)
            assert_memory_not_equal(one + i * IMAGE, one + k * IMAGE, IMAGE * sizeof(float));
    for (int i = 0; i < MANY * IMAGE; i++) assert_true(one[i] >= -1 && one[i] <= 1);
    latent_free(single);
    latent_free(wide);
    pool_free(pool);
}

typedef struct {
    const Fixture *f;
    float *images;
} Work;

static void *paint_all(void *arg)
{
    Work *work = arg;
    Err err = {0};
    static Address list[MANY];
    for (int i = 0; i < MANY; i++) list[i] = parse(work->f, many[i]);
    Latent *l = latent_new(work->f->g, 5, "store", NULL, &err);
    if (!l || !latent_images(work->images, l, list, MANY, &err))
        memset(work->images, 0, MANY * IMAGE * sizeof(float));
    latent_free(l);
    return NULL;
}

/* An instruction set is chosen once a thread, so every one gets a fresh thread. */
static void paint_with(const char *isa, const Fixture *f, float *images)
{
    pthread_t thread;
    Work work = {f, images};
    setenv("VIEWSMITH_ISA", isa, 1);
    assert_int_equal(pthread_create(&thread, NULL, paint_all, &work), 0);
    pthread_join(thread, NULL);
    unsetenv("VIEWSMITH_ISA");
}

/* AVX2 and AVX-512 (where this machine has it) to the bit, portable C within a level of 8 bits. */
static void test_instruction_sets(void **state)
{
    static float avx512[MANY * IMAGE], avx2[MANY * IMAGE], portable[MANY * IMAGE];
    paint_with("avx512", *state, avx512);
    paint_with("avx2", *state, avx2);
    paint_with("portable", *state, portable);
    assert_memory_equal(avx512, avx2, sizeof avx2);
    for (int i = 0; i < MANY * IMAGE; i++) assert_true(fabsf(avx2[i] - portable[i]) < 2.0f / 255);
    assert_true(avx2[0] != 0);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *fields, *message;
    } bad[] = {
        {"seed=1/psi=1", "the class is missing: tiny needs class=0 to class=2"},
        {"seed=1/class=3/psi=1", "class=3: the classes of tiny are 0 to 2"},
        {"seed=1/class=0/psi=1:2-5", "psi reaches layer 5, but tiny has 4 style layers"},
        {"seed=1/mix=2:4-6/class=0/psi=1", "mix reaches layer 6, but tiny has 4 style layers"},
        {"seed=1/class=0/psi=1/zoom=1", "tiny has no direction \"zoom\""},
        {"seed=1/class=0/psi=1/pca-1=1:3-9", "pca-1 reaches layer 9, but tiny has 4 style layers"},
        {"seed=1/class=0/psi=1/pca-1.00000001=1", "there is no direction pca-1.00000001 in store/"},
        {"seed=1/class=0/psi=1/view=spin:1:0", "view=spin: there are only the views gauss, angular and layers"},
        {"latent=w.0123456789abcdef/class=0/psi=1/view=gauss:1:0",
         "view=gauss displaces z, but this source is a stored w"},
        {"latent=w.0123456789abcdef/class=0/psi=1", "store/w.0123456789abcdef.f32"},
    };
    Fixture *f = *state;
    float styles[2 * STYLE], after[STYLE], before[STYLE];
    resolve(before, f, "seed=1/class=0/psi=1");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Err err = {0};
        Address a[2] = {parse(f, "seed=1/class=0/psi=1"), parse(f, bad[i].fields)};
        assert_false(latent_resolve(styles, f->l, &a[1], 1, &err));
        if (strncmp(err.msg, bad[i].message, strlen(bad[i].message))) fail_msg("%s", err.msg);
        err = (Err){0};
        assert_false(latent_resolve(styles, f->l, a, 2, &err));
        assert_true(!strncmp(err.msg, "address 2 of 2: ", 16));
        resolve(after, f, "seed=1/class=0/psi=1");
        assert_memory_equal(after, before, sizeof after);
    }
    Err err = {0};
    Address a = parse(f, "seed=1/class=0/psi=1");
    a.digest[0] = a.digest[0] == '0' ? '1' : '0';
    assert_false(latent_check(f->g, &a, &err));
    assert_true(!strncmp(err.msg, "the address is of model tiny@", 29));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_stored),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_other_views),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_instruction_sets),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
