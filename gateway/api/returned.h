/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_RETURNED_H
#define API_RETURNED_H

#include "spool/reader.h"

/*
 * A handoff that its receiver refused in the mailbox came back as an entry of its own, which is
 * found by the handoff's event.
 */
#define RETURNED_EVENT_TYPE "HANDOFF_RETURNED"
#define RETURNED_ADAPTER    "inbox"
#define RETURNED_FORMAT     "INBOX"

/* Causes of deliveries in a mailbox. */
#define FETCHED_CAUSE  "inbox:unanswered" /* of one that waits */
#define ACCEPTED_CAUSE "inbox:accepted"   /* of two that are over */
#define RETURNED_CAUSE "inbox:refused"

/** "refuse|EVENT-ID" of the handoff: the native id of its refusal.  Not of the delivery, whose
 * number another spool would give again. */
enum { RETURNED_ID_SIZE = UUID_TEXT_SIZE + 8 };
void returned_write_id(const uint8_t event_id[UUID_SIZE], char text[RETURNED_ID_SIZE]);

/** One handoff, as far as its refusal is looked for. */
struct returned_key {
    const char *partner;     /**< that got it */
    const uint8_t *event_id; /**< or NULL: there is no refusal */
};

/** The entry of its refusal; 0 when there is none. */
bool returned_find(struct spool_reader *reader, const struct returned_key *key, int64_t *entry,
                   struct fault *why) __attribute__((warn_unused_result));

#endif
