/* The Steer screen by keys and mouse: every way of moving a view, at two sizes; and the whole chain from keys
 * to a picture file, to a new process that opens it, to the same bytes from the command line. */
#include "data/png.h"
#include "screens/play.h"
#include "screens/program.h"

/* Each ends on one screen of 80x24 and one of 132x43, or sets its own size. */
typedef struct {
    const char *name, *small, *large; /* screens; large NULL: the script says how large */
    const char *flag;
} Case;

static int prepare(void **state)
{
    static const char *const own[] = {"none", "data"};
    char here[3000], data[3072];
    (void)state;
    for (int i = 0; i < 2; i++)
        if (file_exists(own[i])) file_remove_tree(own[i], NULL);
    if (!getcwd(here, sizeof here)) return -1;
    snprintf(data, sizeof data, "%s/data", here);
    setenv("TZ", "UTC", 1);
    setenv("XDG_DATA_HOME", data, 1);
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

static void same_bytes(const char *one, const char *two)
{
    Err err = {0};
    uint8_t *a = NULL, *b = NULL;
    size_t n = 0, m = 0;
    assert_ok(file_read(one, 1 << 20, &a, &n, &err) && file_read(two, 1 << 20, &b, &m, &err), err);
    assert_true(n == m && !memcmp(a, b, n));
    free(a), free(b);
}

static void same_pixels(const char *one, const char *two)
{
    Err err = {0};
    Image a, b;
    assert_ok(png_load(one, &a, NULL, &err) && png_load(two, &b, NULL, &err), err);
    assert_true(a.w == b.w && a.h == b.h && a.c == b.c &&
                !memcmp(a.px, b.px, (size_t)a.w * (size_t)a.h * (size_t)a.c));
    image_free(&a), image_free(&b);
}

/* Keys -> picture file -> new process opens it -> the same address and picture -> sample gives the same
 * bytes. */
static void chain(void **state)
{
    (void)state;
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
    same_bytes("one.png", "two.png");
    succeeded(viewsmith("sample", "one.png", "--model", MODEL, "--out", "four.png", "--scale", "28"));
    same_bytes("three.png", "four.png");
    same_pixels("one.png", "three.png");
}

/* A picture becomes an address that can be steered at once; saved, it comes back in another process. */
static void inversion(void **state)
{
    (void)state;
    Image picture = {0};
    Err err = {0};
    assert_ok(image_make(&picture, 12, 12, 1, &err), err);
    memset(picture.px, 90, 144);
    memset(picture.px + 40, 220, 60);
    assert_ok(png_save("find.png", &picture, NULL, 0, &err), err);
    image_free(&picture);
    write_text("keys.txt", "2\nwait\ni\ntype nothing.png\nEnter\nexpect nothing.png\ni\ntype "
                           "find.png\nEnter\nexpect inverting find.png\n"
                           "Escape\nexpect stopped\nrefuse inverting\n:invert find.png\nwait\nexpect "
                           "find.png found\nexpect latent=wp.\n"
                           "l l\nwait\nexpect pca-1=0.5\n:save found.png\nu u\nwait\nexpect seed=0\n");
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script", "keys.txt",
                        "--fake-clock", "--graphics", "none"));
    write_text("keys.txt",
               "wait\n2\nwait\nexpect latent=wp.\nexpect pca-1=0.5\n:save again.png\nexpect wrote\n");
    succeeded(viewsmith("found.png", "--model", MODEL, "--data", "fashion-small", "--runs", "none",
                        "--script", "keys.txt", "--fake-clock", "--graphics", "none"));
    same_bytes("found.png", "again.png");
}

/* Another process takes up the tree, the focus, layers and what is folded: the same screen. */
static void session(void **state)
{
    (void)state;
    static const char *const part[2] = {
        "2\nwait\nl l\n:class bag\nu\nj\nl l l\nwait\n:layers 2-3\nl\n:directions\nwait\nk\nh\nwait\n",
        "wait\nexpect 2-3 of 4\n"};
    char *screen[2];
    if (file_exists("kept.json")) remove("kept.json");
    for (int i = 0; i < 2; i++) {
        write_text("keys.txt", part[i]);
        succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script",
                            "keys.txt", "--size", "132x43", "--fake-clock", "--graphics", "none",
                            "--session-file", "kept.json", "--dump-screen", "screen.txt",
                            i ? "--resume" : NULL));
        screen[i] = text_of("screen.txt");
    }
    assert_non_null(strstr(screen[0], "│╰ bag"));
    const char *a = screen[0], *b = screen[1];
    bool same = true;
    while (same && next_line(&a, &b, &same)) continue;
    if (!same) fail_msg("before:\n%s\nafter:\n%s", screen[0], screen[1]);
    free(screen[0]), free(screen[1]);
}

/* Views tagged by hand become a slider; what it makes comes back in another process. */
static void learning(void **state)
{
    (void)state;
    write_text(
        "keys.txt",
        "2\nwait\n:learn mine from bright\nexpect no view in the tray\n:learn mine\nexpect is learnt like\n"
        ":do set pca-1 2\n:tray-as bright\nSpace\n:tray-as bright\nSpace\n:tray-as bright\nSpace\n:tray-as "
        "bright\n"
        "Space\n:tray-as bright\nwait\nexpect tray #5 bright\n:mix #1 3-4\nwait\nexpect mix=wp.\nu\nD\ntype "
        "mine from bright\nEnter\nwait\nexpect unseen views apart\n"
        "expect ▸ mine\n:do reset\nl l\nwait\nexpect mine.\n:save learnt.png\nexpect wrote\n");
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script", "keys.txt",
                        "--fake-clock", "--graphics", "none"));
    write_text("keys.txt", "wait\n2\nwait\nexpect =0.5\nexpect ▾ mine\n:save again.png\nexpect wrote\n");
    succeeded(viewsmith("learnt.png", "--model", MODEL, "--data", "fashion-small", "--runs", "none",
                        "--script", "keys.txt", "--fake-clock", "--graphics", "none"));
    same_bytes("learnt.png", "again.png");
    succeeded(viewsmith("direction", "drop", "mine", "--model", MODEL));
}

/* The first frame is what any program shows: view A as the command line makes it. */
static void animation(void **state)
{
    (void)state;
    Err err = {0};
    Image film, first;
    PngText text;
    write_text("keys.txt", "2\nwait\n:animate way.png 1\nexpect 2 to 600 frames\na\n:seed "
                           "9\nb\nI\nwait\n:animate way.png 12\nwait\nexpect wrote way.png\n"
                           "J\nwait\nEscape\n");
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script", "keys.txt",
                        "--fake-clock", "--graphics", "none"));
    succeeded(viewsmith("sample", "seed=0/class=0/psi=0.8", "--model", MODEL, "--out", "first.png", "--scale",
                        "8"));
    assert_ok(png_load("way.png", &film, &text, &err) && png_load("first.png", &first, NULL, &err), err);
    assert_true(film.w == first.w && film.h == first.h &&
                !memcmp(film.px, first.px, (size_t)film.w * (size_t)film.h));
    assert_non_null(strstr(png_text_find(&text, "viewsmith"), "lerp=0,9:"));
    png_text_free(&text);
    image_free(&film), image_free(&first);
    succeeded(viewsmith("steer", "seed=0/class=0/psi=0.8", "--to", "seed=9/class=0/psi=0.8", "--frames", "12",
                        "--model", MODEL, "--animate", "same.png"));
    same_bytes("way.png", "same.png");
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
    struct CMUnitTest test[CASES + 5];
    for (int i = 0; i < CASES; i++)
        test[i] = (struct CMUnitTest){cases[i].small, play, NULL, NULL, &cases[i]};
    test[CASES] = (struct CMUnitTest)cmocka_unit_test(chain);
    test[CASES + 1] = (struct CMUnitTest)cmocka_unit_test(inversion);
    test[CASES + 2] = (struct CMUnitTest)cmocka_unit_test(animation);
    test[CASES + 3] = (struct CMUnitTest)cmocka_unit_test(learning);
    test[CASES + 4] = (struct CMUnitTest)cmocka_unit_test(session);
    return cmocka_run_group_tests_name("steer", test, prepare, NULL);
}
