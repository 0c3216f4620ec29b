/* The directions of a generator: finding one, what an amount of it reaches, and a generator with more of
 * them. */
#include "model/generator_new.h"
#include "model/graph.h"
#include "model/model_file.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const Direction *generator_direction(const Generator *g, const char *name)
{
    for (int i = 0; i < g->directions; i++)
        if (!strcmp(g->direction[i].name, name)) return &g->direction[i];
    return NULL;
}

float *generator_vector(Generator *g, int i)
{
    return g->block + (size_t)i * (size_t)g->layers * (size_t)g->config.w_dim;
}

size_t direction_floats(const Generator *g, const Direction *d)
{
    return (d->layered ? (size_t)g->layers : 1) * (size_t)g->config.w_dim;
}

float direction_reach(const Direction *d, float amount)
{
    int i = 1;
    if (!d->marks) return NAN;
    if (amount <= d->mark[0]) return d->reach[0];
    while (i < d->marks && amount > d->mark[i]) i++;
    if (i == d->marks) return d->reach[i - 1];
    float at = (amount - d->mark[i - 1]) / (d->mark[i] - d->mark[i - 1]);
    return d->reach[i - 1] + at * (d->reach[i] - d->reach[i - 1]);
}

/* --- a generator with more -------------------------------------------------------------------------------
 */

static bool copy_content(Generator *to, const Generator *from, Err *err)
{
    size_t w_dim = (size_t)from->config.w_dim,
           means = from->config.classes ? (size_t)from->config.classes : 1;
    to->mapping_weights = weights_new(to->mapping, err);
    to->synthesis_weights = to->mapping_weights ? weights_new(to->synthesis, err) : NULL;
    if (!to->synthesis_weights) return false;
    weights_assign(to->mapping_weights, from->mapping_weights);
    weights_assign(to->synthesis_weights, from->synthesis_weights);
    memcpy(to->w_mean, from->w_mean, means * w_dim * sizeof *to->w_mean);
    memcpy(to->noise, from->noise, generator_noise_floats(from) * sizeof *to->noise);
    to->latent = from->latent, to->straight = from->straight, to->low = from->low, to->high = from->high;
    for (int i = 0; i < from->config.classes; i++) {
        to->class_name[i] = strdup(from->class_name[i]);
        if (!to->class_name[i]) return err_nomem(err, "class names");
    }
    return true;
}

static void put_direction(Generator *g, int i, const Direction *d)
{
    float *to = generator_vector(g, i);
    memcpy(to, d->vector, direction_floats(g, d) * sizeof *to);
    g->direction[i] = *d;
    g->direction[i].vector = to;
}

/* The old ones in order, each replaced where a new one has its name; then the others. */
static void put_directions(Generator *to, const Generator *from, const Direction *more, int n)
{
    int at = from->directions;
    for (int i = 0; i < from->directions; i++) put_direction(to, i, &from->direction[i]);
    for (int i = 0; i < n; i++) {
        const Direction *old = generator_direction(from, more[i].name);
        put_direction(to, old ? (int)(old - from->direction) : at++, &more[i]);
    }
}

bool generator_with(Generator **out, const Generator *g, const Direction *more, int n, const char *card,
                    Err *err)
{
    int fresh = 0;
    *out = NULL;
    if (!model_check_card(card, err)) return false;
    for (int i = 0; i < n; i++) fresh += !generator_direction(g, more[i].name);
    Net *mapping = graph_copy(g->mapping, err), *synthesis = mapping ? graph_copy(g->synthesis, err) : NULL;
    if (!synthesis) return net_free(mapping), false;
    Generator *made = generator_around(&g->config, mapping, synthesis, g->slug, g->directions + fresh,
                                       card ? card : g->card, err);
    if (!made) return false;
    if (!copy_content(made, g, err)) {
        generator_drop(made);
        return false;
    }
    put_directions(made, g, more, n);
    generator_seal(made);
    *out = made;
    return true;
}
