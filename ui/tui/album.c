/* The album: keys side by side, looked through from the front. */
#include "tui/album.h"
#include "tui/canvas.h"
#include <string.h>

/* FNV-1a of the canonical text. */
uint64_t album_key(const Address *a)
{
    char text[ADDRESS_BYTES_MAX + 1];
    uint64_t h = 0xcbf29ce484222325u;
    if (!address_print(text, a, NULL)) return 0;
    for (const char *p = text; *p; p++) h = (h ^ (uint8_t)*p) * 0x100000001b3u;
    return h ? h : 1;
}

static int place_of(const Album *a, uint64_t key)
{
    for (int i = 0; i < a->n; i++)
        if (a->key[i] == key) return i;
    return -1;
}

const Image *album_find(Album *a, const Address *address, uint64_t *id)
{
    int i = place_of(a, album_key(address));
    if (i < 0) return NULL;
    a->found[i] = ++a->time;
    if (id) *id = a->id[i];
    return &a->image[i];
}

static int free_place(Album *a)
{
    int oldest = 0;
    if (a->n < ALBUM_PICTURES) return a->n++;
    for (int i = 1; i < a->n; i++)
        if (a->found[i] < a->found[oldest]) oldest = i;
    image_free(&a->image[oldest]);
    return oldest;
}

static void put(Album *a, const Address *address, const Image *image)
{
    Image copy;
    uint64_t key = album_key(address);
    if (!key || place_of(a, key) >= 0 || !image_copy(&copy, image, NULL)) return;
    int i = free_place(a);
    a->key[i] = key;
    a->image[i] = copy;
    a->id[i] = canvas_image_id(&copy);
    a->found[i] = ++a->time;
}

void album_take(Album *a, const Painting *p, int *taken)
{
    for (; *taken < p->done; ++*taken) put(a, &p->address[*taken], &p->image[*taken]);
}

void album_close(Album *a)
{
    for (int i = 0; i < a->n; i++) image_free(&a->image[i]);
    a->n = 0;
}
