/* Half blocks: the upper half of a cell is the foreground of ▀, the lower its background; each colour is sent
 * only when it changes. */
#include "tui/blocks.h"

#define UPPER    "\xe2\x96\x80"
#define LOWER    "\xe2\x96\x84"
#define NO_COLOR (-1)

static void go(Buf *out, int x, int y)
{
    buf_str(out, "\033[");
    buf_uint(out, (unsigned)y + 1);
    buf_str(out, ";");
    buf_uint(out, (unsigned)x + 1);
    buf_str(out, "H");
}

static const uint8_t *pixel(const Raster *r, int x, int y)
{
    return r->rgb + ((size_t)y * (size_t)r->w + (size_t)x) * 3;
}

static bool shown(const Raster *r, int x, int y)
{
    return r->mask[(size_t)y * (size_t)r->w + (size_t)x];
}

/* The index of one of n rising levels near v: the upper of the two around it beyond `at` of 32. */
static int nearby(int v, const uint8_t *level, int n, int at)
{
    int i = 0;
    while (i < n - 2 && v >= level[i + 1]) i++;
    return i + ((v - level[i]) * 32 > (level[i + 1] - level[i]) * at);
}

/* xterm's 256: greys by their own 24 steps and black and white, others by the 6 x 6 x 6 cube. */
static int color256(const uint8_t *p, int at)
{
    static const uint8_t cube[] = {0, 95, 135, 175, 215, 255};
    static const uint8_t grey[] = {0,   8,   18,  28,  38,  48,  58,  68,  78,  88,  98,  108, 118,
                                   128, 138, 148, 158, 168, 178, 188, 198, 208, 218, 228, 238, 255};
    if (p[0] == p[1] && p[1] == p[2]) {
        int i = nearby(p[0], grey, 26, at);
        return i == 0 ? 16 : i == 25 ? 231 : 231 + i;
    }
    return 16 + 36 * nearby(p[0], cube, 6, at) + 6 * nearby(p[1], cube, 6, at) + nearby(p[2], cube, 6, at);
}

static int color24(const uint8_t *p)
{
    return p[0] << 16 | p[1] << 8 | p[2];
}

/* SGR 38 or 48 with a 24-bit or an indexed colour. */
static void set_color(Buf *out, unsigned what, int color, bool truecolor)
{
    buf_str(out, "\033[");
    buf_uint(out, what);
    buf_str(out, truecolor ? ";2;" : ";5;");
    if (truecolor) {
        buf_uint(out, (unsigned)color >> 16);
        buf_str(out, ";");
        buf_uint(out, (unsigned)color >> 8 & 255);
        buf_str(out, ";");
        buf_uint(out, (unsigned)color & 255);
    } else {
        buf_uint(out, (unsigned)color);
    }
    buf_str(out, "m");
}

typedef struct {
    int fg, bg; /* what the terminal has set; NO_COLOR: its own */
    int at;     /* column the cursor is on; -1: elsewhere */
} Pen;

static void half_cell(Buf *out, Pen *pen, const int half[2], bool truecolor)
{
    bool lower_only = half[0] == NO_COLOR;
    int fg = lower_only ? half[1] : half[0], bg = lower_only ? NO_COLOR : half[1];
    if (bg == NO_COLOR && pen->bg != NO_COLOR) {
        buf_str(out, "\033[m");
        pen->fg = NO_COLOR;
    }
    if (fg != pen->fg) set_color(out, 38, fg, truecolor);
    if (bg != pen->bg && bg != NO_COLOR) set_color(out, 48, bg, truecolor);
    pen->fg = fg;
    pen->bg = bg;
    buf_str(out, lower_only ? LOWER : UPPER);
}

typedef struct {
    bool truecolor;
    int step;
} Depth;

/* The colour of one half, NO_COLOR where no picture is. */
static int half_color(const Raster *r, int x, int y, const Depth *d)
{
    const uint8_t *p = pixel(r, x, y);
    uint8_t rounded[3];
    if (!shown(r, x, y)) return NO_COLOR;
    for (int k = 0; k < 3; k++) {
        int v = (p[k] + d->step / 2) / d->step * d->step;
        rounded[k] = (uint8_t)(v < 255 ? v : 255);
    }
    return d->truecolor ? color24(rounded) : color256(rounded, d->step > 1 ? 16 : raster_threshold(x, y));
}

void blocks_half(Buf *out, const Raster *r, int x, int y, bool truecolor, int step)
{
    Pen pen = {NO_COLOR, NO_COLOR, -1};
    Depth depth = {truecolor, step};
    buf_str(out, "\033[m");
    for (int cy = 0; cy < r->h / 2; cy++) {
        pen.at = -1;
        for (int cx = 0; cx < r->w; cx++) {
            int half[2] = {half_color(r, cx, 2 * cy, &depth), half_color(r, cx, 2 * cy + 1, &depth)};
            if (half[0] == NO_COLOR && half[1] == NO_COLOR) continue;
            if (pen.at != cx) go(out, x + cx, y + cy);
            half_cell(out, &pen, half, truecolor);
            pen.at = cx + 1;
        }
    }
    buf_str(out, "\033[m");
}

void blocks_ascii(Buf *out, const Raster *r, int x, int y)
{
    static const char ramp[] = " .:-=+*#%@";
    buf_str(out, "\033[m");
    for (int cy = 0; cy < r->h; cy++) {
        int at = -1;
        for (int cx = 0; cx < r->w; cx++) {
            const uint8_t *p = pixel(r, cx, cy);
            if (!shown(r, cx, cy)) continue;
            if (at != cx) go(out, x + cx, y + cy);
            int luma = (299 * p[0] + 587 * p[1] + 114 * p[2]) / 1000;
            buf_put(out, &ramp[luma * 10 / 256], 1);
            at = cx + 1;
        }
    }
}
