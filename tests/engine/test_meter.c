/* Meters: the thread tells what measuring at once gives, again when more is known, and ends at any moment. */
#include "check.h"
#include "engine/meter.h"
#include "engine/stage.h"

#include <math.h>
#include <unistd.h>

static Stage stage;
static Pool *pool;

static int open_stage(void **state)
{
    (void)state;
    Err err = {0};
    char here[512], path[700];
    stage_open(&stage, "stage-meter");
    if (!getcwd(here, sizeof here)) return -1;
    snprintf(path, sizeof path, "%s/stage-meter/cache", here);
    setenv("XDG_CACHE_HOME", path, 1);
    snprintf(path, sizeof path, "%s/stage-meter/judge.safetensors", here);
    setenv("VIEWSMITH_JUDGE", path, 1);
    Encoder *judge = tiny_encoder(STAGE_CLASSES, 3, &err);
    bool ok = judge && encoder_save(judge, path, &err);
    encoder_drop(judge);
    pool = pool_new(2, 0, &err);
    return ok && pool ? 0 : -1;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    pool_free(pool);
    return 0;
}

static void views(Address *list, int n, uint64_t seed)
{
    const Generator *g = stage.w->generator;
    for (int i = 0; i < n; i++)
        list[i] = address_of_seed(g->slug, g->digest, seed + (uint64_t)i, i % STAGE_CLASSES, 1);
}

static Measure *measure(void)
{
    Err err = {0};
    Measure *m;
    assert_ok(measure_open(&m, stage.w, pool, &err), err);
    while (measure_grow(m, 50, &err)) {}
    assert_int_equal(err.code, ERR_OK);
    return m;
}

static MeterNews *settled(Meters *m, int channel, bool reals)
{
    for (int i = 0; i < 30000 && meters_busy(m, reals); i++) usleep(1000);
    assert_false(meters_busy(m, reals));
    MeterNews *n = (MeterNews *)meters_look(m, channel);
    assert_non_null(n);
    assert_int_equal(n->err.code, ERR_OK);
    return n;
}

static void fields_mean_what_they_say(void **state)
{
    (void)state;
    Err err = {0};
    Address list[40];
    Meter got[40];
    views(list, 40, 11);
    Measure *m = measure();
    assert_ok(measure_views(got, m, list, 40, &list[0], &err), err);
    for (int i = 0; i < 40; i++) {
        const Meter *a = &got[i];
        float sum = a->share[0] + a->share[1] + a->share[2], entropy = 0;
        for (int k = 0; k < 3; k++) {
            entropy -= a->share[k] * logf(a->share[k]);
            if (a->class[k] == list[i].class) assert_true(a->own == a->share[k]);
            if (k) assert_true(a->share[k] <= a->share[k - 1]);
        }
        assert_true(fabsf(sum - 1) < 1e-5f && fabsf(entropy - a->entropy) < 1e-4f);
        assert_true(a->realism > 0 && a->score[0] >= a->score[1] && a->picture[0] && a->label[0] >= 0);
        assert_true(i ? a->distance >= 0 : a->distance < 1e-6f);
    }
    measure_close(m);
}

static void the_thread_says_the_same(void **state)
{
    (void)state;
    Err err = {0};
    Address list[50];
    Meter want[50];
    views(list, 50, 300);
    Measure *m = measure();
    assert_ok(measure_views(want, m, list, 50, &list[7], &err), err);
    Meters *t = meters_new(stage.w, (Bell){0}, &err);
    assert_ok(t, err);
    uint64_t ticket = meters_ask(t, METER_WALL, list, 50, &list[7]);
    meters_ask(t, METER_VIEW, list + 9, 1, NULL);
    MeterNews *n = settled(t, METER_WALL, true), *one = settled(t, METER_VIEW, true);
    assert_true(n->ticket == ticket && n->n == 50 && n->done == 50 && n->real && n->filled == n->total);
    assert_string_equal(n->space, "tiny");
    assert_string_equal(n->data, "data");
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < METER_NEIGHBOURS; k++) n->meter[i].picture[k] = want[i].picture[k] = NULL;
        assert_memory_equal(&n->meter[i], &want[i], sizeof want[i]);
    }
    assert_true(one->meter[0].realism == want[9].realism && isnan(one->meter[0].distance));
    news_drop(&n->news);
    news_drop(&one->news);
    meters_free(t);
    measure_close(m);
}

static void another_encoder_sees_anew(void **state)
{
    (void)state;
    Err err = {0};
    Address list[20];
    views(list, 20, 5);
    Encoder *e = tiny_encoder(0, 99, &err);
    snprintf(e->name, sizeof e->name, "other");
    Meters *t = meters_new(stage.w, (Bell){0}, &err);
    meters_ask(t, METER_TRAY, list, 20, NULL);
    MeterNews *a = settled(t, METER_TRAY, true);
    meters_encoder(t, e);
    MeterNews *b = settled(t, METER_TRAY, true);
    assert_string_equal(b->space, "other");
    assert_true(b->real && b->done == 20 && b->ticket == a->ticket);
    assert_true(b->meter[3].realism != a->meter[3].realism);
    assert_true(b->meter[3].share[0] == a->meter[3].share[0]); /* classes stay the judge's */
    news_drop(&a->news);
    news_drop(&b->news);
    meters_free(t);
    encoder_drop(e);
}

static void less_is_known_without_data_or_judge(void **state)
{
    (void)state;
    Err err = {0};
    Address list[3];
    Workspace *w;
    WorkspaceOptions o = {stage.model, "stage-meter/none", stage.runs};
    views(list, 3, 1);
    assert_ok(workspace_open(&w, &o, &err), err);
    Meters *t = meters_new(w, (Bell){0}, &err);
    meters_ask(t, METER_WALL, list, 3, NULL);
    MeterNews *n = settled(t, METER_WALL, true);
    assert_true(!n->real && isnan(n->meter[0].realism) && n->meter[0].class[0] >= 0 &&
                n->meter[0].nearest[0] == -1);
    news_drop(&n->news);
    meters_free(t);
    char *judge = strdup(getenv("VIEWSMITH_JUDGE"));
    setenv("VIEWSMITH_JUDGE", "absent.safetensors", 1);
    t = meters_new(w, (Bell){0}, &err);
    meters_ask(t, METER_WALL, list, 3, list);
    n = settled(t, METER_WALL, true);
    assert_true(n->done == 3 && n->meter[2].class[0] == -1 && isnan(n->meter[2].entropy) &&
                isnan(n->meter[2].distance));
    assert_non_null(strstr(n->why, "absent.safetensors"));
    news_drop(&n->news);
    meters_free(t);
    setenv("VIEWSMITH_JUDGE", judge, 1);
    free(judge);
    workspace_close(w);
}

static void order_puts_corner_cases_first(void **state)
{
    (void)state;
    enum { N = 6 };
    Meter m[N];
    int order[N];
    const float value[N] = {0.5f, NAN, 0.2f, 0.9f, 0.2f, NAN};
    const int least[N] = {2, 4, 0, 3, 1, 5}, most[N] = {3, 0, 2, 4, 1, 5}, seed[N] = {0, 1, 2, 3, 4, 5};
    for (int i = 0; i < N; i++) {
        m[i] = meter_none;
        m[i].own = m[i].realism = m[i].entropy = m[i].distance = value[i];
    }
    const int *const want[ORDER_COUNT] = {seed, least, most, least, most};
    for (int o = 0; o < ORDER_COUNT; o++) {
        MeterOrder named;
        Err err = {0};
        meter_sort(order, m, N, (MeterOrder)o);
        assert_memory_equal(order, want[o], sizeof order);
        assert_true(meter_order_named(&named, meter_order_name((MeterOrder)o), &err) &&
                    named == (MeterOrder)o);
    }
    Err err;
    MeterOrder none;
    assert_refused(meter_order_named(&none, "beauty", &err), err, ERR_USAGE, "\"beauty\"");
}

static void ending_at_any_moment(void **state)
{
    (void)state;
    Err err = {0};
    Address list[64];
    Encoder *e = tiny_encoder(0, 4, &err);
    views(list, 64, 0);
    for (int i = 0; i < 10; i++) {
        Meters *t = meters_new(stage.w, (Bell){0}, &err);
        for (int k = 0; k < i; k++) meters_ask(t, k % METER_CHANNELS, list, 64, i % 2 ? list : NULL);
        if (i % 3 == 0) meters_encoder(t, e);
        if (i % 4 == 3) usleep(3000);
        meters_free(t);
    }
    meters_free(NULL);
    encoder_drop(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_mean_what_they_say),
        cmocka_unit_test(the_thread_says_the_same),
        cmocka_unit_test(another_encoder_sees_anew),
        cmocka_unit_test(less_is_known_without_data_or_judge),
        cmocka_unit_test(order_puts_corner_cases_first),
        cmocka_unit_test(ending_at_any_moment),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
