/* Which instruction set the kernels use: asks the CPU once, lets VIEWSMITH_ISA lower the answer. */
#include "math/isa.h"
#include <stdlib.h>
#include <string.h>

static Isa isa_of_cpu(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return ISA_AVX512;
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
    static const char *const name[] = {"portable", "avx2", "avx512"};
    return name[isa];
}
