/* viewsmith neighbours --through: what a run's encoder took for alike at each of its kept checkpoints. */
#include "cli/neighbours_cli.h"
#include "engine/through.h"
#include <stdio.h>
#include <string.h>

static Json *step_json(const Args *a, const ThroughNews *n, const ThroughStep *at)
{
    char line[THROUGH_K * 32] = "";
    Json *o = json_make(), *list = json_make_array();
    int k = n->real < THROUGH_K ? n->real : THROUGH_K;
    for (int i = 0; i < k; i++) {
        const char *class = through_class(n, at->hit[i].label);
        Json *hit = json_make();
        json_put_int(hit, "label", at->hit[i].label);
        json_put_str(hit, "class", class);
        json_put_num(hit, "score", (double)at->hit[i].score);
        json_add(list, hit);
        size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, "  %.3f %s", (double)at->hit[i].score, class);
    }
    cli_say(a, "step %6llu%s", (unsigned long long)at->step, line);
    json_put_int(o, "step", (int64_t)at->step);
    json_put(o, "neighbours", list);
    return o;
}

static int report_through(const Args *a, const char *query, const ThroughNews *n)
{
    Json *o = json_make(), *steps = json_make_array();
    for (int i = 0; i < n->done; i++) json_add(steps, step_json(a, n, &n->at[i]));
    json_put_str(o, "query", query);
    json_put_int(o, "real", n->real);
    json_put(o, "checkpoints", steps);
    return cli_result(a, o);
}

int search_through(const Args *a)
{
    Err err = {0};
    RunInfo run;
    Search s = {.args = a};
    bool ok =
        search_open_query(&s, &err) && runs_find(&run, s.workspace->runs, args_text(a, "through"), &err);
    if (ok && search_is_real(s.query))
        ok = err_set(&err, ERR_USAGE, "--through asks about a view or a picture file");
    ThroughQuery query = {s.has_address, s.address, &s.picture};
    Job *job = ok ? through_start(s.workspace, &run, &query, THROUGH_REAL, (Bell){0}, &err) : NULL;
    while (job && !job_wait(job, 0.2)) {
        ThroughNews *n = (ThroughNews *)job_news(job);
        if (n) cli_progress(a, "checkpoint %d of %d", n->done, n->n), news_drop(&n->news);
    }
    ThroughNews *n = job && job_result(job, &err) ? (ThroughNews *)job_news(job) : NULL;
    int status = n ? report_through(a, s.query, n) : cli_fail(&err);
    if (n) news_drop(&n->news);
    job_free(job);
    search_close(&s);
    return status;
}
