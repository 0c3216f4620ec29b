/* Batch and instance normalisation, plain and conditional, training and frozen. */
#include "gradcheck.h"
#include "math/norm.h"

typedef struct {
    bool instance, per_image, frozen;
    int N, C, P;
} NormSpec;

#define EPS 1e-3f

static size_t scales(const NormSpec *s)
{
    return (size_t)(s->per_image ? s->N * s->C : s->C);
}

static double running_mean(int c)
{
    return 0.1 * c - 0.2;
}

static double running_var(int c)
{
    return 0.5 + 0.25 * c;
}

/* Mean and variance of channel c over images from .. to-1. */
static void plain_moments(double *mean, double *var, const double *x, const NormSpec *s, int c, int from,
                          int to)
{
    double count = (double)(to - from) * s->P;
    *mean = *var = 0;
    for (int n = from; n < to; n++)
        for (int p = 0; p < s->P; p++) *mean += x[((size_t)n * s->C + c) * s->P + p] / count;
    for (int n = from; n < to; n++)
        for (int p = 0; p < s->P; p++) *var += pow(x[((size_t)n * s->C + c) * s->P + p] - *mean, 2) / count;
}

static void norm_oracle(double *y, const double *const *in, const void *spec)
{
    const NormSpec *s = spec;
    for (int c = 0; c < s->C; c++) {
        double mean = running_mean(c), var = running_var(c);
        if (!s->instance && !s->frozen) plain_moments(&mean, &var, in[0], s, c, 0, s->N);
        for (int n = 0; n < s->N; n++) {
            size_t plane = (size_t)n * s->C + c, k = s->per_image ? plane : (size_t)c;
            if (s->instance) plain_moments(&mean, &var, in[0], s, c, n, n + 1);
            for (int p = 0; p < s->P; p++) {
                size_t i = plane * s->P + p;
                y[i] = (in[0][i] - mean) / sqrt(var + (double)EPS) * in[1][k] + in[2][k];
            }
        }
    }
}

static void frozen_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                       const NormSpec *s, Pool *pool)
{
    float mean[64], var[64], saved[128];
    for (int c = 0; c < s->C; c++) {
        saved[c] = mean[c] = (float)running_mean(c);
        var[c] = (float)running_var(c);
        saved[s->C + c] = 1 / sqrtf(var[c] + EPS);
    }
    batchnorm_infer(y, in[0], mean, var, in[1], in[2], s->per_image, s->N, s->C, s->P, EPS, pool);
    batchnorm_backward(grad[0], grad[1], grad[2], dy, in[0], saved, in[1], s->per_image, true, s->N, s->C,
                       s->P, accumulate, pool);
}

static void norm_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                     const void *spec, Pool *pool)
{
    const NormSpec *s = spec;
    float mean[64] = {0}, var[64] = {0}, saved[512];
    if (s->instance) {
        instancenorm_forward(y, saved, in[0], in[1], in[2], s->per_image, s->N, s->C, s->P, EPS, pool);
        instancenorm_backward(grad[0], grad[1], grad[2], dy, in[0], saved, in[1], s->per_image, s->N, s->C,
                              s->P, accumulate, pool);
    } else if (s->frozen) {
        frozen_run(y, grad, in, dy, accumulate, s, pool);
    } else {
        batchnorm_train(y, saved, mean, var, in[0], in[1], in[2], s->per_image, s->N, s->C, s->P, EPS, 0.1f,
                        pool);
        batchnorm_backward(grad[0], grad[1], grad[2], dy, in[0], saved, in[1], s->per_image, false, s->N,
                           s->C, s->P, accumulate, pool);
    }
}

static void over_shapes(const char *name, bool instance, bool frozen)
{
    static const int shapes[][3] = {{1, 1, 784}, {2, 3, 45}, {3, 3, 49}, {2, 5, 784}, {3, 1, 17}, {3, 33, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes - instance; i++)
        for (int per_image = 0; per_image < 2; per_image++) {
            NormSpec s = {instance, per_image, frozen, shapes[i][0], shapes[i][1], shapes[i][2]};
            size_t n = (size_t)s.N * s.C * s.P;
            op_test(&(OpTest){.name = name,
                              .inputs = 3,
                              .in = {n, scales(&s), scales(&s)},
                              .out = n,
                              .oracle = norm_oracle,
                              .run = norm_run,
                              .spec = &s,
                              .adds = 6});
        }
}

static void batchnorm_training(void **state)
{
    (void)state;
    over_shapes("batchnorm, training", false, false);
}

static void batchnorm_frozen(void **state)
{
    (void)state;
    over_shapes("batchnorm, frozen", false, true);
}

static void instancenorm(void **state)
{
    (void)state;
    over_shapes("instancenorm", true, false);
}

/* Running statistics, absent scale and offset, and no gradient of x wanted. */
static void running_statistics(void **state)
{
    enum { N = 2, C = 2, P = 9 };
    float x[N * C * P], y[N * C * P], saved[2 * C], mean[C] = {1, 1}, var[C] = {2, 2}, dscale[C] = {0};
    double xd[N * C * P], m, v;
    NormSpec s = {.N = N, .C = C, .P = P};
    (void)state;
    rng_fill_normal(x, N * C * P, 5, RNG_TEST);
    for (int i = 0; i < N * C * P; i++) xd[i] = x[i];
    batchnorm_train(y, saved, mean, var, x, NULL, NULL, false, N, C, P, 0, 0.1f, NULL);
    for (int c = 0; c < C; c++) {
        plain_moments(&m, &v, xd, &s, c, 0, N);
        assert_true(fabs(mean[c] - (0.9 + 0.1 * m)) < 1e-6);
        assert_true(fabs(var[c] - (1.8 + 0.1 * v * (N * P) / (N * P - 1))) < 1e-6);
        assert_true(fabs(y[c * P] - (x[c * P] - m) / sqrt(v)) < 1e-5);
    }
    batchnorm_backward(NULL, dscale, NULL, y, x, saved, NULL, false, false, N, C, P, false, NULL);
    for (int c = 0; c < C; c++) assert_true(fabs(dscale[c] - N * P) < 1e-4); /* sum of xhat^2 */
}

/* A mean far from zero must not eat the variance. */
static void large_offset(void **state)
{
    enum { N = 4, P = 784 };
    static float x[N * P], y[N * P];
    float saved[2], mean = 0, var = 0;
    double sum = 0, square = 0;
    (void)state;
    rng_fill_normal(x, N * P, 5, RNG_TEST);
    for (int i = 0; i < N * P; i++) x[i] = x[i] * 0.5f + 4096;
    batchnorm_train(y, saved, &mean, &var, x, NULL, NULL, false, N, 1, P, 1e-5f, 1, NULL);
    for (int i = 0; i < N * P; i++) sum += y[i], square += (double)y[i] * y[i];
    assert_true(fabs(sum / (N * P)) < 1e-3 && fabs(square / (N * P) - 1) < 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batchnorm_training), cmocka_unit_test(batchnorm_frozen),
        cmocka_unit_test(instancenorm),       cmocka_unit_test(running_statistics),
        cmocka_unit_test(large_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
