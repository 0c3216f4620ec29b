/* Editing one line of UTF-8 by whole characters. */
#include "tui/widgets/textbox.h"
#include "base/text.h"
#include "tui/glyph.h"
#include "tui/key.h"
#include <string.h>

void textbox_set(Textbox *t, const char *text)
{
    text_safe(t->text, sizeof t->text, text);
    t->cursor = (int)strlen(t->text);
}

static int before(const Textbox *t, int at)
{
    while (at > 0 && (t->text[--at] & 0xc0) == 0x80) {}
    return at;
}

static int after(const Textbox *t, int at)
{
    const char *p = t->text + at;
    return glyph_next(&p) ? (int)(p - t->text) : at;
}

static void erase(Textbox *t, int from, int to)
{
    memmove(t->text + from, t->text + to, strlen(t->text + to) + 1);
    t->cursor = from;
}

static bool put(Textbox *t, const char *utf8, size_t n)
{
    size_t len = strlen(t->text);
    if (len + n >= sizeof t->text) return false;
    memmove(t->text + t->cursor + n, t->text + t->cursor, len - (size_t)t->cursor + 1);
    memcpy(t->text + t->cursor, utf8, n);
    t->cursor += (int)n;
    return true;
}

/* The start of the word that ends at the cursor. */
static int word_start(const Textbox *t)
{
    int at = t->cursor;
    while (at > 0 && t->text[at - 1] == ' ') at--;
    while (at > 0 && t->text[at - 1] != ' ') at--;
    return at;
}

bool textbox_key(Textbox *t, int key)
{
    int end = (int)strlen(t->text);
    switch (key) {
    case KEYCODE_LEFT:
        t->cursor = before(t, t->cursor);
        return true;
    case KEYCODE_RIGHT:
        t->cursor = after(t, t->cursor);
        return true;
    case KEYCODE_HOME:
    case 'A' & 31:
        t->cursor = 0;
        return true;
    case KEYCODE_END:
    case 'E' & 31:
        t->cursor = end;
        return true;
    case KEYCODE_BACKSPACE:
    case 'H' & 31:
        erase(t, before(t, t->cursor), t->cursor);
        return true;
    case KEYCODE_DELETE:
        erase(t, t->cursor, after(t, t->cursor));
        return true;
    case 'U' & 31:
        erase(t, 0, t->cursor);
        return true;
    case 'K' & 31:
        erase(t, t->cursor, end);
        return true;
    case 'W' & 31:
        erase(t, word_start(t), t->cursor);
        return true;
    default:
        break;
    }
    if (key < ' ' || key >= KEYCODE_NAMED) return false;
    char utf8[4];
    return put(t, utf8, (size_t)glyph_utf8(utf8, (char32_t)key));
}

void textbox_insert(Textbox *t, const char *text)
{
    char line[TEXTBOX_CAP], safe[TEXTBOX_CAP];
    size_t n = strlen(text) < sizeof line ? strlen(text) : sizeof line - 1;
    memcpy(line, text, n);
    line[n] = 0;
    for (char *p = line; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t') *p = ' ';
    text_safe(safe, sizeof safe, line);
    put(t, safe, strlen(safe));
}

/* Columns of the first n bytes. */
static int columns(const char *text, int n)
{
    char part[TEXTBOX_CAP];
    memcpy(part, text, (size_t)n);
    part[n] = 0;
    return text_width(part);
}

void textbox_draw(const Textbox *t, Canvas *c, int x, int y, int w, Style style)
{
    int from = 0;
    if (w < 1) return;
    while (columns(t->text + from, t->cursor - from) >= w) from = after(t, from);
    canvas_fill(c, (Rect){x, y, w, 1}, style, ' ');
    canvas_text(c, x, y, w, style, t->text + from);
    int at = x + columns(t->text + from, t->cursor - from);
    if (at < c->w && y < c->h) canvas_tint(c, (Rect){at, y, 1, 1}, STYLE_REVERSE);
}
