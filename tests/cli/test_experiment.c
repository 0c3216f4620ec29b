/* experiment: the shipped recipes can be read, and one of one's own leaves lines, tables and a plot, from any
 * folder. */
#include "cli/command.h"

static const char recipe[] =
    "{\"title\": \"Mine\", \"data\": \"fashion-small\", \"split\": \"test\", \"seeds\": 2,"
    "\"train\": {\"encoder\": \"tiny\", \"pairs\": 4, \"steps\": 2},"
    "\"arms\": [{\"name\": \"real\", \"train\": {\"views\": \"real\"}},"
    "{\"name\": \"made\", \"model\": \"model.safetensors\"}],"
    "\"compare\": [{\"first\": \"made\", \"second\": \"real\", \"asks\": \"made - real\"}]}";

static void shipped_ones_can_be_read(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith("experiment --json"));
    const Json *names = json_get(o, "experiments");
    assert_true(json_count(names) >= 2);
    json_drop(o);
}

static void one_of_ones_own(void **state)
{
    (void)state;
    Err err = {0};
    char text[8192];
    assert_ok(file_remove_tree("res", &err) && file_remove_tree("res.md", &err), err);
    assert_ok(file_replace("mine.json", recipe, strlen(recipe), &err), err);
    Json *o = result_of(viewsmith("experiment mine.json --out res --json"));
    assert_int_equal(json_int(o, "rows", 0), 4);
    assert_int_equal(json_int(o, "made", 0), 4);
    json_drop(o);
    read_text(text, sizeof text, "said.err");
    assert_has(text, "the test images are used");
    read_text(text, sizeof text, "res.md");
    assert_has(text, "| made - real | linear probe | 2 |");
    assert_has(text, "(res/mine.jsonl)");
    assert_true(file_exists("res/mine.png"));
    o = result_of(viewsmith("experiment mine.json --out res --list --json"));
    assert_int_equal(json_int(json_at(json_get(o, "arms"), 1), "rows", 0), 2);
    json_drop(o);
    assert_failed(viewsmith("experiment mine.json --arm none"), 2, "--list names them");
    assert_failed(viewsmith("experiment mine.json --out res --row 0123456789abcdef"), 2, "has no row");
    assert_failed(viewsmith("experiment none"), 2, "there is no experiment");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shipped_ones_can_be_read),
                                       cmocka_unit_test(one_of_ones_own)};
    return cmocka_run_group_tests(tests, command_setup, command_teardown);
}
