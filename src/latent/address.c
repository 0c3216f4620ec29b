/* Addresses as values: references, order and equality. The grammar is in address_parse.c and address_print.c.
 */
#include "latent/address.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Address address_of_seed(const char *slug, const char *digest, uint64_t seed, int class, float psi)
{
    Address a;
    memset(&a, 0, sizeof a); /* padding too: normalised addresses compare as bytes */
    snprintf(a.slug, sizeof a.slug, "%s", slug);
    snprintf(a.digest, sizeof a.digest, "%s", digest);
    a.source.ref[0].id = seed;
    a.class = class;
    a.psi = psi;
    return a;
}

void address_view_layers(AddressView *v, const float *layer, int n)
{
    v->layers = n > 1 ? n : 0; /* one alone is written like any strength */
    v->strength = 0;
    for (int l = 0; l < n; l++) {
        if (v->layers) v->layer[l] = layer[l];
        if (layer[l] > v->strength) v->strength = layer[l];
    }
}

static int by_range(const void *a, const void *b)
{
    const AddressMix *x = a, *y = b;
    return (x->range.first > y->range.first) - (x->range.first < y->range.first);
}

/* Amounts decide last, so that the sum of equal edits does not depend on the order they were written in. */
static int by_place(const void *a, const void *b)
{
    const AddressEdit *x = a, *y = b;
    if (x->range.first != y->range.first) return x->range.first < y->range.first ? -1 : 1;
    if (x->range.last != y->range.last) return x->range.last < y->range.last ? -1 : 1;
    int dir = strcmp(x->dir, y->dir);
    if (dir) return dir;
    if (x->hashed != y->hashed) return x->hashed ? 1 : -1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->amount > y->amount) - (x->amount < y->amount);
}

static bool same_place(const AddressEdit *a, const AddressEdit *b)
{
    AddressEdit x = *a;
    x.amount = b->amount;
    return by_place(&x, b) == 0;
}

static int by_kind(const void *a, const void *b)
{
    return (int)((const PixelOp *)a)->kind - (int)((const PixelOp *)b)->kind;
}

static bool sum_edits(Address *a, Err *err)
{
    int kept = 0;
    qsort(a->edit, (size_t)a->edits, sizeof *a->edit, by_place);
    for (int i = 0, next; i < a->edits; i = next) {
        double sum = 0;
        for (next = i; next < a->edits && same_place(&a->edit[i], &a->edit[next]); next++)
            sum += (double)a->edit[next].amount;
        if (!(sum >= -1e6 && sum <= 1e6))
            return err_set(err, ERR_FORMAT, "the amounts of %s sum up to over 1000000", a->edit[i].dir);
        if (sum > -1e-6 && sum < 1e-6) continue;
        AddressEdit edit = a->edit[i];
        edit.amount = (float)sum;
        if (!edit.hashed) edit.hash = 0;
        memmove(&a->edit[kept++], &edit, sizeof edit);
    }
    memset(a->edit + kept, 0, (size_t)(ADDRESS_EDITS_MAX - kept) * sizeof *a->edit);
    a->edits = kept;
    return true;
}

bool address_normalise(Address *a, Err *err)
{
    qsort(a->mix, (size_t)a->mixes, sizeof *a->mix, by_range);
    for (int i = 1; i < a->mixes; i++)
        if (a->mix[i].range.first <= a->mix[i - 1].range.last)
            return err_set(err, ERR_FORMAT, "two mixes share layer %d", a->mix[i].range.first);
    qsort(a->pix, (size_t)a->pixes, sizeof *a->pix, by_kind);
    return sum_edits(a, err);
}

static bool same_ref(const LatentRef *a, const LatentRef *b)
{
    return a->kind == b->kind && a->id == b->id;
}

static bool same_range(LayerRange a, LayerRange b)
{
    return a.first == b.first && a.last == b.last;
}

static bool same_source(const AddressSource *a, const AddressSource *b)
{
    bool same = a->kind == b->kind && a->at[0] == b->at[0] && a->at[1] == b->at[1];
    for (int i = 0; i < 4; i++) same = same && same_ref(&a->ref[i], &b->ref[i]);
    return same;
}

static bool same_view(const AddressView *a, const AddressView *b)
{
    bool same = a->layers == b->layers;
    for (int l = 0; same && l < a->layers; l++) same = a->layer[l] == b->layer[l];
    return same && !strcmp(a->kind, b->kind) && a->strength == b->strength && a->counter == b->counter &&
           !strcmp(a->recipe, b->recipe) && a->recipe_hash == b->recipe_hash &&
           a->recipe_counter == b->recipe_counter;
}

static bool same_pix(const PixelOp *a, const PixelOp *b)
{
    bool same = a->kind == b->kind && a->values == b->values;
    for (int i = 0; same && i < a->values; i++) same = a->value[i] == b->value[i];
    return same;
}

static bool same_lists(const Address *a, const Address *b)
{
    bool same = a->mixes == b->mixes && a->edits == b->edits && a->pixes == b->pixes;
    for (int i = 0; same && i < a->mixes; i++)
        same = same_ref(&a->mix[i].ref, &b->mix[i].ref) && same_range(a->mix[i].range, b->mix[i].range);
    for (int i = 0; same && i < a->edits; i++)
        same = same_place(&a->edit[i], &b->edit[i]) && a->edit[i].amount == b->edit[i].amount;
    for (int i = 0; same && i < a->pixes; i++) same = same_pix(&a->pix[i], &b->pix[i]);
    return same;
}

bool address_equal(const Address *a, const Address *b)
{
    return !strcmp(a->slug, b->slug) && !strcmp(a->digest, b->digest) &&
           same_source(&a->source, &b->source) && a->class == b->class && a->psi == b->psi &&
           same_range(a->psi_range, b->psi_range) && a->noise == b->noise && a->noise_seed == b->noise_seed &&
           same_view(&a->view, &b->view) && same_lists(a, b);
}
