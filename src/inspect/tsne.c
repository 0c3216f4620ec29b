/* t-SNE: likenesses of the features as a matrix, and descent of the map's own towards it. */
#include "inspect/tsne.h"
#include "inspect/map.h"
#include "math/blas.h"
#include "math/kernels/lanes.h"
#include "math/knn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lanes of a sum, rows of a task. */
enum { LANES = 16, ROWS = 32, EXAGGERATED = 250, HALVINGS = 60 };

#define EXAGGERATION 12.0f  /* of attraction at first, so that clusters form (van der Maaten 2014) */
#define SPREAD       1e-4f  /* standard deviation of the first axis at the start */
#define FAR          1e10f  /* where the points that fill up the last lanes lie: out of reach */
#define NOTHING      1e-16f /* likeness that counts as none: products with it would be denormal, and slow */
#define ENTROPY_NEAR 1e-4   /* how exactly the perplexity is met, in nats */

const TsneConfig tsne_defaults = {30, 750};

typedef struct {
    float x, y;
} Pull;

struct Tsne {
    TsneConfig config;
    int n, wide, step;  /* wide: n, filled up to whole lanes */
    float *p;           /* (n,wide) likeness of the features, sums to 1 */
    float *x, *y;       /* (wide) the map */
    float *xy;          /* (n,2) the same, point by point */
    float *move, *gain; /* (n,2) */
    Pull *near, *apart; /* (n) attraction, and repulsion before it is divided by the sum */
    double *sum;        /* (n) of a point's likenesses on the map */
    float attraction;
};

/* --- likeness of the features --------------------------------------------------------------------------- */

typedef struct {
    Tsne *t;
    float *far; /* (n,wide) squared distances */
    double entropy;
} Likeness;

/* p (n) = exp(-beta distance), normalised; returns the entropy. Itself is left out. */
static double weigh(float *p, const float *far, int n, int self, double nearest, double beta)
{
    double sum = 0, mean = 0;
    for (int j = 0; j < n; j++) {
        double d = (double)far[j] - nearest, w = j == self ? 0 : exp(-beta * d);
        p[j] = (float)w;
        sum += w;
        mean += w * d;
    }
    for (int j = 0; j < n; j++) p[j] = (float)((double)p[j] / sum);
    return log(sum) + beta * mean / sum;
}

/* The width of the point's kernel is halved or doubled until the entropy is that of the perplexity. */
static void likeness_row(void *ctx, int i, int worker)
{
    Likeness *l = ctx;
    int n = l->t->n;
    const float *far = l->far + (size_t)i * (size_t)l->t->wide;
    float *p = l->t->p + (size_t)i * (size_t)l->t->wide;
    double low = 0, high = INFINITY, nearest = INFINITY, beta = 0;
    (void)worker;
    for (int j = 0; j < n; j++)
        if (j != i && (double)far[j] < nearest) nearest = (double)far[j];
    for (int j = 0; j < n; j++) beta += (double)far[j] - nearest;
    beta = beta > 0 ? n / beta : 1;
    for (int k = 0; k < HALVINGS; k++) {
        double over = weigh(p, far, n, i, nearest, beta) - l->entropy;
        if (fabs(over) < ENTROPY_NEAR) break;
        if (over > 0)
            low = beta;
        else
            high = beta;
        beta = isinf(high) ? 2 * beta : (low + high) / 2;
    }
}

/* Squared distances of all pairs. */
static void distances(float *far, const float *feature, int n, int wide, int D, Pool *pool)
{
    float *gram = far; /* (n,n) packed, then spread row by row from the last */
    blas_gemm(gram, feature, feature, n, n, D, GEMM_NT, false, pool);
    for (int i = n - 1; i >= 0; i--)
        memmove(far + (size_t)i * (size_t)wide, gram + (size_t)i * (size_t)n, (size_t)n * sizeof *far);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            float a = far[(size_t)i * (size_t)wide + (size_t)i],
                  b = far[(size_t)j * (size_t)wide + (size_t)j];
            float d = a + b - 2 * far[(size_t)i * (size_t)wide + (size_t)j];
            far[(size_t)j * (size_t)wide + (size_t)i] = far[(size_t)i * (size_t)wide + (size_t)j] =
                d > 0 ? d : 0;
        }
}

/* p (j given i) becomes that of the pair. */
static void symmetric(Tsne *t)
{
    size_t wide = (size_t)t->wide;
    for (int i = 0; i < t->n; i++)
        for (int j = 0; j <= i; j++) {
            float *a = &t->p[(size_t)i * wide + (size_t)j], *b = &t->p[(size_t)j * wide + (size_t)i];
            float pair = (*a + *b) / (2 * (float)t->n);
            *a = *b = pair > NOTHING ? pair : 0;
        }
}

static bool measure(Tsne *t, const float *feature, int D, Pool *pool, Err *err)
{
    Likeness l = {t, malloc((size_t)t->n * (size_t)t->wide * sizeof *l.far),
                  log((double)t->config.perplexity)};
    if (!l.far) return err_nomem(err, "a map");
    distances(l.far, feature, t->n, t->wide, D, pool);
    pool_run(pool, t->n, likeness_row, &l);
    free(l.far);
    symmetric(t);
    return true;
}

/* --- making --------------------------------------------------------------------------------------------- */

static void spread_out(Tsne *t)
{
    for (int i = 0; i < t->n; i++) {
        t->x[i] = t->xy[2 * i];
        t->y[i] = t->xy[2 * i + 1];
    }
}

/* The plane of the principal components, small. */
static bool begin(Tsne *t, const float *feature, int D, Pool *pool, Err *err)
{
    Map m;
    double square = 0;
    if (!map_fit(&m, feature, t->n, D, pool, err)) return false;
    map_place(t->xy, &m, feature, t->n);
    map_free(&m);
    for (int i = 0; i < t->n; i++) square += (double)t->xy[2 * i] * (double)t->xy[2 * i];
    float scale = square > 0 ? SPREAD / (float)sqrt(square / t->n) : 0;
    for (int i = 0; i < 2 * t->n; i++) {
        t->xy[i] *= scale;
        t->gain[i] = 1;
    }
    for (int i = t->n; i < t->wide; i++) t->x[i] = t->y[i] = FAR;
    spread_out(t);
    return true;
}

static bool make_room(Tsne *t, Err *err)
{
    size_t n = (size_t)t->n, wide = (size_t)t->wide;
    t->p = calloc(n * wide, sizeof *t->p);
    t->x = calloc(2 * wide, sizeof *t->x);
    t->xy = calloc(6 * n, sizeof *t->xy);
    t->near = calloc(2 * n, sizeof *t->near);
    t->sum = calloc(n, sizeof *t->sum);
    if (!t->p || !t->x || !t->xy || !t->near || !t->sum) return err_nomem(err, "a map");
    t->y = t->x + wide;
    t->move = t->xy + 2 * n;
    t->gain = t->xy + 4 * n;
    t->apart = t->near + n;
    return true;
}

Tsne *tsne_new(const float *feature, int n, int D, const TsneConfig *c, Pool *pool, Err *err)
{
    if (n < 10 || n > TSNE_POINTS)
        return err_set(err, ERR_USAGE, "t-SNE: %d points; it takes 10 to %d", n, TSNE_POINTS), NULL;
    if (!(c->perplexity >= 2 && c->perplexity <= (float)n / 3) || c->steps < 1)
        return err_set(err, ERR_USAGE, "t-SNE: with %d points the perplexity is 2 to %d", n, n / 3), NULL;
    Tsne *t = calloc(1, sizeof *t);
    if (!t) return err_nomem(err, "a map"), NULL;
    *t = (Tsne){.config = *c, .n = n, .wide = (n + LANES - 1) / LANES * LANES};
    if (make_room(t, err) && begin(t, feature, D, pool, err) && measure(t, feature, D, pool, err)) return t;
    tsne_free(t);
    return NULL;
}

void tsne_free(Tsne *t)
{
    if (!t) return;
    free(t->p);
    free(t->x);
    free(t->xy);
    free(t->near);
    free(t->sum);
    free(t);
}

/* --- descent -------------------------------------------------------------------------------------------- */

static void point_forces(Tsne *t, int i)
{
    float sum[5];
    lanes()->forces(sum, t->x[i], t->y[i], t->p + (size_t)i * (size_t)t->wide, t->x, t->y, (size_t)t->wide);
    t->near[i] = (Pull){sum[0], sum[1]};
    t->apart[i] = (Pull){sum[2], sum[3]};
    t->sum[i] = (double)sum[4] - 1; /* less its likeness to itself */
}

static void forces(void *ctx, int task, int worker)
{
    Tsne *t = ctx;
    (void)worker;
    for (int i = task * ROWS; i < t->n && i < (task + 1) * ROWS; i++) point_forces(t, i);
}

static void move_along(Tsne *t, int k, float slope, float momentum, float rate)
{
    bool turned = slope > 0 && t->move[k] > 0;
    turned = turned || (slope < 0 && t->move[k] < 0);
    t->gain[k] = turned ? fmaxf(t->gain[k] * 0.8f, 0.01f) : t->gain[k] + 0.2f;
    t->move[k] = momentum * t->move[k] - rate * t->gain[k] * slope;
    t->xy[k] += t->move[k];
}

void tsne_step(Tsne *t, Pool *pool)
{
    int early = t->config.steps / 3 < EXAGGERATED ? t->config.steps / 3 : EXAGGERATED;
    bool begins = t->step < early;
    float attraction = begins ? EXAGGERATION : 1, momentum = begins ? 0.5f : 0.8f;
    float rate = fmaxf((float)t->n / EXAGGERATION, 50); /* Belkina et al. 2019 */
    double all = 0, mean[2] = {0};
    pool_run(pool, (t->n + ROWS - 1) / ROWS, forces, t);
    for (int i = 0; i < t->n; i++) all += t->sum[i];
    for (int i = 0; i < t->n; i++) {
        const Pull *near = &t->near[i], *apart = &t->apart[i];
        move_along(t, 2 * i, 4 * (attraction * near->x - apart->x / (float)all), momentum, rate);
        move_along(t, 2 * i + 1, 4 * (attraction * near->y - apart->y / (float)all), momentum, rate);
    }
    for (int k = 0; k < 2 * t->n; k++) mean[k % 2] += (double)t->xy[k] / t->n;
    for (int k = 0; k < 2 * t->n; k++) t->xy[k] -= (float)mean[k % 2];
    spread_out(t);
    t->step++;
}

bool tsne_done(const Tsne *t)
{
    return t->step >= t->config.steps;
}

int tsne_steps(const Tsne *t)
{
    return t->step;
}

const float *tsne_xy(const Tsne *t)
{
    return t->xy;
}

/* --- how good it is ------------------------------------------------------------------------------------- */

typedef struct {
    const Tsne *t;
    double *sum, *all; /* (n) of p log(p (1 + d)), and of the map's likenesses */
} Loss;

static void loss_row(void *ctx, int i, int worker)
{
    Loss *l = ctx;
    const Tsne *t = l->t;
    const float *p = t->p + (size_t)i * (size_t)t->wide;
    (void)worker;
    for (int j = 0; j < t->n; j++) {
        double dx = (double)(t->x[i] - t->x[j]), dy = (double)(t->y[i] - t->y[j]),
               far = 1 + dx * dx + dy * dy;
        if (j == i) continue;
        l->all[i] += 1 / far;
        if (p[j] > 0) l->sum[i] += (double)p[j] * log((double)p[j] * far);
    }
}

double tsne_loss(const Tsne *t, Pool *pool)
{
    double sum = 0, all = 0;
    Loss l = {t, calloc(2 * (size_t)t->n, sizeof *l.sum), NULL};
    if (!l.sum) return NAN;
    l.all = l.sum + t->n;
    pool_run(pool, t->n, loss_row, &l);
    for (int i = 0; i < t->n; i++) {
        sum += l.sum[i];
        all += l.all[i];
    }
    free(l.sum);
    return sum + log(all);
}

static bool nearest_of_all(Hit *hit, const float *row, int n, int D, int k, Pool *pool)
{
    int *self = malloc((size_t)n * sizeof *self);
    for (int i = 0; self && i < n; i++) self[i] = i;
    bool ok = self && knn_search(hit, row, n, row, n, D, k, KNN_L2, self, pool, NULL);
    free(self);
    return ok;
}

double map_kept(const float *xy, const float *feature, int n, int D, int k, Pool *pool)
{
    size_t size = (size_t)n * (size_t)k;
    Hit *there = malloc(2 * size * sizeof *there), *here = there + size;
    long kept = 0;
    bool ok =
        there && nearest_of_all(there, feature, n, D, k, pool) && nearest_of_all(here, xy, n, 2, k, pool);
    for (int i = 0; ok && i < n; i++)
        for (int a = 0; a < k; a++)
            for (int b = 0; b < k; b++) kept += there[i * k + a].index == here[i * k + b].index;
    free(there);
    return ok ? (double)kept / (double)size : NAN;
}
