/* Replacing a file while the system fails: each call in turn, with each error; short writes; interrupted
 * calls. */
#include "check.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the wrapped calls do: the call number `fail_at` fails with `error`; every call is noted by one letter.
 */
static struct {
    bool on, interrupt, shorten;
    int calls, fail_at, error;
    char trace[4000];
} fault;

int __real_open(const char *path, int flags, int mode);
ssize_t __real_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_close(int fd);
int __wrap_open(const char *path, int flags, int mode);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_close(int fd);

static bool fails(char letter)
{
    if (!fault.on) return false;
    int call = fault.calls++;
    if (call < (int)sizeof fault.trace - 1) fault.trace[call] = letter;
    bool interrupted = fault.interrupt && call % 2 == 0 && (letter == 'w' || letter == 's');
    if (interrupted || call == fault.fail_at) errno = interrupted ? EINTR : fault.error;
    return interrupted || call == fault.fail_at;
}

int __wrap_open(const char *path, int flags, int mode)
{
    return fails('o') ? -1 : __real_open(path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    if (fails('w')) return -1;
    return __real_write(fd, bytes, fault.on && fault.shorten && size > 7 ? 1 + size % 7 : size);
}

int __wrap_fsync(int fd)
{
    return fails('s') ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails('r') ? -1 : __real_rename(from, to);
}

/* As Linux does: the descriptor is closed even where an error is reported. */
int __wrap_close(int fd)
{
    bool failed = fails('c');
    int why = errno, result = __real_close(fd);
    if (failed) errno = why;
    return failed ? -1 : result;
}

static int enter_scratch(void **state)
{
    char *name = strdup("/tmp/viewsmith-fault-XXXXXX");
    *state = name;
    return name && mkdtemp(name) && chdir(name) == 0 ? 0 : -1;
}

static int leave_scratch(void **state)
{
    memset(&fault, 0, sizeof fault);
    bool ok = chdir("/") == 0 && file_remove_tree(*state, NULL);
    free(*state);
    return ok ? 0 : -1;
}

static void content_of(const char *path, char out[64])
{
    uint8_t *bytes;
    size_t size;
    Err err = {0};
    assert_ok(file_read(path, 63, &bytes, &size, &err), err);
    memcpy(out, bytes, size + 1);
    free(bytes);
}

/* Replaces "old" by "new" under the given fault; true when it was reported as done. */
static bool replace_under(int fail_at, int error)
{
    Err err = {0};
    memset(&fault, 0, sizeof fault);
    assert_true(file_replace("a", "old", 3, NULL));
    fault.fail_at = fail_at;
    fault.error = error;
    fault.on = true;
    bool done = file_replace("a", "new", 3, &err);
    fault.on = false;
    if (!done) assert_true(err.code == ERR_IO && strlen(err.msg) > 5);
    return done;
}

static void every_failing_call_leaves_old_or_new(void **state)
{
    (void)state;
    static const int errors[] = {ENOSPC, EIO, EDQUOT, EROFS, ENOMEM};
    for (int e = 0; e < 5; e++) {
        bool reached = true;
        for (int at = 0; reached; at++) {
            char text[64], **names;
            bool done = replace_under(at, errors[e]);
            reached = fault.calls > at;
            content_of("a", text);
            assert_true(!strcmp(text, "new") || (!done && !strcmp(text, "old")));
            if (reached && fault.trace[at] != 'c') assert_false(done);
            long count = file_list(".", &names, NULL);
            free(names);
            assert_int_equal(count, 1);
        }
    }
}

/* The order that power loss demands: all bytes, then fsync, then the rename, then the folder's fsync. */
static void calls_come_in_the_safe_order(void **state)
{
    (void)state;
    assert_true(replace_under(-1, 0));
    assert_string_equal(fault.trace, "owsroscc");
}

static void interrupted_and_short_calls_are_finished(void **state)
{
    (void)state;
    char *big = malloc(100000);
    uint8_t *back;
    size_t size;
    Err err = {0};
    for (int i = 0; i < 100000; i++) big[i] = (char)(i * 31 >> 4);
    memset(&fault, 0, sizeof fault);
    fault.fail_at = -1;
    fault.on = fault.interrupt = fault.shorten = true;
    assert_ok(file_replace("a", big, 100000, &err), err);
    assert_ok(file_append("log", big, 5000, &err), err);
    fault.on = false;
    assert_true(file_read("a", 100000, &back, &size, NULL) && size == 100000);
    assert_memory_equal(back, big, size);
    free(back);
    assert_true(file_read("log", 5000, &back, &size, NULL) && size == 5000);
    assert_memory_equal(back, big, size);
    free(back);
    free(big);
}

/* Once a piece was lost, nothing later can make the file look whole. */
static void a_lost_piece_is_not_forgotten(void **state)
{
    (void)state;
    char big[40000] = {0};
    Err err;
    memset(&fault, 0, sizeof fault);
    FileWriter *w = file_write_begin("a", NULL);
    fault.error = ENOSPC;
    fault.on = true;
    assert_refused(file_write(w, big, sizeof big, &err), err, ERR_IO, "a: cannot write: No space left");
    fault.on = false;
    assert_refused(file_write(w, "x", 1, &err), err, ERR_IO, "an earlier write failed");
    assert_refused(file_write_commit(w, &err), err, ERR_IO, "an earlier write failed");
    assert_false(file_exists("a") || file_exists("a.tmp"));
}

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(every_failing_call_leaves_old_or_new),
        scratch_test(calls_come_in_the_safe_order),
        scratch_test(interrupted_and_short_calls_are_finished),
        scratch_test(a_lost_piece_is_not_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
