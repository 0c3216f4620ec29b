/* viewsmith neighbours: the exact nearest real pictures of a view or a picture, in a space of choice. */
#include "cli/open.h"
#include "engine/export.h"
#include "engine/through.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILL = 512, SPACES_MAX = 3, SHEET_MAX = 16 };

static const Option options[] = {
    OPTION_MODEL,
    OPTION_OWN_DATA,
    OPTION_RUNS,
    {"encoder", OPTION_TEXT, "RUN|FILE", NULL, 0, 0, false, "Whose space it is (the newest run)"},
    {"space", OPTION_TEXT, "SPACE", "encoder", 0, 0, true,
     "encoder, pixels, or untrained (the run's twin); several make a row each"},
    {"split", OPTION_TEXT, "SPLIT", "train", 0, 0, false,
     "Real pictures to search: train, valid, full-train, test"},
    {"k", OPTION_INTEGER, "K", "12", 1, 1000, false, "Neighbours"},
    {"through", OPTION_TEXT, "RUN", NULL, 0, 0, false,
     "Through the kept checkpoints of RUN, among the first 4,000 training pictures"},
    {"sheet", OPTION_TEXT, "PNG", NULL, 0, 0, false, "Save the query and its neighbours as a picture"},
    {0},
};

typedef struct {
    const Args *args;
    Workspace *workspace;
    Split split;
    Subject subject; /* empty when only pixels are asked for */
    Dataset data;
    Pool *pool;
    Address address;
    bool has_address;
    int real;         /* the query's place in data, or -1 */
    char query[4096]; /* the address, real:N, or the file's name */
    Image picture;    /* of the query at its own size */
    float *planes;    /* as the data's pictures are */
    int k, spaces;
    Space space[SPACES_MAX];
    Neighbour *hit[SPACES_MAX];
} Search;

/* --- what is asked
 * --------------------------------------------------------------------------------------------- */

static bool read_spaces(Search *s, Err *err)
{
    int n = args_count(s->args, "space");
    if (n > SPACES_MAX) return err_set(err, ERR_USAGE, "--space can be given three times");
    s->spaces = n ? n : 1;
    for (int i = 0; i < s->spaces; i++)
        if (!space_named(&s->space[i], n ? args_nth(s->args, "space", i) : args_text(s->args, "space"), err))
            return false;
    return true;
}

static bool uses_encoder(const Search *s)
{
    for (int i = 0; i < s->spaces; i++)
        if (s->space[i] != SPACE_PIXELS) return true;
    return false;
}

/* A picture needs no generator, but where it carries an address, the very view is better than an enlarged
 * picture. */
static bool open_picture(Search *s, const char *word, Err *err)
{
    Thing t;
    Workspace *full;
    Err none = {0};
    if (!thing_open(&t, s->workspace, word, err)) return false;
    bool ok = t.kind == THING_PICTURE ||
              err_set(err, ERR_USAGE, "%s is a %s: a query is an address, a picture or real:N", word,
                      thing_kind_name(t.kind));
    if (ok && t.has_address && share_open(&full, s->args, false, &none)) {
        s->has_address = latent_check(full->generator, &t.address, &none);
        s->address = t.address;
        workspace_close(s->workspace);
        s->workspace = full;
    }
    if (ok) {
        s->picture = t.picture;
        t.picture = (Image){0};
    }
    thing_close(&t);
    return ok;
}

static bool is_real(const char *word)
{
    return !strncmp(word, "real:", 5);
}

static bool open_query(Search *s, Err *err)
{
    const char *word = s->args->word[0];
    bool address = open_is_address(word);
    s->real = -1;
    snprintf(s->query, sizeof s->query, "%s", word);
    if (!share_open(&s->workspace, s->args, !address, err)) return false;
    if (is_real(word)) return true;
    if (!address) return open_picture(s, word, err);
    return s->has_address = workspace_address(&s->address, s->workspace, word, err);
}

static bool open_data(Search *s, Err *err)
{
    const Workspace *w = s->workspace;
    int side = w->generator ? w->generator->config.size : 0,
        channels = w->generator ? w->generator->config.channels : 0;
    if (uses_encoder(s)) {
        if (!subject_open(&s->subject, w, args_text(s->args, "encoder"), err)) return false;
        side = s->subject.encoder->config.side;
        channels = s->subject.encoder->config.channels;
    }
    return open_split(&s->split, s->args, err) &&
           open_dataset(&s->data, s->args, subject_data(&s->subject, s->args, w), s->split, side, channels,
                        err);
}

/* real:N is the picture that `index` N of an answer names. */
static bool find_real(Search *s, const char *number, Err *err)
{
    char *end;
    long n = strtol(number, &end, 10);
    for (int i = 0; i < s->data.n && s->real < 0; i++)
        if (s->data.origin[i] == n) s->real = i;
    if (s->real < 0 || !*number || *end)
        return err_set(err, ERR_USAGE, "%s is none of these %d pictures (%s): a neighbour's index is wanted",
                       s->query, s->data.n, dataset_split_name(s->split));
    return dataset_image(&s->picture, &s->data, s->real, err);
}

static bool make_view(Search *s, Err *err)
{
    Latent *l = latent_new(s->workspace->generator, 1, NULL, s->pool, err);
    image_free(&s->picture);
    bool ok =
        l && address_print(s->query, &s->address, err) && export_images(&s->picture, l, &s->address, 1, err);
    latent_free(l);
    return ok;
}

/* Fitted by the same rule as the data's own pictures. */
static bool make_query(Search *s, Err *err)
{
    Image fitted = {0};
    if (s->has_address && !make_view(s, err)) return false;
    if (is_real(s->query) && !find_real(s, s->query + 5, err)) return false;
    s->planes = malloc(dataset_item_bytes(&s->data) * sizeof *s->planes);
    bool ok = (s->planes || err_nomem(err, "the query")) &&
              image_fit(&fitted, &s->picture, s->data.h, s->data.c, err);
    if (ok) image_to_planes(s->planes, &fitted);
    image_free(&fitted);
    return ok;
}

/* --- the search
 * --------------------------------------------------------------------------------------------------- */

static bool fill_bank(Bank *b, const Search *s, Err *err)
{
    for (int filled; (filled = bank_filled(b)) < bank_size(b);) {
        int left = bank_size(b) - filled;
        cli_progress(s->args, "%s space: %d of %d pictures", space_name(bank_space(b)), filled, bank_size(b));
        if (!bank_fill(b, left < FILL ? left : FILL, s->pool, err)) return false;
    }
    return true;
}

static bool search_in(Search *s, int i, Err *err)
{
    Bank *b;
    const Subject *from = &s->subject;
    Encoder *e = s->space[i] == SPACE_ENCODER     ? from->encoder
                 : s->space[i] == SPACE_UNTRAINED ? from->untrained
                                                  : NULL;
    if (s->space[i] == SPACE_UNTRAINED && !e)
        return err_set(err, ERR_USAGE, "%s has no untrained twin: name a run with --encoder",
                       from->encoder->name);
    s->hit[i] = malloc((size_t)s->k * sizeof *s->hit[i]);
    if (!s->hit[i]) return err_nomem(err, "neighbours");
    if (!bank_new(&b, &s->data, s->space[i], e, err)) return false;
    bool ok = fill_bank(b, s, err) &&
              (s->real < 0 ? bank_nearest(s->hit[i], b, s->planes, 1, s->k, s->pool, err)
                           : bank_nearest_of(s->hit[i], b, &s->real, 1, s->k, s->pool, err));
    bank_drop(b);
    return ok;
}

static bool search(Search *s, Err *err)
{
    if (!read_spaces(s, err) || !open_query(s, err) || !open_data(s, err) || !(s->pool = open_pool(err)) ||
        !make_query(s, err))
        return false;
    s->k = (int)args_integer(s->args, "k");
    for (int i = 0; i < s->spaces; i++)
        if (!search_in(s, i, err)) return false;
    return true;
}

/* --- the answer
 * ------------------------------------------------------------------------------------------------------ */

static const char *short_name(const Search *s)
{
    const Generator *g = s->workspace->generator;
    const char *slash = strrchr(s->query, '/');
    if (s->real >= 0) return s->data.class_name[s->data.label[s->real]];
    if (!s->has_address) return slash ? slash + 1 : s->query;
    return s->address.class >= 0 ? g->class_name[s->address.class] : g->slug;
}

static bool save_sheet(const Search *s, Err *err)
{
    SheetRow row[SPACES_MAX];
    if (!args_given(s->args, "sheet")) return true;
    for (int i = 0; i < s->spaces; i++)
        row[i] = (SheetRow){space_name(s->space[i]), s->hit[i], s->k < SHEET_MAX ? s->k : SHEET_MAX};
    return export_neighbours(args_text(s->args, "sheet"), &s->picture, short_name(s), &s->data, row,
                             s->spaces, s->has_address ? &s->address : NULL, err);
}

static Json *hit_json(const Search *s, const Neighbour *n)
{
    const Dataset *d = &s->data;
    Json *o = json_make();
    json_put_int(o, "index", d->origin[n->index]);
    json_put_int(o, "label", n->label);
    json_put_str(o, "class", d->class_name[n->label]);
    json_put_num(o, "score", (double)n->score);
    if (d->path)
        json_put_str(o, "path", d->path[n->index]);
    else
        json_put_num(o, "path", NAN); /* null */
    return o;
}

static void report_space(Json *o, const Search *s, int i)
{
    const Dataset *d = &s->data;
    Json *list = json_make_array();
    cli_say(s->args, "%s space, cosine, exact among %d real pictures (%s)", space_name(s->space[i]), d->n,
            dataset_split_name(s->split));
    for (int k = 0; k < s->k; k++) {
        const Neighbour *n = &s->hit[i][k];
        json_add(list, hit_json(s, n));
        cli_say(s->args, "  %7.4f  %-20s real:%d %s", (double)n->score, d->class_name[n->label],
                d->origin[n->index], d->path ? d->path[n->index] : "");
    }
    json_put_str(o, "space", space_name(s->space[i]));
    json_put_str(o, "metric", "cosine");
    json_put(o, "neighbours", list);
}

static int report(const Search *s)
{
    Json *o = json_make(), *others = json_make_array();
    json_put_str(o, "query", s->query);
    report_space(o, s, 0);
    for (int i = 1; i < s->spaces; i++) {
        Json *other = json_make();
        report_space(other, s, i);
        json_add(others, other);
    }
    if (s->spaces > 1)
        json_put(o, "others", others);
    else
        json_drop(others);
    json_put_str(o, "split", dataset_split_name(s->split));
    return cli_result(s->args, o);
}

/* --- through a run -------------------------------------------------------------------------------------- */

static Json *step_json(const Args *a, const ThroughNews *n, const ThroughStep *at)
{
    char line[THROUGH_K * 32] = "";
    Json *o = json_make(), *list = json_make_array();
    int k = n->real < THROUGH_K ? n->real : THROUGH_K;
    for (int i = 0; i < k; i++) {
        const char *class = through_class(n, at->hit[i].label);
        Json *hit = json_make();
        json_put_int(hit, "label", at->hit[i].label);
        json_put_str(hit, "class", class);
        json_put_num(hit, "score", (double)at->hit[i].score);
        json_add(list, hit);
        size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, "  %.3f %s", (double)at->hit[i].score, class);
    }
    cli_say(a, "step %6llu%s", (unsigned long long)at->step, line);
    json_put_int(o, "step", (int64_t)at->step);
    json_put(o, "neighbours", list);
    return o;
}

static int report_through(const Args *a, const char *query, const ThroughNews *n)
{
    Json *o = json_make(), *steps = json_make_array();
    for (int i = 0; i < n->done; i++) json_add(steps, step_json(a, n, &n->at[i]));
    json_put_str(o, "query", query);
    json_put_int(o, "real", n->real);
    json_put(o, "checkpoints", steps);
    return cli_result(a, o);
}

static int through(const Args *a)
{
    Err err = {0};
    RunInfo run;
    Search s = {.args = a};
    bool ok = open_query(&s, &err) && runs_find(&run, s.workspace->runs, args_text(a, "through"), &err);
    if (ok && is_real(s.query))
        ok = err_set(&err, ERR_USAGE, "--through asks about a view or a picture file");
    ThroughQuery query = {s.has_address, s.address, &s.picture};
    Job *job = ok ? through_start(s.workspace, &run, &query, THROUGH_REAL, (Bell){0}, &err) : NULL;
    while (job && !job_wait(job, 0.2)) {
        ThroughNews *n = (ThroughNews *)job_news(job);
        if (n) cli_progress(a, "checkpoint %d of %d", n->done, n->n), news_drop(&n->news);
    }
    ThroughNews *n = job && job_result(job, &err) ? (ThroughNews *)job_news(job) : NULL;
    int status = n ? report_through(a, s.query, n) : cli_fail(&err);
    if (n) news_drop(&n->news);
    job_free(job);
    image_free(&s.picture);
    workspace_close(s.workspace);
    return status;
}

static int neighbours_command(const Args *a)
{
    Err err = {0};
    Search s = {.args = a};
    if (args_given(a, "through")) return through(a);
    bool ok = search(&s, &err) && save_sheet(&s, &err);
    int status = ok ? report(&s) : cli_fail(&err);
    for (int i = 0; i < SPACES_MAX; i++) free(s.hit[i]);
    free(s.planes);
    pool_free(s.pool);
    dataset_close(&s.data);
    subject_close(&s.subject);
    image_free(&s.picture);
    workspace_close(s.workspace);
    return status;
}

const Command command_neighbours = {
    "ADDRESS|PICTURE|real:N [--space SPACE]... [--k K] [--sheet PNG]",
    "Finds the real pictures nearest to a view, a picture file or another real one: exact, by cosine,\n"
    "over the whole split. In pixels, pictures are centred by the mean picture first. An index is the\n"
    "position in the data's own file or folder listing; real:N asks about that one. A PNG saved with\n"
    "its address is made again from it.",
    "  viewsmith neighbours seed=4711/class=7/psi=0.7 --sheet near.png\n"
    "  viewsmith neighbours shoe.jpg --space pixels -k 5 --json\n"
    "  viewsmith neighbours view.png --encoder 0007 --space encoder --space untrained\n"
    "  viewsmith neighbours view.png --through 0007",
    options,
    1,
    1,
    neighbours_command};
