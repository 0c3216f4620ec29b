/* Modulated convolution against its formula. */
#include "gradcheck.h"
#include "math/modconv.h"

typedef struct {
    ConvShape c;
    bool demodulate;
} ModSpec;

#define EPS 1e-5f

static size_t pixels_in(const ConvShape *c)
{
    return (size_t)c->N * c->C * c->H * c->W;
}

static size_t pixels_out(const ConvShape *c)
{
    return (size_t)c->N * c->O * c->OH * c->OW;
}

static size_t weights(const ConvShape *c)
{
    return (size_t)c->O * (c->C / c->groups) * c->KH * c->KW;
}

/* The weight of one tap for one image before demodulation. */
static double modulated(const double *const *in, const ConvShape *c, int n, int o, int i, int tap)
{
    int cg = c->C / c->groups, channel = o / (c->O / c->groups) * cg + i;
    return in[2][((size_t)o * cg + i) * c->KH * c->KW + tap] * in[1][(size_t)n * c->C + channel];
}

static double mod_pixel(const double *const *in, const ConvShape *c, int n, int o, int oy, int ox)
{
    int cg = c->C / c->groups;
    double sum = 0;
    for (int i = 0; i < cg; i++)
        for (int tap = 0; tap < c->KH * c->KW; tap++) {
            int iy = oy * c->sh - c->pt + tap / c->KW * c->dh, ix = ox * c->sw - c->pl + tap % c->KW * c->dw;
            if (iy < 0 || iy >= c->H || ix < 0 || ix >= c->W) continue;
            size_t plane = (size_t)n * c->C + o / (c->O / c->groups) * cg + i;
            sum += in[0][(plane * c->H + iy) * c->W + ix] * modulated(in, c, n, o, i, tap);
        }
    return sum;
}

static void mod_oracle(double *y, const double *const *in, const void *spec)
{
    const ModSpec *s = spec;
    const ConvShape *c = &s->c;
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->O; o++) {
            double square = (double)EPS;
            for (int i = 0; i < c->C / c->groups; i++)
                for (int tap = 0; tap < c->KH * c->KW; tap++)
                    square += pow(modulated(in, c, n, o, i, tap), 2);
            for (int oy = 0; oy < c->OH; oy++)
                for (int ox = 0; ox < c->OW; ox++)
                    *y++ = mod_pixel(in, c, n, o, oy, ox) / (s->demodulate ? sqrt(square) : 1) + in[3][o];
        }
}

static void mod_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                    const void *spec, Pool *pool)
{
    const ModSpec *s = spec;
    size_t keep = modconv_saved(&s->c, s->demodulate), work = modconv_scratch(&s->c, pool_threads(pool));
    float *saved = floats(keep), *scratch = floats(work);
    modconv_forward(y, saved, in[0], in[1], in[2], in[3], &s->c, s->demodulate, EPS, scratch, pool);
    modconv_backward(grad[0], accumulate, grad[1], accumulate, grad[2], dy, saved, in[0], in[1], in[2], &s->c,
                     s->demodulate, EPS, scratch, pool);
    free_floats(saved, keep);
    free_floats(scratch, work);
}

static const ConvShape shapes[] = {
    {.N = 1, .C = 2, .H = 28, .W = 28, .O = 3, .KH = 3, .KW = 3, .pt = 1, .pl = 1, .pb = 1, .pr = 1},
    {.N = 1, .C = 1, .H = 5, .W = 9, .O = 1, .KH = 3, .KW = 3, .pt = 1, .pl = 1, .pb = 1, .pr = 1},
    {.N = 2, .C = 3, .H = 7, .W = 7, .O = 4, .KH = 3, .KW = 3, .pt = 1, .pl = 1, .pb = 1, .pr = 1},
    {.N = 3, .C = 9, .H = 5, .W = 4, .O = 2, .KH = 1, .KW = 1},
    {.N = 2, .C = 4, .H = 6, .W = 5, .O = 6, .KH = 3, .KW = 2, .pt = 1, .pr = 1, .sh = 2, .groups = 2},
};

static ModSpec spec_of(ConvShape c, bool demodulate)
{
    c.sh = c.sh ? c.sh : 1;
    c.groups = c.groups ? c.groups : 1;
    c.sw = c.dh = c.dw = 1;
    assert_true(conv_shape(&c));
    return (ModSpec){c, demodulate};
}

static void modulated_convolution(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int demodulate = 0; demodulate < 2; demodulate++) {
            if (demodulate && shapes[i].C == 1)
                continue; /* y does not depend on one style: the gradient is rounding */
            ModSpec s = spec_of(shapes[i], demodulate);
            op_test(&(OpTest){.name = demodulate ? "modconv, demodulated" : "modconv",
                              .inputs = 4,
                              .in = {pixels_in(&s.c), (size_t)s.c.N * s.c.C, weights(&s.c), (size_t)s.c.O},
                              .out = pixels_out(&s.c),
                              .oracle = mod_oracle,
                              .run = mod_run,
                              .spec = &s,
                              .constant = 8,
                              .adds = 4,
                              .isa_may_differ = true});
        }
}

/* The twin of the header, and gradients that nobody wants. */
static void twin_and_partial_gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        ModSpec s = spec_of(shapes[i], true);
        size_t nx = pixels_in(&s.c), ns = (size_t)s.c.N * s.c.C, nw = weights(&s.c), ny = pixels_out(&s.c);
        size_t work = modconv_scratch(&s.c, 1), keep = modconv_saved(&s.c, true);
        float *x = floats(nx), *st = floats(ns), *w = floats(nw), *y = floats(ny), *twin = floats(ny),
              *ds = floats(ns);
        float *all = floats(ns), *dx = floats(nx), *saved = floats(keep), *scratch = floats(work);
        rng_fill_normal(x, nx, 1, RNG_TEST);
        rng_fill_normal(st, ns, 2, RNG_TEST);
        rng_fill_normal(w, nw, 3, RNG_TEST);
        modconv_forward(y, saved, x, st, w, NULL, &s.c, true, EPS, scratch, NULL);
        modconv_forward_naive(twin, x, st, w, NULL, &s.c, true, EPS);
        assert_true(worst_float_gap(y, twin, ny) < 1e-5);
        modconv_backward(dx, false, all, false, NULL, y, saved, x, st, w, &s.c, true, EPS, scratch, NULL);
        modconv_backward(NULL, false, ds, false, NULL, y, saved, x, st, w, &s.c, true, EPS, scratch, NULL);
        assert_memory_equal(ds, all, ns * sizeof *ds);
        free_floats(x, nx), free_floats(st, ns), free_floats(w, nw), free_floats(y, ny),
            free_floats(twin, ny);
        free_floats(ds, ns), free_floats(all, ns), free_floats(dx, nx), free_floats(saved, keep);
        free_floats(scratch, work);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modulated_convolution),
        cmocka_unit_test(twin_and_partial_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
