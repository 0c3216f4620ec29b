/* The journal on disk, and doing it again. */
#include "engine/journal.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/jsonl.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LARGE ((size_t)8 << 20) /* bytes */

struct Journal {
    char path[4096];
};

/* The program's own journal begins anew beside one that has grown large. */
static bool begin_anew(const char *path, Err *err)
{
    struct stat st;
    if (stat(path, &st) || (size_t)st.st_size < LARGE) return true;
    return file_keep_previous(path, err) && file_replace(path, "", 0, err);
}

Journal *journal_open(const char *path, Err *err)
{
    char folder[4096];
    Journal *j = calloc(1, sizeof *j);
    if (!j) return err_nomem(err, "the journal"), NULL;
    bool ok = path ? snprintf(j->path, sizeof j->path, "%s", path) < (int)sizeof j->path ||
                         err_set(err, ERR_LIMIT, "the journal's path is too long")
                   : file_xdg(folder, sizeof folder, XDG_STATE, err) && file_make_folder(folder, err) &&
                         file_join(j->path, sizeof j->path, folder, "journal.jsonl", err) &&
                         begin_anew(j->path, err);
    if (ok) return j;
    free(j);
    return NULL;
}

void journal_close(Journal *j)
{
    free(j);
}

static bool add(Journal *j, const char *key, const char *value, const char *digest, Err *err)
{
    Json *row = json_make();
    json_put_num(row, "at", clock_wall());
    json_put_str(row, key, value);
    if (digest) json_put_str(row, "digest", digest);
    return jsonl_append(j->path, row, err);
}

bool journal_command(Journal *j, const char *command, Err *err)
{
    return add(j, "command", command, NULL, err);
}

bool journal_started(Journal *j, const char *job, Err *err)
{
    return add(j, "started", job, NULL, err);
}

bool journal_applied(Journal *j, const char *job, const char *digest, Err *err)
{
    return add(j, "applied", job, digest, err);
}

/* --- replay
 * -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const JournalReplay *to;
    const char *path;
    long row;
    bool ok;
    Err *err;
} Replay;

static bool replay_applied(const Replay *p, const char *job, double at, const char *wanted, Err *err)
{
    char digest[65] = "";
    if (!p->to->applied(p->to->ctx, job, at, digest, err)) return false;
    return !wanted || !*digest || !strcmp(wanted, digest) ||
           err_set(err, ERR_NUMERIC, "the result of %s is %.16s here and was %.16s", job, digest, wanted);
}

static bool replay_row(void *ctx, const Json *row)
{
    Replay *p = ctx;
    Err cause = {0};
    const char *command = json_str(row, "command", NULL), *started = json_str(row, "started", NULL);
    const char *applied = json_str(row, "applied", NULL);
    p->row++;
    if (command)
        p->ok = p->to->command(p->to->ctx, command, &cause);
    else if (started)
        p->ok = p->to->started(p->to->ctx, started, &cause);
    else if (applied)
        p->ok =
            replay_applied(p, applied, json_num(row, "at", INFINITY), json_str(row, "digest", NULL), &cause);
    if (!p->ok) err_set(p->err, cause.code, "%s, row %ld: %s", p->path, p->row, cause.msg);
    return p->ok;
}

bool journal_replay(const char *path, const JournalReplay *to, Err *err)
{
    size_t at = 0;
    Replay p = {.to = to, .path = path, .ok = true, .err = err};
    if (!file_exists(path)) return err_set(err, ERR_IO, "%s: there is no such journal", path);
    return jsonl_each(path, &at, replay_row, &p, err) && p.ok;
}
