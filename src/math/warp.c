/* Sampling a picture through an affine map. */
#include "math/warp.h"
#include <stddef.h>

enum { COLUMNS = 64 }; /* of a strip whose places are kept */

/* A place on an axis between two neighbouring pixels. */
typedef struct {
    int low, high;
    float share; /* of the higher */
} Place;

/* Where coordinate u in [-1, 1] lies among n pixels; a point outside, or a NaN, goes to the edge. */
static Place place_at(float u, int n)
{
    float at = ((u + 1) * (float)n - 1) * 0.5f, most = (float)(n - 1);
    at = at > 0 ? at : 0;
    at = at < most ? at : most;
    int low = (int)at < n - 1 ? (int)at : n - 1;
    return low + 1 < n ? (Place){low, low + 1, at - (float)low} : (Place){low, low, 0};
}

static float centre(int i, int n)
{
    return (float)(2 * i + 1) / (float)n - 1;
}

static inline __attribute__((always_inline)) float blend(const float *above, const float *below, Place x, float share)
{
    return above[x.low] * ((1 - x.share) * (1 - share)) + above[x.high] * (x.share * (1 - share)) +
           below[x.low] * ((1 - x.share) * share) + below[x.high] * (x.share * share);
}

typedef struct {
    float *y;
    const float *x, *m;
    int OH, OW, C, H, W;
} Warp;

/* The rows of y stay rows of x: the places of n columns from `first` on serve all rows and channels. */
static void upright_strip(const Warp *w, int first, int n)
{
    Place column[COLUMNS];
    for (int c = 0; c < n; c++) column[c] = place_at(w->m[0] * centre(first + c, w->OW) + w->m[2], w->W);
    for (int r = 0; r < w->OH; r++) {
        Place row = place_at(w->m[4] * centre(r, w->OH) + w->m[5], w->H);
        for (int k = 0; k < w->C; k++) {
            const float *plane = w->x + (size_t)k * w->H * w->W;
            const float *above = plane + (size_t)row.low * w->W, *below = plane + (size_t)row.high * w->W;
            float *y = w->y + ((size_t)k * w->OH + r) * w->OW + first;
            for (int c = 0; c < n; c++) y[c] = blend(above, below, column[c], row.share);
        }
    }
}

static void one_pixel(const Warp *w, int r, int c)
{
    const float *m = w->m;
    float u = centre(c, w->OW), v = centre(r, w->OH);
    Place column = place_at(m[0] * u + m[1] * v + m[2], w->W), row = place_at(m[3] * u + m[4] * v + m[5], w->H);
    for (int k = 0; k < w->C; k++) {
        const float *plane = w->x + (size_t)k * w->H * w->W;
        w->y[((size_t)k * w->OH + r) * w->OW + c] =
            blend(plane + (size_t)row.low * w->W, plane + (size_t)row.high * w->W, column, row.share);
    }
}

void warp_affine(float *y, int OH, int OW, const float *x, int C, int H, int W, const float m[6])
{
    Warp w = {y, x, m, OH, OW, C, H, W};
    if (m[1] == 0 && m[3] == 0) {
        for (int c = 0; c < OW; c += COLUMNS) upright_strip(&w, c, OW - c < COLUMNS ? OW - c : COLUMNS);
        return;
    }
    for (int r = 0; r < OH; r++)
        for (int c = 0; c < OW; c++) one_pixel(&w, r, c);
}
