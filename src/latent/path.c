/* Ways between views: sources, edits, psi and pixel operators each go in a straight line. */
#include "latent/path.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static float between(float a, float b, float t)
{
    return a + (b - a) * t;
}

/* Smoothstep: slow at both ends. */
static float eased(float t, bool smooth)
{
    return smooth ? t * t * (3 - 2 * t) : t;
}

/* --- parts ---------------------------------------------------------------------------------------------- */

static const AddressEdit *find_edit(const Address *a, const AddressEdit *like)
{
    for (int i = 0; i < a->edits; i++) {
        const AddressEdit *e = &a->edit[i];
        if (!strcmp(e->dir, like->dir) && e->hashed == like->hashed && e->hash == like->hash &&
            e->range.first == like->range.first && e->range.last == like->range.last)
            return e;
    }
    return NULL;
}

/* Edits of either; one that the other lacks comes from, or goes to, nothing. */
static bool mix_edits(Address *out, const Address *a, const Address *b, float t, Err *err)
{
    out->edits = 0;
    for (int i = 0; i < a->edits + b->edits; i++) {
        const AddressEdit *e = i < a->edits ? &a->edit[i] : &b->edit[i - a->edits];
        const AddressEdit *x = find_edit(a, e), *y = find_edit(b, e);
        if (i >= a->edits && x) continue;
        if (out->edits == ADDRESS_EDITS_MAX)
            return err_set(err, ERR_LIMIT, "the way between these views needs over %d edits",
                           ADDRESS_EDITS_MAX);
        out->edit[out->edits] = *e;
        out->edit[out->edits++].amount = between(x ? x->amount : 0, y ? y->amount : 0, t);
    }
    return true;
}

/* What an operator is where it is absent: the other's, doing nothing. */
static PixelOp still(const PixelOp *like)
{
    PixelOp op = *like;
    op.value[op.kind == PIXEL_OCCLUDE ? 2 : 0] = 0;
    return op;
}

static const PixelOp *find_op(const Address *a, PixelOpKind kind)
{
    for (int i = 0; i < a->pixes; i++)
        if (a->pix[i].kind == kind) return &a->pix[i];
    return NULL;
}

static void mix_pixels(Address *out, const Address *a, const Address *b, float t)
{
    out->pixes = 0;
    for (int kind = 0; kind < PIXEL_OPS; kind++) {
        const PixelOp *x = find_op(a, (PixelOpKind)kind), *y = find_op(b, (PixelOpKind)kind);
        if (!x && !y) continue;
        PixelOp from = x ? *x : still(y), to = y ? *y : still(x), *op = &out->pix[out->pixes++];
        *op = from.values >= to.values ? from : to; /* a value that only one of them gives stays */
        for (int i = 0; i < from.values && i < to.values; i++)
            op->value[i] = between(from.value[i], to.value[i], t);
        if (kind == PIXEL_NOISE) op->value[1] = from.value[1]; /* which noise: a name, not an amount */
    }
}

static bool same_ref(const LatentRef *a, const LatentRef *b)
{
    return a->kind == b->kind && a->id == b->id;
}

/* --- whole addresses ------------------------------------------------------------------------------------ */

/* One latent behind it, and nothing that has no value between. */
static bool plain(const Address *a)
{
    return (a->source.kind == SOURCE_SEED || a->source.kind == SOURCE_LATENT) && !a->mixes &&
           !*a->view.kind && !*a->view.recipe;
}

static bool alike(const Address *a, const Address *b)
{
    return plain(a) && plain(b) && a->class == b->class && a->noise == b->noise &&
           a->noise_seed == b->noise_seed && a->psi_range.first == b->psi_range.first &&
           a->psi_range.last == b->psi_range.last;
}

/* What both ends are lerped by: their own latents, or, where those do not say all, their styles, kept in the
 * store. */
typedef struct {
    LatentRef ref[2];
    bool styles;
} Ends;

static bool keep_styles(Ends *ends, const Address *const end[2], Latent *l, const LatentStore *s, Err *err)
{
    const Generator *g = latent_generator(l);
    size_t count = (size_t)g->layers * (size_t)g->config.w_dim;
    float *styles = malloc(count * sizeof *styles);
    bool ok = styles || err_nomem(err, "styles");
    for (int i = 0; i < 2 && ok; i++)
        ok = latent_resolve(styles, l, end[i], 1, err) &&
             store_put(&ends->ref[i], s, REF_WP, styles, count, err);
    ends->styles = true;
    free(styles);
    return ok;
}

static bool at(Address *out, const Ends *ends, const Address *a, const Address *b, float t, Err *err)
{
    *out = *a;
    if (ends->styles) {
        out->edits = out->mixes = 0;
        out->psi = 1;
        out->psi_range = (LayerRange){0, 0};
        out->class = t < 0.5f ? a->class : b->class;
    } else {
        out->psi = between(a->psi, b->psi, t);
        if (!mix_edits(out, a, b, t, err)) return false;
    }
    if (!same_ref(&ends->ref[0], &ends->ref[1]))
        out->source = (AddressSource){.kind = SOURCE_LERP, .ref = {ends->ref[0], ends->ref[1]}, .at = {t}};
    mix_pixels(out, a, b, t);
    return address_normalise(out, err);
}

bool path_between(Address *out, int frames, const Address *a, const Address *b, bool smooth, Latent *l,
                  const LatentStore *s, Err *err)
{
    const Address *const end[2] = {a, b};
    Ends ends = {{a->source.ref[0], b->source.ref[0]}, false};
    if (!alike(a, b) && !keep_styles(&ends, end, l, s, err)) return false;
    for (int i = 1; i < frames - 1; i++)
        if (!at(&out[i], &ends, a, b, eased((float)i / (float)(frames - 1), smooth), err)) return false;
    out[0] = *a;
    out[frames - 1] = *b;
    return true;
}

bool path_through(Address *out, int frames, const Address *stop, int n, bool smooth, Latent *l,
                  const LatentStore *s, Err *err)
{
    bool round = n > 2 && address_equal(&stop[0], &stop[n - 1]);
    int total = frames + round; /* the end that is left out takes part in the division */
    Address *leg = malloc((size_t)total * sizeof *leg);
    bool ok = leg || err_nomem(err, "a way between views");
    for (int k = 0; k + 1 < n && ok; k++) {
        int from = (int)((long)k * (total - 1) / (n - 1)), to = (int)((long)(k + 1) * (total - 1) / (n - 1));
        ok = path_between(leg, to - from + 1, &stop[k], &stop[k + 1], smooth, l, s, err);
        for (int i = from; i <= to && i < frames && ok; i++) out[i] = leg[i - from];
    }
    free(leg);
    return ok;
}
