/* Runs a Net at a fixed largest batch: lowered to fast kernels (net/lower.h), one arena planned up front, no
 * allocation inside a step. Ports and weights are those of the net as it was given.
 *
 *     Exec *e = exec_new(net, 64, EXEC_INFER, (ExecGrads){0}, pool, err);
 *     memcpy(exec_value(e, net_port(net, "z")), z, ...);
 *     exec_forward(e, weights, 64);
 *     const float *image = exec_value(e, net_port(net, "image"));
 *
 * Inference frees a value after its last use (ports stay); with gradients, what the ops' rows say is kept
 * too. The first gradient write of a backward overwrites, later ones add; parameter gradients are added into
 * `grads`, which the caller zeroes. */
#pragma once
#include "base/pool.h"
#include "net/net.h"
#include "net/weights.h"

/* TRAIN: batch statistics, and running ones are updated; and float32 products in parts where the CPU has a
 * matrix unit (math/split.h), which are as precise, but whose bits no other CPU has, and which one picture
 * would wait for: inference never takes them. To either may be added EXACT: never Winograd, whose results are
 * off by 1e-5 of the largest; BF16: products of convolutions in bfloat16 where the CPU has a matrix unit
 * (exec_bf16), sums in float32; or PLAIN: the net as it is, without lowering (the oracle of tests). */
typedef enum { EXEC_INFER = 0, EXEC_TRAIN = 1, EXEC_EXACT = 2, EXEC_PLAIN = 4, EXEC_BF16 = 8 } ExecMode;
typedef struct {
    bool params;        /* gradients of parameters are wanted */
    bool inputs;        /* gradients of input ports are wanted */
    const char *prefix; /* with inputs: of those alone whose names begin with it; NULL: of all */
    bool once; /* at most one backward after each forward, which may then overwrite what it has read */
    bool lean; /* with once: sums of branches are made again for it, not kept: a fifth of the memory for 3 %
                  of the time */
} ExecGrads;   /* EXEC_INFER may want gradients too: running statistics are used as constants */

typedef struct Exec Exec;

/* Whether EXEC_BF16 changes anything on this machine. */
bool exec_bf16(void);

/* The net must outlive the Exec. Refuses, naming the op, where a wanted gradient has no backward. */
Exec *exec_new(const Net *net, int batch, ExecMode mode, ExecGrads grads, Pool *pool, Err *err);
void exec_free(Exec *e);
/* Memory of a port (NULL for any other value): inputs are written here before a forward, outputs read after.
 * Layout plain, batch first. */
float *exec_value(Exec *e, ValueId id);
/* Gradient of a port, NULL where none is wanted: seed outputs before exec_backward, read inputs after. A
 * backward spends the seeds: call exec_seed_zero, then seed, before each. An output whose seed is all zero
 * costs nothing. */
float *exec_grad(Exec *e, ValueId id);
void exec_seed_zero(Exec *e);
/* n <= batch. In EXEC_TRAIN buffers in w are updated (running statistics, power iteration vectors). An Exec
 * for inference alone keeps w, and what it packed of it, until it sees other weights or another version of
 * them (net/weights.h). */
void exec_forward(Exec *e, Weights *w, int n);
/* After exec_forward with the same w and n, any number of times unless grads.once. grads NULL: only inputs
 * this time (a discriminator in the generator's step), and nothing is computed for parameters. */
void exec_backward(Exec *e, const Weights *w, Weights *grads, int n);
size_t exec_bytes(const Exec *e);

/* One step of what is run. Seconds since exec_trace(e, true), 0 unless enabled. The strings are the net's and
 * the program's. */
typedef struct {
    const char *name;         /* of the first parameter it uses, or "" */
    const char *op, *kernel;  /* kernel: which of several was chosen, or "" */
    double forward, backward; /* seconds */
    double macs;              /* multiply-adds of one forward of n images */
} ExecStep;

void exec_trace(Exec *e, bool on);
int exec_steps(const Exec *e);
ExecStep exec_step(const Exec *e, int i, int n);
