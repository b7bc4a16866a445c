/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_PEER_H
#define OPERATE_PEER_H

#include "operate/right.h"

#include <sys/types.h>

/** "unix:UID NAME", or "unix:UID" for a user without a name. */
struct peer_name {
    char text[80];
};
void peer_name(uid_t uid, struct peer_name *name);

/** What a user of this machine may over the Unix socket: everything when it is root or the user
 * that the gateway runs as, nothing otherwise. */
right_set peer_rights(uid_t uid);

#endif
