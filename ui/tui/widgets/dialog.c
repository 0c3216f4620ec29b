/* The dialog box: text, then the answers in a row. */
#include "tui/widgets/dialog.h"
#include "base/text.h"
#include "tui/key.h"
#include <ctype.h>

/* Columns of one answer drawn as " k label ". */
static int choice_width(const Dialog *d, int i)
{
    return text_width(d->choice[i].label) + 5;
}

static Rect place(const Dialog *d, const Canvas *c)
{
    int w = 46, row = 4;
    for (int i = 0; i < d->choices; i++) row += choice_width(d, i) + 1;
    if (row > w) w = row;
    if (w > c->w - 2) w = c->w - 2;
    int lines = canvas_wrap_lines(w - 6, d->text);
    return rect_centre((Rect){0, 0, c->w, c->h}, w, lines + 6);
}

static Rect choice_place(const Dialog *d, Rect box, int i)
{
    int x = box.x + 3;
    for (int k = 0; k < i; k++) x += choice_width(d, k) + 1;
    return (Rect){x, box.y + box.h - 3, choice_width(d, i), 1};
}

int dialog_key(Dialog *d, int key)
{
    if (key == KEYCODE_ESCAPE) return -2;
    if (key == KEYCODE_ENTER) return d->selected;
    int by = key == KEYCODE_LEFT || key == (KEYCODE_TAB | KEYCODE_SHIFT) ? -1
             : key == KEYCODE_RIGHT || key == KEYCODE_TAB                ? 1
                                                                         : 0;
    if (by) d->selected = (d->selected + by + d->choices) % d->choices;
    for (int i = 0; i < d->choices && key < 128; i++)
        if (tolower(key) == d->choice[i].key) return i;
    return -1;
}

int dialog_hit(const Dialog *d, const Canvas *c, int x, int y)
{
    Rect box = place(d, c);
    for (int i = 0; i < d->choices; i++)
        if (rect_has(choice_place(d, box, i), x, y)) return i;
    return -1;
}

void dialog_draw(const Dialog *d, Canvas *c)
{
    Rect box = place(d, c), in = canvas_popup(c, box, d->title, NULL);
    canvas_wrap(c, (Rect){in.x + 2, in.y + 1, in.w - 4, in.h - 4}, INK_TEXT, d->text);
    for (int i = 0; i < d->choices; i++) {
        Rect at = choice_place(d, box, i);
        canvas_print(c, at.x + 1, at.y, 1, INK_ACCENT | STYLE_BOLD, "%c", d->choice[i].key);
        canvas_text(c, at.x + 3, at.y, at.w - 4, INK_TEXT, d->choice[i].label);
        if (i == d->selected) canvas_tint(c, at, STYLE_REVERSE);
    }
}
