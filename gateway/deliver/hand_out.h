/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_HAND_OUT_H
#define DELIVER_HAND_OUT_H

#include "deliver/document.h"
#include "deliver/mailbox_parts.h"
#include "deliver/tell.h"
#include "deliver/visit.h"

enum { HAND_OUT_USUAL = 10, HAND_OUT_MOST = 100 };

/** One letter on its way to the spool again: put off, or dead because its format cannot say it or
 * a file of it is lost. */
struct put_off {
    struct letter letter;
    struct fault fault; /**< why its document could not be written */
    const char *cause;  /**< of that, where it is not the format */
    uint8_t document_sha256[SHA256_SIZE];
    struct tellings tellings; /**< of one that is dead */
};

/** What one visit gets, and what the spool has to keep of that before the visit gets it. */
struct hand_out {
    struct mailbox *mailbox;
    char *text; /**< the answer */
    size_t size;
    char *media_type;
    size_t count; /**< of letters in the answer */
    int64_t held_bytes;
    char id[DELIVERY_TEXT_SIZE]; /**< of the last letter */
    char event_id[UUID_TEXT_SIZE];
    struct put_off *letters;
    struct spool_settlement *settlements; /**< one for each letter */
    size_t letter_count;
};

/**
 * Takes what is due for the visit's partner, at most `visit->most` letters, and writes them.  A
 * letter that the partner's format cannot say, or of which a file is lost, becomes DEAD, and one
 * that cannot be written for another reason is put off: neither keeps the others back.  The caller
 * owns the result, which is without letters when nothing is due.
 */
struct hand_out *hand_out_make(struct visit *visit, struct station *station, struct fault *why)
    __attribute__((warn_unused_result));
void hand_out_free(struct hand_out *hand_out);

/** The settlement of one letter, from what became of writing it. */
struct spool_settlement hand_out_settle(const struct put_off *letter, int64_t now_ms,
                                        int64_t redeliver_ms);

#endif
