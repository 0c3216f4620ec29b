/* Convolution on maps, forward: cuts the batch into tasks of a few images or a band of rows; each stages its
 * input, runs the kernel of its way, and finishes its results while they are in the cache. */
#include "math/mapconv.h"
#include "math/carve.h"
#include "math/mapconv_stage.h"
#include "math/mapconv_way.h"
#include "math/whole.h"

/* A batch too small for that many tasks is cut into bands of rows of at least so many pixels, then into parts
 * of the outputs: the weights are what costs there, and parts read them once. */
enum { TASKS = 8, BAND_PIXELS = 200 };

/* A staged input of at most this many leaves room for the rest in the second-level cache. */
enum { STAGE_FLOATS = 192 * 1024 };

typedef struct {
    const MapConv *c;
    Way way;
    StageSource source;
    const MapWrite *to;
    const float *packed;
    ptrdiff_t *offset;
    Staged shape;                   /* of a task's input, at NULL */
    int group, groups, band, bands; /* images; rows of the result */
    int pairs, parts;               /* pairs of blocks of the result */
    float *worker;                  /* scratch of each worker */
    size_t worker_floats;
    float *partial; /* moments of each task: (tasks, blocks, 3, 16) */
} Forward;

/* ---- Cutting up ---- */

static Staged staged_shape(const Way *w, int images, int rows)
{
    return (Staged){
        .images = images, .blocks = map_blocks(w->in.C), .rows = way_rows(w, rows), .cols = way_cols(w)};
}

static void cut(Forward *f, int N)
{
    const Way *w = &f->way;
    Staged whole = staged_shape(w, 1, w->out.H);
    f->group = stage_group(N, way_images(w), staged_image(&whole));
    f->groups = divide_up(N, f->group);
    int rows = divide_up(BAND_PIXELS, w->out.W), most = w->out.H / rows, bands = 1;
    int large = (int)(staged_image(&whole) / STAGE_FLOATS) + 1;
    if (f->groups < TASKS) bands = min_int(divide_up(TASKS, f->groups), most > 0 ? most : 1);
    if (bands < large) bands = large;
    f->band = divide_up(divide_up(w->out.H, bands), w->step) * w->step;
    f->bands = divide_up(w->out.H, f->band);
    int wanted = f->groups > 1 ? TASKS / 2 : TASKS; /* every part transforms its task's whole input again */
    f->pairs = divide_up(way_pairs(w), divide_up(wanted, f->groups * f->bands));
    f->parts = divide_up(way_pairs(w), f->pairs);
    f->shape = staged_shape(w, f->group, f->bands > 1 ? f->band : w->out.H);
}

/* Results that would not stay in the caches anyway are made in scratch and streamed to memory. */
static bool streams(const MapConv *c, const Way *w)
{
    return !c->plain_out && map_count(c->s.N, w->out.C, w->out.H * w->out.W) > MAP_STREAM;
}

/* A plain picture of more channels than the narrow kernel serves is made as a map first. */
static bool detour(const Forward *f)
{
    return f->c->plain_out ? f->way.kernel != WAY_NARROW : streams(f->c, &f->way);
}

static size_t result_pixels(const Forward *f)
{
    return (size_t)f->way.out.H * (size_t)f->way.out.W;
}

static Forward forward_carve(Carve *carver, const MapConv *c, int threads)
{
    Forward f = {.c = c, .way = way_of(c, c->transposed, c->plain_out)};
    cut(&f, c->s.N);
    size_t room = staged_image(&f.shape) * (size_t)f.shape.images;
    size_t product = way_scratch(&f.way, f.group, f.band), blocks = (size_t)map_blocks(f.way.out.C);
    size_t raw = detour(&f) ? (size_t)f.group * blocks * (size_t)f.band * (size_t)f.way.out.W * MAP_LANES : 0;
    f.worker_floats = (room + product + raw + 15) / 16 * 16;
    f.offset = carve_offsets(carver, way_offsets(&f.way));
    f.partial = carve(carver, (size_t)(f.groups * f.bands) * blocks * 3 * MAP_LANES);
    f.worker = carve(carver, f.worker_floats * (size_t)threads);
    return f;
}

/* ---- Finishing ---- */

static bool finish_needed(const MapWrite *to)
{
    return to->scale || to->shift || to->add || to->noise || to->slope != 1 || to->gain != 1;
}

/* Block b of image n, whose y->rows rows begin at pixel `first`: from raw to its map. */
static void finish_block(const Forward *f, const float *raw, Finish k, int n, int b, size_t first,
                         size_t pixels)
{
    const MapWrite *to = f->to;
    size_t blocks = (size_t)map_blocks(f->way.out.C), P = result_pixels(f), c = (size_t)b * MAP_LANES;
    size_t at = (((size_t)n * blocks + (size_t)b) * P + first) * MAP_LANES;
    float strength[MAP_LANES];
    if (to->scale) k.scale = to->scale + (to->per_image ? (size_t)n * blocks * MAP_LANES : 0) + c;
    if (to->shift) k.shift = to->shift + c;
    if (to->add) k.add = to->add + at;
    if (to->noise) {
        for (int l = 0; l < MAP_LANES; l++)
            strength[l] = c + (size_t)l < (size_t)f->way.out.C ? to->strength : 0;
        k.noise = to->noise + (size_t)n * P + first;
        k.strength = strength;
    }
    stage_kernels()->finish(to->y + at, raw, pixels, &k);
}

/* What one call of the pool makes: a region, and the blocks from_block .. to_block - 1 of it. */
typedef struct {
    int region, n0, images, r0, rows, first_pair, from_block, to_block;
    size_t first, pixels; /* of each image */
} Task;

static Task task_of(const Forward *f, int index)
{
    Task t = {.region = index / f->parts, .first_pair = index % f->parts * f->pairs};
    t.n0 = t.region / f->bands * f->group, t.r0 = t.region % f->bands * f->band;
    t.images = min_int(f->group, f->c->s.N - t.n0), t.rows = min_int(f->band, f->way.out.H - t.r0);
    t.from_block = 2 * t.first_pair;
    t.to_block = min_int(t.from_block + 2 * f->pairs, map_blocks(f->way.out.C));
    t.first = (size_t)t.r0 * (size_t)f->way.out.W, t.pixels = (size_t)t.rows * (size_t)f->way.out.W;
    return t;
}

static void finish_map(const Forward *f, const MapRegion *y, const Task *t)
{
    size_t blocks = (size_t)map_blocks(f->way.out.C);
    Finish k = {.bent = finish_needed(f->to),
                .slope = f->to->slope,
                .gain = f->to->gain,
                .stream = streams(f->c, &f->way)};
    for (int i = 0; i < t->images; i++)
        for (int b = t->from_block; b < t->to_block; b++) {
            float *acc = f->partial + ((size_t)t->region * blocks + (size_t)b) * 3 * MAP_LANES;
            k.moments = f->to->moments ? acc : NULL;
            k.begin = i == 0;
            finish_block(f, y->at + (size_t)i * y->image + (size_t)b * y->block, k, t->n0 + i, b, t->first,
                         t->pixels);
        }
}

static float finished(const Forward *f, float v, int n, int o, size_t p)
{
    const MapWrite *to = f->to;
    size_t lanes = (size_t)map_blocks(f->way.out.C) * MAP_LANES;
    if (to->scale) v *= to->scale[(to->per_image ? (size_t)n * lanes : 0) + (size_t)o];
    if (to->shift) v += to->shift[o];
    if (to->noise) v += to->strength * to->noise[(size_t)n * result_pixels(f) + p];
    return (v < 0 ? v * to->slope : v) * to->gain;
}

/* Few channels: a pixel at a time. `from` is NULL when the raw results are in place already, else a map. */
static void finish_plain(const Forward *f, const MapRegion *from, const Task *t)
{
    size_t P = result_pixels(f), C = (size_t)f->way.out.C;
    for (int i = 0; i < t->images; i++)
        for (int o = t->from_block * MAP_LANES; o < min_int(f->way.out.C, t->to_block * MAP_LANES); o++) {
            float *y = f->to->y + ((size_t)(t->n0 + i) * C + (size_t)o) * P + t->first;
            const float *raw = y;
            size_t step = 1;
            if (from) {
                raw = from->at + (size_t)i * from->image + (size_t)(o / MAP_LANES) * from->block +
                      (size_t)(o % MAP_LANES);
                step = MAP_LANES;
            }
            for (size_t p = 0; p < t->pixels; p++)
                y[p] = finished(f, raw[p * step], t->n0 + i, o, t->first + p);
        }
}

/* ---- Running ---- */

static MapRegion result_region(const Forward *f, const Task *t, float *raw)
{
    size_t P = result_pixels(f), W = (size_t)f->way.out.W, blocks = (size_t)map_blocks(f->way.out.C);
    MapRegion y = {.rows = t->rows, .cols = f->way.out.W, .row = W * MAP_LANES, .pixel = MAP_LANES};
    if (f->way.kernel == WAY_NARROW) {
        size_t C = (size_t)f->way.out.C;
        y.at = f->to->y + (size_t)t->n0 * C * P + t->first;
        y.image = C * P, y.block = P, y.row = W, y.pixel = 1;
    } else if (detour(f)) {
        y.at = raw;
        y.block = t->pixels * MAP_LANES, y.image = blocks * y.block;
    } else {
        y.block = P * MAP_LANES, y.image = blocks * y.block;
        y.at = f->to->y + (size_t)t->n0 * y.image + t->first * MAP_LANES;
    }
    return y;
}

static void forward_task(void *ctx, int index, int worker)
{
    const Forward *f = ctx;
    Task t = task_of(f, index);
    Staged x = f->shape;
    x.images = t.images;
    x.at = f->worker + (size_t)worker * f->worker_floats;
    float *scratch = x.at + staged_image(&f->shape) * (size_t)f->shape.images;
    MapRegion y = result_region(f, &t, scratch + way_scratch(&f->way, f->group, f->band));
    WayProduct product = {&f->way, &x, f->packed, f->offset, t.first_pair, f->pairs};
    stage_images(&x, &f->source, t.n0, way_first(&f->way, t.r0), f->way.col0);
    way_product(&y, &product, scratch);
    if (f->c->plain_out)
        finish_plain(f, detour(f) ? &y : NULL, &t);
    else
        finish_map(f, &y, &t);
}

/* Mean and variance from each task's pivot, sum and sum of squares (Chan et al. 1983), in the order of tasks.
 */
static void gather_moments(const Forward *f, int lane)
{
    const float *acc = f->partial + (size_t)(lane / MAP_LANES) * 3 * MAP_LANES + lane % MAP_LANES;
    size_t next = (size_t)map_blocks(f->way.out.C) * 3 * MAP_LANES;
    double total = (double)f->c->s.N * (double)result_pixels(f), mean = 0, square = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int t = 0; t < f->groups * f->bands; t++) {
            const float *a = acc + (size_t)t * next;
            int images = min_int(f->group, f->c->s.N - t / f->bands * f->group);
            int rows = min_int(f->band, f->way.out.H - t % f->bands * f->band);
            double n = (double)images * rows * f->way.out.W, m = (double)a[0] + (double)a[MAP_LANES] / n;
            if (pass == 0)
                mean += m * n / total;
            else
                square += (double)a[2 * MAP_LANES] - (double)a[MAP_LANES] * (double)a[MAP_LANES] / n +
                          n * (m - mean) * (m - mean);
        }
    f->to->moments[lane] = (float)mean;
    f->to->moments[map_blocks(f->way.out.C) * MAP_LANES + lane] = square < 0 ? 0 : (float)(square / total);
}

void mapconv_forward(const MapWrite *to, const MapRead *from, const float *packed, const MapConv *c,
                     float *scratch, Pool *pool)
{
    Carve carver = {scratch, 0};
    Forward f = forward_carve(&carver, c, pool_threads(pool));
    f.source = (StageSource){.side = f.way.in, .plain = c->plain_in, .from = from};
    f.to = to;
    f.packed = packed;
    way_offset(f.offset, &f.way, &f.shape);
    pool_run(pool, f.groups * f.bands * f.parts, forward_task, &f);
    for (int lane = 0; to->moments && lane < map_blocks(f.way.out.C) * MAP_LANES; lane++)
        gather_moments(&f, lane);
}

size_t mapconv_packed(const MapConv *c)
{
    Way w = way_of(c, c->transposed, c->plain_out);
    return way_packed(&w);
}

void mapconv_pack(float *packed, const float *w, const MapConv *c, Pool *pool)
{
    Way way = way_of(c, c->transposed, c->plain_out);
    way_pack(packed, w, &way, pool);
}

const char *mapconv_kernel(const MapConv *c)
{
    static const char *const names[] = {"winograd", "split", "strided", "direct", "narrow", "bf16"};
    return names[way_of(c, c->transposed, c->plain_out).kernel];
}

size_t mapconv_forward_scratch(const MapConv *c, int threads)
{
    Carve carver = {0};
    (void)forward_carve(&carver, c, threads);
    return carver.used;
}
