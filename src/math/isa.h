/* Which instruction set the kernels use: the best this CPU has, unless VIEWSMITH_ISA names a lower one. */
#pragma once

/* ISA_AMX is AVX-512 with a matrix unit beside it, which bfloat16 training and float32 products in parts
 * (math/split.h) use. */
typedef enum { ISA_PORTABLE, ISA_AVX2, ISA_AVX512, ISA_AMX } Isa;

Isa isa_current(void);         /* decided at the first call, the same ever after */
const char *isa_name(Isa isa); /* "portable", "avx2", "avx512", "amx" */

/* Of one set of kernels for each instruction set, name_portable, name_avx2 and name_avx512, the one in use.
 */
#if defined(__x86_64__)
#define ISA_SET(name)                                                                                        \
    (isa_current() >= ISA_AVX512 ? &name##_avx512                                                            \
     : isa_current() == ISA_AVX2 ? &name##_avx2                                                              \
                                 : &name##_portable)
#else
#define ISA_SET(name) (&name##_portable)
#endif
