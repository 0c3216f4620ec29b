/* Every op through the executor: gradients against central differences along random directions. */
#include "check.h"
#include "zoo.h"
#include <math.h>
#include <stdio.h>

enum { BATCH = 3, DIRECTIONS = 2 };

typedef struct {
    const Net *net;
    Exec *e;
    Weights *w, *start; /* start: as drawn, so that buffers are the same for every forward */
    uint64_t seed;
} Check;

/* L = sum over outputs of seed * output, in double. */
static double loss(Check *c)
{
    const Port *ports;
    double sum = 0;
    memcpy(c->w->block + c->w->params, c->start->block + c->w->params,
           (c->w->floats - c->w->params) * sizeof(float));
    exec_forward(c->e, c->w, BATCH);
    fill_seeds(c->e, c->net, BATCH, c->seed);
    for (int i = 0, count = net_ports(c->net, &ports); i < count; i++) {
        const float *y = exec_value(c->e, ports[i].value), *r = exec_grad(c->e, ports[i].value);
        if (is_input(c->net, &ports[i])) continue;
        for (size_t k = 0; k < port_floats(c->net, &ports[i], BATCH); k++) sum += (double)y[k] * r[k];
    }
    return sum;
}

/* The slope along a random direction, measured and as the gradient says; an error is one against the
 * gradient's length. */
static void check_tensor(Check *c, const char *name, float *x, const float *grad, size_t n)
{
    float *keep = malloc(n * sizeof *keep), *to = malloc(n * sizeof *to), *g = malloc(n * sizeof *g);
    memcpy(keep, x, n * sizeof *x);
    memcpy(g, grad, n * sizeof *g);
    for (int k = 0; k < DIRECTIONS; k++) {
        double said = 0, length = 0, side[2];
        const float step = 4e-3f;
        rng_fill_normal(to, n, c->seed + 77 + (uint64_t)k, RNG_TEST);
        for (size_t i = 0; i < n; i++) said += (double)g[i] * to[i], length += (double)g[i] * g[i];
        for (int s = 0; s < 2; s++) {
            for (size_t i = 0; i < n; i++) x[i] = keep[i] + (s ? step : -step) * to[i];
            side[s] = loss(c);
        }
        memcpy(x, keep, n * sizeof *x);
        double measured = (side[1] - side[0]) / (2 * (double)step);
        if (!(fabs(measured - said) <= 6e-3 * sqrt(length) + 1e-3))
            fail_msg("%s: slope %.6g, gradient says %.6g (length %.6g)", name, measured, said, sqrt(length));
    }
    free(keep), free(to), free(g);
}

/* Many training forwards: running statistics settle, and so does the power iteration of spectral norms, whose
 * gradient takes u and v as constants (exact only where they are singular vectors). */
static void settle(const Net *net, Weights *w, uint64_t seed)
{
    Err err = {0};
    Exec *e = exec_new(net, BATCH, EXEC_TRAIN, (ExecGrads){0}, NULL, &err);
    assert_ok(e, err);
    fill_inputs(e, net, BATCH, seed);
    for (int i = 0; i < 300; i++) exec_forward(e, w, BATCH);
    exec_free(e);
}

static void check_net(int which, ExecMode mode)
{
    Err err = {0};
    const Port *ports;
    Net *net = zoo_net(which);
    Check c = {.net = net, .seed = 5 + (uint64_t)which};
    c.e = exec_new(net, BATCH, mode, (ExecGrads){.params = true, .inputs = true}, NULL, &err);
    assert_ok(c.e, err);
    c.w = drawn(net, c.seed), c.start = drawn(net, c.seed);
    settle(net, c.start, c.seed);
    Weights *grads = weights_new(net, &err);
    fill_inputs(c.e, net, BATCH, c.seed);
    loss(&c);
    exec_backward(c.e, c.w, grads, BATCH);
    for (int v = 0; v < net_values(net); v++)
        if (net_value(net, v)->kind == VALUE_PARAM)
            check_tensor(&c, net_value(net, v)->name, weights_at(c.w, v), weights_at(grads, v),
                         shape_count(&net_value(net, v)->shape, 1));
    for (int i = 0, count = net_ports(net, &ports); i < count; i++) {
        if (!is_input(net, &ports[i])) continue;
        loss(&c);
        exec_backward(c.e, c.w, grads, BATCH);
        check_tensor(&c, ports[i].name, exec_value(c.e, ports[i].value), exec_grad(c.e, ports[i].value),
                     port_floats(net, &ports[i], BATCH));
    }
    weights_drop(c.w), weights_drop(c.start), weights_drop(grads);
    exec_free(c.e);
    net_free(net);
}

static void test_train(void **state)
{
    (void)state;
    for (int i = 0; i < ZOO; i++) {
        print_message("train %s\n", zoo[i].name);
        check_net(i, EXEC_TRAIN);
    }
}

/* Running statistics as constants, the power iteration's vector left alone. */
static void test_infer(void **state)
{
    (void)state;
    for (int i = 0; i < ZOO; i++) {
        print_message("infer %s\n", zoo[i].name);
        check_net(i, EXEC_INFER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_train), cmocka_unit_test(test_infer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
