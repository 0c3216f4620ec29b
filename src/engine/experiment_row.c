/* Lines of an experiment: what a run was, what it saw, what came out. */
#include "engine/experiment_row.h"
#include "base/file.h"
#include "engine/commit.h"
#include "engine/jsonl.h"
#include "math/isa.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_figure(RowFigure *out, int *n, const char *key, const char *name)
{
    snprintf(out[*n].key, sizeof out[*n].key, "%s", key);
    snprintf(out[(*n)++].name, sizeof out->name, "%s", name);
}

int row_figures(RowFigure *out, const Experiment *e)
{
    int n = 0;
    add_figure(out, &n, "linear", "linear probe");
    add_figure(out, &n, "knn", "kNN");
    for (int i = 0; i < PROBE_FEW && e->few[i]; i++) {
        char key[32], name[48];
        snprintf(key, sizeof key, "linear_%d", e->few[i]);
        snprintf(name, sizeof name, "%d labels a class", e->few[i]);
        add_figure(out, &n, key, name);
    }
    add_figure(out, &n, "classifier", "its own classifier");
    if (*e->transfer) {
        char name[48];
        snprintf(name, sizeof name, "linear, %.30s", e->transfer);
        add_figure(out, &n, "transfer_linear", name);
        snprintf(name, sizeof name, "kNN, %.30s", e->transfer);
        add_figure(out, &n, "transfer_knn", name);
    }
    return n;
}

static void put_figure(Json *o, const char *key, const Figure *f)
{
    char ci[48];
    if (!isfinite(f->value)) return; /* not asked for */
    snprintf(ci, sizeof ci, "%.40s_ci", key);
    json_put_num(o, key, f->value);
    json_put_interval(o, ci, f->low, f->high);
}

/* What the generator saw, from its card. */
static void put_generator(Json *o, const ExperimentArm *a)
{
    if (!a->generator) return;
    Json *g = json_make();
    const char *text = a->generator->card ? a->generator->card : "{}";
    Json *card = json_parse(text, strlen(text), "the card", NULL);
    json_put_str(g, "slug", a->generator->slug);
    json_put_str(g, "digest", a->generator->digest);
    if (card && json_is_object(card)) {
        json_put_int(g, "real_images", json_int(card, "real_images", -1));
        json_put_bool(g, "labels", json_bool(card, "labels", false));
        json_put_str(g, "data", json_str(card, "data", ""));
    }
    json_drop(card);
    json_put(o, "generator", g);
}

static void put_probes(Json *o, const Experiment *e, const RowProbes *p)
{
    const ProbeResult *r = &p->trained;
    put_figure(o, "linear", &r->linear);
    put_figure(o, "knn", &r->knn);
    put_figure(o, "classifier", &r->classifier);
    for (int i = 0; i < PROBE_FEW && e->few[i]; i++) {
        char key[32];
        snprintf(key, sizeof key, "linear_%d", e->few[i]);
        put_figure(o, key, &r->few[i].linear);
    }
    if (*e->transfer) {
        put_figure(o, "transfer_linear", &p->transfer.linear);
        put_figure(o, "transfer_knn", &p->transfer.knn);
    }
    put_figure(o, "untrained_linear", &p->untrained.linear);
    put_figure(o, "untrained_knn", &p->untrained.knn);
    json_put_bool(o, "frozen", r->frozen && p->untrained.frozen);
    json_put_num(o, "rank", r->rank);
}

Json *row_line(const Experiment *e, int arm, uint64_t seed, const char *key, const TrainNews *n,
               const RowProbes *p)
{
    const ExperimentArm *a = &e->arm[arm];
    TrainConfig c = a->config;
    Json *o = json_make();
    c.seed = seed;
    json_put_str(o, "experiment", e->name);
    json_put_str(o, "key", key);
    json_put_str(o, "arm", a->name);
    json_put_int(o, "seed", (int64_t)seed);
    if (isfinite(a->x)) json_put_num(o, "x", a->x);
    json_put_str(o, "split", dataset_split_name(e->split));
    put_probes(o, e, p);
    json_put_num(o, "loss", n->now.loss);
    json_put_int(o, "steps", (int64_t)n->now.step + 1);
    json_put_int(o, "views_seen", (int64_t)n->now.views);
    json_put_int(o, "unique", (int64_t)n->now.unique);
    json_put_num(o, "seconds", n->now.elapsed);
    put_generator(o, a);
    json_put_str(o, "data", e->data);
    json_put_str(o, "data_digest", e->data_digest);
    json_put_str(o, "encoder", p->trained.digest);
    json_put_str(o, "isa", isa_name(isa_current()));
    json_put_str(o, "commit", commit_id());
    json_put(o, "train", train_config_json(&c));
    return o;
}

void row_differs(char *out, size_t cap, const Json *a, const Json *b)
{
    static const char *const same[] = {
        "linear",           "knn",           "classifier", "linear_10",       "linear_60",    "linear_100",
        "untrained_linear", "untrained_knn", "rank",       "transfer_linear", "transfer_knn", "loss"};
    const char *isa_a = json_str(a, "isa", ""), *isa_b = json_str(b, "isa", "");
    *out = 0;
    if (strcmp(isa_a, isa_b)) {
        snprintf(out, cap, "the line was made with %s, this machine has %s: force it with VIEWSMITH_ISA",
                 isa_a, isa_b);
        return;
    }
    for (size_t i = 0; i < sizeof same / sizeof *same && !*out; i++) {
        double x = json_num(a, same[i], NAN), y = json_num(b, same[i], NAN);
        if (fabs(x - y) > 0 || isnan(x) != isnan(y))
            snprintf(out, cap, "%s is %.17g, the line has %.17g", same[i], y, x);
    }
    const char *was = json_str(a, "encoder", ""), *is = json_str(b, "encoder", "");
    if (!*out && strcmp(was, is)) snprintf(out, cap, "the encoder is %s, the line has %s", is, was);
}

/* --- reading
 * --------------------------------------------------------------------------------------------------- */

typedef struct {
    const Experiment *e;
    ExperimentRows *rows;
    int cap;
    bool nomem;
} Reading;

static int arm_of(const Experiment *e, const Json *line, uint64_t seed)
{
    char key[17];
    const char *name = json_str(line, "arm", "");
    for (int i = 0; i < e->arms; i++) {
        if (strcmp(e->arm[i].name, name)) continue;
        experiment_key(key, e, i, seed);
        return !strcmp(key, json_str(line, "key", "")) ? i : -1;
    }
    return -1;
}

static bool seen(const ExperimentRows *r, int arm, uint64_t seed)
{
    for (int i = 0; i < r->n; i++)
        if (r->row[i].arm == arm && r->row[i].seed == seed) return true;
    return false;
}

static bool take(void *ctx, const Json *line)
{
    Reading *r = ctx;
    uint64_t seed = (uint64_t)json_int(line, "seed", -1);
    int arm = arm_of(r->e, line, seed);
    if (arm < 0 || seen(r->rows, arm, seed)) {
        r->rows->stale++;
        return true;
    }
    if (r->rows->n == r->cap) {
        int cap = r->cap ? 2 * r->cap : 64;
        ExperimentRow *more = realloc(r->rows->row, (size_t)cap * sizeof *more);
        if (!more) return !(r->nomem = true);
        r->rows->row = more;
        r->cap = cap;
    }
    char *text = json_text(line);
    Json *copy = text ? json_parse(text, strlen(text), "a row", NULL) : NULL;
    free(text);
    if (!copy) return !(r->nomem = true);
    r->rows->row[r->rows->n++] = (ExperimentRow){arm, seed, copy};
    return true;
}

bool experiment_rows(ExperimentRows *out, const Experiment *e, const char *folder, Err *err)
{
    char path[4096], name[64];
    size_t at = 0;
    *out = (ExperimentRows){0};
    Reading r = {.e = e, .rows = out};
    snprintf(name, sizeof name, "%s.jsonl", e->name);
    bool ok = file_join(path, sizeof path, folder, name, err) && jsonl_each(path, &at, take, &r, err);
    if (ok && r.nomem) ok = err_nomem(err, "rows of an experiment");
    if (!ok) experiment_rows_free(out);
    return ok;
}

void experiment_rows_free(ExperimentRows *r)
{
    for (int i = 0; i < r->n; i++) json_drop(r->row[i].line);
    free(r->row);
    *r = (ExperimentRows){0};
}
