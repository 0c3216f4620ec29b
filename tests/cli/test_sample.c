/* sample: addresses, pictures that carry them, and raw outputs, compared with what the library makes. */
#include "cli/command.h"
#include "data/npy.h"
#include "data/png.h"
#include "latent/latent.h"

#include <math.h>

static void views_of(float *x, const char *const *text, int n)
{
    Err err = {0};
    Address list[16];
    Latent *l = latent_new(model, 16, NULL, NULL, &err);
    assert_non_null(l);
    for (int i = 0; i < n; i++) assert_ok(address_parse(&list[i], text[i], &err), err);
    assert_ok(latent_images(x, l, list, n, &err), err);
    latent_free(l);
}

static Npy load(const char *path, int64_t n)
{
    Err err = {0};
    Npy x;
    assert_ok(npy_load(path, &x, &err), err);
    assert_int_equal(x.rank, 4);
    assert_int_equal(x.shape[0], n);
    assert_int_equal(x.shape[1], 1);
    assert_int_equal(x.shape[2], 8);
    assert_int_equal(x.shape[3], 8);
    assert_non_null(x.f32);
    return x;
}

/* The addresses of a result, owned by it. */
static int addresses(const char **text, const Json *o)
{
    const Json *list = json_get(o, "addresses");
    int n = (int)json_count(list);
    for (int i = 0; i < n; i++) assert_true(json_value_str(json_at(list, (size_t)i), &text[i]));
    return n;
}

static void addresses_are_printed(void **state)
{
    char want[512];
    (void)state;
    snprintf(want, sizeof want, "vs1:tiny@%s/seed=7/class=0/psi=0.5\nvs1:tiny@%s/seed=8/class=1/psi=0.5\n",
             model->digest, model->digest);
    assert_string_equal(viewsmith("sample -n 2 --seed 7 --psi 0.5")->out, want);
}

static void classes_by_name_and_number_take_turns(void **state)
{
    (void)state;
    static Said first;
    first = *viewsmith("sample -n 3 --class sandal --class 9");
    assert_has(first.out, "seed=0/class=5/");
    assert_has(first.out, "seed=1/class=9/");
    assert_has(first.out, "seed=2/class=5/");
    assert_string_equal(viewsmith("sample -n 3 --class 5 --class ankle-boot")->out, first.out);
}

static void npy_holds_the_views(void **state)
{
    const char *text[16];
    float want[12 * 64];
    (void)state;
    Json *o = result_of(viewsmith("sample -n 12 --seed 3 --psi 0.7 --npy views.npy --json"));
    assert_int_equal(addresses(text, o), 12);
    views_of(want, text, 12);
    Npy x = load("views.npy", 12);
    assert_memory_equal(x.f32, want, sizeof want);
    npy_free(&x);
    json_drop(o);
}

/* A saved picture is made again from the address in it, byte for byte. */
static void pictures_carry_their_address(void **state)
{
    Err err = {0};
    Image im, again;
    PngText text;
    const char *address[16];
    float x[64];
    (void)state;
    Json *o = result_of(viewsmith("sample --seed 4711 --class bag --out one.png --json"));
    assert_int_equal(addresses(address, o), 1);
    assert_ok(png_load("one.png", &im, &text, &err), err);
    assert_has(png_text_find(&text, "viewsmith"), address[0]);
    views_of(x, address, 1);
    assert_ok(image_from_planes(&again, x, 1, 8, 8, &err), err);
    assert_int_equal(im.w, 8);
    assert_memory_equal(im.px, again.px, 64);
    image_free(&im);
    image_free(&again);
    png_text_free(&text);
    json_drop(o);
    assert_int_equal(viewsmith("sample one.png --npy again.npy")->status, 0);
    Npy y = load("again.npy", 1);
    assert_memory_equal(y.f32, x, sizeof x);
    npy_free(&y);
}

static void sheets_carry_all(void **state)
{
    Err err = {0};
    Image im;
    PngText text;
    const char *address[16];
    (void)state;
    Json *o = result_of(viewsmith("sample -n 7 --grid 4 --scale 2 --out sheet.png --json"));
    assert_int_equal(addresses(address, o), 7);
    assert_ok(png_load("sheet.png", &im, &text, &err), err);
    for (int i = 0; i < 7; i++) assert_has(png_text_find(&text, "viewsmith"), address[i]);
    assert_int_equal(im.w, 2 * (4 * 8 + 5));
    assert_int_equal(im.h, 2 * (2 * 8 + 3));
    image_free(&im);
    png_text_free(&text);
    json_drop(o);
}

static void folders_get_one_file_each(void **state)
{
    Err err = {0};
    char **name = NULL;
    (void)state;
    file_remove_tree("many", NULL);
    assert_int_equal(viewsmith("sample -n 70 --out many/")->status, 0);
    assert_int_equal(file_list("many", &name, &err), 70);
    assert_string_equal(name[69], "000069.png");
    free(name);
}

/* --- given latents
 * --------------------------------------------------------------------------------------------- */

enum { N = 70 }; /* more than a slice */

static float z[N][16];
static int64_t label[N];

static void latents(void)
{
    Err err = {0};
    rng_fill_normal(z[0], N * 16, 9, RNG_TEST);
    for (int i = 0; i < N; i++) label[i] = i * 7 % 10;
    assert_ok(npy_save_floats("z.npy", z[0], (int64_t[]){N, 16}, 2, &err), err);
    assert_ok(npy_save_floats("z4.npy", z[0], (int64_t[]){N, 16, 1, 1}, 4, &err), err);
    assert_ok(npy_save_ints("y.npy", label, (int64_t[]){N}, 1, &err), err);
}

/* The library's own way, one picture at a time. */
static void expected(float *x, float *w, bool exact)
{
    Err err = {0};
    model->exact = exact;
    GenExec *e = generator_exec(model, 1, NULL, &err);
    float style[4 * 16], onehot[10];
    assert_int_equal(model->layers, 4);
    for (int i = 0; i < N; i++) {
        for (int c = 0; c < 10; c++) onehot[c] = c == label[i];
        generator_map(e, w + i * 16, z[i], onehot, 1);
        for (int k = 0; k < 4; k++) memcpy(style + 16 * k, w + i * 16, 16 * sizeof *w);
        generator_paint(e, x + i * 64, style, NULL, 1);
    }
    gen_exec_free(e);
}

static void same_as(const float *want, const char *args)
{
    const Said *s = viewsmith("sample %s --npy raw.npy --json", args);
    Json *o = result_of(s);
    assert_int_equal(json_int(o, "n", 0), N);
    json_drop(o);
    Npy x = load("raw.npy", N);
    assert_memory_equal(x.f32, want, N * 64 * sizeof *want);
    npy_free(&x);
}

static void raw_outputs_of_latents(void **state)
{
    Err err = {0};
    static float want[N * 64], in_order[N * 64], w[N * 16], wide[N * 4 * 16];
    (void)state;
    latents();
    expected(in_order, w, true);
    expected(want, w, false);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 4; k++) memcpy(wide + (i * 4 + k) * 16, w + i * 16, 16 * sizeof *w);
    assert_ok(npy_save_floats("w.npy", w, (int64_t[]){N, 16}, 2, &err), err);
    assert_ok(npy_save_floats("wide.npy", wide, (int64_t[]){N, 4, 16}, 3, &err), err);
    same_as(want, "--z z.npy --labels y.npy");
    same_as(want, "--z z4.npy --labels y.npy");
    same_as(in_order, "--z z4.npy --labels y.npy --exact");
    same_as(want, "--w w.npy");
    same_as(want, "--w wide.npy");
}

static void one_class_for_all(void **state)
{
    static float want[N * 64], w[N * 16];
    (void)state;
    latents();
    for (int i = 0; i < N; i++) label[i] = 3;
    expected(want, w, false);
    same_as(want, "--z z.npy --class dress");
}

static void bad_latents(void **state)
{
    Err err = {0};
    (void)state;
    latents();
    assert_failed(viewsmith("sample --z z.npy --npy o.npy"), 2, "10 classes");
    label[4] = 10;
    assert_ok(npy_save_ints("bad.npy", label, (int64_t[]){N}, 1, &err), err);
    assert_failed(viewsmith("sample --z z.npy --labels bad.npy --npy o.npy"), 1, "label 4 is 10");
    assert_ok(npy_save_ints("few.npy", label, (int64_t[]){N - 1}, 1, &err), err);
    assert_failed(viewsmith("sample --z z.npy --labels few.npy --npy o.npy"), 1, "69 labels for 70");
    assert_failed(viewsmith("sample --z z.npy --labels z.npy --npy o.npy"), 1, "whole numbers");
    assert_failed(viewsmith("sample --z y.npy --labels y.npy --npy o.npy"), 1, "float32");
    assert_failed(viewsmith("sample --w z.npy --labels y.npy --npy o.npy"), 2, "takes no classes");
    z[2][3] = (float)INFINITY;
    assert_ok(npy_save_floats("inf.npy", z[0], (int64_t[]){N, 16}, 2, &err), err);
    assert_failed(viewsmith("sample --z inf.npy --labels y.npy --npy o.npy"), 1, "number 35 is not finite");
    z[2][3] = 0;
    assert_ok(npy_save_floats("odd.npy", z[0], (int64_t[]){8, 17}, 2, &err), err);
    assert_failed(viewsmith("sample --z odd.npy --class 1 --npy o.npy"), 1, "shape (N, 16)");
    assert_failed(viewsmith("sample --w odd.npy --npy o.npy"), 1, "(N, 4, 16)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_printed),
        cmocka_unit_test(classes_by_name_and_number_take_turns),
        cmocka_unit_test(npy_holds_the_views),
        cmocka_unit_test(pictures_carry_their_address),
        cmocka_unit_test(sheets_carry_all),
        cmocka_unit_test(folders_get_one_file_each),
        cmocka_unit_test(raw_outputs_of_latents),
        cmocka_unit_test(one_class_for_all),
        cmocka_unit_test(bad_latents),
    };
    return cmocka_run_group_tests(tests, command_setup, command_teardown);
}
