/* The table of operations: one row each; net/op.h says what the executor knows of an op.
 *
 * N batch, C channels, P = H*W pixels. Inputs in order; [x] is optional (NET_NONE). See math/ for the
 * formulas. Attributes left 0 become: stride, dilation, groups, gain of act 1; kernel, scale 2 (of fir 1); leaky alpha
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
    X(BATCHSTD,     "batchstd")      /* x (N,C,H,W) -> (N,C+1,H,W): mean std over attrs count images (ProGAN)\
                                        at a time, 0: over the batch */                                     \
    X(SPECTRAL,     "spectral")      /* w (O,...), u buffer (O) -> w / sigma; u moves only in training */   \
    X(BROADCAST,    "broadcast")     /* x (1,...) -> (N,...): a learned constant for every image */             \
    X(AFFINE,       "affine")        /* x (N,C,..), [scale (C) or (N,C)], [offset] -> x * scale + offset */     \
    X(POINT,        "point")         /* x: attrs mode (math/point.h), alpha and gain its a and b */             \
    X(PAIR,         "pair")          /* a, b, broadcast as in NumPy: attrs mode (math/pair.h) */                \
    X(SELECT,       "select")        /* c, a, b, broadcast: c != 0 ? a : b */                                   \
    X(REDUCE,       "reduce")        /* x: attrs mode (math/axis.h), axis (not 0), count of axes -> each 1 */   \
    X(GATHER,       "gather")        /* x, index, weight buffers (O,T): attrs axis (not 0); math/axis.h */      \
    X(FIR,          "fir")           /* x (N,C,H,W), kernel buffer (KH,KW): attrs scale, pad; math/fir.h */    \
    X(STANDING,     "standing")      /* t (N,1), table buffer (R,C) -> (N,C): row t * (R - 1) (BigGAN-deep) */

/* Ops that only lowered nets hold (net/lower.h): the same work on maps (math/map.h). A coefficient is a scale and a shift
 * for each lane of B blocks of channels: (2,16B), or for each image (N,32B), there all scales before all shifts.
 *                  name             inputs: meaning */
#define NET_OPS_LOWERED(X)                                                                                  \
    X(MAPCONV,      "mapconv")       /* x, w, [coefficient of x], [of the result], [b (O)], [added map],    \
                                        [noise], [strength] -> y, [moments (2,16B) of y]: math/mapconv.h */ \
    X(JOIN,         "join")          /* a, [its coefficient], [b], [its coefficient], [noise], [strength]   \
                                        -> bend(a + b + strength * noise): math/mapjoin.h */                \
    X(COEF,         "coef")          /* [moments], [scale (C)], [offset (C)], mean, var buffers (C), [bias  \
                                        (C) that came before] -> coefficient of a batch norm */             \
    X(STYLE,        "style")         /* [scale (C) or (N,C)], [offset (C) or (N,C)] -> coefficient */       \
    X(DEMOD,        "demod")         /* style (N,C), w -> coefficient for each image: math/demod.h */       \
    X(TOMAP,        "tomap")         /* plain -> map */                                                     \
    X(FROMMAP,      "frommap")       /* map -> plain */                                                     \
    X(RECAST,       "recast")        /* attrs to: one pixel and whole blocks lie the same way; an alias */
/* clang-format on */

typedef enum {
#define X(id, name) OP_##id,
    NET_OPS(X)
#undef X
        OP_COUNT,
#define X(id, name) OP_##id,
    NET_OPS_LOWERED(X)
#undef X
        OP_END
} OpKind;

const char *op_name(int op);
