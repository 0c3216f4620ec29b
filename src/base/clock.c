/* The clock, and the one switch that freezes it. */
#include "base/clock.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* The only state of the process that base keeps: tests set it once, before they start threads. */
static _Atomic double fake_now;
static atomic_bool faked;

static double read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double clock_seconds(void)
{
    return atomic_load(&faked) ? atomic_load(&fake_now) : read_clock(CLOCK_MONOTONIC);
}

double clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

void clock_fake(double now)
{
    atomic_store(&fake_now, now);
    atomic_store(&faked, true);
}
