/* Ways between views: both ends as given, straight in between, styles kept where latents do not say all. */
#include "latent/path.h"
#include "check.h"
#include "latent/steer.h"
#include "model/tiny.h"
#include <math.h>
#include <string.h>

typedef struct {
    Generator *g;
    Latent *l;
    LatentStore store;
} Fixture;

static int make(void **state)
{
    static Fixture f;
    f.g = tiny_generator(3, 1, NULL, NULL);
    f.l = f.g ? latent_new(f.g, 2, "store", NULL, NULL) : NULL;
    *state = &f;
    return f.l && store_open(&f.store, "store", NULL) ? 0 : -1;
}

static int drop(void **state)
{
    Fixture *f = *state;
    latent_free(f->l);
    generator_drop(f->g);
    return 0;
}

static const char *fields(const Address *a)
{
    static char text[ADDRESS_BYTES_MAX + 1];
    assert_true(address_print(text, a, NULL));
    return strchr(text, '/') + 1;
}

static Address steered(const Fixture *f, uint64_t seed, const char *const *command, int n)
{
    Err err = {0};
    Address a = steer_start(f->g, seed, 1, 1);
    for (int i = 0; i < n; i++) assert_ok(steer_apply(&a, f->g, command[i], &err), err);
    return a;
}

static void plain(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    Address way[5], a = steered(f, 7, (const char *const[]){"set pca-1 1", "px rotate 20"}, 2),
                    b = steered(f, 8,
                                (const char *const[]){"set pca-1 2", "set pca-2 -1 1-2", "psi 0.5",
                                                      "px occlude 0.25,0.75,0.5"},
                                4);
    assert_ok(path_between(way, 5, &a, &b, false, f->l, &f->store, &err), err);
    assert_true(address_equal(&way[0], &a) && address_equal(&way[4], &b));
    assert_string_equal(
        fields(&way[2]),
        "lerp=7,8:0.5/class=1/psi=0.75/pca-1=1.5/pca-2=-0.5:1-2/px-rotate=10/px-occlude=0.25,0.75,0.25");
    assert_ok(path_between(way, 5, &a, &b, true, f->l, &f->store, &err), err);
    assert_true(fabsf(way[1].source.at[0] - 0.15625f) < 1e-6f);
    b.source = a.source; /* nothing to lerp: the seed stays */
    assert_ok(path_between(way, 3, &a, &b, false, f->l, &f->store, &err), err);
    assert_int_equal(way[1].source.kind, SOURCE_SEED);
}

/* Of views of two classes the styles are lerped: in the middle they are the mean of both. */
static void styles(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    Address way[3], a = steered(f, 7, (const char *const[]){"psi 0.5", "set pca-1 1"}, 2),
                    b = steered(f, 8, (const char *const[]){"class 2", "mix 9 3-4"}, 2);
    assert_ok(path_between(way, 3, &a, &b, false, f->l, &f->store, &err), err);
    assert_true(latent_check(f->g, &way[1], NULL) && way[1].source.kind == SOURCE_LERP && way[1].psi == 1);
    int count = f->g->layers * f->g->config.w_dim;
    float x[3][512];
    assert_true(count <= 512);
    for (int i = 0; i < 3; i++) assert_ok(latent_resolve(x[i], f->l, &way[i], 1, &err), err);
    for (int i = 0; i < count; i++) assert_true(fabsf(x[1][i] - 0.5f * (x[0][i] + x[2][i])) < 1e-5f);
}

static void round_trip(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    Address way[8], stop[3] = {steered(f, 1, NULL, 0), steered(f, 2, NULL, 0), steered(f, 3, NULL, 0)};
    assert_ok(path_through(way, 7, stop, 3, false, f->l, &f->store, &err), err);
    assert_true(address_equal(&way[0], &stop[0]) && address_equal(&way[3], &stop[1]) &&
                address_equal(&way[6], &stop[2]));
    stop[2] = stop[0];
    assert_ok(path_through(way, 8, stop, 3, false, f->l, &f->store, &err), err);
    assert_true(address_equal(&way[0], &stop[0]) && address_equal(&way[4], &stop[1]));
    assert_string_equal(fields(&way[7]),
                        "lerp=2,1:0.75/class=1/psi=1"); /* the next would be the first again */
}

static void too_many(void **state)
{
    Fixture *f = *state;
    Err err = {0};
    Address way[3], a = steered(f, 7, NULL, 0), b = a;
    char line[48];
    for (int i = 0; i < 20; i++) { /* 40 edits between them */
        snprintf(line, sizeof line, "set pca-%d 1 %d-%d", i % 10 + 1, i / 10 + 1, i / 10 + 1);
        assert_ok(steer_apply(&a, f->g, line, &err), err);
        snprintf(line, sizeof line, "set pca-%d 1 %d-%d", i % 10 + 1, i / 10 + 3, i / 10 + 3);
        assert_ok(steer_apply(&b, f->g, line, &err), err);
    }
    assert_false(path_between(way, 3, &a, &b, false, f->l, &f->store, &err));
    assert_non_null(strstr(err.msg, "32 edits"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain), cmocka_unit_test(styles),
                                       cmocka_unit_test(round_trip), cmocka_unit_test(too_many)};
    return cmocka_run_group_tests(tests, make, drop);
}
