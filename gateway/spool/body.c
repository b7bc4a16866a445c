/* SPDX-License-Identifier: Apache-2.0 */
/* Originals of documents, compressed above a size. */
#include "spool/body.h"

#include "base/cleanup.h"

#include <string.h>
#include <zstd.h>

enum { LEVEL = 1 };
static const size_t MOST_UNPACKED = (size_t)1 << 30;

bool body_pack(const char *bytes, size_t size, int64_t above, struct body *body, struct fault *why)
{
    *body = (struct body){.bytes = bytes, .size = size};
    if (above < 0 || size <= (size_t)above)
        return true;
    size_t bound = ZSTD_compressBound(size);
    auto_free(free) char *packed = malloc(bound);
    if (!packed)
        return fault_memory(why);
    size_t used = ZSTD_compress(packed, bound, bytes, size, LEVEL);
    if (ZSTD_isError(used) || used >= size)
        return true; /* incompressible is no fault: it is kept as it is */
    *body = (struct body){.size = used, .packed_from = size};
    body->bytes = body->owned = steal(packed);
    return true;
}

void body_release(struct body *body)
{
    free(body->owned);
    body->owned = NULL;
}

char *body_unpack(const void *bytes, size_t size, size_t packed_from, size_t *unpacked,
                  struct fault *why)
{
    size_t whole = packed_from ? packed_from : size;
    auto_free(free) char *text = whole < MOST_UNPACKED ? malloc(whole + 1) : NULL;
    if (!text) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!packed_from && size > 0)
        memcpy(text, bytes, size);
    if (packed_from && ZSTD_decompress(text, whole, bytes, size) != whole) {
        (void)fault_set(why, FAULT_BROKEN, "spool: an original does not unpack");
        return NULL;
    }
    text[whole] = '\0';
    *unpacked = whole;
    return steal(text);
}
