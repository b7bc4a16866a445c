/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_EQUIP_H
#define DELIVER_EQUIP_H

#include "adapt/service.h"
#include "deliver/given.h"
#include "deliver/peer.h"

/** What there is for the {names} in the texts of the peer's adapter; `errand` is NULL for what
 * delivers nothing.  There is room for one more text, and without an errand for five.  The caller
 * frees the texts; NULL without memory. */
struct adapt_given *equip_gather(const struct peer *peer, const struct errand *errand,
                                 struct given *given) __attribute__((warn_unused_result));

/** Adds one to those; nothing where the name or the text is NULL. */
void equip_give(struct given *given, struct adapt_given *texts, const char *name, const char *text);

/** Adds an adapter's list of headers, filled in. */
bool equip_headers(struct request *request, const struct service_text *headers,
                   const struct given *given, struct fault *why)
    __attribute__((warn_unused_result));

/** Adds what proves to the peer who we are, as its adapter says. */
bool equip_credentials(struct request *request, const struct peer *peer, const struct given *given,
                       struct fault *why) __attribute__((warn_unused_result));

#endif
