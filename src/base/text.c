/* Text: strict UTF-8, what may reach a terminal, column widths, and numbers as people and addresses write
 * them. */
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t first, last;
} Range;

/* Sorted, inclusive. */
static bool in_ranges(const Range *ranges, size_t count, uint32_t c)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > ranges[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return low < count && c >= ranges[low].first;
}
#define IN(table, c) in_ranges(table, sizeof(table) / sizeof *(table), c)

/* Table 3-7 of the Unicode standard: the second byte's range excludes overlong forms and surrogates. */
uint32_t text_next(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    unsigned lead = p[0];
    if (lead == 0) return 0;
    (*s)++;
    if (lead < 0x80) return lead;
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0xC2 || lead > 0xF4 || p[1] < low || p[1] > high) return 0xFFFD;
    uint32_t c = lead & (0x3Fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0xFFFD;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    *s += more;
    return c;
}

static int encode(char out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[4] = {0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[more] | c >> 6 * more);
    for (int i = 1; i <= more; i++) out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3F));
    return more + 1;
}

/* C0, DEL and C1; soft hyphen; bidi marks, embeddings and isolates; zero-width; line separators; tags. */
static bool drives_terminal(uint32_t c)
{
    static const Range unsafe[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},      {0x61C, 0x61C},
                                   {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},  {0x2060, 0x206F},
                                   {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
    return IN(unsafe, c);
}

size_t text_safe(char *dst, size_t cap, const char *src)
{
    size_t used = 0;
    uint32_t c;
    if (cap == 0) return 0;
    while ((c = text_next(&src)) != 0) {
        char bytes[4];
        size_t size = (size_t)encode(bytes, drives_terminal(c) ? 0xFFFD : c);
        if (size > cap - 1 - used) break;
        memcpy(dst + used, bytes, size);
        used += size;
    }
    dst[used] = '\0';
    return used;
}

/* Combining marks of the scripts in common use, joiners and variation selectors. */
static bool is_combining(uint32_t c)
{
    static const Range zero[] = {
        {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x5BF, 0x5BF},    {0x5C1, 0x5C2},
        {0x5C4, 0x5C5},   {0x610, 0x61A},   {0x64B, 0x65F},   {0x670, 0x670},    {0x6D6, 0x6DC},
        {0x6DF, 0x6E4},   {0x6E7, 0x6E8},   {0x6EA, 0x6ED},   {0x900, 0x902},    {0x93A, 0x93A},
        {0x93C, 0x93C},   {0x941, 0x948},   {0x94D, 0x94D},   {0xE31, 0xE31},    {0xE34, 0xE3A},
        {0xE47, 0xE4E},   {0x1160, 0x11FF}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},  {0x200B, 0x200F},
        {0x202A, 0x202E}, {0x2060, 0x2064}, {0x20D0, 0x20FF}, {0x302A, 0x302D},  {0x3099, 0x309A},
        {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE01EF}};
    return IN(zero, c);
}

/* East Asian Wide and Fullwidth, and the emoji that terminals draw two cells wide. */
static bool is_wide(uint32_t c)
{
    static const Range wide[] = {
        {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},
        {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
        {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274C},   {0x2753, 0x2755},
        {0x2757, 0x2757},   {0x2795, 0x2797},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},
        {0x2E80, 0x303E},   {0x3041, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
        {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
        {0x17000, 0x18CFF}, {0x1B000, 0x1B2FF}, {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F320},
        {0x1F32D, 0x1F335}, {0x1F337, 0x1F37C}, {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3},
        {0x1F3E0, 0x1F3F0}, {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440}, {0x1F442, 0x1F4FC},
        {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F57A, 0x1F57A}, {0x1F595, 0x1F596},
        {0x1F5A4, 0x1F5A4}, {0x1F5FB, 0x1F64F}, {0x1F680, 0x1F6C5}, {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2},
        {0x1F6D5, 0x1F6D7}, {0x1F6DC, 0x1F6DF}, {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC}, {0x1F7E0, 0x1F7EB},
        {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD}};
    return IN(wide, c);
}

int text_width(const char *s)
{
    int width = 0;
    uint32_t c;
    while ((c = text_next(&s)) != 0) width += is_combining(c) ? 0 : is_wide(c) ? 2 : 1;
    return width;
}

/* A decimal number: value * 10^exponent. */
typedef struct {
    uint32_t value;
    int exponent;
} Decimal;

/* Written without a point, so that the locale's does not matter; strtof rounds correctly. */
static float decimal_float(Decimal d)
{
    char text[32];
    snprintf(text, sizeof text, "%ue%d", d.value, d.exponent);
    return strtof(text, NULL);
}

/* x rounded to `digits` significant digits (at most 9). */
static Decimal decimal_round(float x, int digits)
{
    char text[48];
    Decimal d = {0, 0};
    snprintf(text, sizeof text, "%.*e", digits - 1, (double)x);
    const char *p = text;
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9') d.value = d.value * 10 + (uint32_t)(*p - '0');
    d.exponent = atoi(p + 1) - (digits - 1);
    return d;
}

/* Fewest digits that read back to x > 0. The neighbour above is tried too: below a power of two the floats
 * lie closer, so the nearest decimal can miss where its neighbour does not. Nine digits always suffice. */
static Decimal decimal_shortest(float x)
{
    for (int digits = 1; digits < 9; digits++) {
        Decimal d = decimal_round(x, digits), above = {d.value + 1, d.exponent};
        if (decimal_float(d) == x) return d;
        if (decimal_float(above) == x) return above;
    }
    return decimal_round(x, 9);
}

/* Plain notation, no trailing zeros after the point. */
static int decimal_print(char *out, size_t cap, bool negative, Decimal d)
{
    char digits[16];
    while (d.value % 10 == 0) {
        d.value /= 10;
        d.exponent++;
    }
    const char *sign = negative ? "-" : "";
    int count = snprintf(digits, sizeof digits, "%u", d.value), whole = count + d.exponent;
    if (d.exponent >= 0) return snprintf(out, cap, "%s%s%.*s", sign, digits, d.exponent, "0000000000");
    if (whole > 0) return snprintf(out, cap, "%s%.*s.%s", sign, whole, digits, digits + whole);
    return snprintf(out, cap, "%s0.%.*s%s", sign, -whole, "0000000000", digits);
}

static bool float_in_range(float x)
{
    float a = x < 0 ? -x : x;
    return x == 0 || (a >= 1e-6f && a <= 1e6f);
}

bool text_float(char *out, size_t cap, float x)
{
    if (!float_in_range(x)) return false;
    if (x == 0) {
        int n = snprintf(out, cap, "0");
        return n < (int)cap;
    }
    int n = decimal_print(out, cap, x < 0, decimal_shortest(x < 0 ? -x : x));
    return (size_t)n < cap;
}

static size_t digits_at(const char *s)
{
    return strspn(s, "0123456789");
}

bool text_parse_float(float *out, const char *s, const char **end)
{
    bool negative = *s == '-';
    const char *whole = s + negative;
    size_t whole_digits = digits_at(whole), part_digits = 0;
    const char *stop = whole + whole_digits;
    if (whole_digits > 0 && *stop == '.') {
        part_digits = digits_at(stop + 1);
        if (part_digits == 0) return false;
        stop += 1 + part_digits;
    }
    if (whole_digits == 0 || whole_digits + part_digits > 40) return false;
    char text[64];
    snprintf(text, sizeof text, "%.*s%.*se-%zu", (int)whole_digits, whole, (int)part_digits,
             part_digits ? whole + whole_digits + 1 : "", part_digits);
    float x = strtof(text, NULL);
    if (!float_in_range(x)) return false;
    *out = negative && x != 0 ? -x : x;
    *end = stop;
    return true;
}

void text_count(char *out, size_t cap, long long n)
{
    char digits[24];
    unsigned long long magnitude = n < 0 ? 0ULL - (unsigned long long)n : (unsigned long long)n;
    int count = snprintf(digits, sizeof digits, "%llu", magnitude);
    size_t used = 0;
    if (cap == 0) return;
    if (n < 0 && used + 1 < cap) out[used++] = '-';
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0 && used + 1 < cap) out[used++] = ',';
        if (used + 1 < cap) out[used++] = digits[i];
    }
    out[used] = '\0';
}

void text_duration(char *out, size_t cap, double seconds)
{
    if (!(seconds >= 0 && seconds < 1e9)) {
        snprintf(out, cap, "-:--");
        return;
    }
    long total = (long)seconds, hours = total / 3600, minutes = total / 60 % 60;
    if (hours > 0)
        snprintf(out, cap, "%ld:%02ld:%02ld", hours, minutes, total % 60);
    else
        snprintf(out, cap, "%ld:%02ld", minutes, total % 60);
}

void text_bytes(char *out, size_t cap, double bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    int u = 0;
    while (bytes >= 999.5 && u < 4) bytes /= 1000, u++;
    snprintf(out, cap, bytes < 9.95 && u ? "%.1f %s" : "%.0f %s", bytes, unit[u]);
}
