/* Whole generators as PyTorch exports them, nobody's in particular, against what PyTorch makes of them
 * (tests/ref/make_onnx_models.py): plain, exact and fast, whole batches and single pictures, with gradients
 * of their latents. */
#include "check.h"
#include "base/file.h"
#include "model/onnx_import.h"
#include "net/exec.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char name[16];
    int dim[4];
    size_t count;
    float *x;
} Field;

enum { FIELDS = 3 };

/* Inputs, then the output. */
static int fields(Field *f, const char *model)
{
    char path[256], line[128];
    int n = 0;
    snprintf(path, sizeof path, TEST_SOURCE_DIR "/ref/onnx/%s.ref", model);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (; n < FIELDS && fgets(line, sizeof line, file); n++) {
        memset(&f[n], 0, sizeof f[n]);
        int rank = sscanf(line, "%15s %d %d %d %d", f[n].name, &f[n].dim[0], &f[n].dim[1], &f[n].dim[2],
                          &f[n].dim[3]) -
                   1;
        f[n].count = 1;
        for (int i = 0; i < rank; i++) f[n].count *= (size_t)f[n].dim[i];
        f[n].x = malloc(f[n].count * sizeof(float));
        assert_int_equal(fread(f[n].x, sizeof(float), f[n].count, file), f[n].count);
    }
    fclose(file);
    return n;
}

/* Latents as they are; whole numbers of classes as one-hot. */
static void put(Exec *e, const Imported *m, const Field *f, int n)
{
    if (!strcmp(f->name, "z")) {
        memcpy(exec_value(e, net_port(m->net, "z")), f->x, (size_t)n * (size_t)m->z_dim * sizeof(float));
        return;
    }
    float *class = exec_value(e, net_port(m->net, "class"));
    memset(class, 0, (size_t)n * (size_t)m->classes * sizeof *class);
    for (int i = 0; i < n; i++) class[i * m->classes + (int)f->x[i]] = 1;
}

/* Where number i of the file's output is in ours. */
static size_t place(const Imported *m, size_t i)
{
    size_t C = (size_t)m->channels, P = (size_t)m->height * (size_t)m->width, at = i % (C * P);
    return m->nhwc ? i - at + at % C * P + at / C : i;
}

static void compare(const Imported *m, const Field *f, int count, ExecMode mode, int n, double most)
{
    const Field *image = &f[count - 1];
    Err err = {0};
    Exec *e = exec_new(m->net, n, mode, (ExecGrads){0}, NULL, &err);
    assert_ok(e, err);
    for (int i = 0; i + 1 < count; i++) put(e, m, &f[i], n);
    exec_forward(e, m->weights, n);
    const float *got = exec_value(e, net_port(m->net, "image"));
    double worst = 0;
    for (size_t i = 0; i < image->count / (size_t)image->dim[0] * (size_t)n; i++) {
        double off = fabs((double)got[place(m, i)] - (double)image->x[i]);
        if (!(off <= worst)) worst = off;
    }
    print_message("mode %d, batch %d: %.1e\n", mode, n, worst);
    assert_true(worst <= most);
    exec_free(e);
}

/* A step along the gradient of the pictures' sum changes it by as much as the gradient says. */
static void gradient(const Imported *m, const Field *f, int count)
{
    Err err = {0};
    Exec *e = exec_new(m->net, 1, EXEC_INFER | EXEC_EXACT, (ExecGrads){.inputs = true}, NULL, &err);
    assert_ok(e, err);
    ValueId image = net_port(m->net, "image"), z = net_port(m->net, "z");
    size_t pixels = (size_t)m->channels * (size_t)m->height * (size_t)m->width;
    double sum[2] = {0, 0}, square = 0;
    float *d = malloc((size_t)m->z_dim * sizeof *d), h = 1e-3f;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i + 1 < count; i++) put(e, m, &f[i], 1);
        if (side == 0) {
            exec_forward(e, m->weights, 1);
            exec_seed_zero(e);
            for (size_t i = 0; i < pixels; i++) exec_grad(e, image)[i] = 1;
            exec_backward(e, m->weights, NULL, 1);
            memcpy(d, exec_grad(e, z), (size_t)m->z_dim * sizeof *d);
            for (int i = 0; i < m->z_dim; i++) square += (double)d[i] * (double)d[i];
        }
        for (int s = -1; s <= 1; s += 2) {
            for (int i = 0; i < m->z_dim; i++)
                exec_value(e, z)[i] = f[0].x[i] + (float)s * h * d[i] / (float)sqrt(square);
            exec_forward(e, m->weights, 1);
            sum[s > 0] = 0;
            for (size_t i = 0; i < pixels; i++) sum[s > 0] += (double)exec_value(e, image)[i];
        }
    }
    double slope = (sum[1] - sum[0]) / (2 * (double)h);
    print_message("slope %.4f, gradient %.4f\n", slope, sqrt(square));
    assert_true(fabs(slope - sqrt(square)) < 0.02 * sqrt(square));
    free(d);
    exec_free(e);
}

/* nhwc: the file's output; low, high: range of the output, equal where it is not known. */
static void check(const char *name, int side, int channels, int classes, bool nhwc, float low, float high)
{
    char path[256];
    Err err = {0};
    Imported m;
    Field f[FIELDS];
    int count = fields(f, name), n = f[count - 1].dim[0];
    snprintf(path, sizeof path, TEST_SOURCE_DIR "/ref/onnx/%s.onnx", name);
    assert_ok(onnx_import(&m, path, &err), err);
    print_message("%s\n", name);
    assert_int_equal(m.kind, IMPORT_GENERATOR);
    assert_int_equal(m.height, side);
    assert_int_equal(m.width, side);
    assert_int_equal(m.channels, channels);
    assert_int_equal(m.classes, classes);
    assert_int_equal(m.class_index, classes > 0);
    assert_int_equal(m.nhwc, nhwc);
    assert_true(low == high ? isnan(m.low) && isnan(m.high) : m.low == low && m.high == high);
    assert_non_null(strstr(m.card, "pytorch"));
    compare(&m, f, count, EXEC_PLAIN, n, 2e-5);
    compare(&m, f, count, EXEC_EXACT, n, 2e-5);
    compare(&m, f, count, EXEC_INFER, n, 2e-4);
    compare(&m, f, count, EXEC_EXACT, 1, 2e-5);
    gradient(&m, f, count);
    for (int i = 0; i < count; i++) free(f[i].x);
    import_free(&m);
}

static void residual(void **state)
{
    (void)state;
    check("residual", 16, 3, 0, false, -1, 1);
}

static void branching(void **state)
{
    (void)state;
    check("branching", 16, 1, 0, false, 0, 1);
}

static void attention(void **state)
{
    (void)state;
    check("attention", 16, 3, 0, false, -1, 1);
    check("attention-one", 16, 3, 0, false, -1, 1);
}

static void adaptive(void **state)
{
    (void)state;
    check("adaptive", 32, 3, 0, false, -1, 1);
}

static void nhwc(void **state)
{
    (void)state;
    check("nhwc", 16, 4, 0, true, 0, 1);
}

static void labels(void **state)
{
    (void)state;
    check("labels", 28, 1, 5, false, -1, 1);
    check("labels-one", 28, 1, 5, false, -1, 1);
}

/* One picture alone, and as the second of a batch of which the file knows nothing, are the same. */
static void check_batch(const char *name)
{
    char path[256];
    Err err = {0};
    Imported m;
    Field f[FIELDS];
    int count = fields(f, name);
    snprintf(path, sizeof path, TEST_SOURCE_DIR "/ref/onnx/%s.onnx", name);
    assert_ok(onnx_import(&m, path, &err), err);
    Exec *e = exec_new(m.net, 2, EXEC_EXACT, (ExecGrads){0}, NULL, &err);
    assert_ok(e, err);
    float *z = exec_value(e, net_port(m.net, "z"));
    for (int i = 0; i < m.z_dim; i++) z[i] = -f[0].x[i], z[m.z_dim + i] = f[0].x[i];
    exec_forward(e, m.weights, 2);
    const float *second = exec_value(e, net_port(m.net, "image")) + f[count - 1].count;
    for (size_t i = 0; i < f[count - 1].count; i++) assert_true(fabsf(second[i] - f[count - 1].x[i]) < 2e-5f);
    exec_free(e);
    for (int i = 0; i < count; i++) free(f[i].x);
    import_free(&m);
}

static void modulated(void **state)
{
    (void)state;
    check("modulated", 8, 3, 0, false, 0, 0);
    check_batch("modulated");
    check_batch("attention-one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residual),  cmocka_unit_test(branching), cmocka_unit_test(attention),
        cmocka_unit_test(adaptive),  cmocka_unit_test(nhwc),      cmocka_unit_test(labels),
        cmocka_unit_test(modulated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
