/* Fitting and pasting pictures onto a strip. */
#include "tui/raster.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void raster_fit(int box[4], Rect r, int w, int h, int cell_w, int cell_h)
{
    double room_w = (double)r.w * cell_w, room_h = (double)r.h * cell_h;
    double scale = fmin(room_w / w, room_h / h);
    int pw = (int)lround(w * scale), ph = (int)lround(h * scale);
    pw = pw < 1 ? 1 : pw > r.w * cell_w ? r.w * cell_w : pw;
    ph = ph < 1 ? 1 : ph > r.h * cell_h ? r.h * cell_h : ph;
    box[0] = (r.w * cell_w - pw) / 2;
    box[1] = (r.h * cell_h - ph) / 2;
    box[2] = pw;
    box[3] = ph;
}

Rect raster_cells(Rect r, int w, int h, int cell_w, int cell_h)
{
    int box[4];
    raster_fit(box, r, w, h, cell_w, cell_h);
    int x = box[0] / cell_w, y = box[1] / cell_h;
    return (Rect){r.x + x, r.y + y, (box[0] + box[2] + cell_w - 1) / cell_w - x,
                  (box[1] + box[3] + cell_h - 1) / cell_h - y};
}

bool raster_open(Raster *out, int w, int h, Err *err)
{
    size_t pixels = (size_t)w * (size_t)h;
    *out = (Raster){.w = w, .h = h};
    if (w < 1 || h < 1 || w > 8192 || h > 8192)
        return err_set(err, ERR_LIMIT, "a picture of %d x %d is not shown", w, h);
    out->rgb = calloc(pixels, 4);
    if (!out->rgb) return err_nomem(err, "a picture on the screen");
    out->mask = out->rgb + pixels * 3;
    return true;
}

void raster_close(Raster *r)
{
    free(r->rgb);
    *r = (Raster){0};
}

static void put_row(Raster *out, int x, int y, const Image *im, int from, int row, int n)
{
    uint8_t *to = out->rgb + ((size_t)y * (size_t)out->w + (size_t)x) * 3;
    const uint8_t *px = im->px + ((size_t)row * (size_t)im->w + (size_t)from) * (size_t)im->c;
    if (im->c == 3)
        memcpy(to, px, (size_t)n * 3);
    else
        for (int i = 0; i < n; i++) memset(to + 3 * i, px[i], 3);
    memset(out->mask + (size_t)y * (size_t)out->w + x, 1, (size_t)n);
}

/* Where the picture lies on the raster of the strip at `at`; never empty. */
static Rect place(Rect at, const Piece *piece, int sx, int sy, int cell_w, int cell_h)
{
    int box[4];
    raster_fit(box, piece->rect, piece->image.w, piece->image.h, cell_w, cell_h);
    double fx = (double)sx / cell_w, fy = (double)sy / cell_h;
    int x0 = (int)lround(box[0] * fx), x1 = (int)lround((box[0] + box[2]) * fx);
    int y0 = (int)lround(box[1] * fy), y1 = (int)lround((box[1] + box[3]) * fy);
    if (x1 <= x0) x1 = x0 + 1;
    if (y1 <= y0) y1 = y0 + 1;
    return (Rect){(piece->rect.x - at.x) * sx + x0, (piece->rect.y - at.y) * sy + y0, x1 - x0, y1 - y0};
}

bool raster_paste(Raster *out, Rect at, const Piece *piece, int sx, int sy, int cell_w, int cell_h,
                  bool smooth, Err *err)
{
    Rect to = place(at, piece, sx, sy, cell_w, cell_h);
    Image scaled;
    bool ok = smooth ? image_scale(&scaled, &piece->image, to.w, to.h, err)
                     : image_scale_nearest(&scaled, &piece->image, to.w, to.h, err);
    if (!ok) return false;
    for (int p = 0; p < piece->parts; p++) {
        Rect part = piece->part[p];
        Rect seen = {(part.x - at.x) * sx, (part.y - at.y) * sy, part.w * sx, part.h * sy};
        seen = rect_intersect(rect_intersect(seen, to), (Rect){0, 0, out->w, out->h});
        for (int y = seen.y; y < seen.y + seen.h && seen.w; y++)
            put_row(out, seen.x, y, &scaled, seen.x - to.x, y - to.y, seen.w);
    }
    image_free(&scaled);
    return true;
}

int raster_threshold(int x, int y)
{
    static const uint8_t bayer[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
    return 2 * bayer[y & 3][x & 3] + 1;
}
