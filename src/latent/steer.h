/* Steering in words: one textual, absolute command changes an address, and a tree of addresses gives undo and
 * redo. The screen, the journal and the command line all speak this.
 *
 *     seed N | latent KIND.HASH | blend A,B,C,D ACROSS,DOWN | lerp A,B T     the source
 *     class NAME|N              psi X [A-B]
 *     set DIRECTION X [A-B]     one edit, 0 takes it away
 *     mix REF A-B | mix off     style of another latent on layers A to B
 *     noise stored|off|N        view KIND:STRENGTH:COUNTER | view off
 *     px NAME PARAMETER=VALUE ..                                             a pixel operator; what is not said stays,
 *     px NAME V,V.. | px NAME off                                            or begins as in latent/pixel_ops.h
 *     reset                     no mixes, edits, pixel operators or view; psi 1; stored noise
 *     go ADDRESS                all of it at once */
#pragma once
#include "latent/address.h"
#include "model/generator.h"

#define STEER_NODES_MAX 10000 /* the oldest steps are forgotten beyond this */

/* Applies one command to a, which stays valid for g. a is untouched on error. */
bool steer_apply(Address *a, const Generator *g, const char *command, Err *err);
/* One number of a view by name: "psi", a direction of g, "px-blur" (its strength) or "px-occlude.x". */
bool steer_amount(Address *a, const Generator *g, const char *what, float amount, Err *err);
/* Which pixel operator and which of its values such a name means. */
bool steer_pixel(PixelOpKind *op, int *part, const char *what, Err *err);
/* The start: seed's plain view with class (by number, clamped) and psi. */
Address steer_start(const Generator *g, uint64_t seed, int class, float psi);

typedef struct Steer Steer;

Steer *steer_new(const Address *start, Err *err);
void steer_free(Steer *s);
const Address *steer_now(const Steer *s);
/* Applies and remembers. A command that changes nothing adds no step. With `merge`, a step that was made with
 * the same merge key is replaced: a drag of one slider is one step. merge NULL: always a step of its own. */
bool steer_do(Steer *s, const Generator *g, const char *command, const char *merge, Err *err);
/* Remembers an address that came from elsewhere (a pick, a paste). */
bool steer_push(Steer *s, const Address *a, Err *err);
/* False at the root, or where nothing was undone. Redo follows the branch last walked. */
bool steer_undo(Steer *s);
bool steer_redo(Steer *s);
/* Makes redo follow the next of the branches that begin here; their count, 0 at a leaf. */
int steer_branch(Steer *s);
int steer_depth(const Steer *s); /* steps from the root */

/* One state of the tree, for whoever draws it. */
typedef struct {
    int id;     /* of this state, from 1, as long as it is remembered */
    int column; /* 0: the line that redo follows from the root; each side branch stands one further right */
    uint64_t rails; /* bit k: the line in column k goes on below this row (columns above 63 are not told) */
    bool now;       /* where the tree stands */
    const Address *address,
        *before; /* before: of the parent, NULL at the root; both valid until the next change */
} SteerNode;
/* All states: each after its parent, side branches before the line goes on. Returns how many were written (at
 * most max). */
int steer_nodes(const Steer *s, SteerNode *out, int max);
int steer_count(const Steer *s);
int steer_id(const Steer *s); /* of the state it stands at */
/* Stands at a state; redo then leads back to where it stood, if that follows. False: no such id. */
bool steer_go(Steer *s, int id);
/* What leads from one address to another, in a few words: "pca-2 +0.75", "seed 4711", "class bag and 2 more".
 * from NULL: what to is. */
void steer_describe(char *out, size_t cap, const Generator *g, const Address *from, const Address *to);
