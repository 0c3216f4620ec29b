/* The world of the screens: opening, closing, and the small things that every screen does with a view. */
#include "tui/world.h"
#include "engine/export.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SAVED_SIDE 224

static void name_model(World *w)
{
    struct stat st;
    const char *path = w->workspace->model;
    if (!stat(path, &st))
        snprintf(w->model, sizeof w->model, "%s %.1f MB", w->g->slug, (double)st.st_size / 1e6);
    else
        snprintf(w->model, sizeof w->model, "%s", w->g->slug);
}

bool world_open(World *w, Workspace *workspace, uint64_t seed, Err *err)
{
    *w = (World){.workspace = workspace, .g = workspace->generator};
    if (!w->g) return err_set(err, ERR_USAGE, "the explorer needs a generator: give a model file");
    w->view = address_of_seed(w->g->slug, w->g->digest, seed, w->g->config.classes ? 0 : -1, 0.8f);
    name_model(w);
    return true;
}

void world_close(World *w)
{
    job_free(w->train);
    finder_free(w->finder);
    meters_free(w->meters);
    painter_free(w->painter);
    curator_free(w->curator);
    tray_close(w->tray);
    free(w->offered);
    journal_close(w->journal);
    workspace_close(w->workspace);
    *w = (World){0};
}

/* --- hooks ---------------------------------------------------------------------------------------------- */

static bool training(const World *w)
{
    JobState state = w->train ? job_state(w->train) : JOB_DONE;
    return state == JOB_RUNNING || state == JOB_PAUSED;
}

static void status(void *world, AppStatus *out)
{
    World *w = world;
    snprintf(out->model, sizeof out->model, "%s", w->model);
    out->job[0] = 0;
    if (!training(w)) return;
    TrainNews *n = (TrainNews *)job_news(w->train);
    out->paused = job_state(w->train) == JOB_PAUSED || (n && n->paused);
    if (n)
        snprintf(out->job, sizeof out->job, "train %s %.0f v/s %.2f", n->id, n->views_second, n->now.loss);
    else
        snprintf(out->job, sizeof out->job, "train starting");
    if (n) news_drop(&n->news);
}

static const char *running(void *world)
{
    return training(world) ? "An encoder is being trained. Detached, it goes on without this window; Train "
                             "shows it again."
                           : NULL;
}

/* Detaching: the run is saved and stopped here, then goes on in a process of its own. */
static void leave(void *world, AppLeave how)
{
    World *w = world;
    char id[16] = "";
    if (how == LEAVE_IDLE || !training(w)) return;
    TrainNews *n = (TrainNews *)job_news(w->train);
    if (n) snprintf(id, sizeof id, "%s", n->id);
    if (n) news_drop(&n->news);
    job_stop(w->train);
    job_free(w->train);
    w->train = NULL;
    Err err = {0};
    if (!*id) return;
    if (how != LEAVE_DETACH)
        fprintf(stderr, "run %s is saved: viewsmith train --resume %s goes on with it\n", id, id);
    else if (train_detach(w->workspace->runs, id, &err))
        fprintf(
            stderr,
            "run %s goes on by itself: viewsmith runs %s shows it, viewsmith runs %s --set stop ends it\n",
            id, id, id);
    else
        fprintf(stderr, "viewsmith: %s\n", err.msg);
}

static void wake_by(void *world, void (*wake)(void *arg), void *arg)
{
    World *w = world;
    Err err = {0};
    w->bell = (Bell){wake, arg};
    if (wake && !w->painter) w->painter = painter_new(w->g, w->bell, &err);
    if (wake) return;
    /* The loop ends: nobody may ring any more. */
    job_free(w->train);
    finder_free(w->finder);
    meters_free(w->meters);
    painter_free(w->painter);
    curator_free(w->curator);
    w->curator = NULL;
    w->train = NULL;
    w->finder = NULL;
    w->meters = NULL;
    w->painter = NULL;
}

AppHooks world_hooks(World *w)
{
    return (AppHooks){.world = w,
                      .status = status,
                      .running = running,
                      .leave = leave,
                      .can_detach = true,
                      .save = world_put,
                      .load = world_take_back,
                      .tick = world_tick,
                      .offer = world_offer,
                      .wake_by = wake_by};
}

/* --- what screens do ------------------------------------------------------------------------------------ */

bool world_show(World *w, const Address *a, Err *err)
{
    if (!latent_check(w->g, a, err)) return false;
    w->view = w->start = *a;
    w->changes++;
    world_record(w, NULL);
    return true;
}

bool world_read(const World *w, const char *text, Address *out, Err *err)
{
    Thing t;
    if (workspace_is_address(text)) return workspace_address(out, w->workspace, text, err);
    if (!thing_open(&t, w->workspace, text, err)) return false;
    bool ok = t.kind == THING_ADDRESS || (t.kind == THING_PICTURE && t.has_address);
    if (ok)
        *out = t.address;
    else
        err_set(err, ERR_USAGE, "%s is %s; here an address or a PNG that holds one is wanted", text,
                thing_kind_name(t.kind));
    thing_close(&t);
    return ok && latent_check(w->g, out, err);
}

/* A journal that cannot be written is no reason to stop: what it would have held is on the screen. */
void world_record(World *w, const char *command)
{
    char text[ADDRESS_BYTES_MAX + 8] = "go ";
    w->unsaid = false;
    if (!w->journal) return;
    if (command || address_print(text + 3, &w->view, NULL))
        journal_command(w->journal, command ? command : text, NULL);
}

void world_started(World *w, const char *job)
{
    if (w->journal) journal_started(w->journal, job, NULL);
}

void world_applied(World *w, const char *job, const char *digest)
{
    if (w->journal) journal_applied(w->journal, job, digest, NULL);
}

const char *world_class(const World *w, int class)
{
    return class >= 0 && class < w->g->config.classes ? w->g->class_name[class] : "";
}

bool world_number(const char *text, double low, double high, double *out, Err *err)
{
    char *end;
    double x = strtod(text, &end);
    if (end == text || *end || !isfinite(x) || x < low || x > high)
        return err_set(err, ERR_USAGE, "\"%s\" is not a number from %g to %g", text, low, high);
    *out = x;
    return true;
}

bool world_seed(const char *text, uint64_t *out, Err *err)
{
    char *end;
    uint64_t x = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end)
        return err_set(err, ERR_USAGE, "\"%s\" is not a seed: a whole number from 0", text);
    *out = x;
    return true;
}

void world_save(App *app, const Address *a, const Image *image, const char *path)
{
    Err err = {0};
    Image large = {0};
    int times = image->w < SAVED_SIDE ? (SAVED_SIDE + image->w - 1) / image->w : 1;
    bool ok = image_scale_nearest(&large, image, image->w * times, image->h * times, &err) &&
              export_png(path, &large, a, 1, "a view made by viewsmith", &err);
    image_free(&large);
    if (ok)
        app_notice(app, "wrote %s", path);
    else
        app_fail(app, &err);
}

void world_copy(App *app, const Address *a)
{
    char text[ADDRESS_BYTES_MAX + 1];
    Err err = {0};
    if (!address_print(text, a, &err)) {
        app_fail(app, &err);
        return;
    }
    app_copy(app, text);
    app_notice(app, "copied %s", text);
}

bool world_take(App *app, int channel, Painting **at)
{
    World *w = app_world(app);
    Painting *p = w->painter ? (Painting *)painter_look(w->painter, channel) : NULL;
    if (!p) return false;
    bool newer = !*at || p->ticket > (*at)->ticket || (p->ticket == (*at)->ticket && p->done > (*at)->done);
    if (newer && p->err.code) app_fail(app, &p->err);
    if (!newer) return news_drop(&p->news), false;
    if (*at) news_drop(&(*at)->news);
    *at = p;
    return true;
}

Finder *world_finder(App *app)
{
    World *w = app_world(app);
    Err err = {0};
    if (!w->finder) w->finder = finder_new(w->workspace, SPLIT_TRAIN, w->bell, &err);
    if (!w->finder) app_fail(app, &err);
    return w->finder;
}

Meters *world_meters(App *app)
{
    World *w = app_world(app);
    Err err = {0};
    if (!w->meters) w->meters = meters_new(w->workspace, w->bell, &err);
    if (!w->meters) app_fail(app, &err);
    return w->meters;
}

bool world_take_meters(App *app, int channel, MeterNews **at)
{
    World *w = app_world(app);
    MeterNews *n = w->meters ? (MeterNews *)meters_look(w->meters, channel) : NULL, *old = *at;
    if (!n) return false;
    bool newer = !old || n->ticket > old->ticket || n->done > old->done || n->real != old->real ||
                 n->filled != old->filled || strcmp(n->space, old->space);
    if (newer && n->err.code) app_fail(app, &n->err);
    if (!newer) return news_drop(&n->news), false;
    if (old) news_drop(&old->news);
    *at = n;
    return true;
}
