/* Differentiable augmentation and its adjoint, picture by picture. */
#include "learn/gan_augment.h"
#include <string.h>

bool gan_augments(const GanAugment *a)
{
    return a->colour > 0 || a->translation > 0 || a->cutout > 0;
}

static float within(Rng *r, float low, float high)
{
    return low + (high - low) * rng_uniform(r);
}

static int shift(Rng *r, const GanAugment *a, int side)
{
    int most = (int)(a->translation * (float)side + 0.5f);
    return (int)rng_below(r, (uint32_t)(2 * most + 1)) - most;
}

static int clamp(int x, int high)
{
    return x < 0 ? 0 : x > high ? high : x;
}

/* Every part draws whether it is on or not: settings of one do not move the others. */
GanChange gan_change(const GanAugment *a, Rng *r, int side)
{
    GanChange g = {.brightness = a->colour * within(r, -0.5f, 0.5f),
                   .saturation = 1 + a->colour * within(r, -1, 1),
                   .contrast = 1 + a->colour * within(r, -0.5f, 0.5f)};
    g.dx = shift(r, a, side);
    g.dy = shift(r, a, side);
    int cut = (int)(a->cutout * (float)side + 0.5f), x = (int)rng_below(r, (uint32_t)side + 1),
        y = (int)rng_below(
            r, (uint32_t)side + 1); /* the square's centre, so that corners are cut as often as the middle */
    g.left = clamp(x - cut / 2, side);
    g.top = clamp(y - cut / 2, side);
    g.right = clamp(x - cut / 2 + cut, side);
    g.bottom = clamp(y - cut / 2 + cut, side);
    return g;
}

/* x = s x + (1 - s) mean of x over channels, at each pixel: its own adjoint. */
static void saturate(float *x, float s, int C, int P)
{
    for (int p = 0; p < P; p++) {
        float sum = 0;
        for (int c = 0; c < C; c++) sum += x[c * P + p];
        for (int c = 0; c < C; c++) x[c * P + p] = s * x[c * P + p] + (1 - s) * sum / (float)C;
    }
}

/* The same over the whole picture: its own adjoint. */
static void stretch(float *x, float s, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    float rest = (1 - s) * (float)(sum / n);
    for (int i = 0; i < n; i++) x[i] = s * x[i] + rest;
}

/* x(p) = x(p + (dx, dy)), 0 from outside; the adjoint is the shift back. */
static void move(float *x, int dx, int dy, int C, int side, float *scratch)
{
    int first = dx < 0 ? -dx : 0, last = dx > 0 ? side - dx : side;
    size_t all = (size_t)C * (size_t)side * (size_t)side;
    if (!dx && !dy) return;
    memcpy(scratch, x, all * sizeof *x);
    memset(x, 0, all * sizeof *x);
    for (int row = 0; row < C * side; row++) {
        int y = row % side + dy;
        if (y < 0 || y >= side) continue;
        memcpy(x + row * side + first, scratch + (row + dy) * side + first + dx,
               (size_t)(last - first) * sizeof *x);
    }
}

static void cut(float *x, const GanChange *g, int C, int side)
{
    for (int c = 0; c < C; c++)
        for (int y = g->top; y < g->bottom; y++)
            for (int i = g->left; i < g->right; i++) x[(c * side + y) * side + i] = 0;
}

void gan_change_apply(float *x, const GanChange *g, int C, int side, float *scratch)
{
    int P = side * side;
    for (int i = 0; i < C * P; i++) x[i] += g->brightness;
    saturate(x, g->saturation, C, P);
    stretch(x, g->contrast, C * P);
    move(x, g->dx, g->dy, C, side, scratch);
    cut(x, g, C, side);
}

void gan_change_backward(float *dx, const GanChange *g, int C, int side, float *scratch)
{
    cut(dx, g, C, side);
    move(dx, -g->dx, -g->dy, C, side, scratch);
    stretch(dx, g->contrast, C * side * side);
    saturate(dx, g->saturation, C, side * side);
}
