/* Picks the compiled set of inner loops for the instruction set in use. */
#include "math/kernels/lanes.h"
#include "math/isa.h"

const Lanes *lanes(void)
{
    return ISA_SET(lanes);
}
