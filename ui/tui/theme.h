/* The colours of the text layer: which of a terminal's 256 each ink takes, on dark and on light ground.
 *
 *     Theme t;
 *     theme_named(&t, "auto", terminal_is_light, err);
 *
 * A theme file (settings file of engine/keyfile.h) names a theme to begin with and changes inks:
 *
 *     base = dark        accent = "#ff8700"        good = 114        bar = 236 */
#pragma once
#include "tui/canvas.h"

typedef struct {
    char name[64];
    short ink[INK_COUNT]; /* of 256; -1: the terminal's own */
    short bar;            /* background of the row under the cursor; -1: shown in reverse */
    bool light, mono;     /* meant for light ground; without colours: ranks are told by weight */
} Theme;

/* auto, dark, light, safe (as auto, in colours that colour-blind eyes tell apart), mono, or the path of a
 * theme file. `light`: the terminal's ground is light; only auto, safe and files that build on them look. */
bool theme_named(Theme *out, const char *name, bool light, Err *err);
/* "accent", "series-1" ... as in theme files. */
const char *theme_ink_name(Ink ink);
/* The nearest of colours 16 to 255 to #rrggbb, and what xterm shows for one of them. */
short theme_nearest(const uint8_t rgb[3]);
void theme_rgb(uint8_t rgb[3], short color);
/* For terminals with 8 or 16 colours. */
short theme_basic(const Theme *t, Ink ink);
/* Contrast of two colours, 1..21 (WCAG 2.1). */
double theme_contrast(const uint8_t a[3], const uint8_t b[3]);
