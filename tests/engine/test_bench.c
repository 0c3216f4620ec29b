/* The benches' arithmetic, networks, sides and pseudo terminal; never how fast anything is. */
#include "check.h"
#include "engine/bench.h"
#include "engine/bench_peak.h"
#include "engine/bench_pty.h"
#include "engine/bench_side.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- figures ----------------------------------------------------------------------------------------------------- */

static void medians(void **state)
{
    double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2}, one[] = {7};
    (void)state;
    assert_true(bench_median(odd, 3) == 3);
    assert_true(bench_median(even, 4) == 2.5);
    assert_true(bench_median(one, 1) == 7);
}

static void ratio_is_above_one_for_a_win(void **state)
{
    const double ours[] = {20, 22, 18, 21, 19}, peer[] = {10, 11, 9, 10, 10};
    double ratio, low, high;
    Err err = {0};
    (void)state;
    assert_ok(bench_ratio(&ratio, &low, &high, ours, peer, 5, true, &err), err);
    assert_true(ratio == 2 && low <= 2 && high >= 2 && low >= 18.0 / 11 && high <= 22.0 / 9);
    assert_ok(bench_ratio(&ratio, &low, &high, peer, ours, 5, false, &err), err); /* less is better: the same win */
    assert_true(ratio == 2);
}

static void interval_without_spread_is_a_point(void **state)
{
    const double ours[] = {3, 3, 3}, peer[] = {6, 6, 6};
    double ratio, low, high;
    Err err = {0};
    (void)state;
    assert_ok(bench_ratio(&ratio, &low, &high, ours, peer, 3, true, &err), err);
    assert_true(ratio == 0.5 && low == 0.5 && high == 0.5);
}

static void conv_rate_is_the_geometric_mean(void **state)
{
    BenchSpec s = {.kind = BENCH_CONV, .batch = 1};
    double seconds[BENCH_PARTS_MAX];
    char name[48];
    (void)state;
    assert_int_equal(bench_parts(&s), 27);
    bench_part_name(name, &s, 4);
    assert_string_equal(name, "64x28x28 n1 data gradient");
    for (int p = 0; p < 27; p++) {
        int side, channels;
        bench_part_name(name, &s, p);
        assert_int_equal(sscanf(name, "%dx%d", &channels, &side), 2);
        /* 1 GFLOP/s for the even parts, 4 for the odd ones: 14 of 27 are even */
        seconds[p] = 2.0 * channels * channels * 9 * side * side * 1e-9 / (p % 2 ? 4 : 1);
    }
    assert_float_equal(bench_rate(&s, seconds), pow(4, 13.0 / 27), 1e-6);
}

static void training_counts_views(void **state)
{
    BenchSpec s = {.kind = BENCH_TRAIN, .net = {.kind = BENCH_NET_A}, .batch = 100};
    double seconds = 0.5;
    (void)state;
    assert_true(bench_rate(&s, &seconds) == 400);
    s.kind = BENCH_ENCODE;
    assert_true(bench_rate(&s, &seconds) == 200);
}

static void specs_are_completed_or_refused(void **state)
{
    BenchSpec s = {.kind = BENCH_TRAIN};
    Err err = {0};
    (void)state;
    assert_ok(bench_spec_complete(&s, &err), err);
    assert_true(s.net.kind == BENCH_NET_A && s.batch == 256);
    s = (BenchSpec){.kind = BENCH_CONV};
    assert_ok(bench_spec_complete(&s, &err), err);
    assert_true(s.net.kind == BENCH_NET_NONE && s.batch == 0);
    s = (BenchSpec){.kind = BENCH_TRAIN, .net = {.kind = BENCH_NET_G32}};
    assert_refused(bench_spec_complete(&s, &err), err, ERR_USAGE, "no net G32");
    s = (BenchSpec){.kind = BENCH_KNN, .batch = BENCH_BATCH_MAX + 1};
    assert_refused(bench_spec_complete(&s, &err), err, ERR_USAGE, "--batch");
}

static void every_name_reads_back(void **state)
{
    static const char *const nets[] = {"A", "B", "G28", "G32", "view", "random:7", "random:18446744073709551615"};
    static const char *const bad[] = {"C", "", "random:", "random:x", "random:7x", "random:-1", "A "};
    BenchKind kind;
    BenchNet net;
    char name[32];
    Err err = {0};
    (void)state;
    for (int i = 0; i < BENCH_KIND_COUNT; i++) {
        assert_ok(bench_kind_named(&kind, bench_kind_name((BenchKind)i), &err), err);
        assert_int_equal(kind, i);
    }
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        assert_ok(bench_net_named(&net, nets[i], &err), err);
        bench_net_name(name, net);
        assert_string_equal(name, nets[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(bench_net_named(&net, bad[i], &err), err, ERR_USAGE, "A, B, G28");
}

/* --- works ------------------------------------------------------------------------------------------------------- */

/* The peers' networks have these counts: notes of the peers say 161, 1110, 14.5 and 36 MFLOP. */
static void nets_cost_what_the_peers_do(void **state)
{
    static const struct {
        BenchNetKind net;
        double mflop;
        const char *out;
        int side;
    } want[] = {{BENCH_NET_A, 161, NULL, 0}, {BENCH_NET_B, 1110, NULL, 0}, {BENCH_NET_G28, 14.5, "image", 28}, {BENCH_NET_G32, 36, "image", 32}};
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        Err err = {0};
        Net *net = bench_net((BenchNet){.kind = want[i].net}, &err);
        if (!net) fail_msg("%s", err.msg);
        assert_float_equal(2e-6 * net_macs(net, 1), want[i].mflop, 0.03 * want[i].mflop);
        if (want[i].out) assert_int_equal(net_value(net, net_port(net, "image"))->shape.dim[3], want[i].side);
        net_free(net);
    }
}

static void every_work_takes_a_turn(void **state)
{
    static const BenchSpec specs[] = {{.kind = BENCH_CONV, .batch = 1},
                                      {.kind = BENCH_TRAIN, .net = {.kind = BENCH_NET_A}, .batch = 2},
                                      {.kind = BENCH_TRAIN, .net = {.kind = BENCH_NET_RANDOM, .seed = 5}, .batch = 2},
                                      {.kind = BENCH_FIT, .batch = 4},
                                      {.kind = BENCH_ENCODE, .net = {.kind = BENCH_NET_B}, .batch = 1},
                                      {.kind = BENCH_GENERATE, .net = {.kind = BENCH_NET_G28}, .batch = 2},
                                      {.kind = BENCH_MEMORY, .net = {.kind = BENCH_NET_G32}, .batch = 1},
                                      {.kind = BENCH_KNN, .batch = 2}};
    double seconds[BENCH_PARTS_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        Err err = {0};
        BenchWork *w = bench_work_open(&specs[i], &err);
        if (!w) fail_msg("%s", err.msg);
        assert_ok(bench_work_turn(seconds, w, &err), err);
        for (int p = 0; p < bench_parts(&specs[i]); p++) assert_true(seconds[p] > 0);
        bench_work_close(w);
    }
}

static void trace_names_every_node(void **state)
{
    BenchSpec s = {.kind = BENCH_TRAIN, .net = {.kind = BENCH_NET_A}, .batch = 2};
    Err err = {0};
    (void)state;
    BenchWork *w = bench_work_open(&s, &err);
    assert_non_null(w);
    Json *rows = bench_work_trace(w, 100, &err);
    assert_non_null(rows);
    assert_string_equal(json_str(json_at(rows, 0), "node", ""), "stem.weight");
    assert_string_equal(json_str(json_at(rows, 0), "op", ""), "mapconv");
    assert_string_not_equal(json_str(json_at(rows, 0), "kernel", ""), "");
    assert_true(json_num(json_at(rows, 0), "backward_ms", 0) > 0 && json_num(json_at(rows, 0), "share", 0) > 0);
    json_drop(rows);
    bench_work_close(w);
    s = (BenchSpec){.kind = BENCH_FIT, .batch = 2};
    w = bench_work_open(&s, &err);
    rows = bench_work_trace(w, 100, &err);
    size_t last = json_count(rows) - 1;
    assert_string_equal(json_str(json_at(rows, 0), "op", ""), "pixelnorm");
    assert_string_equal(json_str(json_at(rows, last), "op", ""), "rest"); /* draws, losses, Adam */
    assert_true(json_num(json_at(rows, last), "forward_ms", 0) > 0);
    json_drop(rows);
    bench_work_close(w);
    s = (BenchSpec){.kind = BENCH_KNN, .batch = 1};
    w = bench_work_open(&s, &err);
    assert_null(bench_work_trace(w, 100, &err));
    assert_int_equal(err.code, ERR_USAGE);
    bench_work_close(w);
}

static void a_view_without_its_model_is_refused(void **state)
{
    BenchSpec s = {.kind = BENCH_GENERATE, .net = {.kind = BENCH_NET_VIEW}, .batch = 1, .model = "no-such-file"};
    Err err = {0};
    (void)state;
    assert_null(bench_work_open(&s, &err));
    assert_non_null(strstr(err.msg, "no-such-file"));
}

static void the_machine_has_a_peak(void **state)
{
    Err err = {0};
    (void)state;
    Pool *pool = pool_new(2, 0, &err);
    assert_true(bench_peak(pool, 0.001) > 0);
    pool_free(pool);
}

/* --- sides ------------------------------------------------------------------------------------------------------- */

/* A peer of one line of shell. */
static bool open_shell(BenchSide *s, const char *script, Err *err)
{
    char sh[] = "/bin/sh", c[] = "-c", text[512];
    snprintf(text, sizeof text, "%s", script);
    return bench_side_open(s, (char *const[]){sh, c, text, NULL}, err);
}

static void a_side_answers(void **state)
{
    BenchSide s;
    Err err = {0};
    double seconds[2];
    (void)state;
    assert_ok(open_shell(&s, "echo '{\"name\":\"me 1\"}'; while read x; do echo '{\"seconds\":[0.5,2]}'; done", &err), err);
    assert_ok(bench_side_hello(&s, "peer", "what it wants", &err), err);
    assert_string_equal(s.name, "me 1");
    for (int i = 0; i < 3; i++) assert_ok(bench_side_turn(seconds, &s, 2, &err), err);
    assert_true(seconds[0] == 0.5 && seconds[1] == 2);
    assert_true(bench_side_memory(&s) > 0.1);
    assert_refused(bench_side_turn(seconds, &s, 1, &err), err, ERR_FORMAT, "not 1 times");
    bench_side_close(&s);
    bench_side_close(&s);
}

static void a_side_that_cannot_says_so(void **state)
{
    static const struct {
        const char *script;
        ErrCode code;
        const char *words;
    } bad[] = {{"echo '{\"missing\":\"python3-torch\"}'", ERR_IO, "install what it wants"},
               {"echo '{\"error\":\"no such thing\"}'", ERR_IO, "no such thing"},
               {"echo nonsense", ERR_FORMAT, "peer"},
               {"exit 3", ERR_IO, "wants what it wants"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BenchSide s;
        Err err = {0};
        assert_ok(open_shell(&s, bad[i].script, &err), err);
        assert_refused(bench_side_hello(&s, "peer", "what it wants", &err), err, bad[i].code, bad[i].words);
        bench_side_close(&s);
    }
}

static void times_must_be_above_zero(void **state)
{
    BenchSide s;
    Err err = {0};
    double seconds;
    (void)state;
    assert_ok(open_shell(&s, "echo '{\"name\":\"x\"}'; read x; echo '{\"seconds\":[0]}'", &err), err);
    assert_ok(bench_side_hello(&s, "peer", "what it wants", &err), err);
    assert_refused(bench_side_turn(&seconds, &s, 1, &err), err, ERR_FORMAT, "above 0");
    bench_side_close(&s);
}

static void our_side_serves(void **state)
{
    BenchSpec spec = {.kind = BENCH_GENERATE, .net = {.kind = BENCH_NET_G28}, .batch = 1};
    Err err = {0};
    int to[2], from[2];
    char text[512] = "";
    (void)state;
    assert_true(!pipe(to) && !pipe(from));
    assert_int_equal(write(to[1], "turn\nnonsense\n", 14), 14);
    close(to[1]);
    BenchWork *w = bench_work_open(&spec, &err);
    assert_ok(bench_serve(w, &spec, "us", to[0], from[1], &err), err);
    close(from[1]);
    assert_true(read(from[0], text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, "{\"name\":\"us\"}\n{\"seconds\":["));
    assert_non_null(strstr(text, "{\"error\":"));
    bench_work_close(w);
    close(to[0]);
    close(from[0]);
}

/* --- the pseudo terminal ----------------------------------------------------------------------------------------- */

/* Feeds text; the number of frames it ended, the last in *f. */
static int feed(PtyScreen *s, const char *text, PtyFrame *f)
{
    int frames = 0;
    for (; *text; text++)
        if (pty_screen_take(s, *text)) {
            *f = s->frame;
            frames++;
        }
    return frames;
}

#define ON  "\033[?2026h"
#define OFF "\033[?2026l"

static void frames_tell_text_from_pictures(void **state)
{
    static const struct {
        const char *bytes;
        bool text, pictures;
    } frame[] = {
        {ON "\033[5;3Hpsi 0.7" OFF, true, false},
        {ON "\033[1;60H412 v/s" OFF, false, false}, /* the top line reports by itself */
        {ON "\033[H\nx" OFF, true, false},
        {ON "\033[9d\033[4Ax\033(B" OFF, true, false},
        {ON "\033[1;1H\0337\033[9;9H\033Pq#0~~\033\\\0338\033[5n" OFF, false, true},
        {ON "\0337\033[38;2;1;2;3m\033[9;9H\xe2\x96\x80\0338" OFF, false, true},
        {ON "\0337\033[9;9H   \0338" OFF, false, false}, /* blanks take a picture away */
        {ON OFF, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof frame / sizeof *frame; i++) {
        PtyScreen s = {.sixel = true, .cols = 80, .rows = 24, .cell_w = 8, .cell_h = 16};
        PtyFrame f = {0};
        assert_int_equal(feed(&s, frame[i].bytes, &f), 1);
        if (f.text != frame[i].text || f.pictures != frame[i].pictures) fail_msg("frame %zu: text %d, pictures %d", i, f.text, f.pictures);
    }
}

static void questions_are_answered(void **state)
{
    PtyScreen s = {.sixel = true, .cols = 80, .rows = 24, .cell_w = 8, .cell_h = 16};
    PtyFrame f = {0};
    (void)state;
    feed(&s, "\033[>q\033[?2;1;0S\033[16t\033]11;?\033\\\033[5n\033[c", &f);
    assert_memory_equal(s.reply,
                        "\033P>|bench(1)\033\\\033[?2;0;640;384S\033[6;16;8t\033]11;rgb:0000/0000/0000\033\\\033[0n\033[?62;4;22c",
                        s.replies);
    assert_true(s.replies > 60);
    s = (PtyScreen){.sixel = false};
    feed(&s, "\033[c", &f);
    s.reply[s.replies] = 0;
    assert_string_equal(s.reply, "\033[?62;22c");
}

static void long_sequences_do_no_harm(void **state)
{
    PtyScreen s = {0};
    PtyFrame f = {0};
    (void)state;
    for (int i = 0; i < 10000; i++) feed(&s, i ? "9" : "\033[", &f);
    for (int i = 0; i < 10000; i++) feed(&s, i ? "x" : "m\033P", &f);
    for (int i = 0; i < 1000; i++) feed(&s, i ? "\033[c" : "\033\\", &f);
    assert_int_equal(feed(&s, ON "\033[2;2Hx" OFF, &f), 1);
    assert_true(f.text && s.replies < sizeof s.reply);
}

static void a_program_runs_in_it(void **state)
{
    char sh[] = "/bin/sh", c[] = "-c";
    char script[] = "stty raw -echo; printf '\033[?2026h\033[2;2Hon\033[?2026l'; "
                    "test $(dd bs=1 count=1 2>/dev/null) = k && printf '\033[?2026h\0337\033[2;2H##\0338\033[?2026l'; sleep 5";
    PtyOptions o = {80, 24, 8, 16, true, 15e6, NULL, 0};
    Pty p;
    PtyFrame f;
    double when;
    Err err = {0};
    (void)state;
    assert_ok(pty_open(&p, &o, (char *const[]){sh, c, script, NULL}, &err), err);
    assert_true(pty_frame(&p, &f, &when, 5));
    assert_true(f.text && !f.pictures && when > p.started);
    assert_true(pty_send(&p, "k", 1));
    assert_true(pty_frame(&p, &f, &when, 5));
    assert_true(!f.text && f.pictures);
    pty_close(&p);
}

static void a_program_that_ends_is_noticed(void **state)
{
    char no[] = "/no/such/program";
    PtyOptions o = {80, 24, 8, 16, false, 0, NULL, 0};
    Pty p;
    PtyFrame f;
    double when;
    Err err = {0};
    (void)state;
    assert_ok(pty_open(&p, &o, (char *const[]){no, NULL}, &err), err);
    assert_false(pty_frame(&p, &f, &when, 5));
    assert_true(p.ended);
    pty_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians),
        cmocka_unit_test(ratio_is_above_one_for_a_win),
        cmocka_unit_test(interval_without_spread_is_a_point),
        cmocka_unit_test(conv_rate_is_the_geometric_mean),
        cmocka_unit_test(training_counts_views),
        cmocka_unit_test(specs_are_completed_or_refused),
        cmocka_unit_test(every_name_reads_back),
        cmocka_unit_test(nets_cost_what_the_peers_do),
        cmocka_unit_test(every_work_takes_a_turn),
        cmocka_unit_test(trace_names_every_node),
        cmocka_unit_test(a_view_without_its_model_is_refused),
        cmocka_unit_test(the_machine_has_a_peak),
        cmocka_unit_test(a_side_answers),
        cmocka_unit_test(a_side_that_cannot_says_so),
        cmocka_unit_test(times_must_be_above_zero),
        cmocka_unit_test(our_side_serves),
        cmocka_unit_test(frames_tell_text_from_pictures),
        cmocka_unit_test(questions_are_answered),
        cmocka_unit_test(long_sequences_do_no_harm),
        cmocka_unit_test(a_program_runs_in_it),
        cmocka_unit_test(a_program_that_ends_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
