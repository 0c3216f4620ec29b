/* The Views screen played over a tiny generator and a judge of random weights, at the sizes people have; and
 * from its keys to a view steered, kept, taken up by another process and asked for on the command line: the
 * same bytes. */
#include "data/png.h"
#include "home.h"
#include "screens/play.h"
#include "screens/program.h"

typedef struct {
    const char *keys, *size, *screen;
} Case;

static int prepare(void **state)
{
    (void)state;
    Err err = {0};
    own_home();
    own_judge();
    Encoder *other = tiny_encoder(0, 21, &err);
    if (other) snprintf(other->name, sizeof other->name, "other");
    assert_ok(other && encoder_save(other, "other.safetensors", &err), err);
    encoder_drop(other);
    return 0;
}

static void play(void **state)
{
    const Case *c = *state;
    remove("home/viewsmith/tray.sqlite");
    play_keys(c->keys, c->size, "fashion-small", "none", NULL);
    compare_screen(c->screen, "screen.txt");
}

/* --- from key to bytes ---------------------------------------------------------------------------------- */

static void session(const char *keys, const char *resume)
{
    write_text("keys.txt", keys);
    succeeded(viewsmith("--model", MODEL, "--data", "fashion-small", "--runs", "none", "--script", "keys.txt",
                        "--size", "132x43", "--fake-clock", "--graphics", "none", "--session-file",
                        "session.json", resume));
}

static void same_file(const char *a, const char *b)
{
    uint8_t *one, *two = NULL;
    size_t n, m = 0;
    Err err = {0};
    assert_ok(file_read(a, 1 << 24, &one, &n, &err) && file_read(b, 1 << 24, &two, &m, &err), err);
    if (n != m || memcmp(one, two, n)) fail_msg("%s and %s are not the same", a, b);
    free(one);
    free(two);
}

/* The address in a picture's text chunk; the caller frees. */
static char *address_in(const char *path, Image *im)
{
    PngText text;
    Err err = {0};
    assert_ok(png_load(path, im, &text, &err), err);
    const char *chunk = png_text_find(&text, "viewsmith");
    assert_non_null(chunk);
    Json *o = json_parse(chunk, strlen(chunk), path, &err);
    assert_ok(o, err);
    char *address = strdup(json_str(o, "address", ""));
    json_drop(o);
    png_text_free(&text);
    return address;
}

static void expect_same_picture(const char *a, const char *b)
{
    Image one, two;
    char *first = address_in(a, &one), *second = address_in(b, &two);
    assert_string_equal(first, second);
    assert_int_equal(one.w, two.w);
    assert_memory_equal(one.px, two.px, (size_t)(one.w * one.h * one.c));
    image_free(&one);
    image_free(&two);
    free(first);
    free(second);
}

static void a_view_keeps_its_bytes(void **state)
{
    (void)state;
    char *address;
    Image im;
    remove("session.json");
    session(":seed 70\n:class bag\nwait\nl\nj\nwait\n:save wall.png\nexpect wrote wall.png\nEnter\nwait\n"
            ":save steered.png\nexpect wrote steered.png\n1\nwait\n",
            NULL);
    same_file("wall.png", "steered.png");
    session("wait\nexpect bag\n:save again.png\nexpect wrote again.png\n", "--resume");
    same_file("wall.png", "again.png");
    address = address_in("wall.png", &im);
    succeeded(viewsmith("sample", address, "--model", MODEL, "--scale", "28", "--out", "asked.png"));
    expect_same_picture("wall.png", "asked.png");
    image_free(&im);
    free(address);
}

/* Plane, order and selection come back too, with the same picture under the cursor. */
static void a_place_comes_back(void **state)
{
    (void)state;
    remove("session.json");
    session("wait\nP\nwait\nl\nj\n+\nl\nv\nwait\n:save cell.png\nexpect wrote cell.png\n", NULL);
    session("wait\nexpect Plane of seeds 0 1 2 3\nexpect 2×\nexpect 1 selected\n:save cell-again.png\nexpect "
            "wrote\n",
            "--resume");
    same_file("cell.png", "cell-again.png");
    remove("session.json");
    session(":seed 9\nwait\n:sort realism\nwait\nexpect least real first\n:save worst.png\nexpect wrote "
            "worst.png\n",
            NULL);
    session("wait\nexpect least real first\n:save worst-again.png\nexpect wrote worst-again.png\n",
            "--resume");
    same_file("worst.png", "worst-again.png");
}

/* The command line sorts as the screen does: the same sheet but for the line on how it was made. */
static void the_command_line_sorts_alike(void **state)
{
    (void)state;
    session(":seed 30\nwait\n:sort unsure\nwait\n:save-wall sorted.png\nwait\nexpect wrote\n", NULL);
    PngText text;
    Image im, other;
    Err err = {0};
    assert_ok(png_load("sorted.png", &im, &text, &err), err);
    Json *o = json_parse(png_text_find(&text, "viewsmith"), strlen(png_text_find(&text, "viewsmith")),
                         "sorted.png", &err);
    const Json *list = json_get(o, "addresses");
    assert_ok(list && json_count(list) > 8, err);
    succeeded(viewsmith("sample", "--model", MODEL, "--data", "fashion-small", "-n", "512", "--seed", "30",
                        "--psi", "0.8", "--sort", "unsure", "--json"));
    Json *said = json_of("out.txt");
    const char *a, *b;
    for (size_t i = 0; i < json_count(list); i++) {
        assert_true(json_value_str(json_at(list, i), &a));
        assert_true(json_value_str(json_at(json_get(said, "addresses"), i), &b));
        assert_string_equal(a, b);
    }
    json_drop(said);
    assert_true(json_value_str(json_at(list, 0), &a));
    succeeded(viewsmith("sample", a, "--model", MODEL, "--out", "first.png"));
    assert_ok(png_load("first.png", &other, NULL, &err), err);
    assert_memory_equal(&im.px[(4 * im.w + 4) * im.c], &(uint8_t[]){other.px[0]}, 1);
    image_free(&im);
    image_free(&other);
    json_drop(o);
    png_text_free(&text);
}

int main(void)
{
    static Case cases[] = {
        {"views-sort", "80x24", "views-sort-80"},     {"views-sort", "132x43", "views-sort-132"},
        {"views-order", "80x24", "views-order-80"},   {"views-order", "132x43", "views-order-132"},
        {"views-plane", "80x24", "views-plane-80"},   {"views-plane", "132x43", "views-plane-132"},
        {"views-pick", "80x24", "views-pick-80"},     {"views-pick", "132x43", "views-pick-132"},
        {"views-marks", "80x24", "views-marks-80"},   {"views-marks", "132x43", "views-marks-132"},
        {"views-far", "80x24", "views-far-80"},       {"views-far", "132x43", "views-far-132"},
        {"views-mouse", "80x24", "views-mouse-80"},   {"views-space", "80x24", "views-space-80"},
        {"views-space", "132x43", "views-space-132"},
    };
    enum { CASES = sizeof cases / sizeof *cases, MORE = 3 };
    struct CMUnitTest test[CASES + MORE] = {cmocka_unit_test(a_view_keeps_its_bytes),
                                            cmocka_unit_test(a_place_comes_back),
                                            cmocka_unit_test(the_command_line_sorts_alike)};
    for (int i = 0; i < CASES; i++)
        test[MORE + i] = (struct CMUnitTest){cases[i].screen, play, NULL, NULL, &cases[i]};
    return cmocka_run_group_tests_name("views", test, prepare, NULL);
}
