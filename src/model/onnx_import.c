/* Reads an ONNX graph node by node: each operator has a row in one of the tables of onnx_ops*.c. */
#include "model/onnx_import.h"
#include "base/json.h"
#include "base/file.h"
#include "model/onnx_draft.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Batch sizes for which shapes are worked out: no length of a model is a multiple of both. */
static const double TWO_BATCHES[2] = {1013, 2027};

static const OnnxOp *const tables[] = {onnx_ops_axes,    onnx_ops_pick,   onnx_ops_wise,
                                       onnx_ops_picture, onnx_ops_matrix, onnx_ops_size};

static const OnnxOp *find_op(OnnxText name)
{
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const OnnxOp *op = tables[t]; op->name; op++)
            if (onnx_text_is(name, op->name)) return op;
    return NULL;
}

/* ---- What is needed ---------------------------------------------------------------------------------------
 */

static bool makes_needed(const Draft *d, const OnnxNode *n)
{
    for (int k = 0; k < n->outputs; k++)
        if (n->out[k] >= 0 && d->uses[n->out[k]]) return true;
    return false;
}

/* How often each value is read on the way to the output; 0: never. */
static void count_uses(Draft *d, int output)
{
    d->uses[output]++;
    for (int i = d->m->nodes - 1; i >= 0; i--) {
        const OnnxNode *n = &d->m->node[i];
        for (int k = 0; makes_needed(d, n) && k < n->inputs; k++)
            if (n->in[k] >= 0) d->uses[n->in[k]]++;
    }
}

/* ---- Node by node -----------------------------------------------------------------------------------------
 */

static bool refuse_op(Draft *d)
{
    OnnxText op = d->node->op;
    if (onnx_text_is(op, "RandomNormal") || onnx_text_is(op, "RandomNormalLike") ||
        onnx_text_is(op, "RandomUniformLike"))
        return draft_refuse(d, "it draws random numbers: export the model with constant noise");
    if (onnx_text_is(op, "If") || onnx_text_is(op, "Loop") || onnx_text_is(op, "Scan"))
        return draft_refuse(d, "graphs within graphs are not read: export the model by tracing");
    return draft_refuse(d, "this operator is not read: docs/formats.md lists those that are");
}

static bool convert(Draft *d, const OnnxNode *n)
{
    const OnnxOp *op = find_op(n->op);
    d->node = n;
    if (!op) return refuse_op(d);
    for (int i = 0; i < op->least; i++)
        if (!draft_in(d, i) || draft_in(d, i)->kind == OPERAND_NONE)
            return draft_refuse(d, "its input %d is missing", i + 1);
    for (int i = op->least; i < n->inputs; i++)
        if (draft_in(d, i) && draft_in(d, i)->kind == OPERAND_NONE)
            return draft_refuse(d, "its input %d is missing", i + 1);
    if (!op->convert(d)) return draft_refuse(d, "it cannot be read"); /* the first cause stays */
    return true;
}

static void done_with(Draft *d, int value)
{
    if (--d->uses[value] > 0) return;
    numbers_drop(d, d->operand[value].numbers);
    d->operand[value] = (Operand){0};
}

static bool convert_all(Draft *d)
{
    for (int i = 0; i < d->m->nodes; i++) {
        const OnnxNode *n = &d->m->node[i];
        if (!makes_needed(d, n)) continue;
        if (!convert(d, n)) return false;
        for (int k = 0; k < n->inputs; k++)
            if (n->in[k] >= 0) done_with(d, n->in[k]);
    }
    d->node = NULL;
    return true;
}

static bool read_tensors(Draft *d)
{
    for (int i = 0; i < d->m->tensors; i++) {
        const OnnxTensor *t = &d->m->tensor[i];
        if (d->uses[t->value] && !operand_tensor(d, &d->operand[t->value], t, true)) return false;
    }
    return true;
}

/* ---- The whole --------------------------------------------------------------------------------------------
 */

static bool draft_room(Draft *d, size_t size)
{
    size_t values = (size_t)d->m->values + 1;
    d->net = net_new();
    d->operand = calloc(values, sizeof *d->operand);
    d->uses = calloc(values, sizeof *d->uses);
    d->class_port = NET_NONE;
    memcpy(d->batch, TWO_BATCHES, sizeof d->batch);
    d->most = size + ((size_t)24 << 20);
    d->work_most = 2e7 + (double)size;
    return (d->net && d->operand && d->uses) || err_nomem(d->err, "reading a graph");
}

static void draft_free(Draft *d)
{
    for (int v = 0; d->operand && v < d->m->values; v++) numbers_drop(d, d->operand[v].numbers);
    for (int v = 0; v < d->given_cap; v++) numbers_drop(d, d->given[v]);
    free(d->operand);
    free(d->uses);
    free(d->given);
    net_free(d->net);
}

static char *card_of(const OnnxModel *m)
{
    char producer[64];
    Json *card = json_make();
    onnx_text(producer, sizeof producer, m->producer);
    json_put_str(card, "format", "onnx");
    json_put_str(card, "producer", producer);
    json_put_int(card, "opset", m->opset);
    char *text = json_text(card);
    json_drop(card);
    return text;
}

static bool draft_graph(Draft *d, Imported *out)
{
    int output = d->m->output[onnx_output(d)].value;
    count_uses(d, output);
    if (!read_tensors(d) || !onnx_inputs(d, out) || !convert_all(d) ||
        !onnx_outputs(d, out, &d->operand[output]))
        return false;
    return net_finish(d->net, NULL) || draft_refuse(d, "%s", net_mistake(d->net));
}

static bool import_model(Imported *out, const OnnxModel *m, size_t size, const char *what, Err *err)
{
    Draft d = {.m = m, .what = what, .err = err};
    *out = (Imported){.low = NAN, .high = NAN};
    bool ok = draft_room(&d, size) && draft_graph(&d, out) && onnx_tidy(&d, &out->net, &out->weights);
    if (ok && !(out->card = card_of(m))) ok = err_nomem(err, "a model's card");
    draft_free(&d);
    if (!ok) {
        weights_drop(out->weights);
        net_free(out->net);
        free(out->card);
        *out = (Imported){0};
    }
    return ok;
}

bool onnx_import_bytes(Imported *out, const uint8_t *bytes, size_t size, const char *what, Err *err)
{
    OnnxModel m;
    *out = (Imported){0};
    if (!onnx_decode(&m, bytes, size, what, err)) return false;
    bool ok = import_model(out, &m, size, what, err);
    onnx_close(&m);
    return ok;
}

bool onnx_import(Imported *out, const char *path, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *out = (Imported){0};
    if (!file_read(path, ONNX_FILE_MAX, &bytes, &size, err)) return false;
    bool ok = onnx_import_bytes(out, bytes, size, path, err);
    free(bytes);
    return ok;
}
