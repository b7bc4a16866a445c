/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_SERVER_H
#define OPERATE_SERVER_H

#include "operate/guard.h"

struct operate_options {
    const char *socket; /**< path of the Unix socket; only its owner and root may connect */
    const struct guard *guard;
};

/** Where operators are listened to: the Unix socket of this machine. */
struct operate_server;
struct operate_server *operate_open(const struct operate_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void operate_close(struct operate_server *server);

#endif
