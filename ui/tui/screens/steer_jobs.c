/* Long work of the Steer screen: inverting a picture, with the picture growing; writing an animation. */
#include "data/picture.h"
#include "engine/animate_job.h"
#include "engine/invert_job.h"
#include "latent/path.h"
#include "tui/screens/steer_state.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 48, FRAMES_MAX = 600, FPS = 20, SCALE = 8 };

/* Ends a job and takes it off the list: always NULL. */
Job *steer_job_end(App *app, Job *job)
{
    if (job) app_job_drop(app, job);
    job_free(job);
    return NULL;
}

/* --- inversion ------------------------------------------------------------------------------------------ */

static const InvertNews *invert_of(Job *job, InvertNews **hold)
{
    return *hold = job ? (InvertNews *)job_news(job) : NULL;
}

static void invert_say(void *ctx, Job *job, AppJobLine *out)
{
    InvertNews *hold;
    const InvertNews *n = invert_of(job, &hold);
    (void)ctx;
    if (!n) return;
    snprintf(out->line, sizeof out->line, "off by %.1f of 255", n->now.pixel);
    out->share = n->now.step / (double)n->now.steps;
    out->left = n->left;
    news_drop(&hold->news);
}

static void invert_end(SteerScreen *s, App *app)
{
    s->invert = steer_job_end(app, s->invert);
    if (s->invert_news) news_drop(&s->invert_news->news);
    s->invert_news = NULL;
}

static bool invert_file(SteerScreen *s, App *app, const char *path)
{
    World *w = app_world(app);
    Err err = {0};
    Image picture = {0};
    InvertConfig c = invert_defaults();
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    bool busy = w->train && job_state(w->train) == JOB_RUNNING;
    if (!picture_load(path, &picture, &err)) return app_fail(app, &err), true;
    invert_end(s, app);
    s->invert = invert_start(w->workspace, &picture, &c, NULL, NULL, busy ? 19 : 0, w->bell, &err);
    image_free(&picture);
    if (!s->invert) return app_fail(app, &err), true;
    AppJob listed = {.job = s->invert, .say = invert_say};
    snprintf(listed.title, sizeof listed.title, "invert %.50s", name);
    snprintf(s->invert_name, sizeof s->invert_name, "%s", name);
    app_job_add(app, &listed);
    return true;
}

/* The result becomes the view; what is steered from here on starts there. */
static void invert_take(SteerScreen *s, App *app)
{
    Address a = s->invert_news->address;
    double pixel = s->invert_news->now.pixel, away = s->invert_news->now.away;
    invert_end(s, app);
    steer_take(s, app, &a);
    app_notice(app, "%.60s found: off by %.1f of 255, %.1f typical distances from its class's mean",
               s->invert_name, pixel, away);
}

static bool invert_tick(SteerScreen *s, App *app)
{
    Err err = {0};
    if (!s->invert) return false;
    JobState state = job_state(s->invert);
    InvertNews *n = (InvertNews *)job_news(s->invert);
    if (n && s->invert_news) news_drop(&s->invert_news->news);
    if (n) s->invert_news = n;
    if (state == JOB_RUNNING || state == JOB_PAUSED) return true;
    if (state == JOB_DONE && s->invert_news && s->invert_news->done) return invert_take(s, app), true;
    if (!job_result(s->invert, &err) && err.code != ERR_CANCELLED) app_fail(app, &err);
    invert_end(s, app);
    return true;
}

/* --- animation ------------------------------------------------------------------------------------------ */

static void animate_say(void *ctx, Job *job, AppJobLine *out)
{
    AnimateNews *n = (AnimateNews *)job_news(job);
    (void)ctx;
    if (!n) return;
    snprintf(out->line, sizeof out->line, "%d of %d frames", n->done, n->total);
    out->share = n->done / (double)n->total;
    news_drop(&n->news);
}

/* Along the way from A to B where there is one, else the focused slider from end to end. */
static bool frames_of(SteerScreen *s, World *w, Address *list, int n, Err *err)
{
    const Knob *k = steer_focused(s);
    LatentStore store;
    if (s->way) {
        Latent *l = steer_latent(s, w, err);
        return l && store_open(&store, NULL, err) &&
               path_between(list, n, &s->way[0], &s->way[WAY - 1], true, l, &store, err);
    }
    if (!k) return err_set(err, ERR_USAGE, "select a slider to be moved, or set A and B and press I");
    for (int i = 0; i < n; i++) {
        list[i] = *steer_now(s->history);
        if (!steer_put(s, w, &list[i], k, k->low + (k->high - k->low) * i / (n - 1), err)) return false;
    }
    return true;
}

/* "FILE.png [FRAMES]" */
static bool animate(SteerScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Err err = {0};
    AnimationConfig c = {.scale = SCALE, .fps = FPS, .there_and_back = true};
    char path[1024];
    int n = FRAMES, used = 0, words = sscanf(text, "%1023s %d%n", path, &n, &used);
    if (words < 1 || n < 2 || n > FRAMES_MAX || (words == 2 && text[used]))
        return app_notice(app, "an animation is a file and 2 to %d frames, like: way.png 48", FRAMES_MAX),
               true;
    Address *list = malloc((size_t)n * sizeof *list);
    bool ok = list ? frames_of(s, w, list, n, &err) : err_nomem(&err, "an animation");
    if (ok) {
        s->animate = steer_job_end(app, s->animate);
        s->animate = animate_start(w->g, path, list, n, &c, w->bell, &err);
    }
    free(list);
    if (!ok || !s->animate) return app_fail(app, &err), true;
    AppJob listed = {.job = s->animate, .say = animate_say};
    snprintf(listed.title, sizeof listed.title, "animate %.50s", path);
    snprintf(s->animate_name, sizeof s->animate_name, "%s", path);
    app_job_add(app, &listed);
    return true;
}

static bool animate_tick(SteerScreen *s, App *app)
{
    Err err = {0};
    if (!s->animate) return false;
    JobState state = job_state(s->animate);
    if (state == JOB_RUNNING || state == JOB_PAUSED) return false;
    if (job_result(s->animate, &err))
        app_notice(app, "wrote %s: an animated PNG with the address of every frame", s->animate_name);
    else if (err.code != ERR_CANCELLED)
        app_fail(app, &err);
    s->animate = steer_job_end(app, s->animate);
    return true;
}

/* --- for the screen ------------------------------------------------------------------------------------- */

bool work_act(SteerScreen *s, App *app, const Event *ev)
{
    if (ev->action == ACT_CANCEL && s->invert) {
        invert_end(s, app);
        app_notice(app, "the inversion was stopped");
        return true;
    }
    if (!ev->text) return false;
    if (ev->action == ACT_STEER_LEARN) return learn_begin(s, app, ev->text);
    if (ev->action == ACT_STEER_INVERT) return invert_file(s, app, ev->text);
    return ev->action == ACT_STEER_ANIMATE && animate(s, app, ev->text);
}

bool work_tick(SteerScreen *s, App *app)
{
    bool news = invert_tick(s, app);
    news |= learn_tick(s, app);
    return animate_tick(s, app) || news;
}

bool work_busy(const SteerScreen *s)
{
    return s->invert || s->animate || s->learn;
}

void work_close(SteerScreen *s, App *app)
{
    invert_end(s, app);
    s->animate = steer_job_end(app, s->animate);
    s->learn = steer_job_end(app, s->learn);
}

/* The picture sought, the one found so far, and how far they are apart. */
void work_draw(const SteerScreen *s, Canvas *c, Rect r)
{
    char title[96], right[64] = "Escape stops";
    const InvertNews *n = s->invert_news;
    snprintf(title, sizeof title, "inverting %s", s->invert_name);
    if (n && isfinite(n->left)) snprintf(right, sizeof right, "%.0f s left · Escape stops", n->left);
    Rect in = canvas_box(c, r, false, title, right);
    if (!n) return;
    Rect target = rect_cut_left(&in, in.h * 2), now = rect_cut_left(&in, in.h * 2 + 2);
    rect_cut_left(&now, 2);
    rect_cut_left(&in, 2);
    canvas_picture(c, target, &n->target, canvas_image_id(&n->target));
    canvas_picture(c, now, &n->picture, canvas_image_id(&n->picture));
    int w = in.w > 40 ? 40 : in.w;
    gauge_meter(c, in.x, in.y, w, n->now.step / (double)n->now.steps, INK_ACCENT);
    canvas_print(c, in.x, in.y + 1, in.w, INK_DIM, "step %d of %d", n->now.step, n->now.steps);
    if (in.h > 2) canvas_print(c, in.x, in.y + 2, in.w, INK_DIM, "off by %.1f of 255", n->now.pixel);
    if (in.h > 3 && isfinite(n->now.feature))
        canvas_print(c, in.x, in.y + 3, in.w, INK_DIM, "features 1 - cos %.3f", n->now.feature);
}
