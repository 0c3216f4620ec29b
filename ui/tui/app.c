/* The loop: draw, wait, take everything there is, act, and draw again only when something changed. */
#include "base/clock.h"
#include "base/text.h"
#include "tui/app_state.h"
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEWS_PERIOD (1.0 / 30)
#define NOTICE_TIME 6.0
#define ADVICE_WAIT 0.5 /* a terminal that has not answered by then will not */

AppOptions app_options_default(void)
{
    return (AppOptions){.cols = 100, .rows = 34};
}

/* --- options -------------------------------------------------------------------------------------------- */

static bool read_pair(const char *flag, const char *value, int low, int high, int *a, int *b, Err *err)
{
    char end;
    if (sscanf(value, "%dx%d%c", a, b, &end) == 2 && *a >= low && *b >= low && *a <= high && *b <= high)
        return true;
    return err_set(err, ERR_USAGE, "%s takes two numbers like 100x34 (%d to %d each), not \"%s\"", flag, low,
                   high, value);
}

static bool read_graphics(AppOptions *opt, const char *value, Err *err)
{
    TermInfo any = {0};
    if (probe_mode(&any, value) < 0)
        return err_set(err, ERR_USAGE, "graphics is one of %s, not \"%s\"", probe_mode_names(), value);
    opt->graphics = value;
    return true;
}

static bool read_value(AppOptions *opt, const char *flag, const char *value, Err *err)
{
    char *end;
    if (!strcmp(flag, "--script"))
        opt->script = value;
    else if (!strcmp(flag, "--dump-screen"))
        opt->dump_screen = value;
    else if (!strcmp(flag, "--dump-image"))
        opt->dump_image = value;
    else if (!strcmp(flag, "--graphics"))
        return read_graphics(opt, value, err);
    else if (!strcmp(flag, "--size"))
        return read_pair(flag, value, 1, 1000, &opt->cols, &opt->rows, err);
    else if (!strcmp(flag, "--cell"))
        return read_pair(flag, value, 2, 100, &opt->cell_w, &opt->cell_h, err);
    else {
        opt->seed = strtoull(value, &end, 10);
        if (*end || *value < '0' || *value > '9')
            return err_set(err, ERR_USAGE, "--seed takes a whole number, not \"%s\"", value);
    }
    return true;
}

int app_option(AppOptions *opt, int argc, char **argv, int *i, Err *err)
{
    static const char *const valued[] = {"--script",   "--seed",        "--size",      "--cell",
                                         "--graphics", "--dump-screen", "--dump-image"};
    const char *flag = argv[*i];
    bool clock = !strcmp(flag, "--fake-clock"), ascii = !strcmp(flag, "--ascii");
    opt->fake_clock |= clock;
    opt->ascii |= ascii;
    if (clock || ascii) return 1;
    for (size_t k = 0; k < sizeof valued / sizeof *valued; k++) {
        if (strcmp(flag, valued[k])) continue;
        bool ok = *i + 1 < argc ? read_value(opt, flag, argv[++*i], err)
                                : err_set(err, ERR_USAGE, "%s needs a value", flag);
        return ok ? 1 : -1;
    }
    return 0;
}

/* --- for screens ---------------------------------------------------------------------------------------- */

void *app_world(const App *app)
{
    return app->hooks.world;
}

uint64_t app_seed(const App *app)
{
    return app->opt.seed;
}

void app_say(App *app, bool bad, const char *text)
{
    text_safe(app->notice, sizeof app->notice, text);
    applog_add(app, bad, text);
    app->notice_bad = bad;
    app->notice_until = clock_seconds() + NOTICE_TIME;
    app->dirty = true;
}

void app_notice(App *app, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    app_say(app, false, text);
}

void app_fail(App *app, const Err *err)
{
    app_say(app, true, err->msg);
}

void app_draw_now(App *app)
{
    app->dirty = true;
}

void app_tick_at(App *app, double when)
{
    app->tick_at = fmin(app->tick_at, when);
}

void app_copy(App *app, const char *text)
{
    app->front->ops->copy(app->front, text);
}

void app_cell(const App *app, int *w, int *h)
{
    *w = app->front->info->cell_w;
    *h = app->front->info->cell_h;
}

bool app_blocks(const App *app)
{
    return app->front->mode > PIXELS_NONE && app->front->mode < PIXELS_SIXEL;
}

/* Below this many bytes a second a painted plot costs more than it shows. */
#define PAINT_RATE 3e5

bool app_paints(const App *app)
{
    return app->front->mode >= PIXELS_SIXEL && app_times(app).rate > PAINT_RATE;
}

void app_colors(const App *app, uint8_t ground[3], uint8_t ink[INK_COUNT][3])
{
    const TermInfo *info = app->front->info;
    const uint8_t plain = info->light ? 40 : 220;
    memcpy(ground, info->background, 3);
    for (int i = 0; i < INK_COUNT; i++) {
        memset(ink[i], plain, 3);
        if (app->theme.ink[i] >= 0) theme_rgb(ink[i], app->theme.ink[i]);
    }
}

Rect app_body(const App *app)
{
    return layout_page(app->front->info->cols, app->front->info->rows).body;
}

void app_wake(void *arg)
{
    App *app = arg;
    app->front->ops->wake(app->front);
}

AppTimes app_times(const App *app)
{
    return app->front->ops->times(app->front);
}

/* --- the loop ------------------------------------------------------------------------------------------- */

static bool draw(App *app)
{
    const TermInfo *info = app->front->info;
    Canvas *c = &app->canvas;
    if (c->w != info->cols || c->h != info->rows) {
        canvas_close(c);
        if (!canvas_open(c, info->cols, info->rows, app->front->ascii, &app->err)) return false;
    }
    app_view(app);
    app->dirty = app->news = false;
    app->drawn_at = clock_seconds();
    return app->front->ops->show(app->front, c, &app->err);
}

/* Advice on pictures, once, when the terminal has said what it can do. */
static void advise(App *app)
{
    char text[256];
    const TermInfo *info = app->front->info;
    bool known = info->answered || clock_seconds() - app->started > ADVICE_WAIT;
    if (app->advised || !known) return;
    app->advised = true; /* in any case: until then the loop wakes for it (patience) */
    if (app->front->headless || app->front->chosen) return;
    probe_advice(text, sizeof text, info, (PixelMode)probe_mode(info, NULL));
    if (*text && !*app->notice) app_say(app, false, text);
}

static void tick(App *app)
{
    double now = clock_seconds();
    AppSlot *slot = &app->slot[app->current];
    if (*app->notice && now >= app->notice_until) {
        *app->notice = 0;
        app->dirty = true;
    }
    tour_step(app);
    if (app->tick_at > now) return;
    app->tick_at = INFINITY;
    jobs_tick(app);
    if (app->hooks.tick) app->hooks.tick(app->hooks.world, app);
    if (!slot->self || !slot->ops->tick || slot->ops->tick(slot->self, app)) app->news = true;
    if (app->hooks.status) app->news = true; /* the top line tells what runs on every screen */
}

/* How long nothing needs to be done. */
static double patience(App *app)
{
    double now = clock_seconds(), due = fmin(app->tick_at, app->front->ops->due(app->front));
    due = fmin(due, fmin(keep_due(app), tour_due(app)));
    if (app->dirty) return 0;
    if (app->news) due = fmin(due, app->drawn_at + NEWS_PERIOD);
    if (*app->notice) due = fmin(due, app->notice_until);
    if (!app->advised && !app->front->headless) due = fmin(due, app->started + ADVICE_WAIT * 1.01);
    return due == INFINITY ? -1 : fmax(due - now, 0);
}

static bool want_draw(App *app)
{
    double now = clock_seconds();
    if (app->front->headless) return app->dirty || app->news;
    return app->dirty || (app->news && now - app->drawn_at >= NEWS_PERIOD) ||
           app->front->ops->due(app->front) <= now;
}

static void take_events(App *app)
{
    Event ev;
    AppSlot *slot = &app->slot[app->current];
    double wait = patience(app);
    bool busy = jobs_busy(app) || (slot->self && slot->ops->busy && slot->ops->busy(slot->self));
    app->front->busy =
        busy || app->was_busy; /* what has just ended may have news that nobody has taken yet */
    app->was_busy = busy;
    if (app->front->headless) wait = -1; /* the script says what comes next */
    if (!app->front->ops->next(app->front, &ev, wait)) return;
    app_event(app, &ev);
    for (int n = 0; n < 1000 && !app->leaving && app->front->ops->next(app->front, &ev, 0); n++)
        app_event(app, &ev);
}

static bool loop(App *app)
{
    app->dirty = true;
    while (!app->leaving) {
        if (want_draw(app) && !draw(app)) return false;
        take_events(app);
        tick(app);
        keep_look(app);
        advise(app);
    }
    return true;
}

static void close_screens(App *app)
{
    for (int i = 0; i < app->slots; i++) {
        AppSlot *slot = &app->slot[i];
        if (slot->self && slot->ops->close) slot->ops->close(slot->self, app);
        free(slot->self);
    }
}

static App *app_new(const AppOptions *opt, const Screen *const *screens, int n, const AppHooks *hooks,
                    Err *err)
{
    App *app = calloc(1, sizeof *app);
    if (!app) {
        err_nomem(err, "the explorer");
        return NULL;
    }
    app->opt = *opt;
    app->hooks = *hooks;
    app->tick_at = INFINITY;
    app->started = clock_seconds();
    for (int i = 0; i < n && i < APP_SCREENS; i++) app->slot[app->slots++].ops = screens[i];
    const char *graphics = getenv("VIEWSMITH_GRAPHICS");
    bool ok = app->opt.graphics || !graphics || !*graphics || read_graphics(&app->opt, graphics, err);
    if (ok && opt->script && !opt->cell_w) app->opt.cell_w = 8, app->opt.cell_h = 17;
    if (ok) app->front = opt->script ? front_script(&app->opt, err) : front_terminal(&app->opt, err);
    if (app->front) return app;
    free(app);
    return NULL;
}

/* The terminal first, so that nobody looks at a dead screen while work is being saved. */
static int app_close(App *app, Err *err)
{
    const AppHooks *hooks = &app->hooks;
    int asked = app->front->ops->end(app->front, err);
    keep_close(app);
    if (hooks->leave) hooks->leave(hooks->world, app->leave);
    if (hooks->wake_by) hooks->wake_by(hooks->world, NULL, NULL);
    close_screens(app);
    app->front->ops->free(app->front);
    prompt_close(app);
    image_free(&app->card);
    json_drop(app->tour.world);
    free(app->tour.text);
    json_drop(app->keep.before);
    canvas_close(&app->canvas);
    free(app);
    return asked;
}

bool app_run(const AppOptions *opt, const Screen *const *screens, int n, int first, const AppHooks *hooks,
             Err *err)
{
    App *app = app_new(opt, screens, n, hooks, err);
    if (!app) return false;
    if (hooks->wake_by) hooks->wake_by(hooks->world, app_wake, app);
    app->leave = LEAVE_STOP;
    app->current = first = keep_first(app, first);
    app->figures = !strcmp(settings_text(app, SETTING_FIGURES), "on");
    settings_apply(app, SETTING_THEME);
    keep_open(app);
    if (opt->tour) tour_begin(app);
    bool ok = app->front->headless || draw(app); /* something to look at while the screen opens */
    ok = ok && (app_show_screen(app, first) || err_set(err, ERR_IO, "%s", app->notice));
    ok = ok && loop(app);
    if (app->err.code) err_set(err, app->err.code, "%s", app->err.msg);
    int asked = app_close(app, err);
    if (asked) raise(asked);
    return ok && !(err && err->code);
}
