/* viewsmith quality: how good a generator is, in the features of a judge. */
#include "cli/open.h"
#include "base/clock.h"
#include "base/text.h"
#include "inspect/quality.h"
#include <math.h>
#include <stdio.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_DATA,
    {"judge", OPTION_TEXT, "FILE", NULL, 0, 0, false,
     "Encoder trained with labels (the shipped one; viewsmith judge)"},
    {"split", OPTION_TEXT, "valid|test", "valid", 0, 0, false,
     "Real pictures to compare with; test makes final figures only"},
    {"n", OPTION_INTEGER, "N", "10000", 2, 1e6, false, "Samples (also -n N)"},
    {"psi", OPTION_NUMBER, "X", "1", 0, 2, false, "Truncation of the samples"},
    {"k", OPTION_INTEGER, "K", "5", 1, 100, false,
     "Nearest neighbours of precision, recall, density and coverage"},
    OPTION_SEED_OF("Of the first sample; the others follow"),
    {0},
};

typedef struct {
    const Args *args;
    Workspace *workspace;
    Encoder *judge;
    Split split;
    Dataset real, train;
    Pool *pool;
    double started;
    Quality result;
} Measure;

static bool measure_open(Measure *m, Err *err)
{
    const Args *a = m->args;
    if (!share_open(&m->workspace, a, false, err) ||
        !workspace_judge(&m->judge, m->workspace, args_text(a, "judge"), err) ||
        !dataset_split(args_text(a, "split"), &m->split, err))
        return false;
    if (m->split != SPLIT_VALID && m->split != SPLIT_TEST)
        return err_set(err, ERR_USAGE, "--split is valid or test: training pictures are the yardstick");
    const GeneratorConfig *g = &m->workspace->generator->config;
    const char *data = m->workspace->data;
    return open_split(&m->split, a, err) &&
           open_dataset(&m->real, a, data, m->split, g->size, g->channels, err) &&
           open_dataset(&m->train, a, data, SPLIT_TRAIN, g->size, g->channels, err) &&
           (m->pool = open_pool(err)) != NULL;
}

static bool show(void *ctx, double share)
{
    const Measure *m = ctx;
    double spent = clock_seconds() - m->started;
    char left[32];
    text_duration(left, sizeof left, share > 0 ? spent * (1 - share) / share : 0);
    cli_progress(m->args, "%.0f %%  %s left", 100 * share, left);
    return true;
}

static bool measure(Measure *m, Err *err)
{
    QualityConfig c = quality_defaults;
    c.samples = (int)args_integer(m->args, "n");
    c.psi = (float)args_number(m->args, "psi");
    c.seed = args_seed(m->args, "seed");
    c.k = (int)args_integer(m->args, "k");
    return quality_measure(&m->result, &c, m->workspace->generator, m->judge, &m->real, &m->train, show, m,
                           m->pool, err);
}

static const char *class_name(const Measure *m, int class)
{
    const Generator *g = m->workspace->generator;
    return g->config.classes ? g->class_name[class] : "all";
}

static void print_classes(const Measure *m)
{
    const Quality *q = &m->result;
    cli_say(m->args, "%-20s %10s %10s", "class", "agreement", "spread");
    for (int i = 0; i < q->classes; i++)
        cli_say(m->args, "%-20s %8.1f %% %10.2f", class_name(m, i), 100 * q->agreement[i], q->spread[i]);
}

static Json *class_rows(const Measure *m)
{
    const Quality *q = &m->result;
    Json *rows = json_make_array();
    for (int i = 0; i < q->classes; i++) {
        Json *row = json_make();
        json_put_int(row, "class", i);
        json_put_str(row, "name", class_name(m, i));
        if (m->workspace->generator->config.classes) json_put_num(row, "agreement", q->agreement[i]);
        json_put_num(row, "spread", q->spread[i]);
        json_add(rows, row);
    }
    return rows;
}

static void print(const Measure *m)
{
    const Quality *q = &m->result;
    char agreement[40], accuracy[40];
    share_figure(agreement, &q->class_agreement);
    share_figure(accuracy, &q->judge_accuracy);
    if (m->workspace->generator->config.classes) print_classes(m);
    cli_say(m->args, "%d samples against %d real pictures (%s), in the %d features of judge %s %s",
            q->samples, q->real, dataset_split_name(m->split), q->features, m->judge->name, m->judge->digest);
    cli_say(m->args, "judge is right on real      %s", accuracy);
    if (m->workspace->generator->config.classes)
        cli_say(m->args, "sees the class asked for    %s", agreement);
    cli_say(m->args, "%-20s %10s %10s", "", "generated", "training");
    cli_say(m->args, "%-20s %10.3f %10.3f", "precision", q->prdc.precision, q->train.precision);
    cli_say(m->args, "%-20s %10.3f %10.3f", "recall", q->prdc.recall, q->train.recall);
    cli_say(m->args, "%-20s %10.3f %10.3f", "density", q->prdc.density, q->train.density);
    cli_say(m->args, "%-20s %10.3f %10.3f", "coverage", q->prdc.coverage, q->train.coverage);
    cli_say(m->args, "%-20s %10.3f %10.3f", "Frechet distance", q->frechet, q->frechet_train);
    cli_say(m->args, "%-20s %10.5f %10.5f", "kernel distance", q->kernel, q->kernel_train);
    cli_say(m->args, "%-20s %10.3f", "least spread", q->min_spread);
}

static int report(const Measure *m)
{
    const Quality *q = &m->result;
    Json *o = json_make();
    print(m);
    if (m->workspace->generator->config.classes) share_put_figure(o, "class_agreement", &q->class_agreement);
    share_put_figure(o, "judge_accuracy", &q->judge_accuracy);
    json_put_num(o, "precision", q->prdc.precision);
    json_put_num(o, "recall", q->prdc.recall);
    json_put_num(o, "density", q->prdc.density);
    json_put_num(o, "coverage", q->prdc.coverage);
    json_put_num(o, "coverage_train", q->train.coverage);
    json_put_num(o, "min_class_spread", q->min_spread);
    json_put_num(o, "frechet", q->frechet);
    json_put_num(o, "frechet_train", q->frechet_train);
    json_put_num(o, "kernel", q->kernel);
    json_put_num(o, "kernel_train", q->kernel_train);
    json_put_int(o, "features", q->features);
    json_put(o, "classes", class_rows(m));
    json_put_int(o, "samples", q->samples);
    json_put_int(o, "real", q->real);
    json_put_str(o, "split", dataset_split_name(m->split));
    json_put_str(o, "model", m->workspace->generator->digest);
    json_put_str(o, "judge", m->judge->digest);
    json_put_num(o, "seconds", clock_seconds() - m->started);
    return cli_result(m->args, o);
}

static int quality_command(const Args *a)
{
    Err err = {0};
    Measure m = {.args = a};
    m.started = clock_seconds();
    bool ok = measure_open(&m, &err) && measure(&m, &err);
    int status = ok ? report(&m) : cli_fail(&err);
    quality_free(&m.result);
    pool_free(m.pool);
    dataset_close(&m.real);
    dataset_close(&m.train);
    encoder_drop(m.judge);
    workspace_close(m.workspace);
    return status;
}

const Command command_quality = {
    "[--model FILE] [--judge FILE] [--split valid|test] [-n N] [--psi X]",
    "Compares generated pictures with real ones in a judge's features: class agreement, precision,\n"
    "recall, density and coverage, Frechet and kernel distance, and the spread within every\n"
    "class over that of the real one. As many training pictures give the yardstick (coverage_train).",
    "  viewsmith quality\n  viewsmith quality --split test --json\n  viewsmith quality --model "
    "now.safetensors -n 2000",
    options,
    0,
    0,
    quality_command};
