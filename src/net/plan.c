/* Plans memory by lifetimes: every block has a first and a last step, and blocks that never meet may overlap.
 *
 * Steps: node i runs forward at step i and backward at step 2*nodes - 1 - i; what a backward reads stays
 * until then, or, where a backward may be run again, to the very end. */
#include "net/plan.h"
#include <stdlib.h>
#include <string.h>

#define GRAIN 16 /* floats: 64 bytes */

typedef struct {
    size_t size;
    int first, last, index; /* index: in the order of block_add */
    size_t at;
    size_t *where; /* gets `at` */
} Block;

typedef struct {
    Plan *plan;
    const Net *net;
    const PlanOptions *o;
    int batch, nodes, values, end;
    int *first, *last; /* per root value: steps at which its memory must hold */
    int *again,
        *done; /* per root value: the steps from which and to which it must be there again; again -1: never */
    ValueId *slot; /* per root value: the value in whose memory it is computed in place, or itself */
    Block *block;
    int blocks;
} Planner;

static int backward_step(const Planner *p, int node)
{
    return 2 * p->nodes - 1 - node;
}

/* The last step at which what the backward of a node reads must be there. */
static int held_until(const Planner *p, int node)
{
    return p->o->grads.once ? backward_step(p, node) : p->end;
}

static void live(Planner *p, ValueId root, int step)
{
    if (step < p->first[root]) p->first[root] = step;
    if (step > p->last[root]) p->last[root] = step;
}

static bool is_activation(const Planner *p, ValueId v)
{
    ValueKind kind = net_value(p->net, v)->kind;
    return kind == VALUE_INPUT || kind == VALUE_ACTIVATION;
}

/* ---- What is there, and whose gradients are wanted ----------------------------------------------------- */

static void find_roots(Planner *p)
{
    const Port *ports;
    for (int v = 0; v < p->values; v++) {
        ValueId alias = net_value(p->net, v)->alias_of;
        p->plan->root[v] = alias == NET_NONE ? v : alias;
    }
    for (int i = 0, n = net_ports(p->net, &ports); i < n; i++)
        p->plan->port[p->plan->root[ports[i].value]] = true;
}

static bool asked(const ExecGrads *grads, const Value *input)
{
    return grads->inputs && (!grads->prefix || !strncmp(input->name, grads->prefix, strlen(grads->prefix)));
}

/* A result's gradient is needed where that of an input is; buffers have none. Fails where there is no
 * backward. */
static bool find_needs(Planner *p, Err *err)
{
    uint8_t *need = p->plan->need;
    const ExecGrads *grads = &p->o->grads;
    for (int v = 0; v < p->values; v++) {
        const Value *value = net_value(p->net, v);
        need[v] = value->kind == VALUE_PARAM && grads->params         ? WANT_PARAMS
                  : value->kind == VALUE_INPUT && asked(grads, value) ? WANT_INPUTS
                                                                      : 0;
    }
    for (int i = 0; i < p->nodes; i++) {
        const Node *node = net_node(p->net, i);
        for (int k = 0; k < node->inputs; k++)
            if (node->in[k] != NET_NONE) need[node->out] |= p->plan->site[i].want[k] = need[node->in[k]];
        if (node->out2 != NET_NONE) need[node->out2] = need[node->out];
        if (need[node->out] && !op_row(node->op)->backward)
            return err_set(err, ERR_USAGE, "node %d (%s): gradients through this op are not possible", i,
                           op_name(node->op));
    }
    return true;
}

/* ---- What is made again -------------------------------------------------------------------------------- */

static bool may_remake(const Planner *p, int i)
{
    ValueId out = net_node(p->net, i)->out;
    return p->o->grads.once && p->o->grads.lean && op_row(net_node(p->net, i)->op)->remake &&
           p->plan->need[out] && !p->plan->port[out];
}

static void read_at(int *step, int at)
{
    if (*step < 0 || at < *step) *step = at;
}

/* A result may be made again at the first step of the backward that reads it, which may be one that makes
 * another again. */
static void find_again(Planner *p)
{
    for (int v = 0; v < p->values; v++) p->again[v] = p->done[v] = -1;
    for (int i = p->nodes - 1; i >= 0; i--) {
        const Node *node = net_node(p->net, i);
        if (op_row(node->op)->alias) continue;
        unsigned keep = p->plan->need[node->out] ? op_row(node->op)->keep : 0;
        int *again = &p->again[p->plan->root[node->out]], first = backward_step(p, i);
        if (keep & KEEP_OUT) read_at(again, first);
        if (!may_remake(p, i)) *again = -1;
        if (node->out2 != NET_NONE) p->again[node->out2] = -1;
        if (*again >= 0) p->plan->again[i] = backward_step(p, *again), keep = ~0u, first = *again;
        for (int k = 0; k < node->inputs; k++)
            if (node->in[k] != NET_NONE && (keep & KEEP_IN(k)))
                read_at(&p->again[p->plan->root[node->in[k]]], first);
    }
    for (int v = 0; v < p->values; v++)
        if (net_value(p->net, v)->kind != VALUE_ACTIVATION) p->again[v] = -1;
}

/* ---- Lifetimes ----------------------------------------------------------------------------------------- */

/* A backward reads it at that step. */
static void live_back(Planner *p, ValueId root, int step)
{
    if (p->again[root] < 0)
        live(p, root, step);
    else if (step > p->done[root])
        p->done[root] = step;
}

static void node_lives(Planner *p, int i)
{
    const Node *node = net_node(p->net, i);
    const OpRow *row = op_row(node->op);
    const ValueId *root = p->plan->root;
    unsigned keep = p->plan->again[i] >= 0 ? ~0u : p->plan->need[node->out] ? row->keep : 0;
    int until = held_until(p, i);
    live(p, root[node->out], i);
    if (node->out2 != NET_NONE) live(p, node->out2, i);
    if (keep & KEEP_OUT) {
        live_back(p, root[node->out], until);
        if (node->out2 != NET_NONE) live(p, node->out2, until);
    }
    for (int k = 0; k < node->inputs; k++) {
        if (node->in[k] == NET_NONE) continue;
        live(p, root[node->in[k]], i);
        if (keep & KEEP_IN(k)) live_back(p, root[node->in[k]], until);
    }
}

/* Inputs are written before the first step; all ports are read after the last. */
static void find_lifetimes(Planner *p)
{
    for (int v = 0; v < p->values; v++) {
        p->first[v] = p->end;
        p->last[v] = -1;
        p->slot[v] = v;
    }
    for (int i = 0; i < p->nodes; i++) node_lives(p, i);
    for (int v = 0; v < p->values; v++) {
        if (!p->plan->port[v]) continue;
        live(p, v, p->end);
        if (net_value(p->net, v)->kind == VALUE_INPUT) live(p, v, 0);
    }
}

/* An op that can work in place does so where its input ends with it. */
static void find_inplace(Planner *p)
{
    for (int i = 0; i < p->nodes; i++) {
        const Node *node = net_node(p->net, i);
        if (!op_row(node->op)->inplace) continue;
        ValueId in = p->plan->root[node->in[0]];
        if (net_value(p->net, in)->kind != VALUE_ACTIVATION || p->last[p->slot[in]] != i) continue;
        p->slot[node->out] = p->slot[in];
        p->last[p->slot[in]] = p->last[node->out];
    }
}

/* ---- Blocks -------------------------------------------------------------------------------------------- */

/* Whole grains; 0 on overflow. */
static size_t grains(size_t floats)
{
    return floats > SIZE_MAX / 64 ? 0 : (floats + GRAIN - 1) / GRAIN * GRAIN;
}

static void block_add(Planner *p, size_t floats, int first, int last, size_t *where)
{
    Block b = {.size = grains(floats), .first = first, .last = last, .index = p->blocks, .where = where};
    p->block[p->blocks++] = b;
}

/* A gradient lives from the backward of its last reader to the backward of its producer; those of ports
 * always. */
static void grad_block(Planner *p, ValueId v, const int *last_reader)
{
    const Value *value = net_value(p->net, v);
    size_t size = value_count(value, p->batch);
    if (!p->plan->need[v] || !is_activation(p, v)) return;
    if (p->plan->port[v])
        block_add(p, size, 0, p->end, &p->plan->grad_at[v]);
    else if (last_reader[v] >= 0)
        block_add(p, size, backward_step(p, last_reader[v]), backward_step(p, value->producer),
                  &p->plan->grad_at[v]);
}

static void saved_block(Planner *p, int i)
{
    const Node *node = net_node(p->net, i);
    const OpRow *row = op_row(node->op);
    size_t floats = row->saves ? row->saves(&p->plan->site[i], p->batch) : 0;
    if (floats)
        block_add(p, floats, i, p->plan->need[node->out] ? held_until(p, i) : i, &p->plan->saved_at[i]);
}

static void again_block(Planner *p, int i)
{
    ValueId out = net_node(p->net, i)->out;
    if (p->plan->again[i] >= 0)
        block_add(p, value_count(net_value(p->net, out), p->batch), p->again[out], p->done[out],
                  &p->plan->again_at[i]);
}

static void packed_block(Planner *p, int i)
{
    const Node *node = net_node(p->net, i);
    const OpRow *row = op_row(node->op);
    if (!p->o->keep_packed || !row->packs || net_value(p->net, node->in[1])->kind != VALUE_PARAM) return;
    block_add(p, row->packs(&p->plan->site[i]), 0, p->end, &p->plan->packed_at[i]);
}

/* Blocks of all values, gradients and saved numbers; `reader` is room for one int per value. */
static void find_blocks(Planner *p, int *reader)
{
    for (int v = 0; v < p->values; v++) {
        reader[v] = -1;
        if (p->plan->root[v] == v && p->slot[v] == v && is_activation(p, v) && p->last[v] >= 0)
            block_add(p, value_count(net_value(p->net, v), p->batch), p->first[v], p->last[v],
                      &p->plan->value_at[v]);
    }
    for (int i = 0; i < p->nodes; i++) {
        const Node *node = net_node(p->net, i);
        for (int k = 0; k < node->inputs; k++)
            if (node->in[k] != NET_NONE) reader[p->plan->root[node->in[k]]] = i;
        saved_block(p, i);
        packed_block(p, i);
        again_block(p, i);
    }
    for (int v = 0; v < p->values; v++)
        if (p->plan->root[v] == v) grad_block(p, v, reader);
}

static int by_size(const void *a, const void *b)
{
    const Block *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return x->index - y->index;
}

/* The tightest gap among the placed blocks (sorted by `at`) that live at the same time; else after the last
 * of them. */
static size_t best_gap(const Block *b, Block *const *placed, int n)
{
    size_t end = 0, best = PLAN_NOWHERE, slack = SIZE_MAX;
    for (int i = 0; i < n; i++) {
        const Block *o = placed[i];
        if (o->last < b->first || o->first > b->last) continue;
        if (o->at >= end + b->size && o->at - end - b->size < slack) {
            best = end;
            slack = o->at - end - b->size;
        }
        if (o->at + o->size > end) end = o->at + o->size;
    }
    return best == PLAN_NOWHERE ? end : best;
}

/* Greedy by size (Pisarchyk & Lee 2020, algorithm 3): the largest block first, each into its best gap. */
static void place_blocks(Planner *p, Block **placed)
{
    qsort(p->block, (size_t)p->blocks, sizeof *p->block, by_size);
    for (int i = 0; i < p->blocks; i++) {
        Block *b = &p->block[i];
        int at = i;
        b->at = best_gap(b, placed, i);
        for (; at > 0 && placed[at - 1]->at > b->at; at--) placed[at] = placed[at - 1];
        placed[at] = b;
        *b->where = b->at;
        if (b->at + b->size > p->plan->floats) p->plan->floats = b->at + b->size;
    }
}

/* Values that share memory with others get their place; scratch comes after everything. */
static void place_rest(Planner *p)
{
    Plan *plan = p->plan;
    size_t scratch = 0;
    for (int v = 0; v < p->values; v++) plan->value_at[v] = plan->value_at[p->slot[plan->root[v]]];
    for (int v = 0; v < p->values; v++) plan->grad_at[v] = plan->grad_at[plan->root[v]];
    for (int i = 0; i < p->nodes; i++) {
        const OpRow *row = op_row(net_node(p->net, i)->op);
        size_t floats = row->scratch ? row->scratch(&plan->site[i], p->batch, p->o->threads) : 0;
        if (floats > scratch) scratch = floats;
    }
    plan->scratch_at = plan->floats;
    plan->floats += grains(scratch);
}

/* ---- The whole ----------------------------------------------------------------------------------------- */

/* Kernels index with int, and sums of sizes must not overflow: at most 2^31 numbers a value, 2^40 all
 * together. */
static bool sizes_fit(const Planner *p, Err *err)
{
    double sum = 0;
    for (int v = 0; v < p->values; v++) {
        size_t n = value_count(net_value(p->net, v), p->batch);
        char shape[64];
        sum += (double)n;
        if (n <= INT32_MAX) continue;
        shape_text(shape, sizeof shape, &net_value(p->net, v)->shape);
        return err_set(err, ERR_LIMIT,
                       "a value %s does not fit 2^31 numbers at batch %d: use a smaller batch", shape,
                       p->batch);
    }
    return sum < 1e12 || err_set(err, ERR_LIMIT, "the net needs over 2^40 numbers at batch %d", p->batch);
}

static bool plan_room(Plan *plan, size_t nodes, size_t values)
{
    *plan = (Plan){0};
    plan->site = calloc(nodes + 1, sizeof *plan->site);
    plan->need = calloc(values + 1, sizeof *plan->need);
    plan->root = calloc(values + 1, sizeof *plan->root);
    plan->port = calloc(values + 1, sizeof *plan->port);
    plan->value_at = malloc((values + 1) * sizeof(size_t));
    plan->grad_at = malloc((values + 1) * sizeof(size_t));
    plan->saved_at = malloc((nodes + 1) * sizeof(size_t));
    plan->packed_at = malloc((nodes + 1) * sizeof(size_t));
    plan->again_at = malloc((nodes + 1) * sizeof(size_t));
    plan->again = malloc((nodes + 1) * sizeof *plan->again);
    if (!plan->site || !plan->need || !plan->root || !plan->port || !plan->value_at || !plan->grad_at ||
        !plan->saved_at || !plan->packed_at || !plan->again_at || !plan->again)
        return false;
    for (size_t v = 0; v < values; v++) plan->value_at[v] = plan->grad_at[v] = PLAN_NOWHERE;
    for (size_t i = 0; i < nodes; i++) {
        plan->saved_at[i] = plan->packed_at[i] = plan->again_at[i] = PLAN_NOWHERE;
        plan->again[i] = -1;
    }
    return true;
}

static bool plan_with(Planner *p, Err *err)
{
    size_t blocks = 2 * (size_t)p->values + 3 * (size_t)p->nodes + 1, values = (size_t)p->values + 1;
    int *ints = malloc(6 * values * sizeof *ints);
    Block **placed = malloc(blocks * sizeof(Block *));
    p->block = malloc(blocks * sizeof *p->block);
    bool ok = ints && placed && p->block;
    if (ok) {
        p->first = ints, p->last = ints + values, p->slot = ints + 2 * values;
        p->again = ints + 3 * values, p->done = ints + 4 * values;
        for (int i = 0; i < p->nodes; i++) op_site(&p->plan->site[i], p->net, i);
        find_roots(p);
        ok = find_needs(p, err);
    } else {
        err_nomem(err, "planning a net");
    }
    if (ok) {
        find_again(p);
        find_lifetimes(p);
        find_inplace(p);
        find_blocks(p, ints + 5 * values);
        place_blocks(p, placed);
        place_rest(p);
    }
    free(ints);
    free(placed);
    free(p->block);
    return ok;
}

bool plan_make(Plan *plan, const Net *net, const PlanOptions *o, Err *err)
{
    Planner p = {.plan = plan,
                 .net = net,
                 .o = o,
                 .batch = o->batch,
                 .nodes = net_nodes(net),
                 .values = net_values(net)};
    p.end = 2 * p.nodes;
    if (!plan_room(plan, (size_t)p.nodes, (size_t)p.values)) {
        plan_free(plan);
        return err_nomem(err, "planning a net");
    }
    if (sizes_fit(&p, err) && plan_with(&p, err)) return true;
    plan_free(plan);
    return false;
}

void plan_free(Plan *plan)
{
    free(plan->site);
    free(plan->need);
    free(plan->root);
    free(plan->port);
    free(plan->value_at);
    free(plan->grad_at);
    free(plan->saved_at);
    free(plan->packed_at);
    free(plan->again_at);
    free(plan->again);
    *plan = (Plan){0};
}
