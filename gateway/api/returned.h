/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_RETURNED_H
#define API_RETURNED_H

#include "spool/reader.h"

/*
 * A handoff that its receiver refused in the mailbox came back as an entry of its own, which is
 * found by the delivery's number.
 */
#define RETURNED_EVENT_TYPE "HANDOFF_RETURNED"
#define RETURNED_ADAPTER    "inbox"
#define RETURNED_FORMAT     "INBOX"

/* Causes of deliveries in a mailbox. */
#define FETCHED_CAUSE  "inbox:unanswered" /* of one that waits */
#define ACCEPTED_CAUSE "inbox:accepted"   /* of two that are over */
#define RETURNED_CAUSE "inbox:refused"

/** "refuse|d-17": the native id of the refusal of delivery 17. */
enum { RETURNED_ID_SIZE = 32 };
void returned_write_id(int64_t delivery, char text[RETURNED_ID_SIZE]);

/** One delivery, as far as its refusal is looked for. */
struct returned_key {
    const char *partner;
    const char *dossier_code;
    int64_t delivery;
};

/** The entry of its refusal; 0 when there is none. */
bool returned_find(struct spool_reader *reader, const struct returned_key *key, int64_t *entry,
                   struct fault *why) __attribute__((warn_unused_result));

#endif
