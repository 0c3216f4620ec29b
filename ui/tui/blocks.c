/* Half blocks: the upper half of a cell is the foreground of ▀, the lower its background; each colour is sent only when it
 * changes. */
#include "tui/blocks.h"

#define UPPER "\xe2\x96\x80"
#define LOWER "\xe2\x96\x84"
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

/* Level 0..n-1 of v with the threshold of a 4 x 4 ordered dither (Bayer). */
static int dithered(int v, int n, int x, int y)
{
    static const uint8_t bayer[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
    return (v * (n - 1) * 16 + 255 * bayer[y & 3][x & 3]) / (255 * 16);
}

/* xterm's 256: greys by their own 24 steps and black and white, others by the 6 x 6 x 6 cube. */
static int color256(const uint8_t *p, int x, int y)
{
    if (p[0] == p[1] && p[1] == p[2]) { /* steps of 10: 0, 8, 18 ... 238, 255 */
        int level = dithered(p[0], 26, x, y);
        return level == 0 ? 16 : level == 25 ? 231 : 231 + level;
    }
    return 16 + 36 * dithered(p[0], 6, x, y) + 6 * dithered(p[1], 6, x, y) + dithered(p[2], 6, x, y);
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

void blocks_half(Buf *out, const Raster *r, int x, int y, bool truecolor)
{
    Pen pen = {NO_COLOR, NO_COLOR, -1};
    buf_str(out, "\033[m");
    for (int cy = 0; cy < r->h / 2; cy++) {
        pen.at = -1;
        for (int cx = 0; cx < r->w; cx++) {
            int half[2];
            for (int k = 0; k < 2; k++) {
                const uint8_t *p = pixel(r, cx, 2 * cy + k);
                half[k] = !shown(r, cx, 2 * cy + k) ? NO_COLOR : truecolor ? color24(p) : color256(p, cx, 2 * cy + k);
            }
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
