/* Seeds and kept views as data sets. */
#include "engine/made.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *says;
} amongs[AMONGS] = {
    {"real", "training pictures"}, {"seeds", "generated views"}, {"tray", "views of the tray"}};

const char *among_name(Among a)
{
    return amongs[a].name;
}

const char *among_says(Among a)
{
    return amongs[a].says;
}

bool among_named(Among *out, const char *name, Err *err)
{
    for (int a = 0; a < AMONGS; a++)
        if (!strcmp(amongs[a].name, name)) return *out = (Among)a, true;
    return err_set(err, ERR_USAGE, "neighbours are looked for among real, seeds or tray, not \"%.40s\"",
                   name);
}

Address made_seed(const Generator *g, int i)
{
    int classes = g->config.classes;
    return address_of_seed(g->slug, g->digest, (uint64_t)i, classes ? i % classes : -1, 1);
}

/* Room for n views of g, and their names. */
static bool make_room(Made *m, const Generator *g, int n, const char *name, Err *err)
{
    static char *no_class[] = {(char *)(uintptr_t) ""};
    const GeneratorConfig *c = &g->config;
    *m = (Made){.list = malloc((size_t)(n ? n : 1) * sizeof *m->list)};
    snprintf(m->data.name, sizeof m->data.name, "%s", name);
    if (!m->list) return err_nomem(err, "generated pictures");
    return !n || dataset_allocate(&m->data, n, c->channels, c->size, c->size,
                                  c->classes ? g->class_name : no_class, c->classes ? c->classes : 1, err);
}

static void put(Made *m, int i, const Address *a, int origin)
{
    m->list[i] = *a;
    m->data.label[i] = a->class >= 0 ? a->class : 0;
    m->data.origin[i] = origin;
}

bool made_seeds(Made *out, const Generator *g, int n, Err *err)
{
    if (!make_room(out, g, n, "seeds", err)) return made_close(out), false;
    for (int i = 0; i < n; i++) {
        Address a = made_seed(g, i);
        put(out, i, &a, i);
    }
    return true;
}

/* Reads an item's address and sees to it that its tensors are there; false: this generator cannot make it. */
static bool can_make(Address *a, const TrayItem *it, const Generator *g, Tray *t)
{
    return address_parse(a, it->address, NULL) && latent_check(g, a, NULL) && tray_supply(t, a, NULL);
}

bool made_tray(Made *out, const Generator *g, Tray *t, Err *err)
{
    TrayList items;
    Address a;
    int n = 0;
    *out = (Made){0};
    if (!tray_list(&items, t, &(TrayFilter){0}, err)) return false;
    for (int i = 0; i < items.n; i++) n += can_make(&a, &items.item[i], g, t);
    bool ok = make_room(out, g, n, "tray", err);
    for (int i = 0, at = 0; ok && i < items.n && at < n; i++)
        if (can_make(&a, &items.item[i], g, t)) put(out, at++, &a, (int)items.item[i].id);
    tray_list_free(&items);
    if (!ok) made_close(out);
    return ok;
}

bool made_go(Made *m, Latent *l, int count, Err *err)
{
    size_t item = dataset_item_bytes(&m->data);
    int n = m->data.n - m->done < count ? m->data.n - m->done : count;
    float *pixel = n > 0 ? malloc((size_t)n * item * sizeof *pixel) : NULL;
    if (n < 1) return true;
    if (!pixel) return err_nomem(err, "generated pictures");
    bool ok = latent_images(pixel, l, m->list + m->done, n, err);
    if (ok) image_float_to_bytes(m->data.px + (size_t)m->done * item, pixel, (size_t)n * item);
    if (ok) m->done += n;
    free(pixel);
    return ok;
}

void made_close(Made *m)
{
    dataset_close(&m->data);
    free(m->list);
    *m = (Made){0};
}
