/* One function per file format: feeds bytes to its reader and checks what must hold whatever the bytes are:
 * it says yes and gives something sound, or says no with a sentence that names the source. They return which.
 */
#pragma once
#include "data/idx.h"
#include "data/jpeg.h"
#include "data/npy.h"
#include "data/onnx.h"
#include "data/png.h"
#include "data/safetensors.h"
#include "data/torchfile.h"

#include <stdlib.h>
#include <string.h>

static inline void must(bool holds)
{
    if (!holds) abort();
}

static inline void must_explain(bool ok, const Err *err)
{
    must(ok == (err->code == ERR_OK));
    must(ok || err->code == ERR_NOMEM || !strncmp(err->msg, "input: ", 7));
}

/* Every byte of the data is touched, so that a wrong address shows. */
static inline void touch(const void *data, size_t size)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) sum = (uint8_t)(sum + ((const uint8_t *)data)[i]);
}

static inline bool target_safetensors(const uint8_t *bytes, size_t size)
{
    Safetensors st;
    Err err = {0};
    bool ok = safetensors_decode(&st, bytes, size, "input", &err);
    must_explain(ok, &err);
    size_t used = 0;
    for (int i = 0; i < st.n; i++) {
        const Tensor *t = &st.tensor[i];
        size_t n = t->count * safetensors_dtype_size(t->dtype);
        must(safetensors_find(&st, t->name) == t);
        must((const uint8_t *)t->data >= bytes && (const uint8_t *)t->data + n <= bytes + size);
        touch(t->data, n);
        used += n;
        float *x = malloc(t->count * sizeof *x + 1);
        if (x) safetensors_floats(x, t, t->count, NULL);
        free(x);
    }
    must(used <= size);
    safetensors_close(&st);
    return ok;
}

static inline bool target_npy(const uint8_t *bytes, size_t size)
{
    Npy npy;
    Err err = {0};
    bool ok = npy_decode(bytes, size, "input", &npy, &err);
    must_explain(ok, &err);
    must(ok == (npy.f32 || npy.i64));
    if (npy.f32) touch(npy.f32, npy.count * sizeof *npy.f32);
    if (npy.i64) touch(npy.i64, npy.count * sizeof *npy.i64);
    npy_free(&npy);
    return ok;
}

static inline bool check_image(bool ok, Image *im, const Err *err)
{
    must_explain(ok, err);
    must(ok == (im->px != NULL));
    must(!ok || (im->w > 0 && im->h > 0 && im->w <= IMAGE_SIDE_MAX && im->h <= IMAGE_SIDE_MAX));
    must(!ok || im->c == 1 || im->c == 3);
    touch(im->px, (size_t)im->w * (size_t)im->h * (size_t)im->c);
    image_free(im);
    return ok;
}

static inline bool target_png(const uint8_t *bytes, size_t size)
{
    Image im;
    PngText text;
    Err err = {0};
    bool ok = png_decode(bytes, size, "input", &im, &text, &err);
    for (int i = 0; i < text.n; i++) touch(text.value[i], strlen(text.value[i]));
    png_text_free(&text);
    return check_image(ok, &im, &err);
}

static inline bool target_jpeg(const uint8_t *bytes, size_t size)
{
    Image im;
    Err err = {0};
    return check_image(jpeg_decode(bytes, size, "input", &im, &err), &im, &err);
}

static inline bool target_idx(const uint8_t *bytes, size_t size)
{
    Idx idx;
    Err err = {0};
    bool ok = idx_decode(bytes, size, "input", &idx, &err);
    must_explain(ok, &err);
    must(ok == (idx.data != NULL));
    touch(idx.data, idx.count);
    idx_free(&idx);
    return ok;
}

/* Every tensor's numbers are read, of initializers and of attributes. */
static inline void check_onnx_tensor(const OnnxTensor *t)
{
    float *x = malloc(t->count * sizeof *x + 1);
    int64_t *i = malloc(t->count * sizeof *i + 1);
    must(!x || onnx_floats(x, t));
    must(!i || onnx_wholes(i, t) != onnx_is_float(t->type));
    free(x);
    free(i);
}

static inline void check_onnx_node(const OnnxModel *m, const OnnxNode *n)
{
    OnnxTensor t;
    int64_t ints[8];
    char text[32];
    for (int k = 0; k < n->inputs; k++) must(n->in[k] >= -1 && n->in[k] < m->values);
    for (int k = 0; k < n->outputs; k++) must(n->out[k] >= -1 && n->out[k] < m->values);
    for (int k = 0; k < n->attrs; k++) {
        onnx_text(text, sizeof text, n->attr[k].name);
        must(onnx_ints(ints, 8, &n->attr[k]) <= 8);
        touch(n->attr[k].text.at, proto_size(n->attr[k].text));
        if (onnx_attr_tensor(&t, &n->attr[k])) check_onnx_tensor(&t);
    }
    onnx_attr(n, "axis");
    onnx_text(text, sizeof text, n->op);
}

static inline bool target_onnx(const uint8_t *bytes, size_t size)
{
    OnnxModel m;
    Err err = {0};
    onnx_looks_like(bytes, size);
    bool ok = onnx_decode(&m, bytes, size, "input", &err);
    must_explain(ok, &err);
    for (int i = 0; i < m.tensors; i++) check_onnx_tensor(&m.tensor[i]);
    for (int i = 0; i < m.nodes; i++) check_onnx_node(&m, &m.node[i]);
    for (int i = 0; i < m.inputs; i++) must(m.input[i].value >= 0 && m.input[i].value < m.values);
    onnx_close(&m);
    return ok;
}

static inline bool target_torch(const uint8_t *bytes, size_t size)
{
    TorchFile t;
    Err err = {0};
    bool ok = torchfile_decode(&t, bytes, size, "input", &err);
    must_explain(ok, &err);
    must(ok == (t.n > 0));
    for (int i = 0; i < t.n; i++) {
        const Tensor *x = &t.tensor[i];
        must(*x->name && strlen(x->name) < 256);
        touch(x->data, x->count * safetensors_dtype_size(x->dtype));
    }
    torchfile_close(&t);
    return ok;
}
