/* The direct kernels against plain loops in double: odd sizes, strides, plain pictures, phases, and equal
 * bits of AVX2 and AVX-512. */
#include "gradcheck.h"
#include "math/direct.h"

typedef struct {
    int C, size, stride, rows, cols, images, O;
    bool plain;
    int spread; /* results lie so many pixels apart: the phases of a transposed convolution */
} Shape;

static const Shape shapes[] = {
    {16, 3, 1, 5, 9, 2, 17, false, 1},  {64, 3, 1, 28, 28, 1, 32, false, 1},
    {3, 3, 1, 8, 8, 2, 200, true, 1},   {1, 3, 1, 28, 28, 1, 32, true, 1},
    {1, 4, 2, 7, 7, 3, 3, true, 1},     {32, 3, 2, 7, 7, 3, 40, false, 1},
    {200, 3, 1, 4, 4, 2, 48, false, 1}, {48, 1, 2, 5, 3, 2, 96, false, 1},
    {32, 2, 1, 7, 7, 2, 33, false, 2},  {17, 1, 1, 1, 1, 5, 1, false, 1},
    {5, 5, 3, 2, 15, 1, 16, true, 1},   {16, 3, 2, 9, 6, 2, 64, false, 1},
    {64, 1, 1, 10, 30, 1, 8, false, 1}, {2, 1, 1, 4, 4, 1, 32, true, 1},
    {3, 3, 2, 6, 10, 1, 32, true, 1},   {0, 1, 1, 3, 5, 1, 20, false, 1}, /* no input at all: zeros */
};
static const Shape few_outputs[] = {
    {64, 3, 1, 28, 28, 1, 1, false, 1}, {64, 3, 1, 9, 5, 2, 3, false, 1},    {17, 2, 1, 7, 7, 3, 2, false, 2},
    {33, 1, 1, 3, 3, 1, 4, false, 1},   {64, 2, 1, 3, 14, 3, 3, false, 2},   {16, 3, 2, 4, 6, 1, 1, false, 1},
    {16, 3, 2, 1, 1, 1, 3, false, 1},   {200, 3, 1, 13, 21, 1, 4, false, 1},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef struct {
    const Shape *s;
    MapRegion region;
    DirectInput input;
    float *x, *y, *w, *start;
    size_t nx, ny, nw;
    ptrdiff_t *offset;
    void (*run)(void *);
} Case;

static void place_inputs(Case *c)
{
    const Shape *s = c->s;
    int step = s->plain ? 1 : 16, blocks = s->plain ? s->C : map_blocks(s->C);
    int height = (s->rows - 1) * s->stride + s->size, width = (s->cols - 1) * s->stride + s->size + 2;
    ptrdiff_t row = (ptrdiff_t)width * step, block = height * row;
    int K = blocks * step * s->size * s->size;
    c->nx = (size_t)(s->images * blocks * block);
    c->x = floats(c->nx);
    rng_fill_normal(c->x, c->nx, 1, RNG_TEST);
    c->offset = malloc((size_t)K * sizeof *c->offset);
    for (int k = 0; k < K; k++) {
        int lane = k % step, tap = k / step % (s->size * s->size), b = k / step / (s->size * s->size);
        c->offset[k] = b * block + tap / s->size * row + tap % s->size * step + lane;
    }
    c->input = (DirectInput){c->x, (size_t)(blocks * block), s->stride * row, s->stride * step, c->offset, K};
}

/* `lanes` of 16 in a result's pixel, or of 1 when it is plain. Around the region's pixels there are others.
 */
static void place_results(Case *c, int lanes, int blocks)
{
    const Shape *s = c->s;
    size_t pixel = (size_t)(lanes * s->spread), row = pixel * (size_t)s->cols + 16,
           block = row * (size_t)(s->rows + 1);
    c->ny = block * (size_t)(blocks * s->images);
    c->y = floats(c->ny);
    c->region = (MapRegion){c->y, block * (size_t)blocks, block, row, pixel, s->rows, s->cols};
}

static void place_weights(Case *c, size_t n)
{
    c->nw = n;
    c->w = floats(n);
    c->start = floats(n);
    rng_fill_normal(c->w, n, 2, RNG_TEST);
}

static void case_free(Case *c)
{
    free_floats(c->x, c->nx), free_floats(c->y, c->ny), free_floats(c->w, c->nw),
        free_floats(c->start, c->nw);
    free(c->offset);
}

static const float *input_at(const Case *c, int image, int i, int j)
{
    return c->x + (size_t)image * c->input.image + i * c->input.down + j * c->input.right;
}

static float *result_at(const Case *c, int image, int o, int lanes, int i, int j)
{
    const MapRegion *r = &c->region;
    return c->y + (size_t)image * r->image + (size_t)(o / lanes) * r->block + (size_t)i * r->row +
           (size_t)j * r->pixel + o % lanes;
}

/* Where weight (k,o) lies in the panels. */
static size_t weight_at(const Shape *s, int K, int k, int o)
{
    int left = map_blocks(s->O) * 16 - o / 32 * 32;
    return (size_t)(o / 32 * 32) * (size_t)K + (size_t)(k * (left < 32 ? left : 32) + o % 32);
}

/* Runs on AVX-512 (or what there is), AVX2 and portable: `got` (n floats) holds the result, which is set to
 * `before` first. */
static void every_isa(Case *c, void *(*run)(void *), float *got, size_t n, const double *want, double *worst)
{
    static const char *const isas[] = {"portable", "avx2", "avx512"};
    float *before = floats(n), *first = floats(n);
    memcpy(before, got, n * sizeof *got);
    for (int i = 0; i < 3; i++) {
        memcpy(got, before, n * sizeof *got);
        in_fresh_thread(isas[i], run, c);
        double gap = worst_gap(got, want, n);
        if (!(gap <= *worst)) *worst = gap;
        if (i == 1) memcpy(first, got, n * sizeof *got);
        if (i == 2) assert_memory_equal(got, first, n * sizeof *got);
    }
    memcpy(got, before, n * sizeof *got);
    run(c);
    double gap = worst_gap(got, want, n);
    if (!(gap <= *worst)) *worst = gap;
    free_floats(before, n), free_floats(first, n);
}

static void *run_product(void *arg)
{
    Case *c = arg;
    direct_product(&c->region, &c->input, c->w, c->s->images, c->s->O);
    return NULL;
}

static void *run_narrow(void *arg)
{
    Case *c = arg;
    direct_narrow(&c->region, &c->input, c->w, c->s->images, c->s->O);
    return NULL;
}

static void *run_outer(void *arg)
{
    Case *c = arg;
    direct_outer(c->w, &c->input, &c->region, c->s->images, c->s->O);
    return NULL;
}

/* y as it should be: what is outside of the region stays. `outputs` counts the lanes past O, whose weights
 * are zero too. */
static void expect_results(double *want, const Case *c, int lanes, int outputs)
{
    const Shape *s = c->s;
    for (size_t i = 0; i < c->ny; i++) want[i] = c->y[i];
    for (int n = 0; n < s->images * s->rows * s->cols * outputs; n++) {
        int o = n % outputs, j = n / outputs % s->cols, i = n / outputs / s->cols % s->rows;
        int image = n / outputs / s->cols / s->rows;
        double sum = 0;
        for (int k = 0; k < c->input.K; k++)
            sum += (double)input_at(c, image, i, j)[c->offset[k]] *
                   c->w[lanes == 16 ? weight_at(s, c->input.K, k, o) : (size_t)(o * c->input.K + k)];
        want[result_at(c, image, o, lanes, i, j) - c->y] = sum;
    }
}

static double check_product(const Shape *s)
{
    Case c = {.s = s};
    double worst = 0;
    place_inputs(&c);
    place_results(&c, 16, map_blocks(s->O));
    place_weights(&c, direct_filter_floats(s->O, c.input.K));
    for (int o = s->O; o < map_blocks(s->O) * 16; o++)
        for (int k = 0; k < c.input.K; k++) c.w[weight_at(s, c.input.K, k, o)] = 0;
    memset(c.y, 0, c.ny * sizeof *c.y);
    double *want = malloc(c.ny * sizeof *want);
    expect_results(want, &c, 16, map_blocks(s->O) * 16);
    every_isa(&c, run_product, c.y, c.ny, want, &worst);
    free(want);
    case_free(&c);
    return worst;
}

static void products(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        double gap = check_product(&shapes[i]);
        if (!(gap <= 1e-5)) fail_msg("product, shape %zu: %g", i, gap);
    }
}

static double check_narrow(const Shape *s)
{
    Case c = {.s = s};
    double worst = 0;
    place_inputs(&c);
    place_results(&c, 1, s->O);
    place_weights(&c, (size_t)(s->O * c.input.K));
    memset(c.y, 0, c.ny * sizeof *c.y);
    double *want = malloc(c.ny * sizeof *want);
    expect_results(want, &c, 1, s->O);
    every_isa(&c, run_narrow, c.y, c.ny, want, &worst);
    free(want);
    case_free(&c);
    return worst;
}

static void narrow_products(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(few_outputs); i++) {
        double gap = check_narrow(&few_outputs[i]);
        if (!(gap <= 1e-5)) fail_msg("narrow, shape %zu: %g", i, gap);
    }
}

static double check_outer(const Shape *s)
{
    Case c = {.s = s};
    double worst = 0;
    int outputs = map_blocks(s->O) * 16;
    place_inputs(&c);
    place_results(&c, 16, map_blocks(s->O));
    place_weights(&c, direct_filter_floats(s->O, c.input.K));
    rng_fill_normal(c.y, c.ny, 3, RNG_TEST);
    double *want = malloc(c.nw * sizeof *want);
    for (size_t i = 0; i < c.nw; i++) want[i] = c.w[i]; /* it adds */
    for (int n = 0; n < s->images * s->rows * s->cols; n++) {
        int j = n % s->cols, i = n / s->cols % s->rows, image = n / s->cols / s->rows;
        for (int k = 0; k < c.input.K; k++)
            for (int o = 0; o < outputs; o++)
                want[weight_at(s, c.input.K, k, o)] +=
                    (double)input_at(&c, image, i, j)[c.offset[k]] * *result_at(&c, image, o, 16, i, j);
    }
    every_isa(&c, run_outer, c.w, c.nw, want, &worst);
    free(want);
    case_free(&c);
    return worst;
}

static void outer_products(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        double gap = check_outer(&shapes[i]);
        if (!(gap <= 1e-5)) fail_msg("outer, shape %zu: %g", i, gap);
    }
}

/* An image's results do not depend on the images beside it. */
static void the_batch_changes_no_bits(void **state)
{
    static const Shape many = {32, 3, 1, 5, 5, 3, 48, false, 1};
    Case c = {.s = &many};
    (void)state;
    place_inputs(&c);
    place_results(&c, 16, 3);
    place_weights(&c, direct_filter_floats(many.O, c.input.K));
    size_t image = c.region.image;
    float *all = floats(c.ny);
    memset(c.y, 0, c.ny * sizeof *c.y);
    run_product(&c);
    memcpy(all, c.y, c.ny * sizeof *all);
    for (int i = 0; i < 3; i++) {
        DirectInput alone = c.input;
        alone.x += (size_t)i * alone.image;
        memset(c.y, 0, c.ny * sizeof *c.y);
        direct_product(&c.region, &alone, c.w, 1, many.O);
        assert_memory_equal(c.y, all + (size_t)i * image, image * sizeof *all);
    }
    free_floats(all, c.ny);
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(narrow_products),
        cmocka_unit_test(outer_products),
        cmocka_unit_test(the_batch_changes_no_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
