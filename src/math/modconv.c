/* Modulated convolution: the style scales the inputs, one plain convolution, then the outputs are scaled
 * back. */
#include "math/modconv.h"
#include "math/kernels/lanes.h"
#include <math.h>
#include <string.h>

typedef struct {
    size_t in, out;  /* pixels of one input and output plane */
    size_t xs, z, d; /* sizes of the saved blocks, rounded up to 64 bytes */
    int cg;          /* input channels of a group */
} Sizes;

static size_t aligned(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

static Sizes sizes_of(const ConvShape *c, bool demodulate)
{
    Sizes s = {.in = (size_t)c->H * c->W, .out = (size_t)c->OH * c->OW, .cg = c->C / c->groups};
    s.xs = aligned((size_t)c->N * c->C * s.in);
    s.z = demodulate ? aligned((size_t)c->N * c->O * s.out) : 0;
    s.d = demodulate ? aligned((size_t)c->N * c->O) : 0;
    return s;
}

size_t modconv_saved(const ConvShape *c, bool demodulate)
{
    Sizes s = sizes_of(c, demodulate);
    return s.xs + s.z + s.d;
}

/* dz, dxs, the squares of w and the gradients of d, then the convolution's own. */
size_t modconv_scratch(const ConvShape *c, int threads)
{
    Sizes s = sizes_of(c, true);
    return s.z + s.xs + aligned((size_t)c->O * s.cg) + s.d + conv_scratch(c, threads);
}

typedef struct {
    float *y, *dx, *ds, *dd;
    const float *x, *k, *bias, *z, *dy;
    int planes; /* per image */
    size_t pixels;
    bool accumulate_x, accumulate_s;
    const Lanes *l;
} Job;

/* y = x * k + bias, plane by plane of one image; k (N,planes) or NULL, bias (planes) or NULL. */
static void scale_image(void *ctx, int n, int worker)
{
    const Job *j = ctx;
    (void)worker;
    for (int c = 0; c < j->planes; c++) {
        size_t plane = (size_t)n * j->planes + c;
        j->l->scale(j->y + plane * j->pixels, j->x + plane * j->pixels, j->pixels, j->k ? j->k[plane] : 1,
                    j->bias ? j->bias[c] : 0);
    }
}

/* q (O,C/groups) = sum over the kernel of w squared. */
static void weight_squares(float *q, const float *w, const ConvShape *c, int cg)
{
    int taps = c->KH * c->KW;
    for (size_t i = 0; i < (size_t)c->O * cg; i++, w += taps) {
        float sum = 0;
        for (int k = 0; k < taps; k++) sum += w[k] * w[k];
        q[i] = sum;
    }
}

/* First input channel of output channel o. */
static int channel_of(const ConvShape *c, int o, int cg)
{
    return o / (c->O / c->groups) * cg;
}

/* d (N,O) = 1 / sqrt(sum_c s^2 q + eps) */
static void demodulation(float *d, const float *s, const float *q, const ConvShape *c, int cg, float eps)
{
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->O; o++) {
            const float *sn = s + (size_t)n * c->C + channel_of(c, o, cg), *qo = q + (size_t)o * cg;
            float sum[8] = {0};
            int i = 0;
            for (; i + 8 <= cg; i += 8)
                for (int k = 0; k < 8; k++) sum[k] += sn[i + k] * sn[i + k] * qo[i + k];
            for (; i < cg; i++) sum[0] += sn[i] * sn[i] * qo[i];
            float all = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
            d[(size_t)n * c->O + o] = 1.0f / sqrtf(all + eps);
        }
}

void modconv_forward(float *y, float *saved, const float *x, const float *s, const float *w,
                     const float *bias, const ConvShape *c, bool demodulate, float eps, float *scratch,
                     Pool *pool)
{
    Sizes z = sizes_of(c, demodulate);
    float *xs = saved, *conv = saved + z.xs, *d = conv + z.z, *q = scratch;
    Job in = {.y = xs, .x = x, .k = s, .planes = c->C, .pixels = z.in, .l = lanes()};
    Job out = {.y = y, .x = conv, .k = d, .bias = bias, .planes = c->O, .pixels = z.out, .l = in.l};
    pool_run(pool, c->N, scale_image, &in);
    if (!demodulate) {
        conv_forward(y, xs, w, bias, c, scratch, pool);
        return;
    }
    weight_squares(q, w, c, z.cg);
    demodulation(d, s, q, c, z.cg, eps);
    conv_forward(conv, xs, w, NULL, c, scratch, pool);
    pool_run(pool, c->N, scale_image, &out);
}

/* dz = dy * d, and dd = -1/2 d^3 sum_p dy z: the gradient of the sum under the root. */
static void output_image(void *ctx, int n, int worker)
{
    const Job *j = ctx;
    (void)worker;
    for (int o = 0; o < j->planes; o++) {
        size_t plane = (size_t)n * j->planes + o, at = plane * j->pixels;
        float d = j->k[plane];
        j->dd[plane] = (float)(-0.5 * d * d * d * j->l->dot(j->dy + at, j->z + at, j->pixels));
        j->l->scale(j->y + at, j->dy + at, j->pixels, d, 0);
    }
}

/* ds = sum_p dxs x and dx = dxs s; either may be unwanted. */
static void input_image(void *ctx, int n, int worker)
{
    const Job *j = ctx;
    (void)worker;
    for (int c = 0; c < j->planes; c++) {
        size_t plane = (size_t)n * j->planes + c, at = plane * j->pixels;
        if (j->ds)
            j->ds[plane] =
                (j->accumulate_s ? j->ds[plane] : 0) + (float)j->l->dot(j->z + at, j->x + at, j->pixels);
        if (j->dx && j->accumulate_x)
            j->l->axpy(j->dx + at, j->z + at, j->pixels, j->k[plane]);
        else if (j->dx)
            j->l->scale(j->dx + at, j->z + at, j->pixels, j->k[plane], 0);
    }
}

/* ds += 2 s sum_o dd q */
static void styles_from_demodulation(float *ds, const float *dd, const float *q, const float *s,
                                     const ConvShape *c, int cg)
{
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->O; o++) {
            size_t at = (size_t)n * c->C + channel_of(c, o, cg);
            float k = 2 * dd[(size_t)n * c->O + o];
            for (int i = 0; i < cg; i++) ds[at + i] += k * s[at + i] * q[(size_t)o * cg + i];
        }
}

/* dw += 2 w sum_n dd s^2; q is overwritten with the sum. */
static void weights_from_demodulation(float *dw, float *q, const float *dd, const float *s, const float *w,
                                      const ConvShape *c, int cg)
{
    int taps = c->KH * c->KW;
    memset(q, 0, (size_t)c->O * cg * sizeof *q);
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->O; o++) {
            const float *sn = s + (size_t)n * c->C + channel_of(c, o, cg);
            float k = 2 * dd[(size_t)n * c->O + o], *qo = q + (size_t)o * cg;
            for (int i = 0; i < cg; i++) qo[i] += k * sn[i] * sn[i];
        }
    for (size_t i = 0; i < (size_t)c->O * cg; i++)
        for (int k = 0; k < taps; k++) dw[i * taps + k] += q[i] * w[i * taps + k];
}

void modconv_backward(float *dx, bool accumulate_x, float *ds, bool accumulate_s, float *dw, const float *dy,
                      const float *saved, const float *x, const float *s, const float *w, const ConvShape *c,
                      bool demodulate, float eps, float *scratch, Pool *pool)
{
    Sizes z = sizes_of(c, true);
    float *dz = scratch, *dxs = dz + z.z, *q = dxs + z.xs, *dd = q + aligned((size_t)c->O * z.cg),
          *rest = dd + z.d;
    const float *xs = saved, *conv = saved + z.xs, *d = conv + z.z, *into = dy;
    const Lanes *l = lanes();
    (void)eps; /* it acted through the saved d */
    if (demodulate) {
        Job out = {.y = dz, .dd = dd, .dy = dy, .z = conv, .k = d, .planes = c->O, .pixels = z.out, .l = l};
        pool_run(pool, c->N, output_image, &out);
        into = dz;
    }
    if (dx || ds) {
        Job in = {.dx = dx,
                  .ds = ds,
                  .x = x,
                  .z = dxs,
                  .k = s,
                  .planes = c->C,
                  .pixels = z.in,
                  .accumulate_x = accumulate_x,
                  .accumulate_s = accumulate_s,
                  .l = l};
        conv_backward_data(dxs, into, w, NULL, c, false, rest, pool);
        pool_run(pool, c->N, input_image, &in);
    }
    if (demodulate && ds) {
        weight_squares(q, w, c, z.cg);
        styles_from_demodulation(ds, dd, q, s, c, z.cg);
    }
    if (demodulate && dw) weights_from_demodulation(dw, q, dd, s, w, c, z.cg);
    if (dw) conv_backward_weight(dw, into, xs, c, rest, pool);
}

static double demodulation_naive(const float *s, const float *w, const ConvShape *c, int o, int cg,
                                 double eps)
{
    int taps = c->KH * c->KW;
    double sum = eps;
    for (int i = 0; i < cg; i++)
        for (int k = 0; k < taps; k++) {
            double v = (double)s[channel_of(c, o, cg) + i] * w[((size_t)o * cg + i) * taps + k];
            sum += v * v;
        }
    return 1 / sqrt(sum);
}

/* One output: the convolution with the weights of image n spelled out. */
static double pixel_naive(const float *x, const float *s, const float *w, const ConvShape *c, int o, int oy,
                          int ox, int cg)
{
    double sum = 0;
    int first = channel_of(c, o, cg);
    for (int i = 0; i < cg; i++)
        for (int ky = 0; ky < c->KH; ky++)
            for (int kx = 0; kx < c->KW; kx++) {
                int iy = oy * c->sh - c->pt + ky * c->dh, ix = ox * c->sw - c->pl + kx * c->dw;
                if (iy < 0 || iy >= c->H || ix < 0 || ix >= c->W) continue;
                sum += (double)x[((size_t)(first + i) * c->H + iy) * c->W + ix] * s[first + i] *
                       w[(((size_t)o * cg + i) * c->KH + ky) * c->KW + kx];
            }
    return sum;
}

void modconv_forward_naive(float *y, const float *x, const float *s, const float *w, const float *bias,
                           const ConvShape *c, bool demodulate, float eps)
{
    int cg = c->C / c->groups;
    for (int n = 0; n < c->N; n++, x += (size_t)c->C * c->H * c->W, s += c->C)
        for (int o = 0; o < c->O; o++) {
            double d = demodulate ? demodulation_naive(s, w, c, o, cg, eps) : 1;
            for (int oy = 0; oy < c->OH; oy++)
                for (int ox = 0; ox < c->OW; ox++)
                    *y++ = (float)(d * pixel_naive(x, s, w, c, o, oy, ox, cg) + (bias ? bias[o] : 0));
        }
}
