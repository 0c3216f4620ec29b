/* What the encoder's linear probe takes for what: a matrix of held-out pictures by class, and the pictures of
 * a cell. */
#include "base/text.h"
#include "tui/screens/neighbours_state.h"
#include <stdio.h>
#include <string.h>

enum { NAME = 12, CELL = 4, WORST = 8, TILE_ROWS = 4, WIDE = 100, NARROWEST = 46 };

/* --- the cell ------------------------------------------------------------------------------------------- */

static void drop_pictures(NearSlices *k)
{
    for (int i = 0; i < k->n; i++) image_free(&k->picture[i]);
    k->n = 0;
}

static void take_cell(NearSlices *k)
{
    const ConfusionNews *n = k->news;
    drop_pictures(k);
    k->grid = (Grid){0};
    if (!n) return;
    int most = confusion_cell(k->place, SLICE_MOST, &n->confusion, k->label, k->guess);
    while (k->n < most &&
           dataset_image(&k->picture[k->n], &n->held, n->confusion.index[k->place[k->n]], NULL))
        k->n++;
}

/* The cell with most pictures off the diagonal, unless one was chosen. */
static void first_cell(NearSlices *k)
{
    const Confusion *c = &k->news->confusion;
    int worst;
    bool chosen = (k->label || k->guess) && k->label < c->classes && k->guess < c->classes;
    if (!chosen) k->label = k->guess = 0;
    if (!chosen && confusion_worst(&worst, 1, c)) {
        k->label = worst / c->classes;
        k->guess = worst % c->classes;
    }
    take_cell(k);
}

/* --- the job -------------------------------------------------------------------------------------------- */

static void end_job(NearSlices *k, App *app)
{
    if (k->job) app_job_drop(app, k->job);
    job_free(k->job);
    k->job = NULL;
}

void slices_close(NeighboursScreen *s, App *app)
{
    NearSlices *k = &s->slices;
    end_job(k, app);
    drop_pictures(k);
    if (k->news) news_drop(&k->news->news);
    k->news = NULL;
    k->of = NULL;
}

/* All pictures, or, beside a training, as few as its own probes take. */
void slices_open(NeighboursScreen *s, App *app)
{
    NearSlices *k = &s->slices;
    World *w = app_world(app);
    Err err = {0};
    bool busy = w->train && job_state(w->train) == JOB_RUNNING;
    if (!s->encoder || k->of == s->encoder) return;
    slices_close(s, app);
    k->of = s->encoder;
    k->job = confusion_start(w->workspace, s->encoder, busy ? &probe_quick : &probe_full, w->bell, &err);
    AppJob listed = {.job = k->job, .title = "confusion matrix"};
    if (k->job)
        app_job_add(app, &listed);
    else
        app_fail(app, &err);
}

bool slices_tick(NeighboursScreen *s, App *app)
{
    NearSlices *k = &s->slices;
    Err err = {0};
    if (s->page == PAGE_SLICES && !k->job && k->of != s->encoder) slices_open(s, app);
    if (!k->job) return false;
    JobState state = job_state(k->job);
    if (state == JOB_RUNNING || state == JOB_PAUSED) return false;
    if (job_result(k->job, &err))
        k->news = (ConfusionNews *)job_news(k->job);
    else if (err.code != ERR_CANCELLED)
        app_fail(app, &err);
    end_job(k, app);
    if (k->news) first_cell(k);
    return true;
}

/* --- layout --------------------------------------------------------------------------------------------- */

typedef struct {
    Rect matrix, cells, pictures; /* cells: the numbers alone */
    int cell;                     /* columns of one */
    Wall wall;
} SliceLayout;

static SliceLayout lay_out(const NeighboursScreen *s, const App *app, Rect r)
{
    SliceLayout l = {0};
    int classes = s->slices.news ? s->slices.news->confusion.classes : 10, cw, ch;
    app_cell(app, &cw, &ch);
    l.cell = CELL;
    int wide = NAME + classes * CELL + 5;
    if (wide < NARROWEST) wide = NARROWEST;
    if (r.w >= WIDE && r.w >= wide + 24)
        l.matrix = rect_cut_left(&r, wide);
    else
        l.matrix = rect_cut_top(&r, classes + 4 < r.h - TILE_ROWS - 3 ? classes + 4 : r.h - TILE_ROWS - 3);
    l.pictures = r;
    l.cells = rect_inset(l.matrix, 2, 1);
    rect_cut_left(&l.cells, NAME);
    rect_cut_top(&l.cells, 1);
    while (l.cell > 3 && l.cell * classes > l.cells.w) l.cell--;
    l.wall = layout_wall(rect_inset(l.pictures, 1, 1), r.h >= 16 ? TILE_ROWS + 1 : TILE_ROWS - 1, 0, cw, ch);
    return l;
}

/* --- keys and mouse ------------------------------------------------------------------------------------- */

static bool move_cell(NearSlices *k, int columns, int rows)
{
    int classes = k->news->confusion.classes;
    k->guess = (k->guess + columns + classes) % classes;
    k->label = (k->label + rows + classes) % classes;
    take_cell(k);
    return true;
}

static bool move(NeighboursScreen *s, App *app, int columns, int rows)
{
    NearSlices *k = &s->slices;
    if (!k->news) return true;
    if (!k->focus) return move_cell(k, columns, rows);
    SliceLayout l = lay_out(s, app, neighbours_layout(s, app, app_body(app)).main);
    if (k->n) grid_move(&k->grid, &l.wall, (uint64_t)(k->n - 1), columns, rows);
    return true;
}

/* Enter and Tab go from the matrix to the pictures of the cell. */
bool slices_act(NeighboursScreen *s, App *app, const Event *ev)
{
    NearSlices *k = &s->slices;
    switch (ev->action) {
    case ACT_LEFT:
        return move(s, app, -1, 0);
    case ACT_RIGHT:
        return move(s, app, 1, 0);
    case ACT_UP:
        return move(s, app, 0, -1);
    case ACT_DOWN:
        return move(s, app, 0, 1);
    case ACT_NEAR_STEER:
        if (k->focus || !k->n) return false;
        return k->focus = true;
    case ACT_FOCUS_NEXT:
    case ACT_FOCUS_BACK:
        if (s->way.frames && k->focus) return k->focus = false;
        k->focus = !k->focus && k->n > 0;
        return true;
    default:
        return false;
    }
}

static bool press_cell(NearSlices *k, const SliceLayout *l, const Event *ev)
{
    int column = (ev->x - l->cells.x) / l->cell, row = ev->y - l->cells.y,
        classes = k->news->confusion.classes;
    if (!rect_has(l->cells, ev->x, ev->y) || column >= classes || row >= classes) return false;
    k->focus = false;
    k->label = row;
    k->guess = column;
    take_cell(k);
    return true;
}

bool slices_mouse(NeighboursScreen *s, App *app, const Event *ev)
{
    NearSlices *k = &s->slices;
    SliceLayout l = lay_out(s, app, neighbours_layout(s, app, app_body(app)).main);
    bool wheel = ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN;
    uint64_t hit, last = k->n > 0 ? (uint64_t)(k->n - 1) : 0;
    if (!k->news) return false;
    if (wheel && k->n && rect_has(l.pictures, ev->x, ev->y))
        return grid_scroll(&k->grid, &l.wall, last, ev->mouse == MOUSE_WHEEL_UP ? -1 : 1), true;
    if (ev->mouse != MOUSE_PRESS) return false;
    if (press_cell(k, &l, ev)) return true;
    if (!k->n || !grid_hit(&hit, &k->grid, &l.wall, last, ev->x, ev->y)) return false;
    k->focus = true;
    k->grid.at = hit;
    return true;
}

/* --- drawing -------------------------------------------------------------------------------------------- */

static Ink heat(const Confusion *c, int label, int guess)
{
    int n = c->count[label * c->classes + guess], all = 0;
    for (int g = 0; g < c->classes; g++) all += c->count[label * c->classes + g];
    if (label == guess) return INK_GOOD;
    return !n ? INK_FAINT : 100 * n >= 5 * all ? INK_BAD : 100 * n >= 2 * all ? INK_WARN : INK_DIM;
}

/* Names of columns are cut to what fits over a number. */
static void draw_names(const ConfusionNews *n, const SliceLayout *l, Canvas *c)
{
    for (int k = 0; k < n->confusion.classes; k++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", l->cell - 1, n->held.class_name[k]);
        canvas_right(c, l->cells.x + (k + 1) * l->cell, l->cells.y - 1, l->cell - 1, INK_FAINT, name);
        if (k < l->cells.h)
            canvas_text(c, l->cells.x - NAME, l->cells.y + k, NAME - 1, INK_DIM, n->held.class_name[k]);
    }
}

static void draw_matrix(const NearSlices *k, const SliceLayout *l, Canvas *c)
{
    const Confusion *m = &k->news->confusion;
    draw_names(k->news, l, c);
    for (int label = 0; label < m->classes && label < l->cells.h; label++)
        for (int guess = 0; guess < m->classes; guess++) {
            int n = m->count[label * m->classes + guess], x = l->cells.x + guess * l->cell,
                y = l->cells.y + label;
            bool on = label == k->label && guess == k->guess;
            char text[16];
            snprintf(text, sizeof text, n ? "%d" : "·", n);
            canvas_right(c, x + l->cell, y, l->cell, heat(m, label, guess) | (on ? STYLE_BOLD : 0), text);
            if (on) canvas_tint(c, (Rect){x, y, l->cell, 1}, STYLE_REVERSE);
        }
}

/* The cells that hold most mistakes, in words, where there is room below the matrix. */
static void draw_worst(const NearSlices *k, const SliceLayout *l, Canvas *c)
{
    const Confusion *m = &k->news->confusion;
    int cell[WORST], n = confusion_worst(cell, WORST, m);
    Rect in = rect_inset(l->matrix, 2, 1);
    rect_cut_top(&in, m->classes + 2);
    if (in.h < 2) return;
    canvas_text(c, in.x, in.y, in.w, INK_TEXT, "Most often taken for another");
    for (int i = 0; i < n && i + 1 < in.h; i++)
        canvas_print(c, in.x, in.y + 1 + i, in.w, INK_DIM, "%4d  %s for %s", m->count[cell[i]],
                     k->news->held.class_name[cell[i] / m->classes],
                     k->news->held.class_name[cell[i] % m->classes]);
}

static void draw_pictures(const NeighboursScreen *s, const SliceLayout *l, Canvas *c)
{
    const NearSlices *k = &s->slices;
    const ConfusionNews *n = k->news;
    const Confusion *m = &n->confusion;
    Tile tile[CANVAS_PICTURES] = {{0}};
    char title[128], right[64];
    int count = m->count[k->label * m->classes + k->guess];
    snprintf(title, sizeof title, k->label == k->guess ? "%s, seen as such" : "%s taken for %s",
             n->held.class_name[k->label], n->held.class_name[k->guess]);
    snprintf(right, sizeof right, count > k->n ? "%d, the first %d" : "%d", count, k->n);
    canvas_box(c, l->pictures, k->focus && !s->way.focus, title, right);
    if (!k->n) {
        canvas_text(c, l->pictures.x + 2, l->pictures.y + 1, l->pictures.w - 4, INK_DIM,
                    "No picture of these.");
        return;
    }
    int sight = grid_sight(&k->grid, &l->wall, (uint64_t)(k->n - 1));
    if (sight > CANVAS_PICTURES / 2) sight = CANVAS_PICTURES / 2;
    for (int i = 0; i < sight; i++) {
        const Image *im = &k->picture[k->grid.top + (uint64_t)i];
        tile[i] = (Tile){.image = im, .id = canvas_image_id(im)};
    }
    grid_draw(&k->grid, c, &l->wall, tile, sight, k->focus);
}

void slices_draw(const NeighboursScreen *s, const App *app, Canvas *c, Rect r)
{
    const NearSlices *k = &s->slices;
    SliceLayout l = lay_out(s, app, r);
    char right[96] = "";
    if (!k->news) {
        Rect in = rect_inset(canvas_box(c, r, true, "Confusions of the linear probe", NULL), 1, 0);
        canvas_wrap(
            c, in, INK_DIM,
            k->job ? "A linear probe learns from the encoder's features of training pictures, then names the "
                     "held-out ones."
            : !s->encoder
                ? "There is no encoder yet: train one with 3, or open a run or an encoder file with o."
                : "The probe could not be made.");
        return;
    }
    const Figure *f = &k->news->confusion.accuracy;
    snprintf(right, sizeof right, "%.1f %% of %d right", 100 * f->value, k->news->confusion.n);
    canvas_box(c, l.matrix, !k->focus && !s->way.focus, s->encoder_of, right);
    draw_matrix(k, &l, c);
    draw_worst(k, &l, c);
    draw_pictures(s, &l, c);
}
