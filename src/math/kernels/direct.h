/* The register tiles under math/direct, one set per instruction set. Rows and terms are placed by tables of
 * offsets, so one kernel is the convolution (rows are pixels, terms are inputs) and its weight gradient (rows
 * are inputs, terms pixels).
 *
 * Every result is one chain of multiply-adds in the order of the terms. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define DIRECT_ROWS   14 /* no instruction set takes more at once */
#define DIRECT_WIDE   2  /* vectors of 16 in a result of `product` */
#define DIRECT_NARROW 4  /* results of `narrow` */

/* How rows are taken: in groups whose parts of x lie `step` apart, and how many at most. */
typedef struct {
    int group, rows;
    ptrdiff_t step;
} DirectShape;

typedef struct {
    float *y[DIRECT_NARROW];
    const float *x, *w[DIRECT_NARROW];
    const ptrdiff_t *yr, *xr; /* [rows]: where a row's results, and its part of x, begin */
    const ptrdiff_t *xt, *wt; /* [terms]: where a term's x, and its w, lie */
    int rows, terms, outs;    /* outs: how many of y and w there are */
    DirectShape shape;
    bool add; /* product: y += */
} DirectTile;

typedef struct {
    /* The best for rows that come in runs of `run`, `step` apart in x; for `product`, and for `narrow`. */
    DirectShape (*shape)(int run, ptrdiff_t step);
    DirectShape (*narrow_shape)(int run, ptrdiff_t step, int outs);
    /* y[o][yr[r] + lane] = sum over t of x[xr[r] + xt[t]] * w[o][wt[t] + lane], for 16 lanes and outs <= 2;
     * rows is a multiple of the shape's group and at most its rows. */
    void (*product)(const DirectTile *t);
    /* y[o][yr[r]] = sum over t of x[xr[r] + xt[t]] * w[o][t], for outs <= 4; exactly the shape's rows. Terms
     * come sixteen at a time, neighbours in x, and are summed in sixteen chains. wt is not read. */
    void (*narrow)(const DirectTile *t);
} DirectKernels;

extern const DirectKernels direct_portable, direct_avx2, direct_avx512;
