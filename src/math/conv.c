/* Convolution as implicit GEMM: patches are gathered from a padded copy straight into the tile kernel's panels.
 *
 * Forward and data gradient are the same machine: out(m, pixel) = sum over k of A(m, k) * src[offset(k) + base(pixel)],
 * with k over (channel, tap). A stride s in the data gradient splits the picture into s*s phases, each dense. */
#include "math/conv.h"
#include "math/carve.h"
#include "math/kernels/tile.h"
#include "math/whole.h"
#include <string.h>

#define BLOCK_K  1024 /* rows of a packed panel: 192 KiB, within the second-level cache */
#define CHUNKS   8    /* partial sums of a weight gradient, fixed so that bits do not depend on threads */
#define SLACK    64   /* floats that kernels may touch past a buffer */

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

bool conv_shape(ConvShape *s)
{
    if (s->sh < 1 || s->sw < 1 || s->dh < 1 || s->dw < 1 || s->groups < 1 || s->KH < 1 || s->KW < 1) return false;
    if (s->C < 1 || s->O < 1 || s->C % s->groups || s->O % s->groups) return false;
    if (s->pt < 0 || s->pl < 0 || s->pb < 0 || s->pr < 0 || s->N < 0) return false;
    int h = s->H + s->pt + s->pb - s->dh * (s->KH - 1) - 1, w = s->W + s->pl + s->pr - s->dw * (s->KW - 1) - 1;
    if (h < 0 || w < 0 || s->H < 1 || s->W < 1) return false;
    s->OH = h / s->sh + 1;
    s->OW = w / s->sw + 1;
    return true;
}

/* ---- A padded copy of a batch of planes ------------------------------------------------------------------------ */

typedef struct {
    float *to;
    const float *from;
    int C, H, W, top, left, PH, PW; /* planes per image, their size, where they start in the padded one */
} Pad;

static void pad_image(void *ctx, int n, int worker)
{
    const Pad *p = ctx;
    (void)worker;
    for (int c = 0; c < p->C; c++) {
        size_t plane = (size_t)n * p->C + c;
        float *to = p->to + plane * p->PH * p->PW;
        const float *from = p->from + plane * p->H * p->W;
        memset(to, 0, (size_t)p->PH * p->PW * sizeof *to);
        for (int y = 0; y < p->H; y++) {
            int at = y + p->top;
            if (at < 0 || at >= p->PH) continue;
            int x0 = p->left < 0 ? -p->left : 0, x1 = min_int(p->W, p->PW - p->left);
            if (x1 > x0)
                memcpy(to + (size_t)at * p->PW + p->left + x0, from + (size_t)y * p->W + x0,
                       (size_t)(x1 - x0) * sizeof *to);
        }
    }
}

/* ---- The gather machine ---------------------------------------------------------------------------------------- */

typedef struct {
    const float *src;               /* padded planes */
    size_t src_image;               /* floats from one image to the next */
    int PW;                         /* padded row */
    const ptrdiff_t *offset;        /* (K) */
    const float *a;                 /* packed [M/8][K][8] */
    int M, K;
    int N, GH, GW, si, sj;          /* grid of output pixels and its step in the source */
    float *out;                     /* element (n, m, i, j) at n*out_image + m*out_plane + i*out_i + j*out_j */
    size_t out_image, out_plane, out_i, out_j;
    const float *bias;              /* (M) or NULL */
    bool accumulate;
    float *panel;                   /* per worker BLOCK_K * 48 + SLACK floats, then (M/8) tiles */
    size_t panel_floats;
    const TileKernels *tile;
} Gather;

typedef struct {
    TileRuns runs;
    size_t out[TILE_N]; /* where each run goes */
} Columns;

static void columns_find(Columns *c, const Gather *g, long first)
{
    long total = (long)g->N * g->GH * g->GW;
    int done = 0;
    c->runs.runs = 0;
    while (done < TILE_N && first + done < total) {
        long q = first + done;
        int j = (int)(q % g->GW), i = (int)(q / g->GW % g->GH), n = (int)(q / g->GW / g->GH), r = c->runs.runs++;
        c->runs.len[r] = min_int(g->GW - j, TILE_N - done);
        c->runs.dst[r] = done;
        c->runs.src[r] = (ptrdiff_t)n * (ptrdiff_t)g->src_image + (ptrdiff_t)i * g->si * g->PW + (ptrdiff_t)j * g->sj;
        c->out[r] = n * g->out_image + i * g->out_i + j * g->out_j;
        done += c->runs.len[r];
    }
}

static void store_run(float *to, const float *from, int len, size_t step, float bias, bool accumulate)
{
    if (step == 1 && !accumulate)
        for (int i = 0; i < len; i++) to[i] = from[i] + bias;
    else if (!accumulate)
        for (int i = 0; i < len; i++) to[i * step] = from[i] + bias;
    else
        for (int i = 0; i < len; i++) to[i * step] += from[i] + bias;
}

static void gather_store(const Gather *g, const Columns *c, const float *tile, int m0)
{
    for (int i = 0; i < TILE_M && m0 + i < g->M; i++) {
        float *plane = g->out + (m0 + i) * g->out_plane, bias = g->bias ? g->bias[m0 + i] : 0;
        for (int r = 0; r < c->runs.runs; r++)
            store_run(plane + c->out[r], tile + i * TILE_N + c->runs.dst[r], c->runs.len[r], g->out_j, bias,
                      g->accumulate);
    }
}

static void gather_panel(void *ctx, int panel, int worker)
{
    const Gather *g = ctx;
    float *b = g->panel + (size_t)worker * g->panel_floats, *tiles = b + (size_t)BLOCK_K * TILE_N + SLACK;
    int rows = (g->M + TILE_M - 1) / TILE_M;
    Columns c;
    columns_find(&c, g, (long)panel * TILE_N);
    for (int k = 0; k < g->K; k += BLOCK_K) {
        int depth = min_int(BLOCK_K, g->K - k);
        g->tile->pack(b, g->src, g->offset + k, depth, &c.runs, g->sj);
        for (int p = 0; p < rows; p++)
            g->tile->product(tiles + (size_t)p * TILE_M * TILE_N, g->a + ((size_t)p * g->K + k) * TILE_M, b, depth, k > 0);
    }
    for (int p = 0; p < rows; p++) gather_store(g, &c, tiles + (size_t)p * TILE_M * TILE_N, p * TILE_M);
}

static size_t gather_panel_floats(int M)
{
    return (size_t)BLOCK_K * TILE_N + SLACK + round_up((size_t)M, TILE_M) * TILE_N;
}

static void gather_run(Gather *g, Pool *pool)
{
    long pixels = (long)g->N * g->GH * g->GW;
    if (pixels > 0) pool_run(pool, (int)((pixels + TILE_N - 1) / TILE_N), gather_panel, g);
}

typedef struct {
    float *padded, *a, *panel;
    ptrdiff_t *offset;
} GatherScratch;

static GatherScratch gather_carve(Carve *c, size_t padded, int M, int K, int threads)
{
    GatherScratch s;
    s.padded = carve(c, padded + SLACK);
    s.a = carve(c, round_up((size_t)M, TILE_M) * (size_t)K);
    s.panel = carve(c, gather_panel_floats(M) * (size_t)threads);
    s.offset = carve_offsets(c, (size_t)K);
    return s;
}

/* ---- Forward --------------------------------------------------------------------------------------------------- */

static void pack_weights_forward(float *a, const float *w, int O, int K)
{
    for (int p = 0; p * TILE_M < O; p++)
        for (int k = 0; k < K; k++)
            for (int i = 0; i < TILE_M; i++)
                a[((size_t)p * K + k) * TILE_M + i] = p * TILE_M + i < O ? w[(size_t)(p * TILE_M + i) * K + k] : 0;
}

static void padded_size(const ConvShape *s, int *PH, int *PW)
{
    *PH = (s->OH - 1) * s->sh + s->dh * (s->KH - 1) + 1; /* what the kernel really reads */
    *PW = (s->OW - 1) * s->sw + s->dw * (s->KW - 1) + 1;
}

static void forward_offsets(ptrdiff_t *offset, const ConvShape *s, int first, int channels, int PH, int PW)
{
    for (int c = 0; c < channels; c++)
        for (int kh = 0; kh < s->KH; kh++)
            for (int kw = 0; kw < s->KW; kw++)
                *offset++ = ((ptrdiff_t)(first + c) * PH + kh * s->dh) * PW + kw * s->dw;
}

static GatherScratch forward_carve(Carve *c, const ConvShape *s, int threads)
{
    int PH, PW;
    padded_size(s, &PH, &PW);
    return gather_carve(c, (size_t)s->N * s->C * PH * PW, s->O / s->groups, s->C / s->groups * s->KH * s->KW, threads);
}

void conv_forward(float *y, const float *x, const float *w, const float *bias, const ConvShape *s, float *scratch,
                  Pool *pool)
{
    int PH, PW, M = s->O / s->groups, channels = s->C / s->groups, K = channels * s->KH * s->KW;
    size_t P = (size_t)s->OH * s->OW;
    Carve c = {scratch, 0};
    GatherScratch t = forward_carve(&c, s, pool_threads(pool));
    padded_size(s, &PH, &PW);
    Pad pad = {t.padded, x, s->C, s->H, s->W, s->pt, s->pl, PH, PW};
    pool_run(pool, s->N, pad_image, &pad);
    for (int g = 0; g < s->groups; g++) {
        pack_weights_forward(t.a, w + (size_t)g * M * K, M, K);
        forward_offsets(t.offset, s, g * channels, channels, PH, PW);
        Gather job = {.src = t.padded, .src_image = (size_t)s->C * PH * PW, .PW = PW, .offset = t.offset, .a = t.a,
                      .M = M, .K = K, .N = s->N, .GH = s->OH, .GW = s->OW, .si = s->sh, .sj = s->sw,
                      .out = y + (size_t)g * M * P, .out_image = (size_t)s->O * P, .out_plane = P,
                      .out_i = (size_t)s->OW, .out_j = 1, .bias = bias ? bias + g * M : NULL, .panel = t.panel,
                      .panel_floats = gather_panel_floats(M), .tile = tile_kernels()};
        gather_run(&job, pool);
    }
}

/* ---- Data gradient --------------------------------------------------------------------------------------------- */

/* dy is padded by as many zeros as any tap can reach outside it. */
typedef struct {
    int top, left, PH, PW;
} Reach;

static Reach backward_reach(const ConvShape *s)
{
    int down = s->dh * (s->KH - 1), right = s->dw * (s->KW - 1);
    Reach r = {down / s->sh + 1, right / s->sw + 1, 0, 0};
    r.PH = r.top + (s->H - 1 + s->pt) / s->sh + 1;
    r.PW = r.left + (s->W - 1 + s->pl) / s->sw + 1;
    if (r.PH < r.top + s->OH) r.PH = r.top + s->OH;
    if (r.PW < r.left + s->OW) r.PW = r.left + s->OW;
    return r;
}

static GatherScratch backward_carve(Carve *c, const ConvShape *s, int threads)
{
    Reach r = backward_reach(s);
    return gather_carve(c, (size_t)s->N * s->O * r.PH * r.PW, s->C / s->groups, s->O / s->groups * s->KH * s->KW,
                        threads);
}

/* The taps that reach pixels y = py + sh*i: fills offsets and packed weights, returns K. */
static int phase_taps(const ConvShape *s, const Reach *r, const float *w, int group, int py, int px, GatherScratch *t)
{
    int O = s->O / s->groups, C = s->C / s->groups, taps = s->KH * s->KW, K = 0, kept = 0;
    int keep[4096], n = 0; /* taps of this phase; kernels are far smaller (checked by callers' shapes) */
    for (int kh = 0; kh < s->KH; kh++)
        for (int kw = 0; kw < s->KW && n < 4096; kw++) {
            int y = py + s->pt - kh * s->dh, x = px + s->pl - kw * s->dw;
            if (((y % s->sh) + s->sh) % s->sh == 0 && ((x % s->sw) + s->sw) % s->sw == 0) keep[n++] = kh * s->KW + kw;
        }
    K = O * n;
    for (int o = 0; o < O; o++)
        for (int i = 0; i < n; i++, kept++) {
            int kh = keep[i] / s->KW, kw = keep[i] % s->KW;
            int y = (py + s->pt - kh * s->dh) / s->sh + r->top, x = (px + s->pl - kw * s->dw) / s->sw + r->left;
            t->offset[kept] = ((ptrdiff_t)(group * O + o) * r->PH + y) * r->PW + x;
            for (int c = 0; c < (int)round_up((size_t)C, TILE_M); c++)
                t->a[((size_t)(c / TILE_M) * K + kept) * TILE_M + c % TILE_M] =
                    c < C ? w[((size_t)(group * O + o) * C + c) * taps + keep[i]] : 0;
        }
    return K;
}

/* A phase that no tap reaches: zero, or the bias. */
static void phase_empty(const Gather *g)
{
    for (int n = 0; n < g->N; n++)
        for (int m = 0; m < g->M; m++)
            for (int i = 0; i < g->GH; i++)
                for (int j = 0; j < g->GW; j++) {
                    float *to = g->out + n * g->out_image + m * g->out_plane + i * g->out_i + j * g->out_j;
                    *to = (g->accumulate ? *to : 0) + (g->bias ? g->bias[m] : 0);
                }
}

void conv_backward_data(float *dx, const float *dy, const float *w, const float *bias, const ConvShape *s,
                        bool accumulate, float *scratch, Pool *pool)
{
    Reach r = backward_reach(s);
    int M = s->C / s->groups;
    size_t P = (size_t)s->H * s->W;
    Carve c = {scratch, 0};
    GatherScratch t = backward_carve(&c, s, pool_threads(pool));
    Pad pad = {t.padded, dy, s->O, s->OH, s->OW, r.top, r.left, r.PH, r.PW};
    pool_run(pool, s->N, pad_image, &pad);
    for (int g = 0; g < s->groups; g++)
        for (int phase = 0; phase < s->sh * s->sw; phase++) {
            int py = phase / s->sw, px = phase % s->sw;
            if (py >= s->H || px >= s->W) continue;
            Gather job = {.src = t.padded, .src_image = (size_t)s->O * r.PH * r.PW, .PW = r.PW, .offset = t.offset,
                          .a = t.a, .M = M, .K = phase_taps(s, &r, w, g, py, px, &t), .N = s->N,
                          .GH = (s->H - py + s->sh - 1) / s->sh, .GW = (s->W - px + s->sw - 1) / s->sw, .si = 1, .sj = 1,
                          .out = dx + (size_t)g * M * P + (size_t)py * s->W + px, .out_image = (size_t)s->C * P,
                          .out_plane = P, .out_i = (size_t)s->sh * s->W, .out_j = (size_t)s->sw,
                          .bias = bias ? bias + g * M : NULL, .accumulate = accumulate, .panel = t.panel,
                          .panel_floats = gather_panel_floats(M), .tile = tile_kernels()};
            if (job.K)
                gather_run(&job, pool);
            else
                phase_empty(&job);
        }
}

/* ---- Weight gradient ------------------------------------------------------------------------------------------- */

typedef struct {
    const ConvShape *s;
    const float *dy, *padded;
    int PH, PW, K, wide; /* taps of a group; output channels rounded up to vectors */
    float *across, *partial; /* per worker dy transposed [P][wide]; per chunk [groups][K/8][wide/48][8][48] */
    size_t across_floats, partial_floats;
    ptrdiff_t *offset, *run; /* (K rounded up to 8) taps of group 0; (OH) rows */
    const TileKernels *tile;
    float *dw;
} WeightJob;

static int chunk_start(const ConvShape *s, int chunk)
{
    return (int)((long)s->N * chunk / CHUNKS);
}

/* to[p][o] = dy[o][p], for one image and group; the padding columns stay zero. */
static void across_image(float *to, const float *dy, int O, int P, int wide)
{
    for (int o0 = 0; o0 < O; o0 += 16) {
        int on = min_int(16, O - o0);
        for (int p = 0; p < P; p++)
            for (int o = 0; o < on; o++) to[(size_t)p * wide + o0 + o] = dy[(size_t)(o0 + o) * P + p];
    }
}

static void weight_image(const WeightJob *j, float *partial, const float *across, int n, int g)
{
    const ConvShape *s = j->s;
    const float *x = j->padded + ((size_t)n * s->C + (size_t)g * (s->C / s->groups)) * j->PH * j->PW;
    for (int k = 0; k < j->K; k += TILE_M) {
        const float *row[TILE_M];
        for (int i = 0; i < TILE_M; i++) row[i] = x + j->offset[k + i];
        for (int o = 0; o < j->wide; o += TILE_N, partial += TILE_M * TILE_N)
            j->tile->outer(partial, row, j->run, s->OH, s->OW, s->sw, across + o, j->wide,
                           min_int(TILE_N, j->wide - o) / TILE_LANES);
    }
}

static size_t group_partial(int K, int wide)
{
    return round_up((size_t)K, TILE_M) / TILE_M * (round_up((size_t)wide, TILE_N) / TILE_N) * TILE_M * TILE_N;
}

static void weight_chunk(void *ctx, int chunk, int worker)
{
    const WeightJob *j = ctx;
    const ConvShape *s = j->s;
    int O = s->O / s->groups, P = s->OH * s->OW;
    float *partial = j->partial + (size_t)chunk * j->partial_floats, *across = j->across + (size_t)worker * j->across_floats;
    memset(partial, 0, j->partial_floats * sizeof *partial);
    memset(across, 0, j->across_floats * sizeof *across);
    for (int n = chunk_start(s, chunk); n < chunk_start(s, chunk + 1); n++)
        for (int g = 0; g < s->groups; g++) {
            across_image(across, j->dy + ((size_t)n * s->O + (size_t)g * O) * P, O, P, j->wide);
            weight_image(j, partial + (size_t)g * group_partial(j->K, j->wide), across, n, g);
        }
}

/* Adds the chunks in their order, one group of eight taps at a time. */
static void weight_reduce(void *ctx, int index, int worker)
{
    const WeightJob *j = ctx;
    const ConvShape *s = j->s;
    int O = s->O / s->groups, blocks = (j->K + TILE_M - 1) / TILE_M, g = index / blocks, k0 = index % blocks * TILE_M;
    int across = (int)(round_up((size_t)j->wide, TILE_N) / TILE_N);
    (void)worker;
    for (int o = 0; o < O; o++)
        for (int k = k0; k < min_int(k0 + TILE_M, j->K); k++) {
            size_t tile = (size_t)(k0 / TILE_M) * across + o / TILE_N;
            size_t at = (size_t)g * group_partial(j->K, j->wide) + (tile * TILE_M + (k - k0)) * TILE_N + o % TILE_N;
            float sum = 0;
            for (int c = 0; c < CHUNKS; c++) sum += j->partial[(size_t)c * j->partial_floats + at];
            j->dw[((size_t)g * O + o) * j->K + k] += sum;
        }
}

static WeightJob weight_carve(Carve *c, const ConvShape *s, int threads, float **padded)
{
    WeightJob j = {.s = s};
    padded_size(s, &j.PH, &j.PW);
    j.K = s->C / s->groups * s->KH * s->KW;
    j.wide = (int)round_up((size_t)(s->O / s->groups), TILE_LANES);
    j.across_floats = round_up((size_t)s->OH * s->OW * j.wide + TILE_N, 16);
    j.partial_floats = (size_t)s->groups * group_partial(j.K, j.wide);
    *padded = carve(c, (size_t)s->N * s->C * j.PH * j.PW + SLACK);
    j.across = carve(c, j.across_floats * (size_t)threads);
    j.partial = carve(c, j.partial_floats * CHUNKS);
    j.offset = carve_offsets(c, round_up((size_t)j.K, TILE_M));
    j.run = carve_offsets(c, (size_t)s->OH);
    return j;
}

void conv_backward_weight(float *dw, const float *dy, const float *x, const ConvShape *s, float *scratch, Pool *pool)
{
    Carve c = {scratch, 0};
    float *padded;
    WeightJob j = weight_carve(&c, s, pool_threads(pool), &padded);
    Pad pad = {padded, x, s->C, s->H, s->W, s->pt, s->pl, j.PH, j.PW};
    pool_run(pool, s->N, pad_image, &pad);
    forward_offsets(j.offset, s, 0, s->C / s->groups, j.PH, j.PW);
    for (int k = j.K; k % TILE_M; k++) j.offset[k] = 0; /* rows nobody reads */
    for (int i = 0; i < s->OH; i++) j.run[i] = (ptrdiff_t)i * s->sh * j.PW;
    j.dy = dy;
    j.dw = dw;
    j.padded = padded;
    j.tile = tile_kernels();
    pool_run(pool, CHUNKS, weight_chunk, &j);
    pool_run(pool, s->groups * ((j.K + TILE_M - 1) / TILE_M), weight_reduce, &j);
}

/* Sixteen chains, so that the loop vectorises with a fixed order. */
static float sum_row(const float *row, int P)
{
    float part[16] = {0}, sum = 0;
    int p = 0;
    for (; p + 16 <= P; p += 16)
        for (int i = 0; i < 16; i++) part[i] += row[p + i];
    for (; p < P; p++) part[p % 16] += row[p];
    for (int i = 0; i < 16; i++) sum += part[i];
    return sum;
}

void conv_backward_bias(float *db, const float *dy, int N, int O, int P)
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < O; o++) db[o] += sum_row(dy + ((size_t)n * O + o) * P, P);
}

size_t conv_scratch(const ConvShape *s, int threads)
{
    Carve forward = {0}, data = {0}, weight = {0};
    float *padded;
    (void)forward_carve(&forward, s, threads);
    (void)backward_carve(&data, s, threads);
    (void)weight_carve(&weight, s, threads, &padded);
    size_t most = forward.used > data.used ? forward.used : data.used;
    return most > weight.used ? most : weight.used;
}
