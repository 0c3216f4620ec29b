/* Files by name out of a folder or an archive. */
#include "data/pack.h"
#include "base/file.h"
#include "data/tar.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)256 << 20)

static const char *const inside[] = {"", "package/", "data/", "package/data/", "cifar-10-batches-bin/"};
static const char *const ending[] = {"", ".gz"};

static bool in_folder(char *out, size_t cap, const char *folder, const char *name)
{
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        for (size_t k = 0; k < sizeof ending / sizeof *ending; k++) {
            char tail[128];
            snprintf(tail, sizeof tail, "%s%s%s", inside[i], name, ending[k]);
            if (file_join(out, cap, folder, tail, NULL) && file_exists(out)) return true;
        }
    return false;
}

/* Whether an entry of an archive is NAME or NAME.gz in any folder. */
static bool is_entry(const char *entry, const char *name)
{
    const char *slash = strrchr(entry, '/'), *base = slash ? slash + 1 : entry;
    size_t length = strlen(name);
    return !strncmp(base, name, length) && (!base[length] || !strcmp(base + length, ".gz"));
}

static int recognise_entry(const char *path, const char *const *name, int n)
{
    TarReader *r = tar_open(path, NULL);
    TarEntry entry;
    int found = -1;
    while (r && found < 0 && tar_next(r, &entry, NULL))
        for (int i = 0; i < n && found < 0; i++)
            if (is_entry(entry.name, name[i])) found = i;
    tar_close(r);
    return found;
}

int pack_recognise(const char *path, const char *const *name, int n)
{
    char file[PATH_MAX];
    if (!file_is_folder(path)) return file_exists(path) ? recognise_entry(path, name, n) : -1;
    for (int i = 0; i < n; i++)
        if (in_folder(file, sizeof file, path, name[i])) return i;
    return -1;
}

static bool keep_entry(PackFile *file, const TarEntry *entry, Err *err)
{
    file->bytes = malloc(entry->size + 1);
    if (!file->bytes) return err_nomem(err, file->name);
    memcpy(file->bytes, entry->bytes, entry->size);
    file->size = entry->size;
    return true;
}

static bool read_archive(PackFile *file, int n, const char *path, Err *err)
{
    TarReader *r = tar_open(path, err);
    TarEntry entry;
    Err damage = {0};
    bool ok = r != NULL;
    int left = n;
    while (ok && left && tar_next(r, &entry, &damage))
        for (int i = 0; ok && i < n; i++) {
            if (file[i].bytes || !is_entry(entry.name, file[i].name)) continue;
            ok = keep_entry(&file[i], &entry, err);
            left--;
        }
    tar_close(r);
    if (ok && damage.code) return err_set(err, damage.code, "%s", damage.msg);
    return ok;
}

bool pack_read(PackFile *file, int n, const char *path, Err *err)
{
    char at[PATH_MAX];
    bool folder = file_is_folder(path);
    if (!folder && !read_archive(file, n, path, err)) return false;
    for (int i = 0; folder && i < n; i++)
        if (in_folder(at, sizeof at, path, file[i].name) &&
            !file_read(at, FILE_MAX, &file[i].bytes, &file[i].size, err))
            return false;
    for (int i = 0; i < n; i++)
        if (!file[i].bytes)
            return err_set(err, ERR_FORMAT, "%s: there is no %s beside the rest", path, file[i].name);
    return true;
}

void pack_free(PackFile *file, int n)
{
    for (int i = 0; i < n; i++) free(file[i].bytes);
}
