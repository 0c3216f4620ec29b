/* Files: whole reads, folders, paths; and a replacement that is old or new whatever happens. */
#include "check.h"
#include "base/file.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int enter_scratch(void **state)
{
    char *name = strdup("/tmp/viewsmith-file-XXXXXX");
    *state = name;
    return name && mkdtemp(name) && chdir(name) == 0 ? 0 : -1;
}

static int leave_scratch(void **state)
{
    bool ok = chdir("/") == 0 && file_remove_tree(*state, NULL) && !file_exists(*state);
    free(*state);
    return ok ? 0 : -1;
}

static void assert_content(const char *path, const char *want)
{
    uint8_t *bytes;
    size_t size;
    Err err = {0};
    assert_ok(file_read(path, 1 << 20, &bytes, &size, &err), err);
    assert_int_equal(size, strlen(want));
    assert_string_equal((char *)bytes, want);
    free(bytes);
}

static long count_files(void)
{
    char **names;
    long n = file_list(".", &names, NULL);
    free(names);
    return n;
}

static void put(const char *path, const char *text)
{
    Err err = {0};
    assert_ok(file_replace(path, text, strlen(text), &err), err);
}

static void replaces_and_reads(void **state)
{
    (void)state;
    put("a", "old");
    put("a", "the new one");
    assert_content("a", "the new one");
    put("a", "");
    assert_content("a", "");
    assert_int_equal(count_files(), 1);
}

static void writes_in_pieces(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    uint8_t *want = malloc(SIZE), *got;
    size_t size, step = 1;
    for (int i = 0; i < SIZE; i++) want[i] = (uint8_t)(i * 131 >> 3);
    FileWriter *w = file_write_begin("pieces", NULL);
    for (size_t at = 0; at < SIZE; at += step, step = step * 3 % 70001) {
        step = step < SIZE - at ? step : SIZE - at;
        assert_true(file_write(w, want + at, step, NULL));
    }
    assert_false(file_exists("pieces"));
    assert_true(file_write_commit(w, NULL));
    assert_true(file_read("pieces", SIZE, &got, &size, NULL));
    assert_int_equal(size, SIZE);
    assert_memory_equal(got, want, SIZE);
    free(got);
    free(want);
}

static void abort_leaves_the_old_one(void **state)
{
    (void)state;
    put("a", "old");
    FileWriter *w = file_write_begin("a", NULL);
    assert_true(file_write(w, "new", 3, NULL));
    file_write_abort(w);
    file_write_abort(NULL);
    assert_content("a", "old");
    assert_int_equal(count_files(), 1);
}

static void two_writers_do_not_mix(void **state)
{
    (void)state;
    FileWriter *one = file_write_begin("a", NULL), *two = file_write_begin("a", NULL);
    assert_true(file_write(one, "one", 3, NULL) && file_write(two, "two", 3, NULL));
    assert_true(file_write_commit(one, NULL));
    assert_content("a", "one");
    assert_true(file_write_commit(two, NULL));
    assert_content("a", "two");
    assert_int_equal(count_files(), 1);
}

static void *replace_often(void *arg)
{
    char text[5001];
    memset(text, *(char *)arg, 5000);
    text[5000] = '\0';
    for (int i = 0; i < 100; i++)
        if (!file_replace("shared", text, 5000, NULL)) return arg;
    return NULL;
}

static void threads_replacing_one_file_never_mix(void **state)
{
    (void)state;
    pthread_t thread[4];
    char letter[4] = "abcd";
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, replace_often, &letter[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
    uint8_t *bytes;
    size_t size;
    assert_true(file_read("shared", 5000, &bytes, &size, NULL));
    assert_int_equal(size, 5000);
    for (size_t i = 1; i < size; i++) assert_int_equal(bytes[i], bytes[0]);
    free(bytes);
    assert_int_equal(count_files(), 1);
}

static void what_a_killed_writer_left_is_used_again(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        FileWriter *w = file_write_begin("a", NULL);
        char big[100000];
        memset(big, 'x', sizeof big);
        file_write(w, big, sizeof big, NULL);
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    assert_true(file_exists("a.tmp"));
    put("a", "small");
    assert_content("a", "small");
    assert_int_equal(count_files(), 1);
}

/* The child prints each generation after it is safe; whatever moment it dies at, that one or a later one is
 * there. */
static void kills_lose_nothing(void **state)
{
    (void)state;
    put("a", "0");
    for (int round = 0; round < 60; round++) {
        int pipes[2], last = -1;
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
            for (int g = 1;; g++) {
                char text[16];
                int n = snprintf(text, sizeof text, "%d", g);
                if (!file_keep_previous("a", NULL) || !file_replace("a", text, (size_t)n, NULL)) _exit(1);
                if (write(pipes[1], &g, sizeof g) != sizeof g) _exit(1);
            }
        }
        close(pipes[1]);
        usleep((useconds_t)(500 + round * 137 % 6000));
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));
        int g;
        while (read(pipes[0], &g, sizeof g) == sizeof g) last = g;
        close(pipes[0]);
        uint8_t *bytes;
        size_t size;
        assert_true(file_read("a", 16, &bytes, &size, NULL));
        assert_true(atoi((char *)bytes) >= last);
        free(bytes);
        put("a", "0");
    }
}

/* Disk full, as the file size limit shows it to one process: the old file stays, nothing is left over. */
static void a_full_disk_keeps_the_old_file(void **state)
{
    (void)state;
    put("a", "old");
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {50000, 50000};
        static char big[200000];
        Err err = {0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        bool replaced = file_replace("a", big, sizeof big, &err);
        _exit(!replaced && err.code == ERR_IO && strstr(err.msg, "a: cannot write: File too large") ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_content("a", "old");
    assert_int_equal(count_files(), 1);
}

static void keeps_the_previous(void **state)
{
    (void)state;
    assert_true(file_keep_previous("a", NULL));
    put("a", "1");
    assert_true(file_keep_previous("a", NULL));
    assert_true(file_keep_previous("a", NULL));
    assert_content("a", "1");
    assert_content("a.1", "1");
    put("a", "2");
    assert_content("a.1", "1");
    assert_true(file_keep_previous("a", NULL));
    put("a", "3");
    assert_content("a.1", "2");
    assert_content("a", "3");
    assert_int_equal(count_files(), 2);
}

static void appends(void **state)
{
    (void)state;
    assert_true(file_append("log", "one\n", 4, NULL));
    assert_true(file_append("log", "two\n", 4, NULL));
    assert_content("log", "one\ntwo\n");
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    uint8_t *bytes;
    size_t size;
    Err err;
    assert_refused(file_read("absent", 10, &bytes, &size, &err), err, ERR_IO,
                   "absent: cannot open: No such file");
    assert_refused(file_read(".", 10, &bytes, &size, &err), err, ERR_IO, "is a folder");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_refused(file_read("pipe", 10, &bytes, &size, &err), err, ERR_IO, "not a regular file");
    put("big", "12345678901");
    assert_refused(file_read("big", 10, &bytes, &size, &err), err, ERR_LIMIT, "11 bytes");
    assert_refused(file_replace("no/such/folder", "x", 1, &err), err, ERR_IO, "no/such/folder: cannot write");
    assert_refused(file_append(".", "x", 1, &err), err, ERR_IO, "cannot open");
    char **names;
    assert_int_equal(file_list("absent", &names, &err), -1);
}

/* A temporary name that somebody pointed elsewhere is passed over, not written through. */
static void links_in_the_way_are_not_followed(void **state)
{
    (void)state;
    put("victim", "precious");
    assert_int_equal(symlink("victim", "a.tmp"), 0);
    assert_int_equal(mkdir("a.1.tmp", 0777), 0);
    put("a", "new");
    assert_content("a", "new");
    assert_content("victim", "precious");
}

static void folders_are_made_listed_and_removed(void **state)
{
    (void)state;
    Err err = {0};
    assert_ok(file_make_folder("x/y//z/", &err), err);
    assert_ok(file_make_folder("x/y", &err), err);
    assert_true(file_is_folder("x/y/z") && !file_is_folder("absent"));
    put("x/b", "");
    put("x/a", "");
    put("x/\xC3\xA9", "");
    char **names;
    assert_int_equal(file_list("x", &names, &err), 4);
    static const char *const want[] = {"a", "b", "y", "\xC3\xA9"};
    for (int i = 0; i < 4; i++) assert_string_equal(names[i], want[i]);
    free(names);
    assert_refused(file_make_folder("x/a/below", &err), err, ERR_IO, "cannot make this folder");
    put("outside", "stays");
    assert_int_equal(symlink("../outside", "x/link"), 0);
    err = (Err){0};
    assert_ok(file_remove_tree("x", &err), err);
    assert_ok(file_remove_tree("x", &err), err);
    assert_false(file_exists("x"));
    assert_content("outside", "stays");
}

static void paths_are_joined_and_found(void **state)
{
    char out[64];
    Err err;
    assert_true(file_join(out, sizeof out, "a/", "b", NULL));
    assert_string_equal(out, "a/b");
    assert_true(file_join(out, sizeof out, "", "b", NULL));
    assert_string_equal(out, "b");
    assert_refused(file_join(out, 4, "ab", "cd", &err), err, ERR_LIMIT, "ab/cd");
    setenv("HOME", "/home/someone", 1);
    setenv("XDG_DATA_HOME", "relative/ignored", 1);
    assert_true(file_xdg(out, sizeof out, XDG_DATA, NULL));
    assert_string_equal(out, "/home/someone/.local/share/viewsmith");
    setenv("XDG_STATE_HOME", "/state", 1);
    assert_true(file_xdg(out, sizeof out, XDG_STATE, NULL));
    assert_string_equal(out, "/state/viewsmith");
    setenv("VIEWSMITH_ASSETS", *state, 1);
    put("shipped-here", "x");
    assert_true(file_shipped(out, sizeof out, "shipped-here", NULL));
    assert_memory_equal(out, *state, strlen(*state));
    char found[4096];
    assert_true(file_shipped(found, sizeof found, "LICENSE", NULL));
    assert_refused(file_shipped(found, sizeof found, "models/none", &err), err, ERR_IO, "VIEWSMITH_ASSETS");
}

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(replaces_and_reads),
        scratch_test(writes_in_pieces),
        scratch_test(abort_leaves_the_old_one),
        scratch_test(two_writers_do_not_mix),
        scratch_test(threads_replacing_one_file_never_mix),
        scratch_test(what_a_killed_writer_left_is_used_again),
        scratch_test(kills_lose_nothing),
        scratch_test(a_full_disk_keeps_the_old_file),
        scratch_test(keeps_the_previous),
        scratch_test(appends),
        scratch_test(refuses_what_is_no_file),
        scratch_test(links_in_the_way_are_not_followed),
        scratch_test(folders_are_made_listed_and_removed),
        scratch_test(paths_are_joined_and_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
