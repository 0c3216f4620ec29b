/* A run's share from the tray: the kept views are written into its folder once (tray.jsonl), so that whatever
 * becomes of the tray, the run stays the same run. */
#include "base/file.h"
#include "engine/jsonl.h"
#include "engine/train_run.h"
#include "latent/latent.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool name_file(char out[4096], const TrainRun *r, Err *err)
{
    return file_join(out, 4096, r->run.folder, "tray.jsonl", err);
}

/* Views of the run's model, their tensors put into the store. */
static bool take_items(Train *t, Tray *tray, const TrayList *items, Err *err)
{
    t->corner = malloc((size_t)(items->n + 1) * sizeof *t->corner);
    if (!t->corner) return err_nomem(err, "views of the tray");
    for (int i = 0; i < items->n; i++) {
        Address *a = &t->corner[t->corners];
        if (!address_parse(a, items->item[i].address, NULL) || strcmp(a->digest, t->generator->digest))
            continue;
        if (!tray_supply(tray, a, err) || !latent_check(t->generator, a, err)) return false;
        t->corners++;
    }
    return true;
}

bool train_tray(Train *t, Tray *tray, const char *tag, float share, Err *err)
{
    TrayList items;
    if (!t->generator || !views_generated(t->config.maker))
        return err_set(err, ERR_USAGE, "a share from the tray needs views of a generator");
    if (!tray_list(&items, tray, &(TrayFilter){.tag = tag}, err)) return false;
    free(t->corner);
    t->corner = NULL;
    t->corners = 0;
    bool ok = take_items(t, tray, &items, err);
    tray_list_free(&items);
    if (ok && !t->corners)
        ok = tag ? err_set(err, ERR_USAGE, "the tray keeps no view of %s with the tag \"%s\"",
                           t->generator->slug, tag)
                 : err_set(err, ERR_USAGE, "the tray keeps no view of %s", t->generator->slug);
    t->config.control.share = ok ? share : 0;
    t->config.tray = ok ? views_corners_mark(t->corner, t->corners) : 0;
    return ok;
}

/* --- in the run's folder
 * -------------------------------------------------------------------------------------- */

static bool write_corners(const Train *t, const char *path, Err *err)
{
    char text[ADDRESS_BYTES_MAX + 1];
    FileWriter *w = file_write_begin(path, err);
    bool ok = w != NULL;
    for (int i = 0; ok && i < t->corners; i++) {
        ok = address_print(text, &t->corner[i], err) && file_write(w, "{\"address\":\"", 12, err) &&
             file_write(w, text, strlen(text), err) && file_write(w, "\"}\n", 3, err);
    }
    if (w && ok) return file_write_commit(w, err);
    if (w) file_write_abort(w);
    return false;
}

static bool read_row(void *ctx, const Json *row)
{
    Train *t = ctx;
    const char *text = json_str(row, "address", NULL);
    Address *more = realloc(t->corner, (size_t)(t->corners + 1) * sizeof *more);
    if (!more) return false;
    t->corner = more;
    t->corners += text && address_parse(&t->corner[t->corners], text, NULL);
    return true;
}

bool run_tray(TrainRun *r, Err *err)
{
    char path[4096];
    size_t offset = 0;
    Train *t = r->set;
    if (!t->config.tray) return true;
    if (!name_file(path, r, err)) return false;
    if (!file_exists(path)) return !t->corners || write_corners(t, path, err);
    t->corners = 0;
    return jsonl_each(path, &offset, read_row, t, err);
}

bool run_give_corners(const TrainRun *r, Trainer *trainer, Err *err)
{
    const Train *t = r->set;
    if (!trainer_config(trainer)->tray) return true;
    if (!t->corners)
        return err_set(err, ERR_FORMAT, "run %s takes a share from the tray, but its tray.jsonl is gone",
                       r->run.id);
    return trainer_corners(trainer, t->corner, t->corners, err);
}
