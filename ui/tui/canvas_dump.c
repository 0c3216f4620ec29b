/* The canvas as text and as a picture, for tests and documents. */
#include "tui/canvas.h"
#include "tui/glyph.h"
#include "tui/raster.h"
#include <stdlib.h>
#include <string.h>

/* Marks the cells where a picture can be seen; h rows of w. */
static uint8_t *pictured(const Canvas *c)
{
    uint8_t *map = calloc((size_t)c->w * (size_t)c->h, 1);
    Rect part[PIECE_PARTS];
    for (int i = 0; i < c->pictures && map; i++)
        for (int k = canvas_visible(c, i, part, PIECE_PARTS) - 1; k >= 0; k--)
            for (int y = part[k].y; y < part[k].y + part[k].h; y++)
                memset(map + y * c->w + part[k].x, 1, (size_t)part[k].w);
    return map;
}

void canvas_dump_text(const Canvas *c, Buf *out)
{
    uint8_t *map = pictured(c);
    if (!map) {
        out->failed = true;
        return;
    }
    for (int y = 0; y < c->h; y++) {
        int end = c->w;
        while (end > 0 && canvas_at(c, end - 1, y)->ch == ' ' && !map[y * c->w + end - 1]) end--;
        for (int x = 0; x < end; x++) {
            char utf8[4];
            char32_t ch = canvas_at(c, x, y)->ch;
            if (map[y * c->w + x]) ch = c->ascii ? ':' : U'▒';
            if (ch) buf_put(out, utf8, (size_t)glyph_utf8(utf8, ch));
        }
        buf_put(out, "\n", 1);
    }
    free(map);
}

/* The colour of an ink on black. */
static void ink_rgb(uint8_t rgb[3], Style style)
{
    static const uint8_t inks[INK_COUNT][3] = {
        [INK_TEXT] = {208, 208, 208},    [INK_DIM] = {148, 148, 148},      [INK_FAINT] = {88, 88, 88},
        [INK_ACCENT] = {255, 175, 95},   [INK_GOOD] = {135, 215, 135},     [INK_WARN] = {255, 215, 95},
        [INK_BAD] = {215, 95, 95},       [INK_SERIES_1] = {95, 175, 255},  [INK_SERIES_2] = {255, 175, 0},
        [INK_SERIES_3] = {95, 215, 175}, [INK_SERIES_4] = {215, 135, 175}, [INK_SERIES_5] = {255, 255, 135},
        [INK_SERIES_6] = {215, 95, 95},
    };
    memcpy(rgb, inks[STYLE_INK(style) % INK_COUNT], 3);
}

typedef struct {
    Image *to;
    int cell_w, cell_h;
} Sheet;

static void paint(const Sheet *s, int x, int y, int w, int h, const uint8_t rgb[3])
{
    for (int row = y; row < y + h; row++)
        for (int col = x; col < x + w; col++)
            memcpy(s->to->px + ((size_t)row * (size_t)s->to->w + (size_t)col) * 3, rgb, 3);
}

/* Lines of box characters as arms from the middle: left 1, right 2, up 4, down 8; 0: no such character. */
static int arms(char32_t ch)
{
    static const struct {
        char32_t ch;
        int arms;
    } boxes[] = {{U'─', 3},  {U'━', 3},  {U'┄', 3},  {U'│', 12}, {U'┃', 12}, {U'╎', 12}, {U'╭', 10},
                 {U'┏', 10}, {U'╮', 9},  {U'┓', 9},  {U'╰', 6},  {U'┗', 6},  {U'╯', 5},  {U'┛', 5},
                 {U'├', 14}, {U'┤', 13}, {U'┼', 15}, {U'┬', 11}, {U'┴', 7}};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        if (boxes[i].ch == ch) return boxes[i].arms;
    return 0;
}

static void paint_lines(const Sheet *s, int x, int y, int a, const uint8_t rgb[3])
{
    int mx = s->cell_w / 2, my = s->cell_h / 2;
    if (a & 1) paint(s, x, y + my, mx + 1, 1, rgb);
    if (a & 2) paint(s, x + mx, y + my, s->cell_w - mx, 1, rgb);
    if (a & 4) paint(s, x + mx, y, 1, my + 1, rgb);
    if (a & 8) paint(s, x + mx, y + my, 1, s->cell_h - my, rgb);
}

static void paint_dots(const Sheet *s, int x, int y, unsigned bits, const uint8_t rgb[3])
{
    static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    int w = s->cell_w / 4 > 0 ? s->cell_w / 4 : 1, h = s->cell_h / 8 > 0 ? s->cell_h / 8 : 1;
    for (int r = 0; r < 4; r++)
        for (int k = 0; k < 2; k++)
            if (bits & bit[r][k])
                paint(s, x + (2 * k + 1) * s->cell_w / 4 - w / 2, y + (2 * r + 1) * s->cell_h / 8 - h / 2, w,
                      h, rgb);
}

static void paint_cell(const Sheet *s, int x, int y, const Cell *cell)
{
    uint8_t rgb[3];
    static const uint8_t black[3] = {0}, bar[3] = {48, 48, 48};
    int px = x * s->cell_w, py = y * s->cell_h, w = s->cell_w, h = s->cell_h;
    ink_rgb(rgb, cell->style);
    if (cell->style & STYLE_BAR) paint(s, px, py, w, h, bar);
    if (cell->style & STYLE_REVERSE) paint(s, px, py, w, h, rgb);
    const uint8_t *ink = cell->style & STYLE_REVERSE ? black : rgb;
    char32_t ch = cell->ch;
    if (arms(ch))
        paint_lines(s, px, py, arms(ch), ink);
    else if (ch > 0x2800 && ch <= 0x28ff)
        paint_dots(s, px, py, ch - 0x2800u, ink);
    else if (ch >= 0x2581 && ch <= 0x2588)
        paint(s, px, py + h - h * (int)(ch - 0x2580) / 8, w, h * (int)(ch - 0x2580) / 8, ink);
    else if (ch > ' ' && ch != U'\u00a0') /* the blank that tells rows under pictures apart */
        paint(s, px + 1, py + h / 3, w > 3 ? w - 2 : 1, h / 3 > 0 ? h / 3 : 1, ink);
}

static bool paint_picture(const Sheet *s, const Canvas *c, int i, Err *err)
{
    const Placed *p = &c->picture[i];
    Piece piece = {.rect = p->rect, .image = *p->image, .id = p->id};
    Raster r;
    piece.parts = canvas_visible(c, i, piece.part, PIECE_PARTS);
    if (!raster_open(&r, p->rect.w * s->cell_w, p->rect.h * s->cell_h, err)) return false;
    bool ok = raster_paste(&r, p->rect, &piece, s->cell_w, s->cell_h, s->cell_w, s->cell_h, true, err);
    for (int y = 0; y < r.h && ok; y++)
        for (int x = 0; x < r.w; x++) {
            size_t at = (size_t)y * (size_t)r.w + (size_t)x;
            if (r.mask[at])
                paint(s, p->rect.x * s->cell_w + x, p->rect.y * s->cell_h + y, 1, 1, r.rgb + 3 * at);
        }
    raster_close(&r);
    return ok;
}

bool canvas_dump_image(const Canvas *c, int cell_w, int cell_h, Image *out, Err *err)
{
    if (!image_make(out, c->w * cell_w, c->h * cell_h, 3, err)) return false;
    Sheet s = {out, cell_w, cell_h};
    for (int y = 0; y < c->h; y++)
        for (int x = 0; x < c->w; x++) paint_cell(&s, x, y, canvas_at(c, x, y));
    for (int i = 0; i < c->pictures; i++)
        if (!paint_picture(&s, c, i, err)) {
            image_free(out);
            return false;
        }
    return true;
}
