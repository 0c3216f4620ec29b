/* Forms of values and the ways between them. */
#include "net/lower_form.h"
#include "math/map.h"

const Bend lower_straight = {1, 1};

bool lower_is_straight(Bend b)
{
    return b.slope == 1 && b.gain == 1;
}

ValueId lower_add(Lower *l, int op, const ValueId *in, int inputs, const Attrs *attrs)
{
    while (inputs > op_row(op)->least && in[inputs - 1] == NET_NONE) inputs--;
    return net_add(l->net, op, in, inputs, attrs);
}

void lower_later(Lower *l, ValueId v, int op, const ValueId *in, int inputs, const Attrs *attrs)
{
    Node node = {.op = op, .attrs = *attrs};
    for (int i = 0; i < NET_INPUTS; i++) node.in[i] = i < inputs ? in[i] : NET_NONE;
    l->form[v] = (Form){.plain = NET_NONE, .term = {.x = NET_NONE}, .pending = true, .node = node};
}

/* Adds the pending node of v. */
static void settle(Lower *l, ValueId v)
{
    Form *f = &l->form[v];
    if (!f->pending) return;
    int most = op_row(f->node.op)->most;
    ValueId out = lower_add(l, f->node.op, f->node.in, most, &f->node.attrs);
    f->pending = false;
    if (f->node.op == OP_MAPCONV && f->node.attrs.to == LAYOUT_PLAIN)
        f->plain = out;
    else
        f->term = (LowerTerm){out, NET_NONE, lower_straight};
}

/* Between the layouts; the same memory where one pixel of whole blocks lies the same way in both. */
static ValueId convert(Lower *l, ValueId x, Layout to)
{
    const Value *v = net_value(l->net, x);
    if (!v) return NET_NONE;
    bool same = op_pixels(&v->shape) == 1 && v->shape.dim[1] % MAP_LANES == 0;
    return lower_add(l,
                     same               ? OP_RECAST
                     : to == LAYOUT_MAP ? OP_TOMAP
                                        : OP_FROMMAP,
                     &x, 1, &(Attrs){.to = to});
}

LowerTerm lower_term(Lower *l, ValueId v)
{
    Form *f = &l->form[v];
    settle(l, v);
    if (f->term.x == NET_NONE)
        f->term = (LowerTerm){convert(l, f->plain, LAYOUT_MAP), NET_NONE, lower_straight};
    return f->term;
}

ValueId lower_map(Lower *l, ValueId v)
{
    LowerTerm t = lower_term(l, v);
    if (t.coef == NET_NONE) return t.x;
    ValueId x = lower_add(l, OP_JOIN, (ValueId[]){t.x, t.coef}, 2,
                          &(Attrs){.read = {t.bend}, .write = lower_straight});
    l->form[v].term = (LowerTerm){x, NET_NONE, lower_straight};
    return x;
}

ValueId lower_plain(Lower *l, ValueId v)
{
    Form *f = &l->form[v];
    settle(l, v);
    if (f->plain == NET_NONE) f->plain = convert(l, lower_map(l, v), LAYOUT_PLAIN);
    return f->plain;
}

Node *lower_pending(Lower *l, ValueId v, int op)
{
    Form *f = &l->form[v];
    bool open =
        f->pending && f->node.op == op && l->readers[v] == 1 && lower_is_straight(f->node.attrs.write);
    return open ? &f->node : NULL;
}

void lower_move(Lower *l, ValueId out, ValueId v)
{
    l->form[out] = l->form[v];
    l->form[v].pending = false;
}
