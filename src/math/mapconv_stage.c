/* Staging: block by block, through the kernels of kernels/stage.c. */
#include "math/mapconv_stage.h"
#include "math/isa.h"
#include "math/whole.h"

const StageKernels *stage_kernels(void)
{
    return ISA_SET(stage);
}

static size_t pixels_of(MapSide m)
{
    return (size_t)m.H * (size_t)m.W;
}

/* The gradient of a scaled result. */
static void stage_scaled(float *to, const StageSize *size, const StageSource *s, int n, int b, size_t at)
{
    size_t block = (size_t)n * (size_t)map_blocks(s->side.C) + (size_t)b;
    const MapGrad *grad = s->grad;
    StageScaled g = {.y = grad->y + at,
                     .scale = grad->scale + block * MAP_LANES,
                     .noise = grad->noise ? grad->noise + (size_t)n * pixels_of(s->side) : NULL,
                     .slope = grad->slope,
                     .gain = grad->gain,
                     .sums = s->sums + block * 3 * MAP_LANES};
    stage_kernels()->scaled(to, grad->dy + at, size, &g);
}

/* Block b of image n of a map; `at` is where it lies there. */
static void stage_block(float *to, const StageSize *size, const StageSource *s, int n, int b, size_t at)
{
    const StageKernels *k = stage_kernels();
    size_t c = (size_t)b * MAP_LANES;
    if (s->from) {
        size_t image = s->from->per_image ? (size_t)n * (size_t)map_blocks(s->side.C) * MAP_LANES : 0;
        StageRead r = {.slope = s->from->slope, .gain = s->from->gain};
        if (s->from->scale) r.scale = s->from->scale + image + c, r.shift = s->from->shift + image + c;
        k->read(to, s->from->x + at, size, &r);
        return;
    }
    if (s->grad->scale) {
        stage_scaled(to, size, s, n, b, at);
        return;
    }
    StageGrad g = {.slope = s->grad->slope, .gain = s->grad->gain};
    if (s->grad->y) g.y = s->grad->y + at;
    if (s->by) g.by = s->by + c, g.mean = s->grad->moments + c, g.constant = s->constant + c;
    k->grad(to, s->grad->dy + at, size, &g);
}

/* The gradient of a plain picture through its act, in place over the staged block. */
static void plain_act(float *to, const StageSize *size, const MapGrad *g, const float *y, int lanes,
                      size_t plane)
{
    for (int i = 0; i < size->rows; i++)
        for (int j = 0; j < size->cols; j++) {
            int r = i + size->row0, c = j + size->col0;
            if (r < 0 || c < 0 || r >= size->H || c >= size->W) continue;
            for (int l = 0; l < lanes; l++) {
                float above =
                    y[(size_t)l * plane + (size_t)r * (size_t)size->W + (size_t)c] > 0 ? 1 : g->slope;
                to[((size_t)i * (size_t)size->cols + (size_t)j) * MAP_LANES + (size_t)l] *= above * g->gain;
            }
        }
}

static void stage_plain(float *to, const StageSize *size, const StageSource *s, int n, int b)
{
    size_t plane = pixels_of(s->side), at = ((size_t)n * (size_t)s->side.C + (size_t)b * MAP_LANES) * plane;
    int lanes = s->side.C - b * MAP_LANES < MAP_LANES ? s->side.C - b * MAP_LANES : MAP_LANES;
    stage_kernels()->plain(to, (s->from ? s->from->x : s->grad->dy) + at, size, lanes, plane);
    if (s->grad && s->grad->y) plain_act(to, size, s->grad, s->grad->y + at, lanes, plane);
}

void stage_images(const Staged *to, const StageSource *s, int n0, int row0, int col0)
{
    StageSize size = {to->rows, to->cols, row0, col0, s->side.H, s->side.W};
    float *at = to->at;
    for (int n = n0; n < n0 + to->images; n++)
        for (int b = 0; b < to->blocks; b++, at += staged_block(to)) {
            size_t block = ((size_t)n * (size_t)to->blocks + (size_t)b) * pixels_of(s->side) * MAP_LANES;
            if (s->plain)
                stage_plain(at, &size, s, n, b);
            else
                stage_block(at, &size, s, n, b, block);
        }
}

/* Staged; filters of many channels want many images even past the second-level cache. */
enum { MOST_FLOATS = 1 << 20 };

int stage_group(int N, int wanted, size_t image_floats)
{
    int group = wanted, room = 1 + (int)(MOST_FLOATS / image_floats);
    if (group > N) group = N;
    if (group > room) group = room;
    int tasks = divide_up(N, group);
    if (tasks != 2) tasks = (tasks + 3) / 4 * 4; /* two full ones are better than four halves */
    return divide_up(N, tasks);
}
