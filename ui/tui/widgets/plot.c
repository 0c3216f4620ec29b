/* Braille curves: series are rasterised to 2 x 4 dots per cell, the upper series hides the lower in a shared
 * cell. */
#include "tui/widgets/plot_frame.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK_ROWS 4 /* that labels of marks may take */

double plot_scaled(const Plot *p, double y)
{
    return p->log_y ? (y > 0 ? log10(y) : NAN) : y;
}

static void widen(double *low, double *high, double v)
{
    if (!isfinite(v)) return;
    if (!(v >= *low)) *low = v;
    if (!(v <= *high)) *high = v;
}

/* The window asked for, or that of the data and the levels; never empty. */
static void window(Frame *f, const Plot *p)
{
    double x0 = NAN, x1 = NAN, y0 = NAN, y1 = NAN;
    for (int s = 0; s < p->count; s++)
        for (int i = 0; i < p->series[s].n; i++) {
            double x = p->series[s].x[i], y = plot_scaled(p, p->series[s].y[i]);
            if (!isfinite(y) || x < p->x0 || x > p->x1) continue; /* an open end (NaN) holds everything */
            widen(&x0, &x1, x);
            widen(&y0, &y1, y);
        }
    for (int i = 0; i < p->levels; i++) widen(&y0, &y1, plot_scaled(p, p->level[i].at));
    f->x0 = isfinite(p->x0) ? p->x0 : isfinite(x0) ? x0 : 0;
    f->x1 = isfinite(p->x1) ? p->x1 : isfinite(x1) ? x1 : 1;
    double room = isfinite(y0) ? 0.04 * (y1 - y0) : 0;
    f->y0 = isfinite(p->y0) ? plot_scaled(p, p->y0) : isfinite(y0) ? y0 - room : 0;
    f->y1 = isfinite(p->y1) ? plot_scaled(p, p->y1) : isfinite(y1) ? y1 + room : 1;
    if (!isfinite(f->y0)) f->y0 = isfinite(y0) ? y0 : f->y1 - 1; /* an axis from 0 has no logarithm */
    if (!(f->x1 > f->x0)) f->x1 = f->x0 + 1;
    if (!(f->y1 > f->y0)) f->y0 -= 0.5, f->y1 += 0.5;
}

/* The smallest of 1, 2, 5 times a power of ten that is not below `least`. */
static double round_step(double least)
{
    double base = pow(10, floor(log10(least))), times = least / base;
    return base * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static Ticks ticks(const Frame *f, const Plot *p, int rows)
{
    Ticks t = {0};
    char text[48];
    bool decades = f->log && f->y1 - f->y0 >= 1; /* on a long logarithmic axis: powers of ten */
    double low = f->log ? pow(10, f->y0) : f->y0, high = f->log ? pow(10, f->y1) : f->y1;
    double step =
        decades ? pow(10, ceil(f->y0 - 1e-9)) : round_step((high - low) / (rows / 3 > 1 ? rows / 3 : 1));
    t.decimals = p->y_decimals >= 0 ? p->y_decimals : step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    if (t.decimals > 6) t.decimals = 6;
    double v = decades ? step : ceil(low / step - 1e-9) * step;
    for (; v <= high + step * 1e-9 && t.n < TICKS_MAX; v = decades ? v * 10 : v + step) {
        t.at[t.n++] = fabs(v) < step * 1e-9 ? 0 : v;
        int w = snprintf(text, sizeof text, "%.*f", t.decimals, v);
        if (w > t.width) t.width = w;
    }
    return t;
}

static double dot_x(const Frame *f, double x)
{
    return (x - f->x0) / (f->x1 - f->x0) * (f->in.w * 2 - 1);
}

static double dot_y(const Frame *f, double y)
{
    return (f->y1 - y) / (f->y1 - f->y0) * (f->in.h * 4 - 1);
}

static void dot(Frame *f, int x, int y, int series)
{
    static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    if (x < 0 || y < 0 || x >= f->in.w * 2 || y >= f->in.h * 4) return;
    int cell = y / 4 * f->in.w + x / 2;
    if (f->owner[cell] != series + 1) f->mask[cell] = 0;
    f->owner[cell] = (uint8_t)(series + 1);
    f->mask[cell] |= bit[y % 4][x % 2];
}

/* A straight stroke, one dot per step of its longer side; far outside parts are bounded so that it always
 * ends. */
static void stroke(Frame *f, double x0, double y0, double x1, double y1, int series)
{
    double far = 4 * (f->in.w + f->in.h) + 100;
    y0 = fmax(-far, fmin(far, y0));
    y1 = fmax(-far, fmin(far, y1));
    if ((x0 < -1 && x1 < -1) || (x0 > f->in.w * 2 && x1 > f->in.w * 2)) return;
    x0 = fmax(-far, fmin(far, x0));
    x1 = fmax(-far, fmin(far, x1));
    int steps = (int)ceil(fmax(fabs(x1 - x0), fabs(y1 - y0)));
    for (int i = 0; i <= steps; i++) {
        double s = steps ? (double)i / steps : 0;
        dot(f, (int)lround(x0 + (x1 - x0) * s), (int)lround(y0 + (y1 - y0) * s), series);
    }
}

static void curve(Frame *f, const Plot *p, int series)
{
    const Series *s = &p->series[series];
    double px = NAN, py = NAN;
    for (int i = 0; i < s->n; i++) {
        double x = dot_x(f, s->x[i]), y = dot_y(f, plot_scaled(p, s->y[i]));
        if (isfinite(x) && isfinite(y)) {
            bool joined = isfinite(px);
            stroke(f, joined ? px : x, joined ? py : y, x, y, series);
        }
        px = isfinite(y) ? x : NAN;
        py = y;
    }
}

static void axes(Canvas *c, Rect r, const Frame *f, const Plot *p, const Ticks *t)
{
    char text[64];
    int low = f->in.y + f->in.h;
    for (int y = f->in.y; y < low; y++) canvas_put(c, f->in.x - 1, y, INK_FAINT, U'│');
    for (int x = f->in.x; x < f->in.x + f->in.w; x++) canvas_put(c, x, low, INK_FAINT, U'─');
    canvas_put(c, f->in.x - 1, low, INK_FAINT, U'╰');
    for (int i = 0; i < t->n; i++) {
        int y = f->in.y + (int)lround(dot_y(f, f->log ? log10(t->at[i]) : t->at[i])) / 4;
        if (y < f->in.y || y >= low) continue;
        snprintf(text, sizeof text, "%.*f", t->decimals, t->at[i]);
        canvas_right(c, f->in.x - 1, y, t->width, INK_DIM, text);
        canvas_put(c, f->in.x - 1, y, INK_FAINT, U'┤');
    }
    if (low + 1 >= r.y + r.h) return;
    canvas_print(c, f->in.x, low + 1, f->in.w / 2, INK_DIM, "%.6g", f->x0);
    snprintf(text, sizeof text, "%.7g%s%s", f->x1, p->x_unit ? " " : "", p->x_unit ? p->x_unit : "");
    canvas_right(c, f->in.x + f->in.w, low + 1, f->in.w / 2, INK_DIM, text);
}

/* The row of a level and the column of a mark; -1: outside. */
static int level_row(const Frame *f, const Plot *p, int i)
{
    double y = dot_y(f, plot_scaled(p, p->level[i].at));
    return y >= 0 && y < f->in.h * 4 ? f->in.y + (int)lround(y) / 4 : -1;
}

static int column_of(const Frame *f, float at)
{
    double x = dot_x(f, at);
    return x >= 0 && x < f->in.w * 2 ? f->in.x + (int)lround(x) / 2 : -1;
}

static int mark_column(const Frame *f, const Plot *p, int i)
{
    return column_of(f, p->mark[i].at);
}

/* Levels and marks lie under the curves ... */
static void lines(Canvas *c, const Frame *f, const Plot *p)
{
    for (int i = 0; i < p->levels; i++)
        for (int x = 0, y = level_row(f, p, i); x < f->in.w && y >= 0; x++)
            canvas_put(c, f->in.x + x, y, p->level[i].ink, U'┄');
    for (int i = 0; i < p->marks; i++)
        for (int y = 0, x = mark_column(f, p, i); y < f->in.h && x >= 0; y++)
            canvas_put(c, x, f->in.y + y, p->mark[i].ink, U'╎');
}

static void ticks_below(Canvas *c, const Frame *f, const Plot *p)
{
    for (int i = 0; i < p->ticks; i++) {
        int x = column_of(f, p->tick[i]);
        if (x >= 0) canvas_put(c, x, f->in.y + f->in.h, INK_DIM, U'┴');
    }
}

/* Over the curves' cells where they leave room, so that what is read off stays in sight. */
static void crosshair(Canvas *c, const Frame *f, const Plot *p)
{
    int x = p->cursor ? column_of(f, p->at) : -1;
    for (int y = 0; y < f->in.h && x >= 0; y++)
        if (!f->owner[y * f->in.w + x - f->in.x]) canvas_put(c, x, f->in.y + y, INK_ACCENT, U'│');
    if (x >= 0) canvas_put(c, x, f->in.y + f->in.h, INK_ACCENT, U'┴');
}

/* A label to the right of its mark, to the left where the plot ends; marks close to each other take rows of
 * their own. */
static void mark_labels(Canvas *c, const Frame *f, const Plot *p, int right)
{
    int taken[MARK_ROWS] = {0}, rows = f->in.h < MARK_ROWS ? f->in.h : MARK_ROWS;
    for (int i = 0; i < p->marks; i++) {
        int x = mark_column(f, p, i), row = 0;
        if (x < 0 || !p->mark[i].label) continue;
        int w = text_width(p->mark[i].label), at = x + 1 + w <= right || x - w < f->in.x ? x + 1 : x - w;
        while (row < rows - 1 && at < taken[row]) row++;
        if (p->picture && at < taken[row]) at = taken[row]; /* in its one row: after those before it */
        if (p->picture && at + w > right) continue;
        taken[row] = at + 1 + canvas_text(c, at, f->in.y + row, right - at, p->mark[i].ink, p->mark[i].label);
    }
}

/* ... and their labels over them: a level's at the right end, a mark's beside its top. */
static void labels(Canvas *c, const Frame *f, const Plot *p)
{
    int right = f->in.x + f->in.w;
    for (int i = 0; i < p->levels; i++) {
        int y = level_row(f, p, i);
        if (y < 0 || !p->level[i].label) continue;
        int w = canvas_right(c, right, y, f->in.w - 2, p->level[i].ink, p->level[i].label);
        canvas_put(c, right - w - 1, y, INK_TEXT, ' ');
    }
    mark_labels(c, f, p, right);
}

static void show(Canvas *c, const Frame *f, const Plot *p)
{
    static const char letter[] = "*o+x#@";
    for (int y = 0; y < f->in.h; y++)
        for (int x = 0; x < f->in.w; x++) {
            int cell = y * f->in.w + x, series = f->owner[cell] - 1;
            if (series < 0) continue;
            char32_t ch = c->ascii ? (char32_t)letter[series % 6] : 0x2800u + f->mask[cell];
            canvas_put(c, f->in.x + x, f->in.y + y, p->series[series].ink, ch);
        }
}

/* Names at the right end of the top row, which is theirs where there is room, the first series outermost;
 * returns where they begin. */
static int legend(Canvas *c, const Frame *f, const Plot *p, int y)
{
    int right = f->in.x + f->in.w;
    for (int s = 0; s < p->count; s++) {
        char text[80];
        if (!p->series[s].name || right - f->in.x < 10) continue;
        snprintf(text, sizeof text, "%s %s", c->ascii ? (char[]){"*o+x#@"[s % 6], 0} : "●",
                 p->series[s].name);
        int w = canvas_right(c, right, y, right - f->in.x - 2, p->series[s].ink, text);
        canvas_put(c, right - w - 1, y, INK_TEXT, ' ');
        right -= w + 2;
    }
    return right;
}

/* The cells left for the curves beside the numbers and below the legend; marks of a picture stand there too.
 */
static Rect inside(Rect r, const Plot *p, int label)
{
    Rect in = {r.x + label + 1, r.y, r.w - label - 1, r.h - (r.h >= 6 ? 2 : 1)};
    bool names = p->picture && p->marks;
    for (int s = 0; s < p->count; s++) names |= p->series[s].name != NULL;
    if ((names && in.h >= 6) || p->picture) rect_cut_top(&in, 1);
    return in;
}

/* False where r is too small. */
static bool frame(Frame *f, Ticks *t, Rect r, const Plot *p)
{
    *f = (Frame){.log = p->log_y};
    if (r.w < 10 || r.h < 3) return false;
    window(f, p);
    *t = ticks(f, p, r.h - 1);
    f->in = inside(r, p, t->width);
    return f->in.w >= 4 && f->in.h >= 1;
}

bool plot_x(float *x, float *per_column, Rect r, const Plot *p, int column)
{
    Frame f;
    Ticks t;
    if (!frame(&f, &t, r, p)) return false;
    double each = 2 * (f.x1 - f.x0) / (f.in.w * 2 - 1);
    *per_column = (float)each;
    *x = (float)(f.x0 + each * (column - f.in.x + 0.25));
    return column >= f.in.x && column < f.in.x + f.in.w;
}

/* The curves in braille, with everything that lies under and over them. */
static void draw_cells(Canvas *c, Frame *f, const Plot *p)
{
    size_t cells = (size_t)f->in.w * (size_t)f->in.h;
    f->mask = calloc(cells, 2);
    if (!f->mask) return;
    f->owner = f->mask + cells;
    ticks_below(c, f, p);
    lines(c, f, p);
    for (int s = p->count - 1; s >= 0; s--) curve(f, p, s);
    show(c, f, p);
    crosshair(c, f, p);
    labels(c, f, p);
    free(f->mask);
}

/* The same as a picture; labels of marks stand above it, in one row. */
static void draw_picture(Canvas *c, Frame *f, const Plot *p, const Ticks *t, int right)
{
    Frame row = *f;
    row.in = (Rect){f->in.x, f->in.y - 1, f->in.w, 1};
    if (!plot_paint(p->picture, f, p, t)) return;
    canvas_picture(c, f->in, &p->picture->image, canvas_image_id(&p->picture->image));
    ticks_below(c, f, p);
    mark_labels(c, &row, p, right);
}

void plot_draw(Canvas *c, Rect r, const Plot *p)
{
    Frame f;
    Ticks t;
    if (!frame(&f, &t, r, p)) return;
    axes(c, r, &f, p, &t);
    if (p->picture && !c->ascii)
        draw_picture(c, &f, p, &t, legend(c, &f, p, r.y) - 1);
    else
        draw_cells(c, &f, p);
    if (!p->picture || c->ascii) legend(c, &f, p, r.y);
}
