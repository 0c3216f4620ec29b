/* control.jsonl: {"at", "command"} asks; {"at", "step", "applied", "requests"} says when it took hold and how
 * many requests were taken by then. */
#include "engine/train_run.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/jsonl.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

extern char **environ;

static const char *const plain[] = {"pause", "continue", "stop", "save"};

typedef struct {
    const char *name;
    size_t at;
    double low, high;
} Knob;

static const Knob knobs[] = {
    {"rate", offsetof(TrainControl, rate), 1e-6, 10},
    {"temperature", offsetof(TrainControl, temperature), 0.01, 10},
    {"sigma", offsetof(TrainControl, sigma), 0, 10},
    {"share", offsetof(TrainControl, share), 0, 1},
    {"mix", offsetof(TrainControl, mix), 0, 1},
};
#define BACK    "rollback "
#define EXCLUDE "exclude "
#define WEIGHT  "weight "
enum { KNOBS = sizeof knobs / sizeof *knobs };

/* -1 when the command is no knob; its value is then untouched. */
static int knob_parse(const char *command, float *value, Err *err)
{
    char name[24], *end;
    if (sscanf(command, "%23s", name) != 1) return -1;
    for (int i = 0; i < KNOBS; i++) {
        if (strcmp(knobs[i].name, name)) continue;
        const char *number = command + strcspn(command, " ");
        *value = strtof(number, &end);
        if (end != number && !*end && *value >= (float)knobs[i].low && *value <= (float)knobs[i].high)
            return i;
        err_set(err, ERR_USAGE, "%s wants a number from %g to %g, not \"%s\"", name, knobs[i].low,
                knobs[i].high, number);
        return -1;
    }
    return -1;
}

static bool is_plain(const char *command)
{
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (!strcmp(command, plain[i])) return true;
    return false;
}

/* "rollback 400": whether that step is kept is seen by who trains. */
static bool back_parse(const char *command, uint64_t *step)
{
    char *end;
    size_t n = strlen(BACK);
    if (strncmp(command, BACK, n) || command[n] < '0' || command[n] > '9') return false;
    *step = strtoull(command + n, &end, 10);
    return !*end;
}

static bool is_weight(const char *command)
{
    return !strncmp(command, EXCLUDE, strlen(EXCLUDE)) || !strncmp(command, WEIGHT, strlen(WEIGHT));
}

/* "exclude ADDRESS" or "weight FACTOR ADDRESS". */
static bool weight_parse(Weight *out, const char *command, Err *err)
{
    const char *address = strchr(command, ' ') + 1;
    char *end;
    *out = (Weight){0};
    if (strncmp(command, EXCLUDE, strlen(EXCLUDE))) {
        out->factor = strtof(address, &end);
        if (end == address || *end != ' ' || !(out->factor >= 0 && out->factor <= WEIGH_FACTOR))
            return err_set(err, ERR_USAGE, "weight wants a factor from 0 to %d and an address, not \"%.60s\"",
                           WEIGH_FACTOR, address);
        address = end + 1;
    }
    if (!address_parse(&out->like, address, err)) return false;
    out->like.view = (AddressView){0};
    return true;
}

void train_control_brief(char out[48], const char *command)
{
    Weight w;
    char source[40] = "a view";
    if (!is_weight(command) || !weight_parse(&w, command, NULL)) {
        snprintf(out, 48, "%s", command);
        return;
    }
    if (w.like.source.kind == SOURCE_SEED)
        snprintf(source, sizeof source, "seed %llu", (unsigned long long)w.like.source.ref[0].id);
    if (w.factor > 0)
        snprintf(out, 48, "weight %.3g %s", (double)w.factor, source);
    else
        snprintf(out, 48, "exclude %s", source);
}

/* Whether a run can be asked for it at all. */
static bool command_check(const char *command, Err *err)
{
    float value;
    uint64_t step;
    Weight w;
    Err cause = {0};
    if (strlen(command) >= CONTROL_TEXT)
        return err_set(err, ERR_USAGE, "a command is shorter than %d bytes", CONTROL_TEXT);
    if (is_weight(command)) return weight_parse(&w, command, err);
    if (is_plain(command) || back_parse(command, &step) || knob_parse(command, &value, &cause) >= 0)
        return true;
    return err_set(
        err, ERR_USAGE, "%s",
        cause.msg[0]
            ? cause.msg
            : "a run takes rate X, temperature X, sigma X, share X, mix X, exclude ADDRESS, weight X "
              "ADDRESS, pause, continue, stop, save or rollback STEP");
}

bool train_control(const char *run_folder, const char *command, Err *err)
{
    char path[4096];
    if (!command_check(command, err)) return false;
    if (!file_join(path, sizeof path, run_folder, "control.jsonl", err)) return false;
    Json *row = json_make();
    json_put_num(row, "at", clock_wall());
    json_put_str(row, "command", command);
    return jsonl_append(path, row, err);
}

/* --- reading
 * ----------------------------------------------------------------------------------------------------- */

/* Changes of a way that was left hold no longer. */
static void forget_from(ControlState *c, uint64_t step)
{
    int kept = 0;
    for (int i = 0; i < c->agains; i++)
        if (c->again[i].step < step) c->again[kept++] = c->again[i];
    c->agains = kept;
}

/* First pass: what was applied before, and how many requests that answered. */
static bool remember(void *ctx, const Json *row)
{
    TrainRun *r = ctx;
    ControlState *c = &r->control;
    const char *applied = json_str(row, "applied", NULL);
    uint64_t step = (uint64_t)json_int(row, "step", 0);
    long done = (long)json_int(row, "requests", 0);
    float value;
    uint64_t back;
    if (!applied) return true;
    if (done > c->done) c->done = done;
    if (back_parse(applied, &back)) forget_from(c, back);
    if (step < trainer_steps(r->trainer) || (!is_weight(applied) && knob_parse(applied, &value, NULL) < 0))
        return true;
    ControlEntry *grown = realloc(c->again, (size_t)(c->agains + 1) * sizeof *grown);
    if (!grown) return false;
    c->again = grown;
    grown[c->agains].step = step;
    snprintf(grown[c->agains++].text, sizeof grown->text, "%s", applied);
    return true;
}

static bool mixes(void *ctx, const Json *row)
{
    const char *command = json_str(row, "command", NULL), *applied = json_str(row, "applied", command);
    *(bool *)ctx |= applied && !strncmp(applied, "mix ", 4);
    return !*(bool *)ctx;
}

bool control_mixes(const TrainRun *r)
{
    bool any = false;
    size_t at = 0;
    jsonl_each(r->control_path, &at, mixes, &any, NULL);
    return any;
}

void control_close(TrainRun *r)
{
    free(r->control.again);
}

static bool set_knob(TrainRun *r, int knob, float value, Err *err)
{
    TrainControl now = trainer_control(r->trainer);
    memcpy((char *)&now + knobs[knob].at, &value, sizeof value);
    return trainer_set_control(r->trainer, &now, NULL, err);
}

/* A knob or a weight; false with an empty err: it is neither. */
static bool set_figure(TrainRun *r, const char *command, Err *err)
{
    float value;
    Weight w;
    if (is_weight(command)) return weight_parse(&w, command, err) && trainer_weigh(r->trainer, &w, err);
    int knob = knob_parse(command, &value, err);
    return knob >= 0 && set_knob(r, knob, value, err);
}

static void mark(TrainRun *r, uint64_t step, const char *command)
{
    char brief[48];
    train_control_brief(brief, command);
    news_mark(r, step, brief);
}

static void write_applied(TrainRun *r, const char *text)
{
    Json *row = json_make();
    json_put_num(row, "at", clock_wall());
    json_put_int(row, "step", (int64_t)trainer_steps(r->trainer));
    json_put_str(row, "applied", text);
    json_put_int(row, "requests", r->control.done);
    jsonl_append(r->control_path, row, NULL); /* a full disk shows at the next checkpoint */
    mark(r, trainer_steps(r->trainer), text);
}

void control_back(TrainRun *r)
{
    char text[48];
    uint64_t step = trainer_steps(r->trainer);
    forget_from(&r->control, step);
    snprintf(text, sizeof text, BACK "%llu", (unsigned long long)step);
    write_applied(r, text);
}

static void apply(TrainRun *r, const char *command)
{
    Err err = {0};
    if (!is_plain(command) && !set_figure(r, command, &err)) {
        news_tell(r, err.msg[0] ? err.msg : "control.jsonl: an unknown command");
        return;
    }
    if (!strcmp(command, "pause")) job_pause(r->job, true);
    if (!strcmp(command, "continue")) job_pause(r->job, false);
    if (!strcmp(command, "stop")) r->stop = true;
    if (!strcmp(command, "save")) r->saved = -1e18;
    write_applied(r, command);
}

/* Requests are taken once, in order. Of those that nobody had taken when the last session ended, changes
 * still hold; "stop" and the like were for that session. */
static bool take(void *ctx, const Json *row)
{
    TrainRun *r = ctx;
    ControlState *c = &r->control;
    const char *command = json_str(row, "command", NULL);
    if (!command || c->requests++ < c->done) return true;
    c->done = c->requests;
    /* Going back comes before what was asked for after it. */
    if (back_parse(command, &r->back_to)) return !(r->back = !c->opening);
    if (!c->opening || !is_plain(command)) apply(r, command);
    return true;
}

bool control_open(TrainRun *r, Err *err)
{
    ControlState *c = &r->control;
    size_t at = 0;
    if (!jsonl_each(r->control_path, &at, remember, r, err)) return false;
    c->opening = true;
    bool ok = jsonl_each(r->control_path, &c->offset, take, r, err);
    c->opening = false;
    return ok;
}

/* Changes of an earlier session that lie ahead of this one's checkpoint come again at their step. */
static void take_again(TrainRun *r)
{
    ControlState *c = &r->control;
    for (int i = 0; i < c->agains; i++) {
        if (c->again[i].step == trainer_steps(r->trainer) && set_figure(r, c->again[i].text, NULL))
            mark(r, c->again[i].step, c->again[i].text);
    }
}

bool control_step(TrainRun *r, Err *err)
{
    struct stat st;
    take_again(r);
    if (stat(r->control_path, &st) || (size_t)st.st_size <= r->control.offset) return true;
    return jsonl_each(r->control_path, &r->control.offset, take, r, err);
}

/* --- a process of its own
 * ---------------------------------------------------------------------------------------- */

bool train_detach(const char *runs, const char *id, Err *err)
{
    char log[4096], self[] = "/proc/self/exe", name[] = "viewsmith", train[] = "train", resume[] = "--resume",
                    where[] = "--runs";
    char *id_copy = strdup(id), *runs_copy = strdup(runs);
    char *argv[] = {name, train, resume, id_copy, where, runs_copy, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    pid_t pid;
    int n = snprintf(log, sizeof log, "%s/%s/detached.log", runs, id);
    if (!id_copy || !runs_copy || n >= (int)sizeof log) {
        free(id_copy);
        free(runs_copy);
        return err_nomem(err, "a process");
    }
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
    int failed = posix_spawn(&pid, self, &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    free(id_copy);
    free(runs_copy);
    return !failed || err_set(err, ERR_IO, "the run cannot go on by itself: %s", strerror(failed));
}
