/* The four screens driven by key scripts over a tiny generator with random weights: NAME.keys is played, its
 * `expect`s must hold, and the last screen must be NAME.screen, cell for cell.
 *
 * UPDATE_SNAPSHOTS=1 writes the screens (and the generator) anew: look at the difference before it is
 * committed. Pictures are not shown, so that no screen depends on weights; lines with measured times are left
 * out of the comparison. */
#include "data/dataset.h"
#include "data/png.h"
#include "base/pool.h"
#include "model/tiny.h"
#include "screens/play.h"
#include <math.h>

typedef struct {
    const char *name, *runs, *data, *flag; /* flag: one more for the program, or NULL */
    bool exact;
} Case;

/* --- what the screens show ------------------------------------------------------------------------------ */

static void make_model(void)
{
    Err err = {0};
    if (file_exists(MODEL) && !updating()) return;
    Pool *pool = pool_new(1, 0, &err);
    Generator *g = pool ? tiny_generator(3, 7, pool, &err) : NULL;
    assert_ok(g && generator_save(g, MODEL, &err), err);
    generator_drop(g);
    pool_free(pool);
}

/* A run as training leaves it: 400 steps, four probes, two changes; faster or slower by `pace`. */
static void write_run(const char *folder, const char *name, double pace)
{
    char path[256], line[512];
    Err err = {0};
    const char *config = "{\"train\": {\"views\": \"generator\", \"encoder\": \"small\", \"seed\": 3}, "
                         "\"started\": 1790000000}";
    const char *control = "{\"at\": 1, \"step\": 100, \"applied\": \"sigma 0.45\", \"requests\": 1}\n"
                          "{\"at\": 2, \"step\": 110, \"applied\": \"rate 0.15\", \"requests\": 2}\n"
                          "{\"at\": 3, \"step\": 120, \"applied\": \"pause\", \"requests\": 3}\n";
    assert_ok(file_make_folder(folder, &err), err);
    snprintf(path, sizeof path, "%s/config.json", folder);
    assert_ok(file_replace(path, config, strlen(config), &err), err);
    snprintf(path, sizeof path, "%s/control.jsonl", folder);
    assert_ok(file_replace(path, control, strlen(control), &err), err);
    snprintf(path, sizeof path, "%s/checkpoints", folder);
    assert_ok(file_make_folder(path, &err), err);
    for (int step = 0; step <= 400; step += 100) { /* what can be gone back to is known by its name */
        snprintf(path, sizeof path, "%s/checkpoints/%08d.safetensors", folder, step);
        assert_ok(file_replace(path, "", 0, &err), err);
    }
    snprintf(path, sizeof path, "%s/name", folder);
    assert_ok(!*name || file_replace(path, name, strlen(name), &err), err);
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    remove(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int step = 0; step < 400; step++) {
        double left = exp(-step / (80 * pace));
        int n = snprintf(line, sizeof line,
                         "{\"step\": %d, \"loss\": %.4f, \"rate\": 0.12, \"temperature\": 0.2, \"sigma\": "
                         "0.45, \"positive\": %.3f, "
                         "\"negative\": 0.05, \"alignment\": %.3f, \"uniformity\": %.3f, \"views\": %d, "
                         "\"unique\": %d, \"elapsed\": %.1f}\n",
                         step, 1.5 + 3.5 * left + 0.05 * (step % 3), 0.9 - 0.4 * left, 0.2 + 0.3 * left,
                         -3 + 2 * left, (step + 1) * 512, (step + 1) * 512, step * 0.7);
        assert_true(n < (int)sizeof line && fputs(line, f) >= 0);
        if (step % 100 == 99)
            fprintf(f, "{\"step\": %d, \"linear\": %.3f, \"knn\": %.3f}\n", step, 0.86 - 0.12 * left,
                    0.84 - 0.16 * left);
        if (step == 99) fprintf(f, "{\"step\": 0, \"untrained_linear\": 0.793, \"untrained_knn\": 0.741}\n");
    }
    assert_int_equal(fclose(f), 0);
}

/* Few enough real pictures that a run's probes take no time anywhere: 40 of each of three classes, as a
 * folder. */
static void write_pictures(const Dataset *from)
{
    static const char *const class[] = {"ankle boot", "bag", "coat"};
    static const int label[] = {9, 8, 4};
    char path[64];
    Image picture;
    Err err = {0};
    for (int k = 0; k < 3; k++) {
        snprintf(path, sizeof path, "pictures/%s", class[k]);
        assert_ok(file_make_folder(path, &err), err);
        for (int i = 0, n = 0; i < from->n && n < 40; i++) {
            if (from->label[i] != label[k]) continue;
            snprintf(path, sizeof path, "pictures/%s/%02d.png", class[k], n++);
            assert_ok(dataset_image(&picture, from, i, &err) && png_save(path, &picture, NULL, 0, &err), err);
            image_free(&picture);
        }
    }
}

static int prepare(void **state)
{
    (void)state;
    Err err = {0};
    Dataset data;
    Image query;
    setenv("TZ", "UTC", 1);
    make_model();
    if (file_exists("live")) file_remove_tree("live", NULL);
    if (file_exists("back")) file_remove_tree("back", NULL);
    if (file_exists("none")) file_remove_tree("none", NULL);
    write_run("stored/0001", "first", 1.6);
    write_run("stored/0002", "", 1);
    assert_ok(dataset_open(&data, "fashion-small", SPLIT_TEST, 8, 1, &err), err);
    assert_ok(dataset_image(&query, &data, 5, &err) && png_save("query.png", &query, NULL, 0, &err), err);
    image_free(&query);
    write_pictures(&data);
    dataset_close(&data);
    return 0;
}

/* --- playing -------------------------------------------------------------------------------------------- */

static void play(void **state)
{
    const Case *c = *state;
    play_keys(c->name, "100x34", c->data, c->runs, c->flag);
    if (c->exact) compare_screen(c->name, "screen.txt");
}

int main(void)
{
    static Case cases[] = {{"views", "none", "fashion-small", NULL, true},
                           {"views-class", "none", "fashion-small", NULL, true},
                           {"steer", "none", "fashion-small", NULL, true},
                           {"steer-narrow", "none", "fashion-small", NULL, true},
                           {"train", "none", "fashion-small", NULL, true},
                           {"train-narrow", "stored", "fashion-small", NULL, true},
                           {"train-stored", "stored", "fashion-small", NULL, true},
                           {"train-curves", "stored", "fashion-small", NULL, true},
                           {"train-ascii", "stored", "fashion-small", "--ascii", true},
                           {"neighbours", "none", "fashion-small", NULL, true},
                           {"neighbours-real", "none", "fashion-small", NULL, true},
                           {"small", "none", "fashion-small", NULL, false},
                           {"live-back", "back", "pictures", NULL, false},
                           {"live", "live", "pictures", NULL, false}};
    enum { CASES = sizeof cases / sizeof *cases };
    struct CMUnitTest test[CASES];
    for (int i = 0; i < CASES; i++) test[i] = (struct CMUnitTest){cases[i].name, play, NULL, NULL, &cases[i]};
    return cmocka_run_group_tests_name("screens", test, prepare, NULL);
}
