/* SPDX-License-Identifier: Apache-2.0 */
/* W3C trace context: 00-<trace id>-<parent id>-<flags>, all in lower-case hex. */
#include "api/trace.h"

#include "base/digest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ID_AT = 3, ID_SIZE = 32, SPAN_AT = 36, SPAN_SIZE = 16, FLAGS_AT = 53, ID_BYTES = 16 };

static bool is_hex(const char *text, size_t size)
{
    return strspn(text, "0123456789abcdef") >= size;
}

static bool is_zero(const char *text, size_t size)
{
    return strspn(text, "0") >= size;
}

/* Version ff is forbidden, a later version may have more after the flags. */
static bool is_valid(const char *text)
{
    size_t size = strlen(text);
    if (size < TRACEPARENT_SIZE - 1 || !is_hex(text, 2) || memcmp(text, "ff", 2) == 0)
        return false;
    if (size > TRACEPARENT_SIZE - 1 &&
        (memcmp(text, "00", 2) == 0 || text[TRACEPARENT_SIZE - 1] != '-'))
        return false;
    return text[2] == '-' && text[SPAN_AT - 1] == '-' && text[FLAGS_AT - 1] == '-' &&
           is_hex(text + ID_AT, ID_SIZE) && is_hex(text + SPAN_AT, SPAN_SIZE) &&
           is_hex(text + FLAGS_AT, 2) && !is_zero(text + ID_AT, ID_SIZE) &&
           !is_zero(text + SPAN_AT, SPAN_SIZE);
}

static void make(char parent[TRACEPARENT_SIZE])
{
    uint8_t bytes[ID_BYTES + SPAN_SIZE / 2];
    char hex[2 * sizeof bytes + 1];
    random_fill(bytes, sizeof bytes);
    bytes[0] |= 1; /* neither id may be zero */
    bytes[ID_BYTES] |= 1;
    digest_hex(bytes, sizeof bytes, hex);
    (void)snprintf(parent, TRACEPARENT_SIZE, "00-%.32s-%.16s-01", hex, hex + ID_SIZE);
}

void trace_from(const char *header, struct trace *trace)
{
    if (header && is_valid(header))
        memcpy(trace->parent, header, TRACEPARENT_SIZE - 1);
    else
        make(trace->parent);
    trace->parent[TRACEPARENT_SIZE - 1] = '\0';
    memcpy(trace->id, trace->parent + ID_AT, ID_SIZE);
    trace->id[ID_SIZE] = '\0';
}
