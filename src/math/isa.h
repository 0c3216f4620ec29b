/* Which instruction set the kernels use: the best this CPU has, unless VIEWSMITH_ISA names a lower one. */
#pragma once

typedef enum { ISA_PORTABLE, ISA_AVX2, ISA_AVX512 } Isa;

Isa isa_current(void);        /* decided at the first call, the same ever after */
const char *isa_name(Isa isa); /* "portable", "avx2", "avx512" */
