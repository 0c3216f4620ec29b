/* Labels and latents of a batch, from its addresses and the data set. */
#include "learn/truth.h"
#include "latent/latent.h"

void truth_labels(int *label, const Views *v, int pairs, uint64_t step, float sigma)
{
    for (int row = 0; row < pairs; row++) {
        Address a;
        if (views_is_real(v, row)) {
            label[row] = views_data(v)->label[views_index(v, step, row)];
        } else {
            views_address(&a, v, step, sigma, row);
            label[row] = a.class;
        }
        label[row + pairs] = label[row]; /* no view leaves its anchor's class */
    }
}

bool truth_latents(float *target, const Views *v, int pairs, uint64_t step, float sigma, Err *err)
{
    const Latent *l = views_latent(v);
    size_t z_dim = (size_t)latent_generator(l)->config.z_dim;
    for (int row = 0; row < 2 * pairs; row++) {
        Address a;
        views_address(&a, v, step, sigma, row);
        if (a.source.kind != SOURCE_SEED && a.source.kind != SOURCE_LATENT)
            return err_set(err, ERR_USAGE, "a kept view between several latents has no z to be found");
        if (!latent_z(target + (size_t)row * z_dim, l, &a.source.ref[0], &a.view, err)) return false;
    }
    return true;
}
