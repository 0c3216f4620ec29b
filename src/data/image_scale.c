/* Resizing of pictures: nearest neighbour, and per axis area average (smaller) or bilinear (larger). */
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

/* For every output position along one axis: which inputs count, and how much. */
typedef struct {
    int *first, *taps;
    float *weight; /* [n][widest] */
    int widest;
} Axis;

static void axis_free(Axis *a)
{
    free(a->first);
    free(a->taps);
    free(a->weight);
}

/* Output i covers [i in, (i+1) in) and input j [j out, (j+1) out) on one integer scale: overlaps are exact.
 */
static void axis_area(Axis *a, int i, int in, int out)
{
    int64_t from = (int64_t)i * in, to = from + in;
    a->first[i] = (int)(from / out);
    a->taps[i] = (int)((to + out - 1) / out) - a->first[i];
    for (int k = 0; k < a->taps[i]; k++) {
        int64_t left = (int64_t)(a->first[i] + k) * out, right = left + out;
        int64_t overlap = (right < to ? right : to) - (left > from ? left : from);
        a->weight[(size_t)i * (size_t)a->widest + (size_t)k] = (float)overlap / (float)in;
    }
}

/* Centres meet centres: x = (i + 1/2) in / out - 1/2, clamped to the picture. */
static void axis_bilinear(Axis *a, int i, int in, int out)
{
    int64_t twice = (2 * (int64_t)i + 1) * in - out; /* 2 out x */
    if (twice < 0) twice = 0;
    int j = (int)(twice / (2 * (int64_t)out));
    float part = (float)(twice % (2 * (int64_t)out)) / (float)(2 * (int64_t)out);
    a->first[i] = j;
    a->taps[i] = j + 1 < in ? 2 : 1;
    a->weight[(size_t)i * (size_t)a->widest] = a->taps[i] == 2 ? 1.0f - part : 1.0f;
    if (a->taps[i] == 2) a->weight[(size_t)i * (size_t)a->widest + 1] = part;
}

static bool axis_make(Axis *a, int in, int out, Err *err)
{
    a->widest = out < in ? in / out + 2 : 2;
    a->first = calloc((size_t)out, sizeof *a->first);
    a->taps = calloc((size_t)out, sizeof *a->taps);
    a->weight = calloc((size_t)out * (size_t)a->widest, sizeof *a->weight);
    if (!a->first || !a->taps || !a->weight) return err_nomem(err, "a resized picture");
    for (int i = 0; i < out; i++) {
        if (out <= in)
            axis_area(a, i, in, out);
        else
            axis_bilinear(a, i, in, out);
    }
    return true;
}

/* row[x] = the weighted sum of the input rows that output row y sees; n values per row. */
static void sum_rows(float *row, const Image *in, const Axis *ys, int y, size_t n)
{
    memset(row, 0, n * sizeof *row);
    for (int k = 0; k < ys->taps[y]; k++) {
        float weight = ys->weight[(size_t)y * (size_t)ys->widest + (size_t)k];
        const uint8_t *px = in->px + (size_t)(ys->first[y] + k) * n;
        for (size_t x = 0; x < n; x++) row[x] += weight * (float)px[x];
    }
}

static void sum_columns(uint8_t *px, const float *row, const Axis *xs, int w, int c)
{
    for (int x = 0; x < w; x++)
        for (int k = 0; k < c; k++) {
            const float *weight = xs->weight + (size_t)x * (size_t)xs->widest;
            float sum = 0.5f;
            for (int t = 0; t < xs->taps[x]; t++) sum += weight[t] * row[(xs->first[x] + t) * c + k];
            px[x * c + k] = sum >= 255.0f ? 255 : (uint8_t)sum;
        }
}

bool image_scale(Image *out, const Image *in, int w, int h, Err *err)
{
    if (!image_make(out, w, h, in->c, err)) return false;
    Axis xs = {0}, ys = {0};
    size_t n = (size_t)in->w * (size_t)in->c;
    float *row = malloc(n * sizeof *row);
    bool ok = axis_make(&xs, in->w, w, err) && axis_make(&ys, in->h, h, err);
    if (ok && !row) ok = err_nomem(err, "a resized picture");
    for (int y = 0; ok && y < h; y++) {
        sum_rows(row, in, &ys, y, n);
        sum_columns(out->px + (size_t)y * (size_t)w * (size_t)in->c, row, &xs, w, in->c);
    }
    axis_free(&xs);
    axis_free(&ys);
    free(row);
    if (!ok) image_free(out);
    return ok;
}

bool image_scale_nearest(Image *out, const Image *in, int w, int h, Err *err)
{
    if (!image_make(out, w, h, in->c, err)) return false;
    size_t c = (size_t)in->c;
    uint8_t *to = out->px;
    for (int y = 0; y < h; y++) {
        const uint8_t *row = in->px + (size_t)((int64_t)y * in->h / h) * (size_t)in->w * c;
        for (int x = 0; x < w; x++, to += c) memcpy(to, row + (size_t)((int64_t)x * in->w / w) * c, c);
    }
    return true;
}

bool image_fit(Image *out, const Image *in, int size, int channels, Err *err)
{
    Image square, scaled = {0};
    *out = (Image){0};
    if (!image_centre_crop(&square, in, err)) return false;
    bool ok = image_scale(&scaled, &square, size, size, err) && image_channels(out, &scaled, channels, err);
    image_free(&square);
    image_free(&scaled);
    return ok;
}
