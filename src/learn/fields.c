/* Configs by table, and exact numbers in checkpoints. */
#include "learn/fields.h"
#include "base/text.h"
#include "learn/augment.h"
#include "learn/views.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 16 };

static const void *place(const void *config, const Field *f)
{
    return (const char *)config + f->at;
}

static double number(const void *config, const Field *f)
{
    const void *p = place(config, f);
    if (f->kind == FIELD_INT) return *(const int *)p;
    if (f->kind == FIELD_U64) return (double)*(const uint64_t *)p;
    return f->kind == FIELD_FLOAT ? (double)*(const float *)p : *(const double *)p;
}

static bool is_number(FieldKind kind)
{
    return kind <= FIELD_DOUBLE;
}

bool fields_check(const void *config, const Field *f, int n, const char *what, Err *err)
{
    for (int i = 0; i < n; i++) {
        if (!is_number(f[i].kind)) continue;
        double x = number(config, &f[i]);
        if (!(x >= f[i].least && x <= f[i].most))
            return err_set(err, ERR_USAGE, "%s: %s must be %.12g to %.12g, not %.9g", what, f[i].key,
                           f[i].least, f[i].most, x);
    }
    return true;
}

/* The double that the shortest decimals of x stand for: prints short, reads back to x. */
static double decimal(float x)
{
    char text[64];
    return text_float(text, sizeof text, x) ? strtod(text, NULL) : (double)x;
}

static void put_recipe(Json *o, const char *key, const AugmentRecipe *r)
{
    char text[AUGMENT_TEXT];
    augment_text(text, r);
    json_put_str(o, key, text);
}

Json *fields_json(const void *config, const Field *f, int n)
{
    Json *o = json_make();
    for (int i = 0; i < n; i++) {
        const void *p = place(config, &f[i]);
        switch (f[i].kind) {
        case FIELD_INT:
            json_put_int(o, f[i].key, *(const int *)p);
            break;
        case FIELD_U64:
            json_put_int(o, f[i].key, (int64_t) * (const uint64_t *)p);
            break;
        case FIELD_FLOAT:
            json_put_num(o, f[i].key, decimal(*(const float *)p));
            break;
        case FIELD_DOUBLE:
            json_put_num(o, f[i].key, *(const double *)p);
            break;
        case FIELD_NAME:
            json_put_str(o, f[i].key, p);
            break;
        case FIELD_MAKER:
            json_put_str(o, f[i].key, views_name(*(const ViewMaker *)p));
            break;
        case FIELD_RECIPE:
            put_recipe(o, f[i].key, p);
            break;
        }
    }
    return o;
}

static bool read_number(void *p, const Field *f, const char *what, const Json *value, Err *err)
{
    int64_t whole = 0;
    double x = 0;
    bool integer = f->kind == FIELD_INT || f->kind == FIELD_U64;
    if (integer ? !json_value_int(value, &whole)
                : !json_value_num(value, &x) && !json_value_int(value, &whole))
        return err_set(err, ERR_FORMAT, "%s: %s must be a %s", what, f->key,
                       integer ? "whole number" : "number");
    if (integer || (x == 0 && whole)) x = (double)whole;
    if (!(x >= f->least && x <= f->most))
        return err_set(err, ERR_FORMAT, "%s: %s must be %.12g to %.12g", what, f->key, f->least, f->most);
    if (f->kind == FIELD_INT) *(int *)p = (int)whole;
    if (f->kind == FIELD_U64) *(uint64_t *)p = (uint64_t)whole;
    if (f->kind == FIELD_FLOAT) *(float *)p = (float)x;
    if (f->kind == FIELD_DOUBLE) *(double *)p = x;
    return true;
}

static bool read_text(void *p, const Field *f, const char *what, const Json *value, Err *err)
{
    const char *s;
    if (!json_value_str(value, &s)) return err_set(err, ERR_FORMAT, "%s: %s must be a text", what, f->key);
    if (f->kind == FIELD_MAKER) return views_named(p, s, err);
    if (f->kind == FIELD_RECIPE) return augment_parse(p, s, err);
    if (strlen(s) >= NAME)
        return err_set(err, ERR_FORMAT, "%s: %s is longer than %d bytes", what, f->key, NAME - 1);
    snprintf(p, NAME, "%s", s);
    return true;
}

bool fields_read(void *config, const Field *f, int n, const char *what, const Json *j, Err *err)
{
    if (!json_is_object(j)) return err_set(err, ERR_FORMAT, "%s: not a JSON object", what);
    for (JsonIter it = json_first(j); it.key; it = json_next(j, it)) {
        int i = 0;
        while (i < n && strcmp(f[i].key, it.key)) i++;
        if (i == n) return err_set(err, ERR_FORMAT, "%s: unknown key \"%s\"", what, it.key);
        void *p = (char *)config + f[i].at;
        if (is_number(f[i].kind) ? !read_number(p, &f[i], what, it.value, err)
                                 : !read_text(p, &f[i], what, it.value, err))
            return false;
    }
    return true;
}

void fact_put(Checkpoint *ck, const char *key, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    checkpoint_meta_int(ck, key, bits);
}

bool fact_get(double *out, const Checkpoint *ck, const char *key, double least, double most, Err *err)
{
    uint64_t bits;
    double x;
    if (!checkpoint_get_int(ck, key, &bits, err)) return false;
    memcpy(&x, &bits, sizeof x);
    if (!(x >= least && x <= most)) return err_set(err, ERR_FORMAT, "checkpoint: %s is out of range", key);
    *out = x;
    return true;
}

bool fact_get_float(float *out, const Checkpoint *ck, const char *key, double least, double most, Err *err)
{
    double x;
    if (!fact_get(&x, ck, key, least, most, err)) return false;
    *out = (float)x;
    return true;
}

bool fact_get_int(int *out, const Checkpoint *ck, const char *key, Err *err)
{
    uint64_t x;
    if (!checkpoint_get_int(ck, key, &x, err)) return false;
    if (x > INT_MAX) return err_set(err, ERR_FORMAT, "checkpoint: %s is out of range", key);
    *out = (int)x;
    return true;
}
