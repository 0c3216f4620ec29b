/* Learning a direction from views on two sides, and what it is entangled with.
 *
 * Everything happens in the coordinates of latent/basis.h, where w is a round cloud: a regression with a
 * round prior is then fair to all of them, and the normal of the boundary is the most likely way across it.
 */
#include "base/elem.h"
#include "base/rng.h"
#include "latent/basis.h"
#include "latent/direction.h"
#include "math/wilson.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 4, FOLDS = 5, STEPS = 200, SLICE = 64, APART_MAX = 32 };

#define RIDGE   1.0 /* prior: of the square of the normal, over the number of views */
#define DESCENT 0.9 /* momentum */

typedef struct {
    Latent *l;
    Basis basis;
    size_t dim;
    int n, pluses;
    float *code;  /* (n, dim): views around the means of their classes, in standard deviations; plus first */
    double *beta; /* (dim + 1): boundary and offset */
    double *step; /* (dim + 1) */
    double *grad; /* (dim + 1) */
    int *fold;    /* (n) */
} Learn;

/* --- views -----------------------------------------------------------------------------------------------
 */

/* A view's w is the mean over its layers. */
static bool take_views(Learn *k, const Address *list, int n, float *to, Err *err)
{
    const Generator *g = latent_generator(k->l);
    size_t style = (size_t)g->layers * k->dim;
    float *styles = malloc(SLICE * style * sizeof *styles), *off = malloc(k->dim * sizeof *off);
    bool ok = (styles && off) || err_nomem(err, "learning a direction");
    for (int at = 0; ok && at < n; at += SLICE) {
        int count = n - at < SLICE ? n - at : SLICE;
        ok = latent_resolve(styles, k->l, list + at, count, err);
        for (int i = 0; ok && i < count; i++) {
            const float *mean =
                g->w_mean + (list[at + i].class > 0 ? (size_t)list[at + i].class * k->dim : 0);
            for (size_t j = 0; j < k->dim; j++) {
                off[j] = -mean[j];
                for (int l = 0; l < g->layers; l++)
                    off[j] += styles[(size_t)i * style + (size_t)l * k->dim + j] / (float)g->layers;
            }
            basis_encode(to + (size_t)(at + i) * k->dim, &k->basis, off, 1);
        }
    }
    free(styles);
    free(off);
    return ok;
}

/* Each side is dealt out in turn, from a draw of its own: every fold has both. */
static void deal_folds(Learn *k)
{
    for (int side = 0; side < 2; side++) {
        int first = side ? k->pluses : 0, count = side ? k->n - k->pluses : k->pluses;
        for (int i = 0; i < count; i++) k->fold[first + i] = i % FOLDS;
        Rng r = rng_at((uint64_t)side, RNG_SPLIT);
        for (int i = count - 1; i > 0; i--) {
            int j = (int)rng_below(&r, (uint32_t)i + 1), swap = k->fold[first + i];
            k->fold[first + i] = k->fold[first + j];
            k->fold[first + j] = swap;
        }
    }
}

/* --- the boundary ----------------------------------------------------------------------------------------
 */

static double score(const Learn *k, const double *beta, int i)
{
    double sum = beta[k->dim];
    for (size_t j = 0; j < k->dim; j++) sum += beta[j] * (double)k->code[(size_t)i * k->dim + j];
    return sum;
}

/* Sides weigh alike however many views they have. */
static void add_slope(Learn *k, int i, int pluses, int minuses)
{
    bool plus = i < k->pluses;
    double p = (double)elem_sigmoid((float)score(k, k->beta, i)),
           off = (p - (plus ? 1 : 0)) * 0.5 / (plus ? pluses : minuses);
    for (size_t j = 0; j < k->dim; j++) k->grad[j] += off * (double)k->code[(size_t)i * k->dim + j];
    k->grad[k->dim] += off;
}

/* Ridge logistic regression on all views but those of fold `out` (-1: on all), by descent with momentum; a
 * convex problem in round coordinates, so that a fixed rate of one over its steepness does. */
static void fit(Learn *k, int out)
{
    int side[2] = {0, 0};
    double reach = 1;
    memset(k->beta, 0, (k->dim + 1) * sizeof *k->beta);
    memset(k->step, 0, (k->dim + 1) * sizeof *k->step);
    for (int i = 0; i < k->n; i++) {
        double square = 1;
        if (k->fold[i] == out) continue;
        side[i >= k->pluses]++;
        for (size_t j = 0; j < k->dim; j++) square += pow((double)k->code[(size_t)i * k->dim + j], 2);
        reach = fmax(reach, square);
    }
    double ridge = RIDGE / (side[0] + side[1]), rate = 1 / (0.25 * reach + ridge);
    for (int step = 0; step < STEPS; step++) {
        for (size_t j = 0; j < k->dim; j++) k->grad[j] = ridge * k->beta[j];
        k->grad[k->dim] = 0;
        for (int i = 0; i < k->n; i++)
            if (k->fold[i] != out) add_slope(k, i, side[0], side[1]);
        for (size_t j = 0; j <= k->dim; j++) {
            k->step[j] = DESCENT * k->step[j] - rate * k->grad[j];
            k->beta[j] += k->step[j];
        }
    }
}

/* The offset that parts the sides best along beta, between the means of their scores. */
static void move_boundary(Learn *k, int out)
{
    double mean[2] = {0, 0};
    int side[2] = {0, 0};
    k->beta[k->dim] = 0;
    for (int i = 0; i < k->n; i++) {
        if (k->fold[i] == out) continue;
        mean[i >= k->pluses] += score(k, k->beta, i);
        side[i >= k->pluses]++;
    }
    k->beta[k->dim] = -0.5 * (mean[0] / side[0] + mean[1] / side[1]);
}

static int hits(const Learn *k, int fold)
{
    int right = 0;
    for (int i = 0; i < k->n; i++)
        if (k->fold[i] == fold) right += (score(k, k->beta, i) > 0) == (i < k->pluses);
    return right;
}

/* --- keeping apart ---------------------------------------------------------------------------------------
 */

/* Codes (n, dim) of directions, of length 1; layered ones by the mean over their layers. */
static bool unit_code(float *code, const Learn *k, const float *vector, bool layered)
{
    const Generator *g = latent_generator(k->l);
    int rows = layered ? g->layers : 1;
    float *mean = calloc(k->dim, sizeof *mean);
    double square = 0;
    if (!mean) return false;
    for (int r = 0; r < rows; r++)
        for (size_t j = 0; j < k->dim; j++) mean[j] += vector[(size_t)r * k->dim + j] / (float)rows;
    basis_encode(code, &k->basis, mean, 1);
    free(mean);
    for (size_t j = 0; j < k->dim; j++) square += (double)code[j] * (double)code[j];
    for (size_t j = 0; j < k->dim; j++) code[j] = square > 0 ? (float)((double)code[j] / sqrt(square)) : 0;
    return true;
}

/* Gram-Schmidt: each row loses its share of the rows before it. */
static void make_orthogonal(float *row, int n, size_t dim)
{
    for (int i = 0; i < n; i++) {
        float *x = row + (size_t)i * dim;
        double square = 0;
        for (int p = 0; p < i; p++) {
            const float *y = row + (size_t)p * dim;
            double dot = 0;
            for (size_t j = 0; j < dim; j++) dot += (double)x[j] * (double)y[j];
            for (size_t j = 0; j < dim; j++) x[j] -= (float)(dot * (double)y[j]);
        }
        for (size_t j = 0; j < dim; j++) square += (double)x[j] * (double)x[j];
        for (size_t j = 0; j < dim; j++) x[j] = square > 1e-8 ? (float)((double)x[j] / sqrt(square)) : 0;
    }
}

/* Takes the rows' share out of beta; returns the share of its length that is left. */
static double project(double *beta, const float *row, int n, size_t dim)
{
    double before = 0, after = 0;
    for (size_t j = 0; j < dim; j++) before += beta[j] * beta[j];
    for (int i = 0; i < n; i++) {
        const float *x = row + (size_t)i * dim;
        double dot = 0;
        for (size_t j = 0; j < dim; j++) dot += beta[j] * (double)x[j];
        for (size_t j = 0; j < dim; j++) beta[j] -= dot * (double)x[j];
    }
    for (size_t j = 0; j < dim; j++) after += beta[j] * beta[j];
    return before > 0 ? sqrt(after / before) : 0;
}

/* --- the report ------------------------------------------------------------------------------------------
 */

/* Accuracy on views of folds that were left out, before and after keeping apart. */
static void cross_validate(DirectionReport *r, Learn *k, const float *row, int rows)
{
    int right = 0, apart = 0;
    for (int f = 0; f < FOLDS; f++) {
        fit(k, f);
        right += hits(k, f);
        project(k->beta, row, rows, k->dim);
        move_boundary(k, f);
        apart += hits(k, f);
    }
    wilson_interval(&r->accuracy, &r->accuracy_low, &r->accuracy_high, right, k->n);
    r->accuracy_apart = (double)apart / k->n;
}

static float cosine(const double *beta, const float *x, size_t dim)
{
    double dot = 0, square = 0;
    for (size_t j = 0; j < dim; j++) {
        dot += beta[j] * (double)x[j];
        square += beta[j] * beta[j];
    }
    return square > 0 ? (float)(dot / sqrt(square)) : 0;
}

/* All that there are to be compared with: names and codes. */
typedef struct {
    char (*dir)[ADDRESS_DIR_MAX + 1];
    float *code; /* (n, dim) */
    int n;
} Named;

static bool collect(Named *out, const Learn *k, const LatentStore *s, Err *err)
{
    const Generator *g = latent_generator(k->l);
    OwnDirections own;
    *out = (Named){0};
    if (!direction_list(&own, s, g, err)) return false;
    int all = g->directions + own.n;
    out->dir = calloc((size_t)all + 1, sizeof *out->dir);
    out->code = calloc((size_t)all * k->dim + 1, sizeof *out->code);
    bool ok = out->dir && out->code;
    for (int i = 0; ok && i < all; i++) {
        const OwnDirection *o = i < g->directions ? NULL : &own.own[i - g->directions];
        const Direction *d = o ? &o->is : &g->direction[i];
        snprintf(out->dir[i], sizeof out->dir[i], "%s", o ? o->dir : d->name);
        ok = unit_code(out->code + (size_t)i * k->dim, k, d->vector, d->layered);
        out->n = i + 1;
    }
    directions_free(&own);
    return ok || err_nomem(err, "learning a direction");
}

static int find_named(const Named *all, const char *dir)
{
    for (int i = 0; i < all->n; i++)
        if (!strcmp(all->dir[i], dir)) return i;
    return -1;
}

/* row (aparts, dim): an orthogonal basis of the directions to keep apart from. */
static bool rows_apart(float *row, Learn *k, const LatentStore *s, const Named *all, const char *const *apart,
                       int aparts, DirectionReport *r, Err *err)
{
    char dir[ADDRESS_DIR_MAX + 1];
    for (int i = 0; i < aparts; i++) {
        if (!direction_word(dir, s, latent_generator(k->l), apart[i], err)) return false;
        int at = find_named(all, dir);
        if (at < 0)
            return err_set(err, ERR_USAGE, "%s cannot be kept apart from: over %d directions", dir,
                           OWN_DIRECTIONS_MAX);
        r->cosine[at].apart = true;
        memcpy(row + (size_t)i * k->dim, all->code + (size_t)at * k->dim, k->dim * sizeof *row);
    }
    make_orthogonal(row, aparts, k->dim);
    return true;
}

static int by_after(const void *x, const void *y)
{
    const DirectionCosine *a = x, *b = y;
    float fa = fabsf(a->after), fb = fabsf(b->after);
    return (fa < fb) - (fa > fb);
}

/* --- all of it -------------------------------------------------------------------------------------------
 */

/* The final direction from all views, as long as one standard deviation. */
static bool conclude(float *vector, DirectionReport *r, Learn *k, const Named *all, const float *row,
                     int rows, Err *err)
{
    double square = 0;
    float *code = malloc(k->dim * sizeof *code);
    if (!code) return err_nomem(err, "learning a direction");
    fit(k, -1);
    for (int i = 0; i < all->n; i++)
        r->cosine[i].before = cosine(k->beta, all->code + (size_t)i * k->dim, k->dim);
    r->kept = (float)project(k->beta, row, rows, k->dim);
    for (int i = 0; i < all->n; i++)
        r->cosine[i].after = cosine(k->beta, all->code + (size_t)i * k->dim, k->dim);
    for (size_t j = 0; j < k->dim; j++) square += k->beta[j] * k->beta[j];
    for (size_t j = 0; j < k->dim; j++) code[j] = square > 0 ? (float)(k->beta[j] / sqrt(square)) : 0;
    basis_decode(vector, &k->basis, code, 1);
    free(code);
    qsort(r->cosine, (size_t)r->cosines, sizeof *r->cosine, by_after);
    return (square > 0 && r->kept > 0.01f) ||
           err_set(err, ERR_NUMERIC,
                   "nothing is left of the direction once it is kept apart from the others");
}

static bool learn(float *vector, DirectionReport *r, Learn *k, const LatentStore *s, const char *const *apart,
                  int aparts, Err *err)
{
    Named all;
    float *row = calloc((size_t)aparts * k->dim + 1, sizeof *row);
    bool ok = row ? collect(&all, k, s, err) : err_nomem(err, "learning a direction");
    if (!ok) {
        free(row);
        return false;
    }
    r->cosine = calloc((size_t)all.n + 1, sizeof *r->cosine);
    r->cosines = r->cosine ? all.n : 0;
    for (int i = 0; i < r->cosines; i++) memcpy(r->cosine[i].dir, all.dir[i], sizeof r->cosine[i].dir);
    ok = (r->cosine || err_nomem(err, "learning a direction")) &&
         rows_apart(row, k, s, &all, apart, aparts, r, err);
    if (ok) {
        cross_validate(r, k, row, aparts);
        ok = conclude(vector, r, k, &all, row, aparts, err);
    }
    free(all.dir);
    free(all.code);
    free(row);
    return ok;
}

static bool open_learn(Learn *k, const Address *plus, int pluses, const Address *minus, int minuses, Err *err)
{
    k->dim = (size_t)latent_generator(k->l)->config.w_dim;
    k->n = pluses + minuses;
    k->pluses = pluses;
    k->code = calloc((size_t)k->n * k->dim, sizeof *k->code);
    k->beta = calloc(3 * (k->dim + 1), sizeof *k->beta);
    k->fold = calloc((size_t)k->n, sizeof *k->fold);
    if (!k->code || !k->beta || !k->fold) return err_nomem(err, "learning a direction");
    k->step = k->beta + k->dim + 1;
    k->grad = k->step + k->dim + 1;
    deal_folds(k);
    return basis_open(&k->basis, latent_generator(k->l), NULL, err) &&
           take_views(k, plus, pluses, k->code, err) &&
           take_views(k, minus, minuses, k->code + (size_t)pluses * k->dim, err);
}

bool direction_learn(float *vector, DirectionReport *report, Latent *l, const LatentStore *s,
                     const Address *plus, int pluses, const Address *minus, int minuses,
                     const char *const *apart, int aparts, Err *err)
{
    *report = (DirectionReport){.plus = pluses, .minus = minuses};
    if (pluses < LEAST || minuses < LEAST)
        return err_set(err, ERR_USAGE,
                       "a direction is learnt from at least %d views on either side; there are %d and %d",
                       LEAST, pluses, minuses);
    if (aparts > APART_MAX)
        return err_set(err, ERR_USAGE, "at most %d directions can be kept apart from", APART_MAX);
    Learn k = {.l = l};
    bool ok =
        open_learn(&k, plus, pluses, minus, minuses, err) && learn(vector, report, &k, s, apart, aparts, err);
    basis_close(&k.basis);
    free(k.code);
    free(k.beta);
    free(k.fold);
    if (!ok) direction_report_free(report);
    return ok;
}

void direction_report_free(DirectionReport *r)
{
    free(r->cosine);
    *r = (DirectionReport){0};
}

Json *direction_report_json(const DirectionReport *r)
{
    Json *o = json_make(), *list = json_make_array();
    json_put_int(o, "plus", r->plus);
    json_put_int(o, "minus", r->minus);
    json_put_num(o, "accuracy", r->accuracy);
    json_put_interval(o, "accuracy_ci", r->accuracy_low, r->accuracy_high);
    json_put_num(o, "accuracy_apart", r->accuracy_apart);
    json_put_num(o, "kept", (double)r->kept);
    for (int i = 0; i < r->cosines; i++) {
        Json *row = json_make();
        json_put_str(row, "direction", r->cosine[i].dir);
        json_put_num(row, "before", (double)r->cosine[i].before);
        json_put_num(row, "after", (double)r->cosine[i].after);
        json_put_bool(row, "apart", r->cosine[i].apart);
        json_add(list, row);
    }
    json_put(o, "entanglement", list);
    return o;
}
