/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_SERVER_H
#define OPERATE_SERVER_H

#include "operate/access.h"
#include "operate/guard.h"

struct operate_options {
    const char *socket;      /**< path of the Unix socket; only its owner and root may connect */
    const char *listen;      /**< HOST:PORT for the console and for other machines; NULL: neither */
    const char *certificate; /**< PEM files; NULL for plain HTTP, of a loopback address alone */
    const char *private_key;
    const struct guard *guard;
    /** Called while the server closes and takes no more calls: answers those that others hold. */
    void (*let_go)(void *own);
    void *own;
    const struct http_route *assets; /**< pages and scripts, for everybody; NULL: none */
};

/**
 * Where operators are listened to: the Unix socket of this machine and, with `listen`, HTTPS.  Both
 * have the same calls; HTTPS has the console's pages too, and headers on every answer that keep a
 * browser from running what is not ours.  FAULT_REFUSE for plain HTTP on an address that others
 * reach.
 */
struct operate_server;
struct operate_server *operate_open(const struct operate_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void operate_close(struct operate_server *server);

/** Reads the console's certificate and key again; on a fault the old ones stay. */
bool operate_reload(struct operate_server *server, struct fault *why)
    __attribute__((warn_unused_result));

/** The port of `listen`, as chosen by the system for ":0"; 0 without one. */
int operate_port(const struct operate_server *server);

#endif
