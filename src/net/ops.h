/* The table of operations: one row each; net/op.h says what the executor knows of an op.
 *
 * N batch, C channels, P = H*W pixels. Inputs in order; [x] is optional (NET_NONE). See math/ for the
 * formulas. Attributes left 0 become: stride, dilation, groups, gain of act 1; kernel, scale 2; leaky alpha
 * 0.2; momentum 0.1; eps 1e-5 (batchnorm, instancenorm) or 1e-8. */
#pragma once
#include "net/net.h"

/* clang-format off */
/*    id          name             inputs: meaning */
#define NET_OPS(X)                                                                                          \
    X(CONV,         "conv")          /* x (N,C,H,W), w (O,C/g,KH,KW), [b (O)] -> (N,O,OH,OW) */             \
    X(CONVT,        "convt")         /* x (N,C,H,W), w (C,O/g,KH,KW), [b (O)] -> transposed, ONNX layout */ \
    X(MODCONV,      "modconv")       /* x (N,C,H,W), style (N,C), w (O,C,KH,KW), [b (O)] -> StyleGAN2 */    \
    X(LINEAR,       "linear")        /* x (N,..,I), w (O,I), [b (O)] -> (N,..,O) */                         \
    X(MATMUL,       "matmul")        /* a (N,..,M,K), b (N,..,K,L) -> (N,..,M,L) */                         \
    X(BATCHNORM,    "batchnorm")     /* x (N,C,..), [scale (C) or (N,C)], [offset], mean, var buffers (C) */\
    X(INSTANCENORM, "instancenorm")  /* x (N,C,..), [scale (C) or (N,C)], [offset] */                       \
    X(ACT,          "act")           /* x: attrs act, alpha, gain */                                        \
    X(ADD,          "add")           /* a, b: broadcast as in NumPy */                                      \
    X(MUL,          "mul")           /* a, b: broadcast as in NumPy */                                      \
    X(SCALE,        "scale")         /* x * alpha + gain, elementwise constants */                          \
    X(NOISE,        "noise")         /* x (N,C,H,W), noise (N,1,H,W), strength (1) -> x + strength*noise */ \
    X(UPSAMPLE,     "upsample")      /* x (N,C,H,W): attrs scale, mode */                                   \
    X(AVGPOOL,      "avgpool")       /* attrs kernel, stride, pad */                                        \
    X(MAXPOOL,      "maxpool")       /* attrs kernel, stride, pad */                                        \
    X(MEANHW,       "meanhw")        /* x (N,C,H,W) -> (N,C) */                                             \
    X(SUMHW,        "sumhw")         /* x (N,C,H,W) -> (N,C) */                                             \
    X(CONCAT,       "concat")        /* a, b, ...: attrs axis (not 0) */                                    \
    X(SLICE,        "slice")         /* x: attrs axis (not 0), start, count */                              \
    X(RESHAPE,      "reshape")       /* x: attrs shape; an alias */                                         \
    X(TRANSPOSE,    "transpose")     /* x: attrs perm (perm[0] = 0) */                                      \
    X(SOFTMAX,      "softmax")       /* x (N,..): over the last axis */                                     \
    X(PIXELNORM,    "pixelnorm")     /* x (N,C): x / sqrt(mean_c x^2 + eps) */                              \
    X(L2NORM,       "l2norm")        /* x (N,C): x / |x| */                                                 \
    X(ROWDOT,       "rowdot")        /* a (N,C), b (N,C) -> (N,1) */                                        \
    X(BATCHSTD,     "batchstd")      /* x (N,C,H,W) -> (N,C+1,H,W): mean std over the batch (ProGAN) */     \
    X(SPECTRAL,     "spectral")      /* w (O,...), u buffer (O) -> w / sigma; u moves only in training */   \
    X(BROADCAST,    "broadcast")     /* x (1,...) -> (N,...): a learned constant for every image */
/* clang-format on */

typedef enum {
#define X(id, name) OP_##id,
    NET_OPS(X)
#undef X
        OP_COUNT
} OpKind;

const char *op_name(int op);
