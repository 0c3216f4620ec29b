/* Functions of one and two numbers, choices, gathering, reductions, channels: against oracles in double. */
#include "gradcheck.h"
#include "math/axis.h"
#include "math/pair.h"
#include "math/point.h"

/* ---- point ------------------------------------------------------------------------------------------------
 */

typedef struct {
    PointKind kind;
    float a, b;
    size_t n;
} PointSpec;

static void point_oracle(double *y, const double *const *in, const void *spec)
{
    const PointSpec *s = spec;
    for (size_t i = 0; i < s->n; i++) y[i] = point_naive(in[0][i], s->kind, (double)s->a, (double)s->b);
}

static void point_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                      const void *spec, Pool *pool)
{
    const PointSpec *s = spec;
    point_forward(y, in[0], s->n, s->kind, s->a, s->b, pool);
    point_backward(grad[0], dy, in[0], y, s->n, s->kind, s->a, s->b, accumulate, pool);
}

static void points(void **state)
{
    static const struct {
        PointKind kind;
        float a, b;
        bool positive;
    } all[] = {
        {POINT_ABS, 0, 0, false},
        {POINT_RECIPROCAL, 0, 0, true},
        {POINT_LOG, 0, 0, true},
        {POINT_POW, 2, 0, false},
        {POINT_POW, 3, 0, false},
        {POINT_POW, 0.5f, 0, true},
        {POINT_POW, -0.5f, 0, true},
        {POINT_POW, -1, 0, true},
        {POINT_POW, 1, 0, false},
        {POINT_POW, 1.7f, 0, true},
        {POINT_POW, 4, 0, false},
        {POINT_POW, 5, 0, false},
        {POINT_ERF, 0, 0, false},
        {POINT_SIN, 0, 0, false},
        {POINT_COS, 0, 0, false},
        {POINT_ELU, 1, 1, false},
        {POINT_ELU, 1.67f, 1.05f, false},
        {POINT_SOFTSIGN, 0, 0, false},
        {POINT_HARD_SIGMOID, 0.2f, 0.5f, false},
        {POINT_CLIP, -1, 1.2f, false},
        {POINT_FLOOR, 0, 0, false},
        {POINT_CEIL, 0, 0, false},
        {POINT_ROUND, 0, 0, false},
        {POINT_SIGN, 0, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (size_t n = 1; n < 40000; n += 17001) {
            PointSpec s = {all[i].kind, all[i].a, all[i].b, n};
            op_test(&(OpTest){.name = "point",
                              .inputs = 1,
                              .in = {n},
                              .out = n,
                              .oracle = point_oracle,
                              .run = point_run,
                              .spec = &s,
                              .positive = all[i].positive});
        }
}

/* What no oracle in double tells: powers of zero and of negative numbers, logarithms outside their range. */
static void edges(void **state)
{
    float y[4];
    (void)state;
    point_forward(y, (float[]){-2, 0, 2, -8}, 4, POINT_POW, 1.5f, 0, NULL);
    assert_true(isnan(y[0]) && y[1] == 0 && isnan(y[3]));
    point_forward(y, (float[]){0, 0, 1, 1}, 4, POINT_POW, -2.5f, 0, NULL);
    assert_true(isinf(y[0]) && fabsf(y[2] - 1) < 1e-6f);
    point_forward(y, (float[]){0, -1, 1, 2}, 4, POINT_LOG, 0, 0, NULL);
    assert_true(isinf(y[0]) && isnan(y[1]) && y[2] == 0);
}

/* ---- pair, select -----------------------------------------------------------------------------------------
 */

typedef struct {
    PairKind kind; /* PAIR_KINDS: select */
    int dim[3][6], rank[3];
    Spread s;
    size_t n;
} PairSpec;

static size_t at(const Spread *s, size_t i, int operand)
{
    size_t place = 0;
    for (int d = s->rank - 1; d >= 0; i /= (size_t)s->dim[d--])
        place += i % (size_t)s->dim[d] * s->stride[operand][d];
    return place;
}

static void pair_oracle(double *y, const double *const *in, const void *spec)
{
    const PairSpec *p = spec;
    for (size_t i = 0; i < p->n; i++)
        y[i] = p->kind == PAIR_KINDS
                   ? in[0][at(&p->s, i, 0)] != 0 ? in[1][at(&p->s, i, 1)] : in[2][at(&p->s, i, 2)]
                   : pair_naive(in[0][at(&p->s, i, 0)], in[1][at(&p->s, i, 1)], p->kind);
}

static void pair_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                     const void *spec, Pool *pool)
{
    const PairSpec *p = spec;
    (void)accumulate, (void)pool;
    if (p->kind == PAIR_KINDS) {
        for (size_t i = 0; i < p->n; i += 3) ((float *)in[0])[at(&p->s, i, 0)] = 0;
        select_forward(y, in[0], in[1], in[2], &p->s);
        select_backward(grad[1], dy, in[0], &p->s, 1);
        select_backward(grad[2], dy, in[0], &p->s, 2);
        return;
    }
    pair_forward(y, in[0], in[1], &p->s, p->kind);
    for (int i = 0; i < 2; i++) pair_backward(grad[i], dy, in[0], in[1], &p->s, p->kind, i);
}

static void check_pair(PairSpec p, int operands)
{
    OpTest t = {
        .name = "pair", .inputs = operands, .oracle = pair_oracle, .run = pair_run, .spec = &p, .adds = 7};
    assert_true(spread_make(&p.s, (const int(*)[6])p.dim, p.rank, operands));
    p.n = 1;
    for (int i = 0; i < p.s.rank; i++) p.n *= (size_t)p.s.dim[i];
    for (int k = 0; k < operands; k++) {
        t.in[k] = 1;
        for (int i = 0; i < p.rank[k]; i++) t.in[k] *= (size_t)p.dim[k][i];
    }
    t.out = p.n;
    t.positive = p.kind == PAIR_DIV ? 2u : p.kind == PAIR_POW ? 1u : 0;
    t.constant = operands == 3;
    op_test(&t);
}

static void pairs(void **state)
{
    (void)state;
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
        check_pair((PairSpec){.kind = (PairKind)kind, .dim = {{2, 3, 4, 5}, {3, 1, 5}}, .rank = {4, 3}}, 2);
        check_pair((PairSpec){.kind = (PairKind)kind, .dim = {{1}, {2, 7}}, .rank = {1, 2}}, 2);
        check_pair((PairSpec){.kind = (PairKind)kind, .dim = {{2, 6, 1}, {2, 1, 3}}, .rank = {3, 3}}, 2);
    }
    check_pair((PairSpec){.kind = PAIR_KINDS, .dim = {{2, 1, 5}, {3, 1}, {2, 3, 5}}, .rank = {3, 2, 3}}, 3);
}

static void unequal(void **state)
{
    Spread s;
    (void)state;
    assert_false(spread_make(&s, (const int[2][6]){{2, 3}, {2, 4}}, (int[]){2, 2}, 2));
    assert_false(spread_make(&s, (const int[2][6]){{2}, {0}}, (int[]){1, 1}, 2));
    assert_true(spread_make(&s, (const int[2][6]){{0}, {0}}, (int[]){0, 0}, 2));
    assert_int_equal(s.dim[0], 1);
}

/* ---- gather, reduce, affine -------------------------------------------------------------------------------
 */

typedef struct {
    Axis a;
    int O, T, kind;
} AxisSpec;

static size_t index_at(const AxisSpec *s, double index)
{
    return index <= 0 ? 0 : index >= (double)s->a.along ? s->a.along - 1 : (size_t)index;
}

static void gather_oracle(double *y, const double *const *in, const void *spec)
{
    const AxisSpec *s = spec;
    size_t inner = s->a.inner;
    for (size_t i = 0; i < s->a.outer * (size_t)s->O * inner; i++) {
        size_t outer = i / inner / (size_t)s->O, o = i / inner % (size_t)s->O;
        y[i] = 0;
        for (size_t t = 0; t < (size_t)s->T; t++) {
            size_t from = index_at(s, in[1][o * (size_t)s->T + t]);
            y[i] += in[2][o * (size_t)s->T + t] * in[0][(outer * s->a.along + from) * inner + i % inner];
        }
    }
}

static void gather_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                       const void *spec, Pool *pool)
{
    const AxisSpec *s = spec;
    (void)accumulate;
    for (int i = 0; i < s->O * s->T; i++) ((float *)in[1])[i] = (float)(i * 3 % ((int)s->a.along + 2) - 1);
    gather_forward(y, in[0], in[1], in[2], &s->a, s->O, s->T, pool);
    gather_backward(grad[0], dy, in[1], in[2], &s->a, s->O, s->T);
}

static void gathers(void **state)
{
    (void)state;
    for (int T = 1; T <= 4; T++) {
        AxisSpec s = {{3, 5, T % 2 ? 1 : 7}, 8, T, 0};
        op_test(&(OpTest){.name = "gather",
                          .inputs = 3,
                          .in = {s.a.outer * s.a.along * s.a.inner, (size_t)(8 * T), (size_t)(8 * T)},
                          .out = s.a.outer * 8 * s.a.inner,
                          .oracle = gather_oracle,
                          .run = gather_run,
                          .spec = &s,
                          .constant = 6,
                          .adds = 1});
    }
}

static void reduce_oracle(double *y, const double *const *in, const void *spec)
{
    const AxisSpec *s = spec;
    for (size_t i = 0; i < s->a.outer * s->a.inner; i++) {
        const double *x = in[0] + i / s->a.inner * s->a.along * s->a.inner + i % s->a.inner;
        y[i] = *x;
        for (size_t k = 1; k < s->a.along; k++) {
            double v = x[k * s->a.inner];
            y[i] = s->kind == REDUCE_MAX ? fmax(y[i], v) : s->kind == REDUCE_MIN ? fmin(y[i], v) : y[i] + v;
        }
        if (s->kind == REDUCE_MEAN) y[i] /= (double)s->a.along;
    }
}

static void reduce_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                       const void *spec, Pool *pool)
{
    const AxisSpec *s = spec;
    (void)accumulate;
    reduce_forward(y, in[0], &s->a, (ReduceKind)s->kind, pool);
    reduce_backward(grad[0], dy, in[0], &s->a, (ReduceKind)s->kind);
}

static void reductions(void **state)
{
    (void)state;
    for (int kind = 0; kind < REDUCE_KINDS; kind++)
        for (size_t inner = 1; inner < 8; inner += 6) {
            AxisSpec s = {{4, 33, inner}, 0, 0, kind};
            op_test(&(OpTest){.name = "reduce",
                              .inputs = 1,
                              .in = {4 * 33 * inner},
                              .out = 4 * inner,
                              .oracle = reduce_oracle,
                              .run = reduce_run,
                              .spec = &s,
                              .adds = 1});
        }
}

typedef struct {
    int N, C, P;
    bool per_image[2];
} AffineSpec;

static void affine_oracle(double *y, const double *const *in, const void *spec)
{
    const AffineSpec *s = spec;
    for (int i = 0; i < s->N * s->C * s->P; i++) {
        int nc = i / s->P, c = nc % s->C;
        y[i] = in[0][i] * in[1][s->per_image[0] ? nc : c] + in[2][s->per_image[1] ? nc : c];
    }
}

static void affine_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                       const void *spec, Pool *pool)
{
    const AffineSpec *s = spec;
    affine_forward(y, in[0], in[1], in[2], s->per_image, s->N, s->C, s->P, pool);
    affine_backward(grad[0], grad[1], grad[2], dy, in[0], in[1], s->per_image, s->N, s->C, s->P, accumulate);
}

static void affines(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        AffineSpec s = {3, 5, i ? 9 : 1, {i & 1, i & 2}};
        op_test(&(OpTest){.name = "affine",
                          .inputs = 3,
                          .in = {(size_t)(15 * s.P), i & 1 ? 15 : 5, i & 2 ? 15 : 5},
                          .out = (size_t)(15 * s.P),
                          .oracle = affine_oracle,
                          .run = affine_run,
                          .spec = &s,
                          .adds = 6});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points),     cmocka_unit_test(edges),   cmocka_unit_test(pairs),
        cmocka_unit_test(unequal),    cmocka_unit_test(gathers), cmocka_unit_test(affines),
        cmocka_unit_test(reductions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
