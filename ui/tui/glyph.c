/* Folding of box lines, blocks, braille and arrows to ASCII, and UTF-8 both ways. */
#include "tui/glyph.h"
#include "base/text.h"
#include <stddef.h>

typedef struct {
    char32_t ch;
    char ascii;
} Fold;

static const Fold folds[] = {
    {U'─', '-'}, {U'━', '-'}, {U'┄', '-'}, {U'╌', '-'}, {U'│', '|'},    {U'┃', '|'},  {U'╎', '|'},
    {U'┆', '|'}, {U'╭', '+'}, {U'╮', '+'}, {U'╰', '+'}, {U'╯', '+'},    {U'┌', '+'},  {U'┐', '+'},
    {U'└', '+'}, {U'┘', '+'}, {U'┏', '+'}, {U'┓', '+'}, {U'┗', '+'},    {U'┛', '+'},  {U'├', '+'},
    {U'┤', '+'}, {U'┬', '+'}, {U'┴', '+'}, {U'┼', '+'}, {U'◂', '<'},    {U'◀', '<'},  {U'←', '<'},
    {U'▸', '>'}, {U'▶', '>'}, {U'→', '>'}, {U'▲', '^'}, {U'▴', '^'},    {U'↑', '^'},  {U'▼', 'v'},
    {U'▾', 'v'}, {U'↓', 'v'}, {U'●', 'o'}, {U'○', '.'}, {U'◆', 'o'},    {U'•', '*'},  {U'·', '.'},
    {U'…', '.'}, {U'▰', '#'}, {U'▱', '-'}, {U'█', '#'}, {U'▓', '#'},    {U'▒', ':'},  {U'░', '.'},
    {U'▀', '#'}, {U'▄', '#'}, {U'▌', '#'}, {U'▐', '#'}, {U'▏', '|'},    {U'▁', '_'},  {U'▂', '_'},
    {U'▃', '-'}, {U'▅', '='}, {U'▆', '+'}, {U'▇', '#'}, {U'−', '-'},    {U'–', '-'},  {U'—', '-'},
    {U'×', 'x'}, {U'±', '~'}, {U'≈', '~'}, {U'≤', '<'}, {U'≥', '>'},    {U'√', 'V'},  {U'Δ', 'D'},
    {U'σ', 's'}, {U'ψ', 'p'}, {U'τ', 't'}, {U'µ', 'u'}, {U'°', 'o'},    {U'‘', '\''}, {U'’', '\''},
    {U'“', '"'}, {U'”', '"'}, {U'✓', '+'}, {U'✗', 'x'}, {U'\xa0', ' '},
};

char32_t glyph_ascii(char32_t ch)
{
    if (ch < 0x80) return ch;
    if (ch >= 0x2801 && ch <= 0x28ff) return '*';
    if (ch == 0x2800) return ' ';
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++)
        if (folds[i].ch == ch) return (char32_t)folds[i].ascii;
    return '?';
}

int glyph_width(char32_t ch)
{
    char utf8[5] = "";
    if (ch < 0x300) return 1;
    utf8[glyph_utf8(utf8, ch)] = 0;
    return text_width(utf8);
}

char32_t glyph_next(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    int more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    char32_t ch = more ? p[0] & (0x3fu >> more) : p[0];
    if (!p[0]) return 0;
    for (int i = 1; i <= more; i++) ch = ch << 6 | (p[i] & 0x3fu);
    *s += 1 + more;
    return ch;
}

int glyph_utf8(char out[4], char32_t ch)
{
    if (ch < 0x80) {
        out[0] = (char)ch;
        return 1;
    }
    int more = ch < 0x800 ? 1 : ch < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    for (int i = more; i > 0; i--, ch >>= 6) out[i] = (char)(0x80 | (ch & 0x3f));
    out[0] = (char)(lead[more] | ch);
    return more + 1;
}
