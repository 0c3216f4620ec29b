/* From keys to a changed view or run, kept, taken up by a new process and done again by another: the same
 * bytes. Every step is a process of its own. */
#include "screens/program.h"

#define MODEL TEST_SOURCE_DIR "/screens/tiny.safetensors"

/* Plays keys over what is open; the session and the journal stay in this folder. */
static void play(const char *keys, const char *resume, const char *screen)
{
    write_text("keys.txt", keys);
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "runs", "--script", "keys.txt",
                        "--size", "132x43", "--fake-clock", "--graphics", "none", "--session-file",
                        "session.json", "--journal-file", "journal.jsonl", "--dump-screen", screen, resume));
}

/* What a replay in a new process comes to: the address, and in digest its picture's. */
static char *replayed(char digest[65], const char *flag)
{
    succeeded(
        viewsmith("replay", "journal.jsonl", "--model", MODEL, "--runs", "runs", "--quiet", "--json", flag));
    Json *o = json_of("out.txt");
    char *address = strdup(json_str(o, "address", ""));
    snprintf(digest, 65, "%s", json_str(o, "digest", ""));
    json_drop(o);
    return address;
}

static char *view_of_session(void)
{
    Json *o = json_of("session.json");
    char *view = strdup(json_str(json_get(o, "world"), "view", ""));
    json_drop(o);
    return view;
}

static int clean(void **state)
{
    (void)state;
    setenv("XDG_CACHE_HOME", "/tmp", 1);
    remove("session.json");
    remove("journal.jsonl");
    if (file_exists("runs")) file_remove_tree("runs", NULL);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------------------
 */

/* A view picked from the wall, steered, reseeded, taken back and pasted over. */
static void a_view_comes_back(void **state)
{
    (void)state;
    char digest[65], again[65], one[256];
    play("l l\nEnter\nwait\nj\nl l l l\nj\nL\nu\n:seed 99\n[ [\nwait\nexpect seed 99\n", NULL, "before.txt");
    char *view = view_of_session(), *address = replayed(digest, NULL);
    assert_non_null(strstr(view, "/seed=99/"));
    assert_string_equal(address, view);
    play("wait\nexpect seed 99\n", "--resume", "after.txt");
    char *before = text_of("before.txt"), *after = text_of("after.txt"), *kept = view_of_session();
    assert_string_equal(kept, view);
    assert_non_null(strstr(after, "seed 99"));
    /* The same view asked for by its address on the command line is the same picture. */
    snprintf(one, sizeof one, "{\"command\": \"go %.200s\"}\n", view);
    write_text("journal.jsonl", one);
    char *direct = replayed(again, NULL);
    assert_string_equal(again, digest);
    free(direct), free(before), free(after), free(kept), free(view), free(address);
}

/* The session of a screen that was not opened again is not lost. */
static void unopened_screens_keep_theirs(void **state)
{
    (void)state;
    write_text("session.json", "{\"format\": \"viewsmith-session 1\", \"screen\": \"Steer\", \"screens\": "
                               "{\"Train\": {\"kept\": 5}}}");
    play("wait\nexpect Directions\n", "--resume", "screen.txt");
    Json *o = json_of("session.json");
    assert_int_equal(json_int(json_get(json_get(o, "screens"), "Train"), "kept", 0), 5);
    json_drop(o);
}

static void bad_sessions_are_told(void **state)
{
    (void)state;
    write_text("keys.txt", "wait\n");
    assert_int_equal(
        viewsmith("--model", MODEL, "--script", "keys.txt", "--session-file", "session.json", "--resume"), 1);
    char *said = text_of("out.txt");
    assert_non_null(strstr(said, "there is no session to resume yet"));
    free(said);
    write_text("session.json", "{\"format\"");
    assert_int_equal(
        viewsmith("--model", MODEL, "--script", "keys.txt", "--session-file", "session.json", "--resume"), 1);
    said = text_of("out.txt");
    assert_non_null(strstr(said, "session.json"));
    free(said);
    write_text("session.json",
               "{\"world\": {\"view\": \"vs1:other@0123456789abcdef/seed=1/psi=1\"}, \"screens\": 3}");
    write_text("keys.txt", "expect the view of the session is gone\n");
    succeeded(
        viewsmith("--model", MODEL, "--script", "keys.txt", "--session-file", "session.json", "--resume"));
}

/* A run started, changed, stopped and gone on with is trained again from the journal, to the same weights. */
static void a_run_is_done_again(void **state)
{
    (void)state;
    char digest[65];
    play("3\nwait\n:source generator\nj j j j h h h\nj h\nexpect tiny\ns\nwait\nexpect run "
         "0001\n]\n}\nwait\nx\nwait\n"
         "expect stopped and saved\nb\nwait\nexpect run 0001\nx\nwait\nexpect stopped and saved\n",
         NULL, "screen.txt");
    char *journal = text_of("journal.jsonl");
    assert_non_null(strstr(journal, "\"started\":\"train 0001\""));
    assert_non_null(strstr(journal, "run 0001 rate"));
    free(replayed(digest, NULL));
    free(replayed(digest, "--no-train"));
    /* A digest that is not the run's is noticed. */
    assert_non_null(strstr(journal, "\"digest\":\""));
    size_t at = (size_t)(strstr(journal, "\"digest\":\"") - journal) + 10;
    journal[at] = journal[at] == 'a' ? 'b' : 'a';
    write_text("journal.jsonl", journal);
    assert_int_equal(viewsmith("replay", "journal.jsonl", "--model", MODEL, "--runs", "runs", "--quiet"), 1);
    char *said = text_of("out.txt");
    assert_non_null(strstr(said, "the result of train 0001"));
    free(said);
    free(journal);
}

/* A run that went back to its beginning: both ways come out the same, though its log keeps only the last. */
static void a_way_that_was_left_is_done_again(void **state)
{
    (void)state;
    char digest[65];
    play("3\nwait\n:source generator\nj j j j h h h\nj h\nexpect tiny\ns\nwait\nexpect run 0001\n]\nx\nwait\n"
         "expect stopped and saved\n:rollback 0\nwait\nx\nwait\nexpect stopped and saved\n",
         NULL, "screen.txt");
    char *log = text_of("runs/0001/control.jsonl");
    assert_non_null(strstr(log, "rollback 0"));
    free(replayed(digest, NULL));
    free(log);
}

static void bad_journals_name_the_row(void **state)
{
    (void)state;
    write_text("journal.jsonl", "{\"command\": \"seed 5\"}\n{\"command\": \"sed 5\"}\n");
    assert_int_equal(viewsmith("replay", "journal.jsonl", "--model", MODEL), 2);
    char *said = text_of("out.txt");
    assert_non_null(strstr(said, "journal.jsonl, row 2: no command \"sed\""));
    free(said);
    assert_int_equal(viewsmith("replay", "absent.jsonl", "--model", MODEL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_view_comes_back, clean),
        cmocka_unit_test_setup(unopened_screens_keep_theirs, clean),
        cmocka_unit_test_setup(bad_sessions_are_told, clean),
        cmocka_unit_test_setup(a_run_is_done_again, clean),
        cmocka_unit_test_setup(a_way_that_was_left_is_done_again, clean),
        cmocka_unit_test_setup(bad_journals_name_the_row, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
