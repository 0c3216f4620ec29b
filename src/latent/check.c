/* Whether a generator can make an address. */
#include "latent/latent.h"
#include <string.h>

static bool check_range(const Generator *g, LayerRange r, const char *field, Err *err)
{
    if (r.last <= g->layers) return true;
    return err_set(err, ERR_USAGE, "%s reaches layer %d, but %s has %d style layers", field, r.last, g->slug,
                   g->layers);
}

static bool check_class(const Generator *g, int class, Err *err)
{
    int classes = g->config.classes;
    if (!classes && class >= 0) return err_set(err, ERR_USAGE, "class=%d: %s has no classes", class, g->slug);
    if (classes && class < 0)
        return err_set(err, ERR_USAGE, "the class is missing: %s needs class=0 to class=%d", g->slug,
                       classes - 1);
    if (classes && class >= classes)
        return err_set(err, ERR_USAGE, "class=%d: the classes of %s are 0 to %d", class, g->slug,
                       classes - 1);
    return true;
}

static bool check_edit(const Generator *g, const AddressEdit *e, Err *err)
{
    if (!e->hashed && !generator_direction(g, e->dir)) /* one of one's own is looked for where it is used */
        return err_set(err, ERR_USAGE, "%s has no direction \"%s\"", g->slug, e->dir);
    return check_range(g, e->range, e->dir, err);
}

/* The kinds that move z and so stand in an address; the others are edits and seeds there. */
static bool check_kind(const Generator *g, const AddressView *v, Err *err)
{
    bool layered = !strcmp(v->kind, "layers");
    int strengths = v->layers ? v->layers : 1;
    if (strcmp(v->kind, "gauss") && strcmp(v->kind, "angular") && !layered)
        return err_set(err, ERR_USAGE, "view=%s: there are only the views gauss, angular and layers",
                       v->kind);
    if (strengths != (layered ? g->layers : 1))
        return err_set(err, ERR_USAGE, "view=%s has %d strengths: %s wants %d", v->kind, strengths, g->slug,
                       layered ? g->layers : 1);
    return true;
}

static bool check_view(const Generator *g, const Address *a, Err *err)
{
    const AddressSource *s = &a->source;
    int refs = s->kind == SOURCE_BLEND ? 4 : s->kind == SOURCE_LERP ? 2 : 1;
    if (!*a->view.kind) return true;
    if (!check_kind(g, &a->view, err)) return false;
    for (int i = 0; i < refs && a->view.strength > 0; i++)
        if (s->ref[i].kind == REF_W || s->ref[i].kind == REF_WP)
            return err_set(err, ERR_USAGE, "view=%s displaces z, but this source is a stored w",
                           a->view.kind);
    return true;
}

bool latent_check(const Generator *g, const Address *a, Err *err)
{
    if (strcmp(a->digest, g->digest))
        return err_set(err, ERR_USAGE, "the address is of model %s@%s, but %s@%s is open", a->slug, a->digest,
                       g->slug, g->digest);
    if (!check_class(g, a->class, err) || !check_range(g, a->psi_range, "psi", err) || !check_view(g, a, err))
        return false;
    for (int i = 0; i < a->mixes; i++)
        if (!check_range(g, a->mix[i].range, "mix", err)) return false;
    for (int i = 0; i < a->edits; i++)
        if (!check_edit(g, &a->edit[i], err)) return false;
    return true;
}
