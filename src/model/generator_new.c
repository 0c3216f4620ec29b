/* Making, sharing and freeing generators. */
#include "model/generator_new.h"
#include "base/digest.h"
#include "base/rng.h"
#include "base/text.h"
#include "model/model_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int means(const GeneratorConfig *c)
{
    return c->classes ? c->classes : 1;
}

/* Ports NAME1, NAME2 ... of the synthesis; the last dimension of each into side, where it is wanted. */
static int count_ports(const Net *net, const char *name, int *side)
{
    for (int i = 0; i <= GENERATOR_LAYERS_MAX; i++) {
        char port[16];
        snprintf(port, sizeof port, "%s%d", name, i + 1);
        const Value *v = net_value(net, net_port(net, port));
        if (!v) return i;
        if (side && i < GENERATOR_LAYERS_MAX) side[i] = v->shape.dim[v->shape.rank - 1];
    }
    return GENERATOR_LAYERS_MAX + 1;
}

static bool read_ports(Generator *g, Err *err)
{
    g->layers = count_ports(g->synthesis, "w", NULL);
    g->noises = count_ports(g->synthesis, "noise", g->noise_side);
    return (g->layers >= 1 && g->layers <= GENERATOR_LAYERS_MAX && g->noises <= GENERATOR_LAYERS_MAX) ||
           err_set(err, ERR_LIMIT, "a generator has 1 to %d layers and as many noise maps",
                   GENERATOR_LAYERS_MAX);
}

static bool make_room(Generator *g, int directions, Err *err)
{
    size_t w_dim = (size_t)g->config.w_dim, vector = (size_t)g->layers * w_dim;
    g->w_mean = calloc((size_t)means(&g->config) * w_dim, sizeof *g->w_mean);
    g->noise = calloc(generator_noise_floats(g) + 1, sizeof *g->noise);
    g->direction = calloc((size_t)directions + 1, sizeof *g->direction);
    g->block = calloc((size_t)directions * vector + 1, sizeof *g->block);
    g->class_name = calloc((size_t)g->config.classes + 1, sizeof *g->class_name);
    if (!g->w_mean || !g->noise || !g->direction || !g->block || !g->class_name)
        return err_nomem(err, "a generator");
    g->directions = directions;
    for (int i = 0; i < directions; i++) g->direction[i].vector = generator_vector(g, i);
    return true;
}

Generator *generator_around(const GeneratorConfig *c, Net *mapping, Net *synthesis, const char *slug,
                            int directions, const char *card, Err *err)
{
    Generator *g = calloc(1, sizeof *g);
    if (!g) {
        net_free(mapping);
        net_free(synthesis);
        return err_nomem(err, "a generator"), NULL;
    }
    g->refs = 1;
    g->config = *c;
    g->low = -1, g->high = 1;
    g->mapping = mapping, g->synthesis = synthesis;
    snprintf(g->slug, sizeof g->slug, "%s", slug);
    g->card = strdup(card ? card : "{}");
    if (!g->card)
        err_nomem(err, "a generator's card");
    else if (read_ports(g, err) && make_room(g, directions, err))
        return g;
    generator_drop(g);
    return NULL;
}

Generator *generator_alloc(const GeneratorConfig *c, const char *slug, int directions, const char *card,
                           Err *err)
{
    Net *mapping = generator_mapping(c, err), *synthesis = mapping ? generator_synthesis(c, err) : NULL;
    if (synthesis) return generator_around(c, mapping, synthesis, slug, directions, card, err);
    net_free(mapping);
    return NULL;
}

void generator_draw(float *z, const Generator *g, uint64_t seed)
{
    size_t n = (size_t)g->config.z_dim;
    if (g->latent == LATENT_NORMAL) {
        rng_fill_normal(z, n, seed, RNG_LATENT);
    } else if (g->latent == LATENT_TRUNCATED) {
        rng_fill_truncated(z, n, seed, RNG_LATENT, 2);
    } else {
        Rng r = rng_at(seed, RNG_LATENT);
        for (size_t i = 0; i < n; i++) z[i] = 2 * rng_uniform(&r) - 1;
    }
}

void generator_raw(float *x, const Generator *g, size_t n)
{
    if (g->low == -1 && g->high == 1) return;
    float half = (g->high - g->low) / 2, middle = (g->high + g->low) / 2;
    for (size_t i = 0; i < n; i++) x[i] = x[i] * half + middle;
}

void generator_seal(Generator *g)
{
    DigestState s;
    Digest mapping = weights_digest(g->mapping_weights), synthesis = weights_digest(g->synthesis_weights);
    size_t w_dim = (size_t)g->config.w_dim;
    digest_begin(&s);
    digest_add(&s, mapping.byte, sizeof mapping.byte);
    digest_add(&s, synthesis.byte, sizeof synthesis.byte);
    digest_add(&s, g->w_mean, (size_t)means(&g->config) * w_dim * sizeof *g->w_mean);
    digest_add(&s, g->noise, generator_noise_floats(g) * sizeof *g->noise);
    for (int i = 0; i < g->directions; i++) {
        digest_add(&s, g->direction[i].name, strlen(g->direction[i].name) + 1);
        digest_add(&s, g->direction[i].vector, direction_floats(g, &g->direction[i]) * sizeof *g->block);
    }
    /* seeds mean other pictures where z are drawn from something else; of our own they never are */
    if (g->latent != LATENT_NORMAL) digest_add(&s, &(uint8_t){(uint8_t)g->latent}, 1);
    Digest all = digest_end(&s);
    digest_hex(g->digest, &all, 16);
}

void generator_weights_digest(char out[17], const Generator *g)
{
    Digest part[2] = {weights_digest(g->mapping_weights), weights_digest(g->synthesis_weights)};
    Digest all = digest_of(part, sizeof part);
    digest_hex(out, &all, 16);
}

Generator *generator_keep(Generator *g)
{
    if (g) __atomic_add_fetch(&g->refs, 1, __ATOMIC_RELAXED);
    return g;
}

void generator_drop(Generator *g)
{
    if (!g || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    weights_drop(g->mapping_weights);
    weights_drop(g->synthesis_weights);
    net_free(g->mapping);
    net_free(g->synthesis);
    for (int i = 0; g->class_name && i < g->config.classes; i++) free(g->class_name[i]);
    free(g->class_name);
    free(g->w_mean);
    free(g->noise);
    free(g->direction);
    free(g->block);
    free(g->card);
    free(g);
}

size_t generator_noise_floats(const Generator *g)
{
    size_t n = 0;
    for (int i = 0; i < g->noises; i++) n += (size_t)g->noise_side[i] * (size_t)g->noise_side[i];
    return n;
}

size_t generator_image_floats(const Generator *g)
{
    return (size_t)g->config.channels * (size_t)g->config.size * (size_t)g->config.size;
}

/* A copy in weights of our own net: the two nets must have been built alike. */
static Weights *adopt(const Net *net, const Weights *from, const char *what, Err *err)
{
    Weights *w = weights_new(net, err);
    if (!w) return NULL;
    if (w->floats == from->floats && w->params == from->params && net_values(net) == net_values(from->net)) {
        weights_assign(w, from);
        if (weights_finite(w)) return w;
        err_set(err, ERR_NUMERIC, "the weights of the %s network hold NaN or infinity", what);
    } else {
        err_set(err, ERR_USAGE, "the weights do not belong to the %s network of this config", what);
    }
    weights_drop(w);
    return NULL;
}

bool generator_name_classes(Generator *g, char *const *class_name, Err *err)
{
    for (int i = 0; i < g->config.classes; i++) {
        char name[80];
        snprintf(name, sizeof name, "%d", i);
        if (class_name && class_name[i]) text_safe(name, sizeof name, class_name[i]);
        g->class_name[i] = strdup(name);
        if (!g->class_name[i]) return err_nomem(err, "class names");
    }
    return true;
}

static bool fill(Generator *g, const Weights *mapping, const Weights *synthesis, char *const *class_name,
                 uint64_t seed, Pool *pool, Err *err)
{
    g->mapping_weights = adopt(g->mapping, mapping, "mapping", err);
    g->synthesis_weights = g->mapping_weights ? adopt(g->synthesis, synthesis, "synthesis", err) : NULL;
    if (!g->synthesis_weights || !generator_name_classes(g, class_name, err)) return false;
    rng_fill_normal(g->noise, generator_noise_floats(g), seed, RNG_NOISE);
    return generator_measure(g, seed, pool, err);
}

bool generator_make(Generator **out, const GeneratorConfig *c, Weights *mapping, Weights *synthesis,
                    const char *slug, char *const *class_name, const char *card, uint64_t seed, Pool *pool,
                    Err *err)
{
    *out = NULL;
    if (!model_is_slug(slug, sizeof((Generator *)0)->slug - 1))
        return err_set(err, ERR_USAGE,
                       "\"%s\" cannot name a model: a to z first, then also digits and -, at most 39", slug);
    if (!model_check_card(card, err)) return false;
    Generator *g = generator_alloc(c, slug, generator_directions_of(c), card, err);
    if (!g) return false;
    if (!fill(g, mapping, synthesis, class_name, seed, pool, err)) {
        generator_drop(g);
        return false;
    }
    generator_seal(g);
    *out = g;
    return true;
}
