/* Upsampling, pooling, means over planes, permuted axes and noise. */
#include "gradcheck.h"
#include "math/resample.h"

typedef struct {
    int M, H, W, scale, mode;
} UpSpec;

/* One axis of bilinear sampling at half-pixel centres, clamped. */
static double between(const double *x, size_t step, int i, int n, int scale)
{
    double at = (i + 0.5) / scale - 0.5;
    int low = (int)floor(at), high = low + 1;
    double f = at - low;
    low = low < 0 ? 0 : low;
    high = high > n - 1 ? n - 1 : high;
    return x[low * step] * (1 - f) + x[high * step] * f;
}

static void up_oracle(double *y, const double *const *in, const void *spec)
{
    const UpSpec *s = spec;
    double column[64];
    for (int m = 0; m < s->M; m++)
        for (int r = 0; r < s->H * s->scale; r++)
            for (int c = 0; c < s->W * s->scale; c++) {
                const double *plane = in[0] + (size_t)m * s->H * s->W;
                if (s->mode == 0) {
                    *y++ = plane[(size_t)(r / s->scale) * s->W + c / s->scale];
                    continue;
                }
                for (int k = 0; k < s->H; k++)
                    column[k] = between(plane + (size_t)k * s->W, 1, c, s->W, s->scale);
                *y++ = between(column, 1, r, s->H, s->scale);
            }
}

static void up_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                   const void *spec, Pool *pool)
{
    const UpSpec *s = spec;
    upsample_forward(y, in[0], s->M, s->H, s->W, s->scale, s->mode, pool);
    upsample_backward(grad[0], dy, s->M, s->H, s->W, s->scale, s->mode, accumulate, pool);
}

static void upsampling(void **state)
{
    static const UpSpec specs[] = {{1, 1, 1, 2, 0},   {3, 5, 9, 2, 0},    {20, 7, 7, 2, 0}, {2, 28, 28, 2, 0},
                                   {3, 5, 9, 3, 0},   {1, 1, 2300, 2, 0}, {1, 1, 1, 28, 0}, {1, 2, 3, 1, 0},
                                   {1, 2, 600, 7, 0}, {1, 2, 2, 500, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        for (int mode = 0; mode < 2; mode++) {
            UpSpec s = specs[i];
            size_t n = (size_t)s.M * s.H * s.W;
            s.mode = mode;
            op_test(&(OpTest){.name = mode ? "upsample bilinear" : "upsample nearest",
                              .inputs = 1,
                              .in = {n},
                              .out = n * s.scale * s.scale,
                              .oracle = up_oracle,
                              .run = up_run,
                              .spec = &s});
        }
}

typedef struct {
    PoolShape p;
    bool max;
} PoolingSpec;

static void pooling_oracle(double *y, const double *const *in, const void *spec)
{
    const PoolShape *p = &((const PoolingSpec *)spec)->p;
    bool max = ((const PoolingSpec *)spec)->max;
    for (int i = 0; i < p->M * p->OH * p->OW; i++) {
        int m = i / (p->OH * p->OW), oy = i / p->OW % p->OH, ox = i % p->OW, count = 0;
        double sum = 0, top = -1e300;
        for (int k = 0; k < p->kh * p->kw; k++) {
            int r = oy * p->sh - p->pt + k / p->kw, c = ox * p->sw - p->pl + k % p->kw;
            if (r < 0 || r >= p->H || c < 0 || c >= p->W) continue;
            double x = in[0][((size_t)m * p->H + r) * p->W + c];
            sum += x, count++;
            top = x > top ? x : top;
        }
        y[i] = max ? top : sum / count;
    }
}

static void pooling_run(float *y, float *const *grad, const float *const *in, const float *dy,
                        bool accumulate, const void *spec, Pool *pool)
{
    const PoolingSpec *s = spec;
    if (s->max) {
        maxpool_forward(y, in[0], &s->p, pool);
        maxpool_backward(grad[0], dy, in[0], &s->p, accumulate, pool);
    } else {
        avgpool_forward(y, in[0], &s->p, pool);
        avgpool_backward(grad[0], dy, &s->p, accumulate, pool);
    }
}

static void pooling(void **state)
{
    static const PoolShape shapes[] = {
        {.M = 1, .H = 1, .W = 1, .kh = 1, .kw = 1, .sh = 1, .sw = 1},
        {.M = 3, .H = 28, .W = 28, .kh = 2, .kw = 2, .sh = 2, .sw = 2},
        {.M = 20, .H = 7, .W = 7, .kh = 3, .kw = 3, .sh = 2, .sw = 2, .pt = 1, .pl = 1, .pb = 1, .pr = 1},
        {.M = 2, .H = 5, .W = 9, .kh = 3, .kw = 4, .sh = 1, .sw = 3, .pt = 2, .pl = 3, .pb = 0, .pr = 1},
        {.M = 2, .H = 5, .W = 9, .kh = 5, .kw = 9, .sh = 1, .sw = 1},
        {.M = 2, .H = 2, .W = 1, .kh = 4, .kw = 4, .sh = 1, .sw = 2, .pt = 1, .pl = 3, .pb = 1, .pr = 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int max = 0; max < 2; max++) {
            PoolingSpec s = {shapes[i], max};
            assert_true(pool_shape(&s.p));
            op_test(&(OpTest){.name = max ? "maxpool" : "avgpool",
                              .inputs = 1,
                              .in = {(size_t)s.p.M * s.p.H * s.p.W},
                              .out = (size_t)s.p.M * s.p.OH * s.p.OW,
                              .oracle = pooling_oracle,
                              .run = pooling_run,
                              .spec = &s});
        }
}

static void pooling_refuses(void **state)
{
    PoolShape wide = {.M = 1, .H = 2, .W = 2, .kh = 3, .kw = 3, .sh = 1, .sw = 1}, still = wide, deep = wide;
    (void)state;
    still.kh = still.kw = 1, still.sh = 0;
    deep.pt = deep.pb = 3;
    assert_false(pool_shape(&wide));
    assert_false(pool_shape(&still));
    assert_false(pool_shape(&deep));
}

/* The first of equal maxima gets the gradient; a NaN shows in y. */
static void maxima(void **state)
{
    PoolShape p = {.M = 1, .H = 2, .W = 2, .kh = 2, .kw = 2, .sh = 2, .sw = 2};
    float x[4] = {1, 3, 3, 3}, dx[4], y, dy = 5;
    (void)state;
    assert_true(pool_shape(&p));
    maxpool_backward(dx, &dy, x, &p, false, NULL);
    assert_true(dx[0] == 0 && dx[1] == 5 && dx[2] == 0 && dx[3] == 0);
    x[2] = NAN;
    maxpool_forward(&y, x, &p, NULL);
    assert_true(isnan(y));
}

static void mean_oracle(double *y, const double *const *in, const void *spec)
{
    const UpSpec *s = spec;
    for (int m = 0; m < s->M; m++) {
        y[m] = 0;
        for (int p = 0; p < s->W; p++) y[m] += 0.5 * in[0][m * s->W + p];
    }
}

static void mean_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                     const void *spec, Pool *pool)
{
    const UpSpec *s = spec;
    (void)pool;
    reduce_planes(y, in[0], s->M, s->W, 0.5f);
    reduce_planes_backward(grad[0], dy, s->M, s->W, 0.5f, accumulate);
}

static void means_over_planes(void **state)
{
    static const int sizes[] = {1, 45, 49, 784};
    (void)state;
    for (int i = 0; i < 4; i++) {
        UpSpec s = {.M = 3, .W = sizes[i]};
        op_test(&(OpTest){.name = "reduce_planes",
                          .inputs = 1,
                          .in = {(size_t)(s.M * s.W)},
                          .out = (size_t)s.M,
                          .oracle = mean_oracle,
                          .run = mean_run,
                          .spec = &s});
    }
}

/* Every permutation of four axes: each element is found where its coordinates say, and the inverse brings it
 * back. */
static void permuted_axes(void **state)
{
    enum { N = 2 * 3 * 4 * 5 };
    static const int dim[4] = {2, 3, 4, 5};
    float x[N], y[N], back[N];
    (void)state;
    for (int i = 0; i < N; i++) x[i] = (float)i;
    for (int code = 0; code < 256; code++) {
        int perm[4] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3}, out[4], inverse[4], seen = 0;
        for (int i = 0; i < 4; i++) seen |= 1 << perm[i], out[i] = dim[perm[i]], inverse[perm[i]] = i;
        if (seen != 15) continue;
        transpose_forward(y, x, dim, perm, 4, false);
        for (int i = 0; i < N; i++) {
            int at[4], left = i;
            for (int d = 3; d >= 0; d--) at[perm[d]] = left % out[d], left /= out[d];
            assert_true(y[i] == x[((at[0] * 3 + at[1]) * 4 + at[2]) * 5 + at[3]]);
        }
        memcpy(back, x, sizeof x);
        transpose_forward(back, y, out, inverse, 4, true);
        for (int i = 0; i < N; i++) assert_true(back[i] == 2 * x[i]);
    }
}

static void noise_and_its_gradient(void **state)
{
    enum { N = 2, C = 3, P = 45 };
    float x[N * C * P], y[N * C * P], noise[N * P];
    double want = 0;
    (void)state;
    rng_fill_normal(x, N * C * P, 1, RNG_TEST);
    rng_fill_normal(noise, N * P, 2, RNG_TEST);
    noise_forward(y, x, noise, 0.25f, N, C, P, NULL);
    for (int i = 0; i < N * C * P; i++) {
        float wanted = x[i] + 0.25f * noise[i / (C * P) * P + i % P];
        assert_true(y[i] == wanted);
        want += (double)x[i] * noise[i / (C * P) * P + i % P];
    }
    assert_true(fabs(noise_backward(x, noise, N, C, P) - want) < 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upsampling),
        cmocka_unit_test(pooling),
        cmocka_unit_test(pooling_refuses),
        cmocka_unit_test(maxima),
        cmocka_unit_test(means_over_planes),
        cmocka_unit_test(permuted_axes),
        cmocka_unit_test(noise_and_its_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
