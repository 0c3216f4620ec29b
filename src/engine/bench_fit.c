/* A GAN with the settings of `viewsmith fit`; what its pictures show changes no time, so they are drawn. */
#include "engine/bench_fit.h"
#include "base/rng.h"
#include <stdlib.h>

enum { IMAGES = 512, SIDE = 28, CLASSES = 10 };

struct BenchFit {
    Dataset real;
    Gan *gan;
};

static bool draw_images(Dataset *real, Err *err)
{
    Rng r = rng_at(0, RNG_TEST);
    *real = (Dataset){.n = IMAGES, .c = 1, .h = SIDE, .w = SIDE, .classes = CLASSES};
    real->px = malloc(IMAGES * SIDE * SIDE);
    real->label = malloc(IMAGES * sizeof *real->label);
    if (!real->px || !real->label) return err_nomem(err, "a bench");
    for (int i = 0; i < IMAGES * SIDE * SIDE; i++) real->px[i] = (uint8_t)rng_below(&r, 256);
    for (int i = 0; i < IMAGES; i++) real->label[i] = i % CLASSES;
    return true;
}

BenchFit *bench_fit_open(int batch, Pool *pool, Err *err)
{
    BenchFit *f = calloc(1, sizeof *f);
    if (!f) return err_nomem(err, "a bench"), NULL;
    if (draw_images(&f->real, err)) {
        GanConfig config = gan_defaults(&f->real);
        config.batch = batch;
        f->gan = gan_new(&config, &f->real, pool, err);
    }
    if (f->gan) return f;
    bench_fit_close(f);
    return NULL;
}

void bench_fit_close(BenchFit *f)
{
    if (!f) return;
    gan_free(f->gan);
    free(f->real.px);
    free(f->real.label);
    free(f);
}

bool bench_fit_once(BenchFit *f, Err *err)
{
    GanStats stats;
    return gan_step(f->gan, &stats, err);
}

void bench_fit_parts(GanPart part[GAN_PARTS], const BenchFit *f)
{
    gan_parts(part, f->gan);
}
