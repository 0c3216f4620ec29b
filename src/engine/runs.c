/* Listing, finding, naming and deleting the folders of runs. */
#include "engine/runs.h"
#include "base/file.h"
#include "engine/jsonl.h"
#include "engine/lock.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG_MAX ((size_t)1 << 20)
#define PATH_CAP   4096
#define TAIL_BYTES (512 << 10) /* over a thousand steps, hence more than one live probe */

bool runs_folder(char *out, size_t cap, const char *given, Err *err)
{
    char home[PATH_CAP];
    if (given)
        return snprintf(out, cap, "%s", given) < (int)cap ||
               err_set(err, ERR_LIMIT, "the runs folder's path is too long");
    return file_xdg(home, sizeof home, XDG_DATA, err) && file_join(out, cap, home, "runs", err);
}

/* Four digits at least, nothing else. */
static bool is_id(const char *name)
{
    size_t n = strlen(name);
    return n >= 4 && n <= 9 && strspn(name, "0123456789") == n;
}

static bool inside(char *path, const RunInfo *run, const char *name, Err *err)
{
    return file_join(path, PATH_CAP, run->folder, name, err);
}

static void read_name(RunInfo *run)
{
    char path[PATH_CAP];
    uint8_t *bytes;
    size_t size;
    if (!inside(path, run, "name", NULL) || !file_read(path, RUN_NAME_MAX, &bytes, &size, NULL)) return;
    snprintf(run->name, sizeof run->name, "%s", (const char *)bytes);
    free(bytes);
}

static Json *read_json(const RunInfo *run, const char *name)
{
    char path[PATH_CAP];
    uint8_t *bytes;
    size_t size;
    if (!inside(path, run, name, NULL) || !file_read(path, CONFIG_MAX, &bytes, &size, NULL)) return NULL;
    Json *o = json_parse((const char *)bytes, size, path, NULL);
    free(bytes);
    return o;
}

static void read_config(RunInfo *run)
{
    Json *o = read_json(run, "config.json");
    if (!o) return;
    const Json *train = json_get(o, "train");
    run->started = json_num(o, "started", 0);
    if (train) {
        snprintf(run->maker, sizeof run->maker, "%s", json_str(train, "views", ""));
        snprintf(run->encoder, sizeof run->encoder, "%s", json_str(train, "encoder", ""));
        run->seed = (uint64_t)json_int(train, "seed", 0);
    }
    json_drop(o);
}

/* Where to begin reading for the last values: long runs are not read whole for a list. */
static size_t tail_of(const char *path)
{
    struct stat st;
    return !stat(path, &st) && st.st_size > TAIL_BYTES ? (size_t)(st.st_size - TAIL_BYTES) : 0;
}

static bool last_values(void *ctx, const Json *row)
{
    RunInfo *run = ctx;
    run->step = (uint64_t)json_int(row, "step", (int64_t)run->step);
    run->views = (uint64_t)json_int(row, "views", (int64_t)run->views);
    run->seconds = json_num(row, "elapsed", run->seconds);
    run->loss = json_num(row, "loss", run->loss);
    run->linear = json_num(row, "linear", run->linear);
    run->knn = json_num(row, "knn", run->knn);
    return true;
}

bool runs_info(RunInfo *out, const char *runs, const char *id, Err *err)
{
    char path[PATH_CAP];
    RunInfo blank = {.state = "stopped", .loss = NAN, .linear = NAN, .knn = NAN};
    snprintf(blank.id, sizeof blank.id, "%s", id); /* id may be out's own */
    *out = blank;
    if (!file_join(out->folder, sizeof out->folder, runs, out->id, err)) return false;
    if (!file_is_folder(out->folder))
        return err_set(err, ERR_IO, "there is no run %s in %s", out->id, runs);
    read_name(out);
    read_config(out);
    if (!inside(path, out, "metrics.jsonl", err)) return false;
    size_t at = tail_of(path);
    if (!jsonl_each(path, &at, last_values, out, err)) return false;
    Json *result = read_json(out, "result.json");
    if (result) {
        last_values(out, result);
        out->state = "done";
    }
    json_drop(result);
    if (lock_held(out->folder)) out->state = "running";
    return true;
}

long runs_list(RunInfo **out, const char *runs, Err *err)
{
    char **names;
    long n = 0;
    *out = NULL;
    if (!file_is_folder(runs)) return 0;
    long all = file_list(runs, &names, err);
    if (all < 0) return -1;
    *out = calloc((size_t)(all ? all : 1), sizeof **out);
    for (long i = 0; *out && i < all; i++)
        if (is_id(names[i]) && runs_info(*out + n, runs, names[i], NULL)) n++;
    free(names);
    if (*out) return n;
    err_nomem(err, "the list of runs");
    return -1;
}

/* "7" is 0007. */
static bool same_id(const RunInfo *run, const char *text)
{
    size_t n = strlen(text);
    return n && n <= 9 && strspn(text, "0123456789") == n &&
           strtol(text, NULL, 10) == strtol(run->id, NULL, 10);
}

bool runs_find(RunInfo *out, const char *runs, const char *text, Err *err)
{
    RunInfo *run;
    long n = runs_list(&run, runs, err), exact = -1, begin = -1, begins = 0;
    if (n < 0) return false;
    for (long i = 0; i < n; i++) {
        if (same_id(&run[i], text) || !strcmp(run[i].name, text)) exact = i;
        if (*text && !strncmp(run[i].name, text, strlen(text))) begin = i, begins++;
    }
    long at = exact >= 0 ? exact : begins == 1 ? begin : -1;
    if (at >= 0) *out = run[at];
    free(run);
    if (at >= 0) return true;
    if (begins > 1)
        return err_set(err, ERR_IO, "%ld runs have names that begin with \"%s\"", begins, text);
    return err_set(err, ERR_IO, "there is no run \"%s\" in %s: see viewsmith runs", text, runs);
}

static long highest(const char *runs, Err *err)
{
    char **names;
    long all = file_list(runs, &names, err), most = 0;
    if (all < 0) return -1;
    for (long i = 0; i < all; i++)
        if (is_id(names[i]) && strtol(names[i], NULL, 10) > most) most = strtol(names[i], NULL, 10);
    free(names);
    return most;
}

bool runs_make(RunInfo *out, const char *runs, Err *err)
{
    if (!file_make_folder(runs, err)) return false;
    long id = highest(runs, err);
    if (id < 0) return false;
    *out = (RunInfo){.state = "running", .loss = NAN, .linear = NAN, .knn = NAN};
    for (int tries = 0; tries < 1000; tries++) {
        snprintf(out->id, sizeof out->id, "%04d", (int)++id);
        if (!file_join(out->folder, sizeof out->folder, runs, out->id, err)) return false;
        if (!mkdir(out->folder, 0777)) return true;
        if (errno != EEXIST) break; /* else another process was quicker: the next number */
    }
    return err_set(err, ERR_IO, "%s: a folder for the run cannot be made: %s", out->folder, strerror(errno));
}

static bool name_taken(const RunInfo *run, const char *runs, const char *name, Err *err)
{
    RunInfo *all;
    long n = runs_list(&all, runs, err);
    bool taken = n < 0;
    for (long i = 0; i < n; i++)
        if (strcmp(all[i].id, run->id) && !strcmp(all[i].name, name))
            taken = !err_set(err, ERR_IO, "run %s has the name \"%s\" already", all[i].id, name);
    free(all);
    return taken;
}

bool runs_name(const RunInfo *run, const char *runs, const char *name, Err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    char path[PATH_CAP];
    size_t n = strlen(name);
    if (!inside(path, run, "name", err)) return false;
    if (!n) return !file_exists(path) || file_remove_tree(path, err);
    if (n > RUN_NAME_MAX || strspn(name, allowed) != n || strspn(name, "0123456789") == n || *name == '.' ||
        *name == '-')
        return err_set(err, ERR_USAGE,
                       "a run's name is letters, digits, \"-\", \"_\" and \".\", at most %d, not all digits, "
                       "and begins with a "
                       "letter, a digit or \"_\": not \"%s\"",
                       RUN_NAME_MAX, name);
    return !name_taken(run, runs, name, err) && file_replace(path, name, n, err);
}

bool runs_delete(const char *runs, const char *text, Err *err)
{
    RunInfo run;
    if (!runs_find(&run, runs, text, err)) return false;
    if (strcmp(run.id, text) && strcmp(run.name, text))
        return err_set(err, ERR_USAGE, "to delete run %s%s%s give its whole id or name, not \"%s\"", run.id,
                       run.name[0] ? " " : "", run.name, text);
    if (!strcmp(run.state, "running"))
        return err_set(err, ERR_IO, "run %s is running: stop it first", run.id);
    return file_remove_tree(run.folder, err);
}
