/* Walks: directions of w that are learnt to do what a hand would do to a picture: zoom, shift, turn,
 * brighten.
 *
 * After Jahanian, Chai & Isola 2020, "On the steerability of generative adversarial networks": for each edit
 * the direction d that minimises the masked squared error between G(w + t d) and edit(G(w), t) over views w
 * and amounts t; the mask leaves out what the edit would have to bring in from outside of the picture. d has
 * a vector of its own for every layer: on the shipped model that leaves a third of the error of contrast
 * instead of two thirds, and of a shift .57 instead of .68. How far a generator follows is bound by what its
 * training pictures show: it is measured and kept beside the direction.
 *
 *     Walk *k = walk_new(g, &config, pool, err);
 *     while (!walk_done(k)) walk_step(k, &metrics, err);
 *     walk_measure(direction, k, NULL, NULL, err);     walk_free(k); */
#pragma once
#include "base/json.h"
#include "model/generator.h"

typedef enum {
    WALK_ZOOM,
    WALK_SHIFT_X,
    WALK_SHIFT_Y,
    WALK_ROTATE,
    WALK_BRIGHTNESS,
    WALK_CONTRAST,
    WALKS
} WalkKind;

typedef struct {
    const char *name, *unit;
    float full; /* the edit at t = 1, in the unit; a shift's in shares of the side */
} WalkRow;

extern const WalkRow walk_rows[WALKS];

/* out = edit(in, t) of planes (c, side, side) in [-1, 1], and mask (side, side): 1 where out comes from
 * inside of in. zoom: larger by 2^(t/2) about the centre. shift: to the right, or up. rotate:
 * counter-clockwise. brightness: light times 2^(t/2). contrast: differences from the mean of what is not
 * background times 2^t, there. */
void walk_edit(float *out, float *mask, const float *in, int c, int side, WalkKind kind, float t);

#define WALK_STEPS_MAX 100000
#define WALK_BATCH_MAX 1024

/* Which part of the full edit a reach in the walk's unit is: the t at which the edit does the same. */
float walk_part(WalkKind kind, float reach, int side);

typedef struct {
    uint64_t seed;
    int steps; /* of every walk */
    int batch;
    float rate; /* of Adam, in standard deviations of w; falls to 0 along a cosine */
    float pull; /* weight of the squared length of d, in standard deviations of w, beside the error */
} WalkConfig;

WalkConfig walk_defaults(void); /* 300 steps, batch 32, rate 0.1, pull 0.0005, seed 1 */
Json *walk_config_json(const WalkConfig *c);

typedef struct {
    int step, steps; /* over all walks */
    WalkKind kind;
    double
        loss; /* of this step: masked mean square error over that of not moving at all; 1: nothing reached */
} WalkMetrics;

typedef struct Walk Walk;

/* Keeps g. */
Walk *walk_new(Generator *g, const WalkConfig *c, Pool *pool, Err *err);
void walk_free(Walk *k);
bool walk_done(const Walk *k);
double walk_progress(const Walk *k); /* 0..1 */
const WalkConfig *walk_config(const Walk *k);
/* One step of one walk; they take turns. */
bool walk_step(Walk *k, WalkMetrics *m, Err *err);
/* A resumed one goes on bit for bit; refuses a checkpoint of another generator. */
bool walk_save(const Walk *k, const char *path, Err *err);
bool walk_resume(Walk **out, Generator *g, const char *path, Pool *pool, Err *err);

/* Realism of n pictures (n, C, H, W) as share 0..1 of them that still look real. */
typedef bool WalkRealism(void *ctx, double *share, const float *image, int n, Err *err);
/* direction[WALKS] with name, vector (the walk's own memory), unit, marks and reach: at each amount the mean
 * t that fits best (by search over edits of the plain view, 128 views of all classes), in the unit. low and
 * high: where reach ends, or, with `realism`, where half of the pictures that looked real do so no longer.
 */
bool walk_measure(Direction direction[WALKS], Walk *k, WalkRealism *realism, void *ctx, Err *err);
