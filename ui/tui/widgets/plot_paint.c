/* Curves as a picture: lines of even width whose edges are smooth, over a soft grid. */
#include "tui/widgets/plot_frame.h"
#include "tui/widgets/plot_words.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINE_HALF  1.0  /* pixels on either side of a curve's middle */
#define THIN_HALF  0.45 /* of one in a faint ink */
#define FILL_SHARE 0.16 /* of its ink right below the first series */

typedef struct {
    Image *im;
    const Frame *f;
    const Plot *p;
    const PlotPicture *look;
    uint8_t *cover; /* (h, w) how much of a pixel the stroke being drawn covers, 0..255 */
    double *top;    /* (w) where the first series runs, for the fill; INFINITY: nowhere */
} Paint;

static double x_of(const Paint *k, double x)
{
    return (x - k->f->x0) / (k->f->x1 - k->f->x0) * (k->im->w - 1);
}

/* y is scaled already. A curve at the very edge keeps its width. */
static double y_of(const Paint *k, double y)
{
    return 2 + (k->f->y1 - y) / (k->f->y1 - k->f->y0) * (k->im->h - 5);
}

static void blend(const Paint *k, int x, int y, const uint8_t rgb[3], double share)
{
    if (x < 0 || y < 0 || x >= k->im->w || y >= k->im->h || !(share > 0)) return;
    uint8_t *px = k->im->px + ((size_t)y * (size_t)k->im->w + (size_t)x) * 3;
    for (int i = 0; i < 3; i++) px[i] = (uint8_t)lround(px[i] + (rgb[i] - px[i]) * fmin(share, 1));
}

/* --- strokes -------------------------------------------------------------------------------------------- */

static void cover(Paint *k, int x, int y, double share)
{
    if (x < 0 || y < 0 || x >= k->im->w || y >= k->im->h || !(share > 0)) return;
    uint8_t *c = &k->cover[(size_t)y * (size_t)k->im->w + (size_t)x],
            now = (uint8_t)lround(255 * fmin(share, 1));
    if (now > *c) *c = now;
}

/* How far (x, y) is from the segment. */
static double off(double x, double y, const double a[2], const double b[2])
{
    double dx = b[0] - a[0], dy = b[1] - a[1], n = dx * dx + dy * dy;
    double t = n > 0 ? ((x - a[0]) * dx + (y - a[1]) * dy) / n : 0;
    t = fmin(fmax(t, 0), 1);
    return hypot(x - a[0] - t * dx, y - a[1] - t * dy);
}

/* Along its longer side, a band across it: no more pixels are looked at than the stroke has. */
static void segment(Paint *k, const double a[2], const double b[2], double half)
{
    int along = fabs(b[0] - a[0]) >= fabs(b[1] - a[1]) ? 0 : 1, across = 1 - along,
        limit = along ? k->im->h : k->im->w;
    double length = b[along] - a[along], band = ceil((half + 1) * M_SQRT2);
    double from = fmax(floor(fmin(a[along], b[along]) - half - 1), 0);
    double to = fmin(ceil(fmax(a[along], b[along]) + half + 1), limit - 1);
    for (int i = (int)from; i <= (int)to; i++) {
        double t = fabs(length) > 1e-9 ? fmin(fmax((i - a[along]) / length, 0), 1) : 0;
        double middle = a[across] + t * (b[across] - a[across]);
        if (!(fabs(middle) < 1e5)) continue;
        for (int j = (int)(middle - band); j <= (int)(middle + band); j++) {
            int x = along ? j : i, y = along ? i : j;
            cover(k, x, y, half + 0.5 - off(x, y, a, b));
        }
    }
}

static void disc(const Paint *k, double x, double y, double radius, const uint8_t rgb[3])
{
    for (int j = (int)(y - radius - 1); j <= (int)(y + radius + 1); j++)
        for (int i = (int)(x - radius - 1); i <= (int)(x + radius + 1); i++)
            blend(k, i, j, rgb, radius + 0.5 - hypot(i - x, j - y));
}

/* --- curves --------------------------------------------------------------------------------------------- */

static void lay(const Paint *k, const uint8_t rgb[3], double share)
{
    for (int y = 0; y < k->im->h; y++)
        for (int x = 0; x < k->im->w; x++)
            blend(k, x, y, rgb, share * k->cover[(size_t)y * (size_t)k->im->w + (size_t)x] / 255);
}

/* The height of a segment in each column, for the fill below it. */
static void note_top(Paint *k, const double a[2], const double b[2])
{
    for (int x = (int)fmax(ceil(a[0]), 0); x <= (int)fmin(floor(b[0]), k->im->w - 1); x++) {
        double t = b[0] > a[0] ? (x - a[0]) / (b[0] - a[0]) : 0;
        k->top[x] = a[1] + t * (b[1] - a[1]);
    }
}

static void curve(Paint *k, const Series *s, bool first)
{
    const uint8_t *rgb = k->look->ink[s->ink];
    double half = s->ink == INK_FAINT ? THIN_HALF : LINE_HALF, a[2] = {NAN, NAN}, b[2];
    memset(k->cover, 0, (size_t)k->im->w * (size_t)k->im->h);
    for (int i = 0; i < s->n; i++) {
        b[0] = x_of(k, (double)s->x[i]);
        b[1] = y_of(k, plot_scaled(k->p, (double)s->y[i]));
        bool here = isfinite(b[0]) && isfinite(b[1]), joined = here && isfinite(a[1]);
        bool seen =
            here && !(b[0] < -2 && !(joined && a[0] > -2)) && !(joined ? a[0] > k->im->w : b[0] > k->im->w);
        if (seen) segment(k, joined ? a : b, b, half);
        if (seen && first && joined) note_top(k, a, b);
        a[0] = b[0];
        a[1] = here ? b[1] : NAN;
    }
    lay(k, rgb, s->ink == INK_FAINT ? 0.8 : 1);
}

/* A breath of its ink below the first series, fading to the ground. */
static void fill(const Paint *k, const uint8_t rgb[3])
{
    for (int x = 0; x < k->im->w; x++)
        for (int y = isfinite(k->top[x]) ? (int)fmax(k->top[x], 0) : k->im->h; y < k->im->h; y++)
            blend(k, x, y, rgb, FILL_SHARE * (k->im->h - y) / k->im->h);
}

/* Where a series stands at x, between its points; NaN outside. */
static double value_at(const Series *s, const Plot *p, double x)
{
    for (int i = 1; i < s->n; i++)
        if ((double)s->x[i] >= x && (double)s->x[i - 1] <= x) {
            double a = plot_scaled(p, (double)s->y[i - 1]), b = plot_scaled(p, (double)s->y[i]);
            double span = (double)(s->x[i] - s->x[i - 1]);
            return span > 0 ? a + (b - a) * (x - (double)s->x[i - 1]) / span : b;
        }
    return NAN;
}

/* A dot where a curve ends, or where the crosshair meets it. */
static void dots(const Paint *k)
{
    for (int i = k->p->count - 1; i >= 0; i--) {
        const Series *s = &k->p->series[i];
        if (s->ink == INK_FAINT || !s->n) continue;
        double x = k->p->cursor ? (double)k->p->at : (double)s->x[s->n - 1], y = value_at(s, k->p, x);
        if (!k->p->cursor) y = plot_scaled(k->p, (double)s->y[s->n - 1]);
        if (!isfinite(y) || x < k->f->x0 || x > k->f->x1) continue;
        disc(k, x_of(k, x), y_of(k, y), 4.2, k->look->ground);
        disc(k, x_of(k, x), y_of(k, y), 3, k->look->ink[s->ink]);
    }
}

/* --- straight lines ------------------------------------------------------------------------------------- */

static void across(const Paint *k, double y, Ink ink, double share, int dash)
{
    for (int x = 0, row = (int)lround(y); x < k->im->w; x++)
        if (!dash || x / dash % 2 == 0) blend(k, x, row, k->look->ink[ink], share);
}

static void down(const Paint *k, double x, Ink ink, double share, int dash)
{
    for (int y = 0, column = (int)lround(x); y < k->im->h; y++)
        if (!dash || y / dash % 2 == 0) blend(k, column, y, k->look->ink[ink], share);
}

static void straight(const Paint *k, const Ticks *t)
{
    const Plot *p = k->p;
    for (int i = 0; i < t->n; i++)
        across(k, y_of(k, k->f->log ? log10(t->at[i]) : t->at[i]), INK_FAINT, 0.35, 0);
    for (int i = 0; i < p->levels; i++)
        if (isfinite(plot_scaled(p, (double)p->level[i].at)))
            across(k, y_of(k, plot_scaled(p, (double)p->level[i].at)), p->level[i].ink, 0.8, 4);
    for (int i = 0; i < p->marks; i++) down(k, x_of(k, (double)p->mark[i].at), p->mark[i].ink, 0.7, 3);
}

/* Over the curves: what levels are, at the right end, on ground of their own. */
static void words(const Paint *k)
{
    int scale = k->look->cell_h >= 30 ? 2 : 1;
    for (int i = 0; i < k->p->levels; i++) {
        const PlotLine *l = &k->p->level[i];
        double y = plot_scaled(k->p, (double)l->at);
        if (!l->label || !isfinite(y)) continue;
        int w = words_width(l->label, scale), h = words_height(scale), top = (int)lround(y_of(k, y)) - h - 1;
        if (top < 0) top += h + 3;
        if (top + h > k->im->h || w + 8 > k->im->w) continue;
        words_draw(k->im, k->im->w - w - 4, top, l->label, k->look->ink[l->ink], scale);
    }
}

/* --- the picture ---------------------------------------------------------------------------------------- */

static bool fit(PlotPicture *p, int w, int h)
{
    if (p->image.px && p->image.w == w && p->image.h == h) return true;
    image_free(&p->image);
    return image_make(&p->image, w, h, 3, NULL);
}

bool plot_paint(PlotPicture *picture, const Frame *f, const Plot *p, const Ticks *t)
{
    int w = f->in.w * picture->cell_w, h = f->in.h * picture->cell_h;
    if (w < 16 || h < 16 || !fit(picture, w, h)) return false;
    Paint k = {.im = &picture->image, .f = f, .p = p, .look = picture};
    k.cover = malloc((size_t)w * (size_t)h);
    k.top = malloc((size_t)w * sizeof *k.top);
    bool ok = k.cover && k.top;
    for (int x = 0; ok && x < w; x++) k.top[x] = INFINITY;
    if (ok) {
        image_fill(&picture->image, picture->ground);
        straight(&k, t);
        for (int i = p->count - 1; i > 0; i--) curve(&k, &p->series[i], false);
        if (p->count) curve(&k, &p->series[0], true);
        if (p->count && p->fill) fill(&k, picture->ink[p->series[0].ink]);
        if (p->cursor) down(&k, x_of(&k, (double)p->at), INK_ACCENT, 0.9, 0);
        dots(&k);
        words(&k);
    }
    free(k.cover);
    free(k.top);
    return ok;
}

void plot_picture_close(PlotPicture *p)
{
    image_free(&p->image);
}
