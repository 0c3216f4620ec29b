/* Sampling a picture through an affine map. */
#include "math/warp.h"
#include <stddef.h>

typedef struct {
    size_t at[4]; /* the four pixels around the point */
    float k[4];
} Taps;

/* The lower of two neighbouring pixels and the share of the upper; a point outside, or a NaN, goes to the
 * edge. */
static int axis(float at, int n, float *share)
{
    float most = (float)(n - 1);
    at = at > 0 ? at : 0;
    at = at < most ? at : most;
    int low = (int)at < n - 1 ? (int)at : n - 1;
    *share = low + 1 < n ? at - (float)low : 0;
    return low;
}

static Taps taps_at(float u, float v, int H, int W)
{
    float fx, fy;
    int x = axis(((u + 1) * (float)W - 1) * 0.5f, W, &fx), y = axis(((v + 1) * (float)H - 1) * 0.5f, H, &fy);
    int right = x + 1 < W ? x + 1 : x, below = y + 1 < H ? y + 1 : y;
    return (Taps){
        {(size_t)y * W + x, (size_t)y * W + right, (size_t)below * W + x, (size_t)below * W + right},
        {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy}};
}

void warp_affine(float *y, int OH, int OW, const float *x, int C, int H, int W, const float m[6])
{
    size_t in = (size_t)H * W, out = (size_t)OH * OW;
    for (int r = 0; r < OH; r++)
        for (int c = 0; c < OW; c++, y++) {
            float u = (float)(2 * c + 1) / (float)OW - 1, v = (float)(2 * r + 1) / (float)OH - 1;
            Taps t = taps_at(m[0] * u + m[1] * v + m[2], m[3] * u + m[4] * v + m[5], H, W);
            for (int k = 0; k < C; k++) {
                const float *p = x + k * in;
                y[k * out] =
                    p[t.at[0]] * t.k[0] + p[t.at[1]] * t.k[1] + p[t.at[2]] * t.k[2] + p[t.at[3]] * t.k[3];
            }
        }
}
