/* Animations of views: one animated PNG with the addresses that make every frame again. */
#pragma once
#include "latent/latent.h"

typedef struct {
    int scale;           /* enlarged without smoothing */
    int fps;             /* frames a second */
    bool there_and_back; /* after the last frame the way back, without repeating the ends */
} AnimationConfig;

/* An animated PNG of n addresses (chunks as engine/export.h: "viewsmith" holds all of them). progress may be
 * NULL; false from it stops (ERR_CANCELLED). */
bool animate_apng(const char *path, Latent *l, const Address *list, int n, const AnimationConfig *c,
                  bool (*progress)(void *ctx, int done), void *ctx, Err *err);
