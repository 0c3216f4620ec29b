/* The Train screen: runs as their folders hold them, cell for cell at two sizes; and runs that are told what
 * their batches hold, by keys and by the command line, done again from the journal to the same weights. */
#include "engine/train_command.h"
#include "screens/play.h"
#include "screens/program.h"
#include <math.h>

/* --- stored runs ---------------------------------------------------------------------------------------- */

static const char *const like = "vs1:tiny@%s/seed=%d/class=%d/psi=1";

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    Err err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_make_folder(folder, &err) && file_replace(path, text, strlen(text), &err), err);
}

/* 300 steps of a loss that falls to `floor`. */
static void write_metrics(const char *folder, double floor)
{
    char path[256];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int step = 0; step < 300; step++) {
        double left = exp(-step / 90.0);
        fprintf(f,
                "{\"step\": %d, \"loss\": %.4f, \"rate\": %.4f, \"temperature\": 0.2, \"sigma\": 0.3, "
                "\"positive\": %.3f, "
                "\"negative\": 0.05, \"alignment\": %.3f, \"uniformity\": %.3f, \"views\": %d, \"unique\": "
                "%d, \"elapsed\": "
                "%.1f}\n",
                step, floor + 4 * left + 0.04 * (step % 4), 0.12 * (1 - step / 300.0), 0.9 - 0.4 * left,
                0.2 + 0.3 * left, -3 + 2 * left, (step + 1) * 512, (step + 1) * 512, step * 0.7);
        if (step % 100 == 99)
            fprintf(f,
                    "{\"step\": %d, \"rank\": %.1f, \"spread\": %.2f}\n{\"step\": %d, \"linear\": %.3f, "
                    "\"knn\": %.3f}\n",
                    step, 20 + 30 * (1 - left), 0.7 + 0.2 * (1 - left), step, 0.88 - floor / 50 - 0.1 * left,
                    0.85 - floor / 50 - 0.12 * left);
        if (step == 99) fprintf(f, "{\"step\": 0, \"untrained_linear\": 0.793, \"untrained_knn\": 0.741}\n");
    }
    assert_int_equal(fclose(f), 0);
}

static int prepare(void **state)
{
    (void)state;
    char control[2048], row[400], address[200];
    setenv("TZ", "UTC", 1);
    setenv("XDG_CACHE_HOME", "/tmp", 1);
    write_file("told/0001", "config.json",
               "{\"train\": {\"views\": \"generator\", \"encoder\": \"small\", \"seed\": 3}, \"started\": "
               "1790000000}");
    write_file("told/0002", "config.json",
               "{\"train\": {\"views\": \"generator\", \"encoder\": \"tiny\", \"seed\": 4, \"sigma\": 0.45, "
               "\"pairs\": 64}, "
               "\"started\": 1790001000}");
    write_metrics("told/0001", 1.5);
    write_metrics("told/0002", 1.2);
    control[0] = 0;
    static const char *const said[] = {"exclude ", "weight 4 ", "mix 0.25", "rate 0.15"};
    for (int i = 0; i < 4; i++) {
        snprintf(address, sizeof address, like, "0123456789abcdef", 7 + i, i);
        snprintf(row, sizeof row, "{\"at\": %d, \"step\": %d, \"applied\": \"%s%s\", \"requests\": %d}\n",
                 i + 1, 60 * i + 40, said[i], i < 2 ? address : "", i + 1);
        strcat(control, row);
    }
    write_file("told/0002", "control.jsonl", control);
    return 0;
}

static void play(void **state)
{
    const char *name = *state;
    static const char *const size[] = {"80x24", "132x43"};
    for (int i = 0; i < 2; i++) {
        char screen[64];
        play_keys(name, size[i], "fashion-small", "told", NULL);
        snprintf(screen, sizeof screen, "%s-%s", name, size[i]);
        compare_screen(screen, "screen.txt");
    }
}

/* Where a terminal shows pictures the curves are painted; everything else stays text. */
static void painted(void **state)
{
    (void)state;
    static const char *const size[] = {"80x24", "132x43"};
    for (int i = 0; i < 2; i++) {
        char screen[64];
        succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "told", "--size", size[i],
                            "--script", FOLDER "train-diff.keys", "--fake-clock", "--graphics", "sixel",
                            "--dump-screen", "screen.txt"));
        snprintf(screen, sizeof screen, "train-painted-%s", size[i]);
        compare_screen(screen, "screen.txt");
    }
}

/* The command line says the same of two runs. */
static void two_runs_are_compared(void **state)
{
    (void)state;
    succeeded(viewsmith("runs", "diff", "1", "2", "--runs", "told", "--json", "--quiet"));
    Json *o = json_of("out.txt");
    const Json *settings = json_get(o, "settings"), *curve = json_get(o, "curve");
    static const char *const name[] = {"encoder", "seed", "sigma", "pairs", "told"};
    assert_int_equal(json_count(settings), 5);
    for (size_t i = 0; i < 5; i++) assert_string_equal(json_str(json_at(settings, i), "name", ""), name[i]);
    assert_string_equal(json_str(json_at(settings, 2), "b", ""), "0.45");
    assert_string_equal(json_str(json_at(settings, 4), "b", ""),
                        "exclude seed 7 at 40, weight 4 seed 8 at 100, mix 0.25 at 160, rate 0.15 at 220");
    assert_int_equal(json_count(curve), 9);
    for (size_t i = 0; i < 9; i++) /* one lies 0.3 above the other */
        assert_true(fabs(json_num(json_at(curve, i), "a", 0) - json_num(json_at(curve, i), "b", 0) - 0.3) <
                    0.01);
    json_drop(o);
    assert_int_equal(viewsmith("runs", "1", "2", "--runs", "told"), 2);
    assert_int_equal(viewsmith("runs", "diff", "1", "7", "--runs", "told"), 1);
}

/* --- live ----------------------------------------------------------------------------------------------- */

static void live(const char *keys)
{
    write_text("keys.txt", keys);
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "live", "--size", "132x43",
                        "--script", "keys.txt", "--fake-clock", "--graphics", "none", "--journal-file",
                        "journal.jsonl", "--session-file", "session.json"));
}

static int clean(void **state)
{
    (void)state;
    remove("journal.jsonl");
    remove("session.json");
    if (file_exists("live")) file_remove_tree("live", NULL);
    return 0;
}

#define START                                                                                                \
    "3\nwait\n:source generator\nj j j j h h h\nexpect 32\nj h\nexpect tiny\ns\nwait\nexpect run 0001\n"

/* Keys -> the run's log with the step it took hold at -> a new process trains it again to the same weights;
 * the command line reads what was told, and makes the pairs of a step again. */
static void a_run_is_told_which_views_come(void **state)
{
    (void)state;
    live(START "d\nexpect come no more\nexpect 1 weighed\nl\nf f\nexpect come 4 times as often\nexpect 2 "
               "weighed\nM M\n"
               "expect real 10 %\nwait\n:tell nonsense\nexpect a run takes rate X\n:weight 9\nexpect 0 to "
               "8\nwait\nx\nwait\n"
               "expect stopped and saved\nd\nexpect no run is going on\n");
    char *log = text_of("live/0001/control.jsonl");
    assert_non_null(strstr(log, "\"applied\":\"exclude vs1:"));
    assert_non_null(strstr(log, "\"applied\":\"weight 4 vs1:"));
    assert_non_null(strstr(log, "\"applied\":\"mix 0.1\""));
    succeeded(viewsmith("replay", "journal.jsonl", "--model", MODEL, "--runs", "live", "--quiet"));
    succeeded(
        viewsmith("runs", "1", "--runs", "live", "--pairs", "0", "--model", MODEL, "--json", "--quiet"));
    Json *o = json_of("out.txt");
    assert_int_equal(json_count(json_get(o, "weights")), 2);
    assert_true(json_num(o, "mix", 0) > 0.09);
    const char *excluded = json_str(json_at(json_get(o, "weights"), 0), "like", "");
    const char *anchor = json_str(json_at(json_get(o, "pairs"), 0), "anchor", "");
    assert_non_null(strstr(log, excluded));
    assert_int_equal(strncmp(anchor, "vs1:", 4), 0);
    json_drop(o);
    free(log);
}

/* What was excluded comes again with the same key, and is gone from the list. */
static void the_same_key_takes_it_back(void **state)
{
    (void)state;
    live(START "d\nexpect come no more\nd\nexpect as often as the stream\nrefuse weighed\nwait\nx\nwait\n");
    succeeded(viewsmith("runs", "1", "--runs", "live", "--json", "--quiet"));
    Json *o = json_of("out.txt");
    assert_int_equal(json_count(json_get(o, "weights")), 0);
    json_drop(o);
}

/* What a run could not do is told wherever one is, once. */
static void trouble_is_told_on_every_screen(void **state)
{
    (void)state;
    live(START ":tell share 0.1\nSpace\nwait\nexpect paused\n2\nwait\nCtrl-G\nexpect run 0001: this run was "
               "begun without views\n"
               "Escape\n3\nx\nwait\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"train-told", play, NULL, NULL, (void *)(uintptr_t) "train-told"},
        {"train-health", play, NULL, NULL, (void *)(uintptr_t) "train-health"},
        {"train-diff", play, NULL, NULL, (void *)(uintptr_t) "train-diff"},
        cmocka_unit_test(painted),
        cmocka_unit_test(two_runs_are_compared),
        cmocka_unit_test_setup(a_run_is_told_which_views_come, clean),
        cmocka_unit_test_setup(the_same_key_takes_it_back, clean),
        cmocka_unit_test_setup(trouble_is_told_on_every_screen, clean),
    };
    return cmocka_run_group_tests_name("train", tests, prepare, NULL);
}
