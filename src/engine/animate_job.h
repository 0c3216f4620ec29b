/* Writing an animation as a job beside a person at the screen. */
#pragma once
#include "engine/animate.h"
#include "engine/job.h"

typedef struct {
    News news;
    int done, total; /* frames */
} AnimateNews;

/* Writes the n views of list (copied) to path as an animated PNG. Keeps g. */
Job *animate_start(Generator *g, const char *path, const Address *list, int n, const AnimationConfig *c,
                   Bell bell, Err *err);
