/* What is measured on a trained generator: the mean w of every class, and directions of w.
 *
 * PCA: Haerkoenen et al. 2020 (GANSpace), principal components of w around its class's mean. SeFa: Shen &
 * Zhou 2021, eigenvectors of A^T A where A holds the weights of all style layers, every row normalised as in
 * the authors' code. Both are scaled so that 1.0 moves w by one standard deviation of w along the direction.
 */
#include "base/rng.h"
#include "math/blas.h"
#include "model/generator_new.h"
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
            rng_fill_normal(z + (size_t)i * (size_t)z_dim, (size_t)z_dim,
                            rng_mix(seed, (uint64_t)(start + i)), RNG_LATENT);
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

static bool is_style_weight(const Value *v, int w_dim)
{
    return v->kind == VALUE_PARAM && !strncmp(v->name, "style", 5) && v->shape.rank == 2 &&
           v->shape.dim[1] == w_dim;
}

/* a = A^T A of all style layers' rows, each of length 1. */
static void style_gram(double *a, double *row, const Generator *g)
{
    int w_dim = g->config.w_dim;
    memset(a, 0, (size_t)w_dim * (size_t)w_dim * sizeof *a);
    for (int id = 0; id < net_values(g->synthesis); id++) {
        const Value *v = net_value(g->synthesis, id);
        if (!is_style_weight(v, w_dim)) continue;
        const float *weight = weights_get(g->synthesis_weights, id);
        for (int i = 0; i < v->shape.dim[0]; i++) {
            double square = 0;
            for (int j = 0; j < w_dim; j++) {
                row[j] = (double)weight[(size_t)i * (size_t)w_dim + (size_t)j];
                square += row[j] * row[j];
            }
            for (int j = 0; square > 0 && j < w_dim; j++) row[j] /= sqrt(square);
            add_outer(a, row, w_dim);
        }
    }
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
    for (int k = 0; ok && k < count; k++) {
        Direction *d = &g->direction[first + k];
        const double *v = vectors + (size_t)k * (size_t)n;
        float *to = generator_vector(g, first + k);
        double scale = generator_deviation(cov, v, n);
        snprintf(d->name, sizeof d->name, "%s-%d", kind, k + 1);
        d->share = total > 0 ? (float)(values[k] / total) : 0;
        for (int j = 0; j < n; j++) to[j] = (float)(scale * v[j]);
    }
    free(values);
    return ok;
}

/* Means (groups, w_dim) and covariance of w, as statistics() has them, over latents of seed. */
static bool measure_w(float *means, double *cov, const Generator *g, uint64_t seed, Pool *pool, Err *err)
{
    size_t n = (size_t)g->config.w_dim, total = (size_t)groups(g) * (size_t)per_group(g);
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
    ok = ok && add_directions(g, 0, half, "pca", cov, cov, err) &&
         add_directions(g, half, half, "sefa", gram, cov, err);
    free(cov);
    return ok;
}
