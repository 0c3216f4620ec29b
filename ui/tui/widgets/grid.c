/* The picture wall: the selection is a frame in the gaps between pictures, so no picture is sent again for
 * it. */
#include "tui/widgets/grid.h"

void grid_move(Grid *g, const Wall *wall, int n, int columns, int rows)
{
    if (n <= 0 || wall->cols <= 0 || wall->rows <= 0) return;
    int at = g->selected + columns + rows * wall->cols;
    if (rows && (at < 0 || at >= n)) at = g->selected; /* no row there: stay in the column */
    g->selected = at < 0 ? 0 : at >= n ? n - 1 : at;
    int row = g->selected / wall->cols, last = (n + wall->cols - 1) / wall->cols - wall->rows;
    if (row < g->top) g->top = row;
    if (row >= g->top + wall->rows) g->top = row - wall->rows + 1;
    if (g->top > last) g->top = last;
    if (g->top < 0) g->top = 0;
}

static void frame(Canvas *c, Rect t, Style style)
{
    int right = t.x + t.w, low = t.y + t.h;
    for (int x = t.x; x < right; x++) {
        canvas_put(c, x, t.y - 1, style, U'━');
        canvas_put(c, x, low, style, U'━');
    }
    for (int y = t.y; y < low; y++) {
        canvas_put(c, t.x - 1, y, style, U'┃');
        canvas_put(c, right, y, style, U'┃');
    }
    canvas_put(c, t.x - 1, t.y - 1, style, U'┏');
    canvas_put(c, right, t.y - 1, style, U'┓');
    canvas_put(c, t.x - 1, low, style, U'┗');
    canvas_put(c, right, low, style, U'┛');
}

static void labels(Canvas *c, const Wall *wall, Rect t, const Tile *tile, bool on)
{
    for (int k = 0; k < wall->label_rows && k < 2; k++) {
        Style style = k ? INK_DIM : tile->ink;
        if (on && !k) style |= STYLE_BOLD;
        int y = t.y + t.h + k;
        if (tile->line[k]) canvas_text(c, t.x, y, t.w, style, tile->line[k]);
    }
}

void grid_draw(const Grid *g, Canvas *c, const Wall *wall, const Tile *tile, int n, bool focus)
{
    int first = g->top * wall->cols;
    for (int i = 0; i < wall->cols * wall->rows && first + i < n; i++) {
        const Tile *it = &tile[first + i];
        Rect t = layout_tile(wall, i);
        bool on = first + i == g->selected;
        if (on) frame(c, t, focus ? INK_ACCENT | STYLE_BOLD : INK_DIM);
        labels(c, wall, t, it, on);
        if (it->image && it->image->px)
            canvas_picture(c, t, it->image, it->id);
        else
            canvas_fill(c, t, INK_FAINT, U'·');
    }
}

int grid_hit(const Grid *g, const Wall *wall, int n, int x, int y)
{
    int i = layout_tile_at(wall, x, y) + g->top * wall->cols;
    return i >= g->top * wall->cols && i < n ? i : -1;
}
