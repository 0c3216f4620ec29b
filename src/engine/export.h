/* Pictures that leave the program: views, walls, strips and sheets as PNG with the addresses that make them
 * again.
 *
 * Text chunks: "viewsmith" = {"address": "vs1:..."}, with several views {"address": first, "addresses":
 * [...]}, and "tensors": {"w.HASH.f32": base64} where they refer to some; "parameters" = one line for people.
 */
#pragma once
#include "base/json.h"
#include "data/image.h"
#include "engine/workspace.h"
#include "inspect/neighbours.h"
#include "latent/latent.h"
#include "latent/store.h"

/* Images of n addresses as bytes at their own size; image[n] is filled, the caller frees each. */
bool export_images(Image *image, Latent *l, const Address *list, int n, Err *err);
/* One view, enlarged `scale` times without smoothing (1: as it is). */
bool export_view(const char *path, Latent *l, const Address *a, int scale, Err *err);
/* A sheet of the views, `cols` to a row. title: the "parameters" line. */
bool export_wall(const char *path, Latent *l, const Address *list, int n, int cols, int scale,
                 const char *title, Err *err);
/* The same of pictures that were made already: tile (n), all of one size. */
bool export_sheet(const char *path, const Image *tile, const Address *list, int n, int cols, int scale,
                  const char *title, Err *err);
/* The strip of a direction (the model's, or NAME.8hex): n addresses from a with dir at evenly spaced amounts
 * from low to high. */
bool export_strip_addresses(Address *out, int n, const Address *a, const Generator *g, const char *dir,
                            float low, float high, Err *err);
/* The picture asked about, then its neighbours, a row per space, score and class under each. title:
 * "parameters". */
typedef struct {
    const char *title; /* "encoder" */
    const Neighbour *hit;
    int hits;
} SheetRow;
bool export_neighbours(const char *path, const Image *query, const char *query_name, const Dataset *data,
                       const SheetRow *row, int rows, const Address *address, const char *title, Err *err);
/* Writes any picture with the chunks of these addresses (n may be 0). */
bool export_png(const char *path, const Image *im, const Address *list, int n, const char *title, Err *err);
/* The same in memory: *bytes is malloc'ed (caller frees). */
bool export_png_bytes(uint8_t **bytes, size_t *size, const Image *im, const Address *list, int n,
                      const char *title, Err *err);
/* Reads the first address out of a picture's chunk "viewsmith" and puts the tensors that it carries for it
 * into the store. */
bool export_address(Address *out, const char *chunk, Err *err);
/* Puts the tensors that a's chunk carries for it into the store, as far as they are not there. */
bool export_parts(const Json *chunk, const Address *a, const LatentStore *store, Err *err);
