/* Joins PNGs into an animated one: their chunks are taken apart, pictures after the first become fdAT. */
#include "data/apng.h"
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE = 8, CHUNK = 12 /* length, type and CRC */, IHDR = 13, FCTL = 26 };

/* The file as it grows; large enough from the start (see room_for). */
typedef struct {
    uint8_t *at;
    uint32_t sequence; /* of fcTL and fdAT */
} Out;

/* --- chunks --------------------------------------------------------------------------------------------- */

static uint32_t read32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t x)
{
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(x >> (24 - 8 * i));
}

/* CRC-32 of ISO 3309 as PNG wants it (annex D), four bits at a time. */
static uint32_t crc32_of(const uint8_t *p, size_t n)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++) {
        crc = nibble[(crc ^ p[i]) & 15] ^ crc >> 4;
        crc = nibble[(crc ^ p[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}

/* Two pieces of data follow each other in one chunk. */
static void put_chunk(Out *o, const char *type, const uint8_t *a, size_t n, const uint8_t *b, size_t m)
{
    uint8_t *from = o->at + 4;
    put32(o->at, (uint32_t)(n + m));
    memcpy(from, type, 4);
    if (n) memcpy(from + 4, a, n);
    if (m) memcpy(from + 4 + n, b, m);
    put32(from + 4 + n + m, crc32_of(from, 4 + n + m));
    o->at = from + 8 + n + m;
}

/* The chunk at *p of a PNG that ends at `end`; *p goes past it. False at the end, or where the file is cut.
 */
static bool next_chunk(const uint8_t **p, const uint8_t *end, const uint8_t **type, const uint8_t **data,
                       size_t *n)
{
    if (end - *p < CHUNK) return false;
    *n = read32(*p);
    if (*n > (size_t)(end - *p) - CHUNK) return false;
    *type = *p + 4;
    *data = *p + 8;
    *p += CHUNK + *n;
    return true;
}

static bool is(const uint8_t *type, const char *name)
{
    return !memcmp(type, name, 4);
}

/* --- frames --------------------------------------------------------------------------------------------- */

static void frame_control(Out *o, const uint8_t *ihdr, int fps)
{
    uint8_t x[FCTL] = {0};
    put32(x, o->sequence++);
    memcpy(x + 4, ihdr, 8); /* width and height; its place is 0, 0 */
    x[21] = 1;              /* 1 / fps seconds */
    x[22] = (uint8_t)(fps >> 8), x[23] = (uint8_t)fps;
    put_chunk(o, "fcTL", x, sizeof x, NULL, 0); /* it replaces what was shown */
}

static void animation_control(Out *o, int n)
{
    uint8_t x[8] = {0}; /* the second number: without end */
    put32(x, (uint32_t)n);
    put_chunk(o, "acTL", x, sizeof x, NULL, 0);
}

/* The first picture's chunks as they are, with the animation's before its data. */
static void put_first(Out *o, const ApngFrame *f, const uint8_t *ihdr, int n, int fps)
{
    const uint8_t *p = f->bytes + SIGNATURE, *type, *data;
    size_t length;
    bool begun = false;
    memcpy(o->at, f->bytes, SIGNATURE);
    o->at += SIGNATURE;
    while (next_chunk(&p, f->bytes + f->size, &type, &data, &length) && !is(type, "IEND")) {
        if (is(type, "IDAT") && !begun) {
            begun = true;
            frame_control(o, ihdr, fps);
        }
        put_chunk(o, (const char *)type, data, length, NULL, 0);
        if (is(type, "IHDR")) animation_control(o, n);
    }
}

static void put_next(Out *o, const ApngFrame *f, const uint8_t *ihdr, int fps)
{
    const uint8_t *p = f->bytes + SIGNATURE, *type, *data;
    uint8_t sequence[4];
    size_t length;
    frame_control(o, ihdr, fps);
    while (next_chunk(&p, f->bytes + f->size, &type, &data, &length)) {
        if (!is(type, "IDAT")) continue;
        put32(sequence, o->sequence++);
        put_chunk(o, "fdAT", sequence, 4, data, length);
    }
}

/* Every chunk of data grows by a number. */
static size_t room_for(const ApngFrame *frame, int n)
{
    size_t room = 4 * CHUNK + FCTL;
    for (int i = 0; i < n; i++) room += frame[i].size + CHUNK + FCTL + 4 * (frame[i].size / CHUNK + 1);
    return room;
}

/* The header of a whole PNG, or NULL. */
static const uint8_t *header_of(const ApngFrame *f)
{
    static const uint8_t signature[SIGNATURE] = {137, 'P', 'N', 'G', 13, 10, 26, 10};
    if (f->size < SIGNATURE + CHUNK + IHDR || memcmp(f->bytes, signature, SIGNATURE)) return NULL;
    const uint8_t *p = f->bytes + SIGNATURE;
    return read32(p) == IHDR && is(p + 4, "IHDR") ? p + 8 : NULL;
}

bool apng_join(uint8_t **bytes, size_t *size, const ApngFrame *frame, int n, int fps, Err *err)
{
    *bytes = NULL;
    for (int i = 0; i < n; i++) {
        const uint8_t *head = header_of(&frame[i]), *first = header_of(&frame[0]);
        if (!head) return err_set(err, ERR_FORMAT, "frame %d of the animation is no PNG", i + 1);
        if (memcmp(head, first, IHDR))
            return err_set(err, ERR_FORMAT,
                           "frame %d of the animation has another size or kind than the first", i + 1);
    }
    Out o = {.at = malloc(room_for(frame, n))};
    if (!o.at) return err_nomem(err, "an animation");
    *bytes = o.at;
    put_first(&o, &frame[0], header_of(&frame[0]), n, fps);
    for (int i = 1; i < n; i++) put_next(&o, &frame[i], header_of(&frame[i]), fps);
    put_chunk(&o, "IEND", NULL, 0, NULL, 0);
    *size = (size_t)(o.at - *bytes);
    return true;
}
