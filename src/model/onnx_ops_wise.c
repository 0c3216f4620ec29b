/* ONNX operators that work number by number: activations, arithmetic with broadcasting, comparisons, choices.
 */
#include "math/pair.h"
#include "math/point.h"
#include "model/onnx_draft.h"
#include <float.h>
#include <math.h>
#include <string.h>

static const double NOTHING[2] = {0, 0};

/* ---- One number -------------------------------------------------------------------------------------------
 */

/* What an operator of one number is: an activation, a function of math/point.h, or a scale. Attributes name a
 * and b; those it does not have are the defaults. */
typedef struct {
    const char *name;
    int op, kind;
    const char *a_name, *b_name;
    float a, b;
} One;

static const One ones[] = {
    {"Relu", OP_ACT, ACT_RELU, NULL, NULL, 0, 1},
    {"LeakyRelu", OP_ACT, ACT_LEAKY, "alpha", NULL, 0.01f, 1},
    {"Tanh", OP_ACT, ACT_TANH, NULL, NULL, 0, 1},
    {"Sigmoid", OP_ACT, ACT_SIGMOID, NULL, NULL, 0, 1},
    {"Softplus", OP_ACT, ACT_SOFTPLUS, NULL, NULL, 0, 1},
    {"Exp", OP_ACT, ACT_EXP, NULL, NULL, 0, 1},
    {"Sqrt", OP_ACT, ACT_SQRT, NULL, NULL, 0, 1},
    {"Neg", OP_SCALE, 0, NULL, NULL, -1, 0},
    {"Abs", OP_POINT, POINT_ABS, NULL, NULL, 0, 0},
    {"Reciprocal", OP_POINT, POINT_RECIPROCAL, NULL, NULL, 0, 0},
    {"Log", OP_POINT, POINT_LOG, NULL, NULL, 0, 0},
    {"Erf", OP_POINT, POINT_ERF, NULL, NULL, 0, 0},
    {"Sin", OP_POINT, POINT_SIN, NULL, NULL, 0, 0},
    {"Cos", OP_POINT, POINT_COS, NULL, NULL, 0, 0},
    {"Elu", OP_POINT, POINT_ELU, "alpha", NULL, 1, 1},
    {"Selu", OP_POINT, POINT_ELU, "alpha", "gamma", 1.67326319217681884766f, 1.05070102214813232422f},
    {"Softsign", OP_POINT, POINT_SOFTSIGN, NULL, NULL, 0, 0},
    {"HardSigmoid", OP_POINT, POINT_HARD_SIGMOID, "alpha", "beta", 0.2f, 0.5f},
    {"Floor", OP_POINT, POINT_FLOOR, NULL, NULL, 0, 0},
    {"Ceil", OP_POINT, POINT_CEIL, NULL, NULL, 0, 0},
    {"Round", OP_POINT, POINT_ROUND, NULL, NULL, 0, 0},
    {"Sign", OP_POINT, POINT_SIGN, NULL, NULL, 0, 0},
};

static double fold_act(double x, double unused, const double k[2])
{
    double alpha = k[1];
    (void)unused;
    switch ((int)k[0]) {
    case ACT_RELU:
        return x > 0 ? x : 0;
    case ACT_LEAKY:
        return x > 0 ? x : alpha * x;
    case ACT_TANH:
        return tanh(x);
    case ACT_SIGMOID:
        return 1 / (1 + exp(-x));
    case ACT_SOFTPLUS:
        return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    case ACT_EXP:
        return exp(x);
    default:
        return sqrt(x);
    }
}

static double fold_scale(double x, double unused, const double k[2])
{
    (void)unused;
    return x * k[0] + k[1];
}

#define FOLD_POINT(KIND)                                                                                     \
    static double fold_##KIND(double x, double unused, const double k[2])                                    \
    {                                                                                                        \
        (void)unused;                                                                                        \
        return point_naive(x, POINT_##KIND, k[0], k[1]);                                                     \
    }
#define EACH_POINT(X)                                                                                        \
    X(ABS)                                                                                                   \
    X(RECIPROCAL)                                                                                            \
    X(LOG)                                                                                                   \
    X(POW) X(ERF) X(SIN) X(COS) X(ELU) X(SOFTSIGN) X(HARD_SIGMOID) X(CLIP) X(FLOOR) X(CEIL) X(ROUND) X(SIGN)
EACH_POINT(FOLD_POINT)

static Fold *const fold_point[] = {
#define ROW(KIND) [POINT_##KIND] = fold_##KIND,
    EACH_POINT(ROW)};

static bool fold_one(Draft *d, Operand *out, const Operand *x, int op, int kind, float a, float b)
{
    if (op == OP_ACT) return fold_each(d, out, x, NULL, fold_act, (double[]){kind, (double)a}, x->type);
    return fold_each(d, out, x, NULL, op == OP_SCALE ? fold_scale : fold_point[kind],
                     (double[]){(double)a, (double)b}, x->type);
}

/* Output 0 is the function of x. */
static bool of_one(Draft *d, const Operand *x, int op, int kind, float a, float b)
{
    Operand out;
    if (x->kind == OPERAND_LABEL) return draft_refuse(d, "labels of classes can only choose rows of a table");
    if (x->kind == OPERAND_NUMBERS) {
        if (!fold_one(d, &out, x, op, kind, a, b)) return false;
        draft_out(d, 0, out);
        return true;
    }
    Attrs attrs = {.act = op == OP_ACT ? kind : 0, .mode = op == OP_POINT ? kind : 0, .alpha = a, .gain = b};
    /* a leaky slope of 0 is no default */
    if (op == OP_ACT && kind == ACT_LEAKY && a == 0) attrs.act = ACT_RELU;
    return draft_like(d, draft_add(d, op, &x->id, 1, &attrs), x);
}

static bool one(Draft *d)
{
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        const One *o = &ones[i];
        if (!onnx_text_is(d->node->op, o->name)) continue;
        return of_one(d, draft_in(d, 0), o->op, o->kind, o->a_name ? draft_float(d, o->a_name, o->a) : o->a,
                      o->b_name ? draft_float(d, o->b_name, o->b) : o->b);
    }
    return draft_refuse(d, "it is not read");
}

/* Bounds are inputs since opset 11, attributes before; those left out are the largest numbers. */
static bool clip(Draft *d)
{
    double low, high;
    if (!draft_scalar(d, 1, (double)draft_float(d, "min", -FLT_MAX), &low) ||
        !draft_scalar(d, 2, (double)draft_float(d, "max", FLT_MAX), &high))
        return false;
    if (low == 0 && high >= (double)FLT_MAX) return of_one(d, draft_in(d, 0), OP_ACT, ACT_RELU, 0, 1);
    return of_one(d, draft_in(d, 0), OP_POINT, POINT_CLIP, (float)low, (float)high);
}

static bool cast(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int to = (int)draft_int(d, "to", ONNX_FLOAT);
    Operand out = *x;
    out.type = onnx_is_float(to) ? NUMBER_FLOAT : to == ONNX_BOOL ? NUMBER_TRUTH : NUMBER_WHOLE;
    if (x->kind == OPERAND_NUMBERS && out.type != x->type && x->type == NUMBER_FLOAT) {
        int kind = out.type == NUMBER_TRUTH ? POINT_SIGN : POINT_FLOOR;
        double zero = 0;
        if (kind == POINT_FLOOR && numbers_same(d, x, &zero) && zero < 0)
            kind = POINT_CEIL; /* towards zero */
        return fold_each(d, &out, x, NULL, fold_point[kind], NOTHING, out.type) &&
               (draft_out(d, 0, out), true);
    }
    numbers_keep(out.numbers);
    draft_out(d, 0, out);
    return true;
}

static bool hard_swish(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    if (!operand_plain(d, x, 1, DRAFT_RANK)) return false;
    ValueId s =
        draft_one(d, OP_POINT, x->id, (Attrs){.mode = POINT_HARD_SIGMOID, .alpha = 1.0f / 6, .gain = 0.5f});
    return s != NET_NONE && draft_like(d, draft_add(d, OP_MUL, (ValueId[]){x->id, s}, 2, NULL), x);
}

/* max(0, x) + min(0, alpha (exp(x / alpha) - 1)) = alpha elu(x / alpha) */
static bool celu(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    float alpha = draft_float(d, "alpha", 1);
    if (!operand_plain(d, x, 1, DRAFT_RANK)) return false;
    if (!(alpha > 0)) return draft_refuse(d, "its alpha must be above 0");
    ValueId y = draft_one(d, OP_SCALE, x->id, (Attrs){.alpha = 1 / alpha});
    y = draft_one(d, OP_POINT, y, (Attrs){.mode = POINT_ELU, .alpha = 1, .gain = 1});
    return draft_like(d, draft_one(d, OP_SCALE, y, (Attrs){.alpha = alpha}), x);
}

/* ---- Two numbers ------------------------------------------------------------------------------------------
 */

typedef enum { ADD, SUB, MUL, DIV, POW, MAX, MIN, PRELU, EQUAL, LESS, GREATER, AND, OR, MOD } Two;

static double fold_two(double a, double b, const double k[2])
{
    switch ((Two)k[0]) {
    case ADD:
        return a + b;
    case SUB:
        return a - b;
    case MUL:
        return a * b;
    case DIV:
        return k[1] != 0 ? (b != 0 ? trunc(a / b) : 0) : a / b;
    case POW:
        return pow(a, b);
    case MAX:
        return a > b ? a : b;
    case MIN:
        return a < b ? a : b;
    case PRELU:
        return a < 0 ? a * b : a;
    case EQUAL:
        return a == b;
    case LESS:
        return a < b;
    case GREATER:
        return a > b;
    case AND:
        return a != 0 && b != 0;
    case OR:
        return a != 0 || b != 0;
    default:
        return b != 0 ? a - floor(a / b) * b : 0;
    }
}

static bool numbers_two(Draft *d, Operand *out, const Operand *a, const Operand *b, Two two)
{
    bool truth = two == EQUAL || two == LESS || two == GREATER || two == AND || two == OR;
    double k[2] = {two, a->type == NUMBER_WHOLE && b->type == NUMBER_WHOLE};
    return fold_each(d, out, a, b, fold_two, k, truth ? NUMBER_TRUTH : a->type);
}

/* The axes of what broadcasts, and the shape of each operand in the net's order, of one rank. */
typedef struct {
    Operand out;
    Shape whole, shape[3]; /* of the result, of each operand */
} Aligned;

/* The batch axis of all: of a result, else of numbers that repeat. */
static bool align_axes(Draft *d, Operand *out, const Operand *const *in, int n)
{
    *out = (Operand){.kind = OPERAND_RESULT};
    for (int k = 0; k < n; k++)
        if (in[k]->rank > out->rank) out->rank = in[k]->rank;
    for (int i = 0; i < out->rank; i++) {
        Extent *e = &out->dim[i];
        *e = (Extent){1, false, 1};
        for (int k = 0; k < n; k++) {
            int at = i - (out->rank - in[k]->rank);
            const Extent *x = at < 0 ? e : &in[k]->dim[at];
            if (x->batch && in[k]->kind == OPERAND_RESULT) *e = *x;
            if (!e->batch && x->n != 1) *e = (Extent){x->n, x->batch, x->outer};
        }
    }
    for (int i = 0, batches = 0; i < out->rank; i++)
        if (out->dim[i].batch && ++batches > 1)
            return draft_refuse(d, "the batch is in two axes of one value");
    return true;
}

/* Of an operand in the order of `out`: 1 where it repeats. */
static bool align_shape(Draft *d, Shape *shape, const Operand *out, const Operand *x)
{
    int b = operand_batch(out), lead = out->rank - x->rank;
    Operand own = *out;
    for (int i = 0; i < out->rank; i++) {
        Extent e = i < lead ? (Extent){1, false, 1} : x->dim[i - lead];
        if (i != b) {
            if (e.batch || (e.n != 1 && e.n != out->dim[i].n))
                return draft_refuse(d, "its inputs have shapes that do not match");
            own.dim[i].n = e.n;
        } else if (x->kind == OPERAND_RESULT ? e.batch : e.n * e.outer != 1) {
            if (e.n != out->dim[b].n || e.outer != out->dim[b].outer)
                return draft_refuse(d, "its inputs hold the batch differently");
        }
    }
    if (!operand_shape(d, shape, &own)) return false;
    bool one = b < 0 || b < lead || (!x->dim[b - lead].batch && x->dim[b - lead].n == 1);
    bool inner = b >= 0 && out->dim[b].n != 1;
    if (x->kind == OPERAND_NUMBERS || one) shape->dim[0] = 1;
    if (one && inner) shape->dim[1] = 1;
    if (one && b >= 0 && out->dim[b].outer != 1)
        return draft_refuse(d, "its inputs hold the batch differently");
    return true;
}

static bool align(Draft *d, Aligned *al, const Operand *const *in, int n)
{
    if (!align_axes(d, &al->out, in, n) || !operand_shape(d, &al->whole, &al->out)) return false;
    for (int k = 0; k < n; k++) {
        if (in[k]->kind == OPERAND_LABEL)
            return draft_refuse(d, "labels of classes can only choose rows of a table");
        if (!align_shape(d, &al->shape[k], &al->out, in[k])) return false;
    }
    return true;
}

static bool shaped(Draft *d, ValueId *id, const Operand *o, const Shape *shape)
{
    *id = o->kind == OPERAND_NUMBERS ? draft_param(d, o, *shape) : o->id;
    if (*id != NET_NONE && !shape_equal(&net_value(d->net, *id)->shape, shape))
        *id = draft_add(d, OP_RESHAPE, id, 1, &(Attrs){.shape = *shape});
    return *id != NET_NONE;
}

/* All but the channels (and the images) repeat. */
static bool is_channels(const Shape *s, const Shape *whole)
{
    if (s->rank < 2 || s->dim[1] != whole->dim[1] || whole->dim[1] == 1) return false;
    if (s->dim[0] == NET_BATCH && s->rank < 3) return false;
    for (int i = 2; i < s->rank; i++)
        if (s->dim[i] != 1) return false;
    return true;
}

/* x times or plus one number for each channel, or for each channel and image. */
static bool channels(Draft *d, const Aligned *al, const Operand *const *in, int x, bool add)
{
    const Shape *s = &al->shape[1 - x];
    ValueId id[3] = {NET_NONE, NET_NONE, NET_NONE};
    Shape vector = s->dim[0] == NET_BATCH ? shape2(NET_BATCH, s->dim[1]) : shape1(s->dim[1]);
    if (!shaped(d, &id[0], in[x], &al->shape[x]) || !shaped(d, &id[add ? 2 : 1], in[1 - x], &vector))
        return false;
    return draft_like(d, draft_add(d, OP_AFFINE, id, 3, NULL), &al->out);
}

/* Which functions of the net, where there is no quicker way. */
static const struct {
    int op, mode;
} nodes[] = {
    [ADD] = {OP_ADD, 0},
    [SUB] = {OP_PAIR, PAIR_SUB},
    [MUL] = {OP_MUL, 0},
    [DIV] = {OP_PAIR, PAIR_DIV},
    [POW] = {OP_PAIR, PAIR_POW},
    [MAX] = {OP_PAIR, PAIR_MAX},
    [MIN] = {OP_PAIR, PAIR_MIN},
    [PRELU] = {OP_PAIR, PAIR_PRELU},
    [EQUAL] = {OP_PAIR, PAIR_EQUAL},
    [LESS] = {OP_PAIR, PAIR_LESS},
    [GREATER] = {OP_PAIR, PAIR_GREATER},
    [AND] = {OP_MUL, 0},
    [OR] = {OP_PAIR, PAIR_MAX},
    [MOD] = {-1, 0},
};

static bool results_two(Draft *d, const Operand *a, const Operand *b, Two two)
{
    const Operand *in[] = {a, b};
    Aligned al;
    ValueId id[2];
    if (nodes[two].op < 0) return draft_refuse(d, "it is read for constants alone");
    if (!align(d, &al, in, 2)) return false;
    for (int x = 0; (two == ADD || two == MUL) && x < 2; x++)
        if (shape_equal(&al.shape[x], &al.whole) && is_channels(&al.shape[1 - x], &al.shape[x]))
            return channels(d, &al, in, x, two == ADD);
    if (!shaped(d, &id[0], a, &al.shape[0]) || !shaped(d, &id[1], b, &al.shape[1])) return false;
    return draft_like(d, draft_add(d, nodes[two].op, id, 2, &(Attrs){.mode = nodes[two].mode}), &al.out);
}

/* A result and one constant number, x op k or, first, k op x; *done false: no quicker way. */
static bool with_number(Draft *d, const Operand *x, double k, bool first, Two two, bool *done)
{
    *done = true;
    switch (two) {
    case ADD:
        return of_one(d, x, OP_SCALE, 0, 1, (float)k);
    case SUB:
        return of_one(d, x, OP_SCALE, 0, first ? -1 : 1, (float)(first ? k : -k));
    case MUL:
        return of_one(d, x, OP_SCALE, 0, (float)k, 0);
    case DIV:
        if (!first) return of_one(d, x, OP_SCALE, 0, (float)(1 / k), 0);
        if (k == 1) return of_one(d, x, OP_POINT, POINT_RECIPROCAL, 0, 0);
        break;
    case POW:
        if (!first && k == 0.5) return of_one(d, x, OP_ACT, ACT_SQRT, 0, 1);
        if (!first) return of_one(d, x, OP_POINT, POINT_POW, (float)k, 0);
        break;
    case MAX:
        if (k == 0) return of_one(d, x, OP_ACT, ACT_RELU, 0, 1);
        return of_one(d, x, OP_POINT, POINT_CLIP, (float)k, FLT_MAX);
    case MIN:
        return of_one(d, x, OP_POINT, POINT_CLIP, -FLT_MAX, (float)k);
    default:
        break;
    }
    *done = false;
    return true;
}

/* Subtracting or dividing by constants is adding or multiplying by others. */
static bool by_constants(Draft *d, const Operand *x, const Operand *c, Two two)
{
    Operand other = {0};
    bool ok = fold_each(d, &other, c, NULL, two == SUB ? fold_scale : fold_RECIPROCAL, (double[]){-1, 0},
                        NUMBER_FLOAT);
    other.value = c->value;
    ok = ok && results_two(d, x, &other, two == SUB ? ADD : MUL);
    numbers_drop(d, other.numbers);
    return ok;
}

static bool two_of(Draft *d, const Operand *a, const Operand *b, Two two)
{
    Operand out;
    double k;
    bool done = false;
    if (a->kind == OPERAND_NUMBERS && b->kind == OPERAND_NUMBERS) {
        if (!numbers_two(d, &out, a, b, two)) return false;
        draft_out(d, 0, out);
        return true;
    }
    for (int first = 0; first < 2; first++) {
        const Operand *x = first ? b : a, *c = first ? a : b;
        bool fits = x->kind == OPERAND_RESULT && c->rank <= x->rank && extent_count(c->dim, c->rank) == 1;
        if (!fits || !numbers_same(d, c, &k)) continue;
        if (!with_number(d, x, k, first, two, &done)) return false;
        if (done) return true;
    }
    if (b->kind == OPERAND_NUMBERS && (two == SUB || two == DIV)) return by_constants(d, a, b, two);
    return results_two(d, a, b, two);
}

static const struct {
    const char *name;
    Two two;
} twos[] = {
    {"Add", ADD},     {"Sub", SUB},     {"Mul", MUL},   {"Div", DIV},         {"Pow", POW},
    {"PRelu", PRELU}, {"Equal", EQUAL}, {"Less", LESS}, {"Greater", GREATER}, {"And", AND},
    {"Or", OR},       {"Mod", MOD},     {"Max", MAX},   {"Min", MIN},
};

static bool two(Draft *d)
{
    for (size_t i = 0; i < sizeof twos / sizeof *twos; i++)
        if (onnx_text_is(d->node->op, twos[i].name))
            return two_of(d, draft_in(d, 0), draft_in(d, 1), twos[i].two);
    return draft_refuse(d, "it is not read");
}

/* Max, Min, Sum, Mean of any number of inputs: two at a time. */
static bool many(Draft *d)
{
    bool mean = onnx_text_is(d->node->op, "Mean");
    Two how = onnx_text_is(d->node->op, "Max") ? MAX : onnx_text_is(d->node->op, "Min") ? MIN : ADD;
    Operand sum = *draft_in(d, 0);
    int value = d->node->outputs ? d->node->out[0] : -1;
    if (value < 0) return true;
    numbers_keep(sum.numbers);
    draft_out(d, 0, sum);
    for (int i = 1; i < d->node->inputs; i++) {
        sum = d->operand[value];
        if (!draft_in(d, i) || !two_of(d, &sum, draft_in(d, i), how))
            return draft_refuse(d, "an input is missing");
        numbers_drop(d, sum.numbers);
    }
    if (!mean) return true;
    sum = d->operand[value];
    bool ok = of_one(d, &sum, OP_SCALE, 0, 1 / (float)d->node->inputs, 0);
    numbers_drop(d, sum.numbers);
    return ok;
}

/* a >= b is not (a < b), as long as neither is NaN. */
static bool or_equal(Draft *d)
{
    const Operand *a = draft_in(d, 0), *b = draft_in(d, 1);
    int value = d->node->outputs ? d->node->out[0] : -1;
    if (value < 0) return true;
    if (!two_of(d, a, b, onnx_text_is(d->node->op, "GreaterOrEqual") ? LESS : GREATER)) return false;
    Operand truth = d->operand[value];
    bool ok = of_one(d, &truth, OP_SCALE, 0, -1, 1);
    numbers_drop(d, truth.numbers);
    return ok;
}

static bool not(Draft * d)
{
    return of_one(d, draft_in(d, 0), OP_SCALE, 0, -1, 1);
}

/* ---- Choices ----------------------------------------------------------------------------------------------
 */

static bool where(Draft *d)
{
    const Operand *in[] = {draft_in(d, 0), draft_in(d, 1), draft_in(d, 2)};
    Aligned al;
    Operand out;
    ValueId id[3];
    bool known = true;
    for (int k = 0; k < 3; k++) known &= in[k]->kind == OPERAND_NUMBERS;
    if (known) return fold_choice(d, &out, in[0], in[1], in[2]) && (draft_out(d, 0, out), true);
    if (!align(d, &al, in, 3)) return false;
    for (int k = 0; k < 3; k++)
        if (!shaped(d, &id[k], in[k], &al.shape[k])) return false;
    return draft_like(d, draft_add(d, OP_SELECT, id, 3, NULL), &al.out);
}

const OnnxOp onnx_ops_wise[] = {
    {"Relu", one, 1},
    {"LeakyRelu", one, 1},
    {"Tanh", one, 1},
    {"Sigmoid", one, 1},
    {"Softplus", one, 1},
    {"Exp", one, 1},
    {"Sqrt", one, 1},
    {"Neg", one, 1},
    {"Abs", one, 1},
    {"Reciprocal", one, 1},
    {"Log", one, 1},
    {"Erf", one, 1},
    {"Sin", one, 1},
    {"Cos", one, 1},
    {"Elu", one, 1},
    {"Selu", one, 1},
    {"Softsign", one, 1},
    {"HardSigmoid", one, 1},
    {"Floor", one, 1},
    {"Ceil", one, 1},
    {"Round", one, 1},
    {"Sign", one, 1},
    {"Clip", clip, 1},
    {"Cast", cast, 1},
    {"HardSwish", hard_swish, 1},
    {"Celu", celu, 1},
    {"Add", two, 2},
    {"Sub", two, 2},
    {"Mul", two, 2},
    {"Div", two, 2},
    {"Pow", two, 2},
    {"PRelu", two, 2},
    {"Equal", two, 2},
    {"Less", two, 2},
    {"Greater", two, 2},
    {"And", two, 2},
    {"Or", two, 2},
    {"Mod", two, 2},
    {"Max", many, 1},
    {"Min", many, 1},
    {"Sum", many, 1},
    {"Mean", many, 1},
    {"Not", not, 1},
    {"GreaterOrEqual", or_equal, 2},
    {"LessOrEqual", or_equal, 2},
    {"Where", where, 3},
    {0},
};
