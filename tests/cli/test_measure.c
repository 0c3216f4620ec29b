/* encode, neighbours, probe and quality through the command line, compared with plain sums over the same
 * numbers. */
#include "cli/command.h"
#include "data/npy.h"
#include "latent/latent.h"

#include <math.h>

#define HELD "--data fashion-small --split valid --quiet --json "

static Dataset valid; /* the 500 pictures at 8x8 */

static int setup(void **state)
{
    Err err = {0};
    if (command_setup(state)) return -1;
    return dataset_open(&valid, "fashion-small", SPLIT_VALID, 8, 1, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    dataset_close(&valid);
    return command_teardown(state);
}

/* --- encode
 * ------------------------------------------------------------------------------------------------------- */

static void encode_same(const char *args, const float *want, int width)
{
    Err err = {0};
    Npy x;
    Json *o = result_of(viewsmith("encode %s --npy out.npy --json", args));
    json_drop(o);
    assert_ok(npy_load("out.npy", &x, &err), err);
    assert_int_equal(x.rank, 2);
    assert_int_equal(x.shape[0], 20);
    assert_int_equal(x.shape[1], width);
    assert_memory_equal(x.f32, want, 20 * (size_t)width * sizeof *want);
    npy_free(&x);
}

static void encode_writes_raw_outputs(void **state)
{
    Err err = {0};
    Encoder *e;
    static float x[20 * 64], feature[20 * 64], logits[20 * 10];
    static int64_t bytes[20 * 64];
    (void)state;
    assert_ok(encoder_open(&e, "judge.safetensors", &err), err);
    for (int i = 0; i < 20 * 64; i++) bytes[i] = valid.px[i];
    image_bytes_to_float(x, valid.px, 20 * 64);
    assert_ok(encoder_features_of_floats(feature, logits, e, x, 20, NULL, &err), err);
    encoder_drop(e);
    assert_ok(npy_save_floats("x.npy", x, (int64_t[]){20, 1, 8, 8}, 4, &err), err);
    assert_ok(npy_save_ints("u.npy", bytes, (int64_t[]){20, 1, 8, 8}, 4, &err), err);
    encode_same("--model judge.safetensors --images x.npy", feature, 64);
    encode_same("--model judge.safetensors --images u.npy", feature, 64);
    encode_same("--model judge.safetensors --images x.npy --logits", logits, 10);
    assert_failed(viewsmith("encode --model encoder.safetensors --images x.npy --npy o.npy --logits"), 2,
                  "no judge");
    bytes[7] = 256;
    assert_ok(npy_save_ints("u.npy", bytes, (int64_t[]){20, 1, 8, 8}, 4, &err), err);
    assert_failed(viewsmith("encode --model judge.safetensors --images u.npy --npy o.npy"), 1,
                  "number 7 is 256");
    assert_ok(npy_save_floats("x.npy", x, (int64_t[]){20, 64}, 2, &err), err);
    assert_failed(viewsmith("encode --model judge.safetensors --images x.npy --npy o.npy"), 1,
                  "(N, 1, 8, 8)");
}

/* --- neighbours
 * ----------------------------------------------------------------------------------------------------- */

static float cosine(const float *a, const float *b, int n)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < n; i++)
        ab += (double)a[i] * b[i], aa += (double)a[i] * a[i], bb += (double)b[i] * b[i];
    return (float)(ab / sqrt(aa * bb));
}

/* o's neighbours are the nearest rows of base (500, D) to row, none better left out. */
static void nearest_indeed(const Json *o, const float *row, const float *base, int D, int skip)
{
    const Json *list = json_get(o, "neighbours");
    bool taken[500] = {false};
    float least = 2;
    assert_int_equal(json_count(list), 6);
    for (int k = 0; k < 6; k++) {
        const Json *n = json_at(list, (size_t)k);
        int at = 0, index = (int)json_int(n, "index", -1);
        while (at < 500 && valid.origin[at] != index) at++;
        assert_true(at < 500 && !taken[at] && at != skip);
        taken[at] = true;
        float score = (float)json_num(n, "score", 9);
        assert_true(score <= least + 1e-6f && fabsf(score - cosine(row, base + at * D, D)) < 1e-5f);
        assert_int_equal(json_int(n, "label", -1), valid.label[at]);
        assert_string_equal(json_str(n, "class", ""), valid.class_name[valid.label[at]]);
        least = score;
    }
    for (int i = 0; i < 500; i++)
        if (!taken[i] && i != skip) assert_true(cosine(row, base + i * D, D) < least + 1e-5f);
}

static void neighbours_of_a_view(void **state)
{
    Err err = {0};
    Encoder *e;
    Address a;
    static float x[64], row[64], base[500 * 64];
    (void)state;
    Json *o = result_of(
        viewsmith("neighbours seed=12/class=4 --encoder encoder.safetensors -k 6 --sheet sheet.png " HELD));
    assert_ok(encoder_open(&e, "encoder.safetensors", &err), err);
    Latent *l = latent_new(model, 1, NULL, NULL, &err);
    assert_ok(address_parse(&a, json_str(o, "query", ""), &err), err);
    assert_ok(latent_images(x, l, &a, 1, &err), err);
    Image im;
    assert_ok(image_from_planes(&im, x, 1, 8, 8, &err),
              err); /* the query is a picture: its values are bytes */
    image_to_planes(x, &im);
    assert_ok(encoder_features_of_floats(row, NULL, e, x, 1, NULL, &err), err);
    assert_ok(encoder_features_of_bytes(base, NULL, e, valid.px, 500, NULL, &err), err);
    nearest_indeed(o, row, base, 64, -1);
    assert_string_equal(json_str(o, "space", ""), "encoder");
    assert_string_equal(json_str(o, "metric", ""), "cosine");
    assert_true(file_exists("sheet.png"));
    image_free(&im);
    latent_free(l);
    encoder_drop(e);
    json_drop(o);
}

/* Without a generator or encoder, pictures have their own size; the asked one does not find itself. */
static void neighbours_of_a_real_picture(void **state)
{
    enum { N = 500, D = 28 * 28, ASKED = 31 };
    Err err = {0};
    Dataset d;
    static float base[N * D];
    double mean[D] = {0};
    (void)state;
    assert_ok(dataset_open(&d, "fashion-small", SPLIT_VALID, 0, 0, &err), err);
    for (int i = 0; i < N * D; i++) mean[i % D] += d.px[i] / (double)N;
    for (int i = 0; i < N * D; i++) base[i] = (float)(d.px[i] - mean[i % D]);
    dataset_close(&d);
    Json *o = result_of(viewsmith("neighbours real:%d --space pixels -k 6 " HELD, valid.origin[ASKED]));
    nearest_indeed(o, base + ASKED * D, base, D, ASKED);
    json_drop(o);
}

static void several_spaces(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith(
        "neighbours seed=1 --space pixels --space encoder --encoder encoder.safetensors -k 2 " HELD));
    assert_string_equal(json_str(o, "space", ""), "pixels");
    assert_string_equal(json_str(json_at(json_get(o, "others"), 0), "space", ""), "encoder");
    json_drop(o);
}

/* Among seeds, the tray and by another metric: a view finds itself first; "#1" asks about what is kept. */
static void neighbours_among_generated_views(void **state)
{
    (void)state;
    assert_int_equal(viewsmith("tray add seed=13/class=3 --tags kept --quiet")->status, 0);
    for (int metric = 0; metric < 2; metric++)
        for (int among = 0; among < 2; among++) {
            Json *o = result_of(
                viewsmith("neighbours '#1' --encoder encoder.safetensors -k 1 --metric %s --among %s " HELD,
                          metric ? "euclid" : "cosine", among ? "tray" : "seeds"));
            const Json *hit = json_at(json_get(o, "neighbours"), 0);
            assert_non_null(strstr(json_str(hit, "address", ""), "/seed=13/class=3/psi=1"));
            assert_int_equal(json_int(hit, "index", 0), among ? 1 : 13);
            assert_int_equal(json_int(o, "searched", 0), among ? 1 : 4096);
            assert_true(fabs(json_num(hit, "score", 9) - !metric) < 1e-2);
            json_drop(o);
        }
    assert_failed(viewsmith("neighbours '#2' --space pixels"), 2, "there is no #2 in the tray");
    assert_failed(viewsmith("neighbours '#x' --space pixels"), 2, "no number of the tray");
    assert_failed(viewsmith("neighbours seed=1 --space pixels --metric far"), 2, "cosine, euclid and dot");
    assert_failed(viewsmith("neighbours seed=1 --space pixels --among all"), 2, "among real, seeds or tray");
}

/* The way to a neighbour begins at the view; the same command goes the same way. */
static void a_way_to_a_neighbour(void **state)
{
    (void)state;
    char last[2][ADDRESS_BYTES_MAX + 1];
    for (int i = 0; i < 2; i++) {
        Json *o = result_of(
            viewsmith("neighbours seed=12/class=4 --space pixels -k 3 --walk 2 --frames 4 --steps 20 --out "
                      "way.png --copy --data fashion-small --quiet --json"));
        const Json *frames = json_get(json_get(o, "walk"), "frames");
        const char *text;
        assert_int_equal(json_count(frames), 4);
        assert_true(json_value_str(json_at(frames, 0), &text) && strstr(text, "/seed=12/class=4/psi=1"));
        assert_true(json_value_str(json_at(frames, 3), &text));
        snprintf(last[i], sizeof last[i], "%s", text);
        const Json *copy = json_get(o, "copy");
        assert_true(json_num(copy, "nearer", -1) >= 0 && json_num(copy, "ratio", -1) > 0);
        assert_true(file_exists("way.png"));
        json_drop(o);
    }
    assert_failed(viewsmith("neighbours seed=1 --space pixels --copy " HELD), 2,
                  "leave --among and --split out");
    assert_non_null(strstr(last[0], "latent=wp."));
    assert_string_equal(last[0], last[1]);
    assert_failed(viewsmith("neighbours real:%d --space pixels --walk 1 --split valid --data fashion-small",
                            valid.origin[3]),
                  2, "begins at a generated view");
    assert_failed(viewsmith("neighbours seed=1 --space pixels -k 3 --walk 4 --data fashion-small"), 2,
                  "beyond the 3");
}

static void a_map_keeps_what_it_shows(void **state)
{
    (void)state;
    for (int pca = 0; pca < 2; pca++) {
        Json *o = result_of(
            viewsmith("map encoder.safetensors --real 60 --seeds 20 --steps 40 --perplexity 8 --method %s "
                      "--out map.png " HELD,
                      pca ? "pca" : "tsne"));
        const Json *points = json_get(o, "points");
        assert_int_equal(json_count(points), 80);
        for (int i = 0; i < 80; i++) {
            const Json *p = json_at(points, (size_t)i);
            assert_true(isfinite(json_num(p, "x", NAN)) && json_bool(p, "real", false) == (i < 60));
            assert_int_equal(json_int(p, "index", -1), i < 60 ? valid.origin[i] : i - 60);
            assert_int_equal(json_int(p, "label", -1), i < 60 ? valid.label[i] : i % 10);
        }
        assert_int_equal(json_get(o, "divergence") != NULL, !pca);
        assert_true(file_exists("map.png"));
        json_drop(o);
    }
    assert_failed(viewsmith("map encoder.safetensors --method umap"), 2, "tsne or pca");
}

/* --- probe and quality
 * ------------------------------------------------------------------------------------------------- */

static void figure_holds(const Json *o, const char *key)
{
    char ci[64];
    double low, high, x = json_num(o, key, NAN);
    snprintf(ci, sizeof ci, "%s_ci", key);
    assert_true(json_value_num(json_at(json_get(o, ci), 0), &low) &&
                json_value_num(json_at(json_get(o, ci), 1), &high));
    assert_true(0 <= low && low <= x && x <= high && high <= 1);
}

static void probe_says_all(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith("probe encoder.safetensors --quick --untrained judge.safetensors " HELD));
    figure_holds(o, "linear");
    figure_holds(o, "knn");
    figure_holds(o, "untrained_linear");
    figure_holds(o, "untrained_knn");
    assert_true(json_bool(o, "frozen", false));
    assert_string_equal(json_str(o, "split", ""), "valid");
    assert_true(json_num(o, "linear", 0) > 0.3); /* random features know that much */
    assert_non_null(json_get(o, "views_seen"));  /* null: nobody knows */
    assert_non_null(json_get(o, "seconds"));
    json_drop(o);
}

static void probe_repeats(void **state)
{
    (void)state;
    Json *a = result_of(viewsmith("probe encoder.safetensors --quick --seed 4 " HELD));
    Json *b = result_of(viewsmith("probe encoder.safetensors --quick --seed 4 --threads 1 " HELD));
    assert_true(json_num(a, "linear", -1) == json_num(b, "linear", -2));
    assert_true(json_num(a, "knn", -1) == json_num(b, "knn", -2));
    json_drop(a);
    json_drop(b);
}

/* Rows are the classes' counts, the diagonal the probe's accuracy, slices the rest. */
static void probe_tells_confusions(void **state)
{
    (void)state;
    int total = 0, right = 0, wrong = 0, of[10] = {0};
    Json *o = result_of(viewsmith("probe encoder.safetensors --quick --confusion " HELD));
    const Json *c = json_get(o, "confusion"), *slices = json_get(c, "slices");
    for (int i = 0; i < valid.n; i++) of[valid.label[i]]++;
    for (int r = 0; r < 10; r++) {
        int row = 0;
        for (int g = 0; g < 10; g++) {
            int64_t n = -1;
            assert_true(json_value_int(json_at(json_at(json_get(c, "matrix"), (size_t)r), (size_t)g), &n));
            row += (int)n;
            right += r == g ? (int)n : 0;
        }
        assert_int_equal(row, of[r]);
        total += row;
    }
    assert_true(fabs((double)right / total - json_num(o, "linear", 9)) < 1e-9);
    int64_t before = total;
    for (size_t i = 0; i < json_count(slices); i++) {
        const Json *s = json_at(slices, i);
        int64_t n = json_int(s, "count", -1), first;
        assert_true(n > 0 && n <= before && json_count(json_get(s, "pictures")) == (size_t)n);
        assert_true(json_value_int(json_at(json_get(s, "pictures"), 0), &first));
        for (int k = 0; k < valid.n; k++)
            if (valid.origin[k] == first) assert_int_equal(valid.label[k], json_int(s, "label", -1));
        before = n;
        wrong += (int)n;
    }
    assert_int_equal(wrong, total - right);
    json_drop(o);
}

static void quality_says_all(void **state)
{
    static const char *const key[] = {"precision",        "recall",  "density", "coverage", "coverage_train",
                                      "min_class_spread", "frechet", "kernel",  "features"};
    (void)state;
    Json *o = result_of(viewsmith("quality --judge judge.safetensors -n 100 " HELD));
    figure_holds(o, "class_agreement");
    figure_holds(o, "judge_accuracy");
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) assert_true(isfinite(json_num(o, key[i], NAN)));
    assert_int_equal(json_count(json_get(o, "classes")), 10);
    json_drop(o);
    const Said *s = viewsmith("quality --judge judge.safetensors -n 100 --data fashion-small --quiet");
    for (int c = 0; c < 10; c++) assert_has(s->out, dataset_fashion_class[c]);
}

/* The test set is told of and remembered; nothing else is. */
static void the_test_set_is_logged(void **state)
{
    char log[8192];
    (void)state;
    assert_false(file_exists("home/viewsmith/test-set.jsonl"));
    assert_has(viewsmith("probe encoder.safetensors --quick --data fashion-small --split test")->err,
               "test images");
    read_text(log, sizeof log, "home/viewsmith/test-set.jsonl");
    assert_has(log, "viewsmith probe encoder.safetensors --quick");
}

/* --- a run
 * --------------------------------------------------------------------------------------------------------------
 */

static void runs_are_probed_and_searched(void **state)
{
    (void)state;
    Json *o = result_of(viewsmith("train --data fashion-small --encoder tiny --steps 2 --pairs 8 --split "
                                  "none --probe-share 0 --quiet --json"));
    json_drop(o);
    o = result_of(viewsmith("probe --split valid --quick --quiet --json")); /* the run knows its data */
    figure_holds(o, "untrained_linear");
    assert_int_equal(json_int(o, "views_seen", 0), 2 * 2 * 8);
    assert_int_equal(json_int(o, "held", 0), 500);
    json_drop(o);
    o = result_of(viewsmith("neighbours seed=3 --space encoder --space untrained -k 2 --quiet --json"));
    assert_int_equal(json_count(json_get(o, "neighbours")), 2);
    json_drop(o);
    o = result_of(viewsmith("info 1 --json"));
    assert_string_equal(json_str(o, "kind", ""), "run");
    assert_int_equal(json_int(o, "views", 0), 32);
    json_drop(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_writes_raw_outputs),
        cmocka_unit_test(neighbours_of_a_view),
        cmocka_unit_test(neighbours_of_a_real_picture),
        cmocka_unit_test(several_spaces),
        cmocka_unit_test(neighbours_among_generated_views),
        cmocka_unit_test(a_way_to_a_neighbour),
        cmocka_unit_test(a_map_keeps_what_it_shows),
        cmocka_unit_test(probe_tells_confusions),
        cmocka_unit_test(probe_says_all),
        cmocka_unit_test(probe_repeats),
        cmocka_unit_test(quality_says_all),
        cmocka_unit_test(the_test_set_is_logged),
        cmocka_unit_test(runs_are_probed_and_searched),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
