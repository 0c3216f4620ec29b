/* A script as the app's front: keys from a file, nothing shown; the tests' terminal.
 *
 *     # a comment
 *     j j Enter              keys by name
 *     :seed 4711             a command, as typed after the colon and ended by Enter
 *     type TEXT              each character a key
 *     paste TEXT
 *     click X Y              press and release, cells from 0
 *     drag X Y X2 Y2         press at one place, release at the other
 *     wheel X Y up           a notch of the wheel, or down
 *     size 80x24
 *     say TEXT               nothing: a caption of the tour, which is such a script too
 *     wait                   until nothing is computed any more (at most 120 s)
 *     wait SECONDS
 *     expect TEXT            the screen must hold TEXT; refuse TEXT: must not
 *     check                  no picture is over text or over another
 *     dump FILE              the screen as text ("-": stdout); image FILE: as PNG
 */
#include "base/clock.h"
#include "base/file.h"
#include "data/png.h"
#include "tui/front.h"
#include "tui/glyph.h"
#include "tui/pixels.h"
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SCRIPT_MAX ((size_t)1 << 20)
#define WAIT_MAX   120.0
#define STEP       0.05 /* of the fake clock while waiting */

typedef struct {
    Front base;
    TermInfo info;
    AppOptions opt;
    Canvas shown;      /* a copy of the cells of the last frame */
    char *script, *at; /* the whole text, and the next line */
    char line[2048];   /* the one worked on */
    int number;
    const char *rest; /* keys or characters of it still to come; NULL: none */
    bool typing, enter, release, drag;
    int drag_x, drag_y; /* where it goes */
    Event last;
    double waiting; /* since when, 0: not */
    double fake;
    int wake_fd;
    Err err;
} Script;

static Script *of(Front *f)
{
    return (Script *)f;
}

static bool stop(Event *ev)
{
    *ev = (Event){.kind = EV_END};
    return true;
}

static bool fail(Script *s, Event *ev, const char *why)
{
    Buf text = {0};
    canvas_dump_text(&s->shown, &text);
    err_set(&s->err, ERR_USAGE, "%s:%d: %s: %s", s->opt.script, s->number, why, s->line);
    if (s->opt.dump_screen) file_replace(s->opt.dump_screen, text.p ? text.p : "", text.n, NULL);
    buf_free(&text);
    return stop(ev);
}

/* --- looking at the screen ------------------------------------------------------------------------------ */

static bool holds(const Script *s, const char *text)
{
    Buf screen = {0};
    canvas_dump_text(&s->shown, &screen);
    bool found = screen.p && strstr(screen.p, text);
    buf_free(&screen);
    return found;
}

static bool check(Script *s, Event *ev)
{
    char why[160];
    return canvas_sound(&s->shown, s->info.cell_w, s->info.cell_h, why, sizeof why) ? false
                                                                                    : fail(s, ev, why);
}

static bool dump_text(Script *s, const char *path)
{
    Buf text = {0};
    canvas_dump_text(&s->shown, &text);
    bool ok = !strcmp(path, "-") ? write(STDOUT_FILENO, text.p, text.n) == (ssize_t)text.n
                                 : file_replace(path, text.p, text.n, &s->err);
    buf_free(&text);
    return ok;
}

static bool dump_image(Script *s, const char *path)
{
    Image im;
    if (!canvas_dump_image(&s->shown, s->info.cell_w, s->info.cell_h, &im, &s->err)) return false;
    bool ok = png_save(path, &im, NULL, 0, &s->err);
    image_free(&im);
    return ok;
}

/* --- lines ---------------------------------------------------------------------------------------------- */

static bool next_line(Script *s)
{
    while (s->at && *s->at) {
        size_t n = strcspn(s->at, "\n");
        snprintf(s->line, sizeof s->line, "%.*s", (int)n, s->at);
        s->at += n + (s->at[n] == '\n');
        s->number++;
        size_t len = strlen(s->line);
        while (len && (s->line[len - 1] == ' ' || s->line[len - 1] == '\r')) s->line[--len] = 0;
        if (len && s->line[0] != '#') return true;
    }
    return false;
}

/* The argument when the line begins with the word; NULL otherwise. */
static const char *argument(const Script *s, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(s->line, word, n) || (s->line[n] && s->line[n] != ' ')) return NULL;
    return s->line[n] ? s->line + n + 1 : s->line + n;
}

static void sleep_seconds(Script *s, double seconds)
{
    if (s->opt.fake_clock) {
        clock_fake(s->fake += seconds);
        return;
    }
    struct timespec ts = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
    nanosleep(&ts, NULL);
}

/* One turn of waiting for what is being computed. */
static bool wait_turn(Script *s, Event *ev)
{
    uint64_t count;
    if (!s->base.busy) {
        s->waiting = 0;
        return false;
    }
    if (clock_wall() - s->waiting > WAIT_MAX) return fail(s, ev, "nothing came in two minutes");
    struct pollfd fd = {.fd = s->wake_fd, .events = POLLIN};
    poll(&fd, 1, 20);
    if (read(s->wake_fd, &count, sizeof count) < 0 && s->opt.fake_clock) sleep_seconds(s, STEP);
    *ev = (Event){.kind = EV_WAKE};
    return true;
}

static bool begin_wait(Script *s, Event *ev, const char *seconds)
{
    if (*seconds)
        sleep_seconds(s, atof(seconds));
    else
        s->waiting = clock_wall();
    *ev = (Event){.kind = EV_WAKE};
    return true;
}

static bool resize(Script *s, Event *ev, const char *size)
{
    if (sscanf(size, "%dx%d", &s->info.cols, &s->info.rows) != 2) return fail(s, ev, "a size is like 80x24");
    *ev = (Event){.kind = EV_RESIZE};
    return true;
}

static bool click(Script *s, Event *ev, const char *place)
{
    *ev = (Event){.kind = EV_MOUSE, .mouse = MOUSE_PRESS};
    if (sscanf(place, "%d %d", &ev->x, &ev->y) != 2) return fail(s, ev, "a place is like 10 4");
    s->last = *ev;
    s->release = true;
    return true;
}

static bool drag(Script *s, Event *ev, const char *places)
{
    *ev = (Event){.kind = EV_MOUSE, .mouse = MOUSE_PRESS};
    if (sscanf(places, "%d %d %d %d", &ev->x, &ev->y, &s->drag_x, &s->drag_y) != 4)
        return fail(s, ev, "two places are like 10 4 30 9");
    s->last = *ev;
    s->drag = true;
    return true;
}

static bool wheel(Script *s, Event *ev, const char *arg)
{
    char way[8];
    *ev = (Event){.kind = EV_MOUSE};
    bool ok =
        sscanf(arg, "%d %d %7s", &ev->x, &ev->y, way) == 3 && (!strcmp(way, "up") || !strcmp(way, "down"));
    if (!ok) return fail(s, ev, "the wheel is turned like 10 4 up");
    ev->mouse = way[0] == 'u' ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
    return true;
}

/* Carries out one line. True: *ev is to be delivered; false: go on with the next line or with s->rest. */
static bool do_line(Script *s, Event *ev)
{
    const char *arg;
    if ((arg = argument(s, "expect")))
        return holds(s, arg) ? false : fail(s, ev, "the screen does not show it");
    if ((arg = argument(s, "refuse"))) return holds(s, arg) ? fail(s, ev, "the screen shows it") : false;
    if (argument(s, "check")) return check(s, ev);
    if ((arg = argument(s, "dump"))) return dump_text(s, arg) ? false : fail(s, ev, "not written");
    if ((arg = argument(s, "image"))) return dump_image(s, arg) ? false : fail(s, ev, "not written");
    if (argument(s, "say")) return false; /* a caption of the tour */
    if ((arg = argument(s, "wait"))) return begin_wait(s, ev, arg);
    if ((arg = argument(s, "size"))) return resize(s, ev, arg);
    if ((arg = argument(s, "click"))) return click(s, ev, arg);
    if ((arg = argument(s, "drag"))) return drag(s, ev, arg);
    if ((arg = argument(s, "wheel"))) return wheel(s, ev, arg);
    if ((arg = argument(s, "paste"))) {
        *ev = (Event){.kind = EV_PASTE, .text = arg};
        return true;
    }
    arg = argument(s, "type");
    s->enter = !arg && s->line[0] == ':' && s->line[1];
    s->typing = arg || s->enter;
    s->rest = arg ? arg : s->line;
    return false;
}

/* The next key of the line; false at its end. */
static bool take_key(Script *s, Event *ev)
{
    int key = 0;
    if (s->typing)
        key = (int)glyph_next(&s->rest);
    else if (*s->rest && !key_parse_next(&key, &s->rest))
        return fail(s, ev, "this is no key");
    if (!key && s->enter) {
        s->enter = false;
        key = KEYCODE_ENTER;
    }
    if (!key) s->rest = NULL;
    *ev = (Event){.kind = EV_KEY, .key = key};
    return key != 0;
}

static bool next(Front *f, Event *ev, double seconds)
{
    Script *s = of(f);
    if (seconds == 0) return false; /* every event gets a frame of its own */
    if (s->err.code) return stop(ev);
    if (s->drag) {
        s->drag = false;
        s->release = true;
        s->last.x = s->drag_x;
        s->last.y = s->drag_y;
        s->last.mouse = MOUSE_DRAG;
        *ev = s->last;
        return true;
    }
    if (s->release) {
        s->release = false;
        *ev = s->last;
        ev->mouse = MOUSE_RELEASE;
        return true;
    }
    if (s->waiting > 0 && wait_turn(s, ev)) return true;
    for (;;) {
        if (s->rest && take_key(s, ev)) return true;
        if (s->rest) continue;
        if (!next_line(s)) return stop(ev);
        if (do_line(s, ev)) return true;
    }
}

/* --- the rest of a front -------------------------------------------------------------------------------- */

static bool show(Front *f, const Canvas *c, Err *err)
{
    Script *s = of(f);
    Cell *cell = s->shown.cell;
    if (s->shown.w != c->w || s->shown.h != c->h) {
        canvas_close(&s->shown);
        if (!canvas_open(&s->shown, c->w, c->h, c->ascii, err)) return false;
        cell = s->shown.cell;
    }
    s->shown = *c;
    s->shown.cell = cell;
    memcpy(cell, c->cell, (size_t)c->w * (size_t)c->h * sizeof *cell);
    return true;
}

static void wake(Front *f)
{
    static const uint64_t one = 1;
    ssize_t sent = write(of(f)->wake_fd, &one, sizeof one);
    (void)sent;
}

static double due(Front *f)
{
    (void)f;
    return INFINITY;
}

static void copy(Front *f, const char *text)
{
    (void)f;
    (void)text;
}

static void nothing(Front *f)
{
    (void)f;
}

static void theme(Front *f, const Theme *to)
{
    (void)f;
    (void)to;
}

static void notify(Front *f, const char *how, const char *text)
{
    (void)f;
    (void)how;
    (void)text;
}

static AppTimes times(Front *f)
{
    (void)f;
    return (AppTimes){.rate = INFINITY, .quality = PIXELS_FINE};
}

static int end(Front *f, Err *err)
{
    Script *s = of(f);
    if (!s->err.code && s->opt.dump_screen) dump_text(s, s->opt.dump_screen);
    if (!s->err.code && s->opt.dump_image) dump_image(s, s->opt.dump_image);
    if (s->err.code) err_set(err, s->err.code, "%s", s->err.msg);
    return 0;
}

static void free_front(Front *f)
{
    Script *s = of(f);
    canvas_close(&s->shown);
    free(s->script);
    if (s->wake_fd >= 0) close(s->wake_fd);
    free(s);
}

static const FrontOps ops = {next,    show,  wake,   due,   copy, nothing,
                             nothing, theme, notify, times, end,  free_front};

Front *front_script(const AppOptions *opt, Err *err)
{
    Script *s = calloc(1, sizeof *s);
    uint8_t *bytes = NULL;
    size_t size;
    if (!s) {
        err_nomem(err, "the script");
        return NULL;
    }
    if (!file_read(opt->script, SCRIPT_MAX, &bytes, &size, err)) {
        free(s);
        return NULL;
    }
    s->base = (Front){.ops = &ops, .info = &s->info, .ascii = opt->ascii, .headless = true, .chosen = true};
    s->opt = *opt;
    s->script = s->at = (char *)bytes;
    s->info = (TermInfo){.cols = opt->cols,
                         .rows = opt->rows,
                         .cell_w = opt->cell_w,
                         .cell_h = opt->cell_h,
                         .cell_from = CELL_GIVEN,
                         .utf8 = !opt->ascii,
                         .truecolor = true,
                         .sixel = true,
                         .answered = true,
                         .name = "script"};
    int mode = probe_mode(&s->info, opt->graphics);
    s->base.mode = mode < 0 ? PIXELS_NONE : (PixelMode)mode;
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (opt->fake_clock) clock_fake(s->fake = 1000);
    return &s->base;
}
