/* JPEG files in; the only file that includes libjpeg. */
#include "data/jpeg.h"
#include "base/file.h"
#include "data/picture.h"

#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define SCANS_MAX     200
#define PIXELS_A_BYTE 1024 /* Huffman codes need a bit for each 8 x 8 block, so no file holds more */

/* libjpeg reports through longjmp, so everything that must survive it lives here. */
typedef struct {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf stop;
    const char *what;
    Err *err;
    Image image;
    uint8_t *line; /* one row of CMYK */
} Decoder;

static void stop(Decoder *d, const char *why)
{
    err_set(d->err, ERR_FORMAT, "%s: this JPEG cannot be used: %s", d->what, why);
    longjmp(d->stop, 1);
}

static void on_error(j_common_ptr jpeg)
{
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    stop(jpeg->client_data, message);
}

/* libjpeg fills what is missing with grey and goes on; a training image made of that would be a lie. */
static void on_message(j_common_ptr jpeg, int level)
{
    switch (level < 0 ? jpeg->err->msg_code : 0) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_MUST_RESYNC:
    case JWRN_HUFF_BAD_CODE:
        on_error(jpeg);
    }
}

static void on_progress(j_common_ptr jpeg)
{
    if (((j_decompress_ptr)jpeg)->input_scan_number > SCANS_MAX)
        stop(jpeg->client_data, "it has too many scans");
}

static void start_reading(Decoder *d, const uint8_t *bytes, size_t size)
{
    jpeg_create_decompress(&d->jpeg);
    d->progress.progress_monitor = on_progress;
    d->jpeg.progress = &d->progress;
    jpeg_mem_src(&d->jpeg, bytes, size);
    jpeg_read_header(&d->jpeg, TRUE);
    size_t w = d->jpeg.image_width, h = d->jpeg.image_height;
    if (w > IMAGE_SIDE_MAX || h > IMAGE_SIDE_MAX) {
        err_set(d->err, ERR_LIMIT, "%s: %zu x %zu pixels; at most %d on a side are read", d->what, w, h,
                IMAGE_SIDE_MAX);
        longjmp(d->stop, 1);
    }
    if (w * h / PIXELS_A_BYTE > size) stop(d, "it is too short for the size it declares");
    switch (d->jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE:
        d->jpeg.out_color_space = JCS_GRAYSCALE;
        break;
    case JCS_CMYK:
    case JCS_YCCK:
        d->jpeg.out_color_space = JCS_CMYK;
        break;
    default:
        d->jpeg.out_color_space = JCS_RGB;
    }
    d->jpeg.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&d->jpeg);
}

/* Adobe stores ink inverted, so that 255 is bare paper. */
static void cmyk_to_rgb(uint8_t *rgb, const uint8_t *cmyk, int w, bool inverted)
{
    for (int x = 0; x < w; x++, cmyk += 4)
        for (int k = 0; k < 3; k++) {
            int light = inverted ? cmyk[k] : 255 - cmyk[k], key = inverted ? cmyk[3] : 255 - cmyk[3];
            *rgb++ = (uint8_t)((light * key + 127) / 255);
        }
}

static void read_rows(Decoder *d)
{
    int w = (int)d->jpeg.output_width, parts = d->jpeg.output_components;
    if (!image_make(&d->image, w, (int)d->jpeg.output_height, parts == 1 ? 1 : 3, d->err))
        longjmp(d->stop, 1);
    d->line = parts == 4 ? malloc(4 * (size_t)w) : NULL;
    if (parts == 4 && !d->line) stop(d, "there is not enough memory");
    while (d->jpeg.output_scanline < d->jpeg.output_height) {
        uint8_t *row = d->image.px + (size_t)d->jpeg.output_scanline * (size_t)w * (size_t)d->image.c;
        JSAMPROW to = d->line ? d->line : row;
        jpeg_read_scanlines(&d->jpeg, &to, 1);
        if (d->line) cmyk_to_rgb(row, d->line, w, d->jpeg.saw_Adobe_marker);
    }
    jpeg_finish_decompress(&d->jpeg);
}

bool jpeg_decode(const uint8_t *bytes, size_t size, const char *what, Image *out, Err *err)
{
    *out = (Image){0};
    if (size < 4 || bytes[0] != 0xFF || bytes[1] != 0xD8)
        return err_set(err, ERR_FORMAT, "%s: not a JPEG file", what);
    Decoder *d = calloc(1, sizeof *d);
    if (!d) return err_nomem(err, "a JPEG");
    d->what = what;
    d->err = err;
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->jpeg.client_data = d;
    d->errors.error_exit = on_error;
    d->errors.emit_message = on_message;
    bool ok = !setjmp(d->stop);
    if (ok) {
        start_reading(d, bytes, size);
        read_rows(d);
        *out = d->image;
    } else {
        image_free(&d->image);
    }
    jpeg_destroy_decompress(&d->jpeg);
    free(d->line);
    free(d);
    return ok;
}

bool jpeg_load(const char *path, Image *out, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *out = (Image){0};
    if (!file_read(path, PICTURE_FILE_MAX, &bytes, &size, err)) return false;
    bool ok = jpeg_decode(bytes, size, path, out, err);
    free(bytes);
    return ok;
}
