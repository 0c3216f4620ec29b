/* Every ONNX operator that is read, in graphs drawn for one each, against what ONNX Runtime makes of them
 * (tests/ref/make_onnx.py): plain and lowered, a batch of two and of one. */
#include "check.h"
#include "base/file.h"
#include "model/onnx_import.h"
#include "net/exec.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One record of the file. */
typedef struct {
    char name[64];
    const uint8_t *model;
    size_t size, count; /* of the model in bytes, of its output in numbers */
    const float *want;  /* maybe not aligned */
} Record;

typedef struct {
    uint8_t *bytes;
    size_t size, at;
} Records;

static bool next(Records *r, Record *out)
{
    char line[256];
    size_t n = 0;
    int used;
    if (r->at >= r->size) return false;
    while (n + 1 < sizeof line && (line[n] = (char)r->bytes[r->at++]) != '\n') n++;
    line[n] = 0;
    assert_int_equal(sscanf(line, "%63s %zu%n", out->name, &out->size, &used), 2);
    out->count = 1;
    for (char *p = line + used; *p;) out->count *= strtoul(p, &p, 10);
    out->model = r->bytes + r->at;
    r->at += out->size;
    out->want = (const float *)(const void *)(r->bytes + r->at);
    r->at += out->count * sizeof(float);
    assert_true(r->at <= r->size);
    return true;
}

static float number(const float *from, size_t i)
{
    float x;
    memcpy(&x, (const char *)from + i * sizeof x, sizeof x);
    return x;
}

/* Largest difference, against 1 or the number's own size. */
static double gap(const float *got, const Record *want, int n)
{
    double worst = 0;
    for (size_t i = 0; i < want->count / 2 * (size_t)n; i++) {
        double w = (double)number(want->want, i), off = fabs((double)got[i] - w) / fmax(1, fabs(w));
        if (!(off <= worst)) worst = off;
    }
    return worst;
}

static void check(const Record *r, const Record *x)
{
    static const ExecMode modes[] = {EXEC_PLAIN, EXEC_EXACT};
    Err err = {0};
    Imported m;
    char what[96];
    snprintf(what, sizeof what, "'%s'", r->name);
    if (!onnx_import_bytes(&m, r->model, r->size, what, &err)) fail_msg("%s", err.msg);
    assert_int_equal(m.kind, IMPORT_ENCODER);
    ValueId out = net_port(m.net, "logits");
    if (out == NET_NONE) out = net_port(m.net, "features");
    if (shape_count(&net_value(m.net, out)->shape, 2) != r->count)
        fail_msg("%s: its output has another size", what);
    for (int mode = 0; mode < 2; mode++)
        for (int n = 1; n <= 2; n++) {
            Exec *e = exec_new(m.net, n, modes[mode], (ExecGrads){0}, NULL, &err);
            assert_ok(e, err);
            memcpy(exec_value(e, net_port(m.net, "image")), x->want,
                   x->count / 2 * (size_t)n * sizeof(float));
            exec_forward(e, m.weights, n);
            double off = gap(exec_value(e, out), r, n);
            if (!(off < 1e-5)) fail_msg("%s, mode %d, batch %d: off by %g", what, modes[mode], n, off);
            exec_free(e);
        }
    import_free(&m);
}

static void operators(void **state)
{
    Records r = {0};
    Record x, record;
    Err err = {0};
    int count = 0;
    (void)state;
    assert_ok(file_read(TEST_SOURCE_DIR "/ref/onnx_ops.ref", 16 << 20, &r.bytes, &r.size, &err), err);
    assert_true(next(&r, &x));
    for (; next(&r, &record); count++) check(&record, &x);
    assert_true(count > 350);
    free(r.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(operators)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
