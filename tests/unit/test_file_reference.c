/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/file_reference.h"

#include <string.h>

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void only_a_whole_hash_behind_the_prefix_is_a_reference(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
    } cases[] = {
        {"lienthong-file:" HASH ":300000:abc", true},
        {" \n\tlienthong-file:" HASH ":1:a", true},
        {"lienthong-file:" HASH, false},
        {"lienthong-file:" HASH "0:1", false},
        {"lienthong-file:x" HASH ":1", false},
        {"lienthong-file:", false},
        {"a lienthong-file:" HASH ":1:a", false},
        {"   ", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t sha256[SHA256_SIZE];
        bool is_one = file_reference_read(cases[i].text, strlen(cases[i].text), sha256);
        if (is_one != cases[i].is_one)
            fail_msg("%s", cases[i].text);
        if (is_one)
            assert_int_equal(sha256[1], 0x11);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_whole_hash_behind_the_prefix_is_a_reference),
    };
    return cmocka_run_group_tests_name("file reference", tests, NULL, NULL);
}
