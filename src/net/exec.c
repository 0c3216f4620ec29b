/* Runs a planned net: a loop over the nodes forward, a loop over them backward, nothing allocated in either.
 */
#include "net/exec.h"
#include "base/arena.h"
#include "base/clock.h"
#include "net/lower.h"
#include "math/bf16.h"
#include "net/plan.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct Exec {
    const Net *user; /* as it was given: ports and weights are its */
    const Net *net;  /* as it is run */
    Lowered lowered;
    Pool *pool;
    int batch;
    ExecMode mode;
    ExecGrads grads;
    Plan plan;
    Arena arena;
    Weights *bound;   /* kept; whose memory `at` points to for parameters and buffers */
    uint64_t version; /* of bound, when it was bound */
    bool stale;       /* what was packed of the weights before is not of these */
    float **at;       /* per value */
    bool *written;    /* per root value: its gradient holds something in this backward */
    double *seconds;  /* forward of each node, then backward of each */
    bool trace;
};

bool exec_bf16(void)
{
    return bf16_here();
}

/* ---- Making -------------------------------------------------------------------------------------------- */

static float *arena_at(const Exec *e, size_t at)
{
    return at == PLAN_NOWHERE ? NULL : (float *)e->arena.base + at;
}

static bool exec_room(Exec *e, Err *err)
{
    size_t values = (size_t)net_values(e->net), nodes = (size_t)net_nodes(e->net);
    e->at = calloc(values + 1, sizeof *e->at);
    e->written = calloc(values + 1, sizeof *e->written);
    e->seconds = calloc(2 * nodes + 1, sizeof *e->seconds);
    if (!e->at || !e->written || !e->seconds) return err_nomem(err, "running a net");
    if (!arena_open(&e->arena, e->plan.floats * sizeof(float), err)) return false;
    for (size_t v = 0; v < values; v++) e->at[v] = arena_at(e, e->plan.value_at[v]);
    return true;
}

static bool exec_open(Exec *e, Err *err)
{
    if (!lower_net(&e->lowered, e->user, e->mode, e->grads, err)) return false;
    e->net = e->lowered.net;
    PlanOptions options = {.batch = e->batch,
                           .threads = pool_threads(e->pool),
                           .grads = e->grads,
                           .keep_packed = !(e->mode & EXEC_TRAIN) && !e->grads.params && !e->grads.inputs};
    return plan_make(&e->plan, e->net, &options, err) && exec_room(e, err);
}

Exec *exec_new(const Net *net, int batch, ExecMode mode, ExecGrads grads, Pool *pool, Err *err)
{
    if (batch < 1)
        return err_set(err, ERR_USAGE, "a batch of %d cannot be run: it must be at least 1", batch), NULL;
    Exec *e = calloc(1, sizeof *e);
    if (!e) return err_nomem(err, "running a net"), NULL;
    e->user = net, e->pool = pool, e->batch = batch, e->mode = mode, e->grads = grads;
    if (exec_open(e, err)) return e;
    exec_free(e);
    return NULL;
}

void exec_free(Exec *e)
{
    if (!e) return;
    plan_free(&e->plan);
    lower_free(&e->lowered);
    weights_drop(e->bound);
    arena_close(&e->arena);
    free(e->at);
    free(e->written);
    free(e->seconds);
    free(e);
}

/* ---- Ports --------------------------------------------------------------------------------------------- */

/* The root of a port of the user's net, or NET_NONE for any other value. */
static ValueId port_root(const Exec *e, ValueId id)
{
    ValueId v = net_value(e->user, id) ? e->lowered.to[id] : NET_NONE;
    if (v == NET_NONE || !e->plan.port[e->plan.root[v]]) return NET_NONE;
    return e->plan.root[v];
}

float *exec_value(Exec *e, ValueId id)
{
    ValueId root = port_root(e, id);
    return root == NET_NONE ? NULL : e->at[root];
}

static float *grad_at(const Exec *e, ValueId v)
{
    return arena_at(e, e->plan.grad_at[e->plan.root[v]]);
}

float *exec_grad(Exec *e, ValueId id)
{
    ValueId root = port_root(e, id);
    return root == NET_NONE ? NULL : grad_at(e, root);
}

static size_t value_bytes(const Exec *e, ValueId v, int n)
{
    return value_count(net_value(e->net, v), n) * sizeof(float);
}

void exec_seed_zero(Exec *e)
{
    const Port *ports;
    for (int i = 0, count = net_ports(e->net, &ports); i < count; i++) {
        ValueId v = ports[i].value;
        float *grad = net_value(e->net, v)->kind == VALUE_INPUT ? NULL : grad_at(e, v);
        if (grad) memset(grad, 0, value_bytes(e, v, e->batch));
    }
}

/* ---- Running ------------------------------------------------------------------------------------------- */

/* Inference only reads the weights, which others may read at the same time; training writes buffers. */
static void bind(Exec *e, Weights *w)
{
    e->stale = w != e->bound || w->version != e->version;
    for (int v = 0; v < net_values(e->net); v++) {
        const float *number = weights_get(w, e->lowered.from[e->plan.root[v]]);
        if (number) e->at[v] = (float *)number;
    }
    weights_keep(w);
    weights_drop(e->bound);
    e->bound = w;
    e->version = w->version;
}

static OpRun run_at(const Exec *e, int i, int n)
{
    const Node *node = net_node(e->net, i);
    OpRun r = {.site = &e->plan.site[i],
               .n = n,
               .train = e->mode & EXEC_TRAIN,
               .out = e->at[node->out],
               .out2 = node->out2 == NET_NONE ? NULL : e->at[node->out2],
               .saved = arena_at(e, e->plan.saved_at[i]),
               .scratch = arena_at(e, e->plan.scratch_at),
               .packed = arena_at(e, e->plan.packed_at[i]),
               .repack = e->stale,
               .pool = e->pool};
    for (int k = 0; k < node->inputs; k++)
        if (node->in[k] != NET_NONE) r.in[k] = e->at[node->in[k]];
    return r;
}

static void run_node(Exec *e, int i, bool backward, const OpRun *r)
{
    const OpRow *row = op_row(net_node(e->net, i)->op);
    double start = e->trace ? clock_seconds() : 0;
    (backward ? row->backward : row->forward)(r);
    if (e->trace) e->seconds[i + (backward ? net_nodes(e->net) : 0)] += clock_seconds() - start;
}

/* All that shares the memory of v now lies there. */
static void move_to(Exec *e, ValueId v, float *at)
{
    for (int i = 0; i < net_values(e->net); i++)
        if (e->plan.root[i] == v) e->at[i] = at;
}

/* What is made again for backwards is, until then, where the forward makes it. */
static void begin_forward(Exec *e)
{
    for (int i = 0; i < net_nodes(e->net); i++) {
        ValueId out = net_node(e->net, i)->out;
        if (e->plan.again[i] >= 0) move_to(e, out, arena_at(e, e->plan.value_at[out]));
    }
}

/* Makes again what is read from the backward of node i on, what others are made of first. */
static void make_again(Exec *e, int i, int n)
{
    for (int k = 0; k <= i; k++) {
        if (e->plan.again[k] != i) continue;
        move_to(e, net_node(e->net, k)->out, arena_at(e, e->plan.again_at[k]));
        OpRun r = run_at(e, k, n);
        run_node(e, k, false, &r);
    }
}

void exec_forward(Exec *e, Weights *w, int n)
{
    assert(n >= 1 && n <= e->batch && w->net == e->user);
    bind(e, w);
    begin_forward(e);
    if (e->mode & EXEC_TRAIN) weights_touch(w);
    for (int i = 0; i < net_nodes(e->net); i++) {
        OpRun r = run_at(e, i, n);
        run_node(e, i, false, &r);
    }
}

/* ---- Backward ------------------------------------------------------------------------------------------ */

static bool all_zero(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0) return false;
    return true;
}

/* Gradients begin at the outputs whose seed holds anything but zeros. */
static void find_seeds(Exec *e, int n)
{
    const Port *ports;
    memset(e->written, 0, (size_t)net_values(e->net) * sizeof *e->written);
    for (int i = 0, count = net_ports(e->net, &ports); i < count; i++) {
        ValueId v = ports[i].value;
        const float *grad = grad_at(e, v);
        if (grad && net_value(e->net, v)->kind == VALUE_ACTIVATION)
            e->written[e->plan.root[v]] = !all_zero(grad, value_bytes(e, v, n) / sizeof(float));
    }
}

/* Where the gradient of input k goes: parameters always add; the first write to anything else overwrites. */
static void aim(Exec *e, OpRun *r, ValueId id, int k, Weights *grads)
{
    ValueId root = e->plan.root[id];
    bool param = net_value(e->net, root)->kind == VALUE_PARAM;
    r->din[k] = param ? weights_at(grads, e->lowered.from[root]) : grad_at(e, root);
    r->add[k] = param || e->written[root];
    e->written[root] = true;
}

static void backward_node(Exec *e, int i, int n, Weights *grads, uint8_t asked)
{
    const Node *node = net_node(e->net, i);
    ValueId out = e->plan.root[node->out];
    if (!e->written[out] || !(e->plan.need[out] & asked) || op_row(node->op)->alias) return;
    OpRun r = run_at(e, i, n);
    r.dout = grad_at(e, out);
    if (node->out2 != NET_NONE && e->written[node->out2]) r.dout2 = grad_at(e, node->out2);
    for (int k = 0; k < node->inputs; k++)
        if (r.site->want[k] & asked) aim(e, &r, node->in[k], k, grads);
    run_node(e, i, true, &r);
}

/* Inputs that no seeded output depends on have gradient zero. */
static void clear_unreached(Exec *e, int n)
{
    for (int v = 0; v < net_values(e->net); v++) {
        if (net_value(e->net, v)->kind != VALUE_INPUT || e->written[v]) continue;
        float *grad = grad_at(e, v);
        if (grad) memset(grad, 0, value_bytes(e, v, n));
    }
}

void exec_backward(Exec *e, const Weights *w, Weights *grads, int n)
{
    uint8_t asked =
        (uint8_t)((grads && e->grads.params ? WANT_PARAMS : 0) | (e->grads.inputs ? WANT_INPUTS : 0));
    assert(n >= 1 && n <= e->batch && w == e->bound && (!grads || grads->net == e->user));
    (void)w;
    find_seeds(e, n);
    for (int i = net_nodes(e->net) - 1; i >= 0; i--) {
        make_again(e, i, n);
        backward_node(e, i, n, grads, asked);
    }
    clear_unreached(e, n);
}

/* ---- Measuring ----------------------------------------------------------------------------------------- */

size_t exec_bytes(const Exec *e)
{
    return e->arena.cap;
}

void exec_trace(Exec *e, bool on)
{
    e->trace = on;
    if (on) memset(e->seconds, 0, 2 * (size_t)net_nodes(e->net) * sizeof *e->seconds);
}

int exec_steps(const Exec *e)
{
    return net_nodes(e->net);
}

ExecStep exec_step(const Exec *e, int i, int n)
{
    const Node *node = net_node(e->net, i);
    const OpRow *row = op_row(node->op);
    ExecStep step = {.name = "", .op = op_name(node->op), .kernel = ""};
    for (int k = node->inputs - 1; k >= 0; k--) {
        const Value *v = net_value(e->net, node->in[k]);
        if (v && v->kind == VALUE_PARAM) step.name = v->name;
    }
    if (row->kernel) step.kernel = row->kernel(&e->plan.site[i]);
    if (row->macs) step.macs = row->macs(&e->plan.site[i], n);
    step.forward = e->seconds[i];
    step.backward = e->seconds[i + net_nodes(e->net)];
    return step;
}
