/* Checkpoints: bit for bit, sealed, and never lost to a kill. */
#include "base/file.h"
#include "base/rng.h"
#include "check.h"
#include "data/checkpoint.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N 20000

static void save(const char *path, uint64_t step)
{
    static float w[N];
    const uint32_t odd[] = {0x7FC01234, 0x80000000, 0x00000001,
                            0xFF800000}; /* NaN with a payload, -0, tiny, -inf */
    Err err = {0};
    for (int i = 0; i < N; i++) w[i] = (float)step + (float)i;
    memcpy(w, odd, sizeof odd);
    Checkpoint *ck = checkpoint_make();
    checkpoint_tensor(ck, "net/w", w, N);
    checkpoint_tensor(ck, "net/b", w + 5, 3);
    checkpoint_meta_int(ck, "step", step);
    checkpoint_meta(ck, "config", "{\"lr\":0.1}");
    assert_ok(checkpoint_save(ck, path, &err), err);
    checkpoint_free(ck);
}

/* Loads and checks everything; returns the step. */
static uint64_t load(const char *path, char *notice, size_t cap)
{
    static float w[N];
    const uint32_t odd[] = {0x7FC01234, 0x80000000, 0x00000001, 0xFF800000};
    Checkpoint *ck;
    uint64_t step;
    Err err = {0};
    assert_ok(checkpoint_load(&ck, path, notice, cap, &err), err);
    assert_ok(checkpoint_get_int(ck, "step", &step, &err), err);
    assert_ok(checkpoint_get(ck, "net/w", w, N, &err), err);
    assert_memory_equal(w, odd, sizeof odd);
    for (int i = 4; i < N; i++) assert_true(w[i] == (float)step + (float)i);
    checkpoint_free(ck);
    return step;
}

static void everything_comes_back(void **state)
{
    (void)state;
    Checkpoint *ck;
    float b[3];
    uint64_t x;
    Err err = {0};
    char notice[256];
    save("a.ckpt", UINT64_MAX / 3);
    assert_ok(checkpoint_load(&ck, "a.ckpt", notice, sizeof notice, &err), err);
    assert_string_equal(notice, "");
    assert_string_equal(checkpoint_get_meta(ck, "config"), "{\"lr\":0.1}");
    assert_ok(checkpoint_get_int(ck, "step", &x, &err), err);
    assert_true(x == UINT64_MAX / 3);
    assert_true(checkpoint_has(ck, "net/b") && !checkpoint_has(ck, "net/c"));
    assert_refused(checkpoint_get(ck, "net/b", b, 2, &err), err, ERR_FORMAT,
                   "\"net/b\" has 3 values where 2");
    assert_refused(checkpoint_get(ck, "net/c", b, 3, &err), err, ERR_FORMAT, "no tensor \"net/c\"");
    assert_refused(checkpoint_get_int(ck, "config", &x, &err), err, ERR_FORMAT, "not a number");
    assert_refused(checkpoint_get_int(ck, "epoch", &x, &err), err, ERR_FORMAT, "no \"epoch\"");
    checkpoint_free(ck);
}

static void the_same_state_is_the_same_file(void **state)
{
    (void)state;
    uint8_t *a, *b;
    size_t n, m;
    Err err = {0};
    save("b.ckpt", 5);
    assert_ok(file_read("b.ckpt", 1 << 20, &a, &n, &err), err);
    save("b.ckpt", 5);
    assert_ok(file_read("b.ckpt", 1 << 20, &b, &m, &err), err);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
}

static void flip(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    int c = fgetc(f);
    fseek(f, -1, SEEK_CUR);
    fputc(c ^ 1, f);
    fclose(f);
}

static void damage_falls_back_and_says_so(void **state)
{
    (void)state;
    char notice[512];
    Checkpoint *ck;
    Err err = {0};
    save("c.ckpt", 1);
    save("c.ckpt", 2);
    assert_int_equal(load("c.ckpt", notice, sizeof notice), 2);
    flip("c.ckpt", -100); /* one bit of a weight */
    assert_int_equal(load("c.ckpt", notice, sizeof notice), 1);
    assert_non_null(strstr(notice, "c.ckpt: damaged"));
    assert_non_null(strstr(notice, "going on from the one before it"));
    assert_ok(checkpoint_tidy("c.ckpt", &err), err);
    assert_true(file_exists("c.ckpt.damaged"));
    save("c.ckpt", 3);
    assert_int_equal(load("c.ckpt", NULL, 0), 3);
    assert_int_equal(load("c.ckpt.1", NULL, 0), 1); /* the whole one was not pushed out */
    flip("c.ckpt", -100);
    flip("c.ckpt.1", -100);
    assert_refused(checkpoint_load(&ck, "c.ckpt", notice, sizeof notice, &err), err, ERR_FORMAT,
                   "damaged too");
    assert_null(ck);
    assert_refused(checkpoint_load(&ck, "none.ckpt", NULL, 0, &err), err, ERR_IO, "none.ckpt");
}

static void other_files_are_no_checkpoints(void **state)
{
    (void)state;
    Checkpoint *ck;
    Err err = {0};
    assert_ok(file_replace("d.ckpt", "\2\0\0\0\0\0\0\0{}", 10, &err), err);
    assert_refused(checkpoint_load(&ck, "d.ckpt", NULL, 0, &err), err, ERR_FORMAT, "not a checkpoint");
}

static void a_name_used_twice_is_refused(void **state)
{
    (void)state;
    float x = 1;
    Err err = {0};
    Checkpoint *ck = checkpoint_make();
    checkpoint_tensor(ck, "x", &x, 1);
    checkpoint_tensor(ck, "x", &x, 1);
    assert_refused(checkpoint_save(ck, "e.ckpt", &err), err, ERR_FORMAT, "x");
    checkpoint_free(ck);
    assert_refused(checkpoint_save(NULL, "e.ckpt", &err), err, ERR_NOMEM, "checkpoint");
    assert_false(file_exists("e.ckpt"));
}

/* A child saves 1, 2, 3 ... and acknowledges each through a pipe; after a kill at a random moment the file
 * holds the last acknowledged step or the one after it. */
static void kills_lose_nothing(void **state)
{
    (void)state;
    Rng r = rng_at(1, RNG_TEST);
    char notice[256];
    Err err = {0};
    save("k.ckpt", 0);
    for (int round = 0; round < 25; round++) {
        int fd[2];
        uint64_t start = load("k.ckpt", NULL, 0), acknowledged = start, seen;
        assert_int_equal(pipe(fd), 0);
        pid_t child = fork();
        if (child == 0) {
            for (uint64_t s = start + 1;; s++) {
                save("k.ckpt", s);
                if (write(fd[1], &s, sizeof s) != sizeof s) _exit(1);
            }
        }
        close(fd[1]);
        nanosleep(&(struct timespec){0, (long)(1000000 + rng_below(&r, 30000000))}, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(fd[0], &seen, sizeof seen) == sizeof seen) acknowledged = seen;
        close(fd[0]);
        uint64_t found = load("k.ckpt", notice, sizeof notice);
        assert_true(found == acknowledged || found == acknowledged + 1);
        assert_string_equal(notice, "");
        assert_ok(checkpoint_tidy("k.ckpt", &err), err);
        assert_false(file_exists("k.ckpt.tmp"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),         cmocka_unit_test(the_same_state_is_the_same_file),
        cmocka_unit_test(damage_falls_back_and_says_so), cmocka_unit_test(other_files_are_no_checkpoints),
        cmocka_unit_test(a_name_used_twice_is_refused),  cmocka_unit_test(kills_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
