/* The untrained twin of a run: its first weights, with statistics estimated on its own stream (without a
 * share from the tray). */
#include "learn/snapshot.h"
#include "learn/train.h"

static bool estimate(Weights *w, const Net *net, Views *v, const TrainConfig *c, int batches, Pool *pool,
                     Err *err)
{
    Exec *e = exec_new(net, 2 * c->pairs, EXEC_TRAIN, (ExecGrads){0}, pool, err);
    bool ok = e != NULL;
    for (int i = 0; ok && i < batches; i++) {
        ok = views_fill(v, exec_value(e, net_port(net, "image")), (uint64_t)i, c->control.sigma, err);
        if (ok) exec_forward(e, w, 2 * c->pairs);
    }
    if (e) exec_free(e);
    return ok;
}

bool train_untrained(Encoder **out, const TrainConfig *c, Generator *generator, const Dataset *real,
                     int batches, Pool *pool, Err *err)
{
    ViewConfig vc = train_views(c);
    EncoderConfig ec;
    Views *v;
    if (!train_check(c, err) || !views_new(&v, &vc, generator, real, pool, err)) return false;
    bool ok = train_encoder(&ec, c, v, err);
    Net *net = ok ? encoder_net(&ec, err) : NULL;
    Weights *w = net ? weights_new(net, err) : NULL;
    if (w) weights_init(w, c->seed);
    ok = w && estimate(w, net, v, c, batches, pool, err) &&
         snapshot_encoder(out, &ec, w, "untrained", NULL, err);
    weights_drop(w);
    net_free(net);
    views_free(v);
    return ok;
}
