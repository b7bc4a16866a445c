/* SPDX-License-Identifier: Apache-2.0 */
/* Signs receipts: a JWS whose claims are those of RFC 7519, and what a receipt says for good. */
#include "ingest/proof.h"

#include "api/refusal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jws.h"
#include "base/log.h"
#include "base/moment.h"
#include "ingest/state.h"

#include <string.h>

enum { MS_OF_S = 1000 };

ENDS_WITH_SCOPE(json_t *, json_decref)

json_t *proof_receipt(const struct ingest *ingest, int64_t entry, int item, const char *dossier,
                      const uint8_t *event_id)
{
    char receipt[RECEIPT_TEXT_SIZE], event[UUID_TEXT_SIZE];
    receipt_write(ingest->receipt_key, entry, receipt);
    if (event_id)
        uuid_text(event_id, event);
    return json_pack("{s:i, s:s, s:s*, s:s*}", "item", item, "receipt", receipt, "dossier", dossier,
                     "event_id", event_id ? event : NULL);
}

static char *claims_of(const struct ingest *ingest, const struct proof *proof)
{
    char sha256[SHA256_HEX_SIZE], received[MOMENT_TEXT_SIZE];
    digest_hex(proof->sha256, SHA256_SIZE, sha256);
    (void)moment_write(proof->received_at_ms, MOMENT_ISO_UTC, received);
    auto_free(json_decref) json_t *claims =
        json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "iss", ingest->options.issuer, "sub",
                  proof->partner, "iat", (json_int_t)(clock_now_ms() / MS_OF_S), "document_sha256",
                  sha256, "received_at", received, "receipts", proof->receipts);
    return claims ? json_dumps(claims, JSON_COMPACT) : NULL;
}

char *proof_sign(const struct ingest *ingest, const struct proof *proof)
{
    struct fault why = {.text = "out of memory"};
    auto_free(free) char *claims = proof->receipts ? claims_of(ingest, proof) : NULL;
    char *text =
        claims ? jws_sign(ingest->options.signing_keys, JWS_RECEIPT, claims, strlen(claims), &why)
               : NULL;
    if (!text)
        log_error("receipts.not_signed", "partner=%s why=\"%s\"", proof->partner, why.text);
    return text;
}

char *proof_of_handoff(const struct handoff *handoff)
{
    const struct ingest *ingest = handoff->ingest;
    const struct spool_receipt *kept = handoff_kept(handoff);
    if (!ingest->options.signing_keys || !kept)
        return NULL;
    json_t *receipts = json_array();
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        const struct spool_item *item = &handoff->items[i];
        json_t *receipt =
            proof_receipt(ingest, handoff->receipts[i].entry, handoff->receipts[i].item_no,
                          item->dossier_code, item->event_type ? item->event_id : NULL);
        if (json_array_append_new(receipts, receipt) != 0) {
            json_decref(receipts);
            receipts = NULL; /* of no memory: proof_sign says so */
        }
    }
    const struct proof proof = {.partner = handoff->caller.partner->id,
                                .sha256 = kept->document_sha256,
                                .received_at_ms = kept->received_at_ms,
                                .receipts = receipts};
    return proof_sign(ingest, &proof);
}

void proof_keys(void *own, struct http_request *request)
{
    const struct ingest *ingest = own;
    struct fault why;
    auto_free(json_decref) json_t *set = ingest->options.signing_keys
                                             ? jws_keys_public(ingest->options.signing_keys, &why)
                                             : json_pack("{s:[]}", "keys");
    char *text = set ? json_dumps(set, JSON_COMPACT) : NULL;
    if (text)
        http_answer(request, 200, "application/jwk-set+json", text, strlen(text));
    else
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
}
