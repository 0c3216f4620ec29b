/* Looking on: processor time, memory, and the queue of a line. */
#include "engine/bench_still.h"
#include "base/clock.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SETTLE  2.0   /* seconds after the last change until the program is taken to be idle */
#define REPEATS 60    /* of a held key */
#define REPEAT  0.033 /* seconds between them */
#define ONE_WAY 14    /* keys after which the slider turns round, before its end */

/* Seconds of processor that all threads of the program have used. */
static double cpu_seconds(const Lab *b)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(b->pty.pid, &clock) || clock_gettime(clock, &t)) return NAN;
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double resident_mb(const Lab *b)
{
    char path[64], row[256];
    double kb = NAN;
    snprintf(path, sizeof path, "/proc/%d/status", (int)b->pty.pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(row, sizeof row, f))
        if (sscanf(row, "VmRSS: %lf", &kb) == 1) break;
    if (f) fclose(f);
    return kb * 1024e-6;
}

bool still_measure(LatencyResult *out, Lab *b, Err *err)
{
    if (!lab_told(b, "looking on", 0, 1, err)) return false;
    lab_look(b, SETTLE);
    out->memory_mb = fmax(out->memory_mb, resident_mb(b));
    if (b->l->idle <= 0) return lab_alive(b, err);
    double from = clock_seconds(), ran = cpu_seconds(b);
    out->idle_bytes = fmax(out->idle_bytes, (double)lab_look(b, b->l->idle));
    out->idle_cpu_percent = fmax(out->idle_cpu_percent, 100 * (cpu_seconds(b) - ran) / (clock_seconds() - from));
    return lab_alive(b, err);
}

bool still_burst(LatencyResult *out, Lab *b, Err *err)
{
    if (b->l->delay <= 0) return true;
    if (!lab_told(b, "a held key", 0, 1, err)) return false;
    double queue = 0;
    lab_slider(b, 0);
    for (int i = 0; i < REPEATS; i++) {
        pty_send(&b->pty, i % (2 * ONE_WAY) < ONE_WAY ? "l" : "h", 1);
        lab_look(b, REPEAT);
        queue = fmax(queue, 1000 * line_queue(&b->pty.down, clock_seconds()));
    }
    out->queue_ms = isnan(out->queue_ms) ? queue : fmax(out->queue_ms, queue);
    lab_watch(b, clock_seconds());
    return lab_alive(b, err);
}
