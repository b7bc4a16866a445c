/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_FETCH_RULE_H
#define DELIVER_FETCH_RULE_H

#include "directory/partner.h"

#include <sys/socket.h>

/**
 * From where files may be fetched that a partner names by address: from the hosts of its
 * `fetch_files_from` alone.  HOST or HOST:PORT means https there; http only where an entry says
 * so, which it can of this machine alone.
 */
struct fetch_rule {
    bool is_any_address; /**< the entry names the address itself: it need not be a public one */
};

/** Whether `uri` may be fetched for the partner; its rule is given back. */
bool fetch_rule_find(const struct partner *partner, const char *uri, struct fetch_rule *rule);

/** Whether the address is one of the public Internet: not of this machine, of a private network,
 * of a link, shared, reserved or multicast; also when it hides in an IPv6 address. */
bool fetch_is_public(const struct sockaddr *address);

#endif
