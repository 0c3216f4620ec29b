/* The Neighbours screen played over a tiny generator and a judge of random weights, at the sizes people have;
 * and from its keys to a view on the way to a real picture, kept, taken up by another process and asked for
 * on the command line: the same bytes. */
#include "data/dataset.h"
#include "data/png.h"
#include "home.h"
#include "screens/play.h"
#include "screens/program.h"

typedef struct {
    const char *keys, *size,
        *screen; /* screen NULL: one with a map, whose dots another CPU may place a cell farther */
} Case;

/* Few real pictures, so that everything is known at once: 60 of each of three classes. */
static void write_pictures(void)
{
    static const char *const class[] = {"ankle boot", "bag", "coat"};
    static const int label[] = {9, 8, 4};
    char path[64];
    Image picture;
    Dataset from;
    Err err = {0};
    assert_ok(dataset_open(&from, "fashion-small", SPLIT_TRAIN, 8, 1, &err), err);
    for (int k = 0; k < 3; k++) {
        snprintf(path, sizeof path, "pictures/%s", class[k]);
        assert_ok(file_make_folder(path, &err), err);
        for (int i = 0, n = 0; i < from.n && n < 60; i++) {
            if (from.label[i] != label[k]) continue;
            snprintf(path, sizeof path, "pictures/%s/%02d.png", class[k], n++);
            assert_ok(dataset_image(&picture, &from, i, &err) && png_save(path, &picture, NULL, 0, &err),
                      err);
            image_free(&picture);
        }
    }
    dataset_close(&from);
}

static int prepare(void **state)
{
    (void)state;
    own_home();
    own_judge();
    write_pictures();
    return 0;
}

static void play(void **state)
{
    const Case *c = *state;
    remove("home/viewsmith/tray.sqlite");
    play_keys(c->keys, c->size, "pictures", "none", NULL);
    if (c->screen) compare_screen(c->screen, "screen.txt");
}

/* --- from key to bytes ---------------------------------------------------------------------------------- */

static void session(const char *keys, const char *resume)
{
    write_text("keys.txt", keys);
    succeeded(viewsmith("--model", MODEL, "--data", "pictures", "--runs", "none", "--script", "keys.txt",
                        "--size", "132x43", "--fake-clock", "--graphics", "none", "--session-file",
                        "session.json", resume));
}

static void same_file(const char *a, const char *b)
{
    uint8_t *one = NULL, *two = NULL;
    size_t n = 0, m = 0;
    Err err = {0};
    assert_ok(file_read(a, 1 << 24, &one, &n, &err) && file_read(b, 1 << 24, &two, &m, &err), err);
    if (n != m || memcmp(one, two, n)) fail_msg("%s and %s are not the same", a, b);
    free(one);
    free(two);
}

/* A frame of the way to the second neighbour: written, found again by the next process, and on the command
 * line. */
static void a_frame_keeps_its_bytes(void **state)
{
    (void)state;
    const char *last;
    remove("session.json");
    session(":seed 31\nwait\n4\nwait\nl\ni\nwait\nexpect The way to real:\nTab\n:save frame.png\nexpect "
            "wrote frame.png\n",
            NULL);
    session("wait\nexpect The way to real:\nTab\n:save again.png\nexpect wrote again.png\n", "--resume");
    same_file("frame.png", "again.png");
    Json *o = json_of("session.json");
    const char *view = json_str(json_get(o, "world"), "view", "");
    succeeded(viewsmith("neighbours", view, "--model", MODEL, "--data", "pictures", "--runs", "none",
                        "--encoder", "judge", "--walk", "2", "--quiet", "--json"));
    Json *answer = json_of("out.txt");
    const Json *frames = json_get(json_get(answer, "walk"), "frames");
    assert_int_equal(json_count(frames), 9);
    assert_true(json_value_str(json_at(frames, 8), &last));
    succeeded(viewsmith("sample", last, "--model", MODEL, "--scale", "28", "--out", "asked.png"));
    Image one, two;
    Err err = {0};
    assert_ok(png_load("frame.png", &one, NULL, &err) && png_load("asked.png", &two, NULL, &err), err);
    assert_int_equal(one.w, two.w);
    assert_memory_equal(one.px, two.px, (size_t)(one.w * one.h * one.c));
    image_free(&one);
    image_free(&two);
    json_drop(answer);
    json_drop(o);
}

/* Page, space, metric, what is asked about and the part of the map in sight. */
static void a_place_comes_back(void **state)
{
    (void)state;
    remove("session.json");
    session("4\nwait\n:space pixels\n:metric euclid\nwait\nW\nl\nn\nwait\nl\nl\n", NULL);
    Json *o = json_of("session.json");
    const Json *kept = json_get(json_get(o, "screens"), "Neighbours");
    char real[32];
    snprintf(real, sizeof real, "expect real:%d", (int)json_int(kept, "real", -1));
    assert_string_equal(json_str(kept, "page", ""), "wall");
    assert_int_equal(json_int(kept, "item", -1), 2);
    json_drop(o);
    char keys[128];
    snprintf(keys, sizeof keys, "wait\n%s\nexpect Euclidean\nexpect pixels\n", real);
    session(keys, "--resume");
    session("4\nwait\nM\n+\n+\nl\nl\n:hide bag\n:projection pca\nwait\n", NULL);
    session("wait\nexpect PCA\n", "--resume");
    o = json_of("session.json");
    const Json *map = json_get(json_get(json_get(o, "screens"), "Neighbours"), "map");
    assert_true(json_num(map, "span", 1) < 0.5 && json_count(json_get(map, "hidden")) == 1);
    json_drop(o);
    write_text("session.json",
               "{\"screen\": \"Neighbours\", \"screens\": {\"Neighbours\": {\"metric\": \"far\"}}}");
    session("expect no metric\n", "--resume"); /* before waiting: what is told fades */
}

int main(void)
{
    static Case cases[] = {{"neighbours-wall", "80x24", "neighbours-wall-80"},
                           {"neighbours-wall", "132x27", "neighbours-wall-132"},
                           {"neighbours-map", "80x24", NULL},
                           {"neighbours-map", "132x43", NULL},
                           {"neighbours-wall", "132x43", NULL},
                           {"neighbours-slices", "80x24", "neighbours-slices-80"},
                           {"neighbours-slices", "132x27", "neighbours-slices-132"},
                           {"neighbours-way", "80x24", "neighbours-way-80"},
                           {"neighbours-way", "132x27", "neighbours-way-132"}};
    enum { CASES = sizeof cases / sizeof *cases };
    struct CMUnitTest test[CASES + 2];
    for (int i = 0; i < CASES; i++) test[i] = (struct CMUnitTest){cases[i].keys, play, NULL, NULL, &cases[i]};
    test[CASES] = (struct CMUnitTest)cmocka_unit_test(a_frame_keeps_its_bytes);
    test[CASES + 1] = (struct CMUnitTest)cmocka_unit_test(a_place_comes_back);
    return cmocka_run_group_tests_name("neighbours", test, prepare, NULL);
}
