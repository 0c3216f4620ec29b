/* Convolution in plain loops, one product after another: the oracle for math/conv.c. */
#include "math/conv.h"

/* Calls body for every (n, o, c, oy, ox, kh, kw) that reads a pixel inside the picture. */
#define EACH_TAP(s, body)                                                                                            \
    for (int n = 0; n < (s)->N; n++)                                                                                 \
        for (int o = 0; o < (s)->O; o++)                                                                             \
            for (int i = 0; i < (s)->C / (s)->groups; i++)                                                           \
                for (int oy = 0; oy < (s)->OH; oy++)                                                                 \
                    for (int ox = 0; ox < (s)->OW; ox++)                                                             \
                        for (int kh = 0; kh < (s)->KH; kh++)                                                         \
                            for (int kw = 0; kw < (s)->KW; kw++) {                                                   \
                                int iy = oy * (s)->sh - (s)->pt + kh * (s)->dh;                                      \
                                int ix = ox * (s)->sw - (s)->pl + kw * (s)->dw;                                      \
                                int c = o / ((s)->O / (s)->groups) * ((s)->C / (s)->groups) + i;                     \
                                if (iy < 0 || iy >= (s)->H || ix < 0 || ix >= (s)->W) continue;                      \
                                size_t yi = (((size_t)n * (s)->O + o) * (s)->OH + oy) * (s)->OW + ox;                \
                                size_t xi = (((size_t)n * (s)->C + c) * (s)->H + iy) * (s)->W + ix;                  \
                                size_t wi = (((size_t)o * ((s)->C / (s)->groups) + i) * (s)->KH + kh) * (s)->KW + kw; \
                                body                                                                                 \
                            }

void conv_forward_naive(float *y, const float *x, const float *w, const float *bias, const ConvShape *s)
{
    size_t P = (size_t)s->OH * s->OW;
    for (size_t i = 0; i < (size_t)s->N * s->O * P; i++) y[i] = bias ? bias[i / P % s->O] : 0;
    EACH_TAP(s, { y[yi] += x[xi] * w[wi]; })
}

void conv_backward_data_naive(float *dx, const float *dy, const float *w, const float *bias, const ConvShape *s,
                              bool accumulate)
{
    size_t P = (size_t)s->H * s->W;
    for (size_t i = 0; i < (size_t)s->N * s->C * P; i++) dx[i] = (accumulate ? dx[i] : 0) + (bias ? bias[i / P % s->C] : 0);
    EACH_TAP(s, { dx[xi] += dy[yi] * w[wi]; })
}

void conv_backward_weight_naive(float *dw, const float *dy, const float *x, const ConvShape *s)
{
    EACH_TAP(s, { dw[wi] += dy[yi] * x[xi]; })
}
