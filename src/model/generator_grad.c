/* Synthesis with gradients of its styles. */
#include "model/generator_grad.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct GenGrad {
    Generator *g;
    Exec *exec;
    float *image, *dimage, *style[GENERATOR_LAYERS_MAX], *dstyle[GENERATOR_LAYERS_MAX];
};

static ValueId port(const Net *net, const char *name, int index)
{
    char text[32];
    snprintf(text, sizeof text, "%s%d", name, index);
    return net_port(net, text);
}

/* The stored noise for every image of a batch: it stays there, for nobody writes it. */
static void put_noise(GenGrad *e, int batch)
{
    const Generator *g = e->g;
    const float *maps = g->noise;
    for (int k = 0; k < g->noises; k++) {
        size_t size = (size_t)g->noise_side[k] * (size_t)g->noise_side[k];
        float *to = exec_value(e->exec, port(g->synthesis, "noise", k + 1));
        for (int i = 0; i < batch; i++) memcpy(to + (size_t)i * size, maps, size * sizeof *to);
        maps += size;
    }
}

GenGrad *generator_grad(Generator *g, int batch, Pool *pool, Err *err)
{
    GenGrad *e = calloc(1, sizeof *e);
    if (!e) return err_nomem(err, "a generator's gradients"), NULL;
    e->g = generator_keep(g);
    ExecMode mode = EXEC_INFER | (g->exact ? EXEC_EXACT : 0);
    e->exec = exec_new(g->synthesis, batch, mode, (ExecGrads){.inputs = true, .prefix = "w"}, pool, err);
    if (!e->exec) {
        gen_grad_free(e);
        return NULL;
    }
    ValueId image = net_port(g->synthesis, "image");
    e->image = exec_value(e->exec, image);
    e->dimage = exec_grad(e->exec, image);
    for (int i = 0; i < g->layers; i++) {
        ValueId w = port(g->synthesis, "w", i + 1);
        e->style[i] = exec_value(e->exec, w);
        e->dstyle[i] = exec_grad(e->exec, w);
    }
    put_noise(e, batch);
    return e;
}

void gen_grad_free(GenGrad *e)
{
    if (!e) return;
    exec_free(e->exec);
    generator_drop(e->g);
    free(e);
}

/* Between (n, layers, w_dim) and one block (n, w_dim) per layer. */
static void scatter(const GenGrad *e, const float *styles, int n)
{
    size_t w_dim = (size_t)e->g->config.w_dim;
    for (int i = 0; i < n; i++)
        for (int l = 0; l < e->g->layers; l++, styles += w_dim)
            memcpy(e->style[l] + (size_t)i * w_dim, styles, w_dim * sizeof *styles);
}

const float *gen_grad_paint(GenGrad *e, const float *styles, int n)
{
    scatter(e, styles, n);
    exec_forward(e->exec, e->g->synthesis_weights, n);
    return e->image;
}

void gen_grad_back(GenGrad *e, float *dstyles, const float *dimage, int n)
{
    size_t w_dim = (size_t)e->g->config.w_dim;
    exec_seed_zero(e->exec);
    memcpy(e->dimage, dimage, (size_t)n * generator_image_floats(e->g) * sizeof *dimage);
    exec_backward(e->exec, e->g->synthesis_weights, NULL, n);
    for (int i = 0; i < n; i++)
        for (int l = 0; l < e->g->layers; l++, dstyles += w_dim)
            memcpy(dstyles, e->dstyle[l] + (size_t)i * w_dim, w_dim * sizeof *dstyles);
}
