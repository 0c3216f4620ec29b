/* What every test file includes: cmocka with its prerequisites, and the few helpers that many tests share. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"

/* Fails with the message of err where something should have worked. */
#define assert_ok(call, err)                                                                                 \
    do {                                                                                                     \
        if (!(call)) fail_msg("%s: %s", #call, (err).msg);                                                   \
    } while (0)

/* Fails unless the call failed with this code and its message holds these words. */
#define assert_refused(call, err, wanted, words)                                                             \
    do {                                                                                                     \
        (err) = (Err){0};                                                                                    \
        if (call) fail_msg("%s: was accepted", #call);                                                       \
        if ((err).code != (wanted) || !strstr((err).msg, (words)))                                           \
            fail_msg("%s: code %d, \"%s\", wanted code %d and \"%s\"", #call, (err).code, (err).msg, wanted, \
                     words);                                                                                 \
    } while (0)
