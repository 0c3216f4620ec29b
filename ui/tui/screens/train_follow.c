/* Starting runs and following them: the one of this program by its news, any other by the files it writes. */
#include "base/clock.h"
#include "base/file.h"
#include "tui/screens/train_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_AGAIN 2.0 /* seconds between two looks at another process' run */
#define WANT_HOLDS 2.0 /* seconds that a figure asked for is shown before the run's own */

/* --- the curve ------------------------------------------------------------------------------------------ */

/* A run that was taken up again tells of what it did since; what was before comes from its files. */
static void join_points(RunCurve *c, const RunCurve *before, const TrainNews *n)
{
    float first = n->points ? (float)n->point[0].step : INFINITY;
    int k = 0;
    for (; k < before->points && before->step[k] < first; k++) {
        c->step[k] = before->step[k];
        c->loss[k] = before->loss[k];
        c->smooth[k] = before->smooth[k];
        c->alignment[k] = before->alignment[k];
        c->uniformity[k] = before->uniformity[k];
        c->rank[k] = before->rank[k];
        c->spread[k] = before->spread[k];
    }
    for (int i = 0; i < n->points && k < CURVE_POINTS; i++, k++) {
        const TrainPoint *p = &n->point[i];
        c->step[k] = (float)p->step;
        c->loss[k] = p->loss;
        c->smooth[k] = p->smooth;
        c->alignment[k] = p->alignment;
        c->uniformity[k] = p->uniformity;
        c->rank[k] = p->rank;
        c->spread[k] = p->spread;
    }
    c->points = k;
}

static void join_probes(RunCurve *c, const RunCurve *before, const TrainNews *n)
{
    float first = n->probes ? (float)n->probe[0].step : INFINITY;
    int k = 0;
    for (; k < before->probes && before->probe_step[k] < first; k++) {
        c->probe_step[k] = before->probe_step[k];
        c->linear[k] = before->linear[k];
        c->knn[k] = before->knn[k];
    }
    for (int i = 0; i < n->probes && k < CURVE_PROBES; i++, k++) {
        c->probe_step[k] = (float)n->probe[i].step;
        c->linear[k] = (float)(100 * n->probe[i].linear.value);
        c->knn[k] = (float)(100 * n->probe[i].knn.value);
    }
    c->probes = k;
    bool known = isfinite(n->untrained.linear.value);
    c->untrained_linear = known ? (float)(100 * n->untrained.linear.value) : before->untrained_linear;
    c->untrained_knn = known ? (float)(100 * n->untrained.knn.value) : before->untrained_knn;
}

static void join_marks(RunCurve *c, const RunCurve *before, const TrainNews *n)
{
    float first = n->marks ? (float)n->mark[0].step : INFINITY;
    int k = 0;
    for (; k < before->marks && before->mark[k].step < first; k++) c->mark[k] = before->mark[k];
    for (int i = 0; i < n->marks && k < CURVE_MARKS; i++) {
        if (!strchr(n->mark[i].text, ' ')) continue; /* "pause": nothing that is drawn changed */
        c->mark[k].step = (float)n->mark[i].step;
        snprintf(c->mark[k++].text, sizeof c->mark->text, "%s", n->mark[i].text);
    }
    c->marks = k;
}

static void curve_of_news(RunCurve *c, const RunCurve *before, const TrainNews *n)
{
    join_points(c, before, n);
    join_probes(c, before, n);
    join_marks(c, before, n);
    c->event[0] = 0;
    c->cosines = n->now.views ? n->spread : before->cosines;
    if (!n->now.views) return; /* no step yet */
    c->steps = n->now.step + 1;
    c->views = n->now.views;
    c->unique = n->now.unique;
    c->elapsed = n->now.elapsed;
    c->positive = n->now.means.positive;
    c->negative = n->now.means.negative;
}

/* --- this program's run --------------------------------------------------------------------------------- */

static bool runs_here(const World *w)
{
    JobState state = w->train ? job_state(w->train) : JOB_DONE;
    return state == JOB_RUNNING || state == JOB_PAUSED;
}

static void drop_news(TrainScreen *s)
{
    if (s->news) news_drop(&s->news->news);
    s->news = NULL;
}

/* What the run did before, when it is taken up again. */
static void remember(TrainScreen *s, const World *w, const char *id)
{
    char folder[4096];
    s->before = (RunCurve){.untrained_linear = NAN, .untrained_knn = NAN, .positive = NAN};
    if (id && file_join(folder, sizeof folder, w->workspace->runs, id, NULL))
        run_curve_read(&s->before, folder, NULL);
}

/* A new run, with its share from the tray. */
static Train *open_new(const TrainScreen *s, App *app, Err *err)
{
    World *w = app_world(app);
    Train *t = train_open(w->workspace, &s->next, err);
    if (!t || !(s->next.control.share > 0) || !views_generated(s->next.maker)) return t;
    Tray *tray = world_tray(app);
    if (tray && train_tray(t, tray, *s->tray ? s->tray : NULL, s->next.control.share, err)) return t;
    train_close(t);
    return NULL;
}

void follow_start(TrainScreen *s, App *app, const char *id, const uint64_t *back)
{
    World *w = app_world(app);
    Err err = {0};
    if (runs_here(w)) {
        app_notice(app, "one run at a time: x stops this one");
        return;
    }
    Train *t = id ? train_open_run(w->workspace, id, &err) : open_new(s, app, &err);
    if (!t) {
        app_fail(app, &err);
        return;
    }
    t->background = true;
    t->back = back != NULL;
    if (back) t->back_to = *back;
    world_train_drop(app);
    drop_news(s);
    world_train_begins(app, train_start(t, w->bell, &err));
    *w->encoder = 0; /* what is trained now is what neighbours are sought with */
    if (!w->train) {
        app_fail(app, &err);
        return;
    }
    remember(s, w, id);
    if (back) run_curve_cut(&s->before, (float)*back);
    step_close(s);
    through_drop(s);
    s->page = s->told_end = s->stopping = s->want_pause = s->awaited = s->recorded = s->back_awaited = false;
    s->live = s->going = true;
    s->shown = (RunInfo){.state = "starting"};
    s->curve = s->before;
    s->want = s->next.control;
    s->item = s->backs_seen = 0;
    s->group = PAIRS_BATCH;
    s->on_curves = false;
}

static void record_start(TrainScreen *s, World *w, const TrainNews *n)
{
    char job[48];
    snprintf(job, sizeof job, "train %s", n->id);
    if (!s->recorded) world_started(w, job);
    s->recorded = true;
}

/* What the run left, for the journal: a replay must come to the same weights. */
static void record_end(const TrainScreen *s, World *w)
{
    char path[4096], job[48];
    Encoder *e = NULL;
    if (!s->news || !s->news->now.views) return;
    snprintf(path, sizeof path, "%s/%s/encoder.safetensors", w->workspace->runs, s->news->id);
    snprintf(job, sizeof job, "train %s %llu", s->news->id, (unsigned long long)s->news->now.step + 1);
    if (!encoder_open(&e, path, NULL)) return;
    world_applied(w, job, e->digest);
    encoder_drop(e);
}

/* A way that was left leaves the curve too, and is drawn beside it from the run's file. */
static void notice_back(TrainScreen *s, App *app, const TrainNews *n)
{
    if (n->backs == s->backs_seen) return;
    s->backs_seen = n->backs;
    s->back_awaited = false;
    app_notice(app, "back at step %llu, with the figures it had there; what came after is drawn faint",
               (unsigned long long)n->back_to);
    run_curve_cut(&s->before, (float)n->back_to);
    run_curve_read_left(&s->curve, s->shown.folder, NULL);
    s->kept_at = 0;
}

static void take_news(TrainScreen *s, App *app, World *w, TrainNews *n)
{
    drop_news(s);
    s->news = n;
    record_start(s, w, n);
    if (n->paused == s->want_pause) s->awaited = false;
    if (!s->live) return; /* the person looks at another run */
    if (strcmp(s->shown.id, n->id)) runs_info(&s->shown, w->workspace->runs, n->id, NULL);
    snprintf(s->shown.maker, sizeof s->shown.maker, "%s", views_name(n->config.maker));
    snprintf(s->shown.encoder, sizeof s->shown.encoder, "%s", n->config.encoder);
    notice_back(s, app, n);
    curve_of_news(&s->curve, &s->before, n);
    if (n->marks != s->marks_seen) s->kept_at = 0; /* it was told something */
    s->marks_seen = n->marks;
    follow_kept(s);
    if (clock_seconds() >= s->want_until) s->want = n->now.views ? n->now.control : n->config.control;
}

static void tell_end(TrainScreen *s, App *app, World *w)
{
    Err err = {0};
    s->told_end = true;
    s->going = s->live ? false : s->going;
    s->stopping = s->awaited = false;
    bool done = job_result(w->train, &err);
    record_end(s, w);
    if (done && s->news && s->news->ended_ok)
        app_notice(app, "run %s is done: linear %.1f %%, kNN %.1f %% (untrained %.1f and %.1f)", s->news->id,
                   100 * s->news->final.linear.value, 100 * s->news->final.knn.value,
                   100 * s->news->final_untrained.linear.value, 100 * s->news->final_untrained.knn.value);
    else if (done || err.code == ERR_CANCELLED)
        app_notice(app, "%s", done ? "the run is done" : "stopped and saved: b goes on with it");
    else
        app_fail(app, &err);
}

static bool follow_own(TrainScreen *s, App *app, World *w)
{
    bool changed = false, ended = !runs_here(w); /* asked first: the last news come before the end */
    TrainNews *n = (TrainNews *)job_news(w->train);
    if (n && n == s->news) {
        news_drop(&n->news);
    } else if (n) {
        take_news(s, app, w, n);
        changed = true;
    }
    if (!ended || s->told_end) return changed;
    tell_end(s, app, w);
    return true;
}

/* --- other runs ----------------------------------------------------------------------------------------- */

void follow_kept(TrainScreen *s)
{
    double now = clock_seconds();
    if (!*s->shown.folder || (s->kept_at > 0 && now - s->kept_at < READ_AGAIN)) return;
    history_list(&s->kept, s->shown.folder, NULL);
    if (!s->force) s->force = calloc(1, sizeof *s->force);
    if (s->force && !train_force(s->force, &s->shown, UINT64_MAX, NULL)) *s->force = (TrainForce){0};
    s->kept_at = now > 0 ? now : READ_AGAIN;
}

/* Its base figures, as its settings and its log have them; an old run without settings: those of its last
 * step. */
static TrainControl figures_of(const TrainScreen *s)
{
    const RunCurve *c = &s->curve;
    if (s->force && s->force->control.rate > 0) return s->force->control;
    return (TrainControl){.rate = (float)c->rate,
                          .temperature = (float)c->temperature,
                          .sigma = (float)c->sigma,
                          .share = (float)c->share};
}

void follow_diff(TrainScreen *s)
{
    if (!*s->other.id || !*s->shown.folder || !run_diff(&s->diff, &s->shown, &s->other, NULL))
        s->diff.settings = 0;
}

static bool read_stored(TrainScreen *s, App *app)
{
    Err err = {0};
    s->read_at = clock_seconds();
    if (!run_curve_read(&s->curve, s->shown.folder, &err)) return app_fail(app, &err), false;
    s->going = !strcmp(s->shown.state, "running");
    follow_kept(s);
    if (clock_seconds() >= s->want_until) s->want = figures_of(s);
    return true;
}

/* Neighbours look through the encoder of the run that is looked at, where it has one. */
static void offer_encoder(World *w, const RunInfo *run)
{
    char path[4096];
    if (file_join(path, sizeof path, run->folder, "encoder.safetensors", NULL) && file_exists(path))
        snprintf(w->encoder, sizeof w->encoder, "%s", run->id);
}

bool follow_stored(TrainScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    RunInfo run;
    Err err = {0};
    if (!runs_find(&run, w->workspace->runs, text, &err)) return app_fail(app, &err), true;
    s->shown = run;
    s->page = false;
    s->live = s->news && !strcmp(s->news->id, run.id);
    s->want_until = s->kept_at = 0;
    step_close(s);
    through_drop(s);
    curves_whole(s);
    if (s->live) {
        s->going = runs_here(w);
        *w->encoder = 0;
        curve_of_news(&s->curve, &s->before, s->news);
    } else {
        s->on_curves = true;
        read_stored(s, app);
        offer_encoder(w, &run);
        follow_diff(s);
    }
    return true;
}

static bool follow_other(TrainScreen *s, App *app, World *w)
{
    if (s->live || s->page || !s->going) return false;
    double due = s->read_at + READ_AGAIN;
    bool now = clock_seconds() >= due;
    if (now && runs_info(&s->shown, w->workspace->runs, s->shown.id, NULL)) read_stored(s, app);
    app_tick_at(app, now ? clock_seconds() + READ_AGAIN : due);
    return now;
}

bool follow_news(TrainScreen *s, App *app)
{
    World *w = app_world(app);
    bool changed = w->train && follow_own(s, app, w);
    return follow_other(s, app, w) || changed;
}

bool follow_tell(TrainScreen *s, App *app, const char *command)
{
    Err err = {0};
    if (!s->going) return app_notice(app, "no run is going on"), true;
    if (!*s->shown.folder) return app_notice(app, "the run is still starting"), true;
    char line[COMMAND_TEXT + 32];
    snprintf(line, sizeof line, "run %s %s", s->shown.id, command);
    if (train_control(s->shown.folder, command, &err))
        world_record(app_world(app), line);
    else
        app_fail(app, &err);
    s->want_until = clock_seconds() + WANT_HOLDS;
    return true;
}

void follow_close(TrainScreen *s)
{
    drop_news(s);
    free(s->force);
    s->force = NULL;
}
