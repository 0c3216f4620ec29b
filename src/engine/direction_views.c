/* The views a direction is learnt from: tags of the tray, or plain views where one side is not named. */
#include "engine/direction_job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN_LEAST = 32, PLAIN_TIMES = 4 };

bool direction_tagged(Address **list, int *n, Tray *tray, const Generator *g, const char *tag, Err *err)
{
    TrayList all;
    *n = 0;
    *list = NULL;
    if (!tray_list(&all, tray, &(TrayFilter){.tag = tag, .states = TRAY_MASK(TRAY_KEPT)}, err)) return false;
    Address *found = malloc((size_t)(all.n + 1) * sizeof *found);
    for (int i = 0; found && i < all.n; i++)
        if (address_parse(&found[*n], all.item[i].address, NULL) && latent_check(g, &found[*n], NULL)) ++*n;
    tray_list_free(&all);
    if (!found) return err_nomem(err, "views");
    if (*n) return *list = found, true;
    free(found);
    return err_set(err, ERR_USAGE, "no view in the tray has the tag \"%s\"", tag);
}

bool direction_plain(DirectionTask *t, Err *err)
{
    int n = t->pluses * PLAIN_TIMES > PLAIN_LEAST ? t->pluses * PLAIN_TIMES : PLAIN_LEAST;
    t->minus = malloc((size_t)n * sizeof *t->minus);
    if (!t->minus) return err_nomem(err, "views");
    for (int i = 0; i < n; i++) {
        const Address *like = &t->plus[i % t->pluses];
        t->minus[i] = address_of_seed(like->slug, like->digest, (uint64_t)i + 1, like->class, like->psi);
    }
    t->minuses = n;
    snprintf(t->minus_name, sizeof t->minus_name, "plain views");
    return true;
}
