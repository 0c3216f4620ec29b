/* The confusion matrix of a linear probe, and its cells' pictures. */
#include "inspect/confusion.h"

#include <stdlib.h>

static bool make_room(Confusion *c, Err *err)
{
    size_t n = (size_t)c->n, cells = (size_t)c->classes * (size_t)c->classes;
    c->index = malloc(3 * n * sizeof *c->index);
    c->count = calloc(cells, sizeof *c->count);
    if (!c->index || !c->count) return err_nomem(err, "a confusion matrix");
    c->label = c->index + n;
    c->guess = c->index + 2 * n;
    return true;
}

/* Pictures come in the order of the dataset. */
static void put_in_order(Confusion *c, const int *guess, const ProbeBank *b, int *at, int most)
{
    for (int i = 0; i < most; i++) at[i] = -1;
    for (int i = 0; i < c->n; i++) at[probe_held_index(b, i)] = i;
    for (int i = 0, n = 0; i < most; i++) {
        if (at[i] < 0) continue;
        c->index[n] = i;
        c->label[n] = probe_held_label(b, at[i]);
        c->guess[n] = guess[at[i]];
        c->count[c->label[n] * c->classes + c->guess[n]]++;
        n++;
    }
}

bool confusion_make(Confusion *out, const Encoder *e, const ProbeBank *b, Pool *pool, Err *err)
{
    int most = 0;
    *out = (Confusion){.classes = probe_classes(b), .n = probe_held_count(b)};
    for (int i = 0; i < out->n; i++)
        if (probe_held_index(b, i) >= most) most = probe_held_index(b, i) + 1;
    int *guess = malloc((size_t)(out->n + most) * sizeof *guess);
    if (!guess) return err_nomem(err, "a confusion matrix");
    bool ok = make_room(out, err) && probe_guesses(&out->accuracy, guess, e, b, pool, err);
    if (ok) put_in_order(out, guess, b, guess + out->n, most);
    free(guess);
    return ok;
}

void confusion_free(Confusion *c)
{
    free(c->index);
    free(c->count);
    *c = (Confusion){0};
}

int confusion_cell(int *place, int max, const Confusion *c, int label, int guess)
{
    int n = 0;
    for (int i = 0; i < c->n && n < max; i++)
        if (c->label[i] == label && c->guess[i] == guess) place[n++] = i;
    return n;
}

int confusion_worst(int *cell, int max, const Confusion *c)
{
    int n = 0;
    for (int k = 0; k < c->classes * c->classes; k++) {
        int at = n;
        if (k / c->classes == k % c->classes || !c->count[k]) continue;
        while (at > 0 && c->count[cell[at - 1]] < c->count[k]) at--;
        if (at == max) continue;
        for (int i = n < max ? n++ : max - 1; i > at; i--) cell[i] = cell[i - 1];
        cell[at] = k;
    }
    return n;
}
