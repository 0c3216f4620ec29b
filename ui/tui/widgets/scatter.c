/* Clouds of points in braille. */
#include "tui/widgets/scatter.h"
#include <math.h>
#include <stdlib.h>

#define CLOSEST 0.01f /* side of the smallest part that can be looked at */

typedef struct {
    uint8_t mask;
    uint16_t count[INK_COUNT], rings, points;
} Bin;

char scatter_mark(Ink ink)
{
    static const char mark[] = "*o+x#@";
    return ink >= INK_SERIES_1 && ink <= INK_SERIES_6 ? mark[ink - INK_SERIES_1] : '.';
}

/* --- places --------------------------------------------------------------------------------------------- */

/* A place as shares of the view, y downwards. */
static void in_view(float out[2], const ScatterView *v, const float xy[2])
{
    out[0] = (xy[0] - v->x) / v->span;
    out[1] = 1 - (xy[1] - v->y) / v->span;
}

static bool seen(const float at[2])
{
    return at[0] >= 0 && at[0] <= 1 && at[1] >= 0 && at[1] <= 1;
}

static int dot(float share, int dots)
{
    if (!(share > 0)) return 0;
    return share >= 1 ? dots - 1 : (int)(share * (float)dots);
}

bool scatter_cell(Rect r, const ScatterView *v, const float xy[2], int *x, int *y)
{
    float at[2];
    in_view(at, v, xy);
    *x = r.x + dot(at[0], r.w * 2) / 2;
    *y = r.y + dot(at[1], r.h * 4) / 4;
    return seen(at) && !rect_empty(r);
}

void scatter_place(float xy[2], Rect r, const ScatterView *v, int x, int y)
{
    xy[0] = v->x + ((float)(x - r.x) + 0.5f) / (float)r.w * v->span;
    xy[1] = v->y + (1 - ((float)(y - r.y) + 0.5f) / (float)r.h) * v->span;
}

static void keep_inside(ScatterView *v)
{
    v->span = v->span < CLOSEST ? CLOSEST : v->span > 1 ? 1 : v->span;
    v->x = fmaxf(0, fminf(v->x, 1 - v->span));
    v->y = fmaxf(0, fminf(v->y, 1 - v->span));
}

void scatter_zoom(ScatterView *v, Rect r, int x, int y, float factor)
{
    float about[2], span = v->span / factor;
    span = span < CLOSEST ? CLOSEST : span > 1 ? 1 : span;
    scatter_place(about, r, v, x, y);
    v->x = about[0] - (about[0] - v->x) * span / v->span;
    v->y = about[1] - (about[1] - v->y) * span / v->span;
    v->span = span;
    keep_inside(v);
}

void scatter_pan(ScatterView *v, float dx, float dy)
{
    v->x += dx * v->span;
    v->y += dy * v->span;
    keep_inside(v);
}

/* --- drawing -------------------------------------------------------------------------------------------- */

static void add(Bin *bin, Rect r, const Scatter *s, int i)
{
    static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    float at[2];
    in_view(at, &s->view, s->xy[i]);
    if (s->ink[i] == INK_COUNT || !seen(at)) return;
    int x = dot(at[0], r.w * 2), y = dot(at[1], r.h * 4);
    Bin *b = &bin[y / 4 * r.w + x / 2];
    b->mask |= bit[y % 4][x % 2];
    b->points++;
    b->rings += s->ring && s->ring[i];
    if (b->count[s->ink[i]] < UINT16_MAX) b->count[s->ink[i]]++;
}

static Ink strongest(const Bin *b)
{
    Ink best = INK_FAINT;
    for (int i = 0; i < INK_COUNT; i++)
        if (i != INK_FAINT && b->count[i] > (best == INK_FAINT ? 0 : b->count[best])) best = (Ink)i;
    return best;
}

void scatter_draw(Canvas *c, Rect r, const Scatter *s)
{
    if (rect_empty(r)) return;
    Bin *bin = calloc((size_t)r.w * (size_t)r.h, sizeof *bin);
    if (!bin) return;
    for (int i = 0; i < s->n; i++) add(bin, r, s, i);
    for (int k = 0; k < r.w * r.h; k++) {
        const Bin *b = &bin[k];
        if (!b->mask) continue;
        Ink best = strongest(b);
        char32_t dots = c->ascii ? (char32_t)scatter_mark(best) : 0x2800u + b->mask;
        canvas_put(c, r.x + k % r.w, r.y + k / r.w, best, 2 * b->rings > b->points ? U'○' : dots);
    }
    free(bin);
}
