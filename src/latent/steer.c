/* The tree of addresses behind undo and redo. */
#include "latent/steer.h"
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

typedef struct Step Step;
struct Step {
    Address address;
    char merge[64];
    Step *parent, *child,
        *next; /* child: the branch that redo follows; next: the following branch, in a ring */
};

struct Steer {
    Step *root, *now;
    int steps;
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
        s->steps = 1;
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
