/* What an ONNX graph takes and gives, told by types and shapes: latents, classes, pictures, features. */
#include "math/point.h"
#include "model/onnx_draft.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE_MOST = 1024, CLASSES_MOST = 100000, LATENT_MOST = 65536 };

static bool is_colours(int n)
{
    return n == 1 || n == 3 || n == 4;
}

static const char *name_of(const Draft *d, char *out, size_t cap, const OnnxPort *p)
{
    onnx_text(out, cap, d->m->name[p->value]);
    return out;
}

/* ---- Inputs -----------------------------------------------------------------------------------------------
 */

static void axes_of(Operand *o, const OnnxPort *p)
{
    o->rank = p->rank;
    for (int i = 0; i < p->rank; i++)
        o->dim[i] = i ? (Extent){(int)p->dim[i], false, 1} : (Extent){1, true, 1};
}

static bool has_sizes(Draft *d, const OnnxPort *p)
{
    char name[64];
    if (p->rank < 2 || p->rank > 4)
        return draft_refuse(d, "its input '%s' has %d axes: 2 for latents or 4 for pictures are read",
                            name_of(d, name, sizeof name, p), p->rank);
    for (int i = 1; i < p->rank; i++)
        if (p->dim[i] < 1 || p->dim[i] > LATENT_MOST)
            return draft_refuse(
                d, "axis %d of its input '%s' has no fixed size: export it with only the batch dynamic", i,
                name_of(d, name, sizeof name, p));
    return p->dim[0] < 1 << 20 || draft_refuse(d, "its batch is too large");
}

/* (N,C,H,W), or (N,H,W,C): the port is the former, the file's value a transpose of it. */
static bool picture_input(Draft *d, Imported *out, Operand *o, const OnnxPort *p)
{
    const int last[] = {0, 2, 3, 1};
    Operand plain = *o, turned;
    bool nhwc = !is_colours((int)p->dim[1]) && is_colours((int)p->dim[3]);
    int C = (int)p->dim[nhwc ? 3 : 1], H = (int)p->dim[nhwc ? 1 : 2], W = (int)p->dim[nhwc ? 2 : 3];
    if (!is_colours(C) || H > SIDE_MOST || W > SIDE_MOST)
        return draft_refuse(d, "its input is no picture of 1, 3 or 4 channels");
    out->kind = IMPORT_ENCODER;
    out->channels = C, out->height = H, out->width = W;
    plain.kind = OPERAND_RESULT;
    plain.id = net_input(d->net, "image", shape4(NET_BATCH, C, H, W));
    if (nhwc) {
        plain.dim[1].n = C, plain.dim[2].n = H, plain.dim[3].n = W;
        if (!axes_transpose(d, &turned, &plain, last)) return false;
        plain = turned;
    }
    *o = plain;
    return true;
}

static bool latent_input(Draft *d, Imported *out, Operand *o, const OnnxPort *p)
{
    int64_t n = 1;
    for (int i = 1; i < p->rank; i++) n *= p->dim[i];
    if (n > LATENT_MOST) return draft_refuse(d, "its latent has more than %d numbers", LATENT_MOST);
    bool pixel = p->rank == 4 && p->dim[2] == 1 && p->dim[3] == 1;
    out->z_dim = (int)n;
    o->kind = OPERAND_RESULT;
    o->id = net_input(d->net, "z", pixel ? shape4(NET_BATCH, (int)n, 1, 1) : shape2(NET_BATCH, (int)n));
    return true;
}

static bool main_input(Draft *d, Imported *out, const OnnxPort *p)
{
    Operand o = {.value = p->value};
    if (!has_sizes(d, p)) return false;
    if (p->dim[0] > 0) {
        d->fixed = (int)p->dim[0];
        d->batch[0] = d->batch[1] = d->fixed;
    }
    axes_of(&o, p);
    bool picture = p->rank == 4 && p->dim[2] > 1 && (p->dim[1] > 1 || p->dim[3] > 1);
    if (picture ? !picture_input(d, out, &o, p) : !latent_input(d, out, &o, p)) return false;
    d->operand[p->value] = o;
    return true;
}

/* One-hot classes, or one number that is taken as 1: a truncation. */
static bool second_input(Draft *d, Imported *out, const OnnxPort *p)
{
    Operand o = {.kind = OPERAND_RESULT, .value = p->value};
    char name[64];
    if (p->rank == 2 && p->dim[1] > 1 && p->dim[1] <= CLASSES_MOST && out->kind == IMPORT_GENERATOR &&
        !out->classes) {
        axes_of(&o, p);
        out->classes = d->classes = (int)p->dim[1];
        o.id = net_input(d->net, "class", shape2(NET_BATCH, out->classes));
        d->operand[p->value] = o;
        return true;
    }
    if (strstr(name_of(d, name, sizeof name, p), "trunc") && p->rank >= 0 && p->rank < 2 &&
        (p->rank == 0 || p->dim[0] == 1)) {
        o = (Operand){
            .kind = OPERAND_NUMBERS, .rank = p->rank, .value = p->value, .numbers = numbers_new(d, 1, false)};
        for (int i = 0; i < p->rank; i++) o.dim[i] = (Extent){1, false, 1};
        if (o.numbers) numbers_put(o.numbers, 0, 1, 1);
        d->operand[p->value] = o;
        return o.numbers != NULL;
    }
    return draft_refuse(
        d, "its input '%s' is neither a latent nor classes: export it with that input as a constant", name);
}

static bool label_input(Draft *d, const OnnxPort *p)
{
    Operand o = {.kind = OPERAND_LABEL, .value = p->value};
    if (p->rank < 1 || p->rank > 2 || (p->rank == 2 && p->dim[1] != 1))
        return draft_refuse(d, "its input of whole numbers is not one class for each image");
    axes_of(&o, p);
    d->operand[p->value] = o;
    d->class_index = true;
    return true;
}

bool onnx_inputs(Draft *d, Imported *out)
{
    bool first = true;
    for (int i = 0; i < d->m->inputs; i++) {
        const OnnxPort *p = &d->m->input[i];
        bool is_float = onnx_is_float(p->type);
        if (d->uses[p->value] == 0) continue;
        if (!is_float && p->type != ONNX_INT64 && p->type != ONNX_INT32)
            return draft_refuse(d, "an input holds neither floats nor whole numbers");
        if (!is_float ? !label_input(d, p) : first ? !main_input(d, out, p) : !second_input(d, out, p))
            return false;
        first = first && !is_float;
    }
    return !first || draft_refuse(d, "it takes neither a latent nor a picture");
}

/* ---- Outputs ----------------------------------------------------------------------------------------------
 */

int onnx_output(const Draft *d)
{
    for (int i = 0; i < d->m->outputs; i++)
        if (d->m->output[i].rank == 4) return i;
    return 0;
}

/* What follows from the last nodes: tanh, sigmoid and clip bound what they make, moves and scales keep
 * bounds. */
static void range_of(const Net *net, ValueId id, float *low, float *high)
{
    float scale = 1, offset = 0;
    *low = *high = NAN;
    for (;;) {
        const Value *v = net_value(net, id);
        if (v->producer < 0) return;
        const Node *n = net_node(net, v->producer);
        const Attrs *a = &n->attrs;
        id = n->in[0];
        if (n->op == OP_RESHAPE || n->op == OP_TRANSPOSE || n->op == OP_SLICE || n->op == OP_UPSAMPLE)
            continue;
        if (n->op == OP_SCALE) {
            offset += scale * a->gain, scale *= a->alpha;
            continue;
        }
        if (n->op == OP_ACT && a->act == ACT_TANH) *low = -1, *high = 1;
        if (n->op == OP_ACT && a->act == ACT_SIGMOID) *low = 0, *high = 1;
        if (n->op == OP_POINT && a->mode == POINT_CLIP) *low = a->alpha, *high = a->gain;
        *low = *low * scale + offset, *high = *high * scale + offset;
        return;
    }
}

/* A row of numbers that is a picture: a square of one, three or four channels. */
static bool square_of(int n, int *C, int *side)
{
    for (*C = 1; *C <= 4; *C += *C == 1 ? 2 : 1) {
        *side = (int)lround(sqrt((double)n / *C));
        if (*side >= 4 && *C * *side * *side == n) return true;
    }
    return false;
}

static bool picture_axes(Draft *d, Imported *out, Operand *o)
{
    const int channels_first[] = {0, 3, 1, 2};
    Operand turned;
    int C, side;
    if (o->rank == 4 && !is_colours(o->dim[1].n) && is_colours(o->dim[3].n)) {
        if (!axes_transpose(d, &turned, o, channels_first)) return false;
        *o = turned;
        out->nhwc = true;
    } else if (o->rank == 3) {
        o->rank = 4, o->dim[3] = o->dim[2], o->dim[2] = o->dim[1], o->dim[1] = (Extent){1, false, 1};
    } else if (o->rank == 2 && square_of(o->dim[1].n, &C, &side)) {
        o->rank = 4, o->dim[1].n = C, o->dim[2] = o->dim[3] = (Extent){side, false, 1};
    }
    if (o->rank != 4 || !is_colours(o->dim[1].n) || o->dim[2].n > SIDE_MOST || o->dim[3].n > SIDE_MOST)
        return draft_refuse(d, "its output is no picture of 1, 3 or 4 channels and at most %d pixels a side",
                            SIDE_MOST);
    out->channels = o->dim[1].n, out->height = o->dim[2].n, out->width = o->dim[3].n;
    return true;
}

/* An output may not be an input itself: it passes a node. */
static void port(Draft *d, const char *name, ValueId id)
{
    const Value *v = net_value(d->net, id);
    if (v && net_value(d->net, v->alias_of == NET_NONE ? id : v->alias_of)->kind != VALUE_ACTIVATION)
        id = draft_one(d, OP_SCALE, id, (Attrs){.alpha = 1});
    net_output(d->net, name, id);
}

static bool picture_output(Draft *d, Imported *out, Operand *o)
{
    ValueId id;
    if (!picture_axes(d, out, o) || !operand_id(d, o, &id)) return false;
    range_of(d->net, id, &out->low, &out->high);
    port(d, "image", id);
    return true;
}

static const Node *maker(const Net *net, ValueId id)
{
    const Value *v = net_value(net, id);
    while (v->producer >= 0 && net_node(net, v->producer)->op == OP_RESHAPE)
        v = net_value(net, net_node(net, v->producer)->in[0]);
    return v->producer >= 0 ? net_node(net, v->producer) : NULL;
}

/* The last layer of a classifier, before any softmax, or NULL. */
static const Node *classifier(const Net *net, ValueId id)
{
    const Node *last = maker(net, id);
    if (last && last->op == OP_SOFTMAX) last = maker(net, last->in[0]);
    return last && last->op == OP_LINEAR && net_value(net, last->in[0])->shape.rank == 2 ? last : NULL;
}

/* Logits are what a last layer makes of features. */
static bool feature_output(Draft *d, Imported *out, const Operand *o)
{
    Shape row;
    if (!operand_shape(d, &row, o)) return false;
    int n = (int)shape_count(&row, 1);
    const Node *last = classifier(d->net, o->id);
    ValueId features = last ? last->in[0] : NET_NONE;
    ValueId id = draft_one(d, OP_RESHAPE, last ? last->out : o->id, (Attrs){.shape = shape2(NET_BATCH, n)});
    if (id == NET_NONE) return false;
    port(d, last ? "logits" : "features", id);
    if (!last) return true;
    out->classes = n;
    port(d, "features", features);
    return true;
}

bool onnx_outputs(Draft *d, Imported *out, const Operand *o)
{
    Operand own = *o;
    if (own.kind != OPERAND_RESULT || own.rank < 1 || !own.dim[0].batch || own.dim[0].n != 1 ||
        own.dim[0].outer != 1)
        return draft_refuse(d, "its output does not begin with the batch");
    if (out->kind == IMPORT_ENCODER) return feature_output(d, out, &own);
    out->class_index = d->class_index && d->class_port != NET_NONE;
    if (out->class_index) out->classes = d->classes;
    return picture_output(d, out, &own);
}
