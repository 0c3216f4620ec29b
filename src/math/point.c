/* One loop forward and one backward for each function, written once as an expression of x, a, b (and y). */
#include "math/point.h"
#include "base/elem.h"
#include "math/piece.h"
#include <math.h>

/* ---- What elem.h does not have ----------------------------------------------------------------------------
 */

/* Of 2 pi turns, elem.h's own unit, for |x| up to 6e4. */
static inline float sine(float x)
{
    float s, c;
    elem_sincos(&s, &c, x * 0.159154943091895336f);
    return s;
}

static inline float cosine(float x)
{
    float s, c;
    elem_sincos(&s, &c, x * 0.159154943091895336f);
    return c;
}

/* Abramowitz & Stegun 7.1.26, error below 1.5e-7; near zero the series, which keeps small results precise. */
static inline float error_function(float x)
{
    float z = fabsf(x), t = 1.0f / (1.0f + 0.3275911f * z);
    float p =
        ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    float far = 1.0f - p * elem_exp(-z * z), q = z * z;
    float near = z * (1.12837916f +
                      q * (-0.376126389f + q * (0.112837917f + q * (-0.0268661706f + q * 0.00522397762f))));
    return copysignf(z < 0.5f ? near : far, x);
}

static inline float power(float x, float a)
{
    if (a == 2) return x * x;
    if (a == 1) return x;
    if (a == 0.5f) return sqrtf(x);
    if (a == 3) return x * x * x;
    if (a == -1) return 1 / x;
    if (a == -0.5f) return 1 / sqrtf(x);
    if (x == 0) return a > 0 ? 0 : a == 0 ? 1 : INFINITY;
    float size = elem_exp(a * elem_log(fabsf(x)));
    if (x > 0) return size;
    if (a != floorf(a)) return NAN;
    return fmodf(a, 2) == 0 ? size : -size;
}

static inline float sign(float x)
{
    return (float)((x > 0) - (x < 0));
}

static inline float inside(float x, float low, float high)
{
    return x > low && x < high ? 1.0f : 0.0f;
}

static inline float clip(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* ---- The loops --------------------------------------------------------------------------------------------
 */

/* kind, y, dy/dx */
#define POINTS(X)                                                                                            \
    X(ABS, fabsf(x), sign(x))                                                                                \
    X(RECIPROCAL, 1 / x, -y * y)                                                                             \
    X(LOG, x > 0 ? elem_log(x) : x == 0 ? -INFINITY : NAN, 1 / x)                                            \
    X(POW, power(x, a), a *power(x, a - 1))                                                                  \
    X(ERF, error_function(x), 1.12837916709551257f * elem_exp(-x * x))                                       \
    X(SIN, sine(x), cosine(x))                                                                               \
    X(COS, cosine(x), -sine(x))                                                                              \
    X(ELU, b *(x > 0 ? x : a * (elem_exp(x) - 1)), x > 0 ? b : y + a * b)                                    \
    X(SOFTSIGN, x / (1 + fabsf(x)), 1 / ((1 + fabsf(x)) * (1 + fabsf(x))))                                   \
    X(HARD_SIGMOID, clip(a *x + b, 0, 1), a *inside(y, 0, 1))                                                \
    X(CLIP, clip(x, a, b), inside(x, a, b))                                                                  \
    X(FLOOR, floorf(x), 0)                                                                                   \
    X(CEIL, ceilf(x), 0)                                                                                     \
    X(ROUND, rintf(x), 0)                                                                                    \
    X(SIGN, sign(x), 0)

typedef struct {
    float *to;
    const float *x, *y, *dy;
    size_t n;
    PointKind kind;
    float a, b;
    bool accumulate;
} Job;

#define LOOPS(KIND, VALUE, SLOPE)                                                                            \
    static void forward_##KIND(const Job *j)                                                                 \
    {                                                                                                        \
        const float a = j->a, b = j->b;                                                                      \
        (void)a, (void)b;                                                                                    \
        for (size_t i = 0; i < j->n; i++) {                                                                  \
            const float x = j->x[i];                                                                         \
            j->to[i] = VALUE;                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    static void backward_##KIND(const Job *j)                                                                \
    {                                                                                                        \
        const float a = j->a, b = j->b;                                                                      \
        (void)a, (void)b;                                                                                    \
        for (size_t i = 0; i < j->n; i++) {                                                                  \
            const float x = j->x[i], y = j->y[i], was = j->accumulate ? j->to[i] : 0;                        \
            (void)x, (void)y;                                                                                \
            j->to[i] = was + j->dy[i] * (SLOPE);                                                             \
        }                                                                                                    \
    }
POINTS(LOOPS)

static const struct {
    void (*forward)(const Job *), (*backward)(const Job *);
} loops[] = {
#define ROW(KIND, VALUE, SLOPE) [POINT_##KIND] = {forward_##KIND, backward_##KIND},
    POINTS(ROW)};

static Job piece(const Job *all, int index)
{
    Job j = *all;
    size_t at = piece_at(index);
    j.to += at, j.x += at, j.n = piece_length(all->n, index);
    if (j.y) j.y += at;
    if (j.dy) j.dy += at;
    return j;
}

static void forward_piece(void *ctx, int index, int worker)
{
    Job j = piece(ctx, index);
    (void)worker;
    loops[j.kind].forward(&j);
}

static void backward_piece(void *ctx, int index, int worker)
{
    Job j = piece(ctx, index);
    (void)worker;
    loops[j.kind].backward(&j);
}

void point_forward(float *y, const float *x, size_t n, PointKind kind, float a, float b, Pool *pool)
{
    Job j = {.to = y, .x = x, .n = n, .kind = kind, .a = a, .b = b};
    pool_run(pool, piece_count(n), forward_piece, &j);
}

void point_backward(float *dx, const float *dy, const float *x, const float *y, size_t n, PointKind kind,
                    float a, float b, bool accumulate, Pool *pool)
{
    Job j = {dx, x, y, dy, n, kind, a, b, accumulate};
    pool_run(pool, piece_count(n), backward_piece, &j);
}

double point_naive(double x, PointKind kind, double a, double b)
{
    switch (kind) {
    case POINT_ABS:
        return fabs(x);
    case POINT_RECIPROCAL:
        return 1 / x;
    case POINT_LOG:
        return log(x);
    case POINT_POW:
        return pow(x, a);
    case POINT_ERF:
        return erf(x);
    case POINT_SIN:
        return sin(x);
    case POINT_COS:
        return cos(x);
    case POINT_ELU:
        return b * (x > 0 ? x : a * expm1(x));
    case POINT_SOFTSIGN:
        return x / (1 + fabs(x));
    case POINT_HARD_SIGMOID:
        return fmin(fmax(a * x + b, 0), 1);
    case POINT_CLIP:
        return fmin(fmax(x, a), b);
    case POINT_FLOOR:
        return floor(x);
    case POINT_CEIL:
        return ceil(x);
    case POINT_ROUND:
        return rint(x);
    default:
        return (x > 0) - (x < 0);
    }
}
