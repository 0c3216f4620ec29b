/* A tiny contrastive training on toy pictures, for tests. */
#pragma once
#include "check.h"
#include "learn/toy.h"
#include "learn/train.h"

static Dataset data;

static inline int open_data(void **state)
{
    (void)state;
    data = toy_dataset(90, 3, 8, 1, 1);
    return 0;
}

static inline int close_data(void **state)
{
    (void)state;
    toy_free(&data);
    return 0;
}

static inline TrainConfig tiny(uint64_t steps)
{
    TrainConfig c = train_defaults();
    snprintf(c.encoder, sizeof c.encoder, "tiny");
    c.maker = VIEWS_REAL;
    c.pairs = 8;
    c.seed = 11;
    c.budget = (Budget){.steps = steps};
    return c;
}

static inline Trainer *made(const TrainConfig *c, Pool *pool)
{
    Trainer *t = NULL;
    Err err = {0};
    assert_ok(trainer_new(&t, c, NULL, &data, pool, &err), err);
    return t;
}

static inline TrainMetrics step(Trainer *t)
{
    TrainMetrics m;
    Err err = {0};
    assert_ok(trainer_step(t, &m, &err), err);
    return m;
}

static inline void same_weights(Trainer *a, Trainer *b)
{
    const Weights *x = trainer_weights(a), *y = trainer_weights(b);
    assert_int_equal(x->floats, y->floats);
    assert_memory_equal(x->block, y->block, x->floats * sizeof *x->block);
}
