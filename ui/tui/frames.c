/* A hash table of chains over a fixed block of entries, which a ring of use connects: newest first. */
#include "tui/frames.h"
#include <stdlib.h>

#define ENTRIES 1024
#define SLOTS   1024

typedef struct {
    uint64_t key;
    PixelQuality quality;
    Buf bytes;
    int chain;        /* next of the same slot, -1: the last */
    int older, newer; /* in the ring through entry 0, which holds nothing */
} Entry;

struct Frames {
    Entry entry[ENTRIES];
    int slot[SLOTS]; /* first entry, -1: none */
    int used, spare; /* entries ever taken; the first of those given back, -1: none */
    size_t bytes;
};

Frames *frames_new(Err *err)
{
    Frames *f = calloc(1, sizeof *f);
    if (!f) {
        err_nomem(err, "the cache of pictures");
        return NULL;
    }
    for (int i = 0; i < SLOTS; i++) f->slot[i] = -1;
    f->used = 1;
    f->spare = -1;
    return f;
}

void frames_free(Frames *f)
{
    if (!f) return;
    for (int i = 0; i < ENTRIES; i++) buf_free(&f->entry[i].bytes);
    free(f);
}

static int *slot_of(Frames *f, uint64_t key, PixelQuality quality)
{
    return &f->slot[(key * 0x9e3779b97f4a7c15u + (uint64_t)quality * 0x85ebca6bu) >> 54];
}

static void leave_ring(Frames *f, int i)
{
    f->entry[f->entry[i].older].newer = f->entry[i].newer;
    f->entry[f->entry[i].newer].older = f->entry[i].older;
}

static void enter_ring(Frames *f, int i)
{
    Entry *e = &f->entry[i];
    e->newer = 0;
    e->older = f->entry[0].older;
    f->entry[e->older].newer = i;
    f->entry[0].older = i;
}

static int find(Frames *f, uint64_t key, PixelQuality quality)
{
    int i = *slot_of(f, key, quality);
    while (i >= 0 && (f->entry[i].key != key || f->entry[i].quality != quality)) i = f->entry[i].chain;
    return i;
}

const Buf *frames_find(Frames *f, uint64_t key, PixelQuality quality)
{
    int i = find(f, key, quality);
    if (i < 0) return NULL;
    leave_ring(f, i);
    enter_ring(f, i);
    return &f->entry[i].bytes;
}

static void forget_oldest(Frames *f)
{
    int oldest = f->entry[0].newer;
    Entry *e = &f->entry[oldest];
    int *at = slot_of(f, e->key, e->quality);
    while (*at != oldest) at = &f->entry[*at].chain;
    *at = e->chain;
    leave_ring(f, oldest);
    f->bytes -= e->bytes.cap;
    buf_free(&e->bytes);
    e->chain = f->spare;
    f->spare = oldest;
}

static int take_entry(Frames *f)
{
    if (f->spare < 0 && f->used < ENTRIES) return f->used++;
    if (f->spare < 0) forget_oldest(f);
    int i = f->spare;
    f->spare = f->entry[i].chain;
    return i;
}

void frames_put(Frames *f, uint64_t key, PixelQuality quality, Buf *bytes)
{
    if (find(f, key, quality) >= 0) {
        buf_free(bytes);
        return;
    }
    buf_fit(bytes);
    while (f->bytes + bytes->cap > FRAMES_BYTES && f->entry[0].newer) forget_oldest(f);
    int i = take_entry(f), *slot = slot_of(f, key, quality);
    f->entry[i] = (Entry){.key = key, .quality = quality, .bytes = *bytes, .chain = *slot};
    *slot = i;
    enter_ring(f, i);
    f->bytes += bytes->cap;
    *bytes = (Buf){0};
}

size_t frames_bytes(const Frames *f)
{
    return f->bytes;
}
