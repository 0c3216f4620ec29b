/* The fit job: steps, news, log, sheets, checkpoints, going back after a divergence, and the generator file
 * at the end. */
#include "engine/fit_config.h"
#include "base/clock.h"
#include "base/file.h"
#include "data/checkpoint.h"
#include "data/png.h"
#include "engine/jsonl.h"
#include "engine/lock.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_IMAGES   4096 /* between rows of the log */
#define NEWS_SECONDS 0.25

typedef struct {
    Fit *fit;
    Job *job;
    Gan *gan;
    Pool *pool;
    int lock;
    char checkpoint[4096], log[4096], sheets[4096];
    GanStats sum; /* of the steps since the last news or log row */
    int summed;
    double before, started, saved; /* seconds of earlier sessions; clock at this one's start and last save */
    long first, logged, sheeted;   /* images at start, at the last log row, at the last sheet */
    double published;
    int faults;
    char told[256];
} Run;

Fit *fit_open(const char *folder, const char *spec, Split split, int size, int channels, Err *err)
{
    Fit *fit = calloc(1, sizeof *fit);
    if (!fit) return err_nomem(err, "a fit"), NULL;
    if (!dataset_open(&fit->data, spec, split, size, channels, err)) {
        free(fit);
        return NULL;
    }
    snprintf(fit->folder, sizeof fit->folder, "%s", folder);
    snprintf(fit->spec, sizeof fit->spec, "%s", spec);
    snprintf(fit->slug, sizeof fit->slug, "%.39s", fit->data.subset ? "fashion" : dataset_is_named(spec) ? spec : "own");
    fit->split = split;
    fit->gan = gan_defaults(&fit->data);
    fit->threads = pool_default_threads();
    fit->save_seconds = 60;
    fit->sheet_images = 100000;
    return fit;
}

void fit_close(Fit *fit)
{
    if (!fit) return;
    dataset_close(&fit->data);
    free(fit);
}

static double spent(const Run *r)
{
    return r->before + clock_seconds() - r->started;
}

/* --- what it leaves on disk
 * ---------------------------------------------------------------------------------- */

static bool save(Run *r, Err *err)
{
    if (!gan_save(r->gan, r->checkpoint, err)) return false;
    r->saved = clock_seconds();
    return true;
}

static bool sheet_paint(Image *out, const float *x, const Fit *fit, int n, Err *err)
{
    size_t item = dataset_item_bytes(&fit->data);
    Image *tile = calloc((size_t)n, sizeof *tile);
    if (!tile) return err_nomem(err, "a sheet");
    bool ok = true;
    for (int i = 0; i < n && ok; i++)
        ok = image_from_planes(&tile[i], x + (size_t)i * item, fit->data.c, fit->data.h, fit->data.w, err);
    ok = ok && image_grid(out, tile, n, FIT_SHEET, 2, (const uint8_t[]){32, 32, 32}, err);
    for (int i = 0; i < n; i++) image_free(&tile[i]);
    free(tile);
    return ok;
}

static bool save_sheet(Run *r, Err *err)
{
    int classes = r->fit->gan.generator.classes, n = FIT_SHEET * (classes ? classes : FIT_SHEET);
    char path[4200], line[200];
    Image sheet = {0};
    float *x = malloc((size_t)n * dataset_item_bytes(&r->fit->data) * sizeof *x);
    if (!x) return err_nomem(err, "a sheet");
    snprintf(path, sizeof path, "%s/%09ld.png", r->sheets, gan_images(r->gan));
    snprintf(line, sizeof line, "fit %s: %ld images seen%s", r->fit->slug, gan_images(r->gan),
             classes ? ", one row per class" : "");
    bool ok = gan_samples(r->gan, x, n, err) && sheet_paint(&sheet, x, r->fit, n, err) &&
              png_save(path, &sheet, &(PngItem){"parameters", line}, 1, err);
    image_free(&sheet);
    free(x);
    r->sheeted = gan_images(r->gan);
    return ok;
}

static void means(GanStats *out, const Run *r)
{
    double n = r->summed ? r->summed : 1;
    *out = r->sum;
    out->loss_d /= n, out->loss_g /= n;
    out->critic_real /= n, out->critic_fake /= n;
    out->label_real /= n, out->label_fake /= n;
    out->images = gan_images(r->gan);
}

static bool save_log(Run *r, Err *err)
{
    GanStats s;
    means(&s, r);
    Json *row = json_make();
    json_put_int(row, "images", s.images);
    json_put_num(row, "seconds", spent(r));
    json_put_num(row, "loss_d", s.loss_d);
    json_put_num(row, "loss_g", s.loss_g);
    json_put_num(row, "critic_real", s.critic_real);
    json_put_num(row, "critic_fake", s.critic_fake);
    if (r->fit->gan.generator.classes) {
        json_put_num(row, "label_real", s.label_real);
        json_put_num(row, "label_fake", s.label_fake);
    }
    json_put_num(row, "rate", s.rate);
    r->logged = s.images;
    r->sum = (GanStats){0};
    r->summed = 0;
    return jsonl_append(r->log, row, err);
}

static bool export_generator(Run *r, Err *err)
{
    Fit *fit = r->fit;
    Weights *mapping = NULL, *synthesis = NULL;
    Generator *g = NULL;
    char *card = fit_card(fit, gan_images(r->gan), spent(r));
    bool ok = (card || err_nomem(err, "the card")) && gan_weights(r->gan, &mapping, &synthesis, err) &&
              generator_make(&g, &fit->gan.generator, mapping, synthesis, fit->slug, fit->data.class_name,
                             card, fit->gan.seed, r->pool, err) &&
              generator_save(g, fit->export_path, err);
    generator_drop(g);
    weights_drop(mapping);
    weights_drop(synthesis);
    free(card);
    return ok;
}

/* --- the run
 * --------------------------------------------------------------------------------------------------- */

static void news_close(News *news)
{
    free(news);
}

static void publish(Run *r)
{
    FitNews *n = calloc(1, sizeof *n);
    if (!n) return; /* the next one will come through */
    double now = clock_seconds(), here = now - r->started;
    long seen = gan_images(r->gan);
    n->news.close = news_close;
    means(&n->stats, r);
    n->total = r->fit->gan.total;
    n->images_second = here > 0 ? (double)(seen - r->first) / here : 0;
    n->left = n->images_second > 0 ? (double)(n->total - seen) / n->images_second : NAN;
    n->spent = spent(r);
    n->saved_ago = now - r->saved;
    n->faults = r->faults;
    memcpy(n->told, r->told, sizeof n->told);
    r->published = now;
    job_publish(r->job, &n->news);
}

/* Back to the last checkpoint with halved rates, which is saved so that a second divergence halves again. */
static bool go_back(Run *r, Err *err)
{
    Err cause = *err;
    if (cause.code != ERR_NUMERIC || ++r->faults > FIT_FAULTS) return false;
    *err = (Err){0};
    if (!gan_load(r->gan, r->checkpoint, NULL, 0, err)) return false;
    gan_slow(r->gan, 0.5f);
    if (!save(r, err) || !jsonl_trim(r->log, "images", gan_images(r->gan), err)) return false;
    r->sum = (GanStats){0};
    r->summed = 0;
    r->logged = gan_images(r->gan);
    snprintf(r->told, sizeof r->told, "diverged (%d of %d): back at image %ld with halved rates", r->faults,
             FIT_FAULTS, r->logged);
    Json *row = json_make();
    json_put_int(row, "images", r->logged);
    json_put_str(row, "event", r->told);
    return jsonl_append(r->log, row, err);
}

static void add(Run *r, const GanStats *s)
{
    r->sum.loss_d += s->loss_d, r->sum.loss_g += s->loss_g;
    r->sum.critic_real += s->critic_real, r->sum.critic_fake += s->critic_fake;
    r->sum.label_real += s->label_real, r->sum.label_fake += s->label_fake;
    r->sum.rate = s->rate;
    r->summed++;
}

static bool step(Run *r, Err *err)
{
    GanStats s = {0};
    if (!gan_step(r->gan, &s, err)) return go_back(r, err);
    add(r, &s);
    double now = clock_seconds();
    if (now - r->published >= NEWS_SECONDS) publish(r);
    if (s.images - r->logged >= LOG_IMAGES && !save_log(r, err)) return false;
    if (s.images - r->sheeted >= r->fit->sheet_images && !save_sheet(r, err)) return false;
    return now - r->saved < r->fit->save_seconds || save(r, err);
}

/* The seconds of earlier sessions: those of the last row of the log. */
static bool last_seconds(void *ctx, const Json *row)
{
    double *seconds = ctx;
    *seconds = json_num(row, "seconds", *seconds);
    return true;
}

static bool read_seconds(Run *r, Err *err)
{
    size_t at = 0;
    return jsonl_each(r->log, &at, last_seconds, &r->before, err);
}

static bool take_up(Run *r, Err *err)
{
    if (!checkpoint_tidy(r->checkpoint, err) ||
        !gan_load(r->gan, r->checkpoint, r->told, sizeof r->told, err) ||
        !jsonl_trim(r->log, "images", gan_images(r->gan), err) || !read_seconds(r, err))
        return false;
    r->sheeted = gan_images(r->gan) - gan_images(r->gan) % r->fit->sheet_images;
    return true;
}

static bool prepare_folder(Run *r, Err *err)
{
    const Fit *fit = r->fit;
    bool names = file_make_folder(fit->folder, err) &&
                 file_join(r->checkpoint, sizeof r->checkpoint, fit->folder, "checkpoint.safetensors", err) &&
                 file_join(r->log, sizeof r->log, fit->folder, "log.jsonl", err) &&
                 file_join(r->sheets, sizeof r->sheets, fit->folder, "sheets", err);
    if (!names) return false;
    char previous[4100];
    snprintf(previous, sizeof previous, "%s.1", r->checkpoint);
    bool there = file_exists(r->checkpoint) || file_exists(previous);
    if (there && !fit->resume)
        return err_set(err, ERR_IO, "%s holds a fit already: go on with --resume, or name another folder",
                       fit->folder);
    if (!there && fit->resume)
        return err_set(err, ERR_IO, "%s holds no checkpoint to resume from: start without --resume",
                       fit->folder);
    return file_make_folder(r->sheets, err);
}

/* Looking at a run's checkpoint disturbs nobody, so an export alone takes no lock. */
static bool open_run(Run *r, Err *err)
{
    Fit *fit = r->fit;
    r->pool = pool_new(fit->threads, 0, err);
    if (!r->pool || !prepare_folder(r, err)) return false;
    if (!fit->export_only && !lock_take(&r->lock, fit->folder, fit->folder, err)) return false;
    r->gan = gan_new(&fit->gan, &fit->data, r->pool, err);
    if (!r->gan) return false;
    r->started = r->saved = clock_seconds();
    if (fit->export_only)
        return gan_load(r->gan, r->checkpoint, r->told, sizeof r->told, err) && read_seconds(r, err);
    /* The settings are there before the first checkpoint: whoever finds one can resume it. */
    if (fit->resume ? !take_up(r, err) || !fit_config_save(fit, err)
                    : !fit_config_save(fit, err) || !save(r, err))
        return false;
    r->first = r->logged = gan_images(r->gan);
    r->started = clock_seconds();
    return true;
}

static bool train(Run *r, Err *err)
{
    publish(r);
    while (gan_images(r->gan) < r->fit->gan.total && job_going(r->job))
        if (!step(r, err)) return false;
    if (r->summed && !save_log(r, err)) return false;
    if (!save(r, err)) return false;
    publish(r);
    if (!job_going(r->job))
        return err_set(err, ERR_CANCELLED, "stopped at image %ld, saved", gan_images(r->gan));
    return save_sheet(r, err);
}

static bool fit_run(Job *job, void *work, Err *err)
{
    Run r = {.fit = work, .job = job, .lock = -1};
    bool ok = open_run(&r, err) && (r.fit->export_only || train(&r, err)) && export_generator(&r, err);
    if (ok && r.fit->export_only) publish(&r); /* what the exported generator has seen */
    gan_free(r.gan);
    pool_free(r.pool);
    lock_release(r.lock);
    return ok;
}

static void work_close(void *work)
{
    fit_close(work);
}

Job *fit_start(Fit *fit, Bell bell, Err *err)
{
    static const JobKind kind = {"fit", fit_run, work_close, 0};
    if (!fit->export_path[0])
        snprintf(fit->export_path, sizeof fit->export_path, "%.3000s/generator.safetensors", fit->folder);
    return job_start(&kind, fit, bell, err);
}
