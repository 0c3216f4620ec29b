/* Real pictures with their features and radii, scores against all of them by one product, and the file that
 * keeps them. */
#include "inspect/realism.h"
#include "base/file.h"
#include "data/safetensors.h"
#include "base/order.h"
#include "learn/probe.h"
#include "math/gemm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Queries of one product; pictures embedded at once, always as many, since a network's last bits may depend
 * on that; the key of the draw. */
enum { ROWS = 64, CHUNK = 64, DRAW = 77 };

#define SCORE_MOST 100.0 /* a copy of a real picture is not more real than this */

struct Realism {
    Encoder *e;
    int n, D, filled, most; /* most: pictures of the dataset */
    int *index, *label;     /* (n) */
    int *place;             /* (most): of a picture in the draw, -1: not of it */
    Image *picture;         /* (n) */
    float *row;             /* (n,D) features as they come */
    float *half, *inverse;  /* (n) half the squared length, one over the length */
    float *radius;          /* (n) squared distance to the REALISM_K-th nearest; 0: left out */
    float *own;             /* (owns) realism of the first real pictures among the others, smallest first */
    int owns;
    char path[4096]; /* where it is kept, "" nowhere */
    int refs;
};

/* --- making --------------------------------------------------------------------------------------------- */

static bool make_room(Realism *r, Err *err)
{
    size_t n = (size_t)r->n;
    r->index = malloc(n * sizeof *r->index);
    r->label = malloc(n * sizeof *r->label);
    r->place = malloc((size_t)r->most * sizeof *r->place);
    r->picture = calloc(n, sizeof *r->picture);
    r->row = malloc(n * (size_t)r->D * sizeof *r->row);
    r->half = malloc(n * sizeof *r->half);
    r->inverse = malloc(n * sizeof *r->inverse);
    r->radius = malloc(n * sizeof *r->radius);
    r->own = malloc((size_t)r->owns * sizeof *r->own);
    if (r->index && r->label && r->place && r->picture && r->row && r->half && r->inverse && r->radius &&
        r->own)
        return true;
    return err_nomem(err, "real pictures");
}

static bool draw(Realism *r, const Dataset *data, Err *err)
{
    for (int i = 0; i < r->most; i++) r->place[i] = -1;
    for (int i = 0; i < r->n; i++) {
        int at = (int)order_at((uint64_t)i, (uint64_t)r->most, DRAW);
        r->index[i] = at;
        r->place[at] = i;
        r->label[i] = data->label[at];
        if (!dataset_image(&r->picture[i], data, at, err)) return false;
    }
    return true;
}

/* Half the squared length and one over the length of x (D). */
static void lengths(float *half, float *inverse, const float *x, int D)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += (double)x[d] * (double)x[d];
    *half = (float)(sum / 2);
    *inverse = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
}

static void measure_rows(Realism *r)
{
    for (int i = 0; i < r->n; i++)
        lengths(&r->half[i], &r->inverse[i], r->row + (size_t)i * (size_t)r->D, r->D);
}

static void load(Realism *r)
{
    Safetensors st;
    if (!*r->path || !file_exists(r->path) || !safetensors_open(&st, r->path, NULL)) return;
    const Tensor *row = safetensors_find(&st, "features"), *radius = safetensors_find(&st, "radius"),
                 *own = safetensors_find(&st, "own");
    bool ok = row && radius && own && safetensors_floats(r->row, row, (size_t)r->n * (size_t)r->D, NULL) &&
              safetensors_floats(r->radius, radius, (size_t)r->n, NULL) &&
              safetensors_floats(r->own, own, (size_t)r->owns, NULL);
    safetensors_close(&st);
    if (!ok) return;
    r->filled = r->n;
    measure_rows(r);
}

static void save(const Realism *r, const char *folder)
{
    const Tensor tensor[] = {
        {.name = "features", .dtype = DTYPE_F32, .rank = 2, .shape = {r->n, r->D}, .data = r->row},
        {.name = "radius", .dtype = DTYPE_F32, .rank = 1, .shape = {r->n}, .data = r->radius},
        {.name = "own", .dtype = DTYPE_F32, .rank = 1, .shape = {r->owns}, .data = r->own}};
    if (file_make_folder(folder, NULL)) safetensors_save(r->path, tensor, 3, NULL, 0, NULL);
}

/* FOLDER/realism-ENCODER-DATA.safetensors */
static bool name_file(Realism *r, const char *folder, const Dataset *data, Err *err)
{
    char name[80], digest[17];
    digest_hex(digest, &data->digest, 16);
    snprintf(name, sizeof name, "realism-%s-%s.safetensors", r->e->digest, digest);
    return !folder || file_join(r->path, sizeof r->path, folder, name, err);
}

bool realism_new(Realism **out, const Dataset *data, Encoder *e, const char *folder, Err *err)
{
    *out = NULL;
    if (!probe_fits(e, data, err)) return false;
    if (data->n <= REALISM_K)
        return err_set(err, ERR_USAGE, "realism: %s has only %d pictures here", data->name, data->n);
    Realism *r = calloc(1, sizeof *r);
    if (!r) return err_nomem(err, "real pictures");
    *r = (Realism){.e = encoder_keep(e), .D = encoder_features(&e->config), .most = data->n, .refs = 1};
    r->n = data->n < REALISM_PICTURES ? data->n : REALISM_PICTURES;
    r->owns = r->n < REALISM_OWN ? r->n : REALISM_OWN;
    if (!make_room(r, err) || !draw(r, data, err) || !name_file(r, folder, data, err)) {
        realism_drop(r);
        return false;
    }
    load(r);
    *out = r;
    return true;
}

Realism *realism_keep(Realism *r)
{
    __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
    return r;
}

void realism_drop(Realism *r)
{
    if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (int i = 0; r->picture && i < r->n; i++) image_free(&r->picture[i]);
    encoder_drop(r->e);
    free(r->index);
    free(r->label);
    free(r->place);
    free(r->picture);
    free(r->row);
    free(r->half);
    free(r->inverse);
    free(r->radius);
    free(r->own);
    free(r);
}

/* --- radii ---------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Radii above the median become 0: where real pictures are sparse, their balls reach far outside
 * (section 4.2). */
static bool leave_out_large(Realism *r, Err *err)
{
    float *sorted = malloc((size_t)r->n * sizeof *sorted);
    if (!sorted) return err_nomem(err, "radii");
    memcpy(sorted, r->radius, (size_t)r->n * sizeof *sorted);
    qsort(sorted, (size_t)r->n, sizeof *sorted, by_size);
    float median = sorted[(r->n - 1) / 2];
    for (int i = 0; i < r->n; i++)
        if (r->radius[i] > median) r->radius[i] = 0;
    free(sorted);
    return true;
}

static bool find_radii(Realism *r, Pool *pool, Err *err)
{
    size_t n = (size_t)r->n;
    Hit *hit = malloc(n * REALISM_K * sizeof *hit);
    int *self = malloc(n * sizeof *self);
    bool ok = (hit && self) || err_nomem(err, "radii");
    for (int i = 0; ok && i < r->n; i++) self[i] = i;
    ok = ok && knn_search(hit, r->row, r->n, r->row, r->n, r->D, REALISM_K, KNN_L2, self, pool, err);
    for (size_t i = 0; ok && i < n; i++) r->radius[i] = -hit[i * REALISM_K + REALISM_K - 1].score;
    free(hit);
    free(self);
    return ok && leave_out_large(r, err);
}

int realism_size(const Realism *r)
{
    return r->n;
}

int realism_filled(const Realism *r)
{
    return r->filled;
}

const Encoder *realism_encoder(const Realism *r)
{
    return r->e;
}

const Image *realism_picture(const Realism *r, int index)
{
    int at = index >= 0 && index < r->most ? r->place[index] : -1;
    return at < 0 ? NULL : &r->picture[at];
}

/* --- scores --------------------------------------------------------------------------------------------- */

typedef struct {
    const Realism *r;
    const float *feature, *product; /* of the slice: (m,D), (m,n) */
    float *score;
    Neighbour *hit;
    int k, self; /* the first one's place among the real pictures, which is passed over; -1: it is none */
} Slice;

/* sqrt(radius / distance) of real picture j, the distance without the rounding of |a|^2 + |b|^2 - 2ab. */
static float ratio_to(const Realism *r, const float *x, int j)
{
    const float *y = r->row + (size_t)j * (size_t)r->D;
    double square = 0;
    for (int d = 0; d < r->D; d++) square += ((double)x[d] - (double)y[d]) * ((double)x[d] - (double)y[d]);
    double most = SCORE_MOST * SCORE_MOST, radius = (double)r->radius[j];
    return (float)sqrt(radius < most * square ? radius / square : radius > 0 ? most : 0);
}

/* Over all but picture `self`. */
static float score_of(const Realism *r, const float *x, const float *product, float half, int self)
{
    int best = 0;
    float most = -1;
    for (int j = 0; j < r->n; j++) {
        if (j == self) continue;
        float square = 2 * (half + r->half[j] - product[j]);
        float ratio = r->radius[j] / (square > 1e-12f ? square : 1e-12f);
        if (ratio > most) most = ratio, best = j;
    }
    return ratio_to(r, x, best);
}

/* The k largest cosines in order, ties by the lower place. */
static void nearest_of(Neighbour *hit, int k, const Realism *r, const float *product, float inverse)
{
    int held = 0;
    for (int j = 0; j < r->n; j++) {
        float cosine = product[j] * r->inverse[j] * inverse;
        if (held == k && !(cosine > hit[k - 1].score)) continue;
        int at = held < k ? held++ : k - 1;
        for (; at > 0 && cosine > hit[at - 1].score; at--) hit[at] = hit[at - 1];
        hit[at] = (Neighbour){r->index[j], r->label[j], cosine};
    }
}

static void score_one(void *ctx, int i, int worker)
{
    const Slice *s = ctx;
    const Realism *r = s->r;
    const float *x = s->feature + (size_t)i * (size_t)r->D, *product = s->product + (size_t)i * (size_t)r->n;
    float half, inverse;
    (void)worker;
    lengths(&half, &inverse, x, r->D);
    if (s->score) s->score[i] = score_of(r, x, product, half, s->self < 0 ? -1 : s->self + i);
    if (s->hit) nearest_of(s->hit + (size_t)i * (size_t)s->k, s->k, r, product, inverse);
}

/* realism_score of any features; self as in Slice. */
static bool score_rows(float *score, Neighbour *hit, int k, const Realism *r, const float *feature, int n,
                       int self, Pool *pool, Err *err)
{
    size_t D = (size_t)r->D, rows = n < ROWS ? (size_t)n : ROWS;
    float *product = malloc(rows * (size_t)r->n * sizeof *product), *scratch = NULL;
    bool ok = product &&
              !posix_memalign((void **)&scratch, 64, gemm_scratch((int)rows, r->n, r->D) * sizeof *scratch);
    for (int at = 0; ok && at < n; at += ROWS) {
        int m = n - at < ROWS ? n - at : ROWS;
        Slice s = {r,
                   feature + (size_t)at * D,
                   product,
                   score ? score + at : NULL,
                   hit ? hit + (size_t)at * (size_t)k : NULL,
                   k,
                   self < 0 ? -1 : self + at};
        gemm(product, s.feature, r->row, m, r->n, r->D, GEMM_NT, false, scratch, pool);
        pool_run(pool, m, score_one, &s);
    }
    free(product);
    free(scratch);
    return ok || err_nomem(err, "realism");
}

bool realism_score(float *score, Neighbour *hit, int k, const Realism *r, const float *feature, int n,
                   Pool *pool, Err *err)
{
    if (r->filled < r->n || (hit && (k < 1 || k > r->n)))
        return err_set(err, ERR_USAGE, "realism: asked for %d of %d pictures", k, r->filled);
    return score_rows(score, hit, k, r, feature, n, -1, pool, err);
}

float realism_rank(const Realism *r, float score)
{
    int low = 0, high = r->owns;
    if (r->filled < r->n || isnan(score)) return NAN;
    while (low < high) {
        int middle = (low + high) / 2;
        if (r->own[middle] < score)
            low = middle + 1;
        else
            high = middle;
    }
    return (float)low / (float)r->owns;
}

/* --- filling -------------------------------------------------------------------------------------------- */

static bool finish(Realism *r, Pool *pool, Err *err)
{
    char folder[4096];
    measure_rows(r);
    if (!find_radii(r, pool, err) || !score_rows(r->own, NULL, 0, r, r->row, r->owns, 0, pool, err))
        return false;
    qsort(r->own, (size_t)r->owns, sizeof *r->own, by_size);
    snprintf(folder, sizeof folder, "%s", r->path);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    if (slash) save(r, folder);
    return true;
}

/* The next n pictures, at most CHUNK, in one run of the network. */
static bool embed(Realism *r, int n, Pool *pool, Err *err)
{
    const EncoderConfig *c = &r->e->config;
    size_t item = (size_t)c->channels * (size_t)c->side * (size_t)c->side;
    uint8_t *px = malloc((size_t)n * item);
    if (!px) return err_nomem(err, "real pictures");
    for (int i = 0; i < n; i++) image_to_byte_planes(px + (size_t)i * item, &r->picture[r->filled + i]);
    float *row = r->row + (size_t)r->filled * (size_t)r->D;
    bool ok = encoder_features_of_bytes(row, NULL, r->e, px, (size_t)n, pool, err);
    free(px);
    return ok;
}

bool realism_fill(Realism *r, int count, Pool *pool, Err *err)
{
    for (int done = 0, n; done < count && r->filled < r->n; done += n) {
        n = r->n - r->filled < CHUNK ? r->n - r->filled : CHUNK;
        if (!embed(r, n, pool, err) || (r->filled + n == r->n && !finish(r, pool, err))) return false;
        r->filled += n;
    }
    return true;
}
