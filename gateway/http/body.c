/* SPDX-License-Identifier: Apache-2.0 */
/* Collects request bodies.  Memory is reserved before it is allocated, so that many large bodies
 * at once are told to come again instead of exhausting the machine. */
#include "http/body.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 4096 };

static bool take_room(struct http_load *load, size_t size)
{
    int64_t wanted = (int64_t)size;
    if (atomic_fetch_add(&load->body_bytes, wanted) + wanted <= load->body_memory)
        return true;

    atomic_fetch_sub(&load->body_bytes, wanted);
    return false;
}

enum body_fate body_reserve(struct body *body, struct http_load *load, size_t size)
{
    if (size <= body->capacity)
        return BODY_GOOD;
    size_t more = size - body->capacity;
    if (!take_room(load, more))
        return BODY_NO_ROOM;

    char *bytes = realloc(body->bytes, size);
    if (!bytes) {
        atomic_fetch_sub(&load->body_bytes, (int64_t)more);
        return BODY_NO_ROOM;
    }
    body->bytes = bytes;
    body->capacity = size;
    return BODY_GOOD;
}

/* Doubles, so that a body of unknown length is copied a bounded number of times. */
static size_t next_capacity(size_t capacity, size_t needed, size_t limit)
{
    size_t next = capacity < FIRST_CAPACITY ? FIRST_CAPACITY : capacity * 2;
    if (next > limit)
        next = limit;
    return next < needed ? needed : next;
}

enum body_fate body_add(struct body *body, struct http_load *load, const char *bytes, size_t size,
                        int64_t limit)
{
    if ((int64_t)size > limit - (int64_t)body->size)
        return BODY_OVER_LIMIT;
    size_t needed = body->size + size;
    if (needed > body->capacity) {
        size_t capacity = next_capacity(body->capacity, needed, (size_t)limit);
        if (body_reserve(body, load, capacity) != BODY_GOOD)
            return BODY_NO_ROOM;
    }
    memcpy(body->bytes + body->size, bytes, size);
    body->size = needed;
    return BODY_GOOD;
}

void body_free(struct body *body, struct http_load *load)
{
    atomic_fetch_sub(&load->body_bytes, (int64_t)body->capacity);
    free(body->bytes);
    *body = (struct body){0};
}
