/* .npy: the bytes NumPy writes, the types we take, and what is refused. */
#include "base/file.h"
#include "check.h"
#include "data/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Magic, version, header text and data as one file. */
static size_t file_of(uint8_t *out, int version, const char *header, const void *data, size_t size)
{
    size_t n = strlen(header), at = version == 1 ? 10 : 12;
    memset(out, 0, 12);
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)version;
    out[8] = (uint8_t)n;
    out[9] = (uint8_t)(n >> 8);
    memcpy(out + at, header, n);
    if (size) memcpy(out + at + n, data, size);
    return at + n + size;
}

/* The first 128 bytes of numpy.save of a float32 array of shape (2, 3), written by NumPy 1.24. */
static const char numpy_header[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    "                                                          \n";

static void written_as_numpy_writes(void **state)
{
    (void)state;
    const float x[6] = {1, 2, 3, -4, 0.5f, 1e-30f};
    const int64_t shape[] = {2, 3};
    uint8_t *bytes;
    size_t size;
    Npy npy;
    Err err = {0};
    assert_ok(npy_save_floats("x.npy", x, shape, 2, &err), err);
    assert_ok(file_read("x.npy", 1000, &bytes, &size, &err), err);
    assert_int_equal(size, 128 + sizeof x);
    assert_memory_equal(bytes, numpy_header, 128);
    assert_memory_equal(bytes + 128, x, sizeof x);
    free(bytes);
    assert_ok(npy_load("x.npy", &npy, &err), err);
    assert_true(npy.rank == 2 && npy.shape[0] == 2 && npy.shape[1] == 3 && npy.count == 6 && !npy.i64);
    assert_memory_equal(npy.f32, x, sizeof x);
    npy_free(&npy);
}

static void every_rank_round_trips(void **state)
{
    (void)state;
    const int64_t y[4] = {-1, INT64_MAX, INT64_MIN, 7};
    const int64_t shapes[][8] = {{0}, {4}, {2, 2}, {1, 1, 1, 1, 1, 2, 1, 2}, {0}};
    const int ranks[] = {0, 1, 2, 8, 1};
    for (int i = 0; i < 5; i++) {
        Npy npy;
        Err err = {0};
        assert_ok(npy_save_ints("y.npy", y, shapes[i], ranks[i], &err), err);
        assert_ok(npy_load("y.npy", &npy, &err), err);
        assert_int_equal(npy.rank, ranks[i]);
        assert_int_equal(npy.count, i == 0 ? 1 : i == 4 ? 0 : 4);
        assert_memory_equal(npy.shape, shapes[i], (size_t)ranks[i] * sizeof(int64_t));
        assert_memory_equal(npy.i64, y, npy.count * sizeof *y);
        npy_free(&npy);
    }
}

static void other_types_are_converted(void **state)
{
    (void)state;
    const double f8[] = {0.1, -2};
    const int32_t i4[] = {-3, 1 << 30};
    const uint8_t u1[] = {0, 255};
    uint8_t file[256];
    Npy npy;
    Err err = {0};
    size_t n = file_of(file, 2, "{'shape': (2,), 'fortran_order': True, 'descr': '<f8'}\n", f8, sizeof f8);
    assert_ok(npy_decode(file, n, "x", &npy, &err), err);
    assert_true(npy.f32[0] == 0.1f && npy.f32[1] == -2);
    npy_free(&npy);
    n = file_of(file, 3, "{\"descr\":\"<i4\",\"fortran_order\":False,\"shape\":(2),}", i4, sizeof i4);
    assert_ok(npy_decode(file, n, "x", &npy, &err), err);
    assert_true(npy.i64[0] == -3 && npy.i64[1] == 1 << 30);
    npy_free(&npy);
    n = file_of(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2)}", u1, sizeof u1);
    assert_ok(npy_decode(file, n, "x", &npy, &err), err);
    assert_true(npy.i64[0] == 0 && npy.i64[1] == 255);
    npy_free(&npy);
}

static void bad_files_end_in_a_sentence(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *header;
        size_t size;
        ErrCode code;
        const char *words;
    } bad[] = {
        {4, "{}", 0, ERR_FORMAT, "version 4"},
        {1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 8, ERR_FORMAT, "Python objects"},
        {1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, ERR_FORMAT, "records"},
        {1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4, ERR_FORMAT, "\">f4\""},
        {1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", 4, ERR_FORMAT, "Fortran order"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 4, ERR_FORMAT, "4 bytes of data"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 5, ERR_FORMAT, "5 bytes of data"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0, ERR_FORMAT,
         "overflows"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0, ERR_FORMAT,
         "damaged"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 0, ERR_FORMAT, "damaged"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4, ERR_LIMIT,
         "8 dimensions"},
        {1, "{'descr': '<f4', 'fortran_order': False, }", 0, ERR_FORMAT, "damaged"},
        {1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, ERR_FORMAT,
         "damaged"},
        {1, "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (), }", 4, ERR_FORMAT, "damaged"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}", 4, ERR_FORMAT, "damaged"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1", 4, ERR_FORMAT, "damaged"},
        {1, "{'descr': '<f4", 0, ERR_FORMAT, "damaged"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", 4, ERR_FORMAT, "damaged"},
    };
    uint8_t file[512], data[16] = {0};
    Npy npy;
    Err err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t n = file_of(file, bad[i].version, bad[i].header, data, bad[i].size);
        assert_refused(npy_decode(file, n, "x.npy", &npy, &err), err, bad[i].code, bad[i].words);
        assert_non_null(strstr(err.msg, "x.npy"));
    }
    assert_refused(npy_decode((const uint8_t *)"PK\3\4aaaaaaaaaaaa", 16, "x", &npy, &err), err, ERR_FORMAT,
                   "not a .npy");
    size_t n = file_of(file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", data, 4);
    assert_refused(npy_decode(file, n - 10, "x", &npy, &err), err, ERR_FORMAT, "inside its header");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_as_numpy_writes),
        cmocka_unit_test(every_rank_round_trips),
        cmocka_unit_test(other_types_are_converted),
        cmocka_unit_test(bad_files_end_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
