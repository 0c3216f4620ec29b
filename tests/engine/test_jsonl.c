/* JSON lines: appended rows come back once each, cut lines are passed over, trimming keeps what it should. */
#include "check.h"
#include "base/file.h"
#include "engine/jsonl.h"
#include "engine/lock.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void append(const char *path, int step)
{
    Err err = {0};
    Json *row = json_make();
    json_put_int(row, "step", step);
    assert_ok(jsonl_append(path, row, &err), err);
}

static bool add_step(void *ctx, const Json *row)
{
    char *seen = ctx;
    sprintf(seen + strlen(seen), "%d ", (int)json_int(row, "step", -1));
    return true;
}

static void assert_steps(const char *path, size_t *at, const char *wanted)
{
    char seen[256] = "";
    Err err = {0};
    assert_ok(jsonl_each(path, at, add_step, seen, &err), err);
    assert_string_equal(seen, wanted);
}

static void test_rows_come_once(void **state)
{
    (void)state;
    const char *path = "once.jsonl";
    size_t at = 0;
    unlink(path);
    assert_steps(path, &at, "");
    append(path, 1);
    append(path, 2);
    assert_steps(path, &at, "1 2 ");
    assert_steps(path, &at, "");
    append(path, 3);
    assert_steps(path, &at, "3 ");
}

static void test_half_a_line_waits_for_its_end(void **state)
{
    (void)state;
    const char *path = "half.jsonl";
    Err err = {0};
    size_t at = 0;
    unlink(path);
    append(path, 1);
    assert_ok(file_append(path, "{\"step\":", 8, &err), err);
    assert_steps(path, &at, "1 ");
    assert_ok(file_append(path, "2}\n", 3, &err), err);
    assert_steps(path, &at, "2 ");
    assert_ok(file_append(path, "{\"ste\n[1]\n", 10, &err), err);
    append(path, 4);
    assert_steps(path, &at, "4 ");
}

static void test_trim(void **state)
{
    (void)state;
    const char *path = "trim.jsonl";
    Err err = {0};
    size_t at = 0;
    unlink(path);
    assert_ok(jsonl_trim(path, "step", 3, &err), err);
    for (int i = 1; i <= 6; i++) append(path, i % 2 ? i : i - 1);
    assert_ok(file_append(path, "{\"note\":\"kept\"}\n{\"step\": 2", 26, &err), err);
    assert_ok(jsonl_trim(path, "step", 3, &err), err);
    assert_steps(path, &at, "1 1 3 3 -1 ");
    at = 0;
    assert_ok(jsonl_trim(path, "step", -1, &err), err);
    assert_steps(path, &at, "-1 ");
}

static void test_lock_is_exclusive_and_ends_with_its_process(void **state)
{
    (void)state;
    Err err = {0};
    int fd, again;
    assert_ok(file_make_folder("locked", &err), err);
    assert_false(lock_held("locked"));
    assert_ok(lock_take(&fd, "locked", "run 0001", &err), err);
    assert_true(lock_held("locked"));
    assert_refused(lock_take(&again, "locked", "run 0001", &err), err, ERR_LIMIT,
                   "run 0001 is being worked on");
    lock_release(fd);
    assert_false(lock_held("locked"));
    pid_t child = fork();
    if (!child) {
        bool ok = lock_take(&fd, "locked", "x", NULL);
        _exit(ok ? 0 : 1); /* without releasing */
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_false(lock_held("locked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_come_once),
        cmocka_unit_test(test_half_a_line_waits_for_its_end),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_lock_is_exclusive_and_ends_with_its_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
