/* The meaning of terminal input, token by token. */
#include "tui/input.h"
#include "tui/glyph.h"
#include <string.h>

char *input_room(Input *in, size_t *cap)
{
    if (in->at) {
        memmove(in->byte, in->byte + in->at, in->n - in->at);
        in->n -= in->at;
        in->at = 0;
    }
    *cap = sizeof in->byte - in->n;
    return in->byte + in->n;
}

void input_took(Input *in, size_t n)
{
    in->n += n;
}

bool input_pending(const Input *in)
{
    return in->n > in->at;
}

static Event key_event(int key)
{
    return (Event){.kind = EV_KEY, .key = key};
}

/* The xterm modifier parameter is 1 + shift 1 + alt 2 + ctrl 4. */
static int modifiers(int param)
{
    int m = param > 1 ? param - 1 : 0;
    return (m & 1 ? KEYCODE_SHIFT : 0) | (m & 2 ? KEYCODE_ALT : 0) | (m & 4 ? KEYCODE_CTRL : 0);
}

static int letter_key(char final)
{
    static const struct {
        char final;
        int key;
    } keys[] = {{'A', KEYCODE_UP},     {'B', KEYCODE_DOWN},   {'C', KEYCODE_RIGHT}, {'D', KEYCODE_LEFT},
                {'H', KEYCODE_HOME},   {'F', KEYCODE_END},    {'P', KEYCODE_F1},    {'Q', KEYCODE_F1 + 1},
                {'R', KEYCODE_F1 + 2}, {'S', KEYCODE_F1 + 3}, {'M', KEYCODE_ENTER}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].final == final) return keys[i].key;
    return 0;
}

static int tilde_key(int number)
{
    static const int keys[] = {
        [1] = KEYCODE_HOME,    [2] = KEYCODE_INSERT,    [3] = KEYCODE_DELETE,   [4] = KEYCODE_END,
        [5] = KEYCODE_PAGE_UP, [6] = KEYCODE_PAGE_DOWN, [7] = KEYCODE_HOME,     [8] = KEYCODE_END,
        [11] = KEYCODE_F1,     [12] = KEYCODE_F1 + 1,   [13] = KEYCODE_F1 + 2,  [14] = KEYCODE_F1 + 3,
        [15] = KEYCODE_F1 + 4, [17] = KEYCODE_F1 + 5,   [18] = KEYCODE_F1 + 6,  [19] = KEYCODE_F1 + 7,
        [20] = KEYCODE_F1 + 8, [21] = KEYCODE_F1 + 9,   [23] = KEYCODE_F1 + 10, [24] = KEYCODE_F12};
    return number > 0 && number < (int)(sizeof keys / sizeof *keys) ? keys[number] : 0;
}

/* CSI < button ; column ; row M (pressed, moved) or m (released). */
static Event mouse_event(const VtToken *t)
{
    Event ev = {.kind = EV_MOUSE, .x = t->param[1] - 1, .y = t->param[2] - 1};
    int button = t->param[0];
    if (button & 64)
        ev.mouse = button & 1 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;
    else if (t->final == 'm')
        ev.mouse = MOUSE_RELEASE;
    else
        ev.mouse = button & 32 ? MOUSE_DRAG : MOUSE_PRESS;
    return ev;
}

static Event csi_event(Input *in, const VtToken *t)
{
    if (t->intro == '<' && t->params >= 3 && (t->final == 'M' || t->final == 'm')) return mouse_event(t);
    if (t->intro) return (Event){0};
    if (t->final == 'n' && t->param[0] == 0) return (Event){.kind = EV_ACK};
    if ((t->final == 'I' || t->final == 'O') && t->size == 3)
        return (Event){.kind = EV_FOCUS, .on = t->final == 'I'};
    if (t->final == '~' && t->param[0] == 200) {
        in->pasting = true;
        in->pasted = 0;
        return (Event){0};
    }
    int mods = t->params >= 2 ? modifiers(t->param[1]) : 0;
    if (t->final == 'Z') return key_event(KEYCODE_TAB | KEYCODE_SHIFT);
    int key = t->final == '~' ? tilde_key(t->param[0]) : letter_key(t->final);
    return key ? key_event(key | mods) : (Event){0};
}

static Event token_event(Input *in, TermInfo *info, const VtToken *t)
{
    if (probe_take(info, t)) return (Event){.kind = EV_REPLY};
    const char *p = t->at;
    switch (t->kind) {
    case VT_TEXT:
        return (unsigned char)*p < 0x80 || t->size > 1 ? key_event((int)glyph_next(&p)) : (Event){0};
    case VT_CONTROL:
        return key_event(*p == '\n' ? KEYCODE_ENTER : *p == 8 ? KEYCODE_BACKSPACE : *p);
    case VT_SS3:
        return letter_key(t->final) ? key_event(letter_key(t->final)) : (Event){0};
    case VT_CSI:
        return csi_event(in, t);
    case VT_ESCAPE:
        if (t->size == 1) return key_event(KEYCODE_ESCAPE);
        return t->size == 2 ? key_event((unsigned char)t->final | KEYCODE_ALT) : (Event){0};
    default:
        return (Event){0};
    }
}

/* Collects pasted bytes up to CSI 201~; what is beyond the limit is dropped. */
static Event paste_event(Input *in, bool late)
{
    static const char end[] = "\033[201~";
    size_t size = sizeof end - 1;
    for (; in->at < in->n; in->at++) {
        size_t left = in->n - in->at;
        if (!memcmp(in->byte + in->at, end, left < size ? left : size)) {
            if (left < size && !late) return (Event){0};
            if (left >= size) {
                in->at += size;
                in->pasting = false;
                in->paste[in->pasted] = 0;
                return (Event){.kind = EV_PASTE, .text = in->paste};
            }
        }
        char ch = in->byte[in->at];
        if (in->pasted < INPUT_PASTE_MAX && ch) in->paste[in->pasted++] = ch;
    }
    return (Event){0};
}

Event input_next(Input *in, TermInfo *info, bool late)
{
    Event ev = {0};
    while (in->at < in->n && ev.kind == EV_NONE) {
        if (in->pasting) {
            ev = paste_event(in, late);
            if (ev.kind == EV_NONE) break;
            continue;
        }
        const char *s = in->byte + in->at;
        VtToken t = vt_token(s, in->n - in->at);
        if (t.kind == VT_MORE) {
            bool full = in->at == 0 && in->n == sizeof in->byte, typed = late && in->n - in->at <= 2;
            if (!full && !typed) break;
            in->at++; /* Escape was typed, or nobody ends this sequence: the rest are characters */
            if (*s == 27) ev = key_event(KEYCODE_ESCAPE);
            continue;
        }
        in->at += t.size;
        ev = token_event(in, info, &t);
    }
    return ev;
}
