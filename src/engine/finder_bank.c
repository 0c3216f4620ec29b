/* The finder's banks: which are wanted, one more piece of the first that is not full, what follows from a
 * full one. */
#include "engine/finder_state.h"
#include <stdio.h>
#include <string.h>

#define NULL_PIECE 128 /* held-out pictures looked up between two looks at the wishes */

const Dataset *finder_data(const Finder *f, Among among)
{
    return among == AMONG_REAL ? &f->data : &f->made[among].data;
}

static void drop(Bank **b)
{
    bank_drop(*b);
    *b = NULL;
}

/* --- real pictures -------------------------------------------------------------------------------------- */

/* A bank of the weights that answer already would change nothing. */
static bool same_weights(const Finder *f, Space space, const Encoder *e)
{
    const Bank *b =
        f->growing[AMONG_REAL][space] ? f->growing[AMONG_REAL][space] : f->full[AMONG_REAL][space];
    return b && e && !strcmp(bank_encoder(b)->digest, e->digest);
}

void finder_begin(Finder *f, Space space, Encoder *e)
{
    Bank **b = &f->growing[AMONG_REAL][space];
    if (same_weights(f, space, e)) return;
    drop(b);
    if (!bank_new(b, &f->data, space, e, &f->draft.err)) *b = NULL;
    f->draft.filled[AMONG_REAL][space] = 0;
}

/* --- generated pictures --------------------------------------------------------------------------------- */

static void close_made(Finder *f, Among among)
{
    for (int s = 0; s < FINDER_SPACES; s++) {
        drop(&f->full[among][s]);
        drop(&f->growing[among][s]);
        f->draft.filled[among][s] = 0;
    }
    made_close(&f->made[among]);
    f->made_open[among] = false;
    f->draft.total[among] = 0;
}

static bool open_made(Finder *f, Among among)
{
    Generator *g = f->workspace->generator;
    if (f->made_open[among]) return true;
    if (among == AMONG_TRAY && !f->tray) return false;
    bool ok = among == AMONG_SEEDS ? made_seeds(&f->made[among], g, MADE_SEEDS, &f->draft.err)
                                   : made_tray(&f->made[among], g, f->tray, &f->draft.err);
    f->made_open[among] = ok;
    f->draft.total[among] = f->made[among].data.n;
    return ok;
}

void finder_read_tray(Finder *f)
{
    if (!f->tray && !tray_open(&f->tray, NULL, &f->draft.err)) return;
    uint64_t changes = tray_changes(f->tray);
    if (f->made_open[AMONG_TRAY] && changes == f->tray_seen) return;
    f->tray_seen = changes;
    close_made(f, AMONG_TRAY);
    open_made(f, AMONG_TRAY);
}

/* The map wants seeds in the encoder's space; all else is made when it is asked for. */
static bool wanted(const Finder *f, Among among, Space space)
{
    if (!f->workspace->generator) return false;
    return (f->query.ticket && f->query.among == among) || (among == AMONG_SEEDS && space == SPACE_ENCODER);
}

/* There is nothing to look among until the tray changes. */
static void give_up(Finder *f, Among among)
{
    close_made(f, among);
    f->made_open[among] = true;
}

/* Begins a bank of generated pictures where one is wanted and there is none. */
static void begin_made(Finder *f, Among among, Space space)
{
    const Bank *real = f->full[AMONG_REAL][space];
    Bank **growing = &f->growing[among][space];
    if (!real || !wanted(f, among, space) || *growing || f->full[among][space]) return;
    if (!open_made(f, among) || !f->made[among].data.n) return;
    if (!bank_like(growing, real, &f->made[among].data, &f->draft.err)) give_up(f, among);
}

/* Pictures that a bank needs for its next piece; false when they cannot be made. */
static bool make_more(Finder *f, Among among)
{
    if (!f->latent)
        f->latent = latent_new(f->workspace->generator, FINDER_PIECE, NULL, f->pool, &f->draft.err);
    return f->latent && made_go(&f->made[among], f->latent, FINDER_PIECE, &f->draft.err);
}

/* --- full banks ----------------------------------------------------------------------------------------- */

/* A new atlas once both of its halves are there. */
static void draw_atlas(Finder *f)
{
    const Bank *made = f->full[AMONG_SEEDS][SPACE_ENCODER];
    Bank *real = f->full[AMONG_REAL][SPACE_ENCODER];
    bool none_made = f->made_open[AMONG_SEEDS] && !f->made[AMONG_SEEDS].data.n;
    Atlas *a;
    Err none = {0};
    if (!real || (!made && !none_made && wanted(f, AMONG_SEEDS, SPACE_ENCODER))) return;
    if (!atlas_new(&a, real, ATLAS_REAL, made, ATLAS_MADE, f->pool, &none)) return;
    atlas_drop(f->draft.atlas);
    bank_drop(f->atlas_bank);
    f->draft.atlas = a;
    f->atlas_bank = bank_keep(real);
}

/* Generated pictures are looked at anew by a newer encoder. */
static void real_is_full(Finder *f, Space space, const Encoder *e)
{
    f->draft.ready[space] = true;
    snprintf(f->draft.encoder[space], sizeof f->draft.encoder[space], "%s", e ? e->name : "");
    memset(f->null[space], 0, sizeof f->null[space]);
    for (int among = AMONG_SEEDS; among < AMONGS; among++) {
        drop(&f->full[among][space]);
        drop(&f->growing[among][space]);
    }
}

static void bank_is_full(Finder *f, Among among, Space space)
{
    bank_drop(f->full[among][space]);
    f->full[among][space] = f->growing[among][space];
    f->growing[among][space] = NULL;
    if (among == AMONG_REAL) real_is_full(f, space, bank_encoder(f->full[among][space]));
    if (space == SPACE_ENCODER && among != AMONG_TRAY) draw_atlas(f);
    f->unanswered = f->query.ticket != 0;
}

/* --- growing -------------------------------------------------------------------------------------------- */

static void fill(Finder *f, Among among, Space space)
{
    Bank *b = f->growing[among][space];
    int before = bank_filled(b), left = bank_size(b) - before, n = left < FINDER_PIECE ? left : FINDER_PIECE;
    if (!bank_fill(b, n, f->pool, &f->draft.err)) {
        drop(&f->growing[among][space]);
        if (among != AMONG_REAL) give_up(f, among);
        return;
    }
    f->draft.filled[among][space] = bank_filled(b);
    if (before < FIRST_ANSWER && bank_filled(b) >= FIRST_ANSWER && !f->full[among][space])
        f->unanswered = f->query.ticket != 0;
    if (bank_filled(b) == bank_size(b)) bank_is_full(f, among, space);
}

static void grow_made(Finder *f, Among among, Space space)
{
    const Made *m = &f->made[among];
    int next = bank_filled(f->growing[among][space]) + FINDER_PIECE;
    bool short_of = m->done < m->data.n && m->done < next;
    if (short_of && !make_more(f, among))
        give_up(f, among);
    else if (m->done == m->data.n || m->done >= next)
        fill(f, among, space);
}

/* Held-out pictures are opened when the first is wanted. Without them nothing is said of copies. */
static bool open_held(Finder *f)
{
    Err none = {0};
    if (!f->held.n && !f->held_failed)
        f->held_failed = !workspace_dataset(&f->held, f->workspace, SPLIT_VALID, &none) || !f->held.n;
    return f->held.n > 0;
}

static bool learn_of_copies(Finder *f)
{
    Metric m = f->query.metric;
    Err none = {0};
    for (int s = 0; s < FINDER_SPACES; s++) {
        CopyNull *z = &f->null[s][m];
        const Bank *b = f->full[AMONG_REAL][s];
        if (!f->query.ticket || !b || copies_known(z) || !open_held(f)) continue;
        f->held_failed = !copies_fill(z, b, m, &f->held, NULL_PIECE, f->pool, &none);
        if (f->held_failed) dataset_close(&f->held);
        if (copies_known(z)) finder_judge(f);
        return true;
    }
    return false;
}

/* Pixels come first: they need no network, so they answer at once; then the encoder's and its map. */
bool finder_grow(Finder *f)
{
    static const struct {
        Among among;
        Space space;
    } order[] = {
        {AMONG_REAL, SPACE_PIXELS},    {AMONG_TRAY, SPACE_PIXELS},    {AMONG_REAL, SPACE_ENCODER},
        {AMONG_TRAY, SPACE_ENCODER},   {AMONG_SEEDS, SPACE_ENCODER},  {AMONG_SEEDS, SPACE_PIXELS},
        {AMONG_REAL, SPACE_UNTRAINED}, {AMONG_TRAY, SPACE_UNTRAINED}, {AMONG_SEEDS, SPACE_UNTRAINED}};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        Among among = order[i].among;
        Space space = order[i].space;
        if (among != AMONG_REAL) begin_made(f, among, space);
        if (!f->growing[among][space]) continue;
        if (among == AMONG_REAL)
            fill(f, among, space);
        else
            grow_made(f, among, space);
        return true;
    }
    return learn_of_copies(f);
}

void finder_close_banks(Finder *f)
{
    close_made(f, AMONG_SEEDS);
    close_made(f, AMONG_TRAY);
    for (int s = 0; s < FINDER_SPACES; s++) {
        bank_drop(f->full[AMONG_REAL][s]);
        bank_drop(f->growing[AMONG_REAL][s]);
    }
    bank_drop(f->atlas_bank);
    atlas_drop(f->draft.atlas);
    tray_close(f->tray);
    latent_free(f->latent);
    dataset_close(&f->data);
    dataset_close(&f->held);
}
