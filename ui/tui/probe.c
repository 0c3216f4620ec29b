/* Questions to the terminal and the meaning of its answers (measured on xterm 379, mlterm 3.9 and tmux 3.3a).
 */
#include "tui/probe.h"
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

void probe_environment(TermInfo *info)
{
    const char *term = setting("TERM"), *color = setting("COLORTERM");
    info->utf8 = !strcasecmp(nl_langinfo(CODESET), "UTF-8");
    info->no_color = *setting("NO_COLOR") != 0;
    info->truecolor = !strcmp(color, "truecolor") || !strcmp(color, "24bit") || strstr(term, "direct");
    info->tmux = *setting("TMUX") || !strncmp(term, "tmux", 4) || !strncmp(term, "screen", 6);
    info->max_w = info->max_h =
        1000; /* xterm's limit unless it tells another; beyond it draws nothing at all */
    snprintf(info->name, sizeof info->name, "%.40s", *term ? term : "terminal");
}

void probe_size_questions(Buf *out)
{
    buf_str(out, "\033[?2;1;0S"   /* pixels of the text area */
                 "\033[16t"       /* pixels of a cell */
                 "\033[?2;4;0S"); /* largest sixel picture; always asked with the area: answers look alike */
}

void probe_questions(Buf *out, const TermInfo *info)
{
    static const char graphics[] = "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\";
    bool console = !strcmp(info->name, "linux"); /* older ones print what they do not know */
    buf_str(out, "\033[>q");                     /* its name */
    probe_size_questions(out);
    buf_str(out, "\033]11;?\033\\"); /* background */
    if (!info->tmux && !console) buf_str(out, graphics);
    buf_str(out, "\033[c"); /* features; answered by all, so it comes last */
}

/* DCS > | name ST */
static bool take_name(TermInfo *info, const VtToken *t)
{
    if (t->size < 6 || strncmp(t->at, "\033P>|", 4)) return false;
    int n = (int)t->size - 6;
    snprintf(info->name, sizeof info->name, "%.*s", n, t->at + 4);
    for (char *p = info->name; *p; p++)
        if (*p < ' ' || *p > '~') *p = '?';
    info->truecolor = true; /* terminals that know this question know 24-bit colours */
    if (!strncmp(info->name, "tmux", 4)) info->tmux = true;
    return true;
}

/* OSC 11 ; rgb:RRRR/GGGG/BBBB */
static bool take_background(TermInfo *info, const VtToken *t)
{
    char answer[48];
    unsigned rgb[3];
    snprintf(answer, sizeof answer, "%.*s", (int)(t->size < sizeof answer ? t->size : sizeof answer - 1),
             t->at);
    if (strncmp(answer, "\033]11;", 5)) return false;
    char digits[3][8];
    if (sscanf(answer + 5, "rgb:%4[0-9a-fA-F]/%4[0-9a-fA-F]/%4[0-9a-fA-F]", digits[0], digits[1],
               digits[2]) != 3)
        return true;
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(digits[i]);
        rgb[i] = (unsigned)strtoul(digits[i], NULL, 16);
        info->background[i] = (uint8_t)(n == 1 ? rgb[i] * 17 : n == 2 ? rgb[i] : rgb[i] >> (4 * n - 8));
    }
    info->light = 299 * info->background[0] + 587 * info->background[1] + 114 * info->background[2] > 128000;
    return true;
}

/* APC G i=31 ; OK ST: one who draws kitty's pictures; an error instead of OK is a refusal. */
static bool take_kitty(TermInfo *info, const VtToken *t)
{
    if (t->size < 7 || strncmp(t->at, "\033_Gi=31", 7)) return false;
    info->kitty = memmem(t->at, t->size, ";OK\033", 4) != NULL;
    return true;
}

bool probe_cell(TermInfo *info, int w, int h, CellSource from)
{
    if (w < 3 || h < 5 || w > 100 || h > 200 || from < info->cell_from) return false;
    info->cell_w = w;
    info->cell_h = h;
    info->cell_from = from;
    return true;
}

/* ? 2 ; status ; width ; height S answers both geometry questions, in the order they were asked: first the
 * text area, then the limit. Status 0 is success. An area as large as the limit may have been cut to it. */
static void take_geometry(TermInfo *info, const VtToken *t)
{
    bool good = t->params >= 4 && t->param[1] == 0, area = info->geometries++ % 2 == 0;
    int w = good ? t->param[2] : 0, h = good ? t->param[3] : 0;
    if (area) {
        info->area_w = w;
        info->area_h = h;
        return;
    }
    if (w >= 64 && h >= 64) {
        info->max_w = w;
        info->max_h = h;
    }
    if (info->cols > 0 && info->rows > 0 && info->area_w < info->max_w && info->area_h < info->max_h)
        probe_cell(info, info->area_w / info->cols, info->area_h / info->rows, CELL_AREA);
}

bool probe_take(TermInfo *info, const VtToken *t)
{
    if (t->kind == VT_STRING && t->intro == 'P') return take_name(info, t);
    if (t->kind == VT_STRING && t->intro == ']') return take_background(info, t);
    if (t->kind == VT_STRING && t->intro == '_') return take_kitty(info, t);
    if (t->kind != VT_CSI) return false;
    if (t->final == 'c' && t->intro == '?') {
        for (int i = 1; i < t->params; i++) info->sixel |= t->param[i] == 4;
        info->answered = true;
        return true;
    }
    if (t->final == 'S' && t->intro == '?') {
        if (t->param[0] == 2) take_geometry(info, t);
        return true;
    }
    if (t->final == 't' && t->params >= 3 && t->param[0] == 6) {
        probe_cell(info, t->param[2], t->param[1], CELL_ANSWER);
        return true;
    }
    return false;
}

static const char *const mode_names[] = {"none", "ascii", "half256", "half", "sixel", "kitty"};

const char *probe_mode_name(PixelMode mode)
{
    return mode_names[mode];
}

const char *probe_mode_names(void)
{
    return "auto, kitty, sixel, half, half256, ascii, none";
}

int probe_mode(const TermInfo *info, const char *wanted)
{
    for (int m = 0; wanted && m < PIXELS_MODES; m++)
        if (!strcmp(wanted, mode_names[m])) return m;
    if (wanted && *wanted && strcmp(wanted, "auto")) return -1;
    if (info->kitty) return PIXELS_KITTY;
    if (info->sixel) return PIXELS_SIXEL;
    if (!info->utf8 || info->no_color) return PIXELS_ASCII;
    if (info->truecolor) return PIXELS_HALF;
    return info->colors >= 256 ? PIXELS_HALF256 : PIXELS_ASCII;
}

void probe_advice(char *out, size_t cap, const TermInfo *info, PixelMode mode)
{
    const char *why;
    bool xterm = !strncasecmp(info->name, "xterm(", 6);
    if (mode >= PIXELS_SIXEL)
        why = "";
    else if (info->kitty || info->sixel)
        why = "Coarse pictures: this terminal shows sharp ones, --graphics auto or :graphics until it does";
    else if (info->no_color && mode <= PIXELS_ASCII)
        why = "Pictures are letters because NO_COLOR is set: --graphics half";
    else if (!info->utf8)
        why = "Pictures are letters: the locale is not UTF-8, try LC_ALL=C.UTF-8";
    else if (info->tmux)
        why = "Coarse pictures: this tmux passes no sixel on; use 3.4 or later, or run outside";
    else if (xterm)
        why = "Coarse pictures: start this xterm with -ti vt340 for sharp ones";
    else if (mode == PIXELS_HALF256)
        why = "Pictures have 256 colours: set COLORTERM=truecolor if there are more";
    else if (mode == PIXELS_HALF)
        why = "Coarse pictures: kitty, foot, WezTerm, mlterm or xterm -ti vt340 show sharp ones";
    else
        why = "Pictures are letters: TERM tells of too few colours";
    snprintf(out, cap, "%s", why);
}
