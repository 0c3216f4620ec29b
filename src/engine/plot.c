/* Drawing of panels with axes, and of bitmap text. */
#include "engine/plot.h"
#include "engine/font.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARGIN_LEFT = 64, MARGIN_RIGHT = 18, MARGIN_TOP = 34, MARGIN_BOTTOM = 42, TICKS = 5 };
enum { LEGEND_TOP = 6, LEGEND_LINE = PLOT_GLYPH_H + 2 };

static const uint8_t paper[3] = {250, 250, 250}, ink[3] = {40, 40, 40}, faint[3] = {222, 222, 222},
                     soft[3] = {110, 110, 110};

typedef struct {
    Image *im;
    int left, top, w, h; /* of the area inside the axes */
    double x0, x1, y0, y1;
    bool rows; /* y counts them downwards */
} Area;

static void dot(Image *im, int x, int y, const uint8_t rgb[3])
{
    if (x < 0 || y < 0 || x >= im->w || y >= im->h) return;
    uint8_t *px = im->px + ((size_t)y * (size_t)im->w + (size_t)x) * (size_t)im->c;
    if (im->c == 1)
        *px = (uint8_t)((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
    else
        memcpy(px, rgb, 3);
}

void plot_text(Image *im, int x, int y, const char *text, const uint8_t rgb[3], int scale)
{
    for (const char *s = text; *s; s++, x += PLOT_GLYPH_W * scale) {
        unsigned char ch = (unsigned char)*s;
        if ((ch & 0xc0) == 0x80) { /* the rest of a character beyond ASCII */
            x -= PLOT_GLYPH_W * scale;
            continue;
        }
        const uint8_t *glyph = font_glyph[ch >= 32 && ch < 127 ? ch - 32 : '?' - 32];
        for (int i = 0; i < PLOT_GLYPH_W * scale; i++)
            for (int k = 0; k < PLOT_GLYPH_H * scale; k++)
                if (glyph[k / scale] >> (PLOT_GLYPH_W - 1 - i / scale) & 1) dot(im, x + i, y + k, rgb);
    }
}

static void line(Image *im, int x0, int y0, int x1, int y1, const uint8_t rgb[3], int thick, bool dashed)
{
    int dx = x1 - x0, dy = y1 - y0, n = abs(dx) > abs(dy) ? abs(dx) : abs(dy);
    for (int i = 0; i <= n; i++) {
        if (dashed && i / 5 % 2) continue;
        int x = x0 + (n ? (int)lround((double)dx * i / n) : 0),
            y = y0 + (n ? (int)lround((double)dy * i / n) : 0);
        for (int a = 0; a < thick; a++)
            for (int b = 0; b < thick; b++) dot(im, x + a, y + b, rgb);
    }
}

/* --- scales
 * ------------------------------------------------------------------------------------------------------ */

static void range_of(const Plot *p, bool of_y, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int s = 0; s < p->n; s++)
        for (int i = 0; i < p->series[s].n; i++) {
            double v = of_y ? (double)p->series[s].y[i] : (double)p->series[s].x[i];
            if (!isfinite(v)) continue;
            *low = fmin(*low, v);
            *high = fmax(*high, v);
        }
    if (*low > *high) *low = 0, *high = 1;
    if (of_y && p->y_zero && *low > 0) *low = 0;
    if (*low == *high) *low -= 0.5, *high += 0.5;
}

/* 1, 2 or 5 times a power of ten, so that about TICKS of them fit. */
static double tick_of(double low, double high)
{
    double raw = (high - low) / TICKS, power = pow(10, floor(log10(raw))), part = raw / power;
    return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static int place_x(const Area *a, double x)
{
    return a->left + (int)lround((x - a->x0) / (a->x1 - a->x0) * a->w);
}

static int place_y(const Area *a, double y)
{
    if (a->rows) y = a->y0 + a->y1 - y;
    return a->top + a->h - (int)lround((y - a->y0) / (a->y1 - a->y0) * a->h);
}

static void tick_text(char out[24], double value, double tick)
{
    if (fabs(value) >= 10000)
        snprintf(out, 24, "%.4gk", value / 1000);
    else
        snprintf(out, 24, "%.*f", tick >= 1 ? 0 : (int)ceil(-log10(tick) - 1e-9), value);
}

static void draw_y_tick(const Area *a, double v, const char *text)
{
    int y = place_y(a, v);
    line(a->im, a->left, y, a->left + a->w, y, faint, 1, false);
    plot_text(a->im, a->left - 6 - PLOT_GLYPH_W * (int)strlen(text), y - PLOT_GLYPH_H / 2, text, soft, 1);
}

static void draw_y_ticks(const Area *a, const Plot *p)
{
    char text[24];
    double ty = tick_of(a->y0, a->y1);
    for (int i = 0; i < p->rows; i++) draw_y_tick(a, i + 1, p->row[i]);
    if (p->rows) return;
    for (double v = ceil(a->y0 / ty - 1e-9) * ty; v <= a->y1 + ty * 1e-6; v += ty) {
        tick_text(text, fabs(v) < ty * 1e-6 ? 0 : v, ty);
        draw_y_tick(a, v, text);
    }
}

static void draw_axes(const Area *a, const Plot *p)
{
    char text[24];
    double tx = tick_of(a->x0, a->x1);
    draw_y_ticks(a, p);
    for (double v = ceil(a->x0 / tx - 1e-9) * tx; v <= a->x1 + tx * 1e-6; v += tx) {
        int x = place_x(a, v);
        line(a->im, x, a->top + a->h, x, a->top + a->h + 4, ink, 1, false);
        tick_text(text, fabs(v) < tx * 1e-6 ? 0 : v, tx);
        plot_text(a->im, x - PLOT_GLYPH_W * (int)strlen(text) / 2, a->top + a->h + 7, text, soft, 1);
    }
    line(a->im, a->left, a->top, a->left, a->top + a->h, ink, 1, false);
    line(a->im, a->left, a->top + a->h, a->left + a->w, a->top + a->h, ink, 1, false);
    plot_text(a->im, a->left + a->w - PLOT_GLYPH_W * (int)strlen(p->x_label), a->top + a->h + 22, p->x_label,
              ink, 1);
    plot_text(a->im, a->left - MARGIN_LEFT + 8, a->top - 14, p->y_label, ink, 1);
    plot_text(a->im, a->left, LEGEND_TOP, p->title, ink, 1);
}

static void draw_series(const Area *a, const PlotSeries *s)
{
    int px = 0, py = 0;
    bool pen = false;
    for (int i = 0; i < s->n; i++) {
        bool here = isfinite(s->y[i]) && isfinite(s->x[i]);
        if (here) {
            int x = place_x(a, (double)s->x[i]), y = place_y(a, (double)s->y[i]);
            if (pen) line(a->im, px, py, x, y, s->rgb, 2, s->dashed);
            if (s->dots)
                for (int k = -2; k <= 3; k++) line(a->im, x - 2, y + k, x + 3, y + k, s->rgb, 1, false);
            px = x, py = y;
        }
        pen = here;
    }
}

/* Beside the title, from the top of the picture down. */
static void draw_legend(const Area *a, const Plot *p)
{
    size_t widest = 0;
    for (int i = 0; i < p->n; i++)
        widest = strlen(p->series[i].name) > widest ? strlen(p->series[i].name) : widest;
    int x = a->left + a->w - PLOT_GLYPH_W * (int)widest, y = LEGEND_TOP;
    for (int i = 0; i < p->n; i++, y += LEGEND_LINE) {
        line(a->im, x - 22, y + 4, x - 6, y + 4, p->series[i].rgb, 2, p->series[i].dashed);
        plot_text(a->im, x, y, p->series[i].name, ink, 1);
    }
}

/* Room for the names on the y axis. */
static int margin_of(const Plot *p)
{
    size_t widest = 0;
    for (int i = 0; i < p->rows; i++) widest = strlen(p->row[i]) > widest ? strlen(p->row[i]) : widest;
    int names = PLOT_GLYPH_W * (int)widest + 14;
    return names > MARGIN_LEFT ? names : MARGIN_LEFT;
}

static void set_ranges(Area *a, const Plot *p)
{
    range_of(p, false, &a->x0, &a->x1);
    range_of(p, true, &a->y0, &a->y1);
    double up = (a->y1 - a->y0) * 0.04, along = (a->x1 - a->x0) * 0.04;
    a->y1 += up;
    if (!p->y_zero || a->y0 < 0) a->y0 -= up;
    a->rows = p->rows > 0;
    if (!a->rows) return;
    a->y0 = 0.5, a->y1 = p->rows + 0.5;
    a->x0 -= along, a->x1 += along;
}

static void draw_panel(Image *im, int left, int top, const Plot *p)
{
    int margin = margin_of(p);
    Area a = {.im = im, .left = left + margin, .top = top, .w = p->w - margin - MARGIN_RIGHT};
    a.h = p->h - MARGIN_BOTTOM - a.top;
    set_ranges(&a, p);
    draw_axes(&a, p);
    for (int i = 0; i < p->n; i++) draw_series(&a, &p->series[i]);
    if (p->n > 1) draw_legend(&a, p);
}

bool plot_image(Image *out, const Plot *panel, int panels, Err *err)
{
    int w = 0, h = 0, top = MARGIN_TOP;
    for (int i = 0; i < panels; i++) {
        int legend = LEGEND_TOP + LEGEND_LINE * panel[i].n + LEGEND_LINE;
        top = legend > top ? legend : top; /* one height for all */
        if (panel[i].w < 160 || panel[i].h < 120)
            return err_set(err, ERR_USAGE, "a plot is at least 160 x 120 pixels");
        w += panel[i].w;
        h = panel[i].h > h ? panel[i].h : h;
    }
    if (!image_make(out, w, h, 3, err)) return false;
    image_fill(out, paper);
    for (int i = 0, x = 0; i < panels; x += panel[i++].w) draw_panel(out, x, top, &panel[i]);
    return true;
}
