/* What follows from the lines of an experiment: tables with Student's intervals over seeds, and a plot of
 * every run. */
#include "engine/experiment_row.h"
#include "base/file.h"
#include "data/png.h"
#include "engine/plot.h"
#include "math/student.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PANEL_W = 460, PANEL_H = 320, RESULTS_MAX = 1 << 22 };

typedef struct {
    const Experiment *e;
    const ExperimentRows *rows;
    RowFigure figure[ROW_FIGURES];
    int figures;
    char *text;
    size_t size, cap;
    bool nomem;
} Report;

__attribute__((format(printf, 2, 3))) static void say(Report *r, const char *fmt, ...)
{
    char line[2048];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof line) n = (int)sizeof line - 1;
    if (r->size + (size_t)n >= r->cap) {
        size_t cap = 2 * (r->cap + sizeof line);
        char *more = realloc(r->text, cap);
        if (!more) {
            r->nomem = true;
            return;
        }
        r->text = more;
        r->cap = cap;
    }
    memcpy(r->text + r->size, line, (size_t)n + 1);
    r->size += (size_t)n;
}

/* --- figures of an arm
 * --------------------------------------------------------------------------------------------- */

static const Json *line_of(const ExperimentRows *r, int arm, uint64_t seed)
{
    for (int i = 0; i < r->n; i++)
        if (r->row[i].arm == arm && r->row[i].seed == seed) return r->row[i].line;
    return NULL;
}

static uint64_t last_seed(const ExperimentRows *r)
{
    uint64_t last = 0;
    for (int i = 0; i < r->n; i++)
        if (r->row[i].seed > last) last = r->row[i].seed;
    return last;
}

/* Percentages of an arm, seed by seed; returns how many. x has room for every row. */
static int values(double *x, const ExperimentRows *r, int arm, const char *key)
{
    int n = 0;
    for (uint64_t seed = 0; seed <= last_seed(r); seed++) {
        const Json *line = line_of(r, arm, seed);
        double v = line ? json_num(line, key, NAN) : NAN;
        if (isfinite(v)) x[n++] = 100 * v;
    }
    return n;
}

/* Differences in points, over the seeds that both arms have. */
static int differences(double *x, const ExperimentRows *r, const ExperimentPair *p, const char *key)
{
    int n = 0;
    for (uint64_t seed = 0; seed <= last_seed(r); seed++) {
        const Json *a = line_of(r, p->first, seed), *b = line_of(r, p->second, seed);
        double v = a && b ? json_num(a, key, NAN) - json_num(b, key, NAN) : NAN;
        if (isfinite(v)) x[n++] = 100 * v;
    }
    return n;
}

/* The largest half of an interval that sampling the pictures alone gives, over an arm's rows. */
static double picture_half(const ExperimentRows *r, int arm, const char *key)
{
    char ci[48];
    double most = NAN;
    snprintf(ci, sizeof ci, "%.40s_ci", key);
    for (int i = 0; i < r->n; i++) {
        double low, high;
        const Json *pair = r->row[i].arm == arm ? json_get(r->row[i].line, ci) : NULL;
        if (pair && json_count(pair) == 2 && json_value_num(json_at(pair, 0), &low) &&
            json_value_num(json_at(pair, 1), &high))
            most = fmax(isnan(most) ? 0 : most, 50 * (high - low));
    }
    return most;
}

static bool has_figure(const ExperimentRows *r, const char *key)
{
    for (int i = 0; i < r->n; i++)
        if (isfinite(json_num(r->row[i].line, key, NAN))) return true;
    return false;
}

/* --- tables
 * ---------------------------------------------------------------------------------------------------------
 */

static void put_mean(Report *r, int arm, const char *key, double *x)
{
    double mean, half, pictures = picture_half(r->rows, arm, key);
    int n = values(x, r->rows, arm, key);
    student_interval(&mean, &half, x, n);
    if (n == 0) say(r, " - |");
    if (n == 1) say(r, " %.2f (one seed; pictures ± %.2f) |", mean, pictures);
    if (n > 1) say(r, " %.2f ± %.2f (pictures ± %.2f) |", mean, half, pictures);
}

static void put_arms(Report *r, double *x)
{
    say(r, "| arm |");
    for (const RowFigure *f = r->figure; f < r->figure + r->figures; f++)
        if (has_figure(r->rows, f->key)) say(r, " %s |", f->name);
    say(r, " untrained, linear | seeds | steps | unique pictures |\n|---|");
    for (const RowFigure *f = r->figure; f < r->figure + r->figures; f++)
        if (has_figure(r->rows, f->key)) say(r, "---|");
    say(r, "---|---|---|---|\n");
    for (int i = 0; i < r->e->arms; i++) {
        const Json *line = line_of(r->rows, i, 0);
        say(r, "| %s |", r->e->arm[i].label);
        for (const RowFigure *f = r->figure; f < r->figure + r->figures; f++)
            if (has_figure(r->rows, f->key)) put_mean(r, i, f->key, x);
        int n = values(x, r->rows, i, "untrained_linear");
        double mean, half;
        student_interval(&mean, &half, x, n);
        say(r, " %.2f | %d | %lld | %lld |\n", mean, n, line ? (long long)json_int(line, "steps", 0) : 0,
            line ? (long long)json_int(line, "unique", 0) : 0);
    }
    say(r, "\n");
}

/* An interval that touches 0 is no difference that was shown. */
static void put_difference(Report *r, const ExperimentPair *p, const RowFigure *f, int n, double mean,
                           double half)
{
    say(r, "| %s | %s | %d | %+.2f |", *p->asks ? p->asks : r->e->arm[p->first].name, f->name, n, mean);
    if (isnan(half)) {
        say(r, " - | one seed |\n");
        return;
    }
    say(r, " [%+.2f, %+.2f] | %s |\n", mean - half, mean + half,
        mean - half > 0   ? "**more**"
        : mean + half < 0 ? "**less**"
                          : "not shown");
}

static void put_pairs(Report *r, double *x)
{
    if (!r->e->pairs) return;
    say(r, "| paired by seed | figure | seeds | difference in points | 95 %% interval | "
           "|\n|---|---|---|---|---|---|\n");
    for (int i = 0; i < r->e->pairs; i++)
        for (const RowFigure *f = r->figure; f < r->figure + r->figures; f++) {
            const ExperimentPair *p = &r->e->pair[i];
            double mean, half;
            int n = differences(x, r->rows, p, f->key);
            if (!n) continue;
            student_interval(&mean, &half, x, n);
            put_difference(r, p, f, n, mean, half);
        }
    say(r, "\n");
}

/* What each generator saw, once. */
static void put_saw(Report *r)
{
    for (int i = 0; i < r->e->arms; i++) {
        const Json *line = line_of(r->rows, i, 0), *g = line ? json_get(line, "generator") : NULL;
        bool told = !g;
        for (int k = 0; k < i && !told; k++)
            told = r->e->arm[k].generator && r->e->arm[i].generator &&
                   !strcmp(r->e->arm[k].generator->digest, r->e->arm[i].generator->digest);
        if (told) continue;
        say(r, "- The generator `%s` (%s) saw %lld real pictures%s.\n", json_str(g, "slug", ""),
            json_str(g, "digest", ""), (long long)json_int(g, "real_images", -1),
            json_bool(g, "labels", false) ? " and their labels" : " and no labels");
    }
}

static void put_head(Report *r)
{
    const Experiment *e = r->e;
    say(r, "## %s\n\n", e->title);
    if (*e->asks) say(r, "%s\n\n", e->asks);
    say(r,
        "Accuracy in %% on the %s pictures of %s, mean over seeds ± half of the 95 %% t interval; "
        "\"pictures\" is what sampling the pictures alone "
        "gives within one seed. All encoders were frozen while probed.\n\n",
        e->split == SPLIT_TEST ? "test" : "validation", e->data);
    say(r, "    viewsmith experiment %s --seeds %llu\n\n", e->name,
        (unsigned long long)last_seed(r->rows) + 1);
}

/* The section between "<!-- experiment NAME -->" and "<!-- end NAME -->" of FOLDER.md, else a new one at its
 * end. */
static bool put_section(const Report *r, const char *folder, Err *err)
{
    char path[4096], begin[80], end[80];
    uint8_t *old = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s.md", folder);
    snprintf(begin, sizeof begin, "<!-- experiment %s -->\n", r->e->name);
    snprintf(end, sizeof end, "<!-- end %s -->\n", r->e->name);
    if (file_exists(path) && !file_read(path, RESULTS_MAX, &old, &size, err)) return false;
    const char *text = old ? (const char *)old : "", *from = strstr(text, begin),
               *to = from ? strstr(from, end) : NULL;
    size_t head = to ? (size_t)(from - text) : size;
    FileWriter *w = file_write_begin(path, err);
    bool ok = w && file_write(w, text, head, err) && (to || !size || file_write(w, "\n", 1, err)) &&
              file_write(w, begin, strlen(begin), err) && file_write(w, r->text, r->size, err) &&
              file_write(w, end, strlen(end), err) &&
              (!to || file_write(w, to + strlen(end), size - (size_t)(to - text) - strlen(end), err));
    if (ok)
        ok = file_write_commit(w, err);
    else if (w)
        file_write_abort(w);
    free(old);
    return ok;
}

static bool write_tables(Report *r, const char *folder, Err *err)
{
    const char *name = r->e->name, *last = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
    double *x = calloc((size_t)r->rows->n + 1, sizeof *x);
    if (!x) return err_nomem(err, "a report");
    put_head(r);
    put_arms(r, x);
    put_pairs(r, x);
    put_saw(r);
    say(r, "- Every row with its settings, digests and time: [%s.jsonl](%s/%s.jsonl).\n\n![%s](%s/%s.png)\n",
        name, last, name, r->e->title, last, name);
    free(x);
    return r->nomem ? err_nomem(err, "a report") : put_section(r, folder, err);
}

/* --- plot
 * -----------------------------------------------------------------------------------------------------------
 */

typedef struct {
    float *block;
    PlotSeries series[3]; /* runs, intervals, means */
    char title[64];
} Panel;

/* Arms stand in rows, or along the axis that the recipe names. */
static bool in_rows(const Experiment *e)
{
    return !*e->axis;
}

/* One more point: `at` of the arm, `value` of the figure. NaN ends a line. */
static void add_point(PlotSeries *s, float *x, float *y, const Experiment *e, double at, double value)
{
    x[s->n] = (float)(in_rows(e) ? value : at);
    y[s->n++] = (float)(in_rows(e) ? at : value);
}

static double place(const Experiment *e, int arm)
{
    if (in_rows(e)) return arm + 1;
    return e->axis_log ? log10(e->arm[arm].x) : e->arm[arm].x;
}

static bool fill_panel(Panel *p, const Report *r, const RowFigure *f, Err *err)
{
    const Experiment *e = r->e;
    size_t room = 2 * (size_t)r->rows->n + 3 * (size_t)e->arms;
    p->series[0] = (PlotSeries){.name = "runs", .rgb = {150, 170, 200}, .dots = true};
    p->series[1] = (PlotSeries){.name = "95 % interval", .rgb = {190, 90, 30}};
    p->series[2] = (PlotSeries){.name = "mean", .rgb = {20, 60, 140}, .dots = true};
    p->block = calloc(6 * room, sizeof(float));
    double *v = calloc((size_t)r->rows->n + 1, sizeof *v);
    if (!p->block || !v) return free(v), err_nomem(err, "a plot");
    float *x[3], *y[3];
    for (int i = 0; i < 3; i++) {
        p->series[i].x = x[i] = p->block + (size_t)(2 * i) * room;
        p->series[i].y = y[i] = x[i] + room;
    }
    for (int arm = 0; arm < e->arms; arm++) {
        double mean, half, at = place(e, arm);
        int n = values(v, r->rows, arm, f->key);
        for (int k = 0; k < n; k++) {
            add_point(&p->series[0], x[0], y[0], e, at, v[k]);
            add_point(&p->series[0], x[0], y[0], e, NAN, NAN);
        }
        if (!n) continue;
        student_interval(&mean, &half, v, n);
        if (in_rows(e) && p->series[2].n) add_point(&p->series[2], x[2], y[2], e, NAN, NAN);
        add_point(&p->series[2], x[2], y[2], e, at, mean);
        add_point(&p->series[1], x[1], y[1], e, at, mean - half);
        add_point(&p->series[1], x[1], y[1], e, at, mean + half);
        add_point(&p->series[1], x[1], y[1], e, NAN, NAN);
    }
    free(v);
    snprintf(p->title, sizeof p->title, "%s, %%", f->name);
    return true;
}

/* One panel a figure. */
static bool fill_plot(Plot *plot, Panel *panel, int *n, const Report *r, const char *axis,
                      const char *const *row, Err *err)
{
    const Experiment *e = r->e;
    bool rows = in_rows(e);
    for (const RowFigure *f = r->figure; f < r->figure + r->figures; f++) {
        if (!has_figure(r->rows, f->key)) continue;
        if (!fill_panel(&panel[*n], r, f, err)) return false;
        plot[*n] = (Plot){.title = panel[*n].title,
                          .x_label = rows ? "%" : axis,
                          .y_label = "",
                          .series = panel[*n].series,
                          .n = 3,
                          .w = PANEL_W,
                          .h = rows ? 110 + 22 * e->arms : PANEL_H,
                          .row = rows ? row : NULL,
                          .rows = rows ? e->arms : 0};
        if (rows && plot[*n].h < 160) plot[*n].h = 160;
        ++*n;
    }
    return true;
}

static bool write_plot(const Report *r, const char *folder, Err *err)
{
    const Experiment *e = r->e;
    Panel panel[ROW_FIGURES] = {0};
    Plot plot[ROW_FIGURES];
    char axis[64], path[4096], name[64];
    const char **row = calloc((size_t)e->arms, sizeof *row);
    int n = 0;
    if (!row) return err_nomem(err, "a plot");
    for (int i = 0; i < e->arms; i++) row[i] = e->arm[i].name;
    snprintf(axis, sizeof axis, "%s%s", e->axis_log ? "log10 of " : "", e->axis);
    snprintf(name, sizeof name, "%s.png", e->name);
    Image im = {0};
    bool ok = fill_plot(plot, panel, &n, r, axis, row, err) &&
              file_join(path, sizeof path, folder, name, err) && plot_image(&im, plot, n, err) &&
              png_save(path, &im, NULL, 0, err);
    image_free(&im);
    for (int i = 0; i < ROW_FIGURES; i++) free(panel[i].block);
    free(row);
    return ok;
}

bool experiment_report(const Experiment *e, const char *folder, Err *err)
{
    ExperimentRows rows;
    if (!experiment_rows(&rows, e, folder, err)) return false;
    Report r = {.e = e, .rows = &rows};
    r.figures = row_figures(r.figure, e);
    bool ok =
        rows.n > 0 || err_set(err, ERR_USAGE, "%s/%s.jsonl has no row of this recipe yet", folder, e->name);
    ok = ok && write_tables(&r, folder, err) && write_plot(&r, folder, err);
    free(r.text);
    experiment_rows_free(&rows);
    return ok;
}
