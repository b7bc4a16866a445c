/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_DISPATCH_H
#define HTTP_DISPATCH_H

#include "http/load.h"
#include "http/meter.h"
#include "http/reaper.h"
#include "http/request.h"
#include "http/server.h"
#include "http/tls.h"

/** What every request of a server is judged by. */
struct dispatcher {
    const struct http_options *options;
    struct http_load load;
    struct meter *meter;
    struct tls *tls; /**< NULL for plain HTTP */
};

/** One connection and the request that is on it; a connection has one at a time. */
struct peer {
    struct watched watched; /**< first, so that the reaper's list gives peers */
    struct dispatcher *dispatcher;
    struct http_request request;
    struct http_certificate *certificate; /**< NULL: not yet asked for */
    unsigned judged;                      /**< generation of the tls then */
    time_t judged_until;                  /**< the last second in which it holds */
    struct peer *next_gone;               /**< kept until the server is closed */
};

/** The library has the target of a request line and will cut it: sees it before, and names the
 * peer to whom the rest of the request belongs. */
void *dispatch_target(void *own, const char *target, struct MHD_Connection *connection);

/** The library's access handler: the head, pieces of the body, the end of the body, and once more
 * after each suspension. */
enum MHD_Result dispatch_call(void *own, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *piece,
                              size_t *piece_size, void **place);

/** The request is over, answered or cut. */
void dispatch_over(void *own, struct MHD_Connection *connection, void **place,
                   enum MHD_RequestTerminationCode how);

#endif
