/* What a value of an ONNX graph is while the graph is turned into a net: numbers that are known, or a value
 * of the net.
 *
 * Only the first axis of a net's value may be the batch N. Wherever the file has it, and whatever it is
 * merged with, our value holds N first: an axis of `outer * N * n` numbers lies as (N, [n], the axes before,
 * [outer], the axes after). */
#pragma once
#include "data/onnx.h"
#include "model/import.h"
#include "net/ops.h"

enum { DRAFT_RANK = ONNX_RANK_MAX, DRAFT_PARAMS = 6000 };

typedef struct {
    int n;
    bool batch; /* the axis is outer * N * n long */
    int outer;  /* 1 unless batch */
} Extent;

typedef enum { NUMBER_FLOAT, NUMBER_WHOLE, NUMBER_TRUTH } NumberType;

/* Shared. Floats alone, or each number for both batch sizes, or a tensor that has not been read yet. */
typedef struct {
    int refs;
    size_t count;
    float *f;
    double (*pair)[2];
    const OnnxTensor *tensor;
    ValueId param; /* the parameter that they have become, and its shape; NET_NONE */
    Shape shape;
} Numbers;

typedef enum { OPERAND_NONE, OPERAND_NUMBERS, OPERAND_RESULT, OPERAND_LABEL } OperandKind;

typedef struct {
    OperandKind
        kind; /* LABEL: whole numbers of classes, one for each image, which we are to take as one-hot */
    NumberType type;
    int rank;
    Extent dim[DRAFT_RANK]; /* as the file sees it; of numbers that repeat over the batch, they hold one
                               image's */
    Numbers *numbers;
    ValueId id;
    int value; /* of the ONNX graph: for names */
} Operand;

typedef struct {
    const OnnxModel *m;
    const char *what;
    Err *err;
    const OnnxNode *node; /* at which we are; NULL outside */
    Net *net;
    Operand *operand;      /* per value of the ONNX graph */
    int *uses;             /* per value: still to come */
    Numbers **given;       /* per value of the net: the numbers of a parameter or buffer */
    int given_cap, params; /* params: given so far */
    double batch[2];       /* the two sizes; both the file's where it is fixed */
    int fixed;             /* the file's batch, 0: symbolic */
    size_t live, most;     /* bytes of numbers */
    double work;           /* numbers made so far; at most work_most */
    double work_most;
    ValueId class_port;
    int classes;
    bool class_index;
} Draft;

/* ---- Saying no --------------------------------------------------------------------------------------------
 */

/* "FILE: node 'NAME' (Op): ..."; false. */
bool draft_refuse(Draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));
#define draft_refuse(...) err_false(draft_refuse(__VA_ARGS__))

/* ---- The node at which we are -----------------------------------------------------------------------------
 */

/* NULL: absent. */
const Operand *draft_in(const Draft *d, int i);
/* Sets output k; takes over one reference of its numbers. */
void draft_out(Draft *d, int k, Operand o);
/* Output 0 is o where ok; ok. */
bool draft_moved(Draft *d, bool ok, Operand o);
/* Output 0 is o with these axes. */
bool draft_reshaped(Draft *d, const Operand *o, const Extent *dim, int rank);
int64_t whole_clamp(int64_t x, int64_t low, int64_t high);
bool draft_attr(const Draft *d, const char *name); /* whether it is there */
int64_t draft_int(const Draft *d, const char *name, int64_t otherwise);
float draft_float(const Draft *d, const char *name, float otherwise);
bool draft_says(const Draft *d, const char *name, const char *text); /* the attribute is there and is this */
/* A list of whole numbers; *n 0 where it is absent; false, and refused, where there are more than `most`. */
bool draft_ints(Draft *d, const char *name, int64_t *out, int most, int *n);
/* Whole numbers known for both batch sizes, from an operand or, NULL, none. */
bool draft_wholes(Draft *d, const Operand *o, int64_t (*out)[2], int most, int *n);
/* Whole numbers from input i or, where it is absent, the attribute; they must not depend on the batch. */
bool draft_list(Draft *d, int i, const char *attr, int64_t *out, int most, int *n);
/* One number that is the same for both, from input i; otherwise where the input is absent. */
bool draft_scalar(Draft *d, int i, double otherwise, double *out);
/* An axis of a rank, counted from the end where negative. */
bool draft_axis(Draft *d, int64_t axis, int rank, int *out);

/* ---- Numbers (onnx_numbers.c) -----------------------------------------------------------------------------
 */

/* NULL, and refused, where the file asks for too much. pairs: for both batch sizes. */
Numbers *numbers_new(Draft *d, size_t count, bool pairs);
Numbers *numbers_keep(Numbers *n);
void numbers_drop(Draft *d, Numbers *n);
/* Reads what has not been read yet. */
bool numbers_load(Draft *d, Numbers *n);
double numbers_at(const Numbers *n, size_t i, int lane);
void numbers_put(Numbers *n, size_t i, double a, double b);
/* Of a tensor; floats of one that stays in memory are read when they are needed. */
bool operand_tensor(Draft *d, Operand *o, const OnnxTensor *t, bool stays);
/* All the same number, the same for both batch sizes. */
bool numbers_same(Draft *d, const Operand *o, double *out);
bool numbers_copy_floats(float *out, const Numbers *n);
/* Numbers picked by strides: count is the product of dim. */
Numbers *numbers_view(Draft *d, const Numbers *from, int rank, const int *dim, const ptrdiff_t *stride,
                      size_t start);
/* Elements of an operand's numbers. */
size_t extent_count(const Extent *dim, int rank);

typedef double Fold(double a, double b, const double k[2]);
/* out = f of each, broadcast as in NumPy; b NULL: of one number. */
bool fold_each(Draft *d, Operand *out, const Operand *a, const Operand *b, Fold *f, const double k[2],
               NumberType type);
bool fold_choice(Draft *d, Operand *out, const Operand *c, const Operand *a, const Operand *b);
bool fold_transpose(Draft *d, Operand *out, const Operand *a, const int *perm);
bool fold_product(Draft *d, Operand *out, const Operand *a, const Operand *b);

/* ---- Axes (onnx_axes.c) -----------------------------------------------------------------------------------
 */

int operand_batch(const Operand *o);                        /* the axis with the batch, or -1 */
bool operand_shape(Draft *d, Shape *out, const Operand *o); /* as the net holds it */
int operand_place(const Operand *o, int axis); /* where an axis other than the batch's is in that shape */
/* The value in that shape. */
bool operand_id(Draft *d, const Operand *o, ValueId *id);
/* Numbers as a value of the net that is the same for each image; a batch axis is added in place of the first
 * 1, or at `axis`. */
bool operand_result(Draft *d, Operand *out, const Operand *o, int axis);
/* Input 0 as a value of the net. */
bool draft_first(Draft *d, Operand *x);
/* The axis for pictures: N x C x ..., batch first and alone. */
bool operand_plain(Draft *d, const Operand *o, int rank_least, int rank_most);
bool axes_reshape(Draft *d, Operand *out, const Operand *o, const Extent *dim, int rank);
bool axes_transpose(Draft *d, Operand *out, const Operand *o, const int *perm);
/* A length for both batch sizes as an extent; false where it is neither fixed nor a multiple of the batch. */
bool extent_of(const Draft *d, Extent *e, int64_t a, int64_t b);
double extent_at(const Draft *d, const Extent *e, int lane);
/* The same for each of n lengths; refused where it cannot be, or where two are of the batch. */
bool extents_of(Draft *d, Extent *dim, const int64_t (*length)[2], int n);
/* Axes of length 1 become as long as dim says. */
bool operand_widen(Draft *d, Operand *o, const Extent *dim);

/* ---- The net (onnx_draft.c) -------------------------------------------------------------------------------
 */

/* A node; NET_NONE, and refused, where it cannot be. */
ValueId draft_add(Draft *d, int op, const ValueId *in, int inputs, const Attrs *attrs);
/* A parameter or buffer of that shape, named after the operand. */
ValueId draft_param(Draft *d, const Operand *o, Shape shape);
ValueId draft_buffer(Draft *d, const Operand *o, Shape shape);
/* The parameter or buffer that v was in another net. */
ValueId draft_again(Draft *d, const Value *v, Numbers *n);
/* From floats of ours. */
ValueId draft_constant(Draft *d, const float *x, Shape shape, bool buffer);
/* Output 0 is `id`, with these axes. */
bool draft_result(Draft *d, ValueId id, const Extent *dim, int rank);
/* Like o, but another value. */
bool draft_like(Draft *d, ValueId id, const Operand *o);
ValueId draft_one(Draft *d, int op, ValueId x, Attrs a);

/* ---- Operators (onnx_ops*.c) ------------------------------------------------------------------------------
 */

typedef struct {
    const char *name;
    bool (*convert)(Draft *d);
    int least; /* inputs that must be there */
} OnnxOp;

/* Ends with a row whose name is NULL. */
extern const OnnxOp onnx_ops_axes[], onnx_ops_pick[], onnx_ops_wise[], onnx_ops_picture[], onnx_ops_matrix[],
    onnx_ops_size[];

/* ---- Weights that are made for every image (onnx_modulated.c) ---------------------------------------------
 */

/* Output 0 is the convolution of x with such weights; *is false: they are no such thing. */
bool modulated_conv(Draft *d, const Operand *x, const Operand *w, int op, const Attrs *attrs, bool *is);
/* Their squares summed over all but the images and output channels, (N,O); *is false: x is no such thing. */
bool modulated_norm(Draft *d, ValueId *out, const Operand *x, const bool *chosen, bool *is);

/* ---- Putting in order (onnx_tidy.c) -----------------------------------------------------------------------
 */

/* The same function without what nothing reads, with fewer nodes: a new net, its weights filled. */
bool onnx_tidy(Draft *d, Net **net, Weights **weights);

/* ---- The two ends (onnx_ports.c) --------------------------------------------------------------------------
 */

/* Inputs of the graph become ports; what they are follows from their types and shapes. */
bool onnx_inputs(Draft *d, Imported *out);
/* The output that is looked at: the first picture, else the first. */
int onnx_output(const Draft *d);
/* It becomes the ports image, or features and logits. */
bool onnx_outputs(Draft *d, Imported *out, const Operand *o);
