/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_RECEIPT_H
#define SPOOL_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A receipt is the entry's number, a dash, and 16 hex digits that only this spool can make (HMAC
 * under a key that the spool made for itself), as "1234567-3fa9c2d1e0b7a645".  Short enough for the
 * telephone, useless to guess, and the same whenever it is asked for.
 */
enum { RECEIPT_TEXT_SIZE = 40, RECEIPT_KEY_SIZE = 32 };

void receipt_write(const uint8_t key[RECEIPT_KEY_SIZE], int64_t entry,
                   char text[RECEIPT_TEXT_SIZE]);
/** False when the text is no receipt of this spool; compared in constant time. */
bool receipt_read(const uint8_t key[RECEIPT_KEY_SIZE], const char *text, int64_t *entry);

#endif
