/* Safetensors: what we write we read, what others write we read, and one sentence for every way to be wrong.
 */
#include "base/file.h"
#include "check.h"
#include "data/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* u64 size, header, then `data` zero bytes; malloc'ed. */
static uint8_t *file_of(size_t *size, const char *header, size_t data)
{
    uint64_t n = strlen(header);
    uint8_t *bytes = calloc(1, 8 + n + data + 1);
    assert_non_null(bytes);
    memcpy(bytes, &n, 8);
    memcpy(bytes + 8, header, n);
    *size = 8 + n + data;
    return bytes;
}

static const float weight[6] = {1, -2, 3.5f, 0, 1e-40f, 6e30f};
static const uint16_t half[4] = {0x3C00, 0xC000, 0x0001, 0x7BFF}, brain[2] = {0x3F80, 0xC2F7};
static const int64_t step[1] = {-5};
static const uint8_t key[3] = {1, 2, 3};

static const Tensor tensors[] = {
    {.name = "b.bytes", .dtype = DTYPE_U8, .rank = 1, .shape = {3}, .data = key},
    {.name = "conv.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {2, 3}, .data = weight},
    {.name = "half", .dtype = DTYPE_F16, .rank = 1, .shape = {4}, .data = half},
    {.name = "a.brain", .dtype = DTYPE_BF16, .rank = 1, .shape = {2}, .data = brain},
    {.name = "step", .dtype = DTYPE_I64, .rank = 0, .data = step},
    {.name = "empty", .dtype = DTYPE_F32, .rank = 2, .shape = {0, 7}, .data = weight},
};
static const TensorMeta meta[] = {{"z", "line\nand \"quotes\" \\ \xC3\xA9"}, {"format", "test"}};

static void round_trips(void **state)
{
    (void)state;
    Safetensors st;
    float out[6];
    Err err = {0};
    assert_ok(safetensors_save("a.safetensors", tensors, 6, meta, 2, &err), err);
    assert_ok(safetensors_open(&st, "a.safetensors", &err), err);
    assert_true(st.n == 6 && st.metas == 2);
    assert_string_equal(safetensors_meta(&st, "z"), meta[0].value);
    assert_null(safetensors_meta(&st, "y"));
    const Tensor *t = safetensors_find(&st, "conv.weight");
    assert_true(t && t->rank == 2 && t->shape[0] == 2 && t->shape[1] == 3 && t->count == 6);
    assert_ok(safetensors_floats(out, t, 6, &err), err);
    assert_memory_equal(out, weight, sizeof weight);
    assert_int_equal(safetensors_find(&st, "step")->count, 1);
    assert_memory_equal(safetensors_find(&st, "step")->data, step, 8);
    assert_int_equal(safetensors_find(&st, "empty")->count, 0);
    assert_null(safetensors_find(&st, "absent"));
    assert_refused(safetensors_floats(out, t, 5, &err), err, ERR_FORMAT,
                   "\"conv.weight\" has 6 values where 5");
    assert_refused(safetensors_floats(out, safetensors_find(&st, "step"), 1, &err), err, ERR_FORMAT,
                   "holds I64");
    safetensors_close(&st);
}

/* The layout other readers rely on: big types first, then by name, header padded to 8. */
static void the_bytes_are_settled(void **state)
{
    (void)state;
    uint8_t *bytes;
    size_t size;
    uint64_t length;
    Err err = {0};
    const char *header =
        "{\"__metadata__\":{\"format\":\"test\",\"z\":\"line\\u000aand \\\"quotes\\\" \\\\ \xC3\xA9\"},"
        "\"step\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},"
        "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[32,32]},"
        "\"a.brain\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[32,36]},"
        "\"half\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[36,44]},"
        "\"b.bytes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[44,47]}}";
    assert_ok(safetensors_save("b.safetensors", tensors, 6, meta, 2, &err), err);
    assert_ok(file_read("b.safetensors", 10000, &bytes, &size, &err), err);
    memcpy(&length, bytes, 8);
    assert_int_equal(length % 8, 0);
    assert_memory_equal(bytes + 8, header, strlen(header));
    for (size_t i = strlen(header); i < length; i++) assert_int_equal(bytes[8 + i], ' ');
    assert_int_equal(size, 8 + length + 47);
    assert_memory_equal(bytes + 8 + length + 8, weight, sizeof weight);
    free(bytes);
}

static void halves_are_exact(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        int e = (int)(h >> 10 & 31), f = (int)(h & 1023);
        float wanted = e == 31 ? (f ? NAN : INFINITY)
                       : e     ? ldexpf((float)(1024 + f), e - 25)
                               : ldexpf((float)f, -24);
        if (h & 0x8000) wanted = -wanted;
        float got = safetensors_half((uint16_t)h);
        assert_true(isnan(wanted) ? isnan(got) : got == wanted && !signbit(got) == !signbit(wanted));
    }
    assert_true(safetensors_bfloat(0x3F80) == 1.0f && safetensors_bfloat(0xC2F7) == -123.5f);
}

#define T(dtype, shape, offsets)                                                                             \
    "\"x\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define F4 "\"F32\""

static const struct {
    const char *header;
    size_t data;
    ErrCode code;
    const char *words;
} bad[] = {
    {" {}", 0, ERR_FORMAT, "does not begin with {"},
    {"[1]", 0, ERR_FORMAT, "does not begin with {"},
    {"", 9, ERR_FORMAT, "does not begin with {"},
    {"{\"x\":", 0, ERR_FORMAT, "bad.safetensors"},
    {"{}x", 0, ERR_FORMAT, "bad.safetensors"},
    {"{\"\xFF\":1}", 0, ERR_FORMAT, "bad.safetensors"},
    {"{\"x\":3}", 0, ERR_FORMAT, "tensor \"x\" is not described by an object"},
    {"{\"x\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, ERR_FORMAT, "\"x\" has no dtype"},
    {"{" T("4", "[1]", "[0,4]") "}", 4, ERR_FORMAT, "\"x\" has no dtype"},
    {"{" T("\"F64\"", "[1]", "[0,8]") "}", 8, ERR_FORMAT, "\"x\" has the type F64; F32, F16"},
    {"{" T("\"f32\"", "[1]", "[0,4]") "}", 4, ERR_FORMAT, "has the type f32"},
    {"{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, ERR_FORMAT, "\"x\" has no shape"},
    {"{" T(F4, "4", "[0,4]") "}", 4, ERR_FORMAT, "\"x\" has no shape"},
    {"{" T(F4, "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, ERR_FORMAT, "has 9 dimensions"},
    {"{" T(F4, "[1.0]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number"},
    {"{" T(F4, "[\"1\"]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number"},
    {"{" T(F4, "[-1]", "[0,4]") "}", 4, ERR_FORMAT, "negative dimension"},
    {"{" T(F4, "[4294967296,4294967296]", "[0,0]") "}", 0, ERR_FORMAT, "shape that overflows"},
    {"{" T(F4, "[4611686018427387904]", "[0,0]") "}", 0, ERR_FORMAT, "shape that overflows"},
    {"{" T(F4, "[99999999999999999999]", "[0,4]") "}", 4, ERR_FORMAT, "bad.safetensors"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, ERR_FORMAT, "no data_offsets"},
    {"{" T(F4, "[1]", "[0]") "}", 4, ERR_FORMAT, "no data_offsets"},
    {"{" T(F4, "[1]", "[0,4.5]") "}", 4, ERR_FORMAT, "no data_offsets"},
    {"{" T(F4, "[1]", "[-4,0]") "}", 4, ERR_FORMAT, "run backwards"},
    {"{" T(F4, "[1]", "[4,0]") "}", 4, ERR_FORMAT, "run backwards"},
    {"{" T(F4, "[2]", "[0,8]") "}", 4, ERR_FORMAT, "ends behind the end of the file"},
    {"{" T(F4, "[2]", "[0,9223372036854775807]") "}", 8, ERR_FORMAT, "ends behind the end of the file"},
    {"{" T(F4, "[2]", "[0,4]") "}", 4, ERR_FORMAT, "has 4 bytes where its shape and type need 8"},
    {"{" T(F4, "[1]", "[0,4]") "}", 5, ERR_FORMAT, "1 bytes follow the last tensor"},
    {"{}", 3, ERR_FORMAT, "3 bytes follow the last tensor"},
    {"{" T(F4, "[1]", "[4,8]") "}", 8, ERR_FORMAT, "\"x\" starts after a hole of 4 bytes"},
    {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}," T(F4, "[1]", "[4,8]") "}", 8,
     ERR_FORMAT, "\"x\" overlaps another"},
    {"{" T(F4, "[1]", "[0,4]") "," T(F4, "[1]", "[4,8]") "}", 8, ERR_FORMAT, "bad.safetensors"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, ERR_FORMAT,
     "a field other than"},
    {"{\"\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, ERR_FORMAT,
     "a tensor has no name"},
    {"{\"__metadata__\":[]}", 0, ERR_FORMAT, "__metadata__ is not an object"},
    {"{\"__metadata__\":{\"a\":1}}", 0, ERR_FORMAT, "__metadata__ \"a\" is not a string"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, ERR_FORMAT, "bad.safetensors"},
};

static void every_way_to_be_wrong_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t size;
        Safetensors st;
        Err err;
        uint8_t *bytes = file_of(&size, bad[i].header, bad[i].data);
        assert_refused(safetensors_decode(&st, bytes, size, "bad.safetensors", &err), err, bad[i].code,
                       bad[i].words);
        assert_non_null(strstr(err.msg, "bad.safetensors: "));
        assert_null(st.tensor);
        free(bytes);
    }
}

static void sizes_are_checked_first(void **state)
{
    (void)state;
    Safetensors st;
    Err err;
    size_t size;
    uint64_t huge = SAFETENSORS_HEADER_MAX + 1;
    uint8_t *bytes = file_of(&size, "{\"x\":1}", 4);
    assert_refused(safetensors_decode(&st, bytes, 7, "f", &err), err, ERR_FORMAT, "f: 7 bytes are too short");
    assert_refused(safetensors_decode(&st, bytes, 10, "f", &err), err, ERR_FORMAT,
                   "cut short inside its header");
    memcpy(bytes, &huge, 8);
    assert_refused(safetensors_decode(&st, bytes, size, "f", &err), err, ERR_LIMIT, "header is over 8 MiB");
    free(bytes);
}

static void too_many_tensors_are_refused(void **state)
{
    (void)state;
    char *header = malloc(65600 * 80), *p = header;
    size_t size;
    Safetensors st;
    Err err;
    assert_non_null(header);
    p += sprintf(p, "{");
    for (int i = 0; i <= SAFETENSORS_TENSORS_MAX; i++)
        p += sprintf(p, "%s\"%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i ? "," : "", i);
    sprintf(p, "}");
    uint8_t *bytes = file_of(&size, header, 0);
    assert_refused(safetensors_decode(&st, bytes, size, "f", &err), err, ERR_LIMIT, "65537 tensors");
    free(bytes);
    free(header);
}

static void the_writer_refuses_what_it_could_not_read(void **state)
{
    (void)state;
    Tensor twice[] = {tensors[1], tensors[1]}, unnamed = tensors[1], wrong = tensors[1];
    TensorMeta broken = {"a", "\xFF"};
    Err err;
    unnamed.name = "";
    wrong.shape[0] = -1;
    assert_refused(safetensors_save("c.safetensors", twice, 2, NULL, 0, &err), err, ERR_FORMAT,
                   "conv.weight");
    assert_refused(safetensors_save("c.safetensors", &unnamed, 1, NULL, 0, &err), err, ERR_USAGE,
                   "cannot be named");
    assert_refused(safetensors_save("c.safetensors", &wrong, 1, NULL, 0, &err), err, ERR_USAGE, "overflows");
    assert_refused(safetensors_save("c.safetensors", NULL, 0, &broken, 1, &err), err, ERR_FORMAT,
                   "to be written");
    assert_false(file_exists("c.safetensors"));
    assert_false(file_exists("c.safetensors.tmp"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(the_bytes_are_settled),
        cmocka_unit_test(halves_are_exact),
        cmocka_unit_test(every_way_to_be_wrong_has_its_sentence),
        cmocka_unit_test(sizes_are_checked_first),
        cmocka_unit_test(too_many_tensors_are_refused),
        cmocka_unit_test(the_writer_refuses_what_it_could_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
