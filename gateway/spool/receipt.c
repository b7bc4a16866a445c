/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: a number that cannot be guessed, without being stored. */
#include "spool/receipt.h"

#include "base/digest.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_SIZE = 8 };

void receipt_write(const uint8_t key[RECEIPT_KEY_SIZE], int64_t entry, char text[RECEIPT_TEXT_SIZE])
{
    uint8_t tag[SHA256_SIZE];
    char hex[2 * TAG_SIZE + 1];
    char number[21];
    int size = snprintf(number, sizeof number, "%" PRId64, entry);
    digest_hmac(key, RECEIPT_KEY_SIZE, number, (size_t)size, tag);
    digest_hex(tag, TAG_SIZE, hex);
    (void)snprintf(text, RECEIPT_TEXT_SIZE, "%.20s-%.16s", number, hex);
}

bool receipt_read(const uint8_t key[RECEIPT_KEY_SIZE], const char *text, int64_t *entry)
{
    char expected[RECEIPT_TEXT_SIZE];
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '-' || number <= 0)
        return false;
    receipt_write(key, number, expected);
    size_t size = strlen(expected);
    /* Also refuses other spellings of the number, such as a leading zero. */
    if (strlen(text) != size || CRYPTO_memcmp(text, expected, size) != 0)
        return false;
    *entry = number;
    return true;
}
