/* The finder: banks fill beside the asker, answers are exact, a newer encoder takes over, errors are told. */
#include "check.h"
#include "engine/export.h"
#include "engine/finder.h"
#include "engine/stage.h"

#include <math.h>
#include <unistd.h>

static Stage stage;

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage, "stage-finder");
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static Finder *finder(const Workspace *w)
{
    Err err = {0};
    Finder *f = finder_new(w, SPLIT_TRAIN, (Bell){0}, &err);
    assert_ok(f != NULL, err);
    return f;
}

/* The news once nothing is left to do. */
static FinderNews *settled(Finder *f)
{
    for (int i = 0; i < 30000 && finder_busy(f); i++) usleep(1000);
    assert_false(finder_busy(f));
    FinderNews *n = (FinderNews *)finder_look(f);
    assert_non_null(n);
    return n;
}

static void test_exact_answers_in_every_space(void **state)
{
    (void)state;
    Err err = {0};
    Dataset data;
    Image query;
    Finder *f = finder(stage.w);
    Encoder *a = tiny_encoder(0, 1, &err), *b = tiny_encoder(0, 2, &err);
    assert_ok(workspace_dataset(&data, stage.w, SPLIT_TRAIN, &err) && dataset_image(&query, &data, 17, &err),
              err);
    finder_encoder(f, a, b);
    uint64_t ticket = finder_ask(f, &(FinderQuery){.picture = &query, .k = 5});
    FinderNews *n = settled(f);
    assert_int_equal(n->err.code, ERR_OK);
    assert_int_equal(n->total[AMONG_REAL], data.n);
    assert_int_equal(n->ticket, ticket);
    for (int s = 0; s < FINDER_SPACES; s++) {
        assert_true(n->ready[s]);
        assert_int_equal(n->filled[AMONG_REAL][s], data.n);
        assert_int_equal(n->hits[s], 5);
        assert_int_equal(n->hit[s][0].index, 17); /* the picture itself is in the data */
        assert_int_equal(n->hit[s][0].label, data.label[17]);
        assert_memory_equal(n->picture[s][0].px, query.px, (size_t)(STAGE_SIDE * STAGE_SIDE));
        for (int i = 1; i < 5; i++) assert_true(n->hit[s][i].score <= n->hit[s][i - 1].score);
    }
    assert_true(n->atlas && n->placed);
    assert_int_equal(n->atlas->real, data.n);
    assert_int_equal(n->atlas->n, data.n + ATLAS_MADE);
    assert_memory_equal(n->atlas->picture[17].px, query.px, (size_t)(STAGE_SIDE * STAGE_SIDE));
    float spot[2];
    atlas_spot(spot, &n->place, &n->atlas->xy[0][0]);
    assert_int_equal(n->place.point[0], 17);
    assert_true(n->plane[0] == n->atlas->xy[17][0] && isfinite(spot[0]));
    news_drop(&n->news);
    finder_ask(f, &(FinderQuery){.origin = data.origin[17], .k = 5});
    n = settled(f);
    for (int s = 0; s < FINDER_SPACES; s++) assert_int_not_equal(n->hit[s][0].index, 17);
    assert_int_equal(n->label, data.label[17]);
    assert_memory_equal(n->asked.px, query.px, (size_t)(STAGE_SIDE * STAGE_SIDE));
    news_drop(&n->news);
    finder_free(f);
    image_free(&query);
    dataset_close(&data);
    encoder_drop(a);
    encoder_drop(b);
}

/* Among seeds and the tray, by any metric: the view itself is found there, at no distance. */
static void test_among_generated(void **state)
{
    (void)state;
    Err err = {0};
    Tray *tray;
    TrayAdded added;
    Image view;
    Address a = made_seed(stage.w->generator, 7);
    Latent *l = latent_new(stage.w->generator, 1, NULL, NULL, &err);
    assert_ok(l && export_images(&view, l, &a, 1, &err), err);
    setenv("VIEWSMITH_TRAY", "stage-finder/tray.sqlite", 1);
    assert_ok(tray_open(&tray, NULL, &err) && tray_add(&added, tray, &a, "kept", NULL, NULL, &err), err);
    Finder *f = finder(stage.w);
    Encoder *e = tiny_encoder(0, 1, &err);
    finder_encoder(f, e, NULL);
    for (int m = 0; m < METRICS; m++)
        for (int among = AMONG_SEEDS; among < AMONGS; among++) {
            finder_ask(f,
                       &(FinderQuery){.picture = &view, .k = 3, .metric = (Metric)m, .among = (Among)among});
            FinderNews *n = settled(f);
            assert_int_equal(n->err.code, ERR_OK);
            assert_int_equal(n->total[among], among == AMONG_SEEDS ? MADE_SEEDS : 1);
            for (int s = 0; s < SPACE_UNTRAINED; s++) {
                assert_int_equal(n->hits[s], among == AMONG_SEEDS ? 3 : 1);
                assert_int_equal(n->searched[s], n->total[among]);
                assert_false(n->judged[s]);
                if (m == METRIC_DOT) continue;
                assert_int_equal(n->origin[s][0], among == AMONG_SEEDS ? 7 : (int)added.id);
                assert_true(metric_distance((Metric)m, n->hit[s][0].score) < 1e-2);
                assert_memory_equal(n->picture[s][0].px, view.px, (size_t)(STAGE_SIDE * STAGE_SIDE));
            }
            news_drop(&n->news);
        }
    /* What is kept meanwhile is found with the next question. */
    Address b = made_seed(stage.w->generator, 11);
    assert_ok(tray_add(&added, tray, &b, NULL, NULL, NULL, &err), err);
    finder_ask(f, &(FinderQuery){.picture = &view, .k = 3, .among = AMONG_TRAY});
    FinderNews *n = settled(f);
    assert_int_equal(n->hits[SPACE_PIXELS], 2);
    news_drop(&n->news);
    finder_free(f);
    tray_close(tray);
    encoder_drop(e);
    latent_free(l);
    image_free(&view);
}

/* A training picture is a copy of one; most held-out pictures are not. */
static void test_copies_are_known(void **state)
{
    (void)state;
    Err err = {0};
    Dataset data, held;
    Image picture;
    Finder *f = finder(stage.w);
    assert_ok(workspace_dataset(&data, stage.w, SPLIT_TRAIN, &err) &&
                  workspace_dataset(&held, stage.w, SPLIT_VALID, &err),
              err);
    assert_ok(dataset_image(&picture, &data, 5, &err), err);
    finder_ask(f, &(FinderQuery){.picture = &picture, .k = 1});
    FinderNews *n = settled(f);
    assert_true(n->judged[SPACE_PIXELS] && n->copy[SPACE_PIXELS].copied);
    assert_true(n->copy[SPACE_PIXELS].ratio < 0.01f && n->copy[SPACE_PIXELS].nearer == 0);
    news_drop(&n->news);
    image_free(&picture);
    for (int i = 0, copies = 0; i < held.n; i++) {
        assert_ok(dataset_image(&picture, &held, i, &err), err);
        finder_ask(f, &(FinderQuery){.picture = &picture, .k = 1, .metric = METRIC_EUCLID});
        n = settled(f);
        copies += n->copy[SPACE_PIXELS].copied;
        assert_true(n->judged[SPACE_PIXELS] && copies <= 1);
        news_drop(&n->news);
        image_free(&picture);
    }
    finder_free(f);
    dataset_close(&data);
    dataset_close(&held);
}

static void test_a_newer_encoder_takes_over(void **state)
{
    (void)state;
    Err err = {0};
    Dataset data;
    Finder *f = finder(stage.w);
    float score[2];
    assert_ok(workspace_dataset(&data, stage.w, SPLIT_TRAIN, &err), err);
    finder_ask(f, &(FinderQuery){.origin = data.origin[3], .k = 4});
    dataset_close(&data);
    FinderNews *n = settled(f);
    assert_int_equal(n->hits[SPACE_ENCODER], 0); /* no encoder yet: pixels alone */
    assert_int_equal(n->hits[SPACE_PIXELS], 4);
    assert_false(n->ready[SPACE_ENCODER]);
    news_drop(&n->news);
    for (int i = 0; i < 2; i++) {
        Encoder *e = tiny_encoder(0, (uint64_t)i + 5, &err);
        finder_encoder(f, e, NULL);
        encoder_drop(e);
        n = settled(f);
        assert_int_equal(n->hits[SPACE_ENCODER], 4);
        score[i] = n->hit[SPACE_ENCODER][0].score;
        news_drop(&n->news);
    }
    assert_true(score[0] < score[1] || score[0] > score[1]);
    finder_free(f);
}

static void test_errors_are_told(void **state)
{
    (void)state;
    Err err = {0};
    Workspace *w;
    WorkspaceOptions o = {stage.model, "stage-finder/none", stage.runs};
    assert_ok(workspace_open(&w, &o, &err), err);
    Finder *f = finder(w);
    FinderNews *n = settled(f);
    assert_int_not_equal(n->err.code, ERR_OK);
    news_drop(&n->news);
    finder_free(f);
    workspace_close(w);
    f = finder(stage.w);
    finder_ask(f, &(FinderQuery){.origin = 1000000, .k = 3});
    n = settled(f);
    assert_non_null(strstr(n->err.msg, "real:1000000 is none of these"));
    assert_int_equal(n->hits[SPACE_PIXELS], 0);
    news_drop(&n->news);
    finder_free(f);
}

static void test_ending_at_any_moment(void **state)
{
    (void)state;
    Err err = {0};
    Encoder *e = tiny_encoder(0, 1, &err);
    for (int i = 0; i < 10; i++) {
        Finder *f = finder(stage.w);
        if (i % 2) finder_encoder(f, e, e);
        if (i % 3) finder_ask(f, &(FinderQuery){.origin = i, .k = 3});
        if (i % 4 == 3) usleep(2000);
        finder_free(f);
    }
    finder_free(NULL);
    encoder_drop(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_answers_in_every_space),
        cmocka_unit_test(test_among_generated),
        cmocka_unit_test(test_copies_are_known),
        cmocka_unit_test(test_a_newer_encoder_takes_over),
        cmocka_unit_test(test_errors_are_told),
        cmocka_unit_test(test_ending_at_any_moment),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
