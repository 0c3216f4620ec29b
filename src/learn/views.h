/* Where a training batch comes from: one table of view makers, each a pure function of (seed, step).
 *
 *     Views *v;  views_new(&v, &config, generator, NULL, pool, err);
 *     views_fill(v, x, step, sigma, err);      x: (2N,C,H,W) in [-1, 1]; rows i and i+N are a pair
 *
 * Rows 0..N-1 are anchors, N..2N-1 their positives. A generator's pictures stay in memory: nothing is written
 * to disk. */
#pragma once
#include "data/dataset.h"
#include "latent/stream.h"
#include "learn/augment.h"
#include "learn/weigh.h"
#include "model/generator.h"

/*    id                 name                generator latent pixel  what it is */
#define VIEW_MAKERS(X)                                                                                       \
    X(GENERATOR, "generator", true, true, true, "anchor and its latent neighbour, each augmented")           \
    X(GENERATOR_LATENT, "generator-latent", true, true, false,                                               \
      "anchor and its latent neighbour, as generated")                                                       \
    X(GENERATOR_PIXEL, "generator-pixel", true, false, true, "one generated picture, augmented twice")       \
    X(REAL, "real", false, false, true, "one real picture, augmented twice")

typedef enum {
#define X(id, name, generator, latent, pixel, help) VIEWS_##id,
    VIEW_MAKERS(X)
#undef X
        VIEWS_COUNT
} ViewMaker;

const char *views_name(ViewMaker m);
const char *views_help(ViewMaker m);
bool views_generated(ViewMaker m);
/* The error lists the names. */
bool views_named(ViewMaker *out, const char *name, Err *err);

typedef struct {
    ViewMaker maker;
    uint64_t seed;    /* of the stream of addresses, or of the order of real images */
    int pairs;        /* N */
    float psi;        /* truncation of anchors and positives */
    uint64_t anchors; /* generated: this many different anchors, again and again; 0: endless */
    AugmentRecipe recipe;
    ViewPlan plan;       /* generated, with latent views: their kinds */
    uint64_t neighbours; /* of a fixed number of anchors: views of each; 0: a fresh one every time */
    int per_class;       /* real: only so many pictures of every class, drawn by the seed; 0: all */
} ViewConfig;

typedef struct Views Views;

/* The generator is kept, `real` (may be NULL for generated views, which are then never mixed) and pool must
 * outlive the Views. */
bool views_new(Views **out, const ViewConfig *c, Generator *generator, const Dataset *real, Pool *pool,
               Err *err);
void views_free(Views *v);
/* The stream that generated views with such a config come from. */
Stream views_stream(const ViewConfig *c, const Generator *g);
/* Whether positives are made by a latent view of their own at this sigma. */
bool views_moves(const ViewConfig *c, float sigma);
const Dataset *views_data(const Views *v);  /* real pictures, NULL: none */
const Latent *views_latent(const Views *v); /* of generated views, else NULL */
/* The addresses (copied) that a share of the pairs can begin at, each in its turn, in a new order every round
 * through them. A positive is the address moved by the latent view; where its source is no z, which cannot be
 * moved, the anchor's own picture. Generated views only. */
bool views_corners(Views *v, const Address *list, int n, Err *err);
/* From the next batch on this share of the pairs (0..1, rounded, above 0 at least one) begins at them. */
bool views_share(Views *v, float share, Err *err);
int views_corner_pairs(const Views *v); /* of a batch; 0 without */
/* Whether pair `pair` (0..pairs-1) of every batch of so many begins at one of them. */
bool views_is_corner(int pairs, float share, int pair);
/* From the next batch on this share (0..1) of the pairs that begin at no kept view are one real picture,
 * augmented twice. Refused where there are no real pictures, or no augmentation to make two views of one. */
bool views_mix(Views *v, float share, Err *err);
bool views_can_mix(const Views *v, Err *err);
int views_real_pairs(const Views *v); /* of a batch of generated views; 0 without */
/* Whether pair `pair` of every batch of so many, `share` of them at kept views, is a real picture. */
bool views_is_mixed(int pairs, float share, float mix, int pair);
/* Whether that row is a real picture: views_index says which. */
bool views_is_real(const Views *v, int row);
/* From the next batch on views like these come so much more or less often, kept views too (learn/weigh.h). */
bool views_weigh(Views *v, const Weight *list, int n, Err *err);
/* Decides which draws the pairs of that step take, as views_fill does. */
bool views_settle(Views *v, uint64_t step, Err *err);
int views_redrawn(const Views *v); /* pairs of the settled step that are no longer the stream's first draw */
/* A number that stands for the list in a run's settings; not 0, below 2^62. */
uint64_t views_corners_mark(const Address *list, int n);
/* sigma: strength of a latent view that takes one; where nothing else moves it, 0 makes the positive the anchor's own
 * picture. */
bool views_fill(Views *v, float *x, uint64_t step, float sigma, Err *err);
int views_channels(const Views *v);
int views_side(const Views *v);
size_t views_floats(const Views *v); /* of one batch: 2N C H W */
/* The address that makes row `row` (0..2N-1) of that step again, pixel view included. Generated rows only;
 * where views are weighed, of the step that was settled last. */
void views_address(Address *out, const Views *v, uint64_t step, float sigma, int row);
/* The index in the dataset of that row. Real rows only; the n images come in a new order each epoch. */
int views_index(const Views *v, uint64_t step, int row);
/* origin (2N): equal numbers where rows show the same picture before they are moved and augmented, as those
 * of a pair do, and pairs that begin at the same kept view, anchor or real picture. Returns how many
 * different ones there are, at most N. Where views are weighed, of the step that was settled last. */
int views_origins(int *origin, const Views *v, uint64_t step);
/* Different pictures before pixel augmentation in steps 0..steps-1 (sigma > 0 throughout, where latent), of
 * whose pairs corner_draws began at kept views and real_draws were mixed in. */
uint64_t views_unique(const Views *v, uint64_t steps, uint64_t corner_draws, uint64_t real_draws);
