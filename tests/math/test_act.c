/* Activations, vectors and broadcasting. */
#include "gradcheck.h"
#include "math/act.h"

typedef struct {
    int kind;
    float alpha, gain;
    size_t n;
} ActSpec;

static double act_in_double(double x, int kind, double alpha)
{
    switch (kind) {
    case MATH_RELU:
        return x > 0 ? x : 0;
    case MATH_LEAKY:
        return x > 0 ? x : alpha * x;
    case MATH_TANH:
        return tanh(x);
    case MATH_SIGMOID:
        return 1 / (1 + exp(-x));
    case MATH_SOFTPLUS:
        return log1p(exp(x));
    case MATH_EXP:
        return exp(x);
    default:
        return sqrt(x);
    }
}

static void act_oracle(double *y, const double *const *in, const void *spec)
{
    const ActSpec *s = spec;
    for (size_t i = 0; i < s->n; i++) y[i] = s->gain * act_in_double(in[0][i], s->kind, s->alpha);
}

static void act_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                    const void *spec, Pool *pool)
{
    const ActSpec *s = spec;
    act_forward(y, in[0], s->n, s->kind, s->alpha, s->gain, pool);
    act_backward(grad[0], dy, y, s->n, s->kind, s->alpha, s->gain, accumulate, pool);
}

static const char *const act_names[] = {"relu", "leaky", "tanh", "sigmoid", "softplus", "exp", "sqrt"};

static void activations(void **state)
{
    static const size_t sizes[] = {1, 15, 17, 315, 40000};
    (void)state;
    for (int kind = MATH_RELU; kind <= MATH_SQRT; kind++)
        for (int i = 0; i < 5; i++) {
            ActSpec s = {kind, 0.2f, i % 2 ? 1.0f : 1.4142135f, sizes[i]};
            op_test(&(OpTest){.name = act_names[kind],
                              .inputs = 1,
                              .in = {s.n},
                              .out = s.n,
                              .oracle = act_oracle,
                              .run = act_run,
                              .spec = &s,
                              .positive = kind == MATH_SQRT});
        }
}

/* Over a wide range, in place, and against the twin of the header. */
static void activations_far_out(void **state)
{
    enum { N = 4001 };
    static float x[N], y[N], want[N];
    (void)state;
    for (int kind = MATH_RELU; kind <= MATH_EXP; kind++) {
        for (int i = 0; i < N; i++) x[i] = y[i] = (float)(i - N / 2) * 0.02f;
        act_forward_naive(want, x, N, kind, 0.1f, 2);
        act_forward(y, y, N, kind, 0.1f, 2, NULL);
        for (int i = 0; i < N; i++)
            if (!(fabsf(y[i] - want[i]) <= 1e-6f * fabsf(want[i]) + 1e-30f))
                fail_msg("%s(%g): %.9g, wanted %.9g", act_names[kind], x[i], y[i], want[i]);
    }
}

static void a_nan_stays_a_nan(void **state)
{
    (void)state;
    for (int kind = MATH_RELU; kind <= MATH_SQRT; kind++) {
        float x[20] = {0};
        for (int i = 0; i < 20; i++) x[i] = NAN;
        act_forward(x, x, 20, kind, 0.2f, 1, NULL);
        for (int i = 0; i < 20; i++) assert_true(isnan(x[i]));
    }
    float odd[40] = {0};
    assert_true(vec_finite(odd, 40));
    for (int i = 0; i < 40; i++) {
        odd[i] = i % 3 ? INFINITY : NAN;
        assert_false(vec_finite(odd, 40));
        odd[i] = i % 2 ? 3e38f : 1e-42f;
    }
    assert_true(vec_finite(odd, 40));
}

static void backward_in_place(void **state)
{
    float dy[33], dx[33], y[33];
    (void)state;
    rng_fill_normal(dy, 33, 1, RNG_TEST);
    rng_fill_normal(y, 33, 2, RNG_TEST);
    act_backward(dx, dy, y, 33, MATH_LEAKY, 0.2f, 1.5f, false, NULL);
    act_backward(dy, dy, y, 33, MATH_LEAKY, 0.2f, 1.5f, false, NULL);
    assert_memory_equal(dx, dy, sizeof dx);
}

static void vectors(void **state)
{
    enum { N = 50001 };
    static float a[N], b[N], y[N];
    double sum = 0;
    (void)state;
    Pool *pool = pool_new(3, 0, NULL);
    rng_fill_normal(a, N, 1, RNG_TEST);
    rng_fill_normal(b, N, 2, RNG_TEST);
    for (int i = 0; i < N; i++) sum += (double)a[i] * b[i];
    assert_true(fabs(vec_dot(a, b, N) - sum) < 1e-9);
    vec_scale(y, a, N, 2, -1, pool);
    for (int i = 0; i < N; i++) assert_true(y[i] == a[i] * 2 - 1);
    vec_axpy(y, b, N, 0.5f, pool);
    for (int i = 0; i < N; i++) assert_true(y[i] == (a[i] * 2 - 1) + 0.5f * b[i]);
    pool_free(pool);
}

typedef struct {
    int a[6], b[6], ranks[2], out[6], rank;
    bool mul;
    Broadcast shape;
} CastSpec;

/* Where in an operand the result's element `index` reads, from the shapes alone. */
static size_t cast_at(const CastSpec *s, const int *dim, int rank, size_t index)
{
    size_t at = 0, step = 1;
    for (int i = 0; i < s->rank; i++) {
        size_t k = index % (size_t)s->out[s->rank - 1 - i];
        index /= (size_t)s->out[s->rank - 1 - i];
        int d = i < rank ? dim[rank - 1 - i] : 1;
        at += (d == 1 ? 0 : k) * step;
        step *= (size_t)d;
    }
    return at;
}

static size_t product(const int *dim, int rank)
{
    size_t n = 1;
    for (int i = 0; i < rank; i++) n *= (size_t)dim[i];
    return n;
}

static void cast_oracle(double *y, const double *const *in, const void *spec)
{
    const CastSpec *s = spec;
    for (size_t i = 0; i < product(s->out, s->rank); i++) {
        double a = in[0][cast_at(s, s->a, s->ranks[0], i)], b = in[1][cast_at(s, s->b, s->ranks[1], i)];
        y[i] = s->mul ? a * b : a + b;
    }
}

static void cast_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                     const void *spec, Pool *pool)
{
    const CastSpec *s = spec;
    (void)accumulate;
    (s->mul ? broadcast_mul : broadcast_add)(y, in[0], in[1], &s->shape, pool);
    for (int which = 0; which < 2; which++)
        broadcast_reduce(grad[which], dy, s->mul ? in[1 - which] : NULL, &s->shape, which);
}

static void broadcasting(void **state)
{
    static const CastSpec cases[] = {
        {.a = {2, 3, 5, 9}, .b = {2, 3, 5, 9}, .ranks = {4, 4}},
        {.a = {2, 3, 28, 28}, .b = {1, 3, 1, 1}, .ranks = {4, 4}},
        {.a = {3, 1, 1}, .b = {2, 3, 5, 9}, .ranks = {3, 4}},
        {.a = {2, 1, 5, 9}, .b = {2, 3, 5, 9}, .ranks = {4, 4}},
        {.a = {2, 3}, .b = {1}, .ranks = {2, 1}},
        {.a = {7, 1}, .b = {1, 5}, .ranks = {2, 2}},
        {.a = {2, 1, 3, 1, 2, 1}, .b = {1, 4, 1, 5, 1, 3}, .ranks = {6, 6}},
        {.a = {1}, .b = {1, 1}, .ranks = {1, 2}},
        {.a = {64, 1, 300}, .b = {3, 1}, .ranks = {3, 2}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int mul = 0; mul < 2; mul++) {
            CastSpec s = cases[i];
            s.mul = mul;
            assert_true(broadcast_make(&s.shape, s.out, &s.rank, s.a, s.ranks[0], s.b, s.ranks[1]));
            op_test(&(OpTest){.name = mul ? "broadcast mul" : "broadcast add",
                              .inputs = 2,
                              .in = {product(s.a, s.ranks[0]), product(s.b, s.ranks[1])},
                              .out = product(s.out, s.rank),
                              .oracle = cast_oracle,
                              .run = cast_run,
                              .spec = &s,
                              .adds = 3});
        }
}

static void shapes_that_do_not_match(void **state)
{
    Broadcast b;
    int out[6], rank;
    (void)state;
    assert_false(broadcast_make(&b, out, &rank, (int[]){2, 3}, 2, (int[]){2}, 1));
    assert_false(broadcast_make(&b, out, &rank, (int[]){0, 3}, 2, (int[]){3}, 1));
    assert_false(broadcast_make(&b, out, &rank, (int[]){1, 1, 1, 1, 1, 1, 1}, 7, (int[]){1}, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations),
        cmocka_unit_test(activations_far_out),
        cmocka_unit_test(a_nan_stays_a_nan),
        cmocka_unit_test(backward_in_place),
        cmocka_unit_test(vectors),
        cmocka_unit_test(broadcasting),
        cmocka_unit_test(shapes_that_do_not_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
