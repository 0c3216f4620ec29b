/* What of the wall is in the tray already: its numbers and tags by address, read again when the tray changes.
 */
#include "tui/screens/views_state.h"
#include <stdio.h>
#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
    const KeptView *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static void read_tray(ViewsScreen *v, Tray *tray)
{
    TrayList list;
    Address a;
    KeptView *kept = NULL;
    int n = 0;
    if (!tray_list(&list, tray, &(TrayFilter){0}, NULL)) return;
    if (list.n) kept = malloc((size_t)list.n * sizeof *kept);
    for (int i = 0; kept && i < list.n; i++) {
        const TrayItem *it = &list.item[i];
        if (!address_parse(&a, it->address, NULL)) continue;
        kept[n] = (KeptView){.key = album_key(&a), .id = it->id, .near = it->near, .nearness = it->nearness};
        snprintf(kept[n].tags, sizeof kept[n].tags, "%s", it->tags);
        snprintf(kept[n++].note, sizeof kept[0].note, "%s", it->note);
    }
    if (kept) qsort(kept, (size_t)n, sizeof *kept, by_key);
    tray_list_free(&list);
    free(v->kept);
    v->kept = kept;
    v->kepts = kept ? n : 0;
}

/* A tray that is there is opened once the wall is; none is made for looking. */
bool kept_tick(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    if (!w->tray && !v->tray_tried && v->painting) {
        v->tray_tried = true;
        if (tray_exists()) world_tray(app);
    }
    if (!w->tray || (v->tray_seen && tray_changes(w->tray) == v->tray_seen)) return false;
    v->tray_seen = tray_changes(w->tray);
    read_tray(v, w->tray);
    return true;
}

const KeptView *views_kept(const ViewsScreen *v, const Address *a)
{
    KeptView wanted = {.key = v->kepts ? album_key(a) : 0};
    return v->kepts ? bsearch(&wanted, v->kept, (size_t)v->kepts, sizeof wanted, by_key) : NULL;
}
