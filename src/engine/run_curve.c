/* Reading a run's curves: every row is looked at, every stride-th is kept. */
#include "engine/run_curve.h"
#include "base/file.h"
#include "engine/jsonl.h"
#include "engine/train_command.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMOOTH 0.9f /* of the moving average, as in the news of a training */

typedef struct {
    RunCurve *to;
    int stride;
    float smooth, rank, spread;
} Reading;

static void halve(float *column, int n)
{
    for (int i = 0; i < n / 2; i++) column[i] = column[2 * i + 1];
}

/* Every second point goes when the columns are full, so that they always cover the whole run. */
static void thin_points(Reading *r)
{
    RunCurve *c = r->to;
    float *const column[] = {c->step, c->loss, c->smooth, c->alignment, c->uniformity, c->rank, c->spread};
    for (size_t i = 0; i < sizeof column / sizeof *column; i++) halve(column[i], c->points);
    c->points /= 2;
    r->stride *= 2;
}

static void take_step(Reading *r, const Json *row)
{
    RunCurve *c = r->to;
    uint64_t step = (uint64_t)json_int(row, "step", 0);
    float loss = (float)json_num(row, "loss", NAN);
    if (isfinite(loss)) r->smooth = isfinite(r->smooth) ? SMOOTH * r->smooth + (1 - SMOOTH) * loss : loss;
    c->steps = step + 1;
    c->views = (uint64_t)json_int(row, "views", 0);
    c->unique = (uint64_t)json_int(row, "unique", 0);
    c->elapsed = json_num(row, "elapsed", 0);
    c->rate = json_num(row, "rate", NAN);
    c->temperature = json_num(row, "temperature", NAN);
    c->sigma = json_num(row, "sigma", NAN);
    c->share = json_num(row, "share", NAN);
    c->positive = json_num(row, "positive", NAN);
    c->negative = json_num(row, "negative", NAN);
    if (step % (uint64_t)r->stride) return;
    if (c->points == CURVE_POINTS / 2) thin_points(r);
    int i = c->points++;
    c->step[i] = (float)step;
    c->loss[i] = loss;
    c->smooth[i] = r->smooth;
    c->alignment[i] = (float)json_num(row, "alignment", NAN);
    c->uniformity[i] = (float)json_num(row, "uniformity", NAN);
    c->rank[i] = r->rank;
    c->spread[i] = r->spread;
}

static void take_bins(float *out, const Json *list)
{
    for (size_t i = 0; i < CONTRAST_BINS; i++) {
        double share = 0;
        if (list && i < json_count(list)) json_value_num(json_at(list, i), &share);
        out[i] = (float)share;
    }
}

/* Measured between two points: it is drawn from the last point on, until it is measured again. */
static void take_health(Reading *r, const Json *row)
{
    RunCurve *c = r->to;
    r->rank = (float)json_num(row, "rank", NAN);
    r->spread = (float)json_num(row, "spread", NAN);
    if (c->points) c->rank[c->points - 1] = r->rank, c->spread[c->points - 1] = r->spread;
    take_bins(c->cosines.positive, json_get(row, "positive_cosines"));
    take_bins(c->cosines.negative, json_get(row, "negative_cosines"));
}

static void take_probe(RunCurve *c, const Json *row)
{
    if (c->probes == CURVE_PROBES / 2) {
        halve(c->probe_step, c->probes);
        halve(c->linear, c->probes);
        halve(c->knn, c->probes);
        c->probes /= 2;
    }
    int i = c->probes++;
    c->probe_step[i] = (float)json_num(row, "step", 0);
    c->linear[i] = (float)(100 * json_num(row, "linear", NAN));
    c->knn[i] = (float)(100 * json_num(row, "knn", NAN));
}

static bool take_metrics(void *ctx, const Json *row)
{
    Reading *r = ctx;
    RunCurve *c = r->to;
    const char *event = json_str(row, "event", NULL);
    if (event) snprintf(c->event, sizeof c->event, "%s", event);
    if (json_get(row, "loss")) take_step(r, row);
    if (json_get(row, "rank")) take_health(r, row);
    if (json_get(row, "linear")) take_probe(c, row);
    if (json_get(row, "untrained_linear")) {
        c->untrained_linear = (float)(100 * json_num(row, "untrained_linear", NAN));
        c->untrained_knn = (float)(100 * json_num(row, "untrained_knn", NAN));
    }
    return true;
}

static void cut_marks(RunCurve *c, float step)
{
    while (c->marks && c->mark[c->marks - 1].step >= step) c->marks--;
}

/* Only changes of a figure are marks: "pause" and "save" change nothing that is drawn. */
static bool take_control(void *ctx, const Json *row)
{
    RunCurve *c = ctx;
    const char *applied = json_str(row, "applied", NULL);
    if (!applied || !strchr(applied, ' ')) return true;
    if (!strncmp(applied, "rollback ", 9)) cut_marks(c, (float)json_num(row, "step", 0));
    if (c->marks == CURVE_MARKS / 2) memmove(c->mark, c->mark + 1, (size_t)--c->marks * sizeof *c->mark);
    c->mark[c->marks].step = (float)json_num(row, "step", 0);
    command_brief(c->mark[c->marks++].text, applied);
    return true;
}

static bool take_left(void *ctx, const Json *row)
{
    Reading *r = ctx;
    RunCurve *c = r->to;
    float step = (float)json_num(row, "step", 0), before = c->lefts ? c->left_step[c->lefts - 1] : -1;
    if ((uint64_t)step % (uint64_t)r->stride && step > before) return true;
    if (c->lefts > CURVE_POINTS / 2 - 2) {
        halve(c->left_step, c->lefts);
        halve(c->left_loss, c->lefts);
        c->lefts /= 2;
        r->stride *= 2;
    }
    if (step <= before) c->left_step[c->lefts] = step, c->left_loss[c->lefts++] = NAN;
    c->left_step[c->lefts] = step;
    c->left_loss[c->lefts++] = (float)json_num(row, "loss", NAN);
    return true;
}

bool run_curve_read_left(RunCurve *out, const char *folder, Err *err)
{
    char path[4096];
    size_t at = 0;
    Reading r = {.to = out, .stride = 1};
    out->lefts = 0;
    return file_join(path, sizeof path, folder, "left.jsonl", err) &&
           jsonl_each(path, &at, take_left, &r, err);
}

void run_curve_cut(RunCurve *c, float step)
{
    while (c->points && c->step[c->points - 1] >= step) c->points--;
    while (c->probes && c->probe_step[c->probes - 1] > step) c->probes--;
    cut_marks(c, step);
}

bool run_curve_read(RunCurve *out, const char *folder, Err *err)
{
    char path[4096];
    size_t at = 0;
    Reading r = {.to = out, .stride = 1, .smooth = NAN, .rank = NAN, .spread = NAN};
    memset(out, 0, sizeof *out);
    out->untrained_linear = out->untrained_knn = NAN;
    out->rate = out->temperature = out->sigma = out->share = out->positive = out->negative = NAN;
    if (!file_join(path, sizeof path, folder, "metrics.jsonl", err)) return false;
    if (!jsonl_each(path, &at, take_metrics, &r, err)) return false;
    at = 0;
    return file_join(path, sizeof path, folder, "control.jsonl", err) &&
           jsonl_each(path, &at, take_control, out, err) && run_curve_read_left(out, folder, err);
}
