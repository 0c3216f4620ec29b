/* viewsmith quality: how good a generator's pictures are, in a judge's features. */
#include "cli/share.h"
#include "base/clock.h"
#include "base/file.h"
#include "inspect/quality.h"
#include <stdio.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_DATA,
    {"judge", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Encoder with labels (models/judge-fashion.safetensors)"},
    {"split", OPTION_TEXT, "valid|test", "valid", 0, 0, false, "Real pictures to compare with; test makes final figures only"},
    {"n", OPTION_INTEGER, "N", "10000", 20, 1000000, false, "Generated samples, classes in turn"},
    {"psi", OPTION_NUMBER, "X", "1", 0, 2, false, "Truncation"},
    {"k", OPTION_INTEGER, "K", "5", 1, 100, false, "Nearest neighbours of PRDC"},
    OPTION_SEED_OF("The i-th sample is seed + i"),
    {0},
};

static bool heard(void *ctx, double share)
{
    cli_progress(ctx, "quality %.0f %%", 100 * share);
    return !cli_interrupted();
}

static bool measure(Quality *q, const Args *a, const Workspace *w, const char **split_name, Err *err)
{
    char path[4096];
    const char *given = args_text(a, "judge");
    Dataset real = {0}, train = {0};
    Encoder *judge = NULL;
    Split split;
    QualityConfig c = {(int)args_integer(a, "n"), (float)args_number(a, "psi"), args_seed(a, "seed"), (int)args_integer(a, "k")};
    if (!dataset_split(args_text(a, "split"), &split, err)) return false;
    if (split != SPLIT_VALID && split != SPLIT_TEST)
        return err_set(err, ERR_USAGE, "--split is valid or test: the pictures must be ones that the generator has not seen");
    if (!given && !file_shipped(path, sizeof path, "models/judge-fashion.safetensors", err)) return false;
    Pool *pool = pool_new(pool_default_threads(), 0, err);
    bool ok = pool && encoder_open(&judge, given ? given : path, err) && workspace_dataset(&real, w, split, err) &&
              workspace_dataset(&train, w, SPLIT_TRAIN, err) &&
              quality_measure(q, &c, w->generator, judge, &real, &train, heard, (void *)(uintptr_t)a, pool, err);
    *split_name = dataset_split_name(split);
    encoder_drop(judge);
    dataset_close(&real);
    dataset_close(&train);
    pool_free(pool);
    return ok;
}

static Json *class_rows(const Generator *g, const Quality *q)
{
    Json *rows = json_make_array();
    for (int i = 0; i < q->classes; i++) {
        Json *row = json_make();
        json_put_int(row, "class", i);
        json_put_str(row, "name", i < g->config.classes ? g->class_name[i] : "");
        json_put_num(row, "agreement", q->agreement[i]);
        json_put_num(row, "spread", q->spread[i]);
        json_add(rows, row);
    }
    return rows;
}

static void print(const Args *a, const Generator *g, const Quality *q, const char *split)
{
    char judge[40], agree[40];
    share_figure(judge, &q->judge_accuracy);
    share_figure(agree, &q->class_agreement);
    cli_say(a, "%s@%s: %d generated, %d real (%s)", g->slug, g->digest, q->samples, q->real, split);
    cli_say(a, "judge's accuracy on real    %s", judge);
    cli_say(a, "class agreement             %s", agree);
    cli_say(a, "precision %.3f  recall %.3f  density %.3f  coverage %.3f (training pictures %.3f: %.2f of it)", q->prdc.precision,
            q->prdc.recall, q->prdc.density, q->prdc.coverage, q->train.coverage, q->prdc.coverage / q->train.coverage);
    cli_say(a, "Frechet distance %.3f (training pictures %.3f)", q->frechet, q->frechet_train);
    for (int i = 0; i < q->classes; i++)
        cli_say(a, "  %-12s agreement %.3f  spread %.2f", i < g->config.classes ? g->class_name[i] : "all", q->agreement[i],
                q->spread[i]);
}

static int quality_command(const Args *a)
{
    Err err = {0};
    Workspace *w;
    Quality q = {0};
    const char *split;
    double start = clock_seconds();
    if (!share_open(&w, a, false, &err)) return cli_fail(&err);
    cli_save_on_interrupt(true); /* nothing to save, but the work ends in order */
    if (!measure(&q, a, w, &split, &err)) {
        workspace_close(w);
        return cli_fail(&err);
    }
    print(a, w->generator, &q, split);
    Json *o = json_make();
    share_put_figure(o, "class_agreement", &q.class_agreement);
    share_put_figure(o, "judge_accuracy", &q.judge_accuracy);
    json_put_num(o, "precision", q.prdc.precision);
    json_put_num(o, "recall", q.prdc.recall);
    json_put_num(o, "density", q.prdc.density);
    json_put_num(o, "coverage", q.prdc.coverage);
    json_put_num(o, "coverage_train", q.train.coverage);
    json_put_num(o, "min_class_spread", q.min_spread);
    json_put_num(o, "frechet", q.frechet);
    json_put_num(o, "frechet_train", q.frechet_train);
    json_put(o, "classes", class_rows(w->generator, &q));
    json_put_int(o, "samples", q.samples);
    json_put_int(o, "real", q.real);
    json_put_str(o, "split", split);
    json_put_str(o, "model", w->generator->digest);
    json_put_num(o, "seconds", clock_seconds() - start);
    quality_free(&q);
    workspace_close(w);
    return cli_result(a, o);
}

const Command command_quality = {
    "[--split valid|test] [--n N]",
    "Generated samples against real pictures in the features of a judge: class agreement,\n"
    "precision, recall, density and coverage (Naeem et al. 2020), Frechet distance, and the spread\n"
    "within every class over the real one. The same of training pictures is the yardstick.",
    "  viewsmith quality --json\n  viewsmith quality --split test --n 10000 --json", options, 0, 0, quality_command};
