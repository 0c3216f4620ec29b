/* Losses and their closed-form gradients. */
#include "math/loss.h"
#include "math/gemm.h"
#include "math/kernels/lanes.h"
#include <math.h>

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
    const int *label; /* (rows); NULL: the one positive of row i is row i + rows / 2 */
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
        float top = c->l->max(s, n);
        double sum = c->l->exp_sum(p, s, n, top) - p[i];
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

double supcon(float *dh, float *similarity, const float *h, const int *label, int N, int D, float tau,
              float factor, float *scratch, Pool *pool)
{
    int rows = 2 * N, pieces = (rows + ROWS - 1) / ROWS;
    Contrast c = {dh, .h = h, .label = label, .similarity = similarity, .rows = rows, .D = D, .l = lanes()};
    double sum = 0;
    c.tau = tau;
    c.factor = factor;
    c.unit = scratch;
    c.du = c.unit + aligned((size_t)rows * D);
    c.p = c.du + aligned((size_t)rows * D);
    c.loss = c.p + aligned((size_t)rows * rows);
    c.inv = c.loss + aligned((size_t)rows);
    float *rest = c.inv + aligned((size_t)rows);
    pool_run(pool, pieces, normalise_rows, &c);
    gemm(similarity, c.unit, c.unit, rows, rows, D, GEMM_NT, false, rest, pool);
    pool_run(pool, pieces, softmax_rows, &c);
    /* a row acts as anchor and as a sample of every other anchor */
    gemm(c.du, c.p, c.unit, rows, D, rows, GEMM_NN, false, rest, pool);
    gemm(c.du, c.p, c.unit, rows, D, rows, GEMM_TN, true, rest, pool);
    pool_run(pool, pieces, gradient_rows, &c);
    for (int i = 0; i < rows; i++) sum += c.loss[i];
    return (double)factor * (sum / rows);
}

double ntxent(float *dh, float *similarity, const float *h, int N, int D, float tau, float *scratch,
              Pool *pool)
{
    return supcon(dh, similarity, h, NULL, N, D, tau, 1, scratch, pool);
}

static double cosine_naive(const float *a, const float *b, int D)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < D; i++)
        ab += (double)a[i] * b[i], aa += (double)a[i] * a[i], bb += (double)b[i] * b[i];
    return ab / sqrt(aa * bb);
}

/* log sum over j != i of exp(cos / tau) */
static double spread_naive(const float *h, int rows, int D, double tau, int i)
{
    double sum = 0;
    for (int j = 0; j < rows; j++)
        if (j != i) sum += exp(cosine_naive(h + (size_t)i * D, h + (size_t)j * D, D) / tau);
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

double supcon_naive(float *dh, const float *h, const int *label, int N, int D, float tau, float factor)
{
    int rows = 2 * N;
    double sum = 0;
    for (int i = 0; i < rows; i++) {
        const float *a = h + (size_t)i * D;
        double mine = spread_naive(h, rows, D, tau, i);
        for (int k = 0; k < D; k++) dh[(size_t)i * D + k] = 0;
        for (int j = 0; j < rows; j++) {
            if (j == i) continue;
            const float *b = h + (size_t)j * D;
            double s = cosine_naive(a, b, D) / tau, part = share_naive(label, rows, i, j);
            double p = exp(s - mine) + exp(s - spread_naive(h, rows, D, tau, j)) - part -
                       share_naive(label, rows, j, i);
            sum += part * (mine - s);
            cosine_gradient_naive(dh + (size_t)i * D, a, b, D, (double)factor * p / (tau * rows));
        }
    }
    return (double)factor * sum / rows;
}

double ntxent_naive(float *dh, const float *h, int N, int D, float tau)
{
    return supcon_naive(dh, h, NULL, N, D, tau, 1);
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
