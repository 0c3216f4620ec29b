/* Bytes from terminals: keys, mouse, paste, answers; the same however they are cut, and never stuck on
 * garbage. */
#include "tui/input.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

typedef struct {
    Input in;
    TermInfo info;
    char log[4096];
} Box;

static void note(Box *b, const Event *ev)
{
    static const char *const mice[] = {"press", "drag", "release", "up", "down"};
    char key[32] = "", *end = b->log + strlen(b->log);
    size_t cap = sizeof b->log - strlen(b->log);
    if (ev->kind == EV_KEY) key_print(key, sizeof key, ev->key);
    if (ev->kind == EV_KEY)
        snprintf(end, cap, "%s ", key);
    else if (ev->kind == EV_MOUSE)
        snprintf(end, cap, "%s(%d,%d) ", mice[ev->mouse], ev->x, ev->y);
    else if (ev->kind == EV_PASTE)
        snprintf(end, cap, "paste[%s] ", ev->text);
    else if (ev->kind == EV_FOCUS)
        snprintf(end, cap, "focus%d ", ev->on);
    else
        snprintf(end, cap, "%s ", ev->kind == EV_ACK ? "ack" : ev->kind == EV_REPLY ? "reply" : "?");
}

static void feed(Box *b, const char *bytes, size_t n, bool late)
{
    size_t cap;
    char *to = input_room(&b->in, &cap);
    assert_true(n <= cap);
    memcpy(to, bytes, n);
    input_took(&b->in, n);
    for (Event ev; (ev = input_next(&b->in, &b->info, late)).kind != EV_NONE;) note(b, &ev);
}

static const char session[] = "a\xcf\x88 \r\t\177\033[A\033OB\033[1;2C\033[5~\033[15~\033[Z\033x\022"
                              "\033[<0;10;5M\033[<32;11;5M\033[<0;11;5m\033[<64;1;1M\033[<65;1;1M"
                              "\033[200~vs1:a\033[A\xcf\x88\033[201~\033[I\033[O\033[0n\033P>|XTerm(379)"
                              "\033\\\033[?2;0;800;680S\033[?2;0;1000;900S"
                              "\033]11;rgb:ffff/ffff/f0f0\033\\\033[?63;1;2;4c"
                              "z";
static const char expected[] =
    "a ψ Space Enter Tab Backspace Up Down Shift-Right PageUp F5 Shift-Tab Alt-x Ctrl-R "
    "press(9,4) drag(10,4) release(10,4) up(0,0) down(0,0) paste[vs1:a\033[Aψ] focus1 focus0 ack "
    "reply reply reply reply reply z ";

static void whole_session(void **state)
{
    Box b = {.info = {.cols = 100, .rows = 40}};
    (void)state;
    feed(&b, session, sizeof session - 1, false);
    assert_string_equal(b.log, expected);
    assert_true(b.info.sixel && b.info.answered && b.info.light && b.info.truecolor);
    assert_string_equal(b.info.name, "XTerm(379)");
    assert_int_equal(b.info.cell_w, 8);
    assert_int_equal(b.info.cell_h, 17);
    assert_int_equal(b.info.max_h, 900);
}

static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < sizeof session - 1; cut++) {
        Box b = {.info = {.cols = 100, .rows = 40}};
        feed(&b, session, cut, false);
        feed(&b, session + cut, sizeof session - 1 - cut, false);
        assert_string_equal(b.log, expected);
    }
}

static void lone_escape(void **state)
{
    Box b = {0};
    (void)state;
    feed(&b, "\033", 1, false);
    assert_string_equal(b.log, "");
    assert_true(input_pending(&b.in));
    feed(&b, "", 0, true);
    assert_string_equal(b.log, "Escape ");
    b.log[0] = 0;
    feed(&b, "\033P>|slow", 8, true); /* an answer on a slow line is not typed text */
    assert_string_equal(b.log, "");
    feed(&b, " link\033\\q", 8, false);
    assert_string_equal(b.log, "reply q ");
}

static void failed_geometry_is_not_a_limit(void **state)
{
    Box b = {.info = {.cols = 100, .rows = 40, .max_w = 1000, .max_h = 1000}};
    (void)state;
    feed(&b, "\033[?2;3S\033[?2;0;2000;1500S", 26 - 1, false);
    assert_int_equal(b.info.cell_w, 0);
    assert_int_equal(b.info.max_w, 2000);
}

static void long_paste_is_cut(void **state)
{
    static Box b;
    static char big[6000];
    (void)state;
    memset(big, 'x', sizeof big);
    feed(&b, "\033[200~", 6, false);
    feed(&b, big, sizeof big, false);
    feed(&b, "\033[201~q", 7, false);
    assert_int_equal(strlen(b.log) > 4000, 1);
    assert_int_equal(b.in.pasted, INPUT_PASTE_MAX);
    assert_false(b.in.pasting);
}

static void garbage_never_stalls(void **state)
{
    static Input in;
    TermInfo info = {.cols = 80, .rows = 24};
    uint32_t random = 12345;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t cap;
        char *to = input_room(&in, &cap);
        assert_true(cap > 0);
        size_t n = cap < 40 ? cap : 40;
        for (size_t i = 0; i < n; i++) {
            random = random * 1664525u + 1013904223u;
            static const char likely[] = "\033[]P?;0123456789cSnMm~\\<>\007";
            to[i] = (random >> 24) & 1 ? likely[(random >> 16) % (sizeof likely - 1)] : (char)(random >> 8);
        }
        input_took(&in, n);
        while (input_next(&in, &info, round % 7 == 0).kind != EV_NONE) {}
    }
    assert_true(info.cell_w <= 100 && info.cell_h <= 200);
    for (const char *p = info.name; *p; p++) assert_true(*p >= ' ' && *p <= '~');
}

static void modes_and_advice(void **state)
{
    char text[256];
    TermInfo info = {.utf8 = true, .colors = 256};
    (void)state;
    assert_int_equal(probe_mode(&info, NULL), PIXELS_HALF256);
    info.truecolor = true;
    assert_int_equal(probe_mode(&info, "auto"), PIXELS_HALF);
    strcpy(info.name, "XTerm(379)");
    probe_advice(text, sizeof text, &info, PIXELS_HALF);
    assert_non_null(strstr(text, "-ti vt340"));
    info.sixel = true;
    assert_int_equal(probe_mode(&info, NULL), PIXELS_SIXEL);
    probe_advice(text, sizeof text, &info, PIXELS_SIXEL);
    assert_string_equal(text, "");
    assert_int_equal(probe_mode(&info, "half256"), PIXELS_HALF256);
    assert_int_equal(probe_mode(&info, "kodak"), -1);
    info = (TermInfo){.utf8 = false, .colors = 256, .truecolor = true};
    assert_int_equal(probe_mode(&info, NULL), PIXELS_ASCII);
}

static VtToken said(const char *bytes)
{
    VtToken t = vt_token(bytes, strlen(bytes));
    assert_int_equal(t.size, strlen(bytes));
    return t;
}

/* The text area tells best what a cell measures, then the cell's own answer, then the window. */
static void cells_from_the_best_source(void **state)
{
    TermInfo info = {.cols = 100, .rows = 40};
    VtToken cell = said("\033[6;20;10t"), area = said("\033[?2;0;900;720S"),
            limit = said("\033[?2;0;1000;900S");
    (void)state;
    assert_true(probe_cell(&info, 8, 17, CELL_WINDOW));
    assert_true(probe_take(&info, &cell) && info.cell_w == 10 && info.cell_h == 20);
    assert_true(probe_take(&info, &area) && probe_take(&info, &limit));
    assert_true(info.max_w == 1000 && info.max_h == 900 && info.cell_w == 9 && info.cell_h == 18);
    assert_true(probe_take(&info, &cell) && info.cell_w == 9);
    assert_false(probe_cell(&info, 8, 17, CELL_WINDOW));
    assert_true(probe_cell(&info, 7, 14, CELL_GIVEN)); /* by hand: nothing changes it */
    assert_true(probe_take(&info, &area) && probe_take(&info, &limit) && info.cell_w == 7);
    TermInfo wide = {.cols = 140, .rows = 44};
    VtToken cut = said("\033[?2;0;1000;748S");
    assert_true(probe_cell(&wide, 8, 17, CELL_WINDOW));
    assert_true(probe_take(&wide, &cut) && probe_take(&wide, &limit) && wide.cell_w == 8);
}

static void kitty_is_asked_and_believed(void **state)
{
    TermInfo info = {.utf8 = true, .sixel = true}, tmux = {.tmux = true};
    Buf out = {0};
    VtToken no = said("\033_Gi=31;ENOTSUPPORTED:no\033\\"), yes = said("\033_Gi=31;OK\033\\");
    (void)state;
    probe_questions(&out, &info);
    assert_non_null(strstr(out.p, "\033_Gi=31"));
    assert_string_equal(out.p + out.n - 3, "\033[c"); /* the one that all answer comes last */
    buf_clear(&out);
    probe_questions(&out, &tmux);
    assert_null(strstr(out.p, "\033_G"));
    buf_free(&out);
    assert_true(probe_take(&info, &no));
    assert_int_equal(probe_mode(&info, NULL), PIXELS_SIXEL);
    assert_true(probe_take(&info, &yes));
    assert_int_equal(probe_mode(&info, NULL), PIXELS_KITTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_session),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(lone_escape),
        cmocka_unit_test(long_paste_is_cut),
        cmocka_unit_test(garbage_never_stalls),
        cmocka_unit_test(modes_and_advice),
        cmocka_unit_test(failed_geometry_is_not_a_limit),
        cmocka_unit_test(cells_from_the_best_source),
        cmocka_unit_test(kitty_is_asked_and_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
