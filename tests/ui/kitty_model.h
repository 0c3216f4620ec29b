/* The part of the model terminal that understands kitty's graphics protocol: strings in, pictures over cells
 * out. PNGs are read here by hand, with their transparency. */
#pragma once
#include "tui/vt.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define KITTY_IMAGES 64

typedef struct {
    uint32_t id; /* 0: free */
    int x, y, cols, rows;
    int w, h;
    uint8_t *rgba;
} KittyImage;

typedef struct {
    KittyImage image[KITTY_IMAGES];
    KittyImage coming; /* what the chunks so far say */
    uint8_t *data;
    size_t n;
    bool open; /* more chunks follow */
    int shown, deleted, wrong;
    size_t longest; /* bytes of base 64 in one string */
} KittyModel;

static inline long kitty_key(const char *s, const char *end, char key, long absent)
{
    for (; s < end && *s != ';'; s++)
        if (s[0] == key && s[1] == '=' && (s[-1] == ',' || s[-1] == 'G'))
            return s[2] > '9' ? s[2] : strtol(s + 2, NULL, 10);
    return absent;
}

static inline void kitty_append(KittyModel *k, const char *s, const char *end)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if ((size_t)(end - s) > k->longest) k->longest = (size_t)(end - s);
    k->wrong += (end - s) % 4 != 0;
    k->data = realloc(k->data, k->n + (size_t)(end - s));
    for (; end - s >= 4; s += 4) {
        uint32_t v = 0;
        int bytes = 3 - (s[2] == '=') - (s[3] == '=');
        for (int i = 0; i < 4; i++) {
            const char *at = s[i] == '=' ? digit : memchr(digit, s[i], 64);
            k->wrong += !at;
            v = v << 6 | (uint32_t)(at ? at - digit : 0);
        }
        for (int i = 0; i < bytes; i++) k->data[k->n++] = (uint8_t)(v >> (16 - 8 * i));
    }
}

static inline uint32_t kitty_big(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A PNG of 8 bits with alpha whose rows have filter 0 or 1; NULL: it is none. */
static inline uint8_t *kitty_png(const uint8_t *p, size_t n, int *w, int *h)
{
    static const uint8_t magic[8] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10};
    if (n < 33 || memcmp(p, magic, 8) || p[24] != 8 || (p[25] != 4 && p[25] != 6)) return NULL;
    int width = (int)kitty_big(p + 16), height = (int)kitty_big(p + 20), c = p[25] == 4 ? 2 : 4;
    size_t row = (size_t)width * (size_t)c + 1, size = row * (size_t)height, packed = 0;
    uint8_t *raw = malloc(size), *zip = malloc(n), *out = malloc((size_t)width * (size_t)height * 4);
    for (size_t at = 8; at + 12 <= n; at += 12 + kitty_big(p + at))
        if (!memcmp(p + at + 4, "IDAT", 4))
            memcpy(zip + packed, p + at + 8, kitty_big(p + at)), packed += kitty_big(p + at);
    uLongf got = size;
    bool ok = uncompress(raw, &got, zip, packed) == Z_OK && got == size;
    for (int y = 0; ok && y < height; y++) {
        uint8_t *q = raw + (size_t)y * row;
        ok = q[0] <= 1;
        for (size_t i = (size_t)c; q[0] == 1 && i < row - 1; i++)
            q[1 + i] = (uint8_t)(q[1 + i] + q[1 + i - (size_t)c]);
        for (int x = 0; x < width; x++)
            for (int i = 0; i < 4; i++) {
                int from = c == 4 ? i : i == 3;
                out[((size_t)y * (size_t)width + (size_t)x) * 4 + (size_t)i] = q[1 + x * c + from];
            }
    }
    free(raw);
    free(zip);
    *w = width;
    *h = height;
    if (ok) return out;
    free(out);
    return NULL;
}

static inline void kitty_forget(KittyModel *k, uint32_t id)
{
    for (int i = 0; i < KITTY_IMAGES; i++) {
        KittyImage *im = &k->image[i];
        if (!im->id || (id && im->id != id)) continue;
        free(im->rgba);
        *im = (KittyImage){0};
        k->deleted++;
    }
}

static inline void kitty_finish(KittyModel *k)
{
    KittyImage im = k->coming;
    int slot = 0;
    im.rgba = kitty_png(k->data, k->n, &im.w, &im.h);
    for (int i = 0; i < KITTY_IMAGES; i++)
        if (k->image[i].id == im.id) free(k->image[i].rgba), k->image[i] = (KittyImage){0};
    while (slot < KITTY_IMAGES && k->image[slot].id) slot++;
    k->wrong += !im.rgba || !im.id || im.cols < 1 || im.rows < 1 || slot == KITTY_IMAGES;
    if (slot < KITTY_IMAGES && im.rgba)
        k->image[slot] = im, k->shown++;
    else
        free(im.rgba);
}

/* One APC string, the cursor at cell (x, y). */
static inline void kitty_take(KittyModel *k, const VtToken *t, int x, int y)
{
    const char *s = t->at + 3, *end = t->at + t->size - 2, *body = memchr(s, ';', (size_t)(end - s));
    long action = kitty_key(s, end, 'a', k->open ? 'T' : 't');
    if (action == 'q') return;
    if (action == 'd') {
        bool all = kitty_key(s, end, 'd', 'a') == 'A';
        kitty_forget(k, all ? 0 : (uint32_t)kitty_key(s, end, 'i', -1));
        return;
    }
    if (action != 'T' || !body) {
        k->wrong++;
        return;
    }
    if (!k->open) {
        k->wrong += kitty_key(s, end, 'f', 0) != 100 || kitty_key(s, end, 'C', 0) != 1 ||
                    kitty_key(s, end, 'q', 0) != 2;
        k->coming = (KittyImage){.id = (uint32_t)kitty_key(s, end, 'i', 0),
                                 .x = x,
                                 .y = y,
                                 .cols = (int)kitty_key(s, end, 'c', 0),
                                 .rows = (int)kitty_key(s, end, 'r', 0)};
        k->n = 0;
    }
    kitty_append(k, body + 1, end);
    k->open = kitty_key(s, end, 'm', 0) == 1;
    if (!k->open) kitty_finish(k);
}

/* What is seen at a pixel of the screen: 0xRRGGBB, or -1. */
static inline int32_t kitty_pixel(const KittyModel *k, int px, int py, int cell_w, int cell_h)
{
    for (int i = 0; i < KITTY_IMAGES; i++) {
        const KittyImage *im = &k->image[i];
        int x = px - im->x * cell_w, y = py - im->y * cell_h;
        if (!im->id || x < 0 || y < 0 || x >= im->cols * cell_w || y >= im->rows * cell_h) continue;
        const uint8_t *p = im->rgba + ((size_t)(y * im->h / (im->rows * cell_h)) * (size_t)im->w +
                                       (size_t)(x * im->w / (im->cols * cell_w))) *
                                          4;
        if (p[3]) return p[0] << 16 | p[1] << 8 | p[2];
    }
    return -1;
}

static inline void kitty_close(KittyModel *k)
{
    kitty_forget(k, 0);
    free(k->data);
}
