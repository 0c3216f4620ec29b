/* Animations of views: their pictures made piece by piece, then one animated PNG. */
#include "engine/animate.h"
#include "base/file.h"
#include "data/apng.h"
#include "engine/export.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 16 };

typedef bool Progress(void *ctx, int done);

/* What is done with frame i, enlarged already. */
typedef bool Frame(void *ctx, int i, const Image *im, Err *err);

static bool hand_on(const Image *im, int i, int scale, Frame *frame, void *to, Err *err)
{
    Image large = {0};
    if (scale <= 1) return frame(to, i, im, err);
    bool ok = image_scale_nearest(&large, im, im->w * scale, im->h * scale, err) && frame(to, i, &large, err);
    image_free(&large);
    return ok;
}

/* Makes the pictures of list and hands each on. */
static bool paint(Latent *l, const Address *list, int n, int scale, Frame *frame, void *to,
                  Progress *progress, void *ctx, Err *err)
{
    Image piece[PIECE] = {0};
    bool ok = true;
    for (int from = 0; from < n && ok; from += PIECE) {
        int count = n - from < PIECE ? n - from : PIECE;
        ok = export_images(piece, l, list + from, count, err);
        for (int i = 0; i < count && ok; i++) {
            ok = hand_on(&piece[i], from + i, scale, frame, to, err);
            if (ok && progress && !progress(ctx, from + i + 1))
                ok = err_set(err, ERR_CANCELLED, "the animation was stopped");
        }
        for (int i = 0; i < PIECE; i++) image_free(&piece[i]);
    }
    return ok;
}

/* --- one file ------------------------------------------------------------------------------------------- */

typedef struct {
    const Address *list;
    int n;
    ApngFrame *frame;
} Film;

/* The first carries the addresses of all. */
static bool keep_frame(void *ctx, int i, const Image *im, Err *err)
{
    Film *f = ctx;
    uint8_t *bytes;
    bool ok = export_png_bytes(&bytes, &f->frame[i].size, im, f->list, i ? 0 : f->n,
                               i ? NULL : "an animation made by viewsmith", err);
    f->frame[i].bytes = bytes;
    return ok;
}

bool animate_apng(const char *path, Latent *l, const Address *list, int n, const AnimationConfig *c,
                  Progress *progress, void *ctx, Err *err)
{
    int total = c->there_and_back && n > 2 ? 2 * n - 2 : n;
    Film f = {list, n, calloc((size_t)total, sizeof *f.frame)};
    uint8_t *bytes = NULL;
    size_t size;
    if (!f.frame) return err_nomem(err, "an animation");
    bool ok = paint(l, list, n, c->scale, keep_frame, &f, progress, ctx, err);
    for (int i = n; i < total; i++) f.frame[i] = f.frame[total - i];
    ok = ok && apng_join(&bytes, &size, f.frame, total, c->fps, err) && file_replace(path, bytes, size, err);
    for (int i = 0; i < n; i++) free((uint8_t *)(uintptr_t)f.frame[i].bytes);
    free(f.frame);
    free(bytes);
    return ok;
}
