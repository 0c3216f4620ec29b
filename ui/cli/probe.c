/* viewsmith probe: what an encoder's frozen features know of real pictures. */
#include "cli/share.h"
#include "base/clock.h"
#include <math.h>

static const Option options[] = {
    OPTION_DATA,
    OPTION_RUNS,
    {"split", OPTION_TEXT, "valid|test", "valid", 0, 0, false, "Pictures judged on; test makes final figures only"},
    {"quick", OPTION_FLAG, NULL, NULL, 0, 0, false, "5,000 + 1,000 pictures instead of all"},
    OPTION_SEED_OF("Of the linear probe"),
    {0},
};

typedef struct {
    Workspace *w;
    Encoder *trained, *untrained;
    RunInfo run;
    bool is_run;
    ProbeResult figures, before;
    Split split;
} Probe;

static bool open_probe(Probe *p, const Args *a, Err *err)
{
    const char *what = a->words ? a->word[0] : NULL;
    if (!dataset_split(args_text(a, "split"), &p->split, err)) return false;
    if (p->split != SPLIT_VALID && p->split != SPLIT_TEST) return err_set(err, ERR_USAGE, "--split is valid or test");
    if (!share_open(&p->w, a, true, err) || !workspace_encoder(&p->trained, &p->untrained, p->w, what, err)) return false;
    p->is_run = what && runs_find(&p->run, p->w->runs, what, NULL);
    return true;
}

static bool run_probe(Probe *p, const Args *a, Err *err)
{
    const EncoderConfig *e = &p->trained->config;
    Dataset train = {0}, held = {0};
    ProbeConfig c = args_flag(a, "quick") ? probe_quick : probe_full;
    c.seed = args_seed(a, "seed");
    Pool *pool = pool_new(pool_default_threads(), 0, err);
    bool ok = pool && dataset_open(&train, args_text(a, "data"), SPLIT_TRAIN, e->side, e->channels, err) &&
              dataset_open(&held, args_text(a, "data"), p->split, e->side, e->channels, err);
    if (ok) {
        cli_note(a, "%s", train.sentence);
        cli_progress(a, "probing %s", p->trained->name);
        ok = probe_encoder(&p->figures, p->trained, &train, &held, &c, pool, err);
    }
    if (ok && p->untrained) {
        cli_progress(a, "probing the untrained twin");
        ok = probe_encoder(&p->before, p->untrained, &train, &held, &c, pool, err);
    }
    dataset_close(&train);
    dataset_close(&held);
    pool_free(pool);
    return ok;
}

static int report(const Probe *p, const Args *a, double seconds)
{
    char linear[40], knn[40];
    const ProbeResult *before = p->untrained ? &p->before : NULL;
    share_figure(linear, &p->figures.linear), share_figure(knn, &p->figures.knn);
    cli_say(a, "%s: linear %s, kNN %s on %d %s pictures, weights %s", p->trained->name, linear, knn, p->figures.held,
            dataset_split_name(p->split), p->figures.frozen ? "frozen" : "NOT FROZEN");
    if (before) {
        share_figure(linear, &before->linear), share_figure(knn, &before->knn);
        cli_say(a, "untrained: linear %s, kNN %s", linear, knn);
    }
    Json *o = json_make();
    share_put_probe(o, &p->figures, before, dataset_split_name(p->split));
    if (p->is_run) json_put_int(o, "views_seen", (int64_t)p->run.views);
    else json_put_num(o, "views_seen", NAN);
    json_put_num(o, "seconds", seconds);
    json_put_num(o, "trained_seconds", p->is_run ? p->run.seconds : NAN);
    json_put_str(o, "encoder", p->figures.digest);
    json_put_num(o, "rank", p->figures.rank);
    json_put_int(o, "held", p->figures.held);
    json_put_int(o, "train", p->figures.train);
    return cli_result(a, o);
}

static int probe_command(const Args *a)
{
    Err err = {0};
    Probe p = {0};
    double start = clock_seconds();
    bool ok = open_probe(&p, a, &err) && run_probe(&p, a, &err);
    int status = ok ? report(&p, a, clock_seconds() - start) : cli_fail(&err);
    encoder_drop(p.trained);
    encoder_drop(p.untrained);
    workspace_close(p.w);
    return status;
}

const Command command_probe = {
    "[RUN|FILE] [--split valid|test] [--quick]",
    "A linear probe and a weighted kNN (k 20, T 0.07) on frozen features, each with its 95 % interval,\n"
    "beside the untrained twin where there is a run. Without a word: the newest run.",
    "  viewsmith probe 0007 --json\n  viewsmith probe encoder.safetensors --split test", options, 0, 1, probe_command};
