/* Comparing config.json member by member, and metrics.jsonl at evenly spaced steps. */
#include "engine/run_diff.h"
#include "base/file.h"
#include "base/json.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_MAX ((size_t)1 << 20)

static Json *config_of(const RunInfo *run, Err *err)
{
    char path[4096];
    uint8_t *bytes;
    size_t size;
    if (!file_join(path, sizeof path, run->folder, "config.json", err) ||
        !file_read(path, CONFIG_MAX, &bytes, &size, err))
        return NULL;
    Json *o = json_parse((const char *)bytes, size, path, err);
    free(bytes);
    return o;
}

/* A number as a person writes it: 0.3, not 0.30000001192. */
static void value_text(char out[RUN_DIFF_TEXT], const Json *value)
{
    const char *word;
    double number;
    out[0] = 0;
    if (!value) return;
    if (json_value_str(value, &word)) {
        snprintf(out, RUN_DIFF_TEXT, "%s", word);
    } else if (json_value_num(value, &number)) {
        snprintf(out, RUN_DIFF_TEXT, "%.6g", number);
    } else {
        char *text = json_text(value);
        snprintf(out, RUN_DIFF_TEXT, "%s", text ? text : "");
        free(text);
    }
}

static void add(RunDiff *d, const char *name, const char *a, const char *b)
{
    if (!strcmp(a, b) || d->settings == RUN_DIFF_SETTINGS) return;
    RunDifference *s = &d->setting[d->settings++];
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(s->a, sizeof s->a, "%s", a);
    snprintf(s->b, sizeof s->b, "%s", b);
}

static void add_member(RunDiff *d, const char *name, const Json *a, const Json *b)
{
    char one[RUN_DIFF_TEXT], two[RUN_DIFF_TEXT];
    value_text(one, json_get(a, name));
    value_text(two, json_get(b, name));
    add(d, name, one, two);
}

/* Members of both, each once: those of a in its order, then what only b has. */
static void compare_settings(RunDiff *d, const Json *a, const Json *b)
{
    static const char *const source[] = {"digest", "data"};
    const Json *ta = json_get(a, "train"), *tb = json_get(b, "train");
    for (size_t i = 0; i < sizeof source / sizeof *source; i++) add_member(d, source[i], a, b);
    if (!ta || !tb) return;
    for (JsonIter it = json_first(ta); it.key; it = json_next(ta, it)) add_member(d, it.key, ta, tb);
    for (JsonIter it = json_first(tb); it.key; it = json_next(tb, it))
        if (!json_get(ta, it.key)) add_member(d, it.key, ta, tb);
}

/* "sigma 0.45 at 100, exclude seed 7 at 120": what a run was told, of the way it did not leave. */
static void told(char out[RUN_DIFF_TEXT], const RunCurve *c)
{
    size_t n = 0;
    out[0] = 0;
    for (int i = 0; i < c->marks && n < RUN_DIFF_TEXT; i++)
        n += (size_t)snprintf(out + n, RUN_DIFF_TEXT - n, "%s%s at %.0f", i ? ", " : "", c->mark[i].text,
                              (double)c->mark[i].step);
}

static float at_step(const RunCurve *c, float step)
{
    float value = NAN;
    for (int i = 0; i < c->points && c->step[i] <= step; i++) value = c->smooth[i];
    return value;
}

static void compare_curves(RunDiff *d, const RunCurve *a, const RunCurve *b)
{
    if (!a->points || !b->points) return;
    float last = fminf(a->step[a->points - 1], b->step[b->points - 1]);
    for (int i = 0; i < RUN_DIFF_STEPS; i++) {
        float step = roundf(last * (float)i / (RUN_DIFF_STEPS - 1));
        if (i && step <= d->step[d->steps - 1]) continue; /* runs of a few steps */
        d->step[d->steps] = step;
        d->a[d->steps] = at_step(a, step);
        d->b[d->steps++] = at_step(b, step);
    }
}

bool run_diff(RunDiff *out, const RunInfo *a, const RunInfo *b, Err *err)
{
    char one[RUN_DIFF_TEXT], two[RUN_DIFF_TEXT];
    RunCurve *c = calloc(2, sizeof *c);
    Json *ja = config_of(a, err), *jb = ja ? config_of(b, err) : NULL;
    *out = (RunDiff){0};
    bool ok = ja && jb && (c || err_nomem(err, "two runs")) && run_curve_read(&c[0], a->folder, err) &&
              run_curve_read(&c[1], b->folder, err);
    if (ok) {
        compare_settings(out, ja, jb);
        told(one, &c[0]);
        told(two, &c[1]);
        add(out, "told", one, two);
        compare_curves(out, &c[0], &c[1]);
    }
    json_drop(ja);
    json_drop(jb);
    free(c);
    return ok;
}
