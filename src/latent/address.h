/* An address says everything needed to make one view again, bit for bit; this is its grammar, both ways.
 *
 *     address = "vs1:" slug "@" 16hex "/" source *("/" mix) ["/class=" uint] "/psi=" num [":" range] *("/" edit)
 *               ["/noise=" ("off" / u64)] *("/" pix) ["/view=" view]
 *     source  = "seed=" u64 / "blend=" u64 3("," u64) ":" num "," num / "lerp=" ref "," ref ":" num / "latent=" lat
 *     ref     = u64 / lat      lat = ("z" / "w" / "wp") "." 16hex
 *     mix     = "mix=" ref ":" range             edit = dir "=" num [":" range]      range = uint "-" uint
 *     dir     = slug ["." 8hex]
 *     pix     = "px-" slug "=" num *("," num)
 *     view    = kind ":" num *("," num) ":" u64 [":" recipe "." 8hex ":" u64]   several: one for each style layer
 *
 * An Address is kept normalised: mixes sorted and disjoint, edits sorted by (range, direction), equal ones summed,
 * zeros dropped, pixel operators in the order of their table. Two addresses of the same view therefore print alike. */
#pragma once
#include "base/err.h"
#include "latent/pixel_ops.h"
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_BYTES_MAX  1024 /* of the text, without the NUL */
#define ADDRESS_EDITS_MAX  32
#define ADDRESS_LAYERS_MAX 32   /* a range ends here at the latest, and disjoint mixes are no more than that */
#define ADDRESS_SLUG_MAX   39
#define ADDRESS_DIR_MAX    47

typedef enum { REF_SEED, REF_Z, REF_W, REF_WP } RefKind;
/* A latent: the z of a seed, or a tensor in the store: z (z_dim), w (w_dim), or wp: w per layer (layers, w_dim). */
typedef struct {
    RefKind kind;
    uint64_t id; /* the seed, or the first 64 bits of the tensor's SHA-256 */
} LatentRef;

typedef enum { SOURCE_SEED, SOURCE_BLEND, SOURCE_LERP, SOURCE_LATENT } SourceKind;
typedef struct {
    SourceKind kind;
    LatentRef ref[4]; /* 1 of a seed or latent, 2 of a lerp, 4 of a blend: top left, top right, bottom left, bottom right */
    float at[2];      /* lerp: at[0] of the way from ref[0] to ref[1]; blend: across, down */
} AddressSource;

/* Style layers first..last, 1-based, inclusive; 0, 0: all layers. */
typedef struct {
    int first, last;
} LayerRange;

typedef struct {
    LatentRef ref;
    LayerRange range; /* never all */
} AddressMix;

typedef struct {
    char dir[ADDRESS_DIR_MAX + 1];
    bool hashed; /* a direction that is not the model's own, named by the hash too */
    uint32_t hash;
    float amount;
    LayerRange range;
} AddressEdit;

typedef enum { NOISE_STORED, NOISE_OFF, NOISE_SEEDED } NoiseKind;

/* A latent view of kind `kind` (empty: none), then the pixel recipe (empty: none). */
typedef struct {
    char kind[16];
    float strength; /* >= 0; the largest, where every layer has one of its own */
    float layer[ADDRESS_LAYERS_MAX];
    int layers; /* 0: one strength for all */
    uint64_t counter;
    char recipe[24];
    uint32_t recipe_hash;
    uint64_t recipe_counter;
} AddressView;

typedef struct {
    char slug[ADDRESS_SLUG_MAX + 1];
    char digest[17];
    AddressSource source;
    AddressMix mix[ADDRESS_LAYERS_MAX];
    AddressEdit edit[ADDRESS_EDITS_MAX];
    PixelOp pix[PIXEL_OPS];
    int mixes, edits, pixes;
    int class; /* -1: none */
    float psi;
    LayerRange psi_range;
    NoiseKind noise;
    uint64_t noise_seed;
    AddressView view;
} Address;

/* Gives v one strength for each of n style layers, n >= 1. */
void address_view_layers(AddressView *v, const float *layer, int n);
/* The address of seed's plain view at psi; class -1 when unconditional. */
Address address_of_seed(const char *slug, const char *digest, uint64_t seed, int class, float psi);

/* Reads text (any order of its fields after the model). Refuses duplicates, unknown fields, more than 1 KiB or 32
 * edits, naming the column (from 1). *out is normalised; untouched on error. */
bool address_parse(Address *out, const char *text, Err *err);
/* The one canonical text of a, normalised as above, into out[ADDRESS_BYTES_MAX + 1]. Fails where a number is outside
 * of what an address can hold or the text would be over 1 KiB. */
bool address_print(char out[ADDRESS_BYTES_MAX + 1], const Address *a, Err *err);
/* Reads one field ("psi=0.7:1-4", "heel=1.5", "mix=12:4-6") into a, replacing the field it already has: a source the
 * source, an edit the same direction on the same range, a mix every mix that it overlaps. a is untouched on error. */
bool address_set(Address *a, const char *field, Err *err);
/* Brings a into the canonical form. Fails on overlapping mixes, and on an edit's sum over 1e6. */
bool address_normalise(Address *a, Err *err);
bool address_equal(const Address *a, const Address *b);

/* "z.0123456789abcdef", or the seed in decimals. Reading is strict and takes the whole text. */
void latent_ref_print(char out[24], const LatentRef *ref);
bool latent_ref_parse(LatentRef *out, const char *text, Err *err);
