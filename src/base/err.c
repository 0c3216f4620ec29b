/* Errors: the first cause, made safe for a terminal. */
#include "base/err.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>

/* The names stand in brackets because err.h has macros of these names. */
bool(err_set)(Err *err, ErrCode code, const char *fmt, ...)
{
    if (!err || err->code != ERR_OK) return false;
    char raw[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    text_safe(err->msg, sizeof err->msg, raw);
    err->code = code;
    return false;
}

bool(err_nomem)(Err *err, const char *what)
{
    return err_set(err, ERR_NOMEM, "out of memory for %s", what);
}
