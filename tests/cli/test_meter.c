/* meter and sample --sort: what is told is what the library measures, and the sheet's order is that of the
 * meter. */
#include "cli/command.h"

static int setup(void **state)
{
    setenv("VIEWSMITH_JUDGE", "judge.safetensors", 1);
    return command_setup(state);
}

static const Json *row(const Json *o, size_t i)
{
    return json_at(json_get(o, "views"), i);
}

static void tells_all_meters(void **state)
{
    (void)state;
    Json *o = result_of(
        viewsmith("meter seed=3/class=2 seed=3/class=2/pca-1=5 --from seed=3/class=2 --data fashion-small "
                  "--json"));
    assert_string_equal(json_str(o, "space", ""), "tiny");
    assert_true(json_int(o, "real", 0) > 100);
    assert_int_equal(json_count(json_get(row(o, 0), "classes")), 3);
    assert_int_equal(json_count(json_get(row(o, 0), "nearest")), 4);
    assert_true(json_num(row(o, 0), "distance", -1) < 1e-6 && json_num(row(o, 1), "distance", -1) > 1e-6);
    assert_true(json_num(row(o, 0), "realism", -1) > 0 && json_num(row(o, 0), "unsure", -1) >= 0);
    json_drop(o);
    const Said *s = viewsmith("meter seed=3/class=2 --data fashion-small");
    assert_int_equal(s->status, 0);
    assert_has(s->out, "realism");
    assert_has(s->out, "in the features of tiny");
}

static void sorted_by_the_meter(void **state)
{
    (void)state;
    char line[8000] = "meter --json --data fashion-small";
    Json *o = result_of(viewsmith("sample -n 20 --seed 4 --sort realism --data fashion-small --json"));
    const Json *list = json_get(o, "addresses");
    assert_int_equal(json_count(list), 20);
    for (size_t i = 0; i < 20; i++) {
        const char *text;
        assert_true(json_value_str(json_at(list, i), &text));
        snprintf(line + strlen(line), sizeof line - strlen(line), " %s", text);
    }
    json_drop(o);
    o = result_of(viewsmith("%s", line));
    double before = -1;
    for (size_t i = 0; i < 20; i++) {
        double now = json_num(row(o, i), "realism", -1);
        assert_true(now >= before);
        before = now;
    }
    json_drop(o);
}

static void refusals(void **state)
{
    (void)state;
    assert_failed(viewsmith("sample -n 4 --sort beauty"), 2, "cannot be sorted by \"beauty\"");
    assert_failed(viewsmith("sample -n 5000 --sort realism"), 2, "at most 4096");
    assert_failed(viewsmith("meter seed=3/class=99"), 2, "class");
    assert_failed(viewsmith("meter"), 2, "");
}

static void without_data(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith("meter seed=3/class=2 --data nowhere --json"));
    assert_has(viewsmith("meter seed=3/class=2 --data nowhere")->err, "no realism");
    assert_int_equal(json_int(o, "real", -1), 0);
    assert_int_equal(json_count(json_get(row(o, 0), "nearest")), 0);
    assert_true(json_num(row(o, 0), "unsure", -1) >= 0);
    json_drop(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_all_meters),
        cmocka_unit_test(sorted_by_the_meter),
        cmocka_unit_test(refusals),
        cmocka_unit_test(without_data),
    };
    return cmocka_run_group_tests(tests, setup, command_teardown);
}
