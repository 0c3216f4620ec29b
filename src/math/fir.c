/* Runs a filter tap by tap along the rows of its result; a piece of work is one plane. */
#include "math/fir.h"
#include "math/isa.h"
#include "math/kernels/fir.h"
#include <string.h>

static const FirKernels *kernels(void)
{
    return ISA_SET(fir);
}

bool fir_shape(Fir *f)
{
    f->OH = f->H * f->up + f->top + f->bottom - f->KH + 1;
    f->OW = f->W * f->up + f->left + f->right - f->KW + 1;
    return f->up >= 1 && f->OH >= 1 && f->OW >= 1;
}

typedef struct {
    float *to;
    const float *from, *kernel;
    const Fir *f;
    bool back, add;
} Job;

/* Results of a row that tap b reaches: the first, and how many, up apart; and the pixel that the first of
 * them reads. */
typedef struct {
    int first, count, pixel;
} Reach;

static Reach reach(const Fir *f, int b)
{
    int before = f->left - b; /* result j reads stuffed pixel j - before */
    Reach r = {.first = before > 0 ? before : (f->up - -before % f->up) % f->up};
    r.pixel = (r.first - before) / f->up;
    int fits = r.first < f->OW ? (f->OW - r.first + f->up - 1) / f->up : 0, left = f->W - r.pixel;
    r.count = fits < left ? fits : left;
    if (r.count < 0) r.count = 0;
    return r;
}

static void tap(float *y, const float *x, float k, int n, int to, int from, int lanes)
{
    if (lanes == 16) {
        kernels()->tap(y, x, k, n, (size_t)to * 16, (size_t)from * 16);
        return;
    }
    for (int i = 0; i < n; i++)
        for (int l = 0; l < lanes; l++)
            y[(size_t)(i * to * lanes + l)] += k * x[(size_t)(i * from * lanes + l)];
}

/* The interior of a row of four taps without stuffing, where all of them reach; *first and *count say which
 * results that are. */
static void interior(float *y, const float *x, const float *weight, const Fir *f, int *first, int *count)
{
    *first = f->left;
    *count = f->W - f->KW + 1;
    if (f->up != 1 || f->KW != 4 || f->lanes != 16 || *count <= 0 || *first + *count > f->OW) *count = 0;
    if (!*count) return;
    float k[4] = {weight[3], weight[2], weight[1], weight[0]};
    kernels()->taps4(y + (size_t)*first * 16, x, k, *count);
}

/* Results first..first+count-1 of one tap, without those from `skip` on that are done already. */
static void edge(float *y, const float *x, const Job *j, float k, const Reach *r, int skip, int skipped)
{
    const Fir *f = j->f;
    for (int i = 0; i < r->count; i++) {
        int at = r->first + i * f->up;
        if (at < skip || at >= skip + skipped)
            tap(y + (size_t)at * (size_t)f->lanes, x + (size_t)(r->pixel + i) * (size_t)f->lanes, k, 1, 1, 1,
                f->lanes);
    }
}

static void row_forward(float *y, const float *x, const Job *j, const float *weight)
{
    const Fir *f = j->f;
    int first, count;
    interior(y, x, weight, f, &first, &count);
    for (int b = 0; b < f->KW; b++) {
        Reach r = reach(f, b);
        float k = weight[f->KW - 1 - b];
        if (count)
            edge(y, x, j, k, &r, first, count);
        else
            tap(y + (size_t)r.first * (size_t)f->lanes, x + (size_t)r.pixel * (size_t)f->lanes, k, r.count,
                f->up, 1, f->lanes);
    }
}

static void row_back(float *dx, const float *dy, const Job *j, const float *weight)
{
    const Fir *f = j->f;
    for (int b = 0; b < f->KW; b++) {
        Reach r = reach(f, b);
        tap(dx + (size_t)r.pixel * (size_t)f->lanes, dy + (size_t)r.first * (size_t)f->lanes,
            weight[f->KW - 1 - b], r.count, 1, f->up, f->lanes);
    }
}

static void plane(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    const Fir *f = j->f;
    size_t x_row = (size_t)f->W * (size_t)f->lanes, y_row = (size_t)f->OW * (size_t)f->lanes;
    size_t x_plane = (size_t)f->H * x_row, y_plane = (size_t)f->OH * y_row, own = j->back ? x_plane : y_plane;
    float *to = j->to + (size_t)index * own;
    const float *from = j->from + (size_t)index * (j->back ? y_plane : x_plane);
    (void)worker;
    if (!j->add) memset(to, 0, own * sizeof *to);
    for (int i = 0; i < f->OH; i++)
        for (int a = 0; a < f->KH; a++) {
            int at = i + a - f->top;
            const float *weight = j->kernel + (size_t)(f->KH - 1 - a) * (size_t)f->KW;
            if (at < 0 || at % f->up || at / f->up >= f->H) continue;
            size_t x = (size_t)(at / f->up) * x_row, y = (size_t)i * y_row;
            if (j->back)
                row_back(to + x, from + y, j, weight);
            else
                row_forward(to + y, from + x, j, weight);
        }
}

void fir_forward(float *y, const float *x, const float *kernel, const Fir *f, Pool *pool)
{
    pool_run(pool, f->planes, plane, &(Job){.to = y, .from = x, .kernel = kernel, .f = f});
}

void fir_backward(float *dx, const float *dy, const float *kernel, const Fir *f, bool add, Pool *pool)
{
    pool_run(pool, f->planes, plane,
             &(Job){.to = dx, .from = dy, .kernel = kernel, .f = f, .back = true, .add = add});
}

static float stuffed(const float *x, const Fir *f, int i, int j, int lane)
{
    bool there = i >= 0 && j >= 0 && i % f->up == 0 && j % f->up == 0 && i / f->up < f->H && j / f->up < f->W;
    return there ? x[((size_t)(i / f->up) * (size_t)f->W + (size_t)(j / f->up)) * (size_t)f->lanes +
                     (size_t)lane]
                 : 0;
}

void fir_naive(float *y, const float *x, const float *kernel, const Fir *f)
{
    for (int p = 0; p < f->planes; p++, x += f->H * f->W * f->lanes)
        for (int i = 0; i < f->OH; i++)
            for (int j = 0; j < f->OW; j++)
                for (int l = 0; l < f->lanes; l++, y++) {
                    double sum = 0;
                    for (int a = 0; a < f->KH; a++)
                        for (int b = 0; b < f->KW; b++)
                            sum += (double)kernel[(f->KH - 1 - a) * f->KW + f->KW - 1 - b] *
                                   (double)stuffed(x, f, i + a - f->top, j + b - f->left, l);
                    *y = (float)sum;
                }
}
