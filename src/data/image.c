/* Pictures of bytes: make, crop, scale, grey, contact sheets, and the way to and from float planes. */
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

#define SHEET_SIDE_MAX  65536
#define IMAGE_BYTES_MAX ((size_t)1 << 30)

bool image_make(Image *out, int w, int h, int c, Err *err)
{
    *out = (Image){0};
    if (w < 1 || h < 1 || (c != 1 && c != 3))
        return err_set(err, ERR_USAGE, "a picture of %d x %d with %d channels cannot be made", w, h, c);
    if (w > SHEET_SIDE_MAX || h > SHEET_SIDE_MAX || (size_t)w * (size_t)h > IMAGE_BYTES_MAX / (size_t)c)
        return err_set(err, ERR_LIMIT, "a picture of %d x %d is too large: at most %d on a side and 1 GiB", w,
                       h, SHEET_SIDE_MAX);
    out->px = calloc((size_t)w * (size_t)h, (size_t)c);
    if (!out->px) return err_nomem(err, "a picture");
    out->w = w;
    out->h = h;
    out->c = c;
    return true;
}

void image_free(Image *im)
{
    free(im->px);
    *im = (Image){0};
}

bool image_copy(Image *out, const Image *in, Err *err)
{
    if (!image_make(out, in->w, in->h, in->c, err)) return false;
    memcpy(out->px, in->px, (size_t)in->w * (size_t)in->h * (size_t)in->c);
    return true;
}

static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
}

/* n pixels from `from_c` to `to_c` channels. */
static void convert(uint8_t *to, int to_c, const uint8_t *from, int from_c, size_t n)
{
    if (to_c == from_c) {
        memcpy(to, from, n * (size_t)to_c);
        return;
    }
    if (to_c == 1)
        for (size_t i = 0; i < n; i++) to[i] = luma(from + 3 * i);
    else
        for (size_t i = 0; i < n; i++) to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
}

static uint8_t *pixel(const Image *im, int x, int y)
{
    return im->px + ((size_t)y * (size_t)im->w + (size_t)x) * (size_t)im->c;
}

void image_fill(Image *im, const uint8_t rgb[3])
{
    size_t n = (size_t)im->w * (size_t)im->h;
    if (im->c == 1) {
        memset(im->px, luma(rgb), n);
        return;
    }
    for (size_t i = 0; i < n; i++) memcpy(im->px + 3 * i, rgb, 3);
}

void image_paste(Image *to, int x, int y, const Image *from)
{
    int left = x < 0 ? -x : 0, top = y < 0 ? -y : 0;
    int right = from->w < to->w - x ? from->w : to->w - x, bottom = from->h < to->h - y ? from->h : to->h - y;
    if (left >= right) return;
    for (int row = top; row < bottom; row++)
        convert(pixel(to, x + left, y + row), to->c, pixel(from, left, row), from->c, (size_t)(right - left));
}

bool image_grid(Image *out, const Image *tile, int n, int cols, int gap, const uint8_t background[3],
                Err *err)
{
    *out = (Image){0};
    if (n < 1 || cols < 1 || gap < 0 || gap > 1024)
        return err_set(err, ERR_USAGE, "a sheet of %d pictures in %d columns with gap %d cannot be made", n,
                       cols, gap);
    int w = tile[0].w, h = tile[0].h,
        c = background[0] == background[1] && background[1] == background[2] ? 1 : 3;
    for (int i = 0; i < n; i++) {
        if (tile[i].w != w || tile[i].h != h)
            return err_set(err, ERR_USAGE, "picture %d of the sheet is %d x %d where the others are %d x %d",
                           i, tile[i].w, tile[i].h, w, h);
        if (tile[i].c == 3) c = 3;
    }
    int64_t rows = (n - 1) / cols + 1;
    int64_t width = cols * (int64_t)(w + gap) + gap, height = rows * (h + gap) + gap;
    if (width > SHEET_SIDE_MAX || height > SHEET_SIDE_MAX)
        return err_set(err, ERR_LIMIT,
                       "a sheet of %d pictures in %d columns would be over %d pixels on a side", n, cols,
                       SHEET_SIDE_MAX);
    if (!image_make(out, (int)width, (int)height, c, err)) return false;
    image_fill(out, background);
    for (int i = 0; i < n; i++)
        image_paste(out, gap + i % cols * (w + gap), gap + i / cols * (h + gap), &tile[i]);
    return true;
}

bool image_channels(Image *out, const Image *in, int c, Err *err)
{
    if (!image_make(out, in->w, in->h, c, err)) return false;
    convert(out->px, c, in->px, in->c, (size_t)in->w * (size_t)in->h);
    return true;
}

bool image_centre_crop(Image *out, const Image *in, Err *err)
{
    int side = in->w < in->h ? in->w : in->h;
    if (!image_make(out, side, side, in->c, err)) return false;
    image_paste(out, -((in->w - side) / 2), -((in->h - side) / 2), in);
    return true;
}

void image_bytes_to_float(float *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = (float)in[i] / 127.5f - 1.0f;
}

static uint8_t byte_of(float x)
{
    float v = (x + 1.0f) * 127.5f;
    if (!(v > 0.0f)) return 0; /* NaN too */
    return v >= 255.0f ? 255 : (uint8_t)(v + 0.5f);
}

void image_float_to_bytes(uint8_t *out, const float *in, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = byte_of(in[i]);
}

void image_to_planes(float *out, const Image *in)
{
    size_t plane = (size_t)in->w * (size_t)in->h, c = (size_t)in->c;
    for (size_t k = 0; k < c; k++)
        for (size_t i = 0; i < plane; i++) out[k * plane + i] = (float)in->px[i * c + k] / 127.5f - 1.0f;
}

bool image_from_planes(Image *out, const float *in, int c, int h, int w, Err *err)
{
    if (!image_make(out, w, h, c, err)) return false;
    size_t plane = (size_t)w * (size_t)h;
    for (size_t k = 0; k < (size_t)c; k++)
        for (size_t i = 0; i < plane; i++) out->px[i * (size_t)c + k] = byte_of(in[k * plane + i]);
    return true;
}

void image_to_byte_planes(uint8_t *out, const Image *in)
{
    size_t plane = (size_t)in->w * (size_t)in->h, c = (size_t)in->c;
    for (size_t k = 0; k < c; k++)
        for (size_t i = 0; i < plane; i++) out[k * plane + i] = in->px[i * c + k];
}

bool image_from_byte_planes(Image *out, const uint8_t *in, int c, int h, int w, Err *err)
{
    if (!image_make(out, w, h, c, err)) return false;
    size_t plane = (size_t)w * (size_t)h;
    for (size_t k = 0; k < (size_t)c; k++)
        for (size_t i = 0; i < plane; i++) out->px[i * (size_t)c + k] = in[k * plane + i];
    return true;
}
