/* Twelve independent chains of fused multiply-adds keep two units of latency 4 to 5 busy. */
#include "engine/bench_peak.h"
#include "base/clock.h"
#include "math/isa.h"

#define CHAINS 12
#define STEPS  4000 /* in one look at the clock: some microseconds */

#if defined(__x86_64__)
#include <immintrin.h>

/* The empty asm keeps each step: without it the loop would be shortened or moved. */
#define STEP(k, fma, reg)  a##k = fma(a##k, b, c); __asm__ volatile("" : "+" reg(a##k));
#define KEEP(k, fma, reg)  __asm__ volatile("" ::reg(a##k));
#define EACH(X, fma, reg)                                                                                              \
    X(0, fma, reg) X(1, fma, reg) X(2, fma, reg) X(3, fma, reg) X(4, fma, reg) X(5, fma, reg) X(6, fma, reg)           \
    X(7, fma, reg) X(8, fma, reg) X(9, fma, reg) X(10, fma, reg) X(11, fma, reg)

#define KERNEL(name, isa, type, set, fma, reg, lanes)                                                                  \
    __attribute__((target(isa), noinline)) static double name(void)                                                    \
    {                                                                                                                  \
        type b = set(0.999f), c = set(1e-4f), a0 = b, a1 = b, a2 = b, a3 = b, a4 = b, a5 = b, a6 = b, a7 = b, a8 = b,  \
             a9 = b, a10 = b, a11 = b;                                                                                 \
        for (int i = 0; i < STEPS; i++) {                                                                              \
            EACH(STEP, fma, reg)                                                                                       \
        }                                                                                                              \
        EACH(KEEP, fma, reg)                                                                                           \
        return 2.0 * CHAINS * STEPS * (lanes);                                                                         \
    }
KERNEL(fma512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, "v", 16)
KERNEL(fma256, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, "x", 8)
#endif

static double plain(void)
{
    float a[64], b = 0.999f, c = 1e-4f;
    for (int i = 0; i < 64; i++) a[i] = b;
    for (int s = 0; s < STEPS; s++) {
        for (int i = 0; i < 64; i++) a[i] = a[i] * b + c;
        __asm__ volatile("" : "+m"(a));
    }
    return 2.0 * 64 * STEPS;
}

typedef struct {
    double (*kernel)(void);
    double until, work[64]; /* per worker */
} Race;

static void run(void *ctx, int index, int worker)
{
    Race *r = ctx;
    (void)worker;
    do r->work[index] += r->kernel();
    while (clock_seconds() < r->until);
}

double bench_peak(Pool *pool, double seconds)
{
    Race r = {.kernel = plain};
#if defined(__x86_64__)
    if (isa_current() >= ISA_AVX512) r.kernel = fma512;
    else if (isa_current() == ISA_AVX2) r.kernel = fma256;
#endif
    int threads = pool_threads(pool);
    double start = clock_seconds(), sum = 0;
    r.until = start + seconds;
    pool_run(pool, threads, run, &r);
    double spent = clock_seconds() - start;
    for (int i = 0; i < threads; i++) sum += r.work[i];
    return sum / spent * 1e-9;
}
