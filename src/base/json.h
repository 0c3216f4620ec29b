/* JSON values (jansson behind it): strict reading, compact writing with sorted insertion order kept.
 *
 *     Json *o = json_make();  json_put_num(o, "linear", 0.87);  char *line = json_text(o);  json_drop(o);
 *
 * A failed allocation is remembered in the object and makes json_text return NULL. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

typedef struct json_t Json;

Json *json_make(void);       /* an object */
Json *json_make_array(void); /* an array */
void json_drop(Json *j);
void json_put_num(Json *o, const char *key, double x); /* NaN and Inf are written as null */
void json_put_int(Json *o, const char *key, int64_t x);
void json_put_bool(Json *o, const char *key, bool x);
void json_put_str(Json *o, const char *key, const char *s);
void json_put(Json *o, const char *key, Json *child); /* takes child over */
void json_put_interval(Json *o, const char *key, double low, double high); /* "key": [low, high] */
void json_add(Json *array, Json *child);              /* takes child over */
void json_add_num(Json *array, double x);
void json_add_int(Json *array, int64_t x);
void json_add_str(Json *array, const char *s);
Json *json_keep(const Json *j);                       /* one more owner of the same value; json_drop ends each */
char *json_text(const Json *j); /* one line without newline; caller frees */

/* Parses one value; refuses duplicate keys and nesting over 64. `what` names the source in the error. */
Json *json_parse(const char *text, size_t size, const char *what, Err *err);
const Json *json_get(const Json *o, const char *key); /* NULL when absent */
double json_num(const Json *o, const char *key, double otherwise);
int64_t json_int(const Json *o, const char *key, int64_t otherwise);
bool json_bool(const Json *o, const char *key, bool otherwise);
const char *json_str(const Json *o, const char *key, const char *otherwise); /* owned by o */
size_t json_count(const Json *j); /* elements or members */
const Json *json_at(const Json *array, size_t i);
bool json_is_object(const Json *j);
bool json_is_array(const Json *j);
bool json_value_str(const Json *j, const char **out); /* this very value, when it has the type */
bool json_value_int(const Json *j, int64_t *out);
bool json_value_num(const Json *j, double *out);
bool json_value_bool(const Json *j, bool *out);
/* Members in order: for (JsonIter it = json_first(o); it.key; it = json_next(o, it)) */
typedef struct { const char *key; const Json *value; void *opaque; } JsonIter;
JsonIter json_first(const Json *o);
JsonIter json_next(const Json *o, JsonIter it);
