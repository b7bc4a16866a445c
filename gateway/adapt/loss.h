/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_LOSS_H
#define ADAPT_LOSS_H

#include "adapt/adapter.h"

/*
 * What a format cannot carry of another's events, as the two maps say it: a field of an event that
 * went from the one to the other is the same at the far end, or it stands here.
 */

enum loss_kind {
    LOSS_NONE,
    LOSS_NARROWED, /**< carried with less in it: cut, whole seconds, one of several */
    LOSS_BESIDE,   /**< in the file that travels beside, and only there */
    LOSS_WORDS,    /**< written for people, within a text that means something else to a reader */
    LOSS_ABSENT,
    LOSS_NEEDED, /**< without it this message is not written, but the next that can be, or none */
    LOSS_KINDS_
};

/** "narrowed", "beside", "words", "absent", "needed". */
const char *loss_kind_name(enum loss_kind kind);

struct loss {
    const char *event_type; /**< as the one format reads it */
    const char *message;    /**< of the other that it is written as; NULL: none can say it */
    const char *field;      /**< as maps name it; "event_type" for the type itself */
    enum loss_kind kind;
    char reason[400]; /**< the adapter's `cannot`, or what the map shows */
};

struct losses {
    struct loss *list; /**< by event type, message, and the order of fields in the schema */
    size_t count;
};

/**
 * What `to` cannot carry of the events that `from` reads, for every type and for every message of
 * `to` that can be written for it.  What the gateway itself sets is not spoken of.
 */
bool losses_find(const struct adapter *from, const struct adapter *to, struct losses *losses,
                 struct fault *why) __attribute__((warn_unused_result));
void losses_free(struct losses *losses);

#endif
