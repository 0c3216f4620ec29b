/* Lowers a net to the one that is run: convolutions work on maps (math/map.h), and what stands around them
 * (bias, batch norm, activation, residual, noise) goes into their reading and writing, so that most values
 * between them never exist.
 *
 * The lowered net computes the same function and the same gradients; autodiff needs no rule but each op's
 * own. The user's net stays as it is: ports, parameters and buffers are found through `to` and `from`. */
#pragma once
#include "net/exec.h"

typedef struct {
    const Net *net;
    Net *own;      /* net, where it was made here; NULL: it is the user's */
    ValueId *to;   /* per value of the user's net: where a port, parameter or buffer is, else NET_NONE */
    ValueId *from; /* per value of the lowered net: the user's parameter or buffer, else NET_NONE */
} Lowered;

/* mode with EXEC_PLAIN: nothing is changed. The net must outlive it. */
bool lower_net(Lowered *l, const Net *net, ExecMode mode, ExecGrads grads, Err *err);
void lower_free(Lowered *l);
