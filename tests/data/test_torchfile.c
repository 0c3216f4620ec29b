/* PyTorch files in both layouts: every type, strides, nesting; and what is wrong with them, in one sentence
 * each. */
#include "base/file.h"
#include "data/pickle.h"
#include "data/torchfile.h"
#include "check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS TEST_SOURCE_DIR "/fuzz/seeds/torch/"

static const Tensor *tensor(const TorchFile *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->tensor[i].name, name)) return &t->tensor[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static float number(const Tensor *t, size_t i)
{
    float x[16];
    int64_t whole;
    if (t->dtype == DTYPE_U8) return ((const uint8_t *)t->data)[i];
    if (t->dtype == DTYPE_I64) return memcpy(&whole, (const char *)t->data + 8 * i, 8), (float)whole;
    assert_true(t->count <= 16 && safetensors_floats(x, t, t->count, NULL));
    return x[i];
}

/* What tests/ref/make_import.py has put into types-*.pt. */
static void test_types(void **state)
{
    static const struct {
        const char *name;
        Dtype dtype;
        float first;
    } want[] = {{"f64", DTYPE_F32, 0.5f}, {"f16", DTYPE_F16, 1.5f}, {"bf16", DTYPE_BF16, -3},
                {"i64", DTYPE_I64, 1},    {"i32", DTYPE_I64, 3},    {"i16", DTYPE_I64, 5},
                {"i8", DTYPE_I64, -6},    {"u8", DTYPE_U8, 200},    {"yes", DTYPE_U8, 1}};
    (void)state;
    for (int legacy = 0; legacy < 2; legacy++) {
        TorchFile t;
        Err err = {0};
        assert_ok(torchfile_open(&t, legacy ? SEEDS "types-legacy.pt" : SEEDS "types-zip.pt", &err), err);
        assert_int_equal(t.n, 9);
        for (size_t i = 0; i < 9; i++) {
            assert_int_equal(tensor(&t, want[i].name)->dtype, want[i].dtype);
            assert_true(number(tensor(&t, want[i].name), 0) == want[i].first);
        }
        assert_true(number(tensor(&t, "f64"), 1) == -2 && number(tensor(&t, "i32"), 1) == -4 &&
                    number(tensor(&t, "yes"), 1) == 0);
        torchfile_close(&t);
    }
}

static void test_views(void **state)
{
    static const float turned[] = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}, piece[] = {4, 6, 8, 10};
    (void)state;
    for (int legacy = 0; legacy < 2; legacy++) {
        TorchFile t;
        Err err = {0};
        assert_ok(torchfile_open(&t, legacy ? SEEDS "views-legacy.pt" : SEEDS "views-zip.pt", &err), err);
        assert_int_equal(t.n, 6); /* a key that is no text names nothing */
        const Tensor *a = tensor(&t, "a/turned"), *b = tensor(&t, "a/piece");
        assert_true(a->rank == 2 && a->shape[0] == 4 && a->shape[1] == 3 && b->shape[0] == 2 &&
                    b->shape[1] == 2);
        for (size_t i = 0; i < 12; i++)
            assert_true(number(a, i) == turned[i] && number(tensor(&t, "a/same"), i) == (float)i);
        for (size_t i = 0; i < 4; i++) assert_true(number(b, i) == piece[i]);
        assert_true(tensor(&t, "a/scalar")->rank == 0 && number(tensor(&t, "a/scalar"), 0) == 2.5f);
        assert_true(tensor(&t, "a/empty")->count == 0 && number(tensor(&t, "p"), 1) == 1);
        torchfile_close(&t);
    }
}

/* ---- Pickles written out here ---------------------------------------------------------------------------
 */

static const PickleNamed named[] = {
    {"m", "Dict", PICKLE_DICT}, {"m", "call", PICKLE_CALL}, {"m", "blind", PICKLE_OPAQUE}, {0}};

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void refused(const uint8_t *bytes, size_t size, const char *why)
{
    Pickle p;
    Err err = {0};
    uint8_t *exact = malloc(size + !size); /* no byte of room behind */
    memcpy(exact, bytes, size);
    bool ok = pickle_decode(&p, exact, size, named, "f", &err);
    free(exact);
    if (ok) fail_msg("accepted, expected: %s", why);
    if (strncmp(err.msg, "f: ", 3) || !strstr(err.msg, why))
        fail_msg("\"%s\" where \"%s\" is expected", err.msg, why);
}

static void test_pickle_refuses(void **state)
{
    (void)state;
    refused(BYTES(""), "it does not end");
    refused(BYTES("\x80\x06N."), "newer than 5");
    refused(BYTES("."), "its stack is empty");
    refused(BYTES("I1\n."), "opcode 0x49");
    refused(BYTES("cos\nsystem\n(U\2lst."),
            "f: it asks for the Python object os.system, and nothing in a file is run");
    refused(BYTES("X\2\0\0\0osX\6\0\0\0system\x93."), "os.system");
    refused(BYTES("NN\x93."), "a name is no text");
    refused(BYTES("cm\n"), "a name does not end");
    refused(BYTES("X\xff\xff\xff\xff."), "it ends within an opcode");
    refused(BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), "it ends within an opcode");
    refused(BYTES("\x95\xff\0\0\0\0\0\0\0."), "a frame is longer");
    refused(BYTES("t."), "a mark that was never set");
    refused(BYTES("u."), "a mark that was never set");
    refused(BYTES("1."), "a mark that was never set");
    refused(BYTES("N\x86."), "its stack is empty");
    refused(BYTES("N(\x85."), "its stack is empty"); /* nothing below a mark is reached */
    refused(BYTES("q\0."), "it remembers nothing");
    refused(BYTES("Nr\xff\xff\xff\xff."), "more values than any model needs");
    refused(BYTES("h\1."), "never remembered");
    refused(BYTES("NNa."), "no list and no dictionary");
    refused(BYTES("]NNs."), "no list and no dictionary");
    refused(BYTES("Na."), "it adds to nothing");
    refused(BYTES("}(Nu."), "a key has no value");
    refused(BYTES("N)R."), "it calls what cannot be called");
    refused(BYTES("cm\ncall\nNR."), "it calls what cannot be called");
    refused(BYTES("Nb."), "it builds nothing");
    refused(BYTES("\x8a\x02\x01"), "it ends within an opcode");
}

/* More values than any model needs, by opcodes of one byte. */
static void test_pickle_bounded(void **state)
{
    static uint8_t many[600001];
    (void)state;
    for (const char *each = "N])("; *each; each++) {
        memset(many, *each, sizeof many);
        refused(many, sizeof many, "more values than any model needs");
    }
}

static void test_pickle_values(void **state)
{
    Pickle p;
    Err err = {0};
    (void)state;
    /* {"a": -2, "b": [1.0, True], "a": 258}, through marks, memo and an object whose state nobody reads */
    static const char text[] = "\x80\2cm\nDict\n)Rq\0(X\1\0\0\0a\x8a\1\xfeU\1b](G\x3f\xf0\0\0\0\0\0\0\x88"
                               "eX\1\0\0\0aM\2\1ucm\nblind\n)R}b0h\0}b.";
    assert_ok(pickle_decode(&p, BYTES(text), named, "f", &err), err);
    const PickleValue *a = pickle_get(&p, &p.root, "a"), *b = pickle_get(&p, &p.root, "b");
    assert_true(a && a->kind == PICKLE_INT && a->as.i == 258); /* the last one counts */
    PickleIter it = pickle_first(&p, b);
    assert_true(it.value->kind == PICKLE_FLOAT && it.value->as.f == 1);
    it = pickle_next(&p, it);
    assert_true(it.value->kind == PICKLE_BOOL && it.value->as.i == 1 && !pickle_next(&p, it).value);
    assert_null(pickle_get(&p, b, "a"));
    assert_true(p.used == sizeof text - 1);
    pickle_free(&p);
    assert_ok(pickle_decode(&p, BYTES("\x80\4\x8c\1m\x8c\4call\x93K\7\x85R\x94Q.rest"), named, "f", &err),
              err);
    const PickleValue *call = pickle_item(&p, &p.root, 0), *args = pickle_item(&p, call, 0);
    assert_true(p.root.kind == PICKLE_PERSISTENT && call->kind == PICKLE_CALL && call->n == 1);
    assert_true(pickle_item(&p, args, 0)->as.i == 7 && !pickle_item(&p, args, 1) &&
                pickle_reference(&p, 0) == call && !pickle_reference(&p, 1));
    pickle_free(&p);
}

/* ---- Files that are wrong -------------------------------------------------------------------------------
 */

typedef struct {
    uint8_t *bytes;
    size_t size;
} File;

static File load(const char *path)
{
    File f;
    Err err = {0};
    assert_ok(file_read(path, 1 << 20, &f.bytes, &f.size, &err), err);
    return f;
}

static uint8_t *find(const File *f, const char *what, size_t n)
{
    for (size_t i = 0; i + n <= f->size; i++)
        if (!memcmp(f->bytes + i, what, n)) return f->bytes + i;
    fail_msg("the file has no %s", what);
    return NULL;
}

static void refused_file(const File *f, const char *why)
{
    TorchFile t;
    Err err = {0};
    if (torchfile_decode(&t, f->bytes, f->size, "f", &err)) fail_msg("accepted, expected: %s", why);
    assert_true(!t.n && !t.tensor && !t.made);
    if (strncmp(err.msg, "f: ", 3) || !strstr(err.msg, why))
        fail_msg("\"%s\" where \"%s\" is expected", err.msg, why);
}

/* One place of a good file overwritten: text `at` becomes `by`, of the same length. */
static void wrong(const char *path, const char *at, size_t n, const char *by, const char *why)
{
    File f = load(path);
    memcpy(find(&f, at, n), by, n);
    refused_file(&f, why);
    free(f.bytes);
}

static void test_wrong_zip(void **state)
{
    static const char zip[] = SEEDS "types-zip.pt";
    (void)state;
    wrong(zip, "PK\5\6", 4, "PK\5\7", "its directory is missing");
    wrong(zip, "PK\1\2", 4, "PK\1\3", "its directory is damaged");
    wrong(zip, "DoubleStorage", 13, "DoubleSt0rage", "torch.DoubleSt0rage");
    wrong(zip, "_rebuild_tensor_v2", 18, "_rebuild_tensor_v3", "torch._utils._rebuild_tensor_v3");
    wrong(zip, "storage", 7, "st0rage", "is to no storage");
    File f = load(zip);
    f.size -= 30;
    refused_file(&f, "zip archive");
    f.size = 3;
    refused_file(&f, "this is no file of PyTorch");
    free(f.bytes);
}

static void test_wrong_legacy(void **state)
{
    static const char legacy[] = SEEDS "types-legacy.pt";
    (void)state;
    wrong(legacy, "\x80\2M\xe9\3.", 6, "\x80\2M\xea\3.", "its version is not 1001");
    wrong(legacy, "little_endianq\2\x88", 16, "little_endianq\2\x89", "big endian");
    File f = load(legacy);
    for (size_t cut = 1; cut < f.size; cut += 7) {
        File g = {malloc(f.size - cut), f.size - cut};
        memcpy(g.bytes, f.bytes, g.size);
        refused_file(&g, "");
        free(g.bytes);
    }
    free(f.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),          cmocka_unit_test(test_views),
        cmocka_unit_test(test_pickle_refuses), cmocka_unit_test(test_pickle_bounded),
        cmocka_unit_test(test_pickle_values),  cmocka_unit_test(test_wrong_zip),
        cmocka_unit_test(test_wrong_legacy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
