/* The run of this program in the jobs pane. */
#include "base/text.h"
#include "tui/world.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void say(void *ctx, Job *job, AppJobLine *out)
{
    (void)ctx;
    TrainNews *n = (TrainNews *)job_news(job);
    if (!n) return;
    snprintf(out->title, sizeof out->title, "train %s", n->id);
    out->share = n->progress;
    out->left = n->left;
    snprintf(out->line, sizeof out->line, "%s · loss %.3f · %.0f views/s", n->phase, n->now.loss,
             n->views_second);
    news_drop(&n->news);
}

/* By the run's own log, as the Train screen does it: so that it is there when the run is done again. */
static void tell(void *ctx, Job *job, const char *what)
{
    World *w = ctx;
    char folder[4096], line[64];
    TrainNews *n = (TrainNews *)job_news(job);
    int length = n ? snprintf(folder, sizeof folder, "%s/%s", w->workspace->runs, n->id) : 0;
    bool told = n && length < (int)sizeof folder && train_control(folder, what, NULL);
    if (told) {
        snprintf(line, sizeof line, "run %s %s", n->id, what);
        world_record(w, line);
    } else if (!strcmp(what, "stop")) {
        job_stop(job);
    }
    if (n) news_drop(&n->news);
}

void world_train_begins(App *app, Job *job)
{
    World *w = app_world(app);
    w->train = job;
    if (job) app_job_add(app, &(AppJob){.job = job, .title = "train", .say = say, .tell = tell, .ctx = w});
}

void world_train_drop(App *app)
{
    World *w = app_world(app);
    app_job_drop(app, w->train);
    job_free(w->train);
    w->train = NULL;
}
