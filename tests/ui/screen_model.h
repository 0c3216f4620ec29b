/* A small model of a terminal for tests: it takes what the program writes and knows what each pixel of the
 * screen would show; and it counts every sequence that is not on the list of those the program may send. */
#pragma once
#include "ui/kitty_model.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int cols, rows, cell_w, cell_h;
    int x, y, saved_x, saved_y;
    int32_t *pixel; /* rows * cell_h of cols * cell_w: -1 nothing, else 0xRRGGBB of a picture */
    char *text;     /* rows of cols: the last ASCII character, '?' for others, ' ' blank */
    int32_t fg, bg; /* -1: the terminal's own */
    int sixels, acks, unknown, sync;
    char first_unknown[64];
    KittyModel kitty;
} Model;

static inline void model_open(Model *m, int cols, int rows, int cell_w, int cell_h)
{
    *m = (Model){.cols = cols, .rows = rows, .cell_w = cell_w, .cell_h = cell_h, .fg = -1, .bg = -1};
    size_t pixels = (size_t)(cols * cell_w) * (size_t)(rows * cell_h);
    m->pixel = malloc(pixels * sizeof *m->pixel);
    m->text = malloc((size_t)(cols * rows));
    for (size_t i = 0; i < pixels; i++) m->pixel[i] = -1;
    memset(m->text, ' ', (size_t)(cols * rows));
}

static inline void model_close(Model *m)
{
    free(m->pixel);
    free(m->text);
    kitty_close(&m->kitty);
}

/* What a pixel of the screen shows of pictures. */
static inline int32_t model_pixel(const Model *m, int x, int y)
{
    int32_t rgb = kitty_pixel(&m->kitty, x, y, m->cell_w, m->cell_h);
    return rgb >= 0 ? rgb : m->pixel[y * m->cols * m->cell_w + x];
}

static inline void model_dot(Model *m, int x, int y, int32_t rgb)
{
    if (x >= 0 && y >= 0 && x < m->cols * m->cell_w && y < m->rows * m->cell_h)
        m->pixel[y * m->cols * m->cell_w + x] = rgb;
}

/* A character: text wipes the cell's picture, half blocks paint it. */
static inline void model_put(Model *m, const VtToken *t)
{
    bool upper = t->size == 3 && !memcmp(t->at, "\xe2\x96\x80", 3),
         lower = t->size == 3 && !memcmp(t->at, "\xe2\x96\x84", 3);
    for (int y = 0; y < m->cell_h; y++)
        for (int x = 0; x < m->cell_w; x++) {
            bool top = y < m->cell_h / 2;
            int32_t rgb = upper || lower ? (top == upper ? m->fg : m->bg) : -1;
            model_dot(m, m->x * m->cell_w + x, m->y * m->cell_h + y, rgb);
        }
    if (m->x < m->cols && m->y < m->rows) m->text[m->y * m->cols + m->x] = t->size == 1 ? t->at[0] : '?';
    m->x++;
}

static inline int32_t model_256(int i)
{
    static const int level[6] = {0, 95, 135, 175, 215, 255};
    if (i >= 232) return (8 + 10 * (i - 232)) * 0x10101;
    return level[(i - 16) / 36] << 16 | level[(i - 16) / 6 % 6] << 8 | level[(i - 16) % 6];
}

static inline void model_sgr(Model *m, const VtToken *t)
{
    if (t->param[0] <= 0)
        m->fg = m->bg = -1;
    else if (t->param[0] == 39)
        m->fg = -1;
    else if (t->param[0] == 49)
        m->bg = -1;
    else if ((t->param[0] == 38 || t->param[0] == 48) && t->params >= 3) {
        int32_t rgb =
            t->param[1] == 2 ? t->param[2] << 16 | t->param[3] << 8 | t->param[4] : model_256(t->param[2]);
        *(t->param[0] == 38 ? &m->fg : &m->bg) = rgb;
    }
}

/* The body of a sixel string: raster attributes, colours in percent, runs, carriage returns and new lines. */
static inline void model_sixel(Model *m, const char *s, const char *end)
{
    int32_t color[256] = {0};
    int now = 0, x = 0, y = 0, v[5];
    m->sixels++;
    while (s < end) {
        char ch = *s++;
        int n = 0, repeat = 1;
        if (ch == '"' || ch == '#' || ch == '!') {
            for (v[n++] = (int)strtol(s, (char **)&s, 10); *s == ';' && n < 5;)
                v[n++] = (int)strtol(s + 1, (char **)&s, 10);
        }
        if (ch == '#') now = v[0] & 255;
        if (ch == '#' && n == 5)
            color[now] =
                (v[2] * 255 + 50) / 100 << 16 | (v[3] * 255 + 50) / 100 << 8 | (v[4] * 255 + 50) / 100;
        if (ch == '$') x = 0;
        if (ch == '-') x = 0, y += 6;
        if (ch == '!') repeat = v[0], ch = *s++;
        for (; ch >= '?' && ch <= '~' && repeat > 0; repeat--, x++)
            for (int k = 0; k < 6; k++)
                if ((ch - '?') >> k & 1)
                    model_dot(m, m->x * m->cell_w + x, m->y * m->cell_h + y + k, color[now]);
    }
}

static inline void model_refuse(Model *m, const VtToken *t)
{
    if (!m->unknown++) {
        int n = 0;
        for (size_t i = 0; i < t->size && n < 56; i++)
            n += snprintf(m->first_unknown + n, sizeof m->first_unknown - (size_t)n,
                          t->at[i] < ' ' ? "<%02x>" : "%c", t->at[i]);
    }
}

static inline void model_csi(Model *m, const VtToken *t)
{
    static const int modes[] = {1, 7, 12, 25, 1000, 1002, 1004, 1006, 1034, 1049, 2004, 2026};
    int a = t->param[0] > 0 ? t->param[0] : 1;
    bool known = false;
    switch (t->intro ? 0 : t->final) {
    case 'H':
        m->y = a - 1;
        m->x = t->params > 1 && t->param[1] > 0 ? t->param[1] - 1 : 0;
        return;
    case 'd':
        m->y = a - 1;
        return;
    case 'G':
        m->x = a - 1;
        return;
    case 'A':
        m->y -= a;
        return;
    case 'B':
        m->y += a;
        return;
    case 'C':
        m->x += a;
        return;
    case 'D':
        m->x -= a;
        return;
    case 'm':
        model_sgr(m, t);
        return;
    case 'K':
    case 'J':
    case 'X': {
        if (t->final == 'J' && (t->param[0] == 2 || (m->x == 0 && m->y == 0))) kitty_forget(&m->kitty, 0);
        bool up = t->param[0] == 1;
        int from = t->final == 'X' || !up ? m->x : 0,
            to = t->final == 'X' ? m->x + a
                 : up            ? m->x + 1
                                 : m->cols,
            kept = m->x;
        VtToken blank = {.at = " ", .size = 1};
        for (m->x = from; m->x < to && m->x < m->cols;) model_put(m, &blank);
        for (int y = m->y + 1; t->final == 'J' && y < m->rows; y++)
            for (int x = 0; x < m->cols; x++) {
                int row = m->y;
                m->x = x, m->y = y;
                model_put(m, &blank);
                m->y = row;
            }
        m->x = kept;
        return;
    }
    case 'b': /* repeat the last character */
    case 'r': /* margins: ncurses sets them to the whole screen */
    case 'l':
    case 't':
        return;
    case 'n':
        m->acks += t->param[0] == 5;
        return;
    case 'c':
        return;
    default:
        break;
    }
    if (t->intro == '?' && (t->final == 'h' || t->final == 'l'))
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) known |= modes[i] == t->param[0];
    if (t->intro == '?' && t->param[0] == 2026) m->sync += t->final == 'h' ? 1 : -1;
    if (t->intro == '?' && t->final == 'S') known = true;
    if (t->intro == '>' && t->final == 'q') known = true;
    if (!known) model_refuse(m, t);
}

/* Takes whole tokens; returns the bytes used. */
static inline size_t model_take(Model *m, const char *bytes, size_t n)
{
    size_t used = 0;
    while (used < n) {
        const char *s = bytes + used;
        VtToken t = vt_token(s, n - used);
        if (t.kind == VT_MORE) break;
        const char *q = t.kind == VT_STRING && t.intro == 'P' ? memchr(t.at, 'q', 16) : NULL;
        if (t.kind == VT_STRING && t.intro == 'P' &&
            t.at[t.size - 1] != '\\') { /* longer than a token may be: a big sixel */
            const char *end = memmem(s, n - used, "\033\\", 2);
            if (!end) break;
            t.size = (size_t)(end + 2 - s);
        }
        used += t.size;
        if (t.kind == VT_TEXT)
            model_put(m, &t);
        else if (t.kind == VT_CONTROL) {
            if (t.at[0] == '\r')
                m->x = 0;
            else if (t.at[0] == '\n')
                m->y++;
            else if (t.at[0] == '\b')
                m->x--;
            else
                model_refuse(m, &t);
        } else if (t.kind == VT_CSI)
            model_csi(m, &t);
        else if (q)
            model_sixel(m, q + 1, t.at + t.size - 2);
        else if (t.kind == VT_STRING && t.intro == '_' && t.size > 4 && t.at[2] == 'G')
            kitty_take(&m->kitty, &t, m->x, m->y);
        else if (t.kind == VT_ESCAPE && t.final == '7')
            m->saved_x = m->x, m->saved_y = m->y;
        else if (t.kind == VT_ESCAPE && t.final == '8')
            m->x = m->saved_x, m->y = m->saved_y, m->fg = m->bg = -1;
        else if (t.kind == VT_ESCAPE && strchr("=>B\\0", t.final))
            continue; /* keypad, character set, a lone ST */
        else if (t.kind == VT_STRING && t.intro == ']' &&
                 (!strncmp(t.at, "\033]11;?", 6) || !strncmp(t.at, "\033]52;c;", 7)))
            continue;
        else
            model_refuse(m, &t);
    }
    return used;
}
