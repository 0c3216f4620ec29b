/* ONNX files written field by field, right and wrong ones, for the reader's tests. */
#pragma once
#include "check.h"
#include "data/onnx.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t at[1 << 16];
    size_t n;
} Msg;

static inline void put_varint(Msg *m, uint64_t x)
{
    for (; x > 127; x >>= 7) m->at[m->n++] = (uint8_t)((x & 127) | 128);
    m->at[m->n++] = (uint8_t)x;
}

static inline void put_int(Msg *m, unsigned field, uint64_t x)
{
    put_varint(m, field << 3);
    put_varint(m, x);
}

static inline void put_bytes(Msg *m, unsigned field, const void *bytes, size_t n)
{
    put_varint(m, field << 3 | 2);
    put_varint(m, n);
    if (n) memcpy(m->at + m->n, bytes, n);
    m->n += n;
}

static inline void put_text(Msg *m, unsigned field, const char *text)
{
    put_bytes(m, field, text, strlen(text));
}

static inline void put_msg(Msg *m, unsigned field, const Msg *inner)
{
    put_bytes(m, field, inner->at, inner->n);
}

static inline void put_float(Msg *m, unsigned field, float x)
{
    put_varint(m, field << 3 | 5);
    memcpy(m->at + m->n, &x, 4);
    m->n += 4;
}

/* A graph being written: x -> Relu -> y, and whatever a test adds. */
typedef struct {
    Msg graph, model;
} File;

static inline void put_port(Msg *graph, unsigned field, const char *name, int type, const int64_t *dim,
                            int rank)
{
    static Msg shape, tensor, kind, port;
    shape.n = tensor.n = kind.n = port.n = 0;
    for (int i = 0; i < rank; i++) {
        Msg d = {.n = 0};
        if (dim[i] > 0)
            put_int(&d, 1, (uint64_t)dim[i]);
        else
            put_text(&d, 2, "N");
        put_msg(&shape, 1, &d);
    }
    put_int(&tensor, 1, (uint64_t)type);
    put_msg(&tensor, 2, &shape);
    put_msg(&kind, 1, &tensor);
    put_text(&port, 1, name);
    put_msg(&port, 2, &kind);
    put_msg(graph, field, &port);
}

static inline void put_node(Msg *graph, const char *op, const char *in, const char *out, const Msg *attr,
                            const char *domain)
{
    Msg *node = calloc(1, sizeof *node);
    if (in) put_text(node, 1, in);
    if (out) put_text(node, 2, out);
    put_text(node, 3, "a node");
    put_text(node, 4, op);
    if (attr) put_msg(node, 5, attr);
    if (domain) put_text(node, 7, domain);
    put_msg(graph, 1, node);
    free(node);
}

static inline File *file_new(void)
{
    File *f = calloc(1, sizeof *f);
    put_port(&f->graph, 11, "x", ONNX_FLOAT, (int64_t[]){-1, 8}, 2);
    return f;
}

static inline void file_end(File *f, int opset)
{
    Msg set = {.n = 0};
    put_text(&set, 1, "");
    put_int(&set, 2, (uint64_t)opset);
    put_int(&f->model, 1, 8);
    put_text(&f->model, 2, "a test");
    put_msg(&f->model, 8, &set);
    put_msg(&f->model, 7, &f->graph);
}

static inline File *file_plain(void)
{
    File *f = file_new();
    put_node(&f->graph, "Relu", "x", "y", NULL, NULL);
    put_port(&f->graph, 12, "y", ONNX_FLOAT, (int64_t[]){-1, 8}, 2);
    return f;
}
