/* Tensors and attributes of ONNX files: numbers lie in one of several fields, by their type and by who wrote
 * the file. */
#include "data/onnx_tensor.h"
#include "base/text.h"
#include "data/safetensors.h"
#include <stdio.h>
#include <string.h>

/* Field numbers of onnx.proto. */
enum {
    TENSOR_DIM = 1,
    TENSOR_TYPE = 2,
    TENSOR_SEGMENT = 3,
    TENSOR_FLOAT = 4,
    TENSOR_INT32 = 5,
    TENSOR_INT64 = 7,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    TENSOR_DOUBLE = 10,
    TENSOR_EXTERNAL = 13,
    TENSOR_LOCATION = 14,
    ATTR_NAME = 1,
    ATTR_F = 2,
    ATTR_I = 3,
    ATTR_S = 4,
    ATTR_T = 5,
    ATTR_FLOATS = 7,
    ATTR_INTS = 8,
    ATTR_KIND = 20
};

/* How the numbers of a type lie: so many bytes in raw_data, else packed in `field`, as varints or as they
 * are. */
typedef struct {
    int type;
    size_t size;
    uint32_t field;
    bool varint, is_float;
} Lie;

static const Lie lies[] = {
    {ONNX_FLOAT, 4, TENSOR_FLOAT, false, true}, {ONNX_UINT8, 1, TENSOR_INT32, true, false},
    {ONNX_INT8, 1, TENSOR_INT32, true, false},  {ONNX_INT32, 4, TENSOR_INT32, true, false},
    {ONNX_INT64, 8, TENSOR_INT64, true, false}, {ONNX_BOOL, 1, TENSOR_INT32, true, false},
    {ONNX_HALF, 2, TENSOR_INT32, true, true},   {ONNX_DOUBLE, 8, TENSOR_DOUBLE, false, true},
    {ONNX_BFLOAT, 2, TENSOR_INT32, true, true},
};

static const Lie *lie_of(int type)
{
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        if (lies[i].type == type) return &lies[i];
    return NULL;
}

bool onnx_is_float(int type)
{
    const Lie *l = lie_of(type);
    return l && l->is_float;
}

/* ---- Texts ------------------------------------------------------------------------------------------------
 */

bool onnx_text_is(OnnxText t, const char *text)
{
    return proto_size(t) == strlen(text) && !memcmp(t.at ? (const char *)t.at : "", text, proto_size(t));
}

void onnx_text(char *out, size_t cap, OnnxText t)
{
    char raw[160];
    snprintf(raw, sizeof raw, "%.*s", (int)(proto_size(t) < sizeof raw ? proto_size(t) : sizeof raw - 1),
             t.at ? (const char *)t.at : "");
    text_safe(out, cap, raw);
}

/* ---- Numbers of a tensor ----------------------------------------------------------------------------------
 */

/* Walks the numbers of a tensor, which may lie in several fields of one kind. */
typedef struct {
    const Lie *lie;
    Proto rest, run; /* fields still to come; what is left of this one */
    bool raw;        /* the run is of raw_data */
} Walk;

/* The next field that holds numbers becomes the run. One number alone may stand unpacked. */
static bool walk_run(Walk *w, ProtoField *f, bool *alone)
{
    *alone = false;
    while (proto_next(&w->rest, f)) {
        w->raw = f->number == TENSOR_RAW;
        if (f->number != w->lie->field && !w->raw) continue;
        *alone = !w->raw && f->wire != PROTO_BYTES;
        if (!*alone) w->run = f->bytes;
        if (*alone || f->wire == PROTO_BYTES) return true;
    }
    return false;
}

/* The next number's bits. */
static bool walk_next(Walk *w, uint64_t *bits)
{
    while (w->run.at == w->run.end) {
        ProtoField f;
        bool alone;
        if (!walk_run(w, &f, &alone)) return false;
        if (alone) return *bits = f.value, true;
    }
    if (!w->raw && w->lie->varint) return proto_varint(bits, &w->run);
    if (proto_size(w->run) < w->lie->size) return false;
    *bits = 0;
    memcpy(bits, w->run.at, w->lie->size);
    w->run.at += w->lie->size;
    return true;
}

static Walk walk(const OnnxTensor *t)
{
    return (Walk){.lie = lie_of(t->type), .rest = t->message};
}

static int64_t whole(const Lie *l, uint64_t bits)
{
    switch (l->type) {
    case ONNX_INT8:
        return (int8_t)bits;
    case ONNX_INT32:
        return (int32_t)bits;
    case ONNX_BOOL:
        return bits != 0;
    case ONNX_UINT8:
        return (uint8_t)bits;
    default:
        return (int64_t)bits;
    }
}

static float number(const Lie *l, uint64_t bits)
{
    double d;
    float f;
    switch (l->type) {
    case ONNX_FLOAT:
        memcpy(&f, &bits, sizeof f);
        return f;
    case ONNX_DOUBLE:
        memcpy(&d, &bits, sizeof d);
        return (float)d;
    case ONNX_HALF:
        return safetensors_half((uint16_t)bits);
    case ONNX_BFLOAT:
        return safetensors_bfloat((uint16_t)bits);
    default:
        return (float)whole(l, bits);
    }
}

bool onnx_floats(float *out, const OnnxTensor *t)
{
    Walk w = walk(t);
    uint64_t bits;
    for (size_t i = 0; i < t->count; i++) {
        if (!walk_next(&w, &bits)) return false;
        out[i] = number(w.lie, bits);
    }
    return true;
}

bool onnx_wholes(int64_t *out, const OnnxTensor *t)
{
    Walk w = walk(t);
    uint64_t bits;
    if (w.lie->is_float) return false;
    for (size_t i = 0; i < t->count; i++) {
        if (!walk_next(&w, &bits)) return false;
        out[i] = whole(w.lie, bits);
    }
    return true;
}

/* ---- Checking a tensor ------------------------------------------------------------------------------------
 */

static bool bad(Err *err, const char *what, const OnnxTensor *t, const char *why)
{
    char name[64];
    onnx_text(name, sizeof name, t->name);
    return err_set(err, ERR_FORMAT, "%s: tensor '%s' %s", what, name, why);
}

static bool add_dim(OnnxTensor *t, uint64_t dim)
{
    if (t->rank == ONNX_RANK_MAX || dim > INT32_MAX) return false;
    t->dim[t->rank++] = (int64_t)dim;
    return !__builtin_mul_overflow(t->count, (size_t)dim, &t->count);
}

static bool read_dims(OnnxTensor *t, const ProtoField *f)
{
    Proto dims = f->bytes;
    uint64_t dim;
    if (f->wire == PROTO_VARINT) return add_dim(t, f->value);
    if (f->wire != PROTO_BYTES) return false;
    while (proto_varint(&dim, &dims))
        if (!add_dim(t, dim)) return false;
    return dims.at != NULL;
}

/* All numbers are there, and no more. */
static bool holds_all(const OnnxTensor *t)
{
    Walk w = walk(t);
    ProtoField f;
    Proto message = t->message;
    uint64_t bits;
    size_t n = 0;
    while (proto_next(&message, &f))
        if (f.number == TENSOR_RAW && f.wire == PROTO_BYTES)
            return proto_size(f.bytes) / w.lie->size == t->count && proto_size(f.bytes) % w.lie->size == 0;
    while (n <= t->count && walk_next(&w, &bits)) n++;
    return n == t->count;
}

bool onnx_tensor_read(OnnxTensor *t, Proto message, const char *what, Err *err)
{
    ProtoField f;
    Proto fields = message;
    bool outside = false, dims = true;
    *t = (OnnxTensor){.value = -1, .count = 1, .message = message};
    while (proto_next(&fields, &f)) {
        if (f.number == TENSOR_DIM) dims = dims && read_dims(t, &f);
        if (f.number == TENSOR_TYPE) t->type = (int)(f.value & 255);
        if (f.number == TENSOR_NAME && f.wire == PROTO_BYTES) t->name = f.bytes;
        outside |= f.number == TENSOR_EXTERNAL || f.number == TENSOR_SEGMENT ||
                   (f.number == TENSOR_LOCATION && f.value);
    }
    if (!fields.at) return bad(err, what, t, "is cut off or damaged: copy or export the file again");
    if (outside)
        return bad(err, what, t, "lies outside of the file: export it as one file, without external data");
    if (!dims)
        return bad(err, what, t, "has a shape that cannot be: at most 8 axes of at most 2^31 are read");
    if (!lie_of(t->type))
        return bad(err, what, t, "is of a type that is not read: float, half, int and bool are");
    if (!holds_all(t)) return bad(err, what, t, "does not hold as many numbers as its shape says");
    return true;
}

/* ---- Attributes -------------------------------------------------------------------------------------------
 */

const OnnxAttr *onnx_attr(const OnnxNode *n, const char *name)
{
    for (int i = 0; i < n->attrs; i++)
        if (onnx_text_is(n->attr[i].name, name)) return &n->attr[i];
    return NULL;
}

static void attr_field(OnnxAttr *a, const ProtoField *f)
{
    /* Older writers leave the kind out: it follows from what is there. */
    static const uint8_t kind_of[] = {
        [ATTR_F] = ONNX_ATTR_FLOAT,  [ATTR_I] = ONNX_ATTR_INT,         [ATTR_S] = ONNX_ATTR_TEXT,
        [ATTR_T] = ONNX_ATTR_TENSOR, [ATTR_FLOATS] = ONNX_ATTR_FLOATS, [ATTR_INTS] = ONNX_ATTR_INTS};
    uint32_t bits = (uint32_t)f->value;
    if (f->number == ATTR_NAME && f->wire == PROTO_BYTES) a->name = f->bytes;
    if (f->number == ATTR_F && f->wire == PROTO_FIXED32) memcpy(&a->number, &bits, sizeof a->number);
    if (f->number == ATTR_I) a->whole = (int64_t)f->value;
    if ((f->number == ATTR_S || f->number == ATTR_T) && f->wire == PROTO_BYTES) a->text = f->bytes;
    if (f->number == ATTR_KIND)
        a->type = (int)(f->value & 255);
    else if (f->number < sizeof kind_of && kind_of[f->number] && !a->type)
        a->type = kind_of[f->number];
}

bool onnx_attr_tensor(OnnxTensor *t, const OnnxAttr *a)
{
    return a && a->type == ONNX_ATTR_TENSOR && onnx_tensor_read(t, a->text, "", NULL);
}

bool onnx_attr_read(OnnxAttr *a, Proto message, const char *what, Err *err)
{
    ProtoField f;
    OnnxTensor t;
    Proto fields = message;
    *a = (OnnxAttr){.message = message};
    while (proto_next(&fields, &f)) attr_field(a, &f);
    if (!fields.at)
        return err_set(err, ERR_FORMAT,
                       "%s: an attribute of a node is cut off or damaged: copy or export the file again",
                       what);
    return a->type != ONNX_ATTR_TENSOR || onnx_tensor_read(&t, a->text, what, err);
}

int onnx_ints(int64_t *out, int most, const OnnxAttr *a)
{
    Proto fields = a->message;
    ProtoField f;
    uint64_t x;
    int n = 0;
    while (proto_next(&fields, &f)) {
        if (f.number != ATTR_INTS) continue;
        Proto run = f.bytes;
        if (f.wire == PROTO_VARINT) {
            if (n == most) return -1;
            out[n++] = (int64_t)f.value;
        }
        while (f.wire == PROTO_BYTES && proto_varint(&x, &run)) {
            if (n == most) return -1;
            out[n++] = (int64_t)x;
        }
        if (f.wire == PROTO_BYTES && !run.at) return -1;
    }
    return n;
}
