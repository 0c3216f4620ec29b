/* The points of a map. */
#include "inspect/atlas.h"
#include "math/knn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEMPERATURE 0.07 /* of the weights, as in the kNN vote of the probes */

static bool make_room(Atlas *a, Err *err)
{
    size_t n = (size_t)a->n;
    a->feature = malloc(n * (size_t)a->D * sizeof *a->feature);
    a->xy = malloc(n * sizeof *a->xy);
    a->origin = malloc(2 * n * sizeof *a->origin);
    a->picture = calloc(n, sizeof *a->picture);
    if (!a->feature || !a->xy || !a->origin || !a->picture) return err_nomem(err, "a map");
    a->label = a->origin + n;
    return true;
}

static bool take(Atlas *a, int at, const Bank *b, int n, Err *err)
{
    size_t D = (size_t)a->D;
    const Dataset *d = bank_dataset(b);
    memcpy(a->feature + (size_t)at * D, bank_embedding(b), (size_t)n * D * sizeof *a->feature);
    for (int i = 0; i < n; i++) {
        a->origin[at + i] = d->origin[i];
        a->label[at + i] = d->label[i];
        if (!dataset_image(&a->picture[at + i], d, i, err)) return false;
    }
    return true;
}

static bool lay_out(Atlas *a, Pool *pool, Err *err)
{
    if (!map_fit(&a->plane, a->feature, a->n, a->D, pool, err)) return false;
    map_place(&a->xy[0][0], &a->plane, a->feature, a->n);
    return true;
}

bool atlas_new(Atlas **out, const Bank *real, int reals, const Bank *made, int mades, Pool *pool, Err *err)
{
    Atlas *a = calloc(1, sizeof *a);
    *out = NULL;
    if (!a) return err_nomem(err, "a map");
    if (reals > bank_filled(real)) reals = bank_filled(real);
    if (!made || mades > bank_filled(made)) mades = made ? bank_filled(made) : 0;
    *a = (Atlas){.refs = 1, .n = reals + mades, .real = reals, .D = bank_dim(real)};
    if (make_room(a, err) && take(a, 0, real, reals, err) && (!mades || take(a, reals, made, mades, err)) &&
        lay_out(a, pool, err))
        return *out = a, true;
    atlas_drop(a);
    return false;
}

Atlas *atlas_keep(Atlas *a)
{
    __atomic_add_fetch(&a->refs, 1, __ATOMIC_RELAXED);
    return a;
}

void atlas_drop(Atlas *a)
{
    if (!a || __atomic_sub_fetch(&a->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (int i = 0; a->picture && i < a->n; i++) image_free(&a->picture[i]);
    map_free(&a->plane);
    free(a->feature);
    free(a->xy);
    free(a->origin);
    free(a->picture);
    free(a);
}

bool atlas_place(AtlasPlace *out, const Atlas *a, const float *row, Pool *pool)
{
    Hit hit[ATLAS_NEAR];
    double sum = 0;
    *out = (AtlasPlace){0};
    int k = a->n < ATLAS_NEAR ? a->n : ATLAS_NEAR;
    if (!knn_search(hit, row, 1, a->feature, a->n, a->D, k, KNN_DOT, NULL, pool, NULL)) return false;
    for (int i = 0; i < k; i++) {
        out->point[i] = hit[i].index;
        out->weight[i] = (float)exp((double)(hit[i].score - hit[0].score) / TEMPERATURE);
        sum += (double)out->weight[i];
    }
    for (int i = 0; i < k; i++) out->weight[i] = (float)((double)out->weight[i] / sum);
    return true;
}

void atlas_project(float xy[2], const Atlas *a, const float *row)
{
    map_place(xy, &a->plane, row, 1);
}

void atlas_spot(float xy[2], const AtlasPlace *p, const float *layout)
{
    xy[0] = xy[1] = 0;
    for (int i = 0; i < ATLAS_NEAR; i++)
        for (int k = 0; k < 2; k++) xy[k] += p->weight[i] * layout[2 * p->point[i] + k];
}
