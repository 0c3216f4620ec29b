/* Chunks in order, each with the time at which it arrives. */
#include "engine/bench_line.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct LineChunk {
    LineChunk *next;
    double due;
    size_t n, at;
    char bytes[];
};

void line_put(Line *l, const char *bytes, size_t n, double now)
{
    LineChunk *c = malloc(sizeof *c + n);
    l->failed |= !c;
    if (!c) return;
    if (l->free_at < now) l->free_at = now;
    if (l->rate > 0) l->free_at += (double)n / l->rate;
    *c = (LineChunk){.due = l->free_at + l->delay, .n = n};
    memcpy(c->bytes, bytes, n);
    if (l->last) l->last->next = c;
    else l->first = c;
    l->last = c;
    l->waiting += n;
}

size_t line_take(Line *l, char *out, size_t cap, double now)
{
    size_t taken = 0;
    for (LineChunk *c; (c = l->first) && c->due <= now && taken < cap;) {
        size_t n = c->n - c->at < cap - taken ? c->n - c->at : cap - taken;
        memcpy(out + taken, c->bytes + c->at, n);
        c->at += n;
        taken += n;
        if (c->at < c->n) break;
        l->first = c->next;
        if (!l->first) l->last = NULL;
        free(c);
    }
    l->waiting -= taken;
    return taken;
}

double line_due(const Line *l)
{
    return l->first ? l->first->due : INFINITY;
}

double line_queue(const Line *l, double now)
{
    return l->free_at > now ? l->free_at - now : 0;
}

void line_clear(Line *l)
{
    for (LineChunk *c; (c = l->first); free(c)) l->first = c->next;
    l->last = NULL;
    l->waiting = 0;
}
