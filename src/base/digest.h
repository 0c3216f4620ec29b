/* SHA-256 (libmd behind it) and CRC-32C. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct { uint8_t byte[32]; } Digest;
typedef struct { uint64_t opaque[32]; } DigestState;

void digest_begin(DigestState *s);
void digest_add(DigestState *s, const void *bytes, size_t size);
Digest digest_end(DigestState *s);
Digest digest_of(const void *bytes, size_t size);
/* The first n hex characters (n <= 64) and a NUL. */
void digest_hex(char *out, const Digest *d, int n);
/* CRC-32C (Castagnoli) of bytes, continuing from crc (start with 0). */
uint32_t digest_crc32c(uint32_t crc, const void *bytes, size_t size);
