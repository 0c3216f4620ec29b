/* tray: what a script relies on: verbs, JSON, states, searches, and sentences for what cannot be done. */
#include "cli/command.h"

static int fresh(void **state)
{
    (void)state;
    setenv("VIEWSMITH_JUDGE", "judge.safetensors", 1);
    static const char *const left[] = {"home", "out", "shards", "pictures", "other.sqlite"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        if (file_exists(left[i])) file_remove_tree(left[i], NULL);
    return 0;
}

static int64_t id_of(const Said *s)
{
    Json *o = result_of(s);
    int64_t id = json_int(json_get(o, "view"), "id", 0);
    json_drop(o);
    return id;
}

static void add_tag_drop(void **state)
{
    (void)state;
    assert_int_equal(
        id_of(viewsmith("tray add seed=4711/class=7 --tags 'heel worn' --note 'sole is gone' --json")), 1);
    assert_int_equal(id_of(viewsmith("tray add seed=12/class=5 --parent seed=4711/class=7 --json")), 2);
    Json *o = result_of(viewsmith("tray add seed=4711/class=7 --json"));
    assert_true(json_bool(o, "was", false));
    json_drop(o);
    o = result_of(viewsmith("tray list heel --json"));
    assert_int_equal(json_count(json_get(o, "views")), 1);
    const Json *view = json_at(json_get(o, "views"), 0);
    assert_string_equal(json_str(view, "tags", ""), "heel worn");
    assert_string_equal(json_str(view, "note", ""), "sole is gone");
    assert_string_equal(json_str(view, "state", ""), "kept");
    assert_int_equal(json_int(view, "class", -1), 7);
    json_drop(o);
    assert_has(viewsmith("tray show 2")->out, "from vs1:tiny@");
    assert_has(viewsmith("tray tag '#2' heel")->out, "heel");
    assert_has(viewsmith("tray tags")->out, "2  heel");
    assert_has(viewsmith("tray note 2 bent at the toe")->out, "bent at the toe");
    assert_has(viewsmith("tray tag 1 -worn")->out, "#1     heel ");
    assert_has(viewsmith("tray drop 1 2")->out, "#2 is dropped");
    o = result_of(viewsmith("tray list --json"));
    assert_int_equal(json_count(json_get(o, "views")), 0);
    json_drop(o);
    assert_has(viewsmith("tray keep 1")->out, "#1 is kept");
    assert_has(viewsmith("tray list --state all")->out, "#2");
}

/* The same file as the screens', or one that is named. */
static void one_file(void **state)
{
    (void)state;
    assert_int_equal(viewsmith("tray add seed=1/class=1 --quiet")->status, 0);
    assert_true(file_exists("home/viewsmith/tray.sqlite"));
    setenv("VIEWSMITH_TRAY", "other.sqlite", 1);
    Json *o = result_of(viewsmith("tray list --json --quiet"));
    assert_int_equal(json_count(json_get(o, "views")), 0);
    json_drop(o);
    assert_true(file_replace("other.sqlite", "no tray", 7, NULL));
    remove("other.sqlite-wal");
    assert_failed(viewsmith("tray list"), 1, "other.sqlite is damaged or no database");
    unsetenv("VIEWSMITH_TRAY");
}

static void leaves_and_comes_back(void **state)
{
    (void)state;
    viewsmith("tray add seed=1/class=1 --tags heel");
    viewsmith("tray add seed=2/class=9/pca-1=1 --tags 'heel worn'");
    viewsmith("tray add seed=3/class=3");
    Json *o = result_of(viewsmith("tray export out --as classes --tag heel --json --quiet"));
    assert_true(json_int(o, "views", 0) == 2 && json_int(o, "left_out", -1) == 0);
    json_drop(o);
    assert_true(file_exists("out/trouser/000000.png") && file_exists("out/ankle-boot/000001.png"));
    assert_has(viewsmith("tray export shards --as webdataset --shard 2 --quiet")->out, "3 views in shards");
    assert_true(file_exists("shards/shard-000001.tar"));
    assert_failed(viewsmith("tray export out"), 2, "out is not empty: name a new folder");
    assert_failed(viewsmith("tray export new --as zip"), 2, "there are folder, classes, tags, webdataset");
    assert_failed(viewsmith("tray export new --tag absent"), 2, "nothing in the tray to export");
    setenv("VIEWSMITH_TRAY", "other.sqlite", 1);
    o = result_of(viewsmith("tray import shards --tag again --json --quiet"));
    assert_true(json_int(o, "added", 0) == 3 && json_int(o, "failed", -1) == 0);
    json_drop(o);
    assert_has(viewsmith("tray import 'out/ankle-boot/000001.png'")->out, "0 new, 1 there before");
    assert_has(viewsmith("tray list again worn")->out, "/pca-1=1");
    assert_failed(viewsmith("tray import absent"), 1, "absent");
    unsetenv("VIEWSMITH_TRAY");
}

static void search_finds(void **state)
{
    (void)state;
    viewsmith("tray add seed=7/class=9 --tags boot");
    Json *o = result_of(viewsmith("tray search --like boot --count 3 --realism 0 --json --quiet"));
    assert_int_equal(json_int(o, "found", 0), 3);
    json_drop(o);
    assert_has(viewsmith("tray list --state candidate --tag boot")->out, "class=9");
    o = result_of(viewsmith("tray search --unsure --class bag --count 2 --realism 0 --json --quiet"));
    assert_int_equal(json_int(o, "found", 0), 2);
    json_drop(o);
    assert_failed(viewsmith("tray search"), 2, "one of --like TAG, --unsure, --disagree");
    assert_failed(viewsmith("tray search --like absent --realism 0 --quiet"), 2,
                  "no view of the tray has the tag");
    assert_failed(viewsmith("tray search --unsure --class nothing"), 2, "nothing");
}

static void refuses(void **state)
{
    (void)state;
    assert_failed(viewsmith("tray frob"), 2, "tray cannot \"frob\"");
    assert_failed(viewsmith("tray add"), 2, "usage: viewsmith tray add");
    assert_failed(viewsmith("tray show 99"), 2, "there is no #99 in the tray");
    assert_failed(viewsmith("tray show x"), 2, "\"x\" is no view of the tray");
    assert_failed(viewsmith("tray list --state odd"), 2, "--state is kept, candidate, dropped or all");
    assert_failed(viewsmith("tray add seed=1/class=1 --tags 'a/b'"), 2, "cannot be a tag");
    assert_failed(viewsmith("tray add seed=1/class=77"), 2, "\"77\" is no class");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(add_tag_drop, fresh),
        cmocka_unit_test_setup(one_file, fresh),
        cmocka_unit_test_setup(leaves_and_comes_back, fresh),
        cmocka_unit_test_setup(search_finds, fresh),
        cmocka_unit_test_setup(refuses, fresh),
    };
    return cmocka_run_group_tests(tests, command_setup, command_teardown);
}
