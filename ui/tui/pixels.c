/* Sixel by libsixel's low-level encoder on bounded buffers of indices, and the choice between the ways; the
 * only file that includes sixel.h. Greys get an exact palette, colours an adapted one that is kept while a
 * picture moves. */
#include "tui/pixels.h"
#include "data/png.h"
#include "tui/blocks.h"
#include "tui/kitty.h"
#include <sixel.h>
#include <stdlib.h>
#include <string.h>

#define COLORS_MAX 255 /* the index after the last colour means: leave the screen as it is */
#define CACHE_SIDE 32  /* colours are looked up by their upper 5 bits each */

/* What each quality has: of sixel's colours, of pixels of the screen for one of kitty's, of half blocks'
 * steps between colours. */
static const struct {
    int greys, colors, kitty, step;
    bool truecolor, smooth;
} levels[PIXELS_FINE + 1] = {{6, 8, 6, 51, false, false},
                             {12, 16, 4, 24, false, false},
                             {26, 32, 3, 16, true, false},
                             {51, 64, 2, 1, true, false},
                             {101, COLORS_MAX, 1, 1, true, true}};

struct Pixels {
    uint8_t palette[256 * 3];
    int colors;
    bool grey;
    Rect kept_at; /* the strip whose palette is still here, of that quality; empty: none */
    PixelQuality kept;
    int16_t cache[CACHE_SIDE * CACHE_SIDE * CACHE_SIDE]; /* nearest index + 1; 0: not looked up yet */
    uint8_t *index;
    size_t index_cap;
};

Pixels *pixels_new(Err *err)
{
    Pixels *px = calloc(1, sizeof *px);
    if (!px) err_nomem(err, "the picture encoder");
    return px;
}

void pixels_free(Pixels *px)
{
    if (!px) return;
    free(px->index);
    free(px);
}

/* --- palettes ------------------------------------------------------------------------------------------- */

static bool is_grey(const Raster *r)
{
    const uint8_t *p = r->rgb;
    for (size_t i = 0, n = (size_t)r->w * (size_t)r->h; i < n; i++, p += 3)
        if (r->mask[i] && (p[0] != p[1] || p[1] != p[2])) return false;
    return true;
}

/* Sixel colours are percentages, so 101 greys are all there are. */
static void grey_palette(Pixels *px, PixelQuality quality)
{
    px->colors = levels[quality].greys;
    for (int i = 0; i < px->colors; i++)
        memset(px->palette + 3 * i, (i * 255 + (px->colors - 1) / 2) / (px->colors - 1), 3);
    px->grey = true;
    px->kept_at = (Rect){0};
}

static int nearest(Pixels *px, const uint8_t *p)
{
    int slot = (p[0] >> 3) * CACHE_SIDE * CACHE_SIDE + (p[1] >> 3) * CACHE_SIDE + (p[2] >> 3), best = 0;
    if (px->cache[slot]) return px->cache[slot] - 1;
    for (int i = 0, least = 1 << 30; i < px->colors; i++) {
        const uint8_t *q = px->palette + 3 * i;
        int dr = p[0] - q[0], dg = p[1] - q[1], db = p[2] - q[2], far = 2 * dr * dr + 4 * dg * dg + db * db;
        if (far < least) least = far, best = i;
    }
    px->cache[slot] = (int16_t)(best + 1);
    return best;
}

/* libsixel's colours stand for 5 bits a channel; the mean of the pixels nearest to each is a better colour
 * for them. */
static void centre_palette(Pixels *px, const uint8_t *seen, size_t n)
{
    uint32_t sum[256][4] = {{0}};
    for (size_t i = 0; i < n; i++, seen += 3) {
        uint32_t *s = sum[nearest(px, seen)];
        for (int k = 0; k < 3; k++) s[k] += seen[k];
        s[3]++;
    }
    for (int i = 0; i < px->colors; i++)
        for (int k = 0; k < 3 && sum[i][3]; k++)
            px->palette[3 * i + k] = (uint8_t)((sum[i][k] + sum[i][3] / 2) / sum[i][3]);
}

/* Median cut by libsixel over the shown pixels. */
static bool adapted_palette(Pixels *px, const Raster *r, Rect at, PixelQuality quality, Err *err)
{
    sixel_dither_t *d = NULL;
    size_t n = 0, total = (size_t)r->w * (size_t)r->h;
    uint8_t *seen = malloc(total * 3);
    if (!seen) return err_nomem(err, "a palette");
    for (size_t i = 0; i < total; i++)
        if (r->mask[i]) memcpy(seen + 3 * n++, r->rgb + 3 * i, 3);
    bool ok = n && SIXEL_SUCCEEDED(sixel_dither_new(&d, levels[quality].colors, NULL)) &&
              SIXEL_SUCCEEDED(sixel_dither_initialize(d, seen, (int)n, 1, SIXEL_PIXELFORMAT_RGB888,
                                                      SIXEL_LARGE_AUTO, SIXEL_REP_AUTO, SIXEL_QUALITY_LOW));
    if (ok) {
        px->colors = sixel_dither_get_num_of_palette_colors(d);
        memcpy(px->palette, sixel_dither_get_palette(d), (size_t)px->colors * 3);
        memset(px->cache, 0, sizeof px->cache);
        centre_palette(px, seen, n);
        px->grey = false;
        px->kept_at = quality < PIXELS_FINE ? at : (Rect){0};
        px->kept = quality;
    }
    if (d) sixel_dither_unref(d);
    free(seen);
    return ok || err_set(err, ERR_NOMEM, "no palette could be made for a picture");
}

/* The palette's index for a pixel; dithered by less than what the lookup tells apart, so that gentle ramps
 * have no steps. */
static int dithered(Pixels *px, const uint8_t *p, size_t i, int width)
{
    uint8_t near[3];
    int add = raster_threshold((int)(i % (size_t)width), (int)(i / (size_t)width)) / 4 - 4;
    for (int k = 0; k < 3; k++) {
        int v = p[k] + add;
        near[k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    return nearest(px, near);
}

static bool index_pixels(Pixels *px, const Raster *r, PixelQuality quality, Err *err)
{
    size_t n = (size_t)r->w * (size_t)r->h;
    if (n > px->index_cap) {
        uint8_t *more = realloc(px->index, n);
        if (!more) return err_nomem(err, "a picture's colours");
        px->index = more;
        px->index_cap = n;
    }
    const uint8_t *p = r->rgb;
    for (size_t i = 0; i < n; i++, p += 3) {
        int at = px->grey ? (p[0] * (px->colors - 1) + 127) / 255 : 0;
        if (r->mask[i] && !px->grey) at = quality == PIXELS_FINE ? dithered(px, p, i, r->w) : nearest(px, p);
        px->index[i] = (uint8_t)(r->mask[i] ? at : px->colors);
    }
    return true;
}

/* --- sixel ---------------------------------------------------------------------------------------------- */

static int to_buf(char *bytes, int n, void *out)
{
    buf_put(out, bytes, (size_t)n);
    return n;
}

static const char open_head[] = "\033P7;1;0q";

/* libsixel leaves the second parameter open, and some terminals then blank the whole rectangle first: say 1,
 * so that pixels not sent stay as they are. */
static void open_background(Buf *out, size_t from)
{
    char *q = out->p ? memchr(out->p + from, 'q', out->n - from) : NULL;
    if (out->failed || !q) return;
    size_t rest = out->n - (size_t)(q + 1 - out->p), old = (size_t)(q + 1 - out->p) - from;
    buf_put(out, open_head, sizeof open_head - 1); /* makes the room; the bytes themselves are moved below */
    if (out->failed) return;
    char *start = out->p + from;
    memmove(start + sizeof open_head - 1, start + old, rest);
    memcpy(start, open_head, sizeof open_head - 1);
    out->n = from + sizeof open_head - 1 + rest;
    out->p[out->n] = 0;
}

/* Takes the paint out of one index, by turning its sixels into empty ones. libsixel's own transparent colour
 * would do this, but loses a column in every gap of 255 or more (1.10.3). */
static void empty_index(Buf *out, size_t from, int index)
{
    bool clear = false;
    if (out->failed) return;
    for (char *p = out->p + from, *end = out->p + out->n - 2; p < end;
         p++) { /* all but the string's end, ESC \ */
        if (*p == '#')
            clear = strtol(p + 1, &p, 10) == index, p--;
        else if (clear && *p >= '?' && *p <= '~')
            *p = '?';
    }
}

static bool send(Pixels *px, Buf *out, uint8_t *index, int w, int h)
{
    sixel_output_t *o = NULL;
    sixel_dither_t *d = NULL;
    size_t from = out->n;
    bool ok = SIXEL_SUCCEEDED(sixel_output_new(&o, to_buf, out, NULL)) &&
              SIXEL_SUCCEEDED(sixel_dither_new(&d, px->colors + 1, NULL));
    if (ok) {
        sixel_dither_set_pixelformat(d, SIXEL_PIXELFORMAT_PAL8);
        sixel_dither_set_palette(d, px->palette);
        ok = SIXEL_SUCCEEDED(sixel_encode(index, w, h, 1, d, o));
    }
    if (d) sixel_dither_unref(d);
    if (o) sixel_output_unref(o);
    if (ok) {
        open_background(out, from);
        empty_index(out, from + sizeof open_head - 1, px->colors);
    }
    return ok && !out->failed;
}

/* One tile of whole cells: cut out of the strip's indices and sent. */
static bool send_tile(Pixels *px, Buf *out, const Raster *r, Rect tile, const PixelSpec *spec, Rect at)
{
    uint8_t *cut = malloc((size_t)tile.w * (size_t)tile.h);
    if (!cut) return false;
    bool any = false;
    for (int y = 0; y < tile.h; y++) {
        const uint8_t *row = px->index + (size_t)(tile.y + y) * (size_t)r->w + tile.x;
        memcpy(cut + (size_t)y * (size_t)tile.w, row, (size_t)tile.w);
        for (int x = 0; x < tile.w && !any; x++) any = row[x] != px->colors;
    }
    bool ok = true;
    if (any) {
        buf_printf(out, "\033[%d;%dH", at.y + tile.y / spec->cell_h + 1, at.x + tile.x / spec->cell_w + 1);
        ok = send(px, out, cut, tile.w, tile.h);
    }
    free(cut);
    return ok;
}

static bool sixels(Pixels *px, Buf *out, const Raster *r, Rect at, const PixelSpec *spec,
                   PixelQuality quality, Err *err)
{
    bool kept = quality == px->kept && !memcmp(&px->kept_at, &at, sizeof at);
    if (is_grey(r))
        grey_palette(px, quality);
    else if (!kept && !adapted_palette(px, r, at, quality, err))
        return false;
    if (!index_pixels(px, r, quality, err)) return false;
    int step_w = spec->max_w / spec->cell_w * spec->cell_w,
        step_h = spec->max_h / spec->cell_h * spec->cell_h;
    if (step_w < 1 || step_h < 1)
        return err_set(err, ERR_LIMIT, "this terminal shows no picture of even one character");
    for (int y = 0; y < r->h; y += step_h)
        for (int x = 0; x < r->w; x += step_w) {
            Rect tile = {x, y, r->w - x < step_w ? r->w - x : step_w, r->h - y < step_h ? r->h - y : step_h};
            if (!send_tile(px, out, r, tile, spec, at)) return err_nomem(err, "a sixel picture");
        }
    return true;
}

/* --- kitty ---------------------------------------------------------------------------------------------- */

/* Grey pictures as one channel: a third of the bytes. */
static void squeeze_grey(Raster *r)
{
    for (size_t i = 0, n = (size_t)r->w * (size_t)r->h; i < n; i++) r->rgb[i] = r->rgb[3 * i];
}

static bool kitty(Buf *out, Raster *r, const PixelTask *task, Err *err)
{
    bool grey = is_grey(r);
    uint8_t *png;
    size_t n;
    if (grey) squeeze_grey(r);
    Image im = {r->w, r->h, grey ? 1 : 3, r->rgb};
    if (!png_encode_masked(&png, &n, &im, r->mask, err)) return false;
    kitty_show(out, task->image, task->at, png, n);
    free(png);
    return true;
}

/* --- any way -------------------------------------------------------------------------------------------- */

/* Pixels of the raster for one cell. */
static void cell_pixels(int *sx, int *sy, const PixelSpec *spec, PixelQuality quality)
{
    int each = spec->mode == PIXELS_KITTY ? levels[quality].kitty : 1;
    bool pixels = spec->mode >= PIXELS_SIXEL;
    *sx = pixels ? (spec->cell_w + each - 1) / each : 1;
    *sy = pixels ? (spec->cell_h + each - 1) / each : spec->mode == PIXELS_ASCII ? 1 : 2;
}

static bool encode_raster(Pixels *px, Buf *out, Raster *r, const PixelTask *task, const PixelSpec *spec,
                          Err *err)
{
    switch (spec->mode) {
    case PIXELS_KITTY:
        return kitty(out, r, task, err);
    case PIXELS_SIXEL:
        return sixels(px, out, r, task->at, spec, task->quality, err);
    case PIXELS_ASCII:
        blocks_ascii(out, r, task->at.x, task->at.y);
        return true;
    default:
        blocks_half(out, r, task->at.x, task->at.y,
                    spec->mode == PIXELS_HALF && levels[task->quality].truecolor, levels[task->quality].step);
        return true;
    }
}

bool pixels_encode(Pixels *px, Buf *out, const PixelTask *task, const PixelSpec *spec, Err *err)
{
    Raster r;
    int sx, sy;
    if (spec->mode == PIXELS_NONE) return true;
    cell_pixels(&sx, &sy, spec, task->quality);
    bool smooth = levels[task->quality].smooth || spec->mode != PIXELS_SIXEL, ok = true;
    if (!raster_open(&r, task->at.w * sx, task->at.h * sy, err)) return false;
    for (int i = 0; i < task->n && ok; i++)
        ok = raster_paste(&r, task->at, &task->piece[i], sx, sy, spec->cell_w, spec->cell_h, smooth, err);
    ok = ok && encode_raster(px, out, &r, task, spec, err);
    raster_close(&r);
    if (ok && out->failed) return err_nomem(err, "a picture's bytes");
    return ok;
}

PixelMode pixels_next_mode(PixelMode mode, const TermInfo *info)
{
    static const PixelMode order[] = {PIXELS_KITTY,   PIXELS_SIXEL, PIXELS_HALF,
                                      PIXELS_HALF256, PIXELS_ASCII, PIXELS_NONE};
    const bool can[] = {info->kitty, info->sixel, info->utf8, info->utf8, true, true};
    int i = 0;
    while (order[i] != mode) i++;
    do i = (i + 1) % PIXELS_MODES;
    while (!can[i]);
    return order[i];
}
