/* The jobs pane: what is being worked on, with its progress, to be paused or cancelled; and telling of ends.
 */
#include "base/clock.h"
#include "base/text.h"
#include "tui/app_state.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOOK_AGAIN 0.5 /* seconds between two looks while the pane is open */

void app_job_add(App *app, const AppJob *job)
{
    Jobs *j = &app->jobs;
    if (j->n == APP_JOBS) return;
    j->job[j->n] = *job;
    j->since[j->n] = clock_seconds();
    j->told[j->n++] = false;
    app_log(app, "%s began", job->title);
}

void app_job_drop(App *app, const Job *job)
{
    Jobs *j = &app->jobs;
    int at = 0;
    while (at < j->n && j->job[at].job != job) at++;
    if (at == j->n) return;
    j->n--;
    memmove(j->job + at, j->job + at + 1, (size_t)(j->n - at) * sizeof *j->job);
    memmove(j->since + at, j->since + at + 1, (size_t)(j->n - at) * sizeof *j->since);
    memmove(j->told + at, j->told + at + 1, (size_t)(j->n - at) * sizeof *j->told);
    if (j->list.selected >= j->n) j->list.selected = j->n ? j->n - 1 : 0;
}

static AppJobLine line_of(const AppJob *job)
{
    AppJobLine line = {.share = NAN, .left = NAN};
    snprintf(line.title, sizeof line.title, "%s", job->title);
    if (job->say) job->say(job->ctx, job->job, &line);
    return line;
}

/* --- ends -------------------------------------------------------------------------------------------------
 */

void app_notify(App *app, bool bad, const char *fmt, ...)
{
    char text[512], safe[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    text_safe(safe, sizeof safe, text);
    app_say(app, bad, safe);
    app->front->ops->notify(app->front, settings_text(app, SETTING_NOTIFY), safe);
}

static void tell_end(App *app, const AppJob *job)
{
    Err err = {0};
    AppJobLine line = line_of(job);
    JobState state = job_state(job->job);
    if (state == JOB_DONE)
        app_notify(app, false, "%s is done%s%s", line.title, *line.line ? ": " : "", line.line);
    else if (state == JOB_STOPPED)
        app_log(app, "%s was stopped", line.title);
    else if (!job_result(job->job, &err))
        app_notify(app, true, "%s failed: %s", line.title, err.msg);
}

static bool ended(const AppJob *job)
{
    JobState state = job_state(job->job);
    return state != JOB_RUNNING && state != JOB_PAUSED;
}

bool jobs_busy(const App *app)
{
    return app->jobs.stopping && app->jobs.n;
}

/* --- the pane ---------------------------------------------------------------------------------------------
 */

static void tell(const AppJob *job, const char *what)
{
    if (job->tell)
        job->tell(job->ctx, job->job, what);
    else if (!strcmp(what, "stop"))
        job_stop(job->job);
    else
        job_pause(job->job, !strcmp(what, "pause"));
}

static void jobs_key(App *app, int key)
{
    Jobs *j = &app->jobs;
    const AppJob *job = j->list.selected < j->n ? &j->job[j->list.selected] : NULL;
    bool can = job && !ended(job);
    if (list_key(&j->list, key, j->n, j->n)) return;
    if (can && key == ' ')
        tell(job, job_state(job->job) == JOB_PAUSED ? "continue" : "pause");
    else if (can && (key == 'x' || key == KEYCODE_DELETE)) {
        tell(job, "stop");
        j->stopping = true;
    } else if (key != ' ' && key != 'x')
        app->sheet = NULL;
}

static Rect jobs_place(const App *app, Rect area)
{
    return sheet_place(area, 3 * (app->jobs.n ? app->jobs.n : 1) + 1);
}

static void jobs_mouse(App *app, const Event *ev)
{
    Rect box = jobs_place(app, app_body(app));
    int at = (ev->y - box.y - 1) / 3;
    if (ev->mouse != MOUSE_PRESS) return;
    if (!rect_has(box, ev->x, ev->y))
        app->sheet = NULL;
    else if (ev->y > box.y && at < app->jobs.n)
        app->jobs.list.selected = at;
}

static void draw_job(Canvas *c, Rect r, const App *app, int i)
{
    static const char *const names[] = {"running", "paused", "done", "stopped", "failed"};
    const AppJob *job = &app->jobs.job[i];
    AppJobLine line = line_of(job);
    JobState state = job_state(job->job);
    char right[64], left[24] = "", spent[24];
    text_duration(spent, sizeof spent, clock_seconds() - app->jobs.since[i]);
    if (isfinite(line.left) && state == JOB_RUNNING) text_duration(left, sizeof left, line.left);
    snprintf(right, sizeof right, "%s%s%s",
             *left        ? left
             : ended(job) ? ""
                          : spent,
             *left        ? " left · "
             : ended(job) ? ""
                          : " · ",
             names[state]);
    Style ink = state == JOB_FAILED    ? INK_BAD
                : state == JOB_PAUSED  ? INK_WARN
                : state == JOB_RUNNING ? INK_GOOD
                                       : INK_DIM;
    canvas_put(c, r.x, r.y, ink, state == JOB_PAUSED ? U'‖' : state == JOB_RUNNING ? U'●' : U'·');
    canvas_text(c, r.x + 2, r.y, r.w - 30, INK_TEXT | STYLE_BOLD, line.title);
    canvas_right(c, r.x + r.w, r.y, 28, INK_DIM, right);
    int bar = r.w / 3;
    if (isfinite(line.share)) {
        gauge_meter(c, r.x + 2, r.y + 1, bar, line.share, INK_ACCENT);
        canvas_print(c, r.x + 3 + bar, r.y + 1, 5, INK_DIM, "%3.0f %%", 100 * line.share);
    }
    int at = isfinite(line.share) ? bar + 10 : 2;
    canvas_text(c, r.x + at, r.y + 1, r.w - at, INK_DIM, line.line);
    if (i == app->jobs.list.selected) canvas_tint(c, (Rect){r.x, r.y, r.w, 2}, STYLE_BAR);
}

static void jobs_draw(const App *app, Canvas *c, Rect area)
{
    const Jobs *j = &app->jobs;
    Rect in = rect_inset(canvas_popup(c, jobs_place(app, area), "Jobs", NULL), 1, 0),
         foot = rect_cut_bottom(&in, 1);
    if (!j->n) canvas_text(c, in.x, in.y, in.w, INK_DIM, "Nothing is being worked on");
    for (int i = 0; i < j->n && 3 * i + 1 < in.h; i++)
        draw_job(c, (Rect){in.x, in.y + 3 * i, in.w, 2}, app, i);
    canvas_text(c, foot.x, foot.y, foot.w, INK_DIM,
                j->n ? "Space pause, go on   x cancel   any other key closes" : "any key closes");
}

static const Sheet sheet = {jobs_key, jobs_mouse, jobs_draw};

void jobs_tick(App *app)
{
    Jobs *j = &app->jobs;
    bool going = false;
    for (int i = 0; i < j->n; i++) {
        if (ended(&j->job[i]) && !j->told[i]) j->stopping = false;
        going |= !ended(&j->job[i]);
        if (j->told[i] || !ended(&j->job[i])) continue;
        j->told[i] = true;
        tell_end(app, &j->job[i]);
    }
    if (going && app->sheet == &sheet) app_tick_at(app, clock_seconds() + LOOK_AGAIN);
}

void jobs_open(App *app)
{
    app->sheet = &sheet;
    app->jobs.list = (List){0};
    app_tick_at(app, clock_seconds());
}
