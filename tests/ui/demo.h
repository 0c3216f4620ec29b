/* Three small screens over made-up pictures and figures: what the tests of the app run, and a look at every
 * widget. */
#pragma once
#include "base/clock.h"
#include "tui/screen.h"
#include "tui/widgets/gauge.h"
#include "tui/widgets/grid.h"
#include "tui/widgets/plot.h"
#include "tui/widgets/sliders.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEMO_TILES 60
#define DEMO_STEPS 400

/* A shape like a shoe or a shirt: smooth, grey, different for every seed; v bends it. */
static inline Image demo_picture(int seed, double v, int side, int channels)
{
    Image im = {0};
    if (!image_make(&im, side, side, channels, NULL)) return im;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double a = (x + 0.5) / side * 2 - 1, b = (y + 0.5) / side * 2 - 1;
            double r = hypot(a * (1 + 0.3 * sin(seed)), b * (1.2 + 0.4 * cos(seed * 2.0) + v * 0.2));
            double light = 0.5 + 0.5 * sin(seed + 5 * a + 3 * b * (seed % 3) + v);
            double edge = 1 / (1 + exp((r - 0.75) * 18));
            for (int k = 0; k < channels; k++)
                im.px[(y * side + x) * channels + k] =
                    (uint8_t)(255 * edge * (0.35 + 0.65 * light) * (1 - 0.25 * k * (channels > 1)));
        }
    return im;
}

/* --- Views ---------------------------------------------------------------------------------------------- */

typedef struct {
    Image image[DEMO_TILES];
    char label[DEMO_TILES][24];
    Tile tile[DEMO_TILES];
    Grid grid;
    Wall wall;
    int first, rows;
} DemoViews;

static inline void demo_views_fill(DemoViews *v)
{
    static const char *const names[] = {"T-shirt", "trouser", "pullover", "dress", "coat",
                                        "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
    for (int i = 0; i < DEMO_TILES; i++) {
        image_free(&v->image[i]);
        v->image[i] = demo_picture(v->first + i, 0, 28, 1);
        snprintf(v->label[i], sizeof v->label[i], "%d", v->first + i);
        v->tile[i] = (Tile){
            &v->image[i], canvas_image_id(&v->image[i]), {names[i % 10], v->label[i]}, INK_TEXT, false};
    }
}

static inline bool demo_views_open(void *self, App *app, Err *err)
{
    DemoViews *v = self;
    (void)err;
    v->first = (int)app_seed(app);
    v->rows = 4;
    demo_views_fill(v);
    return true;
}

static inline bool demo_views_update(void *self, App *app, const Event *ev)
{
    DemoViews *v = self;
    (void)app;
    if (ev->kind == EV_MOUSE && ev->mouse == MOUSE_PRESS &&
        grid_hit(&v->grid.at, &v->grid, &v->wall, DEMO_TILES - 1, ev->x, ev->y))
        return true;
    if (ev->kind != EV_ACTION) return false;
    switch (ev->action) {
    case ACT_LEFT:
        grid_move(&v->grid, &v->wall, DEMO_TILES - 1, -1, 0);
        return true;
    case ACT_RIGHT:
        grid_move(&v->grid, &v->wall, DEMO_TILES - 1, 1, 0);
        return true;
    case ACT_UP:
        grid_move(&v->grid, &v->wall, DEMO_TILES - 1, 0, -1);
        return true;
    case ACT_DOWN:
        grid_move(&v->grid, &v->wall, DEMO_TILES - 1, 0, 1);
        return true;
    case ACT_VIEWS_NEW:
        v->first += DEMO_TILES;
        demo_views_fill(v);
        return true;
    case ACT_VIEWS_LARGER:
        v->rows++;
        return true;
    case ACT_VIEWS_SMALLER:
        v->rows -= v->rows > 2;
        return true;
    case ACT_VIEWS_SEED:
        if (!ev->text) return false;
        v->first = atoi(ev->text);
        demo_views_fill(v);
        return true;
    default:
        return false;
    }
}

static inline void demo_views_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const DemoViews *v = self;
    DemoViews *own = (DemoViews *)(uintptr_t)self; /* the wall is remembered for clicks */
    int w, h;
    char right[48];
    app_cell(app, &w, &h);
    Rect side = rect_cut_right(&area, 30);
    snprintf(right, sizeof right, "seeds %d to %d", v->first, v->first + DEMO_TILES - 1);
    own->wall = layout_wall(canvas_box(c, area, true, "Views", right), v->rows, 2, w, h);
    grid_draw(&v->grid, c, &own->wall, v->tile + v->grid.top, DEMO_TILES - (int)v->grid.top, true);
    Rect in = rect_inset(canvas_box(c, side, false, v->tile[v->grid.at].line[0], NULL), 1, 0);
    Rect big = rect_cut_top(&in, in.w * w / h);
    canvas_picture(c, big, v->tile[v->grid.at].image, v->tile[v->grid.at].id);
    rect_cut_top(&in, 1);
    canvas_print(c, in.x, in.y, in.w, INK_DIM, "seed      %d", v->first + (int)v->grid.at);
    canvas_text(c, in.x, in.y + 1, 10, INK_DIM, "real?");
    gauge_meter(c, in.x + 10, in.y + 1, 8, 0.74, INK_TEXT);
    canvas_text(c, in.x + 20, in.y + 1, 6, INK_TEXT, ".74");
}

static inline void demo_views_close(void *self, App *app)
{
    DemoViews *v = self;
    (void)app;
    for (int i = 0; i < DEMO_TILES; i++) image_free(&v->image[i]);
}

/* --- Steer ---------------------------------------------------------------------------------------------- */

typedef struct {
    Slider slider[12];
    Sliders list;
    Image image, strip[7];
    int seed;
} DemoSteer;

static inline void demo_steer_make(DemoSteer *s)
{
    double v = s->slider[s->list.selected].value;
    image_free(&s->image);
    s->image = demo_picture(s->seed, v * 2, 64, 3);
    for (int i = 0; i < 7; i++) {
        image_free(&s->strip[i]);
        s->strip[i] = demo_picture(s->seed, (v + (i - 3) * 0.75) * 2, 28, 1);
    }
}

static inline bool demo_steer_open(void *self, App *app, Err *err)
{
    static const Slider sliders[] = {{.name = "Transform", .heading = true},
                                     {"zoom", 0.5, 2, 1.2, "", NULL, 2, 0, false, false},
                                     {"rotate", -45, 45, 14, "°", NULL, 0, 0, false, false},
                                     {"shift x", -6, 6, 0, " px", NULL, 1, 0, false, false},
                                     {.name = "Directions", .heading = true},
                                     {"heel height", -3, 3, -1.75, NULL, "mine", 2, 0, false, false},
                                     {"sole thickness", -3, 3, 0.25, NULL, "mine", 2, 0, false, false},
                                     {"PCA 1 light/dark", -3, 3, 0, NULL, NULL, 2, 0, false, false},
                                     {"PCA 2 sleeve", -3, 3, 0, NULL, NULL, 2, 0, false, false},
                                     {"PCA 3", -3, 3, 2.5, NULL, NULL, 2, 0, false, false},
                                     {"SeFa 1", -3, 3, 0, NULL, NULL, 2, 0, false, false},
                                     {"SeFa 2", -3, 3, 0, NULL, NULL, 2, 0, false, false}};
    DemoSteer *s = self;
    (void)err;
    memcpy(s->slider, sliders, sizeof sliders);
    s->list.selected = 5;
    s->seed = 4711 + (int)app_seed(app);
    demo_steer_make(s);
    return true;
}

static inline bool demo_steer_update(void *self, App *app, const Event *ev)
{
    DemoSteer *s = self;
    Slider *it = &s->slider[s->list.selected];
    if (ev->kind == EV_PASTE) {
        app_notice(app, "pasted %s", ev->text);
        return true;
    }
    if (ev->kind != EV_ACTION) return false;
    switch (ev->action) {
    case ACT_UP:
        sliders_move(&s->list, 12, -1, 12);
        return true;
    case ACT_DOWN:
        sliders_move(&s->list, 12, 1, 12);
        return true;
    case ACT_STEER_LESS:
        it->value = fmax(it->low, it->value - 0.25);
        break;
    case ACT_STEER_MORE:
        it->value = fmin(it->high, it->value + 0.25);
        break;
    case ACT_STEER_NEW:
        s->seed++;
        break;
    case ACT_STEER_SET:
        if (!ev->text) return false;
        it->value = atof(ev->text);
        break;
    case ACT_COPY:
        app_copy(app, "vs1:demo");
        app_notice(app, "Copied the address");
        return true;
    default:
        return false;
    }
    demo_steer_make(s);
    return true;
}

static inline void demo_steer_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const DemoSteer *s = self;
    char title[48];
    int w, h;
    app_cell(app, &w, &h);
    Rect strip = rect_cut_bottom(&area, area.h >= 24 ? 8 : 6);
    Rect left = rect_cut_left(&area, (area.h - 2) * h / w + 4);
    snprintf(title, sizeof title, "sneaker · seed %d", s->seed);
    canvas_picture(c, rect_inset(canvas_box(c, left, false, title, NULL), 1, 0), &s->image,
                   canvas_image_id(&s->image));
    Rect in = canvas_box(c, area, true, "Directions", "by effect");
    sliders_draw(&s->list, c, rect_inset(in, 1, 0), s->slider, 12, true);
    snprintf(title, sizeof title, "what \"%s\" would do", s->slider[s->list.selected].name);
    in = canvas_box(c, strip, false, title, NULL);
    Rect part[7];
    rect_columns(part, in, (const int[]){1, 1, 1, 1, 1, 1, 1}, 7, 1);
    for (int i = 0; i < 7; i++) {
        Rect label = rect_cut_top(&part[i], 1);
        canvas_print(c, label.x + label.w / 2 - 3, label.y, 6, i == 3 ? INK_ACCENT | STYLE_BOLD : INK_DIM,
                     "%+.2f", s->slider[s->list.selected].value + (i - 3) * 0.75);
        canvas_picture(c, part[i], &s->strip[i], canvas_image_id(&s->strip[i]));
    }
}

static inline void demo_steer_close(void *self, App *app)
{
    DemoSteer *s = self;
    (void)app;
    image_free(&s->image);
    for (int i = 0; i < 7; i++) image_free(&s->strip[i]);
}

/* --- Train ---------------------------------------------------------------------------------------------- */

typedef struct {
    float x[DEMO_STEPS], loss[DEMO_STEPS], knn[DEMO_STEPS], probe[DEMO_STEPS];
    int n;
    double next;
    bool paused, log;
} DemoTrain;

static inline bool demo_train_open(void *self, App *app, Err *err)
{
    DemoTrain *t = self;
    (void)err;
    for (int i = 0; i < DEMO_STEPS; i++) {
        t->x[i] = (float)i;
        t->loss[i] = (float)(1.8 + 3.3 * exp(-i / 60.0) + 0.05 * sin(i * 1.7));
        t->knn[i] = i % 5 ? NAN : (float)(84 - 14 * exp(-i / 90.0));
        t->probe[i] = (float)(87 - 9 * exp(-i / 70.0));
        if (i % 5) t->knn[i] = t->knn[i - i % 5];
    }
    t->n = DEMO_STEPS * 3 / 4;
    t->next = clock_seconds() + 0.2;
    app_tick_at(app, t->next);
    return true;
}

static inline bool demo_train_update(void *self, App *app, const Event *ev)
{
    DemoTrain *t = self;
    (void)app;
    if (ev->kind != EV_ACTION) return false;
    if (ev->action == ACT_TRAIN_PAUSE)
        t->paused = !t->paused;
    else if (ev->action == ACT_TRAIN_LOG)
        t->log = !t->log;
    else
        return false;
    return true;
}

static inline bool demo_train_tick(void *self, App *app)
{
    DemoTrain *t = self;
    bool due = clock_seconds() >= t->next && !t->paused && t->n < DEMO_STEPS;
    if (due) {
        t->n++;
        t->next = clock_seconds() + 0.2;
    }
    if (t->n < DEMO_STEPS) app_tick_at(app, t->next);
    return due;
}

static inline void demo_train_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const DemoTrain *t = self;
    Rect part[3], line = rect_cut_bottom(&area, 1);
    (void)app;
    rect_columns(part, area, (const int[]){5, 6, 3}, 3, 0);
    Series loss = {NULL, t->x, t->loss, t->n, INK_SERIES_1};
    PlotLine mark = {130, "σ .30→.45", INK_WARN}, level = {79.3f, "untrained 79.3", INK_DIM};
    plot_draw(c, rect_inset(canvas_box(c, part[0], true, "loss", t->log ? "log" : "linear"), 1, 0),
              &(Plot){.series = &loss,
                      .count = 1,
                      .x0 = NAN,
                      .x1 = NAN,
                      .y0 = NAN,
                      .y1 = NAN,
                      .log_y = t->log,
                      .y_decimals = -1,
                      .x_unit = "steps",
                      .mark = &mark,
                      .marks = 1});
    Series both[2] = {{"probe", t->x, t->probe, t->n, INK_SERIES_2},
                      {"kNN", t->x, t->knn, t->n, INK_SERIES_3}};
    plot_draw(c, rect_inset(canvas_box(c, part[1], false, "on real data", "kNN 84.1  probe 86.9"), 1, 0),
              &(Plot){.series = both,
                      .count = 2,
                      .x0 = NAN,
                      .x1 = NAN,
                      .y0 = NAN,
                      .y1 = 90,
                      .y_decimals = -1,
                      .x_unit = "steps",
                      .level = &level,
                      .levels = 1});
    Rect in = rect_inset(canvas_box(c, part[2], false, "health", NULL), 1, 0);
    canvas_text(c, in.x, in.y, 9, INK_DIM, "align");
    canvas_right(c, in.x + 14, in.y, 6, INK_TEXT, "0.31");
    gauge_spark(c, in.x + 16, in.y, in.w - 16, t->loss, t->n, INK_SERIES_1);
    canvas_text(c, in.x, in.y + 1, 9, INK_DIM, "guard");
    canvas_right(c, in.x + 14, in.y + 1, 6, INK_GOOD, "ok");
    gauge_meter(c, line.x + 1, line.y, 22, (double)t->n / DEMO_STEPS, INK_ACCENT);
    canvas_print(c, line.x + 25, line.y, line.w - 25, INK_DIM, "%d/%d   612 views/s   4:11 left", t->n,
                 DEMO_STEPS);
}

static const Screen demo_views = {.name = "Views",
                                  .context = CONTEXT_VIEWS,
                                  .size = sizeof(DemoViews),
                                  .open = demo_views_open,
                                  .update = demo_views_update,
                                  .view = demo_views_view,
                                  .close = demo_views_close};
static const Screen demo_steer = {.name = "Steer",
                                  .context = CONTEXT_STEER,
                                  .size = sizeof(DemoSteer),
                                  .open = demo_steer_open,
                                  .update = demo_steer_update,
                                  .view = demo_steer_view,
                                  .close = demo_steer_close};
static const Screen demo_train = {.name = "Train",
                                  .context = CONTEXT_TRAIN,
                                  .size = sizeof(DemoTrain),
                                  .open = demo_train_open,
                                  .update = demo_train_update,
                                  .tick = demo_train_tick,
                                  .view = demo_train_view};
static const Screen *const demo_screens[] = {&demo_views, &demo_steer, &demo_train};

static inline void demo_status(void *world, AppStatus *out)
{
    (void)world;
    snprintf(out->model, sizeof out->model, "fashion 2.1 MB · ψ 0.70");
    snprintf(out->job, sizeof out->job, "train 412 v/s  1.83 ▼");
}

static inline const char *demo_running(void *world)
{
    return world ? "Run 0007 is training (412 of 1,000 steps). Stopping saves its state; detached, it goes "
                   "on without this window."
                 : NULL;
}

static char demo_world[1];
static const AppHooks demo_hooks = {
    .world = demo_world, .status = demo_status, .running = demo_running, .can_detach = true};

/* Runs the three screens with the app's own flags; for tests, and to look at: test_ui_terminal demo [flags].
 */
static inline int demo_main(int argc, char **argv)
{
    AppOptions opt = app_options_default();
    Err err = {0};
    AppHooks hooks = demo_hooks;
    for (int i = 0; i < argc; i++) {
        int took = app_option(&opt, argc, argv, &i, &err);
        if (took == 0 && !strcmp(argv[i], "--idle"))
            hooks.world = NULL; /* nothing runs: q leaves at once */
        else if (took <= 0)
            return fprintf(stderr, "viewsmith: %s\n", took ? err.msg : argv[i]), 2;
    }
    if (app_run(&opt, demo_screens, 3, 0, &hooks, &err)) return 0;
    fprintf(stderr, "viewsmith: %s\n", err.msg);
    return 1;
}
