/* Several views at once: picked by key or mouse, kept in the tray, written as one wall. */
#include "tui/screens/views_state.h"
#include "engine/export.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHEET_SCALE 4

static int place_of(const ViewsScreen *v, const Address *a)
{
    uint64_t key = album_key(a);
    for (int i = 0; i < v->picks; i++)
        if (v->pick[i].key == key) return i;
    return -1;
}

bool views_picked(const ViewsScreen *v, const Address *a)
{
    return v->picks && place_of(v, a) >= 0;
}

static void add(ViewsScreen *v, App *app, const Address *a)
{
    if (!v->pick) v->pick = malloc(PICKS_MAX * sizeof *v->pick);
    if (!v->pick || place_of(v, a) >= 0) return;
    if (v->picks < PICKS_MAX)
        v->pick[v->picks++] = (Pick){*a, album_key(a)};
    else
        app_notice(app, "no more than %d views can be selected", PICKS_MAX);
}

static void take_out(ViewsScreen *v, int at)
{
    memmove(&v->pick[at], &v->pick[at + 1], (size_t)(v->picks - at - 1) * sizeof *v->pick);
    v->picks--;
}

void pick_none(ViewsScreen *v)
{
    v->picks = v->picks_before = 0;
}

void pick_toggle(ViewsScreen *v, App *app)
{
    Address a = views_selected(v, app_world(app));
    int at = place_of(v, &a);
    if (at >= 0)
        take_out(v, at);
    else
        add(v, app, &a);
}

void pick_step(ViewsScreen *v, App *app, int columns, int rows)
{
    World *w = app_world(app);
    Address a = views_selected(v, w);
    add(v, app, &a);
    views_move(v, app, columns, rows);
    a = views_selected(v, w);
    add(v, app, &a);
}

/* The views in sight into list; how many. */
static int in_sight(const ViewsScreen *v, const App *app, Address *list, int max)
{
    const World *w = app_world(app);
    Wall wall = views_wall(v, app, app_body(app));
    int n = v->plane.on ? v->plane.cols * v->plane.rows : grid_sight(&v->grid, &wall, views_last(v));
    if (n > max) n = max;
    for (int i = 0; i < n; i++)
        list[i] = v->plane.on ? seeds_cell(v, w, i) : views_at(v, w, v->grid.top + (uint64_t)i);
    return n;
}

void pick_sight(ViewsScreen *v, App *app)
{
    Address *list = malloc(CANVAS_PICTURES * sizeof *list);
    if (!list) return;
    int n = in_sight(v, app, list, CANVAS_PICTURES), had = 0;
    for (int i = 0; i < n; i++) had += views_picked(v, &list[i]);
    for (int i = 0; i < n; i++) {
        int at = had == n ? place_of(v, &list[i]) : -1;
        if (at >= 0) take_out(v, at);
        if (had < n) add(v, app, &list[i]);
    }
    free(list);
}

/* From where the mouse was pressed to where it is, as it lies on the wall; what was picked before the drag
 * stays. */
void pick_rectangle(ViewsScreen *v, App *app, uint64_t from, uint64_t to)
{
    const World *w = app_world(app);
    Wall wall = views_wall(v, app, app_body(app));
    int a = (int)(from - v->grid.top), b = (int)(to - v->grid.top), cols = wall.cols;
    int left = a % cols < b % cols ? a % cols : b % cols, right = a % cols + b % cols - left;
    int top = a / cols < b / cols ? a / cols : b / cols, low = a / cols + b / cols - top;
    v->picks = v->picks_before;
    for (int y = top; y <= low; y++)
        for (int x = left; x <= right; x++) {
            Address at = views_at(v, w, v->grid.top + (uint64_t)(y * cols + x));
            add(v, app, &at);
        }
}

void pick_keep(ViewsScreen *v, App *app, const char *tags)
{
    Address a = views_selected(v, app_world(app));
    if (!v->picks) {
        world_keep(app, &a, tags);
        return;
    }
    for (int i = 0; i < v->picks; i++) world_keep(app, &v->pick[i].address, tags);
    if (v->picks > 1)
        app_notice(app, "kept %d views in the tray%s%s", v->picks, tags ? ", " : "", tags ? tags : "");
}

/* --- one picture of all --------------------------------------------------------------------------------- */

int pick_wanted(const ViewsScreen *v, Address *list, int n, int max)
{
    for (int i = 0; *v->saving && i < v->picks && n < max; i++)
        if (!album_find(v->album, &v->pick[i].address, NULL)) list[n++] = v->pick[i].address;
    return n;
}

/* A sheet as `viewsmith sample` makes it, of what the album holds. False: something is missing yet. */
static bool write_sheet(ViewsScreen *v, App *app, const Address *list, int n, int cols)
{
    Image *tile = calloc((size_t)n, sizeof *tile);
    Err err = {0};
    bool all = tile != NULL;
    for (int i = 0; all && i < n; i++) {
        const Image *at = album_find(v->album, &list[i], NULL);
        if (at) tile[i] = *at;
        all = at != NULL;
    }
    if (all &&
        export_sheet(v->saving, tile, list, n, cols, SHEET_SCALE, "a wall of views made by viewsmith", &err))
        app_notice(app, "wrote %d views into %s", n, v->saving);
    if (err.code) app_fail(app, &err);
    free(tile);
    return all;
}

bool pick_tick(ViewsScreen *v, App *app)
{
    if (!*v->saving) return false;
    Wall wall = views_wall(v, app, app_body(app));
    int max = v->picks ? v->picks : CANVAS_PICTURES, n = v->picks;
    Address *list = malloc((size_t)max * sizeof *list);
    if (!list) return false;
    for (int i = 0; i < v->picks; i++) list[i] = v->pick[i].address;
    if (!n) n = in_sight(v, app, list, max);
    int cols = v->picks ? (int)ceil(sqrt((double)n)) : wall.cols;
    bool written = n < 1 || write_sheet(v, app, list, n, cols);
    if (written) v->saving[0] = 0;
    free(list);
    return written;
}

void pick_save(ViewsScreen *v, App *app, const char *path)
{
    snprintf(v->saving, sizeof v->saving, "%s", path);
    if (!pick_tick(v, app)) views_ask(v, app);
}
