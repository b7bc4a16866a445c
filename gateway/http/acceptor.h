/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include "base/fault.h"

#include <stdbool.h>
#include <sys/socket.h>

/**
 * Accepts the connections of one listening socket on a thread of its own.  The HTTP library would
 * do it too, but once it found no descriptor free, each of its threads waits for one of its own
 * connections to end before it accepts again, and those of busy partners never do.
 */
struct acceptor;

struct acceptor_options {
    int socket; /**< listening, and not blocking; borrowed */
    /** Whether one more may be accepted; until then who connects waits in the system's queue. */
    bool (*has_room)(void *own);
    /** Called with each; the connection is then the callee's. */
    void (*take)(void *own, int connection, const struct sockaddr *address, socklen_t size);
    void *own; /**< of both, which are called on the acceptor's thread */
};

struct acceptor *acceptor_open(const struct acceptor_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Nothing is accepted any more when it returns.  Accepts NULL. */
void acceptor_close(struct acceptor *acceptor);

#endif
