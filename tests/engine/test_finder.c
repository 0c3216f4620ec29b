/* The finder: banks fill beside the asker, answers are exact, a newer encoder takes over, errors are told. */
#include "check.h"
#include "engine/finder.h"
#include "engine/stage.h"

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
    uint64_t ticket = finder_ask(f, &query, 5);
    FinderNews *n = settled(f);
    assert_int_equal(n->err.code, ERR_OK);
    assert_int_equal(n->total, data.n);
    assert_int_equal(n->ticket, ticket);
    for (int s = 0; s < FINDER_SPACES; s++) {
        assert_true(n->ready[s]);
        assert_int_equal(n->filled[s], data.n);
        assert_int_equal(n->hits[s], 5);
        assert_int_equal(n->hit[s][0].index, 17); /* the picture itself is in the data */
        assert_int_equal(n->hit[s][0].label, data.label[17]);
        assert_memory_equal(n->picture[s][0].px, query.px, (size_t)(STAGE_SIDE * STAGE_SIDE));
        for (int i = 1; i < 5; i++) assert_true(n->hit[s][i].score <= n->hit[s][i - 1].score);
    }
    assert_true(n->points > 0 && n->placed);
    news_drop(&n->news);
    finder_ask_index(f, 17, 5);
    n = settled(f);
    for (int s = 0; s < FINDER_SPACES; s++) assert_int_not_equal(n->hit[s][0].index, 17);
    news_drop(&n->news);
    finder_free(f);
    image_free(&query);
    dataset_close(&data);
    encoder_drop(a);
    encoder_drop(b);
}

static void test_a_newer_encoder_takes_over(void **state)
{
    (void)state;
    Err err = {0};
    Finder *f = finder(stage.w);
    float score[2];
    finder_ask_index(f, 3, 4);
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
    finder_ask_index(f, 1000000, 3);
    n = settled(f);
    assert_non_null(strstr(n->err.msg, "there is no real picture 1000000"));
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
        if (i % 3) finder_ask_index(f, i, 3);
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
        cmocka_unit_test(test_a_newer_encoder_takes_over),
        cmocka_unit_test(test_errors_are_told),
        cmocka_unit_test(test_ending_at_any_moment),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
