/* The app run by scripts: screens, keys, commands, help, dialogs, sizes, and what a failed script says. */
#include "base/file.h"
#include "ui/demo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

static AppLeave left;
static int closed;

static void leave(void *world, AppLeave how)
{
    (void)world;
    left = how;
    closed++;
}

/* Runs a script over the demo screens; false: err says why. */
static bool run(const char *script, AppOptions opt, bool running, Err *err)
{
    AppHooks hooks = demo_hooks;
    hooks.leave = leave;
    hooks.world = running ? demo_world : NULL;
    assert_true(file_replace("keys.txt", script, strlen(script), NULL));
    opt.script = "keys.txt";
    opt.fake_clock = true;
    left = LEAVE_IDLE;
    return app_run(&opt, demo_screens, 3, 0, &hooks, err);
}

static void passes(const char *script)
{
    Err err = {0};
    bool ok = run(script, app_options_default(), false, &err);
    assert_string_equal(err.msg, "");
    assert_true(ok);
}

static void keys_and_screens(void **state)
{
    (void)state;
    passes("expect Viewsmith\nexpect T-shirt\nexpect train 412 v/s\nexpect ? all keys  q quit\n"
           "l l j\nexpect ankle b\n2\nexpect sneaker · seed 4711\nexpect h l change\n"
           "expect −1.75\nl\nexpect −1.50\nl l l l l l\nexpect 0.00 mine\nSpace\nexpect seed 4712\n3\nexpect "
           "612 views/s\n");
}

static void commands_and_prompt(void **state)
{
    (void)state;
    passes(
        ":seed 900\nexpect 900\n:steer\nexpect Directions\n=\nexpect :set\ntype 2.25\nEnter\nexpect +2.25\n"
        ":nonsense\nexpect There is no command \"nonsense\" here\n"
        ":\ntype ques\nEscape\nrefuse ques\n:\nUp\nexpect :nonsense\nEscape\n:\ntype seed\nexpect "
        "SEED\nEscape\n"
        "paste vs1:fashion/seed=1\nexpect pasted vs1:fashion/seed=1\ny\nexpect Copied\nwait 7\nrefuse "
        "Copied\n");
}

static void help_searches_and_runs(void **state)
{
    (void)state;
    passes(
        "?\nexpect Keys\nexpect Draw a new wall\nexpect everywhere\ntype what a frame\nexpect Show or hide\n"
        "refuse Draw a new wall\nEnter\nrefuse Keys\nexpect enc 0\n"
        "?\ntype zzzz\nrefuse everywhere\nEnter\nrefuse Keys\n?\ntype x\nEscape\nexpect "
        "everywhere\nEscape\nrefuse Keys\n?\nq\nrefuse Keys\nexpect Views\n");
}

static void mouse(void **state)
{
    (void)state;
    passes("click 25 0\nexpect Directions\nclick 14 0\nexpect seeds 0 to\nclick 15 5\nexpect trouser ─\n");
}

static void leaving(void **state)
{
    (void)state;
    closed = 0;
    assert_true(run("q\nexpect never\n", app_options_default(), false, NULL)); /* q ends it before */
    assert_int_equal(left, LEAVE_IDLE);
    Err err = {0};
    assert_true(
        run("q\nexpect Leave Viewsmith?\nexpect Run 0007\nc\nrefuse Leave\nq\nRight Enter\nexpect never\n",
            app_options_default(), true, &err));
    assert_int_equal(left, LEAVE_DETACH);
    assert_true(run("q\ns\nexpect never\n", app_options_default(), true, &err));
    assert_int_equal(left, LEAVE_STOP);
    assert_true(run("", app_options_default(), true, &err));
    assert_int_equal(left, LEAVE_STOP);
    assert_int_equal(closed, 4);
}

static void failures_name_the_line(void **state)
{
    Err err = {0};
    (void)state;
    assert_false(run("# fine\nl\nexpect a unicorn\n", app_options_default(), false, &err));
    assert_string_equal(err.msg, "keys.txt:3: the screen does not show it: expect a unicorn");
    err = (Err){0};
    assert_false(run("Ctrl-Shift-Nothing\n", app_options_default(), false, &err));
    assert_non_null(strstr(err.msg, "keys.txt:1: this is no key"));
    err = (Err){0};
    assert_false(run("size big\n", app_options_default(), false, &err));
    err = (Err){0};
    AppOptions opt = app_options_default();
    opt.script = "absent.txt";
    assert_false(app_run(&opt, demo_screens, 3, 0, &demo_hooks, &err));
    assert_non_null(strstr(err.msg, "absent.txt"));
}

static void every_size(void **state)
{
    Buf script = {0};
    Err err = {0};
    (void)state;
    for (int rows = 1; rows <= 60; rows += 3)
        for (int cols = 1; cols <= 250; cols += 11) {
            buf_printf(&script, "size %dx%d\n%d ?\n", cols, rows, 1 + (rows + cols) % 3);
            if (cols >= 45 && rows >= 8 && (cols < 60 || rows < 18))
                buf_str(&script, "expect Viewsmith needs a window of 60 x\n");
            buf_str(&script, "Escape\n");
            if (cols >= 60 && rows >= 18) buf_str(&script, "expect q quit\n");
        }
    bool ok = run(script.p, app_options_default(), false, &err);
    assert_string_equal(err.msg, "");
    assert_true(ok);
    buf_free(&script);
}

static void dumps(void **state)
{
    uint8_t *bytes;
    size_t size;
    AppOptions opt = app_options_default();
    Err err = {0};
    (void)state;
    opt.ascii = true;
    opt.cols = 80;
    opt.rows = 24;
    opt.dump_screen = "screen.txt";
    opt.dump_image = "screen.png";
    opt.seed = 7;
    assert_true(run("2\n", opt, false, &err));
    assert_true(file_read("screen.txt", 1 << 20, &bytes, &size, &err));
    for (size_t i = 0; i < size; i++) assert_true(bytes[i] < 0x80);
    assert_non_null(strstr((char *)bytes, "+ sneaker . seed 4718 ----"));
    assert_non_null(strstr((char *)bytes, "> heel hei"));
    free(bytes);
    assert_true(file_read("screen.png", 1 << 24, &bytes, &size, &err));
    assert_memory_equal(bytes, "\x89PNG", 4);
    free(bytes);
}

static void options(void **state)
{
    AppOptions opt = app_options_default();
    Err err = {0};
    char *argv[] = {"--size", "120x40",  "--seed", "9",  "--fake-clock", "--graphics",
                    "sixel",  "--other", "--cell", "8x", "--seed"};
    int i = 0;
    (void)state;
    assert_int_equal(app_option(&opt, 11, argv, &i, &err), 1);
    assert_int_equal(i, 1);
    assert_int_equal(opt.cols, 120);
    i = 2;
    assert_int_equal(app_option(&opt, 11, argv, &i, &err), 1);
    assert_int_equal(opt.seed, 9);
    i = 4;
    assert_int_equal(app_option(&opt, 11, argv, &i, &err), 1);
    i = 5;
    assert_int_equal(app_option(&opt, 11, argv, &i, &err), 1);
    i = 7;
    assert_int_equal(app_option(&opt, 11, argv, &i, &err), 0);
    i = 8;
    assert_int_equal(app_option(&opt, 11, argv, &i, &err), -1);
    assert_non_null(strstr(err.msg, "--cell"));
    err = (Err){0};
    i = 10;
    assert_int_equal(app_option(&opt, 11, argv, &i, &err), -1);
    assert_string_equal(err.msg, "--seed needs a value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_screens),
        cmocka_unit_test(commands_and_prompt),
        cmocka_unit_test(help_searches_and_runs),
        cmocka_unit_test(mouse),
        cmocka_unit_test(leaving),
        cmocka_unit_test(failures_name_the_line),
        cmocka_unit_test(every_size),
        cmocka_unit_test(dumps),
        cmocka_unit_test(options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
