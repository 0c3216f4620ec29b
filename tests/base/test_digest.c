/* SHA-256 (FIPS 180-4 examples) and CRC-32C (RFC 3720, B.4) against known answers. */
#include "check.h"
#include "base/digest.h"
#include <string.h>

static void sha256_known_answers(void **state)
{
    (void)state;
    static const char *const known[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    for (int i = 0; i < 3; i++) {
        char hex[65];
        Digest d = digest_of(known[i][0], strlen(known[i][0]));
        digest_hex(hex, &d, 64);
        assert_string_equal(hex, known[i][1]);
        digest_hex(hex, &d, 7);
        assert_memory_equal(hex, known[i][1], 7);
        assert_int_equal(strlen(hex), 7);
    }
}

static void sha256_in_pieces(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    for (int i = 0; i < 1000; i++) bytes[i] = (uint8_t)(i * 7);
    Digest whole = digest_of(bytes, 1000), pieces;
    DigestState s;
    digest_begin(&s);
    for (size_t at = 0, step = 0; at < 1000; at += step, step = (step + 13) % 97)
        digest_add(&s, bytes + at, step < 1000 - at ? step : 1000 - at);
    pieces = digest_end(&s);
    assert_memory_equal(&whole, &pieces, sizeof whole);
}

static void crc32c_known_answers(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xFF, sizeof ones);
    for (int i = 0; i < 32; i++) rising[i] = (uint8_t)i;
    assert_int_equal(digest_crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(digest_crc32c(0, zeros, 32), 0x8A9136AA);
    assert_int_equal(digest_crc32c(0, ones, 32), 0x62A8AB43);
    assert_int_equal(digest_crc32c(0, rising, 32), 0x46DD794E);
    assert_int_equal(digest_crc32c(0, NULL, 0), 0);
}

/* Byte by byte runs the table, whole words the processor's instruction: both must agree at every split. */
static void crc32c_ways_agree(void **state)
{
    (void)state;
    uint8_t bytes[100];
    uint32_t slow = 0;
    for (int i = 0; i < 100; i++) bytes[i] = (uint8_t)(i * 37 + 11);
    for (int i = 0; i < 100; i++) slow = digest_crc32c(slow, bytes + i, 1);
    for (size_t split = 0; split <= 100; split++)
        assert_int_equal(digest_crc32c(digest_crc32c(0, bytes, split), bytes + split, 100 - split), slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_known_answers),
        cmocka_unit_test(sha256_in_pieces),
        cmocka_unit_test(crc32c_known_answers),
        cmocka_unit_test(crc32c_ways_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
