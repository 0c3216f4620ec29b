/* Searches for corner cases over a tiny generator and a tiny judge: what is found is new, scored, remembers
 * where it came from, can be made again, and is the same each time; an empty wish is refused. */
#include "check.h"
#include "engine/corner_job.h"
#include "engine/stage.h"
#include "latent/latent.h"
#include <math.h>
#include <unistd.h>

static Stage stage;

static void search(CornerNews *last, const char *tray, const CornerConfig *c)
{
    Err err = {0};
    Job *job = corner_start(stage.w, tray, c, (Bell){0}, &err);
    assert_ok(job, err);
    assert_true(job_wait(job, 600));
    assert_ok(job_result(job, &err), err);
    CornerNews *n = (CornerNews *)job_news(job);
    *last = *n;
    news_drop(&n->news);
    job_free(job);
}

static CornerConfig quick(CornerWish wish)
{
    CornerConfig c = corner_defaults();
    c.wish = wish;
    c.count = 5;
    c.realism = NAN;
    return c;
}

static void candidates(TrayList *list, Tray *t)
{
    Err err = {0};
    assert_ok(tray_list(list, t, &(TrayFilter){.states = TRAY_MASK(TRAY_CANDIDATE)}, &err), err);
}

static void test_unsure(void **state)
{
    (void)state;
    Err err = {0};
    CornerNews n;
    Tray *t, *u = NULL;
    TrayList a, b;
    CornerConfig c = quick(CORNER_UNSURE);
    search(&n, "one.sqlite", &c);
    assert_int_equal(n.found, 5);
    assert_true(n.best > 0 && n.best <= log(3) + 1e-5 && !strcmp(n.phase, "done"));
    search(&n, "two.sqlite", &c);
    assert_ok(tray_open(&t, "one.sqlite", &err) && tray_open(&u, "two.sqlite", &err), err);
    candidates(&a, t), candidates(&b, u);
    assert_true(a.n == 5 && b.n == 5);
    Pool *pool = pool_new(1, 0, &err);
    Latent *l = latent_new(stage.w->generator, 1, NULL, pool, &err);
    for (int i = 0; i < 5; i++) {
        Address at;
        float image[STAGE_SIDE * STAGE_SIDE];
        assert_string_equal(a.item[i].address, b.item[i].address);
        assert_int_equal(strncmp(a.item[i].origin, "unsure ", 7), 0);
        assert_true(a.item[i].score > 0 && isnan(a.item[i].realism));
        assert_ok(address_parse(&at, a.item[i].address, &err) && latent_images(image, l, &at, 1, &err), err);
        for (int k = 0; k < i; k++) assert_string_not_equal(a.item[i].address, a.item[k].address);
    }
    latent_free(l);
    pool_free(pool);
    tray_list_free(&a), tray_list_free(&b);
    tray_close(t), tray_close(u);
}

static void test_like(void **state)
{
    (void)state;
    Err err = {0};
    CornerNews n;
    TrayList list;
    TrayAdded added;
    Tray *t;
    const Generator *g = stage.w->generator;
    Address a = address_of_seed(g->slug, g->digest, 3, 2, 1);
    assert_ok(tray_open(&t, "like.sqlite", &err) && tray_add(&added, t, &a, "coat", NULL, NULL, &err), err);
    CornerConfig c = quick(CORNER_LIKE);
    snprintf(c.tag, sizeof c.tag, "coat");
    search(&n, "like.sqlite", &c);
    assert_true(n.found > 0);
    candidates(&list, t);
    assert_int_equal(list.n, n.found);
    for (int i = 0; i < list.n; i++) {
        assert_int_equal(list.item[i].class, 2); /* as those it is to be like */
        assert_string_equal(list.item[i].origin, "like coat");
        assert_string_equal(list.item[i].tags, "coat");
        assert_true(list.item[i].score <= 0.9935f);
    }
    tray_list_free(&list);
    /* By ids instead of a tag; what it finds again is known, and others come instead. */
    c.tag[0] = 0;
    c.id = &added.id;
    c.ids = 1;
    search(&n, "like.sqlite", &c);
    assert_true(n.known >= list.n);
    tray_close(t);
}

/* Views that were occluded and are less real than the bound: what is like them is found without the square,
 * and wears it; a bound of the person's own stands, and is told. */
static void test_like_odd(void **state)
{
    (void)state;
    Err err = {0};
    CornerNews n;
    Tray *t;
    TrayList list;
    Address a = address_of_seed(stage.w->generator->slug, stage.w->generator->digest, 3, 1, 1);
    assert_ok(address_set(&a, "px-occlude=0.3,0.5,0.4", &err), err);
    assert_ok(tray_open(&t, "odd.sqlite", &err) && tray_add(NULL, t, &a, "odd", NULL, NULL, &err), err);
    CornerConfig c = quick(CORNER_LIKE);
    snprintf(c.tag, sizeof c.tag, "odd");
    c.realism = 90;
    c.strict = true;
    search(&n, "odd.sqlite", &c);
    assert_int_equal(n.found, 0);
    assert_non_null(strstr(n.told, "1 of the 1 it is to be like are less real than 90.00"));
    c.strict = false;
    search(&n, "odd.sqlite", &c);
    assert_true(n.found > 0 && strstr(n.told, "down to realism"));
    candidates(&list, t);
    for (int i = 0; i < list.n; i++) {
        Address found;
        assert_ok(address_parse(&found, list.item[i].address, &err), err);
        assert_true(found.pixes == 1 && !memcmp(found.pix, a.pix, sizeof *a.pix));
        assert_true(list.item[i].score > -1 && list.item[i].score <= 1);
    }
    tray_list_free(&list);
    tray_close(t);
}

static void test_refuses(void **state)
{
    (void)state;
    Err err = {0};
    CornerConfig c = quick(CORNER_LIKE);
    snprintf(c.tag, sizeof c.tag, "absent");
    Job *job = corner_start(stage.w, "none.sqlite", &c, (Bell){0}, &err);
    assert_true(job_wait(job, 600));
    assert_refused(job_result(job, &err), err, ERR_USAGE, "no view of the tray has the tag \"absent\"");
    job_free(job);
    c.count = 0;
    assert_refused(corner_start(stage.w, "none.sqlite", &c, (Bell){0}, &err), err, ERR_USAGE, "1 to 10,000");
    setenv("VIEWSMITH_JUDGE", "absent.safetensors", 1);
    c.count = 5;
    job = corner_start(stage.w, "none.sqlite", &c, (Bell){0}, &err);
    assert_true(job_wait(job, 600));
    assert_refused(job_result(job, &err), err, ERR_IO, "absent.safetensors");
    job_free(job);
}

static int setup(void **state)
{
    char here[3000];
    Err err = {0};
    (void)state;
    if (!getcwd(here, sizeof here)) return -1;
    setenv("XDG_DATA_HOME", here, 1);
    setenv("XDG_CACHE_HOME", here, 1);
    setenv("VIEWSMITH_THREADS", "2", 1);
    static const char *const left[] = {"one.sqlite", "two.sqlite", "like.sqlite", "none.sqlite",
                                       "odd.sqlite"};
    for (int i = 0; i < 5; i++) remove(left[i]);
    stage_open(&stage, "stage");
    Encoder *judge = tiny_encoder(3, 8, &err);
    if (!judge || !encoder_save(judge, "judge.safetensors", &err)) return -1;
    encoder_drop(judge);
    setenv("VIEWSMITH_JUDGE", "judge.safetensors", 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_unsure), cmocka_unit_test(test_like),
                                       cmocka_unit_test(test_like_odd), cmocka_unit_test(test_refuses)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
