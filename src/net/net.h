/* The one graph for everything that runs, our own networks and imported ones: static single assignment, nodes
 * in execution order, immutable once finished and then shared by any number of Execs (net/exec.h).
 *
 *     Net *net = net_new();
 *     ValueId x = net_input(net, "image", shape4(NET_BATCH, 1, 28, 28));
 *     ValueId w = net_param(net, "conv1.weight", shape4(32, 1, 3, 3), init_he());
 *     ValueId y = net_add(net, OP_CONV, (ValueId[]){x, w}, 2, &(Attrs){.pad = {1, 1, 1, 1}});
 *     net_output(net, "features", y);
 *     if (!net_finish(net, err)) ...
 *
 * The first mistake is remembered; later calls on a broken net return NET_NONE and net_finish reports it. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

typedef int ValueId;
#define NET_NONE   (-1)
#define NET_BATCH  (-1) /* a dimension that is the batch N */
#define NET_RANK   6
#define NET_INPUTS 8

typedef struct {
    int rank;
    int dim[NET_RANK]; /* only dim[0] may be NET_BATCH */
} Shape;

Shape shape1(int a);
Shape shape2(int a, int b);
Shape shape4(int a, int b, int c, int d);
/* Elements with the batch set to n; SIZE_MAX where that overflows. */
size_t shape_count(const Shape *s, int n);
bool shape_equal(const Shape *a, const Shape *b);
int shape_dim(const Shape *s, int i, int n); /* dim[i], with the batch set to n */
/* "(N,32,28,28)", cut to cap. */
void shape_text(char *out, size_t cap, const Shape *s);

/* How a parameter starts: normal(0, scale^2 / fan_in) unless kind says otherwise. */
typedef enum { INIT_ZERO, INIT_CONST, INIT_NORMAL, INIT_FAN_IN } InitKind;
typedef struct {
    InitKind kind;
    float scale; /* CONST: the value; NORMAL: std; FAN_IN: std = scale / sqrt(count / dim[0]) */
} Init;

typedef enum { VALUE_INPUT, VALUE_PARAM, VALUE_BUFFER, VALUE_ACTIVATION } ValueKind;
/* NCHW, or blocks of 16 channels (math/map.h): only lowered nets (net/lower.h) hold maps */
typedef enum { LAYOUT_PLAIN, LAYOUT_MAP } Layout;

typedef struct {
    char name[96];
    Shape shape;
    ValueKind kind;
    Layout layout;
    int producer; /* node, or -1 */
    int alias_of; /* the value whose memory this one shares (reshape), or -1 */
    Init init;
} Value;

/* Floats of the value's memory with the batch set to n; SIZE_MAX where that overflows. */
size_t value_count(const Value *v, int n);

/* Activation kinds of OP_ACT. */
typedef enum { ACT_RELU, ACT_LEAKY, ACT_TANH, ACT_SIGMOID, ACT_SOFTPLUS, ACT_EXP, ACT_SQRT } ActKind;

/* gain * (z < 0 ? slope * z : z): every piecewise linear activation, and nothing at all. */
typedef struct {
    float slope, gain;
} Bend;

/* Attributes of a node; an op reads those its row in net/ops.h names. Zero means the default stated there; a
 * finished node holds the value that is used. */
typedef struct {
    int stride[2], dilation[2], groups;
    int pad[4];             /* top left bottom right */
    int out_pad[2];         /* transposed convolution */
    int axis, start, count; /* concat, slice, softmax */
    int kernel[2];          /* pooling */
    int scale;              /* upsampling factor */
    int act;                /* ActKind */
    float alpha;            /* leaky slope; factor of OP_SCALE */
    float gain;             /* activation gain; offset of OP_SCALE */
    float eps, momentum;    /* norms */
    bool demodulate;        /* OP_MODCONV */
    int mode;               /* resampling: 0 nearest, 1 bilinear (half-pixel centres); or the kind, see ops.h */
    int perm[NET_RANK];     /* transpose */
    Shape shape;            /* reshape target */
    /* ops of lowered nets (net/ops.h) */
    Bend read[2], write; /* of what is read, of the result */
    Layout to;           /* of the result */
    bool transposed, exact, split, bf16, moments;
} Attrs;

typedef struct {
    int op; /* OpKind, net/ops.h */
    ValueId in[NET_INPUTS];
    int inputs;
    ValueId out, out2; /* out2: a small second result of an op of lowered nets, or NET_NONE */
    Attrs attrs;
} Node;

typedef struct {
    char name[32];
    ValueId value;
} Port;

typedef struct Net Net;

Net *net_new(void);
void net_free(Net *net);
ValueId net_input(Net *net, const char *name, Shape shape); /* also a port of that name */
ValueId net_param(Net *net, const char *name, Shape shape, Init init);
ValueId net_buffer(Net *net, const char *name, Shape shape, Init init); /* state that has no gradient */
/* attrs NULL: all defaults */
ValueId net_add(Net *net, int op, const ValueId *in, int inputs, const Attrs *attrs);
/* A port: kept alive to the end of a forward. `value` is the result of a node, not an input or parameter. */
void net_output(Net *net, const char *name, ValueId value);
bool net_finish(Net *net, Err *err);

ValueId net_port(const Net *net, const char *name); /* NET_NONE when there is none */
int net_ports(const Net *net, const Port **ports);
int net_values(const Net *net);
const Value *net_value(const Net *net, ValueId id);
int net_nodes(const Net *net);
const Node *net_node(const Net *net, int i);
/* Names which mistake, else NULL. */
const char *net_mistake(const Net *net);
/* Multiply-adds of one forward at batch n (convolutions, linear layers). */
double net_macs(const Net *net, int n);

Init init_zero(void);
Init init_const(float x);
Init init_normal(float std);
Init init_fan_in(float scale);
Init init_he(void); /* fan_in with sqrt(2) */
