/* viewsmith map: real and generated pictures on a flat map of an encoder's space. */
#include "cli/open.h"
#include "engine/made.h"
#include "engine/map_job.h"
#include "engine/map_picture.h"
#include <math.h>
#include <string.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_OWN_DATA,
    OPTION_RUNS,
    {"split", OPTION_TEXT, "SPLIT", "train", 0, 0, false, "Real pictures: train, valid, full-train, test"},
    {"method", OPTION_TEXT, "tsne|pca", "tsne", 0, 0, false,
     "t-SNE keeps neighbours; PCA is the plane of the largest variance"},
    {"real", OPTION_INTEGER, "N", "1500", 3, 4000, false, "Real pictures"},
    {"seeds", OPTION_INTEGER, "N", "500", 0, 4000, false, "Generated views"},
    {"perplexity", OPTION_NUMBER, "X", "30", 2, 1000, false, "How many neighbours a point roughly has"},
    {"steps", OPTION_INTEGER, "N", "750", 1, 100000, false, "Of t-SNE"},
    {"out", OPTION_TEXT, "PNG", NULL, 0, 0, false, "Save the map with every picture in its place"},
    {"side", OPTION_INTEGER, "N", "1600", 200, 16000, false, "Pixels of that picture"},
    {0},
};

typedef struct {
    const Args *args;
    bool pca;
    Workspace *workspace;
    Subject subject;
    Dataset data;
    Made made;
    Pool *pool;
    Atlas *atlas;
    MapNews *news;
    const float *xy; /* (atlas->n, 2) */
} MapCall;

static bool read_method(MapCall *m, Err *err)
{
    const char *method = args_text(m->args, "method");
    m->pca = !strcmp(method, "pca");
    return m->pca || !strcmp(method, "tsne") ||
           err_set(err, ERR_USAGE, "--method is tsne or pca, not \"%.40s\"", method);
}

static bool open_all(MapCall *m, Err *err)
{
    const Args *a = m->args;
    Split split;
    if (!share_open(&m->workspace, a, false, err) ||
        !subject_open(&m->subject, m->workspace, a->words ? a->word[0] : NULL, err))
        return false;
    const EncoderConfig *e = &m->subject.encoder->config;
    return open_split(&split, a, err) &&
           open_dataset(&m->data, a, subject_data(&m->subject, a, m->workspace), split, e->side, e->channels,
                        err) &&
           (m->pool = open_pool(err)) != NULL;
}

/* The first n pictures of a bank. */
static bool fill(const MapCall *m, Bank *b, int n, Err *err)
{
    cli_progress(m->args, "looking at %d pictures", n < bank_size(b) ? n : bank_size(b));
    return bank_fill(b, n, m->pool, err);
}

/* Generated views as the bank of real ones sees them; *out NULL where none are wanted. */
static bool seeds_bank(Bank **out, MapCall *m, const Bank *real, int n, Err *err)
{
    Generator *g = m->workspace->generator;
    *out = NULL;
    if (!n) return true;
    Latent *l = made_seeds(&m->made, g, n, err) ? latent_new(g, 64, NULL, m->pool, err) : NULL;
    bool ok = l && made_go(&m->made, l, n, err) && bank_like(out, real, &m->made.data, err) &&
              fill(m, *out, n, err);
    latent_free(l);
    return ok;
}

static bool make_atlas(MapCall *m, Err *err)
{
    Bank *real, *made = NULL;
    int reals = (int)args_integer(m->args, "real"), mades = (int)args_integer(m->args, "seeds");
    if (!bank_new(&real, &m->data, SPACE_ENCODER, m->subject.encoder, err)) return false;
    bool ok = fill(m, real, reals, err) && seeds_bank(&made, m, real, mades, err) &&
              atlas_new(&m->atlas, real, reals, made, mades, m->pool, err);
    bank_drop(real);
    bank_drop(made);
    return ok;
}

static bool settle(MapCall *m, Err *err)
{
    TsneConfig c = {(float)args_number(m->args, "perplexity"), (int)args_integer(m->args, "steps")};
    Job *job = map_start(m->atlas, &c, (Bell){0}, err);
    while (job && !job_wait(job, 0.2)) {
        MapNews *n = (MapNews *)job_news(job);
        if (n) cli_progress(m->args, "t-SNE: step %d of %d", n->step, n->steps), news_drop(&n->news);
    }
    if (job && job_result(job, err)) m->news = (MapNews *)job_news(job);
    job_free(job);
    if (m->news) m->xy = m->news->xy;
    return m->news != NULL;
}

static bool work(MapCall *m, Err *err)
{
    const char *out = args_text(m->args, "out");
    if (!read_method(m, err) || !open_all(m, err) || !make_atlas(m, err)) return false;
    m->xy = &m->atlas->xy[0][0];
    if (!m->pca && !settle(m, err)) return false;
    if (!out) return true;
    bool ok = map_picture(out, m->atlas, m->xy, m->data.class_name, m->data.classes,
                          (int)args_integer(m->args, "side"), err);
    if (ok) cli_note(m->args, "saved %s", out);
    return ok;
}

static Json *point_json(const MapCall *m, int i)
{
    const Atlas *a = m->atlas;
    bool real = i < a->real;
    Json *o = json_make();
    json_put_num(o, "x", (double)m->xy[2 * i]);
    json_put_num(o, "y", (double)m->xy[2 * i + 1]);
    json_put_bool(o, "real", real);
    json_put_int(o, "index", a->origin[i]);
    json_put_int(o, "label", a->label[i]);
    return o;
}

static int report(const MapCall *m)
{
    const Atlas *a = m->atlas;
    Json *o = json_make(), *points = json_make_array();
    for (int i = 0; i < a->n; i++) json_add(points, point_json(m, i));
    cli_say(m->args, "%s: %d real and %d generated pictures in the space of %s", m->pca ? "PCA" : "t-SNE",
            a->real, a->n - a->real, m->subject.encoder->name);
    cli_say(m->args, "the plane of the principal components shows %.1f %% of the variance",
            100 * (a->plane.share[0] + a->plane.share[1]));
    json_put_str(o, "method", m->pca ? "pca" : "tsne");
    if (m->news) {
        cli_say(m->args, "of 10 neighbours it keeps %.1f, the plane %.1f; divergence %.3f nats",
                10 * m->news->kept, 10 * m->news->kept_plane, m->news->loss);
        json_put_num(o, "divergence", m->news->loss);
        json_put_num(o, "kept", m->news->kept);
        json_put_num(o, "kept_pca", m->news->kept_plane);
    }
    json_put_str(o, "encoder", m->subject.encoder->name);
    json_put(o, "points", points);
    return cli_result(m->args, o);
}

static int map_command(const Args *a)
{
    Err err = {0};
    MapCall m = {.args = a};
    int status = work(&m, &err) ? report(&m) : cli_fail(&err);
    if (m.news) news_drop(&m.news->news);
    atlas_drop(m.atlas);
    made_close(&m.made);
    dataset_close(&m.data);
    pool_free(m.pool);
    subject_close(&m.subject);
    workspace_close(m.workspace);
    return status;
}

const Command command_map = {
    "[RUN|FILE|judge] [--method tsne|pca] [--out PNG]",
    "Lays real pictures and generated views out on a flat map of an encoder's space (the newest run's):\n"
    "what the encoder takes for alike lies together. t-SNE is exact over all pairs and begins at PCA's\n"
    "plane, so the same pictures give the same map; how many of the nearest ten it keeps is told.",
    "  viewsmith map 0007 --out map.png\n  viewsmith map judge --method pca --json",
    options,
    0,
    1,
    map_command};
