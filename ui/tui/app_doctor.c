/* The page of :doctor, over the screen: facts, a test card, characters, and one line of advice. */
#include "tui/app_state.h"
#include "tui/doctor.h"

#define ROWS 24 /* of content */
#define CARD 12 /* rows of the card */

/* Facts with what could be better below each; returns the first advice, or NULL. */
static const char *draw_facts(Canvas *c, Rect r, const Fact *fact, int n)
{
    const char *first = NULL;
    for (int i = 0; i < n && r.h > 0; i++) {
        canvas_text(c, r.x, r.y, 10, INK_DIM, fact[i].key);
        const char *line[2] = {fact[i].value, fact[i].advice};
        for (int k = 0; k < 2 && *line[k]; k++) {
            Rect value = {r.x + 10, r.y, r.w - 10, r.h};
            rect_cut_top(&r, canvas_wrap(c, value, k ? INK_WARN : INK_TEXT, line[k]));
            if (k && !first) first = line[k];
        }
    }
    return first;
}

static void draw_glyphs(Canvas *c, Rect r)
{
    static const struct {
        const char *name, *glyphs;
    } rows[] = {
        {"lines", "╭─┬─╮ │ ├─┼─┤ ╰─┴─╯ ━┃┏┓┗┛"},
        {"blocks", "▁▂▃▄▅▆▇█ ▀▄▌▐ ░▒▓ ▰▰▰▱▱"},
        {"braille", "⡀⣀⣄⣤⣦⣶⣷⣿ ⠁⠃⠇⠏⠟⠿ ⢇⡰⠉⠑⠢⢄"},
        {"signs", "● ○ ◆ ◂ ▸ ▲ ▼ ✓ ✗ × ± ≈ ψ σ τ Δ"},
        {"sextants",
         "🬀🬃🬇🬋🬏🬓🬗🬛🬟🬣🬧🬫🬯🬳🬷🬻 (nothing here needs them)"}};
    for (int i = 0; i < 5 && i < r.h; i++) {
        canvas_text(c, r.x, r.y + i, 10, INK_DIM, rows[i].name);
        canvas_text(c, r.x + 10, r.y + i, r.w - 10, INK_TEXT, rows[i].glyphs);
    }
}

/* The card in cells that keep it square, and what it should look like. */
static void draw_card(const App *app, Canvas *c, Rect r)
{
    Rect card = rect_cut_top(&r, CARD < r.h ? CARD : r.h);
    canvas_picture(c, card, &app->card, canvas_image_id(&app->card));
    canvas_wrap(
        c, r, INK_DIM,
        "The circle is round and its edge even. The ramps of grey, red, green and blue have no steps. "
        "Below them are stripes of single pixels.");
}

static void draw(const App *app, Canvas *c, Rect area)
{
    Fact fact[FACTS_MAX];
    const TermInfo *info = app->front->info;
    AppTimes times = app_times(app);
    int n = doctor_facts(fact, info, app->front->mode, app->front->headless ? NULL : &times);
    Rect in = rect_inset(canvas_popup(c, sheet_place(area, ROWS), "Doctor", "any key closes"), 1, 0);
    Rect last = rect_cut_bottom(&in, 1);
    int wide = CARD * info->cell_h / info->cell_w;
    if (in.w > 3 * wide) draw_card(app, c, rect_inset(rect_cut_left(&in, wide + 2), 1, 0));
    Rect glyphs = rect_cut_bottom(&in, in.h > 18 ? 6 : 0);
    const char *advice = draw_facts(c, in, fact, n);
    draw_glyphs(c, glyphs);
    canvas_text(c, last.x, last.y, last.w, STYLE_BOLD | (advice ? INK_WARN : INK_GOOD),
                advice ? advice : "All is well.");
}

static void key(App *app, int pressed)
{
    (void)pressed;
    app->sheet = NULL;
}

static void mouse(App *app, const Event *ev)
{
    if (ev->mouse == MOUSE_PRESS) app->sheet = NULL;
}

void doctor_open(App *app)
{
    static const Sheet sheet = {key, mouse, draw};
    Err err = {0};
    if (app->card.px || doctor_card(&app->card, &err))
        app->sheet = &sheet;
    else
        app_fail(app, &err);
}
