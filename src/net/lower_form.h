/* What a value of the user's net is while it is lowered: a plain value, a map with a bend still to be applied
 * when it is read, or a node that is not there yet because more may go into it. */
#pragma once
#include "net/lower.h"
#include "net/op.h"

/* bend(coefficient of x), made anew by whoever reads it; coef NET_NONE: bend is the identity. */
typedef struct {
    ValueId x, coef;
    Bend bend;
} LowerTerm;

typedef struct {
    ValueId plain;  /* NET_NONE: not made (yet) */
    LowerTerm term; /* x NET_NONE: not made (yet) */
    bool pending;   /* `node` is still to be added: neither of the above */
    Node node;      /* OP_MAPCONV or OP_JOIN */
} Form;

typedef struct {
    const Net *user;
    Net *net;
    Form *form;                      /* per value of the user's net */
    int *readers;                    /* per value of the user's net; a port counts as two */
    bool *normed;                    /* per value of the user's net: a batch norm wants its moments */
    bool train, exact, bf16, frozen; /* frozen: no gradient is wanted, so anything may go into the writing */
} Lower;

extern const Bend lower_straight; /* the identity */

bool lower_is_straight(Bend b);
/* A node of the lowered net; absent inputs are NET_NONE. */
ValueId lower_add(Lower *l, int op, const ValueId *in, int inputs, const Attrs *attrs);
/* The user's value v as a plain one, as a map in memory, as a map to be bent while it is read. */
ValueId lower_plain(Lower *l, ValueId v);
ValueId lower_map(Lower *l, ValueId v);
LowerTerm lower_term(Lower *l, ValueId v);
/* The pending node of v, for one more thing to go into; NULL unless it is `op`, not bent yet, and v has no
 * second reader. */
Node *lower_pending(Lower *l, ValueId v, int op);
/* Makes the pending node of v that of `out` (which is v after one more op). */
void lower_move(Lower *l, ValueId out, ValueId v);
/* v is made by a node that may still change. */
void lower_later(Lower *l, ValueId v, int op, const ValueId *in, int inputs, const Attrs *attrs);

/* Lowers node i; false: there is no rule for it here, and it runs on plain values. */
bool lower_rule(Lower *l, const Node *node);
