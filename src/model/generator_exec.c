/* Running a generator: mapping and synthesis as two planned nets. */
#include "model/generator.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct GenExec {
    Generator *g;
    Exec *mapping, *synthesis;
    float *z, *class, *image, *style[GENERATOR_LAYERS_MAX], *noise[GENERATOR_LAYERS_MAX];
    const float *w;
};

static float *port(Exec *e, const Net *net, const char *name, int index)
{
    char text[32];
    snprintf(text, sizeof text, index ? "%s%d" : "%s", name, index);
    return exec_value(e, net_port(net, text));
}

static void find_ports(GenExec *e)
{
    const Generator *g = e->g;
    e->z = port(e->mapping, g->mapping, "z", 0);
    e->class = port(e->mapping, g->mapping, "class", 0);
    e->w = port(e->mapping, g->mapping, "w", 0);
    e->image = port(e->synthesis, g->synthesis, "image", 0);
    for (int i = 0; i < g->layers; i++) e->style[i] = port(e->synthesis, g->synthesis, "w", i + 1);
    for (int i = 0; i < g->noises; i++) e->noise[i] = port(e->synthesis, g->synthesis, "noise", i + 1);
}

GenExec *generator_exec(Generator *g, int batch, Pool *pool, Err *err)
{
    GenExec *e = calloc(1, sizeof *e);
    if (!e) return err_nomem(err, "running a generator"), NULL;
    e->g = generator_keep(g);
    ExecMode mode = EXEC_INFER | (g->exact ? EXEC_EXACT : 0);
    e->mapping = exec_new(g->mapping, batch, mode, (ExecGrads){0}, pool, err);
    e->synthesis = e->mapping ? exec_new(g->synthesis, batch, mode, (ExecGrads){0}, pool, err) : NULL;
    if (e->synthesis) {
        find_ports(e);
        return e;
    }
    gen_exec_free(e);
    return NULL;
}

void gen_exec_free(GenExec *e)
{
    if (!e) return;
    exec_free(e->mapping);
    exec_free(e->synthesis);
    generator_drop(e->g);
    free(e);
}

void generator_map(GenExec *e, float *w, const float *z, const float *onehot, int n)
{
    const GeneratorConfig *c = &e->g->config;
    memcpy(e->z, z, (size_t)n * (size_t)c->z_dim * sizeof *z);
    if (c->classes) memcpy(e->class, onehot, (size_t)n * (size_t)c->classes * sizeof *onehot);
    exec_forward(e->mapping, e->g->mapping_weights, n);
    memcpy(w, e->w, (size_t)n * (size_t)c->w_dim * sizeof *w);
}

static void put_styles(GenExec *e, const float *styles, int n)
{
    int layers = e->g->layers;
    size_t w_dim = (size_t)e->g->config.w_dim;
    for (int i = 0; i < n; i++)
        for (int l = 0; l < layers; l++)
            memcpy(e->style[l] + (size_t)i * w_dim, styles + ((size_t)i * (size_t)layers + (size_t)l) * w_dim,
                   w_dim * sizeof *styles);
}

/* The maps of image i; maps NULL: no noise. */
static void put_noise(GenExec *e, const float *maps, int i)
{
    for (int k = 0; k < e->g->noises; k++) {
        size_t size = (size_t)e->g->noise_side[k] * (size_t)e->g->noise_side[k];
        float *to = e->noise[k] + (size_t)i * size;
        if (!maps) {
            memset(to, 0, size * sizeof *to);
            continue;
        }
        memcpy(to, maps, size * sizeof *to);
        maps += size;
    }
}

void generator_paint(GenExec *e, float *image, const float *styles, const float *const *noise, int n)
{
    put_styles(e, styles, n);
    for (int i = 0; i < n; i++) put_noise(e, noise ? noise[i] : e->g->noise, i);
    exec_forward(e->synthesis, e->g->synthesis_weights, n);
    memcpy(image, e->image, (size_t)n * generator_image_floats(e->g) * sizeof *image);
}
