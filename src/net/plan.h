/* Where everything of an Exec lies in one block of memory: results, gradients, saved numbers, scratch. */
#pragma once
#include "net/exec.h"
#include "net/op.h"

#define PLAN_NOWHERE SIZE_MAX

typedef struct {
    OpSite *site;      /* per node */
    uint8_t *need;     /* per value: WANT_ bits, on whose behalf its gradient is computed; 0 none */
    ValueId *root;     /* per value: the value whose memory and gradient it shares (itself unless reshaped) */
    bool *port;        /* per value: root of a port */
    size_t *value_at;  /* per value: floats from the start; PLAN_NOWHERE for parameters and buffers */
    size_t *grad_at;   /* per value: PLAN_NOWHERE for parameters and where none is wanted */
    size_t *saved_at;  /* per node */
    size_t *again_at;  /* per node whose result is made again for the backward: where; else PLAN_NOWHERE */
    int *again;        /* per node: the node before whose backward that happens, or -1 */
    size_t *packed_at; /* per node: its packed parameters, where they are kept; else PLAN_NOWHERE */
    size_t scratch_at;
    size_t floats;
} Plan;

typedef struct {
    int batch, threads;
    ExecGrads grads;
    bool keep_packed; /* parameters stay packed from forward to forward */
} PlanOptions;

/* Refuses, naming the op, where a wanted gradient has no backward, and what does not fit an int or a size_t.
 */
bool plan_make(Plan *p, const Net *net, const PlanOptions *o, Err *err);
void plan_free(Plan *p);
