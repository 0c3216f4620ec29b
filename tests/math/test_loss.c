/* Losses: values against double formulas, gradients against central differences. */
#include "gradcheck.h"
#include "math/loss.h"
#include "math/vicreg.h"

typedef struct {
    int N, D;
    float tau;
    const int *origin; /* (2N), NULL: every pair its own */
} LossSpec;

static double cosine(const double *a, const double *b, int D)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < D; i++) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    return ab / sqrt(aa * bb);
}

static void contrast_oracle(double *y, const double *const *in, const void *spec)
{
    const LossSpec *s = spec;
    y[0] = 0;
    for (int i = 0; i < 2 * s->N; i++) {
        double sum = 0, pair = 0;
        for (int j = 0; j < 2 * s->N; j++) {
            double c = cosine(in[0] + i * s->D, in[0] + j * s->D, s->D) / s->tau;
            bool mine = j == (i + s->N) % (2 * s->N), same = s->origin && s->origin[i] == s->origin[j];
            if (j != i && (mine || !same)) sum += exp(c);
            if (mine) pair = c;
        }
        y[0] += (log(sum) - pair) / (2 * s->N);
    }
}

/* The loss itself is the output; its gradient comes for dy = 1 and is scaled here. */
static void scaled(float *grad, const float *own, size_t n, float by, bool accumulate)
{
    for (size_t i = 0; i < n; i++) grad[i] = (accumulate ? grad[i] : 0) + own[i] * by;
}

static void contrast_run(float *y, float *const *grad, const float *const *in, const float *dy,
                         bool accumulate, const void *spec, Pool *pool)
{
    const LossSpec *s = spec;
    size_t n = (size_t)(2 * s->N * s->D), rows = (size_t)(4 * s->N * s->N), work = ntxent_scratch(s->N, s->D);
    float *dh = floats(n), *similarity = floats(rows), *scratch = floats(work);
    y[0] = (float)ntxent(dh, similarity, in[0], s->origin, s->N, s->D, s->tau, scratch, pool);
    for (int i = 0; i < 2 * s->N; i++) assert_true(similarity[i * (2 * s->N + 1)] == -INFINITY);
    scaled(grad[0], dh, n, dy[0], accumulate);
    free_floats(dh, n), free_floats(similarity, rows), free_floats(scratch, work);
}

static void contrastive(void **state)
{
    /* Three pairs of one picture, two of another; and a batch of one picture alone, whose loss is 0. */
    static const int origin[] = {0, 1, 0, 2, 3, 1, 0, 0, 1, 0, 2, 3, 1, 0}, one[4] = {0};
    static const LossSpec specs[] = {{1, 3, 0.5f, NULL},   {2, 5, 0.5f, NULL},    {7, 17, 0.1f, NULL},
                                     {24, 33, 0.5f, NULL}, {7, 17, 0.1f, origin}, {7, 5, 0.5f, origin}};
    float alone[4 * 3] = {1, 2, 3, 3, -2, 1, 0, 1, 0, 2, 2, 1}, dh[4 * 3], similarity[16],
                    *scratch = floats(ntxent_scratch(2, 3));
    assert_true(fabs(ntxent(dh, similarity, alone, one, 2, 3, 0.5f, scratch, NULL)) < 1e-6);
    for (int i = 0; i < 12; i++) assert_true(fabsf(dh[i]) < 1e-6f);
    free_floats(scratch, ntxent_scratch(2, 3));
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        size_t n = (size_t)(2 * specs[i].N * specs[i].D);
        OpTest t = {.name = "ntxent",
                    .inputs = 1,
                    .in = {n},
                    .out = 1,
                    .oracle = contrast_oracle,
                    .run = contrast_run,
                    .spec = &specs[i],
                    .isa_may_differ = true};
        if (specs[i].N > 1) op_test(&t); /* of one pair the loss is always 0 */
    }
}

static void contrastive_twin(void **state)
{
    enum { PAIRS = 6, D = 9, ALL = 2 * PAIRS * D };
    float h[ALL], dh[ALL], twin[ALL], similarity[4 * PAIRS * PAIRS],
        *scratch = floats(ntxent_scratch(PAIRS, D));
    (void)state;
    rng_fill_normal(h, ALL, 3, RNG_TEST);
    double loss = ntxent(dh, similarity, h, NULL, PAIRS, D, 0.2f, scratch, NULL);
    assert_true(fabs(loss - ntxent_naive(twin, h, NULL, PAIRS, D, 0.2f)) < 1e-6);
    assert_true(worst_float_gap(dh, twin, ALL) < 1e-5);
    static const int origin[2 * PAIRS] = {0, 1, 2, 0, 1, 0, 0, 1, 2, 0, 1, 0};
    loss = ntxent(dh, similarity, h, origin, PAIRS, D, 0.2f, scratch, NULL);
    assert_true(fabs(loss - ntxent_naive(twin, h, origin, PAIRS, D, 0.2f)) < 1e-6);
    assert_true(worst_float_gap(dh, twin, ALL) < 1e-5);
    double own[ALL];
    for (int i = 0; i < ALL; i++) own[i] = h[i];
    assert_true(fabs(similarity[1] - cosine(own, own + D, D) / 0.2) < 1e-5);
    assert_true(fabs(ntxent(dh, similarity, h, NULL, 1, D, 0.2f, scratch, NULL)) < 1e-6);
    free_floats(scratch, ntxent_scratch(PAIRS, D));
}

/* Rows of three classes, and of one alone with its pair: the naive twin, and NT-Xent where every pair has a
 * label of its own. */
static void labelled_twin(void **state)
{
    enum { PAIRS = 7, D = 9, ROWS = 2 * PAIRS, ALL = ROWS * D };
    static const int label[ROWS] = {0, 1, 0, 2, 1, 3, 1, 0, 1, 0, 2, 1, 3, 1};
    float h[ALL], dh[ALL], twin[ALL], similarity[ROWS * ROWS], *scratch = floats(ntxent_scratch(PAIRS, D));
    int own[ROWS];
    (void)state;
    rng_fill_normal(h, ALL, 4, RNG_TEST);
    double loss = supcon(dh, similarity, h, label, PAIRS, D, 0.2f, 1.5f, scratch, NULL);
    assert_true(fabs(loss - supcon_naive(twin, h, label, PAIRS, D, 0.2f, 1.5f)) < 1e-5);
    assert_true(worst_float_gap(dh, twin, ALL) < 1e-5);
    for (int i = 0; i < ROWS; i++) own[i] = i % PAIRS;
    loss = supcon(dh, similarity, h, own, PAIRS, D, 0.2f, 1, scratch, NULL);
    assert_true(fabs(loss - ntxent(twin, similarity, h, NULL, PAIRS, D, 0.2f, scratch, NULL)) < 1e-6);
    assert_true(worst_float_gap(dh, twin, ALL) < 1e-6);
    free_floats(scratch, ntxent_scratch(PAIRS, D));
}

static void regularised_twin(void **state)
{
    static const struct {
        int N, D;
        float scale;
    } cases[] = {{2, 3, 1}, {6, 9, 0.4f}, {20, 7, 2}, {33, 17, 0.1f}};
    float h[2000], dh[2000], twin[2000];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int N = cases[i].N, D = cases[i].D, n = 2 * N * D;
        float *scratch = floats(vicreg_scratch(N, D));
        rng_fill_normal(h, (size_t)n, 5 + i, RNG_TEST);
        for (int k = 0; k < n; k++) h[k] *= cases[i].scale;
        double loss = vicreg(dh, h, N, D, scratch, NULL), naive = vicreg_naive(twin, h, N, D);
        assert_true(fabs(loss - naive) < 1e-5 * naive);
        assert_true(worst_float_gap(dh, twin, (size_t)n) < 2e-5);
        free_floats(scratch, vicreg_scratch(N, D));
    }
}

/* The gradients' slopes against the loss itself, in double by plain loops. */
static void slopes(void **state)
{
    enum { PAIRS = 5, D = 4, ROWS = 2 * PAIRS, ALL = ROWS * D };
    static const int label[ROWS] = {0, 1, 0, 1, 1, 0, 1, 0, 1, 1};
    float h[ALL], dh[2][ALL], unused[ALL], target[ALL];
    (void)state;
    rng_fill_normal(h, ALL, 6, RNG_TEST);
    rng_fill_normal(target, ALL, 7, RNG_TEST);
    supcon_naive(dh[0], h, label, PAIRS, D, 0.5f, 1.4f);
    vicreg_naive(dh[1], h, PAIRS, D);
    for (int i = 0; i < ALL; i++) {
        float at = h[i], step = 1e-3f, up[3], down[3];
        for (int side = 0; side < 2; side++) {
            float *y = side ? down : up;
            h[i] = side ? at - step : at + step;
            y[0] = (float)(supcon_naive(unused, h, label, PAIRS, D, 0.5f, 1.4f));
            y[1] = (float)(vicreg_naive(unused, h, PAIRS, D));
            y[2] = (float)mean_square(unused, h, target, ALL);
        }
        h[i] = at;
        float square[ALL];
        mean_square(square, h, target, ALL);
        assert_true(fabsf((up[0] - down[0]) / (2 * step) - dh[0][i]) < 2e-3f);
        assert_true(fabsf((up[1] - down[1]) / (2 * step) - dh[1][i]) < 3e-2f);
        assert_true(fabsf((up[2] - down[2]) / (2 * step) - square[i]) < 1e-3f);
    }
}

static int label_of(int n, int C)
{
    return (n * 7 + 2) % C;
}

static void entropy_oracle(double *y, const double *const *in, const void *spec)
{
    const LossSpec *s = spec;
    y[0] = 0;
    for (int n = 0; n < s->N; n++) {
        double sum = 0;
        for (int c = 0; c < s->D; c++) sum += exp(in[0][n * s->D + c]);
        y[0] += (log(sum) - in[0][n * s->D + label_of(n, s->D)]) / s->N;
    }
}

static void entropy_run(float *y, float *const *grad, const float *const *in, const float *dy,
                        bool accumulate, const void *spec, Pool *pool)
{
    const LossSpec *s = spec;
    float dx[1000];
    int label[64], correct = -1;
    (void)pool;
    for (int n = 0; n < s->N; n++) label[n] = label_of(n, s->D);
    y[0] = (float)cross_entropy(dx, in[0], label, s->N, s->D, &correct);
    assert_true(y[0] == (float)cross_entropy(NULL, in[0], label, s->N, s->D, NULL));
    assert_in_range(correct, 0, s->N);
    scaled(grad[0], dx, (size_t)(s->N * s->D), dy[0], accumulate);
}

static void entropy(void **state)
{
    static const LossSpec specs[] = {{.N = 1, .D = 2}, {.N = 3, .D = 10}, {.N = 32, .D = 10}};
    float far[3] = {500, -500, 0};
    int correct;
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        op_test(&(OpTest){.name = "cross entropy",
                          .inputs = 1,
                          .in = {(size_t)(specs[i].N * specs[i].D)},
                          .out = 1,
                          .oracle = entropy_oracle,
                          .run = entropy_run,
                          .spec = &specs[i]});
    assert_true(fabs(cross_entropy(NULL, far, (int[]){1}, 1, 3, &correct) - 1000) < 1e-6 && correct == 0);
    assert_true(cross_entropy(NULL, far, (int[]){0}, 1, 3, &correct) < 1e-6 && correct == 1);
}

enum { HINGE_REAL, HINGE_FAKE, HINGE_GENERATOR, LOGISTIC_HIGH, LOGISTIC_LOW };
static const char *const gan_names[] = {"hinge real", "hinge fake", "hinge generator", "logistic high",
                                        "logistic low"};

static void gan_oracle(double *y, const double *const *in, const void *spec)
{
    const LossSpec *s = spec;
    y[0] = 0;
    for (int i = 0; i < s->N; i++) {
        double d = in[0][i];
        switch (s->D) {
        case HINGE_REAL:
            y[0] += d < 1 ? (1 - d) / s->N : 0;
            break;
        case HINGE_FAKE:
            y[0] += d > -1 ? (1 + d) / s->N : 0;
            break;
        case HINGE_GENERATOR:
            y[0] -= d / s->N;
            break;
        case LOGISTIC_HIGH:
            y[0] += log1p(exp(-d)) / s->N;
            break;
        default:
            y[0] += log1p(exp(d)) / s->N;
        }
    }
}

static void gan_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                    const void *spec, Pool *pool)
{
    const LossSpec *s = spec;
    float dd[64];
    (void)pool;
    switch (s->D) {
    case HINGE_REAL:
        y[0] = (float)hinge_real(dd, in[0], s->N);
        break;
    case HINGE_FAKE:
        y[0] = (float)hinge_fake(dd, in[0], s->N);
        break;
    case HINGE_GENERATOR:
        y[0] = (float)hinge_generator(dd, in[0], s->N);
        break;
    default:
        y[0] = (float)logistic_loss(dd, in[0], s->N, s->D == LOGISTIC_HIGH);
    }
    scaled(grad[0], dd, (size_t)s->N, dy[0], accumulate);
}

static void adversarial(void **state)
{
    (void)state;
    for (int kind = HINGE_REAL; kind <= LOGISTIC_LOW; kind++) {
        LossSpec s = {.N = 33, .D = kind};
        op_test(&(OpTest){.name = gan_names[kind],
                          .inputs = 1,
                          .in = {(size_t)s.N},
                          .out = 1,
                          .oracle = gan_oracle,
                          .run = gan_run,
                          .spec = &s});
    }
    float far[2] = {200, -200}, dd[2];
    assert_true(fabs(logistic_loss(dd, far, 2, true) - 100) < 1e-6 && dd[0] == 0 && dd[1] == -0.5f);
    far[0] = NAN;
    assert_true(isnan(hinge_real(dd, far, 2)) && isnan(logistic_loss(dd, far, 2, true)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contrastive),   cmocka_unit_test(contrastive_twin),
        cmocka_unit_test(labelled_twin), cmocka_unit_test(regularised_twin),
        cmocka_unit_test(slopes),        cmocka_unit_test(entropy),
        cmocka_unit_test(adversarial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
