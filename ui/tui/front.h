/* Where the app meets the world: a terminal, or a script. The app knows only this. */
#pragma once
#include "tui/app.h"
#include "tui/probe.h"

typedef struct Front Front;

typedef struct {
    /* The next event within `seconds`; false: none. With 0 seconds only what is there already. */
    bool (*next)(Front *f, Event *ev, double seconds);
    bool (*show)(Front *f, const Canvas *c, Err *err);
    void (*wake)(Front *f); /* any thread, async-signal-safe */
    double (*due)(Front *f); /* when pictures want the next show; INFINITY: not at all */
    void (*copy)(Front *f, const char *text);
    void (*redraw)(Front *f);
    void (*suspend)(Front *f);
    AppTimes (*times)(Front *f);
    /* Ends it and frees f; returns the signal that asked for it, or 0. False results of a script go to err. */
    int (*close)(Front *f, Err *err);
} FrontOps;

struct Front {
    const FrontOps *ops;
    const TermInfo *info;
    PixelMode mode; /* how pictures are shown; the app may change it */
    bool chosen;    /* the mode was asked for: answers of the terminal leave it alone */
    bool ascii;
    bool headless;
    bool busy;      /* told by the app: something asked for has not come yet */
};

Front *front_terminal(const AppOptions *opt, Err *err);
Front *front_script(const AppOptions *opt, Err *err);
