/* Whether a frame can be shown as it is: pictures on blank cells, each on its own. */
#include "tui/raster.h"
#include "tui/canvas.h"
#include <stdio.h>
#include <stdlib.h>

static bool blank(const Cell *cell)
{
    return cell->ch == U' ' || cell->ch == U'\u00a0' || !cell->ch;
}

/* One visible part of picture i; owner says which picture (its number + 1) has a cell. */
static bool check_part(const Canvas *c, int i, Rect r, uint16_t *owner, char *why, size_t cap)
{
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++) {
            uint16_t *own = &owner[y * c->w + x];
            if (!blank(canvas_at(c, x, y)))
                return snprintf(why, cap, "picture %d covers text at %d %d", i, x, y) < 0;
            if (*own && *own != i + 1)
                return snprintf(why, cap, "pictures %d and %d share the cell %d %d", *own - 1, i, x, y) < 0;
            *own = (uint16_t)(i + 1);
        }
    return true;
}

bool canvas_sound(const Canvas *c, int cell_w, int cell_h, char *why, size_t cap)
{
    uint16_t *owner = calloc((size_t)c->w * (size_t)c->h, sizeof *owner);
    Rect part[PIECE_PARTS];
    bool sound = owner || snprintf(why, cap, "there is not enough memory") < 0;
    for (int i = 0; i < c->pictures && sound; i++) {
        const Placed *p = &c->picture[i];
        Rect cells = raster_cells(p->rect, p->image->w, p->image->h, cell_w, cell_h);
        int n = canvas_visible(c, i, part, PIECE_PARTS);
        for (int k = 0; k < n && sound; k++) {
            Rect seen = rect_intersect(part[k], cells);
            if (!rect_empty(seen)) sound = check_part(c, i, seen, owner, why, cap);
        }
    }
    free(owner);
    return sound;
}
