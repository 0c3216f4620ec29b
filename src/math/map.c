/* Between plain pictures and maps. */
#include "math/map.h"

typedef struct {
    float *map, *plain;
    const float *from;
    int C, P;
    bool add;
} Move;

enum { STRIP = 64 }; /* pixels at a time: sixteen rows of them stay in the first-level cache */

static void to_map(float *map, const float *x, int lanes, int P, bool add)
{
    for (int at = 0; at < P; at += STRIP) {
        int end = at + STRIP < P ? at + STRIP : P;
        for (int l = 0; l < MAP_LANES; l++) {
            const float *row = x + (size_t)l * (size_t)P;
            for (int p = at; p < end; p++) {
                float v = l < lanes ? row[p] : 0;
                map[p * MAP_LANES + l] = add ? map[p * MAP_LANES + l] + v : v;
            }
        }
    }
}

static void to_plain(float *x, const float *map, int lanes, int P, bool add)
{
    for (int at = 0; at < P; at += STRIP) {
        int end = at + STRIP < P ? at + STRIP : P;
        for (int l = 0; l < lanes; l++) {
            float *row = x + (size_t)l * (size_t)P;
            for (int p = at; p < end; p++)
                row[p] = add ? row[p] + map[p * MAP_LANES + l] : map[p * MAP_LANES + l];
        }
    }
}

/* One block of one image. */
static void move_block(void *ctx, int index, int worker)
{
    const Move *m = ctx;
    int blocks = map_blocks(m->C), n = index / blocks, b = index % blocks;
    int lanes = m->C - b * MAP_LANES < MAP_LANES ? m->C - b * MAP_LANES : MAP_LANES;
    size_t P = (size_t)m->P, at = (size_t)index * P * MAP_LANES;
    size_t plain = ((size_t)n * (size_t)m->C + (size_t)b * MAP_LANES) * P;
    (void)worker;
    if (m->map)
        to_map(m->map + at, m->from + plain, lanes, m->P, m->add);
    else
        to_plain(m->plain + plain, m->from + at, lanes, m->P, m->add);
}

void map_from_plain(float *map, const float *x, int N, int C, int P, bool add, Pool *pool)
{
    Move m = {.map = map, .from = x, .C = C, .P = P, .add = add};
    pool_run(pool, N * map_blocks(C), move_block, &m);
}

void map_to_plain(float *x, const float *map, int N, int C, int P, bool add, Pool *pool)
{
    Move m = {.plain = x, .from = map, .C = C, .P = P, .add = add};
    pool_run(pool, N * map_blocks(C), move_block, &m);
}
