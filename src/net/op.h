/* What the executor knows of an operation: one OpRow each, gathered from the op families by ops.c. */
#pragma once
#include "base/pool.h"
#include "net/ops.h"

/* One place in a graph: what is known of a node before any number is. */
typedef struct {
    Attrs attrs;
    int inputs;
    const Shape *in[NET_INPUTS]; /* NULL: absent */
    Layout in_layout[NET_INPUTS];
    Shape out;                /* infer fills it */
    Layout layout;            /* of out; infer may leave it plain */
    Shape out2;               /* rank 0: there is no second result, which infer may leave so */
    uint8_t want[NET_INPUTS]; /* WANT_ bits: on whose behalf a gradient of this input may be asked for */
} OpSite;

enum { WANT_PARAMS = 1, WANT_INPUTS = 2 };

/* One run of a node for n images. Floats everywhere; every block is 64-byte aligned. */
typedef struct {
    const OpSite *site;
    int n;
    bool train;                  /* batch statistics; buffers are updated */
    float *in[NET_INPUTS], *out; /* only buffers among in[] may be written, and only in training */
    float *out2;                 /* NULL: none */
    float *saved;                /* kept from forward to backward */
    float *scratch;              /* nobody's between runs */
    float *packed;               /* the row's `packs` floats, kept from run to run; NULL: not in this Exec */
    bool repack;                 /* what `packed` was made of has changed */
    float *din[NET_INPUTS];      /* NULL: not wanted */
    bool add[NET_INPUTS];        /* add to din[i]; else overwrite it */
    const float *dout, *dout2;   /* dout2 NULL: zero */
    Pool *pool;
} OpRun;

/* Which tensors of its forward a backward reads: bit i for in[i]. Parameters are always there. */
#define KEEP_IN(i) (1u << (i))
#define KEEP_OUT   (1u << NET_INPUTS) /* and out2 */
#define OP_BIT(i)  (1u << (i))

typedef struct {
    int least, most;   /* inputs */
    unsigned optional; /* OP_BIT(i): in[i] may be NET_NONE */
    unsigned buffers;  /* OP_BIT(i): in[i] must be a buffer, and gets no gradient */
    unsigned keep;
    bool inplace; /* out may be the memory of in[0] */
    bool remake;  /* cheap, and changes nothing else: may run again for a backward instead of being kept */
    bool alias;   /* out is the memory of in[0], and so are their gradients: nothing runs */
    bool apart;   /* inputs whose gradients are written together must be different values */
    /* Checks shapes and attributes, sets defaults and out. The error need not name the node. */
    bool (*infer)(OpSite *s, Err *err);
    void (*forward)(const OpRun *r);
    /* Writes or adds every din that is not NULL, in the order of inputs (two may be the same memory); may be
     * NULL, then gradients through it are refused. */
    void (*backward)(const OpRun *r);
    size_t (*saves)(const OpSite *s, int n);                /* floats; NULL: none */
    size_t (*scratch)(const OpSite *s, int n, int threads); /* floats; NULL: none */
    size_t (*packs)(const OpSite *s);                       /* floats made of in[1] alone; NULL: none */
    const char *(*kernel)(const OpSite *s);                 /* which of several it runs; NULL: there is one */
    double (*macs)(const OpSite *s, int n);                 /* NULL: not counted */
} OpRow;

const OpRow *op_row(int op);
/* The site of node i in a net; it points into the net's values. */
void op_site(OpSite *site, const Net *net, int i);

/* Describes input i to a site; v NULL: absent. */
void op_site_input(OpSite *site, int i, const Value *v);

#define X(id, name) extern const OpRow op_row_##id;
NET_OPS(X)
NET_OPS_LOWERED(X)
#undef X

/* For op families. */

/* Floats of input i, and of the output, for n images. */
size_t op_in(const OpRun *r, int i);
size_t op_out(const OpRun *r);
/* din[i] for kernels that only add: zeroed first unless something is there already. NULL where not wanted. */
float *op_sum(const OpRun *r, int i);
/* din[i] = or += alpha * x. */
void op_pass(const OpRun *r, int i, const float *x, float alpha);
/* Pixels per channel: the product of dimensions 2 and up. */
int op_pixels(const Shape *s);
void op_default(int *attr, int value);
void op_default_float(float *attr, float value);
/* "x (N,3,8,8) must have rank 4": false unless it has. */
bool op_rank(const OpSite *s, int i, const char *name, int rank, Err *err);
/* False unless in[i] is absent or has the shape (a). */
bool op_vector(const OpSite *s, int i, const char *name, int a, Err *err);
