/* The action table: every key means one thing in a context, every name one action; names of keys both ways.
 */
#include "tui/event.h"
#include "tui/keymap.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void keys_parse_and_stand_once(void **state)
{
    (void)state;
    for (int a = 1; a < ACT_COUNT; a++) {
        const char *keys = action_info((Action)a)->keys;
        for (int key; *keys;) {
            assert_true(key_parse_next(&key, &keys));
            assert_int_equal(keymap_find(action_info((Action)a)->context, key),
                             a); /* the first with this key is this one */
        }
    }
}

static void names_stand_once_per_context(void **state)
{
    (void)state;
    for (int a = 1; a < ACT_COUNT; a++) {
        const ActionInfo *info = action_info((Action)a);
        assert_true(*info->name && *info->help);
        assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(info->name));
        for (int b = 1; b < a; b++) {
            bool meet = action_info((Action)b)->context == info->context || info->context == CONTEXT_GLOBAL ||
                        action_info((Action)b)->context == CONTEXT_GLOBAL;
            if (meet) assert_string_not_equal(action_info((Action)b)->name, info->name);
        }
    }
}

static void screens_come_first(void **state)
{
    (void)state;
    assert_int_equal(keymap_find(CONTEXT_VIEWS, 'l'), ACT_RIGHT);
    assert_int_equal(keymap_find(CONTEXT_STEER, 'l'), ACT_STEER_MORE);
    assert_int_equal(keymap_find(CONTEXT_STEER, 'k'), ACT_UP);
    assert_int_equal(keymap_find(CONTEXT_TRAIN, 'q'), ACT_QUIT);
    assert_int_equal(keymap_find(CONTEXT_GLOBAL, '='), ACT_NONE);
    assert_int_equal(keymap_find(CONTEXT_VIEWS, 0x1f600), ACT_NONE);
}

/* A key that a screen has given another meaning is no key of the action there. */
static void overruled_keys_are_not_told(void **state)
{
    char out[64];
    (void)state;
    keymap_keys(out, sizeof out, CONTEXT_NEIGHBOURS, ACT_OPEN);
    assert_string_equal(out, "o");
    keymap_keys(out, sizeof out, CONTEXT_VIEWS, ACT_OPEN); /* o sorts there */
    assert_string_equal(out, "");
    keymap_keys(out, sizeof out, CONTEXT_STEER, ACT_RIGHT);
    assert_string_equal(out, "");
    keymap_keys(out, sizeof out, CONTEXT_VIEWS, ACT_RIGHT);
    assert_string_equal(out, "l Right");
    keymap_key(out, sizeof out, CONTEXT_VIEWS, ACT_RIGHT);
    assert_string_equal(out, "l");
    keymap_keys(out, 6, CONTEXT_VIEWS, ACT_RIGHT);
    assert_string_equal(out, "l Rig");
}

static void commands(void **state)
{
    const char *arg;
    (void)state;
    assert_int_equal(keymap_command(CONTEXT_STEER, "seed 4711", &arg), ACT_STEER_SEED);
    assert_string_equal(arg, "4711");
    assert_int_equal(keymap_command(CONTEXT_VIEWS, ":  seed", &arg), ACT_VIEWS_SEED);
    assert_string_equal(arg, "");
    assert_int_equal(keymap_command(CONTEXT_VIEWS, "quit", &arg),
                     ACT_QUIT); /* exact, though quit-stop begins so too */
    assert_int_equal(keymap_command(CONTEXT_VIEWS, "resam", &arg), ACT_VIEWS_NEW);
    assert_int_equal(keymap_command(CONTEXT_VIEWS, "s", &arg), ACT_NONE);         /* many */
    assert_int_equal(keymap_command(CONTEXT_VIEWS, "log-scale", &arg), ACT_NONE); /* Train's */
    assert_int_equal(keymap_command(CONTEXT_VIEWS, "", &arg), ACT_NONE);
}

static void key_names(void **state)
{
    static const char *const names[] = {
        "q",      "Q",  "Space", "Enter",      "Escape",      "Tab", "Shift-Tab", "Ctrl-R", "Alt-x",
        "PageUp", "F1", "F12",   "Shift-Left", "Ctrl-Alt-Up", "ψ",   "-",         "+",      "Backspace"};
    char out[32];
    int key;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(key_parse(&key, names[i]));
        key_print(out, sizeof out, key);
        assert_string_equal(out, names[i]);
    }
    assert_true(key_parse(&key, "Ctrl-C") && key == 3);
    assert_true(key_parse(&key, "ctrl-c") && key == 3);
    assert_false(key_parse(&key, "Nothing"));
    assert_false(key_parse(&key, "F13"));
    assert_false(key_parse(&key, ""));
}

static void manual_names_every_action(void **state)
{
    Buf out = {0};
    (void)state;
    keymap_manual(&out);
    assert_non_null(strstr(out.p, "\n.B y\n.RB ( :copy )\n"));
    assert_non_null(strstr(out.p, ":psi\\-up"));
    int items = 0;
    for (const char *p = out.p; (p = strstr(p, ".TP\n")); p++) items++;
    assert_int_equal(items, ACT_COUNT - 1);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_parse_and_stand_once),
        cmocka_unit_test(names_stand_once_per_context),
        cmocka_unit_test(screens_come_first),
        cmocka_unit_test(overruled_keys_are_not_told),
        cmocka_unit_test(commands),
        cmocka_unit_test(key_names),
        cmocka_unit_test(manual_names_every_action),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
