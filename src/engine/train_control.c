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

bool train_control(const char *run_folder, const char *command, Err *err)
{
    char path[4096];
    TrainCommand checked;
    if (!command_read(&checked, command, err)) return false;
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
    TrainCommand said;
    if (!applied) return true;
    if (done > c->done) c->done = done;
    if (!command_read(&said, applied, NULL) || said.kind == COMMAND_PLAIN) return true;
    if (said.kind == COMMAND_BACK) return forget_from(c, said.step), true;
    if (step < trainer_steps(r->trainer)) return true;
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

/* A knob or a weight, from the coming step on. */
static bool set_figure(TrainRun *r, const TrainCommand *c, Err *err)
{
    if (c->kind == COMMAND_WEIGHT) return trainer_weigh(r->trainer, &c->weight, err);
    TrainControl now = trainer_control(r->trainer);
    command_set_knob(&now, c);
    return trainer_set_control(r->trainer, &now, NULL, err);
}

static void mark(TrainRun *r, uint64_t step, const char *command)
{
    char brief[COMMAND_BRIEF];
    command_brief(brief, command);
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
    snprintf(text, sizeof text, "rollback %llu", (unsigned long long)step);
    write_applied(r, text);
}

static void apply(TrainRun *r, const TrainCommand *c, const char *text)
{
    Err err = {0};
    if (c->kind != COMMAND_PLAIN && !set_figure(r, c, &err)) {
        news_tell(r, err.msg);
        return;
    }
    if (!strcmp(text, "pause")) job_pause(r->job, true);
    if (!strcmp(text, "continue")) job_pause(r->job, false);
    if (!strcmp(text, "stop")) r->stop = true;
    if (!strcmp(text, "save")) r->saved = -1e18;
    write_applied(r, text);
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
    TrainCommand asked;
    Err err = {0};
    if (!command_read(&asked, command, &err)) return news_tell(r, err.msg), true;
    if (asked.kind == COMMAND_BACK) { /* comes before what was asked for after it */
        r->back_to = asked.step;
        return !(r->back = !c->opening);
    }
    if (!c->opening || asked.kind != COMMAND_PLAIN) apply(r, &asked, command);
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
        TrainCommand said;
        if (c->again[i].step == trainer_steps(r->trainer) && command_read(&said, c->again[i].text, NULL) &&
            set_figure(r, &said, NULL))
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
