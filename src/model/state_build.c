/* Nets around the tensors of a state dict: parameters that remember what fills them. */
#include "model/state.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool build_begin(Build *b, State *s, Err *err)
{
    *b = (Build){.net = net_new(), .state = s};
    return b->net || err_nomem(err, "a net");
}

void build_refuse(Build *b, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_set(&b->err, ERR_FORMAT, "%s: %s", b->state->path, text);
}

/* ---- Tensors ---------------------------------------------------------------------------------------- */

/* NAME, or NAME_orig with what its spectral norm needs. */
static bool look_up(BuildFill *f, const Build *b, const char *name)
{
    char part[300];
    f->tensor = state_find(b->state, name);
    if (f->tensor) return true;
    static const char *const ends[] = {"_orig", "_u", "_v"};
    const Tensor **to[] = {&f->tensor, &f->u, &f->v};
    for (int i = 0; i < 3; i++) {
        snprintf(part, sizeof part, "%s%s", name, ends[i]);
        *to[i] = state_find(b->state, part);
    }
    if (!f->tensor || !f->u || !f->v || f->tensor->rank < 1) return false;
    size_t rows = (size_t)f->tensor->shape[0];
    return rows && f->u->count == rows && f->v->count == f->tensor->count / rows;
}

bool build_has(const Build *b, const char *name)
{
    char part[300];
    snprintf(part, sizeof part, "%s_orig", name);
    return state_has(b->state, name) || state_has(b->state, part);
}

static Shape shape_of(const Tensor *t)
{
    Shape s = {.rank = t->rank};
    if (t->rank > NET_RANK || !t->count) return (Shape){0};
    for (int i = 0; i < t->rank; i++) {
        if (t->shape[i] > 1 << 24) return (Shape){0};
        s.dim[i] = (int)t->shape[i];
    }
    return t->rank ? s : shape1(1);
}

Shape build_shape(const Build *b, const char *name)
{
    char part[300];
    const State *s = b->state;
    snprintf(part, sizeof part, "%s_orig", name);
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->tensor[i].name, name) || !strcmp(s->tensor[i].name, part))
            return shape_of(&s->tensor[i]);
    return (Shape){0};
}

static ValueId remember(Build *b, BuildFill f)
{
    if (f.value == NET_NONE) return NET_NONE;
    if (b->fills == b->cap) {
        int cap = b->cap ? 2 * b->cap : 64;
        BuildFill *grown = realloc(b->fill, (size_t)cap * sizeof *grown);
        if (!grown) return err_nomem(&b->err, "a net"), NET_NONE;
        b->fill = grown;
        b->cap = cap;
    }
    b->fill[b->fills++] = f;
    return f.value;
}

/* One tensor may serve in several places: it is one value. */
static ValueId known(const Build *b, const char *name)
{
    for (int i = 0; i < b->fills; i++)
        if (!strcmp(net_value(b->net, b->fill[i].value)->name, name)) return b->fill[i].value;
    return NET_NONE;
}

static bool is_number(const Tensor *t)
{
    return t->dtype != DTYPE_U8;
}

/* shape NULL: the tensor's own. */
static ValueId tensor_value(Build *b, const char *name, const Shape *shape, float scale, bool swap,
                            bool buffer)
{
    BuildFill f = {.scale = scale, .swap = swap};
    if (known(b, name) != NET_NONE) return known(b, name);
    if (!look_up(&f, b, name)) return build_refuse(b, "the tensor \"%.80s\" is missing", name), NET_NONE;
    Shape own = shape_of(f.tensor), s = shape ? *shape : own;
    if (!own.rank || !is_number(f.tensor) || shape_count(&s, 1) != f.tensor->count) {
        char text[64];
        shape_text(text, sizeof text, &own);
        build_refuse(b, "the tensor \"%.80s\" %s is not what is needed there", name, text);
        return NET_NONE;
    }
    if (swap) s.dim[0] ^= s.dim[1], s.dim[1] ^= s.dim[0], s.dim[0] ^= s.dim[1];
    f.value = buffer ? net_buffer(b->net, name, s, init_zero()) : net_param(b->net, name, s, init_zero());
    return remember(b, f);
}

ValueId build_param(Build *b, const char *tensor)
{
    return tensor_value(b, tensor, NULL, 1, false, false);
}

ValueId build_buffer(Build *b, const char *tensor)
{
    return tensor_value(b, tensor, NULL, 1, false, true);
}

ValueId build_param_as(Build *b, const char *tensor, Shape shape, float scale, bool swap)
{
    return tensor_value(b, tensor, &shape, scale, swap, false);
}

ValueId build_squares(Build *b, const char *name, const char *tensor, Shape shape, float scale)
{
    BuildFill f = {.scale = scale, .squares = true, .tensor = state_find(b->state, tensor)};
    size_t rows = shape_count(&shape, 1);
    if (!f.tensor || !rows || f.tensor->count % rows || !is_number(f.tensor))
        return build_refuse(b, "the tensor \"%.80s\" is missing, or not what is needed there", tensor),
               NET_NONE;
    f.value = net_param(b->net, name, shape, init_zero());
    return remember(b, f);
}

ValueId build_constant(Build *b, const char *name, Shape shape, float value)
{
    ValueId seen = known(b, name);
    return seen != NET_NONE
               ? seen
               : remember(b, (BuildFill){.value = net_buffer(b->net, name, shape, init_const(value)),
                                         .scale = value});
}

/* ---- Numbers ---------------------------------------------------------------------------------------- */

/* u . (W v), summed in double. */
static bool sigma_of(double *sigma, const float *w, const State *s, const BuildFill *f, Err *err)
{
    size_t rows = f->u->count, columns = f->v->count;
    float *u = malloc((rows + columns) * sizeof *u), *v = u + rows;
    bool ok = u ? state_floats(u, s, f->u, err) && state_floats(v, s, f->v, err)
                : err_nomem(err, "a spectral norm");
    *sigma = 0;
    for (size_t i = 0; ok && i < rows; i++) {
        double sum = 0;
        for (size_t j = 0; j < columns; j++) sum += (double)w[i * columns + j] * (double)v[j];
        *sigma += (double)u[i] * sum;
    }
    free(u);
    if (ok && (!isfinite(*sigma) || *sigma == 0))
        ok = err_set(err, ERR_NUMERIC, "%s: the spectral norm of \"%.80s\" is no number", s->path,
                     f->tensor->name);
    return ok;
}

/* (a, b, rest) -> (b, a, rest) of the value's shape (b, a, rest). */
static bool swap_axes(float *x, const Shape *s, size_t count, Err *err)
{
    size_t b = (size_t)s->dim[0], a = (size_t)s->dim[1], rest = count / (a * b);
    float *copy = malloc(count * sizeof *copy);
    if (!copy) return err_nomem(err, "a weight");
    memcpy(copy, x, count * sizeof *copy);
    for (size_t i = 0; i < a; i++)
        for (size_t j = 0; j < b; j++)
            memcpy(x + (j * a + i) * rest, copy + (i * b + j) * rest, rest * sizeof *copy);
    free(copy);
    return true;
}

static bool fill_squares(float *to, size_t count, const State *s, const BuildFill *f, Err *err)
{
    size_t each = f->tensor->count / count;
    float *x = malloc(f->tensor->count * sizeof *x);
    bool ok = x ? state_floats(x, s, f->tensor, err) : err_nomem(err, "a weight");
    for (size_t i = 0; ok && i < count; i++) {
        double sum = 0;
        for (size_t k = 0; k < each; k++) sum += (double)x[i * each + k] * (double)x[i * each + k];
        to[i] = (float)(sum * (double)f->scale * (double)f->scale);
    }
    free(x);
    return ok;
}

static bool fill_one(Weights *w, const Build *b, const BuildFill *f, Err *err)
{
    float *to = weights_at(w, f->value);
    const Shape *shape = &net_value(b->net, f->value)->shape;
    size_t count = shape_count(shape, 1);
    double sigma = 1;
    if (!f->tensor) {
        for (size_t i = 0; i < count; i++) to[i] = f->scale;
        return true;
    }
    if (f->squares) return fill_squares(to, count, b->state, f, err);
    if (!state_floats(to, b->state, f->tensor, err)) return false;
    if (f->u && !sigma_of(&sigma, to, b->state, f, err)) return false;
    for (size_t i = 0; i < count; i++) to[i] = (float)((double)to[i] * (double)f->scale / sigma);
    return !f->swap || swap_axes(to, shape, count, err);
}

bool build_end(Net **net, Weights **weights, Build *b, Err *err)
{
    bool ok = b->err.code == ERR_OK || err_set(err, b->err.code, "%s", b->err.msg);
    Err why = {0};
    if (ok && !net_finish(b->net, &why)) ok = err_set(err, why.code, "%s: %s", b->state->path, why.msg);
    Weights *w = ok ? weights_new(b->net, err) : NULL;
    ok = w != NULL;
    for (int i = 0; ok && i < b->fills; i++) ok = fill_one(w, b, &b->fill[i], err);
    if (ok) {
        *net = b->net;
        *weights = w;
        b->net = NULL;
    } else {
        weights_drop(w);
    }
    build_drop(b);
    return ok;
}

void build_drop(Build *b)
{
    net_free(b->net);
    free(b->fill);
    *b = (Build){0};
}
