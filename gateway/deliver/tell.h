/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_TELL_H
#define DELIVER_TELL_H

#include "event/schema.h"
#include "spool/delivery.h"

/** The schemas of what is told, with their numbers in the spool.  Borrowed. */
struct tell_schemas {
    const struct schema *receipt; /**< schemas/delivery-receipt.avsc */
    int32_t receipt_no;
    const struct schema *dead_letter; /**< schemas/dead-letter.avsc */
    int32_t dead_letter_no;
};

enum outcome {
    OUTCOME_DELIVERED,
    OUTCOME_REFUSED,
    OUTCOME_EXPIRED,
    OUTCOME_UNROUTABLE,
    OUTCOME_DISCARDED,
    OUTCOME_RELEASED,
    OUTCOME_REROUTED,
};

/** What became of a delivery, beside what the delivery says of itself. */
struct told {
    enum outcome outcome;
    int64_t at_ms;
    int64_t attempts;               /**< with the one that this tells of */
    int32_t status;                 /**< HTTP status of the last answer; 0: none came */
    const char *cause, *detail;     /**< or NULL */
    const uint8_t *document_sha256; /**< or NULL */
    const char *partner;            /**< of OUTCOME_REROUTED: whom it goes to now; else NULL */
};

/** The text of a delivery in APIs, lists and records: "d-NUMBER". */
enum { DELIVERY_TEXT_SIZE = 24 };
void delivery_text(int64_t delivery, char text[DELIVERY_TEXT_SIZE]);
/** The other way; false when the text is none. */
bool delivery_read(const char *text, int64_t *delivery);

/** What is told of one outcome: a record of lienthong.deliveries and, of one that is REFUSED,
 * EXPIRED or UNROUTABLE, a record of lienthong.dead-letters. */
enum { TELL_MOST = 2 };
struct tellings {
    struct spool_notice notices[TELL_MOST];
    size_t count;
    char *memory[2 * TELL_MOST]; /**< what the notices point to */
};

/** Makes them; of `delivery` it needs no event.  The caller ends `tellings` with tell_free. */
bool tell_outcome(const struct tell_schemas *schemas, const struct spool_delivery *delivery,
                  const struct told *told, struct tellings *tellings, struct fault *why)
    __attribute__((warn_unused_result));
/** Accepts one that is all zero. */
void tell_free(struct tellings *tellings);

#endif
