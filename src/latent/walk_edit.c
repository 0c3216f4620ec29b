/* What a hand would do to a picture: the edits that walks learn to follow. */
#include "base/elem.h"
#include "latent/walk.h"
#include "math/warp.h"
#include <string.h>

const WalkRow walk_rows[WALKS] = {
    [WALK_ZOOM] = {"zoom", "times", 1.41421356f},
    [WALK_SHIFT_X] = {"shift-x", "px", 1.0f / 7},
    [WALK_SHIFT_Y] = {"shift-y", "px", 1.0f / 7},
    [WALK_ROTATE] = {"rotate", "deg", 25},
    [WALK_BRIGHTNESS] = {"brightness", "times", 1.41421356f},
    [WALK_CONTRAST] = {"contrast", "times", 2},
};

#define LN2     0.69314718f
#define OUTSIDE 1.0001f  /* of the coordinates that lie in the picture */
#define SEEN    (-0.95f) /* what is brighter is no background */

/* The map from a place in the edited picture to its source. */
static void source_map(float m[6], WalkKind kind, float t)
{
    float sine = 0, cosine = 1, scale = kind == WALK_ZOOM ? elem_exp(-0.5f * t * LN2) : 1;
    if (kind == WALK_ROTATE) elem_sincos(&sine, &cosine, t * walk_rows[kind].full / 360);
    m[0] = m[4] = scale * cosine;
    m[1] = -sine, m[3] = sine; /* y points down: counter-clockwise looks back clockwise */
    m[2] = kind == WALK_SHIFT_X ? -2 * t * walk_rows[kind].full : 0;
    m[5] = kind == WALK_SHIFT_Y ? 2 * t * walk_rows[kind].full : 0;
}

static void warp(float *out, float *mask, const float *in, int c, int side, const float m[6])
{
    warp_affine(out, side, side, in, c, side, side, m);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            float u = (float)(2 * x + 1) / (float)side - 1, v = (float)(2 * y + 1) / (float)side - 1;
            float from_u = m[0] * u + m[1] * v + m[2], from_v = m[3] * u + m[4] * v + m[5];
            bool inside = from_u > -OUTSIDE && from_u < OUTSIDE && from_v > -OUTSIDE && from_v < OUTSIDE;
            mask[y * side + x] = inside ? 1 : 0;
        }
}

static float cut(float x)
{
    return x < -1 ? -1 : x > 1 ? 1 : x;
}

static float mean_seen(const float *in, size_t n)
{
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        if (in[i] > SEEN) sum += (double)in[i], count++;
    return count > 0 ? (float)(sum / count) : 0;
}

static void colour(float *out, const float *in, size_t n, WalkKind kind, float t)
{
    float gain = elem_exp((kind == WALK_CONTRAST ? 1.0f : 0.5f) * t * LN2), mean = mean_seen(in, n);
    for (size_t i = 0; i < n; i++)
        if (kind == WALK_BRIGHTNESS)
            out[i] = cut((in[i] + 1) * gain - 1);
        else
            out[i] = in[i] > SEEN ? cut(mean + gain * (in[i] - mean)) : in[i];
}

void walk_edit(float *out, float *mask, const float *in, int c, int side, WalkKind kind, float t)
{
    size_t pixels = (size_t)side * (size_t)side;
    float m[6];
    if (kind == WALK_BRIGHTNESS || kind == WALK_CONTRAST) {
        colour(out, in, (size_t)c * pixels, kind, t);
        for (size_t i = 0; i < pixels; i++) mask[i] = 1;
        return;
    }
    source_map(m, kind, t);
    warp(out, mask, in, c, side, m);
}
