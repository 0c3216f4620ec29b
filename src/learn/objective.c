/* An objective through an encoder, and the pictures of a batch that a person should see. */
#include "learn/objective.h"
#include "math/blas.h"
#include "math/kernels/lanes.h"
#include "math/knn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bool find_ports(Contrast *c, const Net *net, Err *err)
{
    const char *head = objective_head(c->objective) == HEAD_CLASSES ? "logits" : "out";
    c->image = net_port(net, "image");
    c->features = net_port(net, "features");
    c->out = net_port(net, head);
    if (c->image == NET_NONE || c->features == NET_NONE || c->out == NET_NONE)
        return err_set(err, ERR_FORMAT,
                       "the encoder has no ports image, features and %s: it is not for objective %s", head,
                       objective_name(c->objective));
    c->dim = net_value(net, c->out)->shape.dim[1];
    c->width = net_value(net, c->features)->shape.dim[1];
    return true;
}

static bool make_room(Contrast *c, Err *err)
{
    size_t rows = 2 * (size_t)c->pairs;
    size_t scratch =
        larger(objective_scratch(c->objective, c->pairs, c->dim), rows * (size_t)(c->dim + c->width));
    bool labels = objective_labels(c->objective), latents = objective_latents(c->objective);
    c->similarity = calloc(rows * rows, sizeof *c->similarity);
    c->scratch = aligned_alloc(64, (scratch * sizeof *c->scratch + 63) / 64 * 64);
    c->label = labels ? calloc(rows, sizeof *c->label) : NULL;
    c->target = latents ? calloc(rows * (size_t)c->dim, sizeof *c->target) : NULL;
    c->origin = calloc(rows, sizeof *c->origin);
    bool ok = c->similarity && c->scratch && c->origin && (c->label || !labels) && (c->target || !latents);
    return ok || err_nomem(err, "the objective");
}

bool contrast_open(Contrast *c, Objective objective, const Net *net, int pairs, bool bf16, Pool *pool,
                   Err *err)
{
    ExecMode mode = EXEC_TRAIN | (bf16 ? EXEC_BF16 : 0);
    ExecGrads grads = {.params = true, .once = true, .lean = true};
    *c = (Contrast){.objective = objective, .pairs = pairs, .pool = pool, .tau = 1, .factor = 1, .hits = -1};
    if (!find_ports(c, net, err)) return false;
    c->exec = exec_new(net, 2 * pairs, mode, grads, pool, err);
    if (c->exec && make_room(c, err)) return true;
    contrast_close(c);
    return false;
}

void contrast_close(Contrast *c)
{
    if (c->exec) exec_free(c->exec);
    free(c->similarity);
    free(c->scratch);
    free(c->label);
    free(c->target);
    free(c->origin);
    *c = (Contrast){0};
}

float *contrast_images(Contrast *c)
{
    return exec_value(c->exec, c->image);
}

const float *contrast_features(const Contrast *c)
{
    return exec_value(c->exec, c->features);
}

const float *contrast_rows(const Contrast *c, int *dim)
{
    ObjectiveHead head = objective_head(c->objective);
    bool own = head == HEAD_PROJECTION || head == HEAD_EXPANDER;
    *dim = own ? c->dim : c->width;
    return exec_value(c->exec, own ? c->out : c->features);
}

/* What an objective without similarities of its own leaves to be looked at. */
static void look_alike(Contrast *c)
{
    int rows = 2 * c->pairs, dim;
    const float *row = contrast_rows(c, &dim);
    memcpy(c->scratch, row, (size_t)rows * (size_t)dim * sizeof *row);
    knn_normalise(c->scratch, rows, dim);
    blas_gemm(c->similarity, c->scratch, c->scratch, rows, rows, dim, GEMM_NT, false, c->pool);
    for (int i = 0; i < rows; i++) c->similarity[(size_t)i * ((size_t)rows + 1)] = -INFINITY;
}

double contrast_step(Contrast *c, Weights *w, Weights *grads, float tau)
{
    int rows = 2 * c->pairs;
    bool contrasts = objective_contrasts(c->objective);
    c->tau = contrasts ? tau : 1;
    exec_forward(c->exec, w, rows);
    exec_seed_zero(c->exec);
    ObjectiveBatch b = {
        .pairs = c->pairs, .dim = c->dim, .label = c->label, .target = c->target, .pool = c->pool};
    b.h = exec_value(c->exec, c->out);
    b.dh = exec_grad(c->exec, c->out);
    b.tau = tau;
    b.factor = c->factor;
    b.similarity = c->similarity;
    b.scratch = c->scratch;
    b.origin = c->repeats ? c->origin : NULL;
    double loss = objective_loss(c->objective, &b);
    c->hits = b.hits;
    if (!contrasts) look_alike(c);
    exec_backward(c->exec, w, grads, rows);
    return loss;
}

float contrast_cosine(const Contrast *c, int i, int j)
{
    return c->similarity[(size_t)i * 2 * (size_t)c->pairs + (size_t)j] * c->tau;
}

/* Rows i and j show different pictures. */
static bool strangers(const Contrast *c, int i, int j)
{
    return j != i && (j - i) % c->pairs && !(c->repeats && c->origin[i] == c->origin[j]);
}

/* The sum of row i's cosines and of exp(-2 |u_i - u_j|^2) = exp(4 cosine - 4), without itself. */
static void row_sums(double *cosines, double *kernel, const Contrast *c, int i)
{
    const Lanes *l = lanes();
    size_t n = 2 * (size_t)c->pairs;
    float *row = c->scratch;
    l->scale(row, c->similarity + (size_t)i * n, n, c->tau, 0);
    row[i] = 0;
    *cosines += l->sum(row, n);
    l->scale(row, row, n, 4, -4);
    double near = l->exp_sum(row, row, n, 0);
    *kernel += near - (double)row[i];
}

/* Takes what is no negative, but neither a pair, out of the sum over all and its count. */
static void leave_repeats(double *sum, double *count, const Contrast *c)
{
    int n = 2 * c->pairs;
    for (int i = 0; c->repeats && i < n; i++)
        for (int j = 0; j < n; j++)
            if ((j - i) % c->pairs && c->origin[i] == c->origin[j])
                *sum -= contrast_cosine(c, i, j), --*count;
}

ContrastMeans contrast_means(const Contrast *c)
{
    int n = 2 * c->pairs;
    double all = 0, kernel = 0, positive = 0, strange, others = (double)n * (n - 2);
    for (int i = 0; i < n; i++) {
        row_sums(&all, &kernel, c, i);
        positive += (double)contrast_cosine(c, i, (i + c->pairs) % n);
    }
    strange = all - positive;
    leave_repeats(&strange, &others, c);
    ContrastMeans m = {.positive = positive / n, .negative = others > 0 ? strange / others : 0};
    m.alignment = 2 - 2 * m.positive;
    m.uniformity = log(kernel / ((double)n * (n - 1)));
    m.spread = sqrt(fmax(1 - (all + n) / ((double)n * n), 0)); /* 1 - |mean of the unit rows|^2 */
    return m;
}

static int bin_of(float cosine)
{
    int bin = (int)((cosine + 1) / 2 * CONTRAST_BINS);
    return bin < 0 ? 0 : bin >= CONTRAST_BINS ? CONTRAST_BINS - 1 : bin;
}

void contrast_spread(ContrastSpread *out, const Contrast *c)
{
    int n = 2 * c->pairs;
    long others[CONTRAST_BINS] = {0}, count = 0;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            int bin = bin_of(contrast_cosine(c, i, j));
            if (j == i + c->pairs)
                out->positive[bin] += 1 / (float)c->pairs;
            else if (strangers(c, i, j))
                others[bin]++, count++;
        }
    for (int b = 0; b < CONTRAST_BINS && count; b++) out->negative[b] = (float)others[b] / (float)count;
}

/* Puts p into the k best so far, ordered by `sign` times cosine, largest first. */
static int insert(ContrastPair *out, int have, int k, ContrastPair p, float sign)
{
    int at = have < k ? have++ : k;
    if (at == k) {
        if (!(sign * p.cosine > sign * out[k - 1].cosine)) return have;
        at = k - 1;
    }
    for (; at > 0 && sign * p.cosine > sign * out[at - 1].cosine; at--) out[at] = out[at - 1];
    out[at] = p;
    return have;
}

static bool taken(const ContrastPair *out, int have, int row)
{
    for (int i = 0; i < have; i++)
        if (out[i].a == row || out[i].b == row) return true;
    return false;
}

/* The most alike two rows that are no pair and not taken yet; false when there are none. */
static bool closest(ContrastPair *best, const ContrastPair *out, int have, const Contrast *c)
{
    int n = 2 * c->pairs;
    *best = (ContrastPair){-1, -1, -INFINITY};
    for (int i = 0; i < n; i++) {
        if (taken(out, have, i)) continue;
        for (int j = i + 1; j < n; j++) {
            float s = contrast_cosine(c, i, j);
            if (s > best->cosine && strangers(c, i, j) && !taken(out, have, j))
                *best = (ContrastPair){i, j, s};
        }
    }
    return best->a >= 0;
}

int contrast_hardest(ContrastPair *out, int k, const Contrast *c, bool positives)
{
    int have = 0;
    if (positives) {
        for (int i = 0; i < c->pairs; i++)
            have = insert(out, have, k, (ContrastPair){i, i + c->pairs, contrast_cosine(c, i, i + c->pairs)},
                          -1);
        return have;
    }
    while (have < k && closest(&out[have], out, have, c)) have++;
    return have;
}
