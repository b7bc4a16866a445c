/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/fault.h"

/**
 * A listening socket for "HOST:PORT", "[IPv6]:PORT" or "unix:PATH".  A Unix socket is made for its
 * owner alone (mode 0600); one that lies there already is removed when nobody listens on it.
 * -1 with FAULT_REFUSE when the text or the address cannot be used.
 */
int listen_open(const char *listen, struct fault *why) __attribute__((warn_unused_result));

/** The port of the socket; 0 for a Unix socket. */
int listen_port(int socket);

/** Removes the socket file of a "unix:PATH"; nothing for other addresses. */
void listen_forget(const char *listen);

#endif
