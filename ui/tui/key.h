/* Keys as numbers and their names: Unicode code points, control codes, and named keys above them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum {
    KEYCODE_TAB = 9,
    KEYCODE_ENTER = 13,
    KEYCODE_ESCAPE = 27,
    KEYCODE_BACKSPACE = 127,
    KEYCODE_NAMED = 0x110000,
    KEYCODE_UP = KEYCODE_NAMED,
    KEYCODE_DOWN,
    KEYCODE_LEFT,
    KEYCODE_RIGHT,
    KEYCODE_HOME,
    KEYCODE_END,
    KEYCODE_PAGE_UP,
    KEYCODE_PAGE_DOWN,
    KEYCODE_INSERT,
    KEYCODE_DELETE,
    KEYCODE_F1, /* F2 .. F12 follow */
    KEYCODE_F12 = KEYCODE_F1 + 11,
    KEYCODE_LAST = KEYCODE_F12,
    KEYCODE_SHIFT = 1 << 24, /* with named keys and Tab only: a shifted letter is its capital */
    KEYCODE_ALT = 1 << 25,
    KEYCODE_CTRL = 1 << 26 /* with named keys only: Ctrl and a letter is its control code */
};

/* "q", "Space", "Ctrl-R", "Shift-Tab", "Alt-x", "PageUp", "F1": written and read the same. False: no such
 * name. */
bool key_parse(int *key, const char *name);
void key_print(char *out, size_t cap, int key);
/* Reads the next name of a blank-separated list and moves *list past it; false at the end or at an unknown
 * name. */
bool key_parse_next(int *key, const char **list);
