/* The inner loops over contiguous floats, compiled once per instruction set (kernels/lanes.c).
 *
 * Elementwise loops give the same bits on every instruction set: no contraction, and vector lanes run over
 * outputs. Sums keep 16 accumulators in the source, so they too have one order everywhere. y may equal an
 * input unless said otherwise. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    float lr, beta1, beta2, eps, decay, fix1, fix2; /* fix1 = 1/(1 - beta1^t), fix2 = 1/sqrt(1 - beta2^t) */
} AdamRates;

typedef struct Lanes {
    /* math/act.h */
    void (*act)(float *y, const float *x, size_t n, int kind, float alpha, float gain);
    void (*act_grad)(float *dx, const float *dy, const float *y, size_t n, int kind, float alpha, float gain,
                     bool accumulate);
    void (*scale)(float *y, const float *x, size_t n, float alpha, float beta); /* y = alpha * x + beta */
    void (*axpy)(float *y, const float *x, size_t n, float alpha);              /* y += alpha * x */
    void (*add)(float *y, const float *a, const float *b, size_t n);
    void (*mul)(float *y, const float *a, const float *b, size_t n);
    void (*mul_add)(float *y, const float *a, const float *b, size_t n); /* y += a * b */
    bool (*finite)(const float *x, size_t n);
    /* sums */
    double (*sum)(const float *x, size_t n);
    double (*dot)(const float *a, const float *b, size_t n);
    double (*distance)(const float *a, const float *b, size_t n);       /* sum (a - b)^2 */
    float (*max)(const float *x, size_t n);                             /* n > 0 */
    double (*exp_sum)(float *y, const float *x, size_t n, float shift); /* y = exp(x - shift); their sum */
    /* of n points (a multiple of 16) on the one at (x, y), with q = 1 / (1 + distance^2): the sums of p q dx, p q dy, q^2 dx,
     * q^2 dy and q; inspect/tsne.h */
    void (*forces)(float sum[5], float x, float y, const float *p, const float *xs, const float *ys, size_t n);
    /* normalisation of one plane */
    void (*moments)(double *mean, double *m2, const float *x, size_t n); /* m2 = sum (x - mean)^2 */
    void (*normalise)(float *y, const float *x, size_t n, float mean, float k,
                      float b); /* (x - mean) * k + b */
    void (*norm_sums)(double *s, double *t, const float *dy, const float *x, size_t n,
                      float mean); /* sum dy, sum dy * (x - mean) */
    void (*norm_grad)(float *dx, const float *dy, const float *x, size_t n, float mean, const float k[3],
                      bool accumulate); /* dx = k0 * dy + k1 * (x - mean) + k2 */
    /* one plane to or from twice its size; x (H,W) or (2H,2W), no overlap */
    void (*grow)(float *y, const float *x, int H, int W, float k,
                 bool accumulate); /* k * x to each of 2x2 pixels */
    void (*shrink)(float *y, const float *x, int H, int W, float k,
                   bool accumulate); /* y (H,W): k * the sum of 2x2 */
    void (*grow_smooth)(float *y, const float *x, int H,
                        int W); /* bilinear, half-pixel centres, edges clamped */
    void (*shrink_smooth)(float *y, const float *x, int H, int W,
                          bool accumulate); /* its transpose; y (H,W) */
    /* rows */
    void (*row_blend)(float *y, const float *a, const float *b, size_t n, float ka,
                      float kb); /* ka a + kb b */
    void (*row_gather)(float *y, const float *x, size_t n, int stride,
                       bool max); /* y += or max= x[i * stride] */
    /* math/optim.h */
    void (*sgd)(float *w, float *m, const float *g, size_t n, float lr, float momentum, float decay);
    void (*adam)(float *w, float *m, float *v, const float *g, size_t n, const AdamRates *r);
} Lanes;

/* The set for isa_current(). */
const Lanes *lanes(void);

extern const Lanes lanes_portable, lanes_avx2, lanes_avx512;
