/* Configs by table, and exact numbers in checkpoints. */
#include "learn/fields.h"
#include "base/text.h"
#include "learn/augment.h"
#include "learn/objectives.h"
#include "learn/views.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 16, TEXT = VIEW_LAYERS_TEXT };
_Static_assert(AUGMENT_TEXT <= TEXT && VIEW_KINDS_TEXT <= TEXT, "every text of a config fits");

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

static void say_name(char out[TEXT], const void *p)
{
    snprintf(out, NAME, "%s", (const char *)p);
}

static void say_maker(char out[TEXT], const void *p)
{
    snprintf(out, TEXT, "%s", views_name(*(const ViewMaker *)p));
}

static void say_recipe(char out[TEXT], const void *p)
{
    augment_text(out, p);
}

static void say_objective(char out[TEXT], const void *p)
{
    snprintf(out, TEXT, "%s", objective_name(*(const Objective *)p));
}

static void say_kinds(char out[TEXT], const void *p)
{
    view_kinds_text(out, *(const uint32_t *)p);
}

static void say_layers(char out[TEXT], const void *p)
{
    view_layers_text(out, p);
}

static bool hear_name(void *p, const char *text, Err *err)
{
    if (strlen(text) >= NAME)
        return err_set(err, ERR_FORMAT, "\"%.40s\" is longer than %d bytes", text, NAME - 1);
    snprintf(p, NAME, "%s", text);
    return true;
}

static bool hear_maker(void *p, const char *text, Err *err)
{
    return views_named(p, text, err);
}

static bool hear_recipe(void *p, const char *text, Err *err)
{
    return augment_parse(p, text, err);
}

static bool hear_objective(void *p, const char *text, Err *err)
{
    return objective_named(p, text, err);
}

static bool hear_kinds(void *p, const char *text, Err *err)
{
    return view_kinds_read(p, text, err);
}

static bool hear_layers(void *p, const char *text, Err *err)
{
    return view_layers_read(p, text, err);
}

/* Kinds that are texts in JSON. */
static const struct {
    void (*say)(char out[TEXT], const void *p);
    bool (*hear)(void *p, const char *text, Err *err);
} texts[] = {
    [FIELD_NAME] = {say_name, hear_name},       [FIELD_MAKER] = {say_maker, hear_maker},
    [FIELD_RECIPE] = {say_recipe, hear_recipe}, [FIELD_OBJECTIVE] = {say_objective, hear_objective},
    [FIELD_KINDS] = {say_kinds, hear_kinds},    [FIELD_LAYERS] = {say_layers, hear_layers},
};

static void put_field(Json *o, const Field *f, const void *p)
{
    char text[TEXT];
    if (f->kind == FIELD_INT) {
        json_put_int(o, f->key, *(const int *)p);
    } else if (f->kind == FIELD_U64) {
        json_put_int(o, f->key, (int64_t) * (const uint64_t *)p);
    } else if (is_number(f->kind)) {
        json_put_num(o, f->key, f->kind == FIELD_FLOAT ? decimal(*(const float *)p) : *(const double *)p);
    } else {
        texts[f->kind].say(text, p);
        json_put_str(o, f->key, text);
    }
}

Json *fields_json(const void *config, const Field *f, int n)
{
    Json *o = json_make();
    for (int i = 0; i < n; i++) put_field(o, &f[i], place(config, &f[i]));
    return o;
}

/* A number in its range, given as one that is whole or one that is not. */
static bool store_number(void *p, const Field *f, const char *what, double x, uint64_t whole, Err *err)
{
    if (!(x >= f->least && x <= f->most))
        return err_set(err, ERR_FORMAT, "%s: %s must be %.12g to %.12g", what, f->key, f->least, f->most);
    if (f->kind == FIELD_INT) *(int *)p = (int)whole;
    if (f->kind == FIELD_U64) *(uint64_t *)p = whole;
    if (f->kind == FIELD_FLOAT) *(float *)p = (float)x;
    if (f->kind == FIELD_DOUBLE) *(double *)p = x;
    return true;
}

static bool is_whole(const Field *f)
{
    return f->kind == FIELD_INT || f->kind == FIELD_U64;
}

static bool wrong_number(const Field *f, const char *what, Err *err)
{
    return err_set(err, ERR_FORMAT, "%s: %s must be a %s", what, f->key,
                   is_whole(f) ? "whole number" : "number");
}

static bool read_number(void *p, const Field *f, const char *what, const Json *value, Err *err)
{
    int64_t whole = 0;
    double x = 0;
    bool got = is_whole(f) ? json_value_int(value, &whole)
                           : json_value_num(value, &x) || json_value_int(value, &whole);
    if (!got) return wrong_number(f, what, err);
    if (is_whole(f) || (x == 0 && whole)) x = (double)whole;
    return store_number(p, f, what, x, (uint64_t)whole, err);
}

static bool hear_number(void *p, const Field *f, const char *what, const char *word, Err *err)
{
    char *end;
    double x = strtod(word, &end);
    if (end == word || *end) return wrong_number(f, what, err);
    uint64_t whole = 0;
    if (is_whole(f)) {
        whole = strtoull(word, &end, 10);
        if (*word == '-' || *end) return wrong_number(f, what, err);
    }
    return store_number(p, f, what, x, whole, err);
}

static bool read_text(void *p, const Field *f, const char *what, const Json *value, Err *err)
{
    const char *s;
    if (!json_value_str(value, &s)) return err_set(err, ERR_FORMAT, "%s: %s must be a text", what, f->key);
    return texts[f->kind].hear(p, s, err);
}

/* Where key is in the table; -1, and an error, when it is not. */
static int find(const Field *f, int n, const char *what, const char *key, Err *err)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(f[i].key, key)) return i;
    err_set(err, ERR_FORMAT, "%s: unknown key \"%s\"", what, key);
    return -1;
}

bool fields_read(void *config, const Field *f, int n, const char *what, const Json *j, Err *err)
{
    if (!json_is_object(j)) return err_set(err, ERR_FORMAT, "%s: not a JSON object", what);
    for (JsonIter it = json_first(j); it.key; it = json_next(j, it)) {
        int i = find(f, n, what, it.key, err);
        if (i < 0) return false;
        void *p = (char *)config + f[i].at;
        if (is_number(f[i].kind) ? !read_number(p, &f[i], what, it.value, err)
                                 : !read_text(p, &f[i], what, it.value, err))
            return false;
    }
    return true;
}

bool fields_set(void *config, const Field *f, int n, const char *what, const char *key, const char *word,
                Err *err)
{
    int i = find(f, n, what, key, err);
    if (i < 0) return false;
    void *p = (char *)config + f[i].at;
    return is_number(f[i].kind) ? hear_number(p, &f[i], what, word, err)
                                : texts[f[i].kind].hear(p, word, err);
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
