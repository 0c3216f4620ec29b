/* The Steer screen by keys and mouse: every way of moving a view, at two sizes; and the whole chain from keys
 * to a picture file, to a new process that opens it, to the same bytes from the command line. */
#include "screens/play.h"
#include "screens/program.h"

/* Each ends on one screen of 80x24 and one of 132x43, or sets its own size. */
typedef struct {
    const char *name, *small, *large; /* screens; large NULL: the script says how large */
    const char *flag;
} Case;

static int prepare(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    setenv("XDG_DATA_HOME", "data", 1);
    if (file_exists("none")) file_remove_tree("none", NULL);
    return 0;
}

static void play(void **state)
{
    const Case *c = *state;
    play_keys(c->name, "80x24", "fashion-small", "none", c->flag);
    compare_screen(c->small, "screen.txt");
    if (!c->large) return;
    play_keys(c->name, "132x43", "fashion-small", "none", c->flag);
    compare_screen(c->large, "screen.txt");
}

/* Keys -> picture file -> new process opens it -> the same address and picture -> sample gives the same
 * bytes. */
static void chain(void **state)
{
    (void)state;
    Err err = {0};
    uint8_t *first, *second, *third;
    size_t n, m, k;
    write_text("keys.txt", "2\nwait\nl l l\n:do mix 12 3-4\n:do px rotate 10\nO\nj\nL\nwait\n:save "
                           "one.png\nexpect wrote one.png\n");
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script", "keys.txt",
                        "--fake-clock", "--graphics", "none", "--dump-screen", "screen.txt"));
    char *screen = text_of("screen.txt");
    assert_non_null(
        strstr(screen, "/seed=0/mix=12:3-4/class=0/psi=0.8/pca-1=0.75/px-rotate=10/px-occlude=0.5,0.5,0.25"));
    free(screen);
    write_text("keys.txt",
               "wait\n2\nwait\nexpect px-occlude=0.5,0.5,0.25\n:save two.png\nexpect wrote two.png\n");
    succeeded(viewsmith("one.png", "--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script",
                        "keys.txt", "--fake-clock", "--graphics", "none"));
    succeeded(viewsmith("sample", "one.png", "--model", MODEL, "--out", "three.png", "--scale", "28"));
    assert_ok(file_read("one.png", 1 << 20, &first, &n, &err) &&
                  file_read("two.png", 1 << 20, &second, &m, &err) &&
                  file_read("three.png", 1 << 20, &third, &k, &err),
              err);
    assert_true(n == m && !memcmp(first, second, n));
    free(first), free(second), free(third);
}

int main(void)
{
    static Case cases[] = {{"steer-groups", "steer-groups", "steer-groups-wide", NULL},
                           {"steer-layers", "steer-layers", "steer-layers-wide", NULL},
                           {"steer-pixels", "steer-pixels", "steer-pixels-wide", NULL},
                           {"steer-compare", "steer-compare", "steer-compare-wide", NULL},
                           {"steer-plane", "steer-plane", "steer-plane-wide", NULL},
                           {"steer-history", "steer-history", "steer-history-wide", NULL},
                           {"steer-marks", "steer-marks", "steer-marks-wide", NULL},
                           {"steer-panes", "steer-panes", NULL, NULL},
                           {"steer-mouse", "steer-mouse", NULL, NULL},
                           {"steer-ascii", "steer-ascii", "steer-ascii-wide", "--ascii"}};
    enum { CASES = sizeof cases / sizeof *cases };
    struct CMUnitTest test[CASES + 1];
    for (int i = 0; i < CASES; i++)
        test[i] = (struct CMUnitTest){cases[i].small, play, NULL, NULL, &cases[i]};
    test[CASES] = (struct CMUnitTest)cmocka_unit_test(chain);
    return cmocka_run_group_tests_name("steer", test, prepare, NULL);
}
