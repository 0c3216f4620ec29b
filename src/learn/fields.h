/* A config described by a table: its ranges, its JSON, and single numbers in a checkpoint, bit for bit. */
#pragma once
#include "base/json.h"
#include "data/checkpoint.h"

typedef enum {
    FIELD_INT,
    FIELD_U64,   /* up to 2^63 - 1 */
    FIELD_FLOAT, /* JSON holds the shortest decimals that read back to it */
    FIELD_DOUBLE,
    FIELD_NAME,  /* char[16] */
    FIELD_MAKER,  /* ViewMaker, by name */
    FIELD_RECIPE, /* AugmentRecipe, as text */
    FIELD_OBJECTIVE, /* Objective, by name */
    FIELD_KINDS,     /* uint32_t kinds of a ViewPlan, as text */
    FIELD_LAYERS     /* float[ADDRESS_LAYERS_MAX] strengths of a ViewPlan, as text */
} FieldKind;

typedef struct {
    const char *key;
    FieldKind kind;
    size_t at;          /* in the config */
    double least, most; /* of numbers */
} Field;

/* False, naming the field and its range, unless every number is inside. `what` names the config. */
bool fields_check(const void *config, const Field *f, int n, const char *what, Err *err);
/* One member for each field, in order; the caller drops it. */
Json *fields_json(const void *config, const Field *f, int n);
/* Overwrites the fields that j has; refuses keys that are not in the table, wrong types and ranges. */
bool fields_read(void *config, const Field *f, int n, const char *what, const Json *j, Err *err);

/* Sets the field `key` from a word, as a command line has it; errors as above. */
bool fields_set(void *config, const Field *f, int n, const char *what, const char *key, const char *word, Err *err);

/* A number as its bits. */
void fact_put(Checkpoint *ck, const char *key, double x);
bool fact_get(double *out, const Checkpoint *ck, const char *key, double least, double most, Err *err);
bool fact_get_float(float *out, const Checkpoint *ck, const char *key, double least, double most, Err *err);
bool fact_get_int(int *out, const Checkpoint *ck, const char *key, Err *err); /* 0 .. 2^31 - 1 */
