/* Inversion finds what the generator made; bounded search climbs, stays in its ball and hands out addresses
 * that keep. */
#include "latent/invert.h"
#include "check.h"
#include "latent/basis.h"
#include "latent/search.h"
#include "model/tiny.h"
#include <math.h>
#include <string.h>

enum { IMAGE = 64, W = 16, STYLE = 4 * W, CLASSES = 3, FEATURES = 64 };

typedef struct {
    Generator *g;
    Encoder *judge, *other;
    Latent *l;
    LatentStore store;
} Fixture;

static int make(void **state)
{
    static Fixture f;
    f.g = tiny_generator(CLASSES, 1, NULL, NULL);
    f.judge = tiny_encoder(CLASSES, 2, NULL);
    f.other = tiny_encoder(CLASSES, 3, NULL);
    f.l = f.g ? latent_new(f.g, 8, "store", NULL, NULL) : NULL;
    *state = &f;
    return f.judge && f.other && f.l && store_open(&f.store, "store", NULL) ? 0 : -1;
}

static int drop(void **state)
{
    Fixture *f = *state;
    latent_free(f->l);
    encoder_drop(f->judge);
    encoder_drop(f->other);
    generator_drop(f->g);
    return 0;
}

static Address view(const Fixture *f, uint64_t seed, int class)
{
    return address_of_seed(f->g->slug, f->g->digest, seed, class, 1);
}

static Invert *inverted(const Fixture *f, Encoder *judge, const float *picture, const InvertConfig *c,
                        Pool *pool)
{
    Err err = {0};
    Invert *v = invert_new(f->g, judge, picture, c, pool, &err);
    if (!v) fail_msg("%s", err.msg);
    while (!invert_done(v)) assert_ok(invert_step(v, &err), err);
    return v;
}

/* A view is found again, and its address makes the picture that was found; the same on two threads. */
static void test_invert(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    float picture[IMAGE], made[IMAGE];
    Address target = view(f, 4711, 1), found, twice;
    InvertConfig c = invert_defaults();
    c.steps = 150;
    c.seeds = 40;
    assert_ok(latent_images(picture, f->l, &target, 1, &err), err);
    Pool *pool = pool_new(2, 0, &err);
    Invert *v = inverted(f, f->judge, picture, &c, NULL), *w = inverted(f, f->judge, picture, &c, pool);
    InvertNow now = invert_now(v);
    assert_int_equal(now.step, 150);
    assert_true(now.pixel < 8 && now.feature < 0.02 && now.away < 4 && now.class >= 0);
    assert_ok(invert_store(&found, v, &f->store, &err), err);
    assert_ok(invert_store(&twice, w, &f->store, &err), err);
    assert_true(address_equal(&found, &twice));
    assert_ok(latent_images(made, f->l, &found, 1, &err), err);
    for (int i = 0; i < IMAGE; i++) assert_true(fabsf(made[i] - invert_picture(v)[i]) < 1e-4f);
    invert_free(v);
    invert_free(w);
    pool_free(pool);
}

/* From a view: its class stays, and no step is worse than the view itself. */
static void test_from(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    float picture[IMAGE], start[IMAGE];
    Address target = view(f, 1, 0), from = view(f, 2, 2);
    InvertConfig c = invert_defaults();
    c.steps = 20;
    c.from = &from;
    c.store = "store";
    assert_ok(latent_images(picture, f->l, &target, 1, &err), err);
    assert_ok(latent_images(start, f->l, &from, 1, &err), err);
    Invert *v = invert_new(f->g, NULL, picture, &c, NULL, &err);
    assert_non_null(v);
    assert_refused(invert_store(&target, v, &f->store, &err), err, ERR_USAGE, "no inversion yet");
    assert_ok(invert_step(v, &err), err);
    for (int i = 0; i < IMAGE; i++) assert_true(fabsf(invert_picture(v)[i] - start[i]) < 1e-3f);
    double first = invert_now(v).loss;
    while (!invert_done(v)) assert_ok(invert_step(v, &err), err);
    InvertNow now = invert_now(v);
    assert_true(now.loss < first && now.class == 2 && isnan(now.feature));
    invert_free(v);
}

static void test_invert_refusals(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    float picture[IMAGE] = {0};
    InvertConfig c = invert_defaults();
    c.class = CLASSES;
    assert_refused(invert_new(f->g, NULL, picture, &c, NULL, &err), err, ERR_USAGE, "has 3 classes");
    c = invert_defaults();
    c.steps = 0;
    assert_refused(invert_new(f->g, NULL, picture, &c, NULL, &err), err, ERR_USAGE, "at least one step");
}

/* --- search ----------------------------------------------------------------------------------------------
 */

static SearchConfig config(const Fixture *f, SearchWish wish)
{
    SearchConfig c = search_defaults();
    c.wish = wish;
    c.head.encoder = f->judge;
    c.other.encoder = f->other;
    c.draws = 70;
    c.keep = 6;
    c.steps = 12;
    return c;
}

static void distance_is_bounded(const Fixture *f, const SearchHit *h, float radius)
{
    Err err = {0};
    Basis basis;
    Address list[2] = {h->origin, h->address};
    float styles[2 * STYLE], code[W], off[W];
    double square = 0;
    assert_ok(basis_open(&basis, f->g, NULL, &err), err);
    assert_ok(latent_resolve(styles, f->l, list, 2, &err), err);
    for (int j = 0; j < W; j++) off[j] = styles[STYLE + j] - styles[j];
    basis_encode(code, &basis, off, 1);
    for (int j = 0; j < W; j++) square += (double)code[j] * (double)code[j];
    assert_true(sqrt(square / (2 * W)) <= (double)radius * 1.01);
    basis_close(&basis);
}

/* Every hit is at least as good as its seed, some are better, all are within reach and sorted. */
static void search_with(const Fixture *f, const SearchConfig *c)
{
    Err err = {0};
    SearchHit hit[6];
    float moved = 0, gained = 0;
    Search *s = search_new(f->g, c, NULL, &err);
    if (!s) fail_msg("%s", err.msg);
    while (!search_done(s)) assert_ok(search_step(s, &err), err);
    assert_int_equal(search_count(s), 6);
    assert_ok(search_hits(hit, s, &f->store, &err), err);
    for (int i = 0; i < 6; i++) {
        assert_true(hit[i].score >= hit[i].origin_score);
        assert_true(i == 0 || hit[i].score <= hit[i - 1].score);
        gained += hit[i].score - hit[i].origin_score;
        moved += hit[i].moved;
        distance_is_bounded(f, &hit[i], c->radius);
    }
    assert_true(gained > 0 && moved > 0);
    search_free(s);
}

static void test_unsure(void **state)
{
    const Fixture *f = *state;
    SearchConfig c = config(f, SEARCH_UNSURE);
    search_with(f, &c);
    c.class = 2;
    search_with(f, &c);
}

static void test_disagree(void **state)
{
    const Fixture *f = *state;
    SearchConfig c = config(f, SEARCH_DISAGREE);
    search_with(f, &c);
}

/* With a probe of one's own instead of the encoder's classes. */
static void test_probe(void **state)
{
    const Fixture *f = *state;
    static float weight[2 * FEATURES], bias[2];
    rng_fill_normal(weight, 2 * FEATURES, 1, RNG_TEST);
    SearchConfig c = config(f, SEARCH_UNSURE);
    c.head = (SearchHead){f->judge, weight, bias, 2};
    search_with(f, &c);
}

static void test_near(void **state)
{
    const Fixture *f = *state;
    Err err = {0};
    float picture[IMAGE], feature[FEATURES];
    Address like = view(f, 99, 0);
    SearchConfig c = config(f, SEARCH_NEAR);
    assert_refused(search_new(f->g, &c, NULL, &err), err, ERR_USAGE, "at least one of these");
    assert_ok(latent_images(picture, f->l, &like, 1, &err), err);
    err = (Err){0};
    assert_ok(encoder_features_of_floats(feature, NULL, f->judge, picture, 1, NULL, &err), err);
    c.features = feature;
    c.rows = 1;
    search_with(f, &c);
}

static void test_search_refusals(void **state)
{
    const Fixture *f = *state;
    Err err = {0};
    SearchConfig c = config(f, SEARCH_UNSURE);
    c.head.encoder = NULL;
    assert_refused(search_new(f->g, &c, NULL, &err), err, ERR_USAGE, "needs an encoder");
    Encoder *blind = tiny_encoder(0, 5, NULL);
    c.head.encoder = blind;
    assert_refused(search_new(f->g, &c, NULL, &err), err, ERR_USAGE, "no classes");
    c = config(f, SEARCH_UNSURE);
    c.keep = 0;
    assert_refused(search_new(f->g, &c, NULL, &err), err, ERR_USAGE, "at least one draw");
    encoder_drop(blind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invert),
        cmocka_unit_test(test_from),
        cmocka_unit_test(test_invert_refusals),
        cmocka_unit_test(test_unsure),
        cmocka_unit_test(test_disagree),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_search_refusals),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
