/* Means over planes, axes permuted, and noise added to every channel. */
#include "math/kernels/lanes.h"
#include "math/resample.h"
#include <string.h>

void reduce_planes(float *y, const float *x, int M, int P, float scale)
{
    const Lanes *l = lanes();
    for (int m = 0; m < M; m++) y[m] = scale * (float)l->sum(x + (size_t)m * P, (size_t)P);
}

void reduce_planes_backward(float *dx, const float *dy, int M, int P, float scale, bool accumulate)
{
    for (int m = 0; m < M; m++, dx += P) {
        float g = scale * dy[m];
        for (int p = 0; p < P; p++) dx[p] = accumulate ? dx[p] + g : g;
    }
}

typedef struct {
    int rank, dim[6];
    size_t step[6]; /* strides in x of y's axes */
} Walk;

/* Axes of y that stay neighbours in x are merged, so that rows copied are long. */
static Walk walk_make(const int *dim, const int *perm, int rank)
{
    size_t stride[6], step = 1;
    Walk w = {0};
    for (int i = rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= (size_t)dim[i];
    }
    for (int i = 0; i < rank; i++) {
        size_t s = stride[perm[i]];
        if (w.rank && w.step[w.rank - 1] == s * (size_t)dim[perm[i]]) {
            w.dim[w.rank - 1] *= dim[perm[i]];
            w.step[w.rank - 1] = s;
            continue;
        }
        w.dim[w.rank] = dim[perm[i]];
        w.step[w.rank++] = s;
    }
    return w;
}

static void copy_row(float *y, const float *x, int n, size_t step, bool accumulate)
{
    if (step == 1 && !accumulate)
        memcpy(y, x, (size_t)n * sizeof *y);
    else if (accumulate)
        for (int i = 0; i < n; i++) y[i] += x[(size_t)i * step];
    else
        for (int i = 0; i < n; i++) y[i] = x[(size_t)i * step];
}

void transpose_forward(float *y, const float *x, const int *dim, const int *perm, int rank, bool accumulate)
{
    Walk w = walk_make(dim, perm, rank);
    int last = w.rank - 1, at[6] = {0}; /* rank > 0 */
    size_t rows = 1, from = 0;
    for (int d = 0; d < last; d++) rows *= (size_t)w.dim[d];
    for (size_t r = 0; r < rows; r++, y += w.dim[last]) {
        copy_row(y, x + from, w.dim[last], w.step[last], accumulate);
        for (int d = last - 1; d >= 0; d--) {
            from += w.step[d];
            if (++at[d] < w.dim[d]) break;
            from -= w.step[d] * (size_t)w.dim[d];
            at[d] = 0;
        }
    }
}

typedef struct {
    float *y;
    const float *x, *noise;
    float strength;
    int C, P;
    const Lanes *l;
} Noise;

static void noise_image(void *ctx, int n, int worker)
{
    const Noise *j = ctx;
    (void)worker;
    for (int c = 0; c < j->C; c++) {
        size_t at = ((size_t)n * j->C + c) * j->P;
        j->l->row_blend(j->y + at, j->x + at, j->noise + (size_t)n * j->P, (size_t)j->P, 1, j->strength);
    }
}

void noise_forward(float *y, const float *x, const float *noise, float strength, int N, int C, int P,
                   Pool *pool)
{
    Noise j = {y, x, noise, strength, C, P, lanes()};
    pool_run(pool, N, noise_image, &j);
}

double noise_backward(const float *dy, const float *noise, int N, int C, int P)
{
    const Lanes *l = lanes();
    double sum = 0;
    for (int n = 0; n < N; n++, noise += P)
        for (int c = 0; c < C; c++, dy += P) sum += l->dot(dy, noise, (size_t)P);
    return sum;
}
