/* Base 64, strictly: what is read is what would be written. */
#include "base/base64.h"
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_text(const void *bytes, size_t size)
{
    const uint8_t *in = bytes;
    char *out = malloc((size + 2) / 3 * 4 + 1), *to = out;
    if (!out) return NULL;
    for (size_t i = 0; i < size; i += 3) {
        size_t n = size - i < 3 ? size - i : 3;
        uint32_t word =
            (uint32_t)in[i] << 16 | (n > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (n > 2 ? in[i + 2] : 0);
        for (size_t k = 0; k < 4; k++) *to++ = k <= n ? alphabet[word >> (18 - 6 * k) & 63] : '=';
    }
    *to = 0;
    return out;
}

bool base64_bytes(uint8_t **bytes, size_t *size, const char *text)
{
    size_t n = strlen(text), pad = n && text[n - 1] == '=' ? 1 + (n > 1 && text[n - 2] == '=') : 0;
    uint8_t *out = n % 4 ? NULL : malloc(n / 4 * 3 + 1);
    uint32_t word = 0;
    *size = 0;
    for (size_t i = 0; out && i < n; i++) {
        const char *at = i < n - pad ? memchr(alphabet, text[i], 64) : alphabet;
        if (!at) return free(out), false;
        word = word << 6 | (uint32_t)(at - alphabet);
        if (i % 4 < 3) continue;
        for (int k = 2; k >= 0; k--) out[(*size)++] = (uint8_t)(word >> 8 * k);
    }
    if (!out) return false;
    *size -= pad;
    /* Bits beyond the last byte are zero in what we write. */
    if ((pad == 1 && out[*size]) || (pad == 2 && (out[*size] || out[*size + 1]))) return free(out), false;
    *bytes = out;
    return true;
}
