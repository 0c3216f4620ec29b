/* Key scripts and the screens they end on: NAME.keys is played over a tiny generator, its `expect`s must
 * hold, and the last screen must be a stored one, cell for cell. Pictures are not shown, so that no screen
 * depends on weights; lines with measured times are left out of the comparison.
 *
 * UPDATE_SNAPSHOTS=1 writes the screens anew: look at the difference before it is committed. */
#pragma once
#include "base/file.h"
#include "check.h"
#include "tui/tui.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER TEST_SOURCE_DIR "/screens/"
#define MODEL  FOLDER "tiny.safetensors"

static inline bool updating(void)
{
    const char *set = getenv("UPDATE_SNAPSHOTS");
    return set && *set;
}

static inline bool both_hold(const char *a, size_t n, const char *b, size_t m, const char *word)
{
    return memmem(a, n, word, strlen(word)) && memmem(b, m, word, strlen(word));
}

/* Moves both past one line; false at the end of both. *same: they are equal, or say what is another figure on
 * another machine: how long something took, how much memory the kernels of this CPU want. */
static inline bool next_line(const char **a, const char **b, bool *same)
{
    size_t n = strcspn(*a, "\n"), m = strcspn(*b, "\n");
    if (!**a && !**b) return false;
    bool measured = both_hold(*a, n, *b, m, " ms ") || both_hold(*a, n, *b, m, "It will take about");
    *same = measured || (n == m && !memcmp(*a, *b, n));
    *a += n + ((*a)[n] == '\n');
    *b += m + ((*b)[m] == '\n');
    return true;
}

/* The text in got_path must be FOLDER/name.screen. */
static inline void compare_screen(const char *name, const char *got_path)
{
    char path[512];
    uint8_t *want, *got;
    size_t size;
    Err err = {0};
    bool same = true;
    snprintf(path, sizeof path, FOLDER "%s.screen", name);
    assert_ok(file_read(got_path, 1 << 20, &got, &size, &err), err);
    if (updating()) assert_ok(file_replace(path, got, size, &err), err);
    assert_ok(file_read(path, 1 << 20, &want, &size, &err), err);
    const char *a = (const char *)want, *b = (const char *)got;
    for (int line = 1; next_line(&a, &b, &same); line++)
        if (!same)
            fail_msg("%s.screen differs in line %d; the screen is now:\n%s", name, line, (const char *)got);
    free(want);
    free(got);
}

/* Plays FOLDER/name.keys in this process; the last screen goes to screen.txt. flag: one more for the program,
 * or NULL. */
static inline void play_keys(const char *name, const char *size, const char *data, const char *runs,
                             const char *flag)
{
    char keys[512];
    snprintf(keys, sizeof keys, FOLDER "%s.keys", name);
    const char *argv[] = {"viewsmith",  "--model",      MODEL,        "--data", data,
                          "--runs",     runs,           "--script",   keys,     "--size",
                          size,         "--fake-clock", "--graphics", "none",   "--dump-screen",
                          "screen.txt", flag,           NULL};
    int argc = (int)(sizeof argv / sizeof *argv) - (flag ? 1 : 2);
    assert_int_equal(tui_main(argc, (char **)(uintptr_t)argv), 0);
}
