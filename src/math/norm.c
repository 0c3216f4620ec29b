/* Batch and instance normalisation: one pass for statistics, one to apply; a channel is a piece of work, so
 * that its planes are still in the cache when they are read again. */
#include "math/norm.h"
#include "math/kernels/lanes.h"
#include <math.h>

typedef struct {
    float *y, *saved, *running_mean, *running_var;
    const float *x, *mean, *var, *scale, *offset;
    bool per_image;
    int N, C, P;
    float eps, momentum;
    const Lanes *l;
} Forward;

static size_t plane_of(int n, int c, int C)
{
    return (size_t)n * C + c;
}

static float factor(const float *k, bool per_image, int n, int c, int C, float otherwise)
{
    return !k ? otherwise : k[per_image ? plane_of(n, c, C) : (size_t)c];
}

static void apply_plane(const Forward *f, int n, int c, float mean, float inv)
{
    size_t at = plane_of(n, c, f->C) * f->P;
    f->l->normalise(f->y + at, f->x + at, (size_t)f->P, mean,
                    inv * factor(f->scale, f->per_image, n, c, f->C, 1),
                    factor(f->offset, f->per_image, n, c, f->C, 0));
}

/* Mean and sum of squared differences over the batch, merged plane by plane (Chan et al. 1983). */
static void channel_moments(const Forward *f, int c, double *mean, double *m2)
{
    *mean = *m2 = 0;
    for (int n = 0; n < f->N; n++) {
        double pm, p2;
        f->l->moments(&pm, &p2, f->x + plane_of(n, c, f->C) * f->P, (size_t)f->P);
        double delta = pm - *mean;
        *mean += delta / (n + 1);
        *m2 += p2 + delta * delta * f->P * n / (n + 1);
    }
}

static void train_channel(void *ctx, int c, int worker)
{
    const Forward *f = ctx;
    double mean, m2, count = (double)f->N * f->P;
    (void)worker;
    channel_moments(f, c, &mean, &m2);
    float inv = (float)(1 / sqrt(m2 / count + f->eps));
    double unbiased = count > 1 ? m2 / (count - 1) : m2;
    f->saved[c] = (float)mean;
    f->saved[f->C + c] = inv;
    f->running_mean[c] += f->momentum * ((float)mean - f->running_mean[c]);
    f->running_var[c] += f->momentum * ((float)unbiased - f->running_var[c]);
    for (int n = 0; n < f->N; n++) apply_plane(f, n, c, (float)mean, inv);
}

void batchnorm_train(float *y, float *saved, float *running_mean, float *running_var, const float *x,
                     const float *scale, const float *offset, bool per_image, int N, int C, int P, float eps,
                     float momentum, Pool *pool)
{
    Forward f = {y, saved, running_mean, running_var, x,      NULL, NULL, scale, offset, per_image, N,
                 C, P,     eps,          momentum,    lanes()};
    pool_run(pool, C, train_channel, &f);
}

static void infer_image(void *ctx, int n, int worker)
{
    const Forward *f = ctx;
    (void)worker;
    for (int c = 0; c < f->C; c++) apply_plane(f, n, c, f->mean[c], 1.0f / sqrtf(f->var[c] + f->eps));
}

void batchnorm_infer(float *y, const float *x, const float *mean, const float *var, const float *scale,
                     const float *offset, bool per_image, int N, int C, int P, float eps, Pool *pool)
{
    Forward f = {.y = y,
                 .x = x,
                 .mean = mean,
                 .var = var,
                 .scale = scale,
                 .offset = offset,
                 .per_image = per_image,
                 .N = N,
                 .C = C,
                 .P = P,
                 .eps = eps,
                 .l = lanes()};
    pool_run(pool, N, infer_image, &f);
}

static void instance_image(void *ctx, int n, int worker)
{
    const Forward *f = ctx;
    (void)worker;
    for (int c = 0; c < f->C; c++) {
        size_t plane = plane_of(n, c, f->C);
        double mean, m2;
        f->l->moments(&mean, &m2, f->x + plane * f->P, (size_t)f->P);
        float inv = (float)(1 / sqrt(m2 / f->P + f->eps));
        f->saved[plane] = (float)mean;
        f->saved[plane_of(f->N, 0, f->C) + plane] = inv;
        apply_plane(f, n, c, (float)mean, inv);
    }
}

void instancenorm_forward(float *y, float *saved, const float *x, const float *scale, const float *offset,
                          bool per_image, int N, int C, int P, float eps, Pool *pool)
{
    Forward f = {.y = y,
                 .saved = saved,
                 .x = x,
                 .scale = scale,
                 .offset = offset,
                 .per_image = per_image,
                 .N = N,
                 .C = C,
                 .P = P,
                 .eps = eps,
                 .l = lanes()};
    pool_run(pool, N, instance_image, &f);
}

typedef struct {
    float *dx, *dscale, *doffset;
    const float *dy, *x, *saved, *scale;
    bool per_image, frozen, instance, accumulate;
    int N, C, P;
    const Lanes *l;
} Backward;

static float mean_of(const Backward *b, int n, int c)
{
    return b->saved[b->instance ? plane_of(n, c, b->C) : (size_t)c];
}

static float inv_of(const Backward *b, int n, int c)
{
    return b->saved[b->instance ? plane_of(b->N + n, c, b->C) : (size_t)(b->C + c)];
}

/* s = sum dy, t = sum dy * (x - mean) over one plane; both also go to the gradients of offset and scale. */
static void plane_sums(const Backward *b, int n, int c, double *s, double *t)
{
    size_t plane = plane_of(n, c, b->C), at = plane * b->P, to = b->per_image ? plane : (size_t)c;
    b->l->norm_sums(s, t, b->dy + at, b->x + at, (size_t)b->P, mean_of(b, n, c));
    if (b->dscale) b->dscale[to] += (float)(*t * inv_of(b, n, c));
    if (b->doffset) b->doffset[to] += (float)*s;
}

/* dx = inv * (g - mean(g) - xhat * mean(g * xhat)) with g = dy * scale; s and t are the sums of g and g * (x
 * - mean) over `count` pixels. With frozen statistics the means do not depend on x, so only the first term
 * stays. */
static void plane_gradient(const Backward *b, int n, int c, double s, double t, double count)
{
    size_t at = plane_of(n, c, b->C) * b->P;
    double inv = inv_of(b, n, c), k = factor(b->scale, b->per_image, n, c, b->C, 1);
    float rate[3] = {(float)(inv * k), b->frozen ? 0 : (float)(-inv * inv * inv * t / count),
                     b->frozen ? 0 : (float)(-inv * s / count)};
    b->l->norm_grad(b->dx + at, b->dy + at, b->x + at, (size_t)b->P, mean_of(b, n, c), rate, b->accumulate);
}

static void batch_channel(void *ctx, int c, int worker)
{
    const Backward *b = ctx;
    double s, t, all_s = 0, all_t = 0;
    (void)worker;
    for (int n = 0; n < b->N; n++) {
        double k = factor(b->scale, b->per_image, n, c, b->C, 1);
        plane_sums(b, n, c, &s, &t);
        all_s += k * s;
        all_t += k * t;
    }
    for (int n = 0; n < b->N && b->dx; n++) plane_gradient(b, n, c, all_s, all_t, (double)b->N * b->P);
}

void batchnorm_backward(float *dx, float *dscale, float *doffset, const float *dy, const float *x,
                        const float *saved, const float *scale, bool per_image, bool frozen, int N, int C,
                        int P, bool accumulate, Pool *pool)
{
    Backward b = {dx,     dscale, doffset,    dy, x, saved, scale,  per_image,
                  frozen, false,  accumulate, N,  C, P,     lanes()};
    pool_run(pool, C, batch_channel, &b);
}

static void instance_channel(void *ctx, int c, int worker)
{
    const Backward *b = ctx;
    (void)worker;
    for (int n = 0; n < b->N; n++) {
        double s, t, k = factor(b->scale, b->per_image, n, c, b->C, 1);
        plane_sums(b, n, c, &s, &t);
        if (b->dx) plane_gradient(b, n, c, k * s, k * t, b->P);
    }
}

void instancenorm_backward(float *dx, float *dscale, float *doffset, const float *dy, const float *x,
                           const float *saved, const float *scale, bool per_image, int N, int C, int P,
                           bool accumulate, Pool *pool)
{
    Backward b = {dx,    dscale, doffset,    dy, x, saved, scale,  per_image,
                  false, true,   accumulate, N,  C, P,     lanes()};
    pool_run(pool, C, instance_channel, &b);
}
