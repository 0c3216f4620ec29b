/* What is measured on a trained generator: the mean w of every class, and directions of w.
 *
 * PCA: Haerkoenen et al. 2020 (GANSpace), principal components of w around its class's mean. SeFa: Shen &
 * Zhou 2021, eigenvectors of A^T A where A holds the weights of all style layers, every row normalised as in
 * the authors' code. Both are scaled so that 1.0 moves w by one standard deviation of w along the direction.
 */
#include "base/rng.h"
#include "math/blas.h"
#include "model/generator_activation.h"
#include "model/generator_new.h"
#include "net/ops.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATENTS = 10000, BATCH = 250, OF_EACH_KIND = 10 };

int generator_directions_of(const GeneratorConfig *c)
{
    return 2 * (c->w_dim < OF_EACH_KIND ? c->w_dim : OF_EACH_KIND);
}

static int groups(const Generator *g)
{
    return g->config.classes ? g->config.classes : 1;
}

static int per_group(const Generator *g)
{
    int n = LATENTS / groups(g);
    return n ? n : 1;
}

/* w (groups * per_group, w_dim): latents in the order of classes. */
static void sample_w(float *w, const Generator *g, Exec *e, uint64_t seed)
{
    int total = groups(g) * per_group(g), z_dim = g->config.z_dim, classes = g->config.classes;
    float *z = exec_value(e, net_port(g->mapping, "z")),
          *onehot = exec_value(e, net_port(g->mapping, "class"));
    const float *out = exec_value(e, net_port(g->mapping, "w"));
    size_t w_dim = (size_t)g->config.w_dim;
    for (int start = 0; start < total; start += BATCH) {
        int n = total - start < BATCH ? total - start : BATCH;
        if (classes) memset(onehot, 0, (size_t)n * (size_t)classes * sizeof *onehot);
        for (int i = 0; i < n; i++) {
            generator_draw(z + (size_t)i * (size_t)z_dim, g, rng_mix(seed, (uint64_t)(start + i)));
            if (classes) onehot[(size_t)i * (size_t)classes + (size_t)((start + i) / per_group(g))] = 1;
        }
        exec_forward(e, g->mapping_weights, n);
        memcpy(w + (size_t)start * w_dim, out, (size_t)n * w_dim * sizeof *w);
    }
}

static void mean_of_group(float *mean, double *sum, const float *w, int n, int w_dim)
{
    memset(sum, 0, (size_t)w_dim * sizeof *sum);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < w_dim; j++) sum[j] += (double)w[(size_t)i * (size_t)w_dim + (size_t)j];
    for (int j = 0; j < w_dim; j++) mean[j] = (float)(sum[j] / n);
}

/* a += x x^T (upper half). */
static void add_outer(double *a, const double *x, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = i; j < n; j++) a[(size_t)i * (size_t)n + (size_t)j] += x[i] * x[j];
}

static void mirror(double *a, int n, double scale)
{
    for (int i = 0; i < n; i++)
        for (int j = i; j < n; j++) {
            double x = a[(size_t)i * (size_t)n + (size_t)j] * scale;
            a[(size_t)i * (size_t)n + (size_t)j] = a[(size_t)j * (size_t)n + (size_t)i] = x;
        }
}

/* Means (groups, w_dim), the covariance of w around them into cov (w_dim, w_dim); row: w_dim doubles. */
static void statistics(float *means, double *cov, double *row, const Generator *g, const float *w)
{
    int w_dim = g->config.w_dim, per = per_group(g), total = groups(g) * per;
    for (int k = 0; k < groups(g); k++)
        mean_of_group(means + (size_t)k * (size_t)w_dim, row, w + (size_t)k * (size_t)per * (size_t)w_dim,
                      per, w_dim);
    memset(cov, 0, (size_t)w_dim * (size_t)w_dim * sizeof *cov);
    for (int i = 0; i < total; i++) {
        const float *x = w + (size_t)i * (size_t)w_dim, *mean = means + (size_t)(i / per) * (size_t)w_dim;
        for (int j = 0; j < w_dim; j++) row[j] = (double)x[j] - (double)mean[j];
        add_outer(cov, row, w_dim);
    }
    mirror(cov, w_dim, 1.0 / total);
}

/* Whether a value is w of some layer, or a piece of it in another shape; *from is then the piece's first
 * number. */
static bool reads_w(const Net *net, ValueId id, int *from)
{
    const Value *v = net_value(net, id);
    *from = 0;
    while (v->kind == VALUE_ACTIVATION) {
        const Node *node = net_node(net, v->producer);
        v = net_value(net, node->in[0]);
        if (node->op == OP_SLICE && v->shape.rank == 2)
            *from += node->attrs.start;
        else if (node->op != OP_RESHAPE)
            return false;
    }
    return v->kind == VALUE_INPUT && v->name[0] == 'w';
}

/* The weights that w meets first, as rows over its numbers from..from+columns-1: element (row, column) is at
 * row * row_step + column * column_step. */
typedef struct {
    const float *weight;
    size_t rows, row_step, column_step;
    int from, columns;
} FirstWeight;

static bool first_weight(FirstWeight *f, const Generator *g, const Node *node)
{
    const Net *net = g->synthesis;
    if ((node->op != OP_LINEAR && node->op != OP_CONVT) || !reads_w(net, node->in[0], &f->from)) return false;
    const Value *w = net_value(net, node->in[1]);
    if (w->kind != VALUE_PARAM) return false;
    size_t all = shape_count(&w->shape, 1);
    bool linear = node->op == OP_LINEAR;
    f->weight = weights_get(g->synthesis_weights, node->in[1]);
    f->columns = w->shape.dim[linear ? 1 : 0];
    f->rows = all / (size_t)f->columns;
    f->row_step = linear ? (size_t)f->columns : 1;
    f->column_step = linear ? 1 : f->rows;
    return f->from + f->columns <= g->config.w_dim;
}

/* a += A^T A of its rows, each of length 1. */
static void add_rows(double *a, double *row, const FirstWeight *f, int w_dim)
{
    memset(row, 0, (size_t)w_dim * sizeof *row);
    for (size_t i = 0; i < f->rows; i++) {
        double square = 0, *x = row + f->from;
        for (int j = 0; j < f->columns; j++) {
            x[j] = (double)f->weight[i * f->row_step + (size_t)j * f->column_step];
            square += x[j] * x[j];
        }
        for (int j = 0; square > 0 && j < f->columns; j++) x[j] /= sqrt(square);
        add_outer(a, row, w_dim);
    }
}

/* a = A^T A of all layers' rows that w meets first. */
static void style_gram(double *a, double *row, const Generator *g)
{
    int w_dim = g->config.w_dim;
    FirstWeight f;
    memset(a, 0, (size_t)w_dim * (size_t)w_dim * sizeof *a);
    for (int i = 0; i < net_nodes(g->synthesis); i++)
        if (first_weight(&f, g, net_node(g->synthesis, i))) add_rows(a, row, &f, w_dim);
    mirror(a, w_dim, 1);
}

double generator_deviation(const double *cov, const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        double dot = 0;
        for (int j = 0; j < n; j++) dot += cov[(size_t)i * (size_t)n + (size_t)j] * v[j];
        sum += v[i] * dot;
    }
    return sum > 0 ? sqrt(sum) : 0;
}

/* Direction i of g: along v (w_dim, of length 1), as long as one standard deviation of w. */
static void put_direction(Generator *g, int i, const char *kind, int number, const double *v, double share,
                          const double *cov)
{
    int n = g->config.w_dim;
    Direction *d = &g->direction[i];
    float *to = generator_vector(g, i);
    double scale = generator_deviation(cov, v, n);
    snprintf(d->name, sizeof d->name, "%s-%d", kind, number);
    d->share = (float)share;
    for (int j = 0; j < n; j++) to[j] = (float)(scale * v[j]);
}

/* The first eigenvectors of a as directions first.. of g, named KIND-1.. */
static bool add_directions(Generator *g, int first, int count, const char *kind, const double *a,
                           const double *cov, Err *err)
{
    int n = g->config.w_dim;
    double *values = calloc((size_t)n + (size_t)n * (size_t)n, sizeof *values), *vectors = values + n,
           total = 0;
    if (!values) return err_nomem(err, "directions");
    bool ok = blas_eigen(values, vectors, a, n, err);
    for (int i = 0; i < n; i++) total += values[i] > 0 ? values[i] : 0;
    for (int k = 0; ok && k < count; k++)
        put_direction(g, first + k, kind, k + 1, vectors + (size_t)k * (size_t)n,
                      total > 0 ? values[k] / total : 0, cov);
    free(values);
    return ok;
}

/* Where w is z all its components are alike: those of the first layer's activations instead. */
static bool add_components(Generator *g, int count, const double *cov, uint64_t seed, Pool *pool, Err *err)
{
    size_t n = (size_t)g->config.w_dim;
    int found = count;
    if (!g->straight) return add_directions(g, 0, count, "pca", cov, cov, err);
    double *vectors = calloc((size_t)count * (n + 1), sizeof *vectors), *share = vectors + (size_t)count * n;
    bool ok = vectors ? activation_directions(vectors, share, &found, g, seed, pool, err)
                      : err_nomem(err, "directions");
    if (ok && !found) ok = add_directions(g, 0, count, "pca", cov, cov, err);
    for (int k = 0; ok && k < found; k++)
        put_direction(g, k, "pca", k + 1, vectors + (size_t)k * n, share[k], cov);
    free(vectors);
    return ok;
}

/* Variance of a number of z. */
static double variance_of(LatentKind kind)
{
    static const double variance[] = {
        [LATENT_NORMAL] = 1, [LATENT_UNIFORM] = 1.0 / 3, [LATENT_TRUNCATED] = 0.7737413};
    return variance[kind];
}

/* Where w is z, nothing need be estimated: the means are what z = 0 gives. */
static bool state_w(float *means, double *cov, const Generator *g, Pool *pool, Err *err)
{
    size_t n = (size_t)g->config.w_dim, z = (size_t)g->config.z_dim, classes = (size_t)g->config.classes;
    Exec *e = exec_new(g->mapping, groups(g), EXEC_INFER, (ExecGrads){0}, pool, err);
    if (!e) return false;
    float *onehot = exec_value(e, net_port(g->mapping, "class"));
    memset(exec_value(e, net_port(g->mapping, "z")), 0, (size_t)groups(g) * z * sizeof(float));
    if (classes) memset(onehot, 0, classes * classes * sizeof *onehot);
    for (size_t k = 0; k < classes; k++) onehot[k * classes + k] = 1;
    exec_forward(e, g->mapping_weights, groups(g));
    memcpy(means, exec_value(e, net_port(g->mapping, "w")), (size_t)groups(g) * n * sizeof *means);
    exec_free(e);
    memset(cov, 0, n * n * sizeof *cov);
    for (size_t j = 0; j < z; j++) cov[j * n + j] = variance_of(g->latent);
    return true;
}

/* Means (groups, w_dim) and covariance of w, as statistics() has them, over latents of seed. */
static bool measure_w(float *means, double *cov, const Generator *g, uint64_t seed, Pool *pool, Err *err)
{
    size_t n = (size_t)g->config.w_dim, total = (size_t)groups(g) * (size_t)per_group(g);
    if (g->straight) return state_w(means, cov, g, pool, err);
    float *w = calloc(total * n, sizeof *w);
    double *row = calloc(n, sizeof *row);
    bool ok = (w && row) || err_nomem(err, "the statistics of w");
    Exec *e = ok ? exec_new(g->mapping, BATCH, EXEC_INFER, (ExecGrads){0}, pool, err) : NULL;
    if (e) {
        sample_w(w, g, e, seed);
        statistics(means, cov, row, g, w);
    }
    exec_free(e);
    free(row);
    free(w);
    return e != NULL;
}

bool generator_spread(double *cov, const Generator *g, uint64_t seed, Pool *pool, Err *err)
{
    float *means = calloc((size_t)groups(g) * (size_t)g->config.w_dim, sizeof *means);
    bool ok = means ? measure_w(means, cov, g, seed, pool, err) : err_nomem(err, "the statistics of w");
    free(means);
    return ok;
}

bool generator_measure(Generator *g, uint64_t seed, Pool *pool, Err *err)
{
    size_t n = (size_t)g->config.w_dim;
    int half = g->directions / 2;
    double *cov = calloc(2 * n * n + n, sizeof *cov), *gram = cov + n * n, *row = gram + n * n;
    if (!cov) return err_nomem(err, "the statistics of w");
    bool ok = measure_w(g->w_mean, cov, g, seed, pool, err);
    if (ok) style_gram(gram, row, g);
    ok = ok && add_components(g, half, cov, seed, pool, err) &&
         add_directions(g, half, half, "sefa", gram, cov, err);
    free(cov);
    return ok;
}
