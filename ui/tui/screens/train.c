/* Train: an encoder learns from an endless stream of views; everything about the run in sight, changed while
 * it runs. */
#include "base/clock.h"
#include "tui/screens/screens.h"
#include "tui/screens/train_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- controls ------------------------------------------------------------------------------------------- */

typedef enum { KNOB_RATE, KNOB_TEMPERATURE, KNOB_SIGMA, KNOB_SHARE, KNOB_MIX } Knob;

static float *knob_of(TrainControl *c, Knob knob)
{
    float *const at[] = {&c->rate, &c->temperature, &c->sigma, &c->share, &c->mix};
    return at[knob];
}

/* Three digits are enough for a hand, and keep what is written short. */
static float rounded(double x)
{
    char text[32];
    float out;
    snprintf(text, sizeof text, "%.3g", x);
    return sscanf(text, "%f", &out) == 1 ? out : (float)x;
}

/* Rate and temperature by a factor, sigma by an amount; for the run that goes on, else for the next one. */
static bool turn(TrainScreen *s, App *app, Knob knob, bool up)
{
    static const char *const name[] = {"rate", "temperature", "sigma", "share", "mix"};
    static const double low[] = {1e-5, 0.02, 0, 0, 0}, high[] = {10, 10, 10, 1, 1};
    char command[64];
    bool running = s->going && !s->page;
    float *at = knob_of(running ? &s->want : &s->next.control, knob);
    double value = (double)*at;
    if (!isfinite(value)) return true;
    value = knob >= KNOB_SIGMA ? value + (up ? 0.05 : -0.05) : up ? value * 1.25 : value * 0.8;
    *at = rounded(fmin(fmax(value, low[knob]), high[knob]));
    snprintf(command, sizeof command, "%s %.4g", name[knob], (double)*at);
    if (running) return follow_tell(s, app, command);
    if (!s->page) app_notice(app, "for the next run: %s", command);
    return true;
}

static bool set_source(TrainScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    ViewMaker maker;
    Err err = {0};
    if (!views_named(&maker, text, &err)) return app_fail(app, &err), true;
    if (views_generated(maker) && !w->g) return app_notice(app, "no generator is open"), true;
    s->next.maker = maker;
    if (!s->page) app_notice(app, "the next run learns from: %s", views_name(maker));
    return true;
}

/* "objective supcon": anything that a run's config.json holds. */
static bool set_next(TrainScreen *s, App *app, const char *text)
{
    char key[32];
    TrainConfig c = s->next;
    Err err = {0};
    size_t n = strcspn(text, " ");
    const char *value = text + n + strspn(text + n, " ");
    snprintf(key, sizeof key, "%.*s", (int)n, text);
    if (!train_config_set(&c, key, value, &err) || !train_check(&c, &err)) return app_fail(app, &err), true;
    s->next = c;
    page_estimate(s, app_world(app));
    app_notice(app, "for the next run: %s %s", key, value);
    return true;
}

/* "0.1 heel": a tenth of the next run's batches begins at views with that tag; without one, at any of the
 * tray. */
static bool set_tray(TrainScreen *s, App *app, const char *text)
{
    char share[32], *tag = strchr(text, ' ');
    double x;
    Err err = {0};
    snprintf(share, sizeof share, "%.*s", (int)strcspn(text, " "), text);
    if (!world_number(share, 0, 1, &x, &err)) return app_fail(app, &err), true;
    s->next.control.share = (float)x;
    snprintf(s->tray, sizeof s->tray, "%s", tag ? tag + strspn(tag, " ") : "");
    s->setting = SETTING_TRAY;
    if (!s->page) app_notice(app, "the next run takes %.0f %% of each batch from the tray", 100 * x);
    return true;
}

/* --- runs ----------------------------------------------------------------------------------------------- */

static bool compare(TrainScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    RunInfo run;
    Err err = {0};
    if (!strcmp(text, "none") || !*text) {
        s->other = (RunInfo){0};
        s->other_curve = (RunCurve){0};
        return true;
    }
    if (!runs_find(&run, w->workspace->runs, text, &err) ||
        !run_curve_read(&s->other_curve, run.folder, &err))
        return app_fail(app, &err), true;
    s->other = run;
    follow_diff(s);
    if (s->diff.settings) /* told once; the summary of a run that has ended keeps it in sight */
        app_notice(app, "against %s: %s %s, there %s%s", run.id, s->diff.setting[0].name,
                   s->diff.setting[0].a, s->diff.setting[0].b, s->diff.settings > 1 ? ", and more" : "");
    return true;
}

static bool show_page(TrainScreen *s, App *app)
{
    page_open(s, app_world(app));
    step_close(s);
    through_drop(s);
    s->page = true;
    return true;
}

static bool start(TrainScreen *s, App *app)
{
    follow_start(s, app, NULL, NULL);
    return true;
}

/* From its last checkpoint, which holds everything: the run is the one it would have been. */
static bool go_on(TrainScreen *s, App *app)
{
    char id[16];
    snprintf(id, sizeof id, "%s", s->page ? s->in_runs && s->runs ? s->run[s->at].id : "" : s->shown.id);
    if (s->going && !s->page) return app_notice(app, "it is running; x stops it at a checkpoint"), true;
    if (!*id) return app_notice(app, "choose a run first: Tab goes to the list"), true;
    follow_start(s, app, id, NULL);
    return true;
}

static bool stop(TrainScreen *s, App *app)
{
    if (!s->going || s->page) return app_notice(app, "no run is going on"), true;
    s->stopping = s->live;
    return follow_tell(s, app, "stop");
}

static bool pause_or_go(TrainScreen *s, App *app)
{
    World *w = app_world(app);
    if (!s->going || s->page) return app_notice(app, "nothing runs: s starts a run"), true;
    bool paused = s->live ? w->train && job_state(w->train) == JOB_PAUSED : s->want_pause;
    s->want_pause = !paused;
    s->awaited = s->live;
    return follow_tell(s, app, paused ? "continue" : "pause");
}

/* A run, or a view that is then steered. */
static bool open_text(TrainScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Thing t;
    Address a;
    Err err = {0};
    if (!thing_open(&t, w->workspace, text, &err)) return app_fail(app, &err), true;
    bool run = t.kind == THING_RUN;
    if (run) follow_stored(s, app, t.run.id);
    thing_close(&t);
    if (run) return true;
    if (!world_read(w, text, &a, &err) || !world_show(w, &a, &err)) return app_fail(app, &err), true;
    app_go(app, CONTEXT_STEER, NULL);
    return true;
}

/* --- events --------------------------------------------------------------------------------------------- */

static bool enter(TrainScreen *s, App *app)
{
    if (!s->page && s->on_curves) return step_open(s, app), true;
    if (!s->page) return pairs_steer(s, app);
    if (s->in_runs && s->runs) return follow_stored(s, app, s->run[s->at].id);
    app_notice(app, "s starts this run");
    return true;
}

static bool act_move(TrainScreen *s, App *app, Action action)
{
    int by = action == ACT_UP || action == ACT_LEFT ? -1 : 1;
    bool across = action == ACT_LEFT || action == ACT_RIGHT;
    if (!s->page && s->through && across) return through_move(s, by), true;
    if (!s->page && s->on_curves)
        return across ? curves_move(s, app, by) : curves_zoom(s, by < 0 ? 2 : 0.5f), true;
    if (!s->page) return across ? pairs_move(s, by, 0) : pairs_move(s, 0, by);
    if (!across) return page_move(s, by), true;
    if (!s->in_runs) page_change(s, app_world(app), by);
    return true;
}

static bool focus(TrainScreen *s, int by)
{
    if (s->page) return s->in_runs = !s->in_runs && s->runs, true;
    /* The curves are one more pane before the groups of pairs; without pairs they are the only one. */
    bool pairs = s->live || s->step_wish;
    int groups = s->step_wish ? 1 : PAIR_GROUPS, at = s->on_curves ? 0 : (int)s->group + 1;
    at = pairs ? (at + by + groups + 1) % (groups + 1) : 0;
    s->on_curves = at == 0;
    if (at) s->group = (PairGroup)(at - 1);
    return pairs_move(s, 0, 0), true;
}

/* --- going back ----------------------------------------------------------------------------------------- */

/* The kept step at or before `at`, else (NaN) the newest one. */
static bool kept_before(uint64_t *step, const TrainScreen *s, float at)
{
    bool found = false;
    for (int i = 0; i < s->kept.count; i++)
        if (!isfinite(at) || (float)s->kept.step[i] <= at) *step = s->kept.step[i], found = true;
    return found;
}

static bool propose_back(TrainScreen *s, App *app)
{
    char word[24];
    if (!kept_before(&s->proposed, s, s->cursor))
        return app_notice(app, "this run keeps no checkpoint to go back to"), true;
    snprintf(word, sizeof word, "%llu", (unsigned long long)s->proposed);
    return app_prompt(app, ACT_TRAIN_ROLLBACK, word), true;
}

/* The step in words. What was proposed may have been thinned out while the prompt was open: then the one
 * before it. */
static bool read_back(TrainScreen *s, const char *text, uint64_t *step, Err *err)
{
    char path[4096];
    if (!world_seed(text, step, err)) return false;
    if (history_path(path, sizeof path, s->shown.folder, *step, err)) return true;
    return *step == s->proposed && kept_before(step, s, (float)*step) &&
           history_path(path, sizeof path, s->shown.folder, *step, err);
}

static bool roll_back(TrainScreen *s, App *app, const char *text)
{
    uint64_t step;
    char word[48], id[16];
    Err err = {0};
    if (s->page || !*s->shown.id) return app_notice(app, "open a run first"), true;
    s->kept_at = 0;
    follow_kept(s);
    if (!text) return propose_back(s, app);
    if (!read_back(s, text, &step, &err)) return app_fail(app, &err), true;
    snprintf(word, sizeof word, "rollback %llu", (unsigned long long)step);
    s->back_awaited = s->going && s->live;
    if (s->going) return follow_tell(s, app, word);
    snprintf(id, sizeof id, "%s", s->shown.id);
    follow_start(s, app, id, &step);
    return true;
}

static bool go_to_step(TrainScreen *s, App *app, const char *text)
{
    uint64_t step;
    Err err = {0};
    if (s->page || !*s->shown.id) return app_notice(app, "open a run first"), true;
    if (!world_seed(text, &step, &err)) return app_fail(app, &err), true;
    return curves_go(s, (float)step), true;
}

static bool act_run(TrainScreen *s, App *app, const Event *ev)
{
    switch (ev->action) {
    case ACT_TRAIN_START:
        return start(s, app);
    case ACT_TRAIN_PAUSE:
        return pause_or_go(s, app);
    case ACT_TRAIN_STOP:
        return stop(s, app);
    case ACT_TRAIN_BACK:
        return go_on(s, app);
    case ACT_TRAIN_LR_DOWN:
        return turn(s, app, KNOB_RATE, false);
    case ACT_TRAIN_LR_UP:
        return turn(s, app, KNOB_RATE, true);
    case ACT_TRAIN_SIGMA_DOWN:
        return turn(s, app, KNOB_SIGMA, false);
    case ACT_TRAIN_SIGMA_UP:
        return turn(s, app, KNOB_SIGMA, true);
    case ACT_TRAIN_TEMP_DOWN:
        return turn(s, app, KNOB_TEMPERATURE, false);
    case ACT_TRAIN_TEMP_UP:
        return turn(s, app, KNOB_TEMPERATURE, true);
    case ACT_TRAIN_SHARE_DOWN:
        return turn(s, app, KNOB_SHARE, false);
    case ACT_TRAIN_SHARE_UP:
        return turn(s, app, KNOB_SHARE, true);
    case ACT_TRAIN_MIX_DOWN:
        return turn(s, app, KNOB_MIX, false);
    case ACT_TRAIN_MIX_UP:
        return turn(s, app, KNOB_MIX, true);
    case ACT_TRAIN_EXCLUDE:
        return pairs_exclude(s, app);
    case ACT_TRAIN_FAVOUR:
        return pairs_favour(s, app);
    case ACT_TRAIN_WEIGHT:
        return ev->text ? pairs_weigh(s, app, ev->text) : false;
    case ACT_TRAIN_TELL:
        return ev->text ? follow_tell(s, app, ev->text) : false;
    case ACT_TRAIN_SET:
        return ev->text ? set_next(s, app, ev->text) : false;
    case ACT_TRAIN_SOURCE:
        return ev->text ? set_source(s, app, ev->text) : false;
    case ACT_TRAIN_TRAY:
        return ev->text ? set_tray(s, app, ev->text) : false;
    case ACT_TRAIN_COMPARE:
        return ev->text ? compare(s, app, ev->text) : false;
    case ACT_TRAIN_ROLLBACK:
        return roll_back(s, app, ev->text);
    case ACT_TRAIN_STEP:
        return ev->text ? go_to_step(s, app, ev->text) : false;
    case ACT_TRAIN_HEALTH:
        s->health = !s->health;
        return true;
    case ACT_TRAIN_LOG:
        s->log_loss = !s->log_loss;
        return true;
    case ACT_TRAIN_SMOOTH:
        s->smoothing = (s->smoothing + 1) % CURVE_SMOOTHINGS;
        return true;
    case ACT_TRAIN_NEARER:
        return curves_zoom(s, 2), true;
    case ACT_TRAIN_FARTHER:
        return curves_zoom(s, 0.5f), true;
    case ACT_TRAIN_BATCH:
        return step_open(s, app), true;
    case ACT_TRAIN_THROUGH:
        return through_open(s, app), true;
    case ACT_TRAIN_WHOLE:
        return curves_whole(s), true;
    default:
        return false;
    }
}

static bool act(TrainScreen *s, App *app, const Event *ev)
{
    switch (ev->action) {
    case ACT_TRAIN_STEER:
        return enter(s, app);
    case ACT_CANCEL:
        if (!s->page && s->through) return through_drop(s), true;
        if (!s->page && s->step_wish) return step_close(s), s->on_curves = true, true;
        if (!s->page && isfinite(s->cursor)) return curves_whole(s), true;
        return s->page && *s->shown.id ? (s->page = false, true) : show_page(s, app);
    case ACT_OPEN:
        return ev->text ? open_text(s, app, ev->text) : false;
    case ACT_SAVE:
        return ev->text || !pairs_selected(s) ? pairs_keep(s, app, ev->text) : false;
    case ACT_COPY:
        return pairs_keep(s, app, NULL);
    case ACT_TRAY:
        return pairs_tray(s, app, NULL);
    case ACT_TRAY_TAGS:
        return ev->text ? pairs_tray(s, app, ev->text) : false;
    case ACT_UP:
    case ACT_DOWN:
    case ACT_LEFT:
    case ACT_RIGHT:
        return act_move(s, app, ev->action);
    case ACT_FOCUS_NEXT:
        return focus(s, 1);
    case ACT_FOCUS_BACK:
        return focus(s, -1);
    default:
        return act_run(s, app, ev);
    }
}

static bool mouse(TrainScreen *s, App *app, const Event *ev)
{
    PairGroup group;
    int item;
    if (s->page && (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN))
        return page_move(s, ev->mouse == MOUSE_WHEEL_UP ? -1 : 1), true;
    if (!s->page && (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN)) {
        if (rect_has(run_loss(app, app_body(app)), ev->x, ev->y)) curves_click(s, app, ev->x, ev->y);
        return curves_zoom(s, ev->mouse == MOUSE_WHEEL_UP ? 2 : 0.5f), true;
    }
    if (!s->page && ev->mouse != MOUSE_RELEASE && curves_click(s, app, ev->x, ev->y)) return true;
    if (ev->mouse != MOUSE_PRESS) return false;
    if (s->page) return page_click(s, app_body(app), ev->x, ev->y);
    if (!run_pair_at(s, app, app_body(app), ev->x, ev->y, &group, &item)) return false;
    if (group == s->group && item == s->item) return pairs_steer(s, app);
    s->group = group;
    s->item = item;
    s->on_curves = false;
    return true;
}

/* --- the screen ----------------------------------------------------------------------------------------- */

static bool train_screen_open(void *self, App *app, Err *err)
{
    TrainScreen *s = self;
    World *w = app_world(app);
    (void)err;
    s->smoothing = 1;
    s->from = s->to = s->cursor = NAN;
    s->painted = calloc(2, sizeof *s->painted); /* without it: braille */
    s->next = train_defaults();
    s->next.seed = app_seed(app);
    if (!w->g) s->next.maker = VIEWS_REAL;
    s->want = s->next.control;
    s->before = (RunCurve){.untrained_linear = NAN, .untrained_knn = NAN, .positive = NAN};
    s->curve = s->other_curve = s->before;
    s->live = s->going = w->train != NULL;
    show_page(s, app);
    if (*w->run) follow_stored(s, app, w->run);
    return true;
}

static bool train_update(void *self, App *app, const Event *ev)
{
    TrainScreen *s = self;
    bool drawn = false;
    switch (ev->kind) {
    case EV_ACTION:
        drawn = act(s, app, ev);
        break;
    case EV_PASTE:
        drawn = open_text(s, app, ev->text);
        break;
    case EV_MOUSE:
        drawn = mouse(s, app, ev);
        break;
    default:
        break;
    }
    return (s->page && page_preview(s, app)) || drawn;
}

static bool train_tick(void *self, App *app)
{
    TrainScreen *s = self;
    bool (*const take[])(TrainScreen *, App *) = {follow_news, step_take, through_take};
    bool news = false;
    for (size_t i = 0; i < sizeof take / sizeof *take; i++) news = take[i](s, app) || news;
    return (s->page && page_preview(s, app)) || news;
}

static void train_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const TrainScreen *s = self;
    if (s->page)
        page_view(s, app, c, area);
    else
        run_view(s, app, c, area);
}

static int train_hints(const void *self, Action *out, int max)
{
    static const Action page[] = {ACT_TRAIN_START, ACT_FOCUS_NEXT, ACT_TRAIN_SOURCE, ACT_TRAIN_BACK,
                                  ACT_CANCEL};
    static const Action pairs[] = {ACT_FOCUS_NEXT,     ACT_TRAIN_EXCLUDE, ACT_TRAIN_FAVOUR, ACT_TRAIN_STEER,
                                   ACT_TRAIN_PAUSE,    ACT_TRAIN_STOP,    ACT_TRAIN_LR_UP,  ACT_TRAIN_MIX_UP,
                                   ACT_TRAIN_SIGMA_UP, ACT_CANCEL};
    static const Action going[] = {ACT_TRAIN_PAUSE,   ACT_TRAIN_STOP,   ACT_TRAIN_LR_UP,   ACT_TRAIN_SIGMA_UP,
                                   ACT_TRAIN_TEMP_UP, ACT_TRAIN_MIX_UP, ACT_TRAIN_COMPARE, ACT_CANCEL};
    static const Action step[] = {ACT_TRAIN_STEER, ACT_TRAY, ACT_FOCUS_NEXT, ACT_CANCEL};
    static const Action through[] = {ACT_RIGHT, ACT_TRAIN_THROUGH, ACT_TRAIN_ROLLBACK, ACT_CANCEL};
    static const Action curves[] = {ACT_TRAIN_NEARER,  ACT_TRAIN_BATCH, ACT_TRAIN_ROLLBACK, ACT_TRAIN_SMOOTH,
                                    ACT_TRAIN_THROUGH, ACT_FOCUS_NEXT,  ACT_CANCEL};
    static const Action ended[] = {ACT_TRAIN_BACK,     ACT_TRAIN_COMPARE, ACT_TRAIN_NEARER, ACT_TRAIN_BATCH,
                                   ACT_TRAIN_ROLLBACK, ACT_TRAIN_THROUGH, ACT_CANCEL};
    const TrainScreen *s = self;
    const struct {
        const Action *action;
        int n;
        bool when;
    } of[] = {{page, 5, s->page},
              {through, 4, s->through != NULL},
              {step, 4, s->step_wish && !s->on_curves},
              {curves, 7, s->on_curves && (s->going || isfinite(s->cursor))},
              {ended, 7, !s->going},
              {pairs, 10, s->live},
              {going, 8, true}};
    size_t which = 0;
    while (!of[which].when) which++;
    int n = of[which].n;
    const Action *from = of[which].action;
    if (n > max) n = max;
    memcpy(out, from, (size_t)n * sizeof *out);
    return n;
}

/* Until the preview or the first step is there, and while a run has not done what it was told. */
static bool train_busy(const void *self)
{
    const TrainScreen *s = self;
    if (s->page && s->preview_wish &&
        (!s->preview || s->preview->ticket != s->preview_wish || s->preview->done < s->preview->n))
        return true;
    if (!s->page && s->step_wish && s->step_pairs_n == 0) return true;
    if (!s->page && s->through && !s->through_told) return true;
    return s->live && s->going &&
           (s->stopping || s->back_awaited || s->awaited || !s->news || !s->news->now.views);
}

static void train_screen_close(void *self, App *app)
{
    (void)app;
    follow_close(self);
    step_close(self);
    through_drop(self);
    page_close(self);
    curves_close(self);
}

const Screen screen_train = {.name = "Train",
                             .context = CONTEXT_TRAIN,
                             .size = sizeof(TrainScreen),
                             .open = train_screen_open,
                             .update = train_update,
                             .tick = train_tick,
                             .view = train_view,
                             .hints = train_hints,
                             .busy = train_busy,
                             .close = train_screen_close,
                             .save = train_save,
                             .load = train_load};
