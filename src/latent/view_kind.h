/* Latent views: how a generator makes the positive of an anchor (GenRep's T_z and T_steer). One table; kinds
 * combine.
 *
 *     ViewPlan p = view_plan_gauss;                         view_kinds_read(&p.kinds, "layers+walk", err);
 *     view_plan_check(&p, generator, err);
 *     view_move(&address, &p, sigma, generator, counter);   of (address, plan, sigma, counter) alone
 *
 * Whatever moves, the result is a plain address: of another z by its view, of other edits, of another seed.
 */
#pragma once
#include "latent/address.h"
#include "model/generator.h"

/* moves_z: they exclude one another.
 *    id           name           moves_z what it is */
#define VIEW_KINDS(X)                                                                                        \
    X(GAUSS, "gauss", true, "z plus a normal of strength sigma, cut at two deviations (GenRep)")             \
    X(ANGULAR, "angular", true, "the same, then as long as the anchor's z again")                            \
    X(LAYERS, "layers", true, "z displaced for every style layer by itself, each by a strength of its own")  \
    X(INDEPENDENT, "independent", false, "another z of the anchor's class")                                  \
    X(WALK, "walk", false, "one of the model's walks, by an amount within its measured reach")               \
    X(WALKS, "walks", false, "all of the model's walks at once, each within its reach")

typedef enum {
#define X(id, name, moves_z, help) VIEW_##id,
    VIEW_KINDS(X)
#undef X
        VIEW_KIND_COUNT
} ViewKind;

#define VIEW_KINDS_TEXT  64
#define VIEW_LAYERS_TEXT 512

typedef struct {
    uint32_t kinds;                  /* bit 1 << ViewKind; 0: the positive is the anchor's own picture */
    float layer[ADDRESS_LAYERS_MAX]; /* of kind LAYERS: strength of each style layer, [0, 10] */
    float reach; /* of the walks: amounts are drawn evenly from this share of their reach, (0, 4] */
} ViewPlan;

extern const ViewPlan view_plan_gauss; /* kind GAUSS, reach 1 */

const char *view_kind_name(ViewKind k);
const char *view_kind_help(ViewKind k);
/* "none", or names joined by "+". The error lists the names, or says which exclude one another. */
bool view_kinds_read(uint32_t *out, const char *text, Err *err);
void view_kinds_text(char out[VIEW_KINDS_TEXT], uint32_t kinds);
/* "1-2:0.2,3-6:0.8": ranges of layers, or single ones, each with its strength; others 0. "none": all 0. */
bool view_layers_read(float layer[ADDRESS_LAYERS_MAX], const char *text, Err *err);
void view_layers_text(char out[VIEW_LAYERS_TEXT], const float layer[ADDRESS_LAYERS_MAX]);
/* Whether g can make such views: walks that it has, layers that it has, a class to stay in. */
bool view_plan_check(const ViewPlan *p, const Generator *g, Err *err);
/* Whether sigma is what strength they have (gauss, angular). */
bool view_takes_sigma(const ViewPlan *p);
/* Whether positives differ from their anchors. */
bool view_plan_moves(const ViewPlan *p, float sigma);
/* a becomes view `counter` of itself; sigma 0 leaves z to the other kinds. g: as checked. */
void view_move(Address *a, const ViewPlan *p, float sigma, const Generator *g, uint64_t counter);
