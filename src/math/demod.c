/* Demodulation as matrix products over squares: (N,C) of the styles, (O,C) of the weights. */
#include "math/demod.h"
#include "math/carve.h"
#include "math/gemm.h"
#include "math/whole.h"
#include <math.h>

typedef struct {
    float *weight; /* (O,C): sums over the taps of squares */
    float *style;  /* (N,C): squares */
    float *sum;    /* (N,O) */
    float *grad;   /* (N,C) or (O,C) */
    float *rest;
} Room;

static Room room_carve(Carve *c, const DemodShape *s)
{
    size_t N = (size_t)s->N, O = (size_t)s->O, C = (size_t)s->C;
    size_t forward = gemm_scratch(s->N, s->O, s->C);
    size_t backward = max_size(gemm_scratch(s->N, s->C, s->O), gemm_scratch(s->O, s->C, s->N));
    return (Room){.weight = carve(c, O * C),
                  .style = carve(c, N * C),
                  .sum = carve(c, N * O),
                  .grad = carve(c, max_size(N, O) * C),
                  .rest = carve(c, max_size(forward, backward))};
}

size_t demod_scratch(const DemodShape *s)
{
    Carve c = {0};
    (void)room_carve(&c, s);
    return c.used;
}

static void squares(const Room *r, const float *style, const float *w, const DemodShape *s)
{
    for (size_t i = 0; i < (size_t)s->N * (size_t)s->C; i++) r->style[i] = style[i] * style[i];
    for (size_t i = 0; i < (size_t)s->O * (size_t)s->C; i++, w += s->taps) {
        float sum = 0;
        for (int k = 0; k < s->taps; k++) sum += w[k] * w[k];
        r->weight[i] = sum;
    }
}

void demod_forward(float *d, const float *style, const float *w, const DemodShape *s, float *scratch,
                   Pool *pool)
{
    Carve c = {scratch, 0};
    Room r = room_carve(&c, s);
    squares(&r, style, w, s);
    gemm(r.sum, r.style, r.weight, s->N, s->O, s->C, GEMM_NT, false, r.rest, pool);
    for (int n = 0; n < s->N; n++)
        for (int o = 0; o < s->O; o++)
            d[(size_t)n * (size_t)s->row + (size_t)o] =
                1.0f / sqrtf(r.sum[(size_t)n * (size_t)s->O + (size_t)o] + s->eps);
}

void demod_backward(float *dstyle, float *dw, const float *dd, const float *d, const float *style,
                    const float *w, const DemodShape *s, float *scratch, Pool *pool)
{
    Carve c = {scratch, 0};
    Room r = room_carve(&c, s);
    squares(&r, style, w, s);
    for (int n = 0; n < s->N; n++)
        for (int o = 0; o < s->O; o++) {
            size_t at = (size_t)n * (size_t)s->row + (size_t)o;
            r.sum[(size_t)n * (size_t)s->O + (size_t)o] =
                -d[at] * d[at] * d[at] * dd[at]; /* twice that of the sum */
        }
    if (dstyle) {
        gemm(r.grad, r.sum, r.weight, s->N, s->C, s->O, GEMM_NN, false, r.rest, pool);
        for (size_t i = 0; i < (size_t)s->N * (size_t)s->C; i++) dstyle[i] += style[i] * r.grad[i];
    }
    if (!dw) return;
    gemm(r.grad, r.sum, r.style, s->O, s->C, s->N, GEMM_TN, false, r.rest, pool);
    for (size_t i = 0; i < (size_t)s->O * (size_t)s->C; i++, dw += s->taps, w += s->taps)
        for (int k = 0; k < s->taps; k++) dw[k] += w[k] * r.grad[i];
}
