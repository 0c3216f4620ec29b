/* Runs a planned net: a loop over the nodes forward, a loop over them backward, nothing allocated in either.
 */
#include "net/exec.h"
#include "base/arena.h"
#include "base/clock.h"
#include "net/plan.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct Exec {
    const Net *net;
    Pool *pool;
    int batch;
    ExecMode mode;
    ExecGrads grads;
    Plan plan;
    Arena arena;
    const Weights *bound; /* whose memory `at` points to for parameters and buffers */
    float **at;           /* per value */
    bool *written;        /* per root value: its gradient holds something in this backward */
    double *seconds;      /* forward of each node, then backward of each */
    bool trace;
};

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

Exec *exec_new(const Net *net, int batch, ExecMode mode, ExecGrads grads, Pool *pool, Err *err)
{
    if (batch < 1)
        return err_set(err, ERR_USAGE, "a batch of %d cannot be run: it must be at least 1", batch), NULL;
    Exec *e = calloc(1, sizeof *e);
    if (!e) return err_nomem(err, "running a net"), NULL;
    e->net = net, e->pool = pool, e->batch = batch, e->mode = mode, e->grads = grads;
    if (plan_make(&e->plan, net, batch, grads, pool_threads(pool), err) && exec_room(e, err)) return e;
    exec_free(e);
    return NULL;
}

void exec_free(Exec *e)
{
    if (!e) return;
    plan_free(&e->plan);
    arena_close(&e->arena);
    free(e->at);
    free(e->written);
    free(e->seconds);
    free(e);
}

/* ---- Ports --------------------------------------------------------------------------------------------- */

/* The root of a port, or NET_NONE for any other value. */
static ValueId port_root(const Exec *e, ValueId id)
{
    if (!net_value(e->net, id)) return NET_NONE;
    ValueId root = e->plan.root[id];
    return e->plan.port[root] ? root : NET_NONE;
}

float *exec_value(Exec *e, ValueId id)
{
    ValueId root = port_root(e, id);
    return root == NET_NONE ? NULL : e->at[root];
}

float *exec_grad(Exec *e, ValueId id)
{
    ValueId root = port_root(e, id);
    return root == NET_NONE ? NULL : arena_at(e, e->plan.grad_at[root]);
}

static size_t value_bytes(const Exec *e, ValueId id, int n)
{
    return shape_count(&net_value(e->net, id)->shape, n) * sizeof(float);
}

void exec_seed_zero(Exec *e)
{
    const Port *ports;
    for (int i = 0, count = net_ports(e->net, &ports); i < count; i++) {
        ValueId id = ports[i].value;
        float *grad = net_value(e->net, id)->kind == VALUE_INPUT ? NULL : exec_grad(e, id);
        if (grad) memset(grad, 0, value_bytes(e, id, e->batch));
    }
}

/* ---- Running ------------------------------------------------------------------------------------------- */

static void bind(Exec *e, Weights *w)
{
    for (int v = 0; v < net_values(e->net); v++) {
        float *number = weights_at(w, e->plan.root[v]);
        if (number) e->at[v] = number;
    }
    e->bound = w;
}

static OpRun run_at(const Exec *e, int i, int n)
{
    const Node *node = net_node(e->net, i);
    OpRun r = {.site = &e->plan.site[i],
               .n = n,
               .train = e->mode == EXEC_TRAIN,
               .out = e->at[node->out],
               .saved = arena_at(e, e->plan.saved_at[i]),
               .scratch = arena_at(e, e->plan.scratch_at),
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

void exec_forward(Exec *e, Weights *w, int n)
{
    assert(n >= 1 && n <= e->batch && w->net == e->net);
    bind(e, w);
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
        ValueId id = ports[i].value;
        const float *grad = exec_grad(e, id);
        if (grad && net_value(e->net, id)->kind == VALUE_ACTIVATION)
            e->written[e->plan.root[id]] = !all_zero(grad, value_bytes(e, id, n) / sizeof(float));
    }
}

/* Where the gradient of input k goes: parameters always add; the first write to anything else overwrites. */
static void aim(Exec *e, OpRun *r, ValueId id, int k, Weights *grads)
{
    ValueId root = e->plan.root[id];
    bool param = net_value(e->net, root)->kind == VALUE_PARAM;
    r->din[k] = param ? weights_at(grads, root) : arena_at(e, e->plan.grad_at[root]);
    r->add[k] = param || e->written[root];
    e->written[root] = true;
}

static void backward_node(Exec *e, int i, int n, Weights *grads, uint8_t asked)
{
    const Node *node = net_node(e->net, i);
    ValueId out = e->plan.root[node->out];
    if (!e->written[out] || !(e->plan.need[out] & asked) || op_row(node->op)->alias) return;
    OpRun r = run_at(e, i, n);
    r.dout = arena_at(e, e->plan.grad_at[out]);
    for (int k = 0; k < node->inputs; k++)
        if (r.site->want[k] & asked) aim(e, &r, node->in[k], k, grads);
    run_node(e, i, true, &r);
}

/* Inputs that no seeded output depends on have gradient zero. */
static void clear_unreached(Exec *e, int n)
{
    for (int v = 0; v < net_values(e->net); v++) {
        if (net_value(e->net, v)->kind != VALUE_INPUT || e->written[v]) continue;
        float *grad = exec_grad(e, v);
        if (grad) memset(grad, 0, value_bytes(e, v, n));
    }
}

void exec_backward(Exec *e, const Weights *w, Weights *grads, int n)
{
    uint8_t asked =
        (uint8_t)((grads && e->grads.params ? WANT_PARAMS : 0) | (e->grads.inputs ? WANT_INPUTS : 0));
    assert(n >= 1 && n <= e->batch && w == e->bound && (!grads || grads->net == e->net));
    (void)w;
    find_seeds(e, n);
    for (int i = net_nodes(e->net) - 1; i >= 0; i--) backward_node(e, i, n, grads, asked);
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

double exec_node_seconds(const Exec *e, int node, bool backward)
{
    return e->seconds[node + (backward ? net_nodes(e->net) : 0)];
}
