/* Copies what leads to the output into the net that is kept, with fewer nodes, and fills its weights.
 *
 * What exporters spell out is put together where our net has one op for it: scales and offsets of channels,
 * one after another, a plane of stored noise among them; a bias after a layer; a gain after an activation; a
 * convolution of each channel with one and the same filter. The quick forms of these ops follow in
 * net/lower.h. */
#include "model/onnx_draft.h"
#include <stdlib.h>
#include <string.h>

/* One number for each channel, or for each channel and image; neither: 1, or 0. */
typedef struct {
    Numbers *same;
    ValueId each; /* (N,C) of the new net */
} Channels;

/* What a value has become: x * scale + offset + plane, of which only x is there while it is pending. */
typedef struct {
    ValueId x;
    Channels scale, offset;
    ValueId plane;
    bool pending;
} Form;

typedef struct {
    Draft *d; /* its net is the new one */
    const Net *from;
    Numbers **given; /* per value of `from` */
    bool *live;      /* per value of `from` */
    int *readers;    /* per value of `from`: live nodes and ports that read it */
    int *reader;     /* and the last such node */
    bool *gone;      /* per node of `from`: it went into the one before */
    Form *form;      /* per value of `from` */
    ValueId one;     /* a strength of 1 */
    Numbers **made;  /* products and sums of constants, dropped at the end */
    int mades;
} Tidy;

static const Channels NONE = {NULL, NET_NONE};

static bool is_none(Channels c)
{
    return !c.same && c.each == NET_NONE;
}

static const Shape *shape_of(const Tidy *t, ValueId v)
{
    return &net_value(t->from, v)->shape;
}

static Numbers *constant_of(const Tidy *t, ValueId v)
{
    const Value *value = v == NET_NONE ? NULL : net_value(t->from, v);
    return value && (value->kind == VALUE_PARAM || value->kind == VALUE_BUFFER) ? t->given[v] : NULL;
}

static ValueId input(const Node *n, int i)
{
    return i < n->inputs ? n->in[i] : NET_NONE;
}

/* The only node that reads what n makes, or NULL. */
static const Node *sole_reader(const Tidy *t, const Node *n, int *at)
{
    *at = t->reader[n->out];
    return t->readers[n->out] == 1 && *at >= 0 ? net_node(t->from, *at) : NULL;
}

/* ---- Looking ahead ----------------------------------------------------------------------------------------
 */

static void find_live(Tidy *t)
{
    const Port *ports;
    for (int i = 0, n = net_ports(t->from, &ports); i < n; i++) {
        t->live[ports[i].value] = true;
        t->readers[ports[i].value] += 2;
    }
    for (int i = net_nodes(t->from) - 1; i >= 0; i--) {
        const Node *node = net_node(t->from, i);
        for (int k = 0; t->live[node->out] && k < node->inputs; k++) {
            if (node->in[k] == NET_NONE) continue;
            t->live[node->in[k]] = true;
            t->readers[node->in[k]]++;
            t->reader[node->in[k]] = i;
        }
    }
}

/* Ports of inputs in the file's order. Parameters follow where they are first read: some never are. */
static void copy_inputs(Tidy *t)
{
    for (int v = 0; v < net_values(t->from); v++) {
        const Value *value = net_value(t->from, v);
        t->form[v] = (Form){.x = NET_NONE, .scale = NONE, .offset = NONE, .plane = NET_NONE};
        if (value->kind == VALUE_INPUT) t->form[v].x = net_input(t->d->net, value->name, value->shape);
    }
}

/* ---- Channels ---------------------------------------------------------------------------------------------
 */

static ValueId channels_id(Tidy *t, Channels c)
{
    if (!c.same) return c.each;
    if (!numbers_load(t->d, c.same)) return NET_NONE;
    return draft_constant(t->d, c.same->f, shape1((int)c.same->count), false);
}

static bool multiply(Tidy *t, Channels *out, Channels a, Channels b, bool add)
{
    if (is_none(a) || is_none(b)) return *out = is_none(a) ? b : a, true;
    *out = NONE;
    if (a.same && b.same) {
        if (!numbers_load(t->d, a.same) || !numbers_load(t->d, b.same)) return false;
        t->made[t->mades++] = out->same = numbers_new(t->d, a.same->count, false);
        for (size_t i = 0; out->same && i < a.same->count; i++)
            out->same->f[i] = add ? a.same->f[i] + b.same->f[i] : a.same->f[i] * b.same->f[i];
        return out->same != NULL;
    }
    ValueId in[3] = {a.each, NET_NONE, NET_NONE};
    if (a.same) in[0] = b.each;
    if (!a.same && !b.same) {
        in[1] = b.each;
        out->each = draft_add(t->d, add ? OP_ADD : OP_MUL, in, 2, NULL);
    } else {
        in[add ? 2 : 1] = channels_id(t, a.same ? a : b);
        out->each = in[add ? 2 : 1] == NET_NONE ? NET_NONE : draft_add(t->d, OP_AFFINE, in, 3, NULL);
    }
    return out->each != NET_NONE;
}

/* ---- What a value has become ------------------------------------------------------------------------------
 */

static bool settle_noise(Tidy *t, ValueId *id, ValueId plane)
{
    const float strength = 1;
    if (t->one == NET_NONE) t->one = draft_constant(t->d, &strength, shape1(1), false);
    *id = t->one == NET_NONE ? NET_NONE : draft_add(t->d, OP_NOISE, (ValueId[]){*id, plane, t->one}, 3, NULL);
    return *id != NET_NONE;
}

/* The value in the new net; NET_NONE, and refused, where it cannot be. */
static ValueId value_of(Tidy *t, ValueId v)
{
    Form *f = &t->form[v];
    if (f->x == NET_NONE && constant_of(t, v)) f->x = draft_again(t->d, net_value(t->from, v), t->given[v]);
    if (!f->pending || f->x == NET_NONE) return f->x;
    f->pending = false;
    if (!is_none(f->scale) || !is_none(f->offset)) {
        ValueId in[3] = {f->x, NET_NONE, NET_NONE};
        if (!is_none(f->scale) && (in[1] = channels_id(t, f->scale)) == NET_NONE) return f->x = NET_NONE;
        if (!is_none(f->offset) && (in[2] = channels_id(t, f->offset)) == NET_NONE) return f->x = NET_NONE;
        f->x = draft_add(t->d, OP_AFFINE, in, 3, NULL);
    }
    if (f->x != NET_NONE && f->plane != NET_NONE) settle_noise(t, &f->x, f->plane);
    return f->x;
}

/* What one more thing may go into: a pending form that nobody else reads, else the value itself. */
static bool open_form(Tidy *t, Form *out, ValueId v)
{
    Form *f = &t->form[v];
    if (f->pending && t->readers[v] == 1) {
        *out = *f;
        f->pending = false;
        return true;
    }
    *out = (Form){.x = value_of(t, v), .scale = NONE, .offset = NONE, .plane = NET_NONE, .pending = true};
    return out->x != NET_NONE;
}

/* ---- Rules ------------------------------------------------------------------------------------------------
 */

static bool channels_of(Tidy *t, Channels *out, ValueId v)
{
    *out = NONE;
    if (v == NET_NONE) return true;
    if ((out->same = constant_of(t, v))) return true;
    return (out->each = value_of(t, v)) != NET_NONE;
}

static bool tidy_affine(Tidy *t, const Node *n)
{
    Form f;
    Channels scale, offset;
    if (!channels_of(t, &scale, input(n, 1)) || !channels_of(t, &offset, input(n, 2)) ||
        !open_form(t, &f, n->in[0]))
        return false;
    if (f.plane != NET_NONE && !is_none(scale)) {
        t->form[n->in[0]] = f;
        f = (Form){
            .x = value_of(t, n->in[0]), .scale = NONE, .offset = NONE, .plane = NET_NONE, .pending = true};
        if (f.x == NET_NONE) return false;
    }
    if (!multiply(t, &f.scale, f.scale, scale, false)) return false;
    if (!is_none(f.offset) && !multiply(t, &f.offset, f.offset, scale, false)) return false;
    if (!multiply(t, &f.offset, f.offset, offset, true)) return false;
    t->form[n->out] = f;
    return true;
}

/* A constant plane that is added to every channel: (1,1,H,W). */
static bool is_plane(const Tidy *t, ValueId v, const Shape *to)
{
    const Shape *s = shape_of(t, v);
    return constant_of(t, v) && to->rank == 4 && to->dim[1] > 1 && s->rank == 4 && s->dim[0] == 1 &&
           s->dim[1] == 1 && s->dim[2] == to->dim[2] && s->dim[3] == to->dim[3];
}

static bool tidy_plane(Tidy *t, const Node *n, int x)
{
    Form f;
    ValueId plane = value_of(t, n->in[1 - x]);
    if (plane == NET_NONE || !open_form(t, &f, n->in[x])) return false;
    plane = draft_add(t->d, OP_BROADCAST, &plane, 1, NULL);
    if (plane == NET_NONE) return false;
    if (f.plane != NET_NONE) plane = draft_add(t->d, OP_ADD, (ValueId[]){plane, f.plane}, 2, NULL);
    f.plane = plane;
    t->form[n->out] = f;
    return plane != NET_NONE;
}

static bool copy_node(Tidy *t, const Node *n, ValueId bias, const Attrs *attrs)
{
    ValueId in[NET_INPUTS];
    int inputs = n->inputs;
    for (int k = 0; k < n->inputs; k++)
        if ((in[k] = n->in[k] == NET_NONE ? NET_NONE : value_of(t, n->in[k])) == NET_NONE &&
            n->in[k] != NET_NONE)
            return false;
    if (bias != NET_NONE) {
        while (inputs < 3) in[inputs++] = NET_NONE;
        in[2] = bias;
    }
    return (t->form[n->out].x = draft_add(t->d, n->op, in, inputs, attrs)) != NET_NONE;
}

/* The constant bias that the next node adds to each output of layer n, or NULL. */
static Numbers *bias_after(const Tidy *t, const Node *n, int *at)
{
    const Node *next = sole_reader(t, n, at);
    const Shape *y = shape_of(t, n->out);
    if (!next || input(n, 2) != NET_NONE) return NULL;
    if (next->op == OP_AFFINE && input(next, 1) == NET_NONE && next->in[0] == n->out &&
        (n->op != OP_LINEAR || y->rank == 2))
        return constant_of(t, input(next, 2));
    if (next->op != OP_ADD || n->op != OP_LINEAR) return NULL;
    ValueId other = next->in[next->in[0] == n->out];
    const Shape *s = shape_of(t, other);
    bool row = s->rank >= 1 && s->dim[s->rank - 1] == y->dim[y->rank - 1] &&
               shape_count(s, 1) == (size_t)y->dim[y->rank - 1];
    return row && y->rank > 2 ? constant_of(t, other) : NULL;
}

static bool tidy_layer(Tidy *t, const Node *n)
{
    int at;
    Numbers *bias = bias_after(t, n, &at);
    if (!bias) return copy_node(t, n, NET_NONE, &n->attrs);
    ValueId id = channels_id(t, (Channels){bias, NET_NONE});
    t->gone[at] = true;
    return id != NET_NONE && copy_node(t, n, id, &n->attrs);
}

/* max(x, slope x) times a gain is one activation. */
static bool tidy_act(Tidy *t, const Node *n)
{
    int at;
    const Node *next = sole_reader(t, n, &at);
    Attrs a = n->attrs;
    if (next && next->op == OP_SCALE && next->attrs.gain == 0 && next->attrs.alpha > 0) {
        a.gain *= next->attrs.alpha;
        t->gone[at] = true;
    }
    return copy_node(t, n, NET_NONE, &a);
}

/* Every channel has the same filter w (C,1,KH,KW). */
static bool same_filter(Tidy *t, const Node *n, Numbers **w)
{
    const Shape *x = shape_of(t, n->in[0]), *s = shape_of(t, n->in[1]);
    *w = constant_of(t, n->in[1]);
    if (!*w || n->attrs.groups != x->dim[1] || s->dim[0] != x->dim[1] || s->dim[1] != 1 ||
        input(n, 2) != NET_NONE || s->dim[2] * s->dim[3] > 64 || n->attrs.groups < 2 ||
        !numbers_load(t->d, *w) || !(*w)->f)
        return false;
    size_t taps = (size_t)s->dim[2] * (size_t)s->dim[3];
    for (int c = 1; c < s->dim[0]; c++)
        if (memcmp((*w)->f, (*w)->f + (size_t)c * taps, taps * sizeof(float))) return false;
    return true;
}

/* As OP_FIR counts (math/fir.h); false where it has no such form. */
static bool filter_attrs(Attrs *to, const Node *n, const Shape *x, const Shape *w, const Shape *y)
{
    const Attrs *a = &n->attrs;
    *to = (Attrs){.scale = 1};
    if (a->dilation[0] != 1 || a->dilation[1] != 1 || a->stride[0] != a->stride[1]) return false;
    if (n->op == OP_CONV) {
        memcpy(to->pad, a->pad, sizeof to->pad);
        return a->stride[0] == 1;
    }
    to->scale = a->stride[0];
    for (int i = 0; i < 2; i++) {
        to->pad[i] = w->dim[2 + i] - 1 - a->pad[i];
        to->pad[2 + i] = y->dim[2 + i] - to->scale * x->dim[2 + i] - to->pad[i] + w->dim[2 + i] - 1;
        if (to->pad[i] < 0 || to->pad[2 + i] < 0) return false;
    }
    return to->scale <= 8;
}

static bool tidy_conv(Tidy *t, const Node *n)
{
    const Shape *s = shape_of(t, n->in[1]);
    Numbers *w;
    Attrs a;
    float kernel[64];
    if (!same_filter(t, n, &w) || !filter_attrs(&a, n, shape_of(t, n->in[0]), s, shape_of(t, n->out)))
        return tidy_layer(t, n);
    int taps = s->dim[2] * s->dim[3];
    for (int i = 0; i < taps; i++) kernel[i] = w->f[n->op == OP_CONV ? taps - 1 - i : i];
    ValueId in[] = {value_of(t, n->in[0]), draft_constant(t->d, kernel, shape2(s->dim[2], s->dim[3]), true)};
    if (in[0] == NET_NONE || in[1] == NET_NONE) return false;
    return (t->form[n->out].x = draft_add(t->d, OP_FIR, in, 2, &a)) != NET_NONE;
}

static bool tidy_node(Tidy *t, const Node *n)
{
    switch (n->op) {
    case OP_AFFINE:
        return tidy_affine(t, n);
    case OP_ACT:
        return tidy_act(t, n);
    case OP_LINEAR:
        return tidy_layer(t, n);
    case OP_CONV:
    case OP_CONVT:
        return tidy_conv(t, n);
    case OP_ADD:
        for (int x = 0; x < 2; x++)
            if (is_plane(t, n->in[1 - x], shape_of(t, n->in[x]))) return tidy_plane(t, n, x);
        return copy_node(t, n, NET_NONE, &n->attrs);
    default:
        return copy_node(t, n, NET_NONE, &n->attrs);
    }
}

/* ---- The whole --------------------------------------------------------------------------------------------
 */

/* A node that went into the one before is what that has become. */
static void pass_on(Tidy *t, const Node *n)
{
    for (int k = 0; k < n->inputs; k++)
        if (n->in[k] != NET_NONE && !constant_of(t, n->in[k])) t->form[n->out] = t->form[n->in[k]];
}

static bool copy_nodes(Tidy *t)
{
    const Port *ports;
    for (int i = 0; i < net_nodes(t->from); i++) {
        const Node *n = net_node(t->from, i);
        if (!t->live[n->out]) continue;
        if (t->gone[i])
            pass_on(t, n);
        else if (!tidy_node(t, n))
            return draft_refuse(t->d, "it cannot be put in order");
    }
    for (int i = 0, n = net_ports(t->from, &ports); i < n; i++) {
        if (net_value(t->from, ports[i].value)->kind == VALUE_INPUT) continue;
        ValueId id = value_of(t, ports[i].value);
        if (id == NET_NONE) return draft_refuse(t->d, "it cannot be put in order");
        net_output(t->d->net, ports[i].name, id);
    }
    return net_finish(t->d->net, t->d->err);
}

static bool fill(Draft *d, Weights *w)
{
    for (int v = 0; v < net_values(d->net); v++) {
        ValueKind kind = net_value(d->net, v)->kind;
        if (kind != VALUE_PARAM && kind != VALUE_BUFFER) continue;
        if (!numbers_copy_floats(weights_at(w, v), d->given[v]))
            return draft_refuse(d, "a tensor does not hold as many numbers as its shape says");
    }
    return weights_finite(w) || draft_refuse(d, "its weights hold numbers that are not finite");
}

static bool tidy_room(Tidy *t)
{
    size_t values = (size_t)net_values(t->from) + 1;
    t->live = calloc(values, sizeof *t->live);
    t->readers = calloc(values, sizeof *t->readers);
    t->reader = malloc(values * sizeof *t->reader);
    t->gone = calloc((size_t)net_nodes(t->from) + 1, sizeof *t->gone);
    t->form = malloc(values * sizeof *t->form);
    t->made = calloc(3 * (size_t)net_nodes(t->from) + 1, sizeof *t->made);
    for (size_t v = 0; t->reader && v < values; v++) t->reader[v] = -1;
    return t->live && t->readers && t->reader && t->gone && t->form && t->made;
}

bool onnx_tidy(Draft *d, Net **net, Weights **weights)
{
    Tidy t = {.d = d, .from = d->net, .given = d->given, .one = NET_NONE};
    int given = d->given_cap;
    bool ok = tidy_room(&t) || err_nomem(d->err, "reading a graph");
    d->net = net_new(), d->given = NULL, d->given_cap = d->params = 0;
    ok = ok && (d->net || err_nomem(d->err, "a net"));
    if (ok) {
        find_live(&t);
        copy_inputs(&t);
        ok = copy_nodes(&t) && (*weights = weights_new(d->net, d->err)) && fill(d, *weights);
    }
    for (int v = 0; v < given; v++) numbers_drop(d, t.given[v]);
    for (int i = 0; i < t.mades; i++) numbers_drop(d, t.made[i]);
    free(t.made);
    free(t.given);
    free(t.live);
    free(t.readers);
    free(t.reader);
    free(t.gone);
    free(t.form);
    net_free((Net *)t.from);
    *net = d->net;
    d->net = NULL;
    return ok;
}
