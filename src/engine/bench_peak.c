/* Twelve independent chains of fused multiply-adds keep two units of latency 4 to 5 busy. */
#include "engine/bench_peak.h"
#include "base/clock.h"
#include "math/isa.h"

#define CHAINS 12
#define STEPS  4000 /* in one look at the clock: some microseconds */

#if defined(__x86_64__)
#include <immintrin.h>
#define FOR_CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* The empty asm keeps each step: without it the loop would be shortened or moved. */
#define KERNEL(name, isa, type, set, fma, lanes)                                                                       \
    __attribute__((target(isa), noinline)) static double name(void)                                                    \
    {                                                                                                                  \
        type a[CHAINS], b = set(0.999f), c = set(1e-4f);                                                               \
        for (int i = 0; i < CHAINS; i++) a[i] = b;                                                                     \
        for (int i = 0; i < STEPS; i++) {                                                                              \
            FOR_CHAINS(STEP_##name)                                                                                    \
        }                                                                                                              \
        for (int i = 0; i < CHAINS; i++) __asm__ volatile("" ::"m"(a[i]));                                             \
        return 2.0 * CHAINS * STEPS * (lanes);                                                                         \
    }
#define STEP_fma512(i) a[i] = _mm512_fmadd_ps(a[i], b, c); __asm__ volatile("" : "+v"(a[i]));
#define STEP_fma256(i) a[i] = _mm256_fmadd_ps(a[i], b, c); __asm__ volatile("" : "+x"(a[i]));
KERNEL(fma512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, 16)
KERNEL(fma256, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, 8)
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
    if (isa_current() == ISA_AVX512) r.kernel = fma512;
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
