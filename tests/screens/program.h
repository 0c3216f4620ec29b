/* The program as a process of its own, for tests of what one process leaves for the next. */
#pragma once
#include "base/file.h"
#include "base/json.h"
#include "check.h"
#include "cli/cli.h"
#include "tui/tui.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the program with these words in a new process, stdout and stderr into out.txt; returns its status. */
static inline int program(const char *const *word)
{
    char *argv[48] = {"viewsmith"};
    int n = 1;
    for (; word[n - 1]; n++) argv[n] = (char *)(uintptr_t)word[n - 1];
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        if (!freopen("out.txt", "w", stdout)) _exit(99);
        dup2(STDOUT_FILENO, STDERR_FILENO);
        int status = cli_main(n, argv, &tui_front);
        fflush(NULL);
        _exit(status);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define viewsmith(...) program((const char *const[]){__VA_ARGS__, NULL})

/* The caller frees. */
static inline char *text_of(const char *path)
{
    uint8_t *bytes;
    size_t size;
    Err err = {0};
    assert_ok(file_read(path, 1 << 20, &bytes, &size, &err), err);
    char *text = strdup((const char *)bytes);
    free(bytes);
    return text;
}

static inline void succeeded(int status)
{
    char *said = text_of("out.txt");
    if (status) fail_msg("status %d: %s", status, said);
    free(said);
}

static inline void write_text(const char *path, const char *text)
{
    assert_true(file_replace(path, text, strlen(text), NULL));
}

/* The caller drops. */
static inline Json *json_of(const char *path)
{
    Err err = {0};
    char *text = text_of(path);
    Json *o = json_parse(text, strlen(text), path, &err);
    if (!o) fail_msg("%s: %s", err.msg, text);
    free(text);
    return o;
}
