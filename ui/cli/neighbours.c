/* viewsmith neighbours: the exact nearest real pictures of a view or a picture, in a space of choice. */
#include "cli/neighbours_cli.h"
#include "base/text.h"
#include "engine/export.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILL = 512, HELD_AT_ONCE = 256 };

static const Option options[] = {
    OPTION_MODEL,
    OPTION_OWN_DATA,
    OPTION_RUNS,
    {"encoder", OPTION_TEXT, "RUN|FILE", NULL, 0, 0, false, "Whose space it is (the newest run)"},
    {"space", OPTION_TEXT, "SPACE", "encoder", 0, 0, true,
     "encoder, pixels, or untrained (the run's twin); several make a row each"},
    {"split", OPTION_TEXT, "SPLIT", "train", 0, 0, false,
     "Real pictures to search: train, valid, full-train, test"},
    {"metric", OPTION_TEXT, "METRIC", "cosine", 0, 0, false,
     "cosine, euclid (distance) or dot (inner product)"},
    {"among", OPTION_TEXT, "WHAT", "real", 0, 0, false,
     "real, seeds (the generator's first 4,096 views) or tray (what is kept)"},
    {"copy", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Say whether it is a copy: its place among held-out pictures' distances"},
    {"walk", OPTION_INTEGER, "N", NULL, 1, 1000, false,
     "Walk from the view to its N-th neighbour: the views on the way"},
    {"frames", OPTION_INTEGER, "N", "9", 2, 600, false, "Views on that way, both ends with it"},
    {"steps", OPTION_INTEGER, "N", "300", 1, 100000, false, "Of descent towards that neighbour"},
    {"out", OPTION_TEXT, "PNG", NULL, 0, 0, false,
     "Save the views on the way side by side, with their addresses"},
    {"k", OPTION_INTEGER, "K", "12", 1, 1000, false, "Neighbours"},
    {"through", OPTION_TEXT, "RUN", NULL, 0, 0, false,
     "Through the kept checkpoints of RUN, among the first 4,000 training pictures"},
    {"sheet", OPTION_TEXT, "PNG", NULL, 0, 0, false, "Save the query and its neighbours as a picture"},
    {0},
};

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

bool search_is_real(const char *word)
{
    return !strncmp(word, "real:", 5);
}

bool search_open_query(Search *s, Err *err)
{
    const char *word = s->args->word[0];
    bool address = workspace_is_address(word);
    address = address || *word == '#';
    bool bare = !address && s->among == AMONG_REAL;
    s->index = -1;
    snprintf(s->query, sizeof s->query, "%s", word);
    if (!share_open(&s->workspace, s->args, bare, err)) return false;
    if (search_is_real(word)) return true;
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
    s->data = &s->real;
    return open_split(&s->split, s->args, err) &&
           open_dataset(&s->real, s->args, subject_data(&s->subject, s->args, w), s->split, side, channels,
                        err);
}

/* Generated pictures to look among, instead of the real ones. */
static bool make_data(Search *s, Err *err)
{
    Tray *tray = NULL;
    Generator *g = s->workspace->generator;
    if (s->among == AMONG_REAL) return true;
    s->data = &s->made.data;
    if (s->among == AMONG_TRAY && !tray_open(&tray, NULL, err)) return false;
    bool ok = tray ? made_tray(&s->made, g, tray, err) : made_seeds(&s->made, g, MADE_SEEDS, err);
    tray_close(tray);
    Latent *l = ok ? latent_new(g, FILL, NULL, s->pool, err) : NULL;
    for (ok = l != NULL; ok && s->made.done < s->made.data.n;) {
        cli_progress(s->args, "%d of %d views made", s->made.done, s->made.data.n);
        ok = made_go(&s->made, l, FILL, err);
    }
    latent_free(l);
    return ok && (s->made.data.n || err_set(err, ERR_USAGE, "the tray keeps no view of %s", g->slug));
}

/* real:N is the picture that `index` N of an answer names. */
static bool find_real(Search *s, const char *number, Err *err)
{
    char *end;
    long n = strtol(number, &end, 10);
    for (int i = 0; i < s->real.n && s->index < 0; i++)
        if (s->real.origin[i] == n) s->index = i;
    if (s->index < 0 || !*number || *end)
        return err_set(err, ERR_USAGE, "%s is none of these %d pictures (%s): a neighbour's index is wanted",
                       s->query, s->real.n, dataset_split_name(s->split));
    return dataset_image(&s->picture, &s->real, s->index, err);
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
    if (search_is_real(s->query) && !find_real(s, s->query + 5, err)) return false;
    s->planes = malloc(dataset_item_bytes(&s->real) * sizeof *s->planes);
    bool ok = (s->planes || err_nomem(err, "the query")) &&
              image_fit(&fitted, &s->picture, s->real.h, s->real.c, err);
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

/* Where the query's nearest real picture stands among those of held-out pictures. */
static bool judge_copy(Search *s, const Bank *b, Err *err)
{
    Dataset held;
    CopyNull null = {0};
    const Dataset *d = &s->real;
    if (!dataset_open(&held, subject_data(&s->subject, s->args, s->workspace), SPLIT_VALID, d->w, d->c, err))
        return false;
    bool ok = true;
    while (ok && !copies_known(&null)) {
        cli_progress(s->args, "%d of %d held-out pictures", null.done, null.n);
        ok = copies_fill(&null, b, s->metric, &held, HELD_AT_ONCE, s->pool, err);
    }
    dataset_close(&held);
    if (ok) s->copy = copies_judge(&null, s->metric, s->hit[0][0].score);
    return ok;
}

static bool ask(Search *s, const Bank *b, Neighbour *hit, Err *err)
{
    bool own = s->among == AMONG_REAL && s->index >= 0;
    return own ? bank_nearest_of(hit, b, s->metric, &s->index, 1, s->k, s->pool, err)
               : bank_nearest(hit, b, s->metric, s->planes, 1, s->k, s->pool, err);
}

/* Pixels of generated pictures are centred by the mean of the real ones, so that cosines can be compared. */
static bool search_bank(Bank **out, Search *s, Space space, Encoder *e, Err *err)
{
    Bank *real;
    if (!bank_new(&real, &s->real, space, e, err)) return false;
    *out = real;
    if (s->among == AMONG_REAL) return true;
    bool ok = bank_like(out, real, s->data, err);
    bank_drop(real);
    return ok;
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
    if (!search_bank(&b, s, s->space[i], e, err)) return false;
    bool ok = fill_bank(b, s, err) && ask(s, b, s->hit[i], err);
    if (ok && !i && args_flag(s->args, "copy")) ok = judge_copy(s, b, err);
    bank_drop(b);
    return ok;
}

/* --- the way to a neighbour ------------------------------------------------------------------------------
 */

static bool watch_way(Search *s, Job *job, Err *err)
{
    while (!job_wait(job, 0.1)) {
        InvertNews *n = (InvertNews *)job_news(job);
        if (cli_interrupted()) job_stop(job);
        if (!n) continue;
        cli_progress(s->args, "walking: step %d of %d  off by %.1f of 255", n->now.step, n->now.steps,
                     n->now.pixel);
        news_drop(&n->news);
    }
    if (!job_result(job, err)) return false;
    s->way = (InvertNews *)job_news(job);
    return s->way != NULL;
}

static bool save_way(const Search *s, Err *err)
{
    const char *path = args_text(s->args, "out");
    if (!path) return true;
    Latent *l = latent_new(s->workspace->generator, FILL, NULL, s->pool, err);
    bool ok = l && export_wall(path, l, s->way->frame, s->way->frames, s->way->frames, 4,
                               "the way from a view to a neighbour", err);
    latent_free(l);
    if (ok) cli_note(s->args, "saved %s", path);
    return ok;
}

static bool walk(Search *s, Err *err)
{
    Image target;
    InvertConfig c = invert_defaults();
    if (!args_given(s->args, "walk")) return true;
    c.steps = (int)args_integer(s->args, "steps");
    c.from = &s->address;
    const Neighbour *to = &s->hit[0][args_integer(s->args, "walk") - 1];
    if (!dataset_image(&target, s->data, to->index, err)) return false;
    cli_save_on_interrupt(true); /* the job ends at its next step */
    Job *job =
        invert_approach(s->workspace, &target, &c, (int)args_integer(s->args, "frames"), 0, (Bell){0}, err);
    bool ok = job && watch_way(s, job, err);
    job_free(job);
    image_free(&target);
    return ok && save_way(s, err);
}

/* --- the command ---------------------------------------------------------------------------------------- */

static bool read_wishes(Search *s, Err *err)
{
    const Args *a = s->args;
    if (!metric_named(&s->metric, args_text(a, "metric"), err) ||
        !among_named(&s->among, args_text(a, "among"), err) || !read_spaces(s, err))
        return false;
    if (args_flag(a, "copy") && (s->among != AMONG_REAL || strcmp(args_text(a, "split"), "train") != 0))
        return err_set(err, ERR_USAGE, "--copy asks about training pictures: leave --among and --split out");
    if (args_given(a, "out") && !args_given(a, "walk"))
        return err_set(err, ERR_USAGE, "--out saves the way of --walk N; --sheet saves the neighbours");
    return true;
}

static bool search(Search *s, Err *err)
{
    if (!read_wishes(s, err) || !search_open_query(s, err)) return false;
    if (args_given(s->args, "walk") && !s->has_address)
        return err_set(err, ERR_USAGE,
                       "--walk begins at a generated view: give an address, #12 or a PNG that carries one");
    if (!open_data(s, err) || !(s->pool = open_pool(err)) || !make_data(s, err) || !make_query(s, err))
        return false;
    s->k = (int)args_integer(s->args, "k");
    int there = s->data->n - (s->among == AMONG_REAL && s->index >= 0);
    if (s->k > there && !args_given(s->args, "k")) s->k = there;
    if (args_given(s->args, "walk") && args_integer(s->args, "walk") > s->k)
        return err_set(err, ERR_USAGE, "--walk %ld is beyond the %d neighbours asked for (-k)",
                       args_integer(s->args, "walk"), s->k);
    for (int i = 0; i < s->spaces; i++)
        if (!search_in(s, i, err)) return false;
    return walk(s, err);
}

void search_close(Search *s)
{
    for (int i = 0; i < SPACES_MAX; i++) free(s->hit[i]);
    if (s->way) news_drop(&s->way->news);
    free(s->planes);
    pool_free(s->pool);
    made_close(&s->made);
    dataset_close(&s->real);
    subject_close(&s->subject);
    image_free(&s->picture);
    workspace_close(s->workspace);
}

static int neighbours_command(const Args *a)
{
    Err err = {0};
    Search s = {.args = a};
    if (args_given(a, "through")) return search_through(a);
    int status = search(&s, &err) && search_sheet(&s, &err) ? search_report(&s) : cli_fail(&err);
    search_close(&s);
    return status;
}

const Command command_neighbours = {
    "ADDRESS|#N|PICTURE|real:N [--space SPACE]... [--among WHAT] [--k K]",
    "Finds what is nearest to a view, an item of the tray, a picture file or a real picture: exact, over\n"
    "the whole split of real pictures, or among generated views. In pixels, pictures are centred by the\n"
    "mean real picture first. An index is the position in the data's own file or folder listing (real:N\n"
    "asks about that one), a seed, or a number of the tray. A PNG saved with its address is made again\n"
    "from it. --walk goes on from the view to a neighbour, by descent through the generator; the views\n"
    "on the way are printed and stay in the store. --encoder judge: the shipped judge's features.",
    "  viewsmith neighbours seed=4711/class=7/psi=0.7 --sheet near.png\n"
    "  viewsmith neighbours shoe.jpg --space pixels -k 5 --json\n"
    "  viewsmith neighbours view.png --encoder 0007 --space encoder --space untrained\n"
    "  viewsmith neighbours seed=4711/class=7 --encoder judge --copy --metric euclid\n"
    "  viewsmith neighbours real:17 --encoder judge --among seeds\n"
    "  viewsmith neighbours '#12' --encoder judge --walk 3 --out way.png\n"
    "  viewsmith neighbours view.png --through 0007",
    options,
    1,
    1,
    neighbours_command};
