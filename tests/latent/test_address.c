/* Addresses: reading, writing, the canonical form, and every way in which a text can be wrong. */
#include "latent/address.h"
#include "base/rng.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MODEL "vs1:fashion@9c1e0123456789ab"

static void assert_prints(const char *text, const char *expected)
{
    Address a, again;
    Err err = {0};
    char out[ADDRESS_BYTES_MAX + 1];
    if (!address_parse(&a, text, &err)) fail_msg("%s: %s", text, err.msg);
    assert_true(address_print(out, &a, &err));
    assert_string_equal(out, expected);
    assert_true(address_parse(&again, out, &err));
    assert_true(address_equal(&a, &again));
}

static void test_canonical(void **state)
{
    (void)state;
    assert_prints(MODEL "/seed=4711/class=7/psi=0.7", MODEL "/seed=4711/class=7/psi=0.7");
    assert_prints(MODEL "/psi=0.70:1-4/seed=4711/class=07", MODEL "/seed=4711/class=7/psi=0.7:1-4");
    assert_prints(MODEL "/seed=18446744073709551615/psi=-0", MODEL "/seed=18446744073709551615/psi=0");
    assert_prints(MODEL "/blend=1,2,3,4:0.25,0.50/psi=1", MODEL "/blend=1,2,3,4:0.25,0.5/psi=1");
    assert_prints(MODEL "/lerp=7,z.00000000000000ff:0.5/psi=1", MODEL "/lerp=7,z.00000000000000ff:0.5/psi=1");
    assert_prints(MODEL "/latent=wp.0123456789abcdef/psi=1", MODEL "/latent=wp.0123456789abcdef/psi=1");
    assert_prints(MODEL "/seed=1/mix=w.0123456789abcdef:5-6/mix=12:1-4/psi=1",
                  MODEL "/seed=1/mix=12:1-4/mix=w.0123456789abcdef:5-6/psi=1");
    assert_prints(MODEL "/zoom=1.2/seed=1/heel=-1.75:1-4/psi=1/angle.00c0ffee=1/heel=2",
                  MODEL "/seed=1/psi=1/angle.00c0ffee=1/heel=2/zoom=1.2/heel=-1.75:1-4");
    assert_prints(MODEL "/px-noise=0.1,3/px-rotate=15/noise=off/seed=1/psi=1/px-occlude=0.5,0.5,0.25",
                  MODEL "/seed=1/psi=1/noise=off/px-rotate=15/px-occlude=0.5,0.5,0.25/px-noise=0.1,3");
    assert_prints(MODEL "/view=gauss:0.2:7:simclr.0a0b0c0d:9/noise=5/seed=1/psi=1",
                  MODEL "/seed=1/psi=1/noise=5/view=gauss:0.2:7:simclr.0a0b0c0d:9");
}

static void test_edits_sum(void **state)
{
    (void)state;
    assert_prints(MODEL "/seed=1/psi=1/a=1/a=2.5/b=1/b=-1", MODEL "/seed=1/psi=1/a=3.5");
    assert_prints(MODEL "/seed=1/psi=1/a=1/a=2:1-2/a.00000001=4",
                  MODEL "/seed=1/psi=1/a=1/a.00000001=4/a=2:1-2");
    assert_prints(MODEL "/seed=1/psi=1/a=0", MODEL "/seed=1/psi=1");
    /* the order of writing never shows, not even in rounding */
    Address x, y;
    Err err = {0};
    assert_true(address_parse(&x, MODEL "/seed=1/psi=1/a=0.1/a=100000/a=-99999.9", &err));
    assert_true(address_parse(&y, MODEL "/seed=1/psi=1/a=-99999.9/a=0.1/a=100000", &err));
    assert_true(address_equal(&x, &y));
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "address, column 1: an address begins with vs1:"},
        {"vs2:fashion", "address, column 1: an address begins with vs1:"},
        {"vs1:Fashion@",
         "address, column 5: the model's name is expected, a to z first, then also digits and -"},
        {"vs1:fashion", "address, column 12: '@' is expected after the model's name"},
        {"vs1:f@9C1e0123456789ab/seed=1/psi=1",
         "address, column 7: the model's digest is expected, 16 lower-case hexadecimal digits"},
        {"vs1:f@9c1e0123",
         "address, column 7: the model's digest is expected, 16 lower-case hexadecimal digits"},
        {"vs1:f@9c1e0123456789ab0", "address, column 23: '/' is expected after the model"},
        {MODEL, "address, column 29: the source is missing: seed=, blend=, lerp= or latent="},
        {MODEL "/seed=1", "address, column 36: the truncation is missing: psi=1 is none"},
        {MODEL "/seed=", "address, column 35: the seed is expected, a whole number"},
        {MODEL "/seed=-1", "address, column 35: the seed is expected, a whole number"},
        {MODEL "/seed=18446744073709551616", "address, column 35: the seed is over 18446744073709551615"},
        {MODEL "/seed=1x", "address, column 36: the field should end here, with '/' or nothing"},
        {MODEL "/seed=1/seed=1", "address, column 37: the source is there twice"},
        {MODEL "/seed=1/lerp=1,2:0", "address, column 37: the source is there twice"},
        {MODEL "/seed=1/psi=1/psi=1", "address, column 43: psi is there twice"},
        {MODEL "/seed=1/noise=off/noise=3", "address, column 47: noise is there twice"},
        {MODEL "/seed=1/psi=1e3", "address, column 42: the field should end here, with '/' or nothing"},
        {MODEL "/seed=1/psi=",
         "address, column 41: psi is expected, 0 or a plain number from 0.000001 to 1000000 on "
         "either side"},
        {MODEL "/seed=1/psi=2000000",
         "address, column 41: psi is expected, 0 or a plain number from 0.000001 to "
         "1000000 on either side"},
        {MODEL "/seed=1/psi=1:0-4", "address, column 43: layers are 1 to 32, the first not after the last"},
        {MODEL "/seed=1/psi=1:5-4", "address, column 43: layers are 1 to 32, the first not after the last"},
        {MODEL "/seed=1/psi=1:1-33", "address, column 43: layers are 1 to 32, the first not after the last"},
        {MODEL "/seed=1/class=1000000", "address, column 43: a class is at most 999999"},
        {MODEL "/blend=1,2,3:0,0", "address, column 41: ',' is expected after a seed of the blend"},
        {MODEL "/blend=1,2,3,4:0", "address, column 45: ',' is expected after the way across"},
        {MODEL "/latent=12", "address, column 37: a stored latent is expected, z. w. or wp. and its hash"},
        {MODEL "/latent=z.12",
         "address, column 39: the latent's hash is expected, 16 lower-case hexadecimal digits"},
        {MODEL "/seed=1/mix=3", "address, column 42: ':' is expected after the latent of a mix"},
        {MODEL "/seed=1/mix=3:1-4/mix=4:4-5",
         "address, column 47: this mix shares layers with the one on 1-4"},
        {MODEL "/seed=1/Psi=1", "address, column 37: the name of a field or direction is expected, a to z "
                                "first, then also digits and -"},
        {MODEL "/seed=1//psi=1", "address, column 37: the name of a field or direction is expected, a to z "
                                 "first, then also digits and -"},
        {MODEL "/seed=1/zoom", "address, column 41: '=' is expected after the name of a field or direction"},
        {MODEL "/seed=1/zoom.12=1",
         "address, column 42: the direction's hash is expected, 8 lower-case hexadecimal digits"},
        {MODEL "/seed=1/px-melt=1",
         "address, column 37: px-melt is no pixel operator; there are rotate, occlude, blur and noise"},
        {MODEL "/seed=1/px-blur=1/px-blur=1", "address, column 47: px-blur is there twice"},
        {MODEL "/seed=1/px-blur=1,2", "address, column 45: px-blur takes 1 value(s), not 2"},
        {MODEL "/seed=1/px-blur=99", "address, column 45: px-blur: sigma must be from 0 to 32 pixels"},
        {MODEL "/seed=1/view=gauss:-1:0", "address, column 48: a view's strength cannot be negative"},
        {MODEL "/seed=1/view=gauss:1", "address, column 49: ':' is expected after the view's strength"},
        {MODEL "/seed=1/view=gauss:1:2:r.1:3",
         "address, column 54: the recipe's hash is expected, 8 lower-case hexadecimal digits"},
        {MODEL "/seed=1/psi=1/a=1000000/a=1000000", "the amounts of a sum up to over 1000000"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Address a, before;
        Err err = {0};
        memset(&a, 7, sizeof a);
        before = a;
        if (address_parse(&a, bad[i].text, &err)) fail_msg("accepted: %s", bad[i].text);
        assert_string_equal(err.msg, bad[i].message);
        assert_memory_equal(&a, &before, sizeof a);
    }
}

static void test_limits(void **state)
{
    (void)state;
    char text[4096];
    Address a;
    Err err = {0};
    int at = snprintf(text, sizeof text, MODEL "/seed=1/psi=1");
    for (int i = 0; i < 32; i++) at += snprintf(text + at, sizeof text - (size_t)at, "/d%d=1", i);
    assert_true(address_parse(&a, text, &err));
    assert_int_equal(a.edits, 32);
    snprintf(text + at, sizeof text - (size_t)at, "/d32=1");
    assert_false(address_parse(&a, text, &err));
    assert_string_equal(err.msg,
                        "address, column 225: this is one more than the 32 edits that an address can hold");
    memset(text, 'a', 1025);
    text[1025] = '\0';
    err = (Err){0};
    assert_false(address_parse(&a, text, &err));
    assert_string_equal(err.msg, "address, column 1025: an address has at most 1024 bytes");
}

static float some_number(Rng *r)
{
    static const float scale[] = {1e-6f, 1e-3f, 1, 1, 1000, 1e5f};
    float x = (1 + 9 * rng_uniform(r)) * scale[rng_below(r, 6)];
    return rng_below(r, 2) ? x : -x;
}

static void some_slug(char *out, size_t most, Rng *r)
{
    size_t n = 1 + rng_below(r, (uint32_t)most);
    for (size_t i = 0; i < n; i++)
        out[i] = "abcdefghijklmnopqrstuvwxyz0123456789-"[rng_below(r, i ? 37 : 26)];
    out[n] = '\0';
}

static LatentRef some_ref(Rng *r, uint32_t kinds)
{
    return (LatentRef){(RefKind)rng_below(r, kinds), rng_u64(r) >> rng_below(r, 64)};
}

static LayerRange some_range(Rng *r)
{
    int first = 1 + (int)rng_below(r, 32);
    return rng_below(r, 3) ? (LayerRange){first, first + (int)rng_below(r, 33u - (uint32_t)first)}
                           : (LayerRange){0, 0};
}

static void some_source(AddressSource *s, Rng *r)
{
    s->kind = (SourceKind)rng_below(r, 4);
    int refs = s->kind == SOURCE_BLEND ? 4 : s->kind == SOURCE_LERP ? 2 : 1;
    for (int i = 0; i < refs; i++) s->ref[i] = some_ref(r, s->kind == SOURCE_LERP ? 4 : 1);
    if (s->kind == SOURCE_LATENT) s->ref[0].kind = (RefKind)(1 + rng_below(r, 3));
    if (s->kind == SOURCE_LERP || s->kind == SOURCE_BLEND) s->at[0] = some_number(r);
    if (s->kind == SOURCE_BLEND) s->at[1] = some_number(r);
}

static void some_lists(Address *a, Rng *r)
{
    for (int first = 1 + (int)rng_below(r, 5); first + 6 <= 32 && a->mixes < 5; first += 7)
        a->mix[a->mixes++] = (AddressMix){some_ref(r, 4), {first, first + (int)rng_below(r, 7)}};
    for (uint32_t i = rng_below(r, 6); i > 0; i--) {
        AddressEdit *e = &a->edit[a->edits++];
        snprintf(e->dir, sizeof e->dir, "d%u-", i);
        some_slug(e->dir + strlen(e->dir), 12, r);
        e->hashed = rng_below(r, 2);
        e->hash = e->hashed ? rng_u32(r) : 0;
        e->amount = some_number(r);
        e->range = some_range(r);
    }
    for (int kind = 0; kind < PIXEL_OPS; kind++) {
        if (rng_below(r, 2)) continue;
        int values = kind == PIXEL_OCCLUDE ? 3 + (int)rng_below(r, 2) : kind == PIXEL_NOISE ? 2 : 1;
        a->pix[a->pixes++] =
            (PixelOp){(PixelOpKind)kind, values, {rng_uniform(r), values > 1, 0, values > 3}};
    }
}

static void some_address(Address *a, Rng *r)
{
    *a = address_of_seed("", "", 0, rng_below(r, 2) ? (int)rng_below(r, 1000000) : -1, some_number(r));
    some_slug(a->slug, ADDRESS_SLUG_MAX, r);
    for (int i = 0; i < 16; i++) a->digest[i] = "0123456789abcdef"[rng_below(r, 16)];
    some_source(&a->source, r);
    some_lists(a, r);
    a->psi_range = some_range(r);
    a->noise = (NoiseKind)rng_below(r, 3);
    a->noise_seed = a->noise == NOISE_SEEDED ? rng_u64(r) : 0;
    if (rng_below(r, 2)) return;
    some_slug(a->view.kind, 15, r);
    float strength[ADDRESS_LAYERS_MAX];
    int strengths = 1 + (int)rng_below(r, 3) * (int)rng_below(r, 8);
    for (int l = 0; l < strengths; l++) strength[l] = 1 + rng_uniform(r);
    address_view_layers(&a->view, strength, strengths);
    a->view.counter = rng_u64(r);
    if (rng_below(r, 2)) return;
    some_slug(a->view.recipe, 23, r);
    a->view.recipe_hash = rng_u32(r);
    a->view.recipe_counter = rng_u64(r);
}

static void test_round_trips(void **state)
{
    (void)state;
    Rng r = rng_at(1, RNG_TEST);
    for (int i = 0; i < 5000; i++) {
        Address a, b;
        Err err = {0};
        char text[ADDRESS_BYTES_MAX + 1], again[ADDRESS_BYTES_MAX + 1];
        some_address(&a, &r);
        assert_true(address_normalise(&a, &err));
        if (!address_print(text, &a, &err)) fail_msg("%s", err.msg);
        if (!address_parse(&b, text, &err)) fail_msg("%s: %s", text, err.msg);
        if (!address_equal(&a, &b)) fail_msg("%s", text);
        assert_true(address_print(again, &b, &err));
        assert_string_equal(text, again);
    }
}

/* Damaged texts are refused, or are some other address that prints and reads back. */
static void test_damage(void **state)
{
    (void)state;
    Rng r = rng_at(2, RNG_TEST);
    for (int i = 0; i < 20000; i++) {
        char text[ADDRESS_BYTES_MAX + 1], again[ADDRESS_BYTES_MAX + 1];
        Address a, b;
        Err err = {0};
        some_address(&a, &r);
        assert_true(address_print(text, &a, &err));
        for (uint32_t k = 1 + rng_below(&r, 3); k > 0; k--)
            text[rng_below(&r, (uint32_t)strlen(text))] = "/=:,.-@0a\x01\xff"[rng_below(&r, 11)];
        if (!address_parse(&b, text, &err)) {
            assert_true(*err.msg);
            continue;
        }
        assert_true(address_print(again, &b, &err));
        assert_true(address_parse(&a, again, &err));
        assert_true(address_equal(&a, &b));
    }
}

static void test_set(void **state)
{
    (void)state;
    static const struct {
        const char *field, *expected;
    } step[] = {
        {"seed=9", MODEL "/seed=9/psi=1"},
        {"pca-1=1.25", MODEL "/seed=9/psi=1/pca-1=1.25"},
        {"pca-1=-2", MODEL "/seed=9/psi=1/pca-1=-2"},
        {"pca-1=1:1-2", MODEL "/seed=9/psi=1/pca-1=-2/pca-1=1:1-2"},
        {"pca-1=0", MODEL "/seed=9/psi=1/pca-1=1:1-2"},
        {"mix=3:1-2", MODEL "/seed=9/mix=3:1-2/psi=1/pca-1=1:1-2"},
        {"mix=4:5-6", MODEL "/seed=9/mix=3:1-2/mix=4:5-6/psi=1/pca-1=1:1-2"},
        {"mix=5:2-5", MODEL "/seed=9/mix=5:2-5/psi=1/pca-1=1:1-2"},
        {"psi=0.5:1-3", MODEL "/seed=9/mix=5:2-5/psi=0.5:1-3/pca-1=1:1-2"},
        {"px-blur=2", MODEL "/seed=9/mix=5:2-5/psi=0.5:1-3/pca-1=1:1-2/px-blur=2"},
        {"px-blur=3", MODEL "/seed=9/mix=5:2-5/psi=0.5:1-3/pca-1=1:1-2/px-blur=3"},
        {"noise=4", MODEL "/seed=9/mix=5:2-5/psi=0.5:1-3/pca-1=1:1-2/noise=4/px-blur=3"},
        {"noise=off", MODEL "/seed=9/mix=5:2-5/psi=0.5:1-3/pca-1=1:1-2/noise=off/px-blur=3"},
    };
    Address a = address_of_seed("fashion", "9c1e0123456789ab", 1, -1, 1);
    char text[ADDRESS_BYTES_MAX + 1];
    Err err = {0};
    for (size_t i = 0; i < sizeof step / sizeof *step; i++) {
        if (!address_set(&a, step[i].field, &err)) fail_msg("%s: %s", step[i].field, err.msg);
        assert_true(address_print(text, &a, &err));
        assert_string_equal(text, step[i].expected);
    }
    assert_false(address_set(&a, "psi=x", &err));
    assert_string_equal(
        err.msg, "field psi=x, column 5: psi is expected, 0 or a plain number from 0.000001 to 1000000 "
                 "on either side");
    assert_true(address_print(text, &a, NULL)); /* a mistake changes nothing */
    assert_string_equal(text, step[sizeof step / sizeof *step - 1].expected);
}

static void test_unprintable(void **state)
{
    (void)state;
    char text[ADDRESS_BYTES_MAX + 1];
    Err err = {0};
    Address a = address_of_seed("fashion", "9c1e0123456789ab", 1, -1, 1e-9f);
    assert_false(address_print(text, &a, &err));
    assert_int_equal(err.code, ERR_NUMERIC);
    a.psi = 1;
    for (int i = 0; i < 32; i++) {
        AddressEdit e = {.amount = 1};
        memset(e.dir, 'a' + i % 26, ADDRESS_DIR_MAX);
        e.range = (LayerRange){1 + i / 26, 32};
        a.edit[a.edits++] = e;
    }
    err = (Err){0};
    assert_false(address_print(text, &a, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_edits_sum),   cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_round_trips), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_set),       cmocka_unit_test(test_unprintable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
