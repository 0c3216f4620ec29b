/* A line between a program and its terminal: bytes go in at any time and come out in order, no faster than its
 * rate and each after its delay. Owned by one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct LineChunk LineChunk;

typedef struct {
    double rate;  /* bytes a second; 0: no limit */
    double delay; /* seconds that each byte is under way */
    double free_at;
    LineChunk *first, *last;
    size_t waiting; /* bytes under way */
    bool failed;    /* memory ran out: bytes were lost */
} Line;

void line_put(Line *l, const char *bytes, size_t n, double now);
/* Takes what has arrived by now, at most cap bytes; returns how many. */
size_t line_take(Line *l, char *out, size_t cap, double now);
/* When the next bytes arrive, INFINITY: none are under way. */
double line_due(const Line *l);
/* Seconds until what is put in now would arrive, beside the delay: the queue. */
double line_queue(const Line *l, double now);
void line_clear(Line *l);
