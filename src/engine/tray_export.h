/* Views of the tray as files that other programs train on, and back. Every picture and row carries its
 * address and the tensors this refers to, so that an import restores the very same views, on any machine.
 *
 *     DIR/manifest.jsonl      a row for every view: file, address, tags, note, parent, class, digest ...
 *     DIR/metadata.jsonl      file_name, label, tags, address: what Hugging Face's ImageFolder reads
 *     DIR/000000.png          "folder";  DIR/sneaker/000000.png  "classes";  DIR/heel/000000.png  "tags"
 *     DIR/tensors/...         stored latents and own directions
 *     DIR/shard-000000.tar    "webdataset": 000000.png, 000000.json (the row), 000000.cls, tensors
 *
 * The same views in the same order give the same bytes. */
#pragma once
#include "engine/tray.h"
#include "latent/latent.h"

typedef enum { EXPORT_FOLDER, EXPORT_CLASSES, EXPORT_TAGS, EXPORT_SHARDS, EXPORT_KINDS } ExportKind;
const char *export_kind_name(ExportKind kind); /* "folder", "classes", "tags", "webdataset" */
bool export_kind_named(ExportKind *out, const char *name, Err *err);

typedef struct {
    const char *path; /* a new or empty folder */
    ExportKind kind;
    int shard; /* views in an archive, 0: 1,000 */
} TrayExport;

typedef struct {
    int done, left_out; /* left_out: views of another model */
} TrayExported;

/* Told after every view; false stops the work (ERR_CANCELLED). */
typedef bool TrayProgress(void *ctx, int done, int n);

/* Pictures are made anew, at their own size. progress may be NULL. */
bool tray_export(TrayExported *out, const TrayExport *e, const TrayList *list, Tray *t, Latent *l,
                 TrayProgress *progress, void *ctx, Err *err);

typedef struct {
    int rows, added, was, failed; /* was: in the tray before; failed: not taken */
    char why[320];                /* of the first that failed, "" when none did */
} TrayImported;

/* Takes a folder that was exported, a folder of PNGs with addresses, a manifest or metadata .jsonl, a .tar,
 * or one PNG. tags (may be NULL) are added to all. Rows that cannot be taken are counted, the others are
 * kept. */
bool tray_import(TrayImported *out, const char *path, Tray *t, const char *tags, TrayProgress *progress,
                 void *ctx, Err *err);
