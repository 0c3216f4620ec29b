/* The run of this program in the jobs pane. */
#include "tui/world.h"
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
    bool done = !strcmp(n->phase, "done");
    snprintf(out->line, sizeof out->line, "%s%sloss %.3f · %.0f views/s", done ? "" : n->phase,
             done ? "" : " · ", n->now.loss, n->views_second);
    news_drop(&n->news);
}

/* What went wrong in the run and was mended, told once, whatever the screen. */
void world_train_trouble(App *app)
{
    World *w = app_world(app);
    TrainNews *n = w->train ? (TrainNews *)job_news(w->train) : NULL;
    if (n && strcmp(n->told, w->told)) {
        snprintf(w->told, sizeof w->told, "%s", n->told);
        if (*w->told) app_notify(app, true, "run %s: %s", n->id, w->told);
    }
    if (n) news_drop(&n->news);
}

void world_train_begins(App *app, Job *job)
{
    World *w = app_world(app);
    w->train = job;
    w->told[0] = 0;
    if (job) app_job_add(app, &(AppJob){.job = job, .title = "train", .say = say});
}

void world_train_drop(App *app)
{
    World *w = app_world(app);
    app_job_drop(app, w->train);
    job_free(w->train);
    w->train = NULL;
}
