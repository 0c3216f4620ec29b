/* JSON: strict reading, writing that reads back, and lost memory that is not forgotten. */
#include "check.h"
#include "base/json.h"
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Json *parse(const char *text, Err *err)
{
    return json_parse(text, strlen(text), "config.json", err);
}

static void assert_text(Json *j, const char *want)
{
    char *text = json_text(j);
    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
    json_drop(j);
}

static void writes_in_order_on_one_line(void **state)
{
    (void)state;
    Json *o = json_make(), *list = json_make_array();
    json_put_num(o, "linear", 0.87);
    json_put_interval(o, "linear_ci", 0.1, 1);
    json_put_int(o, "big", INT64_MIN);
    json_put_bool(o, "yes", true);
    json_put_num(o, "nan", NAN);
    json_put_num(o, "inf", -INFINITY);
    json_add_num(list, 1e300);
    json_add_str(list, "a\"b\\c\n\x1B");
    json_put(o, "a", list);
    json_put(o, "empty", json_make());
    assert_text(o, "{\"linear\":0.87,\"linear_ci\":[0.1,1.0],\"big\":-9223372036854775808,\"yes\":true,"
                   "\"nan\":null,\"inf\":null,\"a\":[1e+300,\"a\\\"b\\\\c\\n\\u001b\"],\"empty\":{}}");
}

static void text_is_ascii_and_survives(void **state)
{
    (void)state;
    Json *o = json_make();
    json_put_str(o, "n", "\xE4\xB8\xAD \xF0\x9F\x98\x80 \xC2\x9B\x7F");
    json_put_str(o, "raw", "cut\xE4");
    char *text = json_text(o);
    assert_string_equal(text, "{\"n\":\"\\u4e2d \\ud83d\\ude00 \\u009b\\u007f\",\"raw\":\"cut\\ufffd\"}");
    Json *back = parse(text, NULL);
    assert_string_equal(json_str(back, "n", ""), "\xE4\xB8\xAD \xF0\x9F\x98\x80 \xC2\x9B\x7F");
    free(text);
    json_drop(o);
    json_drop(back);
}

static void numbers_read_back(void **state)
{
    (void)state;
    static const double x[] = {0.1,   1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789012345678.0,
                               2.5e-7};
    setlocale(LC_ALL, "de_DE.UTF-8"); /* a decimal comma, where it is installed */
    for (int i = 0; i < 7; i++) {
        Json *array = json_make_array();
        double back;
        json_add_num(array, x[i]);
        char *text = json_text(array);
        Json *parsed = parse(text, NULL);
        assert_non_null(parsed);
        assert_true(json_value_num(json_at(parsed, 0), &back));
        assert_memory_equal(&back, &x[i], sizeof back);
        free(text);
        json_drop(array);
        json_drop(parsed);
    }
    setlocale(LC_ALL, "C");
}

static void reads_by_name_and_type(void **state)
{
    (void)state;
    Json *o =
        parse("{\"n\": 3, \"x\": 2.5, \"s\": \"hi\", \"b\": true, \"list\": [1, 2, 3], \"o\": {}}", NULL);
    int64_t i = 0;
    assert_non_null(o);
    assert_true(json_is_object(o) && !json_is_array(o) && json_count(o) == 6);
    assert_int_equal(json_int(o, "n", -1), 3);
    assert_true(json_num(o, "n", -1) == 3.0 && json_num(o, "x", -1) == 2.5);
    assert_int_equal(json_int(o, "x", -1), -1);
    assert_string_equal(json_str(o, "s", "no"), "hi");
    assert_string_equal(json_str(o, "n", "no"), "no");
    assert_true(json_bool(o, "b", false));
    assert_true(json_bool(o, "absent", true));
    const Json *list = json_get(o, "list");
    assert_true(json_is_array(list) && json_count(list) == 3 && json_value_int(json_at(list, 2), &i) &&
                i == 3);
    assert_null(json_at(list, 3));
    assert_null(json_get(o, "absent"));
    const char *keys[6], *want[] = {"n", "x", "s", "b", "list", "o"};
    int count = 0;
    for (JsonIter it = json_first(o); it.key; it = json_next(o, it)) keys[count++] = it.key;
    assert_int_equal(count, 6);
    for (int k = 0; k < 6; k++) assert_string_equal(keys[k], want[k]);
    json_drop(o);
}

static void refuses_what_is_not_strict(void **state)
{
    (void)state;
    Err err;
    assert_refused(parse("{\"a\": 1, \"a\": 2}", &err), err, ERR_FORMAT, "duplicate");
    assert_refused(parse("{\"a\": 1} x", &err), err, ERR_FORMAT, "end of file");
    assert_refused(parse("{\"a\": 1,}", &err), err, ERR_FORMAT, "config.json: line 1, column");
    assert_refused(parse("{'a': 1}", &err), err, ERR_FORMAT, "config.json");
    assert_refused(parse("{\"a\": NaN}", &err), err, ERR_FORMAT, "config.json");
    assert_refused(parse("{\"a\": 01}", &err), err, ERR_FORMAT, "config.json");
    assert_refused(parse("{\"a\": 1e999}", &err), err, ERR_FORMAT, "overflow");
    assert_refused(parse("[99999999999999999999]", &err), err, ERR_FORMAT, "big integer");
    assert_refused(parse("[\"\xFF\"]", &err), err, ERR_FORMAT, "decode byte");
    assert_refused(parse("[\"a\\u0000b\"]", &err), err, ERR_FORMAT, "config.json");
    assert_refused(parse("", &err), err, ERR_FORMAT, "config.json");
    assert_refused(json_parse("[1]\0[2]", 7, "config.json", &err), err, ERR_FORMAT, "config.json");
}

static void nesting_is_limited(void **state)
{
    (void)state;
    char deep[200];
    Err err;
    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    assert_refused(json_parse(deep, 130, "deep.json", &err), err, ERR_FORMAT,
                   "deep.json: JSON nested more than 64");
    Json *allowed = json_parse(deep + 1, 128, "deep.json", NULL);
    assert_non_null(allowed);
    json_drop(allowed);
    memset(deep, '[', sizeof deep);
    deep[0] = '"';
    deep[sizeof deep - 1] = '"';
    Json *quoted = json_parse(deep, sizeof deep, "deep.json", NULL);
    assert_non_null(quoted);
    json_drop(quoted);
}

/* A missing child stands for an allocation that failed: the text must not come out incomplete. */
static void losses_are_remembered(void **state)
{
    (void)state;
    Json *root = json_make(), *child = json_make();
    json_put(child, "lost", NULL);
    json_put_int(child, "kept", 1);
    json_put(root, "child", child);
    assert_null(json_text(root));
    json_drop(root);
    Json *list = json_make_array();
    json_add(list, NULL);
    assert_null(json_text(list));
    json_drop(list);
    json_put_num(NULL, "x", 1);
    json_put(NULL, "x", json_make());
    json_add(NULL, json_make());
    assert_null(json_text(NULL));
    json_drop(NULL);
}

/* jansson takes its memory from here: allocation number `fail_at` is refused. */
void json_set_alloc_funcs(void *(*take)(size_t), void (*give)(void *)); /* of jansson.h */
static int allocations, fail_at;

static void *failing_malloc(size_t size)
{
    return allocations++ == fail_at ? NULL : malloc(size);
}

/* Each allocation fails in turn: the text is whole or absent, never a part, and nothing leaks (ASan looks).
 */
static void no_memory_means_no_text(void **state)
{
    (void)state;
    const char *want = "{\"a\":1,\"ci\":[0.5,1.0],\"o\":{\"s\":\"x\",\"list\":[\"y\",true]}}";
    bool whole = false;
    json_set_alloc_funcs(failing_malloc, free);
    for (fail_at = 0; !whole; fail_at++) {
        allocations = 0;
        Json *o = json_make(), *child = json_make(), *list = json_make_array(), *yes;
        json_put_int(o, "a", 1);
        json_put_interval(o, "ci", 0.5, 1);
        json_put_str(child, "s", "x");
        json_add_str(list, "y");
        yes = json_parse("true", 4, "yes", NULL);
        json_add(list, yes);
        json_put(child, "list", list);
        json_put(o, "o", child);
        char *text = json_text(o);
        whole = allocations <= fail_at;
        if (text) assert_string_equal(text, want);
        assert_true(!whole || text);
        free(text);
        json_drop(o);
    }
    assert_true(fail_at > 20);
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_in_order_on_one_line), cmocka_unit_test(text_is_ascii_and_survives),
        cmocka_unit_test(numbers_read_back),           cmocka_unit_test(reads_by_name_and_type),
        cmocka_unit_test(refuses_what_is_not_strict),  cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(losses_are_remembered),       cmocka_unit_test(no_memory_means_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
