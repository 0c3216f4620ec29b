/* Exports from the tray and imports into it as jobs: a thread, progress, an end that can be asked for.
 *
 *     Job *job = tray_export_start(workspace, NULL, &(TrayFilter){.tag = "heel"}, NULL, 0, &what, bell, err);
 *     TrayNews *n = (TrayNews *)job_news(job); */
#pragma once
#include "engine/job.h"
#include "engine/tray_export.h"
#include "engine/workspace.h"

typedef struct {
    News news;
    int done, total; /* total 0: not known */
    TrayExported exported;
    TrayImported imported;
} TrayNews;

/* tray: its path, NULL as in tray_open. Exports the items `id` (n of them), or with n 0 all that fit the
 * filter; every text is copied. w must outlive the job. Refused at once where nothing fits. */
Job *tray_export_start(const Workspace *w, const char *tray, const TrayFilter *f, const int64_t *id, int n,
                       const TrayExport *what, Bell bell, Err *err);
/* tags (may be NULL) are added to all that is taken. */
Job *tray_import_start(const char *tray, const char *path, const char *tags, Bell bell, Err *err);
