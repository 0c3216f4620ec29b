/* The picture wall: frames lie in the gaps between pictures, so no picture is sent again for them. */
#include "tui/widgets/grid.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t size_of(int64_t steps)
{
    return steps < 0 ? (uint64_t) - (steps + 1) + 1 : (uint64_t)steps;
}

/* As many of `steps` of `by` places each as there is room for. */
static uint64_t walk(uint64_t at, uint64_t last, int64_t steps, uint64_t by)
{
    uint64_t room = (steps < 0 ? at : last - at) / by, n = least(size_of(steps), room) * by;
    return steps < 0 ? at - n : at + n;
}

/* No empty rows at the end while there are tiles above. */
static void settle(Grid *g, uint64_t cols, uint64_t rows, uint64_t last)
{
    uint64_t left = (last - g->top) / cols + 1;
    if (left < rows) g->top = walk(g->top, last, -(int64_t)(rows - left), cols);
}

static void show_selected(Grid *g, uint64_t cols, uint64_t rows, uint64_t last)
{
    if (g->at < g->top) {
        uint64_t up = (g->top - g->at + cols - 1) / cols * cols;
        g->top = up > g->top ? 0 : g->top - up;
    }
    if (g->at - g->top >= cols * rows) g->top += ((g->at - g->top) / cols - rows + 1) * cols;
    settle(g, cols, rows, last);
}

void grid_move(Grid *g, const Wall *wall, uint64_t last, int64_t columns, int64_t rows)
{
    if (wall->cols <= 0 || wall->rows <= 0) return;
    uint64_t cols = (uint64_t)wall->cols;
    g->at = least(g->at, last);
    g->top = least(g->top, last);
    g->at = walk(walk(g->at, last, columns, 1), last, rows, cols);
    show_selected(g, cols, (uint64_t)wall->rows, last);
}

void grid_scroll(Grid *g, const Wall *wall, uint64_t last, int64_t rows)
{
    if (wall->cols <= 0 || wall->rows <= 0) return;
    uint64_t cols = (uint64_t)wall->cols, page = cols * (uint64_t)wall->rows;
    g->top = rows < 0 && size_of(rows) > g->top / cols ? 0 : walk(g->top, last, rows, cols);
    settle(g, cols, (uint64_t)wall->rows, last);
    if (g->at < g->top) g->at += (g->top - g->at + cols - 1) / cols * cols;
    if (g->at - g->top >= page) g->at -= ((g->at - g->top - page) / cols + 1) * cols;
    g->at = least(g->at, last);
}

int grid_sight(const Grid *g, const Wall *wall, uint64_t last)
{
    int page = wall->cols * wall->rows;
    return page > 0 && last - g->top < (uint64_t)page ? (int)(last - g->top) + 1 : page;
}

/* --- drawing -------------------------------------------------------------------------------------------- */

typedef struct {
    char32_t across, down, corner[4]; /* top left, top right, low left, low right */
} Line;

static const Line heavy = {U'━', U'┃', {U'┏', U'┓', U'┗', U'┛'}};
static const Line thin = {U'─', U'│', {U'┌', U'┐', U'└', U'┘'}};

static void frame(Canvas *c, Rect t, const Line *line, Style style)
{
    int right = t.x + t.w, low = t.y + t.h;
    for (int x = t.x; x < right; x++) {
        canvas_put(c, x, t.y - 1, style, line->across);
        canvas_put(c, x, low, style, line->across);
    }
    for (int y = t.y; y < low; y++) {
        canvas_put(c, t.x - 1, y, style, line->down);
        canvas_put(c, right, y, style, line->down);
    }
    for (int k = 0; k < 4; k++)
        canvas_put(c, k % 2 ? right : t.x - 1, k / 2 ? low : t.y - 1, style, line->corner[k]);
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

static void draw_tile(Canvas *c, const Wall *wall, int i, const Tile *tile, bool on)
{
    Rect t = layout_tile(wall, i);
    labels(c, wall, t, tile, on);
    if (tile->image && tile->image->px)
        canvas_picture(c, t, tile->image, tile->id);
    else
        canvas_fill(c, t, INK_FAINT, U'·');
}

/* Thin frames first: the selection is drawn over those beside it, labels over all. */
void grid_draw(const Grid *g, Canvas *c, const Wall *wall, const Tile *tile, int n, bool focus)
{
    int on = g->at >= g->top && g->at - g->top < (uint64_t)n ? (int)(g->at - g->top) : -1;
    if (n > wall->cols * wall->rows) n = wall->cols * wall->rows;
    for (int i = 0; i < n; i++)
        if (tile[i].picked) frame(c, layout_tile(wall, i), &thin, INK_WARN);
    if (on >= 0 && on < n)
        frame(c, layout_tile(wall, on), &heavy,
              tile[on].picked ? INK_WARN | STYLE_BOLD
              : focus         ? INK_ACCENT | STYLE_BOLD
                              : INK_DIM);
    for (int i = 0; i < n; i++) draw_tile(c, wall, i, &tile[i], i == on);
}

bool grid_hit(uint64_t *at, const Grid *g, const Wall *wall, uint64_t last, int x, int y)
{
    int i = layout_tile_at(wall, x, y);
    if (i < 0 || last - g->top < (uint64_t)i) return false;
    *at = g->top + (uint64_t)i;
    return true;
}
