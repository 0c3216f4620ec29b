/* What surrounds the screens, at two sizes: settings, commands offered, log, help, jobs and the tour; and a
 * setting kept by keys that the next process and the command line find. */
#include "screens/play.h"
#include "screens/program.h"

#define CONFIG "frame.config"

static int clean(void **state)
{
    char here[3000];
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    strcat(here, "/data");
    setenv("XDG_DATA_HOME", here, 1); /* an empty tray: the one screen that needs no picture */
    setenv("VIEWSMITH_CONFIG", CONFIG, 1);
    setenv("TZ", "UTC", 1);
    remove(CONFIG);
    remove("session.json");
    if (file_exists("data")) file_remove_tree("data", NULL);
    if (file_exists("live")) file_remove_tree("live", NULL);
    return 0;
}

/* With a copy of the generator beside the test: the settings page shows its path. */
static void play_here(const char *name, const char *size)
{
    char keys[512];
    uint8_t *bytes;
    size_t n;
    snprintf(keys, sizeof keys, FOLDER "%s.keys", name);
    assert_true(file_read(MODEL, 1 << 24, &bytes, &n, NULL) &&
                file_replace("tiny.safetensors", bytes, n, NULL));
    free(bytes);
    const char *argv[] = {"viewsmith", "--model",      "tiny.safetensors", "--data", "fashion-small",
                          "--runs",    "none",         "--script",         keys,     "--size",
                          size,        "--fake-clock", "--graphics",       "none",   "--dump-screen",
                          "screen.txt"};
    assert_int_equal(tui_main((int)(sizeof argv / sizeof *argv), (char **)(uintptr_t)argv), 0);
}

static void play(void **state)
{
    const char *name = *state;
    char screen[64];
    static const char *const size[] = {"80x24", "132x43"};
    for (int i = 0; i < 2; i++) {
        clean(NULL);
        play_here(name, size[i]);
        snprintf(screen, sizeof screen, "%s-%s", name, size[i]);
        compare_screen(screen, "screen.txt");
    }
}

static void keys(const char *script, const char *flag)
{
    write_text("keys.txt", script);
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "live", "--script", "keys.txt",
                        "--fake-clock", "--graphics", "none", "--size", "100x34", "--session-file",
                        "session.json", flag));
}

/* The file is the same whether it was written by keys or by the command line. */
static void a_setting_is_kept(void **state)
{
    (void)state;
    keys(",\nl l\nw\nexpect theme is kept\n", NULL);
    char *by_keys = text_of(CONFIG);
    assert_string_equal(by_keys, "theme = light\n");
    succeeded(viewsmith("config", "theme"));
    char *said = text_of("out.txt");
    assert_string_equal(said, "light\n");
    free(said);
    keys(",\nexpect light\nexpect frame.config:1\nd\nexpect no longer in\n", NULL);
    said = text_of(CONFIG);
    assert_string_equal(said, "");
    free(said);
    succeeded(viewsmith("config", "theme", "light"));
    said = text_of(CONFIG);
    assert_string_equal(said, by_keys);
    free(said);
    free(by_keys);
}

/* The pane follows a run, pauses it and cancels it, from another screen. */
static void a_run_in_the_jobs_pane(void **state)
{
    (void)state;
    keys("J\nexpect Nothing is being worked on\nEscape\n3\nwait\n:source generator\nj j j j h h h\nj "
         "h\nexpect tiny\ns\nwait\n"
         "expect run 0001\n1\nwait\nJ\nexpect train 0001\nexpect running\nSpace\nexpect "
         "paused\nSpace\nrefuse paused\nx\nwait\n"
         "expect stopped\nq\nCtrl-G\nexpect train began\nexpect train 0001 was stopped\n",
         NULL);
}

/* What the prompt proposes gives way to what is typed; Ctrl-U leaves the command's name, a second one takes
 * it too; a command without its argument stays open and says what it wants. */
static void the_prompt_proposes(void **state)
{
    (void)state;
    remove("view.png"), remove("view-2.png");
    keys("wait\nw\nexpect :save view.png\ntype shoe\nexpect :save shoe\nrefuse view.png\nCtrl-U\nexpect "
         "FILE.png\nCtrl-U\nrefuse :save\nEscape\nw\nBackspace\nrefuse view.png\nEscape\n"
         "s\nEnter\nexpect still wanted: SEED\ntype 4\nrefuse still wanted\nEscape\n"
         "w\nEnter\nwait\nexpect wrote view.png\nw\nexpect view-2.png\nLeft\ntype x\nEnter\nwait\nexpect "
         "wrote view-2.pnxg\n",
         NULL);
    assert_true(file_exists("view.png") && file_exists("view-2.pnxg"));
    remove("view.png"), remove("view-2.pnxg");
    /* Of several tags the last is completed. */
    keys("wait\nT\ntype heel worn\nEnter\nwait\nT\ntype worn he\nTab\nexpect :tray-as worn heel\n", NULL);
}

/* Splits, prompt history and figures come back in a new process. */
static void the_frame_comes_back(void **state)
{
    (void)state;
    keys("wait\n:class bag\nwait\nF\n", NULL);
    char *before = text_of("session.json");
    assert_non_null(strstr(before, "\"class bag\""));
    assert_non_null(strstr(before, "\"figures\":true"));
    keys("wait\n:\nUp\nexpect :class bag\nEscape\nexpect enc 0\n", "--resume");
    free(before);
}

/* The settings of the next run, the run in sight and how its curves are drawn come back. */
static void the_train_screen_comes_back(void **state)
{
    (void)state;
    keys("3\nwait\n:source generator\nj j j j h h h\nj h\nexpect tiny\ns\nwait\nexpect run 0001\nx\nwait\n"
         "expect stopped and saved\nL\nwait\n",
         NULL);
    char *before = text_of("session.json");
    assert_non_null(strstr(before, "\"run\":\"0001\""));
    keys("wait\nexpect run 0001\nEscape\nwait\nexpect tiny\n", "--resume");
    write_text(
        "session.json",
        "{\"screen\": \"Train\", \"screens\": {\"Train\": {\"next\": {\"pears\": 3}, \"run\": \"9\"}}}");
    keys("expect pears\n", "--resume");
    free(before);
}

/* The tour is played through, and leaves the view and the screen as they were. */
static void the_tour(void **state)
{
    char script[2048] =
        "wait\n:class bag\nwait\nl\nEnter\nwait\nexpect bag · seed 1\n:tour\nexpect made by a generator\n";
    (void)state;
    for (int i = 0; i < 45; i++) strcat(script, "wait 2\nwait\n");
    strcat(script, "refuse any key ends it\nexpect bag · seed 1\nCtrl-G\nexpect That was the tour\n");
    keys(script, NULL);
    keys("wait\n:tour\nexpect any key ends it\nx\nexpect That was the tour\nrefuse any key ends it\nexpect "
         "all classes\n",
         NULL);
}

int main(void)
{
    static const char *const names[] = {"frame-settings", "frame-palette", "frame-log", "frame-help",
                                        "frame-mouse"};
    enum { NAMES = sizeof names / sizeof *names };
    struct CMUnitTest tests[NAMES + 6] = {cmocka_unit_test_setup(a_setting_is_kept, clean),
                                          cmocka_unit_test_setup(a_run_in_the_jobs_pane, clean),
                                          cmocka_unit_test_setup(the_frame_comes_back, clean),
                                          cmocka_unit_test_setup(the_train_screen_comes_back, clean),
                                          cmocka_unit_test_setup(the_prompt_proposes, clean),
                                          cmocka_unit_test_setup(the_tour, clean)};
    for (int i = 0; i < NAMES; i++)
        tests[6 + i] = (struct CMUnitTest){names[i], play, clean, NULL, (void *)(uintptr_t)names[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
