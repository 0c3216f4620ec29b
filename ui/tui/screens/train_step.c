/* The pairs of any step of a run, made again: what a run draws is a function of its settings and the step
 * alone. */
#include "engine/train_pairs.h"
#include "tui/screens/train_state.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void ask(TrainScreen *s, App *app)
{
    World *w = app_world(app);
    StepPair pair[TRAIN_PAIRS];
    Address list[2 * TRAIN_PAIRS];
    Err err = {0};
    int n = train_pairs(pair, TRAIN_PAIRS, w->workspace, &s->shown, s->step_shown, &err);
    for (int i = 0; i < n; i++) list[2 * i] = pair[i].a, list[2 * i + 1] = pair[i].b;
    if (n < 0) {
        app_fail(app, &err);
    } else if (!n) {
        app_notice(app, "every pair of that step was a real picture");
    } else {
        s->step_wish = painter_ask(w->painter, PAINT_PAIRS, list, 2 * n);
        s->on_curves = false;
        s->group = PAIRS_BATCH;
        s->item = 0;
    }
}

void step_open(TrainScreen *s, App *app)
{
    World *w = app_world(app);
    step_close(s);
    if (s->page || !isfinite(s->cursor)) {
        app_notice(app, "h and l on the curves, or :step N, put the crosshair on a step");
    } else if (!w->g || !w->painter) {
        app_notice(app, "no generator is open");
    } else {
        s->step_shown = (uint64_t)fmaxf(s->cursor, 0);
        ask(s, app);
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
        *p = (TrainPair){.a = s->step_made->image[2 * i],
                         .b = s->step_made->image[2 * i + 1],
                         .cosine = NAN,
                         .index_a = -1,
                         .index_b = -1};
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
