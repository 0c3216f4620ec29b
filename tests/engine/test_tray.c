/* The tray: what is kept, found again, tagged, dropped and taken back; two programs; files that are no tray.
 */
#include "check.h"
#include "engine/tray.h"
#include "base/file.h"
#include "base/rng.h"
#include "engine/db.h"
#include "engine/parts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST "0123456789abcdef"

static Tray *fresh(const char *name)
{
    Err err = {0};
    Tray *t;
    assert_ok(file_remove_tree(name, &err), err);
    char path[64];
    snprintf(path, sizeof path, "%s/tray.sqlite", name);
    assert_ok(tray_open(&t, path, &err) && tray_store(t, name, &err), err);
    return t;
}

static int64_t keep(Tray *t, uint64_t seed, const char *tags, const char *note)
{
    Err err = {0};
    TrayAdded added;
    Address a = address_of_seed("tiny", DIGEST, seed, 1, 1);
    assert_ok(tray_add(&added, t, &a, tags, note, NULL, &err), err);
    return added.id;
}

static int count(Tray *t, const char *tag, const char *words, unsigned states)
{
    Err err = {0};
    TrayList list;
    assert_ok(tray_list(&list, t, &(TrayFilter){tag, words, states}, &err), err);
    int n = list.n;
    tray_list_free(&list);
    return n;
}

static void test_keeps_once(void **state)
{
    (void)state;
    Err err = {0};
    TrayAdded added;
    TrayList list;
    Tray *t = fresh("once");
    Address a = address_of_seed("tiny", DIGEST, 5, 1, 1);
    assert_ok(tray_add(&added, t, &a, "heel, worn", "first", "vs1:parent", &err), err);
    assert_int_equal(added.id, 1);
    assert_false(added.was);
    assert_ok(tray_add(&added, t, &a, "red", NULL, "vs1:other", &err), err);
    assert_int_equal(added.id, 1);
    assert_true(added.was);
    assert_ok(tray_get(&list, t, 1, &err), err);
    assert_string_equal(list.item[0].address, "vs1:tiny@" DIGEST "/seed=5/class=1/psi=1");
    assert_string_equal(list.item[0].tags, "heel red worn");
    assert_string_equal(list.item[0].note, "first");
    assert_string_equal(list.item[0].parent, "vs1:parent");
    assert_int_equal(list.item[0].class, 1);
    assert_true(list.item[0].created > 1e9 && isnan(list.item[0].score) && !list.item[0].near);
    tray_list_free(&list);
    assert_ok(tray_find(&list, t, &a, &err), err);
    assert_true(list.n == 1 && list.item[0].id == 1);
    tray_list_free(&list);
    a.class = 2;
    assert_ok(tray_find(&list, t, &a, &err), err);
    assert_int_equal(list.n, 0);
    tray_list_free(&list);
    tray_close(t);
}

static void test_filters(void **state)
{
    (void)state;
    Err err = {0};
    Tray *t = fresh("filters");
    keep(t, 1, "heel worn", NULL);
    keep(t, 2, "heel", "a Strap across");
    keep(t, 3, NULL, NULL);
    assert_int_equal(count(t, NULL, NULL, 0), 3);
    assert_int_equal(count(t, "heel", NULL, 0), 2);
    assert_int_equal(count(t, "hee", NULL, 0), 0);
    assert_int_equal(count(t, NULL, "hee", 0), 2);
    assert_int_equal(count(t, NULL, "hee -worn", 0), 1);
    assert_int_equal(count(t, NULL, "strap", 0), 1);
    assert_int_equal(count(t, NULL, "#3", 0), 1);
    assert_int_equal(count(t, "heel", "#3", 0), 0);
    assert_ok(tray_tag(t, 2, "-heel sandal", &err), err);
    TrayTag *tag;
    assert_int_equal(tray_tags(&tag, t, &err), 3);
    assert_string_equal(tag[0].name, "heel");
    assert_int_equal(tag[0].n, 1);
    free(tag);
    tray_close(t);
}

static void test_states(void **state)
{
    (void)state;
    Err err = {0};
    TrayState was;
    TrayAdded added;
    Tray *t = fresh("states");
    int64_t id = keep(t, 1, "heel", NULL);
    assert_ok(tray_state(&was, t, id, TRAY_DROPPED, &err), err);
    assert_int_equal(was, TRAY_KEPT);
    assert_int_equal(count(t, NULL, NULL, 0), 0);
    assert_int_equal(count(t, "heel", NULL, TRAY_MASK(TRAY_DROPPED)), 1);
    assert_ok(tray_state(&was, t, id, was, &err) && was == TRAY_DROPPED, err);
    Address a = address_of_seed("tiny", DIGEST, 9, -1, 0.5f);
    TrayFound f = {.address = &a, .origin = "like heel", .score = 0.9f, .realism = 1.1f};
    assert_ok(tray_found(&added, t, &f, &err) && !added.was, err);
    assert_int_equal(count(t, NULL, NULL, 0), 1);
    assert_int_equal(count(t, NULL, NULL, TRAY_MASK(TRAY_CANDIDATE)), 1);
    /* A person's hand keeps a candidate; a search does not make one of what is kept. */
    assert_ok(tray_add(&added, t, &a, NULL, NULL, NULL, &err) && !added.was, err);
    assert_ok(tray_found(&added, t, &f, &err) && added.was, err);
    assert_int_equal(count(t, NULL, NULL, 0), 2);
    tray_close(t);
}

static void test_refuses(void **state)
{
    (void)state;
    Err err = {0};
    char note[TRAY_NOTE_MAX + 2], tag[TRAY_TAG_MAX + 2];
    Tray *t = fresh("refuses");
    int64_t id = keep(t, 1, "heel", NULL);
    memset(note, 'n', sizeof note), note[TRAY_NOTE_MAX + 1] = 0;
    memset(tag, 't', sizeof tag), tag[TRAY_TAG_MAX + 1] = 0;
    assert_refused(tray_tag(t, id, "new a/b", &err), err, ERR_USAGE, "\"a/b\" cannot be a tag");
    assert_refused(tray_tag(t, id, "..", &err), err, ERR_USAGE, "cannot be a tag");
    assert_refused(tray_tag(t, id, tag, &err), err, ERR_USAGE, "at most 47 bytes");
    assert_refused(tray_note(t, id, note, &err), err, ERR_LIMIT, "at most 1023 bytes");
    assert_refused(tray_tag(t, 77, "heel", &err), err, ERR_USAGE, "no #77");
    assert_refused(tray_note(t, 77, "x", &err), err, ERR_USAGE, "no #77");
    assert_refused(tray_state(NULL, t, 77, TRAY_KEPT, &err), err, ERR_USAGE, "no #77");
    assert_int_equal(count(t, "new", NULL, 0), 0); /* nothing of a refused call stays */
    tray_close(t);
}

static void test_two_programs(void **state)
{
    (void)state;
    Err err = {0};
    Tray *t = fresh("two"), *u;
    assert_ok(tray_open(&u, "two/tray.sqlite", &err), err);
    uint64_t before = tray_changes(u);
    assert_true(before == tray_changes(u));
    keep(t, 1, "heel", NULL);
    assert_true(before != tray_changes(u));
    keep(u, 2, "heel", NULL);
    assert_int_equal(count(t, "heel", NULL, 0), 2);
    tray_close(t);
    tray_close(u);
    assert_ok(tray_open(&t, "two/tray.sqlite", &err), err);
    assert_int_equal(count(t, "heel", NULL, 0), 2);
    tray_close(t);
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    Err err = {0};
    Tray *t;
    Db *db;
    uint8_t *bytes;
    size_t size;
    char text[5000];
    static const char *const other[] = {"CREATE TABLE x(y)"};
    static const char *const later[] = {"SELECT 1", "CREATE TABLE x(y)"};
    assert_ok(file_remove_tree("none", &err) && file_make_folder("none", &err), err);
    memset(text, 'x', sizeof text);
    assert_ok(file_replace("none/text", text, sizeof text, &err), err);
    assert_refused(tray_open(&t, "none/text", &err), err, ERR_FORMAT, "none/text is damaged or no database");
    assert_ok(file_read("none/text", 10000, &bytes, &size, &err), err);
    assert_true(size == sizeof text && !memcmp(bytes, text, size));
    free(bytes);
    assert_ok(db_open(&db, "none/other", "notes", other, 1, &err), err);
    db_close(db);
    assert_refused(tray_open(&t, "none/other", &err), err, ERR_FORMAT, "database of another program");
    assert_ok(db_open(&db, "none/later", "tray", later, 2, &err), err);
    db_close(db);
    assert_refused(tray_open(&t, "none/later", &err), err, ERR_FORMAT, "later viewsmith");
    assert_refused(tray_open(&t, "none", &err), err, ERR_IO, "none");
}

/* Any byte changed in a tray: it opens or is refused, and is listed or refused, without harm. */
static void test_damage(void **state)
{
    (void)state;
    Err err = {0};
    uint8_t *bytes;
    size_t size;
    Tray *t = fresh("damage");
    for (int i = 0; i < 20; i++) keep(t, (uint64_t)i, "heel worn", "a note");
    tray_close(t);
    assert_ok(file_read("damage/tray.sqlite", 1 << 20, &bytes, &size, &err), err);
    Rng r = rng_at(1, RNG_TEST);
    for (int round = 0; round < 100; round++) {
        uint8_t was[8];
        size_t at = rng_below(&r, (uint32_t)(size - sizeof was));
        memcpy(was, bytes + at, sizeof was);
        for (size_t k = 0; k < sizeof was; k++) bytes[at + k] = (uint8_t)rng_below(&r, 256);
        assert_ok(file_replace("damage/copy.sqlite", bytes, size, &err), err);
        memcpy(bytes + at, was, sizeof was);
        TrayList list;
        Err own = {0};
        if (!tray_open(&t, "damage/copy.sqlite", &own)) {
            assert_true(own.code && *own.msg);
            continue;
        }
        if (tray_list(&list, t, &(TrayFilter){0}, &own)) tray_list_free(&list);
        tray_close(t);
        remove("damage/copy.sqlite-wal");
        remove("damage/copy.sqlite-shm");
    }
    free(bytes);
}

static void test_looks(void **state)
{
    (void)state;
    Err err = {0};
    Tray *t = fresh("looks");
    Image im;
    TrayList list;
    Address address[8];
    int64_t id[8];
    int dim;
    float *x, unit[3][4] = {{1, 0, 0, 0}, {0.6f, 0.8f, 0, 0}, {0.9999f, 0.01414f, 0, 0}};
    for (uint64_t i = 0; i < 3; i++) keep(t, i, NULL, NULL);
    assert_int_equal(tray_plain(id, address, t, 0, "judge", DIGEST, 8, &err), 3);
    assert_int_equal(tray_plain(id, address, t, 0, "judge", "another", 8, &err), 0);
    assert_ok(image_make(&im, 300, 150, 1, &err), err);
    for (int i = 0; i < 3; i++) assert_ok(tray_look(t, i + 1, &im, "judge", unit[i], 4, &err), err);
    image_free(&im);
    assert_int_equal(tray_plain(id, address, t, 0, "judge", DIGEST, 8, &err), 0);
    assert_int_equal(tray_plain(id, address, t, 0, "a new judge", DIGEST, 2, &err), 2);
    assert_ok(tray_list(&list, t, &(TrayFilter){0}, &err), err);
    assert_true(list.item[0].picture.w == 128 && list.item[0].picture.h == 64);
    assert_true(!list.item[0].near && !list.item[1].near && list.item[2].near == 1);
    assert_float_equal(list.item[2].nearness, 0.9999f, 1e-5);
    tray_list_free(&list);
    assert_ok(tray_features(&x, &dim, t, 2, "judge", &err), err);
    assert_true(dim == 4 && !memcmp(x, unit[1], sizeof unit[1]));
    free(x);
    /* What was dropped is nobody's duplicate. */
    assert_ok(tray_state(NULL, t, 1, TRAY_DROPPED, &err) && tray_get(&list, t, 3, &err), err);
    assert_true(!list.item[0].near && isnan(list.item[0].nearness));
    tray_list_free(&list);
    tray_close(t);
}

static void test_carries_tensors(void **state)
{
    (void)state;
    Err err = {0};
    LatentStore here, there;
    LatentRef ref = {0};
    float x[4] = {1, -2, 3, 0.5f}, y[4];
    char path[256];
    Tray *t = fresh("tensors");
    assert_ok(store_open(&here, "tensors", &err) && store_put(&ref, &here, REF_W, x, 4, &err), err);
    Address a = address_of_seed("tiny", DIGEST, 5, 1, 1);
    a.source = (AddressSource){SOURCE_LATENT, {ref}, {0}};
    assert_ok(tray_add(NULL, t, &a, NULL, NULL, NULL, &err), err);
    a.source.ref[0].id++;
    assert_refused(tray_add(NULL, t, &a, NULL, NULL, NULL, &err), err, ERR_IO, "not on this machine");
    assert_int_equal(count(t, NULL, NULL, 0), 1);
    a.source.ref[0].id--;
    assert_ok(tray_store(t, "tensors/there", &err) && tray_supply(t, &a, &err), err);
    assert_ok(store_open(&there, "tensors/there", &err) && store_get(y, &there, &ref, 4, &err), err);
    assert_memory_equal(x, y, sizeof x);
    Parts parts;
    parts_of(&parts, &a);
    assert_int_equal(parts.n, 1);
    snprintf(path, sizeof path, "tensors/there/%s", parts.name[0]);
    assert_true(file_exists(path));
    tray_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_once),      cmocka_unit_test(test_filters),
        cmocka_unit_test(test_states),          cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_two_programs),    cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_damage),          cmocka_unit_test(test_looks),
        cmocka_unit_test(test_carries_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
