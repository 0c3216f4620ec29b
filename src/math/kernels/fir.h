/* The inner loops of math/fir.c: one tap along a row of pixels, compiled once per instruction set; the same
 * bits on AVX2 and AVX-512. */
#pragma once
#include <stddef.h>

typedef struct {
    /* y[i * to] += k * x[i * from] for n pixels of 16 floats; to and from in floats */
    void (*tap)(float *y, const float *x, float k, int n, size_t to, size_t from);
    /* y[i] (+)= sum of k[0..3] * x[i + 0..3] for n pixels of 16 floats side by side */
    void (*taps4)(float *y, const float *x, const float *k, int n);
} FirKernels;

extern const FirKernels fir_portable, fir_avx2, fir_avx512;
