/* Presses keys, waits for what they change, and counts milliseconds. */
#include "engine/bench_latency.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/bench.h"
#include "engine/bench_lab.h"
#include "engine/bench_still.h"
#include "engine/runs.h"
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLS      120
#define ROWS      40
#define CELL_H    17
#define BESIDE    16   /* rows of Steer that the picture does not have */
#define STILL     0.25 /* seconds without a change after which nothing more comes; with a line of its own: */
#define STILL_FAR 1.2
#define TRAIN_MAX 60.0
#define ON_SLIDER 12   /* keys that move one slider before the next has its turn */
#define LETTERS   4    /* typed on the Train screen for each key in Steer */
#define LOOK      6.0  /* seconds that the UI thread's time is counted over */

/* --- single measurements ----------------------------------------------------------------------------------------- */

/* From exec to the first frame that holds pictures. */
static bool first_frame(double *seconds, Lab *b, Err *err)
{
    PtyFrame f;
    double when;
    if (!lab_start(b, err)) return false;
    while (pty_frame(&b->pty, &f, &when, LAB_PATIENCE)) {
        if (!f.pictures) continue;
        *seconds = when - b->pty.started;
        return true;
    }
    return lab_alive(b, err) && err_set(err, ERR_IO, "the terminal program showed no picture within %g seconds", LAB_PATIENCE);
}

static bool first_frames(LatencyResult *out, Lab *b, Err *err)
{
    double *seconds = malloc((size_t)b->l->starts * sizeof *seconds);
    bool ok = seconds || err_nomem(err, "a bench");
    for (int i = 0; ok && i < b->l->starts; i++) {
        ok = lab_told(b, "start", i, b->l->starts, err) && first_frame(&seconds[i], b, err);
        if (i + 1 < b->l->starts || !ok) pty_close(&b->pty);
    }
    if (ok) out->first_frame_ms = fmax(out->first_frame_ms, 1000 * bench_median(seconds, b->l->starts));
    free(seconds);
    return ok;
}

/* --- keys in Steer ----------------------------------------------------------------------------------------------- */

static double percentile95(double *x, int n)
{
    bench_median(x, n); /* sorts */
    return x[(int)ceil(0.95 * n) - 1];
}

/* The median and the 95th percentile, in milliseconds, of one time of all responses; `at` is where it lies in them. */
static void summarize(double *median, double *p95, const Response *r, int n, size_t at, double *scratch)
{
    for (int i = 0; i < n; i++) memcpy(&scratch[i], (const char *)&r[i] + at, sizeof *scratch);
    *median = 1000 * bench_median(scratch, n);
    *p95 = 1000 * percentile95(scratch, n);
}

static void finish_case(LatencyResult *out, const Lab *b, bool training, const Response *r, int n, double *scratch)
{
    LatencyCase *c = &out->at[out->cases++];
    *c = (LatencyCase){.sink = b->sink, .training = training, .keys = n};
    summarize(&c->text_median, &c->text_ms, r, n, offsetof(Response, text), scratch);
    summarize(&c->picture_median, &c->picture_ms, r, n, offsetof(Response, picture), scratch);
    summarize(&c->fine_median, &c->fine_ms, r, n, offsetof(Response, fine), scratch);
    for (int i = 0; i < n; i++) {
        scratch[i] = r[i].bytes;
        if (r[i].w > c->w) c->w = r[i].w, c->h = r[i].h;
    }
    c->bytes = bench_median(scratch, n);
    out->text_ms = fmax(out->text_ms, c->text_ms);
    out->picture_ms = fmax(out->picture_ms, c->picture_ms);
    out->fine_ms = fmax(out->fine_ms, c->fine_ms);
}

static bool press_keys(Response *r, Lab *b, bool training, Err *err)
{
    int n = b->l->keys;
    for (int i = 0; i < n; i++) {
        if (!lab_told(b, training ? "keys while it trains" : "keys", i, n, err)) return false;
        if (i % ON_SLIDER == 0) lab_slider(b, i / ON_SLIDER);
        usleep((useconds_t)(i * 7919 % 33 * 1000)); /* out of step with whatever comes periodically */
        r[i] = lab_press(b, "l");
        if (!lab_alive(b, err)) return false;
        if (isnan(r[i].text) || isnan(r[i].picture))
            return err_set(err, ERR_IO, "a key in Steer changed no %s within %g seconds (key %d of %d)", isnan(r[i].text) ? "text" : "picture",
                           b->still, i + 1, n);
    }
    return true;
}

static bool keys(LatencyResult *out, Lab *b, bool training, Err *err)
{
    size_t n = (size_t)b->l->keys;
    Response *r = malloc(n * (sizeof *r + sizeof(double)));
    if (!r) return err_nomem(err, "a bench");
    bool ok = press_keys(r, b, training, err);
    if (ok) finish_case(out, b, training, r, b->l->keys, (double *)(r + n));
    free(r);
    return ok;
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

/* Seconds until a frame with other text came; NaN: none did. */
static double typed(Lab *b, const char *key)
{
    PtyFrame f;
    double when, from = clock_seconds();
    pty_send(&b->pty, key, strlen(key));
    while (pty_frame(&b->pty, &f, &when, LAB_PATIENCE - (clock_seconds() - from)))
        if (f.text) return when - from;
    return NAN;
}

/* A letter goes into the command line and out again, which does nothing else. */
static bool frames_late(LatencyResult *out, Lab *b, Err *err)
{
    int n = LETTERS * b->l->keys;
    double *late = malloc((size_t)n * sizeof *late);
    if (!late) return err_nomem(err, "a bench");
    lab_press(b, ":");
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        lab_look(b, 0.02 + i * 7919 % 33 * 0.001);
        late[i] = typed(b, i & 1 ? "\177" : "x");
        ok = lab_alive(b, err) && (!isnan(late[i]) || err_set(err, ERR_IO, "a letter on the Train screen changed no text within %g seconds (%d of %d)", LAB_PATIENCE, i + 1, n));
        ok = ok && lab_told(b, "letters while it trains", i, n, err);
    }
    if (ok) out->frame_late_ms = fmax(out->frame_late_ms, 1000 * percentile95(late, n));
    lab_press(b, "\033");
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
    if (!lab_told(b, "the Train screen, untouched", 0, 1, err)) return false;
    lab_look(b, LOOK);
    out->ui_cpu_percent = fmax(out->ui_cpu_percent, 100 * (ui_seconds(b) - ran) / (clock_seconds() - from));
    return lab_alive(b, err);
}

/* Leaves the Steer screen open. */
static bool train_screen(LatencyResult *out, Lab *b, Err *err)
{
    bool ok = ui_share(out, b, err) && frames_late(out, b, err);
    lab_press(b, "2");
    return ok;
}

static bool begin_training(Lab *b, Err *err)
{
    lab_press(b, "3");
    lab_press(b, "s");
    for (double until = clock_seconds() + TRAIN_MAX; clock_seconds() < until && !trains(b);) {
        lab_watch(b, clock_seconds());
        if (!lab_alive(b, err) || !lab_told(b, "the first step of a training", 0, 1, err)) return false;
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
    lab_watch(b, clock_seconds());
    lab_press(b, "2");
    bool ok = still_measure(out, b, err) && keys(out, b, false, err) && still_burst(out, b, err) &&
              (!b->l->training || beside_training(out, b, err));
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

static void describe(LatencyResult *out, const Lab *b, const char *sinks)
{
    const Latency *l = b->l;
    char line[80] = "";
    if (l->delay > 0) snprintf(line, sizeof line, " over %g Mbit/s and %g ms each way", l->rate * 8e-6, l->delay * 1000);
    snprintf(out->sink, sizeof out->sink, "%s, pty of %dx%d cells drained at %g MB/s%s", sinks, b->cols, b->rows, LATENCY_RATE * 1e-6, line);
}

bool latency_run(LatencyResult *out, const Latency *l, LatencyProgress *progress, void *ctx, Err *err)
{
    Lab b = {.l = l, .progress = progress, .ctx = ctx, .cols = COLS, .rows = ROWS, .still = l->delay > 0 ? STILL_FAR : STILL, .pty = {.fd = -1}};
    bool sixel = strcmp(l->sink, "half") != 0, half = strcmp(l->sink, "sixel") != 0;
    *out = (LatencyResult){.frame_late_ms = NAN, .ui_cpu_percent = NAN, .queue_ms = NAN};
    if (l->keys < 1 || l->keys > LATENCY_KEYS_MAX || l->starts < 1 || l->starts > LATENCY_KEYS_MAX)
        return err_set(err, ERR_USAGE, "keys and starts are 1 to %d each", LATENCY_KEYS_MAX);
    if (l->size) {
        b.rows = (l->size + CELL_H - 1) / CELL_H + BESIDE;
        b.cols = 4 * b.rows;
    }
    describe(out, &b, !half ? "sixel" : !sixel ? "half" : "sixel and half");
    return (!sixel || measure_sink(out, &b, "sixel", err)) && (!half || measure_sink(out, &b, "half", err));
}
