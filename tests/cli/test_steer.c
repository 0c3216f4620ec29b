/* steer and info: words change an address as the library does, pictures and strips carry the result, info
 * tells it. */
#include "cli/command.h"
#include "data/png.h"
#include "latent/latent.h"
#include "latent/steer.h"

/* The address after these commands, from seed 0, class 0, psi 1. */
static void steered(char text[ADDRESS_BYTES_MAX + 1], const char *const *command, int n)
{
    Err err = {0};
    Address a = steer_start(model, 0, 0, 1);
    for (int i = 0; i < n; i++) assert_ok(steer_apply(&a, model, command[i], &err), err);
    assert_ok(address_print(text, &a, &err), err);
}

static void says(const char *want, const Said *s)
{
    char line[ADDRESS_BYTES_MAX + 2];
    if (s->status) fail_msg("status %d: %s", s->status, s->err);
    snprintf(line, sizeof line, "%s\n", want);
    assert_string_equal(s->out, line);
}

static void commands_in_order(void **state)
{
    char want[ADDRESS_BYTES_MAX + 1];
    (void)state;
    steered(want,
            (const char *[]){"seed 4711", "class sandal", "set pca-1 1.25", "set sefa-2 -1 2-3", "mix 12 4-4",
                             "psi 0.8"},
            6);
    says(want,
         viewsmith(
             "steer --seed 4711 --class sandal --set 'pca-1 1.25' --set 'sefa-2 -1 2-3' --set 'mix 12 4-4' "
             "--set 'psi 0.8'"));
    says(want, viewsmith("steer seed=4711/class=5/mix=12:4-4 --set 'set pca-1 3' --set 'set pca-1 1.25' "
                         "--set 'sefa-2 -1 2-3' "
                         "--psi 0.8"));
    says(want, viewsmith("steer %s", want));
}

static void from_a_saved_picture(void **state)
{
    char want[ADDRESS_BYTES_MAX + 1];
    (void)state;
    assert_int_equal(viewsmith("steer --seed 9 --set 'pca-2 -1.5' --out view.png")->status, 0);
    steered(want, (const char *[]){"seed 9", "set pca-2 -1.5", "noise off"}, 3);
    says(want, viewsmith("steer view.png --set 'noise off'"));
}

static void pictures_without_address(void **state)
{
    Err err = {0};
    Image im;
    (void)state;
    assert_ok(image_make(&im, 9, 5, 1, &err), err);
    assert_ok(png_save("plain.png", &im, NULL, 0, &err), err);
    image_free(&im);
    assert_failed(viewsmith("steer plain.png"), 2, "carries no address");
}

static void strips_go_from_low_to_high(void **state)
{
    Err err = {0};
    Image im;
    PngText text;
    Address a;
    (void)state;
    Json *o = result_of(viewsmith(
        "steer --seed 3 --strip pca-1 --low -2 --high 2 -n 5 --scale 2 --out strip.png --json --quiet"));
    const Json *list = json_get(o, "addresses");
    assert_int_equal(json_count(list), 5);
    assert_ok(png_load("strip.png", &im, &text, &err), err);
    for (int i = 0; i < 5; i++) {
        const char *one = NULL;
        assert_true(json_value_str(json_at(list, (size_t)i), &one));
        assert_has(png_text_find(&text, "viewsmith"), one);
        assert_ok(address_parse(&a, one, &err), err);
        assert_int_equal(a.edits, i != 2);
        if (i != 2) assert_true(a.edit[0].amount == (float)(i - 2));
    }
    assert_int_equal(im.w, 2 * (5 * 8 + 6));
    image_free(&im);
    png_text_free(&text);
    json_drop(o);
}

/* Across and upwards: the first row has the most of the second direction. */
static void planes(void **state)
{
    Err err = {0};
    Image im;
    Address a;
    const char *one = NULL;
    (void)state;
    Json *o = result_of(viewsmith("steer --seed 3 --strip pca-1 --by pca-2 --low -1 --high 1 -n 3 --scale 1 "
                                  "--out plane.png --json --quiet"));
    const Json *list = json_get(o, "addresses");
    assert_int_equal(json_count(list), 9);
    assert_true(json_value_str(json_at(list, 2), &one));
    assert_ok(address_parse(&a, one, &err), err);
    assert_true(a.edits == 2 && a.edit[0].amount == 1 && a.edit[1].amount == 1);
    assert_true(json_value_str(json_at(list, 6), &one));
    assert_ok(address_parse(&a, one, &err), err);
    assert_true(a.edits == 2 && a.edit[0].amount == -1 && a.edit[1].amount == -1);
    assert_ok(png_load("plane.png", &im, NULL, &err), err);
    assert_int_equal(im.w, im.h);
    image_free(&im);
    json_drop(o);
    assert_failed(viewsmith("steer --seed 3 --by pca-2 --out plane.png"), 2, "--by wants --strip");
}

static void animations(void **state)
{
    Err err = {0};
    Image im;
    PngText text;
    (void)state;
    Json *o = result_of(viewsmith(
        "steer --seed 3 --to seed=4/class=0/psi=1 --frames 5 --scale 2 --animate way.png --json --quiet"));
    assert_string_equal(json_str(o, "animation", ""), "way.png");
    assert_ok(png_load("way.png", &im, &text, &err), err);
    assert_int_equal(im.w, 16);
    assert_has(png_text_find(&text, "viewsmith"), "lerp=3,4:0.5/");
    image_free(&im);
    png_text_free(&text);
    json_drop(o);
    assert_failed(viewsmith("steer --seed 3 --animate way.png"), 2, "--animate wants --to");
}

/* --- info
 * -------------------------------------------------------------------------------------------------------- */

static void info_of_a_generator(void **state)
{
    const char *name = NULL;
    (void)state;
    Json *o = result_of(viewsmith("info model.safetensors --json --tensors"));
    assert_string_equal(json_str(o, "kind", ""), "generator");
    assert_string_equal(json_str(o, "digest", ""), model->digest);
    assert_int_equal(json_int(o, "layers", 0), 4);
    assert_int_equal(json_count(json_get(o, "directions")), model->directions);
    assert_true(json_value_str(json_at(json_get(o, "classes"), 9), &name));
    assert_string_equal(name, dataset_fashion_class[9]);
    assert_string_equal(json_str(json_get(o, "card"), "licence", ""), "MIT");
    assert_true(json_count(json_get(o, "tensors")) > 10);
    json_drop(o);
    assert_has(viewsmith("info model.safetensors")->out, "direction pca-1");
}

static void info_of_an_encoder(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith("info judge.safetensors --json"));
    assert_string_equal(json_str(o, "kind", ""), "encoder");
    assert_int_equal(json_int(o, "classes", 0), 10);
    assert_int_equal(json_int(o, "features", 0), 64);
    assert_null(json_get(o, "tensors"));
    json_drop(o);
}

/* Text from a picture cannot drive the terminal. */
static void info_of_a_picture(void **state)
{
    Err err = {0};
    Image im;
    PngItem item[] = {{"note", "a\033[2Jb"},
                      {"viewsmith", "{\"address\":\"vs1:tiny@0123456789abcdef/seed=1/psi=1\"}"}};
    (void)state;
    assert_ok(image_make(&im, 9, 5, 3, &err), err);
    assert_ok(png_save("noted.png", &im, item, 2, &err), err);
    image_free(&im);
    const Said *s = viewsmith("info noted.png");
    assert_int_equal(s->status, 0);
    assert_has(s->out, "seed=1");
    assert_null(strchr(s->out, '\033'));
    Json *o = result_of(viewsmith("info noted.png --json"));
    assert_string_equal(json_str(o, "address", ""), "vs1:tiny@0123456789abcdef/seed=1/psi=1");
    assert_int_equal(json_int(o, "width", 0), 9);
    json_drop(o);
}

static void info_of_other_tensors(void **state)
{
    Err err = {0};
    static const float x[6] = {1, 2, 3, 4, 5, 6};
    Tensor t = {.name = "x", .dtype = DTYPE_F32, .rank = 2, .shape = {2, 3}, .data = x};
    TensorMeta meta = {"made", "elsewhere"};
    (void)state;
    assert_ok(safetensors_save("other.safetensors", &t, 1, &meta, 1, &err), err);
    Json *o = result_of(viewsmith("info other.safetensors --json"));
    assert_string_equal(json_str(o, "kind", ""), "safetensors");
    assert_string_equal(json_str(json_get(o, "meta"), "made", ""), "elsewhere");
    assert_string_equal(json_str(json_at(json_get(o, "tensors"), 0), "name", ""), "x");
    json_drop(o);
}

/* What says that it is a model is judged as one. */
static void info_of_a_damaged_model(void **state)
{
    Err err = {0};
    static const float x[6] = {0};
    Tensor t = {.name = "x", .dtype = DTYPE_F32, .rank = 1, .shape = {6}, .data = x};
    TensorMeta meta = {"format", "viewsmith-encoder 1"};
    (void)state;
    assert_ok(safetensors_save("damaged.safetensors", &t, 1, &meta, 1, &err), err);
    assert_failed(viewsmith("info damaged.safetensors"), 1, "damaged.safetensors");
}

static void info_of_an_address(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith("info vs1:tiny@0123456789abcdef/psi=0.50/seed=1 --json"));
    assert_string_equal(json_str(o, "address", ""), "vs1:tiny@0123456789abcdef/seed=1/psi=0.5");
    json_drop(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_in_order),
        cmocka_unit_test(from_a_saved_picture),
        cmocka_unit_test(pictures_without_address),
        cmocka_unit_test(strips_go_from_low_to_high),
        cmocka_unit_test(planes),
        cmocka_unit_test(animations),
        cmocka_unit_test(info_of_a_generator),
        cmocka_unit_test(info_of_an_encoder),
        cmocka_unit_test(info_of_a_picture),
        cmocka_unit_test(info_of_other_tensors),
        cmocka_unit_test(info_of_a_damaged_model),
        cmocka_unit_test(info_of_an_address),
    };
    return cmocka_run_group_tests(tests, command_setup, command_teardown);
}
