/* A run's stream opened beside it, with what was in force at a step. */
#include "engine/train_pairs.h"
#include "engine/train_command.h"
#include "engine/train_run.h"
#include <stdlib.h>
#include <string.h>

/* The stream as the run had it; views of the tray come from its folder. */
static bool open_views(Views **out, TrainRun *r, const TrainForce *f, Err *err)
{
    Train *t = r->set;
    ViewConfig c = train_views(&t->config);
    if (!run_tray(r, err) || !views_new(out, &c, t->generator, NULL, NULL, err)) return false;
    bool corners = f->control.share > 0 && t->corners;
    return (!corners || views_corners(*out, t->corner, t->corners, err)) &&
           views_share(*out, corners ? f->control.share : 0, err) &&
           views_weigh(*out, f->weight, f->weights, err);
}

static int fill(StepPair *out, int max, Views *v, const TrainConfig *c, const TrainControl *k, uint64_t step)
{
    int n = 0;
    for (int i = 0; i < c->pairs && n < max; i++) {
        if (views_is_mixed(c->pairs, k->share, k->mix, i)) continue;
        out[n].pair = i;
        views_address(&out[n].a, v, step, k->sigma, i);
        views_address(&out[n].b, v, step, k->sigma, i + c->pairs);
        n++;
    }
    return n;
}

int train_pairs(StepPair *out, int max, const Workspace *w, const RunInfo *run, uint64_t step, Err *err)
{
    TrainRun r = {.run = *run};
    Views *v = NULL;
    TrainForce *f = malloc(sizeof *f);
    int n = -1;
    r.set = f ? train_open_run(w, run->id, err) : NULL;
    bool ok = f ? r.set != NULL : err_nomem(err, "pairs of a step");
    if (ok && !views_generated(r.set->config.maker))
        ok = err_set(err, ERR_USAGE, "run %s learns from real pictures: only generated pairs are made again",
                     run->id);
    if (ok && train_force(f, run, step, err) && open_views(&v, &r, f, err) && views_settle(v, step, err))
        n = fill(out, max, v, &r.set->config, &f->control, step);
    views_free(v);
    train_close(r.set);
    free(f);
    return n;
}
