/* Banks of embeddings, filled piece by piece, and the exact search in them. */
#include "inspect/neighbours.h"
#include "learn/probe.h"
#include "math/kernels/lanes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 2048 /* rows brought to their own length at once */

struct Bank {
    const Dataset *data;
    Space space;
    Encoder *encoder;
    int dim, filled;
    float *row;    /* (n,D) unit rows */
    float *length; /* (n) of the rows before */
    float *mean;   /* (D) mean picture, pixels only */
    int refs;
};

/* --- names ---------------------------------------------------------------------------------------------- */

static const char *const names[] = {"encoder", "pixels", "untrained"};

static const struct {
    const char *name, *says;
} metrics[METRICS] = {{"cosine", "cosine"}, {"euclid", "Euclidean distance"}, {"dot", "inner product"}};

const char *metric_name(Metric m)
{
    return metrics[m].name;
}

const char *metric_says(Metric m)
{
    return metrics[m].says;
}

bool metric_named(Metric *out, const char *name, Err *err)
{
    for (int m = 0; m < METRICS; m++)
        if (!strcmp(metrics[m].name, name)) return *out = (Metric)m, true;
    return err_set(err, ERR_USAGE, "no metric \"%s\"; there are cosine, euclid and dot", name);
}

double metric_distance(Metric m, float score)
{
    if (m == METRIC_DOT) return NAN;
    return m == METRIC_COSINE ? fmax(1 - (double)score, 0) : (double)score;
}

bool metric_nearer(Metric m, float a, float b)
{
    return m == METRIC_EUCLID ? a < b : a > b;
}

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

/* --- the bank ------------------------------------------------------------------------------------------- */

static void mean_picture(float *mean, const Dataset *d)
{
    size_t item = dataset_item_bytes(d);
    for (size_t k = 0; k < item; k++) {
        uint64_t sum = 0;
        for (int i = 0; i < d->n; i++) sum += dataset_pixels(d, i)[k];
        mean[k] = (float)((double)sum / d->n / 127.5 - 1);
    }
}

static bool make(Bank **out, const Dataset *data, Space space, Encoder *e, Err *err)
{
    Bank *b = calloc(1, sizeof *b);
    if (!b) return err_nomem(err, "a bank of neighbours");
    *b = (Bank){.data = data, .space = space, .encoder = e ? encoder_keep(e) : NULL, .refs = 1};
    b->dim = e ? encoder_features(&e->config) : (int)dataset_item_bytes(data);
    b->row = malloc((size_t)data->n * (size_t)b->dim * sizeof *b->row);
    b->length = malloc((size_t)data->n * sizeof *b->length);
    b->mean = calloc((size_t)b->dim, sizeof *b->mean);
    if (!b->row || !b->length || !b->mean) {
        bank_drop(b);
        return err_nomem(err, "a bank of neighbours");
    }
    *out = b;
    return true;
}

bool bank_new(Bank **out, const Dataset *data, Space space, Encoder *e, Err *err)
{
    if (data->n < 1) return err_set(err, ERR_USAGE, "neighbours: %s has no images in this split", data->name);
    if ((space == SPACE_PIXELS) != !e)
        return err_set(err, ERR_USAGE, "neighbours: the space %s needs %s encoder", space_name(space),
                       e ? "no" : "an");
    if (e && !probe_fits(e, data, err)) return false;
    if (!make(out, data, space, e, err)) return false;
    if (!e) mean_picture((*out)->mean, data);
    return true;
}

bool bank_like(Bank **out, const Bank *b, const Dataset *data, Err *err)
{
    if (data->n < 1) return err_set(err, ERR_USAGE, "neighbours: there are no pictures to look among");
    if (dataset_item_bytes(data) != dataset_item_bytes(b->data))
        return err_set(err, ERR_USAGE, "neighbours: pictures of %d x %d among those of %d x %d", data->w,
                       data->h, b->data->w, b->data->h);
    if (!make(out, data, b->space, b->encoder, err)) return false;
    memcpy((*out)->mean, b->mean, (size_t)b->dim * sizeof *b->mean);
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
    free(b->length);
    free(b->mean);
    free(b);
}

/* Brings n rows to length 1; length (n) receives what it was. */
static void normalise(float *row, float *length, int n, int D)
{
    for (int i = 0; i < n; i++) {
        const float *x = row + (size_t)i * (size_t)D;
        length[i] = (float)sqrt(lanes()->dot(x, x, (size_t)D));
    }
    knn_normalise(row, n, D);
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
    normalise(row, b->length + b->filled, n, b->dim);
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

/* --- the search ----------------------------------------------------------------------------------------- */

bool bank_embed(float *row, float *length, const Bank *b, const float *picture, int n, Pool *pool, Err *err)
{
    if (b->encoder) {
        if (!encoder_features_of_floats(row, NULL, b->encoder, picture, (size_t)n, pool, err)) return false;
    } else {
        memcpy(row, picture, (size_t)n * (size_t)b->dim * sizeof *row);
        centre_pixels(row, b, n);
    }
    if (length)
        normalise(row, length, n, b->dim);
    else
        knn_normalise(row, n, b->dim);
    return true;
}

/* Unit rows as they were before. */
static void lengthen(float *to, const float *row, const float *length, int n, int D)
{
    for (int i = 0; i < n; i++)
        for (int d = 0; d < D; d++)
            to[(size_t)i * (size_t)D + (size_t)d] = row[(size_t)i * (size_t)D + (size_t)d] * length[i];
}

typedef struct {
    const Bank *bank;
    Metric metric;
    const float *row; /* (n,D) queries */
    const int *skip;  /* (n) or NULL */
    int n, k;
    Pool *pool;
    float *base;              /* (chunk,D) */
    int *skipped;             /* (n) skip, counted from the chunk's first row */
    Hit *best, *found, *both; /* (n,k), (n,k), (k) */
} Search;

/* The k best of what a query has and what was found for it in rows from `first` on; earlier rows come first.
 */
static void merge(Search *s, int query, int first)
{
    Hit *best = s->best + (size_t)query * (size_t)s->k, *found = s->found + (size_t)query * (size_t)s->k;
    for (int i = 0, a = 0, b = 0; i < s->k; i++) {
        bool old = first && best[a].score >= found[b].score;
        s->both[i] = old ? best[a++] : (Hit){first + found[b].index, found[b].score};
        b += !old;
    }
    memcpy(best, s->both, (size_t)s->k * sizeof *best);
}

/* Rows from `first` on, at their own length. */
static bool search_rows(Search *s, int first, int rows, Err *err)
{
    const Bank *b = s->bank;
    lengthen(s->base, b->row + (size_t)first * (size_t)b->dim, b->length + first, rows, b->dim);
    for (int i = 0; s->skip && i < s->n; i++) s->skipped[i] = s->skip[i] - first;
    if (!knn_search(s->found, s->row, s->n, s->base, rows, b->dim, s->k,
                    s->metric == METRIC_DOT ? KNN_DOT : KNN_L2, s->skip ? s->skipped : NULL, s->pool, err))
        return false;
    for (int i = 0; i < s->n; i++) merge(s, i, first);
    return true;
}

/* Piece by piece, so that rows at their own length never need the room of all. Every piece has more than k
 * rows; the last one is what is left below two pieces. */
static bool search_own_lengths(Search *s, Err *err)
{
    size_t n = (size_t)s->n, k = (size_t)s->k;
    int total = s->bank->filled, piece = s->k < PIECE ? PIECE : s->k + 1;
    int most = total < 2 * piece ? total : 2 * piece;
    s->base = malloc((size_t)most * (size_t)s->bank->dim * sizeof *s->base);
    s->skipped = malloc(n * sizeof *s->skipped);
    s->found = malloc((n + 1) * k * sizeof *s->found);
    bool ok = (s->base && s->skipped && s->found) || err_nomem(err, "neighbours");
    if (ok) s->both = s->found + n * k;
    for (int first = 0, rows; ok && first < total; first += rows) {
        rows = total - first < 2 * piece ? total - first : piece;
        ok = search_rows(s, first, rows, err);
    }
    free(s->base);
    free(s->skipped);
    free(s->found);
    return ok;
}

/* By the metric: rows are the queries', unit ones for cosines, else at their own length. */
static bool search(Neighbour *out, Search *s, Err *err)
{
    const Bank *b = s->bank;
    int n = s->n, k = s->k;
    if (k < 1 || k > b->filled - (s->skip ? 1 : 0))
        return err_set(err, ERR_USAGE, "neighbours: asked for %d of %d images", k, b->filled);
    s->best = malloc((size_t)n * (size_t)k * sizeof *s->best);
    if (!s->best) return err_nomem(err, "neighbours");
    bool ok = s->metric == METRIC_COSINE ? knn_search(s->best, s->row, n, b->row, b->filled, b->dim, k,
                                                      KNN_DOT, s->skip, s->pool, err)
                                         : search_own_lengths(s, err);
    for (int i = 0; ok && i < n * k; i++) {
        float score = s->metric == METRIC_EUCLID ? sqrtf(-s->best[i].score) : s->best[i].score;
        out[i] = (Neighbour){s->best[i].index, b->data->label[s->best[i].index], score};
    }
    free(s->best);
    return ok;
}

bool bank_nearest(Neighbour *out, const Bank *b, Metric m, const float *picture, int n, int k, Pool *pool,
                  Err *err)
{
    size_t D = (size_t)b->dim;
    float *row = malloc((size_t)n * (D + 1) * sizeof *row), *length = row + (size_t)n * D;
    if (!row) return err_nomem(err, "neighbours");
    Search s = {.bank = b, .metric = m, .row = row, .n = n, .k = k, .pool = pool};
    bool ok = bank_embed(row, length, b, picture, n, pool, err);
    if (ok && m != METRIC_COSINE) lengthen(row, row, length, n, b->dim);
    ok = ok && search(out, &s, err);
    free(row);
    return ok;
}

bool bank_nearest_of(Neighbour *out, const Bank *b, Metric m, const int *index, int n, int k, Pool *pool,
                     Err *err)
{
    size_t D = (size_t)b->dim;
    float *row = malloc((size_t)n * D * sizeof *row);
    if (!row) return err_nomem(err, "neighbours");
    Search s = {.bank = b, .metric = m, .row = row, .skip = index, .n = n, .k = k, .pool = pool};
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        ok = (index[i] >= 0 && index[i] < b->filled) ||
             err_set(err, ERR_USAGE, "neighbours: there is no image %d among %d", index[i], b->filled);
        if (!ok) break;
        const float *from = b->row + (size_t)index[i] * D;
        memcpy(row + (size_t)i * D, from, D * sizeof *row);
        if (m != METRIC_COSINE) lengthen(row + (size_t)i * D, from, b->length + index[i], 1, b->dim);
    }
    ok = ok && search(out, &s, err);
    free(row);
    return ok;
}
