/* The kept checkpoints of a run: names, thinning, reading. */
#include "engine/train_history.h"
#include "base/file.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER         "checkpoints"
#define ENCODER_SUFFIX ".encoder.safetensors"
#define SUFFIX         ".safetensors"
#define FIRST_STRIDE   10

static bool name_file(char *out, size_t cap, const char *run_folder, uint64_t step, const char *suffix,
                      Err *err)
{
    char name[64];
    snprintf(name, sizeof name, FOLDER "/%08" PRIu64 "%s", step, suffix);
    return file_join(out, cap, run_folder, name, err);
}

/* The step of a checkpoint's file name; false for any other file. */
static bool read_name(uint64_t *step, const char *name)
{
    char *end;
    if (*name < '0' || *name > '9') return false;
    *step = strtoull(name, &end, 10);
    return !strcmp(end, SUFFIX);
}

static int by_step(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

bool history_list(History *out, const char *run_folder, Err *err)
{
    char folder[4096], **name;
    out->count = 0;
    if (!file_join(folder, sizeof folder, run_folder, FOLDER, err)) return false;
    if (!file_is_folder(folder)) return true;
    long n = file_list(folder, &name, err);
    if (n < 0) return false;
    for (long i = 0; i < n && out->count <= HISTORY_MAX; i++)
        out->count += read_name(&out->step[out->count], name[i]);
    free(name);
    qsort(out->step, (size_t)out->count, sizeof *out->step, by_step);
    return true;
}

/* The sentence for a step that is not kept. */
static bool refuse(const History *h, uint64_t step, Err *err)
{
    uint64_t nearest = h->step[0];
    if (!h->count) return err_set(err, ERR_USAGE, "this run keeps no checkpoints to go back to");
    for (int i = 1; i < h->count; i++) {
        uint64_t now = h->step[i] > step ? h->step[i] - step : step - h->step[i];
        uint64_t best = nearest > step ? nearest - step : step - nearest;
        if (now < best) nearest = h->step[i];
    }
    return err_set(err, ERR_USAGE,
                   "no checkpoint of step %" PRIu64 " is kept; the nearest one is of step %" PRIu64, step,
                   nearest);
}

static bool find(char *out, size_t cap, const char *run_folder, uint64_t step, const char *suffix, Err *err)
{
    History h;
    if (!history_list(&h, run_folder, err)) return false;
    for (int i = 0; i < h.count; i++)
        if (h.step[i] == step) return name_file(out, cap, run_folder, step, suffix, err);
    return refuse(&h, step, err);
}

bool history_path(char *out, size_t cap, const char *run_folder, uint64_t step, Err *err)
{
    return find(out, cap, run_folder, step, SUFFIX, err);
}

bool history_encoder(Encoder **out, const char *run_folder, uint64_t step, Err *err)
{
    char path[4096];
    return find(path, sizeof path, run_folder, step, ENCODER_SUFFIX, err) && encoder_open(out, path, err);
}

/* --- keeping -------------------------------------------------------------------------------------------- */

static uint64_t stride_at(uint64_t step, int keep)
{
    uint64_t stride = FIRST_STRIDE;
    while (step / stride > (uint64_t)keep) stride *= 2;
    return stride;
}

bool history_due(uint64_t step, int keep)
{
    return keep > 0 && step % stride_at(step, keep) == 0;
}

/* The checkpoint goes last when it comes and first when it goes: a name in the list has both files. */
static bool forget(const char *run_folder, uint64_t step, Err *err)
{
    char path[4096];
    if (!name_file(path, sizeof path, run_folder, step, SUFFIX, err)) return false;
    unlink(path);
    if (!name_file(path, sizeof path, run_folder, step, ENCODER_SUFFIX, err)) return false;
    unlink(path);
    return true;
}

static bool thin(const char *run_folder, uint64_t step, int keep, Err *err)
{
    History h;
    if (!history_list(&h, run_folder, err)) return false;
    for (int i = 0; i < h.count; i++)
        if (h.step[i] % stride_at(step, keep) && !forget(run_folder, h.step[i], err)) return false;
    return true;
}

static bool save_encoder(Trainer *t, const char *path, Err *err)
{
    if (!trainer_publish(t, err)) return false;
    Encoder *e = trainer_snapshot(t, NULL);
    bool ok = encoder_save(e, path, err);
    encoder_drop(e);
    return ok;
}

bool history_save(Trainer *t, const char *run_folder, int keep, Err *err)
{
    char path[4096], encoder[4096];
    uint64_t step = trainer_steps(t);
    return name_file(encoder, sizeof encoder, run_folder, step, ENCODER_SUFFIX, err) &&
           name_file(path, sizeof path, run_folder, step, SUFFIX, err) && forget(run_folder, step, err) &&
           save_encoder(t, encoder, err) && trainer_save(t, path, err) && thin(run_folder, step, keep, err);
}

bool history_cut(const char *run_folder, uint64_t step, Err *err)
{
    History h;
    if (!history_list(&h, run_folder, err)) return false;
    for (int i = 0; i < h.count; i++)
        if (h.step[i] > step && !forget(run_folder, h.step[i], err)) return false;
    return true;
}
