/* PNG files in and out, with text chunks; the only file that includes libpng. */
#include "data/png.h"
#include "base/file.h"
#include "data/picture.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX      256
#define TEXT_BYTES_MAX ((size_t)16 << 20)
#define DEFLATE_MAX    1040 /* no deflate stream grows by more than this */

/* libpng reports through longjmp, so everything that must survive it lives here. */
typedef struct {
    jmp_buf stop;
    const char *what;
    Err *err;
    png_structp png;
    png_infop info;
    const uint8_t *from; /* reading: bytes not yet consumed */
    size_t left;
    uint8_t *px; /* w x h pixels of `channels` bytes */
    png_bytepp rows;
    png_textp text; /* writing: `texts` of them */
    int texts;
    uint8_t *to; /* writing: malloc'ed, used of cap */
    size_t used, cap;
} Codec;

static void on_error(png_structp png, png_const_charp message)
{
    Codec *c = png_get_error_ptr(png);
    err_set(c->err, ERR_FORMAT, "%s: this PNG cannot be used: %s", c->what, message);
    longjmp(c->stop, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message; /* what libpng repairs by itself needs no report */
}

static void on_read(png_structp png, png_bytep out, size_t n)
{
    Codec *c = png_get_io_ptr(png);
    if (n > c->left) png_error(png, "it is cut short");
    memcpy(out, c->from, n);
    c->from += n;
    c->left -= n;
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Every chunk up to IEND must lie within the file: libpng takes (and clears) what a chunk declares before it
 * reads. */
static bool chunks_fit(const uint8_t *bytes, size_t size)
{
    for (size_t at = 8; size - at >= 12;) {
        size_t n = big_endian(bytes + at);
        if (n > size - at - 12) return false;
        if (!memcmp(bytes + at + 4, "IEND", 4)) return true;
        at += n + 12;
    }
    return false;
}

/* Signature, size and chunks, before libpng sees anything. */
static bool check_start(const uint8_t *bytes, size_t size, const char *what, Err *err)
{
    if (size < 33 || png_sig_cmp(bytes, 0, 8) || memcmp(bytes + 12, "IHDR", 4))
        return err_set(err, ERR_FORMAT, "%s: not a PNG file", what);
    uint32_t w = big_endian(bytes + 16), h = big_endian(bytes + 20);
    if (w < 1 || h < 1) return err_set(err, ERR_FORMAT, "%s: this PNG says it is %u x %u pixels", what, w, h);
    if (w > IMAGE_SIDE_MAX || h > IMAGE_SIDE_MAX)
        return err_set(err, ERR_LIMIT, "%s: %u x %u pixels; at most %d on a side are read", what, w, h,
                       IMAGE_SIDE_MAX);
    return chunks_fit(bytes, size) || err_set(err, ERR_FORMAT, "%s: this PNG is cut short", what);
}

static void start_reading(Codec *c)
{
    png_set_read_fn(c->png, c, on_read);
    png_set_user_limits(c->png, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX);
    png_set_chunk_cache_max(c->png, TEXTS_MAX);
    png_set_chunk_malloc_max(c->png, TEXT_BYTES_MAX);
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    png_set_crc_action(c->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
#endif
    size_t whole = c->left;
    png_read_info(c->png, c->info);
    if (png_get_rowbytes(c->png, c->info) * (size_t)png_get_image_height(c->png, c->info) / DEFLATE_MAX >
        whole)
        png_error(c->png, "it is too short for the size it declares");
}

/* Decodes into c->px and returns the number of channels, 1 to 4. */
static int read_pixels(Codec *c)
{
    png_set_scale_16(c->png);
    png_set_expand(c->png);
    png_set_interlace_handling(c->png);
    png_read_update_info(c->png, c->info);
    size_t h = png_get_image_height(c->png, c->info), stride = png_get_rowbytes(c->png, c->info);
    c->px = malloc(h * stride);
    c->rows = malloc(h * sizeof *c->rows);
    if (!c->px || !c->rows) png_error(c->png, "there is not enough memory");
    for (size_t y = 0; y < h; y++) c->rows[y] = c->px + y * stride;
    png_read_image(c->png, c->rows);
    png_read_end(c->png, c->info);
    return png_get_channels(c->png, c->info);
}

/* Multiplies by alpha (over black) and drops it, in place: the write position never passes the read position.
 */
static void flatten(uint8_t *px, size_t n, int channels)
{
    int colours = channels - 1;
    uint8_t *to = px;
    for (size_t i = 0; i < n; i++, px += channels)
        for (int k = 0; k < colours; k++) *to++ = (uint8_t)((px[k] * px[colours] + 127) / 255);
}

/* Latin-1 has at most two UTF-8 bytes a character; UTF-8 is copied. */
static char *to_utf8(const char *s, bool latin)
{
    char *out = malloc(2 * strlen(s) + 1), *p = out;
    if (!out) return NULL;
    for (; *s; s++) {
        uint8_t b = (uint8_t)*s;
        if (latin && b >= 0x80) {
            *p++ = (char)(0xC0 | b >> 6);
            *p++ = (char)(0x80 | (b & 0x3F));
        } else {
            *p++ = *s;
        }
    }
    *p = 0;
    return out;
}

static bool take_text(const Codec *c, PngText *out, Err *err)
{
    png_textp t = NULL;
    int n = 0;
    png_get_text(c->png, c->info, &t, &n);
    if (n < 1) return true;
    out->key = calloc((size_t)n, sizeof *out->key);
    out->value = calloc((size_t)n, sizeof *out->value);
    if (!out->key || !out->value) return err_nomem(err, "the text of a PNG");
    for (out->n = 0; out->n < n; out->n++) {
        bool latin = t[out->n].compression <= PNG_TEXT_COMPRESSION_zTXt;
        out->key[out->n] = to_utf8(t[out->n].key, true);
        out->value[out->n] = to_utf8(t[out->n].text ? t[out->n].text : "", latin);
        if (!out->key[out->n] || !out->value[out->n]) {
            out->n++;
            return err_nomem(err, "the text of a PNG");
        }
    }
    return true;
}

static bool decode(Codec *c, Image *out, PngText *text)
{
    c->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, c, on_error, on_warning);
    c->info = c->png ? png_create_info_struct(c->png) : NULL;
    if (!c->info) return err_nomem(c->err, "a PNG");
    if (setjmp(c->stop)) return false;
    start_reading(c);
    int channels = read_pixels(c);
    if (text && !take_text(c, text, c->err)) return false;
    out->w = (int)png_get_image_width(c->png, c->info);
    out->h = (int)png_get_image_height(c->png, c->info);
    out->c = channels >= 3 ? 3 : 1;
    if (channels != out->c) flatten(c->px, (size_t)out->w * (size_t)out->h, channels);
    out->px = c->px;
    c->px = NULL;
    return true;
}

bool png_decode(const uint8_t *bytes, size_t size, const char *what, Image *out, PngText *text, Err *err)
{
    *out = (Image){0};
    if (text) *text = (PngText){0};
    if (!check_start(bytes, size, what, err)) return false;
    Codec c = {.what = what, .err = err, .from = bytes, .left = size};
    bool ok = decode(&c, out, text);
    png_destroy_read_struct(&c.png, &c.info, NULL);
    free(c.px);
    free(c.rows);
    if (!ok && text) png_text_free(text);
    return ok;
}

bool png_load(const char *path, Image *out, PngText *text, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *out = (Image){0};
    if (text) *text = (PngText){0};
    if (!file_read(path, PICTURE_FILE_MAX, &bytes, &size, err)) return false;
    bool ok = png_decode(bytes, size, path, out, text, err);
    free(bytes);
    return ok;
}

static void on_write(png_structp png, png_bytep bytes, size_t n)
{
    Codec *c = png_get_io_ptr(png);
    if (c->cap - c->used < n) {
        size_t cap = 2 * c->cap + n + 4096;
        uint8_t *grown = realloc(c->to, cap);
        if (!grown) png_error(png, "there is not enough memory");
        c->to = grown;
        c->cap = cap;
    }
    memcpy(c->to + c->used, bytes, n);
    c->used += n;
}

static void on_flush(png_structp png)
{
    (void)png; /* everything is in memory */
}

static bool printable(const char *s, bool lines)
{
    for (; *s; s++)
        if ((*s < ' ' || *s > '~') && !(lines && *s == '\n')) return false;
    return true;
}

static bool check_item(const PngItem *item, Err *err)
{
    size_t n = strlen(item->key);
    if (n < 1 || n > 79 || !printable(item->key, false) || item->key[0] == ' ' || item->key[n - 1] == ' ')
        return err_set(err, ERR_USAGE, "\"%.80s\" cannot be the name of a PNG text: 1 to 79 ASCII characters",
                       item->key);
    if (strlen(item->value) >= TEXT_BYTES_MAX - 128)
        return err_set(err, ERR_LIMIT, "the PNG text \"%s\" is over %zu MiB", item->key,
                       TEXT_BYTES_MAX >> 20);
    return true;
}

static png_text text_of(const PngItem *item)
{
    static char none[] = "";
    bool plain = printable(item->value, true);
    return (png_text){.compression = plain ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE,
                      .key = (char *)(uintptr_t)item->key,
                      .text = (char *)(uintptr_t)item->value, /* libpng copies both */
                      .lang = none,
                      .lang_key = none};
}

/* Rows of `channels` bytes a pixel; fast: for a reader that waits. */
static bool encode(Codec *c, const uint8_t *px, int w, int h, int channels, bool fast)
{
    static const int type[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                               PNG_COLOR_TYPE_RGB_ALPHA};
    c->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, c, on_error, on_warning);
    c->info = c->png ? png_create_info_struct(c->png) : NULL;
    if (!c->info) return err_nomem(c->err, "a PNG");
    if (setjmp(c->stop)) return false;
    png_set_write_fn(c->png, c, on_write, on_flush);
    png_set_user_limits(c->png, 0x7fffffff, 0x7fffffff);
    png_set_IHDR(c->png, c->info, (png_uint_32)w, (png_uint_32)h, 8, type[channels], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (fast) {
        png_set_compression_level(c->png, 2);
        png_set_filter(c->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    }
    if (c->texts) png_set_text(c->png, c->info, c->text, c->texts);
    png_write_info(c->png, c->info);
    for (int y = 0; y < h; y++) png_write_row(c->png, px + (size_t)y * (size_t)w * (size_t)channels);
    png_write_end(c->png, c->info);
    return true;
}

/* Hands the bytes over when all went well. */
static bool finish_encode(Codec *c, bool ok, uint8_t **bytes, size_t *size)
{
    png_destroy_write_struct(&c->png, &c->info);
    *bytes = ok ? c->to : NULL;
    *size = ok ? c->used : 0;
    if (!ok) free(c->to);
    return ok;
}

bool png_encode(uint8_t **bytes, size_t *size, const Image *im, const PngItem *item, int n, Err *err)
{
    Codec c = {.what = "writing", .err = err, .text = calloc((size_t)n + 1, sizeof *c.text), .texts = n};
    bool ok = c.text || err_nomem(err, "a PNG");
    for (int i = 0; ok && i < n; i++)
        if ((ok = check_item(&item[i], err))) c.text[i] = text_of(&item[i]);
    ok = ok && encode(&c, im->px, im->w, im->h, im->c, false);
    free(c.text);
    return finish_encode(&c, ok, bytes, size);
}

bool png_encode_masked(uint8_t **bytes, size_t *size, const Image *im, const uint8_t *mask, Err *err)
{
    Codec c = {.what = "writing", .err = err};
    size_t n = (size_t)im->w * (size_t)im->h, colours = (size_t)im->c;
    uint8_t *px = malloc(n * (colours + 1)), *to = px;
    bool ok = px || err_nomem(err, "a PNG");
    for (size_t i = 0; ok && i < n; i++) {
        for (size_t k = 0; k < colours; k++) *to++ = mask[i] ? im->px[i * colours + k] : 0;
        *to++ = mask[i] ? 255 : 0;
    }
    ok = ok && encode(&c, px, im->w, im->h, im->c + 1, true);
    free(px);
    return finish_encode(&c, ok, bytes, size);
}

bool png_save(const char *path, const Image *im, const PngItem *item, int n, Err *err)
{
    uint8_t *bytes;
    size_t size;
    if (!png_encode(&bytes, &size, im, item, n, err)) return false;
    bool ok = file_replace(path, bytes, size, err);
    free(bytes);
    return ok;
}

const char *png_text_find(const PngText *text, const char *key)
{
    for (int i = 0; i < text->n; i++)
        if (!strcmp(text->key[i], key)) return text->value[i];
    return NULL;
}

void png_text_free(PngText *text)
{
    for (int i = 0; i < text->n; i++) {
        free(text->key[i]);
        free(text->value[i]);
    }
    free(text->key);
    free(text->value);
    *text = (PngText){0};
}
