/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/digest.h"

#include <pthread.h>
#include <stdbool.h>

static void assert_hex(const uint8_t digest[SHA256_SIZE], const char *expected)
{
    char text[SHA256_HEX_SIZE];
    digest_hex(digest, SHA256_SIZE, text);
    assert_string_equal(text, expected);
}

/* FIPS 180-4 examples. */
static void sha256_gives_the_standards_values(void **state)
{
    (void)state;
    uint8_t digest[SHA256_SIZE];
    digest_sha256("abc", 3, digest);
    assert_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256("", 0, digest);
    assert_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, case 2, and case 6 with a key longer than a block. */
static void hmac_gives_the_standards_values(void **state)
{
    (void)state;
    uint8_t digest[SHA256_SIZE], key[131];
    digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, digest);
    assert_hex(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    digest_hmac(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
                digest);
    assert_hex(digest, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 9562, appendix A.4. */
static void a_name_based_uuid_gives_the_standards_value(void **state)
{
    (void)state;
    static const uint8_t dns[UUID_SIZE] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                           0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
    uint8_t uuid[UUID_SIZE];
    char text[UUID_TEXT_SIZE];
    uuid_name_based(dns, "www.example.com", 15, uuid);
    uuid_text(uuid, text);
    assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void hex_is_read_back(void **state)
{
    (void)state;
    uint8_t bytes[3];
    assert_true(digest_unhex("00fFa9", 3, bytes));
    assert_memory_equal(bytes, "\x00\xff\xa9", 3);
}

static void what_is_not_hex_of_that_size_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {"", "00ffa", "00ffa9a", "00ffa900", "00ffag", " 0ffa9"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint8_t bytes[3] = {1, 2, 3};
        assert_false(digest_unhex(refused[i], 3, bytes));
        assert_memory_equal(bytes, "\1\2\3", 3);
    }
}

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t first[64], second[64];
    random_fill(first, sizeof first);
    random_fill(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    random_fill(first, 0);
}

/* Returns its argument when a value is wrong, else NULL. */
static void *hash_often(void *own)
{
    for (int i = 0; i < 200; i++) {
        uint8_t digest[SHA256_SIZE];
        digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, digest);
        if (digest[0] != 0x5b)
            return own;
    }
    return NULL;
}

static void threads_hash_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &threads), 0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_standards_values),
        cmocka_unit_test(hmac_gives_the_standards_values),
        cmocka_unit_test(a_name_based_uuid_gives_the_standards_value),
        cmocka_unit_test(hex_is_read_back),
        cmocka_unit_test(what_is_not_hex_of_that_size_is_refused),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(threads_hash_at_once),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
