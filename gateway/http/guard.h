/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/** The head of a request as libmicrohttpd hands it to its first call. */
struct head {
    const char *method;
    const char *target;
    size_t target_size;   /**< up to the first NUL, as measured before the library cut it at `?` */
    bool target_is_plain; /**< guard_is_plain of it then */
    const char *version;
};

/** No control bytes among these. */
bool guard_is_plain(const char *text, size_t size);

/**
 * Why this head must be refused: it could mean one request to us and another to a proxy before us
 * (request smuggling), or is no well-formed HTTP/1.1.  NULL when it is good.  The reason is a
 * constant sentence in English.
 */
const char *guard_check(struct MHD_Connection *connection, const struct head *head);

#endif
