/* viewsmith tray: views kept with tags and notes, from the command line: list, add, tag, drop, export,
 * import. */
#include "cli/open.h"
#include "base/text.h"
#include "engine/corner_job.h"
#include "engine/curator.h"
#include "engine/slice_job.h"
#include "engine/tray_job.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_DATA,
    {"tag", OPTION_TEXT, "TAG", NULL, 0, 0, false, "Only views with this tag; add, import: give it to them"},
    {"state", OPTION_TEXT, "STATE", "kept", 0, 0, false, "list: kept, candidate, dropped or all"},
    {"tags", OPTION_TEXT, "WORDS", NULL, 0, 0, false, "add, import: tags, \"heel worn\""},
    {"note", OPTION_TEXT, "TEXT", NULL, 0, 0, false, "add: a note"},
    {"parent", OPTION_TEXT, "ADDRESS", NULL, 0, 0, false, "add: what it was made from"},
    {"as", OPTION_TEXT, "KIND", "folder", 0, 0, false,
     "export: folder, classes, tags (ImageFolder) or webdataset"},
    {"shard", OPTION_INTEGER, "N", "1000", 1, 1000000, false, "export: views in one archive"},
    {"like", OPTION_TEXT, "TAG", NULL, 0, 0, false, "search: more like the views with this tag"},
    {"unsure", OPTION_FLAG, NULL, NULL, 0, 0, false, "search: what the judge, or --encoder, is unsure of"},
    {"disagree", OPTION_FLAG, NULL, NULL, 0, 0, false, "search: where --encoder and the judge disagree"},
    {"encoder", OPTION_TEXT, "RUN|FILE", NULL, 0, 0, false,
     "search: read by a linear probe on real pictures (disagree: newest run)"},
    {"count", OPTION_INTEGER, "N", "24", 1, 10000, false, "search: candidates wanted"},
    {"realism", OPTION_NUMBER, "X", "0.75", 0, 100, false,
     "search: least realism; 1: inside the real pictures, 0: no bound (like: or the least real of those)"},
    {"radius", OPTION_NUMBER, "X", "0.5", 0, 10, false,
     "search: farthest from a seed, in standard deviations of w"},
    {"class", OPTION_TEXT, "NAME|N", NULL, 0, 0, false, "search: in one class (all in turn)"},
    {"views", OPTION_INTEGER, "N", "32", 1, 1024, false, "compare: views made around each kept one"},
    {"sigma", OPTION_NUMBER, "X", "0.3", 0, 10, false, "compare: how strongly they are moved"},
    OPTION_RUNS,
    {"seed", OPTION_SEED, "N", "1000000", 0, 0, false, "search: first of the seeds that are looked through"},
    {0},
};

typedef struct {
    const Args *args;
    Workspace *workspace; /* NULL until a verb needs it */
    Tray *tray;
    Json *result;
} TrayCall;

/* --- items
 * ---------------------------------------------------------------------------------------------------- */

static Json *item_json(const TrayItem *it)
{
    Json *o = json_make();
    json_put_int(o, "id", it->id);
    json_put_str(o, "state", tray_state_name(it->state));
    json_put_str(o, "address", it->address);
    json_put_str(o, "tags", it->tags);
    json_put_str(o, "note", it->note);
    json_put_str(o, "parent", it->parent);
    json_put_str(o, "origin", it->origin);
    json_put_num(o, "created", it->created);
    json_put_int(o, "class", it->class);
    json_put_int(o, "near", it->near);
    json_put_num(o, "nearness", (double)it->nearness);
    json_put_num(o, "score", (double)it->score);
    json_put_num(o, "realism", (double)it->realism);
    return o;
}

static void say_item(const Args *a, const TrayItem *it)
{
    char near[40] = "";
    if (it->near) snprintf(near, sizeof near, "  looks like #%lld", (long long)it->near);
    cli_say(a, "#%-5lld %-20s %s%s%s%s", (long long)it->id, *it->tags ? it->tags : "-", it->address, near,
            *it->note ? "  " : "", it->note);
}

static bool read_id(int64_t *out, const char *word, Err *err)
{
    char *end;
    const char *digits = word + (*word == '#');
    *out = strtoll(digits, &end, 10);
    return (*digits >= '0' && *digits <= '9' && !*end) ||
           err_set(err, ERR_USAGE, "\"%s\" is no view of the tray: a number as in viewsmith tray list", word);
}

static bool states(unsigned *out, const char *word, Err *err)
{
    *out = TRAY_MASK(TRAY_KEPT) | TRAY_MASK(TRAY_CANDIDATE) | TRAY_MASK(TRAY_DROPPED);
    if (!strcmp(word, "all")) return true;
    for (int s = 0; s < TRAY_STATES; s++)
        if (!strcmp(word, tray_state_name((TrayState)s))) return *out = TRAY_MASK(s), true;
    return err_set(err, ERR_USAGE, "--state is kept, candidate, dropped or all, not \"%s\"", word);
}

/* The words after the verb, as one text. */
static const char *words_from(char *out, size_t cap, const Args *a, int from)
{
    size_t n = 0;
    *out = 0;
    for (int i = from; i < a->words && n < cap; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s", i > from ? " " : "", a->word[i]);
    return *out ? out : NULL;
}

static bool do_list(TrayCall *c, Err *err)
{
    char words[1024];
    TrayList list;
    TrayFilter f = {.tag = args_text(c->args, "tag"), .words = words_from(words, sizeof words, c->args, 1)};
    if (!states(&f.states, args_text(c->args, "state"), err) || !tray_list(&list, c->tray, &f, err))
        return false;
    Json *all = json_make_array();
    for (int i = 0; i < list.n; i++) {
        say_item(c->args, &list.item[i]);
        json_add(all, item_json(&list.item[i]));
    }
    if (!list.n && (f.tag || f.words))
        cli_note(c->args, "nothing in %s has these tags or words", tray_path(c->tray));
    else if (!list.n)
        cli_note(c->args, "nothing in %s: viewsmith tray add ADDRESS", tray_path(c->tray));
    tray_list_free(&list);
    json_put(c->result, "views", all);
    return true;
}

static bool do_tags(TrayCall *c, Err *err)
{
    TrayTag *tag;
    int n = tray_tags(&tag, c->tray, err);
    if (n < 0) return false;
    Json *all = json_make();
    for (int i = 0; i < n; i++) {
        cli_say(c->args, "%6d  %s", tag[i].n, tag[i].name);
        json_put_int(all, tag[i].name, tag[i].n);
    }
    free(tag);
    json_put(c->result, "tags", all);
    return true;
}

static bool do_show(TrayCall *c, Err *err)
{
    int64_t id;
    TrayList list;
    if (!read_id(&id, c->args->word[1], err) || !tray_get(&list, c->tray, id, err)) return false;
    const TrayItem *it = &list.item[0];
    time_t at = (time_t)it->created;
    struct tm tm;
    char date[32] = "-";
    if (localtime_r(&at, &tm)) strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
    say_item(c->args, it);
    cli_say(c->args, "%s, %s%s%s", tray_state_name(it->state), date, *it->origin ? ", found: " : "",
            it->origin);
    if (*it->parent) cli_say(c->args, "from %s", it->parent);
    json_put(c->result, "view", item_json(it));
    tray_list_free(&list);
    return true;
}

/* --- changing
 * ------------------------------------------------------------------------------------------------- */

static bool with_workspace(TrayCall *c, Err *err)
{
    return c->workspace || share_open(&c->workspace, c->args, false, err);
}

/* Pictures, features and near-duplicates of what is new. */
static bool look(TrayCall *c, Err *err)
{
    Looker *l = NULL;
    Err failed = {0};
    Pool *pool = open_pool(err);
    bool ok = pool && looker_open(&l, c->workspace, pool, err) && looker_all(l, c->tray, &failed, err);
    if (ok && failed.code) cli_note(c->args, "%s", failed.msg);
    looker_close(l);
    pool_free(pool);
    return ok;
}

static bool told_added(TrayCall *c, const TrayAdded *added, Err *err)
{
    TrayList list;
    if (!tray_get(&list, c->tray, added->id, err)) return false;
    const TrayItem *it = &list.item[0];
    if (added->was)
        cli_say(c->args, "#%lld was there already", (long long)it->id);
    else if (it->near)
        cli_say(c->args, "kept as #%lld: near-duplicate of #%lld (cosine %.3f)", (long long)it->id,
                (long long)it->near, (double)it->nearness);
    else
        cli_say(c->args, "kept as #%lld", (long long)it->id);
    json_put(c->result, "view", item_json(it));
    json_put_bool(c->result, "was", added->was);
    tray_list_free(&list);
    return true;
}

static const char *own_tags(char *out, size_t cap, const Args *a)
{
    const char *tag = args_text(a, "tag"), *tags = args_text(a, "tags");
    snprintf(out, cap, "%s %s", tag ? tag : "", tags ? tags : "");
    return out;
}

static bool do_add(TrayCall *c, Err *err)
{
    char tags[2 * TRAY_TAGS_MAX], parent[ADDRESS_BYTES_MAX + 1] = "";
    Address a, from;
    TrayAdded added;
    const char *given = args_text(c->args, "parent");
    if (!with_workspace(c, err) || !open_address(&a, c->workspace, c->args->word[1], err)) return false;
    if (given && (!open_address(&from, c->workspace, given, err) || !address_print(parent, &from, err)))
        return false;
    return tray_add(&added, c->tray, &a, own_tags(tags, sizeof tags, c->args), args_text(c->args, "note"),
                    *parent ? parent : NULL, err) &&
           look(c, err) && told_added(c, &added, err);
}

static bool do_tag(TrayCall *c, Err *err)
{
    char words[2 * TRAY_TAGS_MAX];
    int64_t id;
    if (!read_id(&id, c->args->word[1], err)) return false;
    return tray_tag(c->tray, id, words_from(words, sizeof words, c->args, 2), err) && do_show(c, err);
}

static bool do_note(TrayCall *c, Err *err)
{
    char words[2 * TRAY_NOTE_MAX];
    int64_t id;
    if (!read_id(&id, c->args->word[1], err)) return false;
    return tray_note(c->tray, id, words_from(words, sizeof words, c->args, 2), err) && do_show(c, err);
}

static bool set_states(TrayCall *c, TrayState state, Err *err)
{
    Json *all = json_make_array();
    bool ok = true;
    for (int i = 1; ok && i < c->args->words; i++) {
        int64_t id;
        ok = read_id(&id, c->args->word[i], err) && tray_state(NULL, c->tray, id, state, err);
        if (ok) json_add_int(all, id);
        if (ok) cli_say(c->args, "#%lld is %s", (long long)id, tray_state_name(state));
    }
    json_put(c->result, tray_state_name(state), all);
    return ok;
}

static bool do_drop(TrayCall *c, Err *err)
{
    return set_states(c, TRAY_DROPPED, err);
}

static bool do_keep(TrayCall *c, Err *err)
{
    return set_states(c, TRAY_KEPT, err);
}

/* --- jobs
 * ----------------------------------------------------------------------------------------------------- */

/* Watches a job to its end; an interrupt stops it. The last news are kept for the caller. */
static bool watch(TrayNews **last, Job *job, const Args *a, const char *verb, Err *err)
{
    *last = NULL;
    if (!job) return false;
    cli_save_on_interrupt(true);
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.1);
        if (*last) news_drop(&(*last)->news);
        *last = (TrayNews *)job_news(job);
        if (cli_interrupted()) job_stop(job);
        if (*last && (*last)->total)
            cli_progress(a, "%s: %d of %d", verb, (*last)->done, (*last)->total);
        else if (*last)
            cli_progress(a, "%s: %d", verb, (*last)->done);
    }
    cli_save_on_interrupt(false);
    return job_result(job, err);
}

static bool do_export(TrayCall *c, Err *err)
{
    TrayNews *n = NULL;
    ExportKind kind;
    TrayFilter f = {.tag = args_text(c->args, "tag")};
    if (!export_kind_named(&kind, args_text(c->args, "as"), err) || !with_workspace(c, err)) return false;
    TrayExport what = {c->args->word[1], kind, (int)args_integer(c->args, "shard")};
    Job *job = tray_export_start(c->workspace, NULL, &f, NULL, 0, &what, (Bell){0}, err);
    bool ok = watch(&n, job, c->args, "exported", err);
    if (ok && n) {
        cli_say(c->args, "%d view%s in %s", n->exported.done, n->exported.done == 1 ? "" : "s", what.path);
        if (n->exported.left_out)
            cli_note(c->args, "%d of another model %s left out", n->exported.left_out,
                     n->exported.left_out == 1 ? "was" : "were");
        json_put_int(c->result, "views", n->exported.done);
        json_put_int(c->result, "left_out", n->exported.left_out);
        json_put_str(c->result, "out", what.path);
        json_put_str(c->result, "as", export_kind_name(kind));
    }
    if (n) news_drop(&n->news);
    job_free(job);
    return ok;
}

static bool do_import(TrayCall *c, Err *err)
{
    char tags[2 * TRAY_TAGS_MAX];
    TrayNews *n = NULL;
    Job *job =
        tray_import_start(NULL, c->args->word[1], own_tags(tags, sizeof tags, c->args), (Bell){0}, err);
    bool ok = watch(&n, job, c->args, "looked at", err);
    if (ok && n) {
        const TrayImported *i = &n->imported;
        cli_say(c->args, "%d new, %d there before, %d not taken", i->added, i->was, i->failed);
        if (i->failed) cli_note(c->args, "%s", i->why);
        json_put_int(c->result, "added", i->added);
        json_put_int(c->result, "was", i->was);
        json_put_int(c->result, "failed", i->failed);
        json_put_str(c->result, "why", i->why);
    }
    if (n) news_drop(&n->news);
    job_free(job);
    return ok && with_workspace(c, err) && look(c, err);
}

static bool read_search(CornerConfig *out, const Args *a, const Workspace *w, Err *err)
{
    int ways = args_given(a, "like") + args_flag(a, "unsure") + args_flag(a, "disagree");
    if (ways != 1) return err_set(err, ERR_USAGE, "search wants one of --like TAG, --unsure, --disagree");
    *out = corner_defaults();
    out->wish = args_given(a, "like")    ? CORNER_LIKE
                : args_flag(a, "unsure") ? CORNER_UNSURE
                                         : CORNER_DISAGREE;
    if (args_given(a, "like")) snprintf(out->tag, sizeof out->tag, "%s", args_text(a, "like"));
    if (args_given(a, "encoder")) snprintf(out->encoder, sizeof out->encoder, "%s", args_text(a, "encoder"));
    out->count = (int)args_integer(a, "count");
    out->realism = args_number(a, "realism") > 0 ? (float)args_number(a, "realism") : NAN;
    out->strict = args_given(a, "realism");
    out->radius = (float)args_number(a, "radius");
    out->seed = args_seed(a, "seed");
    return workspace_class(&out->class, w, args_text(a, "class"), err);
}

/* Watches a search; the last news are kept for the caller. */
static bool watch_search(CornerNews **last, Job *job, const Args *a, Err *err)
{
    *last = NULL;
    if (!job) return false;
    cli_save_on_interrupt(true);
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.1);
        CornerNews *n = (CornerNews *)job_news(job);
        if (*last) news_drop(&(*last)->news);
        *last = n;
        if (cli_interrupted()) job_stop(job);
        if (n) cli_progress(a, "%s: %d of %d found, %ld seeds", n->phase, n->found, n->wanted, n->seeds);
    }
    cli_save_on_interrupt(false);
    return job_result(job, err);
}

static void report_search(TrayCall *c, const CornerNews *n)
{
    if (*n->told) cli_note(c->args, "%s", n->told);
    cli_say(c->args,
            "%d candidate%s in %ld seeds by %s (passed over: %d unreal, %d known): viewsmith tray list "
            "--state candidate",
            n->found, n->found == 1 ? "" : "s", n->seeds, n->encoder, n->unreal, n->known);
    json_put_int(c->result, "found", n->found);
    json_put_int(c->result, "wanted", n->wanted);
    json_put_int(c->result, "seeds", n->seeds);
    json_put_int(c->result, "unreal", n->unreal);
    json_put_int(c->result, "known", n->known);
    json_put_num(c->result, "best", n->best);
    json_put_str(c->result, "encoder", n->encoder);
}

static bool do_search(TrayCall *c, Err *err)
{
    CornerConfig config;
    CornerNews *n = NULL;
    if (!with_workspace(c, err) || !read_search(&config, c->args, c->workspace, err)) return false;
    Job *job = corner_start(c->workspace, NULL, &config, (Bell){0}, err);
    bool ok = watch_search(&n, job, c->args, err);
    if (ok && n) report_search(c, n);
    if (n) news_drop(&n->news);
    job_free(job);
    return ok && look(c, err);
}

static void report_slice(TrayCall *c, const SliceNews *n)
{
    char one[40], two[40], gain[40];
    const Slice *s = &n->slice;
    share_figure(one, &s->a), share_figure(two, &s->b), share_figure(gain, &s->gain);
    cli_say(c->args, "%d kept views, %d made around them", s->items, s->views);
    cli_say(c->args, "%-8s %s", n->task.a, one);
    cli_say(c->args, "%-8s %s", n->task.b, two);
    cli_say(c->args, "gain     %s%s", gain, s->shown ? "" : ": not shown, the interval touches 0");
    json_put_int(c->result, "items", s->items);
    json_put_int(c->result, "views", s->views);
    share_put_figure(c->result, "a", &s->a);
    share_put_figure(c->result, "b", &s->b);
    share_put_figure(c->result, "gain", &s->gain);
    json_put_bool(c->result, "shown", s->shown);
}

/* RUN RUN, or the newest without and with the tray. */
static bool read_slice(SliceTask *out, const TrayCall *c, Err *err)
{
    const Args *a = c->args;
    const char *tag = args_text(a, "tag");
    if (a->words == 2)
        return err_set(err, ERR_USAGE,
                       "compare wants two runs, or none: the newest without and with the tray");
    if (a->words == 1 && !slice_task(out, c->workspace, tag, err)) return false;
    if (a->words == 3) {
        *out = (SliceTask){0};
        snprintf(out->a, sizeof out->a, "%s", a->word[1]);
        snprintf(out->b, sizeof out->b, "%s", a->word[2]);
        snprintf(out->tag, sizeof out->tag, "%s", tag ? tag : "");
    }
    out->each = (int)args_integer(a, "views");
    out->sigma = (float)args_number(a, "sigma");
    return true;
}

static bool watch_slice(SliceNews **last, Job *job, const Args *a, Err *err)
{
    if (!job) return false;
    cli_save_on_interrupt(true);
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.1);
        if (*last) news_drop(&(*last)->news);
        *last = (SliceNews *)job_news(job);
        if (cli_interrupted()) job_stop(job);
        if (*last && (*last)->items) cli_progress(a, "%d of %d kept views", (*last)->done, (*last)->items);
    }
    cli_save_on_interrupt(false);
    return job_result(job, err);
}

static bool do_compare(TrayCall *c, Err *err)
{
    SliceTask task;
    SliceNews *n = NULL;
    if (!with_workspace(c, err) || !read_slice(&task, c, err)) return false;
    Job *job = slice_start(c->workspace, NULL, &task, (Bell){0}, err);
    bool ok = watch_slice(&n, job, c->args, err);
    if (ok && n) report_slice(c, n);
    if (n) news_drop(&n->news);
    job_free(job);
    return ok;
}

/* --- the verbs
 * ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name, *wants;
    int least, most; /* words after it */
    bool (*run)(TrayCall *c, Err *err);
} verbs[] = {
    {"list", "list [WORDS]", 0, ARGS_MAX, do_list},
    {"tags", "tags", 0, 0, do_tags},
    {"show", "show ID", 1, 1, do_show},
    {"add", "add ADDRESS|PNG", 1, 1, do_add},
    {"tag", "tag ID WORDS", 2, ARGS_MAX, do_tag},
    {"note", "note ID TEXT", 2, ARGS_MAX, do_note},
    {"drop", "drop ID...", 1, ARGS_MAX, do_drop},
    {"keep", "keep ID...", 1, ARGS_MAX, do_keep},
    {"compare", "compare [RUN RUN] [--tag TAG]", 0, 2, do_compare},
    {"search", "search --like TAG | --unsure | --disagree", 0, 0, do_search},
    {"export", "export DIR", 1, 1, do_export},
    {"import", "import PATH", 1, 1, do_import},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

static bool run_verb(TrayCall *c, Err *err)
{
    char names[256] = "";
    const char *word = c->args->words ? c->args->word[0] : "list";
    for (int i = 0; i < VERBS; i++) {
        int more = c->args->words ? c->args->words - 1 : 0;
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", verbs[i].name);
        if (strcmp(verbs[i].name, word)) continue;
        if (more < verbs[i].least || more > verbs[i].most)
            return err_set(err, ERR_USAGE, "usage: viewsmith tray %s", verbs[i].wants);
        return verbs[i].run(c, err);
    }
    return err_set(err, ERR_USAGE, "tray cannot \"%s\"; there are %s", word, names);
}

static int tray_command(const Args *a)
{
    Err err = {0};
    TrayCall c = {.args = a, .result = json_make()};
    bool ok = tray_open(&c.tray, NULL, &err) && run_verb(&c, &err);
    tray_close(c.tray);
    workspace_close(c.workspace);
    if (ok) return cli_result(a, c.result);
    json_drop(c.result);
    return cli_fail(&err);
}

const Command command_tray = {
    "[list|tags|show|add|tag|note|drop|keep|search|compare|export|import] ...",
    "The tray holds views worth keeping: corner cases, with tags, a note, and what they were made\n"
    "from. list takes words that begin a tag or stand in the note (-word: does not). Exports hold\n"
    "every address and the tensors it needs, so an import restores the same views on any machine.\n"
    "search fills it with candidates, found by a bounded climb from seeds, to keep or to drop; more like\n"
    "views with pixel operators are sought without those, and given them. compare\n"
    "tells what two runs (or encoder files) know of the views under a tag, paired, with intervals; without\n"
    "names the newest run that took nothing from the tray and the newest that did.\n"
    "The file is ~/.local/share/viewsmith/tray.sqlite, or VIEWSMITH_TRAY.",
    "  viewsmith tray add seed=4711/class=7 --tags 'heel worn' --note 'sole is gone'\n"
    "  viewsmith tray list heel -worn\n  viewsmith tray tag 12 -heel sandal\n"
    "  viewsmith tray search --unsure --count 24\n  viewsmith tray search --like heel --realism 1\n"
    "  viewsmith tray export corners/ --tag heel --as classes\n"
    "  viewsmith tray export shards/ --as webdataset --shard 1000\n  viewsmith tray import corners/",
    options,
    0,
    ARGS_MAX,
    tray_command};
