/* A question in the middle of the screen with a few answers, one of them selected. */
#pragma once
#include "tui/canvas.h"

#define DIALOG_CHOICES 4

typedef struct {
    char title[64], text[512];
    struct {
        char key;
        char label[40];
    } choice[DIALOG_CHOICES];
    int choices, selected;
} Dialog;

/* What a key means: the index of the answer it gives, -1 when it only moved or means nothing, -2 for Escape.
 */
int dialog_key(Dialog *d, int key);
/* The answer under a click, or -1. */
int dialog_hit(const Dialog *d, const Canvas *c, int x, int y);
void dialog_draw(const Dialog *d, Canvas *c);
