/* The finder's answers: the nearest in every space that is ready, the query's place on the map, whether it is
 * a copy. */
#include "engine/finder_state.h"
#include "base/clock.h"
#include <stdlib.h>
#include <string.h>

static int index_of(const Dataset *d, int origin)
{
    for (int i = 0; i < d->n; i++)
        if (d->origin[i] == origin) return i;
    return -1;
}

/* *index: of a real picture that is asked about, -1: another picture is. */
static bool query_planes(Finder *f, int *index)
{
    Image fit = {0};
    bool real = !f->query.picture.px;
    *index = real ? index_of(&f->data, f->query.origin) : -1;
    if (real && *index < 0)
        return err_set(&f->draft.err, ERR_USAGE, "real:%d is none of these %d pictures", f->query.origin,
                       f->data.n);
    if (real) {
        image_bytes_to_float(f->place, dataset_pixels(&f->data, *index), dataset_item_bytes(&f->data));
        f->draft.label = f->data.label[*index];
        return true;
    }
    if (!image_fit(&fit, &f->query.picture, f->data.h, f->data.c, &f->draft.err)) return false;
    image_to_planes(f->place, &fit);
    image_free(&fit);
    return true;
}

static const Bank *answering(const Finder *f, Among among, int space)
{
    if (f->full[among][space]) return f->full[among][space];
    const Bank *b = f->growing[among][space];
    return b && bank_filled(b) >= FIRST_ANSWER ? b : NULL;
}

static void answer_in(Finder *f, int space, int index)
{
    const Query *q = &f->query;
    const Bank *b = answering(f, q->among, space);
    if (!b) return;
    int filled = bank_filled(b), k = q->k;
    bool own = q->among == AMONG_REAL && index >= 0 && index < filled;
    if (k > filled - own) k = filled - own;
    bool ok = own ? bank_nearest_of(f->draft.hit[space], b, q->metric, &index, 1, k, f->pool, &f->draft.err)
                  : bank_nearest(f->draft.hit[space], b, q->metric, f->place, 1, k, f->pool, &f->draft.err);
    if (!ok) return;
    const int *origin = finder_data(f, q->among)->origin;
    for (int i = 0; i < k; i++) f->draft.origin[space][i] = origin[f->draft.hit[space][i].index];
    f->draft.hits[space] = k;
    f->draft.searched[space] = filled;
}

static void place_query(Finder *f)
{
    const Bank *b = f->atlas_bank;
    const Atlas *a = f->draft.atlas;
    float *row = b && a ? malloc((size_t)bank_dim(b) * sizeof *row) : NULL;
    f->draft.placed = row && bank_embed(row, NULL, b, f->place, 1, f->pool, NULL) &&
                      atlas_place(&f->draft.place, a, row, f->pool);
    if (f->draft.placed) atlas_project(f->draft.plane, a, row);
    free(row);
}

void finder_judge(Finder *f)
{
    FinderNews *n = &f->draft;
    Metric m = n->metric;
    for (int s = 0; s < FINDER_SPACES; s++) {
        n->judged[s] = n->among == AMONG_REAL && n->hits[s] && n->searched[s] == f->data.n &&
                       copies_known(&f->null[s][m]);
        if (n->judged[s]) n->copy[s] = copies_judge(&f->null[s][m], m, n->hit[s][0].score);
    }
}

void finder_answer(Finder *f)
{
    double start = clock_seconds();
    int index;
    FinderNews *n = &f->draft;
    f->unanswered = false;
    n->err = (Err){0};
    memset(n->hits, 0, sizeof n->hits);
    n->ticket = f->query.ticket;
    n->k = f->query.k;
    n->metric = f->query.metric;
    n->among = f->query.among;
    n->placed = false;
    n->label = -1;
    if (!query_planes(f, &index)) return;
    for (int s = 0; s < FINDER_SPACES; s++) answer_in(f, s, index);
    place_query(f);
    finder_judge(f);
    n->seconds = clock_seconds() - start;
}
