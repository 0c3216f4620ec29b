/* What leaves the tray comes back: every kind of export, imported into an empty tray on "another machine",
 * restores every address, and exporting that gives the same bytes. */
#include "check.h"
#include "engine/stage.h"
#include "engine/tray_export.h"
#include "latent/direction.h"
#include <math.h>
#include <unistd.h>

static Stage stage;
static Latent *latent;
static Pool *pool;

/* A machine is a data folder of its own: store and tray. */
static Tray *machine(const char *name)
{
    char here[3000], path[3200];
    Err err = {0};
    Tray *t;
    assert_non_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/%s", here, name);
    setenv("XDG_DATA_HOME", path, 1);
    latent_free(latent);
    assert_ok((latent = latent_new(stage.w->generator, 8, NULL, pool, &err)), err);
    assert_ok(tray_open(&t, NULL, &err), err);
    return t;
}

static Address seed(uint64_t n)
{
    const Generator *g = stage.w->generator;
    return address_of_seed(g->slug, g->digest, n, (int)(n % 3), 0.8f);
}

/* Views of all sorts: seeds, an edit, a stored w, a mix of a stored wp, tags that share, a note with odd
 * characters. */
static Tray *fill(const char *name)
{
    Err err = {0};
    Tray *t = machine(name);
    LatentStore store;
    float w[64];
    const Generator *g = stage.w->generator;
    Address list[5];
    for (uint64_t i = 0; i < 5; i++) list[i] = seed(i);
    assert_ok(address_set(&list[1], "pca-1=1.5:2-3", &err), err);
    for (int i = 0; i < 64; i++) w[i] = sinf((float)i);
    LatentRef ref = {0};
    assert_ok(store_open(&store, NULL, &err) && store_put(&ref, &store, REF_W, w, 16, &err), err);
    list[2].source = (AddressSource){SOURCE_LATENT, {ref}, {0}};
    assert_ok(store_put(&ref, &store, REF_WP, w, (size_t)(g->layers * 16), &err), err);
    list[3].mix[list[3].mixes++] = (AddressMix){ref, {2, 3}};
    char dir[ADDRESS_DIR_MAX + 1], edit[ADDRESS_DIR_MAX + 16];
    assert_ok(direction_put(dir, &store, g, "heel", w, NULL, &err), err);
    snprintf(edit, sizeof edit, "%s=-1.25", dir);
    assert_ok(address_set(&list[4], edit, &err), err);
    static const char *const tags[5] = {"heel", "heel worn", NULL, "worn", NULL};
    for (int i = 0; i < 5; i++)
        assert_ok(tray_add(NULL, t, &list[i], tags[i], i == 1 ? "a \"quoted\" note, \xc3\xa9" : NULL,
                           i == 1 ? "vs1:tiny@0123456789abcdef/seed=1/psi=1" : NULL, &err),
                  err);
    return t;
}

static void export_to(const char *path, ExportKind kind, Tray *t)
{
    Err err = {0};
    TrayList list;
    TrayExported done;
    TrayExport e = {path, kind, 2};
    assert_ok(tray_list(&list, t, &(TrayFilter){0}, &err), err);
    assert_ok(tray_export(&done, &e, &list, t, latent, NULL, NULL, &err), err);
    assert_int_equal(done.done, list.n);
    tray_list_free(&list);
}

static void same_items(Tray *t, Tray *u)
{
    Err err = {0};
    TrayList a, b;
    assert_ok(tray_list(&a, t, &(TrayFilter){0}, &err) && tray_list(&b, u, &(TrayFilter){0}, &err), err);
    assert_int_equal(a.n, b.n);
    for (int i = 0; i < a.n; i++) {
        assert_string_equal(a.item[i].address, b.item[i].address);
        assert_string_equal(a.item[i].tags, b.item[i].tags);
        assert_string_equal(a.item[i].note, b.item[i].note);
        assert_string_equal(a.item[i].parent, b.item[i].parent);
        assert_float_equal(a.item[i].created, b.item[i].created, 1e-3);
    }
    tray_list_free(&a);
    tray_list_free(&b);
}

static void same_trees(const char *a, const char *b)
{
    char line[512];
    snprintf(line, sizeof line, "diff -r %s %s", a, b);
    assert_int_equal(system(line), 0);
}

static void round_trip(void **state)
{
    ExportKind kind = *(ExportKind *)*state;
    char out[64], again[64], there[64];
    Err err = {0};
    TrayImported got;
    file_remove_tree("here", NULL), file_remove_tree("there", NULL);
    snprintf(out, sizeof out, "out-%s", export_kind_name(kind));
    snprintf(again, sizeof again, "again-%s", export_kind_name(kind));
    snprintf(there, sizeof there, "there");
    file_remove_tree(out, NULL), file_remove_tree(again, NULL);
    Tray *t = fill("here");
    export_to(out, kind, t);
    Tray *u = machine(there);
    assert_ok(tray_import(&got, out, u, NULL, NULL, NULL, &err), err);
    if (got.failed) fail_msg("%s", got.why);
    assert_int_equal(got.added, 5);
    same_items(t, u);
    export_to(again, kind, u);
    same_trees(out, again);
    /* Once more changes nothing. */
    assert_ok(tray_import(&got, out, u, NULL, NULL, NULL, &err), err);
    assert_true(got.added == 0 && got.was == 5);
    same_items(t, u);
    tray_close(t);
    tray_close(u);
}

/* Pictures alone are enough: the addresses and tensors are in them. */
static void pictures_alone(void **state)
{
    (void)state;
    Err err = {0};
    TrayImported got;
    TrayList list;
    file_remove_tree("here", NULL), file_remove_tree("there", NULL), file_remove_tree("out", NULL);
    Tray *t = fill("here");
    export_to("out", EXPORT_CLASSES, t);
    assert_ok(file_remove_tree("out/manifest.jsonl", &err) && file_remove_tree("out/metadata.jsonl", &err) &&
                  file_remove_tree("out/tensors", &err),
              err);
    Tray *u = machine("there");
    assert_ok(tray_import(&got, "out", u, "from-pictures", NULL, NULL, &err), err);
    assert_true(got.added == 5 && !got.failed);
    assert_ok(tray_list(&list, u, &(TrayFilter){.tag = "from-pictures"}, &err), err);
    assert_int_equal(list.n, 5);
    tray_list_free(&list);
    tray_close(t);
    tray_close(u);
}

static void bad_rows(void **state)
{
    (void)state;
    Err err = {0};
    TrayImported got;
    const char *rows = "{\"address\": \"vs1:tiny@0123456789abcdef/seed=1/psi=1\", \"tags\": [\"a\"]}\n"
                       "not json\n"
                       "{\"address\": \"vs1:tiny@0123456789abcdef/seed=1\"}\n"
                       "{\"tags\": []}\n"
                       "\n"
                       "{\"address\": \"vs1:tiny@0123456789abcdef/latent=w.0123456789abcdef/psi=1\"}\n"
                       "{\"address\": \"vs1:tiny@0123456789abcdef/seed=2/psi=1\", \"tags\": [\"../x\"]}\n"
                       "{\"address\": \"vs1:tiny@0123456789abcdef/seed=3/psi=1\", \"tags\": \"b c\"}\n";
    file_remove_tree("bad", NULL), file_remove_tree("there", NULL);
    assert_ok(file_make_folder("bad", &err) && file_replace("bad/rows.jsonl", rows, strlen(rows), &err), err);
    Tray *u = machine("there");
    assert_ok(tray_import(&got, "bad/rows.jsonl", u, NULL, NULL, NULL, &err), err);
    assert_int_equal(got.rows, 7);
    assert_int_equal(got.added, 2);
    assert_int_equal(got.failed, 5);
    assert_non_null(strstr(got.why, "bad/rows.jsonl, line 2"));
    assert_ok(file_replace("bad/none.jsonl", "{}\n", 3, &err), err);
    assert_refused(tray_import(&got, "bad/none.jsonl", u, NULL, NULL, NULL, &err), err, ERR_FORMAT,
                   "holds no address");
    assert_refused(tray_import(&got, "bad/absent", u, NULL, NULL, NULL, &err), err, ERR_IO, "bad/absent");
    tray_close(u);
}

static bool stop_at_two(void *ctx, int done, int n)
{
    (void)ctx, (void)n;
    return done < 2;
}

static void refuses_and_stops(void **state)
{
    (void)state;
    Err err = {0};
    TrayList list;
    TrayExported done;
    file_remove_tree("here", NULL), file_remove_tree("stopped", NULL);
    Tray *t = fill("here");
    assert_ok(tray_list(&list, t, &(TrayFilter){0}, &err), err);
    TrayExport e = {"stopped", EXPORT_FOLDER, 0};
    assert_refused(tray_export(&done, &e, &list, t, latent, stop_at_two, NULL, &err), err, ERR_CANCELLED,
                   "after 2");
    assert_false(file_exists("stopped/manifest.jsonl"));
    assert_refused(tray_export(&done, &e, &list, t, latent, NULL, NULL, &err), err, ERR_USAGE,
                   "is not empty");
    tray_list_free(&list);
    tray_close(t);
}

static int setup(void **state)
{
    (void)state;
    Err err = {0};
    stage_open(&stage, "stage");
    pool = pool_new(1, 0, &err);
    return pool ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    latent_free(latent);
    pool_free(pool);
    stage_close(&stage);
    return 0;
}

int main(void)
{
    static ExportKind kind[] = {EXPORT_FOLDER, EXPORT_CLASSES, EXPORT_TAGS, EXPORT_SHARDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(round_trip, &kind[0]),
        cmocka_unit_test_prestate(round_trip, &kind[1]),
        cmocka_unit_test_prestate(round_trip, &kind[2]),
        cmocka_unit_test_prestate(round_trip, &kind[3]),
        cmocka_unit_test(pictures_alone),
        cmocka_unit_test(bad_rows),
        cmocka_unit_test(refuses_and_stops),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
