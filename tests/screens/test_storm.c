/* A hand that presses anything anywhere, in windows of any size, while a run trains: nothing breaks, the
 * program leaves in order, and its journal leads another process to the same view.
 *
 * And every screen in windows of every size, 1 to 100 rows of 1 to 300 columns (LAYOUT=1; else one size of
 * 37).
 *
 * STORM=N is how many events there are (1,500 when not set); 100000 under the address sanitizer is what a
 * release has to stand: STORM=100000 tests/run --preset asan -R screens/storm */
#include "screens/program.h"

#define MODEL TEST_SOURCE_DIR "/screens/tiny.safetensors"

static uint32_t dice;

static int roll(int n)
{
    dice = dice * 1664525u + 1013904223u;
    return (int)((dice >> 8) % (uint32_t)n);
}

static int events(void)
{
    const char *set = getenv("STORM");
    return set && atoi(set) > 0 ? atoi(set) : 1500;
}

/* --- what a wild hand does ------------------------------------------------------------------------------ */

static void named_key(FILE *f)
{
    static const char *const names[] = {
        "Up",     "Down",      "Left",   "Right",      "Home",        "End",       "PageUp", "PageDown",
        "Tab",    "Shift-Tab", "Enter",  "Escape",     "Space",       "Backspace", "Ctrl-R", "Ctrl-D",
        "Ctrl-U", "Ctrl-L",    "Ctrl-G", "Shift-Left", "Shift-Right", "F1",        "Delete"};
    fprintf(f, "%s\n", names[roll((int)(sizeof names / sizeof *names))]);
}

/* All letters but q, which leaves, and those that would wait for a person's file. */
static void characters(FILE *f)
{
    static const char any[] =
        "abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789[]{}<>+-=/?,.;:'\"()*&%$@!~|\\_ ";
    fputs("type ", f);
    for (int n = 1 + roll(4); n > 0; n--) fputc(any[roll((int)sizeof any - 1)], f);
    fputc('\n', f);
}

/* Anywhere but on the last row, where quit is. */
static void mouse(FILE *f, int cols, int rows)
{
    int x = roll(cols + 2), y = roll(rows > 1 ? rows - 1 : 1);
    if (roll(3) == 0)
        fprintf(f, "wheel %d %d %s\n", x, y, roll(2) ? "up" : "down");
    else if (roll(2))
        fprintf(f, "drag %d %d %d %d\n", x, y, roll(cols + 2), roll(rows + 2));
    else
        fprintf(f, "click %d %d\n", x, y);
}

static void resize(FILE *f, int *cols, int *rows)
{
    bool any = roll(3) == 0;
    *cols = any ? 1 + roll(300) : 60 + roll(100);
    *rows = any ? 1 + roll(100) : 18 + roll(40);
    fprintf(f, "size %dx%d\n", *cols, *rows);
}

static void event(FILE *f, int *cols, int *rows)
{
    int what = roll(100);
    if (what < 40)
        named_key(f);
    else if (what < 70)
        characters(f);
    else if (what < 85)
        mouse(f, *cols, *rows);
    else if (what < 95)
        resize(f, cols, rows);
    else if (what < 96)
        fprintf(f, "paste \033[31mx\007 %c vs1:tiny/seed=%d\n", 1 + roll(30) == 10 ? 'n' : 'y', roll(99));
    else
        fprintf(f, "Escape\nEscape\n%d\n", 1 + roll(5));
}

static void write_storm(const char *path, const char *begin, int n, uint32_t seed)
{
    int cols = 100, rows = 34;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    dice = seed;
    fputs(begin, f);
    for (int i = 0; i < n; i++) event(f, &cols, &rows);
    fputs("size 100x34\nEscape\nEscape\nEscape\nwait 1\ndump end.txt\n", f);
    assert_int_equal(fclose(f), 0);
}

/* --- and what must hold --------------------------------------------------------------------------------- */

static void clean(void)
{
    static const char *const files[] = {"journal.jsonl", "session.json", "end.txt"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) remove(files[i]);
    if (file_exists("runs")) file_remove_tree("runs", NULL);
}

static void same_view_again(int part)
{
    Json *session = json_of("session.json");
    succeeded(viewsmith("replay", "journal.jsonl", "--model", MODEL, "--runs", "runs", "--quiet", "--json",
                        "--no-train"));
    Json *again = json_of("out.txt");
    const char *came_to = json_str(again, "address", ""),
               *was = json_str(json_get(session, "world"), "view", "none");
    if (strcmp(came_to, was)) fail_msg("part %d: the journal leads to %s instead of %s", part, came_to, was);
    json_drop(session);
    json_drop(again);
}

static const char training[] =
    "3\nwait\n:source generator\nj j j j h h h\nj h\nexpect tiny\ns\nwait\nexpect run 0001\n";

static void anything_anywhere(void **state)
{
    (void)state;
    const int parts = events() / 1000 > 4 ? events() / 1000 : 4;
    int whole = 0;
    for (int part = 0; part < parts; part++) {
        clean();
        write_storm("keys.txt", part % 2 ? "" : training, events() / parts, 7 + 13 * (uint32_t)part);
        succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "runs", "--script",
                            "keys.txt", "--size", "100x34", "--fake-clock", "--dump-screen", "last.txt",
                            "--session-file", "session.json", "--journal-file", "journal.jsonl"));
        if (!file_exists("end.txt")) continue; /* it found a way to leave */
        same_view_again(part);
        whole++;
    }
    assert_true(whole > parts / 2);
}

/* The way from A to B plays while a slider is dragged, and plays on while another screen is shown: the
 * journal knows where it had come to. */
static void played(void **state)
{
    static const char *const then[] = {"drag 50 6 58 6\nwait\n", "1\nwait\n", "wait 1\n"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        clean();
        FILE *f = fopen("keys.txt", "w");
        assert_non_null(f);
        fprintf(f, "2\nwait\na\n:seed 9\nwait\nb\nI\nwait\n:play\nwait 1\nwait 1\nwait 1\n%s", then[i]);
        assert_int_equal(fclose(f), 0);
        succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "runs", "--script",
                            "keys.txt", "--size", "100x34", "--fake-clock", "--dump-screen", "last.txt",
                            "--session-file", "session.json", "--journal-file", "journal.jsonl"));
        same_view_again(i);
    }
}

/* A wild hand also detaches runs, which then go on as this very program: their part in the test has ended. */
/* --- every size ----------------------------------------------------------------------------------------- */

static bool chosen(int rows, int cols)
{
    return getenv("LAYOUT") || (rows * 11 + cols * 7) % 37 == 0;
}

static void write_sizes(const char *path, const char *begin)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s\nwait\n", begin);
    for (int rows = 1; rows <= 100; rows++)
        for (int cols = 1; cols <= 300; cols++) {
            if (!chosen(rows, cols)) continue;
            fprintf(f, "size %dx%d\ncheck\n", cols, rows);
            if (rows >= 18 && cols >= 60) fputs("expect q quit\n", f);
        }
    assert_int_equal(fclose(f), 0);
}

static void layouts_hold(void **state)
{
    static const char *const screens[] = {
        "1", "2", "2\n:plane pca-1 pca-2", "2\nU", "3", "4", "5", ":doctor", "?", ",", "J"};
    (void)state;
    for (size_t i = 0; i < sizeof screens / sizeof *screens; i++) {
        write_sizes("keys.txt", screens[i]);
        int status =
            viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "runs", "--script", "keys.txt",
                      "--size", "100x34", "--fake-clock", "--graphics", "sixel", "--dump-screen", "last.txt");
        char *said = text_of("out.txt");
        if (status) fail_msg("keys %s: %s", screens[i], said);
        free(said);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(played), cmocka_unit_test(anything_anywhere),
                                       cmocka_unit_test(layouts_hold)};
    (void)argv;
    if (argc > 1) return 0;
    char home[4096];
    assert_non_null(getcwd(home, sizeof home - 8));
    strcat(home, "/home"); /* whatever is saved stays here */
    setenv("HOME", home, 1);
    setenv("XDG_DATA_HOME", home, 1);
    setenv("XDG_STATE_HOME", home, 1);
    setenv("XDG_CONFIG_HOME", home, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
