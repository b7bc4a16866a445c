/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ASKED_H
#define OPERATE_ASKED_H

#include "http/server.h"

#include <stdbool.h>
#include <stdint.h>

/** What a parameter of a list is read as. */
enum asked_kind {
    ASKED_TEXT,   /**< const char *, borrowed from the request; at most ASKED_TEXT_LIMIT bytes */
    ASKED_NUMBER, /**< int64_t, not below 0 */
    ASKED_FROM,   /**< int64_t: a moment; a day is its beginning */
    ASKED_UNTIL,  /**< int64_t: the moment after; of a day the beginning of the next one */
    ASKED_WORD,   /**< int: which of `words` it is */
};
enum { ASKED_TEXT_LIMIT = 500, LIST_LIMIT = 100, LIST_LIMIT_MOST = 1000 };

struct asked {
    const char *name;
    enum asked_kind kind;
    void *to;                 /**< stays as it is when the parameter is not given, or empty */
    const char *const *words; /**< of ASKED_WORD; ends with NULL */
};

/** Reads the parameters of the table, which ends with a NULL name.  False when one is malformed:
 * then the request is answered. */
bool asked_read(struct http_request *request, const struct asked *table);

/** Reads "limit": LIST_LIMIT when it is not given, at most LIST_LIMIT_MOST.  As above. */
bool asked_limit(struct http_request *request, size_t *limit);

#endif
