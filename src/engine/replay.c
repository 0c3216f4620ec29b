/* A journal's rows carried out one by one: views by steering, runs by training. */
#include "engine/replay.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/pool.h"
#include "engine/export.h"
#include "engine/journal.h"
#include "engine/jsonl.h"
#include "engine/train_job.h"
#include "latent/steer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPIED_MAX ((size_t)64 << 20)

typedef struct {
    Replay *out;
    const Workspace *w;
    const ReplayOptions *o;
    char runs[3072]; /* where runs are trained again; "" before the first */
} Again;

static void tell(const Again *r, const char *what, const char *of)
{
    char line[256];
    snprintf(line, sizeof line, "%s %s", what, of);
    if (r->o->tell) r->o->tell(r->o->ctx, line);
}

/* --- views ------------------------------------------------------------------------------------------------
 */

/* "run 0007 rate 0.15" is in the run's own log too, with the step it took hold at: it is done there. */
static bool do_command(void *ctx, const char *command, Err *err)
{
    Again *r = ctx;
    r->out->commands++;
    return !strncmp(command, "run ", 4) || steer_apply(&r->out->address, r->w->generator, command, err);
}

static void digest_picture(char out[65], const Image *im)
{
    DigestState s;
    int32_t shape[3] = {im->w, im->h, im->c};
    digest_begin(&s);
    digest_add(&s, shape, sizeof shape);
    digest_add(&s, im->px, (size_t)im->w * (size_t)im->h * (size_t)im->c);
    Digest d = digest_end(&s);
    digest_hex(out, &d, 64);
}

static bool paint(Again *r, Err *err)
{
    Image im = {0};
    Pool *pool = pool_new(r->o->threads ? r->o->threads : pool_default_threads(), 0, err);
    Latent *l = pool ? latent_new(r->w->generator, 1, NULL, pool, err) : NULL;
    bool ok = l && export_images(&im, l, &r->out->address, 1, err);
    if (ok) digest_picture(r->out->digest, &im);
    image_free(&im);
    latent_free(l);
    pool_free(pool);
    return ok;
}

/* --- runs -------------------------------------------------------------------------------------------------
 */

/* "train 0007 412": the run, and the steps it had done. */
static bool read_job(const char *job, char id[16], unsigned long long *steps, Err *err)
{
    *steps = 0;
    return sscanf(job, "train %15s %llu", id, steps) >= 1 ||
           err_set(err, ERR_FORMAT, "no job of the kind \"%.40s\" can be done again", job);
}

static bool copy_file(const char *from, const char *to, const char *name, Err *err)
{
    char source[4096], target[4096];
    uint8_t *bytes;
    size_t size;
    if (!file_join(source, sizeof source, from, name, err) ||
        !file_join(target, sizeof target, to, name, err))
        return false;
    if (!file_exists(source)) return true;
    if (!file_read(source, COPIED_MAX, &bytes, &size, err)) return false;
    bool ok = file_replace(target, bytes, size, err);
    free(bytes);
    return ok;
}

typedef struct {
    const char *path; /* written to */
    double until;
    bool back, ok;
    Err *err;
} Log;

static bool copy_row(void *ctx, const Json *row)
{
    Log *l = ctx;
    if (json_num(row, "at", 0) > l->until) return true;
    l->back |= !strncmp(json_str(row, "applied", ""), "rollback", 8);
    char *text = json_text(row);
    Json *copy = text ? json_parse(text, strlen(text), l->path, l->err) : NULL;
    free(text);
    return l->ok = copy && jsonl_append(l->path, copy, l->err);
}

/* What was asked of the run and when it took hold, as far as was known at that time. *back: it went back to
 * an earlier checkpoint meanwhile. */
static bool copy_log(const char *from, const char *to, double until, bool *back, Err *err)
{
    char source[4096], target[4096];
    size_t at = 0;
    Log l = {.path = target, .until = until, .ok = true, .err = err};
    if (!file_join(source, sizeof source, from, "control.jsonl", err) ||
        !file_join(target, sizeof target, to, "control.jsonl", err) || !file_replace(target, "", 0, err))
        return false;
    bool ok = jsonl_each(source, &at, copy_row, &l, err) && l.ok;
    *back = l.back;
    return ok;
}

static bool scratch_folder(Again *r, Err *err)
{
    char cache[2048];
    if (*r->runs) return true;
    if (!file_xdg(cache, sizeof cache, XDG_CACHE, err) || !file_make_folder(cache, err)) return false;
    snprintf(r->runs, sizeof r->runs, "%s/replay-XXXXXX", cache);
    return mkdtemp(r->runs) || (*r->runs = 0, err_set(err, ERR_IO, "%s: no folder can be made", cache));
}

/* The run's settings and changes in a folder of its own; one that was trained before goes on there, unless
 * the run went back: its log then knows of one way only, which is gone from its beginning. */
static bool prepare(Again *r, const RunInfo *run, double at, Err *err)
{
    char folder[4096];
    bool back;
    if (!scratch_folder(r, err) || !file_join(folder, sizeof folder, r->runs, run->id, err) ||
        !file_make_folder(folder, err) || !copy_log(run->folder, folder, at, &back, err))
        return false;
    if (back && (!file_remove_tree(folder, err) || !file_make_folder(folder, err) ||
                 !copy_log(run->folder, folder, at, &back, err)))
        return false;
    return copy_file(run->folder, folder, "config.json", err) &&
           copy_file(run->folder, folder, "tray.jsonl", err);
}

static bool train_to(Again *r, const char *id, uint64_t steps, Err *err)
{
    Workspace there = *r->w;
    Err ended = {0};
    snprintf(there.runs, sizeof there.runs, "%s", r->runs);
    Train *t = train_open_run(&there, id, err);
    if (!t) return false;
    t->until = steps;
    t->end = TRAIN_END_NONE;
    t->probe_share = 0;
    if (r->o->threads) t->threads = r->o->threads;
    Job *job = train_start(t, (Bell){0}, err);
    if (!job) return false;
    while (!job_wait(job, 3600)) continue;
    bool ok = job_result(job, &ended) || ended.code == ERR_CANCELLED;
    job_free(job);
    return ok || err_set(err, ended.code, "%s", ended.msg);
}

static bool encoder_digest(char out[65], const char *runs, const char *id, Err *err)
{
    char path[4096];
    Encoder *e;
    if (snprintf(path, sizeof path, "%s/%s/encoder.safetensors", runs, id) >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "the path of run %s is too long", id);
    if (!encoder_open(&e, path, err)) return false;
    snprintf(out, 65, "%s", e->digest);
    encoder_drop(e);
    return true;
}

static bool do_started(void *ctx, const char *job, Err *err)
{
    Again *r = ctx;
    char id[16];
    unsigned long long steps;
    RunInfo run;
    r->out->jobs++;
    return read_job(job, id, &steps, err) && runs_find(&run, r->w->runs, id, err);
}

static bool do_applied(void *ctx, const char *job, double at, char digest[65], Err *err)
{
    Again *r = ctx;
    char id[16];
    unsigned long long steps;
    RunInfo run;
    if (!read_job(job, id, &steps, err) || !runs_find(&run, r->w->runs, id, err)) return false;
    if (!r->o->train && run.step + 1 != steps) return true; /* it went on: that encoder is gone */
    if (!r->o->train) return encoder_digest(digest, r->w->runs, id, err);
    tell(r, "training again:", job);
    return prepare(r, &run, at, err) && train_to(r, id, steps, err) &&
           encoder_digest(digest, r->runs, id, err);
}

bool replay_journal(Replay *out, const Workspace *w, const char *path, const ReplayOptions *o, Err *err)
{
    Again r = {.out = out, .w = w, .o = o};
    if (!w->generator) return err_set(err, ERR_USAGE, "a replay needs a generator: give a model file");
    *out = (Replay){.address = steer_start(w->generator, 0, 0, 1)};
    JournalReplay to = {&r, do_command, do_started, do_applied};
    bool ok = journal_replay(path, &to, err) && paint(&r, err);
    if (*r.runs) file_remove_tree(r.runs, NULL);
    return ok;
}
