/* Cells, text, boxes and placed pictures. */
#include "tui/canvas.h"
#include "base/text.h"
#include "tui/glyph.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1024 /* bytes of one drawn line */

bool canvas_open(Canvas *c, int w, int h, bool ascii, Err *err)
{
    *c = (Canvas){.w = w, .h = h, .ascii = ascii};
    if (w < 1 || h < 1 || w > 4096 || h > 4096)
        return err_set(err, ERR_LIMIT, "a screen of %d x %d characters cannot be drawn", w, h);
    c->cell = calloc((size_t)w * (size_t)h, sizeof *c->cell);
    if (!c->cell) return err_nomem(err, "the screen");
    canvas_clear(c);
    return true;
}

void canvas_close(Canvas *c)
{
    free(c->cell);
    *c = (Canvas){0};
}

void canvas_clear(Canvas *c)
{
    for (int i = 0; i < c->w * c->h; i++) c->cell[i] = (Cell){' ', INK_TEXT};
    c->pictures = c->covers = c->panes = 0;
}

const Cell *canvas_at(const Canvas *c, int x, int y)
{
    return &c->cell[y * c->w + x];
}

void canvas_put(Canvas *c, int x, int y, Style style, char32_t ch)
{
    if (x < 0 || y < 0 || x >= c->w || y >= c->h) return;
    if (c->ascii) ch = glyph_ascii(ch);
    Cell *cell = &c->cell[y * c->w + x];
    if (!cell->ch && x)
        cell[-1].ch = ' '; /* half of a wide character is overwritten: the other half goes too */
    if (x + 1 < c->w && !cell[1].ch) cell[1].ch = ' ';
    *cell = (Cell){ch, style};
}

void canvas_fill(Canvas *c, Rect r, Style style, char32_t ch)
{
    r = rect_intersect(r, (Rect){0, 0, c->w, c->h});
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++) canvas_put(c, x, y, style, ch);
}

void canvas_tint(Canvas *c, Rect r, Style bits)
{
    r = rect_intersect(r, (Rect){0, 0, c->w, c->h});
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++) c->cell[y * c->w + x].style |= bits;
}

/* Puts safe text without looking whether it is too long; stops at `width` columns. */
static int put_safe(Canvas *c, int x, int y, int width, Style style, const char *s)
{
    int used = 0;
    for (char32_t ch; (ch = glyph_next(&s));) {
        int w = c->ascii ? 1 : glyph_width(ch);
        if (w <= 0) continue;
        if (used + w > width) break;
        canvas_put(c, x + used, y, style, ch);
        if (w == 2 && y >= 0 && y < c->h && x + used >= 0 && x + used + 1 < c->w)
            c->cell[y * c->w + x + used + 1] = (Cell){0, style};
        used += w;
    }
    return used;
}

int canvas_text(Canvas *c, int x, int y, int width, Style style, const char *text)
{
    char safe[TEXT_MAX];
    if (width <= 0 || !text) return 0;
    text_safe(safe, sizeof safe, text);
    if (text_width(safe) <= width) return put_safe(c, x, y, width, style, safe);
    int used = put_safe(c, x, y, width - 1, style, safe);
    canvas_put(c, x + used, y, style, U'…');
    return used + 1;
}

int canvas_print(Canvas *c, int x, int y, int width, Style style, const char *fmt, ...)
{
    char line[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    return canvas_text(c, x, y, width, style, line);
}

int canvas_right(Canvas *c, int right, int y, int width, Style style, const char *text)
{
    char safe[TEXT_MAX];
    text_safe(safe, sizeof safe, text);
    int w = text_width(safe);
    if (w > width) w = width;
    return canvas_text(c, right - w, y, w, style, safe);
}

/* The bytes of s that make its first line: broken at a blank or newline, else in a long word. */
static size_t line_bytes(const char *s, int width)
{
    size_t fit = 0, blank = 0;
    int used = 0;
    for (const char *p = s; *p && *p != '\n';) {
        const char *before = p;
        char32_t ch = glyph_next(&p);
        int w = glyph_width(ch);
        if (ch == ' ') blank = (size_t)(before - s);
        if (used + w > width && ch != ' ') return blank ? blank : fit ? fit : (size_t)(p - s);
        if (used + w > width) return (size_t)(before - s);
        used += w;
        fit = (size_t)(p - s);
    }
    return fit;
}

/* Draws (c not NULL) or only counts the wrapped lines. Newlines in text separate paragraphs. */
static int wrap(Canvas *c, Rect r, Style style, const char *text)
{
    int line = 0;
    for (const char *s = text; *s && line < r.h && r.w > 0; line++) {
        char piece[TEXT_MAX];
        size_t n = line_bytes(s, r.w);
        snprintf(piece, sizeof piece, "%.*s", (int)n, s);
        if (c) canvas_text(c, r.x, r.y + line, r.w, style, piece);
        s += n;
        while (*s == ' ') s++;
        if (*s == '\n') s++;
    }
    return line;
}

int canvas_wrap(Canvas *c, Rect r, Style style, const char *text)
{
    return wrap(c, r, style, text);
}

int canvas_wrap_lines(int width, const char *text)
{
    return wrap(NULL, (Rect){0, 0, width, 1000}, INK_TEXT, text);
}

static void box_lines(Canvas *c, Rect r, Style style)
{
    int right = r.x + r.w - 1, low = r.y + r.h - 1;
    for (int x = r.x + 1; x < right; x++) {
        canvas_put(c, x, r.y, style, U'─');
        canvas_put(c, x, low, style, U'─');
    }
    for (int y = r.y + 1; y < low; y++) {
        canvas_put(c, r.x, y, style, U'│');
        canvas_put(c, right, y, style, U'│');
    }
    canvas_put(c, r.x, r.y, style, U'╭');
    canvas_put(c, right, r.y, style, U'╮');
    canvas_put(c, r.x, low, style, U'╰');
    canvas_put(c, right, low, style, U'╯');
}

static void box_titles(Canvas *c, Rect r, bool focus, const char *title, const char *right)
{
    int used = 0, room = r.w - 4;
    if (title && *title && room > 2) {
        canvas_put(c, r.x + 1, r.y, INK_FAINT, ' ');
        used = canvas_text(c, r.x + 2, r.y, room - 1, focus ? INK_TEXT | STYLE_BOLD : INK_TEXT, title);
        canvas_put(c, r.x + 2 + used, r.y, INK_FAINT, ' ');
    }
    char safe[TEXT_MAX] = "";
    if (right) text_safe(safe, sizeof safe, right);
    int w = text_width(safe);
    if (!w || w > room - used - 3) return;
    canvas_put(c, r.x + r.w - 3 - w, r.y, INK_FAINT, ' ');
    canvas_text(c, r.x + r.w - 2 - w, r.y, w, INK_DIM, safe);
    canvas_put(c, r.x + r.w - 2, r.y, INK_FAINT, ' ');
}

Rect canvas_box(Canvas *c, Rect r, bool focus, const char *title, const char *right)
{
    if (r.w < 2 || r.h < 2) return (Rect){r.x, r.y, 0, 0};
    if (c->panes < CANVAS_PANES) c->pane[c->panes++] = r;
    box_lines(c, r, focus ? INK_ACCENT : INK_FAINT);
    box_titles(c, r, focus, title, right);
    return rect_inset(r, 1, 1);
}

void canvas_cover(Canvas *c, Rect r)
{
    canvas_fill(c, r, INK_TEXT, ' ');
    if (c->covers == CANVAS_COVERS) return;
    c->cover[c->covers].rect = r;
    c->cover[c->covers++].pictures = c->pictures;
}

Rect canvas_popup(Canvas *c, Rect r, const char *title, const char *right)
{
    canvas_cover(c, r);
    return canvas_box(c, r, true, title, right);
}

/* The innermost box around r: the last one drawn that holds its corner. */
static int pane_of(const Canvas *c, Rect r)
{
    for (int i = c->panes; i > 0; i--)
        if (rect_has(c->pane[i - 1], r.x, r.y)) return i;
    return 0;
}

/* Two kinds of blank spell the row's number under a picture, so that no two such rows look alike to a library
 * that would scroll one to the place of the other, and the picture with it. */
static void blank_under(Canvas *c, Rect r)
{
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            canvas_put(c, x, y, INK_TEXT, y >> (x & 7) & 1 ? U'\u00a0' : U' ');
}

void canvas_picture(Canvas *c, Rect r, const Image *image, uint64_t id)
{
    r = rect_intersect(r, (Rect){0, 0, c->w, c->h});
    if (rect_empty(r) || !image->px || c->pictures == CANVAS_PICTURES) return;
    blank_under(c, r);
    c->picture[c->pictures++] = (Placed){r, image, id, pane_of(c, r)};
}

int canvas_visible(const Canvas *c, int i, Rect *out, int max)
{
    int n = 1;
    out[0] = c->picture[i].rect;
    for (int k = 0; k < c->covers; k++) {
        Rect next[4];
        if (i >= c->cover[k].pictures) continue;
        for (int p = n - 1; p >= 0; p--) {
            Rect whole = out[p];
            int pieces = rect_subtract(next, whole, c->cover[k].rect);
            out[p] = out[--n];
            for (int q = 0; q < pieces && n < max; q++) out[n++] = next[q];
        }
    }
    return n;
}

uint64_t canvas_image_id(const Image *im)
{
    uint64_t hash = 14695981039346656037u ^ ((uint64_t)im->w << 32 | (uint64_t)im->h << 8 | (uint64_t)im->c);
    for (size_t i = 0, n = (size_t)im->w * (size_t)im->h * (size_t)im->c; i < n; i++)
        hash = (hash ^ im->px[i]) * 1099511628211u;
    return hash;
}
