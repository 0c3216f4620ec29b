/* Networks drawn from a seed: within their bounds, the same each time, described whole, and computed rightly whatever their
 * shapes are. */
#include "check.h"
#include "engine/bench_random.h"
#include "net/ops.h"
#include "net/twice.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 12 };

static Net *draw(uint64_t seed)
{
    Err err = {0};
    Net *net = bench_net((BenchNet){.kind = BENCH_NET_RANDOM, .seed = seed}, &err);
    if (!net) fail_msg("seed %d: %s", (int)seed, err.msg);
    return net;
}

static void sizes_stay_within_bounds(void **state)
{
    int strides = 0, joined = 0, added = 0, wide = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Net *net = draw(seed);
        for (int i = 0; i < net_nodes(net); i++) {
            const Node *node = net_node(net, i);
            const Shape *y = &net_value(net, node->out)->shape;
            strides += node->op == OP_CONV && node->attrs.stride[0] == 2;
            joined += node->op == OP_CONCAT;
            added += node->op == OP_ADD;
            if (node->op != OP_CONV) continue;
            wide += y->dim[1] > 100;
            assert_in_range(y->dim[1], 3, 200);
            assert_in_range(y->dim[2], 5, 65);
            assert_in_range(y->dim[3], 5, 65);
        }
        assert_true(2 * net_macs(net, 1) < 300e6);
        net_free(net);
    }
    assert_true(strides > 2 * SEEDS && joined > 0 && added > SEEDS && wide > SEEDS);
}

/* The text of a network's description, which the caller frees. */
static char *described(uint64_t seed)
{
    Net *net = draw(seed);
    Json *graph = bench_net_graph(net);
    char *text = json_text(graph);
    assert_non_null(text);
    json_drop(graph);
    net_free(net);
    return text;
}

static void a_seed_is_one_network(void **state)
{
    (void)state;
    char *once = described(3), *again = described(3), *other = described(4);
    assert_string_equal(once, again);
    assert_string_not_equal(once, other);
    free(once);
    free(again);
    free(other);
}

/* Every input of a node in the description was made before it, and the ports are made at the end. */
static void descriptions_are_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Net *net = draw(seed);
        Json *graph = bench_net_graph(net);
        bool made[4096] = {false};
        const Json *ports = json_get(graph, "ports"), *nodes = json_get(graph, "nodes");
        made[json_int(ports, "image", 0)] = true;
        assert_int_equal(json_count(nodes), net_nodes(net));
        for (size_t i = 0; i < json_count(nodes); i++) {
            const Json *in = json_get(json_at(nodes, i), "in");
            for (size_t k = 0; k < json_count(in); k++) {
                int64_t id = -1;
                assert_true(json_value_int(json_at(in, k), &id) && made[id]);
            }
            made[json_int(json_at(nodes, i), "out", 0)] = true;
        }
        assert_true(made[json_int(ports, "features", 0)] && made[json_int(ports, "out", 0)]);
        json_drop(graph);
        net_free(net);
    }
}

/* What the bench times, against the net as it is on the older kernels. Gradients are far coarser than values: a unit within
 * rounding of zero is on in one and off in the other, and with four pictures one unit is a large share; Winograd rounds more. */
static void shapes_nobody_chose_are_computed_rightly(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Net *net = draw(seed);
        const char *infer = lowered_differs(net, 3, 4, EXEC_INFER, (ExecGrads){0}, seed, 1e-3);
        if (infer) fail_msg("seed %d: %s", (int)seed, infer);
        const char *exact = lowered_differs(net, 4, 4, EXEC_TRAIN | EXEC_EXACT, (ExecGrads){.params = true}, seed, 2e-2);
        if (exact) fail_msg("seed %d, training, direct kernels: %s", (int)seed, exact);
        const char *train = lowered_differs(net, 4, 4, EXEC_TRAIN, (ExecGrads){.params = true}, seed, 1e-1);
        if (train) fail_msg("seed %d, training: %s", (int)seed, train);
        net_free(net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_stay_within_bounds),
        cmocka_unit_test(a_seed_is_one_network),
        cmocka_unit_test(descriptions_are_whole),
        cmocka_unit_test(shapes_nobody_chose_are_computed_rightly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
