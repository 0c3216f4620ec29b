/* The terminal as the app's front: text by term, pictures by overlay, both in one synchronised update. */
#include "tui/front.h"
#include "base/clock.h"
#include "tui/overlay.h"
#include "tui/term.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SYNC_ON  "\033[?2026h"
#define SYNC_OFF "\033[?2026l"
#define GRACE    0.03 /* seconds for the first answers: pictures wait that long, text does not */

typedef struct {
    Front base;
    Term *term;
    Overlay *overlay;
    Span *span;
    Buf out;
    PixelSpec spec;
    int cols, rows;
    double start;
    bool titled; /* the title was changed */
} TermFront;

static TermFront *of(Front *f)
{
    return (TermFront *)f;
}

static bool early(const TermFront *t)
{
    return !t->base.chosen && !t->base.info->answered && clock_seconds() - t->start < GRACE;
}

/* Follows the terminal's size, cells and abilities. */
static bool follow(TermFront *t, Err *err)
{
    const TermInfo *info = t->base.info;
    if (!t->base.chosen) t->base.mode = (PixelMode)probe_mode(info, NULL);
    PixelSpec spec = {early(t) ? PIXELS_NONE : t->base.mode, info->cell_w, info->cell_h, info->max_w,
                      info->max_h};
    bool same = !memcmp(&spec, &t->spec, sizeof spec) && t->cols == info->cols && t->rows == info->rows;
    if (same && t->span) return true;
    Span *span = realloc(t->span, (size_t)info->rows * sizeof *span);
    if (!span) return err_nomem(err, "the screen");
    t->span = span;
    if (t->spec.mode != PIXELS_NONE) term_redraw(t->term); /* old pictures go */
    t->spec = spec;
    t->cols = info->cols;
    t->rows = info->rows;
    return overlay_setup(t->overlay, t->cols, t->rows, &spec, err);
}

static bool show(Front *f, const Canvas *c, Err *err)
{
    TermFront *t = of(f);
    if (!follow(t, err)) return false;
    if (c->w != t->cols || c->h != t->rows) return true; /* resized meanwhile: the event is on its way */
    buf_clear(&t->out);
    buf_str(&t->out, SYNC_ON);
    overlay_plan(t->overlay, c, &t->out);
    term_write(t->term, t->out.p, t->out.n);
    term_draw(t->term, c, t->span);
    buf_clear(&t->out);
    bool ok = overlay_paint(t->overlay, t->span, &t->out, err);
    buf_str(&t->out, SYNC_OFF);
    if (t->out.failed) return err_nomem(err, "a frame");
    term_write(t->term, t->out.p, t->out.n);
    return ok;
}

static bool next(Front *f, Event *ev, double seconds)
{
    TermFront *t = of(f);
    if (!term_wait(t->term, ev, seconds)) return false;
    if (ev->kind == EV_ACK) overlay_acked(t->overlay);
    return true;
}

static void wake(Front *f)
{
    term_wake(of(f)->term);
}

static double due(Front *f)
{
    TermFront *t = of(f);
    if (t->spec.mode == PIXELS_NONE && t->base.mode != PIXELS_NONE) return t->start + GRACE;
    return overlay_due(t->overlay);
}

/* OSC 52 with the text in base 64. */
static void copy(Front *f, const char *text)
{
    Buf out = {0};
    size_t n = strlen(text);
    buf_str(&out, "\033]52;c;");
    buf_base64(&out, text, n < 4096 ? n : 4096);
    buf_str(&out, "\033\\");
    if (!out.failed) term_write(of(f)->term, out.p, out.n);
    buf_free(&out);
}

static void redraw(Front *f)
{
    TermFront *t = of(f);
    term_redraw(t->term);
    t->cols = 0; /* the overlay starts anew too */
}

/* Those that a change of screens would leave behind. */
static void clear_pictures(TermFront *t)
{
    buf_clear(&t->out);
    overlay_leave(t->overlay, &t->out);
    term_write(t->term, t->out.p, t->out.n);
}

static void suspend(Front *f)
{
    clear_pictures(of(f));
    term_suspend(of(f)->term);
    redraw(f);
}

static void theme(Front *f, const Theme *to)
{
    term_theme(of(f)->term, to);
    redraw(f);
}

/* The title is put back when the screen is given back: xterm's stack of titles. */
static void notify(Front *f, const char *how, const char *text)
{
    TermFront *t = of(f);
    bool all = !strcmp(how, "all");
    Buf out = {0};
    if (all || !strcmp(how, "bell")) buf_str(&out, "\a");
    if (all || !strcmp(how, "osc9")) buf_printf(&out, "\033]9;%s\033\\", text);
    if (all || !strcmp(how, "title")) {
        buf_printf(&out, "%s\033]2;viewsmith: %s\033\\", t->titled ? "" : "\033[22;2t", text);
        t->titled = true;
    }
    if (!out.failed && out.n) term_write(t->term, out.p, out.n);
    buf_free(&out);
}

static AppTimes times(Front *f)
{
    OverlayTimes o = overlay_times(of(f)->overlay);
    return (AppTimes){o.encode_ms, o.tty_ms, o.bytes, o.rate, o.quality};
}

static int end(Front *f, Err *err)
{
    (void)err;
    clear_pictures(of(f));
    if (of(f)->titled) term_write(of(f)->term, "\033[23;2t", 7);
    return term_stop(of(f)->term);
}

static void free_front(Front *f)
{
    TermFront *t = of(f);
    overlay_free(t->overlay);
    term_free(t->term);
    free(t->span);
    buf_free(&t->out);
    free(t);
}

static const FrontOps ops = {next, show, wake, due, copy, redraw, suspend, theme, notify, times, end, free_front};

Front *front_terminal(const AppOptions *opt, Err *err)
{
    TermFront *t = calloc(1, sizeof *t);
    if (!t) {
        err_nomem(err, "the terminal");
        return NULL;
    }
    t->base.ops = &ops;
    t->start = clock_seconds();
    t->term = term_open(&(TermOptions){opt->cell_w, opt->cell_h, opt->ascii}, err);
    if (t->term) t->overlay = overlay_new(getenv("SSH_CONNECTION") != NULL, term_wake, t->term, err);
    if (!t->term || !t->overlay) {
        if (t->term) term_stop(t->term);
        term_free(t->term);
        free(t);
        return NULL;
    }
    t->base.info = term_info(t->term);
    t->base.ascii = !t->base.info->utf8;
    t->base.mode = (PixelMode)probe_mode(t->base.info, opt->graphics);
    t->base.chosen = opt->graphics && strcmp(opt->graphics, "auto") != 0;
    return &t->base;
}
