/* The inner loops of math/mapmove.c over one block of one image, compiled once per instruction set; the same
 * bits on AVX2 and AVX-512. Rows of 16 floats, one for each pixel. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A window of pooling over a block of H x W pixels. */
typedef struct {
    int H, W, kh, kw, sh, sw, pt, pl, OH, OW;
} MapWindow;

typedef struct {
    /* y (2H,2W) of x (H,W): nearest, or bilinear with half-pixel centres and edges clamped */
    void (*grow)(float *y, const float *x, int H, int W, bool smooth);
    /* its transpose: dx (H,W) = or += of dy (2H,2W) */
    void (*shrink)(float *dx, const float *dy, int H, int W, bool smooth, bool add);
    /* the mean of the pixels inside the picture; its transpose adds to dx */
    void (*mean)(float *y, const float *x, const MapWindow *s);
    void (*mean_back)(float *dx, const float *dy, const MapWindow *s);
    /* y's lanes from `lane` on = x's first ones, the lanes before stay; and what of x is left, `spill`, x's
     * last `lane` lanes at the beginning of zeros. NULL: not wanted */
    void (*put)(float *y, float *spill, const float *x, size_t pixels, int lane);
    /* y = or += the lanes from `lane` on of x and then the first of `next` (NULL: zeros), only `lanes` of
     * them, zeros after */
    void (*take)(float *y, const float *x, const float *next, size_t pixels, int lane, int lanes, bool add);
} MoveKernels;

extern const MoveKernels move_portable, move_avx2, move_avx512;
