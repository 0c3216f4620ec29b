/* bench and doctor as scripts see them: keys, one line of JSON, error lines. Never how fast anything is. */
#include "cli/command.h"
#include <math.h>

static void results_have_their_keys(void **state)
{
    static const struct {
        const char *args, *unit, *better;
    } bench[] = {
        {"conv --batch 1", "GFLOP/s", "higher"},
        {"train --batch 2", "views/s", "higher"},
        {"train --net random:5 --batch 2", "views/s", "higher"},
        {"fit --batch 2", "images/s", "higher"},
        {"encode --net A --batch 2", "images/s", "higher"},
        {"generate --net G28 --batch 2", "images/s", "higher"},
        {"generate --net view --batch 2", "images/s", "higher"},
        {"knn --batch 2", "queries/s", "higher"},
        {"start --net G28 --batch 1", "s", "lower"},
        {"memory --net G28 --batch 1", "MB", "lower"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bench / sizeof *bench; i++) {
        Json *o = result_of(viewsmith("bench %s --against none --rounds 1 --turn 0 --json", bench[i].args));
        assert_true(!strncmp(bench[i].args, json_str(o, "bench", "?"), strlen(json_str(o, "bench", "?"))));
        assert_string_equal(json_str(o, "unit", ""), bench[i].unit);
        assert_string_equal(json_str(o, "better", ""), bench[i].better);
        assert_true(json_num(o, "ours", 0) > 0);
        assert_true(json_num(o, "peak_gflops", 0) > 0);
        assert_true(isnan(json_num(o, "peer", NAN)));
        assert_string_equal(json_str(o, "peer_name", ""), "none");
        assert_true(json_is_array(json_get(o, "ratio_ci")));
        assert_non_null(json_get(o, "ratio"));
        assert_int_equal(json_int(o, "rounds", 0), 1);
        assert_int_equal(json_int(o, "threads", 0), 2);
        json_drop(o);
    }
}

static void each_kernel_has_its_share_of_the_peak(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith("bench conv --batch 1 --against none --rounds 1 --turn 0 --json"));
    const Json *parts = json_get(o, "parts"), *last = json_at(parts, json_count(parts) - 1);
    assert_int_equal(json_count(parts), 27);
    assert_string_equal(json_str(last, "name", ""), "512x4x4 n1 weight gradient");
    double gflops = json_num(last, "gflops", 0);
    assert_float_equal(gflops, 2.0 * 512 * 512 * 9 * 16 * 1e-6 / json_num(last, "ours_ms", 0), 1e-6 * gflops);
    assert_float_equal(json_num(last, "share", 0), gflops / json_num(o, "peak_gflops", 0), 1e-6);
    json_drop(o);
}

static void trace_is_a_table(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith("bench train --batch 2 --trace --turn 0 --json"));
    const Json *nodes = json_get(o, "nodes");
    assert_true(json_is_array(nodes) && json_count(nodes) > 30);
    json_drop(o);
    const Said *s = viewsmith("bench encode --batch 2 --trace --turn 0");
    assert_int_equal(s->status, 0);
    assert_has(s->out, "stage3.block2.conv2.weight");
    assert_failed(viewsmith("bench knn --trace"), 2, "--trace goes with");
}

static void wrong_words(void **state)
{
    static const struct {
        const char *args;
        int status;
        const char *words;
    } wrong[] = {
        {"bench", 2, "something is missing"},
        {"bench lunch", 2, "no bench \"lunch\""},
        {"bench conv train", 2, "one bench at a time"},
        {"bench conv --net A", 2, "no net A"},
        {"bench train --net G28", 2, "no net G28"},
        {"bench train --net C", 2, "--net is A, B"},
        {"bench train --batch 0", 2, "--batch"},
        {"bench train --batch 2 --against nobody", 2, "--against is torch"},
        {"bench train --batch 2 --against self-1,nobody", 2, "not \"nobody\""},
        {"bench train --batch 2 --against self-1,", 2, "not \"\""},
        {"bench train --batch 2 --against faiss", 2, "no peer faiss"},
        {"bench generate --net view --batch 2 --against torch", 2, "no peer makes our views"},
        {"bench fit --batch 3 --against none", 1, "even"},
        {"bench train --batch 2 --against ort", 2, "no peer ort"},
        {"bench generate --net view --model no-such-file", 1, "no-such-file"},
        {"bench latency", 2, "needs the terminal program"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_failed(viewsmith("%s --quiet", wrong[i].args), wrong[i].status, wrong[i].words);
}

/* Where a peer is installed it takes part; where not, the line says what to install. */
static void peers_answer_or_say_what_they_want(void **state)
{
    static const char *const peer[][2] = {{"generate --net G28 --against torch", "python3-torch"},
                                          {"encode --net random:5 --against torch", "python3-torch"},
                                          {"fit --against torch", "python3-torch"},
                                          {"knn --against faiss", "python3-faiss"},
                                          {"encode --net random:5 --against ort", "onnxruntime-node"},
                                          {"encode --against self-1,self-1", "nothing"}};
    (void)state;
    for (size_t i = 0; i < sizeof peer / sizeof *peer; i++) {
        const Said *s = viewsmith("bench %s --batch 2 --rounds 1 --turn 0 --quiet --json", peer[i][0]);
        if (s->status == 1) {
            assert_failed(s, 1, peer[i][1]);
            continue;
        }
        Json *o = result_of(s);
        assert_true(json_num(o, "peer", 0) > 0 && json_num(o, "ratio", 0) > 0);
        json_drop(o);
    }
}

static void a_missing_peer_says_how_to_get_it(void **state)
{
    (void)state;
    assert_int_equal(setenv("VIEWSMITH_PEERS", "/no/such/folder", 1), 0);
    assert_failed(viewsmith("bench encode --batch 2 --against ort --quiet"), 1, "npm install");
    assert_int_equal(unsetenv("VIEWSMITH_PEERS"), 0);
}

static void serve_speaks_lines(void **state)
{
    (void)state;
    const Said *s = viewsmith("bench serve generate --net G28 --batch 1 --turn 0 </dev/null");
    assert_int_equal(s->status, 0);
    assert_has(s->out, "{\"name\":\"viewsmith ");
    s = viewsmith("bench serve lunch </dev/null");
    assert_int_equal(s->status, 2);
    assert_has(s->out, "{\"error\":\"no bench");
}

static void doctor_reports(void **state)
{
    static const char *const key[] = {"version", "cpu", "isa", "threads", "blas", "data", "model", "judge", "runs", "terminal"};
    (void)state;
    Json *o = result_of(viewsmith("doctor --data fashion-small --json"));
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        if (!*json_str(o, key[i], "")) fail_msg("no %s", key[i]);
    }
    assert_true(json_is_array(json_get(o, "advice")));
    assert_has(json_str(o, "model", ""), model->digest);
    json_drop(o);
    const Said *s = viewsmith("doctor --data no-such-folder --model no-such-file");
    assert_int_equal(s->status, 0);
    assert_has(s->out, "missing: ");
    assert_has(s->out, "-> for Fashion-MNIST: apt-get install dataset-fashion-mnist");
    assert_has(s->out, "-> give a generator with --model");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_have_their_keys), cmocka_unit_test(each_kernel_has_its_share_of_the_peak),
        cmocka_unit_test(trace_is_a_table),
        cmocka_unit_test(wrong_words),             cmocka_unit_test(peers_answer_or_say_what_they_want),
        cmocka_unit_test(a_missing_peer_says_how_to_get_it),
        cmocka_unit_test(serve_speaks_lines),      cmocka_unit_test(doctor_reports),
    };
    return cmocka_run_group_tests(tests, command_setup, command_teardown);
}
