/* What is done to maps between convolutions: joins, sums, other sizes, channels side by side, demodulation.
 * Oracles work on plain pictures; what runs is given maps made of them. */
#include "gradcheck.h"
#include "math/demod.h"
#include "math/mapjoin.h"
#include "math/mapmove.h"

typedef struct {
    int N, C, H, W;
} Size;

static int pixels(Size d)
{
    return d.H * d.W;
}

static size_t plain_count(Size d)
{
    return (size_t)d.N * (size_t)d.C * (size_t)pixels(d);
}

/* A map of x; NULL: one that is to be overwritten. */
static float *mapped(const float *x, Size d)
{
    float *map = floats(map_count(d.N, d.C, pixels(d)));
    if (x) map_from_plain(map, x, d.N, d.C, pixels(d), false, NULL);
    return map;
}

/* Moves a map back to a plain picture, checking that the lanes past the last channel are zero. */
static void unmapped(float *x, float *map, Size d)
{
    for (int c = d.C; c < map_blocks(d.C) * MAP_LANES; c++)
        for (int n = 0; n < d.N; n++)
            for (int p = 0; p < pixels(d); p++) {
                size_t at = ((size_t)(n * map_blocks(d.C) + c / MAP_LANES) * (size_t)pixels(d) + (size_t)p) *
                            MAP_LANES;
                assert_true(map[at + (size_t)(c % MAP_LANES)] == 0);
            }
    map_to_plain(x, map, d.N, d.C, pixels(d), false, NULL);
    free_floats(map, map_count(d.N, d.C, pixels(d)));
}

/* A gradient map: of ones where it is added to, in the channels that there are. */
static float *gradient(Size d, bool accumulate)
{
    float *map = mapped(NULL, d), *one = floats(plain_count(d));
    for (size_t i = 0; i < plain_count(d); i++) one[i] = 1;
    if (accumulate) map_from_plain(map, one, d.N, d.C, pixels(d), false, NULL);
    free_floats(one, plain_count(d));
    return map;
}

/* ---- Joins: a, b, (scale a, shift a, scale b, shift b), (noise, strength) -------------------------------
 */

typedef struct {
    Size d;
    bool two, scaled, per_image, noisy;
    float slope_a, gain_a, slope, gain;
} Join;

static double bent(double z, double slope, double gain)
{
    return gain * (z < 0 ? slope * z : z);
}

static size_t rows_of(const Join *j)
{
    return j->per_image ? (size_t)(j->d.N * j->d.C) : (size_t)j->d.C;
}

static void join_oracle(double *y, const double *const *in, const void *spec)
{
    const Join *j = spec;
    int P = pixels(j->d);
    const double *k = in[2], *noise = in[3];
    size_t rows = rows_of(j), i = 0;
    for (int n = 0; n < j->d.N; n++)
        for (int c = 0; c < j->d.C; c++)
            for (int p = 0; p < P; p++, i++) {
                size_t row = (size_t)(j->per_image ? n * j->d.C + c : c);
                double z =
                    bent(j->scaled ? k[row] * in[0][i] + k[rows + row] : in[0][i], j->slope_a, j->gain_a);
                if (j->two) z += j->scaled ? k[2 * rows + row] * in[1][i] + k[3 * rows + row] : in[1][i];
                if (j->noisy) z += noise[j->d.N * P] * noise[n * P + p];
                y[i] = bent(z, j->slope, j->gain);
            }
}

/* Coefficients by channel from (rows of C) to (rows of whole blocks), and back. */
static void lanes(float *to, const float *from, int rows, int C, bool back)
{
    int wide = map_blocks(C) * MAP_LANES;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < wide; c++) {
            if (back && c < C)
                to[r * C + c] = from[r * wide + c];
            else if (!back)
                to[r * wide + c] = c < C ? from[r * C + c] : 0;
        }
}

typedef struct {
    float *k, *dk; /* four tables of rows of lanes */
    size_t table;  /* floats */
    int rows;      /* of all tables */
} Tables;

static Tables tables_of(const Join *j, const float *k, const float *dk)
{
    Tables t = {.rows = 4 * (j->per_image ? j->d.N : 1)};
    t.table = (size_t)t.rows / 4 * (size_t)map_blocks(j->d.C) * MAP_LANES;
    t.k = floats(4 * t.table), t.dk = floats(4 * t.table);
    lanes(t.k, k, t.rows, j->d.C, false);
    lanes(t.dk, dk, t.rows, j->d.C, false);
    return t;
}

static void join_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                     const void *spec, Pool *pool)
{
    const Join *j = spec;
    Size d = j->d;
    int P = pixels(d);
    Tables t = tables_of(j, in[2], grad[2]);
    float *a = mapped(in[0], d), *b = mapped(in[1], d), *out = mapped(NULL, d), *dout = mapped(dy, d);
    float *da = gradient(d, accumulate), *db = gradient(d, accumulate),
          *scratch = floats(mapjoin_scratch(d.N, d.C));
    MapJoin m = {.a = {a, t.k, t.k + t.table, j->per_image, j->slope_a, j->gain_a},
                 .b = {b, t.k + 2 * t.table, t.k + 3 * t.table, j->per_image, 1, 1},
                 .noise = j->noisy ? in[3] : NULL,
                 .strength = in[3][d.N * P],
                 .slope = j->slope,
                 .gain = j->gain,
                 .N = d.N,
                 .C = d.C,
                 .P = P};
    MapJoinBack back = {.a = {da, accumulate, t.dk, t.dk + t.table},
                        .b = {db, accumulate, t.dk + 2 * t.table, t.dk + 3 * t.table},
                        .dnoise = grad[3],
                        .dstrength = grad[3] + d.N * P};
    if (!j->scaled) m.a.scale = m.a.shift = m.b.scale = m.b.shift = NULL;
    if (!j->scaled) back.a.dscale = back.a.dshift = back.b.dscale = back.b.dshift = NULL;
    if (!j->two) m.b.x = NULL, back.b = (MapTermBack){0};
    if (!j->noisy) back.dnoise = back.dstrength = NULL;
    mapjoin_forward(out, &m, pool);
    mapjoin_backward(&back, dout, out, &m, scratch, pool);
    lanes(grad[2], t.dk, t.rows, d.C, true);
    unmapped(y, out, d), unmapped(grad[0], da, d);
    if (!j->two)
        for (size_t i = 0; i < map_count(d.N, d.C, P) && !accumulate; i++) db[i] = 0;
    unmapped(grad[1], db, d);
    free_floats(a, map_count(d.N, d.C, P)), free_floats(b, map_count(d.N, d.C, P));
    free_floats(dout, map_count(d.N, d.C, P)), free_floats(scratch, mapjoin_scratch(d.N, d.C));
    free_floats(t.k, 4 * t.table), free_floats(t.dk, 4 * t.table);
}

static void joins(void **state)
{
    static const Join specs[] = {
        {{3, 16, 4, 5}, true, true, false, false, 0, 1, 0, 1}, /* a residual block */
        {{2, 17, 3, 3}, true, false, false, false, 1, 1, 0.2f, 1.4f},
        {{5, 3, 5, 1}, false, true, false, false, 0.1f, 2, 1, 1},   /* a norm and its activation */
        {{2, 33, 2, 7}, false, true, true, true, 1, 1, 0.2f, 1.6f}, /* demodulation, noise, activation */
        {{1, 200, 1, 1}, true, true, true, true, 0, 1, 0, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        const Join *j = &specs[i];
        size_t n = plain_count(j->d), noise = (size_t)(j->d.N * pixels(j->d)) + 1;
        op_test(&(OpTest){.name = "join",
                          .inputs = 4,
                          .in = {n, n, 4 * rows_of(j), noise},
                          .out = n,
                          .oracle = join_oracle,
                          .run = join_run,
                          .spec = j,
                          .adds = 1u << 2 | 1u << 3,
                          .isa_may_differ = true});
    }
}

/* ---- Sums over pixels ------------------------------------------------------------------------------------
 */

static void sum_oracle(double *y, const double *const *in, const void *spec)
{
    const Size *d = spec;
    for (int i = 0; i < d->N * d->C; i++) {
        y[i] = 0;
        for (int p = 0; p < pixels(*d); p++) y[i] += 0.25 * in[0][i * pixels(*d) + p];
    }
}

static void sum_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                    const void *spec, Pool *pool)
{
    Size d = *(const Size *)spec;
    float *x = mapped(in[0], d), *dx = gradient(d, accumulate);
    map_sum(y, x, d.N, d.C, pixels(d), 0.25f, pool);
    map_sum_backward(dx, dy, d.N, d.C, pixels(d), 0.25f, accumulate, pool);
    unmapped(grad[0], dx, d);
    free_floats(x, map_count(d.N, d.C, pixels(d)));
}

static const Size sizes[] = {{2, 16, 4, 4}, {3, 17, 5, 9}, {1, 3, 1, 1}, {2, 40, 7, 1}};

static void sums(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        op_test(&(OpTest){.name = "sum over pixels",
                          .inputs = 1,
                          .in = {plain_count(sizes[i])},
                          .out = (size_t)(sizes[i].N * sizes[i].C),
                          .oracle = sum_oracle,
                          .run = sum_run,
                          .spec = &sizes[i]});
}

/* ---- Other sizes -----------------------------------------------------------------------------------------
 */

typedef struct {
    Size d;
    bool smooth;
} Grow;

static double between(const double *x, size_t step, int i, int n)
{
    double at = (i + 0.5) / 2 - 0.5;
    int low = (int)floor(at), high = low + 1;
    double f = at - low;
    return x[(low < 0 ? 0 : (size_t)low) * step] * (1 - f) +
           x[(size_t)(high > n - 1 ? n - 1 : high) * step] * f;
}

static void grow_oracle(double *y, const double *const *in, const void *spec)
{
    const Grow *g = spec;
    double column[16];
    for (int m = 0; m < g->d.N * g->d.C; m++)
        for (int r = 0; r < 2 * g->d.H; r++)
            for (int c = 0; c < 2 * g->d.W; c++) {
                const double *plane = in[0] + m * pixels(g->d);
                for (int k = 0; k < g->d.H; k++) column[k] = between(plane + k * g->d.W, 1, c, g->d.W);
                *y++ = g->smooth ? between(column, 1, r, g->d.H) : plane[r / 2 * g->d.W + c / 2];
            }
}

static void grow_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                     const void *spec, Pool *pool)
{
    const Grow *g = spec;
    Size d = g->d, big = {d.N, d.C, 2 * d.H, 2 * d.W};
    float *x = mapped(in[0], d), *dx = gradient(d, accumulate), *out = mapped(NULL, big),
          *dout = mapped(dy, big);
    map_grow(out, x, d.N, d.C, d.H, d.W, g->smooth, pool);
    map_grow_backward(dx, dout, d.N, d.C, d.H, d.W, g->smooth, accumulate, pool);
    unmapped(y, out, big), unmapped(grad[0], dx, d);
    free_floats(x, map_count(d.N, d.C, pixels(d))), free_floats(dout, map_count(d.N, d.C, pixels(big)));
}

static void growing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int smooth = 0; smooth < 2; smooth++)
            op_test(&(OpTest){.name = smooth ? "grow smoothly" : "grow",
                              .inputs = 1,
                              .in = {plain_count(sizes[i])},
                              .out = 4 * plain_count(sizes[i]),
                              .oracle = grow_oracle,
                              .run = grow_run,
                              .spec = &(Grow){sizes[i], smooth},
                              .isa_may_differ = true});
}

typedef struct {
    Size d;
    PoolShape s;
} Mean;

static void mean_oracle(double *y, const double *const *in, const void *spec)
{
    const Mean *a = spec;
    const PoolShape *s = &a->s;
    for (int m = 0; m < a->d.N * a->d.C; m++)
        for (int i = 0; i < s->OH; i++)
            for (int j = 0; j < s->OW; j++) {
                double sum = 0, count = 0;
                for (int r = i * s->sh - s->pt; r < i * s->sh - s->pt + s->kh; r++)
                    for (int c = j * s->sw - s->pl; c < j * s->sw - s->pl + s->kw; c++) {
                        if (r < 0 || c < 0 || r >= s->H || c >= s->W) continue;
                        sum += in[0][m * pixels(a->d) + r * s->W + c], count++;
                    }
                *y++ = sum / count;
            }
}

static void mean_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                     const void *spec, Pool *pool)
{
    const Mean *a = spec;
    Size d = a->d, small = {d.N, d.C, a->s.OH, a->s.OW};
    float *x = mapped(in[0], d), *dx = gradient(d, accumulate), *out = mapped(NULL, small),
          *dout = mapped(dy, small);
    map_mean(out, x, d.N, d.C, &a->s, pool);
    map_mean_backward(dx, dout, d.N, d.C, &a->s, accumulate, pool);
    unmapped(y, out, small), unmapped(grad[0], dx, d);
    free_floats(x, map_count(d.N, d.C, pixels(d))), free_floats(dout, map_count(d.N, d.C, pixels(small)));
}

static void means(void **state)
{
    static const PoolShape shapes[] = {
        {.H = 6, .W = 8, .kh = 2, .kw = 2, .sh = 2, .sw = 2},
        {.H = 5, .W = 7, .kh = 3, .kw = 3, .sh = 2, .sw = 1, .pt = 1, .pl = 2, .pb = 1}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        Mean a = {.s = shapes[i]};
        a.d = (Size){3, 18, a.s.H, a.s.W};
        a.s.M = a.d.N * a.d.C;
        assert_true(pool_shape(&a.s));
        op_test(&(OpTest){.name = "mean over windows",
                          .inputs = 1,
                          .in = {plain_count(a.d)},
                          .out = (size_t)(a.d.N * a.d.C * a.s.OH * a.s.OW),
                          .oracle = mean_oracle,
                          .run = mean_run,
                          .spec = &a});
    }
}

/* ---- Channels side by side -------------------------------------------------------------------------------
 */

typedef struct {
    int N, P, C[3];
} Beside;

static void beside_oracle(double *y, const double *const *in, const void *spec)
{
    const Beside *s = spec;
    for (int n = 0; n < s->N; n++)
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < s->C[i] * s->P; k++) *y++ = in[i][n * s->C[i] * s->P + k];
}

static void beside_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                       const void *spec, Pool *pool)
{
    const Beside *s = spec;
    Size all = {s->N, s->C[0] + s->C[1] + s->C[2], s->P, 1};
    float *x[3], *dx[3], *out = mapped(NULL, all), *dout = mapped(dy, all);
    bool add[3] = {accumulate, accumulate, accumulate};
    for (int i = 0; i < 3; i++) {
        Size d = {s->N, s->C[i], s->P, 1};
        x[i] = mapped(in[i], d), dx[i] = gradient(d, accumulate);
    }
    map_concat(out, (const float *const *)x, s->C, 3, s->N, s->P, pool);
    map_concat_backward(dx, add, dout, s->C, 3, s->N, s->P, pool);
    unmapped(y, out, all);
    free_floats(dout, map_count(s->N, all.C, s->P));
    for (int i = 0; i < 3; i++) {
        unmapped(grad[i], dx[i], (Size){s->N, s->C[i], s->P, 1});
        free_floats(x[i], map_count(s->N, s->C[i], s->P));
    }
}

static void beside(void **state)
{
    static const Beside specs[] = {
        {2, 5, {16, 32, 16}}, {3, 4, {1, 1, 1}}, {2, 3, {7, 30, 13}}, {1, 2, {33, 15, 17}}};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        const Beside *s = &specs[i];
        size_t each = (size_t)(s->N * s->P), n[3];
        for (int k = 0; k < 3; k++) n[k] = each * (size_t)s->C[k];
        op_test(&(OpTest){.name = "channels side by side",
                          .inputs = 3,
                          .in = {n[0], n[1], n[2]},
                          .out = n[0] + n[1] + n[2],
                          .oracle = beside_oracle,
                          .run = beside_run,
                          .spec = s});
    }
}

/* ---- Demodulation: style, w ------------------------------------------------------------------------------
 */

static void demod_oracle(double *y, const double *const *in, const void *spec)
{
    const DemodShape *s = spec;
    for (int n = 0; n < s->N; n++)
        for (int o = 0; o < s->O; o++) {
            double sum = (double)s->eps;
            for (int c = 0; c < s->C; c++)
                for (int k = 0; k < s->taps; k++) {
                    double v = in[0][n * s->C + c] * in[1][(o * s->C + c) * s->taps + k];
                    sum += v * v;
                }
            *y++ = 1 / sqrt(sum);
        }
}

static void demod_run(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                      const void *spec, Pool *pool)
{
    const DemodShape *s = spec;
    float *scratch = floats(demod_scratch(s));
    (void)accumulate;
    demod_forward(y, in[0], in[1], s, scratch, pool);
    demod_backward(grad[0], grad[1], dy, y, in[0], in[1], s, scratch, pool);
    free_floats(scratch, demod_scratch(s));
}

static void demodulation(void **state)
{
    static const DemodShape specs[] = {
        {3, 20, 17, 9, 17, 1e-8f}, {1, 1, 1, 1, 1, 1e-8f}, {5, 33, 40, 1, 40, 1e-4f}};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        const DemodShape *s = &specs[i];
        op_test(&(OpTest){.name = "demodulation",
                          .inputs = 2,
                          .in = {(size_t)(s->N * s->C), (size_t)(s->O * s->C * s->taps)},
                          .out = (size_t)(s->N * s->O),
                          .oracle = demod_oracle,
                          .run = demod_run,
                          .spec = s,
                          .positive = 3,
                          .adds = 3,
                          .isa_may_differ = true});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins), cmocka_unit_test(sums),   cmocka_unit_test(growing),
        cmocka_unit_test(means), cmocka_unit_test(beside), cmocka_unit_test(demodulation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
