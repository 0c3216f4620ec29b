/* How far walks get: every steered picture is laid over the edits of its plain one, and the edit that fits
 * best says what was reached. */
#include "base/elem.h"
#include "latent/walk_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VIEWS = 128, GRID = 41, MIDDLE = DIRECTION_MARKS / 2 };

#define LN2       0.69314718f
#define GRID_END  2.0f /* edits from -2 to 2 are tried */
#define MARK_END  1.8f /* the last mark, in steps of what was learnt as t = 1 */
#define SEED_MARK 0x6d65617375726564u
#define FLAT      0.25 /* of the slope at the middle: less is the end of reach */
#define REAL_LEFT 0.5  /* of the share of real-looking pictures among plain ones: less is too far */

typedef struct {
    Walk *k;
    WalkKind kind;
    size_t item, pixels;
    const float *vector; /* (layers, w_dim), 1.0 is one standard deviation */
    float amount[DIRECTION_MARKS];
    double t[DIRECTION_MARKS], share[DIRECTION_MARKS]; /* sums over views, then means */
    float *plain;                                      /* (batch, C, H, W) */
    float *edit, *mask;                                /* (batch, GRID, ...) */
    WalkRealism *realism;
    void *ctx;
} Measure;

static float grid_t(int i)
{
    return GRID_END * (2 * (float)i / (GRID - 1) - 1);
}

/* Halvings and doublings in the full edit where the unit is "times"; 0: the unit counts evenly. */
static float doublings(WalkKind kind)
{
    return kind == WALK_CONTRAST ? 1 : kind == WALK_ZOOM || kind == WALK_BRIGHTNESS ? 0.5f : 0;
}

static float full_in_unit(WalkKind kind, int side)
{
    return walk_rows[kind].full * (kind == WALK_ROTATE ? 1 : (float)side);
}

static float in_unit(WalkKind kind, double t, int side)
{
    float twice = doublings(kind);
    return twice > 0 ? elem_exp((float)t * twice * LN2) : (float)t * full_in_unit(kind, side);
}

float walk_part(WalkKind kind, float reach, int side)
{
    float twice = doublings(kind);
    return twice > 0 ? elem_log(reach) / (twice * LN2) : reach / full_in_unit(kind, side);
}

/* --- one view --------------------------------------------------------------------------------------------
 */

static double mismatch(const float *a, const float *b, const float *mask, int c, size_t pixels)
{
    double sum = 0, seen = 0;
    for (size_t i = 0; i < pixels; i++) {
        if (mask[i] == 0) continue;
        for (int k = 0; k < c; k++) {
            float d = a[(size_t)k * pixels + i] - b[(size_t)k * pixels + i];
            sum += (double)d * (double)d;
        }
        seen++;
    }
    return seen > 0 ? sum / seen : INFINITY;
}

/* The edit of view i that is most like image: the best of the grid, refined by the parabola through its
 * neighbours. */
static double best_t(const Measure *m, int i, const float *image)
{
    double error[GRID];
    int best = 0;
    for (int g = 0; g < GRID; g++) {
        size_t at = (size_t)i * GRID + (size_t)g;
        error[g] = mismatch(image, m->edit + at * m->item, m->mask + at * m->pixels, m->k->g->config.channels,
                            m->pixels);
        if (error[g] < error[best]) best = g;
    }
    if (best == 0 || best == GRID - 1) return (double)grid_t(best);
    double bend = error[best - 1] - 2 * error[best] + error[best + 1];
    double off = bend > 0 ? 0.5 * (error[best - 1] - error[best + 1]) / bend : 0;
    return (double)grid_t(best) + off * (double)(2 * GRID_END / (GRID - 1));
}

static bool measure_batch(Measure *m, uint64_t first, int n, Err *err)
{
    const GeneratorConfig *c = &m->k->g->config;
    walk_views(m->k, SEED_MARK, first, n);
    memcpy(m->plain, walk_paint(m->k, NULL, NULL, n), (size_t)n * m->item * sizeof *m->plain);
    for (int i = 0; i < n * GRID; i++)
        walk_edit(m->edit + (size_t)i * m->item, m->mask + (size_t)i * m->pixels,
                  m->plain + (size_t)(i / GRID) * m->item, c->channels, c->size, m->kind, grid_t(i % GRID));
    for (int a = 0; a < DIRECTION_MARKS; a++) {
        double share = 1;
        for (int i = 0; i < n; i++) m->k->t[i] = m->amount[a];
        const float *image = walk_paint(m->k, m->vector, m->k->t, n);
        for (int i = 0; i < n; i++) m->t[a] += best_t(m, i, image + (size_t)i * m->item) / VIEWS;
        if (m->realism && !m->realism(m->ctx, &share, image, n, err)) return false;
        m->share[a] += share * n / VIEWS;
    }
    return true;
}

/* --- where it ends ---------------------------------------------------------------------------------------
 */

/* The amount on one side (step -1 or 1) up to which each step still brings something and pictures still look
 * real. */
static float end_of(const Measure *m, int step)
{
    double slope = (m->t[MIDDLE + 1] - m->t[MIDDLE - 1]) / 2;
    int i = MIDDLE;
    for (; i + step >= 0 && i + step < DIRECTION_MARKS; i += step) {
        double gain = (m->t[i + step] - m->t[i]) * step, bound = REAL_LEFT * m->share[MIDDLE];
        if (gain < FLAT * slope) break;
        if (m->share[i + step] >= bound) continue;
        double part = (m->share[i] - bound) / (m->share[i] - m->share[i + step]);
        return m->amount[i] + (float)part * (m->amount[i + step] - m->amount[i]);
    }
    return m->amount[i];
}

static void describe(Direction *d, const Measure *m)
{
    const WalkRow *row = &walk_rows[m->kind];
    *d = (Direction){.vector = m->vector, .layered = true, .marks = DIRECTION_MARKS};
    snprintf(d->name, sizeof d->name, "%s", row->name);
    snprintf(d->unit, sizeof d->unit, "%s", row->unit);
    for (int a = 0; a < DIRECTION_MARKS; a++) {
        d->mark[a] = m->amount[a];
        d->real[a] = m->realism ? (float)m->share[a] : NAN;
        d->reach[a] = in_unit(m->kind, m->t[a] - m->t[MIDDLE], m->k->g->config.size);
    }
    d->low = end_of(m, -1);
    d->high = end_of(m, 1);
}

/* --- all of them -----------------------------------------------------------------------------------------
 */

/* The walk's vector in standard deviations, into its place in k->scaled; returns how many of them t = 1 is:
 * the root mean square over layers of the length of its code. */
static float scale_vector(Walk *k, WalkKind kind)
{
    size_t all = (size_t)k->g->layers * (size_t)k->g->config.w_dim;
    const float *code = walk_code(k, kind);
    float *to = k->scaled + (size_t)kind * all;
    double sum = 0;
    for (size_t j = 0; j < all; j++) sum += (double)code[j] * (double)code[j];
    float amount = sum > 0 ? (float)sqrt(sum / k->g->layers) : 1;
    walk_vector(to, k, kind);
    for (size_t j = 0; j < all; j++) to[j] /= amount;
    return amount;
}

static bool measure_one(Direction *d, Measure *m, WalkKind kind, Err *err)
{
    Walk *k = m->k;
    float full = scale_vector(k, kind);
    m->kind = kind;
    m->vector = k->scaled + (size_t)kind * (size_t)k->g->layers * (size_t)k->g->config.w_dim;
    memset(m->t, 0, sizeof m->t);
    memset(m->share, 0, sizeof m->share);
    for (int a = 0; a < DIRECTION_MARKS; a++)
        m->amount[a] = full * MARK_END * (2 * (float)a / (DIRECTION_MARKS - 1) - 1);
    for (int at = 0; at < VIEWS; at += k->config.batch) {
        int n = VIEWS - at < k->config.batch ? VIEWS - at : k->config.batch;
        if (!measure_batch(m, (uint64_t)at, n, err)) return false;
    }
    describe(d, m);
    return true;
}

bool walk_measure(Direction direction[WALKS], Walk *k, WalkRealism *realism, void *ctx, Err *err)
{
    size_t item = generator_image_floats(k->g), side = (size_t)k->g->config.size, n = (size_t)k->config.batch;
    Measure m = {.k = k, .item = item, .pixels = side * side, .realism = realism, .ctx = ctx};
    m.plain = malloc(n * item * sizeof *m.plain);
    m.edit = malloc(n * GRID * item * sizeof *m.edit);
    m.mask = malloc(n * GRID * m.pixels * sizeof *m.mask);
    bool ok = (m.plain && m.edit && m.mask) || err_nomem(err, "measuring walks");
    for (int kind = 0; ok && kind < WALKS; kind++)
        ok = measure_one(&direction[kind], &m, (WalkKind)kind, err);
    free(m.plain);
    free(m.edit);
    free(m.mask);
    return ok;
}
