/* The confusion matrix of an encoder's linear probe as a job beside a person at the screen. */
#pragma once
#include "engine/job.h"
#include "engine/workspace.h"
#include "inspect/confusion.h"

typedef struct {
    News news;
    Confusion confusion;
    Dataset held;     /* the pictures, by confusion.index */
    char encoder[64]; /* its name */
    int train;        /* pictures the probe learned from */
} ConfusionNews;

/* Probes e (kept) on the workspace's pictures, learned from the training split, judged on the validation
 * pictures; its only news is the result. */
Job *confusion_start(const Workspace *w, Encoder *e, const ProbeConfig *c, Bell bell, Err *err);
