/* Broadcasting as in NumPy: shapes are merged into as few dimensions as possible, so that the inner loops are
 * long. */
#include "math/act.h"
#include "math/kernels/lanes.h"
#include "math/piece.h"
#include <string.h>

/* Extent and strides of one result dimension, counted from the innermost. */
static bool dimension_take(int *dim, int *a, int *b, const int *a_dim, int a_rank, const int *b_dim,
                           int b_rank, int i)
{
    *a = i < a_rank ? a_dim[a_rank - 1 - i] : 1;
    *b = i < b_rank ? b_dim[b_rank - 1 - i] : 1;
    *dim = *a == 1 ? *b : *a;
    return *a > 0 && *b > 0 && (*a == *b || *a == 1 || *b == 1);
}

static void reverse(Broadcast *s)
{
    for (int i = 0, j = s->rank - 1; i < j; i++, j--) {
        int d = s->dim[i];
        size_t a = s->stride_a[i], b = s->stride_b[i];
        s->dim[i] = s->dim[j], s->stride_a[i] = s->stride_a[j], s->stride_b[i] = s->stride_b[j];
        s->dim[j] = d, s->stride_a[j] = a, s->stride_b[j] = b;
    }
}

/* Neighbouring dimensions over which an operand runs on, or repeats in both, are one. */
static void dimension_push(Broadcast *s, int dim, size_t a, size_t b)
{
    int last = s->rank - 1;
    if (dim == 1) return;
    if (last >= 0 && a == s->stride_a[last] * (size_t)s->dim[last] &&
        b == s->stride_b[last] * (size_t)s->dim[last]) {
        s->dim[last] *= dim;
        return;
    }
    s->dim[s->rank] = dim;
    s->stride_a[s->rank] = a;
    s->stride_b[s->rank++] = b;
}

bool broadcast_make(Broadcast *b, int *out_dim, int *out_rank, const int *a_dim, int a_rank, const int *b_dim,
                    int b_rank)
{
    int rank = a_rank > b_rank ? a_rank : b_rank;
    size_t step_a = 1, step_b = 1;
    memset(b, 0, sizeof *b);
    if (rank > 6) return false;
    for (int i = 0; i < rank; i++) {
        int dim, da, db;
        if (!dimension_take(&dim, &da, &db, a_dim, a_rank, b_dim, b_rank, i)) return false;
        out_dim[rank - 1 - i] = dim;
        dimension_push(b, dim, da == 1 ? 0 : step_a, db == 1 ? 0 : step_b);
        step_a *= (size_t)da, step_b *= (size_t)db;
    }
    *out_rank = rank;
    if (b->rank == 0) b->dim[b->rank++] = 1;
    reverse(b);
    return true;
}

/* Offsets of the index-th innermost row in both operands. */
static void row_offsets(const Broadcast *s, size_t index, size_t *a, size_t *b)
{
    *a = *b = 0;
    for (int d = s->rank - 2; d >= 0; d--) {
        size_t k = index % (size_t)s->dim[d];
        index /= (size_t)s->dim[d];
        *a += k * s->stride_a[d];
        *b += k * s->stride_b[d];
    }
}

static size_t row_count(const Broadcast *s)
{
    size_t rows = 1;
    for (int d = 0; d + 1 < s->rank; d++) rows *= (size_t)s->dim[d];
    return rows;
}

typedef struct {
    float *y;
    const float *a, *b;
    const Broadcast *s;
    size_t rows, step; /* rows a piece */
    bool mul;
    const Lanes *l;
} Job;

static void one_row(const Job *j, float *y, const float *a, const float *b)
{
    int last = j->s->rank - 1;
    size_t n = (size_t)j->s->dim[last], sa = j->s->stride_a[last], sb = j->s->stride_b[last];
    if (sa && sb)
        (j->mul ? j->l->mul : j->l->add)(y, a, b, n);
    else if (sa)
        j->l->scale(y, a, n, j->mul ? *b : 1, j->mul ? 0 : *b);
    else if (sb)
        j->l->scale(y, b, n, j->mul ? *a : 1, j->mul ? 0 : *a);
    else
        for (size_t i = 0; i < n; i++) y[i] = j->mul ? *a * *b : *a + *b;
}

static void some_rows(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t first = (size_t)index * j->step, end = first + j->step < j->rows ? first + j->step : j->rows, a, b;
    (void)worker;
    for (size_t r = first; r < end; r++) {
        row_offsets(j->s, r, &a, &b);
        one_row(j, j->y + r * (size_t)j->s->dim[j->s->rank - 1], j->a + a, j->b + b);
    }
}

static void run(float *y, const float *a, const float *b, const Broadcast *s, bool mul, Pool *pool)
{
    size_t rows = row_count(s), step = PIECE / (size_t)s->dim[s->rank - 1] + 1;
    Job j = {y, a, b, s, rows, step, mul, lanes()};
    pool_run(pool, (int)((rows + step - 1) / step), some_rows, &j);
}

void broadcast_add(float *y, const float *a, const float *b, const Broadcast *s, Pool *pool)
{
    run(y, a, b, s, false, pool);
}

void broadcast_mul(float *y, const float *a, const float *b, const Broadcast *s, Pool *pool)
{
    run(y, a, b, s, true, pool);
}

/* One row of the gradient: `step` tells whether the operand runs along the row, `other_step` whether the
 * other does. */
static void reduce_row(float *d, size_t step, const float *dy, const float *other, size_t other_step,
                       size_t n, const Lanes *l)
{
    if (step && !other)
        l->axpy(d, dy, n, 1);
    else if (step && other_step)
        l->mul_add(d, dy, other, n);
    else if (step)
        l->axpy(d, dy, n, *other);
    else if (!other)
        *d += (float)l->sum(dy, n);
    else
        *d += (float)(other_step ? l->dot(dy, other, n) : l->sum(dy, n) * *other);
}

void broadcast_reduce(float *d, const float *dy, const float *other, const Broadcast *s, int which)
{
    const Lanes *l = lanes();
    size_t rows = row_count(s), n = (size_t)s->dim[s->rank - 1], a, b;
    size_t inner_a = s->stride_a[s->rank - 1], inner_b = s->stride_b[s->rank - 1];
    for (size_t r = 0; r < rows; r++, dy += n) {
        row_offsets(s, r, &a, &b);
        const float *o = other ? other + (which ? a : b) : NULL;
        reduce_row(d + (which ? b : a), which ? inner_b : inner_a, dy, o, which ? inner_a : inner_b, n, l);
    }
}
