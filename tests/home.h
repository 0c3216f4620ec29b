/* A home of its own for tests that start the program: nothing of the person who runs them is read or written.
 */
#pragma once
#include "base/file.h"
#include "check.h"
#include "model/tiny.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The folder home/ where the test runs, empty, is every XDG folder. */
static inline void own_home(void)
{
    static const char *const own[] = {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"};
    char here[3000], path[3100];
    Err err = {0};
    assert_non_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/home", here);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) setenv(own[i], path, 1);
    if (file_exists(path)) assert_ok(file_remove_tree(path, &err), err);
}

/* A judge of three classes with random weights, in judge.safetensors. */
static inline void own_judge(void)
{
    char here[3000], path[3100];
    Err err = {0};
    assert_non_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/judge.safetensors", here);
    setenv("VIEWSMITH_JUDGE", path, 1);
    Encoder *judge = tiny_encoder(3, 8, &err);
    assert_ok(judge && encoder_save(judge, path, &err), err);
    encoder_drop(judge);
}
