/* Rows of what is measured: name, bar, figure. */
#include "tui/screens/readings.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL = 9, FIGURE = 5, FIGURE_A = 7, RANK = 5 };
#define LEAST_SEEN 0.05f /* a second class below this is not worth a row */
#define DRIFT      0.02f /* share of a class that counts as a change */

/* One line off the top with its name; false when there is none. */
static bool next_row(Canvas *c, Rect *in, const char *name, Rect *line)
{
    if (in->h < 1) return false;
    *line = rect_cut_top(in, 1);
    canvas_text(c, line->x, line->y, LABEL - 1, INK_DIM, name);
    rect_cut_left(line, LABEL);
    return true;
}

static void figure_row(Canvas *c, Rect *in, const char *name, float share, const char *figure, int wide,
                       Ink ink)
{
    Rect line;
    if (!next_row(c, in, name, &line)) return;
    gauge_meter(c, line.x, line.y, line.w - wide - 1, (double)share, ink);
    canvas_right(c, line.x + line.w, line.y, wide, INK_TEXT, figure);
}

/* ".93" for what is below 1. */
static void share_text(char out[16], float x)
{
    snprintf(out, 16, "%.2f", (double)x);
    if (*out == '0') memmove(out, out + 1, strlen(out));
}

static float share_before(const Meter *start, int class)
{
    for (int i = 0; i < METER_CLASSES; i++)
        if (start->class[i] == class) return start->share[i];
    return 0;
}

static void class_rows(const Readings *r, Canvas *c, Rect *in)
{
    const Meter *m = r->now;
    char text[16];
    Rect line;
    for (int k = 0; k < 2 && m->class[k] >= 0; k++) {
        if ((k && m->share[k] < LEAST_SEEN) || !next_row(c, in, k ? "" : "seen as", &line)) return;
        bool other = r->class >= 0 && m->class[0] != r->class;
        float drift = r->start ? m->share[k] - share_before(r->start, m->class[k]) : 0;
        share_text(text, m->share[k]);
        canvas_text(c, line.x, line.y, line.w - 7,
                    k       ? INK_DIM
                    : other ? INK_WARN
                            : INK_TEXT,
                    meters_class(r->meters, m->class[k]));
        if (fabsf(drift) > DRIFT)
            canvas_put(c, line.x + line.w - 6, line.y, drift > 0 ? INK_GOOD : INK_WARN,
                       drift > 0 ? U'▲' : U'▼');
        canvas_right(c, line.x + line.w, line.y, 5, k ? INK_DIM : INK_TEXT, text);
    }
}

/* Generated views mostly stand a little outside of the real ones; where one was steered, the colour tells
 * what that did to it. */
static Ink realism_ink(const Readings *r)
{
    float now = r->now->realism, start = r->start ? r->start->realism : NAN;
    if (now >= 1) return INK_GOOD;
    if (isfinite(start)) return now >= 0.9f * start ? INK_GOOD : now >= 0.7f * start ? INK_WARN : INK_BAD;
    return now >= 0.8f ? INK_TEXT : now >= 0.6f ? INK_WARN : INK_BAD;
}

static void realism_row(const Readings *r, Canvas *c, Rect *in)
{
    char text[32], rank[16] = "";
    if (isfinite(r->now->rank)) snprintf(rank, sizeof rank, "%.0f %% ", 100 * (double)r->now->rank);
    snprintf(text, sizeof text, "%s%.2f", rank, (double)r->now->realism);
    float share = isfinite(r->now->rank) ? r->now->rank : r->now->realism / 2;
    figure_row(c, in, "realism", share, text, FIGURE + RANK, realism_ink(r));
}

void readings_draw(const Readings *r, Canvas *c, Rect *in)
{
    const Meter *m = r->now;
    char text[16];
    class_rows(r, c, in);
    if (isfinite(m->entropy)) {
        snprintf(text, sizeof text, "%.2f", (double)m->entropy);
        figure_row(c, in, "unsure", m->entropy / logf(r->classes > 1 ? (float)r->classes : 2), text, FIGURE,
                   INK_TEXT);
    }
    if (isfinite(m->realism)) realism_row(r, c, in);
    if (isfinite(m->distance)) {
        snprintf(text, sizeof text, "%s%.2f", r->from_a ? "A " : "", (double)m->distance);
        figure_row(c, in, "distance", m->distance, text, r->from_a ? FIGURE_A : FIGURE, INK_SERIES_1);
    }
    if (m->nearest[0] >= 0) {
        snprintf(text, sizeof text, "%.2f", 1 - (double)m->score[0]);
        figure_row(c, in, "novel", 1 - m->score[0], text, FIGURE, INK_SERIES_2);
    }
}

void readings_line(char *out, size_t cap, const Readings *r)
{
    const Meter *m = r->now;
    char share[16], real[16];
    *out = 0;
    if (m->class[0] < 0) return;
    share_text(share, m->share[0]);
    int n = snprintf(out, cap, "%.12s %s", meters_class(r->meters, m->class[0]), share);
    if (!isfinite(m->realism) || n >= (int)cap) return;
    share_text(real, m->realism);
    n += snprintf(out + n, cap - (size_t)n, " \u00b7 realism %s", real);
    if (isfinite(m->rank) && n < (int)cap)
        snprintf(out + n, cap - (size_t)n, " (%.0f %%)", 100 * (double)m->rank);
}
