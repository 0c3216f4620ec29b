/* How fast the terminal program answers: it runs in a pseudo terminal (bench_pty.h), keys are pressed in Steer, first while
 * nothing else runs, then while it trains an encoder.
 *
 * Every key moves a slider to where it has not been, so nothing comes out of a cache; the next key waits until all is still.
 * From a key to the first frame with other text, to the first with other pictures, and to the last one, which is fine.
 *
 * Two figures come from the Train screen while it trains: how late a frame of text is that a typed letter asks for, at a pace of
 * some 25 a second; and the share of one core that the thread of the screen takes while nobody types. */
#pragma once
#include "base/err.h"

#define LATENCY_RATE     15e6 /* bytes per second that the terminal takes */
#define LATENCY_KEYS_MAX 1000

typedef struct {
    const char *self, *model; /* program; generator file, NULL: the program's own choice */
    const char *sink;         /* "sixel", "half" or "both" */
    int keys;                 /* in each situation */
    int starts;
    bool training;            /* measure beside a training too */
    int size;                 /* pixels of a side that the picture in Steer has at least; 0: a window of 120 x 40 */
    double rate, delay;       /* of a line to the terminal: bytes per second, seconds each way; 0: none */
    double idle;              /* seconds to look on while nobody types; 0: not */
} Latency;

typedef struct {
    const char *sink;
    bool training;
    int keys;
    double text_ms, picture_ms, fine_ms; /* 95th percentiles */
    double text_median, picture_median, fine_median;
    double bytes;                        /* median, of a key's frames */
    int w, h;                            /* of the largest picture, 0: not known */
} LatencyCase;

typedef struct {
    LatencyCase at[4];
    int cases;
    double first_frame_ms; /* from exec to the first whole frame with pictures: median of the slower sink */
    double text_ms, picture_ms, fine_ms; /* the worst of the cases */
    double frame_late_ms, ui_cpu_percent; /* 95th percentile and mean, of the worse sink; NaN without a training */
    double idle_bytes, idle_cpu_percent;  /* in Steer while nothing happens: of the terminal, of one core by the whole program; the worse */
    double memory_mb;                     /* resident after Views and Steer */
    double queue_ms;                      /* the most that is under way to the terminal while a key is held; NaN without a line */
    char sink[192];
} LatencyResult;

/* Hears what comes next; false ends it with ERR_CANCELLED. */
typedef bool LatencyProgress(void *ctx, const char *sink, const char *what, int done, int all);
bool latency_run(LatencyResult *out, const Latency *l, LatencyProgress *progress, void *ctx, Err *err);
