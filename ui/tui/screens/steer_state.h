/* The state of the Steer screen and its picture, shared by steer.c (changes) and steer_view.c (drawing). */
#pragma once
#include "base/text.h"
#include "latent/steer.h"
#include "tui/screen.h"
#include "tui/widgets/sliders.h"
#include "tui/world.h"

#define SLIDERS_MAX 40
#define STRIP       9 /* pictures that show what the focused slider would do */
#define SET_NAME    24
#define NOTE        16

typedef struct {
    Steer *history;
    char set[SET_NAME];         /* which directions: "pca", "sefa" */
    int direction[SLIDERS_MAX]; /* of the generator; 0 is not used: slider 0 is psi */
    char note[SLIDERS_MAX][NOTE];
    Slider slider[SLIDERS_MAX];
    int sliders;
    Sliders list;
    double step;
    Painting *view, *strip;
    Painting *effect;
    uint64_t asked_view, asked_strip, asked_effect; /* tickets */
    uint64_t seen; /* world changes */
    bool waiting;
} SteerScreen;

typedef struct {
    Rect picture, sliders, facts, strip;
} SteerLayout;

SteerLayout steer_layout(Rect area);
int steer_slider_rows(Rect area);
/* The picture of the strip at a cell, or -1. */
int steer_strip_at(Rect strip, int x, int y);
double steer_strip_value(const SteerScreen *s, int k);
void steer_view(const void *self, const App *app, Canvas *c, Rect area);
