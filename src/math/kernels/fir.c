/* Taps of a filter along rows of pixels, sixteen channels at a time (VS_ISA names the instruction set). */
#include "math/kernels/fir.h"
#include "math/kernels/vec16.h"

#define NAME2(a, b) a##_##b
#define NAME(a, b)  NAME2(a, b)

static void tap(float *y, const float *x, float k, int n, size_t to, size_t from)
{
    V16 weight = v16_all(k);
    for (int i = 0; i < n; i++, y += to, x += from) v16_store(y, v16_fma(weight, v16_load(x), v16_load(y)));
}

static void taps4(float *y, const float *x, const float *k, int n)
{
    V16 a = v16_all(k[0]), b = v16_all(k[1]), c = v16_all(k[2]), d = v16_all(k[3]);
    for (int i = 0; i < n; i++, y += 16, x += 16) {
        V16 sum = v16_fma(a, v16_load(x), v16_load(y));
        sum = v16_fma(b, v16_load(x + 16), sum);
        sum = v16_fma(c, v16_load(x + 32), sum);
        v16_store(y, v16_fma(d, v16_load(x + 48), sum));
    }
}

const FirKernels NAME(fir, VS_ISA) = {.tap = tap, .taps4 = taps4};
