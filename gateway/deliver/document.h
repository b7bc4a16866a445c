/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_DOCUMENT_H
#define DELIVER_DOCUMENT_H

#include "api/station.h"
#include "deliver/letter.h"
#include "deliver/mailbox_parts.h"
#include "deliver/outgoing.h"

/** One letter in its partner's format, its files to be read as it is sent. */
struct document {
    struct outgoing *body;
    const char *media_type; /**< the adapter's */
    const char *cause;      /**< where it is refused for a file; else NULL */
};

/**
 * Writes it.  Files go in as the partner's `files` says; large ones, and all where it says `url`,
 * as addresses, unless the format has no place for an address.  FAULT_REFUSE when the format cannot
 * say the event, or the store has lost a file of it, as `cause` then says.  The caller ends it with
 * document_free.
 */
bool document_write(const struct mailbox *mailbox, struct station *station,
                    const struct partner *partner, const struct letter *letter,
                    struct document *document, struct fault *why)
    __attribute__((warn_unused_result));
void document_free(struct document *document);

/** Whether every file of a document's holes is named by its hash in `text`. */
bool document_names_all(const struct adapt_written *written, const char *text);

#endif
