/* Inversion by descent: a few starts side by side, Adam in standard deviations of w. */
#include "latent/invert.h"
#include "latent/basis.h"
#include "math/optim.h"
#include "model/encoder_grad.h"
#include "model/generator_grad.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STARTS = 4, SLICE = 64 };

/* The loss of a picture and its parts. */
typedef struct {
    double loss, pixel, feature, away;
} Parts;

struct Invert {
    Generator *g;
    InvertConfig config;
    Pool *pool;
    GenGrad *grad;
    EncGrad *judge; /* NULL: pixels alone */
    Basis basis;
    size_t item, style, features;
    int starts, step, class[STARTS];
    float *target, *target_features; /* (item); (features) of length 1 */
    float *code, *dcode;     /* (starts, style): distance from the class's mean; with Adam's moments */
    float *styles, *dstyles; /* (starts, style) */
    float *dimage, *dimage_judge, *dfeature; /* (starts, ...) */
    float *best_styles, *best_picture;
    InvertNow best;
};

InvertConfig invert_defaults(void)
{
    return (InvertConfig){
        .class = -1, .steps = 300, .seeds = 512, .rate = 0.1f, .feature = 0.1f, .pull = 0.002f};
}

/* --- the loss --------------------------------------------------------------------------------------------
 */

static double length(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum) + 1e-12;
}

/* 1 - cosine with the target's features; its gradient times weight, where that is wanted. */
static double feature_part(const Invert *v, float *d, const float *feature)
{
    double norm = length(feature, v->features), cosine = 0;
    for (size_t i = 0; i < v->features; i++)
        cosine += (double)feature[i] / norm * (double)v->target_features[i];
    for (size_t i = 0; d && i < v->features; i++)
        d[i] = (float)(v->config.feature / norm *
                       (cosine * (double)feature[i] / norm - (double)v->target_features[i]));
    return 1 - cosine;
}

/* Mean square difference from the target; its gradient where that is wanted. */
static double pixel_part(const Invert *v, float *d, const float *image)
{
    double sum = 0;
    for (size_t i = 0; i < v->item; i++) {
        float off = image[i] - v->target[i];
        sum += (double)off * (double)off;
        if (d) d[i] = 2 * off / (float)v->item;
    }
    return sum / (double)v->item;
}

static Parts put_together(const Invert *v, double pixel, double feature, double square)
{
    double weight = v->judge ? v->config.feature : 0;
    return (Parts){pixel + weight * feature + v->config.pull * square, pixel, v->judge ? feature : NAN,
                   sqrt(square)};
}

/* --- starts ----------------------------------------------------------------------------------------------
 */

static bool make_room(Invert *v, Err *err)
{
    size_t n = STARTS, features = v->features + 1;
    float **block[] = {&v->target,   &v->target_features, &v->code,        &v->dcode,
                       &v->styles,   &v->dstyles,         &v->dimage,      &v->dimage_judge,
                       &v->dfeature, &v->best_styles,     &v->best_picture};
    size_t size[] = {v->item,     features,    3 * n * v->style, n * v->style, n * v->style, n * v->style,
                     n * v->item, n * v->item, n * features,     v->style,     v->item};
    for (size_t i = 0; i < sizeof block / sizeof *block; i++)
        if (!(*block[i] = calloc(size[i], sizeof **block[i]))) return err_nomem(err, "inverting a picture");
    return true;
}

static const float *mean_of(const Invert *v, int class)
{
    return v->g->w_mean + (class > 0 ? (size_t) class * (size_t)v->g->config.w_dim : 0);
}

/* Start `at` begins at styles (layers, w_dim); NULL: the mean of its class. */
static void put_start(Invert *v, int at, int class, const float *styles)
{
    float *code = v->code + (size_t)at * v->style, *off = v->dstyles;
    const float *mean = mean_of(v, class);
    v->class[at] = class;
    memset(code, 0, v->style * sizeof *code);
    if (!styles) return;
    for (size_t j = 0; j < v->style; j++) off[j] = styles[j] - mean[j % (size_t)v->basis.n];
    basis_encode(code, &v->basis, off, v->g->layers);
}

/* The nearest of the seeds that were looked through, best first. */
typedef struct {
    double loss[STARTS];
    Address address[STARTS];
    int n;
} Nearest;

static void consider(Nearest *near, int most, double loss, const Address *a)
{
    if (near->n == most && near->loss[most - 1] <= loss) return;
    int at = near->n < most ? near->n++ : most - 1;
    for (; at > 0 && near->loss[at - 1] > loss; at--) {
        near->loss[at] = near->loss[at - 1];
        near->address[at] = near->address[at - 1];
    }
    near->loss[at] = loss;
    near->address[at] = *a;
}

static int class_of_seed(const Invert *v, int i)
{
    int classes = v->g->config.classes;
    return !classes ? -1 : v->config.class >= 0 ? v->config.class : i % classes;
}

static void look_at(Nearest *near, Invert *v, const Address *list, const float *image, int n)
{
    for (int i = 0; i < n; i += STARTS) {
        int count = n - i < STARTS ? n - i : STARTS;
        const float *x = image + (size_t)i * v->item;
        const float *feature = v->judge ? enc_grad_run(v->judge, NULL, x, count) : NULL;
        for (int k = 0; k < count; k++) {
            double far = feature ? feature_part(v, NULL, feature + (size_t)k * v->features) : 0;
            Parts p = put_together(v, pixel_part(v, NULL, x + (size_t)k * v->item), far, 0);
            consider(near, STARTS - 1, p.loss, &list[i + k]);
        }
    }
}

static bool look_through(Nearest *near, Invert *v, Latent *l, Address *list, float *image, Err *err)
{
    for (int at = 0; at < v->config.seeds; at += SLICE) {
        int n = v->config.seeds - at < SLICE ? v->config.seeds - at : SLICE;
        for (int i = 0; i < n; i++)
            list[i] = address_of_seed(v->g->slug, v->g->digest, v->config.seed + (uint64_t)(at + i),
                                      class_of_seed(v, at + i), 1);
        if (!latent_images(image, l, list, n, err)) return false;
        look_at(near, v, list, image, n);
    }
    return true;
}

/* The mean of the nearest seed's class, and the nearest seeds. */
static bool start_at_seeds(Invert *v, Latent *l, Err *err)
{
    Nearest near = {.n = 0};
    Address *list = malloc(SLICE * sizeof *list);
    float *image = malloc(SLICE * v->item * sizeof *image);
    bool ok =
        (list && image) ? look_through(&near, v, l, list, image, err) : err_nomem(err, "inverting a picture");
    if (ok) put_start(v, 0, near.n ? near.address[0].class : class_of_seed(v, 0), NULL);
    ok = ok && (!near.n || latent_resolve(v->styles, l, near.address, near.n, err));
    for (int i = 0; ok && i < near.n; i++)
        put_start(v, i + 1, near.address[i].class, v->styles + (size_t)i * v->style);
    v->starts = near.n + 1;
    free(list);
    free(image);
    return ok;
}

static bool begin(Invert *v, Err *err)
{
    Latent *l = latent_new(v->g, SLICE, v->config.store, v->pool, err);
    bool ok = l != NULL;
    if (ok && v->config.from) {
        v->starts = 1;
        ok = latent_resolve(v->styles, l, v->config.from, 1, err);
        if (ok) put_start(v, 0, v->config.from->class, v->styles);
    } else if (ok) {
        ok = start_at_seeds(v, l, err);
    }
    latent_free(l);
    v->config.from = NULL; /* the caller's, not needed any more */
    v->config.store = NULL;
    return ok;
}

/* --- life ------------------------------------------------------------------------------------------------
 */

static bool check(const Generator *g, const Encoder *judge, const InvertConfig *c, Err *err)
{
    if (c->class >= g->config.classes)
        return err_set(err, ERR_USAGE, "class %d: %s has %d classes", c->class, g->slug, g->config.classes);
    if (judge && (judge->config.side != g->config.size || judge->config.channels != g->config.channels))
        return err_set(err, ERR_USAGE, "the judge %s takes other pictures than %s makes", judge->name,
                       g->slug);
    return (c->steps > 0 && c->seeds >= 0 && c->rate > 0) ||
           err_set(err, ERR_USAGE, "inversion wants at least one step and a rate above 0");
}

static bool open_parts(Invert *v, Encoder *judge, const float *picture, Err *err)
{
    v->item = generator_image_floats(v->g);
    v->style = (size_t)v->g->layers * (size_t)v->g->config.w_dim;
    v->features = judge ? (size_t)encoder_features(&judge->config) : 0;
    v->grad = generator_grad(v->g, STARTS, v->pool, err);
    if (!v->grad || !basis_open(&v->basis, v->g, v->pool, err) || !make_room(v, err)) return false;
    memcpy(v->target, picture, v->item * sizeof *picture);
    if (!judge) return true;
    v->judge = encoder_grad(judge, STARTS, v->pool, err);
    if (!v->judge) return false;
    const float *feature = enc_grad_run(v->judge, NULL, picture, 1);
    double norm = length(feature, v->features);
    for (size_t i = 0; i < v->features; i++) v->target_features[i] = (float)((double)feature[i] / norm);
    return true;
}

Invert *invert_new(Generator *g, Encoder *judge, const float *picture, const InvertConfig *c, Pool *pool,
                   Err *err)
{
    if (!check(g, judge, c, err)) return NULL;
    Invert *v = calloc(1, sizeof *v);
    if (!v) return err_nomem(err, "inverting a picture"), NULL;
    v->g = generator_keep(g);
    v->config = *c;
    v->pool = pool;
    v->best = (InvertNow){
        .steps = c->steps, .class = -1, .loss = INFINITY, .pixel = NAN, .feature = NAN, .away = NAN};
    if (open_parts(v, judge, picture, err) && begin(v, err)) return v;
    invert_free(v);
    return NULL;
}

void invert_free(Invert *v)
{
    if (!v) return;
    float *block[] = {v->target, v->target_features, v->code,     v->dcode,       v->styles,      v->dstyles,
                      v->dimage, v->dimage_judge,    v->dfeature, v->best_styles, v->best_picture};
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) free(block[i]);
    gen_grad_free(v->grad);
    enc_grad_free(v->judge);
    basis_close(&v->basis);
    generator_drop(v->g);
    free(v);
}

/* --- steps -----------------------------------------------------------------------------------------------
 */

bool invert_done(const Invert *v)
{
    return v->step > v->config.steps;
}

static void set_styles(Invert *v)
{
    size_t n = (size_t)v->basis.n;
    basis_decode(v->styles, &v->basis, v->code, v->starts * v->g->layers);
    for (int i = 0; i < v->starts; i++) {
        const float *mean = mean_of(v, v->class[i]);
        for (size_t j = 0; j < v->style; j++) v->styles[(size_t)i * v->style + j] += mean[j % n];
    }
}

static void remember(Invert *v, int i, const Parts *p, const float *image)
{
    v->best = (InvertNow){.class = v->class[i],
                          .loss = p->loss,
                          .pixel = sqrt(p->pixel) * 127.5,
                          .feature = p->feature,
                          .away = p->away,
                          .step = v->step,
                          .steps = v->config.steps};
    memcpy(v->best_styles, v->styles + (size_t)i * v->style, v->style * sizeof *v->best_styles);
    memcpy(v->best_picture, image + (size_t)i * v->item, v->item * sizeof *v->best_picture);
}

/* The losses of the pictures at hand with their gradients in dimage; the best so far is remembered. */
static bool measure(Invert *v, const float *image, Err *err)
{
    const float *feature = v->judge ? enc_grad_run(v->judge, NULL, image, v->starts) : NULL;
    for (int i = 0; i < v->starts; i++) {
        size_t at = (size_t)i * v->item, f = (size_t)i * v->features;
        double square = length(v->code + (size_t)i * v->style, v->style);
        square *= square / (double)v->style;
        double pixel = pixel_part(v, v->dimage + at, image + at);
        double far = feature ? feature_part(v, v->dfeature + f, feature + f) : 0;
        Parts p = put_together(v, pixel, far, square);
        if (!isfinite(p.loss)) return err_set(err, ERR_NUMERIC, "the inversion diverged: try a smaller rate");
        if (p.loss < v->best.loss) remember(v, i, &p, image);
    }
    if (!feature) return true;
    enc_grad_back(v->judge, v->dimage_judge, v->dfeature, NULL, v->starts);
    for (size_t j = 0; j < (size_t)v->starts * v->item; j++) v->dimage[j] += v->dimage_judge[j];
    return true;
}

static void descend(Invert *v)
{
    size_t all = (size_t)v->starts * v->style, moments = STARTS * v->style;
    gen_grad_back(v->grad, v->dstyles, v->dimage, v->starts);
    basis_back(v->dcode, &v->basis, v->dstyles, v->starts * v->g->layers);
    for (size_t j = 0; j < all; j++) v->dcode[j] += 2 * v->config.pull / (float)v->style * v->code[j];
    float rate = schedule_cosine(v->step, v->config.steps, v->config.steps / 20, v->config.rate, 0);
    adam_step(v->code, v->code + moments, v->code + 2 * moments, v->dcode, all, rate, 0.9f, 0.99f, 1e-10f, 0,
              v->step + 1, v->pool);
}

/* The last one only measures. */
bool invert_step(Invert *v, Err *err)
{
    set_styles(v);
    if (!measure(v, gen_grad_paint(v->grad, v->styles, v->starts), err)) return false;
    if (v->step < v->config.steps) descend(v);
    v->step++;
    return true;
}

InvertNow invert_now(const Invert *v)
{
    InvertNow now = v->best;
    now.step = v->step < v->config.steps ? v->step : v->config.steps;
    return now;
}

const float *invert_picture(const Invert *v)
{
    return v->best_picture;
}

bool invert_store(Address *out, const Invert *v, const LatentStore *s, Err *err)
{
    LatentRef ref;
    if (v->step == 0) return err_set(err, ERR_USAGE, "there is no inversion yet: take a step first");
    if (!store_put(&ref, s, REF_WP, v->best_styles, v->style, err)) return false;
    *out = address_of_seed(v->g->slug, v->g->digest, 0, v->best.class, 1);
    out->source = (AddressSource){.kind = SOURCE_LATENT, .ref = {ref}};
    return true;
}
