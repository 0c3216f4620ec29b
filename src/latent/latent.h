/* From addresses to styles and pictures.
 *
 *     Latent *l = latent_new(g, 64, NULL, pool, err);
 *     latent_images(images, l, list, n, err);     any n
 *     latent_free(l);
 *
 * In this order: z of every seed or stored z; the view displaces every z; mapping with the class; the
 * source's weighted sum of w; mixes replace layers; psi pulls layers towards the class's mean w; edits add to
 * layers; synthesis with the noise; pixel operators. The view's pixel recipe belongs to learn/augment and is
 * not applied here. The result is a function of the address alone: never of batch, threads or neighbours in
 * the list. */
#pragma once
#include "latent/address.h"
#include "model/generator.h"

typedef struct Latent Latent;

/* Views of g, at most `batch` at a time; keeps g. store: folder of stored latents, NULL for the default one.
 */
Latent *latent_new(Generator *g, int batch, const char *store, Pool *pool, Err *err);
void latent_free(Latent *l);
const Generator *latent_generator(const Latent *l);

/* False, naming the field, unless a can be made by g: digest, class, layers, directions, view kind. Whether
 * the store holds the latents and directions of one's own that it names shows when it is made. */
bool latent_check(const Generator *g, const Address *a, Err *err);
/* styles (n, layers, w_dim) as they enter the synthesis. Seeds allocate nothing, stored latents are read from
 * their files; an error names the address's place in list. */
bool latent_resolve(float *styles, Latent *l, const Address *list, int n, Err *err);
/* images (n, C, H, W) in [-1, 1]. */
bool latent_images(float *images, Latent *l, const Address *list, int n, Err *err);
/* The z (z_dim) behind a seed or a stored z, displaced by a view of kind gauss: what GenRep calls T_z, a
 * normal of scale `strength` cut at two standard deviations (Jahanian et al. 2022, section 4), each value
 * drawn by its position from (mix of ref and counter, RNG_VIEW); of kind angular the same, brought to the
 * length that z had. A view of kind layers (a z for every layer, drawn from that mix mixed with the layer's
 * number) leaves it, and so do none and NULL. Stored w are refused. */
bool latent_z(float *z, const Latent *l, const LatentRef *ref, const AddressView *view, Err *err);
