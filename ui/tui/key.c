/* Key names both ways. */
#include "tui/key.h"
#include "tui/glyph.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    int key;
} named[] = {
    {"Space", ' '},
    {"Tab", KEYCODE_TAB},
    {"Enter", KEYCODE_ENTER},
    {"Escape", KEYCODE_ESCAPE},
    {"Backspace", KEYCODE_BACKSPACE},
    {"Up", KEYCODE_UP},
    {"Down", KEYCODE_DOWN},
    {"Left", KEYCODE_LEFT},
    {"Right", KEYCODE_RIGHT},
    {"Home", KEYCODE_HOME},
    {"End", KEYCODE_END},
    {"PageUp", KEYCODE_PAGE_UP},
    {"PageDown", KEYCODE_PAGE_DOWN},
    {"Insert", KEYCODE_INSERT},
    {"Delete", KEYCODE_DELETE},
};
#define NAMED (sizeof named / sizeof *named)

static const struct {
    const char *prefix;
    int bit;
} modifiers[] = {{"Ctrl-", KEYCODE_CTRL}, {"Alt-", KEYCODE_ALT}, {"Shift-", KEYCODE_SHIFT}};

/* The key a name without modifiers stands for; 0: none. */
static int plain(const char *name)
{
    for (size_t i = 0; i < NAMED; i++)
        if (!strcasecmp(name, named[i].name)) return named[i].key;
    int f;
    char end;
    if (sscanf(name, "F%2d%c", &f, &end) == 1 && f >= 1 && f <= 12) return KEYCODE_F1 + f - 1;
    const char *p = name;
    char32_t ch = glyph_next(&p);
    return ch > ' ' && !*p ? (int)ch : 0;
}

bool key_parse(int *key, const char *name)
{
    int bits = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(modifiers[i].prefix);
        if (strncasecmp(name, modifiers[i].prefix, n) || !name[n]) continue;
        bits |= modifiers[i].bit;
        name += n;
    }
    int k = plain(name);
    if (!k) return false;
    if ((bits & KEYCODE_CTRL) && k > ' ' && k < 127) { /* Ctrl and a letter is its control code */
        k &= 31;
        bits &= ~KEYCODE_CTRL;
    }
    *key = k | bits;
    return true;
}

void key_print(char *out, size_t cap, int key)
{
    char bits[24] = "", utf8[5] = "";
    int k = key & (KEYCODE_SHIFT - 1);
    for (size_t i = 0; i < 3; i++)
        if (key & modifiers[i].bit) strcat(bits, modifiers[i].prefix);
    for (size_t i = 0; i < NAMED; i++)
        if (named[i].key == k) {
            snprintf(out, cap, "%s%s", bits, named[i].name);
            return;
        }
    if (k >= KEYCODE_F1 && k <= KEYCODE_F12) {
        snprintf(out, cap, "%sF%d", bits, k - KEYCODE_F1 + 1);
        return;
    }
    utf8[glyph_utf8(utf8, (char32_t)(k < ' ' ? k + 64 : k))] = 0;
    snprintf(out, cap, "%s%s%s", bits, k < ' ' ? "Ctrl-" : "", utf8);
}

bool key_parse_next(int *key, const char **list)
{
    char name[32];
    *list += strspn(*list, " ");
    size_t n = strcspn(*list, " ");
    if (!n || n >= sizeof name) return false;
    memcpy(name, *list, n);
    name[n] = 0;
    *list += n;
    return key_parse(key, name);
}
