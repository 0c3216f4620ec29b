/* One error value carried to whoever can tell the user: a code and one sentence.
 *
 *     bool model_open(const char *path, Model **out, Err *err);
 *     ...
 *     if (size < 8) return err_set(err, ERR_FORMAT, "%s: shorter than its header", path);
 */
#pragma once
#include <stdbool.h>

typedef enum { ERR_OK, ERR_IO, ERR_FORMAT, ERR_NOMEM, ERR_LIMIT, ERR_NUMERIC, ERR_USAGE, ERR_CANCELLED } ErrCode;

typedef struct {
    ErrCode code;
    char msg[640]; /* one sentence: what, where (file and field), what to do; UTF-8, made safe for a terminal */
} Err;

/* Records the cause and returns false, so that a failing line reads `return err_set(...)`. The first cause
 * wins; a NULL err is allowed. The message passes text_safe, so file names in it cannot drive a terminal. */
bool err_set(Err *err, ErrCode code, const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));

/* "out of memory for WHAT"; returns false. */
bool err_nomem(Err *err, const char *what) __attribute__((cold));

/* Both always return false; this lets the compiler know it where it follows what is set and what is not. */
static inline bool err_false(bool result)
{
    (void)result;
    return false;
}
#define err_set(...)         err_false(err_set(__VA_ARGS__))
#define err_nomem(err, what) err_false(err_nomem(err, what))
