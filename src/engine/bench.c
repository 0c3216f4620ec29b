/* The rounds: who takes part, whose turn it is, and what comes out. */
#include "engine/bench.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/bench_peak.h"
#include "engine/bench_side.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIDES_MAX    4
#define PEAK_SECONDS 0.03
#define STEADY       0.9  /* of its own best peak that a machine left alone keeps */
#define REST         0.03 /* seconds after a turn, in which a side's threads stop spinning: they must not take the next one's time */

typedef struct {
    const char *name, *script, *flag; /* script NULL: this program again */
    int threads;                      /* 0: as many as we take */
    const char *wants;                /* what to install */
    unsigned kinds;                   /* bit k: takes part in BenchKind k */
} Peer;

#define BIT(kind) (1u << BENCH_##kind)
#define TORCH     (BIT(CONV) | BIT(TRAIN) | BIT(FIT) | BIT(ENCODE) | BIT(GENERATE) | BIT(START) | BIT(MEMORY))

static const char torch[] = "python3-torch (apt-get install python3-torch)";
static const Peer peers[] = {
    {"torch", "tests/peers/peer_torch.py", NULL, 0, torch, TORCH | BIT(KNN)},
    {"torch-bf16", "tests/peers/peer_torch.py", "--bf16", 0, torch, TORCH},
    {"faiss", "tests/peers/peer_faiss.py", NULL, 0, "python3-faiss and libopenblas0-openmp (apt-get install them)", BIT(KNN)},
    {"ort", "tests/peers/peer_ort.mjs", NULL, 0,
     "nodejs, python3-torch, and onnxruntime-node (npm install --ignore-scripts --prefix ~/.cache/viewsmith/peers onnxruntime-node@1.30.0)",
     BIT(ENCODE) | BIT(GENERATE)},
    {"onednn", "tests/peers/peer_dnnl.sh", NULL, 0, "libdnnl-dev and g++ (apt-get install libdnnl-dev g++)", BIT(CONV)},
    {"self-1", NULL, NULL, 1, "this very program", TORCH | BIT(KNN)},
};
enum { PEERS = sizeof peers / sizeof *peers };

typedef struct {
    const Peer *peer; /* NULL: us */
    char script[4096];
    BenchSide side;
    double *figure;   /* (rounds) */
    double *part;     /* (parts, rounds) seconds */
    double median;
} Seat;

typedef struct {
    const Bench *b;
    BenchProgress *progress;
    void *ctx;
    Pool *pool;
    Seat seat[SIDES_MAX];
    int seats;
    double *peak;
    bool fresh; /* a new process for every turn */
    char graph[64]; /* the drawn network's description, or "" */
} Match;

static const char *seat_name(const Seat *s)
{
    return s->peer ? s->peer->name : "viewsmith";
}

static bool is_ours(const Seat *s)
{
    return !s->peer || !s->peer->script;
}

/* --- who takes part ---------------------------------------------------------------------------------------------- */

static bool seat_open(Match *m, Seat *s, Err *err)
{
    const BenchSpec *spec = &m->b->spec;
    char net[32], batch[16], threads[16], seconds[32];
    const char *argv[20];
    int n = 0;
    bench_net_name(net, spec->net);
    snprintf(batch, sizeof batch, "%d", spec->batch);
    snprintf(threads, sizeof threads, "%d", s->peer && s->peer->threads ? s->peer->threads : pool_threads(m->pool));
    snprintf(seconds, sizeof seconds, "%g", m->fresh ? 0 : spec->seconds);
    argv[n++] = is_ours(s) ? m->b->self : s->script;
    if (is_ours(s)) argv[n++] = "bench", argv[n++] = "serve";
    argv[n++] = bench_kind_name(spec->kind);
    if (*net) argv[n++] = "--net", argv[n++] = net;
    if (spec->batch) argv[n++] = "--batch", argv[n++] = batch;
    argv[n++] = "--threads", argv[n++] = threads;
    argv[n++] = "--turn", argv[n++] = seconds;
    if (s->peer && s->peer->flag) argv[n++] = s->peer->flag;
    if (is_ours(s) && spec->bf16) argv[n++] = "--bf16";
    if ((is_ours(s) || spec->net.kind == BENCH_NET_MODEL) && *spec->model) argv[n++] = "--model", argv[n++] = spec->model;
    if (!is_ours(s) && *m->graph) argv[n++] = "--graph", argv[n++] = m->graph;
    argv[n] = NULL;
    return bench_side_open(&s->side, (char *const *)argv, err) &&
           bench_side_hello(&s->side, seat_name(s), s->peer ? s->peer->wants : "a look at its messages", err);
}

static bool peer_usable(const Peer *p, BenchKind kind, BenchNetKind net, char *script, size_t cap, Err *err)
{
    if (!(p->kinds & 1u << kind))
        return err_set(err, ERR_USAGE, "bench %s has no peer %s; see viewsmith bench --help", bench_kind_name(kind), p->name);
    if (net == BENCH_NET_MODEL && p->script && strcmp(p->name, "ort"))
        return err_set(err, ERR_USAGE, "only ort reads the network of a file, not the peer %s", p->name);
    return !p->script || file_shipped(script, cap, p->script, NULL) ||
           err_set(err, ERR_IO, "the peer %s is not here: %s lies in the source tree; install %s and run from there", p->name, p->script, p->wants);
}

/* Takes a seat and sees that the peer answers; its process stays unless every turn has one of its own. */
static bool invite(Match *m, const Peer *p, Err *err)
{
    Seat *s = &m->seat[m->seats];
    *s = (Seat){.peer = p, .side = {.in = -1, .out = -1}};
    bool ok = !p || peer_usable(p, m->b->spec.kind, m->b->spec.net.kind, s->script, sizeof s->script, err);
    ok = ok && seat_open(m, s, err);
    if (!ok || m->fresh) bench_side_close(&s->side);
    m->seats += ok;
    return ok;
}

static bool invite_best(Match *m, BenchResult *out, Err *err)
{
    int before = m->seats;
    Err cause = {0};
    for (int i = 0; i < PEERS; i++) {
        Err why = {0};
        if (!peers[i].script || !(peers[i].kinds & 1u << m->b->spec.kind) || invite(m, &peers[i], &why)) continue;
        if (!cause.msg[0]) cause = why;
        size_t at = strlen(out->skipped);
        snprintf(out->skipped + at, sizeof out->skipped - at, "%s%s (wants %s)", at ? ", " : "", peers[i].name, peers[i].wants);
    }
    return m->seats > before || err_set(err, ERR_IO, "%s", cause.msg);
}

static const Peer *peer_named(const char *name, size_t n)
{
    for (int i = 0; i < PEERS; i++)
        if (strlen(peers[i].name) == n && !strncmp(peers[i].name, name, n)) return &peers[i];
    return NULL;
}

/* The peers of "torch" or "ort,torch". */
static bool invite_named(Match *m, const char *list, Err *err)
{
    for (const char *name = list;;) {
        size_t n = strcspn(name, ",");
        const Peer *p = peer_named(name, n);
        if (!p) return err_set(err, ERR_USAGE, "--against is %s, not \"%.*s\"", BENCH_AGAINST, (int)n, name);
        if (m->seats == SIDES_MAX) return err_set(err, ERR_USAGE, "--against takes at most %d peers", SIDES_MAX - 1);
        if (!invite(m, p, err)) return false;
        if (!name[n]) return true;
        name += n + 1;
    }
}

static bool invite_all(Match *m, BenchResult *out, Err *err)
{
    const char *against = m->b->against;
    if (!invite(m, NULL, err)) return false;
    if (!strcmp(against, "none")) return true;
    if (m->b->spec.net.kind == BENCH_NET_VIEW && strcmp(against, "self-1"))
        return err_set(err, ERR_USAGE, "no peer makes our views: take --against none or self-1 with --net view");
    return !strcmp(against, "best") ? invite_best(m, out, err) : invite_named(m, against, err);
}

/* Writes the drawn network to a file that the peers read. */
static bool describe(Match *m, Err *err)
{
    const BenchSpec *spec = &m->b->spec;
    if (spec->net.kind != BENCH_NET_RANDOM) return true;
    Net *net = bench_net(spec->net, err);
    if (!net) return false;
    Json *graph = bench_net_graph(net);
    char *text = json_text(graph);
    strcpy(m->graph, "/tmp/viewsmith-graph-XXXXXX");
    int fd = text ? mkstemp(m->graph) : -1;
    bool ok = fd >= 0 && dprintf(fd, "%s\n", text) > 0;
    if (fd < 0) *m->graph = 0;
    else close(fd);
    free(text);
    json_drop(graph);
    net_free(net);
    return ok || err_set(err, ERR_IO, "the drawn network cannot be written to /tmp");
}

/* --- turns ------------------------------------------------------------------------------------------------------- */

static bool turn_kept(Match *m, Seat *s, double *seconds, double *figure, Err *err)
{
    if (!bench_side_turn(seconds, &s->side, bench_parts(&m->b->spec), err)) return false;
    *figure = bench_rate(&m->b->spec, seconds);
    return true;
}

static bool turn_fresh(Match *m, Seat *s, double *seconds, double *figure, Err *err)
{
    bool ok = seat_open(m, s, err) && bench_side_turn(seconds, &s->side, 1, err);
    if (m->b->spec.kind == BENCH_MEMORY) *figure = bench_side_memory(&s->side);
    else *figure = clock_seconds() - s->side.started;
    bench_side_close(&s->side);
    return ok;
}

/* round -1 warms up and is not kept. */
static bool turn(Match *m, Seat *s, int round, Err *err)
{
    double seconds[BENCH_PARTS_MAX], figure;
    if (m->progress && !m->progress(m->ctx, round, m->b->rounds, seat_name(s)))
        return err_set(err, ERR_CANCELLED, "the bench was interrupted");
    if (!(m->fresh ? turn_fresh : turn_kept)(m, s, seconds, &figure, err)) return false;
    usleep((useconds_t)(1e6 * REST));
    if (round < 0) return true;
    s->figure[round] = figure;
    for (int p = 0; p < bench_parts(&m->b->spec); p++) s->part[p * m->b->rounds + round] = seconds[p];
    return true;
}

/* The order is turned round every other time, so that nobody always comes after the same side. */
static bool play(Match *m, Err *err)
{
    for (int round = m->fresh ? 0 : -1; round < m->b->rounds; round++) {
        for (int i = 0; i < m->seats; i++)
            if (!turn(m, &m->seat[round & 1 ? m->seats - 1 - i : i], round, err)) return false;
        if (round >= 0) m->peak[round] = bench_peak(m->pool, PEAK_SECONDS);
    }
    return true;
}

/* --- what comes out ---------------------------------------------------------------------------------------------- */

static double median_of(const double *x, int n, double *scratch)
{
    memcpy(scratch, x, (size_t)n * sizeof *x);
    return bench_median(scratch, n);
}

/* The strongest of the peers, or NULL. */
static const Seat *best_peer(const Match *m)
{
    const Seat *best = NULL;
    bool higher = bench_kind_higher(m->b->spec.kind);
    for (int i = 1; i < m->seats; i++)
        if (!best || (higher ? m->seat[i].median > best->median : m->seat[i].median < best->median)) best = &m->seat[i];
    return best;
}

static bool judge(BenchResult *out, Match *m, double *scratch, Err *err)
{
    int n = m->b->rounds;
    bool higher = bench_kind_higher(m->b->spec.kind);
    for (int i = 0; i < m->seats; i++) m->seat[i].median = median_of(m->seat[i].figure, n, scratch);
    const Seat *us = &m->seat[0], *peer = best_peer(m);
    out->ours = us->median;
    out->peak = median_of(m->peak, n, scratch);
    out->peak_low = scratch[0]; /* median_of sorted them */
    out->peak_high = scratch[n - 1];
    out->steady = scratch[n / 5] >= STEADY * scratch[n - 1];
    for (int p = 0; p < out->parts; p++) {
        out->part_ours[p] = median_of(us->part + p * n, n, scratch);
        out->part_peer[p] = peer ? median_of(peer->part + p * n, n, scratch) : NAN;
    }
    snprintf(out->peer_name, sizeof out->peer_name, "%s", peer ? peer->side.name : "none");
    out->peer = peer ? peer->median : NAN;
    out->ratio = out->low = out->high = NAN;
    return !peer || bench_ratio(&out->ratio, &out->low, &out->high, us->figure, peer->figure, n, higher, err);
}

static bool run_match(BenchResult *out, Match *m, Err *err)
{
    size_t rounds = (size_t)m->b->rounds, parts = (size_t)bench_parts(&m->b->spec), row = (1 + parts) * rounds;
    double *room = calloc(SIDES_MAX * row + 2 * rounds, sizeof *room);
    if (!room) return err_nomem(err, "a bench");
    for (size_t i = 0; i < SIDES_MAX; i++) {
        m->seat[i].figure = room + i * row;
        m->seat[i].part = room + i * row + rounds;
    }
    m->peak = room + SIDES_MAX * row;
    bool ok = play(m, err) && judge(out, m, m->peak + rounds, err);
    free(room);
    return ok;
}

bool bench_run(BenchResult *out, const Bench *b, BenchProgress *progress, void *ctx, Err *err)
{
    bool fresh = b->spec.kind == BENCH_START || b->spec.kind == BENCH_MEMORY;
    Match m = {.b = b, .progress = progress, .ctx = ctx, .fresh = fresh};
    *out = (BenchResult){.parts = bench_parts(&b->spec)};
    if (b->rounds < 1 || b->rounds > BENCH_ROUNDS_MAX)
        return err_set(err, ERR_USAGE, "--rounds is 1 to %d, not %d", BENCH_ROUNDS_MAX, b->rounds);
    m.pool = pool_new(pool_default_threads(), 0, err);
    bool ok = m.pool && describe(&m, err) && invite_all(&m, out, err) && run_match(out, &m, err);
    out->threads = pool_threads(m.pool);
    for (int i = 0; i < m.seats; i++) bench_side_close(&m.seat[i].side);
    if (*m.graph) unlink(m.graph);
    pool_free(m.pool);
    return ok;
}
