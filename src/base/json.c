/* JSON: values are jansson's; numbers are written in the fewest digits that read back. */
#include "base/json.h"
#include "base/text.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NESTING_MAX = 64 };

/* Marks an array or object of which a part was lost for want of memory: a bit of jansson's reference count
 * that no count reaches. It needs no memory itself; json_drop takes it off again. */
#define LOST ((size_t)1 << (8 * sizeof(size_t) - 2))

/* jansson's constants (null, true, false) are shared and never counted. */
static bool is_counted(const Json *j)
{
    return j->refcount != (size_t)-1;
}

static void mark_lost(Json *j)
{
    if (j && is_counted(j)) j->refcount |= LOST;
}

static void take_marks_off(Json *j)
{
    const char *key;
    json_t *child;
    size_t i;
    if (is_counted(j)) j->refcount &= ~LOST;
    if (json_is_object(j)) json_object_foreach(j, key, child) take_marks_off(child);
    if (json_is_array(j)) json_array_foreach(j, i, child) take_marks_off(child);
}

Json *json_make(void)
{
    return json_object();
}

Json *json_make_array(void)
{
    return json_array();
}

void json_drop(Json *j)
{
    if (!j) return;
    take_marks_off(j);
    json_decref(j);
}

void json_put(Json *o, const char *key, Json *child)
{
    if (!o)
        json_drop(child);
    else if (json_object_set_new(o, key, child) < 0)
        mark_lost(o);
}

void json_add(Json *array, Json *child)
{
    if (!array)
        json_drop(child);
    else if (json_array_append_new(array, child) < 0)
        mark_lost(array);
}

static Json *number(double x)
{
    return __builtin_isfinite(x) ? json_real(x) : json_null();
}

/* Text that is not UTF-8 (a file name, say) is kept readable rather than lost. */
static Json *string(const char *s)
{
    Json *j = json_string(s);
    if (j) return j;
    size_t cap = 3 * strlen(s) + 1;
    char *safe = malloc(cap);
    if (!safe) return NULL;
    text_safe(safe, cap, s);
    j = json_string(safe);
    free(safe);
    return j;
}

void json_put_num(Json *o, const char *key, double x)
{
    json_put(o, key, number(x));
}

void json_put_int(Json *o, const char *key, int64_t x)
{
    json_put(o, key, json_integer(x));
}

void json_put_bool(Json *o, const char *key, bool x)
{
    json_put(o, key, json_boolean(x));
}

void json_put_str(Json *o, const char *key, const char *s)
{
    json_put(o, key, string(s));
}

void json_put_interval(Json *o, const char *key, double low, double high)
{
    Json *pair = json_make_array();
    json_add_num(pair, low);
    json_add_num(pair, high);
    json_put(o, key, pair);
}

void json_add_num(Json *array, double x)
{
    json_add(array, number(x));
}

void json_add_int(Json *array, int64_t x)
{
    json_add(array, json_integer(x));
}

void json_add_str(Json *array, const char *s)
{
    json_add(array, string(s));
}

/* Brackets outside strings, before jansson sees the text: its own limit is 2048 deep, and what walks the
 * values later recurses. */
static bool nesting_allowed(const char *text, size_t size)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > NESTING_MAX)
            return false;
        else if (!quoted && (c == ']' || c == '}'))
            depth--;
    }
    return true;
}

Json *json_parse(const char *text, size_t size, const char *what, Err *err)
{
    json_error_t why;
    if (!nesting_allowed(text, size)) {
        err_set(err, ERR_FORMAT, "%s: JSON nested more than %d deep", what, NESTING_MAX);
        return NULL;
    }
    Json *j = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (j) return j;
    if (json_error_code(&why) == json_error_out_of_memory)
        err_nomem(err, what);
    else
        err_set(err, ERR_FORMAT, "%s: line %d, column %d: %s", what, why.line, why.column, why.text);
    return NULL;
}

const Json *json_get(const Json *o, const char *key)
{
    return json_object_get(o, key);
}

double json_num(const Json *o, const char *key, double otherwise)
{
    json_value_num(json_get(o, key), &otherwise);
    return otherwise;
}

int64_t json_int(const Json *o, const char *key, int64_t otherwise)
{
    json_value_int(json_get(o, key), &otherwise);
    return otherwise;
}

bool json_bool(const Json *o, const char *key, bool otherwise)
{
    const Json *j = json_get(o, key);
    return json_is_boolean(j) ? json_is_true(j) : otherwise;
}

const char *json_str(const Json *o, const char *key, const char *otherwise)
{
    json_value_str(json_get(o, key), &otherwise);
    return otherwise;
}

size_t json_count(const Json *j)
{
    return json_is_object(j) ? json_object_size(j) : json_array_size(j);
}

const Json *json_at(const Json *array, size_t i)
{
    return json_array_get(array, i);
}

/* In brackets, because jansson has macros of these names. */
bool(json_is_object)(const Json *j)
{
    return json_is_object(j);
}

bool(json_is_array)(const Json *j)
{
    return json_is_array(j);
}

bool json_value_str(const Json *j, const char **out)
{
    if (json_is_string(j)) *out = json_string_value(j);
    return json_is_string(j);
}

bool json_value_int(const Json *j, int64_t *out)
{
    if (json_is_integer(j)) *out = json_integer_value(j);
    return json_is_integer(j);
}

bool json_value_bool(const Json *j, bool *out)
{
    if (!json_is_boolean(j)) return false;
    *out = json_is_true(j);
    return true;
}

bool json_value_num(const Json *j, double *out)
{
    if (json_is_number(j)) *out = json_number_value(j);
    return json_is_number(j);
}

static Json *own(const Json *j)
{
    return (Json *)(uintptr_t)j;
}

Json *json_keep(const Json *j)
{
    return json_incref(own(j));
}

static JsonIter iter_at(void *at)
{
    return at ? (JsonIter){json_object_iter_key(at), json_object_iter_value(at), at}
              : (JsonIter){NULL, NULL, NULL};
}

JsonIter json_first(const Json *o)
{
    return iter_at(json_object_iter(own(o)));
}

JsonIter json_next(const Json *o, JsonIter it)
{
    return iter_at(json_object_iter_next(own(o), it.opaque));
}

/* The text so far; failed once memory ran out or a lost value was met. */
typedef struct {
    char *text;
    size_t used, cap;
    bool failed;
} Out;

static void out_bytes(Out *out, const char *s, size_t size)
{
    if (out->failed) return;
    if (size >= out->cap - out->used) {
        size_t cap = 2 * out->cap + size + 64;
        char *text = realloc(out->text, cap);
        out->failed = !text;
        if (out->failed) return;
        out->text = text;
        out->cap = cap;
    }
    memcpy(out->text + out->used, s, size);
    out->used += size;
    out->text[out->used] = '\0';
}

static void out_text(Out *out, const char *s)
{
    out_bytes(out, s, strlen(s));
}

/* Everything outside printable ASCII as \u, so that a line of JSON cannot drive a terminal either. */
static void out_string(Out *out, const char *s)
{
    char escape[16];
    uint32_t c;
    out_text(out, "\"");
    while ((c = text_next(&s)) != 0) {
        char plain = (char)c;
        if (c == '"' || c == '\\')
            snprintf(escape, sizeof escape, "\\%c", plain);
        else if (c == '\n')
            snprintf(escape, sizeof escape, "\\n");
        else if (c >= 0x20 && c < 0x7F)
            snprintf(escape, sizeof escape, "%c", plain);
        else if (c < 0x10000)
            snprintf(escape, sizeof escape, "\\u%04x", c);
        else
            snprintf(escape, sizeof escape, "\\u%04x\\u%04x", 0xD7C0 + (c >> 10), 0xDC00 + (c & 0x3FF));
        out_text(out, escape);
    }
    out_text(out, "\"");
}

/* The fewest of 15 to 17 digits that read back. The locale's decimal point, whatever its bytes, becomes ".".
 */
static void out_real(Out *out, double x)
{
    char raw[64], text[64];
    int used = 0;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(raw, sizeof raw, "%.*g", digits, x);
        if (strtod(raw, NULL) == x) break;
    }
    bool real = false;
    for (const char *p = raw; *p; p++) {
        bool kept = strchr("0123456789+-e", *p) != NULL;
        real = real || !kept || *p == 'e';
        if (kept)
            text[used++] = *p;
        else if (used > 0 && text[used - 1] != '.')
            text[used++] = '.';
    }
    text[used] = '\0';
    out_text(out, text);
    if (!real) out_text(out, ".0");
}

static void out_value(Out *out, const Json *j);

static void out_object(Out *out, const Json *o)
{
    out_text(out, "{");
    for (JsonIter it = json_first(o), first = it; it.key; it = json_next(o, it)) {
        if (it.opaque != first.opaque) out_text(out, ",");
        out_string(out, it.key);
        out_text(out, ":");
        out_value(out, it.value);
    }
    out_text(out, "}");
}

static void out_array(Out *out, const Json *array)
{
    out_text(out, "[");
    for (size_t i = 0; i < json_count(array); i++) {
        if (i > 0) out_text(out, ",");
        out_value(out, json_at(array, i));
    }
    out_text(out, "]");
}

static void out_value(Out *out, const Json *j)
{
    char integer[32];
    if (is_counted(j) && (j->refcount & LOST)) out->failed = true;
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        out_object(out, j);
        break;
    case JSON_ARRAY:
        out_array(out, j);
        break;
    case JSON_STRING:
        out_string(out, json_string_value(j));
        break;
    case JSON_REAL:
        out_real(out, json_real_value(j));
        break;
    case JSON_INTEGER:
        snprintf(integer, sizeof integer, "%lld", (long long)json_integer_value(j));
        out_text(out, integer);
        break;
    case JSON_TRUE:
        out_text(out, "true");
        break;
    case JSON_FALSE:
        out_text(out, "false");
        break;
    case JSON_NULL:
        out_text(out, "null");
        break;
    }
}

char *json_text(const Json *j)
{
    Out out = {0};
    if (!j) return NULL;
    out_value(&out, j);
    if (!out.failed) return out.text;
    free(out.text);
    return NULL;
}
