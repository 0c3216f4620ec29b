/* Rows of the innermost dimension over strides; a loop per function. */
#include "math/pair.h"
#include "math/point.h"
#include <math.h>
#include <string.h>

/* ---- Walking ----------------------------------------------------------------------------------------------
 */

bool spread_make(Spread *s, const int (*dim)[6], const int *rank, int operands)
{
    size_t step[SPREAD_OPERANDS];
    *s = (Spread){0};
    for (int k = 0; k < operands; k++) {
        if (rank[k] > 6) return false;
        if (rank[k] > s->rank) s->rank = rank[k];
        step[k] = 1;
    }
    for (int i = s->rank - 1; i >= 0; i--) {
        s->dim[i] = 1;
        for (int k = 0; k < operands; k++) {
            int at = i - (s->rank - rank[k]), d = at < 0 ? 1 : dim[k][at];
            if (d < 1 || (d != 1 && s->dim[i] != 1 && d != s->dim[i])) return false;
            if (d != 1) s->dim[i] = d, s->stride[k][i] = step[k];
            step[k] *= (size_t)d;
        }
    }
    if (s->rank == 0) s->dim[s->rank++] = 1;
    return true;
}

static size_t rows_of(const Spread *s)
{
    size_t rows = 1;
    for (int i = 0; i + 1 < s->rank; i++) rows *= (size_t)s->dim[i];
    return rows;
}

/* Where the index-th innermost row begins in an operand. */
static size_t row_at(const Spread *s, size_t index, int operand)
{
    size_t at = 0;
    for (int i = s->rank - 2; i >= 0; i--) {
        at += index % (size_t)s->dim[i] * s->stride[operand][i];
        index /= (size_t)s->dim[i];
    }
    return at;
}

static size_t row_step(const Spread *s, int operand)
{
    return s->stride[operand][s->rank - 1];
}

/* ---- Pairs ------------------------------------------------------------------------------------------------
 */

/* a^b by the functions of math/point.h. */
static inline float power(float a, float b)
{
    float y;
    point_forward(&y, &a, 1, POINT_POW, b, 0, NULL);
    return y;
}

static inline float logarithm(float a)
{
    float y;
    point_forward(&y, &a, 1, POINT_LOG, 0, 0, NULL);
    return y;
}

/* kind, y, dy/da, dy/db */
#define PAIRS(X)                                                                                             \
    X(SUB, a - b, 1, -1)                                                                                     \
    X(DIV, a / b, 1 / b, -a / (b * b))                                                                       \
    X(MAX, a > b ? a : b, a > b, a <= b)                                                                     \
    X(MIN, a < b ? a : b, a < b, a >= b)                                                                     \
    X(POW, power(a, b), b *power(a, b - 1), power(a, b) * logarithm(a))                                      \
    X(PRELU, a < 0 ? a * b : a, a < 0 ? b : 1, a < 0 ? a : 0)                                                \
    X(EQUAL, a == b, 0, 0)                                                                                   \
    X(LESS, a < b, 0, 0)                                                                                     \
    X(GREATER, a > b, 0, 0)

typedef struct {
    const float *a, *b, *dy;
    size_t sa, sb, n;
} Row;

#define LOOPS(KIND, VALUE, OF_A, OF_B)                                                                       \
    static void forward_##KIND(float *y, const Row *r)                                                       \
    {                                                                                                        \
        for (size_t i = 0; i < r->n; i++) {                                                                  \
            const float a = r->a[i * r->sa], b = r->b[i * r->sb];                                            \
            y[i] = (float)(VALUE);                                                                           \
        }                                                                                                    \
    }                                                                                                        \
    static void of_a_##KIND(float *d, const Row *r)                                                          \
    {                                                                                                        \
        for (size_t i = 0; i < r->n; i++) {                                                                  \
            const float a = r->a[i * r->sa], b = r->b[i * r->sb];                                            \
            (void)a, (void)b;                                                                                \
            d[i * r->sa] += r->dy[i] * (float)(OF_A);                                                        \
        }                                                                                                    \
    }                                                                                                        \
    static void of_b_##KIND(float *d, const Row *r)                                                          \
    {                                                                                                        \
        for (size_t i = 0; i < r->n; i++) {                                                                  \
            const float a = r->a[i * r->sa], b = r->b[i * r->sb];                                            \
            (void)a, (void)b;                                                                                \
            d[i * r->sb] += r->dy[i] * (float)(OF_B);                                                        \
        }                                                                                                    \
    }
PAIRS(LOOPS)

static const struct {
    void (*forward)(float *, const Row *), (*backward[2])(float *, const Row *);
} loops[] = {
#define ROW(KIND, VALUE, OF_A, OF_B) [PAIR_##KIND] = {forward_##KIND, {of_a_##KIND, of_b_##KIND}},
    PAIRS(ROW)};

static Row row(const float *a, const float *b, const Spread *s, size_t i)
{
    return (Row){.a = a + row_at(s, i, 0),
                 .b = b + row_at(s, i, 1),
                 .sa = row_step(s, 0),
                 .sb = row_step(s, 1),
                 .n = (size_t)s->dim[s->rank - 1]};
}

void pair_forward(float *y, const float *a, const float *b, const Spread *s, PairKind kind)
{
    for (size_t i = 0, rows = rows_of(s); i < rows; i++) {
        Row r = row(a, b, s, i);
        loops[kind].forward(y + i * r.n, &r);
    }
}

void pair_backward(float *d, const float *dy, const float *a, const float *b, const Spread *s, PairKind kind,
                   int which)
{
    for (size_t i = 0, rows = rows_of(s); i < rows; i++) {
        Row r = row(a, b, s, i);
        r.dy = dy + i * r.n;
        loops[kind].backward[which](d + row_at(s, i, which), &r);
    }
}

double pair_naive(double a, double b, PairKind kind)
{
    switch (kind) {
    case PAIR_SUB:
        return a - b;
    case PAIR_DIV:
        return a / b;
    case PAIR_MAX:
        return fmax(a, b);
    case PAIR_MIN:
        return fmin(a, b);
    case PAIR_POW:
        return pow(a, b);
    case PAIR_PRELU:
        return a < 0 ? a * b : a;
    case PAIR_EQUAL:
        return a == b;
    case PAIR_LESS:
        return a < b;
    default:
        return a > b;
    }
}

/* ---- Choosing ---------------------------------------------------------------------------------------------
 */

void select_forward(float *y, const float *c, const float *a, const float *b, const Spread *s)
{
    size_t n = (size_t)s->dim[s->rank - 1], sc = row_step(s, 0), sa = row_step(s, 1), sb = row_step(s, 2);
    for (size_t r = 0, rows = rows_of(s); r < rows; r++, y += n) {
        const float *cr = c + row_at(s, r, 0), *ar = a + row_at(s, r, 1), *br = b + row_at(s, r, 2);
        for (size_t i = 0; i < n; i++) y[i] = cr[i * sc] != 0 ? ar[i * sa] : br[i * sb];
    }
}

void select_backward(float *d, const float *dy, const float *c, const Spread *s, int which)
{
    size_t n = (size_t)s->dim[s->rank - 1], sc = row_step(s, 0), sd = row_step(s, which);
    for (size_t r = 0, rows = rows_of(s); r < rows; r++, dy += n) {
        const float *cr = c + row_at(s, r, 0);
        float *dr = d + row_at(s, r, which);
        for (size_t i = 0; i < n; i++)
            if ((cr[i * sc] != 0) == (which == 1)) dr[i * sd] += dy[i];
    }
}
