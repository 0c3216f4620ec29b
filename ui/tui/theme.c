/* Built-in themes, theme files, and the arithmetic of colours. */
#include "tui/theme.h"
#include "engine/keyfile.h"
#include "base/file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Series of `safe`: found by search for the largest least difference (CIE Lab) of two of them, seen with
 * full, red-, green- and blue-blind eyes, at a contrast of 4.5; tests/ui/test_theme.c computes both again. */
static const Theme themes[] = {
    {"dark", {-1, 246, 240, 215, 114, 221, 203, 75, 214, 79, 175, 228, 167}, 236, false, false},
    {"light", {-1, 242, 248, 130, 28, 94, 160, 26, 166, 29, 133, 100, 124}, 254, true, false},
    {"safe-dark", {-1, 246, 240, 215, 39, 229, 202, 72, 226, 219, 202, 48, 201}, 236, false, false},
    {"safe-light", {-1, 242, 248, 94, 27, 94, 125, 25, 160, 95, 93, 17, 52}, 254, true, false},
    {"mono", {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}, -1, false, true},
};

static const char *const ink_names[INK_COUNT] = {"text",     "dim",      "faint",    "accent",   "good",
                                                 "warn",     "bad",      "series-1", "series-2", "series-3",
                                                 "series-4", "series-5", "series-6"};

const char *theme_ink_name(Ink ink)
{
    return ink_names[ink];
}

/* Yellow is for dark ground, blue for light. */
short theme_basic(const Theme *t, Ink ink)
{
    static const short dark[INK_COUNT] = {-1, -1, -1, 3, 2, 3, 1, 6, 3, 2, 5, 7, 1},
                       light[INK_COUNT] = {-1, -1, -1, 4, 2, 5, 1, 4, 1, 2, 5, 0, 6};
    return t->light ? light[ink] : dark[ink];
}

/* --- colours ----------------------------------------------------------------------------------------------
 */

void theme_rgb(uint8_t rgb[3], short color)
{
    if (color >= 232) {
        rgb[0] = rgb[1] = rgb[2] = (uint8_t)(8 + 10 * (color - 232));
        return;
    }
    int cube = color < 16 ? 0 : color - 16, step[3] = {cube / 36, cube / 6 % 6, cube % 6};
    for (int i = 0; i < 3; i++) rgb[i] = (uint8_t)(step[i] ? 55 + 40 * step[i] : 0);
}

short theme_nearest(const uint8_t rgb[3])
{
    short best = 16;
    int least = 1 << 30;
    for (short color = 16; color < 256; color++) {
        uint8_t is[3];
        int away = 0;
        theme_rgb(is, color);
        for (int i = 0; i < 3; i++) away += (is[i] - rgb[i]) * (is[i] - rgb[i]);
        if (away < least) least = away, best = color;
    }
    return best;
}

static double luminance(const uint8_t rgb[3])
{
    static const double weight[3] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double v = rgb[i] / 255.0;
        sum += weight[i] * (v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return sum;
}

double theme_contrast(const uint8_t a[3], const uint8_t b[3])
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return x > y ? x / y : y / x;
}

/* --- by name ----------------------------------------------------------------------------------------------
 */

static bool built_in(Theme *out, const char *name, bool light)
{
    if (!*name || !strcmp(name, "auto")) name = light ? "light" : "dark";
    if (!strcmp(name, "safe")) name = light ? "safe-light" : "safe-dark";
    for (size_t i = 0; i < sizeof themes / sizeof *themes; i++) {
        if (strcmp(themes[i].name, name)) continue;
        *out = themes[i];
        return true;
    }
    return false;
}

/* "#rrggbb", 16 to 255, or "default". */
static bool read_color(short *out, const char *text)
{
    char *end;
    unsigned long v = strtoul(*text == '#' ? text + 1 : text, &end, *text == '#' ? 16 : 10);
    if (!strcmp(text, "default")) return *out = -1, true;
    if (*end || end == text || (*text == '#' && strlen(text) != 7)) return false;
    if (*text != '#' && (v < 16 || v > 255)) return false;
    uint8_t rgb[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    *out = *text == '#' ? theme_nearest(rgb) : (short)v;
    return true;
}

static bool take_row(Theme *t, const char *path, const KeyRow *row, Err *err)
{
    short *to = !strcmp(row->key, "bar") ? &t->bar : NULL;
    for (int i = 0; i < INK_COUNT; i++)
        if (!strcmp(row->key, ink_names[i])) to = &t->ink[i];
    if (!strcmp(row->key, "base")) return true;
    if (!to) return err_set(err, ERR_FORMAT, "%s:%d: a theme has no \"%.40s\"", path, row->line, row->key);
    return read_color(to, row->value) ||
           err_set(err, ERR_FORMAT, "%s:%d: a colour is \"#rrggbb\", 16 to 255 or default, not \"%.40s\"",
                   path, row->line, row->value);
}

static bool read_file(Theme *out, const char *path, bool light, Err *err)
{
    KeyFile *f = keyfile_read(path, err);
    const KeyRow *base = f ? keyfile_find(f, "", "base") : NULL, *row;
    bool ok =
        f && (built_in(out, base ? base->value : "auto", light) ||
              err_set(err, ERR_FORMAT, "%s:%d: base is auto, dark, light, safe or mono", path, base->line));
    for (int i = 0; ok && (row = keyfile_row(f, i)); i++) ok = take_row(out, path, row, err);
    if (ok)
        snprintf(out->name, sizeof out->name, "%.60s", strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    keyfile_free(f);
    return ok;
}

bool theme_named(Theme *out, const char *name, bool light, Err *err)
{
    Theme made;
    if (built_in(out, name, light)) return true;
    if (!file_exists(name))
        return err_set(err, ERR_USAGE,
                       "there is no theme \"%.60s\"; there are auto, dark, light, safe, mono, or a file",
                       name);
    if (!read_file(&made, name, light, err)) return false;
    *out = made;
    return true;
}
