/* What can happen to the program: keys, the mouse, pasted text, sizes, wake-ups, and the actions keys stand
 * for. */
#pragma once
#include "tui/actions.h"
#include "tui/key.h"
#include <stdbool.h>

typedef enum {
    EV_NONE,
    EV_KEY,    /* key: as in key.h */
    EV_MOUSE,  /* x, y in cells, mouse */
    EV_PASTE,  /* text */
    EV_RESIZE, /* the size or the cells changed; ask the front */
    EV_ACK,    /* the terminal has drawn the last pictures */
    EV_REPLY,  /* an answer to a probe arrived */
    EV_FOCUS,  /* on: the window has the focus or lost it */
    EV_WAKE,   /* another thread has news */
    EV_ACTION, /* action, and text when it was given an argument (else NULL) */
    EV_END     /* the session must end: a signal, the terminal is gone, or the script is over */
} EventKind;

typedef enum { MOUSE_PRESS, MOUSE_DRAG, MOUSE_RELEASE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN } MouseKind;

typedef struct {
    EventKind kind;
    int key;
    Action action;
    MouseKind mouse;
    int x, y;
    bool on;
    const char *text; /* valid until the next event is taken */
} Event;
