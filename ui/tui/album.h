/* Pictures made lately, found again by their address: whoever scrolls back finds them there.
 *
 *     const Image *seen = album_find(&album, &address, &id);      NULL: not there, ask the painter
 *     album_take(&album, painting, &taken);                       puts what is new in it there
 *
 * The least lately found go first when it is full; what was found for this frame is never among them as long
 * as a frame shows fewer than ALBUM_PICTURES. */
#pragma once
#include "engine/painter.h"

#define ALBUM_PICTURES 2048

typedef struct {
    uint64_t key[ALBUM_PICTURES], found[ALBUM_PICTURES], id[ALBUM_PICTURES];
    Image image[ALBUM_PICTURES];
    uint64_t time;
    int n;
} Album;

/* A number for an address: equal for equal ones, never 0 for one that can be printed. */
uint64_t album_key(const Address *a);
void album_close(Album *a);
/* The picture of an address and its id for canvas_picture (id may be NULL); it lives until the next
 * album_take. */
const Image *album_find(Album *a, const Address *address, uint64_t *id);
/* Copies the pictures of p from number *taken on that the album lacks, and moves *taken to what is done. */
void album_take(Album *a, const Painting *p, int *taken);
