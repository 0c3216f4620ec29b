/* The demo: a wall, a steered strip, a short training with its curve, neighbours of the steered view, and a
 * summary. */
#include "engine/demo.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "engine/export.h"
#include "engine/plot.h"
#include "engine/train_job.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WALL_ROWS = 8, STRIP_ROWS = 5, STRIP_STEPS = 9, NEAREST = 10, WALL_MOST = 2000 };
#define WALL_PSI 0.7f

typedef struct {
    const Demo *set;
    DemoResult *out;
    DemoProgress *progress;
    void *ctx;
    Pool *pool;
    Latent *latent;
    Address view;    /* what act two steers and act four asks about */
    TrainNews *news; /* the end of act three, kept */
    double started;
} Acts;

static bool tell(const Acts *a, Err *err, double share, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Progress; false with ERR_CANCELLED when it is to stop. */
static bool tell(const Acts *a, Err *err, double share, const char *fmt, ...)
{
    char text[160];
    va_list list;
    va_start(list, fmt);
    vsnprintf(text, sizeof text, fmt, list);
    va_end(list);
    return !a->progress || a->progress(a->ctx, text, share) ||
           err_set(err, ERR_CANCELLED, "the demo was stopped");
}

/* The path of a file of the demo, entered into the result. */
static const char *name(Acts *a, const char *file)
{
    char *path = a->out->file[a->out->files];
    snprintf(path, sizeof a->out->file[0], "%s/%s", a->set->folder, file);
    a->out->files++;
    return path;
}

/* --- acts one and two
 * ---------------------------------------------------------------------------------------------- */

static bool act_wall(Acts *a, Err *err)
{
    const Generator *g = a->set->workspace->generator;
    int classes = g->config.classes ? g->config.classes : 10, n = classes * WALL_ROWS;
    if (!tell(a, err, 0, "act 1: a wall of views")) return false;
    if (n > WALL_MOST) n = WALL_MOST;
    Address *list = malloc((size_t)n * sizeof *list);
    if (!list) return err_nomem(err, "a wall");
    for (int i = 0; i < n; i++)
        list[i] = address_of_seed(g->slug, g->digest, a->set->seed + (uint64_t)i,
                                  g->config.classes ? i % classes : -1, WALL_PSI);
    bool ok = export_wall(name(a, "wall.png"), a->latent, list, n, classes, 2,
                          "a wall of views, a column per class", err);
    free(list);
    return ok;
}

/* Rows of the first directions, from -3 to 3 standard deviations. */
static bool act_steer(Acts *a, Err *err)
{
    const Generator *g = a->set->workspace->generator;
    int rows = g->directions < STRIP_ROWS ? g->directions : STRIP_ROWS;
    char title[200] = "rows: ";
    if (!tell(a, err, 0.02, "act 2: steering")) return false;
    int class = g->config.classes > 7 ? 7 : g->config.classes ? 0 : -1;
    a->view = address_of_seed(g->slug, g->digest, a->set->seed + 4711, class, WALL_PSI);
    if (!rows) return export_view(name(a, "strip.png"), a->latent, &a->view, 4, err);
    Address *list = malloc((size_t)(rows * STRIP_STEPS) * sizeof *list);
    if (!list) return err_nomem(err, "a strip");
    bool ok = true;
    for (int i = 0; i < rows && ok; i++) {
        const char *dir = g->direction[i].name;
        size_t at = strlen(title);
        snprintf(title + at, sizeof title - at, "%s%s", i ? ", " : "", dir);
        ok = export_strip_addresses(list + i * STRIP_STEPS, STRIP_STEPS, &a->view, g, dir, -3, 3, err);
    }
    ok = ok &&
         export_wall(name(a, "strip.png"), a->latent, list, rows * STRIP_STEPS, STRIP_STEPS, 2, title, err);
    if (ok) a->view = list[STRIP_STEPS - 3]; /* the first direction at 1.5: where act four goes on */
    free(list);
    return ok;
}

/* --- act three
 * ----------------------------------------------------------------------------------------------------- */

static Job *start_training(const Acts *a, Err *err)
{
    TrainConfig c = train_defaults();
    c.seed = a->set->seed;
    c.budget = (Budget){.seconds = a->set->train_seconds};
    Train *t = train_open(a->set->workspace, &c, err);
    if (!t) return NULL;
    snprintf(t->runs, sizeof t->runs, "%.3000s/runs", a->set->folder);
    snprintf(t->command, sizeof t->command, "viewsmith demo");
    t->threads = a->set->threads;
    t->probe_share = 0.1f;
    return train_start(t, (Bell){0}, err);
}

static bool watch(Acts *a, Job *job, Err *err)
{
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.2);
        TrainNews *n = (TrainNews *)job_news(job);
        if (!n) continue;
        bool going = ended || tell(a, err, 0.04 + 0.8 * n->progress, "act 3: %s, step %llu, loss %.3f",
                                   n->phase, (unsigned long long)n->now.step, n->now.loss);
        if (a->news) news_drop(&a->news->news);
        a->news = n;
        if (!going) return false;
    }
    return job_result(job, err);
}

/* Series of a panel as plain arrays. */
typedef struct {
    float *x, *y;
    int n;
} Line;

static bool line_make(Line *l, int n)
{
    *l = (Line){calloc((size_t)n + 1, sizeof(float)), calloc((size_t)n + 1, sizeof(float)), 0};
    return l->x && l->y;
}

static void line_free(Line *l)
{
    free(l->x);
    free(l->y);
}

static void line_add(Line *l, double x, double y)
{
    l->x[l->n] = (float)x;
    l->y[l->n++] = (float)y;
}

enum { LOSS, SMOOTH, KNN, LINEAR, KNN_UNTRAINED, LINEAR_UNTRAINED, LINES };

/* The live probes, then the final ones; the untrained twin's as level lines. */
static void fill_lines(Line *l, const TrainNews *n)
{
    double end = (double)n->now.step + 1;
    for (int i = 0; i < n->points; i++) {
        line_add(&l[LOSS], (double)n->point[i].step, (double)n->point[i].loss);
        line_add(&l[SMOOTH], (double)n->point[i].step, (double)n->point[i].smooth);
    }
    line_add(&l[KNN], 0, 100 * n->final_untrained.knn.value);
    line_add(&l[LINEAR], 0, 100 * n->final_untrained.linear.value);
    for (int i = 0; i < n->probes; i++) {
        line_add(&l[KNN], (double)n->probe[i].step, 100 * n->probe[i].knn.value);
        line_add(&l[LINEAR], (double)n->probe[i].step, 100 * n->probe[i].linear.value);
    }
    line_add(&l[KNN], end, 100 * n->final.knn.value);
    line_add(&l[LINEAR], end, 100 * n->final.linear.value);
    for (int k = 0; k < 2; k++) {
        line_add(&l[KNN_UNTRAINED], k * end, 100 * n->final_untrained.knn.value);
        line_add(&l[LINEAR_UNTRAINED], k * end, 100 * n->final_untrained.linear.value);
    }
}

static PlotSeries series(const char *label, const Line *l, uint32_t rgb, bool dots, bool dashed)
{
    return (PlotSeries){label, l->x,  l->y, l->n, {(uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8), (uint8_t)rgb},
                        dots,  dashed};
}

/* The addresses under the curve are those of the last batch's pairs. */
static bool save_curve(Acts *a, const Line *l, Err *err)
{
    const TrainNews *n = a->news;
    PlotSeries loss[] = {series("loss", &l[LOSS], 0xd8c7b0, false, false),
                         series("averaged", &l[SMOOTH], 0xc05a1c, false, false)};
    PlotSeries real[] = {series("linear probe", &l[LINEAR], 0x1c62c0, true, false),
                         series("kNN", &l[KNN], 0x2c8a4b, true, false),
                         series("untrained, linear", &l[LINEAR_UNTRAINED], 0x8fb0dd, false, true),
                         series("untrained, kNN", &l[KNN_UNTRAINED], 0x9ccaa9, false, true)};
    Plot panel[] = {
        {"Contrastive training on generated views", "step", "NT-Xent", loss, 2, 480, 320, false, NULL, 0},
        {"On real pictures", "step", "accuracy, %", real, 4, 480, 320, false, NULL, 0}};
    Address pairs[2 * TRAIN_PAIRS];
    Image curve = {0};
    for (int i = 0; i < n->pairs; i++)
        pairs[2 * i] = n->pair[i].address_a, pairs[2 * i + 1] = n->pair[i].address_b;
    bool ok = plot_image(&curve, panel, 2, err) &&
              export_png(name(a, "curve.png"), &curve, pairs, 2 * n->pairs,
                         "training curve; addresses: pairs of the last batch", err);
    image_free(&curve);
    return ok;
}

static bool act_curve(Acts *a, Err *err)
{
    Line l[LINES] = {0};
    bool ok = true;
    for (int i = 0; i < LINES; i++) ok = line_make(&l[i], TRAIN_POINTS + TRAIN_PROBES) && ok;
    if (ok) fill_lines(l, a->news);
    ok = ok ? save_curve(a, l, err) : err_nomem(err, "the curve");
    for (int i = 0; i < LINES; i++) line_free(&l[i]);
    return ok;
}

static bool act_train(Acts *a, Err *err)
{
    Job *job = start_training(a, err);
    bool ok = job && watch(a, job, err);
    job_free(job);
    if (!ok) return false;
    a->out->trained = a->news->final;
    a->out->untrained = a->news->final_untrained;
    a->out->views = a->news->now.views;
    a->out->unique = a->news->now.unique;
    a->out->split = a->news->split;
    snprintf(a->out->run, sizeof a->out->run, "%s", a->news->id);
    return act_curve(a, err);
}

/* --- act four
 * ------------------------------------------------------------------------------------------------------ */

static bool nearest(Neighbour *hit, const Dataset *data, Space space, Encoder *e, const float *picture,
                    Pool *pool, Err *err)
{
    Bank *b;
    if (!bank_new(&b, data, space, e, err)) return false;
    bool ok = bank_fill(b, bank_size(b), pool, err) &&
              bank_nearest(hit, b, METRIC_COSINE, picture, 1, NEAREST, pool, err);
    bank_drop(b);
    return ok;
}

static bool save_neighbours(Acts *a, const Dataset *data, const Image *query, Err *err)
{
    Encoder *of[] = {a->news->encoder, NULL, a->news->twin};
    Neighbour hit[3][NEAREST];
    SheetRow row[3];
    static const char *const title[] = {"in the encoder's features", "in pixels",
                                        "in the untrained encoder's features"};
    float *picture = malloc(dataset_item_bytes(data) * sizeof *picture);
    bool ok = picture || err_nomem(err, "a query");
    if (ok) image_to_planes(picture, query);
    for (int s = 0; s < 3 && ok; s++) {
        ok = tell(a, err, 0.9 + 0.03 * s, "act 4: neighbours among %d real pictures %s", data->n, title[s]) &&
             nearest(hit[s], data, (Space)s, of[s], picture, a->pool, err);
        row[s] = (SheetRow){title[s], hit[s], NEAREST};
    }
    ok = ok && export_neighbours(name(a, "neighbours.png"), query, "generated", data, row, 3, &a->view,
                                 "nearest real pictures, cosine, exact", err);
    free(picture);
    return ok;
}

static bool act_neighbours(Acts *a, Err *err)
{
    Dataset data = {0};
    Image query = {0};
    bool ok = workspace_dataset(&data, a->set->workspace, SPLIT_VALID, err);
    if (ok && data.n < NEAREST)
        ok = err_set(err, ERR_IO, "the demo needs %d held-out real pictures, and there are %d", NEAREST,
                     data.n);
    ok = ok && export_images(&query, a->latent, &a->view, 1, err) && save_neighbours(a, &data, &query, err);
    image_free(&query);
    dataset_close(&data);
    return ok;
}

/* --- the summary
 * --------------------------------------------------------------------------------------------------- */

static void put_figure(Json *o, const char *key, const char *key_ci, const Figure *f)
{
    json_put_num(o, key, f->value);
    json_put_interval(o, key_ci, f->low, f->high);
}

Json *demo_json(const DemoResult *r)
{
    Json *o = json_make(), *files = json_make_array();
    put_figure(o, "linear", "linear_ci", &r->trained.linear);
    put_figure(o, "knn", "knn_ci", &r->trained.knn);
    put_figure(o, "untrained_linear", "untrained_linear_ci", &r->untrained.linear);
    put_figure(o, "untrained_knn", "untrained_knn_ci", &r->untrained.knn);
    json_put_bool(o, "frozen", r->trained.frozen && r->untrained.frozen);
    json_put_int(o, "views_seen", (int64_t)r->views);
    json_put_int(o, "unique", (int64_t)r->unique);
    json_put_num(o, "seconds", r->seconds);
    json_put_str(o, "split", r->split);
    json_put_str(o, "run", r->run);
    for (int i = 0; i < r->files; i++) json_add_str(files, r->file[i]);
    json_put(o, "files", files);
    return o;
}

static bool write_text(const char *path, const char *text, Err *err)
{
    return text ? file_replace(path, text, strlen(text), err) : err_nomem(err, "the summary");
}

static bool save_summary(Acts *a, Err *err)
{
    char text[2048], address[ADDRESS_BYTES_MAX + 1];
    const DemoResult *r = a->out;
    const Generator *g = a->set->workspace->generator;
    const char *plain = name(a, "summary.txt"), *json = name(a, "summary.json");
    a->out->seconds = clock_seconds() - a->started;
    if (!address_print(address, &a->view, err)) return false;
    snprintf(text, sizeof text,
             "Viewsmith demo: %s@%s, %.0f seconds\n\n"
             "1 wall.png        views at psi %.1f, a column per class\n"
             "2 strip.png       the first directions, -3 to 3 standard deviations\n"
             "3 curve.png       %llu generated views (%llu different), none of them real; run %s\n"
             "                  linear probe %.1f %% [%.1f, %.1f], untrained %.1f %%\n"
             "                  kNN          %.1f %% [%.1f, %.1f], untrained %.1f %%\n"
             "                  on %d held-out real pictures (%s), weights %s while probing\n"
             "4 neighbours.png  the nearest held-out real pictures of\n                  %s\n",
             g->slug, g->digest, r->seconds, (double)WALL_PSI, (unsigned long long)r->views,
             (unsigned long long)r->unique, r->run, 100 * r->trained.linear.value,
             100 * r->trained.linear.low, 100 * r->trained.linear.high, 100 * r->untrained.linear.value,
             100 * r->trained.knn.value, 100 * r->trained.knn.low, 100 * r->trained.knn.high,
             100 * r->untrained.knn.value, r->trained.held, r->split,
             r->trained.frozen ? "frozen" : "NOT frozen", address);
    Json *o = demo_json(r);
    char *line = json_text(o);
    json_drop(o);
    bool ok = write_text(plain, text, err) && write_text(json, line, err);
    free(line);
    return ok;
}

bool demo_run(DemoResult *out, const Demo *d, DemoProgress *progress, void *ctx, Err *err)
{
    Acts a = {.set = d, .out = out, .progress = progress, .ctx = ctx, .started = clock_seconds()};
    *out = (DemoResult){.split = "valid"};
    a.pool = file_make_folder(d->folder, err) ? pool_new(d->threads, 0, err) : NULL;
    a.latent = a.pool ? latent_new(d->workspace->generator, 64, NULL, a.pool, err) : NULL;
    bool ok = a.latent && act_wall(&a, err) && act_steer(&a, err) && act_train(&a, err) &&
              act_neighbours(&a, err) && save_summary(&a, err);
    if (a.news) news_drop(&a.news->news);
    latent_free(a.latent);
    pool_free(a.pool);
    return ok;
}
