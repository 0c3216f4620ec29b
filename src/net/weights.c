/* One aligned block with every parameter, then every buffer, of a net; counted references; its digest. */
#include "net/weights.h"
#include "base/rng.h"
#include "math/act.h"
#include "math/optim.h"
#include "net/ops.h"
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN_FLOATS 16

/* What callers see is the first member; the count beside it is nobody else's business. */
typedef struct {
    Weights w;
    atomic_int count;
} Counted;

static bool has_number(const Value *v)
{
    return v->kind == VALUE_PARAM || v->kind == VALUE_BUFFER;
}

static void block_free(Counted *c)
{
    free(c->w.block);
    free(c->w.offset);
    free(c);
}

/* Places all values of one kind after what is placed already; false on overflow. */
static bool place(Weights *w, ValueKind kind)
{
    for (int i = 0; i < net_values(w->net); i++) {
        const Value *v = net_value(w->net, i);
        size_t size = (shape_count(&v->shape, 1) + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
        if (v->kind != kind) continue;
        w->offset[i] = w->floats;
        if (__builtin_add_overflow(w->floats, size, &w->floats)) return false;
    }
    return w->floats <= SIZE_MAX / sizeof(float) / 2;
}

Weights *weights_new(const Net *net, Err *err)
{
    int n = net_values(net);
    Counted *c = calloc(1, sizeof *c);
    if (!c) return err_nomem(err, "weights"), NULL;
    c->w.net = net;
    atomic_init(&c->count, 1);
    c->w.offset = malloc((size_t)(n ? n : 1) * sizeof *c->w.offset);
    if (!c->w.offset) goto nomem;
    for (int i = 0; i < n; i++) c->w.offset[i] = SIZE_MAX;
    if (!place(&c->w, VALUE_PARAM)) goto nomem;
    c->w.params = c->w.floats;
    if (!place(&c->w, VALUE_BUFFER)) goto nomem;
    c->w.block = aligned_alloc(64, (c->w.floats + ALIGN_FLOATS) * sizeof(float));
    if (!c->w.block) goto nomem;
    weights_zero(&c->w);
    return &c->w;
nomem:
    block_free(c);
    err_nomem(err, "the weights of a net");
    return NULL;
}

Weights *weights_keep(Weights *w)
{
    if (w) atomic_fetch_add_explicit(&((Counted *)w)->count, 1, memory_order_relaxed);
    return w;
}

/* Release on every drop and acquire on the last: whoever frees sees all reads and writes of the others as
 * done. */
void weights_drop(Weights *w)
{
    Counted *c = (Counted *)w;
    if (c && atomic_fetch_sub_explicit(&c->count, 1, memory_order_acq_rel) == 1) block_free(c);
}

Weights *weights_copy(const Weights *w, Err *err)
{
    Weights *copy = weights_new(w->net, err);
    if (copy) weights_assign(copy, w);
    return copy;
}

void weights_assign(Weights *to, const Weights *from)
{
    memcpy(to->block, from->block, from->floats * sizeof(float));
    weights_touch(to);
}

void weights_zero(Weights *w)
{
    memset(w->block, 0, w->floats * sizeof(float));
    weights_touch(w);
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t name_hash(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x100000001b3u;
    return h;
}

static void init_one(float *to, const Value *v, uint64_t seed)
{
    size_t n = shape_count(&v->shape, 1);
    float std = v->init.scale;
    if (v->init.kind == INIT_FAN_IN) std /= sqrtf((float)(n / (size_t)v->shape.dim[0]));
    if (v->init.kind == INIT_NORMAL || v->init.kind == INIT_FAN_IN) {
        rng_fill_normal(to, n, rng_mix(seed, name_hash(v->name)), RNG_INIT);
        for (size_t i = 0; i < n; i++) to[i] *= std;
        return;
    }
    for (size_t i = 0; i < n; i++) to[i] = v->init.kind == INIT_CONST ? v->init.scale : 0;
}

void weights_init(Weights *w, uint64_t seed)
{
    for (int i = 0; i < net_values(w->net); i++)
        if (has_number(net_value(w->net, i))) init_one(weights_at(w, i), net_value(w->net, i), seed);
}

void weights_touch(Weights *w)
{
    w->version++;
}

float *weights_at(Weights *w, ValueId id)
{
    weights_touch(w);
    return id >= 0 && id < net_values(w->net) && w->offset[id] != SIZE_MAX ? w->block + w->offset[id] : NULL;
}

const float *weights_get(const Weights *w, ValueId id)
{
    return id >= 0 && id < net_values(w->net) && w->offset[id] != SIZE_MAX ? w->block + w->offset[id] : NULL;
}

ValueId weights_find(const Weights *w, const char *name)
{
    for (int i = 0; i < net_values(w->net); i++)
        if (has_number(net_value(w->net, i)) && !strcmp(net_value(w->net, i)->name, name)) return i;
    return NET_NONE;
}

void weights_ema(Weights *to, const Weights *from, float decay)
{
    ema_step(to->block, from->block, from->params, decay, NULL);
    memcpy(to->block + from->params, from->block + from->params,
           (from->floats - from->params) * sizeof(float));
    weights_touch(to);
}

bool weights_finite(const Weights *w)
{
    return vec_finite(w->block, w->floats);
}

/* ---- Digest: the graph as lines of text, then the tensors ---------------------------------------------- */

static void add_text(DigestState *s, const char *text)
{
    digest_add(s, text, strlen(text));
}

/* " key 1,2"; nothing where all are 0, so that an attribute added to the program later changes no digest of
 * today. */
static void add_ints(DigestState *s, const char *key, const int *x, int n)
{
    char text[16];
    bool any = false;
    for (int i = 0; i < n; i++) any |= x[i] != 0;
    if (!any) return;
    add_text(s, " ");
    add_text(s, key);
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%c%d", i ? ',' : ' ', x[i]);
        add_text(s, text);
    }
}

/* The bits of the number: exact, and free of locales. */
static void add_float(DigestState *s, const char *key, float x)
{
    int bits;
    memcpy(&bits, &x, sizeof bits);
    add_ints(s, key, &bits, 1);
}

static void add_attrs(DigestState *s, const Attrs *a)
{
    add_ints(s, "stride", a->stride, 2);
    add_ints(s, "pad", a->pad, 4);
    add_ints(s, "dilation", a->dilation, 2);
    add_ints(s, "groups", &a->groups, 1);
    add_ints(s, "out_pad", a->out_pad, 2);
    add_ints(s, "axis", (int[]){a->axis, a->start, a->count}, 3);
    add_ints(s, "kernel", a->kernel, 2);
    add_ints(s, "scale", &a->scale, 1);
    add_ints(s, "act", &a->act, 1);
    add_float(s, "alpha", a->alpha);
    add_float(s, "gain", a->gain);
    add_float(s, "eps", a->eps);
    add_float(s, "momentum", a->momentum);
    add_ints(s, "demodulate", (int[]){a->demodulate}, 1);
    add_ints(s, "mode", &a->mode, 1);
    add_ints(s, "perm", a->perm, NET_RANK);
    add_ints(s, "shape", a->shape.dim, a->shape.rank);
}

static void add_graph(DigestState *s, const Net *net)
{
    static const char *const kinds[] = {"input", "param", "buffer", "result"};
    for (int i = 0; i < net_values(net); i++) {
        const Value *v = net_value(net, i);
        add_text(s, kinds[v->kind]);
        add_text(s, " ");
        add_text(s, v->name);
        add_ints(s, "is", v->shape.dim, v->shape.rank);
        add_text(s, "\n");
    }
    for (int i = 0; i < net_nodes(net); i++) {
        const Node *node = net_node(net, i);
        add_text(s, op_name(node->op));
        add_ints(s, "makes", (int[]){node->out + 1}, 1);
        for (int k = 0; k < node->inputs; k++) add_ints(s, "of", (int[]){node->in[k] + 1, k + 1}, 2);
        add_attrs(s, &node->attrs);
        add_text(s, "\n");
    }
}

static void add_ports(DigestState *s, const Net *net)
{
    const Port *ports;
    for (int i = 0, n = net_ports(net, &ports); i < n; i++) {
        add_text(s, ports[i].name);
        add_ints(s, "port", (int[]){ports[i].value + 1}, 1);
        add_text(s, "\n");
    }
}

Digest weights_digest(const Weights *w)
{
    DigestState s;
    digest_begin(&s);
    add_graph(&s, w->net);
    add_ports(&s, w->net);
    for (int i = 0; i < net_values(w->net); i++)
        if (has_number(net_value(w->net, i)))
            digest_add(&s, weights_get(w, i), shape_count(&net_value(w->net, i)->shape, 1) * sizeof(float));
    return digest_end(&s);
}
