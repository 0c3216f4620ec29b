/* The shapes that the matrix unit's tiles are given. */
#include "math/amx.h"

#if defined(HAS_AMX)

#define SHAPES(n)                                                                                            \
    {                                                                                                        \
        .palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = { n, n, n, n, n, n, 16, 16 }        \
    }

const AmxShapes amx_shapes[AMX_ROWS] = {
    SHAPES(1), SHAPES(2),  SHAPES(3),  SHAPES(4),  SHAPES(5),  SHAPES(6),  SHAPES(7),  SHAPES(8),
    SHAPES(9), SHAPES(10), SHAPES(11), SHAPES(12), SHAPES(13), SHAPES(14), SHAPES(15), SHAPES(16),
};

#else
typedef int AmxNone; /* an empty file is no C */
#endif
