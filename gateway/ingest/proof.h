/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_PROOF_H
#define INGEST_PROOF_H

#include "ingest/handoff.h"

/** Receipts that the gateway has signed, so that their holder can prove to others what was taken.
 */

/** What is signed of a document. */
struct proof {
    const char *partner;
    const uint8_t *sha256; /**< of the document as it came */
    int64_t received_at_ms;
    json_t *receipts; /**< of proof_receipt; taken */
};

/** One of them; `dossier` and `event_id` may be NULL. */
json_t *proof_receipt(const struct ingest *ingest, int64_t entry, int item, const char *dossier,
                      const uint8_t *event_id);

/** Signs; the caller owns the text.  NULL without keys, and when it cannot be done: that is logged,
 * since what is stored must be answered so all the same. */
char *proof_sign(const struct ingest *ingest, const struct proof *proof);
/** The same of all items of a document that was stored, or was here already.  NULL also when they
 * are kept of several documents: each receipt is then proved when it is asked for. */
char *proof_of_handoff(const struct handoff *handoff);

/** GET /v1/keys: the public keys, as a JWK set. */
void proof_keys(void *own, struct http_request *request);

#endif
