/* Register tiles of the direct convolution, compiled once per instruction set (VS_ISA names which). */
#include "math/kernels/direct.h"
#include "math/kernels/vec16.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

/* Accumulators: ROWS x WIDE (LOOSE x WIDE where each row has its own address, for which there are few
 * registers); for one to four narrow results NARROW_n x n. */
#if defined(__AVX512F__)
enum { ROWS = 14, WIDE = 2, LOOSE = 10, NARROW_1 = 14, NARROW_2 = 12, NARROW_3 = 8, NARROW_4 = 6 };
#elif defined(__AVX2__)
enum { ROWS = 6, WIDE = 1, LOOSE = 6, NARROW_1 = 4, NARROW_2 = 3, NARROW_3 = 2, NARROW_4 = 1 };
#else
enum { ROWS = 3, WIDE = 1, LOOSE = 3, NARROW_1 = 2, NARROW_2 = 1, NARROW_3 = 1, NARROW_4 = 1 };
#endif

/* Results o to o + wide - 1. The last four are constants where it is called: rows of a group have one
 * address. */
VS_INLINE void block(const DirectTile *t, int o, const int wide, const int rows, const int group,
                     const int step)
{
    V16 acc[ROWS][WIDE];
    const float *x[ROWS], *const *w = t->w + o;
    VS_UNROLL
    for (int r = 0; r < rows; r++) {
        x[r] = t->x + t->xr[r];
        VS_UNROLL
        for (int v = 0; v < wide; v++) acc[r][v] = t->add ? v16_load(t->y[o + v] + t->yr[r]) : v16_all(0);
    }
    for (int k = 0; k < t->terms; k++) {
        ptrdiff_t from = t->xt[k], place = t->wt[k];
        V16 weight[WIDE];
        VS_UNROLL
        for (int v = 0; v < wide; v++) weight[v] = v16_load(w[v] + place);
        VS_UNROLL
        for (int r = 0; r < rows; r++) {
            V16 input = v16_all(x[r / group * group][from + r % group * step]);
            VS_UNROLL
            for (int v = 0; v < wide; v++) acc[r][v] = v16_fma(input, weight[v], acc[r][v]);
        }
    }
    VS_UNROLL
    for (int r = 0; r < rows; r++) {
        VS_UNROLL
        for (int v = 0; v < wide; v++) v16_store(t->y[o + v] + t->yr[r], acc[r][v]);
    }
}

VS_INLINE void blocks(const DirectTile *t, const int rows, const int group, const int step)
{
    int o = 0;
    for (; o + WIDE <= t->outs; o += WIDE) block(t, o, WIDE, rows, group, step);
#if defined(__AVX512F__)
    if (o < t->outs) block(t, o, 1, rows, group, step);
#endif
}

#define CASE(rows, group, step)                                                                              \
    case rows:                                                                                               \
        blocks(t, rows, group, step);                                                                        \
        return

static void loose(const DirectTile *t)
{
    switch (t->rows) {
        CASE(1, 1, 0);
        CASE(2, 1, 0);
        CASE(3, 1, 0);
#if defined(__AVX2__)
        CASE(4, 1, 0);
        CASE(5, 1, 0);
        CASE(6, 1, 0);
#endif
#if defined(__AVX512F__)
        CASE(7, 1, 0);
        CASE(8, 1, 0);
        CASE(9, 1, 0);
        CASE(10, 1, 0);
#endif
    }
}

#if defined(__AVX512F__)
VS_INLINE void pairs(const DirectTile *t, const int step)
{
    switch (t->rows) {
        CASE(2, 2, step);
        CASE(4, 2, step);
        CASE(6, 2, step);
        CASE(8, 2, step);
        CASE(10, 2, step);
        CASE(12, 2, step);
        CASE(14, 2, step);
    }
}

VS_INLINE void sevens(const DirectTile *t, const int step)
{
    switch (t->rows) {
        CASE(7, 7, step);
        CASE(14, 7, step);
    }
}

/* Addresses that the processor adds up itself leave its other units to the multiply-adds. */
static void product(const DirectTile *t)
{
    int group = t->shape.group;
    ptrdiff_t step = t->shape.step;
    if (group == 2 && step == 1)
        pairs(t, 1);
    else if (group == 2 && step == 16)
        pairs(t, 16);
    else if (group == 2)
        pairs(t, 32);
    else if (group == 7 && step == 16)
        sevens(t, 16);
    else if (group == 7)
        sevens(t, 32);
    else
        loose(t);
}

static DirectShape shape(int run, ptrdiff_t step)
{
    bool blocked = step == 16 || step == 32;
    if (run % 2 == 0 && (blocked || step == 1)) return (DirectShape){2, ROWS, step};
    if (run % 7 == 0 && blocked) return (DirectShape){7, ROWS, step};
    return (DirectShape){1, LOOSE, 0};
}
#else
/* Few rows: each address has its register. */
static DirectShape shape(int run, ptrdiff_t step)
{
    (void)run, (void)step;
    return (DirectShape){1, LOOSE, 0};
}
#define product loose
#endif

/* The last three are constants where it is called. */
VS_INLINE void fold(const DirectTile *t, const int rows, const int outs, const int group)
{
    enum { MOST = 24 };
    V16 acc[MOST];
    float sum[MOST];
    const float *x[NARROW_1];
    VS_UNROLL
    for (int r = 0; r < rows; r++) x[r] = t->x + t->xr[r];
    VS_UNROLL
    for (int i = 0; i < MOST; i++) acc[i] = v16_all(0);
    for (int k = 0; k < t->terms; k += 16) {
        ptrdiff_t from = t->xt[k];
        V16 weight[DIRECT_NARROW];
        VS_UNROLL
        for (int o = 0; o < outs; o++) weight[o] = v16_load(t->w[o] + k);
        VS_UNROLL
        for (int r = 0; r < rows; r++) {
            V16 input = v16_load(x[r / group * group] + from + r % group * 16);
            VS_UNROLL
            for (int o = 0; o < outs; o++) acc[r * outs + o] = v16_fma(input, weight[o], acc[r * outs + o]);
        }
    }
    VS_UNROLL
    for (int i = 0; i < rows * outs; i += 4) v16_sum4(sum + i, acc + i);
    VS_UNROLL
    for (int r = 0; r < rows; r++) {
        VS_UNROLL
        for (int o = 0; o < outs; o++) t->y[o][t->yr[r]] = sum[r * outs + o];
    }
}

VS_INLINE void folds(const DirectTile *t, const int group)
{
    switch (t->outs) {
    case 1:
        fold(t, NARROW_1, 1, group);
        return;
    case 2:
        fold(t, NARROW_2, 2, group);
        return;
    case 3:
        fold(t, NARROW_3, 3, group);
        return;
    case 4:
        fold(t, NARROW_4, 4, group);
        return;
    }
}

static DirectShape narrow_shape(int run, ptrdiff_t step, int outs)
{
    static const int rows[] = {NARROW_1, NARROW_2, NARROW_3, NARROW_4};
    int n = rows[outs - 1];
    return (DirectShape){1 + (run % 2 == 0 && step == 16 && n % 2 == 0), n, step};
}

static void narrow(const DirectTile *t)
{
    if (t->shape.group == 2)
        folds(t, 2);
    else
        folds(t, 1);
}

const DirectKernels JOIN(direct, VS_ISA) = {shape, narrow_shape, product, narrow};
