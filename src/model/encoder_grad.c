/* An encoder run with gradients of its picture. */
#include "model/encoder_grad.h"
#include <stdlib.h>
#include <string.h>

/* An output and its gradient; NULL where the net has none. */
typedef struct {
    float *value, *grad;
    size_t item;
} Output;

struct EncGrad {
    Encoder *encoder;
    Exec *exec;
    float *image, *dimage;
    size_t item;
    Output features, logits;
};

static Output output(const EncGrad *e, const char *name, int item)
{
    ValueId id = net_port(e->encoder->net, name);
    return (Output){exec_value(e->exec, id), exec_grad(e->exec, id), (size_t)item};
}

EncGrad *encoder_grad(Encoder *encoder, int batch, Pool *pool, Err *err)
{
    const EncoderConfig *c = &encoder->config;
    EncGrad *e = calloc(1, sizeof *e);
    if (!e) return err_nomem(err, "an encoder's gradients"), NULL;
    e->encoder = encoder_keep(encoder);
    ExecMode mode = EXEC_INFER | (encoder->exact ? EXEC_EXACT : 0);
    e->exec = exec_new(encoder->net, batch, mode, (ExecGrads){.inputs = true, .prefix = "image"}, pool, err);
    if (!e->exec) {
        enc_grad_free(e);
        return NULL;
    }
    ValueId image = net_port(encoder->net, "image");
    e->image = exec_value(e->exec, image);
    e->dimage = exec_grad(e->exec, image);
    e->item = (size_t)c->channels * (size_t)c->side * (size_t)c->side;
    e->features = output(e, "features", encoder_features(c));
    if (c->classes) e->logits = output(e, "logits", c->classes);
    return e;
}

void enc_grad_free(EncGrad *e)
{
    if (!e) return;
    exec_free(e->exec);
    encoder_drop(e->encoder);
    free(e);
}

const float *enc_grad_run(EncGrad *e, const float **logits, const float *image, int n)
{
    memcpy(e->image, image, (size_t)n * e->item * sizeof *image);
    exec_forward(e->exec, e->encoder->weights, n);
    if (logits) *logits = e->logits.value;
    return e->features.value;
}

static void seed(Output *o, const float *grad, int n)
{
    if (grad && o->grad) memcpy(o->grad, grad, (size_t)n * o->item * sizeof *grad);
}

void enc_grad_back(EncGrad *e, float *dimage, const float *dfeatures, const float *dlogits, int n)
{
    exec_seed_zero(e->exec);
    seed(&e->features, dfeatures, n);
    seed(&e->logits, dlogits, n);
    exec_backward(e->exec, e->encoder->weights, NULL, n);
    memcpy(dimage, e->dimage, (size_t)n * e->item * sizeof *dimage);
}
