/* A state dict, whoever wrote it: tensors by name out of a PyTorch or safetensors file, and the net that is
 * built around them.
 *
 *     State s;  state_open(&s, path, err);
 *     Build b;  build_begin(&b, &s);
 *     ValueId x = net_input(b.net, "z", shape2(NET_BATCH, 100));
 *     x = net_add(b.net, OP_LINEAR, (ValueId[]){x, build_param(&b, "fc.weight"), build_param(&b, "fc.bias")},
 * 3, NULL); net_output(b.net, "image", x); build_end(&net, &weights, &b, err);      state_close(&s);
 *
 * Weights under spectral norm (NAME_orig, NAME_u, NAME_v of torch.nn.utils.spectral_norm) are asked for as
 * NAME and arrive divided by sigma = u . (W v), with the u and v stored. */
#pragma once
#include "data/torchfile.h"
#include "net/weights.h"

typedef struct {
    Tensor
        *tensor; /* of the dictionary chosen, in the order of the file; names without "module." before all */
    int n;
    bool *used;
    char dictionary[64]; /* "": the names stand at the top */
    const char *path;    /* in errors */
    Safetensors st;
    TorchFile torch;
} State;

/* Bytes of a file that is a state dict's (torchfile_is, or safetensors), which must outlive *s.
 * `dictionary` NULL: g_ema, state_dict and the like before what stands at
 * the top. `path` must outlive *s. */
bool state_decode(State *s, const uint8_t *bytes, size_t size, const char *path, const char *dictionary,
                  Err *err);
void state_close(State *s);
/* NULL when there is none; a tensor found counts as used. */
const Tensor *state_find(State *s, const char *name);
/* Whether there is one, without using it. */
bool state_has(const State *s, const char *name);
/* One that stands at the top of the file, whatever the dictionary (latent_avg of StyleGAN2); NULL when there
 * is none. */
const Tensor *state_top(const State *s, const char *name);
/* False, naming one, when a tensor was not used; counters of batch norm are nobody's. */
bool state_all_used(const State *s, Err *err);
/* All numbers of t (F32, F16, BF16 or I64) as floats; refuses NaN and infinity. */
bool state_floats(float *out, const State *s, const Tensor *t, Err *err);

/* How a value of the net is filled from a tensor. */
typedef struct {
    ValueId value;
    const Tensor *tensor, *u, *v; /* u and v: under spectral norm */
    float scale;
    bool swap;    /* the first two axes change places */
    bool squares; /* sums of squares over all that a number of the value stands for */
} BuildFill;

typedef struct {
    Net *net;
    State *state;
    BuildFill *fill;
    int fills, cap;
    Err err; /* the first mistake that is not the net's */
} Build;

bool build_begin(Build *b, State *s, Err *err);
/* A parameter or buffer of the tensor's own shape, under its name. A missing tensor is remembered as the
 * mistake, and NET_NONE returned. */
ValueId build_param(Build *b, const char *tensor);
ValueId build_buffer(Build *b, const char *tensor);
/* The same, of another shape of as many numbers, times scale; swap: the shape is given before the first two
 * axes change places. */
ValueId build_param_as(Build *b, const char *tensor, Shape shape, float scale, bool swap);
/* Whether the tensor is there, plain or under spectral norm. */
bool build_has(const Build *b, const char *tensor);
/* Of its shape; rank 0 when it is not there. */
Shape build_shape(const Build *b, const char *tensor);
/* A parameter `name` of `shape`: sums of squares of scale * the tensor, whose leading numbers are as many. */
ValueId build_squares(Build *b, const char *name, const char *tensor, Shape shape, float scale);
/* A buffer that no tensor fills: it keeps its Init. */
ValueId build_constant(Build *b, const char *name, Shape shape, float value);
__attribute__((format(printf, 2, 3))) void build_refuse(Build *b, const char *fmt, ...);
/* Finishes the net, fills the weights, and ends b. */
bool build_end(Net **net, Weights **w, Build *b, Err *err);
void build_drop(Build *b);
