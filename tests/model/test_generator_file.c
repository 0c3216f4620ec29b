/* Generators: what is measured on them, files both ways, every kind of wrong file, and independence of the
 * batch. */
#include "model/tiny.h"
#include "base/json.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FILE_NAME "g.safetensors"

static int make(void **state)
{
    Err err = {0};
    *state = tiny_generator(3, 1, NULL, &err);
    if (!*state) print_error("%s\n", err.msg);
    return *state ? 0 : -1;
}

static int drop(void **state)
{
    generator_drop(*state);
    return 0;
}

static void test_round_trip(void **state)
{
    Generator *g = *state, *h;
    Err err = {0};
    assert_true(generator_save(g, FILE_NAME, &err));
    if (!generator_open(&h, FILE_NAME, &err)) fail_msg("%s", err.msg);
    assert_string_equal(g->digest, h->digest);
    assert_int_equal(strlen(g->digest), 16);
    assert_string_equal(h->slug, "tiny");
    assert_string_equal(h->class_name[1], "bag");
    assert_string_equal(h->card, "{\"source\":\"test\"}");
    assert_int_equal(h->directions, 20);
    assert_int_equal(h->layers, 4);
    assert_string_equal(h->direction[0].name, "pca-1");
    assert_string_equal(h->direction[9].name, "pca-10");
    assert_string_equal(h->direction[19].name, "sefa-10");
    assert_true(h->direction[3].share == g->direction[3].share);
    assert_memory_equal(h->block, g->block, 20 * 16 * sizeof(float));
    assert_memory_equal(h->w_mean, g->w_mean, 3 * 16 * sizeof(float));
    assert_ptr_equal(generator_direction(h, "sefa-2"), &h->direction[11]);
    assert_null(generator_direction(h, "sefa-11"));
    generator_drop(h);
}

/* The mean and the spread along a direction, from latents that the estimate did not see. */
static void test_measures(void **state)
{
    enum { N = 4000 };
    Generator *g = *state;
    Err err = {0};
    static float z[N * 16], onehot[N * 3], w[N * 16];
    GenExec *e = generator_exec(g, N, NULL, &err);
    assert_non_null(e);
    rng_fill_normal(z, N * 16, 99, RNG_TEST);
    for (int i = 0; i < N; i++) onehot[3 * i + 1] = 1;
    generator_map(e, w, z, onehot, N);
    for (int j = 0; j < 16; j++) {
        double mean = 0, square = 0;
        for (int i = 0; i < N; i++) mean += (double)w[16 * i + j] / N;
        for (int i = 0; i < N; i++) square += pow((double)w[16 * i + j] - mean, 2) / N;
        assert_true(fabs(mean - (double)g->w_mean[16 + j]) <
                    5 * sqrt(square * (1.0 / N + 1.0 / 3333)) + 1e-6);
    }
    gen_exec_free(e);
    /* pca: orthogonal, falling lengths, lengths squared in the proportion of the shares */
    double length[10];
    for (int a = 0; a < 10; a++)
        for (int b = 0; b <= a; b++) {
            double dot = 0;
            for (int j = 0; j < 16; j++)
                dot += (double)g->direction[a].vector[j] * (double)g->direction[b].vector[j];
            if (a == b)
                length[a] = sqrt(dot);
            else
                assert_true(fabs(dot) < 1e-4 * length[0] * length[0]);
        }
    for (int a = 1; a < 10; a++) {
        assert_true(length[a] <= length[a - 1]);
        double shares = (double)g->direction[a].share / (double)g->direction[0].share;
        assert_true(fabs(pow(length[a] / length[0], 2) - shares) < 1e-4);
        assert_true(g->direction[10 + a].share <= g->direction[9 + a].share);
    }
    assert_true(length[0] > 0);
}

/* One standard deviation: the projections of w around its class's mean have the variance of the vector's
 * square. */
static void test_scale(void **state)
{
    enum { N = 4000 };
    Generator *g = *state;
    Err err = {0};
    static float z[N * 16], onehot[N * 3], w[N * 16];
    GenExec *e = generator_exec(g, N, NULL, &err);
    rng_fill_normal(z, N * 16, 98, RNG_TEST);
    memset(onehot, 0, sizeof onehot);
    for (int i = 0; i < N; i++) onehot[3 * i + i % 3] = 1;
    generator_map(e, w, z, onehot, N);
    for (int d = 0; d < 20; d += 10) {
        const float *v = g->direction[d].vector;
        double norm = 0, variance = 0;
        for (int j = 0; j < 16; j++) norm += (double)v[j] * (double)v[j];
        for (int i = 0; i < N; i++) {
            double dot = 0;
            for (int j = 0; j < 16; j++)
                dot += (double)(w[16 * i + j] - g->w_mean[16 * (i % 3) + j]) * (double)v[j];
            variance += dot * dot / norm / N;
        }
        assert_true(fabs(variance / norm - 1) < 0.15);
    }
    gen_exec_free(e);
}

static void test_batch_and_noise(void **state)
{
    Generator *g = *state;
    Err err = {0};
    Pool *pool = pool_new(2, 0, &err);
    GenExec *one = generator_exec(g, 1, NULL, &err), *five = generator_exec(g, 5, pool, &err);
    size_t image = generator_image_floats(g), style = (size_t)g->layers * 16;
    float z[5 * 16], onehot[5 * 3] = {0}, w[5 * 16], w1[16], styles[5 * 4 * 16], x[5 * 64], x1[64], other[64];
    assert_int_equal(image, 64);
    rng_fill_normal(z, 80, 5, RNG_TEST);
    rng_fill_normal(styles, 5 * style, 6, RNG_TEST);
    for (int i = 0; i < 5; i++) onehot[3 * i + i % 3] = 1;
    generator_map(five, w, z, onehot, 5);
    generator_paint(five, x, styles, NULL, 5);
    for (int i = 0; i < 5; i++) {
        generator_map(one, w1, z + 16 * i, onehot + 3 * i, 1);
        assert_memory_equal(w1, w + 16 * i, sizeof w1);
        generator_paint(one, x1, styles + style * (size_t)i, NULL, 1);
        assert_memory_equal(x1, x + image * (size_t)i, sizeof x1);
    }
    const float *stored = g->noise, *none = NULL;
    generator_paint(one, other, styles + 4 * style, &stored, 1);
    assert_memory_equal(x1, other, sizeof x1);
    generator_paint(one, other, styles + 4 * style, &none, 1);
    assert_memory_not_equal(x1, other, sizeof x1);
    gen_exec_free(one);
    gen_exec_free(five);
    pool_free(pool);
}

/* ---- Wrong files ---- */

typedef struct {
    Tensor tensor[64];
    TensorMeta meta[16];
    int n, metas;
} Edit;

static void set_meta(Edit *e, const char *key, const char *value)
{
    for (int i = 0; i < e->metas; i++)
        if (!strcmp(e->meta[i].key, key)) e->meta[i].value = value;
}

static Tensor *tensor(Edit *e, const char *name)
{
    for (int i = 0; i < e->n; i++)
        if (!strcmp(e->tensor[i].name, name)) return &e->tensor[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static const char nan_bytes[16 * 4] = {0, 0, (char)0xc0, 0x7f};
static const float zeros[256];

static void wrong_format(Edit *e)
{
    set_meta(e, "format", "viewsmith-encoder 1");
}
static void wrong_name(Edit *e)
{
    set_meta(e, "name", "Tiny!");
}
static void wrong_config(Edit *e)
{
    set_meta(e, "config", "{\"z_dim\":16");
}
static void no_z_dim(Edit *e)
{
    set_meta(e, "config", "{}");
}
static void huge_z_dim(Edit *e)
{
    set_meta(e, "config", "{\"z_dim\":5000}");
}
static void wrong_classes(Edit *e)
{
    set_meta(e, "classes", "[\"a\"]");
}
static void wrong_directions(Edit *e)
{
    set_meta(e, "directions", "[{\"name\":\"pca-1\"},{\"name\":\"pca-1\"}]");
}
static void wrong_digest(Edit *e)
{
    set_meta(e, "digest", "0123456789abcdef");
}
static void wrong_card(Edit *e)
{
    set_meta(e, "card", "no json");
}
static void fewer_directions(Edit *e)
{
    set_meta(e, "directions", "[]");
}
static void lost_tensor(Edit *e)
{
    *tensor(e, "noise") = *tensor(e, "w_mean");
    e->n--;
}
static void extra_tensor(Edit *e)
{
    e->tensor[e->n++] = (Tensor){.name = "zzz", .dtype = DTYPE_F32, .data = zeros};
}
static void other_shape(Edit *e)
{
    tensor(e, "mapping.layer1.bias")->shape[0] = 4;
}
static void not_finite(Edit *e)
{
    tensor(e, "mapping.layer1.bias")->data = nan_bytes;
}
static void changed(Edit *e)
{
    tensor(e, "noise")->data = zeros;
}
static void other_type(Edit *e)
{
    tensor(e, "noise")->dtype = DTYPE_U8;
}
static void no_meta(Edit *e)
{
    e->metas = 0;
}

static void test_wrong_files(void **state)
{
    static const struct {
        void (*edit)(Edit *e);
        const char *message;
    } bad[] = {
        {no_meta, "g.safetensors: its tensors do not tell how they belong together"},
        {wrong_format,
         "g.safetensors: metadata \"format\" is \"viewsmith-encoder 1\" where \"viewsmith-generator 1\" is "
         "expected"},
        {wrong_name, "g.safetensors: metadata \"name\" is not a name of a to z, digits and -"},
        {wrong_config, "g.safetensors: metadata \"config\""},
        {no_z_dim, "g.safetensors: metadata \"config\": \"z_dim\" is missing or no whole number"},
        {huge_z_dim, "g.safetensors: metadata \"config\": \"z_dim\" is 5000, outside of 1 to 4096"},
        {wrong_classes, "g.safetensors: metadata \"classes\" is not a list of 3 names"},
        {wrong_directions, "g.safetensors: metadata \"directions\": entry 1 has no name of its own"},
        {fewer_directions, "g.safetensors: tensor \"direction.pca-1\" is not part of such a model"},
        {wrong_digest, "g.safetensors: metadata \"digest\" is 0123456789abcdef but the content has "},
        {wrong_card, "g.safetensors: metadata \"card\""},
        {lost_tensor, "g.safetensors: tensor \"noise\" is missing"},
        {extra_tensor, "g.safetensors: tensor \"zzz\" is not part of such a model"},
        {other_shape,
         "g.safetensors: tensor \"mapping.layer1.bias\" has the shape (4) where (16) is expected"},
        {not_finite, "g.safetensors: tensor \"mapping.layer1.bias\" holds NaN or infinity at element 0"},
        {changed, "g.safetensors: metadata \"digest\" is "},
        {other_type, "g.safetensors: "},
    };
    Generator *g = *state, *h;
    Err err = {0};
    Safetensors st;
    assert_true(generator_save(g, "good.safetensors", &err));
    assert_true(safetensors_open(&st, "good.safetensors", &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static Edit e;
        e.n = st.n;
        e.metas = st.metas;
        assert_true(st.n < 60 && st.metas < 16);
        memcpy(e.tensor, st.tensor, (size_t)st.n * sizeof *st.tensor);
        memcpy(e.meta, st.meta, (size_t)st.metas * sizeof *st.meta);
        bad[i].edit(&e);
        err = (Err){0};
        if (!safetensors_save(FILE_NAME, e.tensor, e.n, e.meta, e.metas, &err)) fail_msg("%s", err.msg);
        if (generator_open(&h, FILE_NAME, &err)) fail_msg("accepted, expected: %s", bad[i].message);
        assert_null(h);
        if (strncmp(err.msg, bad[i].message, strlen(bad[i].message)))
            fail_msg("\"%s\" where \"%s\" is expected", err.msg, bad[i].message);
    }
    safetensors_close(&st);
    assert_false(generator_open(&h, "absent.safetensors", &err));
}

static void test_make_refuses(void **state)
{
    Generator *g = *state, *h;
    Err err = {0};
    GeneratorConfig c = g->config;
    assert_false(
        generator_make(&h, &c, g->mapping_weights, g->synthesis_weights, "Tiny", NULL, NULL, 1, NULL, &err));
    assert_null(h);
    err = (Err){0};
    assert_false(
        generator_make(&h, &c, g->mapping_weights, g->synthesis_weights, "tiny", NULL, "{", 1, NULL, &err));
    err = (Err){0};
    assert_false(generator_make(&h, &c, g->synthesis_weights, g->synthesis_weights, "tiny", NULL, NULL, 1,
                                NULL, &err));
    assert_string_equal(err.msg, "the weights do not belong to the mapping network of this config");
}

static void test_same_seed_same_model(void **state)
{
    Generator *g = *state;
    Err err = {0};
    Generator *same = tiny_generator(3, 1, NULL, &err), *other = tiny_generator(3, 2, NULL, &err);
    Generator *plain = tiny_generator(0, 1, NULL, &err);
    assert_string_equal(same->digest, g->digest);
    assert_string_not_equal(other->digest, g->digest);
    assert_true(generator_save(plain, FILE_NAME, &err));
    generator_drop(other);
    if (!generator_open(&other, FILE_NAME, &err)) fail_msg("%s", err.msg);
    assert_string_equal(plain->digest, other->digest);
    assert_int_equal(other->config.classes, 0);
    generator_drop(generator_keep(plain));
    generator_drop(plain);
    generator_drop(same);
    generator_drop(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_measures),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_batch_and_noise),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_make_refuses),
        cmocka_unit_test(test_same_seed_same_model),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
