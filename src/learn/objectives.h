/* What an encoder is trained for: one table, each row a loss on the encoder's head with its closed-form gradient.
 *
 *     Objective o;  objective_named(&o, "supcon", err);
 *     objective_encoder(&config, o, &sizes, err);                 the head that it trains
 *     loss = objective_loss(o, &batch);                           batch.dh holds the gradient
 *
 * A batch has 2N rows; row i and i+N are two views of one picture. */
#pragma once
#include "base/pool.h"
#include "model/encoder.h"

typedef enum {
    HEAD_PROJECTION, /* the size's own: hidden layer, small output; thrown away after training */
    HEAD_EXPANDER,   /* the same, EXPANDED wide */
    HEAD_LATENT,     /* linear, to the dimensions of z */
    HEAD_CLASSES     /* linear, to the classes */
} ObjectiveHead;

/* labels, latents: what of the rows it must be told. contrasts: its similarities are its own, of the head's rows.
 * rate: the learning rate it starts from where none is said.
 *    id          name          head             labels latents contrasts rate   what it is */
#define OBJECTIVES(X)                                                                                             \
    X(NTXENT,     "ntxent",     HEAD_PROJECTION, false, false,  true,     0.12f, "two views of one picture alike, all others apart (SimCLR)") \
    X(SUPCON,     "supcon",     HEAD_PROJECTION, true,  false,  true,     0.12f, "all views of one class alike, all others apart")  \
    X(INVERTER,   "inverter",   HEAD_LATENT,     false, true,   false,    0.2f, "the z that a view was made of, by a linear head") \
    X(SUPERVISED, "supervised", HEAD_CLASSES,    true,  false,  false,    0.1f,  "the class, by a linear head: cross-entropy")      \
    X(VICREG,     "vicreg",     HEAD_EXPANDER,   false, false,  false,    0.02f, "two views alike, dimensions spread and unlike; no negatives")

typedef enum {
#define X(id, name, head, labels, latents, contrasts, rate, help) OBJECTIVE_##id,
    OBJECTIVES(X)
#undef X
        OBJECTIVE_COUNT
} Objective;

const char *objective_name(Objective o);
const char *objective_help(Objective o);
ObjectiveHead objective_head(Objective o);
bool objective_labels(Objective o);
bool objective_latents(Objective o);
bool objective_contrasts(Objective o);
float objective_rate(Objective o);
/* The error lists the names. */
bool objective_named(Objective *out, const char *name, Err *err);

/* Of pictures (channels, side, side), with that many classes (0: none) and dimensions of z (0: none). Refused where the
 * objective needs what there is none of. */
bool objective_encoder(EncoderConfig *out, Objective o, const char *size, int channels, int side, int classes, int z_dim,
                       Err *err);

typedef struct {
    int pairs, dim;      /* N; D of the head's output */
    const float *h;      /* (2N,D) */
    float *dh;           /* (2N,D), written */
    const int *label;    /* (2N), where labels are needed */
    const float *target; /* (2N,D), where latents are */
    const int *origin;   /* (2N): rows of one origin show the same picture and are no negatives (ntxent); NULL: none do */
    float tau, factor;   /* of those that contrast: temperature, and what the loss is multiplied by (supcon) */
    float *similarity;   /* (2N,2N), of those that contrast: cosine / tau after, -inf on the diagonal */
    float *scratch;      /* objective_scratch floats, 64-byte aligned */
    Pool *pool;
    int hits;            /* right answers among 2N, of the supervised one; else -1 */
} ObjectiveBatch;

size_t objective_scratch(Objective o, int pairs, int dim);
double objective_loss(Objective o, ObjectiveBatch *b);
