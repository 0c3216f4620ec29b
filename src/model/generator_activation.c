/* Principal components of a first layer, over some hundred latents. */
#include "model/generator_activation.h"
#include "base/rng.h"
#include "math/blas.h"
#include "net/ops.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LATENTS = 600, BATCH = 50, WIDE = 1 << 16 /* numbers of a first layer; a wider one is cut there */ };

/* ---- The synthesis as far as its first activation --------------------------------------------------- */

/* The result of the first activation behind w1, or NET_NONE. */
static ValueId first_activation(const Net *net)
{
    bool *behind = calloc((size_t)net_values(net) + 1, sizeof *behind);
    ValueId found = NET_NONE;
    if (!behind) return NET_NONE;
    behind[net_port(net, "w1")] = true;
    for (int i = 0; i < net_nodes(net) && found == NET_NONE; i++) {
        const Node *node = net_node(net, i);
        for (int k = 0; k < node->inputs; k++)
            behind[node->out] |= node->in[k] != NET_NONE && behind[node->in[k]];
        if (behind[node->out] && node->op == OP_ACT) found = node->out;
    }
    free(behind);
    return found;
}

static ValueId copy_value(Net *net, const Net *from, const Value *v)
{
    if (v->kind == VALUE_INPUT) return net_input(net, v->name, v->shape);
    if (v->kind == VALUE_PARAM) return net_param(net, v->name, v->shape, v->init);
    if (v->kind == VALUE_BUFFER) return net_buffer(net, v->name, v->shape, v->init);
    const Node *node = net_node(from, v->producer);
    return net_add(net, node->op, node->in, node->inputs, &node->attrs);
}

/* Values 0..last of the synthesis, the last as port "y"; and their weights. */
static Net *first_layer(Weights **w, const Generator *g, ValueId last, Err *err)
{
    Net *net = net_new();
    for (ValueId i = 0; i <= last; i++) copy_value(net, g->synthesis, net_value(g->synthesis, i));
    net_output(net, "y", last);
    *w = net_finish(net, err) ? weights_new(net, err) : NULL;
    for (ValueId i = 0; *w && i <= last; i++) {
        const Value *v = net_value(net, i);
        if (v->kind == VALUE_PARAM || v->kind == VALUE_BUFFER)
            memcpy(weights_at(*w, i), weights_get(g->synthesis_weights, i),
                   shape_count(&v->shape, 1) * sizeof(float));
    }
    if (*w) return net;
    net_free(net);
    return NULL;
}

/* ---- Statistics ------------------------------------------------------------------------------------- */

typedef struct {
    const Generator *g;
    float *w; /* (LATENTS, w_dim) */
    float *y; /* (LATENTS, D) */
    int D;
} Sample;

static bool draw(Sample *s, uint64_t seed, Pool *pool, Err *err)
{
    const GeneratorConfig *c = &s->g->config;
    GenExec *e = generator_exec((Generator *)(uintptr_t)s->g, BATCH, pool, err);
    float *z = calloc((size_t)BATCH * (size_t)(c->z_dim + c->classes), sizeof *z),
          *onehot = z + BATCH * c->z_dim;
    bool ok = e && (z || err_nomem(err, "latents"));
    for (int at = 0; ok && at < LATENTS; at += BATCH) {
        if (c->classes) memset(onehot, 0, (size_t)BATCH * (size_t)c->classes * sizeof *onehot);
        for (int i = 0; i < BATCH; i++) {
            generator_draw(z + (size_t)i * (size_t)c->z_dim, s->g, rng_mix(seed, (uint64_t)(at + i)));
            if (c->classes) onehot[(size_t)i * (size_t)c->classes + (size_t)((at + i) % c->classes)] = 1;
        }
        generator_map(e, s->w + (size_t)at * (size_t)c->w_dim, z, c->classes ? onehot : NULL, BATCH);
    }
    free(z);
    gen_exec_free(e);
    return ok;
}

static bool run(Sample *s, const Net *net, Weights *weights, Pool *pool, Err *err)
{
    size_t w_dim = (size_t)s->g->config.w_dim,
           whole = shape_count(&net_value(net, net_port(net, "y"))->shape, 1);
    Exec *e = exec_new(net, BATCH, EXEC_INFER, (ExecGrads){0}, pool, err);
    s->D = (int)(whole < WIDE ? whole : WIDE);
    s->y = malloc((size_t)LATENTS * (size_t)s->D * sizeof *s->y);
    bool ok = e && (s->y || err_nomem(err, "the first layer"));
    for (int at = 0; ok && at < LATENTS; at += BATCH) {
        memcpy(exec_value(e, net_port(net, "w1")), s->w + (size_t)at * w_dim, BATCH * w_dim * sizeof(float));
        exec_forward(e, weights, BATCH);
        const float *y = exec_value(e, net_port(net, "y"));
        for (size_t i = 0; i < BATCH; i++)
            memcpy(s->y + ((size_t)at + i) * (size_t)s->D, y + i * whole, (size_t)s->D * sizeof *y);
    }
    exec_free(e);
    return ok;
}

static void centre(float *x, int columns)
{
    for (int j = 0; j < columns; j++) {
        double sum = 0;
        for (int i = 0; i < LATENTS; i++) sum += (double)x[(size_t)i * (size_t)columns + (size_t)j];
        for (int i = 0; i < LATENTS; i++)
            x[(size_t)i * (size_t)columns + (size_t)j] -= (float)(sum / LATENTS);
    }
}

/* The principal components of y as coordinates of the latents are eigenvectors of y y^T; regression takes
 * them to w. */
static bool components(double *vectors, double *share, int *count, const Sample *s, Pool *pool, Err *err)
{
    size_t n = LATENTS, w_dim = (size_t)s->g->config.w_dim;
    double *gram = malloc((2 * n * n + n) * sizeof *gram), *eigen = gram + n * n, *values = eigen + n * n,
           total = 0;
    float *product = malloc(n * n * sizeof *product);
    bool ok = (gram && product) || err_nomem(err, "the first layer");
    if (ok) {
        blas_gemm(product, s->y, s->y, LATENTS, LATENTS, s->D, GEMM_NT, false, pool);
        for (size_t i = 0; i < n * n; i++) gram[i] = (double)product[i];
        ok = blas_eigen(values, eigen, gram, LATENTS, err);
    }
    for (size_t i = 0; ok && i < n; i++) total += values[i] > 0 ? values[i] : 0;
    for (int k = 0; ok && k < *count; k++) {
        double *v = vectors + (size_t)k * w_dim, square = 0;
        for (size_t j = 0; j < w_dim; j++) {
            v[j] = 0;
            for (size_t i = 0; i < n; i++) v[j] += eigen[(size_t)k * n + i] * (double)s->w[i * w_dim + j];
            square += v[j] * v[j];
        }
        for (size_t j = 0; j < w_dim; j++) v[j] = square > 0 ? v[j] / sqrt(square) : 0;
        share[k] = total > 0 ? values[k] / total : 0;
    }
    free(gram);
    free(product);
    return ok;
}

bool activation_directions(double *vectors, double *share, int *count, const Generator *g, uint64_t seed,
                           Pool *pool, Err *err)
{
    ValueId last = first_activation(g->synthesis);
    Weights *weights = NULL;
    Sample s = {.g = g};
    if (last == NET_NONE) return *count = 0, true;
    Net *net = first_layer(&weights, g, last, err);
    s.w = malloc((size_t)LATENTS * (size_t)g->config.w_dim * sizeof *s.w);
    bool ok = net && (s.w || err_nomem(err, "latents")) && draw(&s, seed, pool, err) &&
              run(&s, net, weights, pool, err);
    if (ok) {
        centre(s.y, s.D);
        centre(s.w, g->config.w_dim);
        ok = components(vectors, share, count, &s, pool, err);
    }
    free(s.w);
    free(s.y);
    weights_drop(weights);
    net_free(net);
    return ok;
}
