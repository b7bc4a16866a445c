/* SPDX-License-Identifier: Apache-2.0 */
/* References to files in the texts of documents and events, by their form alone. */
#include "base/file_reference.h"

#include <string.h>

bool file_reference_read(const char *text, size_t size, uint8_t sha256[SHA256_SIZE])
{
    static const char prefix[] = FILE_REFERENCE_PREFIX;
    enum { HEAD = sizeof prefix - 1, HEX = SHA256_HEX_SIZE - 1 };
    while (size > 0 && strchr(" \t\r\n", *text)) {
        text++;
        size--;
    }
    char hex[SHA256_HEX_SIZE];
    if (size <= HEAD + HEX || memcmp(text, prefix, HEAD) != 0 || text[HEAD + HEX] != ':')
        return false;
    memcpy(hex, text + HEAD, HEX);
    hex[HEX] = '\0';
    return digest_unhex(hex, SHA256_SIZE, sha256);
}
