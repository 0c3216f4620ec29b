/* The facts of a terminal in words, and the test card. */
#include "tui/doctor.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 192

/* --- facts ---------------------------------------------------------------------------------------------- */

typedef struct {
    Fact *fact;
    int n;
} Facts;

__attribute__((format(printf, 4, 5))) static void tell(Facts *f, const char *key, const char *advice,
                                                       const char *fmt, ...)
{
    Fact *fact = &f->fact[f->n++];
    va_list ap;
    va_start(ap, fmt);
    snprintf(fact->key, sizeof fact->key, "%s", key);
    vsnprintf(fact->value, sizeof fact->value, fmt, ap);
    snprintf(fact->advice, sizeof fact->advice, "%s", advice);
    va_end(ap);
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : "not set";
}

static void tell_cell(Facts *f, const TermInfo *info)
{
    static const char *const source[] = {"assumed, as nothing tells", "by the window's size",
                                         "as the terminal says", "by the text area's size", "given by hand"};
    tell(f, "cell", info->cell_from ? "" : "if the circle is no circle, give the true size: --cell 8x16",
         "%d x %d pixels, %s", info->cell_w, info->cell_h, source[info->cell_from]);
}

static void tell_colors(Facts *f, const TermInfo *info)
{
    if (info->no_color)
        tell(f, "colour", "pictures are letters while NO_COLOR is set", "none: NO_COLOR is set");
    else if (info->truecolor)
        tell(f, "colour", "", "24 bits");
    else
        tell(f, "colour", "COLORTERM=truecolor where the terminal has more: pictures then have all",
             "256 at most, by TERM %.80s and COLORTERM %.40s", setting("TERM"), setting("COLORTERM"));
}

static void tell_pictures(Facts *f, const TermInfo *info, PixelMode mode)
{
    char advice[160], limit[64] = "";
    probe_advice(advice, sizeof advice, info, mode);
    if (mode == PIXELS_SIXEL)
        snprintf(limit, sizeof limit, ", up to %d x %d pixels each", info->max_w, info->max_h);
    tell(f, "pictures", advice, "%s%s; the terminal knows%s%s%s", probe_mode_name(mode), limit,
         info->kitty ? " kitty's" : "", info->sixel ? " sixel" : "",
         info->kitty || info->sixel ? "" : " no graphics protocol");
}

static void tell_link(Facts *f, const AppTimes *t)
{
    char rate[48] = "no limit felt";
    if (!t) return;
    if (t->rate < 1e6)
        snprintf(rate, sizeof rate, "%.0f KB/s", t->rate / 1e3);
    else if (t->rate < 1e12)
        snprintf(rate, sizeof rate, "%.1f MB/s", t->rate / 1e6);
    tell(f, "link",
         t->rate < 500e3 ? "a slow line: pictures that move are coarse; a smaller window helps" : "",
         "%s; the last pictures took %.1f ms to encode and %.1f ms to be drawn; quality %d of 4 in motion",
         rate, t->encode_ms, t->tty_ms, t->quality);
}

int doctor_facts(Fact out[FACTS_MAX], const TermInfo *info, PixelMode mode, const AppTimes *times)
{
    Facts f = {out, 0};
    bool small = info->cols < 80 || info->rows < 24;
    tell(&f, "terminal", small ? "the screens want 80 x 24 cells or more" : "", "%s, %d x %d cells%s",
         info->name, info->cols, info->rows, info->answered ? "" : ", no answer to questions");
    tell_cell(&f, info);
    tell_pictures(&f, info, mode);
    tell_colors(&f, info);
    tell(&f, "locale", info->utf8 ? "" : "without UTF-8 lines and pictures are letters: LC_ALL=C.UTF-8",
         "%s, LANG %.60s, LC_ALL %.60s", info->utf8 ? "UTF-8" : "not UTF-8", setting("LANG"),
         setting("LC_ALL"));
    tell(&f, "graphics", getenv("VIEWSMITH_GRAPHICS") ? "unset VIEWSMITH_GRAPHICS for the best" : "",
         "VIEWSMITH_GRAPHICS %.40s", setting("VIEWSMITH_GRAPHICS"));
    tell(&f, "tmux",
         info->tmux && mode < PIXELS_SIXEL ? "tmux 3.4 or later built with sixel passes pictures on" : "",
         "%s", info->tmux ? "yes" : "no");
    tell(&f, "ssh", "", "%s", getenv("SSH_CONNECTION") ? "yes" : "no");
    tell_link(&f, times);
    return f.n;
}

/* --- the test card -------------------------------------------------------------------------------------- */

/* One pixel: x, y in [0, SIDE). */
static void card_pixel(uint8_t rgb[3], int x, int y)
{
    double far = hypot(x + 0.5 - SIDE / 2.0, y + 0.5 - SIDE / 2.0);
    int band = y * 8 / SIDE, ramp = x * 255 / (SIDE - 1);
    memset(rgb, 24, 3);
    if (band == 3) memset(rgb, ramp, 3);
    if (band >= 4 && band < 7) {
        memset(rgb, 0, 3);
        rgb[band - 4] = (uint8_t)ramp;
    }
    if (band == 7) memset(rgb, (x < SIDE / 2 ? x : y) & 1 ? 255 : 0, 3);
    if (fabs(far - (SIDE / 2.0 - 6)) < 2.5) memset(rgb, 255, 3);
}

bool doctor_card(Image *out, Err *err)
{
    if (!image_make(out, SIDE, SIDE, 3, err)) return false;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) card_pixel(out->px + (y * SIDE + x) * 3, x, y);
    return true;
}
