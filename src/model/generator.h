/* A generator as the rest of the program sees it, whoever made it: latents in, pictures out, one style per
 * layer.
 *
 *     Generator *g;  generator_open(&g, "models/fashion.safetensors", err);
 *     GenExec *run = generator_exec(g, 64, pool, err);
 *     generator_map(run, w, z, onehot, n);              z -> w            (n, w_dim)
 *     generator_paint(run, image, styles, NULL, n);     w per layer -> picture in [-1, 1]
 *     gen_exec_free(run);  generator_drop(g);
 *
 * Our own ones are style-based (StyleGAN2, Karras et al. 2020) and class-conditional: z and class -> mapping
 * network -> w; w modulates every layer; each layer may add noise; truncation pulls w towards the mean w of
 * the class. A generator is immutable and reference-counted; every user makes its own GenExec. */
#pragma once
#include "data/safetensors.h"
#include "net/exec.h"

#define GENERATOR_LAYERS_MAX 32

/* What z are drawn from: normal; uniform on [-1, 1); normal cut to [-2, 2]. */
typedef enum { LATENT_NORMAL, LATENT_UNIFORM, LATENT_TRUNCATED } LatentKind;

typedef struct {
    int z_dim, w_dim;
    int classes;        /* 0: unconditional */
    int size, channels; /* picture side and 1 or 3 channels */
    int mapping_layers; /* 0: imported, its nets come with it, and what follows is empty */
    int stages;         /* resolutions, the first size >> (stages - 1) */
    int width[8];       /* channels at each resolution, coarse to fine */
} GeneratorConfig;

#define DIRECTION_MARKS 13
/* A direction that moves w (edit = amount * vector; 1.0 is one standard deviation of w along it), and what is
 * known of it: what it does to pictures, and for a trained walk how far which amount gets. */
typedef struct {
    char name[48];       /* slug: "pca-1", "rotate" ... */
    const float *vector; /* (w_dim), the same for every layer; or, layered, (layers, w_dim) */
    bool layered;        /* 1.0 is then one standard deviation in the root mean square over layers */
    float
        share; /* of the variance (PCA) or eigenvalue share (SeFa): for ordering and the screen; 0: neither */
    char caption[64]; /* what more of it does, most first: "wider, darker"; "": not measured */
    char unit[12];    /* of reach: "deg", "px", "times", "levels"; "": not a walk */
    float low, high;  /* amounts where reach ends or pictures leave the real ones; 0, 0: not known */
    int marks;        /* measured: amounts ascending, and the mean reached there over many views */
    float mark[DIRECTION_MARKS], reach[DIRECTION_MARKS];
    float real[DIRECTION_MARKS]; /* share of pictures there that still look real, 0..1; NaN: not measured */
} Direction;

/* What `amount` reaches in the direction's unit: straight lines between marks, flat outside; NaN when not
 * measured. */
float direction_reach(const Direction *d, float amount);

typedef struct Generator {
    char slug[40];   /* the model's name in addresses */
    char digest[17]; /* 16 hex of SHA-256 over graph and tensors */
    GeneratorConfig config;
    int layers; /* styles: 1-based in addresses */
    int noises; /* noise maps; sides below */
    int noise_side[GENERATOR_LAYERS_MAX];
    Net *mapping;   /* ports z, class (when conditional), w */
    Net *synthesis; /* ports w1..wL, noise1..noiseK, image */
    Weights *mapping_weights, *synthesis_weights;
    float *w_mean;        /* (classes or 1, w_dim) */
    float *noise;         /* stored noise maps one after another */
    Direction *direction; /* stored in the file, in order */
    int directions;
    char **class_name; /* (classes) */
    char *card;        /* JSON text: source, licence, what it saw, recipe */
    float *block;      /* owns the direction vectors: room of (layers, w_dim) for each */
    LatentKind latent;
    bool straight; /* w begins with z itself: there is no mapping to speak of */
    float low,
        high;   /* range of the imported file's own output, which leaves here in [-1, 1]; else -1 and 1 */
    bool exact; /* to be run without Winograd's reordered sums (net/exec.h); set before it is shared */
    int refs;
} Generator;

/* The two networks of a style-based generator. The caller frees with net_free. */
Net *generator_mapping(const GeneratorConfig *c, Err *err);
Net *generator_synthesis(const GeneratorConfig *c, Err *err);
/* Style layers and noise maps that config implies; noise_side may be NULL. */
int generator_layers(const GeneratorConfig *c, int *noises, int *noise_side);

/* Our own files strictly: refuses what is missing, extra, of another shape, or not finite, naming file and
 * tensor. Any other file is imported (model/import.h), by the spec beside it where there is one. */
bool generator_open(Generator **out, const char *path, Err *err);
/* A generator around trained weights (copied: their nets may go before it): w_mean is estimated per class
 * from 10,000 latents of (seed, RNG_LATENT), stored noise is drawn, directions are PCA of w (GANSpace,
 * Haerkoenen et al. 2020) and SeFa (Shen & Zhou 2021). */
bool generator_make(Generator **out, const GeneratorConfig *c, Weights *mapping, Weights *synthesis,
                    const char *slug, char *const *class_name, const char *card, uint64_t seed, Pool *pool,
                    Err *err);
bool generator_save(const Generator *g, const char *path, Err *err);
Generator *generator_keep(Generator *g);
void generator_drop(Generator *g);
/* NULL when there is none of that name. */
const Direction *generator_direction(const Generator *g, const char *name);
/* Floats of a direction's vector. */
size_t direction_floats(const Generator *g, const Direction *d);
/* A generator like g with `n` directions more, whose vectors are copied; those of a name that g has take its
 * place. Its digest is another. card NULL: that of g. The caller drops both. */
bool generator_with(Generator **out, const Generator *g, const Direction *more, int n, const char *card,
                    Err *err);
/* 16 hex of SHA-256 over the weights of both networks: what styles mean. It stays when directions are added.
 */
void generator_weights_digest(char out[17], const Generator *g);
/* Covariance (w_dim, w_dim) of w around the mean of its class, over 10,000 latents of (seed, RNG_LATENT). */
bool generator_spread(double *cov, const Generator *g, uint64_t seed, Pool *pool, Err *err);
/* Standard deviation along the unit vector v (n): sqrt(v^T cov v). */
double generator_deviation(const double *cov, const double *v, int n);

typedef struct GenExec GenExec;

GenExec *generator_exec(Generator *g, int batch, Pool *pool, Err *err); /* keeps g */
void gen_exec_free(GenExec *e);
/* w (n, w_dim) from z (n, z_dim) and onehot (n, classes; NULL when unconditional), before truncation. n <=
 * batch. */
void generator_map(GenExec *e, float *w, const float *z, const float *onehot, int n);
/* image (n, C, H, W) in [-1, 1] from styles (n, layers, w_dim); noise NULL: stored noise for every image;
 * else one pointer per image to its maps one after another (NULL entry: no noise). */
void generator_paint(GenExec *e, float *image, const float *styles, const float *const *noise, int n);
/* The z (z_dim) of a seed. */
void generator_draw(float *z, const Generator *g, uint64_t seed);
/* A picture as the imported file itself would have it: x (n floats) in [-1, 1] to low .. high, in place. */
void generator_raw(float *x, const Generator *g, size_t n);
/* Floats of one image's noise maps. */
size_t generator_noise_floats(const Generator *g);
size_t generator_image_floats(const Generator *g);
