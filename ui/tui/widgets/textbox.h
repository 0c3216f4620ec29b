/* One line of text being edited: the prompt, the search field. */
#pragma once
#include "tui/canvas.h"

#define TEXTBOX_CAP 1100 /* bytes: an address of 1 KiB fits */

typedef struct {
    char text[TEXTBOX_CAP];
    int cursor; /* byte offset, always at the start of a character */
} Textbox;

void textbox_set(Textbox *t, const char *text); /* cursor at the end */
/* Edits by a key (printable characters, Backspace, Delete, arrows, Home, End, Ctrl-A/E/U/W/K); false: not an
 * edit. */
bool textbox_key(Textbox *t, int key);
void textbox_insert(Textbox *t, const char *text); /* a paste: line breaks become blanks */
/* Draws w columns that always hold the cursor, shown in reverse. */
void textbox_draw(const Textbox *t, Canvas *c, int x, int y, int w, Style style);
