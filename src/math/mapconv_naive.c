/* Convolution on maps in plain loops, over plain copies: the oracle for math/mapconv.c. */
#include "math/mapconv.h"
#include <stdlib.h>

/* One side of the layer with its layout. */
typedef struct {
    int C, H, W;
    bool plain;
} Side;

static Side side(MapSide m, bool plain)
{
    return (Side){m.C, m.H, m.W, plain};
}

static size_t pixels(Side m)
{
    return (size_t)m.H * (size_t)m.W;
}

/* Where element (n, c, p) lies. */
static size_t place(Side m, int n, int c, size_t p)
{
    size_t P = pixels(m), blocks = (size_t)map_blocks(m.C);
    if (m.plain) return ((size_t)n * (size_t)m.C + (size_t)c) * P + p;
    return (((size_t)n * blocks + (size_t)(c / MAP_LANES)) * P + p) * MAP_LANES + (size_t)(c % MAP_LANES);
}

static size_t coefficient(Side m, bool per_image, int n, int c)
{
    return (per_image ? (size_t)n * (size_t)map_blocks(m.C) * MAP_LANES : 0) + (size_t)c;
}

/* Calls body for every element of a side, `i` counting them as plain. */
#define EACH(m, N)                                                                                           \
    for (int n = 0; n < (N); n++)                                                                            \
        for (int c = 0; c < (m).C; c++)                                                                      \
            for (size_t p = 0, i = ((size_t)n * (size_t)(m).C + (size_t)c) * pixels(m); p < pixels(m);       \
                 p++, i++)

static float *room(Side m, int N)
{
    return calloc((size_t)N * (size_t)m.C * pixels(m) + 1, sizeof(float));
}

static float before_act(const MapRead *r, Side m, int n, int c, size_t p)
{
    size_t k = coefficient(m, r->per_image, n, c);
    float x = r->x[place(m, n, c, p)];
    return r->scale ? x * r->scale[k] + r->shift[k] : x;
}

static float act(float z, float slope, float gain)
{
    return (z < 0 ? slope * z : z) * gain;
}

static float *read_all(const MapRead *r, Side m, int N)
{
    float *v = room(m, N);
    if (!v) return NULL;
    EACH(m, N) v[i] = act(before_act(r, m, n, c, p), r->slope, r->gain);
    return v;
}

static void moments(const MapWrite *to, Side m, int N)
{
    double count = (double)N * (double)pixels(m);
    for (int c = 0; c < map_blocks(m.C) * MAP_LANES; c++) {
        double sum = 0, square = 0;
        for (int n = 0; c < m.C && n < N; n++)
            for (size_t p = 0; p < pixels(m); p++) sum += (double)to->y[place(m, n, c, p)];
        for (int n = 0; c < m.C && n < N; n++)
            for (size_t p = 0; p < pixels(m); p++) {
                double d = (double)to->y[place(m, n, c, p)] - sum / count;
                square += d * d;
            }
        to->moments[c] = (float)(sum / count);
        to->moments[map_blocks(m.C) * MAP_LANES + c] = (float)(square / count);
    }
}

static void write_all(const MapWrite *to, const float *v, Side m, int N)
{
    size_t P = pixels(m);
    if (!m.plain)
        for (size_t i = 0; i < map_count(N, m.C, (int)P); i++) to->y[i] = 0;
    EACH(m, N)
    {
        size_t at = place(m, n, c, p);
        float y = v[i] * (to->scale ? to->scale[coefficient(m, to->per_image, n, c)] : 1);
        if (to->shift) y += to->shift[c];
        if (to->add) y += to->add[at];
        if (to->noise) y += to->strength * to->noise[(size_t)n * P + p];
        to->y[at] = act(y, to->slope, to->gain);
    }
    if (to->moments) moments(to, m, N);
}

bool mapconv_forward_naive(const MapWrite *to, const MapRead *from, const float *w, const MapConv *c)
{
    Side in = side(mapconv_input(c), c->plain_in), out = side(mapconv_result(c), c->plain_out);
    float *x = read_all(from, in, c->s.N), *y = room(out, c->s.N);
    if (x && y) {
        if (c->transposed)
            conv_backward_data_naive(y, x, w, NULL, &c->s, false);
        else
            conv_forward_naive(y, x, w, NULL, &c->s);
        write_all(to, y, out, c->s.N);
    }
    bool ok = x && y;
    free(x);
    free(y);
    return ok;
}

/* The raw result out of y, whose act must keep apart what it was made of (slope > 0). */
static float raw_of(const MapGrad *g, Side m, int n, int c, size_t p)
{
    float y = g->y[place(m, n, c, p)], z = y / g->gain / (y > 0 ? 1 : g->slope);
    z -= (g->shift ? g->shift[c] : 0) + (g->noise ? g->strength * g->noise[(size_t)n * pixels(m) + p] : 0);
    return z / g->scale[coefficient(m, true, n, c)];
}

/* What the gradients d before the scale give to the writing; and d through the scale. */
static void scale_back(const MapBack *back, float *d, const MapGrad *g, Side m, int N)
{
    EACH(m, N)
    {
        size_t k = coefficient(m, true, n, c);
        if (back->dscaled) back->dscaled[k] += d[i] * raw_of(g, m, n, c, p);
        if (back->dstrength && g->noise) *back->dstrength += d[i] * g->noise[(size_t)n * pixels(m) + p];
        if (back->dbias) back->dbias[c] += d[i];
        d[i] *= g->scale[k];
    }
}

/* The gradient of the raw result, plain. */
static float *total_gradient(const MapGrad *g, Side m, int N)
{
    float *d = room(m, N), count = (float)N * (float)pixels(m);
    const float *dvar = g->dmoments ? g->dmoments + map_blocks(m.C) * MAP_LANES : NULL;
    if (!d) return NULL;
    EACH(m, N)
    {
        size_t at = place(m, n, c, p);
        d[i] = g->dy[at] * (g->y && !(g->y[at] > 0) ? g->slope : 1) * g->gain;
        if (dvar) d[i] += g->dmoments[c] / count + dvar[c] * 2 * (g->y[at] - g->moments[c]) / count;
    }
    return d;
}

static void give_back(const MapBack *back, const float *dv, const MapRead *from, Side m, int N)
{
    EACH(m, N)
    {
        size_t at = place(m, n, c, p), k = coefficient(m, from->per_image, n, c);
        float z = before_act(from, m, n, c, p), dz = dv[i] * from->gain * (z > 0 ? 1 : from->slope);
        if (from->scale && back->dscale) {
            back->dscale[k] += dz * from->x[at];
            back->dshift[k] += dz;
        }
        if (back->dx) back->dx[at] = (back->add ? back->dx[at] : 0) + dz * (from->scale ? from->scale[k] : 1);
    }
}

static void back_all(const MapBack *back, float *dx, const float *d, const float *x, const MapRead *from,
                     const float *w, const MapConv *conv)
{
    Side in = side(mapconv_input(conv), conv->plain_in), out = side(mapconv_result(conv), conv->plain_out);
    int N = conv->s.N;
    if (conv->transposed)
        conv_forward_naive(dx, d, w, NULL, &conv->s);
    else
        conv_backward_data_naive(dx, d, w, NULL, &conv->s, false);
    if (back->dx && !in.plain && !back->add)
        for (size_t i = 0; i < map_count(N, in.C, (int)pixels(in)); i++) back->dx[i] = 0;
    if (back->dx || back->dscale) give_back(back, dx, from, in, N);
    if (back->dw)
        conv_backward_weight_naive(back->dw, conv->transposed ? x : d, conv->transposed ? d : x, &conv->s);
    if (!back->dbias || conv->scaled) return;
    EACH(out, N)
    {
        (void)p;
        back->dbias[c] += d[i];
    }
}

bool mapconv_backward_naive(const MapBack *back, const MapGrad *dy, const MapRead *from, const float *w,
                            const MapConv *c)
{
    Side in = side(mapconv_input(c), c->plain_in), out = side(mapconv_result(c), c->plain_out);
    float *d = total_gradient(dy, out, c->s.N), *x = read_all(from, in, c->s.N), *dx = room(in, c->s.N);
    bool ok = d && x && dx;
    if (ok && c->scaled) scale_back(back, d, dy, out, c->s.N);
    if (ok) back_all(back, dx, d, x, from, w, c);
    free(d);
    free(x);
    free(dx);
    return ok;
}
