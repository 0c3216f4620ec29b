/* A terminal's byte stream cut into tokens: characters, controls and escape sequences. Used for what
 * terminals send us, and by tests for what we send them. */
#pragma once
#include <stddef.h>

typedef enum {
    VT_MORE,    /* the bytes so far are the beginning of a token */
    VT_TEXT,    /* one UTF-8 character (invalid bytes: one each) */
    VT_CONTROL, /* one C0 control other than ESC, or DEL */
    VT_ESCAPE,  /* ESC and a final byte, perhaps intermediates */
    VT_CSI,     /* ESC [ ... final */
    VT_SS3,     /* ESC O final */
    VT_STRING   /* OSC, DCS, APC, PM, SOS up to ST (OSC: or BEL) */
} VtKind;

typedef struct {
    VtKind kind;
    const char *at; /* the whole token, `size` bytes */
    size_t size;
    char intro;   /* VT_STRING: ']' 'P' '_' '^' 'X'; VT_CSI: the private mark '?', '>', '<', '=' or 0 */
    char final;   /* last byte of ESCAPE, CSI, SS3; the control byte */
    int param[8]; /* CSI: numbers, absent ones -1 */
    int params;
} VtToken;

/* The first token of bytes[0..n), n >= 1. size is 0 only with VT_MORE. A string longer than 64 KiB without
 * end is cut there, a CSI longer than 64 bytes is returned as VT_ESCAPE so that garbage can never stall the
 * stream. */
VtToken vt_token(const char *bytes, size_t n);
