/* Graphs drawn from a seed: whatever the builder accepts runs, gives the same bits as every value in memory
 * of its own, and lowered the same numbers; what it refuses has a sentence. VIEWSMITH_FUZZ sets how many. */
#include "check.h"
#include "reference.h"
#include "twice.h"
#include <stdio.h>

typedef struct {
    Rng rng;
    Net *net;
    int made; /* for names */
} Draw;

static int below(Draw *d, int n)
{
    return (int)rng_below(&d->rng, (uint32_t)n);
}

static ValueId any(Draw *d)
{
    return below(d, net_values(d->net));
}

static ValueId fresh_param(Draw *d, Shape shape)
{
    char name[32];
    snprintf(name, sizeof name, "p%d", d->made++);
    return net_param(d->net, name, shape, init_fan_in(1));
}

static ValueId fresh_buffer(Draw *d, Shape shape, float value)
{
    char name[32];
    snprintf(name, sizeof name, "b%d", d->made++);
    return net_buffer(d->net, name, shape, init_const(value));
}

/* A value of the graph that an op may take: activations and inputs more often than parameters. */
static ValueId some(Draw *d)
{
    for (int i = 0; i < 8; i++) {
        ValueId v = any(d);
        ValueKind kind = net_value(d->net, v)->kind;
        if (kind == VALUE_INPUT || kind == VALUE_ACTIVATION || (kind == VALUE_PARAM && below(d, 4) == 0))
            return v;
    }
    return 0;
}

/* The same rank as x where one is found, so that pairs have a chance to fit. */
static ValueId partner(Draw *d, ValueId x)
{
    ValueId v = x;
    for (int i = 0; i < 12; i++) {
        v = some(d);
        if (shape_equal(&net_value(d->net, v)->shape, &net_value(d->net, x)->shape)) break;
    }
    return v;
}

static Attrs any_attrs(Draw *d, const Shape *x)
{
    Attrs a = {.stride = {1 + below(d, 2), 1 + below(d, 2)},
               .dilation = {1 + below(d, 2), 1},
               .groups = 1 + below(d, 2)};
    for (int i = 0; i < 4; i++) a.pad[i] = below(d, 2);
    for (int i = 0; i < 2; i++) a.kernel[i] = 1 + below(d, 3), a.out_pad[i] = below(d, 2);
    a.axis = below(d, 4), a.start = below(d, 2), a.count = 1 + below(d, 3);
    a.scale = 1 + below(d, 2), a.mode = below(d, 2), a.demodulate = below(d, 2);
    a.act = below(d, ACT_EXP), a.alpha = rng_uniform(&d->rng), a.gain = 0.5f + rng_uniform(&d->rng);
    a.perm[1] = 1, a.perm[2] = 2, a.perm[3] = 3;
    for (int i = x->rank - 1; i > 1; i--) {
        int k = 1 + below(d, i), t = a.perm[i];
        a.perm[i] = a.perm[k], a.perm[k] = t;
    }
    int each = (int)shape_count(x, 1);
    a.shape = below(d, 2) ? shape2(x->dim[0], x->dim[0] == NET_BATCH ? each : each / x->dim[0])
                          : shape4(x->dim[0], 1, 1, x->dim[0] == NET_BATCH ? each : each / x->dim[0]);
    return a;
}

/* Second and later inputs that would fit x, were its rank right; wrong ones are welcome too. */
static int inputs_for(Draw *d, int op, ValueId x, const Attrs *a, ValueId *in)
{
    const Shape s = net_value(d->net, x)->shape;
    int c = s.rank > 1 ? s.dim[1] : 1, last = s.dim[s.rank - 1] < 1 ? 1 : s.dim[s.rank - 1],
        o = 2 + 2 * below(d, 2);
    in[0] = x;
    switch (op) {
    case OP_CONV:
        in[1] =
            fresh_param(d, shape4(o, c / a->groups ? c / a->groups : 1, 1 + below(d, 3), 1 + below(d, 3)));
        in[2] = below(d, 2) ? fresh_param(d, shape1(o)) : NET_NONE;
        return 3;
    case OP_CONVT:
        in[1] = fresh_param(d, shape4(c, o, 1 + below(d, 3), 1 + below(d, 3)));
        return 2;
    case OP_MODCONV:
        in[1] = below(d, 2) ? layer_op(d->net, OP_BROADCAST, fresh_param(d, shape2(1, c))) : partner(d, x);
        in[2] = fresh_param(d, shape4(o, c, 3, 1));
        return 3;
    case OP_LINEAR:
        in[1] = fresh_param(d, shape2(o, last));
        return 2;
    case OP_BATCHNORM:
        in[1] = below(d, 2) ? fresh_param(d, shape1(c)) : NET_NONE, in[2] = NET_NONE;
        in[3] = fresh_buffer(d, shape1(c), 1.5f), in[4] = fresh_buffer(d, shape1(c), 1.5f);
        return 5;
    case OP_INSTANCENORM:
        in[1] = fresh_param(d, shape1(c));
        return 2;
    case OP_SPECTRAL:
        in[1] = fresh_buffer(d, shape1(s.dim[0] < 1 ? 1 : s.dim[0]), 1.5f);
        return 2;
    case OP_NOISE:
        in[1] = partner(d, x), in[2] = fresh_param(d, shape1(1));
        return 3;
    case OP_MATMUL:
    case OP_ROWDOT:
    case OP_CONCAT:
    case OP_ADD:
    case OP_MUL:
    case OP_PAIR:
        in[1] = partner(d, x);
        return 2;
    case OP_SELECT:
        in[1] = partner(d, x), in[2] = partner(d, x);
        return 3;
    case OP_AFFINE:
        in[1] = fresh_param(d, shape1(c)), in[2] = below(d, 2) ? fresh_param(d, shape1(c)) : NET_NONE;
        return 3;
    case OP_GATHER:
        in[1] = fresh_buffer(d, shape2(o, 2), 0), in[2] = fresh_buffer(d, shape2(o, 2), 0.5f);
        return 3;
    case OP_FIR:
        in[1] = fresh_buffer(d, shape2(1 + below(d, 3), 1 + below(d, 3)), 0.25f);
        return 2;
    case OP_STANDING:
        in[1] = fresh_buffer(d, shape2(3, o), 0.5f);
        return 2;
    default:
        return 1;
    }
}

/* Adds one op drawn from the state of d. */
static void grow(Draw *d)
{
    ValueId in[NET_INPUTS], x = some(d);
    int op = below(d, OP_COUNT);
    if (op == OP_BROADCAST) x = fresh_param(d, shape4(1, 2, 3, 3));
    if (op == OP_SPECTRAL) x = fresh_param(d, shape4(3, 2, 3, 3));
    if (op == OP_STANDING) x = net_add(d->net, OP_ROWDOT, (ValueId[]){1, 1}, 2, NULL);
    Attrs a = any_attrs(d, &net_value(d->net, x)->shape);
    if (op == OP_POINT)
        a.mode = below(d, 2) ? POINT_SIN : POINT_SOFTSIGN; /* not what blows up rounding: 1 / x, a / b */
    if (op == OP_PAIR)
        a.mode = below(d, 2) ? PAIR_MIN : PAIR_MAX; /* nor what makes a zero to be divided by */
    net_add(d->net, op, in, inputs_for(d, op, x, &a, in), &a);
}

enum { OPS = 16 };

static int accepted, refused, ran, op_ran[OP_COUNT];

/* Nothing beyond this: values stay small, so that thousands of graphs take seconds. */
static bool small(const Net *net)
{
    for (int v = 0; v < net_values(net); v++)
        if (shape_count(&net_value(net, v)->shape, 1) > 2048) return false;
    return true;
}

/* A graph of those growths of a seed that `use` marks; each draws from a stream of its own. */
static Net *build(uint64_t seed, const bool *use)
{
    Draw d = {.net = net_new()};
    net_input(d.net, "x", shape4(NET_BATCH, 2, 4, 4));
    net_input(d.net, "z", shape2(NET_BATCH, 4));
    fresh_param(&d, shape2(4, 4));
    for (int i = 0; i < OPS; i++) {
        d.rng = rng_at(seed, RNG_TEST + 100 * (uint64_t)(i + 1));
        if (use[i]) grow(&d);
    }
    return d.net;
}

/* Leaves out every growth that is refused (with a sentence) or too large, one after another. */
static Net *draw(uint64_t seed)
{
    bool use[OPS] = {false};
    for (int i = 0; i < OPS; i++) {
        use[i] = true;
        Net *net = build(seed, use);
        use[i] = !net_mistake(net) && small(net);
        if (net_mistake(net)) assert_non_null(strchr(net_mistake(net), ' '));
        accepted += net_mistake(net) == NULL;
        refused += net_mistake(net) != NULL;
        net_free(net);
    }
    return build(seed, use);
}

/* Ports: the last result, and a few more. */
static bool outputs(Net *net, uint64_t seed)
{
    Rng rng = rng_at(seed, RNG_TEST);
    int count_out = 0;
    for (int v = net_values(net) - 1; v >= 0 && count_out < 3; v--) {
        char name[16];
        if (net_value(net, ref_root(net, v))->kind != VALUE_ACTIVATION || (count_out && rng_below(&rng, 3)))
            continue;
        snprintf(name, sizeof name, "y%d", count_out++);
        net_output(net, name, v);
    }
    return count_out > 0;
}

static void test_drawn_graphs(void **state)
{
    (void)state;
    const char *asked = getenv("VIEWSMITH_FUZZ");
    int graphs = asked ? atoi(asked) : 1000;
    for (uint64_t seed = 1; seed <= (uint64_t)graphs; seed++) {
        Err err = {0};
        Net *net = draw(seed);
        if (!outputs(net, seed)) {
            net_free(net);
            continue;
        }
        assert_ok(net_finish(net, &err), err);
        for (int i = 0; i < net_nodes(net); i++) op_ran[net_node(net, i)->op]++;
        for (int g = 0; g < 4; g++) {
            ExecMode mode = seed % 2 ? EXEC_TRAIN : EXEC_INFER;
            const char *what = differs_from_reference(net, 1 + (int)(seed % 3), 3, mode,
                                                      (ExecGrads){.params = g & 1, .inputs = g >> 1}, seed);
            if (what) fail_msg("graph %llu, gradients %d: %s differs", (unsigned long long)seed, g, what);
            what = lowered_differs(net, 1 + (int)(seed % 3), 3, mode,
                                   (ExecGrads){.params = g & 1, .inputs = g >> 1}, seed, 2e-2);
            if (what) fail_msg("graph %llu, gradients %d, lowered: %s", (unsigned long long)seed, g, what);
        }
        ran++;
        net_free(net);
    }
    print_message("%d graphs, %d ops accepted, %d refused\n", ran, accepted, refused);
    for (int op = 0; op < OP_COUNT && !asked; op++)
        if (!op_ran[op]) fail_msg("no graph held a %s", op_name(op));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_drawn_graphs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
