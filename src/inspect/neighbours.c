/* Banks of embeddings, filled piece by piece, and the exact search in them. */
#include "inspect/neighbours.h"
#include "learn/probe.h"

#include <stdlib.h>
#include <string.h>

struct Bank {
    const Dataset *data;
    Space space;
    Encoder *encoder;
    int dim, filled;
    float *row;  /* (n,D) unit rows */
    float *mean; /* (D) mean picture, pixels only */
    int refs;
};

static const char *const names[] = {"encoder", "pixels", "untrained"};

const char *space_name(Space s)
{
    return names[s];
}

bool space_named(Space *out, const char *name, Err *err)
{
    for (int s = 0; s < 3; s++)
        if (!strcmp(names[s], name)) return *out = (Space)s, true;
    return err_set(err, ERR_USAGE, "no space \"%s\"; there are encoder, pixels and untrained", name);
}

static void mean_picture(float *mean, const Dataset *d)
{
    size_t item = dataset_item_bytes(d);
    for (size_t k = 0; k < item; k++) {
        uint64_t sum = 0;
        for (int i = 0; i < d->n; i++) sum += dataset_pixels(d, i)[k];
        mean[k] = (float)((double)sum / d->n / 127.5 - 1);
    }
}

bool bank_new(Bank **out, const Dataset *data, Space space, Encoder *e, Err *err)
{
    if (data->n < 1) return err_set(err, ERR_USAGE, "neighbours: %s has no images in this split", data->name);
    if ((space == SPACE_PIXELS) != !e)
        return err_set(err, ERR_USAGE, "neighbours: the space %s needs %s encoder", space_name(space),
                       e ? "no" : "an");
    if (e && !probe_fits(e, data, err)) return false;
    Bank *b = calloc(1, sizeof *b);
    if (!b) return err_nomem(err, "a bank of neighbours");
    *b = (Bank){.data = data, .space = space, .encoder = e ? encoder_keep(e) : NULL, .refs = 1};
    b->dim = e ? encoder_features(&e->config) : (int)dataset_item_bytes(data);
    b->row = malloc((size_t)data->n * (size_t)b->dim * sizeof *b->row);
    b->mean = calloc((size_t)b->dim, sizeof *b->mean);
    if (!b->row || !b->mean) {
        bank_drop(b);
        return err_nomem(err, "a bank of neighbours");
    }
    if (!e) mean_picture(b->mean, data);
    *out = b;
    return true;
}

Bank *bank_keep(Bank *b)
{
    __atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
    return b;
}

void bank_drop(Bank *b)
{
    if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    if (b->encoder) encoder_drop(b->encoder);
    free(b->row);
    free(b->mean);
    free(b);
}

/* Takes the mean picture from n pictures. */
static void centre_pixels(float *row, const Bank *b, int n)
{
    for (int i = 0; i < n; i++)
        for (int d = 0; d < b->dim; d++) row[(size_t)i * (size_t)b->dim + (size_t)d] -= b->mean[d];
}

bool bank_fill(Bank *b, int count, Pool *pool, Err *err)
{
    int left = b->data->n - b->filled, n = count < left ? count : left;
    float *row = b->row + (size_t)b->filled * (size_t)b->dim;
    if (n < 1) return true;
    const uint8_t *px = dataset_pixels(b->data, b->filled);
    if (b->encoder) {
        if (!encoder_features_of_bytes(row, NULL, b->encoder, px, (size_t)n, pool, err)) return false;
    } else {
        image_bytes_to_float(row, px, (size_t)n * (size_t)b->dim);
        centre_pixels(row, b, n);
    }
    knn_normalise(row, n, b->dim);
    b->filled += n;
    return true;
}

int bank_filled(const Bank *b)
{
    return b->filled;
}

int bank_size(const Bank *b)
{
    return b->data->n;
}

int bank_dim(const Bank *b)
{
    return b->dim;
}

Space bank_space(const Bank *b)
{
    return b->space;
}

const Encoder *bank_encoder(const Bank *b)
{
    return b->encoder;
}

const Dataset *bank_dataset(const Bank *b)
{
    return b->data;
}

const float *bank_embedding(const Bank *b)
{
    return b->row;
}

bool bank_embed(float *row, const Bank *b, const float *picture, int n, Pool *pool, Err *err)
{
    if (b->encoder) {
        if (!encoder_features_of_floats(row, NULL, b->encoder, picture, (size_t)n, pool, err)) return false;
    } else {
        memcpy(row, picture, (size_t)n * (size_t)b->dim * sizeof *row);
        centre_pixels(row, b, n);
    }
    knn_normalise(row, n, b->dim);
    return true;
}

/* The k nearest of rows (n,D), leaving out skip's images where not NULL. */
static bool search(Neighbour *out, const Bank *b, const float *row, const int *skip, int n, int k, Pool *pool,
                   Err *err)
{
    if (k < 1 || k > b->filled - (skip ? 1 : 0))
        return err_set(err, ERR_USAGE, "neighbours: asked for %d of %d images", k, b->filled);
    Hit *hit = malloc((size_t)n * (size_t)k * sizeof *hit);
    if (!hit) return err_nomem(err, "neighbours");
    bool ok = knn_search(hit, row, n, b->row, b->filled, b->dim, k, KNN_DOT, skip, pool, err);
    for (int i = 0; ok && i < n * k; i++)
        out[i] = (Neighbour){hit[i].index, b->data->label[hit[i].index], hit[i].score};
    free(hit);
    return ok;
}

bool bank_nearest(Neighbour *out, const Bank *b, const float *picture, int n, int k, Pool *pool, Err *err)
{
    float *row = malloc((size_t)n * (size_t)b->dim * sizeof *row);
    if (!row) return err_nomem(err, "neighbours");
    bool ok = bank_embed(row, b, picture, n, pool, err) && search(out, b, row, NULL, n, k, pool, err);
    free(row);
    return ok;
}

bool bank_nearest_of(Neighbour *out, const Bank *b, const int *index, int n, int k, Pool *pool, Err *err)
{
    size_t D = (size_t)b->dim;
    float *row = malloc((size_t)n * D * sizeof *row);
    if (!row) return err_nomem(err, "neighbours");
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        ok = (index[i] >= 0 && index[i] < b->filled) ||
             err_set(err, ERR_USAGE, "neighbours: there is no image %d among %d", index[i], b->filled);
        if (ok) memcpy(row + (size_t)i * D, b->row + (size_t)index[i] * D, D * sizeof *row);
    }
    ok = ok && search(out, b, row, index, n, k, pool, err);
    free(row);
    return ok;
}
