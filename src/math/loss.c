/* Losses and their closed-form gradients. */
#include "math/loss.h"
#include "math/gemm.h"
#include "math/kernels/lanes.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 16 }; /* a piece */

static size_t aligned(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

/* unit rows and their gradient (2N,D), probabilities (2N,2N), row losses and lengths (2N), then gemm's. */
size_t ntxent_scratch(int N, int D)
{
    size_t rows = 2 * (size_t)N, g1 = gemm_scratch(2 * N, 2 * N, D), g2 = gemm_scratch(2 * N, D, 2 * N);
    return 2 * aligned(rows * D) + aligned(rows * rows) + 2 * aligned(rows) + (g1 > g2 ? g1 : g2);
}

typedef struct {
    float *dh, *unit, *du, *p, *loss, *inv, *similarity;
    const float *h;
    const int *label;  /* (rows); NULL: the one positive of row i is row i + rows / 2 */
    const int *origin; /* (rows); NULL: only the positive is of a row's own origin */
    int rows, D;
    float tau, factor;
    const Lanes *l;
} Contrast;

static void normalise_rows(void *ctx, int piece, int worker)
{
    const Contrast *c = ctx;
    (void)worker;
    for (int i = piece * ROWS; i < (piece + 1) * ROWS && i < c->rows; i++) {
        const float *h = c->h + (size_t)i * c->D;
        double length = sqrt(c->l->dot(h, h, (size_t)c->D));
        c->inv[i] = (float)(1 / (length < 1e-12 ? 1e-12 : length));
        c->l->scale(c->unit + (size_t)i * c->D, h, (size_t)c->D, c->inv[i], 0);
    }
}

/* Takes row i's positives, in equal parts 1 / rows in all, from p; returns their mean cosine / tau. */
static double pull(const Contrast *c, int i, float *p, const float *s)
{
    int n = 0, pair = (i + c->rows / 2) % c->rows;
    double sum = 0;
    if (!c->label) return p[pair] -= 1.0f / (float)c->rows, (double)s[pair];
    for (int j = 0; j < c->rows; j++)
        if (j != i && c->label[j] == c->label[i]) n++, sum += s[j];
    float part = (float)(1.0 / ((double)c->rows * n));
    for (int j = 0; j < c->rows; j++)
        if (j != i && c->label[j] == c->label[i]) p[j] -= part;
    return sum / n;
}

/* Leaves out of p, a copy of row i's cosines, who is of its origin without being its pair. */
static void leave_out(const Contrast *c, int i, float *p)
{
    int pair = (i + c->rows / 2) % c->rows;
    for (int j = 0; j < c->rows; j++)
        if (c->origin[j] == c->origin[i] && j != pair) p[j] = -INFINITY;
}

/* Turns one row of cosines into cosines / tau, and writes (softmax - positives' parts) / rows and the
 * anchor's loss. */
static void softmax_rows(void *ctx, int piece, int worker)
{
    const Contrast *c = ctx;
    size_t n = (size_t)c->rows;
    (void)worker;
    for (int i = piece * ROWS; i < (piece + 1) * ROWS && i < c->rows; i++) {
        float *s = c->similarity + i * n, *p = c->p + i * n;
        c->l->scale(s, s, n, 1.0f / c->tau, 0);
        s[i] = -INFINITY;
        if (c->origin) memcpy(p, s, n * sizeof *p), leave_out(c, i, p);
        const float *in = c->origin ? p : s;
        float top = c->l->max(in, n);
        double sum = c->l->exp_sum(p, in, n, top) - p[i];
        c->l->scale(p, p, n, (float)(1 / (sum * c->rows)), 0);
        p[i] = 0;
        c->loss[i] = (float)(log(sum) + top - pull(c, i, p, s));
    }
}

/* dh = factor (du - (du . u) u) / (|h| tau) */
static void gradient_rows(void *ctx, int piece, int worker)
{
    const Contrast *c = ctx;
    (void)worker;
    for (int i = piece * ROWS; i < (piece + 1) * ROWS && i < c->rows; i++) {
        size_t at = (size_t)i * c->D;
        float k = c->factor * (c->inv[i] / c->tau),
              along = (float)c->l->dot(c->du + at, c->unit + at, (size_t)c->D);
        c->l->row_blend(c->dh + at, c->du + at, c->unit + at, (size_t)c->D, k, -along * k);
    }
}

/* c: dh, h, label, origin, similarity, tau and factor. */
static double contrast(Contrast c, int N, int D, float *scratch, Pool *pool)
{
    int rows = c.rows = 2 * N, pieces = (rows + ROWS - 1) / ROWS;
    double sum = 0;
    c.D = D;
    c.l = lanes();
    c.unit = scratch;
    c.du = c.unit + aligned((size_t)rows * D);
    c.p = c.du + aligned((size_t)rows * D);
    c.loss = c.p + aligned((size_t)rows * rows);
    c.inv = c.loss + aligned((size_t)rows);
    float *rest = c.inv + aligned((size_t)rows);
    pool_run(pool, pieces, normalise_rows, &c);
    gemm(c.similarity, c.unit, c.unit, rows, rows, D, GEMM_NT, false, rest, pool);
    pool_run(pool, pieces, softmax_rows, &c);
    /* a row acts as anchor and as a sample of every other anchor */
    gemm(c.du, c.p, c.unit, rows, D, rows, GEMM_NN, false, rest, pool);
    gemm(c.du, c.p, c.unit, rows, D, rows, GEMM_TN, true, rest, pool);
    pool_run(pool, pieces, gradient_rows, &c);
    for (int i = 0; i < rows; i++) sum += c.loss[i];
    return (double)c.factor * (sum / rows);
}

double supcon(float *dh, float *similarity, const float *h, const int *label, int N, int D, float tau,
              float factor, float *scratch, Pool *pool)
{
    Contrast c = {dh, .h = h, .label = label, .similarity = similarity, .tau = tau, .factor = factor};
    return contrast(c, N, D, scratch, pool);
}

double ntxent(float *dh, float *similarity, const float *h, const int *origin, int N, int D, float tau,
              float *scratch, Pool *pool)
{
    Contrast c = {dh, .h = h, .origin = origin, .similarity = similarity, .tau = tau, .factor = 1};
    return contrast(c, N, D, scratch, pool);
}

static double cosine_naive(const float *a, const float *b, int D)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < D; i++)
        ab += (double)a[i] * b[i], aa += (double)a[i] * a[i], bb += (double)b[i] * b[i];
    return ab / sqrt(aa * bb);
}

/* Who is told apart, by label or origin (either may be NULL), and the rows. */
typedef struct {
    const float *h;
    const int *label, *origin;
    int rows, D;
    double tau;
} Naive;

/* Whether row j is among those that row i is compared with. */
static bool meets_naive(const Naive *c, int i, int j)
{
    return j != i && (!c->origin || c->origin[i] != c->origin[j] || j == (i + c->rows / 2) % c->rows);
}

/* log sum over those of exp(cos / tau) */
static double spread_naive(const Naive *c, int i)
{
    double sum = 0;
    for (int j = 0; j < c->rows; j++)
        if (meets_naive(c, i, j))
            sum += exp(cosine_naive(c->h + (size_t)i * c->D, c->h + (size_t)j * c->D, c->D) / c->tau);
    return log(sum);
}

/* Adds the gradient of g * cos(h_i, h_j) with respect to row i. */
static void cosine_gradient_naive(float *dh, const float *a, const float *b, int D, double g)
{
    double aa = 0, bb = 0, cosine = cosine_naive(a, b, D);
    for (int i = 0; i < D; i++) aa += (double)a[i] * a[i], bb += (double)b[i] * b[i];
    for (int i = 0; i < D; i++) dh[i] += (float)(g * (b[i] / sqrt(aa * bb) - cosine * a[i] / aa));
}

/* Which part of row i's pull goes to row j. */
static double share_naive(const int *label, int rows, int i, int j)
{
    int n = 0;
    if (!label) return j == (i + rows / 2) % rows;
    for (int k = 0; k < rows; k++) n += k != i && label[k] == label[i];
    return label[i] == label[j] ? 1.0 / n : 0;
}

static double contrast_naive(float *dh, const Naive *c, double factor)
{
    int rows = c->rows, D = c->D;
    double sum = 0;
    for (int i = 0; i < rows; i++) {
        const float *a = c->h + (size_t)i * D;
        double mine = spread_naive(c, i);
        for (int k = 0; k < D; k++) dh[(size_t)i * D + k] = 0;
        for (int j = 0; j < rows; j++) {
            if (!meets_naive(c, i, j)) continue;
            const float *b = c->h + (size_t)j * D;
            double s = cosine_naive(a, b, D) / c->tau, part = share_naive(c->label, rows, i, j);
            double p = exp(s - mine) + exp(s - spread_naive(c, j)) - part - share_naive(c->label, rows, j, i);
            sum += part * (mine - s);
            cosine_gradient_naive(dh + (size_t)i * D, a, b, D, factor * p / (c->tau * rows));
        }
    }
    return factor * sum / rows;
}

double supcon_naive(float *dh, const float *h, const int *label, int N, int D, float tau, float factor)
{
    Naive c = {h, .label = label, .rows = 2 * N, .D = D, .tau = (double)tau};
    return contrast_naive(dh, &c, (double)factor);
}

double ntxent_naive(float *dh, const float *h, const int *origin, int N, int D, float tau)
{
    Naive c = {h, .origin = origin, .rows = 2 * N, .D = D, .tau = (double)tau};
    return contrast_naive(dh, &c, 1);
}

double mean_square(float *dx, const float *x, const float *target, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double gap = (double)x[i] - (double)target[i];
        sum += gap * gap;
        dx[i] = (float)(2 * gap / (double)n);
    }
    return sum / (double)n;
}

static int row_argmax(const float *x, int C)
{
    int best = 0;
    for (int c = 1; c < C; c++)
        if (x[c] > x[best]) best = c;
    return best;
}

double cross_entropy(float *dx, const float *x, const int *label, int N, int C, int *correct)
{
    double loss = 0;
    int hits = 0;
    for (int n = 0; n < N; n++, x += C) {
        int best = row_argmax(x, C);
        double sum = 0;
        for (int c = 0; c < C; c++) sum += exp((double)x[c] - x[best]);
        loss += log(sum) + x[best] - x[label[n]];
        hits += best == label[n];
        for (int c = 0; c < C && dx; c++)
            *dx++ = (float)((exp((double)x[c] - x[best]) / sum - (c == label[n])) / N);
    }
    if (correct) *correct = hits;
    return loss / N;
}

/* mean max(0, 1 - sign * d) */
static double hinge(float *dd, const float *d, int N, float sign)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        float margin = 1 - sign * d[i];
        sum += margin < 0 ? 0 : margin; /* a NaN shows */
        dd[i] = margin > 0 ? -sign / (float)N : 0;
    }
    return sum / N;
}

double hinge_real(float *dd, const float *d, int N)
{
    return hinge(dd, d, N, 1);
}

double hinge_fake(float *dd, const float *d, int N)
{
    return hinge(dd, d, N, -1);
}

double hinge_generator(float *dd, const float *d, int N)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        sum -= d[i];
        dd[i] = -1.0f / (float)N;
    }
    return sum / N;
}

double logistic_loss(float *dd, const float *d, int N, bool want_high)
{
    double sum = 0, sign = want_high ? -1 : 1;
    for (int i = 0; i < N; i++) {
        double x = sign * d[i], e = exp(x > 0 ? -x : x);
        sum += (x > 0 ? x : 0) + log1p(e);
        dd[i] = (float)(sign * (x > 0 ? 1 : e) / (1 + e) / N);
    }
    return sum / N;
}
