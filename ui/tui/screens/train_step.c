/* The pairs of any step of a run, made again: what a run draws is a function of its settings and the step
 * alone. */
#include "latent/stream.h"
#include "tui/screens/train_state.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The strength of the latent view at that step: as it began, or as it was last changed before. */
static float sigma_at(const RunCurve *c, const TrainConfig *config, float step)
{
    float sigma = config->control.sigma;
    for (int i = 0; i < c->marks && c->mark[i].step <= step; i++) sscanf(c->mark[i].text, "sigma %f", &sigma);
    return config->maker == VIEWS_GENERATOR_PIXEL ? 0 : sigma;
}

static float share_at(const RunCurve *c, const TrainConfig *config, float step)
{
    float share = config->control.share;
    for (int i = 0; i < c->marks && c->mark[i].step <= step; i++) sscanf(c->mark[i].text, "share %f", &share);
    return share;
}

static bool config_of(TrainConfig *out, const TrainScreen *s, Err *err)
{
    if (!s->live || !s->news) return train_run_config(out, &s->shown, err);
    *out = s->news->config;
    return true;
}

static void ask(TrainScreen *s, World *w, const TrainConfig *config)
{
    Address list[2 * TRAIN_PAIRS];
    int n = 0;
    Stream stream = stream_of(w->g, config->seed);
    stream.anchors = config->anchors;
    stream.psi = config->psi;
    stream.sigma = sigma_at(&s->curve, config, (float)s->step_shown);
    for (int i = 0; i < config->pairs && n < TRAIN_PAIRS; i++) { /* pairs of kept views stand in the tray */
        if (views_is_corner(config->pairs, share_at(&s->curve, config, (float)s->step_shown), i)) continue;
        stream_pair(&list[2 * n], &list[2 * n + 1], &stream,
                    s->step_shown * (uint64_t)config->pairs + (uint64_t)i);
        n++;
    }
    s->step_wish = painter_ask(w->painter, PAINT_PAIRS, list, 2 * n);
}

void step_open(TrainScreen *s, App *app)
{
    World *w = app_world(app);
    TrainConfig config;
    Err err = {0};
    step_close(s);
    if (s->page || !isfinite(s->cursor)) {
        app_notice(app, "h and l on the curves put the crosshair on a step");
        return;
    }
    if (!config_of(&config, s, &err)) {
        app_fail(app, &err);
    } else if (!views_generated(config.maker)) {
        app_notice(app, "this run learns from real pictures: only generated pairs are made again");
    } else if (!w->g || !w->painter) {
        app_notice(app, "no generator is open");
    } else {
        s->step_shown = (uint64_t)fmaxf(s->cursor, 0);
        ask(s, w, &config);
        s->on_curves = false;
        s->group = PAIRS_BATCH;
        s->item = 0;
    }
}

/* The pairs borrow their pictures from the painting. */
bool step_take(TrainScreen *s, App *app)
{
    if (!s->step_wish || !world_take(app, PAINT_PAIRS, &s->step_made)) return false;
    s->step_pairs_n = 0;
    if (s->step_made->ticket != s->step_wish) return false;
    s->step_pairs_n = s->step_made->done / 2;
    for (int i = 0; i < s->step_pairs_n; i++) {
        TrainPair *p = &s->step_pair[i];
        *p = (TrainPair){.a = s->step_made->image[2 * i], .b = s->step_made->image[2 * i + 1], .cosine = NAN};
        p->address_a = s->step_made->address[2 * i];
        p->address_b = s->step_made->address[2 * i + 1];
    }
    return true;
}

void step_close(TrainScreen *s)
{
    if (s->step_made) news_drop(&s->step_made->news);
    s->step_made = NULL;
    s->step_wish = 0;
    s->step_pairs_n = 0;
}
