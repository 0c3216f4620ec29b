/* Bytes from a terminal become events: keys, mouse (SGR), bracketed paste, focus, acknowledgements, probe
 * answers. */
#pragma once
#include "tui/event.h"
#include "tui/probe.h"
#include <stddef.h>

#define INPUT_PASTE_MAX 4096

typedef struct {
    char byte[8192];
    size_t n, at;
    bool pasting;
    size_t pasted;
    char paste[INPUT_PASTE_MAX + 1];
} Input;

/* Room for more bytes: read at most *cap of them to the place returned, then call input_took. */
char *input_room(Input *in, size_t *cap);
void input_took(Input *in, size_t n);
/* The next event; answers to probes are noted in `info` and come as EV_REPLY. With `late`, ESC that
 * nothing followed is the Escape key (a longer beginning is an answer on a slow line and waits for its end).
 * EV_NONE: nothing (more) to take. */
Event input_next(Input *in, TermInfo *info, bool late);
/* True while the beginning of a sequence waits for its end. */
bool input_pending(const Input *in);
