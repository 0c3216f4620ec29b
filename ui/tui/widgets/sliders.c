/* The slider list: name, track, value, effect and note in columns that line up. */
#include "tui/widgets/sliders.h"
#include "base/text.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdio.h>

typedef struct {
    int name, track, value, effect, note; /* widths */
} Columns;

enum { VALUE = 8, EFFECT = 5, NOTE_LEAST = 4, TRACK_LEAST = 10 };

/* Names get what the longest needs up to a third, notes what a short track leaves; they go first where space is
 * short, then the bars. */
static Columns columns(int width, const Slider *item, int n)
{
    Columns k = {.value = VALUE};
    for (int i = 0; i < n; i++) {
        if (item[i].heading) continue;
        int name = text_width(item[i].name), note = item[i].note ? text_width(item[i].note) : 0;
        k.name = name > k.name ? name : k.name;
        k.note = note > k.note ? note : k.note;
        k.effect = item[i].effect > 0 && width >= 44 ? EFFECT : k.effect;
    }
    if (k.name > width / 3) k.name = width / 3;
    int spare = width - 2 - k.name - 1 - k.value - k.effect - TRACK_LEAST;
    if (k.note > spare) k.note = spare >= NOTE_LEAST ? spare : 0;
    k.track = width - 2 - k.name - 1 - k.value - k.effect - (k.note ? k.note + 1 : 0);
    return k;
}

void sliders_move(Sliders *s, int n, int by, int rows)
{
    int at = s->selected + by;
    if (n <= 0) return;
    s->selected = at < 0 ? 0 : at >= n ? n - 1 : at;
    if (s->selected < s->top) s->top = s->selected;
    if (rows > 0 && s->selected >= s->top + rows) s->top = s->selected - rows + 1;
    if (rows > 0 && s->top > n - rows) s->top = n > rows ? n - rows : 0;
}

static void heading(Canvas *c, Rect r, const Slider *item, bool on, bool focus)
{
    Style style = on && focus ? INK_ACCENT | STYLE_BOLD : INK_DIM | STYLE_BOLD;
    int used = canvas_text(c, r.x, r.y, r.w, style, item->name);
    if (item->note) canvas_text(c, r.x + used + 1, r.y, r.w - used - 1, INK_FAINT, item->note);
}

static void row(Canvas *c, Rect r, Columns k, const Slider *item, bool on, bool focus)
{
    char value[48];
    int track = r.x + 2 + k.name + 1, x = track + (k.track > 0 ? k.track : 0);
    bool zero = item->value == 0;
    const char *sign = zero || item->low >= 0 ? "" : item->value < 0 ? "−" : "+";
    snprintf(value, sizeof value, "%s%.*f%s", sign, item->decimals,
             item->value < 0 ? -item->value : item->value, item->unit ? item->unit : "");
    if (on) canvas_put(c, r.x, r.y, focus ? INK_ACCENT | STYLE_BOLD : INK_DIM, U'▸');
    canvas_text(c, r.x + 2, r.y, k.name, on ? INK_TEXT | STYLE_BOLD : INK_TEXT, item->name);
    if (k.track >= 5) gauge_slider(c, track, r.y, k.track, item->low, item->high, item->value, on && focus);
    x += k.value;
    canvas_right(c, x, r.y, k.value, item->warn ? INK_WARN : zero ? INK_DIM : INK_TEXT, value);
    int marks = k.effect - 1; /* one at least: nothing has no effect at all */
    if (k.effect && item->effect > 0)
        gauge_meter(c, x + 1, r.y, marks, ceil(item->effect * marks) / marks, INK_DIM);
    x += k.effect;
    if (k.note && item->note) canvas_text(c, x + 1, r.y, k.note, INK_DIM, item->note);
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
            heading(c, line, it, s->top + i == s->selected, focus);
        else
            row(c, line, k, it, s->top + i == s->selected, focus);
    }
    thumb(c, r, s->top, n);
}

int sliders_hit(const Sliders *s, Rect r, const Slider *item, int n, int x, int y, double *value)
{
    int i = s->top + y - r.y;
    if (!rect_has(r, x, y) || i >= n) return -1;
    Columns k = columns(r.w, item, n);
    int track = r.x + 2 + k.name + 1;
    if (!item[i].heading && x >= track && x < track + k.track)
        *value = gauge_slider_value(track, k.track, item[i].low, item[i].high, x);
    return i;
}
