/* viewsmith probe: what a frozen encoder knows, by a linear probe and by weighted kNN, beside its untrained
 * twin. */
#include "cli/open.h"
#include "base/text.h"
#include "inspect/confusion.h"
#include "learn/bootstrap.h"
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
    {"labels-per-class", OPTION_TEXT, "N,..", NULL, 0, 0, false,
     "Also probes that learn from only so many labels of every class: 10,60,100"},
    {"draws", OPTION_INTEGER, "N", "5", 1, PROBE_DRAWS, false, "Of those labels, by seed, seed + 1 .."},
    {"transfer", OPTION_TEXT, "NAME|PATH", NULL, 0, 0, false,
     "Also the probes of another set of real pictures, such as mnist"},
    {"confusion", OPTION_FLAG, NULL, NULL, 0, 0, false, "What the linear probe takes for what, by class"},
    OPTION_SEED_OF("Of the linear probe and of --quick's pictures"),
    {0},
};

/* One set of real pictures, and what is read of them. */
typedef struct {
    Dataset train, held;
    ProbeBank *bank;
    ProbeResult trained, untrained;
    ProbeHits hits, untrained_hits;
} Sitting;

typedef struct {
    const Args *args;
    Workspace *workspace;
    Subject subject;
    Split split;
    ProbeConfig config;
    Sitting own, transfer; /* transfer: with --transfer */
    Pool *pool;
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

static bool open_sitting(Sitting *t, const Probe *p, const char *data, Err *err)
{
    const EncoderConfig *e = &p->subject.encoder->config;
    return open_dataset(&t->train, p->args, data, SPLIT_TRAIN, e->side, e->channels, err) &&
           open_dataset(&t->held, p->args, data, p->split, e->side, e->channels, err) &&
           probe_bank(&t->bank, &t->train, &t->held, &p->config, err);
}

static void close_sitting(Sitting *t)
{
    probe_hits_free(&t->hits);
    probe_hits_free(&t->untrained_hits);
    probe_bank_free(t->bank);
    dataset_close(&t->train);
    dataset_close(&t->held);
}

/* "10,60,100" */
static bool read_few(ProbeConfig *c, const char *text, Err *err)
{
    int n = 0;
    for (const char *at = text; at; n++) {
        char *end;
        long each = strtol(at, &end, 10);
        if (end == at || (*end && *end != ',') || each < 1 || each > 100000 || n == PROBE_FEW)
            return err_set(err, ERR_USAGE,
                           "--labels-per-class is up to %d numbers such as 10,60,100, not \"%s\"", PROBE_FEW,
                           text);
        c->few[n] = (int)each;
        at = *end ? end + 1 : NULL;
    }
    return true;
}

static bool set_config(Probe *p, Err *err)
{
    const Args *a = p->args;
    p->config = args_flag(a, "quick") ? probe_quick : probe_full;
    p->config.seed = args_seed(a, "seed");
    p->config.draws = (int)args_integer(a, "draws");
    if (!dataset_split(args_text(a, "split"), &p->split, err)) return false;
    if (p->split != SPLIT_VALID && p->split != SPLIT_TEST)
        return err_set(err, ERR_USAGE,
                       "--split is valid or test: the probe itself learns from the training pictures");
    return !args_given(a, "labels-per-class") || read_few(&p->config, args_text(a, "labels-per-class"), err);
}

static bool probe_open(Probe *p, Err *err)
{
    const Args *a = p->args;
    if (!set_config(p, err) || !open_subject(p, err)) return false;
    const char *data = subject_data(&p->subject, a, p->workspace), *other = args_text(a, "transfer");
    return open_split(&p->split, a, err) && open_sitting(&p->own, p, data, err) &&
           (!other || open_sitting(&p->transfer, p, other, err)) && (p->pool = open_pool(err)) != NULL;
}

static bool sit(Sitting *t, const Probe *p, const char *what, Err *err)
{
    const Subject *s = &p->subject;
    cli_progress(p->args, "probing %s%s", s->encoder->name, what);
    if (!probe_run_hits(&t->trained, &t->hits, s->encoder, t->bank, p->pool, err)) return false;
    if (!s->untrained) return true;
    cli_progress(p->args, "probing the untrained twin%s", what);
    return probe_run_hits(&t->untrained, &t->untrained_hits, s->untrained, t->bank, p->pool, err);
}

static bool probe_all(Probe *p, Err *err)
{
    if (!sit(&p->own, p, "", err)) return false;
    if (args_flag(p->args, "confusion") &&
        !confusion_make(&p->confusion, p->subject.encoder, p->own.bank, p->pool, err))
        return false;
    return !p->transfer.bank || sit(&p->transfer, p, " on the other pictures", err);
}

static void print_row(const Args *a, const char *what, const ProbeResult *r)
{
    char linear[40], knn[40];
    share_figure(linear, &r->linear);
    share_figure(knn, &r->knn);
    cli_say(a, "%-10s linear %-22s kNN %-22s RankMe %.1f", what, linear, knn, r->rank);
}

static void print_few(const Args *a, const ProbeResult *r)
{
    for (int i = 0; i < PROBE_FEW && r->few[i].each; i++) {
        char linear[40];
        share_figure(linear, &r->few[i].linear);
        cli_say(a, "%10d labels a class, %d draw%s: linear %s", r->few[i].each, r->few[i].draws,
                r->few[i].draws == 1 ? "" : "s", linear);
    }
}

/* What training has added, image by image. */
static Figure gain_of(const signed char *trained, const signed char *untrained, int n, uint64_t seed)
{
    signed char *gain = malloc((size_t)n + 1);
    Figure f = {NAN, NAN, NAN};
    for (int i = 0; gain && i < n; i++) gain[i] = (signed char)(trained[i] - untrained[i]);
    if (gain) f = bootstrap_mean(gain, n, seed);
    free(gain);
    return f;
}

static void print_sitting(const Probe *p, const Sitting *t)
{
    const Args *a = p->args;
    const ProbeResult *r = &t->trained;
    char train[32], held[32], own[40];
    text_count(train, sizeof train, r->train);
    text_count(held, sizeof held, r->held);
    cli_say(a, "%s: learned from %s pictures of %s, judged on %s (%s), weights %s", p->subject.encoder->name,
            train, t->train.name, held, dataset_split_name(p->split), r->frozen ? "frozen" : "NOT FROZEN");
    print_row(a, "trained", r);
    if (p->subject.untrained) print_row(a, "untrained", &t->untrained);
    share_figure(own, &r->classifier);
    if (isfinite(r->classifier.value)) cli_say(a, "its own classifier: %s", own);
    print_few(a, r);
}

static void print_row_of(const Probe *p, int label)
{
    char line[512];
    const Confusion *c = &p->confusion;
    size_t n = (size_t)snprintf(line, sizeof line, "%-14.14s", p->own.held.class_name[label]);
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
                p->own.held.class_name[cell[i] / c->classes], p->own.held.class_name[cell[i] % c->classes]);
}

/* A cell with its pictures: real:N of the split it was judged on. */
static Json *cell_json(const Probe *p, int k, int *place)
{
    const Confusion *c = &p->confusion;
    Json *o = json_make(), *pictures = json_make_array();
    int n = confusion_cell(place, c->n, c, k / c->classes, k % c->classes);
    for (int i = 0; i < n; i++) json_add_int(pictures, p->own.held.origin[c->index[place[i]]]);
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
        json_add_str(names, p->own.held.class_name[label]);
    }
    int n = room ? confusion_worst(room, cells, c) : 0;
    for (int i = 0; i < n; i++) json_add(slices, cell_json(p, room[i], room + cells));
    free(room);
    json_put(all, "classes", names);
    json_put(all, "matrix", matrix);
    json_put(all, "slices", slices);
    json_put(o, "confusion", all);
}

static void put_few(Json *o, const ProbeResult *r)
{
    Json *list = json_make_array();
    for (int i = 0; i < PROBE_FEW && r->few[i].each; i++) {
        const ProbeFew *f = &r->few[i];
        Json *row = json_make(), *draws = json_make_array();
        json_put_int(row, "labels_per_class", f->each);
        share_put_figure(row, "linear", &f->linear);
        for (int k = 0; k < f->draws; k++) json_add_num(draws, f->draw[k]);
        json_put(row, "draws", draws);
        json_add(list, row);
    }
    if (r->few[0].each)
        json_put(o, "few", list);
    else
        json_drop(list);
}

static void put_images(Json *o, const Probe *p, const Sitting *t)
{
    const ProbeHits *h = &t->hits, *u = &t->untrained_hits;
    uint64_t seed = p->config.seed;
    Figure linear = bootstrap_mean(h->linear, h->n, seed), knn = bootstrap_mean(h->knn, h->n, seed);
    json_put_interval(o, "linear_bootstrap", linear.low, linear.high);
    json_put_interval(o, "knn_bootstrap", knn.low, knn.high);
    if (!u->linear) return;
    linear = gain_of(h->linear, u->linear, h->n, seed);
    knn = gain_of(h->knn, u->knn, h->n, seed);
    share_put_figure(o, "gain_linear", &linear);
    share_put_figure(o, "gain_knn", &knn);
}

static void put_sitting(Json *o, const Probe *p, const Sitting *t)
{
    const ProbeResult *r = &t->trained;
    share_put_probe(o, r, p->subject.untrained ? &t->untrained : NULL, dataset_split_name(p->split));
    put_images(o, p, t);
    put_few(o, r);
    json_put_num(o, "rank", r->rank);
    json_put_int(o, "train", r->train);
    json_put_int(o, "held", r->held);
}

static int report(const Probe *p)
{
    const Subject *s = &p->subject;
    Json *o = json_make();
    print_sitting(p, &p->own);
    if (p->transfer.bank) print_sitting(p, &p->transfer);
    put_sitting(o, p, &p->own);
    if (isfinite(s->views))
        json_put_int(o, "views_seen", (int64_t)s->views);
    else
        json_put_num(o, "views_seen", NAN); /* null */
    json_put_num(o, "seconds", s->seconds);
    json_put_num(o, "probe_seconds", p->own.trained.seconds + p->own.untrained.seconds);
    json_put_str(o, "encoder", p->own.trained.digest);
    if (p->transfer.bank) {
        Json *t = json_make();
        json_put_str(t, "data", p->transfer.train.name);
        put_sitting(t, p, &p->transfer);
        json_put(o, "transfer", t);
    }
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
    close_sitting(&p.own);
    close_sitting(&p.transfer);
    pool_free(p.pool);
    subject_close(&p.subject);
    workspace_close(p.workspace);
    return status;
}

const Command command_probe = {
    "[RUN|FILE|judge] [--split valid|test] [--labels-per-class 10,60] [--transfer mnist]",
    "Reads a frozen encoder (the newest run's): softmax regression on standardised features, 720\n"
    "updates, and a weighted kNN vote (k 20, temperature 0.07), both learned from the training split.\n"
    "Intervals are Wilson's at 95 %; JSON has those of a bootstrap over the images too, also of what\n"
    "training has added to the untrained twin. --labels-per-class: linear probes that learn from a few\n"
    "labels, drawn several times, with Student's interval over the draws; the first draw is that of train\n"
    "--labels-per-class with the same seed. --transfer: the same encoder on other pictures. views_seen and "
    "seconds are those of the training, as far as the\n"
    "run or file tells. --confusion says what is taken for what, with the pictures of every slice as\n"
    "JSON: real:N of that split, for viewsmith neighbours --split valid.",
    "  viewsmith probe 0007\n  viewsmith probe 0007 --split test --json\n  viewsmith probe 0007 "
    "--confusion\n  viewsmith probe 0007 --labels-per-class 10,60,100 --transfer mnist\n  viewsmith probe "
    "encoder.safetensors --data photos/",
    options,
    0,
    1,
    probe_command};
