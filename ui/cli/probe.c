/* viewsmith probe: what a frozen encoder knows, by a linear probe and by weighted kNN, beside its untrained
 * twin. */
#include "cli/open.h"
#include "base/text.h"
#include "inspect/confusion.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORST = 5 }; /* confusions told in words */

static const Option options[] = {
    OPTION_OWN_DATA,
    OPTION_RUNS,
    {"split", OPTION_TEXT, "valid|test", "valid", 0, 0, false, "Judged on; test makes final figures only"},
    {"untrained", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Encoder file to compare with (a run's own twin)"},
    {"quick", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "5,000 + 1,000 pictures, as while training, instead of all"},
    {"confusion", OPTION_FLAG, NULL, NULL, 0, 0, false, "What the linear probe takes for what, by class"},
    OPTION_SEED_OF("Of the linear probe and of --quick's pictures"),
    {0},
};

typedef struct {
    const Args *args;
    Workspace *workspace;
    Subject subject;
    Split split;
    Dataset train, held;
    ProbeBank *bank;
    Pool *pool;
    ProbeResult trained, untrained;
    Confusion confusion; /* with --confusion */
} Probe;

static bool open_subject(Probe *p, Err *err)
{
    const Args *a = p->args;
    Subject *s = &p->subject;
    if (!share_open(&p->workspace, a, true, err) ||
        !subject_open(s, p->workspace, a->words ? a->word[0] : NULL, err))
        return false;
    if (!args_given(a, "untrained")) return true;
    encoder_drop(s->untrained);
    s->untrained = NULL;
    return encoder_open(&s->untrained, args_text(a, "untrained"), err);
}

static bool probe_open(Probe *p, Err *err)
{
    const Args *a = p->args;
    if (!dataset_split(args_text(a, "split"), &p->split, err)) return false;
    if (p->split != SPLIT_VALID && p->split != SPLIT_TEST)
        return err_set(err, ERR_USAGE,
                       "--split is valid or test: the probe itself learns from the training pictures");
    if (!open_subject(p, err)) return false;
    const EncoderConfig *e = &p->subject.encoder->config;
    const char *data = subject_data(&p->subject, a, p->workspace);
    return open_split(&p->split, a, err) &&
           open_dataset(&p->train, a, data, SPLIT_TRAIN, e->side, e->channels, err) &&
           open_dataset(&p->held, a, data, p->split, e->side, e->channels, err) &&
           (p->pool = open_pool(err)) != NULL;
}

static bool probe_all(Probe *p, Err *err)
{
    ProbeConfig config = args_flag(p->args, "quick") ? probe_quick : probe_full;
    Subject *s = &p->subject;
    config.seed = args_seed(p->args, "seed");
    if (!probe_bank(&p->bank, &p->train, &p->held, &config, err)) return false;
    cli_progress(p->args, "probing %s", s->encoder->name);
    if (!probe_run(&p->trained, s->encoder, p->bank, p->pool, err)) return false;
    if (args_flag(p->args, "confusion") && !confusion_make(&p->confusion, s->encoder, p->bank, p->pool, err))
        return false;
    if (!s->untrained) return true;
    cli_progress(p->args, "probing the untrained twin");
    return probe_run(&p->untrained, s->untrained, p->bank, p->pool, err);
}

static void print_row(const Args *a, const char *what, const ProbeResult *r)
{
    char linear[40], knn[40];
    share_figure(linear, &r->linear);
    share_figure(knn, &r->knn);
    cli_say(a, "%-10s linear %-22s kNN %-22s RankMe %.1f", what, linear, knn, r->rank);
}

static void print(const Probe *p)
{
    const Args *a = p->args;
    char train[32], held[32];
    text_count(train, sizeof train, p->trained.train);
    text_count(held, sizeof held, p->trained.held);
    cli_say(a, "%s: learned from %s pictures, judged on %s (%s), weights %s", p->subject.encoder->name, train,
            held, dataset_split_name(p->split), p->trained.frozen ? "frozen" : "NOT FROZEN");
    print_row(a, "trained", &p->trained);
    if (p->subject.untrained) print_row(a, "untrained", &p->untrained);
}

static void print_row_of(const Probe *p, int label)
{
    char line[512];
    const Confusion *c = &p->confusion;
    size_t n = (size_t)snprintf(line, sizeof line, "%-14.14s", p->held.class_name[label]);
    for (int g = 0; g < c->classes && n + 7 < sizeof line; g++)
        n += (size_t)snprintf(line + n, sizeof line - n, c->count[label * c->classes + g] ? " %5d" : "     .",
                              c->count[label * c->classes + g]);
    cli_say(p->args, "%s", line);
}

static void print_confusion(const Probe *p)
{
    const Confusion *c = &p->confusion;
    int cell[WORST], n = confusion_worst(cell, WORST, c);
    cli_say(p->args, "a row for each class, a column for what it was taken for, in the same order:");
    for (int label = 0; label < c->classes; label++) print_row_of(p, label);
    for (int i = 0; i < n; i++)
        cli_say(p->args, "%5d of %s taken for %s", c->count[cell[i]],
                p->held.class_name[cell[i] / c->classes], p->held.class_name[cell[i] % c->classes]);
}

/* A cell with its pictures: real:N of the split it was judged on. */
static Json *cell_json(const Probe *p, int k, int *place)
{
    const Confusion *c = &p->confusion;
    Json *o = json_make(), *pictures = json_make_array();
    int n = confusion_cell(place, c->n, c, k / c->classes, k % c->classes);
    for (int i = 0; i < n; i++) json_add_int(pictures, p->held.origin[c->index[place[i]]]);
    json_put_int(o, "label", k / c->classes);
    json_put_int(o, "taken_for", k % c->classes);
    json_put_int(o, "count", n);
    json_put(o, "pictures", pictures);
    return o;
}

static void put_confusion(Json *o, const Probe *p)
{
    const Confusion *c = &p->confusion;
    Json *all = json_make(), *names = json_make_array(), *matrix = json_make_array(),
         *slices = json_make_array();
    int cells = c->classes * c->classes, *room = malloc((size_t)(cells + c->n) * sizeof *room);
    for (int label = 0; label < c->classes; label++) {
        Json *row = json_make_array();
        for (int g = 0; g < c->classes; g++) json_add_int(row, c->count[label * c->classes + g]);
        json_add(matrix, row);
        json_add_str(names, p->held.class_name[label]);
    }
    int n = room ? confusion_worst(room, cells, c) : 0;
    for (int i = 0; i < n; i++) json_add(slices, cell_json(p, room[i], room + cells));
    free(room);
    json_put(all, "classes", names);
    json_put(all, "matrix", matrix);
    json_put(all, "slices", slices);
    json_put(o, "confusion", all);
}

static int report(const Probe *p)
{
    const Subject *s = &p->subject;
    const ProbeResult *r = &p->trained;
    Json *o = json_make();
    print(p);
    share_put_probe(o, r, s->untrained ? &p->untrained : NULL, dataset_split_name(p->split));
    if (isfinite(s->views))
        json_put_int(o, "views_seen", (int64_t)s->views);
    else
        json_put_num(o, "views_seen", NAN); /* null */
    json_put_num(o, "seconds", s->seconds);
    json_put_num(o, "probe_seconds", r->seconds + p->untrained.seconds);
    json_put_str(o, "encoder", r->digest);
    json_put_num(o, "rank", r->rank);
    json_put_int(o, "train", r->train);
    json_put_int(o, "held", r->held);
    if (p->confusion.count) print_confusion(p), put_confusion(o, p);
    return cli_result(p->args, o);
}

static int probe_command(const Args *a)
{
    Err err = {0};
    Probe p = {.args = a};
    bool ok = probe_open(&p, &err) && probe_all(&p, &err);
    int status = ok ? report(&p) : cli_fail(&err);
    confusion_free(&p.confusion);
    probe_bank_free(p.bank);
    pool_free(p.pool);
    dataset_close(&p.train);
    dataset_close(&p.held);
    subject_close(&p.subject);
    workspace_close(p.workspace);
    return status;
}

const Command command_probe = {
    "[RUN|FILE|judge] [--split valid|test] [--quick] [--confusion]",
    "Reads a frozen encoder (the newest run's): softmax regression on standardised features, 720\n"
    "updates, and a weighted kNN vote (k 20, temperature 0.07), both learned from the training split.\n"
    "Intervals are Wilson's at 95 %. views_seen and seconds are those of the training, as far as the\n"
    "run or file tells. --confusion says what is taken for what, with the pictures of every slice as\n"
    "JSON: real:N of that split, for viewsmith neighbours --split valid.",
    "  viewsmith probe 0007\n  viewsmith probe 0007 --split test --json\n  viewsmith probe 0007 "
    "--confusion\n  viewsmith probe "
    "encoder.safetensors --data photos/",
    options,
    0,
    1,
    probe_command};
