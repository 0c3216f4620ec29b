/* Which instruction set the kernels use: asks the CPU once, lets VIEWSMITH_ISA lower the answer. */
#include "math/isa.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#if defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Bfloat16 products on tiles, in the CPU and granted by the system: the registers are large, a process has to
 * ask. */
static bool has_matrix_unit(void)
{
#if defined(__x86_64__) && defined(__linux__)
    enum {
        ASK_FOR_FEATURE = 0x1023,
        TILE_DATA = 18,
        AMX_BF16 = 1 << 22,
        AMX_TILE = 1 << 24,
        AVX512_BF16 = 1 << 5
    };
    unsigned a, b, c, d, more = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AMX_TILE) && (d & AMX_BF16) &&
           __get_cpuid_count(7, 1, &more, &b, &c, &d) && (more & AVX512_BF16) &&
           syscall(SYS_arch_prctl, ASK_FOR_FEATURE, TILE_DATA) == 0;
#else
    return false;
#endif
}
#endif

static Isa isa_of_cpu(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return has_matrix_unit() ? ISA_AMX : ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return ISA_AVX2;
#endif
    return ISA_PORTABLE;
}

static Isa isa_decide(void)
{
    Isa best = isa_of_cpu();
    const char *asked = getenv("VIEWSMITH_ISA");
    for (Isa isa = ISA_PORTABLE; asked && isa <= best; isa++)
        if (!strcmp(asked, isa_name(isa))) return isa;
    return best;
}

Isa isa_current(void)
{
    static _Thread_local int known = -1; /* per thread: no lock, and the answer is the same in each */
    if (known < 0) known = (int)isa_decide();
    return (Isa)known;
}

const char *isa_name(Isa isa)
{
    static const char *const name[] = {"portable", "avx2", "avx512", "amx"};
    return name[isa];
}
