/* Training by every objective of the table: bits, losses that fall, heads in files, what is refused. */
#include "learn/tiny_train.h"
#include "model/tiny.h"

#include <math.h>
#include <string.h>

static TrainConfig tiny_generated(Objective o, uint64_t steps)
{
    TrainConfig c = tiny(steps);
    c.objective = o;
    c.maker = VIEWS_GENERATOR;
    c.control.rate = objective_rate(o);
    c.pairs = 12;
    return c;
}

/* Every objective: the same bits on two threads and after a resume, and a loss that falls. */
static void test_objectives(void **state)
{
    Err err = {0};
    Generator *g = tiny_generator(3, 5, NULL, &err);
    Pool *pool = pool_new(2, 0, NULL);
    (void)state;
    for (int o = 0; o < OBJECTIVE_COUNT; o++) {
        TrainConfig c = tiny_generated((Objective)o, 40);
        Trainer *whole, *cut;
        TrainMetrics m;
        double first = 0, last = 0;
        assert_ok(trainer_new(&whole, &c, g, NULL, NULL, &err) && trainer_new(&cut, &c, g, NULL, pool, &err),
                  err);
        for (int i = 0; i < 40; i++) {
            m = step(whole);
            first += i < 5 ? m.loss : 0;
            last += i >= 35 ? m.loss : 0;
            assert_true(isfinite(m.means.alignment) && isfinite(m.means.uniformity) && m.means.spread > 0);
            assert_true(isfinite(m.accuracy) == (o == OBJECTIVE_SUPERVISED));
        }
        if (!(last < first))
            fail_msg("%s: loss %g at first, %g at last", objective_name((Objective)o), first / 5, last / 5);
        for (int i = 0; i < 7; i++) step(cut);
        assert_ok(trainer_save(cut, "objective.safetensors", &err), err);
        trainer_free(cut);
        assert_ok(trainer_resume(&cut, "objective.safetensors", g, NULL, pool, NULL, 0, &err), err);
        while (!trainer_done(cut)) step(cut);
        same_weights(whole, cut);
        trainer_free(whole), trainer_free(cut);
    }
    pool_free(pool);
    generator_drop(g);
}

static void test_objectives_refuse(void **state)
{
    Err err = {0};
    Generator *g = tiny_generator(0, 5, NULL, &err);
    Trainer *t = NULL;
    TrainConfig c = tiny_generated(OBJECTIVE_SUPCON, 4);
    (void)state;
    assert_refused(trainer_new(&t, &c, g, NULL, NULL, &err), err, ERR_USAGE, "supcon needs classes");
    c.maker = VIEWS_REAL;
    c.objective = OBJECTIVE_INVERTER;
    assert_refused(trainer_new(&t, &c, NULL, &data, NULL, &err), err, ERR_USAGE,
                   "of real pictures no z is known");
    c = tiny_generated(OBJECTIVE_NTXENT, 4);
    c.neighbours = 5;
    assert_refused(trainer_new(&t, &c, g, NULL, NULL, &err), err, ERR_USAGE, "of a number of anchors");
    generator_drop(g);
}

/* An encoder of any objective goes through a file, and a config of before there were objectives is NT-Xent.
 */
static void test_heads(void **state)
{
    Err err = {0};
    Generator *g = tiny_generator(3, 5, NULL, &err);
    (void)state;
    for (int o = 0; o < OBJECTIVE_COUNT; o++) {
        TrainConfig c = tiny_generated((Objective)o, 2);
        Trainer *t;
        Encoder *back = NULL;
        assert_ok(trainer_new(&t, &c, g, NULL, NULL, &err), err);
        step(t);
        Encoder *e = trainer_snapshot(t, NULL), *twin;
        assert_ok(encoder_save(e, "head.safetensors", &err) && encoder_open(&back, "head.safetensors", &err),
                  err);
        assert_string_equal(e->digest, back->digest);
        assert_ok(train_untrained(&twin, &c, g, NULL, 1, NULL, &err), err);
        assert_true(twin->config.out == e->config.out && twin->config.classes == e->config.classes);
        encoder_drop(e), encoder_drop(back), encoder_drop(twin);
        trainer_free(t);
    }
    generator_drop(g);
    TrainConfig old;
    static const char text[] = "{\"encoder\":\"small\",\"views\":\"generator\",\"sigma\":0.3,\"steps\":7}";
    Json *j = json_parse(text, sizeof text - 1, "old", &err);
    assert_ok(train_config_read(&old, j, &err), err);
    assert_true(old.objective == OBJECTIVE_NTXENT && old.plan.kinds == 1 << VIEW_GAUSS && old.plan.reach > 0);
    json_drop(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objectives),
        cmocka_unit_test(test_objectives_refuse),
        cmocka_unit_test(test_heads),
    };
    return cmocka_run_group_tests(tests, open_data, close_data);
}
