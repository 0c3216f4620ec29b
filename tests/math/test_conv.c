/* Convolution in all three directions against plain loops in double, over odd shapes. */
#include "gradcheck.h"
#include "math/conv.h"

static size_t count_x(const ConvShape *c)
{
    return (size_t)c->N * c->C * c->H * c->W;
}

static size_t count_y(const ConvShape *c)
{
    return (size_t)c->N * c->O * c->OH * c->OW;
}

static size_t count_w(const ConvShape *c)
{
    return (size_t)c->O * (c->C / c->groups) * c->KH * c->KW;
}

/* Index in x of tap (i, kh, kw) of output (n, o, oy, ox), or -1 outside the picture. */
static long tap_at(const ConvShape *c, int n, int o, int oy, int ox, int i, int k)
{
    int iy = oy * c->sh - c->pt + k / c->KW * c->dh, ix = ox * c->sw - c->pl + k % c->KW * c->dw;
    int channel = o / (c->O / c->groups) * (c->C / c->groups) + i;
    if (iy < 0 || iy >= c->H || ix < 0 || ix >= c->W) return -1;
    return (((long)n * c->C + channel) * c->H + iy) * c->W + ix;
}

static void conv_oracle(double *y, const double *const *in, const void *spec)
{
    const ConvShape *c = spec;
    int cg = c->C / c->groups, taps = c->KH * c->KW;
    for (size_t at = 0; at < count_y(c); at++) {
        int ox = (int)(at % c->OW), oy = (int)(at / c->OW % c->OH), o = (int)(at / c->OW / c->OH % c->O);
        int n = (int)(at / c->OW / c->OH / c->O);
        y[at] = in[2][o];
        for (int k = 0; k < cg * taps; k++) {
            long from = tap_at(c, n, o, oy, ox, k / taps, k % taps);
            if (from >= 0) y[at] += in[0][from] * in[1][(size_t)o * cg * taps + k];
        }
    }
}

static void conv_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                     const void *spec, Pool *pool)
{
    const ConvShape *c = spec;
    size_t work = conv_scratch(c, pool_threads(pool));
    float *scratch = floats(work);
    conv_forward(y, in[0], in[1], in[2], c, scratch, pool);
    conv_backward_data(grad[0], dy, in[1], NULL, c, accumulate, scratch, pool);
    conv_backward_weight(grad[1], dy, in[0], c, scratch, pool);
    conv_backward_bias(grad[2], dy, c->N, c->O, c->OH * c->OW);
    free_floats(scratch, work);
}

#define PAD(n) .pt = (n), .pl = (n), .pb = (n), .pr = (n)

static const ConvShape shapes[] = {
    {.N = 1, .C = 1, .H = 1, .W = 1, .O = 1, .KH = 1, .KW = 1},
    {.N = 2, .C = 1, .H = 28, .W = 28, .O = 3, .KH = 3, .KW = 3, PAD(1)},
    {.N = 3, .C = 3, .H = 7, .W = 7, .O = 9, .KH = 3, .KW = 3, PAD(1)},
    {.N = 2, .C = 17, .H = 14, .W = 14, .O = 20, .KH = 3, .KW = 3, PAD(1)},
    {.N = 2, .C = 3, .H = 5, .W = 9, .O = 4, .KH = 1, .KW = 1},
    {.N = 2, .C = 3, .H = 5, .W = 9, .O = 4, .KH = 1, .KW = 1, .sh = 2, .sw = 2},
    {.N = 1, .C = 2, .H = 28, .W = 28, .O = 5, .KH = 4, .KW = 4, .sh = 2, .sw = 2, PAD(1)},
    {.N = 2, .C = 3, .H = 9, .W = 5, .O = 2, .KH = 5, .KW = 2, .pt = 3, .pb = 1, .pr = 1},
    {.N = 2, .C = 2, .H = 5, .W = 9, .O = 3, .KH = 3, .KW = 3, .sh = 3, .sw = 2, PAD(2)},
    {.N = 1, .C = 3, .H = 11, .W = 10, .O = 2, .KH = 3, .KW = 3, .dh = 2, .dw = 3, PAD(2)},
    {.N = 2, .C = 2, .H = 13, .W = 12, .O = 2, .KH = 3, .KW = 2, .sh = 2, .sw = 3, .dh = 3, .dw = 2, PAD(3)},
    {.N = 2, .C = 6, .H = 7, .W = 5, .O = 4, .KH = 3, .KW = 3, PAD(1), .groups = 2},
    {.N = 2, .C = 8, .H = 7, .W = 7, .O = 8, .KH = 3, .KW = 3, .sh = 2, .sw = 2, PAD(1), .groups = 8},
    {.N = 3, .C = 5, .H = 4, .W = 4, .O = 70, .KH = 4, .KW = 4},
    {.N = 1, .C = 1, .H = 3, .W = 90, .O = 2, .KH = 3, .KW = 7, .sw = 4, PAD(3)},
    {.N = 2, .C = 2, .H = 2, .W = 2, .O = 2, .KH = 3, .KW = 3, .sh = 5, .sw = 5, PAD(4)},
};

static ConvShape shape_at(size_t i)
{
    ConvShape c = shapes[i];
    c.sh = c.sh ? c.sh : 1, c.sw = c.sw ? c.sw : 1;
    c.dh = c.dh ? c.dh : 1, c.dw = c.dw ? c.dw : 1;
    c.groups = c.groups ? c.groups : 1;
    assert_true(conv_shape(&c));
    return c;
}

static void three_directions(void **state)
{
    char name[64];
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        ConvShape c = shape_at(i);
        snprintf(name, sizeof name, "conv %dx%dx%dx%d k%dx%d s%d%d d%d%d g%d", c.N, c.C, c.H, c.W, c.KH, c.KW,
                 c.sh, c.sw, c.dh, c.dw, c.groups);
        op_test(&(OpTest){.name = name,
                          .inputs = 3,
                          .in = {count_x(&c), count_w(&c), (size_t)c.O},
                          .out = count_y(&c),
                          .oracle = conv_oracle,
                          .run = conv_run,
                          .spec = &c,
                          .adds = 6,
                          .isa_may_differ = true});
    }
}

/* The twins of the header, over all entries of all gradients. */
static void twins(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        ConvShape c = shape_at(i);
        size_t nx = count_x(&c), nw = count_w(&c), ny = count_y(&c), work = conv_scratch(&c, 1);
        float *x = floats(nx), *w = floats(nw), *y = floats(ny), *a = floats(nx + nw + ny),
              *b = floats(nx + nw + ny);
        float *scratch = floats(work), bias[128];
        rng_fill_normal(x, nx, 1, RNG_TEST);
        rng_fill_normal(w, nw, 2, RNG_TEST);
        rng_fill_normal(y, ny, 3, RNG_TEST);
        rng_fill_normal(bias, 128, 4, RNG_TEST);
        for (size_t k = 0; k < nx + nw + ny; k++) a[k] = b[k] = 1;
        conv_forward(a, x, w, bias, &c, scratch, NULL);
        conv_forward_naive(b, x, w, bias, &c);
        conv_backward_data(a + ny, y, w, bias, &c, true, scratch, NULL); /* as a transposed convolution */
        conv_backward_data_naive(b + ny, y, w, bias, &c, true);
        conv_backward_weight(a + ny + nx, y, x, &c, scratch, NULL);
        conv_backward_weight_naive(b + ny + nx, y, x, &c);
        assert_true(worst_float_gap(a, b, ny) < 1e-5);
        assert_true(worst_float_gap(a + ny, b + ny, nx) < 1e-5);
        assert_true(worst_float_gap(a + ny + nx, b + ny + nx, nw) < 1e-5);
        free_floats(x, nx), free_floats(w, nw), free_floats(y, ny), free_floats(scratch, work);
        free_floats(a, nx + nw + ny), free_floats(b, nx + nw + ny);
    }
}

/* An image's result does not depend on its neighbours in the batch. */
static void the_batch_changes_no_bits(void **state)
{
    ConvShape c = {.N = 5,
                   .C = 3,
                   .H = 7,
                   .W = 7,
                   .O = 9,
                   .KH = 3,
                   .KW = 3,
                   .sh = 1,
                   .sw = 1,
                   .dh = 1,
                   .dw = 1,
                   PAD(1),
                   .groups = 1};
    (void)state;
    assert_true(conv_shape(&c));
    ConvShape single = c;
    single.N = 1;
    size_t nx = count_x(&c), nw = count_w(&c), ny = count_y(&c), work = conv_scratch(&c, 1);
    float *x = floats(nx), *w = floats(nw), *y = floats(ny), *one = floats(ny / 5), *scratch = floats(work);
    rng_fill_normal(x, nx, 1, RNG_TEST);
    rng_fill_normal(w, nw, 2, RNG_TEST);
    conv_forward(y, x, w, NULL, &c, scratch, NULL);
    for (size_t n = 0; n < 5; n++) {
        conv_forward(one, x + n * nx / 5, w, NULL, &single, scratch, NULL);
        assert_memory_equal(one, y + n * ny / 5, ny / 5 * sizeof *y);
    }
    free_floats(x, nx), free_floats(w, nw), free_floats(y, ny), free_floats(one, ny / 5),
        free_floats(scratch, work);
}

static void refused(void **state)
{
    ConvShape good = shape_at(1), bad;
    (void)state;
    bad = good, bad.H = 0;
    assert_false(conv_shape(&bad));
    bad = good, bad.KH = 31;
    assert_false(conv_shape(&bad));
    bad = good, bad.sw = 0;
    assert_false(conv_shape(&bad));
    bad = good, bad.groups = 2;
    assert_false(conv_shape(&bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_directions),
        cmocka_unit_test(twins),
        cmocka_unit_test(the_batch_changes_no_bits),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
