/* A person's own directions: learnt from tagged views, kept beside the stored latents, used in addresses by
 * name and hash
 * ("heel.1a2b3c4d=1.5"), so that an address means the same wherever the file is.
 *
 *     STORE/directions/heel.1a2b3c4d.safetensors      strict, format "viewsmith-direction 1"
 *
 * The hash is of the vector. A direction belongs to the weights of a generator, not to its name or its other
 * directions. */
#pragma once
#include "base/json.h"
#include "latent/latent.h"
#include "latent/store.h"
#include "model/encoder.h"

#define OWN_DIRECTIONS_MAX 256 /* of one's own that are listed */

/* One of one's own. */
typedef struct {
    char dir[ADDRESS_DIR_MAX + 1]; /* NAME.8hex: as steering commands and edits name it */
    Direction is;                  /* name without hash, vector, caption ... */
    char *card;                    /* JSON object: how it was learnt */
} OwnDirection;

typedef struct {
    OwnDirection *own; /* sorted by dir */
    int n;
} OwnDirections;

/* Keeps vector (w_dim, scaled to one standard deviation of w along it) under a name (slug of at most 38
 * characters that no direction of g has); out: how to refer to it. card: a JSON object or NULL; its
 * "caption" is the direction's. The same vector and name again change nothing but the card. */
bool direction_put(char out[ADDRESS_DIR_MAX + 1], const LatentStore *s, const Generator *g, const char *name,
                   const float *vector, const char *card, Err *err);
/* vector (w_dim) of NAME.8hex; refuses damage, and a vector of another length. What is known of it into *is
 * and *card (JSON, caller frees), either may be NULL; is->vector is then `vector`. */
bool direction_get(float *vector, Direction *is, char **card, const LatentStore *s, const Generator *g,
                   const char *dir, Err *err);
/* All that were made for the weights of g; damaged files are left out. The caller ends with directions_free.
 */
bool direction_list(OwnDirections *out, const LatentStore *s, const Generator *g, Err *err);
void directions_free(OwnDirections *d);
/* Removes the file. Addresses that use it can then not be made any more. */
bool direction_drop(const LatentStore *s, const char *dir, Err *err);
/* Copies its file, and takes such a file in; the name comes from within. */
bool direction_export(const LatentStore *s, const char *dir, const char *path, Err *err);
bool direction_import(char out[ADDRESS_DIR_MAX + 1], const LatentStore *s, const Generator *g,
                      const char *path, Err *err);
/* What a person may write for a direction, as commands want it: a name of g's own stays, a name of one's own
 * gets its hash (it must be the only one of that name), one with its hash must be there. */
bool direction_word(char out[ADDRESS_DIR_MAX + 1], const LatentStore *s, const Generator *g, const char *word,
                    Err *err);

/* --- learning
 * ------------------------------------------------------------------------------------------------ */

/* How a learnt direction relates to a named one: correlation of the two along w (-1..1), before and after it
 * was made independent of those it was to be kept apart from. */
typedef struct {
    char dir[ADDRESS_DIR_MAX + 1];
    float before, after;
    bool apart;
} DirectionCosine;

typedef struct {
    int plus, minus; /* views */
    double accuracy, accuracy_low,
        accuracy_high;       /* on views it was not learnt from (five folds), 95 % Wilson interval */
    double accuracy_apart;   /* the same after orthogonalisation, with the boundary moved to suit */
    float kept;              /* share of its length that orthogonalisation left, 0..1 */
    DirectionCosine *cosine; /* with every direction of g and one's own, largest |after| first */
    int cosines;
} DirectionReport;

/* Learns vector (w_dim) that leads from `minus` views to `plus` views: the boundary of a logistic regression
 * between their w around the means of their classes (InterFaceGAN, Shen et al. 2020), turned to the most
 * likely way across it, then made independent of the directions `apart` (as direction_word takes them). At
 * least 4 views on either side. *report ends with direction_report_free. */
bool direction_learn(float *vector, DirectionReport *report, Latent *l, const LatentStore *s,
                     const Address *plus, int pluses, const Address *minus, int minuses,
                     const char *const *apart, int aparts, Err *err);
void direction_report_free(DirectionReport *r);
/* For the card: the figures above. */
Json *direction_report_json(const DirectionReport *r);

/* --- what a direction does
 * ----------------------------------------------------------------------------------- */

typedef enum {
    EFFECT_BRIGHT,
    EFFECT_CONTRAST,
    EFFECT_AREA,
    EFFECT_WIDTH,
    EFFECT_HEIGHT,
    EFFECT_X,
    EFFECT_Y,
    EFFECT_TILT,
    EFFECTS
} EffectKind;

/* The mean change of pictures from a direction's low amount to its high one (-1.5 and 1.5 where these are not
 * known), each figure in its own standard deviations over plain views of one class, so that they compare. */
typedef struct {
    float change[EFFECTS];
    float picture;    /* mean absolute change of a pixel, 0..255 */
    float drift;      /* share of views that the judge puts into another class; NaN without a judge */
    char caption[64]; /* what more of it does, most first: "wider, darker" */
} DirectionEffect;

/* effect[n] of the directions dir[n] (as edits name them), each on the same `views` plain views of all
 * classes. judge may be NULL. going (may be NULL) is asked before every direction with the number done; false
 * from it stops (ERR_CANCELLED). */
bool direction_describe(DirectionEffect *effect, Latent *l, const char *const *dir, int n, int views,
                        const Encoder *judge, bool (*going)(void *ctx, int done), void *ctx, Err *err);
