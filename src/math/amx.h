/* The matrix unit (AMX) as its users share it: tiles of 16 rows of 64 bytes, products of bfloat16 with
 * float32 sums. Only where isa_current() is ISA_AMX. */
#pragma once
#include <stdint.h>

enum { AMX_ROWS = 16, AMX_DEPTH = 32 /* bfloat16 numbers of a row */, AMX_WORDS = AMX_ROWS * AMX_DEPTH };

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#define HAS_AMX 1
#define AMX     __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")))

typedef struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} AmxShapes;

/* Of [rows - 1]: tiles 0 to 5 (sums, and what is multiplied from the left) have `rows` rows, 6 and 7 sixteen.
 */
extern const AmxShapes amx_shapes[AMX_ROWS];

/* gcc's intrinsics do not say that they read memory, hence the shapes are constants, and what was written
 * before is said to be wanted. */
AMX static inline void amx_on(int rows)
{
    __asm__ volatile("" ::: "memory");
    _tile_loadconfig(&amx_shapes[rows - 1]);
}
#endif
