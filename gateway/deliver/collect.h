/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_COLLECT_H
#define DELIVER_COLLECT_H

#include "adapt/adapter.h"
#include "directory/directory.h"

struct collector_options {
    const struct adapters *adapters;
    struct directory_place *place;
    int64_t answer_limit_bytes; /**< of a list, and of everything that is no document */
    int64_t document_limit_bytes;
    /**
     * Takes one document in; takes the bytes.  True when it is safe: on Kafka, or kept for a
     * person.  Else the mailbox keeps it and is asked again: FAULT_RETRY ends that look, since
     * nothing could be taken now; any other fault leaves that letter alone.  From the thread of
     * the partner's mailbox.
     */
    bool (*take)(void *own, const char *partner, char *bytes, size_t size, struct fault *why);
    void *own;
};

/**
 * Empties the mailboxes of partners with `collect.poll_every_ms`, each by a thread of its own, at
 * the address of their `deliver.url` and with its credentials, as `mailbox:` of the first of their
 * adapters that has one says: list, fetch, and a mark only when the document is safe.  So what is
 * taken and not marked, since we or they stopped between, is taken again, which is a repeat.
 *
 * A letter that cannot be had, taken or marked stays there and holds up none behind it.  While one
 * is left, every look goes as far back as the look that first listed it.
 *
 * It lives beside the courier because it speaks to the same systems by the same means.
 */
struct collector;
struct collector *collector_start(const struct collector_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Ends the calls under way.  Accepts NULL. */
void collector_stop(struct collector *collector);

#endif
