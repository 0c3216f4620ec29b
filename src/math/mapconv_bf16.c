/* From ways to the matrix unit: weights, products and weight gradients in bfloat16. */
#include "math/mapconv_bf16.h"
#include "math/bf16.h"

/* Which weights the taps of a phase are, and which places they read. */
typedef struct {
    int weight[BF16_TAPS], place[BF16_TAPS];
} Taps;

static void find_taps(Taps *t, const Way *w, const Phase *p, const Bf16Planes *planes)
{
    int n = 0;
    for (int kh = 0; kh < w->s->KH; kh++)
        for (int kw = 0; kw < w->s->KW; kw++) {
            int row = tap_row(w, p->y, kh), col = tap_col(w, p->x, kw);
            if (row < 0 || col < 0) continue;
            t->weight[n] = kh * w->s->KW + kw;
            t->place[n++] = planes ? bf16_place(planes, row, col) : 0;
        }
}

static Bf16Filter filter_of(const Way *w, const Phase *p, const float *weight, Taps *t)
{
    size_t taps = (size_t)w->s->KH * (size_t)w->s->KW, row = (size_t)w->s->C * taps;
    find_taps(t, w, p, NULL);
    return (Bf16Filter){.w = weight,
                        .o_step = w->scatter ? taps : row,
                        .c_step = w->scatter ? row : taps,
                        .tap = t->weight,
                        .taps = p->taps,
                        .O = w->out.C,
                        .C = w->in.C};
}

typedef struct {
    const Way *way;
    const Phase *phase;
    uint16_t *packed;
    float *dw;
    const float *weight, *du;
    int n;
    size_t stride;
} Parts;

static void pack_part(void *ctx, int part, int worker)
{
    const Parts *j = ctx;
    Taps t;
    (void)worker;
    Bf16Filter f = filter_of(j->way, j->phase, j->weight, &t);
    bf16_filter(j->packed, &f, part);
}

void way_bf16_pack(float *packed, const float *weight, const Way *w, const Phase *p, Pool *pool)
{
    Parts j = {.way = w, .phase = p, .packed = (uint16_t *)(void *)packed, .weight = weight};
    pool_run(pool, bf16_blocks(w->out.C), pack_part, &j);
}

size_t way_bf16_packed(const Way *w, const Phase *p)
{
    return bf16_filter_floats(w->out.C, w->in.C, p->taps);
}

static void unpack_part(void *ctx, int part, int worker)
{
    const Parts *j = ctx;
    Taps t;
    (void)worker;
    Bf16Filter f = filter_of(j->way, j->phase, NULL, &t);
    bf16_outer_unpack(j->dw, j->du, j->n, j->stride, &f, part);
}

void way_bf16_unpack(float *dw, const float *du, int n, size_t stride, const Way *w, Pool *pool)
{
    Phase p = phase_of(w, 0);
    Parts j = {.way = w, .phase = &p, .dw = dw, .du = du, .n = n, .stride = stride};
    pool_run(pool, bf16_blocks(w->out.C), unpack_part, &j);
}

static void bf16_phase(const MapRegion *y, const Bf16Product *shared, const float *packed, const Way *w,
                       const Phase *p)
{
    MapRegion r = phase_region(y, w, p);
    Taps t;
    if (r.rows <= 0 || r.cols <= 0) return;
    find_taps(&t, w, p, &shared->planes);
    Bf16Product job = *shared;
    job.w = (const uint16_t *)(const void *)packed;
    job.tap = t.place, job.taps = p->taps;
    bf16_product(&r, &job);
}

static Bf16Product bf16_begin(const WayProduct *j, float *scratch)
{
    const Way *w = j->way;
    uint16_t *words = (uint16_t *)(void *)scratch;
    Bf16Product p = {.x = words,
                     .planes = bf16_planes(j->x, w->down_y, w->down_x),
                     .images = j->x->images,
                     .C = w->in.C,
                     .O = w->out.C,
                     .first = j->first,
                     .parts = j->pairs};
    bf16_input(words, j->x, &p.planes);
    return p;
}

void way_bf16_product(const MapRegion *y, const WayProduct *j, float *scratch)
{
    const Way *w = j->way;
    const float *packed = j->packed;
    Bf16Product shared = bf16_begin(j, scratch);
    for (int i = 0; i < w->up_y * w->up_x; i++) {
        Phase p = phase_of(w, i);
        bf16_phase(y, &shared, packed, w, &p);
        packed += way_bf16_packed(w, &p);
    }
}

size_t way_bf16_gradient(const Way *w)
{
    return bf16_outer_floats(w->out.C, w->in.C, phase_of(w, 0).taps);
}

void way_bf16_outer(float *du, const Staged *x, const Staged *dy, const Way *w, float *scratch)
{
    Taps t;
    Phase phase = phase_of(w, 0);
    Bf16Outer p = {.planes = bf16_planes(x, w->down_y, w->down_x),
                   .tap = t.place,
                   .taps = phase.taps,
                   .images = x->images,
                   .C = w->in.C,
                   .O = w->out.C,
                   .rows = w->out.H,
                   .cols = w->out.W};
    uint16_t *words = (uint16_t *)(void *)scratch;
    uint16_t *pairs = (uint16_t *)(void *)(scratch + bf16_outer_input_floats(&p.planes, x->images, w->in.C));
    find_taps(&t, w, &phase, &p.planes);
    bf16_outer_input(words, x, &p.planes);
    bf16_outer_gradient(pairs, dy, &p.planes, w->out.H, w->out.W);
    p.x = words, p.dy = pairs;
    bf16_outer(du, &p);
}

static Bf16Planes bf16_layout(const Way *w, int rows)
{
    Staged s = {.rows = way_rows(w, rows), .cols = way_cols(w)};
    return bf16_planes(&s, w->down_y, w->down_x);
}

/* Also what the weight gradient along a gather way needs. */
size_t way_bf16_scratch(const Way *w, int images, int rows)
{
    Bf16Planes p = bf16_layout(w, rows);
    size_t product = bf16_input_floats(&p, images, w->in.C);
    if (w->scatter) return product;
    size_t outer = bf16_outer_input_floats(&p, images, w->in.C) +
                   bf16_outer_gradient_floats(&p, rows, w->out.W, images, w->out.C);
    return product > outer ? product : outer;
}
