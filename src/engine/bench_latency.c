/* Presses keys, waits for what they change, and counts milliseconds. */
#include "engine/bench_latency.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/bench.h"
#include "engine/bench_pty.h"
#include "engine/runs.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLS      120
#define ROWS      40
#define CELL_W    8
#define CELL_H    17
#define STILL     0.25 /* seconds without a change after which nothing more comes */
#define PATIENCE  10.0 /* for the first frame, a change, the first step of a training */
#define TRAIN_MAX 60.0
#define ON_SLIDER 12   /* keys that move one slider before the next has its turn */
#define LETTERS   4    /* typed on the Train screen for each key in Steer */
#define LOOK      6.0  /* seconds that the UI thread's time is counted over */

typedef struct {
    const Latency *l;
    LatencyProgress *progress;
    void *ctx;
    const char *sink;
    char runs[64];
    Pty pty;
    double *text, *picture, *fine, *bytes; /* (keys) */
} Lab;

static bool told(Lab *b, const char *what, int done, int all, Err *err)
{
    return !b->progress || b->progress(b->ctx, b->sink, what, done, all) || err_set(err, ERR_CANCELLED, "the bench was interrupted");
}

static bool start(Lab *b, Err *err)
{
    PtyOptions o = {COLS, ROWS, CELL_W, CELL_H, !strcmp(b->sink, "sixel"), LATENCY_RATE, b->runs};
    const char *argv[8] = {b->l->self, "--runs", b->runs};
    if (b->l->model) argv[3] = "--model", argv[4] = b->l->model;
    return pty_open(&b->pty, &o, (char *const *)argv, err);
}

/* --- single measurements ----------------------------------------------------------------------------------------- */

typedef struct {
    double text, picture, fine; /* seconds after the key; NaN: none came */
    double bytes;
} Response;

/* What follows until STILL seconds after the last change; frames of the top line alone are no change. */
static Response watch(Pty *p, double from)
{
    Response r = {NAN, NAN, NAN, 0};
    PtyFrame f;
    double when, last = from;
    for (double now = from; now - last < STILL && now - from < PATIENCE; now = clock_seconds()) {
        if (!pty_frame(p, &f, &when, STILL - (now - last))) continue;
        if (f.text || f.pictures) {
            last = when;
            r.bytes += (double)f.bytes;
        }
        if (f.text && isnan(r.text)) r.text = when - from;
        if (f.pictures && isnan(r.picture)) r.picture = when - from;
        if (f.pictures) r.fine = when - from;
    }
    return r;
}

static Response press(Lab *b, const char *key)
{
    double from = clock_seconds();
    pty_send(&b->pty, key, strlen(key));
    return watch(&b->pty, from);
}

static bool alive(const Lab *b, Err *err)
{
    return !b->pty.ended || err_set(err, ERR_IO, "the terminal program ended: run %s by itself to see why", b->l->self);
}

/* From exec to the first frame that holds pictures. */
static bool first_frame(double *seconds, Lab *b, Err *err)
{
    PtyFrame f;
    double when;
    if (!start(b, err)) return false;
    while (pty_frame(&b->pty, &f, &when, PATIENCE)) {
        if (!f.pictures) continue;
        *seconds = when - b->pty.started;
        return true;
    }
    return alive(b, err) && err_set(err, ERR_IO, "the terminal program showed no picture within %g seconds", PATIENCE);
}

static bool first_frames(LatencyResult *out, Lab *b, Err *err)
{
    double *seconds = malloc((size_t)b->l->starts * sizeof *seconds);
    bool ok = seconds || err_nomem(err, "a bench");
    for (int i = 0; ok && i < b->l->starts; i++) {
        ok = told(b, "start", i, b->l->starts, err) && first_frame(&seconds[i], b, err);
        if (i + 1 < b->l->starts || !ok) pty_close(&b->pty);
    }
    if (ok) out->first_frame_ms = fmax(out->first_frame_ms, 1000 * bench_median(seconds, b->l->starts));
    free(seconds);
    return ok;
}

/* --- keys in Steer ----------------------------------------------------------------------------------------------- */

/* The way to a slider that was not moved yet: a new view first, then down the list. */
static void to_slider(Lab *b, int n)
{
    if (n % 8 == 0) {
        press(b, "Z");
        press(b, " ");
        press(b, "g");
    }
    press(b, "j");
}

static double percentile95(double *x, int n)
{
    bench_median(x, n); /* sorts */
    return x[(int)ceil(0.95 * n) - 1];
}

static void finish_case(LatencyResult *out, Lab *b, bool training, int n)
{
    LatencyCase *c = &out->at[out->cases++];
    *c = (LatencyCase){.sink = b->sink, .training = training, .keys = n};
    c->text_median = 1000 * bench_median(b->text, n);
    c->picture_median = 1000 * bench_median(b->picture, n);
    c->fine_median = 1000 * bench_median(b->fine, n);
    c->text_ms = 1000 * percentile95(b->text, n);
    c->picture_ms = 1000 * percentile95(b->picture, n);
    c->fine_ms = 1000 * percentile95(b->fine, n);
    c->bytes = bench_median(b->bytes, n);
    out->text_ms = fmax(out->text_ms, c->text_ms);
    out->picture_ms = fmax(out->picture_ms, c->picture_ms);
    out->fine_ms = fmax(out->fine_ms, c->fine_ms);
}

static bool keys(LatencyResult *out, Lab *b, bool training, Err *err)
{
    int n = b->l->keys;
    for (int i = 0; i < n; i++) {
        if (!told(b, training ? "keys while it trains" : "keys", i, n, err)) return false;
        if (i % ON_SLIDER == 0) to_slider(b, i / ON_SLIDER);
        usleep((useconds_t)(i * 7919 % 33 * 1000)); /* out of step with whatever comes periodically */
        Response r = press(b, "l");
        if (!alive(b, err)) return false;
        if (isnan(r.text) || isnan(r.picture))
            return err_set(err, ERR_IO, "a key in Steer changed no %s within %g seconds (key %d of %d)", isnan(r.text) ? "text" : "picture",
                           STILL, i + 1, n);
        b->text[i] = r.text, b->picture[i] = r.picture, b->fine[i] = r.fine, b->bytes[i] = r.bytes;
    }
    finish_case(out, b, training, n);
    return true;
}

/* True once a run in our folder has counted views. */
static bool trains(const Lab *b)
{
    RunInfo *run = NULL;
    long n = runs_list(&run, b->runs, NULL);
    bool yes = n > 0 && run[n - 1].views > 0;
    free(run);
    return yes;
}

/* --- the Train screen -------------------------------------------------------------------------------------------- */

/* Takes what is drawn for so many seconds. */
static void look_on(Lab *b, double seconds)
{
    PtyFrame f;
    double when, from = clock_seconds();
    for (double left = seconds; left > 0 && !b->pty.ended; left = seconds - (clock_seconds() - from)) pty_frame(&b->pty, &f, &when, left);
}

/* Seconds until a frame with other text came; NaN: none did. */
static double typed(Lab *b, const char *key)
{
    PtyFrame f;
    double when, from = clock_seconds();
    pty_send(&b->pty, key, strlen(key));
    while (pty_frame(&b->pty, &f, &when, PATIENCE - (clock_seconds() - from)))
        if (f.text) return when - from;
    return NAN;
}

/* A letter goes into the command line and out again, which does nothing else. */
static bool frames_late(LatencyResult *out, Lab *b, Err *err)
{
    int n = LETTERS * b->l->keys;
    double *late = malloc((size_t)n * sizeof *late);
    if (!late) return err_nomem(err, "a bench");
    press(b, ":");
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        look_on(b, 0.02 + i * 7919 % 33 * 0.001);
        late[i] = typed(b, i & 1 ? "\177" : "x");
        ok = alive(b, err) && (!isnan(late[i]) || err_set(err, ERR_IO, "a letter on the Train screen changed no text within %g seconds (%d of %d)", PATIENCE, i + 1, n));
        ok = ok && told(b, "letters while it trains", i, n, err);
    }
    if (ok) out->frame_late_ms = fmax(out->frame_late_ms, 1000 * percentile95(late, n));
    press(b, "\033");
    free(late);
    return ok;
}

/* Seconds that the program's first thread, which has the terminal, has run for so far; NaN when it cannot be read. */
static double ui_seconds(const Lab *b)
{
    char path[64];
    double ns = NAN;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)b->pty.pid, (int)b->pty.pid);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%lf", &ns) != 1) ns = NAN;
    if (f) fclose(f);
    return 1e-9 * ns;
}

static bool ui_share(LatencyResult *out, Lab *b, Err *err)
{
    double from = clock_seconds(), ran = ui_seconds(b);
    if (!told(b, "the Train screen, untouched", 0, 1, err)) return false;
    look_on(b, LOOK);
    out->ui_cpu_percent = fmax(out->ui_cpu_percent, 100 * (ui_seconds(b) - ran) / (clock_seconds() - from));
    return alive(b, err);
}

/* Leaves the Steer screen open. */
static bool train_screen(LatencyResult *out, Lab *b, Err *err)
{
    bool ok = ui_share(out, b, err) && frames_late(out, b, err);
    press(b, "2");
    return ok;
}

static bool begin_training(Lab *b, Err *err)
{
    press(b, "3");
    press(b, "s");
    for (double until = clock_seconds() + TRAIN_MAX; clock_seconds() < until && !trains(b);) {
        watch(&b->pty, clock_seconds());
        if (!alive(b, err) || !told(b, "the first step of a training", 0, 1, err)) return false;
    }
    return trains(b) || err_set(err, ERR_IO, "no training began within %g seconds of s on the Train screen", TRAIN_MAX);
}

static bool beside_training(LatencyResult *out, Lab *b, Err *err)
{
    return begin_training(b, err) && train_screen(out, b, err) && keys(out, b, true, err);
}

static bool measure(LatencyResult *out, Lab *b, Err *err)
{
    if (!first_frames(out, b, err)) return false;
    watch(&b->pty, clock_seconds());
    press(b, "2");
    bool ok = keys(out, b, false, err) && (!b->l->training || beside_training(out, b, err));
    pty_close(&b->pty);
    return ok;
}

static bool measure_sink(LatencyResult *out, Lab *b, const char *sink, Err *err)
{
    b->sink = sink;
    snprintf(b->runs, sizeof b->runs, "%s", "/tmp/viewsmith-bench-XXXXXX");
    if (!mkdtemp(b->runs)) return err_set(err, ERR_IO, "no folder for runs could be made in /tmp");
    bool ok = measure(out, b, err);
    file_remove_tree(b->runs, NULL);
    return ok;
}

bool latency_run(LatencyResult *out, const Latency *l, LatencyProgress *progress, void *ctx, Err *err)
{
    Lab b = {.l = l, .progress = progress, .ctx = ctx, .pty = {.fd = -1}};
    bool sixel = strcmp(l->sink, "half") != 0, half = strcmp(l->sink, "sixel") != 0;
    *out = (LatencyResult){.frame_late_ms = NAN, .ui_cpu_percent = NAN};
    if (l->keys < 1 || l->keys > LATENCY_KEYS_MAX || l->starts < 1 || l->starts > LATENCY_KEYS_MAX)
        return err_set(err, ERR_USAGE, "keys and starts are 1 to %d each", LATENCY_KEYS_MAX);
    size_t n = (size_t)l->keys;
    b.text = malloc(4 * n * sizeof *b.text);
    if (!b.text) return err_nomem(err, "a bench");
    b.picture = b.text + n, b.fine = b.text + 2 * n, b.bytes = b.text + 3 * n;
    snprintf(out->sink, sizeof out->sink, "%s, pty of %dx%d cells drained at %g MB/s", !half ? "sixel" : !sixel ? "half" : "sixel and half", COLS,
             ROWS, LATENCY_RATE * 1e-6);
    bool ok = (!sixel || measure_sink(out, &b, "sixel", err)) && (!half || measure_sink(out, &b, "half", err));
    free(b.text);
    return ok;
}
