/* Every operation against numbers stored from PyTorch (tests/ref/make_ref.py), to 1e-5 of their size. */
#include "gradcheck.h"
#include "math/act.h"
#include "math/loss.h"
#include "math/vicreg.h"
#include "math/modconv.h"
#include "math/norm.h"
#include "math/optim.h"
#include "math/resample.h"

enum { FIELDS = 400, WORK = 1 << 20 };

typedef struct {
    char name[64]; /* case.field */
    int dim[6], rank;
    size_t count;
    float *data;
} Field;

typedef struct {
    Field field[FIELDS];
    int fields;
    int checked; /* comparisons made */
    double worst;
    float *scratch;
} Ref;

/* The header line `case.field d0 d1 ...`. */
static void field_header(Field *f, char *line)
{
    char *at = strchr(line, ' ');
    f->count = 1;
    *at++ = 0;
    snprintf(f->name, sizeof f->name, "%.63s", line);
    for (char *end; f->rank < 6; at = end) {
        long d = strtol(at, &end, 10);
        if (end == at) break;
        f->dim[f->rank++] = (int)d;
        f->count *= (size_t)d;
    }
}

static Ref *ref_open(const char *family)
{
    char path[512], line[256];
    Ref *r = calloc(1, sizeof *r);
    snprintf(path, sizeof path, TEST_SOURCE_DIR "/ref/%s.ref", family);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be read", path);
    while (fgets(line, sizeof line, file)) {
        Field *f = &r->field[r->fields++];
        assert_true(r->fields < FIELDS && strchr(line, ' '));
        field_header(f, line);
        f->data = floats(f->count);
        assert_int_equal(fread(f->data, sizeof(float), f->count, file), f->count);
    }
    fclose(file);
    r->scratch = floats(WORK);
    return r;
}

static void ref_close(Ref *r, const char *family)
{
    print_message("%-10s %3d comparisons with PyTorch, worst %.1e\n", family, r->checked, r->worst);
    assert_true(r->checked > 0);
    for (int i = 0; i < r->fields; i++) free_floats(r->field[i].data, r->field[i].count);
    free_floats(r->scratch, WORK);
    free(r);
}

/* Field of case `stem` `number`, NULL when there is none. */
static const Field *maybe(const Ref *r, const char *stem, int number, const char *field)
{
    char name[64];
    if (number < 0)
        snprintf(name, sizeof name, "%s.%s", stem, field);
    else
        snprintf(name, sizeof name, "%s%d.%s", stem, number, field);
    for (int i = 0; i < r->fields; i++)
        if (!strcmp(r->field[i].name, name)) return &r->field[i];
    return NULL;
}

static const Field *get(const Ref *r, const char *stem, int number, const char *field)
{
    const Field *f = maybe(r, stem, number, field);
    if (!f) fail_msg("%s%d.%s is not in the file", stem, number, field);
    return f;
}

static void compare(Ref *r, const char *stem, int number, const char *field, const float *got)
{
    const Field *f = get(r, stem, number, field);
    double gap = worst_float_gap(got, f->data, f->count);
    if (!(gap <= 1e-5)) fail_msg("%s%d.%s is off by %.1e", stem, number, field, gap);
    r->worst = gap > r->worst ? gap : r->worst;
    r->checked++;
}

static void zero(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = 0;
}

/* Blocks for what an operation writes; freed together. */
typedef struct {
    float *at[6];
    size_t size[6];
} Blocks;

static Blocks blocks_of(const Field *const *like, int n)
{
    Blocks b = {0};
    for (int i = 0; i < n; i++) {
        b.size[i] = like[i]->count;
        b.at[i] = floats(b.size[i]);
        zero(b.at[i], b.size[i]);
    }
    return b;
}

static void blocks_free(Blocks *b)
{
    for (int i = 0; i < 6 && b->at[i]; i++) free_floats(b->at[i], b->size[i]);
}

/* Shape from the large picture x and the fields w, attr (stride, padding, dilation, groups). */
static ConvShape shape_of(const Field *x, const Field *y, const Field *w, const float *attr)
{
    ConvShape c = {.N = x->dim[0],
                   .C = x->dim[1],
                   .H = x->dim[2],
                   .W = x->dim[3],
                   .O = y->dim[1],
                   .KH = w->dim[2],
                   .KW = w->dim[3]};
    c.sh = c.sw = (int)attr[0];
    c.pt = c.pl = c.pb = c.pr = (int)attr[1];
    c.dh = c.dw = (int)attr[2];
    c.groups = (int)attr[3];
    assert_true(conv_shape(&c));
    return c;
}

static void one_conv(Ref *r, int i)
{
    const Field *x = get(r, "conv", i, "x"), *w = get(r, "conv", i, "w"), *b = get(r, "conv", i, "b");
    const Field *y = get(r, "conv", i, "y"), *dy = get(r, "conv", i, "dy");
    ConvShape c = shape_of(x, y, w, get(r, "conv", i, "attr")->data);
    Blocks out = blocks_of((const Field *[]){y, x, w, b}, 4);
    assert_true(conv_scratch(&c, 1) <= WORK && c.OH == y->dim[2] && c.OW == y->dim[3]);
    conv_forward(out.at[0], x->data, w->data, b->data, &c, r->scratch, NULL);
    conv_backward_data(out.at[1], dy->data, w->data, NULL, &c, false, r->scratch, NULL);
    conv_backward_weight(out.at[2], dy->data, x->data, &c, r->scratch, NULL);
    conv_backward_bias(out.at[3], dy->data, c.N, c.O, c.OH * c.OW);
    compare(r, "conv", i, "y", out.at[0]);
    compare(r, "conv", i, "dx", out.at[1]);
    compare(r, "conv", i, "dw", out.at[2]);
    compare(r, "conv", i, "db", out.at[3]);
    blocks_free(&out);
}

/* The mirrored convolution leads from the transposed one's y to its x. */
static void one_transposed(Ref *r, int i)
{
    const Field *x = get(r, "convt", i, "x"), *w = get(r, "convt", i, "w"), *b = get(r, "convt", i, "b");
    const Field *y = get(r, "convt", i, "y"), *dy = get(r, "convt", i, "dy");
    ConvShape c = shape_of(y, x, w, get(r, "convt", i, "attr")->data);
    Blocks out = blocks_of((const Field *[]){y, x, w}, 3);
    assert_true(conv_scratch(&c, 1) <= WORK && c.OH == x->dim[2] && c.OW == x->dim[3]);
    conv_backward_data(out.at[0], x->data, w->data, b->data, &c, false, r->scratch, NULL);
    conv_forward(out.at[1], dy->data, w->data, NULL, &c, r->scratch, NULL);
    conv_backward_weight(out.at[2], x->data, dy->data, &c, r->scratch, NULL);
    compare(r, "convt", i, "y", out.at[0]);
    compare(r, "convt", i, "dx", out.at[1]);
    compare(r, "convt", i, "dw", out.at[2]);
    blocks_free(&out);
}

static void convolutions(void **state)
{
    Ref *r = ref_open("conv");
    (void)state;
    for (int i = 0; maybe(r, "conv", i, "x"); i++) one_conv(r, i);
    for (int i = 0; maybe(r, "convt", i, "x"); i++) one_transposed(r, i);
    ref_close(r, "conv");
}

static void one_modconv(Ref *r, int i)
{
    const Field *x = get(r, "mod", i, "x"), *s = get(r, "mod", i, "s"), *w = get(r, "mod", i, "w");
    const Field *y = get(r, "mod", i, "y"), *dy = get(r, "mod", i, "dy");
    const float *attr = get(r, "mod", i, "attr")->data;
    bool demodulate = attr[0] > 0;
    ConvShape c = shape_of(x, y, w, (float[4]){1, attr[1], 1, 1});
    Blocks out = blocks_of((const Field *[]){y, x, s, w}, 4);
    float *saved = floats(modconv_saved(&c, demodulate));
    assert_true(modconv_scratch(&c, 1) <= WORK);
    modconv_forward(out.at[0], saved, x->data, s->data, w->data, get(r, "mod", i, "b")->data, &c, demodulate,
                    1e-5f, r->scratch, NULL);
    modconv_backward(out.at[1], false, out.at[2], false, out.at[3], dy->data, saved, x->data, s->data,
                     w->data, &c, demodulate, 1e-5f, r->scratch, NULL);
    compare(r, "mod", i, "y", out.at[0]);
    compare(r, "mod", i, "dx", out.at[1]);
    compare(r, "mod", i, "ds", out.at[2]);
    compare(r, "mod", i, "dw", out.at[3]);
    free_floats(saved, modconv_saved(&c, demodulate));
    blocks_free(&out);
}

static void modulated(void **state)
{
    Ref *r = ref_open("modconv");
    (void)state;
    for (int i = 0; maybe(r, "mod", i, "x"); i++) one_modconv(r, i);
    ref_close(r, "modconv");
}

enum { TRAIN, EVAL, INSTANCE, CONDITIONAL };
static const char *const norm_stems[] = {"train", "eval", "instance", "conditional"};

/* Forward and backward of one kind; out: y dx dscale doffset mean var. */
static void norm_both(float *const *out, const Field *x, const Field *scale, const float *offset,
                      const float *dy, int kind)
{
    int N = x->dim[0], C = x->dim[1], P = x->dim[2] * x->dim[3];
    float saved[512], eps = 1e-5f;
    bool each = kind == CONDITIONAL;
    if (kind == INSTANCE) {
        instancenorm_forward(out[0], saved, x->data, scale->data, offset, false, N, C, P, eps, NULL);
        instancenorm_backward(out[1], out[2], out[3], dy, x->data, saved, scale->data, false, N, C, P, false,
                              NULL);
        return;
    }
    if (kind == EVAL) {
        batchnorm_infer(out[0], x->data, out[4], out[5], scale->data, offset, false, N, C, P, eps, NULL);
        for (int c = 0; c < C; c++) saved[c] = out[4][c], saved[C + c] = 1 / sqrtf(out[5][c] + eps);
    } else {
        batchnorm_train(out[0], saved, out[4], out[5], x->data, scale->data, offset, each, N, C, P, eps, 0.1f,
                        NULL);
    }
    batchnorm_backward(out[1], out[2], out[3], dy, x->data, saved, scale->data, each, kind == EVAL, N, C, P,
                       false, NULL);
}

static void one_norm(Ref *r, int kind, int i)
{
    const char *stem = norm_stems[kind];
    const Field *x = get(r, stem, i, "x"), *scale = get(r, stem, i, "scale"),
                *mean = maybe(r, stem, i, "mean");
    Blocks out = blocks_of((const Field *[]){x, x, scale, scale, scale, scale}, 6);
    if (mean) {
        memcpy(out.at[4], mean->data, mean->count * sizeof(float));
        memcpy(out.at[5], get(r, stem, i, "var")->data, mean->count * sizeof(float));
    }
    norm_both(out.at, x, scale, get(r, stem, i, "offset")->data, get(r, stem, i, "dy")->data, kind);
    compare(r, stem, i, "y", out.at[0]);
    compare(r, stem, i, "dx", out.at[1]);
    compare(r, stem, i, "dscale", out.at[2]);
    compare(r, stem, i, "doffset", out.at[3]);
    if (kind == TRAIN) {
        compare(r, stem, i, "new_mean", out.at[4]);
        compare(r, stem, i, "new_var", out.at[5]);
    }
    blocks_free(&out);
}

static void norms(void **state)
{
    Ref *r = ref_open("norm");
    (void)state;
    for (int kind = TRAIN; kind <= INSTANCE; kind++)
        for (int i = 0; maybe(r, norm_stems[kind], i, "x"); i++) one_norm(r, kind, i);
    one_norm(r, CONDITIONAL, -1);
    ref_close(r, "norm");
}

enum { PIXEL, L2, SOFTMAX, SPREAD };
static const char *const row_stems[] = {"pixelnorm", "l2norm", "softmax", "batchstd"};

static void one_row_op(Ref *r, int kind, int i)
{
    const Field *x = get(r, row_stems[kind], i, "x"), *y = get(r, row_stems[kind], i, "y");
    const float *dy = get(r, row_stems[kind], i, "dy")->data;
    int N = x->dim[0], C = x->dim[1], P = kind == SPREAD ? x->dim[2] * x->dim[3] : 1;
    Blocks out = blocks_of((const Field *[]){y, x}, 2);
    float *forward = out.at[0], *dx = out.at[1], *saved = r->scratch;
    switch (kind) {
    case PIXEL:
        pixelnorm_forward(forward, saved, x->data, N, C, 1e-8f);
        pixelnorm_backward(dx, dy, x->data, saved, N, C, false);
        break;
    case L2:
        l2norm_forward(forward, saved, x->data, N, C);
        l2norm_backward(dx, dy, forward, saved, N, C, false);
        break;
    case SOFTMAX:
        softmax_forward(forward, x->data, N, C);
        softmax_backward(dx, dy, forward, N, C, false);
        break;
    default:
        batchstd_forward(forward, saved, x->data, N, C, P, 1e-8f, NULL);
        batchstd_backward(dx, dy, x->data, saved, N, C, P, 1e-8f, false, NULL);
    }
    compare(r, row_stems[kind], i, "y", forward);
    compare(r, row_stems[kind], i, "dx", dx);
    blocks_free(&out);
}

static void one_spectral(Ref *r, int i)
{
    const Field *w = get(r, "spectral", i, "w"), *u = get(r, "spectral", i, "u");
    Blocks out = blocks_of((const Field *[]){w, w, u}, 3);
    memcpy(out.at[2], u->data, u->count * sizeof(float));
    spectral_forward(out.at[0], r->scratch, out.at[2], w->data, w->dim[0], w->dim[1], true, NULL);
    spectral_backward(out.at[1], get(r, "spectral", i, "dy")->data, out.at[0], r->scratch, w->dim[0],
                      w->dim[1], NULL);
    compare(r, "spectral", i, "y", out.at[0]);
    compare(r, "spectral", i, "dw", out.at[1]);
    compare(r, "spectral", i, "new_u", out.at[2]);
    blocks_free(&out);
}

static void rows(void **state)
{
    Ref *r = ref_open("rows");
    (void)state;
    for (int kind = PIXEL; kind <= SPREAD; kind++)
        for (int i = 0; maybe(r, row_stems[kind], i, "x"); i++) one_row_op(r, kind, i);
    for (int i = 0; maybe(r, "spectral", i, "w"); i++) one_spectral(r, i);
    ref_close(r, "rows");
}

static void activations(void **state)
{
    Ref *r = ref_open("act");
    (void)state;
    for (int kind = MATH_RELU; kind <= MATH_SQRT; kind++) {
        const Field *x = get(r, "act", kind, "x");
        Blocks out = blocks_of((const Field *[]){x, x}, 2);
        act_forward(out.at[0], x->data, x->count, kind, 0.2f, 1.25f, NULL);
        act_backward(out.at[1], get(r, "act", kind, "dy")->data, out.at[0], x->count, kind, 0.2f, 1.25f,
                     false, NULL);
        compare(r, "act", kind, "y", out.at[0]);
        compare(r, "act", kind, "dx", out.at[1]);
        blocks_free(&out);
    }
    ref_close(r, "act");
}

static void one_resample(Ref *r, const char *stem, int i)
{
    const Field *x = get(r, stem, i, "x"), *y = get(r, stem, i, "y");
    const float *attr = get(r, stem, i, "attr")->data, *dy = get(r, stem, i, "dy")->data;
    int k = (int)attr[0], step = (int)attr[1], pad = stem[0] == 'u' ? 0 : (int)attr[2];
    PoolShape p = {.M = x->dim[0] * x->dim[1],
                   .H = x->dim[2],
                   .W = x->dim[3],
                   .kh = k,
                   .kw = k,
                   .sh = step,
                   .sw = step,
                   .pt = pad,
                   .pl = pad,
                   .pb = pad,
                   .pr = pad};
    Blocks out = blocks_of((const Field *[]){y, x}, 2);
    if (stem[0] == 'u') {
        upsample_forward(out.at[0], x->data, p.M, p.H, p.W, k, step, NULL);
        upsample_backward(out.at[1], dy, p.M, p.H, p.W, k, step, false, NULL);
    } else {
        assert_true(pool_shape(&p) && p.OH == y->dim[2] && p.OW == y->dim[3]);
        (stem[0] == 'a' ? avgpool_forward : maxpool_forward)(out.at[0], x->data, &p, NULL);
        if (stem[0] == 'a')
            avgpool_backward(out.at[1], dy, &p, false, NULL);
        else
            maxpool_backward(out.at[1], dy, x->data, &p, false, NULL);
    }
    compare(r, stem, i, "y", out.at[0]);
    compare(r, stem, i, "dx", out.at[1]);
    blocks_free(&out);
}

static void resampling(void **state)
{
    static const char *const stems[] = {"up", "avg", "max"};
    Ref *r = ref_open("resample");
    (void)state;
    for (int s = 0; s < 3; s++)
        for (int i = 0; maybe(r, stems[s], i, "x"); i++) one_resample(r, stems[s], i);
    ref_close(r, "resample");
}

static void contrast(Ref *r, int i)
{
    const float *attr = get(r, "ntxent", i, "attr")->data;
    const Field *x = get(r, "ntxent", i, "x");
    int N = (int)attr[0], D = (int)attr[1];
    Blocks out = blocks_of((const Field *[]){x}, 1);
    float *similarity = floats((size_t)(4 * N * N));
    assert_true(ntxent_scratch(N, D) <= WORK);
    float value = (float)ntxent(out.at[0], similarity, x->data, NULL, N, D, attr[2], r->scratch, NULL);
    compare(r, "ntxent", i, "y", &value);
    compare(r, "ntxent", i, "dx", out.at[0]);
    free_floats(similarity, (size_t)(4 * N * N));
    blocks_free(&out);
}

static void adversarial(Ref *r, int i)
{
    const Field *x = get(r, "gan", i, "x");
    int n = (int)x->count;
    float *dx = r->scratch;
    double value = i == 0   ? hinge_real(dx, x->data, n)
                   : i == 1 ? hinge_fake(dx, x->data, n)
                   : i == 2 ? hinge_generator(dx, x->data, n)
                            : logistic_loss(dx, x->data, n, i == 3);
    float rounded = (float)value;
    compare(r, "gan", i, "y", &rounded);
    compare(r, "gan", i, "dx", dx);
}

static void losses(void **state)
{
    Ref *r = ref_open("loss");
    (void)state;
    for (int i = 0; maybe(r, "ntxent", i, "x"); i++) contrast(r, i);
    for (int i = 0; i < 5; i++) adversarial(r, i);
    const Field *x = get(r, "entropy", -1, "x"), *names = get(r, "entropy", -1, "label");
    int label[64];
    for (size_t i = 0; i < names->count; i++) label[i] = (int)names->data[i];
    float value = (float)cross_entropy(r->scratch, x->data, label, x->dim[0], x->dim[1], NULL);
    compare(r, "entropy", -1, "y", &value);
    compare(r, "entropy", -1, "dx", r->scratch);
    ref_close(r, "loss");
}

static void one_supcon(Ref *r, int i)
{
    const float *attr = get(r, "supcon", i, "attr")->data, *names = get(r, "supcon", i, "label")->data;
    const Field *x = get(r, "supcon", i, "x");
    int N = (int)attr[0], D = (int)attr[1], label[64];
    Blocks out = blocks_of((const Field *[]){x}, 1);
    float *similarity = floats((size_t)(4 * N * N));
    for (int k = 0; k < 2 * N; k++) label[k] = (int)names[k];
    float value =
        (float)supcon(out.at[0], similarity, x->data, label, N, D, attr[2], attr[3], r->scratch, NULL);
    compare(r, "supcon", i, "y", &value);
    compare(r, "supcon", i, "dx", out.at[0]);
    free_floats(similarity, (size_t)(4 * N * N));
    blocks_free(&out);
}

static void one_vicreg(Ref *r, int i)
{
    const float *attr = get(r, "vicreg", i, "attr")->data;
    const Field *x = get(r, "vicreg", i, "x");
    int N = (int)attr[0], D = (int)attr[1];
    Blocks out = blocks_of((const Field *[]){x}, 1);
    assert_true(vicreg_scratch(N, D) <= WORK);
    float value = (float)vicreg(out.at[0], x->data, N, D, r->scratch, NULL);
    compare(r, "vicreg", i, "y", &value);
    compare(r, "vicreg", i, "dx", out.at[0]);
    blocks_free(&out);
}

static void objectives(void **state)
{
    Ref *r = ref_open("objective");
    (void)state;
    for (int i = 0; maybe(r, "supcon", i, "x"); i++) one_supcon(r, i);
    for (int i = 0; maybe(r, "vicreg", i, "x"); i++) one_vicreg(r, i);
    ref_close(r, "objective");
}

/* Five steps of one optimiser; all five states are compared. */
static void optimiser(Ref *r, const char *stem)
{
    const Field *start = get(r, stem, -1, "w"), *all = get(r, stem, -1, "y");
    size_t n = start->count;
    float *w = r->scratch, *m = w + n, *v = m + n, *states = v + n;
    zero(m, 2 * n);
    memcpy(w, start->data, n * sizeof *w);
    for (int t = 0; t < all->dim[0]; t++) {
        const float *g = get(r, stem, -1, "g")->data + (size_t)t * n;
        if (!strcmp(stem, "sgd"))
            sgd_step(w, m, g, n, 0.1f, 0.9f, 0.01f, NULL);
        else if (!strcmp(stem, "adam"))
            adam_step(w, m, v, g, n, 0.02f, 0.5f, 0.99f, 1e-8f, 0, t + 1, NULL);
        else
            adam_step(w, m, v, g, n, 0.02f, 0.9f, 0.999f, 1e-8f, 0.1f, t + 1, NULL);
        memcpy(states + (size_t)t * n, w, n * sizeof *w);
    }
    compare(r, stem, -1, "y", states);
}

static void optimisers(void **state)
{
    Ref *r = ref_open("optim");
    (void)state;
    optimiser(r, "sgd");
    optimiser(r, "adam");
    optimiser(r, "adamw");
    ref_close(r, "optim");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions), cmocka_unit_test(modulated),   cmocka_unit_test(norms),
        cmocka_unit_test(rows),         cmocka_unit_test(activations), cmocka_unit_test(resampling),
        cmocka_unit_test(losses),       cmocka_unit_test(objectives),  cmocka_unit_test(optimisers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
