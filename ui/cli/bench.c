/* viewsmith bench: how fast this program is, beside others on the same machine in the same minutes. */
#include "cli/bench_cli.h"
#include "cli/share.h"
#include "engine/bench.h"
#include "engine/bench_peak.h"
#include "engine/bench_side.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char bench_self[] = "/proc/self/exe";

static const Option options[] = {
    {"net", OPTION_TEXT, "A|B|random:SEED|G28|G32|view|model", NULL, 0, 0, false,
     "Encoders A, B, or drawn; generators G28, G32; view: from addresses of --model; model: the network in --model"},
    {"batch", OPTION_INTEGER, "N", NULL, 1, BENCH_BATCH_MAX, false, "Pairs, pictures or queries at a time (256; B, drawn, view and fit 64)"},
    {"against", OPTION_TEXT, "PEER", "torch", 0, 0, false, "torch, torch-bf16, ort, faiss, onednn, self-1 (us on one thread); several with commas; best (of all here); none"},
    {"rounds", OPTION_INTEGER, "N", NULL, 1, BENCH_ROUNDS_MAX, false, "Turns of each side (7; start and memory 3; latency: 60 keys)"},
    {"turn", OPTION_NUMBER, "SECONDS", "0.3", 0, 60, false, "A turn repeats its work for about this long"},
    {"bf16", OPTION_FLAG, NULL, NULL, 0, 0, false, "Our products in bfloat16, on CPUs with a matrix unit; otherwise nothing changes"},
    {"trace", OPTION_FLAG, NULL, NULL, 0, 0, false, "Time of every node of the net, and its share of the machine's peak"},
    {"graphics", OPTION_TEXT, "sixel|half|both", "both", 0, 0, false, "latency: what the terminal can show"},
    {"no-training", OPTION_FLAG, NULL, NULL, 0, 0, false, "latency: measure only while nothing else runs"},
    {"size", OPTION_INTEGER, "PIXELS", NULL, 64, 1024, false, "latency: a side of the picture in Steer, at least (a window of 120x40 cells)"},
    {"link", OPTION_TEXT, "1mbit,50ms", NULL, 0, 0, false, "latency: a line to the terminal of this rate and delay each way"},
    {"idle", OPTION_NUMBER, "SECONDS", NULL, 0, 60, false, "latency: look on for so long while nobody types"},
    OPTION_MODEL,
    {0},
};

static bool read_spec(BenchSpec *s, const Args *a, const char *kind, Err *err)
{
    const char *net = args_text(a, "net");
    if (!net && args_given(a, "model")) net = "model"; /* VIEWSMITH_MODEL is not meant: benches run without one */
    *s = (BenchSpec){.bf16 = args_flag(a, "bf16"), .batch = (int)args_integer(a, "batch"), .seconds = args_number(a, "turn")};
    if (!bench_kind_named(&s->kind, kind, err) || (net && !bench_net_named(&s->net, net, err)) || !bench_spec_complete(s, err)) return false;
    if (s->net.kind == BENCH_NET_MODEL && args_text(a, "model")) snprintf(s->model, sizeof s->model, "%s", args_text(a, "model"));
    if (s->net.kind == BENCH_NET_MODEL && !*s->model) return err_set(err, ERR_USAGE, "--net model wants the file: --model FILE");
    if (s->net.kind != BENCH_NET_VIEW) return true;
    Workspace *w;
    if (!share_open(&w, a, false, err)) return false;
    snprintf(s->model, sizeof s->model, "%s", w->model);
    workspace_close(w);
    return true;
}

/* --- ours, for others -------------------------------------------------------------------------------------------- */

static int serve(const Args *a)
{
    BenchSpec spec;
    Err err = {0};
    if (a->words < 2) err_set(&err, ERR_USAGE, "bench serve wants the kind of bench: conv, train, fit, encode, generate or knn");
    BenchWork *w = a->words == 2 && read_spec(&spec, a, a->word[1], &err) ? bench_work_open(&spec, &err) : NULL;
    bool ok = bench_serve(w, &spec, "viewsmith " VIEWSMITH_VERSION, STDIN_FILENO, STDOUT_FILENO, &err) && w;
    bench_work_close(w);
    return ok ? 0 : cli_fail(&err);
}

/* --- node by node ------------------------------------------------------------------------------------------------ */

static void say_trace(const Args *a, const Json *rows)
{
    double all = 0;
    for (size_t i = 0; i < json_count(rows); i++)
        all += json_num(json_at(rows, i), "forward_ms", 0) + json_num(json_at(rows, i), "backward_ms", 0);
    cli_say(a, "%-12s %-9s %-30s %9s %9s %6s %9s %6s", "op", "kernel", "node", "fwd ms", "bwd ms", "time", "GFLOP/s", "peak");
    for (size_t i = 0; i < json_count(rows); i++) {
        const Json *r = json_at(rows, i);
        double f = json_num(r, "forward_ms", 0), b = json_num(r, "backward_ms", 0);
        cli_say(a, "%-12s %-9s %-30s %9.3f %9.3f %5.1f%% %9.1f %5.1f%%", json_str(r, "op", ""), json_str(r, "kernel", ""), json_str(r, "node", ""), f, b,
                100 * (f + b) / all, json_num(r, "gflops", 0), 100 * json_num(r, "share", 0));
    }
    cli_say(a, "in all %.2f ms", all);
}

static int trace(const Args *a, const BenchSpec *spec)
{
    Err err = {0};
    BenchWork *w = bench_work_open(spec, &err);
    Pool *pool = w ? pool_new(pool_default_threads(), 0, &err) : NULL;
    double peak = pool ? bench_peak(pool, 0.1) : 0;
    Json *rows = pool ? bench_work_trace(w, peak, &err) : NULL;
    int threads = pool_threads(pool);
    pool_free(pool);
    bench_work_close(w);
    if (!rows) return cli_fail(&err);
    say_trace(a, rows);
    char net[32];
    Json *o = json_make();
    json_put_str(o, "bench", bench_kind_name(spec->kind));
    bench_net_name(net, spec->net);
    json_put_str(o, "net", net);
    json_put_int(o, "batch", spec->batch);
    json_put_int(o, "threads", threads);
    json_put_num(o, "peak_gflops", peak);
    json_put(o, "nodes", rows);
    return cli_result(a, o);
}

/* --- comparisons ------------------------------------------------------------------------------------------------- */

static bool progress(void *ctx, int round, int rounds, const char *side)
{
    if (round < 0) cli_progress(ctx, "warming up: %s", side);
    else cli_progress(ctx, "round %d of %d: %s", round + 1, rounds, side);
    return true; /* an interrupt ends this process at once, and with it the sides */
}

/* One line of text; the rate and its share of the machine's peak where work is counted (Winograd may pass the peak). */
static void say_part(const Args *a, const char *name, double ours_ms, double peer_ms, double gflops, double share)
{
    char rate[64] = "", peer[64] = "";
    if (gflops > 0) snprintf(rate, sizeof rate, "  %7.1f GFLOP/s %4.0f %%", gflops, 100 * share);
    if (isfinite(peer_ms)) snprintf(peer, sizeof peer, "  %9.3f ms  %5.2f x", peer_ms, peer_ms / ours_ms);
    cli_say(a, "  %-34s %9.3f ms%s%s", name, ours_ms, rate, peer);
}

static void put_parts(Json *o, const Args *a, const BenchSpec *spec, const BenchResult *r)
{
    Json *list = json_make_array();
    for (int p = 0; p < r->parts; p++) {
        double gflops = bench_part_flops(spec, p) / r->part_ours[p] * 1e-9, share = r->peak > 0 ? gflops / r->peak : 0;
        char name[48];
        Json *row = json_make();
        bench_part_name(name, spec, p);
        json_put_str(row, "name", name);
        json_put_num(row, "ours_ms", 1000 * r->part_ours[p]);
        json_put_num(row, "peer_ms", 1000 * r->part_peer[p]);
        if (gflops > 0) json_put_num(row, "gflops", gflops);
        if (gflops > 0) json_put_num(row, "share", share);
        json_add(list, row);
        if (r->parts > 1) say_part(a, name, 1000 * r->part_ours[p], 1000 * r->part_peer[p], gflops, share);
    }
    json_put(o, "parts", list);
}

static int report(const Args *a, const Bench *b, const BenchResult *r)
{
    const BenchSpec *s = &b->spec;
    const char *unit = bench_kind_unit(s->kind);
    char net[32];
    bench_net_name(net, s->net);
    if (r->skipped[0]) cli_note(a, "not here: %s", r->skipped);
    if (!r->steady)
        cli_note(a, "other work took this machine meanwhile (its peak went from %.0f down to %.0f GFLOP/s): do not quote these figures",
                 r->peak_high, r->peak_low);
    cli_say(a, "%s%s%s: %.4g %s on %d threads (%d rounds; peak %.0f GFLOP/s)", bench_kind_name(s->kind), *net ? " " : "", net, r->ours, unit,
            r->threads, b->rounds, r->peak);
    if (isfinite(r->peer)) cli_say(a, "%s: %.4g %s; ratio %.3f [%.3f, %.3f], above 1 is ours", r->peer_name, r->peer, unit, r->ratio, r->low, r->high);
    Json *o = json_make();
    json_put_str(o, "bench", bench_kind_name(s->kind));
    if (*net) json_put_str(o, "net", net);
    if (s->batch) json_put_int(o, "batch", s->batch);
    json_put_num(o, "ours", r->ours);
    json_put_num(o, "peer", r->peer);
    json_put_str(o, "peer_name", r->peer_name);
    json_put_num(o, "ratio", r->ratio);
    json_put_interval(o, "ratio_ci", r->low, r->high);
    json_put_str(o, "better", bench_kind_higher(s->kind) ? "higher" : "lower");
    json_put_str(o, "unit", unit);
    json_put_int(o, "threads", r->threads);
    json_put_int(o, "rounds", b->rounds);
    json_put_num(o, "peak_gflops", r->peak);
    json_put_interval(o, "peak_range", r->peak_low, r->peak_high);
    json_put_bool(o, "steady", r->steady);
    put_parts(o, a, s, r);
    return cli_result(a, o);
}

static int bench_command(const Args *a)
{
    Bench b = {.against = args_text(a, "against"), .self = bench_self};
    BenchResult r;
    Err err = {0};
    if (!strcmp(a->word[0], "serve")) return serve(a);
    if (a->words > 1) err_set(&err, ERR_USAGE, "one bench at a time, not \"%s\" and \"%s\"", a->word[0], a->word[1]);
    if (!err.code && !strcmp(a->word[0], "latency")) return bench_latency_command(a);
    if (err.code || !read_spec(&b.spec, a, a->word[0], &err)) return cli_fail(&err);
    if (args_flag(a, "trace")) return trace(a, &b.spec);
    bool fresh = b.spec.kind == BENCH_START || b.spec.kind == BENCH_MEMORY;
    b.rounds = args_given(a, "rounds") ? (int)args_integer(a, "rounds") : fresh ? 3 : 7;
    return bench_run(&r, &b, progress, (void *)a, &err) ? report(a, &b, &r) : cli_fail(&err);
}

const Command command_bench = {
    "conv|train|fit|encode|generate|knn|start|memory|latency",
    "Measures this program and a peer by turns in one call, and reports medians over the\n"
    "rounds with a bootstrap interval of their ratio; above 1 is always ours. Each side is a\n"
    "process of its own that does the same work: 3x3 convolutions of nine layers, a SimCLR step,\n"
    "a step of the GAN, features, pictures, 20 nearest of 60,000, the time to the first step, the memory for it.\n"
    "latency runs the terminal program in a pseudo terminal and measures from key to picture.\n"
    "The peers lie in tests/peers of the source tree. \"bench serve KIND\" is our side by itself:\n"
    "it answers the lines that src/engine/bench_side.h describes.",
    "  viewsmith bench train --net A --batch 256\n  viewsmith bench generate --net G32 --against best --json\n"
    "  viewsmith bench encode --against none --trace\n  viewsmith bench latency --graphics sixel",
    options, 1, 2, bench_command};
