/* The tree of addresses behind undo and redo. */
#include "latent/steer.h"
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

typedef struct Step Step;
struct Step {
    Address address;
    char merge[64];
    int id;
    Step *parent, *child,
        *next; /* child: the branch that redo follows; next: the following branch, in a ring */
};

struct Steer {
    Step *root, *now;
    int steps, ids; /* ids: given so far */
};

static Step *step_new(const Address *a, const char *merge)
{
    Step *step = calloc(1, sizeof *step);
    if (!step) return NULL;
    memcpy(&step->address, a, sizeof *a);
    snprintf(step->merge, sizeof step->merge, "%s", merge ? merge : "");
    step->next = step;
    return step;
}

Steer *steer_new(const Address *start, Err *err)
{
    Steer *s = calloc(1, sizeof *s);
    if (s) s->root = s->now = step_new(start, NULL);
    if (s && s->root) {
        s->steps = s->ids = s->root->id = 1;
        return s;
    }
    free(s);
    err_nomem(err, "the history of steering");
    return NULL;
}

/* Takes a step out of its parent's ring of branches. */
static void unlink_step(Step *step)
{
    Step *before = step;
    while (before->next != step) before = before->next;
    if (step->parent && step->parent->child == step) step->parent->child = before == step ? NULL : before;
    before->next = step->next;
    step->next = step;
}

/* Frees a step and all that follows, leaf by leaf, so that a long history needs no deep stack. Returns their
 * count. */
static int free_tree(Step *top)
{
    int count = 0;
    unlink_step(top);
    for (Step *at = top, *parent; at; at = parent) {
        while (at->child) at = at->child;
        parent = at == top ? NULL : at->parent;
        unlink_step(at);
        free(at);
        count++;
    }
    return count;
}

void steer_free(Steer *s)
{
    if (!s) return;
    free_tree(s->root);
    free(s);
}

const Address *steer_now(const Steer *s)
{
    return &s->now->address;
}

/* Drops the root: the branch towards now becomes the tree, other branches go. */
static void forget_oldest(Steer *s)
{
    Step *heir = s->now;
    while (heir->parent && heir->parent != s->root) heir = heir->parent;
    unlink_step(heir);
    heir->parent = NULL;
    s->steps -= free_tree(s->root);
    s->root = heir;
}

static bool add_step(Steer *s, const Address *a, const char *merge, Err *err)
{
    Step *step = step_new(a, merge);
    if (!step) return err_nomem(err, "the history of steering");
    step->parent = s->now;
    step->id = ++s->ids;
    if (s->now->child) {
        step->next = s->now->child->next;
        s->now->child->next = step;
    }
    s->now->child = step;
    s->now = step;
    if (++s->steps > STEER_NODES_MAX) forget_oldest(s);
    return true;
}

static bool remember(Steer *s, const Address *a, const char *merge, Err *err)
{
    if (address_equal(a, &s->now->address)) return true;
    bool same = merge && *merge && !strcmp(s->now->merge, merge) && !s->now->child;
    if (!same) return add_step(s, a, merge, err);
    memcpy(&s->now->address, a, sizeof *a);
    return true;
}

bool steer_do(Steer *s, const Generator *g, const char *command, const char *merge, Err *err)
{
    Address changed;
    memcpy(&changed, &s->now->address, sizeof changed);
    return steer_apply(&changed, g, command, err) && remember(s, &changed, merge, err);
}

bool steer_push(Steer *s, const Address *a, Err *err)
{
    return remember(s, a, NULL, err);
}

bool steer_undo(Steer *s)
{
    if (!s->now->parent) return false;
    s->now->parent->child = s->now;
    s->now = s->now->parent;
    return true;
}

bool steer_redo(Steer *s)
{
    if (!s->now->child) return false;
    s->now = s->now->child;
    return true;
}

int steer_branch(Steer *s)
{
    int count = 0;
    Step *first = s->now->child, *at = first;
    if (!first) return 0;
    do {
        count++;
        at = at->next;
    } while (at != first);
    s->now->child = first->next;
    return count;
}

int steer_depth(const Steer *s)
{
    int depth = 0;
    for (const Step *at = s->now; at->parent; at = at->parent) depth++;
    return depth;
}

int steer_count(const Steer *s)
{
    return s->steps;
}

int steer_id(const Steer *s)
{
    return s->now->id;
}

/* The state listed after `at`: into its first branch, else to the next branch of the nearest parent that has
 * one. */
static const Step *next_listed(const Step *at)
{
    if (at->child) return at->child->next;
    while (at->parent && at->parent->child == at) at = at->parent;
    return at->parent ? at->next : NULL;
}

/* Which lines go on below each row is known from below. */
static void draw_rails(SteerNode *node, int n)
{
    uint64_t open = 0;
    for (int i = n - 1; i >= 0; i--) {
        int column = node[i].column < 63 ? node[i].column : 63;
        uint64_t upto = column == 63 ? ~(uint64_t)0 : ((uint64_t)2 << column) - 1;
        node[i].rails = open & upto;
        open = node[i].rails | (uint64_t)1 << column;
    }
}

int steer_nodes(const Steer *s, SteerNode *out, int max)
{
    int n = 0, column = 0;
    for (const Step *at = s->root, *last = NULL; at && n < max; last = at, at = next_listed(at)) {
        if (at->parent && at->parent != last) /* back from a branch */
            for (const Step *up = last; up != at->parent; up = up->parent) column -= up->parent->child != up;
        column += at->parent && at->parent->child != at;
        out[n++] = (SteerNode){.id = at->id,
                               .column = column,
                               .now = at == s->now,
                               .address = &at->address,
                               .before = at->parent ? &at->parent->address : NULL};
    }
    draw_rails(out, n);
    return n;
}

bool steer_go(Steer *s, int id)
{
    const Step *listed = s->root;
    while (listed && listed->id != id) listed = next_listed(listed);
    if (!listed) return false;
    while (steer_undo(s)) continue; /* leaves the way back to redo */
    Step *to = listed == s->root ? s->root : listed->parent->child;
    while (to != listed) to = to->next;
    for (Step *up = to; up->parent; up = up->parent) up->parent->child = up;
    s->now = to;
    return true;
}
