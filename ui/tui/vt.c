/* The tokenizer: ECMA-48 shapes, nothing about their meaning. */
#include "tui/vt.h"
#include <string.h>

#define STRING_MAX ((size_t)64 << 10)
#define CSI_MAX    64

static VtToken token(VtKind kind, const char *at, size_t size)
{
    return (VtToken){.kind = kind, .at = at, .size = size, .final = size ? at[size - 1] : 0};
}

static VtToken character(const char *s, size_t n)
{
    unsigned char lead = (unsigned char)s[0];
    size_t need = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
    for (size_t i = 1; i < need; i++) {
        if (i >= n) return token(VT_MORE, s, 0);
        if ((s[i] & 0xc0) != 0x80) return token(VT_TEXT, s, 1);
    }
    return token(VT_TEXT, s, need);
}

static VtToken csi(const char *s, size_t n)
{
    VtToken t = {.kind = VT_CSI, .at = s};
    size_t i = 2;
    if (i < n && strchr("?><=", s[i]) && s[i]) t.intro = s[i++];
    int value = -1;
    for (; i < n && i < CSI_MAX; i++) {
        char ch = s[i];
        if (ch >= '0' && ch <= '9') {
            value = (value < 0 ? 0 : value) * 10 + (ch - '0');
            if (value > 99999) value = 99999;
        }
        if (ch >= 0x20 && ch < 0x40 && ch != ';' && ch != ':') continue; /* digits and intermediates */
        if (t.params < 8) t.param[t.params++] = value;
        value = -1;
        if (ch == ';' || ch == ':') continue;
        t.size = i + 1;
        t.final = ch;
        return t;
    }
    return i < CSI_MAX ? token(VT_MORE, s, 0) : token(VT_ESCAPE, s, i);
}

static VtToken string(const char *s, size_t n)
{
    size_t limit = n < STRING_MAX ? n : STRING_MAX;
    VtToken t = {.kind = VT_STRING, .at = s, .intro = s[1]};
    for (size_t i = 2; i < limit && !t.size; i++) {
        if (s[i] == 7 && s[1] == ']') t.size = i + 1;
        if (s[i] == 27 && i + 1 < n && s[i + 1] == '\\') t.size = i + 2;
    }
    if (!t.size && limit == STRING_MAX) t.size = STRING_MAX;
    if (!t.size) t.kind = VT_MORE;
    return t;
}

VtToken vt_token(const char *s, size_t n)
{
    unsigned char lead = (unsigned char)s[0];
    if (lead != 27) return lead < 32 || lead == 127 ? token(VT_CONTROL, s, 1) : character(s, n);
    if (n < 2) return token(VT_MORE, s, 0);
    if (s[1] == '[') return csi(s, n);
    if (s[1] == 'O') return n < 3 ? token(VT_MORE, s, 0) : token(VT_SS3, s, 3);
    if (strchr("]P_^X", s[1]) && s[1]) return string(s, n);
    size_t i = 1;
    while (i < n && s[i] >= 0x20 && s[i] < 0x30) i++;
    if (i == n) return token(VT_MORE, s, 0);
    return token(VT_ESCAPE, s, (s[i] & 0x80) || s[i] < 0x20 ? i : i + 1);
}
