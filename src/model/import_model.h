/* From an Imported to what the rest of the program works with. Both leave *m to the caller, who frees it. */
#pragma once
#include "model/encoder.h"
#include "model/generator.h"
#include "model/import.h"

/* Pictures arrive in [-1, 1] whatever the file wants, features (N, D) leave. A classifier without features
 * gives what its last linear layer reads, or its logits where there is none. */
bool encoder_import(Encoder **out, const Imported *m, const char *name, Err *err);
/* Styles w (w_dim) for each layer; pictures in [-1, 1]. What the file does not say is taken for granted:
 * normal latents, pictures in
 * [-1, 1]. Means and directions are measured. pool may be NULL. */
bool generator_import(Generator **out, const Imported *m, const char *slug, Pool *pool, Err *err);
/* "normal", "uniform", "truncated"; false: neither. */
bool generator_latent(LatentKind *out, const char *name);
const char *generator_latent_name(LatentKind kind);
/* Weights of `from` in a net that holds its values at to_value (graph_append). */
void import_weights(Weights *to, const Weights *from, const ValueId *to_value);
/* A name for addresses from a path: what of its last part fits, else "model". */
void import_slug(char out[40], const char *path);
