/* The slider list: name, track, value and note in columns that line up. */
#include "tui/widgets/sliders.h"
#include "tui/widgets/gauge.h"
#include <stdio.h>

typedef struct {
    int name, track, value, note; /* widths */
} Columns;

/* Names get what the longest needs up to a third; notes go first where space is short. */
static Columns columns(int width, const Slider *item, int n)
{
    Columns k = {.value = 9};
    for (int i = 0; i < n; i++) {
        int len = 0, note = 0;
        for (const char *p = item[i].name; *p; p++) len += (*p & 0xc0) != 0x80;
        for (const char *p = item[i].note ? item[i].note : ""; *p; p++) note += (*p & 0xc0) != 0x80;
        if (!item[i].heading && len > k.name) k.name = len;
        if (note > k.note) k.note = note;
    }
    if (k.name > width / 3) k.name = width / 3;
    if (k.note > width / 5) k.note = width / 5;
    if (width < 40) k.note = 0;
    k.track = width - 2 - k.name - 1 - k.value - (k.note ? k.note + 1 : 0);
    return k;
}

void sliders_move(Sliders *s, const Slider *item, int n, int by, int rows)
{
    int way = by < 0 ? -1 : 1, at = s->selected + by;
    if (n <= 0) return;
    at = at < 0 ? 0 : at >= n ? n - 1 : at;
    while (at >= 0 && at < n && item[at].heading) at += way;
    if (at < 0 || at >= n) /* only headings that way: the nearest slider the other way */
        for (at = way < 0 ? 0 : n - 1; at > 0 && at < n - 1 && item[at].heading;) at -= way;
    while (at >= 0 && at < n && item[at].heading) at -= way;
    if (at >= 0 && at < n) s->selected = at;
    if (s->selected < s->top) s->top = s->selected;
    if (s->top == 1 && item[0].heading) s->top = 0;
    if (rows > 0 && s->selected >= s->top + rows) s->top = s->selected - rows + 1;
}

static void row(Canvas *c, Rect r, Columns k, const Slider *item, bool on, bool focus)
{
    char value[48];
    int track = r.x + 2 + k.name + 1, number = track + (k.track > 0 ? k.track : 0);
    bool zero = item->value == 0;
    snprintf(value, sizeof value, "%s%.*f%s",
             zero              ? ""
             : item->value < 0 ? "−"
                               : "+",
             item->decimals, item->value < 0 ? -item->value : item->value, item->unit ? item->unit : "");
    if (on) canvas_put(c, r.x, r.y, focus ? INK_ACCENT | STYLE_BOLD : INK_DIM, U'▸');
    canvas_text(c, r.x + 2, r.y, k.name, on ? INK_TEXT | STYLE_BOLD : INK_TEXT, item->name);
    if (k.track >= 5) gauge_slider(c, track, r.y, k.track, item->low, item->high, item->value, on && focus);
    canvas_right(c, number + k.value, r.y, k.value, zero ? INK_DIM : INK_TEXT, value);
    if (k.note && item->note) canvas_text(c, number + k.value + 1, r.y, k.note, INK_DIM, item->note);
}

/* A thumb at the right edge when the list is longer than the pane. */
static void thumb(Canvas *c, Rect r, int top, int n)
{
    if (n <= r.h || r.h < 2) return;
    int size = r.h * r.h / n > 0 ? r.h * r.h / n : 1, at = top * (r.h - size) / (n - r.h);
    for (int i = 0; i < r.h; i++)
        if (i >= at && i < at + size) canvas_put(c, r.x + r.w, r.y + i, INK_DIM, U'┃');
}

void sliders_draw(const Sliders *s, Canvas *c, Rect r, const Slider *item, int n, bool focus)
{
    Columns k = columns(r.w, item, n);
    for (int i = 0; i < r.h && s->top + i < n; i++) {
        const Slider *it = &item[s->top + i];
        Rect line = {r.x, r.y + i, r.w, 1};
        if (it->heading)
            canvas_text(c, r.x, line.y, r.w, INK_DIM, it->name);
        else
            row(c, line, k, it, s->top + i == s->selected, focus);
    }
    thumb(c, r, s->top, n);
}

int sliders_hit(const Sliders *s, Rect r, const Slider *item, int n, int x, int y, double *value)
{
    int i = s->top + y - r.y;
    if (!rect_has(r, x, y) || i >= n || item[i].heading) return -1;
    Columns k = columns(r.w, item, n);
    int track = r.x + 2 + k.name + 1;
    if (x >= track && x < track + k.track)
        *value = gauge_slider_value(track, k.track, item[i].low, item[i].high, x);
    return i;
}
