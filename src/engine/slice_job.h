/* Slice evidence as a job: what a run with the tray's share knows of the views under a tag, and what one
 * without it does (slice.h).
 *
 *     SliceTask t;   slice_task(&t, w, "heel", err);             the newest run of either kind, or set by
 * hand Job *job = slice_start(w, NULL, &t, bell, err); SliceNews *n = (SliceNews *)job_news(job); n->slice
 * once the job is done */
#pragma once
#include "engine/job.h"
#include "engine/slice.h"

typedef struct {
    char a[64], b[64];          /* runs by id or name, or encoder files */
    char tag[TRAY_TAG_MAX + 1]; /* "": all that is kept */
    int each;                   /* views around a kept one */
    float sigma;                /* how strongly they are moved */
} SliceTask;

typedef struct {
    News news;
    SliceTask task;
    int done, items; /* kept views judged so far, of those there are */
    Slice slice;     /* all zero before the end */
} SliceNews;

/* 32 views of strength 0.3; a: the newest run that took nothing from the tray, b: the newest that did.
 * Refused, saying what is to be trained, where there is none of either. */
bool slice_task(SliceTask *out, const Workspace *w, const char *tag, Err *err);
/* tray: its path, NULL as in tray_open. w must outlive the job. */
Job *slice_start(const Workspace *w, const char *tray, const SliceTask *t, Bell bell, Err *err);
