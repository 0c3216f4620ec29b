/* What brings the Train screen back: settings of the next run, the run in sight, and how its curves are
 * drawn. */
#include "tui/screens/train_state.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void train_save(const void *self, Json *out)
{
    const TrainScreen *s = self;
    json_put(out, "next", train_config_json(&s->next));
    json_put_str(out, "tray", s->tray);
    if (!s->page && *s->shown.id) json_put_str(out, "run", s->shown.id);
    if (*s->other.id) json_put_str(out, "compare", s->other.id);
    json_put_bool(out, "log", s->log_loss);
    json_put_int(out, "smoothing", s->smoothing);
    json_put_num(out, "cursor", (double)s->cursor);
    json_put_num(out, "from", (double)s->from);
    json_put_num(out, "to", (double)s->to);
    json_put_int(out, "setting", s->setting);
}

/* A run that is gone meanwhile is no failure: the page of settings is shown. */
static void take_runs(TrainScreen *s, App *app, const Json *in)
{
    const World *w = app_world(app);
    RunInfo run;
    const char *shown = json_str(in, "run", ""), *other = json_str(in, "compare", "");
    if (*other && runs_find(&run, w->workspace->runs, other, NULL) &&
        run_curve_read(&s->other_curve, run.folder, NULL))
        s->other = run;
    if (*shown && runs_find(&run, w->workspace->runs, shown, NULL)) follow_stored(s, app, shown);
}

bool train_load(void *self, App *app, const Json *in, Err *err)
{
    TrainScreen *s = self;
    const Json *next = json_get(in, "next");
    TrainConfig c = s->next;
    if (next && !train_config_read(&c, next, err)) return false;
    int64_t setting = json_int(in, "setting", 0), smoothing = json_int(in, "smoothing", s->smoothing);
    s->next = c;
    snprintf(s->tray, sizeof s->tray, "%s", json_str(in, "tray", ""));
    s->log_loss = json_bool(in, "log", false);
    s->setting = setting > 0 && setting < SETTINGS ? (Setting)setting : (Setting)0;
    if (smoothing >= 0 && smoothing < CURVE_SMOOTHINGS) s->smoothing = (int)smoothing;
    take_runs(s, app, in);
    s->cursor = (float)json_num(in, "cursor", NAN);
    s->from = (float)json_num(in, "from", NAN);
    s->to = (float)json_num(in, "to", NAN);
    page_estimate(s, app_world(app));
    return true;
}
