/* What is measured of a view: the class a judge sees in it, how sure it is, how far it is from another view,
 * how real it looks and which real pictures are nearest. Screens ask for it through meter.h, the command line
 * directly.
 *
 *     Measure *m;  measure_open(&m, workspace, pool, err);
 *     while (measure_grow(m, 256, err)) {}                               realism and neighbours need the real
 * pictures measure_views(meter, m, list, n, &from, err);
 *
 * Space: the shipped judge's features (models/judge-fashion.safetensors, or VIEWSMITH_JUDGE) until another
 * encoder is given; classes are always the judge's. What cannot be measured is NAN or -1: a generator of
 * another kind of picture has no judge, a machine without data no neighbours. */
#pragma once
#include "engine/workspace.h"
#include "inspect/realism.h"
#include "latent/latent.h"

#define METER_CLASSES    3
#define METER_NEIGHBOURS 4

typedef struct {
    float distance;             /* 1 - cosine of features to those of `from`; NAN without it */
    int class[METER_CLASSES];   /* what the judge sees, best first; -1: no judge, or fewer classes */
    float share[METER_CLASSES]; /* ... and how much it believes it, 0..1 */
    float own;                  /* the judge's share of the class the address asks for; NAN without one */
    float entropy;              /* of all shares, in nats */
    float realism;              /* realism.h; NAN until the real pictures are known */
    float rank; /* share of real pictures that are less real by that measure, 0..1; NAN as it */
    int nearest[METER_NEIGHBOURS],
        label[METER_NEIGHBOURS];            /* real pictures, index in the training split; -1: none */
    float score[METER_NEIGHBOURS];          /* cosine */
    const Image *picture[METER_NEIGHBOURS]; /* live as long as the Reals they came from */
} Meter;

extern const Meter meter_none; /* nothing known */

typedef struct Measure Measure;

/* w and pool must outlive it. Without a judge or data it opens all the same; measure_why says what is
 * missing. */
bool measure_open(Measure **out, const Workspace *w, Pool *pool, Err *err);
void measure_close(Measure *m);
/* Measures in e's features from now on (kept; NULL: the judge's again). Real pictures are embedded anew. */
bool measure_encoder(Measure *m, Encoder *e, Err *err);
/* Works on the next `count` real pictures; false when nothing is left to do, or it failed (err). */
bool measure_grow(Measure *m, int count, Err *err);
bool measure_real(const Measure *m); /* realism and neighbours are known */
const Realism *
measure_reals(const Measure *m); /* NULL without data or encoder; keep it to keep Meter.picture alive */
const char *measure_space(const Measure *m);         /* "judge-fashion", "" without an encoder */
const char *measure_digest(const Measure *m);        /* of that encoder, "" without one */
int measure_features(const Measure *m);              /* floats of a view's features; 0 without an encoder */
void measure_unit(float *feature, const Measure *m); /* brings a view's features to length 1 */
const char *measure_data(const Measure *m);          /* "fashion-small", "" without */
const char *measure_why(const Measure *m);           /* one sentence on what is missing, "" when nothing is */
const char *measure_class(const Measure *m,
                          int class); /* what the judge calls it, "" when it does not know */

/* All at once: meter (n) of the views; from may be NULL. Any n. */
bool measure_views(Meter *meter, Measure *m, const Address *list, int n, const Address *from, Err *err);

/* The two halves of it, for who wants to measure again what has been seen. A view's floats: its features,
 * then the judge's shares of the classes; measure_floats of them. */
int measure_floats(const Measure *m);
bool measure_see(float *seen, Measure *m, const Address *list, int n, Err *err);
bool measure_judge(Meter *meter, const Measure *m, const float *seen, const Address *list, int n,
                   const float *from, Err *err);

/* What views can be put in order by. */
typedef enum {
    ORDER_SEED,
    ORDER_CLASS,
    ORDER_ENTROPY,
    ORDER_REALISM,
    ORDER_DISTANCE,
    ORDER_COUNT
} MeterOrder;
const char *meter_order_name(MeterOrder o); /* "seed", "class", "unsure", "realism", "distance" */
const char *meter_order_says(MeterOrder o); /* "least real first" */
bool meter_order_named(MeterOrder *out, const char *name, Err *err);
/* The number it goes by; larger comes first. NAN: not known, comes last. ORDER_SEED: NAN. */
float meter_order_value(const Meter *m, MeterOrder o);
/* order (n): the places of meter (n), corner cases first (least sure, least real, farthest, least of what was
 * asked for); ties stay as they were. */
void meter_sort(int *order, const Meter *meter, int n, MeterOrder o);
