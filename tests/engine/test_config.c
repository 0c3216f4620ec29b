/* Settings files that people edit, settings from four places, and sessions written beside the work. */
#include "check.h"
#include "base/file.h"
#include "engine/config.h"
#include "engine/journal.h"
#include "engine/session.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_text(const char *path, const char *text)
{
    assert_true(file_replace(path, text, strlen(text), NULL));
}

static void assert_file(const char *path, const char *wanted)
{
    uint8_t *bytes;
    size_t size;
    assert_true(file_read(path, 1 << 20, &bytes, &size, NULL));
    assert_string_equal((char *)bytes, wanted);
    free(bytes);
}

/* --- settings files ---------------------------------------------------------------------------------------
 */

static void lines_are_read(void **state)
{
    (void)state;
    Err err = {0};
    write_text("f", "# a comment\n\n theme=light  \nname = \"a \\\"b\\\" # c\" # why\nbare = two words # "
                    "gone\n[train]\nsteps = 5\r\n");
    KeyFile *f = keyfile_read("f", &err);
    assert_ok(f, err);
    assert_string_equal(keyfile_find(f, "", "theme")->value, "light");
    assert_string_equal(keyfile_find(f, "", "name")->value, "a \"b\" # c");
    assert_string_equal(keyfile_find(f, "", "bare")->value, "two words");
    assert_string_equal(keyfile_find(f, "train", "steps")->value, "5");
    assert_int_equal(keyfile_find(f, "train", "steps")->line, 7);
    assert_null(keyfile_find(f, "", "steps"));
    keyfile_free(f);
    f = keyfile_read("absent", &err);
    assert_ok(f && !keyfile_row(f, 0), err);
    keyfile_free(f);
}

static void wrong_lines_are_named(void **state)
{
    static const char *const bad[][2] = {{"x\n", "f:1: this is neither"},
                                         {"\na =\n", "f:2: there is no value"},
                                         {"a = \"x\n", "f:1: the quotes"},
                                         {"a = \"x\" y\n", "f:1: the quotes"},
                                         {"[a\n", "f:1: a section is like"},
                                         {"[a b]\n", "f:1: a section is like"},
                                         {"a! = 1\n", "f:1: this is neither"},
                                         {"a = 1\nb = 2\na = 3\n", "f:3: a was already given in line 1"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Err err = {0};
        write_text("f", bad[i][0]);
        assert_null(keyfile_read("f", &err));
        if (!strstr(err.msg, bad[i][1])) fail_msg("%s", err.msg);
    }
}

/* Only the line of the key changes. */
static void writing_keeps_the_rest(void **state)
{
    (void)state;
    Err err = {0};
    write_text("f", "# mine\ntheme = light   # nice\n\n[train]\nsteps = 5\n\n[fit]\nsteps = 6\n");
    KeyFile *f = keyfile_read("f", &err);
    assert_true(keyfile_set(f, "", "theme", "a \"b\\", &err));
    assert_true(keyfile_set(f, "", "data", "x/y z", &err));
    assert_true(keyfile_set(f, "train", "batch", "7", &err));
    assert_true(keyfile_set(f, "fit", "steps", NULL, &err));
    assert_true(keyfile_set(f, "probe", "k", "20", &err));
    assert_true(keyfile_set(f, "probe", "absent", NULL, &err));
    assert_false(keyfile_set(f, "probe", "k", "two\nlines", &err));
    assert_ok(keyfile_write(f, &(Err){0}), err);
    keyfile_free(f);
    assert_file("f", "# mine\ntheme = \"a \\\"b\\\\\"   # nice\ndata = \"x/y z\"\n\n[train]\nsteps = "
                     "5\nbatch = 7\n\n[fit]\n[probe]\nk = 20\n");
    err = (Err){0};
    f = keyfile_read("f", &err);
    assert_string_equal(keyfile_find(f, "", "theme")->value, "a \"b\\");
    keyfile_free(f);
}

/* --- settings ---------------------------------------------------------------------------------------------
 */

static void stronger_goes_first(void **state)
{
    (void)state;
    Err err = {0};
    char from[80];
    write_text("c", "theme = light\nnotify = title\n");
    setenv("VIEWSMITH_THEME", "mono", 1);
    setenv("VIEWSMITH_GRAPHICS", "", 1); /* empty is not set */
    Config *c = config_open("c", &err);
    assert_ok(c, err);
    assert_string_equal(config_text(c, SETTING_THEME), "mono");
    config_origin(c, SETTING_THEME, from, sizeof from);
    assert_string_equal(from, "VIEWSMITH_THEME");
    config_origin(c, SETTING_NOTIFY, from, sizeof from);
    assert_string_equal(from, "c:2");
    assert_string_equal(config_text(c, SETTING_GRAPHICS), "auto");
    assert_int_equal(config_from(c, SETTING_GRAPHICS), FROM_DEFAULT);
    assert_true(config_set(c, SETTING_THEME, "dark", FROM_FILE, &err)); /* weaker: stays */
    assert_string_equal(config_text(c, SETTING_THEME), "mono");
    assert_true(config_set(c, SETTING_THEME, "dark", FROM_FLAG, &err));
    assert_string_equal(config_text(c, SETTING_THEME), "dark");
    assert_true(config_set(c, SETTING_THEME, "safe", FROM_HAND, &err));
    assert_string_equal(config_text(c, SETTING_THEME), "safe");
    unsetenv("VIEWSMITH_THEME");
    config_free(c);
}

static void bad_settings_are_named(void **state)
{
    static const char *const bad[][2] = {
        {"nope = 1\n", "c:1: there is no setting \"nope\""},
        {"\ngraphics = big\n",
         "c:2: graphics is auto, kitty, sixel, half, half256, ascii or none, not \"big\""},
        {"session = yes\n", "c:1: session is on or off, not \"yes\""},
        {"threads = 0\n", "c:1: threads is a whole number from 1 to 64, not \"0\""}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Err err = {0};
        write_text("c", bad[i][0]);
        assert_null(config_open("c", &err));
        if (!strstr(err.msg, bad[i][1])) fail_msg("%s", err.msg);
    }
    Err err = {0};
    write_text("c", "");
    setenv("VIEWSMITH_NOTIFY", "shout", 1);
    assert_null(config_open("c", &err));
    assert_non_null(strstr(err.msg, "VIEWSMITH_NOTIFY in the environment: notify is none, bell"));
    unsetenv("VIEWSMITH_NOTIFY");
}

static void keeping_writes_the_file(void **state)
{
    (void)state;
    Err err = {0};
    char from[80];
    write_text("c", "# mine\nnotify = bell # loud\n");
    Config *c = config_open("c", &err);
    assert_ok(config_keep(c, SETTING_NOTIFY, "none", &err) && config_keep(c, SETTING_THEME, "light", &err),
              err);
    assert_file("c", "# mine\nnotify = none # loud\ntheme = light\n");
    config_origin(c, SETTING_THEME, from, sizeof from);
    assert_string_equal(from, "c:3");
    assert_true(config_keep(c, SETTING_NOTIFY, config_text(c, SETTING_NOTIFY), &err)); /* its own value */
    assert_string_equal(config_text(c, SETTING_NOTIFY), "none");
    assert_false(config_keep(c, SETTING_NOTIFY, "shout", &err));
    err = (Err){0};
    assert_ok(config_keep(c, SETTING_NOTIFY, NULL, &err), err);
    assert_file("c", "# mine\ntheme = light\n");
    assert_string_equal(config_text(c, SETTING_NOTIFY), "bell");
    assert_int_equal(config_from(c, SETTING_NOTIFY), FROM_DEFAULT);
    config_free(c);
}

/* --- sessions ---------------------------------------------------------------------------------------------
 */

static void the_last_session_counts(void **state)
{
    (void)state;
    Err err = {0};
    Session *s = session_open("s.json", &err);
    assert_ok(s, err);
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "{\"n\": %d}", i);
        session_put(s, strdup(text));
    }
    session_put(s, NULL);
    assert_ok(session_close(s, &err), err);
    Json *o = session_read("s.json", &err);
    assert_ok(o, err);
    assert_int_equal(json_int(o, "n", -1), 99);
    json_drop(o);
    assert_null(session_read("absent.json", &err));
    assert_int_equal(err.code, ERR_OK);
    write_text("s.json", "[1]");
    assert_null(session_read("s.json", &err));
    assert_string_equal(err.msg, "s.json is no session of viewsmith");
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    Err err = {0};
    Session *s = session_open("nowhere/s.json", &err);
    assert_ok(s, err);
    session_put(s, strdup("{}"));
    assert_false(session_close(s, &err));
    assert_non_null(strstr(err.msg, "nowhere/s.json"));
}

/* A journal that has grown large makes room, and the one before it is kept. */
static void a_large_journal_begins_anew(void **state)
{
    static char rows[9 << 20];
    char here[3000];
    Err err = {0};
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    setenv("XDG_STATE_HOME", here, 1);
    memset(rows, '\n', sizeof rows - 1);
    assert_true(file_make_folder("viewsmith", NULL));
    write_text("viewsmith/journal.jsonl", rows);
    Journal *j = journal_open(NULL, &err);
    assert_ok(j && journal_command(j, "seed 1", &err), err);
    journal_close(j);
    uint8_t *bytes;
    size_t size, before;
    assert_true(file_read("viewsmith/journal.jsonl.1", sizeof rows, &bytes, &before, NULL));
    free(bytes);
    assert_true(file_read("viewsmith/journal.jsonl", sizeof rows, &bytes, &size, NULL));
    assert_int_equal(before, sizeof rows - 1);
    assert_true(size < 200 && strstr((char *)bytes, "seed 1"));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read),
        cmocka_unit_test(wrong_lines_are_named),
        cmocka_unit_test(writing_keeps_the_rest),
        cmocka_unit_test(stronger_goes_first),
        cmocka_unit_test(bad_settings_are_named),
        cmocka_unit_test(keeping_writes_the_file),
        cmocka_unit_test(the_last_session_counts),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(a_large_journal_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
