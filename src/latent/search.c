/* Bounded search: seeds are scored a slice at a time, the best climb side by side. */
#include "latent/search.h"
#include "latent/basis.h"
#include "latent/search_score.h"
#include "math/optim.h"
#include "model/generator_grad.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE = 64, LIST_MAX = 256 };

#define RATE 0.08f /* of Adam, in standard deviations of w */

/* One that climbs. */
typedef struct {
    Address origin;
    double origin_score, score; /* of the best so far */
    float moved;
    bool climbed; /* the best is not the origin */
} Climber;

struct Search {
    Generator *g;
    SearchConfig config;
    Latent *latent;
    GenGrad *grad;
    Score *score;
    Basis basis;
    size_t item, w_dim, style;
    int drawn, step, climbers;
    Climber *climber;                         /* (keep), best origin first until climbing begins */
    float *start;                             /* (keep, w_dim): w of the origins */
    float *code, *dcode;                      /* (keep, w_dim): steps from there; code with Adam's moments */
    float *w, *best;                          /* (keep, w_dim) */
    float *styles, *dstyles, *image, *dimage; /* (most of keep and SLICE, ...) */
    double *value;
    Address *list; /* (SLICE) */
};

SearchConfig search_defaults(void)
{
    return (SearchConfig){
        .class = -1, .draws = 1024, .keep = 24, .steps = 40, .radius = 0.5f, .apart = 0.005f};
}

/* --- life ------------------------------------------------------------------------------------------------
 */

static bool check(const Generator *g, const SearchConfig *c, Err *err)
{
    if (c->class >= g->config.classes)
        return err_set(err, ERR_USAGE, "class %d: %s has %d classes", c->class, g->slug, g->config.classes);
    if (c->draws < 1 || c->keep < 1 || c->keep > LIST_MAX || c->steps < 0 || !(c->radius >= 0))
        return err_set(err, ERR_USAGE,
                       "a search wants at least one draw, 1 to %d to keep, steps and radius of at least 0",
                       LIST_MAX);
    return true;
}

static bool make_room(Search *s, Err *err)
{
    size_t keep = (size_t)s->config.keep, most = keep > SLICE ? keep : SLICE;
    float **block[] = {&s->start,  &s->code,    &s->dcode, &s->w,     &s->best,
                       &s->styles, &s->dstyles, &s->image, &s->dimage};
    size_t size[] = {keep * s->w_dim, 3 * keep * s->w_dim, keep * s->w_dim, keep * s->w_dim, keep * s->w_dim,
                     most * s->style, most * s->style,     most * s->item,  most * s->item};
    for (size_t i = 0; i < sizeof block / sizeof *block; i++)
        if (!(*block[i] = calloc(size[i], sizeof **block[i]))) return err_nomem(err, "a search");
    s->climber = calloc(keep, sizeof *s->climber);
    s->value = calloc(most, sizeof *s->value);
    s->list = calloc(SLICE, sizeof *s->list);
    return (s->climber && s->value && s->list) || err_nomem(err, "a search");
}

static bool open_parts(Search *s, Pool *pool, Err *err)
{
    const SearchConfig *c = &s->config;
    int most = c->keep > SLICE ? c->keep : SLICE;
    s->item = generator_image_floats(s->g);
    s->w_dim = (size_t)s->g->config.w_dim;
    s->style = (size_t)s->g->layers * s->w_dim;
    s->latent = latent_new(s->g, SLICE, NULL, pool, err);
    s->grad = s->latent ? generator_grad(s->g, c->keep, pool, err) : NULL;
    s->score = s->grad ? score_new(&s->config, &s->g->config, most, pool, err) : NULL;
    return s->score && basis_open(&s->basis, s->g, pool, err) && make_room(s, err);
}

Search *search_new(Generator *g, const SearchConfig *c, Pool *pool, Err *err)
{
    if (!check(g, c, err)) return NULL;
    Search *s = calloc(1, sizeof *s);
    if (!s) return err_nomem(err, "a search"), NULL;
    s->g = generator_keep(g);
    s->config = *c;
    if (open_parts(s, pool, err)) return s;
    search_free(s);
    return NULL;
}

void search_free(Search *s)
{
    if (!s) return;
    float *block[] = {s->start, s->code, s->dcode, s->w, s->best, s->styles, s->dstyles, s->image, s->dimage};
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) free(block[i]);
    free(s->climber);
    free(s->value);
    free(s->list);
    score_free(s->score);
    gen_grad_free(s->grad);
    latent_free(s->latent);
    basis_close(&s->basis);
    generator_drop(s->g);
    free(s);
}

/* --- drawing ---------------------------------------------------------------------------------------------
 */

/* Keeps the best seeds sorted, with their w. */
static void consider(Search *s, double score, const Address *a, const float *w)
{
    int most = s->config.keep;
    size_t n = s->w_dim;
    if (s->climbers == most && s->climber[most - 1].score >= score) return;
    int at = s->climbers < most ? s->climbers++ : most - 1;
    for (; at > 0 && s->climber[at - 1].score < score; at--) {
        s->climber[at] = s->climber[at - 1];
        memcpy(s->start + (size_t)at * n, s->start + (size_t)(at - 1) * n, n * sizeof *w);
    }
    s->climber[at] = (Climber){.origin = *a, .origin_score = score, .score = score};
    memcpy(s->start + (size_t)at * n, w, n * sizeof *w);
}

static bool draw(Search *s, Err *err)
{
    int left = s->config.draws - s->drawn, n = left < SLICE ? left : SLICE, classes = s->g->config.classes;
    for (int i = 0; i < n; i++) {
        int at = s->drawn + i, class = !classes ? -1 : s->config.class >= 0 ? s->config.class : at % classes;
        s->list[i] = address_of_seed(s->g->slug, s->g->digest, s->config.seed + (uint64_t)at, class, 1);
    }
    if (!latent_resolve(s->styles, s->latent, s->list, n, err) ||
        !latent_images(s->image, s->latent, s->list, n, err))
        return false;
    score_of(s->score, s->value, NULL, s->image, n);
    for (int i = 0; i < n; i++)
        if (isfinite(s->value[i])) consider(s, s->value[i], &s->list[i], s->styles + (size_t)i * s->style);
    s->drawn += n;
    return s->drawn < s->config.draws || s->climbers ||
           err_set(err, ERR_NUMERIC, "no seed could be scored: the encoder's answers are not finite");
}

/* --- climbing --------------------------------------------------------------------------------------------
 */

/* The typical distance of two views of a class is sqrt(2 dimensions that vary) standard deviations: the unit
 * of radius. */
static float unit(const Search *s)
{
    int varies = 0;
    for (int i = 0; i < s->basis.n; i++) varies += s->basis.square[i] > 0;
    return sqrtf(2 * (float)(varies ? varies : 1));
}

/* Back to the ball around the origin; the distance from it in the unit of radius. */
static float keep_inside(const Search *s, float *code)
{
    double square = 0;
    for (size_t j = 0; j < s->w_dim; j++) square += (double)code[j] * (double)code[j];
    float far = (float)sqrt(square) / unit(s);
    if (far <= s->config.radius) return far;
    for (size_t j = 0; j < s->w_dim; j++) code[j] *= s->config.radius / far;
    return s->config.radius;
}

static void set_styles(Search *s, int n)
{
    basis_decode(s->w, &s->basis, s->code, n);
    for (size_t j = 0; j < (size_t)n * s->w_dim; j++) s->w[j] += s->start[j];
    for (int i = 0; i < n; i++)
        for (int l = 0; l < s->g->layers; l++)
            memcpy(s->styles + (size_t)i * s->style + (size_t)l * s->w_dim, s->w + (size_t)i * s->w_dim,
                   s->w_dim * sizeof *s->w);
}

static void remember(Search *s, int n)
{
    for (int i = 0; i < n; i++) {
        Climber *c = &s->climber[i];
        if (!(s->value[i] > c->score) || s->step == 0) continue;
        c->score = s->value[i];
        c->climbed = true;
        c->moved = keep_inside(s, s->code + (size_t)i * s->w_dim);
        memcpy(s->best + (size_t)i * s->w_dim, s->w + (size_t)i * s->w_dim, s->w_dim * sizeof *s->w);
    }
}

/* Adam uphill on the code: the gradients of the layers add up. */
static void ascend(Search *s, int n)
{
    size_t all = (size_t)n * s->w_dim, room = (size_t)s->config.keep * s->w_dim;
    gen_grad_back(s->grad, s->dstyles, s->dimage, n);
    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < s->w_dim; j++) {
            float sum = 0;
            for (int l = 0; l < s->g->layers; l++)
                sum -= s->dstyles[(size_t)i * s->style + (size_t)l * s->w_dim + j];
            s->w[(size_t)i * s->w_dim + j] = sum;
        }
    basis_back(s->dcode, &s->basis, s->w, n);
    float rate = schedule_cosine(s->step, s->config.steps, 0, RATE, 0.2f * RATE);
    adam_step(s->code, s->code + room, s->code + 2 * room, s->dcode, all, rate, 0.9f, 0.99f, 1e-10f, 0,
              s->step + 1, NULL);
    for (int i = 0; i < n; i++) keep_inside(s, s->code + (size_t)i * s->w_dim);
}

/* The last step only measures. */
static bool climb(Search *s, Err *err)
{
    int n = s->climbers;
    set_styles(s, n);
    const float *image = gen_grad_paint(s->grad, s->styles, n);
    memcpy(s->image, image, (size_t)n * s->item * sizeof *image);
    score_of(s->score, s->value, s->dimage, s->image, n);
    for (int i = 0; i < n; i++)
        if (!isfinite(s->value[i])) return err_set(err, ERR_NUMERIC, "the search left what can be scored");
    remember(s, n);
    if (s->step < s->config.steps) ascend(s, n);
    s->step++;
    return true;
}

bool search_done(const Search *s)
{
    return s->drawn >= s->config.draws && s->step > s->config.steps;
}

bool search_step(Search *s, Err *err)
{
    return s->drawn < s->config.draws ? draw(s, err) : climb(s, err);
}

int search_count(const Search *s)
{
    return s->climbers;
}

/* --- hits ------------------------------------------------------------------------------------------------
 */

static bool put_hit(SearchHit *hit, const Search *s, int i, const LatentStore *store, Err *err)
{
    const Climber *c = &s->climber[i];
    *hit = (SearchHit){c->origin, c->origin, (float)c->score, (float)c->origin_score, c->moved};
    if (!c->climbed) return true;
    LatentRef ref;
    if (!store_put(&ref, store, REF_W, s->best + (size_t)i * s->w_dim, s->w_dim, err)) return false;
    hit->address.source = (AddressSource){.kind = SOURCE_LATENT, .ref = {ref}};
    return true;
}

static int by_score(const void *x, const void *y)
{
    const SearchHit *a = x, *b = y;
    return (a->score < b->score) - (a->score > b->score);
}

bool search_hits(SearchHit *hit, const Search *s, const LatentStore *store, Err *err)
{
    for (int i = 0; i < s->climbers; i++)
        if (!put_hit(&hit[i], s, i, store, err)) return false;
    qsort(hit, (size_t)s->climbers, sizeof *hit, by_score);
    return true;
}
