/* Ways between views: an address for every step from one view to the next. */
#pragma once
#include "latent/latent.h"
#include "latent/store.h"

/* out[frames] (at least 2) from a to b, both ends as they are given. Where both are plain sources of one
 * class (seeds or stored latents, any edits and psi) the steps are lerps of their sources with edits, psi and
 * pixel operators between; else styles are kept in the store and those are lerped. `smooth`: slow at both
 * ends. */
bool path_between(Address *out, int frames, const Address *a, const Address *b, bool smooth, Latent *l,
                  const LatentStore *s, Err *err);
/* Through n stops (at least 2), each stop once; frames >= n in all. A way that ends where it began (last stop
 * equal to the first) leaves the repeated end out, so that it can go round. */
bool path_through(Address *out, int frames, const Address *stop, int n, bool smooth, Latent *l,
                  const LatentStore *s, Err *err);
