/* The search for corner cases: rounds of a bounded search, what they find measured, the new and real put into
 * the tray. */
#include "engine/corner_job.h"
#include "engine/measure.h"
#include "engine/probe_head.h"
#include "latent/search.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUND_DRAWS = 512, ROUND_LOOKS = 96, ROUND_KEEP = 6, CLIMB_STEPS = 30, ROUNDS_MIN = 6 };
#define LIKE_APART 0.008f /* 1 - cosine: nearer to what it is to be like is no gain */
#define REAL_SHARE 0.15   /* of the bar for getting ready */

typedef struct {
    PixelOp op[PIXEL_OPS];
    int n;
} PixelOps;

typedef struct {
    const Workspace *w;
    CornerConfig config;
    int64_t *id;
    char path[4096];
    Job *job;
    Tray *tray;
    Pool *pool;
    Measure *measure;
    LatentStore store;
    Encoder *judge, *other;
    ProbeHead probe;    /* on `other` */
    float *like;        /* (likes, D): features to come near to */
    Address *like_view; /* (likes): without pixel operators */
    PixelOps *like_pix; /* (likes): those */
    int likes;
    float *known; /* (knowns, D): unit features of what was found in this search */
    int knowns;
    CornerNews now;
} Find;

const char *corner_wish_name(CornerWish w)
{
    static const char *const name[CORNER_WISHES] = {"like", "unsure", "disagree"};
    return name[w];
}

CornerConfig corner_defaults(void)
{
    return (CornerConfig){
        .wish = CORNER_UNSURE, .class = -1, .count = 24, .realism = 0.75f, .radius = 0.5f, .seed = 1000000};
}

/* --- news
 * ----------------------------------------------------------------------------------------------------- */

static void news_close(News *news)
{
    free(news);
}

static void publish(Find *f, const char *phase, double share)
{
    CornerNews *n = malloc(sizeof *n);
    f->now.phase = phase;
    f->now.share = share;
    if (!n) return;
    *n = f->now;
    n->news.close = news_close;
    job_publish(f->job, &n->news);
}

static bool going(Find *f, Err *err)
{
    return job_going(f->job) ||
           err_set(err, ERR_CANCELLED, "the search was stopped with %d candidates", f->now.found);
}

/* Enough rounds that most of what is found may be passed over. */
static int rounds_of(const Find *f)
{
    return ROUNDS_MIN + 3 * f->config.count / ROUND_KEEP;
}

/* --- getting ready
 * -------------------------------------------------------------------------------------------- */

/* Realism needs the real pictures in the judge's features; without them there is no bound. */
static bool know_reals(Find *f, Err *err)
{
    Err none = {0};
    if (isnan(f->config.realism)) return true;
    while (measure_grow(f->measure, 256, &none)) {
        const Realism *r = measure_reals(f->measure);
        publish(f, "real pictures", r ? REAL_SHARE * realism_filled(r) / realism_size(r) : 0);
        if (!going(f, err)) return false;
    }
    if (measure_real(f->measure)) return true;
    f->config.realism = NAN;
    snprintf(f->now.told, sizeof f->now.told, "without a bound on realism: %.160s", measure_why(f->measure));
    return true;
}

/* A linear probe on the encoder that was named. */
static bool open_other(Find *f, Err *err)
{
    Dataset d;
    const CornerConfig *c = &f->config;
    if (c->wish == CORNER_LIKE || (c->wish == CORNER_UNSURE && !*c->encoder)) return true;
    publish(f, "probe", REAL_SHARE);
    if (!workspace_encoder(&f->other, NULL, f->w, c->encoder, err) ||
        !workspace_dataset(&d, f->w, SPLIT_TRAIN, err))
        return false;
    bool ok =
        d.classes == f->judge->config.classes || err_set(err, ERR_USAGE, "%s has %d classes, the judge %d",
                                                         d.name, d.classes, f->judge->config.classes);
    ok = ok && head_fit(&f->probe, f->other, &d, f->pool, err);
    dataset_close(&d);
    snprintf(f->now.encoder, sizeof f->now.encoder, "%.63s", f->other->name);
    return ok;
}

static bool wanted(const Find *f, int64_t id)
{
    for (int i = 0; i < f->config.ids; i++)
        if (f->id[i] == id) return true;
    return f->config.ids == 0;
}

/* The view without its pixel operators, which are kept beside it. */
static bool add_like(Find *f, const TrayItem *it)
{
    Address *a = &f->like_view[f->likes];
    PixelOps *px = &f->like_pix[f->likes];
    if (!wanted(f, it->id) || !address_parse(a, it->address, NULL) || !latent_check(f->w->generator, a, NULL))
        return false;
    memcpy(px->op, a->pix, sizeof px->op);
    px->n = a->pixes;
    a->pixes = 0;
    f->likes++;
    return true;
}

/* Without a bound of the person's own, what is like an odd view may be as odd. */
static void settle_bound(Find *f, const Meter *seen)
{
    int below = 0;
    float least = INFINITY, bound = f->config.realism;
    for (int i = 0; i < f->likes; i++) {
        below += seen[i].realism < bound;
        least = fminf(least, seen[i].realism);
    }
    if (!below) return;
    if (!f->config.strict) f->config.realism = least;
    if (f->config.strict)
        snprintf(f->now.told, sizeof f->now.told,
                 "%d of the %d it is to be like are less real than %.2f: what is as odd is passed over",
                 below, f->likes, (double)bound);
    else
        snprintf(f->now.told, sizeof f->now.told,
                 "down to realism %.2f, as the least real one it is to be like", (double)least);
}

/* Features of the views that it is to be like, and how real those are. */
static bool measure_likes(Find *f, Err *err)
{
    size_t D = (size_t)measure_features(f->measure), W = (size_t)measure_floats(f->measure),
           n = (size_t)f->likes;
    float *seen = f->like = malloc(n * W * sizeof *seen);
    Meter *meter = malloc(n * sizeof *meter);
    bool ok = (seen && meter) || err_nomem(err, "a search");
    ok = ok && measure_see(seen, f->measure, f->like_view, f->likes, err) &&
         measure_judge(meter, f->measure, seen, f->like_view, f->likes, NULL, err);
    if (ok) settle_bound(f, meter);
    for (size_t i = 0; ok && i < n; i++) /* rows without the judge's shares */
        measure_unit(memmove(seen + i * D, seen + i * W, D * sizeof *seen), f->measure);
    free(meter);
    return ok;
}

static bool see_likes(Find *f, const TrayList *items, Err *err)
{
    f->like_view = malloc((size_t)items->n * sizeof *f->like_view);
    f->like_pix = malloc((size_t)items->n * sizeof *f->like_pix);
    bool ok = (f->like_view && f->like_pix) || err_nomem(err, "a search");
    for (int i = 0; ok && i < items->n; i++)
        if (add_like(f, &items->item[i])) ok = tray_supply(f->tray, &f->like_view[f->likes - 1], err);
    if (ok && !f->likes)
        ok = err_set(err, ERR_USAGE, "the tray has no such view of this model to search from");
    return ok && measure_likes(f, err);
}

static bool open_likes(Find *f, Err *err)
{
    TrayList items;
    const CornerConfig *c = &f->config;
    if (c->wish != CORNER_LIKE) return true;
    TrayFilter filter = {.tag = *c->tag ? c->tag : NULL,
                         .states = c->ids ? TRAY_MASK(TRAY_KEPT) | TRAY_MASK(TRAY_CANDIDATE) : 0};
    if (!tray_list(&items, f->tray, &filter, err)) return false;
    bool ok = items.n ? see_likes(f, &items, err)
                      : err_set(err, ERR_USAGE, "no view of the tray has the tag \"%s\"", c->tag);
    tray_list_free(&items);
    return ok;
}

static bool open_find(Find *f, Err *err)
{
    f->now.wanted = f->config.count;
    f->now.best = NAN;
    f->pool = pool_new(pool_default_threads(), 19, err);
    if (!f->pool || !tray_open(&f->tray, *f->path ? f->path : NULL, err) ||
        !store_open(&f->store, NULL, err) || !workspace_judge(&f->judge, f->w, NULL, err) ||
        !measure_open(&f->measure, f->w, f->pool, err))
        return false;
    if (!measure_features(f->measure))
        return err_set(err, ERR_USAGE, "a search needs a judge of such pictures: %s",
                       measure_why(f->measure));
    snprintf(f->now.encoder, sizeof f->now.encoder, "%.63s", f->judge->name);
    f->known =
        malloc((size_t)(rounds_of(f) * ROUND_KEEP) * (size_t)measure_features(f->measure) * sizeof *f->known);
    if (!f->known) return err_nomem(err, "a search");
    return know_reals(f, err) && open_other(f, err) && open_likes(f, err);
}

static void close_find(Find *f)
{
    measure_close(f->measure);
    encoder_drop(f->judge);
    encoder_drop(f->other);
    tray_close(f->tray);
    pool_free(f->pool);
    head_free(&f->probe);
    free(f->like);
    free(f->like_view);
    free(f->like_pix);
    free(f->known);
}

/* --- one round
 * ------------------------------------------------------------------------------------------------ */

static SearchConfig search_for(const Find *f)
{
    SearchConfig c = search_defaults();
    SearchHead judge = {.encoder = f->judge, .classes = f->judge->config.classes};
    SearchHead probe = {f->other, f->probe.weight, f->probe.bias, f->judge->config.classes};
    static const SearchWish wish[] = {
        [CORNER_LIKE] = SEARCH_NEAR, [CORNER_UNSURE] = SEARCH_UNSURE, [CORNER_DISAGREE] = SEARCH_DISAGREE};
    c.wish = wish[f->config.wish];
    c.head = f->other ? probe : judge;
    c.other = judge;
    c.features = f->like;
    c.rows = f->likes;
    c.radius = f->config.radius;
    c.apart = LIKE_APART;
    return c;
}

/* Scores the seeds of a round; the best are looked at. */
static SearchConfig draws_of(const Find *f, int round)
{
    SearchConfig c = search_for(f);
    c.class = f->likes && f->config.class < 0 ? f->like_view[round % f->likes].class : f->config.class;
    c.draws = ROUND_DRAWS;
    c.keep = ROUND_LOOKS;
    c.steps = 0;
    c.seed = f->config.seed + (uint64_t)round * ROUND_DRAWS;
    return c;
}

/* Climbs from one seed. */
static SearchConfig climb_of(const Find *f, const Address *origin)
{
    SearchConfig c = search_for(f);
    c.class = origin->class;
    c.draws = c.keep = 1;
    c.steps = CLIMB_STEPS;
    c.seed = origin->source.ref[0].id;
    return c;
}

/* x (unit) looks like what was found before. */
static bool is_known(const Find *f, const float *x, int D)
{
    for (int k = 0; k < f->knowns; k++) {
        double dot = 0;
        for (int d = 0; d < D; d++) dot += (double)x[d] * (double)f->known[(size_t)k * (size_t)D + (size_t)d];
        if (dot >= (double)TRAY_NEAR) return true;
    }
    return false;
}

static void remember(Find *f, const float *x, int D)
{
    memcpy(f->known + (size_t)f->knowns++ * (size_t)D, x, (size_t)D * sizeof *x);
}

static bool real_enough(const Find *f, const Meter *m)
{
    return isnan(f->config.realism) || m->realism >= f->config.realism;
}

/* A view under the meters: its unit features in seen. */
static bool meet(float *seen, Meter *m, const Find *f, const Address *a, Err *err)
{
    if (!measure_see(seen, f->measure, a, 1, err) || !measure_judge(m, f->measure, seen, a, 1, NULL, err))
        return false;
    measure_unit(seen, f->measure);
    return true;
}

/* Which of the views a row of unit features is most like; *cosine of the two. */
static int most_like(float *cosine, const Find *f, const float *seen)
{
    int D = measure_features(f->measure), which = 0;
    *cosine = -1;
    for (int k = 0; k < f->likes; k++) {
        double dot = 0;
        for (int d = 0; d < D; d++)
            dot += (double)seen[d] * (double)f->like[(size_t)k * (size_t)D + (size_t)d];
        if ((float)dot > *cosine) *cosine = (float)dot, which = k;
    }
    return which;
}

/* What is done to the pixels of the view it is most like is done to it too. */
static void wear_pixels(Address *a, const Find *f, const float *seen)
{
    float cosine;
    if (!f->likes) return;
    const PixelOps *px = &f->like_pix[most_like(&cosine, f, seen)];
    memcpy(a->pix, px->op, sizeof a->pix);
    a->pixes = px->n;
}

/* What is wanted of a view, where the judge alone tells it; NaN: another encoder would have to look. */
static float score_of(const Find *f, const float *seen, const Meter *m)
{
    float best;
    if (f->other) return NAN;
    if (f->config.wish == CORNER_UNSURE) return m->entropy;
    most_like(&best, f, seen);
    return best;
}

/* The place `t` of the way from the seed to where it climbed. */
static Address on_the_way(const SearchHit *h, float t)
{
    Address a = t < 1 ? h->origin : h->address;
    if (t > 0 && t < 1)
        a.source = (AddressSource){SOURCE_LERP, {h->origin.source.ref[0], h->address.source.ref[0]}, {t}};
    return a;
}

/* As far up as still looks real: the seed itself does. seen and m are left as those of *a. */
static bool farthest_real(Address *a, float *score, float *seen, Meter *m, const Find *f, const SearchHit *h,
                          Err *err)
{
    static const float way[] = {1, 0.75f, 0.5f, 0.25f, 0};
    bool climbed = !address_equal(&h->address, &h->origin);
    for (int i = climbed ? 0 : 4; i < 5; i++) {
        bool between = i > 0 && i < 4;
        if (between && f->other) continue;
        *a = on_the_way(h, way[i]);
        if (!meet(seen, m, f, a, err)) return false;
        *score = between ? score_of(f, seen, m) : i ? h->origin_score : h->score;
        if (real_enough(f, m)) break;
    }
    return true;
}

/* "like heel", "like #12", "unsure judge-fashion". */
static void name_origin(char *out, size_t cap, const Find *f)
{
    const char *wish = corner_wish_name(f->config.wish);
    if (f->config.wish != CORNER_LIKE)
        snprintf(out, cap, "%s %.60s", wish, f->now.encoder);
    else if (f->config.ids)
        snprintf(out, cap, "%s #%lld%s", wish, (long long)f->id[0], f->config.ids > 1 ? " ..." : "");
    else
        snprintf(out, cap, "%s %.60s", wish, f->config.tag);
}

static bool put_candidate(Find *f, const Address *a, const Address *origin, float score, const Meter *m,
                          Err *err)
{
    char from[80], parent[ADDRESS_BYTES_MAX + 1] = "";
    TrayAdded added;
    name_origin(from, sizeof from, f);
    if (!address_equal(a, origin) && !address_print(parent, origin, err)) return false;
    TrayFound found = {.address = a,
                       .origin = from,
                       .parent = parent,
                       .tags = *f->config.tag ? f->config.tag : NULL,
                       .score = score,
                       .realism = m->realism};
    if (!tray_found(&added, f->tray, &found, err)) return false;
    f->now.found += !added.was;
    f->now.known += added.was;
    if (!(f->now.best >= (double)score)) f->now.best = (double)score;
    return true;
}

/* One seed that scored well: passed over, or climbed from and put into the tray. */
static bool follow_seed(Find *f, const Address *origin, float *seen, Err *err)
{
    Meter m;
    SearchHit hit;
    Address a;
    float score = NAN;
    int D = measure_features(f->measure);
    if (!meet(seen, &m, f, origin, err)) return false;
    if (!real_enough(f, &m)) return f->now.unreal++, true;
    if (is_known(f, seen, D)) return f->now.known++, true;
    SearchConfig c = climb_of(f, origin);
    Search *s = search_new(f->w->generator, &c, f->pool, err);
    bool ok = s != NULL;
    while (ok && !search_done(s)) ok = search_step(s, err) && going(f, err);
    ok = ok && search_hits(&hit, s, &f->store, err) && farthest_real(&a, &score, seen, &m, f, &hit, err);
    search_free(s);
    if (!ok) return false;
    if (is_known(f, seen, D)) return f->now.known++, true;
    remember(f, seen, D);
    wear_pixels(&a, f, seen);
    return put_candidate(f, &a, origin, score, &m, err);
}

static double share_of(const Find *f, int round)
{
    double found = f->now.found / (double)f->config.count, looked = round / (double)rounds_of(f);
    return REAL_SHARE + (1 - REAL_SHARE) * fmax(found, looked);
}

/* The seeds of a round, best first; *n of them. The caller frees. */
static SearchHit *draw(int *n, Find *f, int round, Err *err)
{
    SearchConfig c = draws_of(f, round);
    Search *s = search_new(f->w->generator, &c, f->pool, err);
    SearchHit *hit = s ? malloc(ROUND_LOOKS * sizeof *hit) : NULL;
    bool ok = hit || (s && err_nomem(err, "a search"));
    while (ok && !search_done(s)) ok = search_step(s, err) && going(f, err);
    *n = ok ? search_count(s) : 0;
    ok = ok && search_hits(hit, s, &f->store, err);
    search_free(s);
    f->now.seeds += ROUND_DRAWS;
    if (ok) return hit;
    free(hit);
    return NULL;
}

static bool one_round(Find *f, int round, Err *err)
{
    int n, before = f->now.found;
    SearchHit *hit = draw(&n, f, round, err);
    float *seen = hit ? malloc((size_t)measure_floats(f->measure) * sizeof *seen) : NULL;
    bool ok = seen || (hit && err_nomem(err, "a search"));
    for (int i = 0; ok && i < n && f->now.found < f->config.count && f->now.found - before < ROUND_KEEP;
         i++) {
        ok = follow_seed(f, &hit[i].origin, seen, err);
        publish(f, "searching", share_of(f, round));
    }
    free(hit);
    free(seen);
    return ok;
}

static bool search_all(Find *f, Err *err)
{
    bool ok = true;
    for (int round = 0; ok && round < rounds_of(f) && f->now.found < f->config.count; round++)
        ok = one_round(f, round, err);
    return ok;
}

static bool find_run(Job *job, void *work, Err *err)
{
    Find *f = work;
    f->job = job;
    publish(f, "opening", 0);
    bool ok = open_find(f, err) && search_all(f, err);
    publish(f, "done", ok ? 1 : f->now.share);
    return ok;
}

static void find_free(void *work)
{
    Find *f = work;
    close_find(f);
    free(f->id);
    free(f);
}

Job *corner_start(const Workspace *w, const char *tray, const CornerConfig *c, Bell bell, Err *err)
{
    static const JobKind kind = {"search", find_run, find_free, 19};
    if (c->count < 1 || c->count > 10000)
        return err_set(err, ERR_USAGE, "a search is for 1 to 10,000 candidates"), NULL;
    Find *f = calloc(1, sizeof *f);
    if (!f) return err_nomem(err, "a search"), NULL;
    *f = (Find){.w = w, .config = *c};
    snprintf(f->path, sizeof f->path, "%s", tray ? tray : "");
    f->id = c->ids ? malloc((size_t)c->ids * sizeof *f->id) : NULL;
    if (c->ids && !f->id) return find_free(f), err_nomem(err, "a search"), NULL;
    if (c->ids) memcpy(f->id, c->id, (size_t)c->ids * sizeof *f->id);
    return job_start(&kind, f, bell, err);
}
