/* Models in ONNX files, checked whole before anything of them is used: nodes, attributes, tensors, inputs and
 * outputs. Source: onnx/onnx.proto and docs/IR.md of ONNX; opsets 9 to 17 of the standard domain, all data
 * inside the file.
 *
 * Names of values become numbers 0..values-1. Texts and tensors point into the file's bytes, which the model
 * owns. */
#pragma once
#include "base/err.h"
#include "data/protobuf.h"

#define ONNX_RANK_MAX    8
#define ONNX_NODES_MAX   16384
#define ONNX_TENSORS_MAX 8192
#define ONNX_NAMES_MAX   65536             /* of values, attributes and uses of values too */
#define ONNX_FILE_MAX    ((size_t)2 << 30) /* Protocol Buffers end there too */

typedef Proto OnnxText; /* not ended by NUL */

typedef enum {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT8 = 3,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_BOOL = 9,
    ONNX_HALF = 10,
    ONNX_DOUBLE = 11,
    ONNX_BFLOAT = 16
} OnnxType;

typedef struct {
    OnnxText name;
    int value; /* of an initializer; -1 for a tensor within an attribute */
    int type;  /* OnnxType */
    int rank;
    int64_t dim[ONNX_RANK_MAX];
    size_t count; /* product of dim, 1 for rank 0: as many numbers are there */
    Proto message;
} OnnxTensor;

typedef enum {
    ONNX_ATTR_FLOAT = 1,
    ONNX_ATTR_INT = 2,
    ONNX_ATTR_TEXT = 3,
    ONNX_ATTR_TENSOR = 4,
    ONNX_ATTR_FLOATS = 6,
    ONNX_ATTR_INTS = 7
} OnnxAttrType;

typedef struct {
    OnnxText name;
    int type; /* OnnxAttrType; 0: of a kind that we do not read */
    float number;
    int64_t whole;
    OnnxText text; /* or the message of a tensor */
    Proto message; /* holds the lists */
} OnnxAttr;

typedef struct {
    OnnxText op, name;
    const int *in, *out; /* values, -1: absent */
    int inputs, outputs;
    const OnnxAttr *attr;
    int attrs;
} OnnxNode;

typedef struct {
    int value;
    int type, rank;             /* rank -1: not said */
    int64_t dim[ONNX_RANK_MAX]; /* -1: symbolic */
} OnnxPort;

typedef struct {
    int opset;
    OnnxText producer;
    OnnxNode *node;           /* in the file's order: each input comes before */
    OnnxTensor *tensor;       /* initializers */
    OnnxPort *input, *output; /* inputs that are initializers too are left out */
    OnnxText *name;           /* per value */
    int nodes, tensors, inputs, outputs, values;
    void *room;     /* owns all of the above */
    uint8_t *bytes; /* owns what texts and tensors point to, when read from a file */
} OnnxModel;

/* Whether these first bytes of a file may be a model's: told by content. */
bool onnx_looks_like(const uint8_t *bytes, size_t size);
/* The caller ends with onnx_close. */
bool onnx_open(OnnxModel *m, const char *path, Err *err);
/* The same over bytes that must outlive *m; `what` names the source in errors. */
bool onnx_decode(OnnxModel *m, const uint8_t *bytes, size_t size, const char *what, Err *err);
void onnx_close(OnnxModel *m);

bool onnx_text_is(OnnxText t, const char *text);
/* Made safe and cut to cap, for messages. */
void onnx_text(char *out, size_t cap, OnnxText t);
const OnnxAttr *onnx_attr(const OnnxNode *n, const char *name); /* NULL when absent */
/* The tensor of an attribute; false when it holds none. */
bool onnx_attr_tensor(OnnxTensor *t, const OnnxAttr *a);
/* At most `most` numbers of a list of whole numbers; how many there are, or -1 where they are more or broken.
 */
int onnx_ints(int64_t *out, int most, const OnnxAttr *a);
/* out[count]: floats of any float type, or whole numbers as float; false where the data is not as long. */
bool onnx_floats(float *out, const OnnxTensor *t);
/* out[count]: whole numbers and truth values; false for floats. */
bool onnx_wholes(int64_t *out, const OnnxTensor *t);
bool onnx_is_float(int type);
