/* Reading and writing what all our model files share. */
#include "model/model_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading ---- */

bool model_file_open(ModelFile *f, const char *path, const char *format, Err *err)
{
    *f = (ModelFile){.path = path};
    if (!safetensors_open(&f->st, path, err)) return false;
    const char *found = safetensors_meta(&f->st, "format");
    if (!found || strcmp(found, format)) {
        err_set(err, ERR_FORMAT, "%s: metadata \"format\" is \"%.40s\" where \"%s\" is expected", path,
                found ? found : "", format);
        model_file_close(f);
        return false;
    }
    f->used = calloc((size_t)f->st.n + 1, sizeof *f->used);
    if (f->used) return true;
    model_file_close(f);
    return err_nomem(err, "a model file");
}

void model_file_format(char out[64], const char *path)
{
    uint8_t head[9] = {0};
    Safetensors st;
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    if (f) fclose(f);
    *out = '\0';
    if (n < sizeof head || head[8] != '{' || !safetensors_open(&st, path, NULL)) return;
    const char *format = safetensors_meta(&st, "format");
    snprintf(out, 64, "%s", format ? format : "");
    safetensors_close(&st);
}

void model_file_close(ModelFile *f)
{
    safetensors_close(&f->st);
    free(f->used);
    *f = (ModelFile){0};
}

const char *model_file_meta(const ModelFile *f, const char *key, Err *err)
{
    const char *value = safetensors_meta(&f->st, key);
    if (!value) err_set(err, ERR_FORMAT, "%s: metadata \"%s\" is missing", f->path, key);
    return value;
}

Json *model_file_json(const ModelFile *f, const char *key, Err *err)
{
    char what[512];
    const char *text = model_file_meta(f, key, err);
    if (!text) return NULL;
    snprintf(what, sizeof what, "%s: metadata \"%s\"", f->path, key);
    return json_parse(text, strlen(text), what, err);
}

static bool int_of(int *out, const Json *value, const ModelFile *f, const char *key, const char *field,
                   int low, int high, Err *err)
{
    int64_t x;
    if (!value || !json_value_int(value, &x))
        return err_set(err, ERR_FORMAT, "%s: metadata \"%s\": \"%s\" is missing or no whole number", f->path,
                       key, field);
    if (x < low || x > high)
        return err_set(err, ERR_FORMAT, "%s: metadata \"%s\": \"%s\" is %lld, outside of %d to %d", f->path,
                       key, field, (long long)x, low, high);
    *out = (int)x;
    return true;
}

bool model_file_int(int *out, const ModelFile *f, const Json *o, const char *key, const char *field, int low,
                    int high, Err *err)
{
    return int_of(out, json_get(o, field), f, key, field, low, high, err);
}

bool model_file_ints(int *out, int n, const ModelFile *f, const Json *o, const char *key, const char *field,
                     int low, int high, Err *err)
{
    const Json *list = json_get(o, field);
    if (!list || !json_is_array(list) || json_count(list) != (size_t)n)
        return err_set(err, ERR_FORMAT, "%s: metadata \"%s\": \"%s\" is not a list of %d numbers", f->path,
                       key, field, n);
    for (int i = 0; i < n; i++)
        if (!int_of(&out[i], json_at(list, (size_t)i), f, key, field, low, high, err)) return false;
    return true;
}

static bool same_shape(const Tensor *t, int rank, const int64_t *dim)
{
    bool same = t->rank == rank;
    for (int i = 0; same && i < rank; i++) same = t->shape[i] == dim[i];
    return same;
}

static void dims_text(char *out, size_t cap, int rank, const int64_t *dim)
{
    size_t at = 0;
    *out = '\0';
    for (int i = 0; i < rank && at < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%lld", i ? "," : "", (long long)dim[i]);
}

static const Tensor *find(ModelFile *f, const char *name, int rank, const int64_t *dim, Err *err)
{
    char has[96], wants[96];
    const Tensor *t = safetensors_find(&f->st, name);
    if (!t) return err_set(err, ERR_FORMAT, "%s: tensor \"%s\" is missing", f->path, name), NULL;
    if (!same_shape(t, rank, dim)) {
        dims_text(has, sizeof has, t->rank, t->shape);
        dims_text(wants, sizeof wants, rank, dim);
        err_set(err, ERR_FORMAT, "%s: tensor \"%s\" has the shape (%s) where (%s) is expected", f->path, name,
                has, wants);
        return NULL;
    }
    f->used[t - f->st.tensor] = true;
    return t;
}

bool model_file_tensor(float *out, ModelFile *f, const char *name, int rank, const int64_t *dim, Err *err)
{
    Err why = {0};
    const Tensor *t = find(f, name, rank, dim, err);
    if (!t) return false;
    if (!out) return true;
    if (!safetensors_floats(out, t, t->count, &why))
        return err_set(err, why.code, "%s: %s", f->path, why.msg);
    for (size_t i = 0; i < t->count; i++)
        if (!__builtin_isfinite(out[i]))
            return err_set(err, ERR_NUMERIC, "%s: tensor \"%s\" holds NaN or infinity at element %zu",
                           f->path, name, i);
    return true;
}

/* Our nets name some parameters with the prefix already. */
static void tensor_name(char out[128], const char *prefix, const char *name)
{
    snprintf(out, 128, "%s%s", strncmp(name, prefix, strlen(prefix)) ? prefix : "", name);
}

static bool has_numbers(const Value *v)
{
    return v->kind == VALUE_PARAM || v->kind == VALUE_BUFFER;
}

static void value_dims(int64_t dim[NET_RANK], const Value *v)
{
    for (int i = 0; i < v->shape.rank; i++) dim[i] = v->shape.dim[i];
}

/* w NULL: only looks whether everything is there. */
static bool read_weights(Weights *w, ModelFile *f, const Net *net, const char *prefix, Err *err)
{
    for (int i = 0; i < net_values(net); i++) {
        const Value *v = net_value(net, i);
        char name[128];
        int64_t dim[NET_RANK];
        if (!has_numbers(v)) continue;
        tensor_name(name, prefix, v->name);
        value_dims(dim, v);
        if (!model_file_tensor(w ? weights_at(w, i) : NULL, f, name, v->shape.rank, dim, err)) return false;
    }
    return true;
}

Weights *model_file_weights(ModelFile *f, const Net *net, const char *prefix, Err *err)
{
    if (!read_weights(NULL, f, net, prefix, err)) return NULL;
    Weights *w = weights_new(net, err);
    if (!w || read_weights(w, f, net, prefix, err)) return w;
    weights_drop(w);
    return NULL;
}

bool model_file_end(const ModelFile *f, Err *err)
{
    for (int i = 0; i < f->st.n; i++)
        if (!f->used[i])
            return err_set(err, ERR_FORMAT, "%s: tensor \"%.80s\" is not part of such a model", f->path,
                           f->st.tensor[i].name);
    return true;
}

bool model_file_digest(const ModelFile *f, const char *digest, Err *err)
{
    const char *said = model_file_meta(f, "digest", err);
    if (!said) return false;
    if (strcmp(said, digest))
        return err_set(err, ERR_FORMAT,
                       "%s: metadata \"digest\" is %.16s but the content has %s: the file was changed",
                       f->path, said, digest);
    return true;
}

/* ---- Writing ---- */

bool model_tensors_open(ModelTensors *t, int cap, Err *err)
{
    *t = (ModelTensors){.cap = cap};
    t->tensor = calloc((size_t)cap + 1, sizeof *t->tensor);
    t->name = calloc((size_t)cap + 1, sizeof *t->name);
    if (t->tensor && t->name) return true;
    model_tensors_close(t);
    return err_nomem(err, "the tensors of a model");
}

void model_tensors_close(ModelTensors *t)
{
    free(t->tensor);
    free(t->name);
    *t = (ModelTensors){0};
}

void model_tensors_add(ModelTensors *t, const char *prefix, const char *name, const float *data, int rank,
                       const int64_t *dim)
{
    Tensor *to = &t->tensor[t->n];
    tensor_name(t->name[t->n], prefix, name);
    *to = (Tensor){.name = t->name[t->n], .dtype = DTYPE_F32, .rank = rank, .data = data};
    memcpy(to->shape, dim, (size_t)rank * sizeof *dim);
    t->n++;
}

void model_tensors_weights(ModelTensors *t, const Weights *w, const char *prefix)
{
    for (int i = 0; i < net_values(w->net); i++) {
        const Value *v = net_value(w->net, i);
        int64_t dim[NET_RANK];
        if (!has_numbers(v)) continue;
        value_dims(dim, v);
        model_tensors_add(t, prefix, v->name, weights_get(w, i), v->shape.rank, dim);
    }
}

int model_weights_count(const Net *net)
{
    int n = 0;
    for (int i = 0; i < net_values(net); i++) n += has_numbers(net_value(net, i));
    return n;
}

bool model_is_slug(const char *s, size_t most)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return *s >= 'a' && *s <= 'z' && !s[n] && n <= most;
}

Json *model_ints_json(const int *x, int n)
{
    Json *list = json_make_array();
    for (int i = 0; i < n; i++) json_add_int(list, x[i]);
    return list;
}

bool model_check_card(const char *card, Err *err)
{
    if (!card) return true;
    Json *parsed = json_parse(card, strlen(card), "the model's card", err);
    json_drop(parsed);
    return parsed != NULL;
}
