/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "http/server.h"

/** The route of this method and undecoded path, and `own` of its table; the first that fits, and a
 * GET route serves HEAD too.  NULL when none. */
const struct http_route *route_find(const struct http_table *tables, const char *method,
                                    const char *path, void **own);

/**
 * The methods that `path` knows, as the Allow header lists them: "GET, HEAD, POST".  NULL when no
 * route has the path, and when memory is out.  The caller owns the text.
 */
char *route_allowed(const struct http_table *tables, const char *path)
    __attribute__((warn_unused_result));

/** Where in `path` the segment for {name} of `pattern` stands, undecoded; NULL when there is none.
 */
const char *route_segment(const char *pattern, const char *path, const char *name, size_t *size);

#endif
