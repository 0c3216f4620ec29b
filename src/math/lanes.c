/* Picks the compiled set of inner loops for the instruction set in use. */
#include "math/kernels/lanes.h"
#include "math/isa.h"

const Lanes *lanes(void)
{
    switch (isa_current()) {
#if defined(__x86_64__)
    case ISA_AVX512:
        return &lanes_avx512;
    case ISA_AVX2:
        return &lanes_avx2;
#endif
    default:
        return &lanes_portable;
    }
}
