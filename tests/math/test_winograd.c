/* Winograd's product in all three directions against plain loops in double, over odd shapes, and its bits on
 * every instruction set and number of threads; the same in parts, on the matrix unit. */
#include "gradcheck.h"
#include "math/split.h"
#include "math/winograd.h"

typedef struct {
    int N, C, O, H, W; /* 3x3, stride 1, one pixel of padding */
} Shape;

static const Shape shapes[] = {
    {1, 1, 1, 1, 1},     {2, 3, 1, 7, 7},    {3, 1, 3, 5, 9},      {2, 17, 20, 14, 13}, {5, 16, 16, 28, 28},
    {3, 32, 48, 12, 16}, {2, 200, 17, 9, 6}, {2, 17, 200, 6, 9},   {40, 64, 64, 4, 4},  {9, 130, 70, 8, 8},
    {2, 48, 33, 65, 30}, {70, 5, 34, 3, 2},  {3, 100, 100, 32, 5}, {1, 512, 40, 4, 4},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, PARTS = 3 };

static const float untouched = 777.0f;

static size_t plain_count(const Shape *s, int channels)
{
    return (size_t)s->N * (size_t)(channels * s->H * s->W);
}

static size_t filter_count(const Shape *s)
{
    return (size_t)s->O * (size_t)s->C * 9;
}

static int quad(int n)
{
    return (n + 3) / 4 * 4;
}

/* x (N,channels,H,W) as the functions want it, `halo` zeros around and zeros up to whole tiles. Free at. */
static Staged stage(const float *x, const Shape *s, int channels, int halo)
{
    Staged to = {NULL, s->N, map_blocks(channels), quad(s->H) + 2 * halo, quad(s->W) + 2 * halo};
    size_t n = (size_t)to.images * staged_image(&to);
    to.at = floats(n);
    memset(to.at, 0, n * sizeof *to.at);
    for (size_t i = 0; i < plain_count(s, channels); i++) {
        int col = (int)(i % s->W), row = (int)(i / s->W % s->H), c = (int)(i / s->W / s->H % channels);
        size_t image = i / (size_t)(s->W * s->H * channels);
        to.at[image * staged_image(&to) + (size_t)(c / 16) * staged_block(&to) +
              (size_t)(row + halo) * staged_row(&to) + (size_t)(col + halo) * 16 + c % 16] = x[i];
    }
    return to;
}

/* Images first to end of a staged whole. */
static Staged images(const Staged *x, int first, int end)
{
    Staged part = *x;
    part.at += (size_t)first * staged_image(x);
    part.images = end - first;
    return part;
}

/* What one run makes. */
typedef struct {
    const Shape *s;
    const float *x, *w, *dy;
    float *y, *dx, *dw; /* (N,O,H,W), (N,C,H,W), (O,C,3,3) */
    int threads;
    bool split; /* math/split.h */
} Run;

/* Both sets of products. */
typedef struct {
    size_t (*filter_floats)(int O, int C, bool flip);
    void (*filter)(float *u, const float *w, int O, int C, bool flip, Pool *pool);
    void (*product)(const MapRegion *y, const Staged *x, const float *u, int to, int from, int first,
                    int blocks, float *scratch);
    size_t (*scratch)(int tiles, int O, int C);
} Products;

static const Products products[] = {
    {winograd_filter_floats, winograd_filter, winograd_product, winograd_scratch},
    {split_filter_floats, split_filter, split_product, split_scratch},
};

/* A region with a gap after every pixel, row, block and image, all of it `untouched`. */
static MapRegion gapped(const Shape *s, int channels, size_t *count)
{
    MapRegion r = {.pixel = 32, .rows = s->H, .cols = s->W};
    r.row = (size_t)s->W * r.pixel + 48;
    r.block = (size_t)s->H * r.row + 16;
    r.image = (size_t)map_blocks(channels) * r.block + 16;
    *count = (size_t)s->N * r.image;
    r.at = floats(*count);
    for (size_t i = 0; i < *count; i++) r.at[i] = untouched;
    return r;
}

/* Takes (N,channels,H,W) out of it, checks that lanes past the last channel are zero and all else is
 * untouched, frees it. */
static void take(float *plain, MapRegion r, const Shape *s, int channels, size_t count)
{
    int lanes = map_blocks(channels) * 16;
    for (int n = 0; n < s->N; n++)
        for (int c = 0; c < lanes; c++)
            for (int i = 0; i < s->H * s->W; i++) {
                float *at = r.at + (size_t)n * r.image + (size_t)(c / 16) * r.block +
                            (size_t)(i / s->W) * r.row + (size_t)(i % s->W) * r.pixel + c % 16;
                if (c < channels)
                    plain[((size_t)n * channels + c) * (size_t)(s->H * s->W) + i] = *at;
                else
                    assert_true(*at == 0);
                *at = untouched;
            }
    for (size_t i = 0; i < count; i++) assert_true(r.at[i] == untouched);
    free_floats(r.at, count);
}

/* One direction: x (N,from,H,W) to y (N,to,H,W). */
static void convolve(float *y, const float *x, const Run *r, bool flip, Pool *pool)
{
    const Shape *s = r->s;
    int to = flip ? s->C : s->O, from = flip ? s->O : s->C;
    const Products *p = &products[r->split];
    size_t packed = p->filter_floats(s->O, s->C, flip), gaps, work;
    float *u = floats(packed);
    p->filter(u, r->w, s->O, s->C, flip, pool);
    Staged in = stage(x, s, from, 1);
    MapRegion out = gapped(s, to, &gaps);
    work = p->scratch(s->N * quad(s->H) * quad(s->W) / 16, to, from);
    float *scratch = floats(work);
    int half = (map_blocks(to) + 3) / 4 * 2; /* in two parts: the blocks of each are made alone */
    p->product(&out, &in, u, to, from, 0, half, scratch);
    p->product(&out, &in, u, to, from, half, map_blocks(to), scratch);
    take(y, out, s, to, gaps);
    free_floats(scratch, work);
    free_floats(in.at, (size_t)in.images * staged_image(&in));
    free_floats(u, packed);
}

/* dw, which starts as ones, in PARTS sums of images. */
static void weigh(const Run *r, Pool *pool)
{
    const Shape *s = r->s;
    Staged x = stage(r->x, s, s->C, 1), dy = stage(r->dy, s, s->O, 0);
    size_t stride = winograd_gradient_floats(s->O, s->C) + 16;
    size_t work = winograd_scratch(s->N * quad(s->H) * quad(s->W) / 16, s->O, s->C);
    float *du = floats(PARTS * stride), *scratch = floats(work);
    memset(du, 0, PARTS * stride * sizeof *du);
    for (int i = 0; i < PARTS; i++) {
        Staged xi = images(&x, s->N * i / PARTS, s->N * (i + 1) / PARTS);
        Staged dyi = images(&dy, s->N * i / PARTS, s->N * (i + 1) / PARTS);
        if (xi.images) winograd_outer(du + (size_t)i * stride, &xi, &dyi, s->H, s->W, s->O, s->C, scratch);
    }
    for (size_t i = 0; i < filter_count(s); i++) r->dw[i] = 1;
    winograd_unfilter(r->dw, du, PARTS, stride, s->O, s->C, pool);
    free_floats(scratch, work);
    free_floats(du, PARTS * stride);
    free_floats(dy.at, (size_t)dy.images * staged_image(&dy));
    free_floats(x.at, (size_t)x.images * staged_image(&x));
}

static void *run(void *arg)
{
    Run *r = arg;
    Pool *pool = r->threads > 1 ? pool_new(r->threads, 0, NULL) : NULL;
    convolve(r->y, r->x, r, false, pool);
    convolve(r->dx, r->dy, r, true, pool);
    weigh(r, pool);
    pool_free(pool);
    return NULL;
}

/* The oracle. */
typedef struct {
    double *y, *dx, *dw;
} Want;

static void want_pixel(const Want *want, const Run *r, int n, int o, int c, int at)
{
    const Shape *s = r->s;
    size_t plane = (size_t)(s->H * s->W), y = ((size_t)n * s->O + o) * plane + at;
    for (int k = 0; k < 9; k++) {
        int i = at / s->W + k / 3 - 1, j = at % s->W + k % 3 - 1;
        if (i < 0 || i >= s->H || j < 0 || j >= s->W) continue;
        size_t x = ((size_t)n * s->C + c) * plane + (size_t)(i * s->W + j),
               w = ((size_t)o * s->C + c) * 9 + k;
        want->y[y] += (double)r->x[x] * r->w[w];
        want->dx[x] += (double)r->dy[y] * r->w[w];
        want->dw[w] += (double)r->dy[y] * r->x[x];
    }
}

static void want_all(const Want *want, const Run *r)
{
    const Shape *s = r->s;
    for (size_t i = 0; i < filter_count(s); i++) want->dw[i] = 1;
    for (int n = 0; n < s->N; n++)
        for (int o = 0; o < s->O; o++)
            for (int c = 0; c < s->C; c++)
                for (int at = 0; at < s->H * s->W; at++) want_pixel(want, r, n, o, c, at);
}

/* The largest difference relative to the largest value. */
static double error_of(const float *got, const double *want, size_t n)
{
    double most = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        double gap = fabs(got[i] - want[i]);
        if (!(gap <= worst)) worst = gap;
        if (fabs(want[i]) > most) most = fabs(want[i]);
    }
    return worst / most;
}

static float *normal(size_t n, uint64_t seed)
{
    float *x = floats(n);
    rng_fill_normal(x, n, seed, RNG_TEST);
    return x;
}

static Run run_new(const Shape *s)
{
    return (Run){s,
                 normal(plain_count(s, s->C), 1),
                 normal(filter_count(s), 2),
                 normal(plain_count(s, s->O), 3),
                 floats(plain_count(s, s->O)),
                 floats(plain_count(s, s->C)),
                 floats(filter_count(s)),
                 1,
                 false};
}

static void run_free(Run *r)
{
    const Shape *s = r->s;
    free_floats((float *)r->x, plain_count(s, s->C));
    free_floats((float *)r->w, filter_count(s));
    free_floats((float *)r->dy, plain_count(s, s->O));
    free_floats(r->y, plain_count(s, s->O));
    free_floats(r->dx, plain_count(s, s->C));
    free_floats(r->dw, filter_count(s));
}

typedef struct {
    double y, dx, dw;
} Errors;

static Errors errors_of(Run *r, const Want *want, bool split)
{
    const Shape *s = r->s;
    r->split = split;
    run(r);
    Errors e = {error_of(r->y, want->y, plain_count(s, s->O)),
                error_of(r->dx, want->dx, plain_count(s, s->C)), error_of(r->dw, want->dw, filter_count(s))};
    print_message("N %d C %d O %d %dx%d%s: y %.1e dx %.1e dw %.1e\n", s->N, s->C, s->O, s->H, s->W,
                  split ? " in parts" : "", e.y, e.dx, e.dw);
    assert_true(e.y <= 3e-5 && e.dx <= 3e-5 && e.dw <= 3e-5);
    return e;
}

/* In parts it may be off by no more than float32 is, give or take what chance does to the largest of few. */
static void agrees_with_double(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        const Shape *s = &shapes[i];
        Run r = run_new(s);
        Want want = {calloc(plain_count(s, s->O), sizeof(double)),
                     calloc(plain_count(s, s->C), sizeof(double)), calloc(filter_count(s), sizeof(double))};
        want_all(&want, &r);
        Errors whole = errors_of(&r, &want, false);
        if (split_here()) {
            Errors parts = errors_of(&r, &want, true);
            assert_true(parts.y <= 1.5 * whole.y + 1e-6 && parts.dx <= 1.5 * whole.dx + 1e-6 &&
                        parts.dw <= 1.5 * whole.dw + 1e-6);
        }
        free(want.y);
        free(want.dx);
        free(want.dw);
        run_free(&r);
    }
}

static void same_bits(const Run *a, const Run *b, const char *what)
{
    const Shape *s = a->s;
    if (memcmp(a->y, b->y, plain_count(s, s->O) * sizeof(float)) ||
        memcmp(a->dx, b->dx, plain_count(s, s->C) * sizeof(float)) ||
        memcmp(a->dw, b->dw, filter_count(s) * sizeof(float)))
        fail_msg("N %d C %d O %d %dx%d: other bits with %s", s->N, s->C, s->O, s->H, s->W, what);
}

static void bits_do_not_depend_on_the_machine(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        Run one = run_new(&shapes[i]), other = run_new(&shapes[i]);
        run(&one);
        other.threads = 3;
        run(&other);
        same_bits(&one, &other, "3 threads");
        in_fresh_thread("avx2", run, &one);
        in_fresh_thread("avx512", run, &other);
        same_bits(&one, &other, "AVX-512");
        run_free(&one);
        run_free(&other);
    }
}

static void bits_in_parts_do_not_depend_on_threads(void **state)
{
    (void)state;
    if (!split_here()) skip();
    for (int i = 0; i < SHAPES; i++) {
        Run one = run_new(&shapes[i]), other = run_new(&shapes[i]);
        one.split = other.split = true;
        run(&one);
        other.threads = 3;
        run(&other);
        same_bits(&one, &other, "3 threads in parts");
        run_free(&one);
        run_free(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_double),
        cmocka_unit_test(bits_do_not_depend_on_the_machine),
        cmocka_unit_test(bits_in_parts_do_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
