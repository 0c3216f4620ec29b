/* What a judge gets right. */
#include "learn/classify.h"

#include <stdlib.h>

bool classify_accuracy(Figure *out, int *guess, const Encoder *judge, const Dataset *data, Pool *pool,
                       Err *err)
{
    int classes = judge->config.classes;
    if (classes != data->classes)
        return err_set(err, ERR_USAGE, "judge %s knows %d classes, %s has %d", judge->name, classes,
                       data->name, data->classes);
    if (data->n < 1 || !probe_fits(judge, data, err))
        return err_set(err, ERR_USAGE, "judge: %s has no images in this split", data->name);
    size_t n = (size_t)data->n;
    float *logits = malloc(n * (size_t)classes * sizeof *logits);
    int *own = malloc(n * sizeof *own), *answer = guess ? guess : own;
    bool ok = (logits && own) || err_nomem(err, "the judge's answers");
    ok = ok && encoder_features_of_bytes(NULL, logits, judge, data->px, n, pool, err);
    if (ok) {
        long hits = 0;
        probe_guess(answer, logits, data->n, classes);
        for (int i = 0; i < data->n; i++) hits += answer[i] == data->label[i];
        *out = figure_of(hits, data->n);
    }
    free(logits);
    free(own);
    return ok;
}
