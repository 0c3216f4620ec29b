/* A picture file of either kind, told apart by its first bytes. */
#include "data/picture.h"
#include "base/file.h"
#include "data/jpeg.h"
#include "data/png.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool picture_load(const char *path, Image *out, Err *err)
{
    uint8_t *bytes;
    size_t size;
    bool ok;
    *out = (Image){0};
    if (!file_read(path, PICTURE_FILE_MAX, &bytes, &size, err)) return false;
    if (size >= 8 && !memcmp(bytes, "\x89PNG", 4))
        ok = png_decode(bytes, size, path, out, NULL, err);
    else if (size >= 2 && bytes[0] == 0xFF && bytes[1] == 0xD8)
        ok = jpeg_decode(bytes, size, path, out, err);
    else
        ok = err_set(err, ERR_FORMAT, "%s: neither a PNG nor a JPEG file", path);
    free(bytes);
    return ok;
}

bool picture_named(const char *name)
{
    static const char *const ending[] = {".png", ".jpg", ".jpeg"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        size_t k = strlen(ending[i]);
        if (n > k && !strcasecmp(name + n - k, ending[i])) return true;
    }
    return false;
}
