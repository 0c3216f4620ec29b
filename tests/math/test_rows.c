/* Pixel norm, L2 norm, softmax, spectral norm and the spread over a batch. */
#include "gradcheck.h"
#include "math/norm.h"

typedef struct {
    int N, C, P;
} RowSpec;

#define EPS 1e-8f

static double row_sum(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void pixel_oracle(double *y, const double *const *in, const void *spec)
{
    const RowSpec *s = spec;
    for (int i = 0; i < s->N * s->C; i++) {
        const double *row = in[0] + i / s->C * s->C;
        y[i] = in[0][i] / sqrt(row_sum(row, row, s->C) / s->C + (double)EPS);
    }
}

static void pixel_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                      const void *spec, Pool *pool)
{
    const RowSpec *s = spec;
    float saved[16];
    (void)pool;
    pixelnorm_forward(y, saved, in[0], s->N, s->C, EPS);
    pixelnorm_backward(grad[0], dy, in[0], saved, s->N, s->C, accumulate);
}

static void l2_oracle(double *y, const double *const *in, const void *spec)
{
    const RowSpec *s = spec;
    for (int i = 0; i < s->N * s->C; i++) {
        const double *row = in[0] + i / s->C * s->C;
        y[i] = in[0][i] / sqrt(row_sum(row, row, s->C));
    }
}

static void l2_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                   const void *spec, Pool *pool)
{
    const RowSpec *s = spec;
    float saved[16];
    (void)pool;
    l2norm_forward(y, saved, in[0], s->N, s->C);
    l2norm_backward(grad[0], dy, y, saved, s->N, s->C, accumulate);
}

static void softmax_oracle(double *y, const double *const *in, const void *spec)
{
    const RowSpec *s = spec;
    for (int n = 0; n < s->N; n++) {
        double sum = 0;
        for (int c = 0; c < s->C; c++) sum += exp(in[0][n * s->C + c]);
        for (int c = 0; c < s->C; c++) y[n * s->C + c] = exp(in[0][n * s->C + c]) / sum;
    }
}

static void softmax_run(float *y, float *const *grad, const float *const *in, const float *dy,
                        bool accumulate, const void *spec, Pool *pool)
{
    const RowSpec *s = spec;
    (void)pool;
    softmax_forward(y, in[0], s->N, s->C);
    softmax_backward(grad[0], dy, y, s->N, s->C, accumulate);
}

static void rows_of_many_lengths(void **state)
{
    static const RowSpec specs[] = {{1, 1, 1}, {3, 7, 1}, {2, 16, 1}, {3, 130, 1}, {1, 700, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        size_t n = (size_t)specs[i].N * specs[i].C;
        OpTest t = {.name = "pixelnorm",
                    .inputs = 1,
                    .in = {n},
                    .out = n,
                    .oracle = pixel_oracle,
                    .run = pixel_run,
                    .spec = &specs[i]};
        if (n > 1) op_test(&t); /* the gradient at one entry is a rounding error */
        t.name = "l2norm", t.oracle = l2_oracle, t.run = l2_run;
        if (n > 1) op_test(&t);
        t.name = "softmax", t.oracle = softmax_oracle, t.run = softmax_run;
        op_test(&t);
    }
}

static void zeros_and_large_values(void **state)
{
    float zero[5] = {0}, y[5], saved, big[3] = {1000, 999, -INFINITY};
    (void)state;
    l2norm_forward(y, &saved, zero, 1, 5);
    for (int i = 0; i < 5; i++) assert_true(y[i] == 0);
    softmax_forward(y, big, 1, 3);
    assert_true(fabsf(y[0] - 0.7310586f) < 1e-6f && y[2] < 1e-30f);
}

/* u and v are constants of the gradient, so the oracle holds them as inputs without one. */
static void spectral_oracle(double *y, const double *const *in, const void *spec)
{
    const RowSpec *s = spec;
    double sigma = 0;
    for (int o = 0; o < s->N; o++) sigma += in[1][o] * row_sum(in[0] + o * s->C, in[2], s->C);
    for (int i = 0; i < s->N * s->C; i++) y[i] = in[0][i] / sigma;
}

static void spectral_run(float *y, float *const *grad, const float *const *in, const float *dy,
                         bool accumulate, const void *spec, Pool *pool)
{
    const RowSpec *s = spec;
    float saved[600], u[64];
    (void)accumulate;
    memcpy(u, in[3], (size_t)s->N * sizeof *u);
    spectral_forward(y, saved, u, in[0], s->N, s->C, false, pool);
    assert_memory_equal(u, in[3], (size_t)s->N * sizeof *u);
    memcpy((float *)in[1], saved + 1, (size_t)s->N * sizeof *u); /* the vectors as used, for the oracle */
    memcpy((float *)in[2], saved + 1 + s->N, (size_t)s->C * sizeof *u);
    spectral_backward(grad[0], dy, y, saved, s->N, s->C, pool);
}

static void spectral(void **state)
{
    static const RowSpec specs[] = {{3, 5, 1}, {16, 9, 1}, {7, 147, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        size_t O = (size_t)specs[i].N, K = (size_t)specs[i].C;
        op_test(&(OpTest){.name = "spectral",
                          .inputs = 4,
                          .in = {O * K, O, K, O},
                          .out = O * K,
                          .oracle = spectral_oracle,
                          .run = spectral_run,
                          .spec = &specs[i],
                          .constant = 14,
                          .adds = 1});
    }
}

/* Many power iterations find the largest singular value: of a diagonal matrix, its largest entry. */
static void spectral_converges(void **state)
{
    float w[4 * 4] = {0}, y[16], saved[9], u[4] = {0.5f, 0.5f, 0.5f, 0.5f};
    (void)state;
    for (int i = 0; i < 4; i++) w[i * 5] = (float)(i + 1);
    for (int i = 0; i < 60; i++) spectral_forward(y, saved, u, w, 4, 4, true, NULL);
    assert_true(fabsf(saved[0] - 4) < 1e-5f && fabsf(y[15] - 1) < 1e-5f && fabsf(u[3] - 1) < 1e-5f);
}

static void spread_oracle(double *y, const double *const *in, const void *spec)
{
    const RowSpec *s = spec;
    int count = s->C * s->P;
    double sum = 0;
    for (int i = 0; i < count; i++) {
        double mean = 0, var = 0;
        for (int n = 0; n < s->N; n++) mean += in[0][n * count + i] / s->N;
        for (int n = 0; n < s->N; n++) var += pow(in[0][n * count + i] - mean, 2) / s->N;
        sum += sqrt(var + (double)EPS);
    }
    for (int n = 0; n < s->N; n++)
        for (int i = 0; i < count + s->P; i++)
            y[n * (count + s->P) + i] = i < count ? in[0][n * count + i] : sum / count;
}

static void spread_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                       const void *spec, Pool *pool)
{
    const RowSpec *s = spec;
    float saved[4000];
    (void)pool;
    batchstd_forward(y, saved, in[0], s->N, s->C, s->P, EPS, pool);
    batchstd_backward(grad[0], dy, in[0], saved, s->N, s->C, s->P, EPS, accumulate, pool);
}

static void spread_over_a_batch(void **state)
{
    static const RowSpec specs[] = {{2, 3, 45}, {3, 1, 49}, {4, 5, 1}, {3, 2, 784}};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        size_t n = (size_t)specs[i].N * specs[i].P;
        op_test(&(OpTest){.name = "batchstd",
                          .inputs = 1,
                          .in = {n * specs[i].C},
                          .out = n * (specs[i].C + 1),
                          .oracle = spread_oracle,
                          .run = spread_run,
                          .spec = &specs[i]});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_many_lengths),
        cmocka_unit_test(zeros_and_large_values),
        cmocka_unit_test(spectral),
        cmocka_unit_test(spectral_converges),
        cmocka_unit_test(spread_over_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
