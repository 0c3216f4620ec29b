/* The grammar of control.jsonl's commands. */
#include "engine/train_command.h"
#include "base/file.h"
#include "engine/jsonl.h"
#include "engine/train_job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCLUDE "exclude "
#define WEIGHT  "weight "
#define BACK    "rollback "

static const struct {
    const char *name;
    size_t at;
    double low, high;
} knobs[] = {
    {"rate", offsetof(TrainControl, rate), 1e-6, 10},
    {"temperature", offsetof(TrainControl, temperature), 0.01, 10},
    {"sigma", offsetof(TrainControl, sigma), 0, 10},
    {"share", offsetof(TrainControl, share), 0, 1},
    {"mix", offsetof(TrainControl, mix), 0, 1},
};
enum { KNOBS = sizeof knobs / sizeof *knobs };

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static bool read_plain(const char *text)
{
    static const char *const plain[] = {"pause", "continue", "stop", "save"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (!strcmp(text, plain[i])) return true;
    return false;
}

static bool read_back(TrainCommand *out, const char *text)
{
    char *end;
    size_t n = strlen(BACK);
    if (!begins(text, BACK) || text[n] < '0' || text[n] > '9') return false;
    out->kind = COMMAND_BACK;
    out->step = strtoull(text + n, &end, 10);
    return !*end;
}

/* False with an empty err: it is no knob. */
static bool read_knob(TrainCommand *out, const char *text, Err *err)
{
    size_t n = strcspn(text, " ");
    char *end;
    for (int i = 0; i < KNOBS; i++) {
        if (strlen(knobs[i].name) != n || strncmp(knobs[i].name, text, n)) continue;
        out->kind = COMMAND_KNOB;
        out->knob = knobs[i].at;
        out->value = strtof(text + n, &end);
        bool ok = end != text + n && !*end && out->value >= (float)knobs[i].low &&
                  out->value <= (float)knobs[i].high;
        return ok || err_set(err, ERR_USAGE, "%s wants a number from %g to %g, not \"%.40s\"", knobs[i].name,
                             knobs[i].low, knobs[i].high, text + n);
    }
    return false;
}

static bool read_weight(TrainCommand *out, const char *text, Err *err)
{
    const char *address = strchr(text, ' ') + 1;
    char *end;
    out->kind = COMMAND_WEIGHT;
    out->weight.factor = 0;
    if (begins(text, WEIGHT)) {
        out->weight.factor = strtof(address, &end);
        if (end == address || *end != ' ' || !(out->weight.factor >= 0 && out->weight.factor <= WEIGH_FACTOR))
            return err_set(err, ERR_USAGE, "weight wants a factor from 0 to %d and an address, not \"%.60s\"",
                           WEIGH_FACTOR, address);
        address = end + 1;
    }
    if (!address_parse(&out->weight.like, address, err)) return false;
    out->weight.like.view = (AddressView){0};
    return true;
}

bool command_read(TrainCommand *out, const char *text, Err *err)
{
    Err cause = {0};
    memset(out, 0, sizeof *out);
    if (strlen(text) >= COMMAND_TEXT)
        return err_set(err, ERR_USAGE, "a command is shorter than %d bytes", COMMAND_TEXT);
    if (begins(text, EXCLUDE) || begins(text, WEIGHT)) return read_weight(out, text, err);
    if (read_plain(text) || read_back(out, text) || read_knob(out, text, &cause)) return true;
    return err_set(err, ERR_USAGE, "%s",
                   cause.msg[0]
                       ? cause.msg
                       : "a run takes rate X, temperature X, sigma X, share X, mix X, exclude ADDRESS, "
                         "weight X ADDRESS, pause, continue, stop, save or rollback STEP");
}

void command_set_knob(TrainControl *c, const TrainCommand *command)
{
    memcpy((char *)c + command->knob, &command->value, sizeof command->value);
}

void command_brief(char out[COMMAND_BRIEF], const char *text)
{
    TrainCommand c;
    char source[32] = "a view";
    if (!command_read(&c, text, NULL) || c.kind != COMMAND_WEIGHT) {
        snprintf(out, COMMAND_BRIEF, "%s", text);
        return;
    }
    const AddressSource *from = &c.weight.like.source;
    if (from->kind == SOURCE_SEED)
        snprintf(source, sizeof source, "seed %llu", (unsigned long long)from->ref[0].id);
    if (c.weight.factor > 0)
        snprintf(out, COMMAND_BRIEF, "weight %.3g %s", (double)c.weight.factor, source);
    else
        snprintf(out, COMMAND_BRIEF, "exclude %s", source);
}

/* --- what holds at a step ------------------------------------------------------------------------------- */

typedef struct {
    uint64_t step;
    char text[COMMAND_TEXT];
} Applied;

typedef struct {
    Applied *row;
    int n;
    uint64_t until;
    bool failed;
} AppliedList;

static bool take_applied(void *ctx, const Json *row)
{
    AppliedList *l = ctx;
    TrainCommand c;
    const char *text = json_str(row, "applied", NULL);
    uint64_t step = (uint64_t)json_int(row, "step", 0);
    if (!text || !command_read(&c, text, NULL) || c.kind == COMMAND_PLAIN) return true;
    if (c.kind == COMMAND_BACK) { /* the way that was left holds no longer */
        while (l->n && l->row[l->n - 1].step >= c.step) l->n--;
        return true;
    }
    Applied *grown = realloc(l->row, (size_t)(l->n + 1) * sizeof *grown);
    if (!grown) return l->failed = true, false;
    l->row = grown;
    grown[l->n].step = step;
    snprintf(grown[l->n++].text, sizeof grown->text, "%s", text);
    return true;
}

bool train_force(TrainForce *out, const RunInfo *run, uint64_t step, Err *err)
{
    char path[4096];
    size_t at = 0;
    AppliedList l = {0};
    TrainConfig config;
    if (!train_run_config(&config, run, err) ||
        !file_join(path, sizeof path, run->folder, "control.jsonl", err) ||
        !jsonl_each(path, &at, take_applied, &l, err) || (l.failed && err_nomem(err, "changes of a run"))) {
        free(l.row);
        return false;
    }
    out->control = config.control;
    out->weights = 0;
    for (int i = 0; i < l.n && l.row[i].step <= step; i++) {
        TrainCommand c;
        if (!command_read(&c, l.row[i].text, NULL)) continue;
        if (c.kind == COMMAND_KNOB)
            command_set_knob(&out->control, &c);
        else
            weight_put(out->weight, &out->weights, &c.weight, NULL);
    }
    free(l.row);
    return true;
}
