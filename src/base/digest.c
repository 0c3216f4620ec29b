/* Digests: SHA-256 from libmd, CRC-32C by the processor's instruction or a table of nibbles. */
#include "base/digest.h"
#include <sha2.h>
#include <string.h>

_Static_assert(sizeof(SHA2_CTX) <= sizeof(DigestState), "DigestState must hold libmd's state");
_Static_assert(_Alignof(SHA2_CTX) <= _Alignof(DigestState), "DigestState must align libmd's state");

void digest_begin(DigestState *s)
{
    SHA256Init((SHA2_CTX *)(void *)s);
}

void digest_add(DigestState *s, const void *bytes, size_t size)
{
    if (size) SHA256Update((SHA2_CTX *)(void *)s, bytes, size);
}

Digest digest_end(DigestState *s)
{
    Digest d;
    SHA256Final(d.byte, (SHA2_CTX *)(void *)s);
    return d;
}

Digest digest_of(const void *bytes, size_t size)
{
    DigestState s;
    digest_begin(&s);
    digest_add(&s, bytes, size);
    return digest_end(&s);
}

void digest_hex(char *out, const Digest *d, int n)
{
    for (int i = 0; i < n; i++) out[i] = "0123456789abcdef"[d->byte[i / 2] >> (i % 2 ? 0 : 4) & 15];
    out[n] = '\0';
}

static uint32_t crc_bytes(uint32_t crc, const uint8_t *p, size_t size)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc_words(uint32_t crc, const uint8_t *p, size_t words)
{
    uint64_t wide = crc;
    for (size_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, p + 8 * i, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    return (uint32_t)wide;
}
#endif

uint32_t digest_crc32c(uint32_t crc, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    crc = ~crc;
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2")) {
        size_t words = size / 8;
        crc = crc_words(crc, p, words);
        p += 8 * words;
        size -= 8 * words;
    }
#endif
    return ~crc_bytes(crc, p, size);
}
