/* The executor: its results do not depend on how memory is shared, on the batch it was made for, on threads
 * or on mode, and a step allocates nothing. */
#include "allocations.h"
#include "check.h"
#include "math/act.h"
#include "math/conv.h"
#include "math/gemm.h"
#include "reference.h"
#include <math.h>
#include <stdio.h>

enum { BATCH = 4 };

/* ---- One step, seen from outside
 * ------------------------------------------------------------------------------------ */

typedef struct {
    int batch, n, threads;
    ExecMode mode;
    ExecGrads grads;
    bool no_params; /* grads wanted, but NULL at the backward */
    int backwards;
} Step;

/* Runs one step of a net with draws from seed; what can be seen of it is malloc'ed. */
static float *run_step(const Net *net, const Step *s, uint64_t seed, size_t *floats)
{
    Err err = {0};
    Pool *pool = s->threads > 1 ? pool_new(s->threads, 0, &err) : NULL;
    Exec *e = exec_new(net, s->batch, s->mode, s->grads, pool, &err);
    assert_ok(e, err);
    Weights *w = drawn(net, seed), *d = s->grads.params && !s->no_params ? weights_new(net, &err) : NULL;
    fill_inputs(e, net, s->n, seed);
    long before = allocations();
    exec_forward(e, w, s->n);
    for (int i = 0; i < s->backwards; i++) {
        if (d) weights_zero(d);
        fill_seeds(e, net, s->n, seed);
        exec_backward(e, w, d, s->n);
    }
    assert_int_equal(allocations(), before);
    float *seen = observe(e, net, w, d, s->n, floats);
    weights_drop(w), weights_drop(d);
    exec_free(e);
    pool_free(pool);
    return seen;
}

static void assert_same_steps(const Net *net, const char *name, const Step *a, const Step *b)
{
    size_t na, nb;
    float *x = run_step(net, a, 3, &na), *y = run_step(net, b, 3, &nb);
    assert_int_equal(na, nb);
    for (size_t i = 0; i < na; i++)
        if (memcmp(&x[i], &y[i], sizeof *x))
            fail_msg("%s: number %zu of %zu is %g and %g", name, i, na, x[i], y[i]);
    free(x), free(y);
}

static const Step full = {.batch = BATCH,
                          .n = BATCH,
                          .threads = 1,
                          .mode = EXEC_TRAIN,
                          .grads = {.params = true, .inputs = true},
                          .backwards = 1};

/* Calls check for every net of the zoo, in both modes. */
static void for_zoo(void (*check)(const Net *, const char *, ExecMode))
{
    for (int i = 0; i < ZOO; i++) {
        Net *net = zoo_net(i);
        check(net, zoo[i].name, EXEC_TRAIN);
        check(net, zoo[i].name, EXEC_INFER);
        net_free(net);
    }
}

static void check_threads(const Net *net, const char *name, ExecMode mode)
{
    Step a = full, b = full;
    a.mode = b.mode = mode;
    b.threads = 2;
    assert_same_steps(net, name, &a, &b);
    b.threads = 4;
    assert_same_steps(net, name, &a, &b);
}

static void test_threads(void **state)
{
    (void)state;
    for_zoo(check_threads);
}

static void check_batch(const Net *net, const char *name, ExecMode mode)
{
    Step a = full, b = full;
    a.mode = b.mode = mode;
    a.batch = a.n = b.n = 3;
    b.batch = 17;
    assert_same_steps(net, name, &a, &b);
    a.batch = a.n = b.n = 1;
    assert_same_steps(net, name, &a, &b);
}

static void test_smaller_batch(void **state)
{
    (void)state;
    for_zoo(check_batch);
}

/* What a single backward may overwrite is of no use any more. */
static void check_once(const Net *net, const char *name, ExecMode mode)
{
    Step a = full, b = full;
    a.mode = b.mode = mode;
    b.grads.once = b.grads.lean = true;
    assert_same_steps(net, name, &a, &b);
    a.mode = b.mode = mode | EXEC_PLAIN;
    assert_same_steps(net, name, &a, &b);
}

static void test_backward_once(void **state)
{
    (void)state;
    for_zoo(check_once);
}

static void check_repeat(const Net *net, const char *name, ExecMode mode)
{
    Step a = full, b = full;
    a.mode = b.mode = mode;
    b.backwards = 3;
    assert_same_steps(net, name, &a, &b);
}

static void test_backward_again(void **state)
{
    (void)state;
    for_zoo(check_repeat);
}

static void check_reference(const Net *net, const char *name, ExecMode mode)
{
    for (int g = 0; g < 4; g++) {
        const char *what =
            differs_from_reference(net, 3, BATCH, mode, (ExecGrads){.params = g & 1, .inputs = g >> 1}, 11);
        if (what) fail_msg("%s, gradients %d: %s differs", name, g, what);
    }
}

static void test_shared_memory(void **state)
{
    (void)state;
    for_zoo(check_reference);
}

/* Without gradients of parameters, those of inputs stay the same, whether that was planned or only asked. */
static void check_inputs_only(const Net *net, const char *name, ExecMode mode)
{
    Step a = full, b = full;
    a.mode = b.mode = mode;
    a.grads.params = false;
    b.no_params = true;
    assert_same_steps(net, name, &a, &b);
}

static void test_inputs_only(void **state)
{
    (void)state;
    for_zoo(check_inputs_only);
}

/* Gradients of some inputs are those of all; the others have none. */
static void test_prefix(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = net_new();
    zoo_style(net);
    assert_ok(net_finish(net, &err), err);
    ExecGrads grads = {.params = true, .inputs = true};
    Exec *all = exec_new(net, 2, EXEC_TRAIN, grads, NULL, &err);
    grads.prefix = "w";
    Exec *some = exec_new(net, 2, EXEC_TRAIN, grads, NULL, &err);
    Weights *w = drawn(net, 4), *d = weights_new(net, &err);
    for (int i = 0; i < 2; i++) {
        Exec *e = i ? some : all;
        fill_inputs(e, net, 2, 4);
        exec_forward(e, w, 2);
        fill_seeds(e, net, 2, 4);
        exec_backward(e, w, d, 2);
    }
    ValueId in = net_port(net, "w");
    assert_memory_equal(exec_grad(all, in), exec_grad(some, in), 2 * 5 * sizeof(float));
    assert_non_null(exec_grad(all, net_port(net, "noise")));
    assert_null(exec_grad(some, net_port(net, "noise")));
    exec_free(all), exec_free(some);
    weights_drop(w), weights_drop(d);
    net_free(net);
}

/* ---- Modes
 * ----------------------------------------------------------------------------------------------------------
 */

/* Nets without running state give the same bits in both modes; inference changes no weights. */
static void test_infer_is_train(void **state)
{
    (void)state;
    for (int i = 0; i < ZOO; i++) {
        Net *net = zoo_net(i);
        bool has_state = false;
        for (int v = 0; v < net_values(net); v++) has_state |= net_value(net, v)->kind == VALUE_BUFFER;
        Step a = full, b = full;
        b.mode = EXEC_INFER;
        if (!has_state) assert_same_steps(net, zoo[i].name, &a, &b);
        net_free(net);
    }
}

static void test_infer_leaves_weights(void **state)
{
    (void)state;
    for (int i = 0; i < ZOO; i++) {
        Err err = {0};
        Net *net = zoo_net(i);
        Weights *w = drawn(net, 1), *before = weights_copy(w, &err);
        Exec *e = exec_new(net, BATCH, EXEC_INFER, (ExecGrads){0}, NULL, &err);
        assert_ok(e, err);
        fill_inputs(e, net, BATCH, 1);
        exec_forward(e, w, BATCH);
        assert_memory_equal(w->block, before->block, w->floats * sizeof(float));
        exec_free(e);
        weights_drop(w), weights_drop(before);
        net_free(net);
    }
}

/* Once running statistics equal the batch's (momentum 1, variance made biased), inference gives what training
 * gave. */
static void test_running_statistics(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = net_new();
    ValueId x = net_input(net, "x", shape4(NET_BATCH, 2, 5, 5));
    ValueId mean = net_buffer(net, "mean", shape1(2), init_zero()),
            var = net_buffer(net, "var", shape1(2), init_const(1));
    net_output(net, "y",
               net_add(net, OP_BATCHNORM, (ValueId[]){x, NET_NONE, NET_NONE, mean, var}, 5,
                       &(Attrs){.momentum = 1}));
    assert_ok(net_finish(net, &err), err);
    Weights *w = drawn(net, 1);
    Exec *train = exec_new(net, BATCH, EXEC_TRAIN, (ExecGrads){0}, NULL, &err);
    Exec *infer = exec_new(net, BATCH, EXEC_INFER, (ExecGrads){0}, NULL, &err);
    fill_inputs(train, net, BATCH, 1), fill_inputs(infer, net, BATCH, 1);
    exec_forward(train, w, BATCH);
    const float rows = BATCH * 25;
    for (int c = 0; c < 2; c++) weights_at(w, var)[c] *= (rows - 1) / rows;
    exec_forward(infer, w, BATCH);
    const float *a = exec_value(train, net_port(net, "y")), *b = exec_value(infer, net_port(net, "y"));
    for (int i = 0; i < BATCH * 50; i++) assert_true(fabsf(a[i] - b[i]) < 1e-5f);
    exec_free(train), exec_free(infer);
    weights_drop(w);
    net_free(net);
}

/* ---- Against kernels called by hand
 * ---------------------------------------------------------------------------------- */

enum { C = 4, SIDE = 6, P = SIDE * SIDE, OUT = 3 };

static Net *encoder(void)
{
    Err err = {0};
    Net *net = net_new();
    ValueId x = net_input(net, "x", shape4(NET_BATCH, 1, SIDE, SIDE));
    x = layer_act(net, layer_conv(net, x, "conv", C, 3, 1, 1, true, init_he()), ACT_RELU);
    x = layer_op(net, OP_MEANHW, x);
    net_output(net, "y", layer_linear(net, x, "head", OUT, true, init_he()));
    assert_ok(net_finish(net, &err), err);
    return net;
}

static const float *named(const Weights *w, const char *name)
{
    return weights_get(w, weights_find(w, name));
}

static void assert_near(const char *what, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fabsf(a[i] - b[i]) > 1e-5f * (1 + fabsf(b[i])))
            fail_msg("%s[%zu]: %g, by hand %g", what, i, a[i], b[i]);
}

/* Every number of the encoder's step, by naive kernels. */
typedef struct {
    float y[BATCH * C * P], r[BATCH * C * P], m[BATCH * C], o[BATCH * OUT];
    float dr[BATCH * C * P], dm[BATCH * C], dx[BATCH * P], dw[C * 9], dhead[OUT * C], dbias[OUT];
} Hand;

static const ConvShape by_hand = {.N = BATCH,
                                  .C = 1,
                                  .H = SIDE,
                                  .W = SIDE,
                                  .O = C,
                                  .KH = 3,
                                  .KW = 3,
                                  .sh = 1,
                                  .sw = 1,
                                  .dh = 1,
                                  .dw = 1,
                                  .pt = 1,
                                  .pl = 1,
                                  .pb = 1,
                                  .pr = 1,
                                  .groups = 1,
                                  .OH = SIDE,
                                  .OW = SIDE};

static void hand_forward(Hand *h, const float *x, const Weights *w)
{
    conv_forward_naive(h->y, x, named(w, "conv.weight"), named(w, "conv.bias"), &by_hand);
    act_forward_naive(h->r, h->y, BATCH * C * P, MATH_RELU, 0, 1);
    for (int i = 0; i < BATCH * C * P; i++) h->m[i / P] += h->r[i] / P;
    for (int i = 0; i < BATCH * OUT; i++) h->o[i] = named(w, "head.bias")[i % OUT];
    gemm_naive(h->o, h->m, named(w, "head.weight"), BATCH, OUT, C, GEMM_NT, true);
}

static void hand_backward(Hand *h, const float *dout, const float *x, const Weights *w)
{
    for (int i = 0; i < BATCH * OUT; i++) h->dbias[i % OUT] += dout[i];
    gemm_naive(h->dhead, dout, h->m, OUT, C, BATCH, GEMM_TN, false);
    gemm_naive(h->dm, dout, named(w, "head.weight"), BATCH, C, OUT, GEMM_NN, false);
    for (int i = 0; i < BATCH * C * P; i++) h->dr[i] = h->y[i] > 0 ? h->dm[i / P] / P : 0;
    conv_backward_weight_naive(h->dw, h->dr, x, &by_hand);
    conv_backward_data_naive(h->dx, h->dr, named(w, "conv.weight"), NULL, &by_hand, false);
}

static void test_by_hand(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = encoder();
    Exec *e = exec_new(net, BATCH, EXEC_TRAIN, (ExecGrads){.params = true, .inputs = true}, NULL, &err);
    Weights *w = drawn(net, 9), *d = weights_new(net, &err);
    Hand *h = calloc(1, sizeof *h);
    float *x = exec_value(e, net_port(net, "x")), *dout = exec_grad(e, net_port(net, "y"));
    fill_inputs(e, net, BATCH, 9);
    exec_forward(e, w, BATCH);
    hand_forward(h, x, w);
    assert_near("y", exec_value(e, net_port(net, "y")), h->o, BATCH * OUT);
    fill_seeds(e, net, BATCH, 9);
    hand_backward(h, dout, x, w);
    exec_backward(e, w, d, BATCH);
    assert_near("head.bias", named(d, "head.bias"), h->dbias, OUT);
    assert_near("head.weight", named(d, "head.weight"), h->dhead, OUT * C);
    assert_near("conv.weight", named(d, "conv.weight"), h->dw, C * 9);
    assert_near("dx", exec_grad(e, net_port(net, "x")), h->dx, BATCH * P);
    free(h);
    exec_free(e);
    weights_drop(w), weights_drop(d);
    net_free(net);
}

/* ---- Seeds, memory, limits
 * ------------------------------------------------------------------------------------------- */

/* An output that is not seeded counts as zero; inputs it alone depends on get zero; parameter gradients are
 * added. */
static void test_seeds(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = net_new();
    ValueId a = net_input(net, "a", shape2(NET_BATCH, 2)), b = net_input(net, "b", shape2(NET_BATCH, 2));
    ValueId p = net_param(net, "p", shape1(2), init_const(3));
    net_output(net, "ya", layer_mul(net, a, p));
    net_output(net, "yb", layer_scale(net, b, 2, 0));
    assert_ok(net_finish(net, &err), err);
    Exec *e = exec_new(net, 1, EXEC_TRAIN, (ExecGrads){.params = true, .inputs = true}, NULL, &err);
    Weights *w = drawn(net, 1), *d = weights_new(net, &err);
    for (int i = 0; i < 2; i++) exec_value(e, a)[i] = 5, exec_value(e, b)[i] = 7;
    exec_forward(e, w, 1);
    for (int turn = 0; turn < 2; turn++) {
        exec_seed_zero(e);
        exec_grad(e, net_port(net, "ya"))[0] = 10;
        exec_backward(e, w, d, 1);
        assert_true(exec_grad(e, a)[0] == 30 && exec_grad(e, a)[1] == 0);
        assert_true(exec_grad(e, b)[0] == 0 && exec_grad(e, b)[1] == 0);
        assert_true(weights_at(d, p)[0] == (turn + 1) * 50 && weights_at(d, p)[1] == 0);
        exec_seed_zero(e);
        exec_grad(e, net_port(net, "yb"))[1] = 1;
        exec_backward(e, w, d, 1);
        assert_true(exec_grad(e, a)[0] == 0 && exec_grad(e, b)[1] == 2);
    }
    exec_free(e);
    weights_drop(w), weights_drop(d);
    net_free(net);
}

static void test_ports(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = encoder();
    Exec *e = exec_new(net, 2, EXEC_INFER, (ExecGrads){0}, NULL, &err);
    assert_non_null(exec_value(e, net_port(net, "x")));
    assert_null(exec_grad(e, net_port(net, "x")));
    assert_null(exec_value(e, net_node(net, 0)->out)); /* not a port: its memory is reused */
    assert_null(exec_value(e, NET_NONE));
    exec_free(e);
    e = exec_new(net, 2, EXEC_INFER, (ExecGrads){.params = true}, NULL, &err);
    assert_null(exec_grad(e, net_port(net, "x")));
    assert_non_null(exec_grad(e, net_port(net, "y")));
    exec_free(e);
    net_free(net);
}

/* A long chain needs room for a few values, not for all. */
static void test_chain_is_short(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = net_new();
    ValueId x = net_input(net, "x", shape4(NET_BATCH, 1, 32, 32));
    for (int i = 0; i < 40; i++)
        x = layer_act(net, layer_upsample(net, layer_avgpool(net, x, 2, 2, 0), 2, 0), ACT_RELU);
    net_output(net, "y", x);
    assert_ok(net_finish(net, &err), err);
    Exec *infer = exec_new(net, 8, EXEC_INFER, (ExecGrads){0}, NULL, &err);
    Exec *train = exec_new(net, 8, EXEC_TRAIN, (ExecGrads){.inputs = true}, NULL, &err);
    size_t value = 8 * 32 * 32 * sizeof(float);
    assert_true(exec_bytes(infer) <= 3 * value + value / 4);
    assert_true(exec_bytes(train) < 40 * value + 40 * value / 4 + 6 * value);
    exec_free(infer), exec_free(train);
    net_free(net);
}

static ValueId branches(Net *net, ValueId x, const char *name, int stride, int blocks)
{
    char part[32];
    x = layer_conv(net, x, name, 16, 3, stride, 1, false, init_he());
    for (int i = 0; i < blocks; i++) {
        snprintf(part, sizeof part, "%s.%d", name, i);
        ValueId y = layer_conv(net, x, part, 16, 3, 1, 1, false, init_he());
        snprintf(part, sizeof part, "%s.norm%d", name, i);
        x = layer_act(net, layer_add(net, layer_batchnorm(net, y, part), x), ACT_RELU);
    }
    return x;
}

/* Sums of branches are made again for the backward: what comes after them needs no room beside them, and the
 * bits are the same. */
static void test_made_again(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = net_new();
    ValueId x = branches(net, picture(net, 1, 24, 24), "wide", 1, 3);
    net_output(net, "y", layer_op(net, OP_MEANHW, branches(net, x, "small", 2, 6)));
    assert_ok(net_finish(net, &err), err);
    ExecGrads grads = {.params = true}, lean = {.params = true, .once = true, .lean = true};
    Exec *kept = exec_new(net, 8, EXEC_TRAIN, grads, NULL, &err),
         *again = exec_new(net, 8, EXEC_TRAIN, lean, NULL, &err);
    size_t value = 8 * 16 * 24 * 24 * sizeof(float);
    assert_true(exec_bytes(again) + 3 * value < exec_bytes(kept));
    exec_free(kept), exec_free(again);
    Step a = full, b = full;
    b.grads.once = b.grads.lean = true;
    assert_same_steps(net, "branches", &a, &b);
    net_free(net);
}

static void test_limits(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = net_new();
    net_output(net, "y", layer_act(net, net_input(net, "x", shape2(NET_BATCH, 1 << 20)), ACT_RELU));
    assert_ok(net_finish(net, &err), err);
    assert_refused(exec_new(net, 4096, EXEC_INFER, (ExecGrads){0}, NULL, &err), err, ERR_LIMIT,
                   "at batch 4096");
    assert_refused(exec_new(net, 0, EXEC_INFER, (ExecGrads){0}, NULL, &err), err, ERR_USAGE, "at least 1");
    net_free(net);
}

static void test_trace(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = encoder();
    Exec *e = exec_new(net, 2, EXEC_TRAIN, (ExecGrads){.params = true}, NULL, &err);
    Weights *w = drawn(net, 1), *d = weights_new(net, &err);
    exec_forward(e, w, 2);
    assert_true(exec_step(e, 0, 2).forward == 0);
    exec_trace(e, true);
    for (int i = 0; i < 50; i++) {
        exec_forward(e, w, 2);
        fill_seeds(e, net, 2, 1);
        exec_backward(e, w, d, 2);
    }
    assert_true(exec_step(e, 0, 2).forward > 0 && exec_step(e, 0, 2).backward > 0);
    exec_trace(e, true);
    assert_true(exec_step(e, 0, 2).forward == 0);
    exec_free(e);
    weights_drop(w), weights_drop(d);
    net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_smaller_batch),
        cmocka_unit_test(test_backward_once),
        cmocka_unit_test(test_backward_again),
        cmocka_unit_test(test_shared_memory),
        cmocka_unit_test(test_inputs_only),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_infer_is_train),
        cmocka_unit_test(test_infer_leaves_weights),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_chain_is_short),
        cmocka_unit_test(test_made_again),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
