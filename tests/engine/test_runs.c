/* Runs on disk: made, found by id, name and prefix, named, deleted; never the wrong one. */
#include "check.h"
#include "base/file.h"
#include "engine/lock.h"
#include "engine/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS "runs-of-test"

static void write(const RunInfo *run, const char *name, const char *text)
{
    char path[4096];
    Err err = {0};
    assert_ok(file_join(path, sizeof path, run->folder, name, &err) &&
                  file_replace(path, text, strlen(text), &err),
              err);
}

static int fresh(void **state)
{
    (void)state;
    Err err = {0};
    return file_remove_tree(RUNS, &err) ? 0 : -1;
}

static RunInfo make(const char *name)
{
    RunInfo run;
    Err err = {0};
    assert_ok(runs_make(&run, RUNS, &err), err);
    assert_ok(runs_name(&run, RUNS, name, &err), err);
    return run;
}

static const char *find(const char *text)
{
    static RunInfo run;
    return runs_find(&run, RUNS, text, NULL) ? run.id : "none";
}

static void test_ids_count_up_and_are_not_used_again(void **state)
{
    (void)state;
    Err err = {0};
    RunInfo *list;
    assert_int_equal(runs_list(&list, RUNS, &err), 0);
    free(list);
    assert_string_equal(make("").id, "0001");
    assert_string_equal(make("").id, "0002");
    assert_ok(file_make_folder(RUNS "/notes", &err) && file_make_folder(RUNS "/12", &err), err);
    assert_ok(runs_delete(RUNS, "0001", &err), err);
    assert_string_equal(make("").id, "0003");
    assert_int_equal(runs_list(&list, RUNS, &err), 2);
    assert_string_equal(list[0].id, "0002");
    assert_string_equal(list[1].id, "0003");
    free(list);
}

static void test_finding(void **state)
{
    (void)state;
    Err err = {0};
    RunInfo run;
    make("first-try");
    make("first-hit");
    make("second");
    assert_string_equal(find("1"), "0001");
    assert_string_equal(find("0002"), "0002");
    assert_string_equal(find("sec"), "0003");
    assert_string_equal(find("first-hit"), "0002");
    assert_string_equal(find(""), "none");
    assert_refused(runs_find(&run, RUNS, "first", &err), err, ERR_IO,
                   "2 runs have names that begin with \"first\"");
    assert_refused(runs_find(&run, RUNS, "9", &err), err, ERR_IO, "there is no run \"9\"");
}

static void test_names(void **state)
{
    (void)state;
    Err err = {0};
    RunInfo a = make("a1"), b = make("");
    assert_refused(runs_name(&b, RUNS, "a1", &err), err, ERR_IO, "run 0001 has the name \"a1\" already");
    assert_refused(runs_name(&b, RUNS, "0001", &err), err, ERR_USAGE, "not all digits");
    assert_refused(runs_name(&b, RUNS, "../x", &err), err, ERR_USAGE, "a run's name is");
    assert_refused(runs_name(&b, RUNS, "-x", &err), err, ERR_USAGE, "a run's name is");
    err = (Err){0};
    assert_ok(runs_name(&a, RUNS, "a1", &err), err); /* its own */
    assert_ok(runs_name(&a, RUNS, "", &err), err);
    assert_ok(runs_name(&b, RUNS, "a1", &err), err);
    assert_string_equal(find("a1"), "0002");
}

static void test_deleting_wants_the_whole_name(void **state)
{
    (void)state;
    Err err = {0};
    RunInfo run = make("precious");
    int fd;
    assert_refused(runs_delete(RUNS, "pre", &err), err, ERR_USAGE, "give its whole id or name");
    assert_refused(runs_delete(RUNS, "1", &err), err, ERR_USAGE, "give its whole id or name");
    err = (Err){0};
    assert_ok(lock_take(&fd, run.folder, "run", &err), err);
    assert_refused(runs_delete(RUNS, "precious", &err), err, ERR_IO, "is running");
    lock_release(fd);
    err = (Err){0};
    assert_true(file_is_folder(run.folder));
    assert_ok(runs_delete(RUNS, "precious", &err), err);
    assert_false(file_is_folder(run.folder));
}

static void test_what_is_told_of_a_run(void **state)
{
    (void)state;
    Err err = {0};
    RunInfo run = make("");
    write(&run, "config.json",
          "{\"train\":{\"views\":\"real\",\"encoder\":\"tiny\",\"seed\":5},\"started\":12.5}");
    write(&run, "metrics.jsonl",
          "{\"step\":0,\"views\":8,\"loss\":2.5,\"elapsed\":1.5}\n{\"step\":1,\"views\":16,\"loss\":null,"
          "\"elapsed\":3}\n"
          "{\"step\":1,\"linear\":0.5,\"knn\":0.25}\n{\"step\":2,\"vi");
    assert_ok(runs_info(&run, RUNS, "0001", &err), err);
    assert_string_equal(run.state, "stopped");
    assert_string_equal(run.maker, "real");
    assert_string_equal(run.encoder, "tiny");
    assert_int_equal(run.seed, 5);
    assert_int_equal(run.step, 1);
    assert_int_equal(run.views, 16);
    assert_true(run.linear > 0.49 && run.linear < 0.51 && run.seconds > 2.9);
    write(&run, "result.json", "{\"linear\":0.75,\"knn\":0.5}");
    assert_ok(runs_info(&run, RUNS, "0001", &err), err);
    assert_string_equal(run.state, "done");
    assert_true(run.linear > 0.74);
    write(&run, "config.json", "{\"train\":");
    assert_ok(runs_info(&run, RUNS, run.id, &err), err); /* its own id; a damaged file hides nothing else */
    assert_string_equal(run.id, "0001");
    assert_true(run.linear > 0.74);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ids_count_up_and_are_not_used_again, fresh),
        cmocka_unit_test_setup(test_finding, fresh),
        cmocka_unit_test_setup(test_names, fresh),
        cmocka_unit_test_setup(test_deleting_wants_the_whole_name, fresh),
        cmocka_unit_test_setup(test_what_is_told_of_a_run, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
