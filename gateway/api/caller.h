/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_CALLER_H
#define API_CALLER_H

#include "directory/directory.h"
#include "http/server.h"

/** Who calls, and the directory under which that was found: it holds for the whole request. */
struct caller {
    struct directory *directory;
    const struct partner *partner;
};

/** By `Authorization: Bearer KEY` or `X-Api-Key: KEY`, or by the client certificate of the
 * connection, or by both, which must name the same partner.  False when it answered 401; else the
 * caller is to be forgotten. */
bool caller_identify(struct directory_place *place, struct http_request *request,
                     struct caller *caller);
void caller_forget(struct caller *caller);

#endif
