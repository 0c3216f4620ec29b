/* One rule for each op that knows maps: what it becomes in the lowered net. */
#include "math/map.h"
#include "net/lower_form.h"

enum { FEW = 4 }; /* channels of a picture that is read and written plain */

static const Shape *shape_of(const Lower *l, ValueId v)
{
    return &net_value(l->user, v)->shape;
}

static ValueId input(const Node *node, int i)
{
    return i < node->inputs ? node->in[i] : NET_NONE;
}

static ValueId plain_input(Lower *l, const Node *node, int i)
{
    ValueId v = input(node, i);
    return v == NET_NONE ? NET_NONE : lower_plain(l, v);
}

static void set_term(Lower *l, ValueId v, ValueId x, ValueId coef, Bend bend)
{
    l->form[v] = (Form){.plain = NET_NONE, .term = {x, coef, bend}};
}

static void set_plain(Lower *l, ValueId v, ValueId x)
{
    l->form[v] = (Form){.plain = x, .term = {.x = NET_NONE}};
}

/* v is plain and nothing else, or will be. */
static bool stays_plain(const Lower *l, ValueId v)
{
    const Form *f = &l->form[v];
    if (f->pending) return f->node.op == OP_MAPCONV && f->node.attrs.to == LAYOUT_PLAIN;
    return f->term.x == NET_NONE;
}

/* ---- Convolutions ----------------------------------------------------------------------------------------
 */

/* Plain pictures are read as they are; all else is a map. */
static bool reads_plain(const Lower *l, ValueId x)
{
    return stays_plain(l, x) && shape_of(l, x)->dim[1] <= FEW;
}

static bool lower_conv(Lower *l, const Node *node)
{
    ValueId x = node->in[0];
    const Shape *y = shape_of(l, node->out);
    if (node->attrs.groups != 1) return false;
    Attrs a = node->attrs;
    bool plain = reads_plain(l, x);
    LowerTerm t = plain ? (LowerTerm){lower_plain(l, x), NET_NONE, lower_straight} : lower_term(l, x);
    a.read[0] = t.bend, a.write = lower_straight;
    a.transposed = node->op == OP_CONVT, a.exact = l->exact, a.split = l->train, a.bf16 = l->bf16,
    a.moments = l->normed[node->out];
    a.to = !plain && !a.moments && y->dim[1] <= FEW ? LAYOUT_PLAIN : LAYOUT_MAP;
    ValueId in[] = {t.x, lower_plain(l, node->in[1]), t.coef, NET_NONE, plain_input(l, node, 2)};
    lower_later(l, node->out, OP_MAPCONV, in, 5, &a);
    return true;
}

/* ---- Batch norm ------------------------------------------------------------------------------------------
 */

static ValueId coefficient(Lower *l, const Node *node, ValueId moments, ValueId before)
{
    Attrs a = {.eps = node->attrs.eps, .momentum = node->attrs.momentum};
    a.count = op_pixels(shape_of(l, node->in[0]));
    ValueId in[] = {moments,
                    plain_input(l, node, 1),
                    plain_input(l, node, 2),
                    plain_input(l, node, 3),
                    plain_input(l, node, 4),
                    before};
    return lower_add(l, OP_COEF, in, 6, &a);
}

/* Nothing but the raw convolution and its bias has been done yet. */
static bool is_raw(const Node *conv)
{
    return conv->in[3] == NET_NONE && conv->in[5] == NET_NONE && conv->in[6] == NET_NONE;
}

/* Into the writing of the convolution that makes x. */
static bool norm_written(Lower *l, const Node *node)
{
    Node *conv = l->frozen ? lower_pending(l, node->in[0], OP_MAPCONV) : NULL;
    if (!conv || !is_raw(conv)) return false;
    conv->in[3] = coefficient(l, node, NET_NONE, conv->in[4]);
    conv->in[4] = NET_NONE;
    lower_move(l, node->out, node->in[0]);
    return true;
}

static bool lower_batchnorm(Lower *l, const Node *node)
{
    ValueId x = node->in[0], scale = input(node, 1), offset = input(node, 2), moments = NET_NONE;
    bool each = (scale != NET_NONE && shape_of(l, scale)->rank == 2) ||
                (offset != NET_NONE && shape_of(l, offset)->rank == 2);
    const Shape *s = shape_of(l, x);
    if (each || s->rank != 4 || s->dim[0] != NET_BATCH) return false;
    if (norm_written(l, node)) return true;
    if (l->train && !l->normed[x]) return false;
    ValueId map = lower_map(l, x);
    if (map == NET_NONE) return true;
    if (l->train) moments = net_node(l->net, net_value(l->net, map)->producer)->out2;
    set_term(l, node->out, map, coefficient(l, node, moments, NET_NONE), lower_straight);
    return true;
}

/* A scale and an offset that the net makes itself: into the writing of a convolution without a bias, where
 * that can do it, else into the next reading. A scale for each image is written with an offset that is the
 * same for all. */
static bool affine_written(Lower *l, const Node *node, ValueId coef)
{
    Node *conv = l->frozen ? lower_pending(l, node->in[0], OP_MAPCONV) : NULL;
    ValueId scale = input(node, 1), offset = input(node, 2);
    bool each = scale != NET_NONE && shape_of(l, scale)->rank == 2;
    if (!conv || !is_raw(conv) || conv->in[4] != NET_NONE || conv->attrs.to == LAYOUT_PLAIN) return false;
    if (offset != NET_NONE && shape_of(l, offset)->rank == 2) return false;
    conv->in[3] = coef;
    if (each && offset != NET_NONE) conv->in[4] = lower_plain(l, offset);
    lower_move(l, node->out, node->in[0]);
    return true;
}

static bool lower_affine(Lower *l, const Node *node)
{
    const Shape *s = shape_of(l, node->in[0]);
    if (s->rank != 4 || s->dim[0] != NET_BATCH || node->inputs < 2) return false;
    if (stays_plain(l, node->in[0]) && s->dim[1] <= FEW) return false;
    ValueId in[] = {plain_input(l, node, 1), plain_input(l, node, 2)};
    ValueId coef = lower_add(l, OP_STYLE, in, 2, NULL);
    if (affine_written(l, node, coef)) return true;
    LowerTerm t = lower_term(l, node->in[0]);
    if (t.coef != NET_NONE) t = (LowerTerm){lower_map(l, node->in[0]), NET_NONE, lower_straight};
    set_term(l, node->out, t.x, coef, lower_straight);
    return true;
}

/* Zeros come in at the edges: what a coefficient shifts must be shifted before. */
static bool lower_fir(Lower *l, const Node *node)
{
    if (stays_plain(l, node->in[0])) return false;
    ValueId in[] = {lower_map(l, node->in[0]), lower_plain(l, node->in[1])};
    set_term(l, node->out, lower_add(l, OP_FIR, in, 2, &node->attrs), NET_NONE, lower_straight);
    return true;
}

/* ---- Pointwise -------------------------------------------------------------------------------------------
 */

static bool bend_of(Bend *b, const Attrs *a)
{
    *b = (Bend){a->act == ACT_RELU ? 0 : a->alpha, a->gain};
    return (a->act == ACT_RELU || a->act == ACT_LEAKY) && b->slope >= 0 && b->slope <= 1 && b->gain > 0;
}

static void join_later(Lower *l, ValueId out, LowerTerm a, const LowerTerm *b, Bend write)
{
    LowerTerm none = {NET_NONE, NET_NONE, lower_straight};
    if (!b) b = &none;
    lower_later(l, out, OP_JOIN, (ValueId[]){a.x, a.coef, b->x, b->coef}, 4,
                &(Attrs){.read = {a.bend, b->bend}, .write = write});
}

static bool lower_bend(Lower *l, const Node *node, Bend bend)
{
    ValueId x = node->in[0];
    Node *pending = lower_pending(l, x, OP_MAPCONV);
    if (!pending) pending = lower_pending(l, x, OP_JOIN);
    if (pending) {
        pending->attrs.write = bend;
        lower_move(l, node->out, x);
        return true;
    }
    LowerTerm t = lower_term(l, x);
    if (t.coef != NET_NONE && lower_is_straight(t.bend))
        set_term(l, node->out, t.x, t.coef, bend);
    else
        join_later(l, node->out, t, NULL, bend);
    return true;
}

/* Sends zeros to zeros, so that the lanes past the last channel stay so. */
static bool keeps_zero(int act)
{
    return act == ACT_RELU || act == ACT_LEAKY || act == ACT_TANH || act == ACT_SQRT;
}

static bool lower_act(Lower *l, const Node *node)
{
    Bend bend;
    ValueId x = node->in[0];
    if (bend_of(&bend, &node->attrs) && (!stays_plain(l, x) || lower_pending(l, x, OP_MAPCONV)))
        return lower_bend(l, node, bend);
    if (stays_plain(l, x) || !keeps_zero(node->attrs.act)) return false;
    ValueId map = lower_map(l, x);
    set_term(l, node->out, lower_add(l, OP_ACT, &map, 1, &node->attrs), NET_NONE, lower_straight);
    return true;
}

static bool lower_scale(Lower *l, const Node *node)
{
    if (stays_plain(l, node->in[0]) || node->attrs.gain != 0) return false;
    ValueId map = lower_map(l, node->in[0]);
    set_term(l, node->out, lower_add(l, OP_SCALE, &map, 1, &node->attrs), NET_NONE, lower_straight);
    return true;
}

/* Into the writing of the convolution that makes one of the two. */
static bool add_written(Lower *l, ValueId out, ValueId into, ValueId other)
{
    Node *conv = l->frozen ? lower_pending(l, into, OP_MAPCONV) : NULL;
    if (!conv || conv->attrs.to == LAYOUT_PLAIN || conv->in[5] != NET_NONE) return false;
    conv->in[5] = lower_map(l, other);
    lower_move(l, out, into);
    return true;
}

static bool lower_sum(Lower *l, const Node *node)
{
    ValueId a = node->in[0], b = node->in[1];
    if (!shape_equal(shape_of(l, a), shape_of(l, b)) || (stays_plain(l, a) && stays_plain(l, b)))
        return false;
    if (add_written(l, node->out, a, b) || add_written(l, node->out, b, a)) return true;
    LowerTerm ta = lower_term(l, a), tb = lower_term(l, b);
    join_later(l, node->out, ta, &tb, lower_straight);
    return true;
}

/* The convolution that makes x, where more may go into its writing: where gradients are wanted, only after a
 * scale for each image, with which its backward finds them all. */
static Node *written(Lower *l, ValueId x)
{
    Node *conv = lower_pending(l, x, OP_MAPCONV);
    return conv && (l->frozen || conv->in[3] != NET_NONE) ? conv : NULL;
}

/* strength * noise goes into the writing of the convolution that makes x, or of a join. */
static bool lower_noise(Lower *l, const Node *node)
{
    ValueId x = node->in[0];
    if (stays_plain(l, x)) return false;
    Node *conv = written(l, x), *join = lower_pending(l, x, OP_JOIN);
    ValueId noise = lower_plain(l, node->in[1]), strength = lower_plain(l, node->in[2]);
    if (conv && conv->in[6] == NET_NONE) {
        conv->in[6] = noise, conv->in[7] = strength;
        lower_move(l, node->out, x);
        return true;
    }
    if (join && join->in[4] == NET_NONE)
        lower_move(l, node->out, x);
    else
        join_later(l, node->out, lower_term(l, x), NULL, lower_straight);
    join = &l->form[node->out].node;
    join->in[4] = noise, join->in[5] = strength;
    return true;
}

/* ---- Modulated convolution
 * --------------------------------------------------------------------------------- */

/* The style scales the reading, the demodulation the writing. */
static bool lower_modconv(Lower *l, const Node *node)
{
    ValueId style = lower_plain(l, node->in[1]), w = lower_plain(l, node->in[2]),
            bias = plain_input(l, node, 3);
    Attrs a = node->attrs;
    if (shape_of(l, node->in[0])->dim[0] != NET_BATCH) return false;
    a.read[0] = a.write = lower_straight;
    a.exact = l->exact, a.split = l->train, a.bf16 = l->bf16;
    bool map = a.demodulate && !l->frozen; /* its gradients are found in maps only */
    a.to = !map && shape_of(l, node->out)->dim[1] <= FEW ? LAYOUT_PLAIN : LAYOUT_MAP;
    ValueId in[] = {lower_map(l, node->in[0]), w, lower_add(l, OP_STYLE, &style, 1, NULL), NET_NONE, bias};
    if (a.demodulate) in[3] = lower_add(l, OP_DEMOD, (ValueId[]){style, w}, 2, &a);
    lower_later(l, node->out, OP_MAPCONV, in, 5, &a);
    return true;
}

/* ---- Other sizes, and channels beside each other
 * ----------------------------------------------------------- */

static bool lower_pixels(Lower *l, const Node *node)
{
    if (stays_plain(l, node->in[0])) return false;
    ValueId map = lower_map(l, node->in[0]);
    set_plain(l, node->out, lower_add(l, node->op, &map, 1, &node->attrs));
    return true;
}

/* A mean of pixels whose weights sum to 1: a scale and shift of channels may as well be applied after it. */
static bool lower_resized(Lower *l, const Node *node)
{
    ValueId x = node->in[0];
    if (stays_plain(l, x) || (node->op == OP_UPSAMPLE && node->attrs.scale != 2)) return false;
    LowerTerm t = lower_term(l, x);
    if (!lower_is_straight(t.bend)) t = (LowerTerm){lower_map(l, x), NET_NONE, lower_straight};
    set_term(l, node->out, lower_add(l, node->op, &t.x, 1, &node->attrs), t.coef, lower_straight);
    return true;
}

static bool lower_concat(Lower *l, const Node *node)
{
    ValueId in[NET_INPUTS];
    bool mapped = false;
    if (node->attrs.axis != 1 || shape_of(l, node->out)->rank != 4) return false;
    for (int i = 0; i < node->inputs; i++) mapped |= !stays_plain(l, node->in[i]);
    for (int i = 0; mapped && i < node->inputs; i++) in[i] = lower_map(l, node->in[i]);
    if (mapped)
        set_term(l, node->out, lower_add(l, OP_CONCAT, in, node->inputs, &node->attrs), NET_NONE,
                 lower_straight);
    return mapped;
}

/* Channels of whole blocks lie without gaps, which is all that the statistic needs. */
static bool lower_batchstd(Lower *l, const Node *node)
{
    ValueId x = node->in[0];
    if (stays_plain(l, x) || shape_of(l, x)->dim[1] % MAP_LANES) return false;
    ValueId map = lower_map(l, x);
    set_term(l, node->out, lower_add(l, OP_BATCHSTD, &map, 1, &node->attrs), NET_NONE, lower_straight);
    return true;
}

bool lower_rule(Lower *l, const Node *node)
{
    switch (node->op) {
    case OP_CONV:
    case OP_CONVT:
        return lower_conv(l, node);
    case OP_MODCONV:
        return lower_modconv(l, node);
    case OP_BATCHNORM:
        return lower_batchnorm(l, node);
    case OP_ACT:
        return lower_act(l, node);
    case OP_SCALE:
        return lower_scale(l, node);
    case OP_ADD:
        return lower_sum(l, node);
    case OP_NOISE:
        return lower_noise(l, node);
    case OP_MEANHW:
    case OP_SUMHW:
        return lower_pixels(l, node);
    case OP_UPSAMPLE:
    case OP_AVGPOOL:
        return lower_resized(l, node);
    case OP_AFFINE:
        return lower_affine(l, node);
    case OP_FIR:
        return lower_fir(l, node);
    case OP_CONCAT:
        return lower_concat(l, node);
    case OP_BATCHSTD:
        return lower_batchstd(l, node);
    default:
        return false;
    }
}
