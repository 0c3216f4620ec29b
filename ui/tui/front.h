/* Where the app meets the world: a terminal, or a script. The app knows only this. */
#pragma once
#include "tui/app.h"
#include "tui/probe.h"
#include "tui/theme.h"

typedef struct Front Front;

typedef struct {
    /* The next event within `seconds`; false: none. With 0 seconds only what is there already. */
    bool (*next)(Front *f, Event *ev, double seconds);
    bool (*show)(Front *f, const Canvas *c, Err *err);
    void (*wake)(Front *f);  /* any thread, async-signal-safe */
    double (*due)(Front *f); /* when pictures want the next show; INFINITY: not at all */
    void (*copy)(Front *f, const char *text);
    void (*redraw)(Front *f);
    void (*suspend)(Front *f);
    void (*theme)(Front *f, const Theme *theme);
    /* Tells a person who looks elsewhere: how is none, bell, osc9, title or all; text is one safe line. */
    void (*notify)(Front *f, const char *how, const char *text);
    AppTimes (*times)(Front *f);
    /* Gives the terminal back, or writes what the script's options ask for (its failures go to err); returns
     * the signal that asked for the end, or 0. After it only wake and free are allowed. */
    int (*end)(Front *f, Err *err);
    void (*free)(Front *f);
} FrontOps;

struct Front {
    const FrontOps *ops;
    const TermInfo *info;
    PixelMode mode; /* how pictures are shown; the app may change it */
    bool chosen;    /* the mode was asked for: answers of the terminal leave it alone */
    bool ascii;
    bool headless;
    bool busy; /* told by the app: something asked for has not come yet */
};

Front *front_terminal(const AppOptions *opt, Err *err);
Front *front_script(const AppOptions *opt, Err *err);
