/* A person's own pictures as a Dataset: split by a hash of their paths, cropped and scaled by one rule. */
#include "base/file.h"
#include "base/text.h"
#include "data/dataset_source.h"
#include "data/folder.h"
#include "data/picture.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((size_t)4 << 30)

typedef struct {
    Digest hash;
    int item;
} Ranked;

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const Ranked *)a)->hash.byte, ((const Ranked *)b)->hash.byte, sizeof(Digest));
}

/* The split of every item of one class: ranks in hash order; a tenth TEST, a tenth VALID, the rest TRAIN. */
static void split_class(Split *split, const FolderItem *item, Ranked *ranked, int n)
{
    int tenth = (n + 5) / 10;
    if (tenth == 0 && n >= 3) tenth = 1;
    for (int i = 0; i < n; i++) ranked[i] = (Ranked){digest_of(item[i].path, strlen(item[i].path)), i};
    qsort(ranked, (size_t)n, sizeof *ranked, by_hash);
    for (int i = 0; i < n; i++)
        split[ranked[i].item] = i < tenth ? SPLIT_TEST : i < 2 * tenth ? SPLIT_VALID : SPLIT_TRAIN;
}

/* Marks the items of the wanted split; *kept counts them. */
static bool choose(bool *keep, int *kept, const Folder *f, Split wanted, Err *err)
{
    Split *split = malloc((size_t)f->n * sizeof *split);
    Ranked *ranked = malloc((size_t)f->n * sizeof *ranked);
    bool ok = (split && ranked) || err_nomem(err, "the pictures of a folder");
    for (int from = 0, to; ok && from < f->n; from = to) {
        for (to = from; to < f->n && f->item[to].label == f->item[from].label;) to++;
        split_class(split + from, f->item + from, ranked, to - from);
    }
    *kept = 0;
    for (int i = 0; ok && i < f->n; i++) {
        keep[i] = split[i] == wanted || (wanted == SPLIT_FULL_TRAIN && split[i] == SPLIT_VALID) ||
                  (wanted == SPLIT_FULL_TRAIN && split[i] == SPLIT_TRAIN);
        *kept += keep[i];
    }
    free(split);
    free(ranked);
    return ok;
}

/* Decodes one picture into the place behind the last; a picture that cannot be read is counted in *unread,
 * and only the first one's reason is kept. */
static bool add(Dataset *ds, const char *root, FolderItem *item, int origin, int *unread, Err *why, Err *err)
{
    char path[PATH_MAX];
    Image whole = {0}, tile = {0};
    Err local = {0};
    if (!file_join(path, sizeof path, root, item->path, err)) return false;
    if (picture_load(path, &whole, &local) && image_fit(&tile, &whole, ds->w, ds->c, &local)) {
        image_to_byte_planes(ds->px + (size_t)ds->n * dataset_item_bytes(ds), &tile);
        ds->label[ds->n] = item->label;
        ds->origin[ds->n] = origin;
        ds->path[ds->n++] = item->path;
        item->path = NULL; /* handed over */
    } else if (local.code == ERR_NOMEM) {
        err_set(err, local.code, "%s", local.msg);
    } else if ((*unread)++ == 0) {
        *why = local;
    }
    image_free(&whole);
    image_free(&tile);
    return local.code != ERR_NOMEM;
}

static void describe(Dataset *ds, const char *root, const Folder *f, Split split, int unread, const Err *why)
{
    char all[32], here[32], text[sizeof ds->sentence + PATH_MAX + sizeof why->msg];
    const char *last = strrchr(root, '/');
    text_count(all, sizeof all, f->n);
    text_count(here, sizeof here, ds->n);
    int n = snprintf(text, sizeof text, "%.150s: %d %s, %s pictures, of which %s are %s", root, f->classes,
                     f->classes == 1 ? "class" : "classes", all, here, dataset_split_name(split));
    if (f->other)
        n += snprintf(text + n, sizeof text - (size_t)n, "; %d not PNG or JPEG (%.60s)", f->other,
                      f->first_other);
    if (f->loose)
        n += snprintf(text + n, sizeof text - (size_t)n, "; %d outside the class folders", f->loose);
    if (unread)
        n += snprintf(text + n, sizeof text - (size_t)n, "; %d unreadable (%.160s)", unread, why->msg);
    snprintf(text + n, sizeof text - (size_t)n, f->other || f->loose || unread ? ": passed over." : ".");
    text_safe(ds->sentence, sizeof ds->sentence, text);
    text_safe(ds->name, sizeof ds->name, last && last[1] ? last + 1 : root);
}

static bool load(Dataset *ds, const char *root, Folder *f, Split split, int size, int channels, Err *err)
{
    int kept, unread = 0;
    Err why = {0};
    bool *keep = malloc((size_t)f->n);
    bool ok = (keep || err_nomem(err, root)) && choose(keep, &kept, f, split, err);
    if (ok && !kept)
        ok = err_set(err, ERR_USAGE, "%s: no class has the 3 pictures it takes to hold some out for %s", root,
                     dataset_split_name(split));
    if (ok && (size_t)kept > BYTES_MAX / ((size_t)size * (size_t)size * (size_t)channels))
        ok = err_set(err, ERR_LIMIT, "%s: %d pictures of %d x %d take over 4 GiB; ask for smaller ones", root,
                     kept, size, size);
    ok = ok && dataset_allocate(ds, kept, channels, size, size, f->class_name, f->classes, err);
    if (ok && !(ds->path = calloc((size_t)kept, sizeof *ds->path))) ok = err_nomem(err, root);
    if (ok) ds->n = 0;
    for (int i = 0; ok && i < f->n; i++)
        if (keep[i]) ok = add(ds, root, &f->item[i], i, &unread, &why, err);
    if (ok && !ds->n)
        ok = err_set(err, ERR_FORMAT, "%s: none of %d pictures can be read: %.300s", root, kept, why.msg);
    if (ok) describe(ds, root, f, split, unread, &why);
    free(keep);
    return ok;
}

bool dataset_folder(Dataset *out, const char *path, Split split, int size, int channels, Err *err)
{
    Folder f;
    if (!folder_scan(path, &f, err)) return false;
    bool ok = load(out, path, &f, split, size, channels, err);
    folder_free(&f);
    return ok;
}
