/* SPDX-License-Identifier: Apache-2.0 */
#include "files/place.h"

#include <string.h>

void place_name(const struct file_name *file, char name[PLACE_NAME_SIZE])
{
    digest_hex(file->sha256, 1, name);
    name[PLACE_SHELF_SIZE] = '/';
    digest_hex(file->sha256, SHA256_SIZE, name + PLACE_SHELF_SIZE + 1);
    if (file->is_sealed)
        memcpy(name + PLACE_SHELF_SIZE + SHA256_HEX_SIZE, SEALED_SUFFIX, sizeof SEALED_SUFFIX);
}
