/* A list of rows with one selected: moving by keys, wheel and clicks. What a row looks like is the caller's.
 */
#pragma once
#include "tui/event.h"
#include "tui/layout.h"

typedef struct {
    int selected, top; /* of n rows; the first one shown */
} List;

/* Selects row `to` (cut to 0..n-1) and keeps it in view of `rows` rows. */
void list_select(List *l, int to, int n, int rows);
/* Arrows, j and k, Page keys, Home and End; false: the key means nothing here. */
bool list_key(List *l, int key, int n, int rows);
/* Wheel and clicks in r: the row clicked at, -1 for none (the wheel has then moved). */
int list_mouse(List *l, Rect r, int n, const Event *ev);
