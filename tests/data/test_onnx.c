/* The ONNX reader: what it reads, whoever wrote it, and each way in which a file can be wrong. */
#include "data/onnx_write.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool decode(OnnxModel *m, const File *f, Err *err)
{
    return onnx_decode(m, f->model.at, f->model.n, "input", err);
}

static void refused(File *f, ErrCode code, const char *words)
{
    OnnxModel m;
    Err err = {0};
    assert_refused(decode(&m, f, &err), err, code, words);
    assert_memory_equal(err.msg, "input: ", 7);
    free(f);
}

/* ---- What is read -----------------------------------------------------------------------------------------
 */

static void plain(void **state)
{
    File *f = file_plain();
    OnnxModel m;
    Err err = {0};
    char text[32];
    (void)state;
    file_end(f, 13);
    assert_true(onnx_looks_like(f->model.at, f->model.n));
    assert_false(onnx_looks_like((const uint8_t *)"PK\3\4 a zip archive", 18));
    assert_false(onnx_looks_like((const uint8_t *)"\0\0", 2));
    assert_ok(decode(&m, f, &err), err);
    assert_int_equal(m.opset, 13);
    assert_int_equal(m.nodes, 1);
    assert_int_equal(m.inputs, 1);
    assert_int_equal(m.input[0].dim[0], -1);
    assert_int_equal(m.input[0].dim[1], 8);
    assert_int_equal(m.node[0].in[0], m.input[0].value);
    assert_int_equal(m.node[0].out[0], m.output[0].value);
    onnx_text(text, sizeof text, m.node[0].op);
    assert_string_equal(text, "Relu");
    assert_null(onnx_attr(&m.node[0], "alpha"));
    onnx_close(&m);
    free(f);
}

/* The same four numbers in every type and place that writers use. */
static void tensors(void **state)
{
    static const struct {
        int type;
        unsigned field; /* 9: raw */
        bool packed;
    } kinds[] = {
        {ONNX_FLOAT, 9, true},   {ONNX_FLOAT, 4, true}, {ONNX_FLOAT, 4, false}, {ONNX_DOUBLE, 9, true},
        {ONNX_DOUBLE, 10, true}, {ONNX_HALF, 9, true},  {ONNX_HALF, 5, true},   {ONNX_BFLOAT, 5, false},
        {ONNX_INT64, 9, true},   {ONNX_INT64, 7, true}, {ONNX_INT64, 7, false}, {ONNX_INT32, 9, true},
        {ONNX_INT32, 5, true},   {ONNX_INT8, 9, true},  {ONNX_UINT8, 5, true},  {ONNX_BOOL, 9, true},
    };
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        static const uint16_t half[] = {0x3c00, 0, 0x3c00, 0x3c00}, bfloat[] = {0x3f80, 0, 0x3f80, 0x3f80};
        File *f = file_plain();
        Msg t = {.n = 0}, run = {.n = 0};
        OnnxModel m;
        Err err = {0};
        bool varint = kinds[k].field == 5 || kinds[k].field == 7;
        put_int(&t, 1, 2);
        Msg dims = {.n = 0};
        put_varint(&dims, 2);
        put_bytes(&t, 1, dims.at, dims.n);
        put_int(&t, 2, (uint64_t)kinds[k].type);
        put_text(&t, 8, "w");
        for (int i = 0; i < 4; i++) {
            int64_t whole = i != 1;
            uint64_t bits = kinds[k].type == ONNX_HALF     ? half[i]
                            : kinds[k].type == ONNX_BFLOAT ? bfloat[i]
                                                           : (uint64_t)whole;
            float x = (float)whole;
            double d = (double)whole;
            if (kinds[k].type == ONNX_FLOAT) memcpy(&bits, &x, sizeof x);
            if (kinds[k].type == ONNX_DOUBLE) memcpy(&bits, &d, sizeof d);
            size_t size = kinds[k].type == ONNX_FLOAT || kinds[k].type == ONNX_INT32    ? 4
                          : kinds[k].type == ONNX_HALF || kinds[k].type == ONNX_BFLOAT  ? 2
                          : kinds[k].type == ONNX_DOUBLE || kinds[k].type == ONNX_INT64 ? 8
                                                                                        : 1;
            if (!kinds[k].packed && !varint)
                put_float(&t, kinds[k].field, x);
            else if (!kinds[k].packed)
                put_int(&t, kinds[k].field, bits);
            else if (varint)
                put_varint(&run, bits);
            else
                memcpy(run.at + run.n, &bits, size), run.n += size;
        }
        if (kinds[k].packed) put_msg(&t, kinds[k].field, &run);
        put_msg(&f->graph, 5, &t);
        file_end(f, 9);
        assert_ok(decode(&m, f, &err), err);
        float x[4];
        int64_t w[4];
        assert_int_equal(m.tensor[0].count, 4);
        assert_true(onnx_floats(x, &m.tensor[0]));
        assert_true(x[0] == 1 && x[1] == 0 && x[2] == 1 && x[3] == 1);
        bool is_float = onnx_is_float(kinds[k].type);
        assert_int_equal(onnx_wholes(w, &m.tensor[0]), !is_float);
        assert_true(is_float || (w[0] == 1 && w[1] == 0));
        onnx_close(&m);
        free(f);
    }
}

static void attributes(void **state)
{
    File *f = file_new();
    Msg a = {.n = 0}, t = {.n = 0}, run = {.n = 0};
    OnnxModel m;
    OnnxTensor tensor;
    Err err = {0};
    int64_t x[4];
    (void)state;
    put_text(&a, 1, "axes");
    put_varint(&run, 1);
    put_varint(&run, (uint64_t)-2);
    put_msg(&a, 8, &run);
    put_int(&a, 8, 3); /* one more, unpacked */
    put_node(&f->graph, "Squeeze", "x", "a", &a, "ai.onnx");
    a.n = 0;
    put_text(&a, 1, "alpha");
    put_float(&a, 2, 0.25f); /* no type, as older writers left it */
    put_node(&f->graph, "LeakyRelu", "a", "b", &a, NULL);
    a.n = 0;
    put_text(&a, 1, "value");
    put_int(&t, 2, ONNX_INT64);
    put_int(&t, 7, 5);
    put_msg(&a, 5, &t);
    put_int(&a, 20, 4);
    put_node(&f->graph, "Constant", NULL, "y", &a, NULL);
    put_port(&f->graph, 12, "y", ONNX_FLOAT, NULL, 0);
    file_end(f, 11);
    assert_ok(decode(&m, f, &err), err);
    const OnnxAttr *axes = onnx_attr(&m.node[0], "axes");
    assert_int_equal(onnx_ints(x, 4, axes), 3);
    assert_true(x[0] == 1 && x[1] == -2 && x[2] == 3);
    assert_int_equal(onnx_ints(x, 2, axes), -1);
    assert_int_equal(onnx_ints(x, 1, axes), -1);
    assert_false(onnx_attr_tensor(&tensor, axes));
    assert_true(onnx_attr(&m.node[1], "alpha")->number == 0.25f);
    assert_true(onnx_attr_tensor(&tensor, onnx_attr(&m.node[2], "value")));
    assert_true(tensor.rank == 0 && onnx_wholes(x, &tensor) && x[0] == 5);
    onnx_close(&m);
    free(f);
}

/* Older files list initializers as inputs; types and shapes may be left out. */
static void old_files(void **state)
{
    File *f = file_plain();
    Msg t = {.n = 0}, port = {.n = 0};
    OnnxModel m;
    Err err = {0};
    (void)state;
    put_int(&t, 2, ONNX_FLOAT);
    put_float(&t, 4, 1);
    put_text(&t, 8, "w");
    put_msg(&f->graph, 5, &t);
    put_port(&f->graph, 11, "w", ONNX_FLOAT, NULL, 0);
    put_text(&port, 1, "loose");
    put_msg(&f->graph, 11, &port);
    file_end(f, 10);
    assert_ok(decode(&m, f, &err), err);
    assert_int_equal(m.inputs, 2);
    assert_int_equal(m.input[1].rank, -1);
    onnx_close(&m);
    free(f);
}

/* ---- What is refused --------------------------------------------------------------------------------------
 */

static void models(void **state)
{
    File *f;
    Msg empty = {.n = 0};
    (void)state;
    for (int opset = 8; opset <= 18; opset += 10) {
        f = file_plain();
        file_end(f, opset);
        refused(f, ERR_FORMAT, "9 to 17 are read");
    }
    f = file_plain();
    put_msg(&f->model, 7, &f->graph);
    refused(f, ERR_FORMAT, "there is no opset in it");
    f = file_plain();
    f->graph.n = 0;
    put_text(&f->model, 2, "nothing");
    refused(f, ERR_FORMAT, "there is no graph in it");
    f = file_plain();
    file_end(f, 13);
    put_msg(&f->model, 25, &empty);
    refused(f, ERR_FORMAT, "functions of its own");
    f = file_plain();
    file_end(f, 13);
    f->model.n -= 3;
    refused(f, ERR_FORMAT, "cut off or damaged");
    f = file_plain();
    put_msg(&f->graph, 15, &empty);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "sparse");
    f = file_plain();
    f->graph.at[f->graph.n++] = 0x0b; /* a group, which no writer makes */
    file_end(f, 13);
    refused(f, ERR_FORMAT, "the graph is cut off or damaged");
    f = file_new();
    put_node(&f->graph, "Relu", "x", "y", NULL, NULL);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "has no output");
}

static void nodes(void **state)
{
    Msg a = {.n = 0};
    File *f = file_plain();
    (void)state;
    put_node(&f->graph, "Relu", "nowhere", "z", NULL, NULL);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "takes 'nowhere', which nothing before it makes");
    f = file_plain();
    put_node(&f->graph, "Relu", "x", "y", NULL, NULL);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "two things in the graph are named 'y'");
    f = file_plain();
    put_node(&f->graph, "Gelu", "x", "z", NULL, "com.microsoft");
    file_end(f, 13);
    refused(f, ERR_FORMAT, "of the domain 'com.microsoft'");
    f = file_plain();
    put_port(&f->graph, 12, "lost", ONNX_FLOAT, NULL, 0);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "nothing makes the output 'lost'");
    f = file_plain();
    put_port(&f->graph, 11, "", ONNX_FLOAT, NULL, 0);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "has no name");
    f = file_plain();
    put_port(&f->graph, 11, "deep", ONNX_FLOAT, (int64_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1}, 9);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "the shape of an input");
    f = file_plain();
    put_varint(&a, 5 << 3 | 2), put_varint(&a, 99);
    put_node(&f->graph, "Relu", "x", "z", &a, NULL);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "an attribute of a node is cut off");
    f = file_plain();
    put_bytes(&f->graph, 1, "\x0a\x7f", 2);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "a node of the graph is cut off");
    f = file_plain();
    a.n = 0;
    Msg type = {.n = 0};
    put_text(&a, 1, "list");
    put_text(&type, 4, "sequence");
    put_msg(&a, 2, &type);
    put_msg(&f->graph, 11, &a);
    file_end(f, 13);
    refused(f, ERR_FORMAT, "is no tensor");
}

static void bad_tensor(const Msg *t, const char *words)
{
    File *f = file_plain();
    put_msg(&f->graph, 5, t);
    file_end(f, 13);
    refused(f, ERR_FORMAT, words);
    f = file_plain(); /* the same as an attribute */
    Msg *a = calloc(1, sizeof *a);
    put_text(a, 1, "value");
    put_msg(a, 5, t);
    put_node(&f->graph, "Constant", NULL, "z", a, NULL);
    file_end(f, 13);
    free(a);
    if (strcmp(words, "a tensor has no name"))
        refused(f, ERR_FORMAT, words);
    else
        free(f);
}

static void damaged_tensors(void **state)
{
    Msg t = {.n = 0};
    (void)state;
    put_int(&t, 2, ONNX_FLOAT), put_float(&t, 4, 1);
    bad_tensor(&t, "a tensor has no name");
    put_text(&t, 8, "w"), put_int(&t, 1, 2);
    bad_tensor(&t, "as many numbers as its shape says");
    put_int(&t, 1, 1ull << 40);
    bad_tensor(&t, "a shape that cannot be");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_FLOAT);
    for (int i = 0; i < 4; i++) put_int(&t, 1, 1 << 30);
    bad_tensor(&t, "a shape that cannot be");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_FLOAT), put_float(&t, 1, 1);
    bad_tensor(&t, "a shape that cannot be");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_FLOAT);
    for (int i = 0; i < 9; i++) put_int(&t, 1, 1);
    bad_tensor(&t, "a shape that cannot be");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_FLOAT), put_bytes(&t, 1, "\xff", 1);
    bad_tensor(&t, "a shape that cannot be");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, 8);
    bad_tensor(&t, "is of a type that is not read");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_FLOAT), put_int(&t, 14, 1);
    bad_tensor(&t, "lies outside of the file");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_FLOAT), put_text(&t, 13, "elsewhere");
    bad_tensor(&t, "lies outside of the file");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_FLOAT), put_bytes(&t, 9, "12345", 5);
    bad_tensor(&t, "as many numbers as its shape says");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_INT64), put_bytes(&t, 7, "\xff", 1);
    bad_tensor(&t, "as many numbers as its shape says");
    t.n = 0, put_text(&t, 8, "w"), put_int(&t, 2, ONNX_FLOAT), put_varint(&t, 9 << 3 | 2), put_varint(&t, 99);
    bad_tensor(&t, "is cut off or damaged");
}

/* Counts that cost nothing in the file must cost little here. */
static void too_many(void **state)
{
    static const struct {
        unsigned field;
        size_t count;
        const char *words;
    } all[] = {{1, ONNX_NODES_MAX + 1, "nodes"},
               {5, ONNX_TENSORS_MAX + 1, "tensors"},
               {11, ONNX_TENSORS_MAX + 1, "inputs"},
               {12, ONNX_TENSORS_MAX + 1, "outputs"}};
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        size_t n = all[k].count;
        uint8_t *file = malloc(2 * n + 64), *p = file;
        OnnxModel m;
        Err err = {0};
        memcpy(p, "\x42\x02\x10\x0d\x3a", 5), p += 5;
        for (size_t size = 2 * n; size; size >>= 7) *p++ = (uint8_t)((size & 127) | (size > 127 ? 128 : 0));
        for (size_t i = 0; i < n; i++) *p++ = (uint8_t)(all[k].field << 3 | 2), *p++ = 0;
        assert_refused(onnx_decode(&m, file, (size_t)(p - file), "input", &err), err, ERR_LIMIT,
                       all[k].words);
        free(file);
    }
}

static void too_many_uses(void **state)
{
    Msg *node = calloc(1, sizeof *node);
    OnnxModel m;
    Err err = {0};
    size_t n = 0;
    uint8_t *file = malloc(4 << 20);
    (void)state;
    for (int i = 0; i < 30000; i++) put_int(node, 1, 0);
    memcpy(file, "\x42\x02\x10\x0d\x3a\x80\x80\x80\x01", 9);
    uint8_t *p = file + 9;
    for (int i = 0; i < 3; i++) {
        Msg head = {.n = 0};
        put_varint(&head, 1 << 3 | 2), put_varint(&head, node->n);
        memcpy(p, head.at, head.n), p += head.n;
        memcpy(p, node->at, node->n), p += node->n;
    }
    n = (size_t)(p - file) - 9;
    for (int i = 0; i < 4; i++) file[5 + i] = (uint8_t)((n >> (7 * i) & 127) | (i < 3 ? 128 : 0));
    assert_refused(onnx_decode(&m, file, (size_t)(p - file), "input", &err), err, ERR_LIMIT,
                   "inputs or attributes of nodes");
    free(file);
    free(node);
}

/* Opens, refuses and does not find files. */
static void files(void **state)
{
    File *f = file_plain();
    OnnxModel m;
    Err err = {0};
    FILE *out;
    (void)state;
    file_end(f, 13);
    for (int cut = 0; cut < 2; cut++) {
        assert_non_null(out = fopen("a.onnx", "wb"));
        assert_int_equal(fwrite(f->model.at, 1, f->model.n - (size_t)cut, out), f->model.n - (size_t)cut);
        fclose(out);
        if (cut) {
            assert_refused(onnx_open(&m, "a.onnx", &err), err, ERR_FORMAT, "a.onnx: the model is cut off");
        } else {
            assert_ok(onnx_open(&m, "a.onnx", &err), err);
            onnx_close(&m);
        }
    }
    assert_refused(onnx_open(&m, "none.onnx", &err), err, ERR_IO, "none.onnx");
    free(f);
}

/* Operator sets of others may be declared as long as nobody uses them; a length of 0 is none. */
static void other_sets(void **state)
{
    File *f = file_new();
    Msg set = {.n = 0};
    OnnxModel m;
    Err err = {0};
    (void)state;
    put_text(&set, 1, "ai.onnx.ml"), put_int(&set, 2, 3);
    put_msg(&f->model, 8, &set);
    set.n = 0;
    put_text(&set, 1, "ai.onnx"), put_int(&set, 2, 12);
    put_msg(&f->model, 8, &set);
    put_node(&f->graph, "Relu", "x", "y", NULL, "");
    put_port(&f->graph, 12, "y", ONNX_FLOAT, (int64_t[]){-1, 8}, 2);
    put_msg(&f->model, 7, &f->graph);
    assert_ok(decode(&m, f, &err), err);
    assert_int_equal(m.opset, 12);
    onnx_close(&m);
    f->model.n = 0, set.n = 0;
    put_text(&set, 1, "");
    put_msg(&f->model, 8, &set); /* without a version */
    put_msg(&f->model, 7, &f->graph);
    refused(f, ERR_FORMAT, "9 to 17 are read");
}

/* A file of one graph, whose fields are written by `put`. */
static void many(void (*put)(uint8_t **p), const char *words)
{
    uint8_t *graph = malloc(4 << 20), *end = graph, *file = malloc(5 << 20), *p = file + 5;
    OnnxModel m;
    Err err = {0};
    put(&end);
    memcpy(file, "\x42\x02\x10\x0d\x3a", 5);
    size_t n = (size_t)(end - graph);
    for (size_t size = n; size; size >>= 7) *p++ = (uint8_t)((size & 127) | (size > 127 ? 128 : 0));
    memcpy(p, graph, n);
    assert_refused(onnx_decode(&m, file, (size_t)(p - file) + n, "input", &err), err, ERR_LIMIT, words);
    free(file);
    free(graph);
}

static void add_message(uint8_t **p, unsigned field, const Msg *inner)
{
    Msg head = {.n = 0};
    put_varint(&head, field << 3 | 2), put_varint(&head, inner->n);
    memcpy(*p, head.at, head.n), *p += head.n;
    memcpy(*p, inner->at, inner->n), *p += inner->n;
}

static void put_attrs(uint8_t **p)
{
    Msg *node = calloc(1, sizeof *node);
    for (int i = 0; i < 30000; i++) node->at[node->n++] = 5 << 3 | 2, node->at[node->n++] = 0;
    for (int i = 0; i < 3; i++) add_message(p, 1, node);
    free(node);
}

/* 8,000 tensors and 60 nodes of 1,000 outputs, each with a name of its own. */
static void put_outputs(uint8_t **p)
{
    Msg *m = calloc(1, sizeof *m);
    char name[16];
    for (int i = 0; i < 8000; i++) {
        m->n = 0;
        snprintf(name, sizeof name, "t%d", i);
        put_int(m, 1, 0), put_int(m, 2, ONNX_FLOAT), put_text(m, 8, name);
        add_message(p, 5, m);
    }
    for (int i = 0; i < 60; i++) {
        m->n = 0;
        for (int k = 0; k < 1000; k++) {
            snprintf(name, sizeof name, "v%d", i * 1000 + k);
            put_text(m, 2, name);
        }
        add_message(p, 1, m);
    }
    free(m);
}

static void names(void **state)
{
    (void)state;
    many(put_attrs, "inputs or attributes of nodes");
    many(put_outputs, "names of values");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),           cmocka_unit_test(tensors),    cmocka_unit_test(attributes),
        cmocka_unit_test(old_files),       cmocka_unit_test(models),     cmocka_unit_test(nodes),
        cmocka_unit_test(damaged_tensors), cmocka_unit_test(too_many),   cmocka_unit_test(too_many_uses),
        cmocka_unit_test(files),           cmocka_unit_test(other_sets), cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
