/* Models that PyTorch wrote (tests/ref/make_import.py) against what it computes with them; specs and what is
 * wrong with them. */
#include "base/file.h"
#include "base/rng.h"
#include "data/npy.h"
#include "model/generator_grad.h"
#include "model/import_card.h"
#include "model/import_model.h"
#include "model/spec.h"
#include "check.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REF TEST_SOURCE_DIR "/ref/import/"

enum { MOST = 8 };
static const double exact = 3e-5, fast = 2e-4;

static Npy load(const char *name)
{
    char path[1024];
    Npy x;
    Err err = {0};
    snprintf(path, sizeof path, REF "%s.npy", name);
    assert_ok(npy_load(path, &x, &err), err);
    return x;
}

static Generator *open_model(const char *path, const char *spec)
{
    Imported m;
    Generator *g;
    Err err = {0};
    assert_ok(import_open(&m, path, spec, &err), err);
    assert_ok(generator_import(&g, &m, "model", NULL, &err), err);
    import_free(&m);
    return g;
}

static void assert_near(const float *x, const char *name, double tolerance)
{
    Npy want = load(name);
    for (size_t i = 0; i < want.count; i++)
        if (!(fabs((double)x[i] - (double)want.f32[i]) <= tolerance))
            fail_msg("%s, number %zu: %g, not %g", name, i, (double)x[i], (double)want.f32[i]);
    npy_free(&want);
}

typedef struct {
    Generator *g;
    GenExec *e;
    float *w, *style, *image;
} Run;

static Run open_run(Generator *g)
{
    Err err = {0};
    size_t w = MOST * (size_t)g->config.w_dim;
    Run r = {.g = g, .e = generator_exec(g, MOST, NULL, &err)};
    assert_ok(r.e, err);
    r.w = calloc(w, sizeof(float));
    r.style = calloc(w * (size_t)g->layers, sizeof(float));
    r.image = calloc(MOST * generator_image_floats(g), sizeof(float));
    return r;
}

static void close_run(Run *r)
{
    gen_exec_free(r->e);
    free(r->w), free(r->style), free(r->image);
}

/* Pictures of z in the file's own range; psi as addresses have it. */
static void paint(Run *r, const char *z_name, const char *label_name, float psi, bool noise)
{
    Npy z = load(z_name), label = {0};
    int n = (int)z.shape[0], classes = r->g->config.classes;
    size_t w_dim = (size_t)r->g->config.w_dim;
    float onehot[MOST * 16] = {0};
    const float *silent[MOST] = {0};
    if (label_name) label = load(label_name);
    for (int i = 0; label_name && i < n; i++) onehot[i * classes + label.i64[i]] = 1;
    generator_map(r->e, r->w, z.f32, classes ? onehot : NULL, n);
    for (int i = 0; i < n; i++) {
        float *w = r->w + (size_t)i * w_dim;
        const float *mean = r->g->w_mean + (label_name ? (size_t)label.i64[i] * w_dim : 0);
        for (size_t k = 0; psi != 1 && k < w_dim; k++) w[k] = mean[k] + psi * (w[k] - mean[k]);
        for (int l = 0; l < r->g->layers; l++)
            memcpy(r->style + ((size_t)i * (size_t)r->g->layers + (size_t)l) * w_dim, w, w_dim * sizeof *w);
    }
    generator_paint(r->e, r->image, r->style, noise ? NULL : silent, n);
    generator_raw(r->image, r->g, (size_t)n * generator_image_floats(r->g));
    npy_free(&z);
    npy_free(&label);
}

/* ---- A plain generator, by a spec -----------------------------------------------------------------------
 */

static const char dcgan_spec[] = "viewsmith spec 1: of tests\n"
                                 "generator   # as tests/ref/make_import.py has it\n"
                                 "input z 6 1 1\nlatent uniform\n"
                                 "convt first\nbatchnorm norm\nx = leaky slope 0.2\n"
                                 "conv side pad 1\nadd x\n"
                                 "convt last stride 2 pad 1\nsigmoid\noutput image\n";

static void write_spec(const char *text)
{
    Err err = {0};
    assert_ok(file_replace("test.spec", text, strlen(text), &err), err);
}

static void check_plain(Generator *g, double tolerance)
{
    Run r = open_run(g);
    assert_true(g->latent == LATENT_UNIFORM && g->straight && g->layers == 1 && g->low == 0 && g->high == 1);
    paint(&r, "dcgan.z", NULL, 1, true);
    assert_near(r.image, "dcgan.image", tolerance);
    close_run(&r);
}

static void test_plain(void **state)
{
    (void)state;
    write_spec(dcgan_spec);
    for (int legacy = 0; legacy < 2; legacy++) {
        Generator *g = open_model(legacy ? REF "dcgan-legacy.pt" : REF "dcgan.pt", "test.spec"), *again = NULL;
        Err err = {0};
        check_plain(g, fast);
        g->exact = true;
        check_plain(g, exact);
        assert_ok(generator_save(g, "saved.safetensors", &err) &&
                      generator_open(&again, "saved.safetensors", &err),
                  err);
        again->exact = true;
        check_plain(again, exact);
        assert_string_equal(g->digest, again->digest);
        assert_int_equal(g->directions, again->directions);
        generator_drop(again);
        generator_drop(g);
    }
}

/* Seeds draw from the file's own distribution, and the mean is z = 0: a picture of psi 0 is the same for all.
 */
static void test_latents(void **state)
{
    Generator *g = open_model(REF "dcgan.pt", "test.spec");
    float z[6], most = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        generator_draw(z, g, seed);
        for (int i = 0; i < 6; i++) most = fmaxf(most, fabsf(z[i]));
    }
    assert_true(most <= 1 && most > 0.9f);
    for (int i = 0; i < 6; i++) assert_true(g->w_mean[i] == 0);
    /* one standard deviation of a uniform number along each direction */
    for (int k = 0; k < g->directions; k++) {
        double square = 0;
        for (int i = 0; i < 6; i++) square += pow((double)g->direction[k].vector[i], 2);
        assert_true(fabs(square - 1.0 / 3) < 1e-4);
    }
    generator_drop(g);
}

/* ---- StyleGAN2, BigGAN-deep ------------------------------------------------------------------------------
 */

static void check_stylegan2(Generator *g, double tolerance)
{
    Run r = open_run(g);
    assert_true(g->layers == 4 && g->noises == 3 && !g->straight);
    paint(&r, "stylegan2.z", NULL, 1, true);
    assert_near(r.w, "stylegan2.w", 1e-5);
    assert_near(r.image, "stylegan2.image", tolerance);
    paint(&r, "stylegan2.z", NULL, 1, false);
    assert_near(r.image, "stylegan2.silent", tolerance);
    paint(&r, "stylegan2.z", NULL, 0.6f, true);
    assert_near(r.image, "stylegan2.psi", tolerance);
    Npy mixed = load("stylegan2.mixed");
    generator_paint(r.e, r.image, mixed.f32, NULL, 2);
    assert_near(r.image, "stylegan2.mixture", tolerance);
    npy_free(&mixed);
    close_run(&r);
}

static void test_stylegan2(void **state)
{
    Generator *g = open_model(REF "stylegan2.pt", NULL), *again = NULL;
    Err err = {0};
    (void)state;
    check_stylegan2(g, fast);
    assert_ok(generator_save(g, "saved.safetensors", &err) &&
                  generator_open(&again, "saved.safetensors", &err),
              err);
    again->exact = true;
    check_stylegan2(again, exact);
    generator_drop(again);
    generator_drop(g);
}

static void test_biggan(void **state)
{
    Generator *g = open_model(REF "biggan/pytorch_model.bin", NULL);
    (void)state;
    assert_true(g->config.classes == 4 && g->layers == 3 && g->straight && g->latent == LATENT_TRUNCATED);
    for (int pass = 0; pass < 2; pass++) {
        g->exact = pass;
        Run r = open_run(g);
        paint(&r, "biggan/biggan.z", "biggan/biggan.label", 1, true);
        assert_near(r.image, "biggan/biggan.image", pass ? exact : fast);
        paint(&r, "biggan/biggan.z", "biggan/biggan.label", 0.4f, true);
        assert_near(r.image, "biggan/biggan.pulled", pass ? exact : fast);
        paint(&r, "biggan/biggan.z", "biggan/biggan.label", 0.35f, true);
        assert_near(r.image, "biggan/biggan.between", pass ? exact : fast);
        close_run(&r);
    }
    generator_drop(g);
}

/* Gradients of styles against differences, through each of the three. */
static void check_gradient(Generator *g)
{
    Err err = {0};
    size_t n = (size_t)g->layers * (size_t)g->config.w_dim, pixels = generator_image_floats(g);
    GenGrad *e = generator_grad(g, 1, NULL, &err);
    assert_ok(e, err);
    float *style = calloc(3 * n, sizeof *style), *d = style + n, *step = d + n,
          *seed = malloc(pixels * sizeof *seed);
    rng_fill_normal(style, n, 1, RNG_TEST);
    rng_fill_normal(step, n, 2, RNG_TEST);
    rng_fill_normal(seed, pixels, 3, RNG_TEST);
    /* BigGAN-deep's truncation, the last number, chooses a row of a table: there is no slope */
    for (size_t at = (size_t)g->config.w_dim - 1; g->config.classes && at < n; at += (size_t)g->config.w_dim)
        style[at] = 1, step[at] = 0;
    gen_grad_paint(e, style, 1);
    gen_grad_back(e, d, seed, 1);
    double said = 0, side[2] = {0}, length = 0;
    const float h = 5e-4f;
    for (size_t i = 0; i < n; i++)
        said += (double)d[i] * (double)step[i], length += (double)d[i] * (double)d[i];
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < n; i++) style[i] += (s ? -2 * h : h) * step[i];
        const float *image = gen_grad_paint(e, style, 1);
        for (size_t i = 0; i < pixels; i++) side[s] += (double)image[i] * (double)seed[i];
    }
    double measured = (side[0] - side[1]) / (2 * (double)h);
    if (!(fabs(measured - said) < 0.03 * sqrt(length) + 1e-2))
        fail_msg("slope %g, gradient says %g (length %g)", measured, said, sqrt(length));
    free(style), free(seed);
    gen_grad_free(e);
}

static void test_gradients(void **state)
{
    const char *path[] = {REF "dcgan.pt", REF "stylegan2.pt", REF "biggan/pytorch_model.bin"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        Generator *g = open_model(path[i], i ? NULL : "test.spec");
        check_gradient(g);
        generator_drop(g);
    }
}

/* ---- What is wrong
 * ----------------------------------------------------------------------------------------- */

static void refused(const char *path, const char *spec, const char *why)
{
    Imported m;
    Err err = {0};
    if (import_open(&m, path, spec, &err)) fail_msg("accepted, expected: %s", why);
    assert_true(!m.net && !m.weights && !m.card);
    if (!strstr(err.msg, why)) fail_msg("\"%s\" where \"%s\" is expected", err.msg, why);
}

static void test_wrong_specs(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"generator\n", "test.spec: a spec begins with the line \"viewsmith spec 1\""},
        {"viewsmith spec 1\nrelu\n", "line 2: it must begin with generator or encoder"},
        {"viewsmith spec 1\ngenerator now\n", "line 2: nothing follows"},
        {"viewsmith spec 1\ngenerator\nrelu\n", "line 3: there is no input before it"},
        {"viewsmith spec 1\ngenerator\ninput image 3 4 4\n", "a generator has the inputs z and class"},
        {"viewsmith spec 1\ngenerator\ninput z\n", "it wants 1 to 5 whole numbers"},
        {"viewsmith spec 1\ngenerator\ninput z 0\n", "0 is no size"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\n\nnonsense\n",
         "line 5: \"nonsense\" is no layer; there are linear conv"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nconvt\n", "line 4: convt wants a name"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nconvt second\n",
         "the tensor \"second.weight\" is missing"},
        {"viewsmith spec 1\ngenerator\ninput z 7 1 1\nconvt first\n",
         "has 7 channels, but w (6,5,4,4) takes 6"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nconvt first slope 2\n",
         "convt has no setting \"slope\"; it has"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nconvt first pad 1 2\n",
         "pad: these are not its numbers"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nconvt first pad x\n", "pad: these are not its numbers"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nadd y\n", "nothing is called \"y\" yet"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nadd\n", "add wants a name"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nrelu of z z\n", "of wants the name of one value"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nlatent odd\n",
         "a latent is normal, uniform or truncated"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nrange 1 0\n", "range wants two numbers"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nend\n", "there is no each to end"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\neach i none.{i}\nrelu\n", "an each has no end"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\neach i\n", "each wants a letter"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\noutput image\n", "is 'z' itself"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nrelu\noutput image of z relu\n", "output wants a name"},
        {"viewsmith spec 1\ngenerator\ninput z 6 1 1\nconvt first\noutput image\n",
         "nothing uses the tensor"},
        {"viewsmith spec 1\nencoder\ninput image 3 4 4\nstd 0\n", "a standard deviation is above 0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_spec(bad[i].text);
        refused(REF "dcgan.pt", "test.spec", bad[i].why);
    }
    refused(REF "dcgan.pt", "absent.spec", "absent.spec");
}

static void write_bytes(const char *name, const char *bytes, size_t n)
{
    Err err = {0};
    assert_ok(file_replace(name, bytes, n, &err), err);
}

static void test_wrong_files(void **state)
{
    (void)state;
    refused(REF "dcgan.pt", NULL, "its tensors do not tell how they belong together: write a spec");
    refused("absent.pt", NULL, "absent.pt");
    write_bytes("keras.h5", "\x89HDF\r\n\x1a\n   ", 11);
    refused("keras.h5", NULL, "Keras and HDF5 files are not read: export ONNX");
    write_bytes("whole.pkl", "\x80\4cmodel\nNet\n.", 13);
    refused("whole.pkl", NULL, "a Python pickle of a whole program");
    write_bytes("text.pt", "hello", 5);
    refused("text.pt", NULL, "this is no model");
    /* BigGAN-deep whose config.json is not beside it */
    uint8_t *bytes;
    size_t size;
    Err err = {0};
    assert_ok(file_read(REF "biggan/pytorch_model.bin", 1 << 20, &bytes, &size, &err), err);
    write_bytes("alone.bin", (const char *)bytes, size);
    free(bytes);
    refused("alone.bin", NULL, "BigGAN-deep needs its config.json beside it");
}

/* ---- What is said
 * ------------------------------------------------------------------------------------------ */

static void test_facts(void **state)
{
    Imported m;
    Generator *g;
    Err err = {0};
    (void)state;
    write_spec(dcgan_spec);
    assert_ok(import_open(&m, REF "dcgan.pt", "test.spec", &err), err);
    assert_false(import_say(&m, &(ImportFacts){.low = NAN, .latent = "odd"}, &err));
    assert_false(import_say(&m, &(ImportFacts){.low = 1, .high = 0}, &err));
    assert_false(
        import_say(&m, &(ImportFacts){.low = NAN, .class_name = (char *[]){"a"}, .class_names = 1}, &err));
    err = (Err){0};
    assert_ok(
        import_say(&m, &(ImportFacts){.latent = "normal", .low = -1, .high = 3, .licence = "MIT"}, &err),
        err);
    assert_non_null(strstr(m.card, "\"licence\":\"MIT\""));
    assert_non_null(strstr(m.card, "\"latent\":\"normal\""));
    assert_non_null(strstr(m.card, "file_sha256"));
    assert_ok(generator_import(&g, &m, "model", NULL, &err), err);
    assert_true(g->latent == LATENT_NORMAL && g->low == -1 && g->high == 3);
    generator_drop(g);
    import_free(&m);
}

static void test_slugs(void **state)
{
    char slug[40];
    (void)state;
    import_slug(slug, "/a/My Model_2.v1.pt");
    assert_string_equal(slug, "my-model-2");
    import_slug(slug, "123.pt");
    assert_string_equal(slug, "model");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain),       cmocka_unit_test(test_latents),
                                       cmocka_unit_test(test_stylegan2),   cmocka_unit_test(test_biggan),
                                       cmocka_unit_test(test_gradients),   cmocka_unit_test(test_wrong_specs),
                                       cmocka_unit_test(test_wrong_files), cmocka_unit_test(test_facts),
                                       cmocka_unit_test(test_slugs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
