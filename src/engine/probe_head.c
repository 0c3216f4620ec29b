/* A linear probe on real pictures, kept. */
#include "engine/probe_head.h"
#include "learn/probe.h"
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 5000, UPDATES = 300 };

/* Features of evenly chosen pictures; *label and the result are the caller's. */
static float *encode_some(int **label, int *n, const Encoder *e, const Dataset *d, Pool *pool, Err *err)
{
    size_t item = dataset_item_bytes(d), D = (size_t)encoder_features(&e->config);
    *n = d->n < PICTURES ? d->n : PICTURES;
    uint8_t *px = malloc((size_t)*n * item);
    float *feature = malloc((size_t)*n * D * sizeof *feature);
    *label = malloc((size_t)*n * sizeof **label);
    bool ok = (px && feature && *label) || err_nomem(err, "the probe");
    for (int i = 0; ok && i < *n; i++) {
        int at = (int)((int64_t)i * d->n / *n);
        memcpy(px + (size_t)i * item, dataset_pixels(d, at), item);
        (*label)[i] = d->label[at];
    }
    ok = ok && encoder_features_of_bytes(feature, NULL, e, px, (size_t)*n, pool, err);
    free(px);
    if (ok) return feature;
    free(feature);
    return NULL;
}

bool head_fit(ProbeHead *out, const Encoder *e, const Dataset *d, Pool *pool, Err *err)
{
    int *label = NULL, n, D = encoder_features(&e->config);
    *out = (ProbeHead){.D = D, .classes = d->classes};
    if (!probe_fits(e, d, err)) return false;
    float *feature = encode_some(&label, &n, e, d, pool, err);
    out->weight = feature ? malloc((size_t)d->classes * (size_t)(D + 1) * sizeof *out->weight) : NULL;
    bool ok = out->weight != NULL || (feature && err_nomem(err, "the probe"));
    if (ok) {
        ProbeSet set = {feature, label, n};
        out->bias = out->weight + (size_t)d->classes * (size_t)D;
        ok = probe_fit(out->weight, out->bias, &set, D, d->classes, UPDATES, 0, pool, err);
    }
    free(feature);
    free(label);
    if (!ok) head_free(out);
    return ok;
}

void head_free(ProbeHead *h)
{
    free(h->weight);
    *h = (ProbeHead){0};
}

int head_guess(const ProbeHead *h, const float *feature)
{
    int best = 0;
    double most = 0;
    for (int c = 0; c < h->classes; c++) {
        double logit = (double)h->bias[c];
        for (int d = 0; d < h->D; d++)
            logit += (double)h->weight[(size_t)c * (size_t)h->D + (size_t)d] * (double)feature[d];
        if (c && logit <= most) continue;
        most = logit;
        best = c;
    }
    return best;
}
