/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_QUERY_H
#define CLI_QUERY_H

#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** A parameter of one of the daemon's lists; NULL is left out. */
struct query_value {
    const char *name;
    const char *value;
};

/** "PATH?name=value&..." with what is not plain percent-encoded.  `values` end with a NULL name.
 * The caller owns it; NULL without memory. */
char *query_path(const char *path, const struct query_value *values);

/** One of the daemon's lists, and what is wanted of it. */
struct query_list {
    const char *socket;
    const char *path;
    const struct query_value *values;
    size_t limit; /**< at most so many items, over as many pages as that takes */
};
/** Gives each item to `each`, which borrows it, until that returns false. */
bool query_each(const struct query_list *list, bool (*each)(void *own, const json_t *item),
                void *own, struct fault *why) __attribute__((warn_unused_result));

/** The text of a member, or "-". */
const char *query_text(const json_t *item, const char *name);
/** The number of a member, or 0. */
json_int_t query_number(const json_t *item, const char *name);
/** Of a moment the day and the minute, as "2026-11-26 08:30", or "-"; into `text`. */
enum { QUERY_MOMENT_SIZE = 17 };
const char *query_moment(const json_t *item, const char *name, char text[QUERY_MOMENT_SIZE]);

#endif
