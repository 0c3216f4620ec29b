/* Pictures with their addresses, as PNG. */
#include "engine/export.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "data/png.h"
#include "engine/parts.h"
#include "engine/plot.h"
#include "latent/steer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t dark[3] = {24, 24, 24}, light[3] = {230, 230, 230}, dim[3] = {150, 150, 150};

bool export_images(Image *image, Latent *l, const Address *list, int n, Err *err)
{
    const GeneratorConfig *c = &latent_generator(l)->config;
    size_t item = generator_image_floats(latent_generator(l));
    float *x = malloc((size_t)n * item * sizeof *x);
    int made = 0;
    if (!x) return err_nomem(err, "pictures");
    bool ok = latent_images(x, l, list, n, err);
    while (ok && made < n) {
        ok = image_from_planes(&image[made], x + (size_t)made * item, c->channels, c->size, c->size, err);
        made += ok;
    }
    free(x);
    if (!ok)
        for (int i = 0; i < made; i++) image_free(&image[i]);
    return ok;
}

/* "tensors": what the address refers to, so that the picture can be made again elsewhere. */
static bool put_parts(Json *tensors, const LatentStore *store, const Address *a, Err *err)
{
    Parts parts;
    uint8_t *bytes;
    size_t size;
    parts_of(&parts, a);
    for (int i = 0; i < parts.n; i++) {
        if (json_get(tensors, parts.name[i])) continue;
        if (!parts_read(&bytes, &size, store, parts.name[i], err)) return false;
        char *text = base64_text(bytes, size);
        free(bytes);
        if (!text) return err_nomem(err, "tensors");
        json_put_str(tensors, parts.name[i], text);
        free(text);
    }
    return true;
}

static char *chunk_text(const Address *list, int n, Err *err)
{
    char text[ADDRESS_BYTES_MAX + 1];
    LatentStore store;
    Json *o = json_make(), *all = json_make_array(), *tensors = json_make();
    bool ok = store_open(&store, NULL, err);
    for (int i = 0; i < n && ok; i++) {
        ok = address_print(text, &list[i], err) && put_parts(tensors, &store, &list[i], err);
        if (ok && !i) json_put_str(o, "address", text);
        if (ok) json_add_str(all, text);
    }
    if (n > 1)
        json_put(o, "addresses", all);
    else
        json_drop(all);
    if (json_count(tensors))
        json_put(o, "tensors", tensors);
    else
        json_drop(tensors);
    char *out = ok ? json_text(o) : NULL;
    json_drop(o);
    if (ok && !out) err_nomem(err, "addresses");
    return out;
}

bool export_parts(const Json *chunk, const Address *a, const LatentStore *store, Err *err)
{
    const Json *tensors = json_get(chunk, "tensors");
    Parts parts;
    uint8_t *bytes;
    size_t size;
    bool ok = true;
    parts_of(&parts, a);
    for (int i = 0; i < parts.n && ok; i++) {
        const char *text = tensors ? json_str(tensors, parts.name[i], NULL) : NULL;
        if (!text || parts_has(store, parts.name[i])) continue;
        if (!base64_bytes(&bytes, &size, text))
            return err_set(err, ERR_FORMAT, "the picture's tensor %s is damaged", parts.name[i]);
        ok = parts_write(store, parts.name[i], bytes, size, err);
        free(bytes);
    }
    return ok;
}

bool export_png_bytes(uint8_t **bytes, size_t *size, const Image *im, const Address *list, int n,
                      const char *title, Err *err)
{
    PngItem item[2];
    int items = 0;
    char *chunk = n ? chunk_text(list, n, err) : NULL;
    *bytes = NULL;
    if (n && !chunk) return false;
    if (chunk) item[items++] = (PngItem){"viewsmith", chunk};
    if (title) item[items++] = (PngItem){"parameters", title};
    bool ok = png_encode(bytes, size, im, item, items, err);
    free(chunk);
    return ok;
}

bool export_png(const char *path, const Image *im, const Address *list, int n, const char *title, Err *err)
{
    uint8_t *bytes;
    size_t size;
    bool ok =
        export_png_bytes(&bytes, &size, im, list, n, title, err) && file_replace(path, bytes, size, err);
    free(bytes);
    return ok;
}

bool export_address(Address *out, const char *chunk, Err *err)
{
    Json *o = json_parse(chunk, strlen(chunk), "the picture's text", err);
    const char *text = o && json_is_object(o) ? json_str(o, "address", NULL) : NULL;
    LatentStore store;
    bool ok =
        text ? address_parse(out, text, err) : err_set(err, ERR_FORMAT, "the picture carries no address");
    ok = ok && store_open(&store, NULL, err) && export_parts(o, out, &store, err);
    json_drop(o);
    return ok;
}

/* --- walls and strips
 * ------------------------------------------------------------------------------------------ */

static bool paste_grid(Image *out, const Image *tile, int n, int cols, int scale, Err *err)
{
    Image grid = {0};
    if (scale <= 1) return image_grid(out, tile, n, cols, 2, dark, err);
    bool ok = image_grid(&grid, tile, n, cols, 1, dark, err) &&
              image_scale_nearest(out, &grid, grid.w * scale, grid.h * scale, err);
    image_free(&grid);
    return ok;
}

bool export_sheet(const char *path, const Image *tile, const Address *list, int n, int cols, int scale,
                  const char *title, Err *err)
{
    Image sheet = {0};
    bool ok = paste_grid(&sheet, tile, n, cols, scale, err) && export_png(path, &sheet, list, n, title, err);
    image_free(&sheet);
    return ok;
}

bool export_wall(const char *path, Latent *l, const Address *list, int n, int cols, int scale,
                 const char *title, Err *err)
{
    Image *tile = calloc((size_t)n, sizeof *tile);
    if (!tile) return err_nomem(err, "a wall");
    bool ok =
        export_images(tile, l, list, n, err) && export_sheet(path, tile, list, n, cols, scale, title, err);
    for (int i = 0; i < n; i++) image_free(&tile[i]);
    free(tile);
    return ok;
}

bool export_view(const char *path, Latent *l, const Address *a, int scale, Err *err)
{
    Image one = {0}, large = {0};
    char title[ADDRESS_BYTES_MAX + 1];
    bool ok = address_print(title, a, err) && export_images(&one, l, a, 1, err);
    if (ok && scale > 1) ok = image_scale_nearest(&large, &one, one.w * scale, one.h * scale, err);
    ok = ok && export_png(path, scale > 1 ? &large : &one, a, 1, title, err);
    image_free(&one);
    image_free(&large);
    return ok;
}

bool export_strip_addresses(Address *out, int n, const Address *a, const Generator *g, const char *what,
                            float low, float high, Err *err)
{
    for (int i = 0; i < n; i++) {
        out[i] = *a;
        if (!steer_amount(&out[i], g, what, n > 1 ? low + (high - low) * (float)i / (float)(n - 1) : low,
                          err))
            return false;
    }
    return true;
}

/* --- the neighbours' sheet
 * --------------------------------------------------------------------------------------- */

enum { SHEET_TILE = 84, SHEET_GAP = 8, SHEET_TEXT = 26 };

static bool paste_fit(Image *sheet, int x, int y, const Image *im, Err *err)
{
    Image tile = {0};
    bool ok =
        im->w <= SHEET_TILE && im->h <= SHEET_TILE
            ? image_scale_nearest(&tile, im, SHEET_TILE / im->w * im->w, SHEET_TILE / im->h * im->h, err)
            : image_fit(&tile, im, SHEET_TILE, im->c, err);
    if (ok) image_paste(sheet, x, y, &tile);
    image_free(&tile);
    return ok;
}

static bool paste_hit(Image *sheet, int x, int y, const Dataset *data, const Neighbour *hit, Err *err)
{
    Image im = {0};
    char score[16];
    bool ok = dataset_image(&im, data, hit->index, err) && paste_fit(sheet, x, y, &im, err);
    image_free(&im);
    snprintf(score, sizeof score, "%.3f", (double)hit->score);
    plot_text(sheet, x, y + SHEET_TILE + 2, score, light, 1);
    plot_text(sheet, x, y + SHEET_TILE + 2 + PLOT_GLYPH_H, data->class_name[hit->label], dim, 1);
    return ok;
}

bool export_neighbours(const char *path, const Image *query, const char *query_name, const Dataset *data,
                       const SheetRow *row, int rows, const Address *address, const char *title, Err *err)
{
    int most = 0, step = SHEET_TILE + SHEET_GAP, line = SHEET_TILE + SHEET_TEXT + PLOT_GLYPH_H + SHEET_GAP;
    for (int i = 0; i < rows; i++) most = row[i].hits > most ? row[i].hits : most;
    Image sheet = {0};
    if (!image_make(&sheet, SHEET_GAP + step * (most + 1) + SHEET_GAP, SHEET_GAP + line * rows, 3, err))
        return false;
    image_fill(&sheet, dark);
    plot_text(&sheet, SHEET_GAP, SHEET_GAP, "query", light, 1);
    plot_text(&sheet, SHEET_GAP, SHEET_GAP + PLOT_GLYPH_H + SHEET_TILE + 2, query_name, dim, 1);
    bool ok = paste_fit(&sheet, SHEET_GAP, SHEET_GAP + PLOT_GLYPH_H, query, err);
    for (int i = 0; i < rows && ok; i++) {
        int y = SHEET_GAP + line * i;
        plot_text(&sheet, 2 * SHEET_GAP + step, y, row[i].title, light, 1);
        for (int k = 0; k < row[i].hits && ok; k++)
            ok = paste_hit(&sheet, 2 * SHEET_GAP + step * (k + 1), y + PLOT_GLYPH_H, data, &row[i].hit[k],
                           err);
    }
    ok = ok && export_png(path, &sheet, address, address ? 1 : 0, title, err);
    image_free(&sheet);
    return ok;
}
