/* One's own directions: kept, found again by name and hash, used in addresses, learnt from views, described.
 */
#include "latent/direction.h"
#include "check.h"
#include "base/file.h"
#include "latent/basis.h"
#include "latent/steer.h"
#include "model/tiny.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { W = 16, STYLE = 4 * W };

typedef struct {
    Generator *g;
    Latent *l;
    LatentStore store;
    float vector[W];
} Fixture;

static int make(void **state)
{
    static Fixture f;
    file_remove_tree("own", NULL);
    f.g = tiny_generator(3, 1, NULL, NULL);
    f.l = f.g ? latent_new(f.g, 4, "own", NULL, NULL) : NULL;
    rng_fill_normal(f.vector, W, 7, RNG_TEST);
    *state = &f;
    return f.l && store_open(&f.store, "own", NULL) ? 0 : -1;
}

static int drop(void **state)
{
    Fixture *f = *state;
    latent_free(f->l);
    generator_drop(f->g);
    return 0;
}

static void put(char dir[ADDRESS_DIR_MAX + 1], const Fixture *f, const char *name)
{
    Err err = {0};
    assert_ok(direction_put(dir, &f->store, f->g, name, f->vector, "{\"caption\":\"higher heels\"}", &err),
              err);
}

static void test_keep(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    char dir[ADDRESS_DIR_MAX + 1], again[ADDRESS_DIR_MAX + 1], *card;
    float back[W];
    Direction is;
    OwnDirections all;
    put(dir, f, "heel");
    put(again, f, "heel");
    assert_string_equal(dir, again);
    assert_int_equal(strlen(dir), 4 + 9);
    assert_ok(direction_get(back, &is, &card, &f->store, f->g, dir, &err), err);
    assert_memory_equal(back, f->vector, sizeof back);
    assert_string_equal(is.name, "heel");
    assert_string_equal(is.caption, "higher heels");
    assert_non_null(strstr(card, "higher heels"));
    free(card);
    put(again, f, "sole");
    assert_ok(direction_list(&all, &f->store, f->g, &err), err);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.own[0].dir, dir);
    assert_memory_equal(all.own[1].is.vector, f->vector, sizeof back);
    directions_free(&all);
    assert_ok(direction_word(again, &f->store, f->g, "heel", &err), err);
    assert_string_equal(again, dir);
    assert_ok(direction_word(again, &f->store, f->g, "pca-1", &err), err);
    assert_string_equal(again, "pca-1");
    assert_refused(direction_word(again, &f->store, f->g, "toe", &err), err, ERR_USAGE,
                   "no direction \"toe\"");
    assert_refused(direction_put(again, &f->store, f->g, "pca-1", f->vector, NULL, &err), err, ERR_USAGE,
                   "already");
    assert_refused(direction_put(again, &f->store, f->g, "A heel", f->vector, NULL, &err), err, ERR_USAGE,
                   "cannot name");
    memset(back, 0, sizeof back);
    assert_refused(direction_put(again, &f->store, f->g, "none", back, NULL, &err), err, ERR_NUMERIC, "zero");
}

static void test_carry(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    char dir[ADDRESS_DIR_MAX + 1], again[ADDRESS_DIR_MAX + 1];
    LatentStore other;
    put(dir, f, "heel");
    assert_ok(direction_export(&f->store, dir, "carried.safetensors", &err), err);
    assert_ok(store_open(&other, "other", &err), err);
    assert_ok(direction_import(again, &other, f->g, "carried.safetensors", &err), err);
    assert_string_equal(dir, again);
    assert_ok(direction_drop(&other, dir, &err), err);
    assert_refused(direction_drop(&other, dir, &err), err, ERR_IO, "no direction heel.");
    Generator *stranger = tiny_generator(3, 99, NULL, &err);
    assert_refused(direction_import(again, &other, stranger, "carried.safetensors", &err), err, ERR_USAGE,
                   "learnt on another generator");
    generator_drop(stranger);
}

/* One flipped bit of the vector, or the file of another name, is noticed. */
static void test_damage(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    char dir[ADDRESS_DIR_MAX + 1], path[256], wrong[300];
    uint8_t *bytes;
    size_t size;
    float back[W];
    put(dir, f, "heel");
    snprintf(path, sizeof path, "own/directions/%s.safetensors", dir);
    assert_ok(file_read(path, 1 << 20, &bytes, &size, &err), err);
    bytes[size - 1] ^= 1;
    assert_ok(file_replace(path, bytes, size, &err), err);
    assert_refused(direction_get(back, NULL, NULL, &f->store, f->g, dir, &err), err, ERR_FORMAT, "damaged");
    bytes[size - 1] ^= 1;
    snprintf(wrong, sizeof wrong, "own/directions/toe%s.safetensors", strchr(dir, '.'));
    assert_ok(file_replace(wrong, bytes, size, &err), err);
    snprintf(wrong, sizeof wrong, "toe%s", strchr(dir, '.'));
    assert_refused(direction_get(back, NULL, NULL, &f->store, f->g, wrong, &err), err, ERR_FORMAT, "damaged");
    snprintf(wrong, sizeof wrong, "own/directions/toe%s.safetensors", strchr(dir, '.'));
    assert_ok(file_remove_tree(wrong, &err), err);
    assert_ok(file_replace(path, bytes, size, &err), err);
    free(bytes);
}

static Address steered(const Fixture *f, const char *const *command, int n)
{
    Err err = {0};
    Address a = steer_start(f->g, 5, 1, 0.8f);
    for (int i = 0; i < n; i++) assert_ok(steer_apply(&a, f->g, command[i], &err), err);
    return a;
}

/* An edit adds amount times the vector to its layers, and survives the text of the address. */
static void test_edit(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    char dir[ADDRESS_DIR_MAX + 1], command[80], text[ADDRESS_BYTES_MAX + 1];
    float plain[STYLE], moved[STYLE];
    put(dir, f, "heel");
    snprintf(command, sizeof command, "set %s 1.5 2-3", dir);
    Address a = steered(f, (const char *[]){command}, 1), b, base = steered(f, NULL, 0);
    assert_ok(address_print(text, &a, &err), err);
    assert_non_null(strstr(text, dir));
    assert_ok(address_parse(&b, text, &err), err);
    assert_true(address_equal(&a, &b));
    assert_ok(latent_resolve(plain, f->l, &base, 1, &err), err);
    assert_ok(latent_resolve(moved, f->l, &b, 1, &err), err);
    for (int i = 0; i < STYLE; i++) {
        bool within = i / W == 1 || i / W == 2;
        assert_true(fabsf(moved[i] - plain[i] - (within ? 1.5f * f->vector[i % W] : 0)) < 1e-5f);
    }
}

/* --- learning --------------------------------------------------------------------------------------------
 */

enum { VIEWS = 160 };

/* Views of all classes on the two sides of pca-1, a margin between; returns how many on either. */
static int sides(const Fixture *f, Address *plus, Address *minus)
{
    Err err = {0};
    Basis basis;
    int up = 0, down = 0;
    float styles[STYLE], code[W], off[W];
    assert_ok(basis_open(&basis, f->g, NULL, &err), err);
    for (uint64_t seed = 0; up + down < VIEWS; seed++) {
        Address a = steer_start(f->g, seed, (int)(seed % 3), 1);
        assert_ok(latent_resolve(styles, f->l, &a, 1, &err), err);
        for (int j = 0; j < W; j++) off[j] = styles[j] - f->g->w_mean[a.class * W + j];
        basis_encode(code, &basis, off, 1);
        if (code[0] > 0.4f && up < VIEWS / 2) plus[up++] = a;
        if (code[0] < -0.4f && down < VIEWS / 2) minus[down++] = a;
    }
    basis_close(&basis);
    assert_int_equal(up, down);
    return up;
}

static const DirectionCosine *cosine_of(const DirectionReport *r, const char *dir)
{
    for (int i = 0; i < r->cosines; i++)
        if (!strcmp(r->cosine[i].dir, dir)) return &r->cosine[i];
    return NULL;
}

/* What divides the views is found again, as long as one standard deviation, and vouched for on views not
 * seen. */
static void test_learn(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    static Address plus[VIEWS], minus[VIEWS];
    DirectionReport r;
    Basis basis;
    float vector[W], code[W];
    double length = 0;
    int n = sides(f, plus, minus);
    assert_ok(direction_learn(vector, &r, f->l, &f->store, plus, n, minus, n, NULL, 0, &err), err);
    assert_true(r.accuracy > 0.9 && r.accuracy_low > 0.8 && r.accuracy_high <= 1);
    assert_string_equal(r.cosine[0].dir, "pca-1");
    assert_true(r.cosine[0].after > 0.9f && r.cosine[0].after == r.cosine[0].before);
    assert_true(r.kept == 1);
    assert_ok(basis_open(&basis, f->g, NULL, &err), err);
    basis_encode(code, &basis, vector, 1);
    for (int j = 0; j < W; j++) length += (double)code[j] * (double)code[j];
    assert_true(fabs(length - 1) < 1e-3);
    basis_close(&basis);
    direction_report_free(&r);
}

/* Kept apart from another direction it has no share of it; kept apart from itself there is nothing left. */
static void test_apart(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    static Address plus[VIEWS], minus[VIEWS];
    DirectionReport r;
    float vector[W];
    int n = sides(f, plus, minus);
    const char *apart[] = {"sefa-1", "pca-2"};
    assert_ok(direction_learn(vector, &r, f->l, &f->store, plus, n, minus, n, apart, 2, &err), err);
    assert_true(r.kept < 1);
    for (int i = 0; i < 2; i++) {
        const DirectionCosine *c = cosine_of(&r, apart[i]);
        assert_true(c && c->apart && fabsf(c->after) < 1e-4f);
    }
    assert_true(r.accuracy_apart > 0.6);
    direction_report_free(&r);
    assert_refused(
        direction_learn(vector, &r, f->l, &f->store, plus, n, minus, n, (const char *[]){"toe"}, 1, &err),
        err, ERR_USAGE, "no direction \"toe\"");
    assert_refused(direction_learn(vector, &r, f->l, &f->store, plus, 3, minus, n, NULL, 0, &err), err,
                   ERR_USAGE, "at least 4 views");
}

/* Sides drawn without a reason are not told apart: the report says so. */
static void test_nothing_to_learn(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    static Address plus[VIEWS], minus[VIEWS];
    DirectionReport r;
    float vector[W];
    for (int i = 0; i < VIEWS; i++) {
        plus[i] = steer_start(f->g, 1000 + (uint64_t)i, i % 3, 1);
        minus[i] = steer_start(f->g, 5000 + (uint64_t)i, i % 3, 1);
    }
    assert_ok(direction_learn(vector, &r, f->l, &f->store, plus, VIEWS, minus, VIEWS, NULL, 0, &err), err);
    assert_true(r.accuracy > 0.38 && r.accuracy < 0.62);
    assert_true(r.accuracy_low < 0.5);
    direction_report_free(&r);
}

/* Opposite directions do opposite things; one that does nothing is called so. */
static void test_describe(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    char up[ADDRESS_DIR_MAX + 1], down[ADDRESS_DIR_MAX + 1], still[ADDRESS_DIR_MAX + 1];
    float vector[3][W];
    DirectionEffect e[3];
    for (int j = 0; j < W; j++) {
        vector[0][j] = f->g->direction[0].vector[j];
        vector[1][j] = -vector[0][j];
        vector[2][j] = 1e-5f * vector[0][j];
    }
    assert_ok(direction_put(up, &f->store, f->g, "up", vector[0], NULL, &err), err);
    assert_ok(direction_put(down, &f->store, f->g, "down", vector[1], NULL, &err), err);
    assert_ok(direction_put(still, &f->store, f->g, "still", vector[2], NULL, &err), err);
    const char *dir[] = {up, down, still};
    assert_ok(direction_describe(e, f->l, dir, 3, 24, NULL, NULL, NULL, &err), err);
    for (int k = 0; k < EFFECTS; k++) {
        assert_true(fabsf(e[0].change[k] + e[1].change[k]) < 1e-4f);
        assert_true(fabsf(e[2].change[k]) < 0.2f);
    }
    assert_true(e[0].picture > 1 && fabsf(e[0].picture - e[1].picture) < 1e-3f);
    assert_string_equal(e[2].caption, "hardly anything");
    assert_true(isnan(e[0].drift));
    for (int i = 0; i < 3; i++) assert_ok(direction_drop(&f->store, dir[i], &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_carry),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_learn),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_nothing_to_learn),
        cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
