/* viewsmith neighbours: the real pictures nearest to a view or a picture. */
#include "cli/share.h"
#include "base/file.h"
#include "engine/export.h"
#include "inspect/neighbours.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_DATA,
    OPTION_RUNS,
    {"split", OPTION_TEXT, "SPLIT", "train", 0, 0, false, "Real pictures: train, full-train, valid, test"},
    {"space", OPTION_TEXT, "SPACE", "encoder", 0, 0, true, "encoder, pixels or untrained; may be given several times"},
    {"encoder", OPTION_TEXT, "RUN|FILE", NULL, 0, 0, false, "Whose features (the newest run's)"},
    {"k", OPTION_INTEGER, "K", "12", 1, 1000, false, "How many"},
    {"sheet", OPTION_TEXT, "PNG", NULL, 0, 0, false, "A sheet: the query and a row per space"},
    {0},
};

#define SPACES_MAX 3

typedef struct {
    Workspace *w;
    Dataset data;
    Pool *pool;
    Encoder *trained, *untrained;
    Image query;
    Address address;
    bool has_address;
    float *planes;
    int k, spaces;
    Space space[SPACES_MAX];
    Neighbour *hit[SPACES_MAX];
} Search;

static bool view_of(Search *s, Err *err)
{
    Latent *l = latent_check(s->w->generator, &s->address, err) ? latent_new(s->w->generator, 1, NULL, NULL, err) : NULL;
    bool ok = l && export_images(&s->query, l, &s->address, 1, err);
    latent_free(l);
    s->has_address = true;
    return ok;
}

/* An address (short or long), a picture file, or real:N of the pictures searched. */
static bool open_query(Search *s, const char *text, Err *err)
{
    Thing t;
    if (!strncmp(text, "real:", 5)) {
        char *end;
        long i = strtol(text + 5, &end, 10);
        if (*end || i < 0 || i >= s->data.n || !text[5])
            return err_set(err, ERR_USAGE, "%s: the real pictures are real:0 to real:%d", text, s->data.n - 1);
        return dataset_image(&s->query, &s->data, (int)i, err);
    }
    if (!strncmp(text, "vs1:", 4) || (strchr(text, '=') && !file_exists(text)))
        return workspace_address(&s->address, s->w, text, err) && view_of(s, err);
    if (!thing_open(&t, s->w, text, err)) return false;
    bool picture = t.kind == THING_PICTURE && image_copy(&s->query, &t.picture, err);
    s->address = t.address;
    s->has_address = t.has_address;
    thing_close(&t);
    return picture || err_set(err, ERR_USAGE, "%s is neither a picture nor an address", text);
}

static bool read_spaces(Search *s, const Args *a, Err *err)
{
    int n = args_count(a, "space");
    if (n > SPACES_MAX) return err_set(err, ERR_USAGE, "there are three spaces");
    if (!n) return space_named(&s->space[s->spaces++], args_text(a, "space"), err);
    for (int i = 0; i < n; i++)
        if (!space_named(&s->space[s->spaces++], args_nth(a, "space", i), err)) return false;
    return true;
}

static bool open_encoders(Search *s, const Args *a, Err *err)
{
    bool need = false;
    for (int i = 0; i < s->spaces; i++) need = need || s->space[i] != SPACE_PIXELS;
    if (!need) return true;
    if (!workspace_encoder(&s->trained, &s->untrained, s->w, args_text(a, "encoder"), err)) return false;
    for (int i = 0; i < s->spaces; i++)
        if (s->space[i] == SPACE_UNTRAINED && !s->untrained)
            return err_set(err, ERR_USAGE, "the untrained twin is kept in a run: give --encoder RUN, not a file");
    return true;
}

static bool search_in(Search *s, int i, const Args *a, Err *err)
{
    Bank *b;
    Encoder *e = s->space[i] == SPACE_ENCODER ? s->trained : s->space[i] == SPACE_UNTRAINED ? s->untrained : NULL;
    s->hit[i] = malloc((size_t)s->k * sizeof *s->hit[i]);
    if (!s->hit[i]) return err_nomem(err, "neighbours");
    if (!bank_new(&b, &s->data, s->space[i], e, err)) return false;
    bool ok = true;
    while (ok && bank_filled(b) < bank_size(b)) {
        int left = bank_size(b) - bank_filled(b);
        ok = bank_fill(b, left < 1000 ? left : 1000, s->pool, err);
        cli_progress(a, "%s space: %d of %d pictures", space_name(s->space[i]), bank_filled(b), bank_size(b));
    }
    ok = ok && bank_nearest(s->hit[i], b, s->planes, 1, s->k, s->pool, err);
    bank_drop(b);
    return ok;
}

static bool prepare(Search *s, const Args *a, Err *err)
{
    Split split;
    Image fit = {0};
    if (!dataset_split(args_text(a, "split"), &split, err) || !read_spaces(s, a, err) || !open_encoders(s, a, err) ||
        !workspace_dataset(&s->data, s->w, split, err) || !open_query(s, a->word[0], err))
        return false;
    s->k = (int)args_integer(a, "k");
    if (s->k > s->data.n) s->k = s->data.n;
    s->pool = pool_new(pool_default_threads(), 0, err);
    s->planes = malloc(dataset_item_bytes(&s->data) * sizeof *s->planes);
    if (!s->pool || !s->planes) return s->pool && err_nomem(err, "the query");
    if (!image_fit(&fit, &s->query, s->data.h, s->data.c, err)) return false;
    image_to_planes(s->planes, &fit);
    image_free(&fit);
    return true;
}

static bool save_sheet(const Search *s, const Args *a, Err *err)
{
    SheetRow row[SPACES_MAX];
    if (!args_given(a, "sheet")) return true;
    for (int i = 0; i < s->spaces; i++) row[i] = (SheetRow){space_name(s->space[i]), s->hit[i], s->k < 16 ? s->k : 16};
    return export_neighbours(args_text(a, "sheet"), &s->query, s->has_address ? "generated" : "picture", &s->data, row, s->spaces,
                             s->has_address ? &s->address : NULL, err);
}

static Json *hits_json(const Search *s, int i)
{
    Json *rows = json_make_array();
    for (int k = 0; k < s->k; k++) {
        const Neighbour *h = &s->hit[i][k];
        Json *row = json_make();
        json_put_int(row, "index", h->index);
        json_put_int(row, "label", h->label);
        json_put_str(row, "class", s->data.class_name[h->label]);
        json_put_num(row, "score", (double)h->score);
        json_put_str(row, "path", s->data.path ? s->data.path[h->index] : "");
        json_add(rows, row);
    }
    return rows;
}

static int report(const Search *s, const Args *a)
{
    Json *o = json_make(), *others = json_make_array();
    json_put_str(o, "query", a->word[0]);
    for (int i = 0; i < s->spaces; i++) {
        cli_say(a, "%s space, cosine, exact, %d real pictures (%s):", space_name(s->space[i]), s->data.n, args_text(a, "split"));
        for (int k = 0; k < s->k; k++)
            cli_say(a, "  %.4f  %-12s %s%d %s", (double)s->hit[i][k].score, s->data.class_name[s->hit[i][k].label], "real:",
                    s->hit[i][k].index, s->data.path ? s->data.path[s->hit[i][k].index] : "");
        Json *at = i ? json_make() : o;
        json_put_str(at, "space", space_name(s->space[i]));
        json_put_str(at, "metric", "cosine");
        json_put(at, "neighbours", hits_json(s, i));
        if (i) json_add(others, at);
    }
    if (s->spaces > 1) json_put(o, "others", others);
    else json_drop(others);
    json_put_str(o, "split", args_text(a, "split"));
    if (args_given(a, "sheet")) json_put_str(o, "sheet", args_text(a, "sheet"));
    return cli_result(a, o);
}

static int neighbours_command(const Args *a)
{
    Err err = {0};
    Search s = {0};
    bool ok = share_open(&s.w, a, false, &err) && prepare(&s, a, &err);
    for (int i = 0; ok && i < s.spaces; i++) ok = search_in(&s, i, a, &err);
    int status = ok && save_sheet(&s, a, &err) ? report(&s, a) : cli_fail(&err);
    for (int i = 0; i < SPACES_MAX; i++) free(s.hit[i]);
    free(s.planes);
    image_free(&s.query);
    encoder_drop(s.trained);
    encoder_drop(s.untrained);
    dataset_close(&s.data);
    pool_free(s.pool);
    workspace_close(s.w);
    return status;
}

const Command command_neighbours = {
    "QUERY [--space encoder|pixels|untrained]... [--k K] [--sheet PNG]",
    "The exact nearest real pictures by cosine. QUERY is an address (long or short), a PNG or JPEG of\n"
    "any size, or real:N, one of the real pictures themselves.",
    "  viewsmith neighbours seed=4711/class=7 --space encoder --space pixels --sheet near.png\n"
    "  viewsmith neighbours shoe.jpg --k 20 --json",
    options, 1, 1, neighbours_command};
