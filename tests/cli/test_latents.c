/* walk, direction, invert and ways between views: what one process finds, another makes again, bit for bit.
 */
#include "cli/command.h"
#include "data/npy.h"
#include "data/png.h"
#include "latent/direction.h"
#include "latent/invert.h"
#include "latent/steer.h"

/* The file's bytes; the caller frees. */
static uint8_t *bytes_of(const char *path, size_t *size)
{
    Err err = {0};
    uint8_t *bytes;
    assert_ok(file_read(path, (size_t)64 << 20, &bytes, size, &err), err);
    return bytes;
}

static void same_file(const char *a, const char *b)
{
    size_t na, nb;
    uint8_t *x = bytes_of(a, &na), *y = bytes_of(b, &nb);
    assert_int_equal(na, nb);
    assert_memory_equal(x, y, na);
    free(x);
    free(y);
}

static void address_of(char out[ADDRESS_BYTES_MAX + 1], const Said *s)
{
    Json *o = result_of(s);
    snprintf(out, ADDRESS_BYTES_MAX + 1, "%s", json_str(o, "address", ""));
    json_drop(o);
}

/* --- inversion -------------------------------------------------------------------------------------------
 */

/* The address that is found makes the picture in another process; finding it again gives the same one. */
static void an_inverted_picture_stays(void **state)
{
    (void)state;
    char first[ADDRESS_BYTES_MAX + 1], again[ADDRESS_BYTES_MAX + 1];
    assert_int_equal(viewsmith("sample --seed 7 --class coat --out photo.png --scale 3")->status, 0);
    address_of(
        first,
        viewsmith("invert photo.png --class coat --steps 40 --seeds 30 --out found.png --scale 2 --json"));
    assert_has(first, "/latent=wp.");
    assert_has(first, "/class=4/psi=1");
    address_of(again, viewsmith("invert photo.png --class coat --steps 40 --seeds 30 --threads 1 --json"));
    assert_string_equal(first, again);
    assert_int_equal(viewsmith("sample '%s' --out again.png --scale 2", first)->status, 0);
    same_file("found.png", "again.png");
    /* It can be steered on, and gone on from. */
    assert_int_equal(viewsmith("steer '%s' --set 'pca-1 1' --out steered.png", first)->status, 0);
    address_of(again, viewsmith("invert photo.png --from '%s' --steps 5 --json", first));
    assert_has(again, "/latent=wp.");
}

static void inversion_refuses(void **state)
{
    (void)state;
    assert_failed(viewsmith("invert nowhere.png"), 1, "nowhere.png");
    assert_int_equal(viewsmith("sample --seed 7 --out photo.png")->status, 0);
    assert_failed(viewsmith("invert photo.png --class 3 --from seed=1"), 2, "give --from or --class");
    assert_failed(viewsmith("invert photo.png --class hat"), 2, "hat");
}

/* --- own directions --------------------------------------------------------------------------------------
 */

static void write_views(const char *path, const char *edit, int first)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "# views for the test\n\n");
    for (int i = 0; i < 24; i++) fprintf(f, "seed=%d/class=%d/%s   # one\n", first + i, i % 10, edit);
    fclose(f);
}

static void a_direction_is_learnt_and_carried(void **state)
{
    (void)state;
    char dir[ADDRESS_DIR_MAX + 1], address[ADDRESS_BYTES_MAX + 1];
    write_views("plus.txt", "pca-1=2", 100);
    write_views("minus.txt", "pca-1=-2", 500);
    const Said *s = viewsmith("direction learn heel --plus plus.txt --minus minus.txt --views 8 --json");
    Json *o = result_of(s);
    const Json *card = json_get(o, "card");
    snprintf(dir, sizeof dir, "%s", json_str(o, "direction", ""));
    assert_true(!strncmp(dir, "heel.", 5));
    assert_true(json_num(card, "accuracy", 0) > 0.9);
    assert_string_equal(json_str(json_at(json_get(card, "entanglement"), 0), "direction", ""), "pca-1");
    assert_int_equal(json_count(json_get(card, "plus_views")), 24);
    json_drop(o);
    assert_has(viewsmith("direction list")->out, dir);
    address_of(address, viewsmith("steer --seed 3 --set 'heel 1.5' --out one.png --json"));
    assert_has(address, dir);
    assert_has(viewsmith("direction show heel")->out, "accuracy");
    assert_int_equal(viewsmith("direction export heel --out heel.safetensors")->status, 0);
    assert_int_equal(viewsmith("direction drop heel")->status, 0);
    assert_failed(viewsmith("sample '%s' --out two.png", address), 1, "there is no direction heel.");
    assert_has(viewsmith("direction import heel.safetensors")->out, dir);
    assert_int_equal(viewsmith("steer '%s' --out two.png", address)->status, 0);
    same_file("one.png", "two.png");
    assert_int_equal(viewsmith("steer --seed 3 --strip heel --by pca-2 --n 3 --out plane.png")->status, 0);
}

static void a_direction_from_tags(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(viewsmith("tray add seed=%d/class=%d/pca-2=%d --tags %s", i, i, i % 2 ? 3 : -3,
                                   i % 2 ? "wide" : "slim")
                             ->status,
                         0);
    const Said *s = viewsmith(
        "direction learn width --plus wide --minus slim --apart-from pca-1,sefa-1 --views 4 --json");
    Json *o = result_of(s);
    assert_true(json_num(json_get(o, "card"), "kept", 1) < 1);
    json_drop(o);
    assert_failed(viewsmith("direction learn width --plus nothing --minus slim"), 2,
                  "has the tag \"nothing\"");
    assert_failed(viewsmith("direction learn width --minus wide"), 2, "wants --plus");
    s = viewsmith("direction learn wider --plus wide --views 4 --json");
    o = result_of(s);
    assert_int_equal(json_int(json_get(o, "card"), "minus", 0), 32);
    assert_string_equal(json_str(json_get(o, "card"), "minus_name", ""), "plain views");
    json_drop(o);
    assert_failed(viewsmith("direction learn pca-1 --plus wide --minus slim"), 2, "already");
    assert_failed(viewsmith("direction show toe"), 2, "no direction \"toe\"");
    assert_failed(viewsmith("direction show pca-1"), 2, "model's own");
    assert_failed(viewsmith("direction bake"), 2, "there are learn, list");
}

/* --- walks -----------------------------------------------------------------------------------------------
 */

static void walks_go_into_a_copy(void **state)
{
    Err err = {0};
    Generator *g;
    (void)state;
    file_remove_tree("walked.safetensors.checkpoint", NULL);
    const Said *s = viewsmith("walk --out walked.safetensors --steps 3 --batch 8 --views 10 --json");
    Json *o = result_of(s);
    const Json *walks = json_get(o, "walks");
    assert_int_equal(json_count(walks), 6);
    assert_string_equal(json_str(json_at(walks, 3), "unit", ""), "deg");
    json_drop(o);
    assert_false(file_exists("walked.safetensors.checkpoint"));
    assert_ok(generator_open(&g, "walked.safetensors", &err), err);
    assert_int_equal(g->directions, model->directions + 6);
    assert_true(g->direction[0].caption[0] && generator_direction(g, "shift-y")->layered);
    generator_drop(g);
    assert_int_equal(
        viewsmith("walk --out again.safetensors --steps 3 --batch 8 --views 10 --threads 1")->status, 0);
    Generator *a = NULL, *b = NULL;
    assert_ok(generator_open(&a, "walked.safetensors", &err) && generator_open(&b, "again.safetensors", &err),
              err);
    assert_string_equal(a->digest, b->digest);
    generator_drop(a);
    generator_drop(b);
    assert_int_equal(
        viewsmith("steer --model walked.safetensors --seed 4 --set 'zoom 2 1-2' --out zoom.png")->status, 0);
    s = viewsmith("info walked.safetensors");
    assert_has(s->out, "direction rotate");
    assert_has(s->out, "deg at");
}

static void walks_refuse(void **state)
{
    (void)state;
    assert_failed(viewsmith("walk"), 2, "wants --out");
    assert_failed(viewsmith("walk --out none.safetensors --resume"), 1, "nothing to resume");
    assert_failed(viewsmith("walk --out none.safetensors --resume --steps 4"), 2,
                  "--steps belongs to new walks");
}

/* --- ways ------------------------------------------------------------------------------------------------
 */

/* Stops stay as given, frames are so many, and the animation holds what the folder does. */
static void ways_between_views(void **state)
{
    Err err = {0};
    Image im;
    PngText text;
    (void)state;
    const Said *s = viewsmith(
        "sample seed=1/class=2 seed=8/class=2/pca-1=2 seed=3/class=5 --frames 9 --apng way.png --json");
    Json *o = result_of(s);
    const Json *all = json_get(o, "addresses");
    const char *first, *middle, *last;
    assert_int_equal(json_count(all), 9);
    assert_true(json_value_str(json_at(all, 0), &first) && json_value_str(json_at(all, 4), &middle) &&
                json_value_str(json_at(all, 8), &last));
    assert_has(first, "/seed=1/class=2/psi=1");
    assert_has(middle, "/seed=8/class=2/psi=1/pca-1=2");
    assert_has(last, "/seed=3/class=5/psi=1");
    json_drop(o);
    assert_ok(png_load("way.png", &im, &text, &err), err);
    assert_non_null(strstr(png_text_find(&text, "viewsmith"), "seed=8"));
    png_text_free(&text);
    image_free(&im);
    assert_failed(viewsmith("sample seed=1/class=2 --frames 4"), 2, "at least two addresses");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inverted_picture_stays),
        cmocka_unit_test(inversion_refuses),
        cmocka_unit_test(a_direction_is_learnt_and_carried),
        cmocka_unit_test(a_direction_from_tags),
        cmocka_unit_test(walks_go_into_a_copy),
        cmocka_unit_test(walks_refuse),
        cmocka_unit_test(ways_between_views),
    };
    return cmocka_run_group_tests(tests, command_setup, command_teardown);
}
