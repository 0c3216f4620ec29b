/* Clouds of points in braille. */
#include "tui/widgets/scatter.h"
#include <math.h>
#include <stdlib.h>

typedef struct {
    uint8_t mask;
    uint16_t count[INK_COUNT];
} Bin;

char scatter_mark(Ink ink)
{
    static const char mark[] = "*o+x#@";
    return ink >= INK_SERIES_1 && ink <= INK_SERIES_6 ? mark[ink - INK_SERIES_1] : '.';
}

static int dot(float share, int dots)
{
    int at = isfinite(share) ? (int)(share * (float)dots) : 0;
    return at < 0 ? 0 : at >= dots ? dots - 1 : at;
}

void scatter_cell(Rect r, const float xy[2], int *x, int *y)
{
    *x = r.x + dot(xy[0], r.w * 2) / 2;
    *y = r.y + dot(1 - xy[1], r.h * 4) / 4;
}

static void add(Bin *bin, Rect r, const float xy[2], Ink ink)
{
    static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    int x = dot(xy[0], r.w * 2), y = dot(1 - xy[1], r.h * 4);
    Bin *b = &bin[y / 4 * r.w + x / 2];
    b->mask |= bit[y % 4][x % 2];
    if (b->count[ink] < UINT16_MAX) b->count[ink]++;
}

static Ink strongest(const Bin *b)
{
    Ink best = INK_FAINT;
    for (int i = 0; i < INK_COUNT; i++)
        if (i != INK_FAINT && b->count[i] > (best == INK_FAINT ? 0 : b->count[best])) best = (Ink)i;
    return best;
}

void scatter_draw(Canvas *c, Rect r, const float (*xy)[2], const Ink *ink, int n)
{
    if (rect_empty(r)) return;
    Bin *bin = calloc((size_t)r.w * (size_t)r.h, sizeof *bin);
    if (!bin) return;
    for (int i = 0; i < n; i++) add(bin, r, xy[i], ink[i]);
    for (int k = 0; k < r.w * r.h; k++) {
        if (!bin[k].mask) continue;
        Ink best = strongest(&bin[k]);
        char32_t ch = c->ascii ? (char32_t)scatter_mark(best) : 0x2800u + bin[k].mask;
        canvas_put(c, r.x + k % r.w, r.y + k / r.w, best, ch);
    }
    free(bin);
}
