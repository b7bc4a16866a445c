/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/load.h"

#include <stddef.h>

/** The bytes of one request's body, counted against the memory of all. */
struct body {
    char *bytes;
    size_t size;
    size_t capacity; /**< also what is reserved in the load */
};

enum body_fate {
    BODY_GOOD,
    BODY_OVER_LIMIT, /**< more than this call takes */
    BODY_NO_ROOM,    /**< more than all bodies together may hold now */
};

/** Makes room for a body of a size that is known beforehand. */
enum body_fate body_reserve(struct body *body, struct http_load *load, size_t size);

/** Appends; after anything but BODY_GOOD the body holds what it held before. */
enum body_fate body_add(struct body *body, struct http_load *load, const char *bytes, size_t size,
                        int64_t limit);

void body_free(struct body *body, struct http_load *load);

#endif
