/* What a word opens, short addresses, classes, encoders of runs; pictures that carry their addresses; plots;
 * the journal. */
#include "check.h"
#include "base/json.h"
#include "engine/export.h"
#include "engine/journal.h"
#include "engine/plot.h"
#include "engine/stage.h"

#include <math.h>
#include <unistd.h>

static Stage stage;

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage, "stage-workspace");
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static Address view(uint64_t seed)
{
    const Generator *g = stage.w->generator;
    return address_of_seed(g->slug, g->digest, seed, 1, 0.5f);
}

static void test_addresses_long_and_short(void **state)
{
    (void)state;
    Err err = {0};
    Address a, b = view(4711);
    char text[ADDRESS_BYTES_MAX + 1];
    assert_ok(workspace_address(&a, stage.w, "seed=4711/class=1/psi=0.5", &err), err);
    assert_true(address_equal(&a, &b));
    assert_ok(address_print(text, &a, &err) && workspace_address(&b, stage.w, text, &err), err);
    assert_true(address_equal(&a, &b));
    assert_refused(workspace_address(&a, stage.w, "seed=4711/class=9", &err), err, ERR_USAGE, "class");
    err = (Err){0};
    snprintf(text, sizeof text, "seed=4711/class=%s/psi=0.5", stage.w->generator->class_name[1]);
    assert_ok(workspace_address(&b, stage.w, text, &err) && address_equal(&a, &b), err);
    assert_refused(workspace_address(&a, stage.w, "seed=4711/class=hat", &err), err, ERR_USAGE, "is no class");
    assert_true(workspace_is_address("class=bag/seed=3") && !workspace_is_address("shoe.png"));
    assert_refused(workspace_address(&a, stage.w, "seed=x", &err), err, err.code, "");
    assert_refused(workspace_address(&a, stage.w, "vs1:other@0123456789abcdef/seed=1/class=1/psi=1", &err),
                   err, err.code, "other");
}

static void test_classes(void **state)
{
    (void)state;
    Err err = {0};
    int class;
    assert_ok(workspace_class(&class, stage.w, "BAG", &err) && class == 1, err);
    assert_ok(workspace_class(&class, stage.w, "2", &err) && class == 2, err);
    assert_ok(workspace_class(&class, stage.w, "all", &err) && class == -1, err);
    assert_refused(workspace_class(&class, stage.w, "hat", &err), err, ERR_USAGE, "bag");
}

static void test_a_picture_brings_its_address_back(void **state)
{
    (void)state;
    Err err = {0};
    Thing t;
    Address list[12], first = view(0);
    Latent *l = latent_new(stage.w->generator, 4, NULL, NULL, &err);
    assert_non_null(l);
    for (int i = 0; i < 12; i++) list[i] = view((uint64_t)i);
    assert_ok(export_view("one.png", l, &first, 3, &err) &&
                  export_wall("wall.png", l, list, 12, 4, 1, "wall", &err),
              err);
    assert_ok(thing_open(&t, stage.w, "one.png", &err), err);
    assert_int_equal(t.kind, THING_PICTURE);
    assert_true(t.has_address && address_equal(&t.address, &first));
    assert_int_equal(t.picture.w, 3 * STAGE_SIDE);
    thing_close(&t);
    assert_ok(thing_open(&t, stage.w, "wall.png", &err), err);
    assert_true(t.has_address && address_equal(&t.address, &first));
    thing_close(&t);
    PngText text;
    Image im;
    assert_ok(png_load("wall.png", &im, &text, &err), err);
    Json *o = json_parse(png_text_find(&text, "viewsmith"), strlen(png_text_find(&text, "viewsmith")),
                         "chunk", &err);
    assert_int_equal(json_count(json_get(o, "addresses")), 12);
    json_drop(o);
    png_text_free(&text);
    image_free(&im);
    latent_free(l);
}

static void test_strip_addresses(void **state)
{
    (void)state;
    Err err = {0};
    Address strip[5], a = view(3);
    const Generator *g = stage.w->generator;
    assert_ok(address_set(&a, "pca-2=1", &err) &&
                  export_strip_addresses(strip, 5, &a, g, "pca-1", -2, 2, &err),
              err);
    assert_int_equal(strip[0].edits, 2);
    assert_int_equal(strip[2].edits, 1); /* 0 is no edit */
    assert_ok(address_set(&a, "pca-1=2", &err), err);
    assert_true(address_equal(&a, &strip[4]));
    assert_refused(export_strip_addresses(strip, 5, &a, g, "nose", -2, 2, &err), err, ERR_USAGE,
                   "no direction \"nose\"");
}

static void test_things(void **state)
{
    (void)state;
    Err err = {0};
    Thing t;
    Encoder *e = tiny_encoder(0, 1, &err);
    assert_ok(encoder_save(e, "enc.safetensors", &err), err);
    encoder_drop(e);
    assert_ok(thing_open(&t, stage.w, stage.model, &err) && t.kind == THING_GENERATOR && t.generator, err);
    thing_close(&t);
    assert_ok(thing_open(&t, stage.w, "enc.safetensors", &err) && t.kind == THING_ENCODER && t.encoder, err);
    thing_close(&t);
    RunInfo run;
    assert_ok(runs_make(&run, stage.runs, &err) && runs_name(&run, stage.runs, "tried", &err), err);
    assert_ok(thing_open(&t, stage.w, "tried", &err) && t.kind == THING_RUN && !t.encoder, err);
    thing_close(&t);
    assert_refused(workspace_encoder(&e, NULL, stage.w, "tried", &err), err, ERR_IO, "has no encoder yet");
    assert_refused(workspace_encoder(&e, NULL, stage.w, NULL, &err), err, ERR_IO, "no trained encoder");
    assert_refused(thing_open(&t, stage.w, "nothing", &err), err, ERR_IO,
                   "neither an address (vs1:...) nor a run");
    assert_refused(thing_open(&t, stage.w, stage.data, &err), err, ERR_FORMAT, "is a folder, but no run");
    err = (Err){0};
    assert_ok(file_replace("junk.bin", "not a model at all", 18, &err), err);
    assert_refused(thing_open(&t, stage.w, "junk.bin", &err), err, ERR_FORMAT, "this is no model");
}

static void test_plot(void **state)
{
    (void)state;
    Err err = {0};
    Image im, other;
    float x[] = {0, 1, 2, 3}, y[] = {1, NAN, 3, INFINITY};
    PlotSeries s = {"s", x, y, 4, {200, 0, 0}, true, false};
    Plot p = {.title = "title", .x_label = "x", .y_label = "y", .series = &s, .n = 1, .w = 320, .h = 200},
         small = {.title = "t", .x_label = "x", .y_label = "y", .series = &s, .n = 1, .w = 20, .h = 20};
    assert_ok(plot_image(&im, &p, 1, &err) && im.w == 320 && im.h == 200, err);
    y[0] = 2;
    assert_ok(plot_image(&other, &p, 1, &err), err);
    assert_memory_not_equal(im.px, other.px, 320 * 200 * 3);
    image_free(&im);
    image_free(&other);
    y[0] = y[2] = NAN; /* nothing to draw is no error */
    assert_ok(plot_image(&im, &p, 1, &err), err);
    image_free(&im);
    assert_refused(plot_image(&im, &small, 1, &err), err, ERR_USAGE, "at least 160 x 120");
}

static void test_text_stays_in_the_picture(void **state)
{
    (void)state;
    Err err = {0};
    Image im;
    assert_ok(image_make(&im, 10, 10, 1, &err), err);
    plot_text(&im, -3, -3, "M\xc3\xa9\x01~", (const uint8_t[]){255, 255, 255}, 2);
    plot_text(&im, 8, 8, "M", (const uint8_t[]){255, 255, 255}, 3);
    int lit = 0;
    for (int i = 0; i < 100; i++) lit += im.px[i] > 0;
    assert_true(lit > 0);
    image_free(&im);
}

/* --- the journal
 * --------------------------------------------------------------------------------------------------- */

typedef struct {
    char log[256];
    const char *digest;
} Played;

static bool play_command(void *ctx, const char *command, Err *err)
{
    Played *p = ctx;
    snprintf(p->log + strlen(p->log), sizeof p->log - strlen(p->log), "%s;", command);
    return strcmp(command, "explode") || err_set(err, ERR_USAGE, "no such thing");
}

static bool play_started(void *ctx, const char *job, Err *err)
{
    (void)err;
    Played *p = ctx;
    snprintf(p->log + strlen(p->log), sizeof p->log - strlen(p->log), "<%s;", job);
    return true;
}

static bool play_applied(void *ctx, const char *job, double at, char digest[65], Err *err)
{
    (void)at;
    (void)err;
    Played *p = ctx;
    snprintf(p->log + strlen(p->log), sizeof p->log - strlen(p->log), "%s>;", job);
    snprintf(digest, 65, "%s", p->digest);
    return true;
}

static void test_journal(void **state)
{
    (void)state;
    Err err = {0};
    Played p = {"", "aa"};
    JournalReplay to = {&p, play_command, play_started, play_applied};
    unlink("journal.jsonl");
    assert_refused(journal_replay("journal.jsonl", &to, &err), err, ERR_IO, "there is no such journal");
    err = (Err){0};
    Journal *j = journal_open("journal.jsonl", &err);
    assert_ok(j && journal_command(j, "set pca-1 1.25", &err) && journal_started(j, "train 0001", &err) &&
                  journal_applied(j, "train 0001", "aa", &err) && journal_command(j, "psi 0.7", &err),
              err);
    assert_ok(journal_replay("journal.jsonl", &to, &err), err);
    assert_string_equal(p.log, "set pca-1 1.25;<train 0001;train 0001>;psi 0.7;");
    p = (Played){"", "bb"};
    assert_refused(journal_replay("journal.jsonl", &to, &err), err, ERR_NUMERIC,
                   "row 3: the result of train 0001 is bb here and was aa");
    err = (Err){0};
    assert_ok(journal_command(j, "explode", &err), err);
    p = (Played){"", "aa"};
    assert_refused(journal_replay("journal.jsonl", &to, &err), err, ERR_USAGE,
                   "journal.jsonl, row 5: no such thing");
    journal_close(j);
}

/* What a generator's card says it saw is what it is compared with, unless one says otherwise. */
static void test_data_of_card(void **state)
{
    (void)state;
    Err err = {0};
    Workspace *w;
    Encoder *judge;
    Generator *g = tiny_generator(STAGE_CLASSES, 7, NULL, &err), *h = NULL;
    assert_ok(g && generator_with(&h, g, NULL, 0, "{\"settings\":{\"data\":\"cifar10\"}}", &err) &&
                  generator_save(h, "stage-workspace/card.safetensors", &err),
              err);
    generator_drop(g);
    generator_drop(h);
    assert_ok(workspace_open(&w, &(WorkspaceOptions){.model = "stage-workspace/card.safetensors", .data = ""},
                             &err),
              err);
    assert_string_equal(w->data, "cifar10");
    workspace_close(w);
    assert_ok(
        workspace_open(&w, &(WorkspaceOptions){.model = "stage-workspace/card.safetensors", .data = "mnist"},
                       &err),
        err);
    assert_string_equal(w->data, "mnist");
    assert_refused(workspace_judge(&judge, w, NULL, &err), err, ERR_IO, "judge-mnist");
    assert_ok(workspace_judge(&judge, NULL, NULL, &err), err);
    encoder_drop(judge);
    workspace_close(w);
    assert_ok(workspace_open(&w, &(WorkspaceOptions){.model = stage.model}, &err), err);
    assert_string_equal(w->data, "fashion");
    workspace_close(w);
    assert_ok(workspace_open(&w, &(WorkspaceOptions){.model = "fashion"}, &err),
              err); /* shipped under that name */
    assert_string_equal(w->generator->slug, "fashion");
    workspace_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_long_and_short),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_a_picture_brings_its_address_back),
        cmocka_unit_test(test_strip_addresses),
        cmocka_unit_test(test_things),
        cmocka_unit_test(test_plot),
        cmocka_unit_test(test_text_stays_in_the_picture),
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_data_of_card),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
