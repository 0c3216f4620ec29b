/* viewsmith direction: a person's own directions, learnt from views on two sides, listed, shown, carried
 * elsewhere. */
#include "cli/open.h"
#include "base/file.h"
#include "engine/direction_job.h"
#include "engine/tray.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    OPTION_MODEL,
    {"plus", OPTION_TEXT, "TAG|FILE", NULL, 0, 0, false,
     "learn: views it leads to: a tag of the tray, or a file of addresses"},
    {"minus", OPTION_TEXT, "TAG|FILE", NULL, 0, 0, false,
     "learn: views it leads away from (plain ones of the same classes)"},
    {"apart-from", OPTION_TEXT, "NAMES", NULL, 0, 0, false,
     "learn: directions it is made independent of, \"pca-1,zoom\""},
    {"views", OPTION_INTEGER, "N", "64", 0, 4096, false, "learn: that it is described on"},
    {"out", OPTION_TEXT, "FILE", NULL, 0, 0, false, "export: where it goes"},
    {0},
};

enum { FILE_BYTES_MAX = 16 << 20, SHOWN = 6 };

typedef struct {
    const Args *args;
    Workspace *workspace;
    LatentStore store;
    Json *result;
} Call;

/* --- views -----------------------------------------------------------------------------------------------
 */

typedef struct {
    Address *list;
    int n, room;
} ViewList;

static bool add_view(ViewList *v, const Call *c, const char *text, Err *err)
{
    if (v->n == v->room) {
        int room = v->room ? 2 * v->room : 64;
        Address *grown = realloc(v->list, (size_t)room * sizeof *grown);
        if (!grown) return err_nomem(err, "views");
        v->list = grown;
        v->room = room;
    }
    return workspace_address(&v->list[v->n], c->workspace, text, err) && ++v->n;
}

/* One address a line; empty lines and what follows a # are skipped. */
static bool views_of_file(ViewList *v, const Call *c, const char *path, Err *err)
{
    uint8_t *bytes;
    size_t size;
    if (!file_read(path, FILE_BYTES_MAX, &bytes, &size, err)) return false;
    bool ok = true;
    char *save = NULL;
    int line = 0;
    for (char *s = strtok_r((char *)bytes, "\n", &save); s && ok; s = strtok_r(NULL, "\n", &save)) {
        Err why = {0};
        line++;
        s[strcspn(s, "# \t\r")] = '\0';
        ok = !*s || add_view(v, c, s, &why);
        if (!ok) err_set(err, why.code, "%s, view %d: %s", path, line, why.msg);
    }
    free(bytes);
    return ok;
}

static bool views_of_tag(Address **list, int *n, const Call *c, const char *tag, Err *err)
{
    Tray *tray;
    if (!tray_open(&tray, NULL, err)) return false;
    bool ok = direction_tagged(list, n, tray, c->workspace->generator, tag, err);
    tray_close(tray);
    return ok;
}

/* A file that is there counts as one, else the word is a tag. */
static bool take_views(Address **list, int *n, char name[64], const Call *c, const char *word, Err *err)
{
    ViewList v = {0};
    snprintf(name, 64, "%s", word);
    if (!file_exists(word)) return views_of_tag(list, n, c, word, err);
    bool ok =
        views_of_file(&v, c, word, err) && (v.n || err_set(err, ERR_USAGE, "%s holds no address", word));
    *list = v.list;
    *n = v.n;
    return ok;
}

static bool take_sides(DirectionTask *t, const Call *c, Err *err)
{
    const char *plus = args_text(c->args, "plus"), *minus = args_text(c->args, "minus");
    if (!plus) return err_set(err, ERR_USAGE, "direction learn wants --plus TAG|FILE");
    return take_views(&t->plus, &t->pluses, t->plus_name, c, plus, err) &&
           (minus ? take_views(&t->minus, &t->minuses, t->minus_name, c, minus, err)
                  : direction_plain(t, err));
}

/* --- verbs -----------------------------------------------------------------------------------------------
 */

static bool read_apart(DirectionTask *t, const char *names, Err *err)
{
    while (names && *names) {
        size_t n = strcspn(names, ",");
        if (t->aparts == DIRECTION_APART || n > ADDRESS_DIR_MAX)
            return err_set(err, ERR_USAGE, "--apart-from takes at most %d names with commas between",
                           DIRECTION_APART);
        snprintf(t->apart[t->aparts++], sizeof t->apart[0], "%.*s", (int)n, names);
        names += n + (names[n] == ',');
    }
    return true;
}

static void say_report(const Args *a, const DirectionNews *n)
{
    const DirectionReport *r = &n->report;
    cli_say(a, "%s: %s", n->dir, n->effect.caption);
    cli_say(a, "from %d and %d views; tells %.0f %% of views it was not learnt from apart [%.0f, %.0f]",
            r->plus, r->minus, 100 * r->accuracy, 100 * r->accuracy_low, 100 * r->accuracy_high);
    if (r->kept < 0.999f)
        cli_say(a, "kept apart: %.0f %% of it is left, which tells %.0f %% apart", 100 * (double)r->kept,
                100 * r->accuracy_apart);
    for (int i = 0; i < r->cosines && i < SHOWN; i++)
        cli_say(a, "  along %-16s %+.2f%s", r->cosine[i].dir, (double)r->cosine[i].after,
                r->cosine[i].apart ? "  kept apart" : "");
}

static bool watch(Call *c, Job *job, Err *err)
{
    while (!job_wait(job, 0.1))
        if (cli_interrupted()) job_stop(job);
    DirectionNews *n = (DirectionNews *)job_news(job);
    bool ok = job_result(job, err);
    if (ok) {
        say_report(c->args, n);
        json_put_str(c->result, "direction", n->dir);
        json_put(c->result, "card", json_parse(n->card, strlen(n->card), "the card", NULL));
    }
    if (n) news_drop(&n->news);
    return ok;
}

static bool do_learn(Call *c, Err *err)
{
    DirectionTask *t = calloc(1, sizeof *t);
    if (!t) return err_nomem(err, "learning a direction");
    t->views = (int)args_integer(c->args, "views");
    snprintf(t->name, sizeof t->name, "%s", c->args->word[1]);
    bool ok = take_sides(t, c, err) && read_apart(t, args_text(c->args, "apart-from"), err);
    if (!ok) {
        direction_task_free(t);
        return false;
    }
    Job *job = direction_start(c->workspace, t, NULL, (Bell){0}, err);
    ok = job && watch(c, job, err);
    job_free(job);
    return ok;
}

static bool do_list(Call *c, Err *err)
{
    OwnDirections own;
    if (!direction_list(&own, &c->store, c->workspace->generator, err)) return false;
    Json *all = json_make_array();
    for (int i = 0; i < own.n; i++) {
        Json *o = json_make();
        json_put_str(o, "direction", own.own[i].dir);
        json_put_str(o, "caption", own.own[i].is.caption);
        json_add(all, o);
        cli_say(c->args, "%-24s %s", own.own[i].dir, own.own[i].is.caption);
    }
    if (!own.n) cli_note(c->args, "none yet: viewsmith direction learn NAME --plus TAG --minus TAG");
    directions_free(&own);
    json_put(c->result, "directions", all);
    return true;
}

/* The direction that the second word means, which must be one of one's own. */
static bool own_word(char dir[ADDRESS_DIR_MAX + 1], const Call *c, Err *err)
{
    if (!direction_word(dir, &c->store, c->workspace->generator, c->args->word[1], err)) return false;
    return strchr(dir, '.') || err_set(err, ERR_USAGE, "%s is the model's own: viewsmith info %s tells of it",
                                       dir, c->workspace->model);
}

static bool do_show(Call *c, Err *err)
{
    char dir[ADDRESS_DIR_MAX + 1], *card = NULL;
    Direction is;
    float *vector = malloc((size_t)c->workspace->generator->config.w_dim * sizeof *vector);
    if (!vector) return err_nomem(err, "a direction");
    bool ok = own_word(dir, c, err) &&
              direction_get(vector, &is, &card, &c->store, c->workspace->generator, dir, err);
    if (ok) {
        json_put_str(c->result, "direction", dir);
        json_put(c->result, "card", json_parse(card, strlen(card), "the card", NULL));
        cli_say(c->args, "%s: %s", dir, is.caption);
        cli_say(c->args, "%s", card);
    }
    free(card);
    free(vector);
    return ok;
}

static bool do_drop(Call *c, Err *err)
{
    char dir[ADDRESS_DIR_MAX + 1];
    if (!own_word(dir, c, err) || !direction_drop(&c->store, dir, err)) return false;
    json_put_str(c->result, "dropped", dir);
    cli_say(c->args, "dropped %s", dir);
    return true;
}

static bool do_export(Call *c, Err *err)
{
    char dir[ADDRESS_DIR_MAX + 1];
    const char *out = args_text(c->args, "out");
    if (!out) return err_set(err, ERR_USAGE, "direction export wants --out FILE");
    if (!own_word(dir, c, err) || !direction_export(&c->store, dir, out, err)) return false;
    json_put_str(c->result, "direction", dir);
    json_put_str(c->result, "file", out);
    cli_say(c->args, "%s is in %s", dir, out);
    return true;
}

static bool do_import(Call *c, Err *err)
{
    char dir[ADDRESS_DIR_MAX + 1];
    if (!direction_import(dir, &c->store, c->workspace->generator, c->args->word[1], err)) return false;
    json_put_str(c->result, "direction", dir);
    cli_say(c->args, "%s", dir);
    return true;
}

static const struct {
    const char *name;
    int words; /* with the verb */
    bool (*run)(Call *c, Err *err);
} verbs[] = {{"learn", 2, do_learn}, {"list", 1, do_list},     {"show", 2, do_show},
             {"drop", 2, do_drop},   {"export", 2, do_export}, {"import", 2, do_import}};

static bool run(Call *c, Err *err)
{
    const char *word = c->args->word[0];
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(word, verbs[i].name)) continue;
        if (c->args->words != verbs[i].words)
            return err_set(err, ERR_USAGE, "direction %s wants %s", word,
                           verbs[i].words == 1 ? "nothing more"
                                               : "one word more: see viewsmith direction --help");
        return verbs[i].run(c, err);
    }
    return err_set(err, ERR_USAGE, "direction %.40s: there are learn, list, show, drop, export and import",
                   word);
}

static int direction_command(const Args *a)
{
    Err err = {0};
    Call c = {.args = a, .result = json_make()};
    bool ok = share_open(&c.workspace, a, false, &err) && store_open(&c.store, NULL, &err) && run(&c, &err);
    workspace_close(c.workspace);
    if (ok) return cli_result(a, c.result);
    json_drop(c.result);
    return cli_fail(&err);
}

const Command command_direction = {
    "learn NAME --plus TAG --minus TAG | list | show NAME | drop NAME | export NAME --out FILE | import FILE",
    "Directions of your own, kept beside the stored latents. learn finds the boundary between two sets of\n"
    "views (by tag in the tray, or one address a line), makes it independent of --apart-from, and tells\n"
    "how well it parts views it has not seen and which directions it goes along with. Use one as\n"
    "viewsmith steer ... --set 'NAME 1.5'; addresses name it with its hash.",
    "  viewsmith direction learn heel --plus heel --minus flat --apart-from brightness\n"
    "  viewsmith direction list\n  viewsmith direction export heel --out heel.safetensors",
    options,
    1,
    2,
    direction_command};
