/* The stream of pairs that training draws from. */
#include "latent/stream.h"
#include "base/order.h"
#include "base/rng.h"
#include <string.h>

Stream stream_of(const Generator *g, uint64_t seed)
{
    Stream s = {.classes = g->config.classes, .balanced = true, .seed = seed, .psi = 1, .sigma = 0.2f};
    s.plan = view_plan_gauss;
    s.generator = g;
    memcpy(s.slug, g->slug, sizeof s.slug);
    memcpy(s.digest, g->digest, sizeof s.digest);
    return s;
}

/* Balanced: every run of `classes` samples goes round once, from a place drawn for that run. */
static int class_of(const Stream *s, uint64_t anchor)
{
    uint64_t classes = (uint64_t)s->classes;
    if (!classes) return -1;
    Rng r = rng_at(rng_mix(s->seed, s->balanced ? anchor / classes : anchor), RNG_CLASS);
    uint64_t drawn = rng_below(&r, (uint32_t)classes);
    return (int)(s->balanced ? (anchor + drawn) % classes : drawn);
}

uint64_t stream_anchor(const Stream *s, uint64_t index)
{
    uint64_t round = s->anchors ? index / s->anchors : 0;
    return round ? order_at(index % s->anchors, s->anchors, rng_mix(s->seed, round)) : index;
}

/* The view that an anchor shows in its round-th turn. */
static uint64_t view_of(const Stream *s, uint64_t anchor, uint64_t round)
{
    uint64_t k = s->neighbours;
    return k ? order_at(round % k, k, rng_mix(rng_mix(s->seed, anchor), round / k)) : round;
}

void stream_pair_again(Address *anchor, Address *positive, const Stream *s, uint64_t index, int again)
{
    uint64_t which = stream_anchor(s, index), round = s->anchors ? index / s->anchors : 0;
    uint64_t seed = rng_mix(s->seed, which);
    if (again) seed = rng_mix(seed, (uint64_t)again);
    *anchor = address_of_seed(s->slug, s->digest, seed, class_of(s, which), s->psi);
    if (!positive) return;
    memcpy(positive, anchor, sizeof *positive);
    view_move(positive, &s->plan, s->sigma, s->generator, view_of(s, which, round));
}

void stream_pair(Address *anchor, Address *positive, const Stream *s, uint64_t index)
{
    stream_pair_again(anchor, positive, s, index, 0);
}
