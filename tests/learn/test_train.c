/* Contrastive training on a tiny net: the gradient of the whole step, the same bits at any thread count and
 * after a resume anywhere, the guard, controls, budgets, and that it learns. */
#include "base/clock.h"
#include "model/tiny.h"
#include "learn/tiny_train.h"
#include "math/act.h"

#include <math.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

/* The gradient --------------------------------------------------------------------------------------------
 */

static double loss_at(Contrast *c, Weights *w, const Weights *base, const float *along, size_t at, size_t n,
                      double h)
{
    Weights *unused = weights_new(w->net, NULL);
    weights_assign(w, base);
    for (size_t i = 0; i < n; i++) w->block[at + i] += (float)(h * (double)along[at + i]);
    double loss = contrast_step(c, w, unused, 0.5f);
    weights_drop(unused);
    return loss;
}

/* Along its own gradient, the loss rises by the gradient's length: each parameter tensor on its own. */
static void test_gradient(void **state)
{
    EncoderConfig ec;
    Err err = {0};
    Contrast c;
    (void)state;
    assert_ok(encoder_config(&ec, "tiny", 1, 8, 0, &err), err);
    Net *net = encoder_net(&ec, &err);
    Weights *base = weights_new(net, &err), *w = weights_new(net, &err), *g = weights_new(net, &err);
    weights_init(base, 3);
    weights_assign(w, base);
    assert_ok(contrast_open(&c, OBJECTIVE_NTXENT, net, 6, false, NULL, &err), err);
    rng_fill_normal(contrast_images(&c), 12 * 64, 9, RNG_TEST);
    contrast_step(&c, w, g, 0.5f);
    int tested = 0;
    for (ValueId id = 0; id < net_values(net); id++) {
        if (net_value(net, id)->kind != VALUE_PARAM) continue;
        size_t at = g->offset[id], n = shape_count(&net_value(net, id)->shape, 1);
        double length = sqrt(vec_dot(g->block + at, g->block + at, n)), h = 2e-3 / length;
        if (length < 1e-3) continue; /* below what float32 losses can resolve */
        double up = loss_at(&c, w, base, g->block, at, n, h),
               down = loss_at(&c, w, base, g->block, at, n, -h);
        double slope = (up - down) / (2 * h) / length;
        if (fabs(slope / length - 1) > 0.03)
            fail_msg("%s: slope %g, gradient %g", net_value(net, id)->name, slope, length);
        tested++;
    }
    assert_true(tested >= 20);
    contrast_close(&c);
    weights_drop(base);
    weights_drop(w);
    weights_drop(g);
    net_free(net);
}

/* Bits ----------------------------------------------------------------------------------------------------
 */

static void same_on_threads(const TrainConfig *config)
{
    TrainConfig c = *config;
    Trainer *one = made(&c, NULL);
    for (int i = 0; i < 6; i++) step(one);
    for (int threads = 2; threads <= 4; threads += 2) {
        Pool *pool = pool_new(threads, 0, NULL);
        Trainer *t = made(&c, pool);
        for (int i = 0; i < 6; i++) step(t);
        same_weights(one, t);
        trainer_free(t);
        pool_free(pool);
    }
    trainer_free(one);
}

static void test_threads(void **state)
{
    TrainConfig c = tiny(6);
    (void)state;
    same_on_threads(&c);
    if (!train_has_bf16()) return;
    snprintf(c.precision, sizeof c.precision, "bf16");
    same_on_threads(&c);
}

/* Products in bfloat16 lead along nearly the same way as those in float32. */
static void test_bf16(void **state)
{
    TrainConfig c = tiny(6);
    (void)state;
    if (!train_has_bf16()) skip();
    Trainer *full = made(&c, NULL);
    snprintf(c.precision, sizeof c.precision, "bf16");
    Trainer *half = made(&c, NULL);
    bool differ = false;
    for (int i = 0; i < 6; i++) {
        double a = step(full).loss, b = step(half).loss;
        if (!(fabs(a - b) < 0.1 * a)) fail_msg("step %d: loss %g in bfloat16, %g in float32", i, b, a);
        differ |= a != b;
    }
    assert_true(differ);
    trainer_free(full);
    trainer_free(half);
}

/* Poison in step `poison`, a control change in step 4; saved and opened again before step `cut` (none: 99).
 */
static Trainer *run_with(int cut, int poison)
{
    TrainConfig c = tiny(10);
    Trainer *t = made(&c, NULL);
    Err err = {0};
    char notice[300];
    for (int i = 0; i < 10; i++) {
        if (i == cut) {
            assert_ok(trainer_save(t, "run.safetensors", &err), err);
            trainer_free(t);
            assert_ok(trainer_resume(&t, "run.safetensors", NULL, &data, NULL, notice, sizeof notice, &err),
                      err);
            assert_string_equal(notice, "");
            assert_int_equal(trainer_steps(t), i);
        }
        if (i == 4)
            assert_true(trainer_set_control(t, &(TrainControl){0.07f, 0.35f, 0.6f, 0, 0}, NULL, &err));
        if (i == poison) trainer_weights(t)->block[3] = NAN;
        TrainMetrics m = step(t);
        assert_true((*m.told != 0) == (i == poison) && isnan(m.loss) == (i == poison));
    }
    assert_true(trainer_done(t) && trainer_progress(t) == 1);
    return t;
}

static void test_resume(void **state)
{
    Trainer *whole = run_with(99, 7), *clean = run_with(99, 99);
    (void)state;
    for (int cut = 1; cut < 10; cut += 2) {
        Trainer *t = run_with(cut, 7);
        same_weights(whole, t);
        trainer_free(t);
        t = run_with(cut, 99);
        same_weights(clean, t);
        trainer_free(t);
    }
    trainer_free(whole);
    trainer_free(clean);
}

static void test_resume_refuses(void **state)
{
    Trainer *t = run_with(99, 99), *back = NULL;
    Dataset other = toy_dataset(90, 3, 8, 1, 2);
    TrainConfig c;
    uint64_t at;
    Err err = {0}, bad = {0}, missing = {0};
    (void)state;
    assert_ok(trainer_save(t, "run.safetensors", &err), err);
    assert_ok(trainer_peek(&c, &at, "run.safetensors", &err), err);
    assert_true(at == 10 && c.pairs == 8 && c.maker == VIEWS_REAL && c.control.rate == 0.12f);
    assert_false(trainer_resume(&back, "run.safetensors", NULL, &other, NULL, NULL, 0, &bad));
    assert_non_null(strstr(bad.msg, "another data set"));
    assert_false(trainer_resume(&back, "none.safetensors", NULL, &other, NULL, NULL, 0, &missing));
    assert_null(back);
    trainer_free(t);
    toy_free(&other);
}

/* Guard ---------------------------------------------------------------------------------------------------
 */

/* A run with a share from the tray resumes to the same weights, and only with the very views it was begun
 * with. */
static void test_corners(void **state)
{
    (void)state;
    Err err = {0};
    Generator *g = tiny_generator(3, 5, NULL, &err);
    TrainConfig c = tiny(6);
    c.maker = VIEWS_GENERATOR;
    c.control.share = 0.25f;
    Address list[3];
    for (uint64_t i = 0; i < 3; i++) list[i] = address_of_seed(g->slug, g->digest, i, (int)i, 1);
    Trainer *whole, *cut, *none;
    TrainMetrics m;
    assert_ok(trainer_new(&whole, &c, g, NULL, NULL, &err) && trainer_corners(whole, list, 3, &err), err);
    assert_ok(trainer_new(&cut, &c, g, NULL, NULL, &err) && trainer_corners(cut, list, 3, &err), err);
    TrainControl more = c.control;
    more.share = 0.5f; /* from the third step on */
    for (int i = 0; i < 2; i++) m = step(whole), step(cut);
    assert_int_equal(m.corners, 2);
    assert_ok(trainer_set_control(whole, &more, NULL, &err) && trainer_set_control(cut, &more, NULL, &err),
              err);
    while (!trainer_done(whole)) m = step(whole);
    assert_int_equal(m.corners, 4);
    assert_true(m.repeats > 0); /* four pairs at three views */
    step(cut);
    assert_ok(trainer_save(cut, "corners.safetensors", &err), err);
    trainer_free(cut);
    assert_ok(trainer_resume(&cut, "corners.safetensors", g, NULL, NULL, NULL, 0, &err), err);
    assert_refused(trainer_step(cut, &m, &err), err, ERR_USAGE, "but was given none");
    assert_refused(trainer_corners(cut, list, 2, &err), err, ERR_USAGE, "not those it was begun with");
    err = (Err){0};
    assert_ok(trainer_corners(cut, list, 3, &err), err);
    while (!trainer_done(cut)) step(cut);
    same_weights(whole, cut);
    c.control.share = 0;
    assert_ok(trainer_new(&none, &c, g, NULL, NULL, &err), err);
    while (!trainer_done(none)) m = step(none);
    assert_true(m.corners == 0 && m.repeats == 0);
    assert_refused(trainer_set_control(none, &more, NULL, &err), err, ERR_USAGE, "without views of the tray");
    trainer_free(whole), trainer_free(cut), trainer_free(none);
    generator_drop(g);
}

static void test_guard_rolls_back(void **state)
{
    TrainConfig c = tiny(100);
    Trainer *t = made(&c, NULL);
    (void)state;
    double before = step(t).rate;
    for (int i = 1; i < 25; i++) step(t);
    Weights *w = trainer_weights(t);
    w->block[0] = INFINITY;
    TrainMetrics m = step(t);
    assert_non_null(strstr(m.told, "not finite at step 25: back to step 20, rate halved (0.5"));
    assert_true(weights_finite(w) && isnan(m.loss) && trainer_steps(t) == 26);
    m = step(t);
    assert_true(isfinite(m.loss) && !*m.told && before > 0);
    trainer_free(t);
}

static void test_guard_gives_up(void **state)
{
    TrainConfig c = tiny(100);
    Trainer *t = made(&c, NULL);
    TrainMetrics m;
    Err err = {0};
    int faults = 0;
    (void)state;
    step(t);
    for (bool going = true; going; faults++) {
        trainer_weights(t)->block[0] = NAN;
        going = trainer_step(t, &m, &err);
        assert_true(faults < 10);
    }
    assert_int_equal(faults, GUARD_FAULTS + 1);
    assert_int_equal(err.code, ERR_NUMERIC);
    assert_true(weights_finite(trainer_weights(t)));
    trainer_free(t);
}

/* Embeddings that fall into one point: seen after a few steps, taken back to before, the rate halved. */
static void test_guard_collapse(void **state)
{
    TrainConfig c = tiny(100);
    Trainer *t = made(&c, NULL);
    Weights *w = trainer_weights(t);
    ValueId head = weights_find(w, "head.out.weight");
    size_t n = shape_count(&net_value(w->net, head)->shape, 1);
    bool told = false;
    (void)state;
    for (int i = 0; i < 25; i++) assert_true(step(t).means.spread > GUARD_SPREAD);
    for (int i = 0; i < GUARD_FLAT; i++) {
        assert_false(told);
        memset(weights_at(w, head), 0, n * sizeof(float)); /* only the bias is left */
        for (int k = 0; k < 64; k++) weights_at(w, weights_find(w, "head.out.bias"))[k] = 1;
        TrainMetrics m = step(t);
        assert_true(m.means.spread < GUARD_SPREAD);
        told = *m.told;
        if (told) assert_non_null(strstr(m.told, "one point at step 29: back to step 20, rate halved (0.5"));
    }
    assert_true(told);
    TrainMetrics m = step(t);
    assert_true(m.means.spread > GUARD_SPREAD && !*m.told);
    trainer_free(t);
}

/* A gradient that is not finite while the loss is: it must not reach the weights either. */
static void test_guard_gradient(void **state)
{
    EncoderConfig ec;
    Err err = {0};
    Descent d;
    DescentConfig c = {0.1f, 0.9f, 0, 0};
    char told[200];
    (void)state;
    encoder_config(&ec, "tiny", 1, 8, 0, &err);
    Net *net = encoder_net(&ec, &err);
    assert_ok(descent_open(&d, net, &(Budget){.steps = 4}, 1, &err), err);
    d.grads->block[d.grads->params - 1] = -INFINITY;
    assert_ok(descent_update(&d, &c, 1.0, NAN, told, sizeof told, NULL, &err), err);
    assert_non_null(strstr(told, "gradient"));
    assert_true(weights_finite(d.weights) && weights_finite(d.momentum) && d.step == 1);
    descent_close(&d);
    net_free(net);
}

/* Controls, budgets, snapshots -----------------------------------------------------------------------------
 */

static void test_controls(void **state)
{
    TrainConfig c = tiny(100);
    Trainer *t = made(&c, NULL);
    TrainControl k = trainer_control(t);
    uint64_t at = 99;
    Err err = {0}, bad = {0};
    (void)state;
    step(t);
    k.temperature = 0.5f;
    assert_ok(trainer_set_control(t, &k, &at, &err), err);
    assert_int_equal(at, 1);
    assert_true(step(t).control.temperature == 0.5f);
    k.temperature = 0;
    assert_false(trainer_set_control(t, &k, NULL, &bad));
    assert_non_null(strstr(bad.msg, "temperature must be"));
    assert_true(trainer_control(t).temperature == 0.5f);
    trainer_free(t);
}

static void test_schedule(void **state)
{
    Descent d = {.budget = {.steps = 100}, .guard = {.rate = 1}};
    DescentConfig c = {.rate = 1, .warm = 0.1f};
    float last = 0;
    (void)state;
    for (d.step = 0; d.step < 10; d.step++) {
        assert_true(descent_rate(&d, &c) > last);
        last = descent_rate(&d, &c);
    }
    for (; d.step < 100; d.step++) {
        assert_true(d.step == 10 || descent_rate(&d, &c) < last);
        last = descent_rate(&d, &c);
    }
    assert_true(last > 0 && last < 0.001f && descent_done(&d));
    d = (Descent){.budget = {.seconds = 50}, .elapsed = 27.5, .guard = {.rate = 0.5f}};
    assert_true(fabsf(descent_rate(&d, &c) - 0.25f) < 1e-4f && !descent_done(&d)); /* halfway down, halved */
    d.elapsed = 50;
    assert_true(descent_done(&d));
}

static void test_time_budget(void **state)
{
    TrainConfig c = tiny(0);
    Err err = {0};
    (void)state;
    c.budget = (Budget){.seconds = 10};
    clock_fake(100);
    Trainer *t = made(&c, NULL);
    step(t);
    assert_true(!trainer_done(t) && trainer_progress(t) == 0);
    trainer_charge(t, 6);
    assert_true(fabs(trainer_progress(t) - 0.6) < 1e-12);
    trainer_charge(t, 4);
    assert_true(trainer_done(t));
    assert_ok(trainer_set_budget(t, &(Budget){.seconds = 20}, &err), err);
    assert_false(trainer_done(t));
    trainer_free(t);
}

static void test_snapshots(void **state)
{
    TrainConfig c = tiny(20);
    uint64_t at;
    (void)state;
    c.publish = 3;
    Trainer *t = made(&c, NULL);
    Encoder *first = trainer_snapshot(t, &at);
    char digest[17];
    memcpy(digest, first->digest, sizeof digest);
    assert_int_equal(at, 0);
    for (int i = 0; i < 4; i++) assert_true(step(t).published == (i == 2));
    Encoder *later = trainer_snapshot(t, &at);
    assert_int_equal(at, 3);
    assert_string_not_equal(first->digest, later->digest);
    trainer_free(t); /* a snapshot outlives its trainer, and never changes */
    Digest d = weights_digest(first->weights);
    char now[17];
    digest_hex(now, &d, 16);
    assert_string_equal(now, digest);
    encoder_drop(first);
    encoder_drop(later);
}

static void test_config(void **state)
{
    TrainConfig c = tiny(77), back;
    Err err = {0}, bad = {0};
    (void)state;
    c.control.sigma = 0.45f;
    c.anchors = 5000;
    Json *j = train_config_json(&c);
    char *text = json_text(j);
    assert_non_null(strstr(text, "\"sigma\":0.45,"));
    assert_ok(train_config_read(&back, j, &err), err);
    assert_true(back.control.sigma == 0.45f && back.anchors == 5000 && back.budget.steps == 77 &&
                back.seed == 11);
    Json *again = train_config_json(&back);
    char *text_again = json_text(again);
    assert_string_equal(text, text_again);
    json_put_int(j, "sigmas", 1);
    assert_false(train_config_read(&back, j, &bad));
    assert_non_null(strstr(bad.msg, "unknown key \"sigmas\""));
    snprintf(c.precision, sizeof c.precision, "half");
    bad = (Err){0};
    assert_false(train_check(&c, &bad));
    assert_non_null(strstr(bad.msg, "float32 or bf16"));
    snprintf(c.precision, sizeof c.precision, "bf16");
    assert_int_equal(train_check(&c, &bad), train_has_bf16());
    free(text);
    free(text_again);
    json_drop(j);
    json_drop(again);
}

/* What a person sees ----------------------------------------------------------------------------------------
 */

static void test_hardest(void **state)
{
    TrainConfig c = tiny(20);
    Trainer *t = made(&c, NULL);
    ContrastPair pos[8], neg[5];
    (void)state;
    TrainMetrics m = step(t);
    const Contrast *k = trainer_contrast(t);
    assert_int_equal(contrast_hardest(pos, 8, k, true), 8);
    assert_int_equal(contrast_hardest(neg, 5, k, false), 5);
    ContrastSpread spread;
    contrast_spread(&spread, k);
    double all[2] = {0, 0};
    for (int b = 0; b < CONTRAST_BINS; b++)
        all[0] += (double)spread.positive[b], all[1] += (double)spread.negative[b];
    assert_true(fabs(all[0] - 1) < 1e-5 && fabs(all[1] - 1) < 1e-5);
    assert_true(spread.positive[(int)((pos[0].cosine + 1) / 2 * CONTRAST_BINS)] >= 0.124f); /* one of eight */
    double sum = 0;
    for (int i = 0; i < 8; i++) {
        assert_true(pos[i].b == pos[i].a + 8 && (i == 0 || pos[i].cosine >= pos[i - 1].cosine));
        sum += (double)pos[i].cosine / 8;
    }
    assert_true(fabs(sum - m.means.positive) < 1e-5 && fabs(m.means.alignment - (2 - 2 * sum)) < 1e-5);
    float most = -1;
    for (int i = 0; i < 16; i++)
        for (int j = i + 1; j < 16; j++)
            if (j != i + 8) most = fmaxf(most, contrast_cosine(k, i, j));
    assert_true(neg[0].cosine == most);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            assert_true(neg[i].a != neg[j].a && neg[i].b != neg[j].b && neg[i].a != neg[j].b &&
                        neg[i].b != neg[j].a);
    trainer_free(t);
}

static void test_learns(void **state)
{
    TrainConfig c = tiny(60);
    c.pairs = 16;
    Trainer *t = made(&c, NULL);
    double first = 0, last = 0;
    TrainMetrics m;
    (void)state;
    for (int i = 0; i < 60; i++) {
        m = step(t);
        if (i < 10) first += m.loss;
        if (i >= 50) last += m.loss;
    }
    assert_true(last < 0.9 * first);
    assert_true(m.views == 60 * 32 && m.unique == 90 && m.means.positive > m.means.negative + 0.2);
    trainer_free(t);
}

static void test_untrained(void **state)
{
    TrainConfig c = tiny(20);
    Encoder *twin = NULL;
    Err err = {0};
    (void)state;
    Trainer *t = made(&c, NULL);
    assert_ok(train_untrained(&twin, &c, NULL, &data, 30, NULL, &err), err);
    const Weights *a = trainer_weights(t), *b = twin->weights;
    assert_memory_equal(a->block, b->block, a->params * sizeof(float)); /* the same first weights */
    assert_true(memcmp(a->block + a->params, b->block + b->params, (a->floats - a->params) * sizeof(float)) !=
                0);
    encoder_drop(twin);
    trainer_free(t);
}

/* Planned bytes follow the batch, and files what is written. */
static void test_size(void **state)
{
    TrainConfig small = tiny(20), large = tiny(20);
    TrainSize a, b;
    Err err = {0};
    struct stat st;
    (void)state;
    large.pairs *= 4;
    assert_ok(train_size(&a, &small, 1, 8, &err) && train_size(&b, &large, 1, 8, &err), err);
    assert_true(b.memory > 2 * a.memory - 6 * a.encoder && b.memory > a.memory &&
                b.checkpoint == a.checkpoint);
    Trainer *t = made(&small, NULL);
    assert_ok(trainer_save(t, "size.safetensors", &err), err);
    assert_int_equal(stat("size.safetensors", &st), 0);
    assert_true((double)st.st_size > 0.7 * (double)a.checkpoint &&
                (double)st.st_size < 1.5 * (double)a.checkpoint + 20000);
    trainer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),           cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_threads),        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_resume),         cmocka_unit_test(test_resume_refuses),
        cmocka_unit_test(test_corners),        cmocka_unit_test(test_guard_rolls_back),
        cmocka_unit_test(test_guard_gives_up), cmocka_unit_test(test_guard_collapse),
        cmocka_unit_test(test_guard_gradient), cmocka_unit_test(test_controls),
        cmocka_unit_test(test_schedule),       cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_config),         cmocka_unit_test(test_hardest),
        cmocka_unit_test(test_learns),         cmocka_unit_test(test_untrained),
        cmocka_unit_test(test_time_budget), /* last: it stops the clock */
    };
    return cmocka_run_group_tests(tests, open_data, close_data);
}
