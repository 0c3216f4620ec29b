/* Convolution on maps against its oracle: all ways, layouts, fusions and odd shapes, and bits that depend on
 * no thread. */
#include "base/rng.h"
#include "math/mapconv.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct {
    const char *name;
    int N, C, H, W, O, K, stride, pad, dilation;
    bool transposed, exact, plain_in, plain_out;
} Case;

static const Case cases[] = {
    {"3x3", 3, 32, 28, 28, 32, 3, 1, 1, 1, 0, 0, 0, 0},
    {"3x3 exact", 3, 32, 12, 12, 48, 3, 1, 1, 1, 0, 1, 0, 0},
    {"3x3 odd", 13, 17, 7, 7, 200, 3, 1, 1, 1, 0, 0, 0, 0},
    {"3x3 small", 9, 40, 5, 9, 23, 3, 1, 1, 1, 0, 0, 0, 0},
    {"3x3 valid", 2, 16, 10, 11, 32, 3, 1, 0, 1, 0, 0, 0, 0},
    {"3x3 full", 2, 32, 8, 8, 16, 3, 1, 2, 1, 0, 0, 0, 0},
    {"3x3 large", 1, 64, 65, 61, 33, 3, 1, 1, 1, 0, 0, 0, 0},
    {"3x3 4x4 many", 33, 64, 4, 4, 64, 3, 1, 1, 1, 0, 0, 0, 0},
    {"3x3 32 to 128", 3, 32, 7, 7, 128, 3, 1, 1, 1, 0, 0, 0, 0},
    {"stride 2", 5, 32, 28, 28, 64, 3, 2, 1, 1, 0, 0, 0, 0},
    {"stride 2 odd", 4, 19, 7, 9, 30, 3, 2, 1, 1, 0, 0, 0, 0},
    {"4x4 stride 2", 9, 48, 14, 14, 96, 4, 2, 1, 1, 0, 0, 0, 0},
    {"4x4 stride 2 small", 70, 97, 7, 7, 40, 4, 2, 1, 1, 0, 0, 0, 0},
    {"4x4 stride 2 odd", 3, 19, 16, 13, 70, 4, 2, 2, 1, 0, 0, 0, 0},
    {"4x4 stride 2 valid", 2, 16, 19, 10, 33, 4, 2, 0, 1, 0, 0, 0, 0},
    {"4x4 stride 2 exact", 2, 16, 14, 14, 32, 4, 2, 1, 1, 0, 1, 0, 0},
    {"4x4 stride 2 large", 1, 20, 64, 66, 48, 4, 2, 1, 1, 0, 0, 0, 0},
    {"stride 3 of 5", 2, 16, 17, 17, 16, 5, 3, 2, 1, 0, 0, 0, 0},
    {"1x1", 6, 48, 14, 14, 20, 1, 1, 0, 1, 0, 0, 0, 0},
    {"1x1 stride 2", 6, 32, 14, 14, 64, 1, 2, 0, 1, 0, 0, 0, 0},
    {"dilated", 2, 16, 15, 15, 16, 3, 1, 2, 2, 0, 0, 0, 0},
    {"stem", 5, 1, 28, 28, 32, 3, 1, 1, 1, 0, 0, 1, 0},
    {"stem of 3", 3, 3, 32, 32, 64, 3, 1, 1, 1, 0, 0, 1, 0},
    {"to a picture", 3, 32, 28, 28, 1, 1, 1, 0, 1, 0, 0, 0, 1},
    {"3x3 to colours", 3, 24, 9, 9, 3, 3, 1, 1, 1, 0, 0, 0, 1},
    {"to 7 plain", 3, 24, 9, 9, 7, 3, 1, 1, 1, 0, 0, 0, 1},
    {"plain to plain", 2, 3, 11, 11, 2, 3, 1, 1, 1, 0, 0, 1, 1},
    {"transposed 4x4", 3, 64, 14, 14, 32, 4, 2, 1, 1, 1, 0, 0, 0},
    {"transposed first", 9, 40, 4, 4, 24, 4, 1, 0, 1, 1, 0, 0, 0},
    {"transposed from a pixel", 9, 24, 4, 4, 40, 4, 1, 0, 1, 1, 0, 0, 0},
    {"transposed from a pixel, 2", 5, 24, 3, 3, 40, 5, 2, 1, 1, 1, 0, 0, 0},
    {"transposed narrow", 3, 1, 28, 28, 64, 4, 2, 1, 1, 1, 0, 0, 1},
    {"transposed 3x3", 3, 32, 12, 12, 32, 3, 1, 1, 1, 1, 0, 0, 0},
    {"one pixel", 7, 20, 1, 1, 9, 1, 1, 0, 1, 0, 0, 0, 0},
};
/* Every case is run in float32, and where this CPU can in bfloat16 and in float32 of parts. */
enum { FLOAT32, BFLOAT16, SPLIT, MODES, CASES = sizeof cases / sizeof *cases };

/* Whether a mode changes anything for run i. */
static bool worth(int i)
{
    return i / CASES != SPLIT || (cases[i % CASES].K == 3 && cases[i % CASES].stride == 1);
}

/* Everything one case needs. Sides as the way chosen sees them. */
typedef struct {
    MapConv c;
    MapSide in, out;
    size_t in_count, out_count, in_lanes, out_lanes, weights;
    float *x, *scale, *shift, *w, *bias, *add, *noise, *out_scale, *dy, *dmoments, *scratch;
    size_t scratch_floats;
    uint64_t stream; /* of the next numbers */
} Fixture;

static float *numbers(Fixture *f, size_t n, float spread)
{
    float *p = aligned_alloc(64, (n * sizeof *p + 64 + 63) / 64 * 64);
    assert_non_null(p);
    rng_fill_normal(p, n, 7, f->stream++);
    for (size_t i = 0; i < n; i++) p[i] *= spread;
    return p;
}

/* Lanes past C of every pixel (or coefficient) are zero. */
static float *lanes(Fixture *f, size_t vectors, MapSide m, size_t P, float spread)
{
    float *p = numbers(f, vectors * MAP_LANES, spread);
    for (size_t i = 0; i < vectors * MAP_LANES; i++) {
        size_t block = i / MAP_LANES / P % (size_t)map_blocks(m.C);
        if (block * MAP_LANES + i % MAP_LANES >= (size_t)m.C) p[i] = 0;
    }
    return p;
}

static size_t side_count(MapSide m, int N, bool plain)
{
    return plain ? (size_t)N * (size_t)m.C * (size_t)(m.H * m.W) : map_count(N, m.C, m.H * m.W);
}

static float *picture(Fixture *f, MapSide m, bool plain)
{
    if (plain) return numbers(f, side_count(m, f->c.s.N, true), 1);
    return lanes(f, side_count(m, f->c.s.N, false) / MAP_LANES, m, (size_t)(m.H * m.W), 1);
}

static void open_case(Fixture *f, const Case *k, int mode, int threads)
{
    *f = (Fixture){.c = {.transposed = k->transposed,
                         .exact = k->exact,
                         .bf16 = mode == BFLOAT16,
                         .split = mode == SPLIT,
                         .plain_in = k->plain_in,
                         .plain_out = k->plain_out}};
    f->c.s = (ConvShape){.N = k->N,
                         .C = k->C,
                         .H = k->H,
                         .W = k->W,
                         .O = k->O,
                         .KH = k->K,
                         .KW = k->K,
                         .sh = k->stride,
                         .sw = k->stride,
                         .dh = k->dilation,
                         .dw = k->dilation,
                         .pt = k->pad,
                         .pl = k->pad,
                         .pb = k->pad,
                         .pr = k->pad,
                         .groups = 1};
    assert_true(conv_shape(&f->c.s));
    f->in = mapconv_input(&f->c), f->out = mapconv_result(&f->c);
    f->in_count = side_count(f->in, k->N, k->plain_in), f->out_count = side_count(f->out, k->N, k->plain_out);
    f->in_lanes = (size_t)map_blocks(f->in.C) * MAP_LANES,
    f->out_lanes = (size_t)map_blocks(f->out.C) * MAP_LANES;
    f->weights = (size_t)k->O * (size_t)k->C * (size_t)(k->K * k->K);
    f->x = picture(f, f->in, k->plain_in);
    f->dy = picture(f, f->out, k->plain_out);
    f->add = picture(f, f->out, k->plain_out);
    size_t N = (size_t)k->N;
    f->scale = lanes(f, N * f->in_lanes / MAP_LANES, f->in, 1, 1),
    f->shift = lanes(f, N * f->in_lanes / MAP_LANES, f->in, 1, 1);
    f->out_scale = lanes(f, N * f->out_lanes / MAP_LANES, f->out, 1, 1),
    f->bias = lanes(f, f->out_lanes / MAP_LANES, f->out, 1, 1);
    f->dmoments = lanes(f, 2 * f->out_lanes / MAP_LANES, f->out, 1, 30);
    f->noise = numbers(f, N * (size_t)(f->out.H * f->out.W), 1);
    f->w = numbers(f, f->weights, 1 / sqrtf((float)(k->C * k->K * k->K)));
    f->scratch_floats = mapconv_scratch(&f->c, false, threads);
    size_t back = mapconv_scratch(&f->c, true, threads);
    f->scratch_floats = (f->scratch_floats > back ? f->scratch_floats : back) + mapconv_packed(&f->c) + 64;
    f->scratch = numbers(f, f->scratch_floats, 1e30f); /* what was there before must not matter */
}

static void close_case(Fixture *f)
{
    float *all[] = {f->x,     f->scale,     f->shift, f->w,        f->bias,   f->add,
                    f->noise, f->out_scale, f->dy,    f->dmoments, f->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void assert_close(const float *got, const float *want, size_t n, double bound, const char *name,
                         const char *what)
{
    double most = 0, error = 0;
    for (size_t i = 0; i < n; i++) {
        double e = fabs((double)got[i] - (double)want[i]);
        most = fmax(most, fabs((double)want[i]));
        error = isnan(e) || e > error ? e : error;
    }
    if (!(error <= bound * fmax(most, 1e-3))) fail_msg("%s: %s is off by %g of %g", name, what, error, most);
}

static double bound_of(const Fixture *f)
{
    if (f->c.bf16) return 2e-2;
    const char *kernel = mapconv_kernel(&f->c);
    return strcmp(kernel, "direct") && strcmp(kernel, "narrow") ? 3e-5 : 1e-5;
}

static void run(const Fixture *f, const MapWrite *to, const MapRead *from, Pool *pool)
{
    size_t packed = (mapconv_packed(&f->c) + 15) / 16 * 16;
    mapconv_pack(f->scratch, f->w, &f->c, pool);
    mapconv_forward(to, from, f->scratch, &f->c, f->scratch + packed, pool);
}

/* What the oracle says of one case: the same whatever the mode and the threads, so it is asked once. */
typedef struct {
    float *y, moments[1024];
} Oracle;

static void forward_both(Fixture *f, MapWrite to, MapRead from, const char *name, const char *what,
                         Oracle *naive, Pool *pool)
{
    float *y = numbers(f, f->out_count, 1e30f), m[1024];
    assert_true(2 * f->out_lanes <= 1024);
    bool moments = to.moments;
    to.y = y, to.moments = moments ? m : NULL;
    run(f, &to, &from, pool);
    if (!naive->y) {
        to.y = naive->y = numbers(f, f->out_count, 1), to.moments = moments ? naive->moments : NULL;
        assert_true(mapconv_forward_naive(&to, &from, f->w, &f->c));
    }
    assert_close(y, naive->y, f->out_count, bound_of(f), name, what);
    if (moments) assert_close(m, naive->moments, 2 * f->out_lanes, bound_of(f) + 1e-4, name, "moments");
    free(y);
}

static const MapRead whole_read = {.slope = 1, .gain = 1};
static float any_moments[1];

static void forward_case(const Case *k, int mode, int threads, Oracle naive[3])
{
    Fixture f;
    Pool *pool = pool_new(threads, 0, NULL);
    open_case(&f, k, mode, threads);
    bool plain_in = f.c.plain_in, plain_out = f.c.plain_out;
    MapRead as_is = whole_read, coefficients = whole_read, per_image = whole_read;
    as_is.x = coefficients.x = per_image.x = f.x;
    coefficients.scale = per_image.scale = f.scale, coefficients.shift = per_image.shift = f.shift;
    coefficients.slope = 0, per_image.slope = 0.2f, per_image.gain = 1.5f, per_image.per_image = true;
    MapWrite bare = {.slope = 1, .gain = 1, .moments = plain_out ? NULL : any_moments};
    MapWrite full = {.slope = 0.2f,
                     .gain = 1.4f,
                     .scale = f.out_scale,
                     .shift = f.bias,
                     .per_image = true,
                     .add = plain_out ? NULL : f.add,
                     .noise = f.noise,
                     .strength = 0.3f};
    forward_both(&f, bare, as_is, k->name, "bare", &naive[0], pool);
    forward_both(&f, bare, plain_in ? as_is : coefficients, k->name, "normalised input", &naive[1], pool);
    forward_both(&f, full, plain_in ? as_is : per_image, k->name, "everything", &naive[2], pool);
    close_case(&f);
    pool_free(pool);
}

static void test_forward(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        Oracle naive[3] = {0};
        for (int mode = 0; mode < MODES; mode++)
            for (int threads = 1; threads <= 2 && worth(mode * CASES + i); threads++)
                forward_case(&cases[i], mode, threads, naive);
        for (int k = 0; k < 3; k++) free(naive[k].y);
    }
}

typedef struct {
    float *dx, *dscale, *dshift, *dw, *dbias, *dscaled, *dstrength;
} Grads;

static Grads grads_new(Fixture *f)
{
    f->stream = 1000; /* the same numbers each time */
    size_t coefs = (size_t)f->c.s.N * f->in_lanes;
    Grads g = {numbers(f, f->in_count, 1),
               numbers(f, coefs, 1),
               numbers(f, coefs, 1),
               numbers(f, f->weights, 1),
               numbers(f, f->out_lanes, 1),
               numbers(f, (size_t)f->c.s.N * f->out_lanes, 1),
               numbers(f, 1, 1)};
    for (size_t i = 0; !f->c.plain_in && i < f->in_count; i++) {
        size_t block = i / MAP_LANES / (size_t)(f->in.H * f->in.W) % (size_t)map_blocks(f->in.C);
        if (block * MAP_LANES + i % MAP_LANES >= (size_t)f->in.C) g.dx[i] = 0;
    }
    return g;
}

static void grads_free(Grads *g)
{
    free(g->dx), free(g->dscale), free(g->dshift), free(g->dw), free(g->dbias), free(g->dscaled),
        free(g->dstrength);
}

static MapBack back_of(const Grads *g, bool coefficients, bool add)
{
    return (MapBack){.dx = g->dx,
                     .add = add,
                     .dscale = coefficients ? g->dscale : NULL,
                     .dshift = coefficients ? g->dshift : NULL,
                     .dw = g->dw,
                     .dbias = g->dbias};
}

static void assert_coefs(const Fixture *f, const Grads *a, const Grads *b, bool per_image, const char *name)
{
    size_t n = per_image ? (size_t)f->c.s.N * f->in_lanes : f->in_lanes;
    for (size_t i = 0; i < n; i++)
        if (i % f->in_lanes >= (size_t)f->in.C) a->dscale[i] = b->dscale[i] = a->dshift[i] = b->dshift[i] = 0;
    assert_close(a->dscale, b->dscale, n, f->c.bf16 ? 0.05 : 1e-4, name, "dscale");
    assert_close(a->dshift, b->dshift, n, f->c.bf16 ? 0.05 : 1e-4, name, "dshift");
}

/* oracle: what it says of this case, asked once. */
static void backward_both(Fixture *f, const MapGrad *dy, const MapRead *from, bool add, const char *name,
                          Grads *oracle, Pool *pool)
{
    Grads a = grads_new(f);
    bool coefficients = from->scale;
    MapBack ours = back_of(&a, coefficients, add);
    mapconv_backward(&ours, dy, from, f->w, &f->c, f->scratch, pool);
    if (!oracle->dx) {
        *oracle = grads_new(f);
        MapBack naive = back_of(oracle, coefficients, add);
        assert_true(mapconv_backward_naive(&naive, dy, from, f->w, &f->c));
    }
    double bound = bound_of(f) + 2e-5;
    assert_close(a.dx, oracle->dx, f->in_count, bound, name, "dx");
    assert_close(a.dw, oracle->dw, f->weights, 2 * bound, name, "dw");
    assert_close(a.dbias, oracle->dbias, (size_t)f->out.C, f->c.bf16 ? 1e-2 : 1e-4, name, "dbias");
    if (coefficients) assert_coefs(f, &a, oracle, from->per_image, name);
    grads_free(&a);
}

/* What the forward left behind, of float32: gradients in all modes start from it, as their oracle does. */
typedef struct {
    float *y, moments[2048];
} Left;

static void leave(Left *l, const Case *k, Pool *pool)
{
    Fixture f;
    open_case(&f, k, FLOAT32, 2);
    MapRead as_is = whole_read;
    as_is.x = f.x;
    MapWrite bare = {.y = f.add, .slope = 1, .gain = 1, .moments = f.c.plain_out ? NULL : l->moments};
    run(&f, &bare, &as_is, pool);
    l->y = f.add;
    f.add = NULL;
    close_case(&f);
}

static void backward_case(const Case *k, int mode, const Left *left, Grads oracle[3], Pool *pool)
{
    Fixture f;
    open_case(&f, k, mode, 2);
    bool plain_in = f.c.plain_in, plain_out = f.c.plain_out;
    MapRead as_is = whole_read, batch = whole_read, image = whole_read;
    as_is.x = batch.x = image.x = f.x;
    batch.scale = image.scale = f.scale, batch.shift = image.shift = f.shift;
    batch.slope = 0, image.slope = 0.2f, image.gain = 1.5f, image.per_image = true;
    MapGrad plain = {.dy = f.dy, .slope = 1, .gain = 1},
            act = {.dy = f.dy, .y = left->y, .slope = 0.2f, .gain = 1.3f};
    MapGrad norm = {
        .dy = f.dy, .y = left->y, .moments = left->moments, .dmoments = f.dmoments, .slope = 1, .gain = 1};
    backward_both(&f, &plain, &as_is, false, k->name, &oracle[0], pool);
    backward_both(&f, &act, plain_in ? &as_is : &image, true, k->name, &oracle[1], pool);
    backward_both(&f, plain_out ? &act : &norm, plain_in ? &as_is : &batch, false, k->name, &oracle[2], pool);
    close_case(&f);
}

static void test_backward(void **state)
{
    Pool *pool = pool_new(2, 0, NULL);
    (void)state;
    for (int i = 0; i < CASES; i++) {
        Left left;
        Grads oracle[3] = {0};
        leave(&left, &cases[i], pool);
        for (int mode = 0; mode < MODES; mode++)
            if (worth(mode * CASES + i)) backward_case(&cases[i], mode, &left, oracle, pool);
        for (int k = 0; k < 3; k++) grads_free(&oracle[k]);
        free(left.y);
    }
    pool_free(pool);
}

/* A result that is scaled for each image, with a bias, noise and an activation, of maps. */
static void scaled_both(Fixture *f, const MapRead *from, const char *name, Pool *pool)
{
    for (size_t i = 0; i < (size_t)f->c.s.N * f->out_lanes; i++)
        f->out_scale[i] = 0.5f + fabsf(f->out_scale[i]);
    MapWrite to = {.y = f->add,
                   .scale = f->out_scale,
                   .shift = f->bias,
                   .per_image = true,
                   .noise = f->noise,
                   .strength = 0.3f,
                   .slope = 0.2f,
                   .gain = 1.3f};
    MapGrad dy = {.dy = f->dy,
                  .y = f->add,
                  .slope = to.slope,
                  .gain = to.gain,
                  .scale = to.scale,
                  .shift = to.shift,
                  .noise = to.noise,
                  .strength = to.strength};
    f->c.scaled = true;
    size_t floats = mapconv_scratch(&f->c, true, 2);
    float *scratch = numbers(f, floats, 1e30f);
    run(f, &to, from, pool);
    Grads a = grads_new(f), b = grads_new(f);
    MapBack ours = back_of(&a, false, false), naive = back_of(&b, false, false);
    ours.dscaled = a.dscaled, ours.dstrength = a.dstrength;
    naive.dscaled = b.dscaled, naive.dstrength = b.dstrength;
    mapconv_backward(&ours, &dy, from, f->w, &f->c, scratch, pool);
    assert_true(mapconv_backward_naive(&naive, &dy, from, f->w, &f->c));
    for (size_t i = 0; i < (size_t)f->c.s.N * f->out_lanes; i++)
        if (i % f->out_lanes >= (size_t)f->out.C) assert_true(a.dscaled[i] == b.dscaled[i]);
    assert_close(a.dx, b.dx, f->in_count, bound_of(f) + 2e-5, name, "dx, scaled");
    assert_close(a.dw, b.dw, f->weights, 2 * (bound_of(f) + 2e-5), name, "dw, scaled");
    assert_close(a.dbias, b.dbias, (size_t)f->out.C, 1e-4, name, "dbias, scaled");
    assert_close(a.dscaled, b.dscaled, (size_t)f->c.s.N * f->out_lanes, 1e-4, name, "the scale's gradient");
    assert_close(a.dstrength, b.dstrength, 1, 1e-3, name, "the strength's gradient");
    grads_free(&a);
    grads_free(&b);
    free(scratch);
}

static void test_scaled(void **state)
{
    Pool *pool = pool_new(2, 0, NULL);
    for (int i = 0; i < MODES * CASES; i++) {
        const Case *k = &cases[i % CASES];
        Fixture f;
        if (!worth(i) || k->plain_out || k->transposed) continue;
        open_case(&f, k, i / CASES, 2);
        MapRead from = whole_read;
        from.x = f.x;
        scaled_both(&f, &from, k->name, pool);
        close_case(&f);
    }
    pool_free(pool);
    (void)state;
}

/* Same bits on 1, 2 and 4 threads, and only the wanted gradients alone are the same as all together. */
static void test_threads(void **state)
{
    for (int i = 0; i < MODES * CASES; i++) {
        if (!worth(i)) continue;
        Fixture f;
        open_case(&f, &cases[i % CASES], i / CASES, 4);
        Grads first = grads_new(&f);
        MapRead from = whole_read;
        from.x = f.x;
        MapGrad dy = {.dy = f.dy, .slope = 1, .gain = 1};
        MapBack all = back_of(&first, false, false), weights = {0};
        mapconv_backward(&all, &dy, &from, f.w, &f.c, f.scratch, NULL);
        for (int threads = 2; threads <= 4; threads += 2) {
            Pool *pool = pool_new(threads, 0, NULL);
            Grads again = grads_new(&f);
            all = back_of(&again, false, false);
            mapconv_backward(&all, &dy, &from, f.w, &f.c, f.scratch, pool);
            assert_memory_equal(first.dx, again.dx, f.in_count * sizeof(float));
            assert_memory_equal(first.dw, again.dw, f.weights * sizeof(float));
            grads_free(&again);
            again = grads_new(&f);
            weights.dw = again.dw;
            mapconv_backward(&weights, &dy, &from, f.w, &f.c, f.scratch, pool);
            assert_memory_equal(first.dw, again.dw, f.weights * sizeof(float));
            grads_free(&again);
            pool_free(pool);
        }
        grads_free(&first);
        close_case(&f);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forward), cmocka_unit_test(test_backward),
                                       cmocka_unit_test(test_scaled), cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
