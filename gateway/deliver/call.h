/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_CALL_H
#define DELIVER_CALL_H

#include "adapt/service.h"
#include "deliver/given.h"
#include "deliver/peer.h"

/** The login call of a peer whose format has one. */
struct request *call_login(const struct peer *peer, int64_t answer_limit_bytes, struct fault *why)
    __attribute__((warn_unused_result));

/** One of the calls to a peer's mailbox; `texts` are given beside the peer's own. */
struct request *call_mailbox(const struct peer *peer, const struct service_call *call,
                             const struct given *texts, int64_t answer_limit_bytes,
                             struct fault *why) __attribute__((warn_unused_result));

/** A request that asks for the peer's address and sends nothing. */
struct request *call_address(const struct peer *peer, struct fault *why)
    __attribute__((warn_unused_result));

#endif
