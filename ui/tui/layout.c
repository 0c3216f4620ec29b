/* Cutting rectangles: everything clamps, so no size of terminal gives a negative or overlapping piece. */
#include "tui/layout.h"

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

bool rect_empty(Rect r)
{
    return r.w <= 0 || r.h <= 0;
}

bool rect_has(Rect r, int x, int y)
{
    return x >= r.x && x < r.x + r.w && y >= r.y && y < r.y + r.h;
}

Rect rect_intersect(Rect a, Rect b)
{
    int x = larger(a.x, b.x), y = larger(a.y, b.y);
    int w = smaller(a.x + a.w, b.x + b.w) - x, h = smaller(a.y + a.h, b.y + b.h) - y;
    return (Rect){x, y, larger(w, 0), larger(h, 0)};
}

int rect_subtract(Rect out[4], Rect a, Rect b)
{
    Rect cut = rect_intersect(a, b);
    int n = 0;
    if (rect_empty(a)) return 0;
    if (rect_empty(cut)) {
        out[0] = a;
        return 1;
    }
    Rect piece[4] = {{a.x, a.y, a.w, cut.y - a.y},
                     {a.x, cut.y, cut.x - a.x, cut.h},
                     {cut.x + cut.w, cut.y, a.x + a.w - cut.x - cut.w, cut.h},
                     {a.x, cut.y + cut.h, a.w, a.y + a.h - cut.y - cut.h}};
    for (int i = 0; i < 4; i++)
        if (!rect_empty(piece[i])) out[n++] = piece[i];
    return n;
}

Rect rect_inset(Rect r, int dx, int dy)
{
    dx = clamp(dx, 0, r.w / 2);
    dy = clamp(dy, 0, r.h / 2);
    return (Rect){r.x + dx, r.y + dy, r.w - 2 * dx, r.h - 2 * dy};
}

Rect rect_centre(Rect in, int w, int h)
{
    w = clamp(w, 0, in.w);
    h = clamp(h, 0, in.h);
    return (Rect){in.x + (in.w - w) / 2, in.y + (in.h - h) / 2, w, h};
}

Rect rect_cut_left(Rect *r, int n)
{
    n = clamp(n, 0, r->w);
    Rect piece = {r->x, r->y, n, r->h};
    r->x += n;
    r->w -= n;
    return piece;
}

Rect rect_cut_right(Rect *r, int n)
{
    n = clamp(n, 0, r->w);
    r->w -= n;
    return (Rect){r->x + r->w, r->y, n, r->h};
}

Rect rect_cut_top(Rect *r, int n)
{
    n = clamp(n, 0, r->h);
    Rect piece = {r->x, r->y, r->w, n};
    r->y += n;
    r->h -= n;
    return piece;
}

Rect rect_cut_bottom(Rect *r, int n)
{
    n = clamp(n, 0, r->h);
    r->h -= n;
    return (Rect){r->x, r->y + r->h, r->w, n};
}

/* The share of `length` less the gaps that piece i gets; rounding errors never add up past the end. */
static int share(int length, const int *weight, int n, int i, int gap)
{
    int total = 0, before = 0, room = larger(length - gap * (n - 1), 0);
    for (int k = 0; k < n; k++) total += weight[k];
    for (int k = 0; k < i; k++) before += weight[k];
    return room * (before + weight[i]) / total - room * before / total;
}

void rect_columns(Rect *out, Rect r, const int *weight, int n, int gap)
{
    Rect rest = r;
    for (int i = 0; i < n; i++) {
        out[i] = rect_cut_left(&rest, share(r.w, weight, n, i, gap));
        rect_cut_left(&rest, gap);
    }
}

void rect_rows(Rect *out, Rect r, const int *weight, int n, int gap)
{
    Rect rest = r;
    for (int i = 0; i < n; i++) {
        out[i] = rect_cut_top(&rest, share(r.h, weight, n, i, gap));
        rect_cut_top(&rest, gap);
    }
}

Wall layout_wall(Rect area, int picture_rows, int label_rows, int cell_w, int cell_h)
{
    Wall wall = {.area = area, .label_rows = label_rows};
    int below = larger(label_rows, 1); /* the frame's lower edge shares the row of the first label */
    wall.tile_h = clamp(picture_rows, 1, larger(area.h - 1 - below, 1));
    wall.tile_w = larger((wall.tile_h * cell_h + cell_w / 2) / larger(cell_w, 1), 1);
    wall.cols = larger(area.w - 1, 0) / (wall.tile_w + 1);
    wall.rows = larger(area.h + label_rows - below, 0) / (wall.tile_h + 1 + label_rows);
    return wall;
}

Rect layout_tile(const Wall *wall, int index)
{
    if (wall->cols <= 0 || index < 0 || index >= wall->cols * wall->rows) return (Rect){0};
    int spare = (wall->area.w - 1 - wall->cols * (wall->tile_w + 1)) / 2;
    return (Rect){wall->area.x + spare + 1 + index % wall->cols * (wall->tile_w + 1),
                  wall->area.y + 1 + index / wall->cols * (wall->tile_h + 1 + wall->label_rows), wall->tile_w,
                  wall->tile_h};
}

int layout_tile_at(const Wall *wall, int x, int y)
{
    for (int i = 0; i < wall->cols * wall->rows; i++) {
        Rect t = layout_tile(wall, i);
        if (rect_has((Rect){t.x, t.y, t.w + 1, t.h + 1 + wall->label_rows}, x, y)) return i;
    }
    return -1;
}

Page layout_page(int cols, int rows)
{
    Page page = {.too_small = cols < LAYOUT_MIN_COLS || rows < LAYOUT_MIN_ROWS};
    Rect rest = {0, 0, larger(cols, 0), larger(rows, 0)};
    page.top = rect_cut_top(&rest, 1);
    page.bottom = rect_cut_bottom(&rest, 1);
    page.body = rest;
    return page;
}
