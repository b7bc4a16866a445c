/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_FETCH_H
#define DELIVER_FETCH_H

#include "deliver/fetch_rule.h"
#include "deliver/request.h"
#include "spool/filing.h"

/**
 * Fetches a file that a document has only by its address into the store: without redirects or a
 * proxy, from no address but a public one (unless the rule says else), whatever the name resolves
 * to, and within the store's limit.
 */
struct fetch;

struct fetch *fetch_new(struct file_store *files, const char *uri, const struct fetch_rule *rule,
                        struct fault *why) __attribute__((warn_unused_result));
void fetch_free(struct fetch *fetch);
ENDS_WITH_SCOPE(struct fetch *, fetch_free)

bool fetch_start(struct fetch *fetch, CURLM *multi, void *own, struct fault *why)
    __attribute__((warn_unused_result));
const char *fetch_uri(const struct fetch *fetch);

/** After its end: notes the file in the spool, keeps it and says its hash.  FAULT_RETRY when the
 * same later may work; FAULT_REFUSE when it will not: not there, a redirect, too large, an address
 * that is not public.
 */
bool fetch_keep(struct fetch *fetch, struct spool *spool, CURLcode result,
                uint8_t sha256[SHA256_SIZE], struct fault *why) __attribute__((warn_unused_result));

#endif
