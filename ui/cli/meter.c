/* viewsmith meter: what is measured of views: what a judge takes them for, how unsure it is, distance,
 * realism, nearest real. */
#include "cli/meter_cli.h"
#include <math.h>
#include <stdlib.h>

enum { GROW = 512 };

static const Option options[] = {
    OPTION_MODEL,
    OPTION_DATA,
    OPTION_RUNS,
    {"from", OPTION_TEXT, "ADDRESS", NULL, 0, 0, false, "Measure the distance from this view"},
    {"encoder", OPTION_TEXT, "RUN|FILE", NULL, 0, 0, false,
     "Whose space it is (the judge's; classes always are)"},
    {0},
};

/* --- for other commands --------------------------------------------------------------------------------- */

bool meter_cli_open(Measure **out, const Args *a, const Workspace *w, const char *encoder, Pool *pool,
                    Err *err)
{
    Encoder *e = NULL;
    bool ok = measure_open(out, w, pool, err) && (!encoder || workspace_encoder(&e, NULL, w, encoder, err)) &&
              (!e || measure_encoder(*out, e, err));
    encoder_drop(e);
    while (ok && measure_grow(*out, GROW, NULL)) {
        const Realism *r = measure_reals(*out);
        if (r && !measure_real(*out))
            cli_progress(a, "%d of %d real pictures", realism_filled(r), realism_size(r));
    }
    cli_progress(a, NULL);
    if (ok && !measure_real(*out)) cli_note(a, "no realism, no neighbours: %s", measure_why(*out));
    return ok;
}

/* --- the command ---------------------------------------------------------------------------------------- */

typedef struct {
    const Args *args;
    Workspace *workspace;
    Pool *pool;
    Measure *measure;
    Address *list, from;
    Meter *meter;
} Work;

static bool work(Work *w, Err *err)
{
    const Args *a = w->args;
    const char *from = args_text(a, "from");
    if (!share_open(&w->workspace, a, false, err) || !(w->pool = open_pool(err))) return false;
    w->list = malloc((size_t)a->words * sizeof *w->list);
    w->meter = malloc((size_t)a->words * sizeof *w->meter);
    if (!w->list || !w->meter) return err_nomem(err, "meters");
    for (int i = 0; i < a->words; i++)
        if (!open_address(&w->list[i], w->workspace, a->word[i], err)) return false;
    if (from && !open_address(&w->from, w->workspace, from, err)) return false;
    return meter_cli_open(&w->measure, a, w->workspace, args_text(a, "encoder"), w->pool, err) &&
           measure_views(w->meter, w->measure, w->list, a->words, from ? &w->from : NULL, err);
}

static void work_close(Work *w)
{
    measure_close(w->measure);
    pool_free(w->pool);
    workspace_close(w->workspace);
    free(w->list);
    free(w->meter);
}

static Json *class_rows(const Work *w, const Meter *m)
{
    Json *rows = json_make_array();
    for (int k = 0; k < METER_CLASSES && m->class[k] >= 0; k++) {
        Json *row = json_make();
        json_put_int(row, "class", m->class[k]);
        json_put_str(row, "name", measure_class(w->measure, m->class[k]));
        json_put_num(row, "share", (double)m->share[k]);
        json_add(rows, row);
    }
    return rows;
}

static Json *nearest_rows(const Meter *m)
{
    Json *rows = json_make_array();
    for (int k = 0; k < METER_NEIGHBOURS && m->nearest[k] >= 0; k++) {
        Json *row = json_make();
        json_put_int(row, "index", m->nearest[k]);
        json_put_int(row, "label", m->label[k]);
        json_put_num(row, "score", (double)m->score[k]);
        json_add(rows, row);
    }
    return rows;
}

static Json *row_of(const Work *w, int i)
{
    const Meter *m = &w->meter[i];
    char text[ADDRESS_BYTES_MAX + 1];
    Json *row = json_make();
    json_put_str(row, "address", address_print(text, &w->list[i], NULL) ? text : "");
    json_put(row, "classes", class_rows(w, m));
    json_put_num(row, "own", (double)m->own);
    json_put_num(row, "unsure", (double)m->entropy);
    json_put_num(row, "distance", (double)m->distance);
    json_put_num(row, "realism", (double)m->realism);
    json_put_num(row, "realism_rank", (double)m->rank);
    json_put(row, "nearest", nearest_rows(m));
    return row;
}

static void say(const Work *w, int i)
{
    const Meter *m = &w->meter[i];
    char text[ADDRESS_BYTES_MAX + 1];
    if (address_print(text, &w->list[i], NULL)) cli_say(w->args, "%s", text);
    for (int k = 0; k < METER_CLASSES && m->class[k] >= 0; k++)
        cli_say(w->args, "  %-12s %-14s %.3f", k ? "" : "seen as", measure_class(w->measure, m->class[k]),
                (double)m->share[k]);
    if (!isnan(m->entropy)) cli_say(w->args, "  %-12s %.3f nats", "unsure", (double)m->entropy);
    if (!isnan(m->distance)) cli_say(w->args, "  %-12s %.4f", "distance", (double)m->distance);
    if (!isnan(m->realism))
        cli_say(w->args, "  %-12s %.3f  (more than %.0f %% of the real pictures; 1: inside of them)",
                "realism", (double)m->realism, 100 * (double)m->rank);
    for (int k = 0; k < METER_NEIGHBOURS && m->nearest[k] >= 0; k++)
        cli_say(w->args, "  %-12s real:%-9d %.4f  %s", k ? "" : "nearest", m->nearest[k], (double)m->score[k],
                measure_class(w->measure, m->label[k]));
}

static int report(const Work *w)
{
    const Realism *r = measure_reals(w->measure);
    Json *o = json_make(), *rows = json_make_array();
    for (int i = 0; i < w->args->words; i++) {
        json_add(rows, row_of(w, i));
        say(w, i);
    }
    json_put_str(o, "space", measure_space(w->measure));
    json_put_str(o, "data", measure_data(w->measure));
    json_put_int(o, "real", r ? realism_size(r) : 0);
    json_put(o, "views", rows);
    if (r)
        cli_say(w->args, "in the features of %s, against %d pictures of %s", measure_space(w->measure),
                realism_size(r), measure_data(w->measure));
    return cli_result(w->args, o);
}

static int meter_command(const Args *a)
{
    Err err = {0};
    Work w = {.args = a};
    int status = work(&w, &err) ? report(&w) : cli_fail(&err);
    work_close(&w);
    return status;
}

const Command command_meter = {
    "ADDRESS|PNG... [--from ADDRESS] [--encoder RUN|FILE]",
    "Says what is measured of views: the classes a judge sees in them and how sure it is, how far they\n"
    "are from another view, how real they look (Kynkaanniemi et al. 2019, eq. 3; 1 and above is inside\n"
    "of what was measured of the real pictures; and the share of real pictures that are less real by\n"
    "the same measure) and which of up to 10,000 real pictures are nearest.\n"
    "All of it is only as good as the space it is measured in, which is named at the end.",
    "  viewsmith meter seed=4711/class=7\n  viewsmith meter seed=4711/class=7/pca-1=4 --from "
    "seed=4711/class=7",
    options,
    1,
    ARGS_MAX,
    meter_command};
