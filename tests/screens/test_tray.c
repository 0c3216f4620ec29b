/* The tray by keys and mouse at two sizes; and what one process keeps, another takes in: the same addresses,
 * the same bytes, by keys and by the command line. */
#include "check.h"
#include "engine/stage.h"
#include "model/tiny.h"
#include "screens/play.h"
#include "screens/program.h"

static int clean(void **state)
{
    char here[3000];
    (void)state;
    setenv("TZ", "UTC", 1);
    assert_non_null(getcwd(here, sizeof here));
    strcat(here, "/data");
    setenv("XDG_DATA_HOME", here, 1);
    setenv("XDG_CACHE_HOME", here, 1);
    static const char *const left[] = {"data", "none", "corners", "out", "again", "twin"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        if (file_exists(left[i])) file_remove_tree(left[i], NULL);
    return 0;
}

static void play(void **state)
{
    const char *name = *state;
    char screen[64];
    static const char *const size[] = {"80x24", "132x43"};
    for (int i = 0; i < 2; i++) {
        clean(NULL);
        play_keys(name, size[i], "fashion-small", "none", NULL);
        snprintf(screen, sizeof screen, "%s-%s", name, size[i]);
        compare_screen(screen, "screen.txt");
    }
}

static void run_keys(const char *keys)
{
    write_text("keys.txt", keys);
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script", "keys.txt",
                        "--fake-clock", "--graphics", "none"));
}

static void another_machine(const char *name)
{
    char here[3000];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(here + strlen(here), sizeof here - strlen(here), "/data/%s", name);
    setenv("XDG_DATA_HOME", here, 1);
}

/* The addresses in the tray of this machine, one a line; the caller frees. */
static char *listed(void)
{
    succeeded(viewsmith("tray", "list", "--quiet"));
    return text_of("out.txt");
}

static void same(const char *a, const char *b)
{
    char line[512];
    snprintf(line, sizeof line, "diff -r %s %s", a, b);
    assert_int_equal(system(line), 0);
}

/* Keys -> tray -> export -> a new process on another machine -> the same addresses -> exported again: the
 * same bytes. */
static void chain(void **state)
{
    const char *kind = *state;
    char keys[512];
    clean(NULL);
    another_machine("one");
    snprintf(keys, sizeof keys,
             "wait\nt\nl\nT\ntype heel worn\nEnter\nwait\nEnter\nwait\n:do set pca-2 1.5\nT\ntype "
             "heel\nEnter\n5\nwait\n"
             ":note bent\nwait\n:export-%s out\nwait\nexpect 3 views exported to out\n",
             kind);
    run_keys(keys);
    char *one = listed();
    another_machine("two");
    run_keys("5\nwait\n:import out\nwait\nexpect 3 new, 0 there before, 0 not taken\n");
    char *two = listed();
    assert_string_equal(one, two);
    assert_non_null(strstr(one, "/pca-2=1.5"));
    assert_non_null(strstr(one, "bent"));
    snprintf(keys, sizeof keys, "5\nwait\n:export-%s again\nwait\n", kind);
    run_keys(keys);
    same("out", "again");
    /* The command line writes the same, on the first machine. */
    another_machine("one");
    succeeded(viewsmith("tray", "export", "twin", "--as", kind, "--model", MODEL, "--quiet"));
    same("out", "twin");
    free(one), free(two);
}

/* The filter and the selection come back with the session; a near-duplicate is told and marked. */
static void comes_back(void **state)
{
    (void)state;
    Err err = {0};
    clean(NULL);
    Encoder *judge = tiny_encoder(3, 8, &err);
    assert_ok(judge && encoder_save(judge, "judge.safetensors", &err), err);
    encoder_drop(judge);
    setenv("VIEWSMITH_JUDGE", "judge.safetensors", 1);
    remove("session.json");
    static const char *const keys[] = {
        "wait\nT\ntype heel\nEnter\nwait\nl\nT\ntype heel\nEnter\nl\nt\nwait\n5\nwait\n/\ntype "
        "heel\nEnter\nl\nwait\nexpect 2 of 3\nEnter\nwait\n:do set pca-1 0.0001\nt\n5\nwait\nexpect "
        "near-duplicate of #2\n",
        "wait\nexpect 2 of 4\nexpect /heel\nexpect #2  bag\nEscape\nG\nwait\nexpect \u2248 "
        "#2\nexpect "
        "like     #2\n"};
    for (int i = 0; i < 2; i++) {
        write_text("keys.txt", keys[i]);
        succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script",
                            "keys.txt", "--fake-clock", "--graphics", "none", "--session-file",
                            "session.json", i ? "--resume" : NULL));
    }
    unsetenv("VIEWSMITH_JUDGE");
}

/* Two runs, one with a share of the tray: what they know of its views, by keys and by the command line. */
static void compared(void **state)
{
    (void)state;
    clean(NULL);
    if (file_exists("live")) file_remove_tree("live", NULL);
    stage_data("slices");
    run_keys("wait\nT\ntype heel\nEnter\nl\nl\nT\ntype heel\nEnter\nwait\n5\nwait\nC\nexpect no run has "
             "learnt from the tray\n");
    for (int i = 0; i < 2; i++)
        succeeded(viewsmith("train", "--model", MODEL, "--data", "slices", "--runs", "live", "--steps", "2",
                            "--encoder", "tiny", "--pairs", "8", "--seed", i ? "2" : "1", "--quiet",
                            i ? "--tray" : NULL, "heel", "--tray-share", "0.5"));
    write_text("keys.txt",
               "5\nwait\n/\ntype heel\nEnter\nwait\nC\nexpect compare 0001 0002\nEnter\nwait\nexpect Seen "
               "right: heel\nexpect 64 views around 2 kept\n");
    succeeded(viewsmith("--model", MODEL, "--data", "slices", "--runs", "live", "--script", "keys.txt",
                        "--fake-clock", "--graphics", "none", "--size", "132x43", "--dump-screen",
                        "screen.txt"));
    succeeded(viewsmith("tray", "compare", "--tag", "heel", "--model", MODEL, "--data", "slices", "--runs",
                        "live", "--quiet", "--json"));
    Json *o = json_of("out.txt");
    char *screen = text_of("screen.txt"), figure[32];
    snprintf(figure, sizeof figure, "%.1f %%", 100 * json_num(o, "b", -1));
    assert_non_null(strstr(screen, figure));
    free(screen);
    json_drop(o);
}

/* A tray that cannot be read is told in one sentence and left as it is; everything else goes on. */
static void damaged(void **state)
{
    (void)state;
    clean(NULL);
    setenv("VIEWSMITH_TRAY", "damaged.sqlite", 1);
    write_text("damaged.sqlite", "this is no tray");
    run_keys("wait\n5\nwait\nexpect damaged.sqlite is damaged or no database\n1\nt\nwait\nexpect is "
             "damaged\n2\nwait\n"
             "expect seed 0\n");
    char *left = text_of("damaged.sqlite");
    assert_string_equal(left, "this is no tray");
    free(left);
    unsetenv("VIEWSMITH_TRAY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(play, "corners-empty"),
        cmocka_unit_test_prestate(play, "corners"),
        cmocka_unit_test_prestate(play, "corners-edit"),
        cmocka_unit_test_prestate(play, "corners-export"),
        cmocka_unit_test_prestate(play, "corners-mouse"),
        cmocka_unit_test_prestate(play, "corners-train"),
        cmocka_unit_test(comes_back),
        cmocka_unit_test(compared),
        cmocka_unit_test(damaged),
        cmocka_unit_test_prestate(chain, "folder"),
        cmocka_unit_test_prestate(chain, "classes"),
        cmocka_unit_test_prestate(chain, "tags"),
        cmocka_unit_test_prestate(chain, "webdataset"),
    };
    return cmocka_run_group_tests_name("tray", tests, clean, NULL);
}
