/* Weights: names decide what is drawn, the digest covers graph and tensors, snapshots are counted across
 * threads. */
#include "check.h"
#include "zoo.h"
#include <math.h>
#include <pthread.h>

/* A small net in which one thing can be changed. */
typedef struct {
    const char *name, *port;
    int out;
    float slope;
    bool other_op, swapped;
} Variant;

static const Variant plain = {.name = "l", .port = "y", .out = 3, .slope = 0.2f};

static Net *variant(Variant v)
{
    Err err = {0};
    Net *net = net_new();
    ValueId x = net_input(net, "x", shape2(NET_BATCH, 4));
    if (v.swapped) net_param(net, "first", shape1(40), init_normal(1));
    x = layer_linear(net, x, v.name, v.out, true, init_he());
    x = layer_batchnorm(net, layer_leaky(net, x, v.slope, 1), "n");
    net_output(net, v.port, layer_op(net, v.other_op ? OP_L2NORM : OP_PIXELNORM, x));
    assert_ok(net_finish(net, &err), err);
    return net;
}

static Weights *made(const Net *net, uint64_t seed)
{
    Err err = {0};
    Weights *w = weights_new(net, &err);
    assert_ok(w, err);
    weights_init(w, seed);
    return w;
}

static void test_init(void **state)
{
    (void)state;
    Net *net = net_new();
    Err err = {0};
    ValueId big = net_param(net, "big", shape4(100, 20, 3, 3), init_he()),
            c = net_param(net, "c", shape1(3), init_const(0.5f));
    ValueId z = net_buffer(net, "z", shape1(3), init_zero()),
            n = net_param(net, "n", shape2(200, 50), init_normal(3));
    ValueId x = net_input(net, "x", shape2(NET_BATCH, 3));
    net_output(net, "y", layer_add(net, x, c));
    assert_ok(net_finish(net, &err), err);
    Weights *w = made(net, 7);
    double square = 0, mean = 0;
    for (int i = 0; i < 18000; i++) square += (double)weights_at(w, big)[i] * weights_at(w, big)[i];
    assert_true(fabs(square / 18000 * 180 / 2 - 1) < 0.05); /* He: variance 2 / fan_in, fan_in 180 */
    square = 0;
    for (int i = 0; i < 10000; i++)
        mean += weights_at(w, n)[i], square += (double)weights_at(w, n)[i] * weights_at(w, n)[i];
    assert_true(fabs(mean / 10000) < 0.1 && fabs(square / 10000 / 9 - 1) < 0.06);
    assert_true(weights_at(w, c)[2] == 0.5f && weights_at(w, z)[2] == 0);
    assert_null(weights_at(w, x));
    assert_int_equal(weights_find(w, "n"), n);
    assert_int_equal(weights_find(w, "x"), NET_NONE);
    assert_true((uintptr_t)weights_at(w, n) % 64 == 0);
    assert_true(w->offset[z] >= w->params && w->offset[n] < w->params && w->params < w->floats);
    weights_drop(w);
    net_free(net);
}

/* A parameter's start depends on the seed and its name, not on what else is in the net. */
static void test_init_by_name(void **state)
{
    (void)state;
    Variant v = plain;
    v.swapped = true;
    Net *a = variant(plain), *b = variant(v);
    Weights *wa = made(a, 1), *wb = made(b, 1), *wc = made(a, 2);
    const float *x = weights_get(wa, weights_find(wa, "l.weight")),
                *y = weights_get(wb, weights_find(wb, "l.weight"));
    assert_memory_equal(x, y, 12 * sizeof *x);
    assert_memory_not_equal(x, weights_get(wc, weights_find(wc, "l.weight")), 12 * sizeof *x);
    weights_drop(wa), weights_drop(wb), weights_drop(wc);
    net_free(a), net_free(b);
}

static Digest digest_of_variant(Variant v, int nudge)
{
    Net *net = variant(v);
    Weights *w = made(net, 1);
    if (nudge) weights_at(w, weights_find(w, nudge > 0 ? "l.weight" : "n.running_var"))[1] += 1e-3f;
    Digest d = weights_digest(w);
    weights_drop(w);
    net_free(net);
    return d;
}

static void test_digest(void **state)
{
    (void)state;
    Variant v[5] = {plain, plain, plain, plain, plain};
    v[0].name = "m", v[1].port = "z", v[2].slope = 0.3f, v[3].other_op = true, v[4].out = 4;
    Digest d = digest_of_variant(plain, 0), same = digest_of_variant(plain, 0), other;
    assert_memory_equal(&d, &same, sizeof d);
    for (int i = 0; i < 5; i++) {
        other = digest_of_variant(v[i], 0);
        assert_memory_not_equal(&d, &other, sizeof d);
    }
    for (int nudge = -1; nudge <= 1; nudge += 2) {
        other = digest_of_variant(plain, nudge);
        assert_memory_not_equal(&d, &other, sizeof d);
    }
}

/* The digest is part of every address: it may not change by accident. */
static void test_digest_stands(void **state)
{
    (void)state;
    Err err = {0};
    char hex[17];
    Net *net = variant(plain);
    Weights *w = weights_new(net, &err);
    weights_at(w, weights_find(w, "l.bias"))[2] = 1;
    Digest d = weights_digest(w);
    digest_hex(hex, &d, 16);
    assert_string_equal(hex, "e9ff4f690954d2d7");
    weights_drop(w);
    net_free(net);
}

static void test_ema(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = variant(plain);
    Weights *a = made(net, 1), *b = made(net, 2);
    ValueId w = weights_find(a, "l.weight"), var = weights_find(a, "n.running_var");
    weights_at(b, var)[0] = 9;
    float x = weights_at(a, w)[3], y = weights_at(b, w)[3];
    weights_ema(a, b, 0.75f);
    assert_true(fabsf(weights_at(a, w)[3] - (0.75f * x + 0.25f * y)) < 1e-6f);
    assert_true(weights_at(a, var)[0] == 9);
    Weights *copy = weights_copy(a, &err);
    assert_memory_equal(copy->block, a->block, a->floats * sizeof(float));
    assert_true(weights_finite(copy));
    weights_at(copy, w)[0] = NAN;
    assert_false(weights_finite(copy));
    assert_true(weights_finite(a));
    weights_drop(a), weights_drop(b), weights_drop(copy);
    net_free(net);
}

/* ---- Snapshots
 * ------------------------------------------------------------------------------------------------------- */

typedef struct {
    pthread_mutex_t lock;
    Weights *latest; /* holds one reference */
    const Net *net;
    bool over;
} Desk;

static Weights *take(Desk *d)
{
    pthread_mutex_lock(&d->lock);
    Weights *w = weights_keep(d->latest);
    pthread_mutex_unlock(&d->lock);
    return w;
}

/* Runs whatever snapshot is the latest: it must be whole, all its numbers from one step. */
static void *reader(void *ctx)
{
    Desk *d = ctx;
    Err err = {0};
    Exec *e = exec_new(d->net, 2, EXEC_INFER, (ExecGrads){0}, NULL, &err);
    long torn = 0;
    while (!__atomic_load_n(&d->over, __ATOMIC_ACQUIRE)) {
        Weights *w = take(d);
        exec_forward(e, w, 2);
        for (size_t i = 1; i < w->floats; i++) torn += w->block[i] != w->block[0];
        weights_drop(w);
    }
    exec_free(e);
    return (void *)(intptr_t)torn;
}

static void test_snapshots(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = variant(plain);
    Desk d = {.lock = PTHREAD_MUTEX_INITIALIZER, .latest = weights_new(net, &err), .net = net};
    pthread_t thread[3];
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&thread[i], NULL, reader, &d), 0);
    for (int step = 1; step <= 300; step++) {
        Weights *next = weights_new(net, &err), *old;
        for (size_t i = 0; i < next->floats; i++) next->block[i] = (float)step;
        pthread_mutex_lock(&d.lock);
        old = d.latest;
        d.latest = next;
        pthread_mutex_unlock(&d.lock);
        weights_drop(old);
    }
    __atomic_store_n(&d.over, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++) {
        void *torn;
        pthread_join(thread[i], &torn);
        assert_null(torn);
    }
    weights_drop(d.latest);
    net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),   cmocka_unit_test(test_init_by_name),
        cmocka_unit_test(test_digest), cmocka_unit_test(test_digest_stands),
        cmocka_unit_test(test_ema),    cmocka_unit_test(test_snapshots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
