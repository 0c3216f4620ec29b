/* Batches from a stream and from real images: pure functions of (seed, step), with provenance that makes
 * every row again. */
#include "check.h"
#include "latent/latent.h"
#include "base/order.h"
#include "learn/toy.h"
#include "learn/subset.h"
#include "learn/train.h"
#include "learn/truth.h"
#include "learn/views.h"
#include "model/tiny.h"

#include <math.h>
#include <string.h>

enum { PAIRS = 9, FLOATS = 64, BATCH = 2 * PAIRS * FLOATS };

static Generator *generator;
static Dataset data;

static int open_all(void **state)
{
    (void)state;
    generator = tiny_generator(3, 5, NULL, NULL);
    data = toy_dataset(25, 3, 8, 1, 1);
    return generator ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    generator_drop(generator);
    toy_free(&data);
    return 0;
}

static Views *made(ViewMaker maker, const char *recipe, Pool *pool)
{
    ViewConfig c = {.maker = maker, .seed = 21, .pairs = PAIRS, .psi = 0.9f, .plan = view_plan_gauss};
    Views *v = NULL;
    Err err = {0};
    assert_ok(augment_parse(&c.recipe, recipe, &err), err);
    assert_ok(views_new(&v, &c, generator, &data, pool, &err), err);
    assert_true(views_floats(v) == BATCH && views_side(v) == 8 && views_channels(v) == 1);
    return v;
}

static void fill(float *x, Views *v, uint64_t step, float sigma)
{
    Err err = {0};
    assert_ok(views_fill(v, x, step, sigma, &err), err);
}

static void test_order(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 300; n += 7) {
        uint8_t seen[300] = {0};
        uint64_t moved = 0;
        for (uint64_t k = 0; k < n; k++) {
            uint64_t at = order_at(k, n, 99);
            assert_true(at < n && !seen[at]);
            seen[at] = 1;
            moved += at != k;
        }
        assert_true(n < 10 || moved > n / 2);
    }
    assert_true(order_at(3, 1000, 1) != order_at(3, 1000, 2) || order_at(4, 1000, 1) != order_at(4, 1000, 2));
}

static void test_pure(void **state)
{
    static float a[BATCH], b[BATCH], c[BATCH];
    Pool *pool = pool_new(4, 0, NULL);
    (void)state;
    for (int m = 0; m < VIEWS_COUNT; m++) {
        Views *one = made((ViewMaker)m, "genrep", NULL), *four = made((ViewMaker)m, "genrep", pool);
        fill(a, one, 3, 0.3f);
        fill(b, four, 7, 0.3f);
        assert_true(memcmp(a, b, sizeof a) != 0);
        fill(b, four, 3, 0.3f);
        assert_memory_equal(a, b, sizeof a);
        fill(c, four, 3, 0.8f);
        bool latent = m == VIEWS_GENERATOR || m == VIEWS_GENERATOR_LATENT;
        assert_true((memcmp(a, c, sizeof a) != 0) == latent);
        assert_memory_equal(a, c, sizeof a / 2); /* sigma is the positives' business */
        views_free(one);
        views_free(four);
    }
    pool_free(pool);
}

/* The address of a row, printed, read, painted and augmented by its counter, is that row bit for bit. */
static void test_addresses(void **state)
{
    static float x[BATCH], raw[FLOATS], y[FLOATS];
    Err err = {0};
    (void)state;
    for (int m = VIEWS_GENERATOR; m <= VIEWS_GENERATOR_PIXEL; m++) {
        Views *v = made((ViewMaker)m, "genrep", NULL);
        AugmentRecipe r;
        augment_named(&r, "genrep", NULL);
        Latent *l = latent_new(generator, 4, NULL, NULL, &err);
        fill(x, v, 2, 0.4f);
        for (int row = 0; row < 2 * PAIRS; row++) {
            char text[ADDRESS_BYTES_MAX + 1];
            Address a, back;
            views_address(&a, v, 2, 0.4f, row);
            assert_ok(address_print(text, &a, &err), err);
            assert_ok(address_parse(&back, text, &err), err);
            assert_ok(latent_images(raw, l, &back, 1, &err), err);
            if (*back.view.recipe)
                augment_apply(y, raw, 1, 8, 8, &r, 0, back.view.recipe_counter);
            else
                memcpy(y, raw, sizeof y);
            assert_true((*back.view.recipe != 0) == (m != VIEWS_GENERATOR_LATENT));
            assert_memory_equal(x + row * FLOATS, y, sizeof y);
        }
        latent_free(l);
        views_free(v);
    }
}

static Address corner(uint64_t seed)
{
    return address_of_seed(generator->slug, generator->digest, seed, (int)(seed % 3), 0.7f);
}

/* Four of nine pairs begin at three kept views, each as often as the others; every row is made by its
 * address. */
static void test_corners(void **state)
{
    (void)state;
    static float x[BATCH], raw[FLOATS];
    int seen[3] = {0}, pairs = 0;
    Err err = {0};
    Address list[3] = {corner(900), corner(901), corner(902)}, a, b;
    assert_ok(address_set(&list[1], "pca-1=1.5", &err), err);
    Views *v = made(VIEWS_GENERATOR_LATENT, "none", NULL);
    assert_ok(views_corners(v, list, 3, &err) && views_share(v, 0.45f, &err), err);
    assert_int_equal(views_corner_pairs(v), 4);
    Latent *l = latent_new(generator, 4, NULL, NULL, &err);
    for (uint64_t step = 0; step < 3; step++) {
        fill(x, v, step, 0.4f);
        for (int row = 0; row < PAIRS; row++) {
            views_address(&a, v, step, 0.4f, row);
            views_address(&b, v, step, 0.4f, row + PAIRS);
            assert_ok(latent_images(raw, l, &a, 1, &err), err);
            assert_memory_equal(x + row * FLOATS, raw, sizeof raw);
            assert_ok(latent_images(raw, l, &b, 1, &err), err);
            assert_memory_equal(x + (row + PAIRS) * FLOATS, raw, sizeof raw);
            for (int i = 0; i < 3; i++) {
                if (!address_equal(&a, &list[i])) continue;
                seen[i]++, pairs++;
                assert_true(b.view.strength == 0.4f && b.source.ref[0].id == a.source.ref[0].id);
            }
        }
    }
    assert_int_equal(pairs, 12);
    assert_true(seen[0] == 4 && seen[1] == 4 && seen[2] == 4);
    latent_free(l);
    views_free(v);
}

/* Rows have one origin exactly where their pictures begin as the same: by address, or by index. */
static void check_origins(const Views *v, uint64_t step, int want)
{
    int origin[2 * PAIRS], distinct = 0;
    assert_int_equal(views_origins(origin, v, step), want);
    for (int i = 0; i < PAIRS; i++) {
        Address a, b;
        assert_int_equal(origin[i], origin[i + PAIRS]);
        distinct += origin[i] == i;
        for (int j = 0; j < i; j++) {
            bool same = views_is_real(v, i) == views_is_real(v, j);
            if (same && views_is_real(v, i))
                same = views_index(v, step, i) == views_index(v, step, j);
            else if (same) {
                views_address(&a, v, step, 0, i);
                views_address(&b, v, step, 0, j);
                a.view = b.view = (AddressView){0};
                same = address_equal(&a, &b);
            }
            assert_int_equal(same, origin[i] == origin[j]);
        }
    }
    assert_int_equal(distinct, want);
}

static void test_origins(void **state)
{
    static float x[BATCH];
    Err err = {0};
    ViewConfig c = {.maker = VIEWS_GENERATOR, .seed = 21, .pairs = PAIRS, .psi = 0.9f, .anchors = 4};
    Views *v = NULL, *real = made(VIEWS_REAL, "genrep", NULL), *drawn = made(VIEWS_GENERATOR, "genrep", NULL);
    Address list[2] = {corner(900), corner(901)};
    (void)state;
    fill(x, drawn, 3, 0.3f);
    check_origins(drawn, 3, PAIRS);
    assert_ok(views_corners(drawn, list, 2, &err) && views_share(drawn, 0.45f, &err), err);
    fill(x, drawn, 3, 0.3f);
    check_origins(drawn, 3, PAIRS - 2); /* four pairs at two views */
    check_origins(real, 0, PAIRS);
    assert_ok(augment_parse(&c.recipe, "genrep", &err) && views_new(&v, &c, generator, NULL, NULL, &err),
              err);
    fill(x, v, 2, 0.3f);
    check_origins(v, 2, 4);
    views_free(v), views_free(real), views_free(drawn);
}

static void test_corners_refuse(void **state)
{
    (void)state;
    Err err = {0};
    Address list[2] = {corner(1), corner(2)};
    uint64_t mark = views_corners_mark(list, 2);
    Views *v = made(VIEWS_GENERATOR, "none", NULL), *real = made(VIEWS_REAL, "none", NULL);
    assert_refused(views_corners(real, list, 2, &err), err, ERR_USAGE, "views of a generator");
    assert_refused(views_corners(v, list, 0, &err), err, ERR_USAGE, "at least one view");
    assert_refused(views_share(v, 0.1f, &err), err, ERR_USAGE, "but was given none");
    assert_true(mark && mark != views_corners_mark(list, 1) && mark == views_corners_mark(list, 2));
    list[1].digest[0] ^= 1;
    assert_refused(views_corners(v, list, 2, &err), err, ERR_USAGE, "the address is of model");
    views_free(v);
    views_free(real);
}

static bool same_picture(const float *row, int at)
{
    float raw[FLOATS], off = 0;
    image_bytes_to_float(raw, dataset_pixels(&data, at), FLOATS);
    for (int i = 0; i < FLOATS; i++) off = fmaxf(off, fabsf(row[i] - raw[i]));
    return off < 0.01f;
}

/* A third of the pairs are real: each picture of the data in its turn. The others are what they were without
 * them. */
static void test_mix(void **state)
{
    (void)state;
    static float x[BATCH], plain[BATCH];
    Err err = {0};
    int seen[25] = {0}, real = 0;
    Views *v = made(VIEWS_GENERATOR, "light", NULL), *pure = made(VIEWS_GENERATOR, "light", NULL);
    assert_ok(views_mix(v, 1 / 3.0f, &err), err);
    assert_int_equal(views_real_pairs(v), 3);
    for (uint64_t step = 0; step < 25; step++) {
        fill(x, v, step, 0.4f);
        fill(plain, pure, step, 0.4f);
        for (int row = 0; row < PAIRS; row++) {
            const size_t a = (size_t)row * FLOATS, b = a + BATCH / 2;
            bool is = views_is_real(v, row);
            assert_true(is == views_is_real(v, row + PAIRS));
            assert_true(is != !memcmp(x + a, plain + a, sizeof(float[FLOATS])));
            assert_true(is != !memcmp(x + b, plain + b, sizeof(float[FLOATS])));
            if (is) seen[views_index(v, step, row)]++, real++;
        }
    }
    for (int i = 0; i < 25; i++) assert_int_equal(seen[i], 3);
    assert_int_equal(real, 75);
    assert_true(views_unique(v, 25, 0, 75) == 25 * PAIRS - 75 + 25 + 25 * PAIRS - 75);
    views_free(v);
    views_free(pure);
    v = made(VIEWS_GENERATOR_PIXEL, "faint:jitter=1,brightness=0.001",
             NULL); /* a recipe that hardly changes them */
    assert_ok(views_mix(v, 0.5f, &err), err);
    fill(x, v, 1, 0);
    for (int row = 0; row < 2 * PAIRS; row++)
        if (views_is_real(v, row)) assert_true(same_picture(x + row * FLOATS, views_index(v, 1, row)));
    views_free(v);
}

static void test_mix_refuses(void **state)
{
    (void)state;
    ViewConfig c = {.maker = VIEWS_GENERATOR, .pairs = PAIRS, .psi = 1, .plan = view_plan_gauss};
    Err err = {0};
    Views *latent = made(VIEWS_GENERATOR_LATENT, "genrep", NULL), *real = made(VIEWS_REAL, "genrep", NULL),
          *alone;
    augment_named(&c.recipe, "genrep", &err);
    assert_ok(views_new(&alone, &c, generator, NULL, NULL, &err), err);
    assert_refused(views_mix(latent, 0.1f, &err), err, ERR_USAGE, "not augmented cannot be mixed");
    assert_refused(views_mix(real, 0.1f, &err), err, ERR_USAGE, "from real pictures alone");
    assert_refused(views_mix(alone, 0.1f, &err), err, ERR_USAGE, "no real pictures");
    views_free(latent);
    views_free(real);
    views_free(alone);
}

enum { MANY = 60 }; /* steps */

/* How many of the anchors in MANY steps of v are like the example, of the same class as they were without
 * weights. */
static int like(Views *v, const Weight *w)
{
    Err err = {0};
    Weigher *judge;
    Weight marked = {.factor = 0, .like = w->like};
    int n = 0;
    assert_ok(weigher_new(&judge, generator, 0.9f, &marked, 1, NULL, &err), err);
    Stream s = stream_of(generator, 21);
    for (uint64_t step = 0; step < MANY; step++) {
        Address list[PAIRS], first;
        float factor[PAIRS];
        assert_ok(views_settle(v, step, &err), err);
        for (int row = 0; row < PAIRS; row++) {
            views_address(&list[row], v, step, 0.4f, row);
            stream_pair(&first, NULL, &s, step * PAIRS + (uint64_t)row);
            assert_int_equal(list[row].class, first.class);
        }
        assert_ok(weigher_factors(factor, judge, list, PAIRS, &err), err);
        for (int row = 0; row < PAIRS; row++) n += factor[row] <= 0;
    }
    weigher_free(judge);
    return n;
}

static void test_weights(void **state)
{
    (void)state;
    static float x[BATCH], raw[FLOATS];
    Err err = {0};
    Weight w = {.factor = 0};
    Views *v = made(VIEWS_GENERATOR_LATENT, "none", NULL);
    views_address(&w.like, v, 5, 0, 2);
    int before = like(v, &w);
    assert_true(before > 1 && before < 30); /* about 5 % of 180 of its class */
    assert_ok(views_weigh(v, &w, 1, &err), err);
    assert_int_equal(like(v, &w), 0);
    w.factor = 8;
    assert_ok(views_weigh(v, &w, 1, &err), err);
    assert_true(like(v, &w) > 2 * before);
    Latent *l = latent_new(generator, 4, NULL, NULL, &err);
    int again = 0;
    for (uint64_t step = 7; step > 0; step--) { /* in any order */
        Address a;
        fill(x, v, step, 0.4f);
        again += views_redrawn(v);
        for (int row = 0; row < 2 * PAIRS; row++) {
            views_address(&a, v, step, 0.4f, row);
            assert_ok(latent_images(raw, l, &a, 1, &err), err);
            assert_memory_equal(x + row * FLOATS, raw, sizeof raw);
        }
    }
    assert_true(again > 0);
    assert_ok(views_weigh(v, NULL, 0, &err), err);
    assert_int_equal(like(v, &w), before);
    latent_free(l);
    views_free(v);
}

/* Of three kept views the one that is excluded comes no more; a list of weights holds each example once. */
static void test_weighed_corners(void **state)
{
    (void)state;
    Err err = {0};
    Address list[3] = {corner(900), corner(901), corner(902)}, a;
    Weight all[WEIGH_MAX], w = {.factor = 0, .like = list[1]};
    int n = 0, seen = 0;
    Views *v = made(VIEWS_GENERATOR_LATENT, "none", NULL);
    assert_ok(views_corners(v, list, 3, &err) && views_share(v, 0.5f, &err), err);
    assert_ok(weight_put(all, &n, &w, &err) && views_weigh(v, all, n, &err), err);
    for (uint64_t step = 0; step < 6; step++) {
        assert_ok(views_settle(v, step, &err), err);
        for (int row = 0; row < PAIRS; row++) {
            views_address(&a, v, step, 0, row);
            assert_false(address_equal(&a, &list[1]));
            seen += address_equal(&a, &list[0]) || address_equal(&a, &list[2]);
        }
    }
    assert_int_equal(seen, 6 * views_corner_pairs(v));
    w.factor = 4;
    assert_true(weight_put(all, &n, &w, &err) && n == 1 && all[0].factor > 3);
    w.factor = 1;
    assert_true(weight_put(all, &n, &w, &err) && n == 0);
    w.factor = 2;
    for (uint64_t i = 0; i < WEIGH_MAX; i++) w.like = corner(i), assert_true(weight_put(all, &n, &w, &err));
    w.like = corner(99);
    assert_refused(weight_put(all, &n, &w, &err), err, ERR_LIMIT, "at most 32 views");
    views_free(v);
}

static void test_real(void **state)
{
    static float x[BATCH], raw[FLOATS];
    int seen[25] = {0};
    Views *v = made(VIEWS_REAL, "none", NULL);
    (void)state;
    for (uint64_t step = 0; step < 25; step++) { /* nine whole epochs of 25 images */
        fill(x, v, step, 0);
        for (int row = 0; row < 2 * PAIRS; row++) {
            int at = views_index(v, step, row);
            assert_int_equal(at, views_index(v, step, row % PAIRS));
            image_bytes_to_float(raw, dataset_pixels(&data, at), FLOATS);
            assert_memory_equal(x + row * FLOATS, raw, sizeof raw);
            seen[at]++;
        }
    }
    for (int i = 0; i < 25; i++) assert_int_equal(seen[i], 18);
    assert_true(views_unique(v, 2, 0, 0) == 18 && views_unique(v, 3, 0, 0) == 25);
    views_free(v);
}

static int known(float *list, int n, const float *x)
{
    for (int i = 0; i < n; i++)
        if (!memcmp(list + i * FLOATS, x, FLOATS * sizeof *x)) return n;
    memcpy(list + n * FLOATS, x, FLOATS * sizeof *x);
    return n + 1;
}

/* A pool of 12 anchors with 3 neighbours each is 12 and 36 different pictures, neither more nor fewer, and
 * that is what is counted; labels and latents are those of the addresses. */
static void test_pool(void **state)
{
    static float x[BATCH], anchors[BATCH * 8], positives[BATCH * 8], z[2 * PAIRS * 16];
    ViewConfig c = {.maker = VIEWS_GENERATOR, .seed = 3, .pairs = PAIRS, .psi = 1, .plan = view_plan_gauss};
    int a = 0, p = 0, label[2 * PAIRS];
    Views *v = NULL;
    Err err = {0};
    (void)state;
    augment_named(&c.recipe, "none", &err);
    c.anchors = 12;
    c.neighbours = 3;
    assert_ok(views_new(&v, &c, generator, NULL, NULL, &err), err);
    for (uint64_t step = 0; step < 12; step++) {
        fill(x, v, step, 0.4f);
        for (int row = 0; row < PAIRS; row++) {
            a = known(anchors, a, x + row * FLOATS);
            p = known(positives, p, x + (row + PAIRS) * FLOATS);
        }
        assert_int_equal((int)views_unique(v, step + 1, 0, 0), a + p);
    }
    assert_true(a == 12 && p == 36);
    truth_labels(label, v, PAIRS, 11, 0.4f);
    assert_ok(truth_latents(z, v, PAIRS, 11, 0.4f, &err), err);
    for (int row = 0; row < 2 * PAIRS; row++) {
        Address at;
        float own[16];
        views_address(&at, v, 11, 0.4f, row);
        assert_int_equal(label[row], at.class);
        assert_ok(latent_z(own, views_latent(v), &at.source.ref[0], &at.view, &err), err);
        assert_memory_equal(z + row * 16, own, sizeof own);
    }
    assert_memory_not_equal(z, z + PAIRS * 16, 16 * sizeof *z); /* a positive's z is its own */
    views_free(v);
}

/* Each kind of view: every row is made by its address, and only what should differ from the anchor does. */
static void test_kinds(void **state)
{
    static const char *const kinds[] = {"angular", "layers", "independent", "gauss+independent", "none"};
    static float x[BATCH], raw[FLOATS];
    Err err = {0};
    Latent *l = latent_new(generator, 4, NULL, NULL, &err);
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        ViewConfig c = {.maker = VIEWS_GENERATOR_LATENT, .seed = 3, .pairs = PAIRS, .psi = 1};
        Views *v = NULL;
        assert_ok(view_kinds_read(&c.plan.kinds, kinds[k], &err) &&
                      view_layers_read(c.plan.layer, "2-3:0.5", &err),
                  err);
        if (k != 1) memset(c.plan.layer, 0, sizeof c.plan.layer);
        augment_named(&c.recipe, "none", &err);
        assert_ok(views_new(&v, &c, generator, NULL, NULL, &err), err);
        fill(x, v, 5, 0.4f);
        for (int row = 0; row < 2 * PAIRS; row++) {
            Address a;
            views_address(&a, v, 5, 0.4f, row);
            assert_ok(latent_images(raw, l, &a, 1, &err), err);
            assert_memory_equal(raw, x + row * FLOATS, sizeof raw);
        }
        assert_true((memcmp(x, x + PAIRS * FLOATS, sizeof raw) != 0) == (k != 4));
        views_free(v);
    }
    latent_free(l);
}

/* Two pictures of each of three classes, and no others; the same ones for the same seed. */
static void test_few_labels(void **state)
{
    ViewConfig c = {.maker = VIEWS_REAL, .seed = 9, .pairs = 6, .per_class = 2};
    int seen[25] = {0}, label[12], count[3] = {0}, different = 0, more;
    Views *v = NULL;
    Err err = {0};
    (void)state;
    augment_named(&c.recipe, "genrep", &err);
    assert_ok(views_new(&v, &c, NULL, &data, NULL, &err), err);
    for (uint64_t step = 0; step < 20; step++) {
        truth_labels(label, v, 6, step, 0);
        for (int row = 0; row < 6; row++) {
            int at = views_index(v, step, row);
            assert_true(label[row] == data.label[at] && label[row + 6] == label[row]);
            if (!seen[at]++) different++, count[data.label[at]]++;
        }
    }
    assert_true(different == 6 && count[0] == 2 && count[1] == 2 && count[2] == 2);
    assert_true(views_unique(v, 1, 0, 0) == 6 && views_unique(v, 20, 0, 0) == 6);
    views_free(v);
    int *all = subset_per_class(&more, data.label, data.n, 3, 5, 9, &err);
    assert_int_equal(more, 15);
    for (int at = 0; at < 25; at++) {
        bool held = false;
        for (int i = 0; i < more; i++) held |= all[i] == at;
        assert_true(held || !seen[at]);
    }
    free(all);
}

static void test_unique_and_names(void **state)
{
    ViewMaker m;
    Err err = {0}, none = {0};
    ViewConfig c = {
        .maker = VIEWS_GENERATOR, .pairs = PAIRS, .psi = 1, .anchors = 20, .plan = view_plan_gauss};
    Views *v = NULL;
    (void)state;
    augment_named(&c.recipe, "none", &err);
    assert_ok(views_new(&v, &c, generator, NULL, NULL, &err), err);
    assert_true(views_unique(v, 1, 0, 0) == 2 * PAIRS && views_unique(v, 10, 0, 0) == 20 + 10 * PAIRS);
    views_free(v);
    v = made(VIEWS_GENERATOR_PIXEL, "none", NULL);
    assert_int_equal(views_unique(v, 10, 0, 0), 10 * PAIRS);
    views_free(v);
    for (int i = 0; i < VIEWS_COUNT; i++) {
        assert_ok(views_named(&m, views_name((ViewMaker)i), &err), err);
        assert_int_equal(m, i);
    }
    assert_refused(views_named(&m, "reel", &err), err, ERR_USAGE, "there are generator, generator-latent");
    assert_refused(views_new(&v, &c, NULL, &data, NULL, &none), none, ERR_USAGE, "need a generator");
}

/* A trainer on generated views: resumes bit for bit, refuses another generator, and names its rows. */
static void test_trainer(void **state)
{
    TrainConfig c = train_defaults();
    Trainer *a = NULL, *b = NULL;
    TrainMetrics m;
    Err err = {0};
    Generator *other = tiny_generator(3, 6, NULL, &err);
    Address row;
    (void)state;
    snprintf(c.encoder, sizeof c.encoder, "tiny");
    c.pairs = 8;
    c.budget = (Budget){.steps = 6};
    assert_ok(trainer_new(&a, &c, generator, NULL, NULL, &err), err);
    for (int i = 0; i < 6; i++) {
        if (i == 2) assert_ok(trainer_save(a, "run.safetensors", &err), err);
        assert_ok(trainer_step(a, &m, &err), err);
        assert_true(m.unique == (uint64_t)(i + 1) * 16 && m.generator_share >= 0 && m.generator_share <= 1);
    }
    assert_ok(trainer_resume(&b, "run.safetensors", generator, NULL, NULL, NULL, 0, &err), err);
    while (!trainer_done(b)) assert_ok(trainer_step(b, &m, &err), err);
    const Weights *x = trainer_weights(a), *y = trainer_weights(b);
    assert_memory_equal(x->block, y->block, x->floats * sizeof(float));
    trainer_address(&row, a, 11);
    assert_true(row.view.strength == c.control.sigma && !strcmp(row.view.recipe, "genrep"));
    trainer_free(b);
    assert_refused(trainer_resume(&b, "run.safetensors", other, NULL, NULL, NULL, 0, &err), err, ERR_USAGE,
                   "another generator");
    trainer_free(a);
    generator_drop(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),      cmocka_unit_test(test_pure),
        cmocka_unit_test(test_addresses),  cmocka_unit_test(test_corners),
        cmocka_unit_test(test_origins),    cmocka_unit_test(test_corners_refuse),
        cmocka_unit_test(test_mix),        cmocka_unit_test(test_mix_refuses),
        cmocka_unit_test(test_weights),    cmocka_unit_test(test_weighed_corners),
        cmocka_unit_test(test_real),       cmocka_unit_test(test_unique_and_names),
        cmocka_unit_test(test_pool),       cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_few_labels), cmocka_unit_test(test_trainer),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
