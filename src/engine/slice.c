/* Two encoders before the same corner cases. */
#include "engine/slice.h"
#include "base/rng.h"
#include "engine/probe_head.h"
#include "latent/latent.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 2000, BATCH = 64 };
#define COUNTER ((uint64_t)1 << 62) /* of views that no training draws */

typedef struct {
    const Workspace *w;
    const Encoder *e[2];
    ProbeHead head[2];
    Latent *latent;
    Pool *pool;
    Address *view;   /* (each) of one item */
    float *picture;  /* (each, C, H, W) */
    float *feature;  /* (each, D) */
    double *hits[2]; /* (items): share of its views seen right */
    int items, views;
} Work;

static bool open_heads(Work *s, Err *err)
{
    Dataset d;
    const Generator *g = s->w->generator;
    if (!workspace_dataset(&d, s->w, SPLIT_TRAIN, err)) return false;
    bool ok = d.classes == g->config.classes || err_set(err, ERR_USAGE, "%s has %d classes, %s makes %d",
                                                        d.name, d.classes, g->slug, g->config.classes);
    for (int k = 0; ok && k < 2; k++) ok = head_fit(&s->head[k], s->e[k], &d, s->pool, err);
    dataset_close(&d);
    return ok;
}

static bool open_work(Work *s, int items, int each, Err *err)
{
    int D = encoder_features(&s->e[0]->config), E = encoder_features(&s->e[1]->config);
    s->latent = latent_new(s->w->generator, BATCH, NULL, s->pool, err);
    if (!s->latent || !open_heads(s, err)) return false;
    s->view = malloc((size_t)each * sizeof *s->view);
    s->picture = malloc((size_t)each * generator_image_floats(s->w->generator) * sizeof *s->picture);
    s->feature = malloc((size_t)each * (size_t)(D > E ? D : E) * sizeof *s->feature);
    for (int k = 0; k < 2; k++) s->hits[k] = calloc((size_t)items + 1, sizeof *s->hits[k]);
    return (s->view && s->picture && s->feature && s->hits[0] && s->hits[1]) || err_nomem(err, "a slice");
}

static void close_work(Work *s)
{
    for (int k = 0; k < 2; k++) {
        head_free(&s->head[k]);
        free(s->hits[k]);
    }
    latent_free(s->latent);
    free(s->view);
    free(s->picture);
    free(s->feature);
}

/* Views around a; how many: one where it cannot be moved. */
static int around(Work *s, const Address *a, int each, float sigma)
{
    for (int i = 0; i < each; i++) {
        s->view[i] = *a;
        if (sigma > 0)
            s->view[i].view =
                (AddressView){.kind = "gauss", .strength = sigma, .counter = COUNTER + (uint64_t)i};
    }
    if (sigma > 0 && latent_check(s->w->generator, &s->view[0], NULL)) return each;
    s->view[0] = *a;
    return 1;
}

static bool judge_item(Work *s, const Address *a, int each, float sigma, Err *err)
{
    int n = around(s, a, each, sigma);
    if (!latent_images(s->picture, s->latent, s->view, n, err)) return false;
    for (int k = 0; k < 2; k++) {
        int right = 0;
        if (!encoder_features_of_floats(s->feature, NULL, s->e[k], s->picture, (size_t)n, s->pool, err))
            return false;
        for (int i = 0; i < n; i++)
            right += head_guess(&s->head[k], s->feature + (size_t)i * (size_t)s->head[k].D) == a->class;
        s->hits[k][s->items] = (double)right / n;
    }
    s->items++;
    s->views += n;
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The mean over items of to * b + from * a with its interval. */
static bool bootstrap(Figure *out, const Work *s, double from, double to, Err *err)
{
    double *mean = malloc(RESAMPLES * sizeof *mean), all = 0;
    Rng r = rng_at(1, RNG_BOOTSTRAP);
    if (!mean) return err_nomem(err, "a slice");
    for (int i = 0; i < s->items; i++) all += from * s->hits[0][i] + to * s->hits[1][i];
    for (int k = 0; k < RESAMPLES; k++) {
        double sum = 0;
        for (int i = 0; i < s->items; i++) {
            uint32_t at = rng_below(&r, (uint32_t)s->items);
            sum += from * s->hits[0][at] + to * s->hits[1][at];
        }
        mean[k] = sum / s->items;
    }
    qsort(mean, RESAMPLES, sizeof *mean, by_value);
    *out = (Figure){all / s->items, mean[RESAMPLES / 40], mean[RESAMPLES - 1 - RESAMPLES / 40]};
    free(mean);
    return true;
}

bool slice_compare(Slice *out, const Workspace *w, Tray *tray, const TrayList *items, const Encoder *a,
                   const Encoder *b, int each, float sigma, bool (*progress)(void *ctx, int done, int n),
                   void *ctx, Pool *pool, Err *err)
{
    Work s = {.w = w, .e = {a, b}, .pool = pool};
    bool ok = open_work(&s, items->n, each, err);
    for (int i = 0; ok && i < items->n; i++) {
        Address at;
        if (progress && !progress(ctx, i, items->n))
            ok = err_set(err, ERR_CANCELLED, "the comparison was stopped");
        if (!ok || !address_parse(&at, items->item[i].address, NULL) || at.class < 0 ||
            !latent_check(w->generator, &at, NULL))
            continue;
        ok = tray_supply(tray, &at, err) && judge_item(&s, &at, each, sigma, err);
    }
    if (ok && s.items < 2)
        ok = err_set(err, ERR_USAGE, "a slice needs at least two kept views of %s with a class",
                     w->generator->slug);
    ok = ok && bootstrap(&out->a, &s, 1, 0, err) && bootstrap(&out->b, &s, 0, 1, err) &&
         bootstrap(&out->gain, &s, -1, 1, err);
    out->items = s.items;
    out->views = s.views;
    out->shown = ok && (out->gain.low > 0 || out->gain.high < 0);
    close_work(&s);
    return ok;
}
