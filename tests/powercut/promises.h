/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POWERCUT_PROMISES_H
#define POWERCUT_PROMISES_H

#include "base/digest.h"
#include "tape.h"

enum promise_kind {
    PROMISE_HANDOFF,  /**< an item was accepted */
    PROMISE_FILE,     /**< a file was stored */
    PROMISE_DELIVERY, /**< a partner took a delivery, and that was taken down */
};

/** One thing that a client was told, and from when to when it must hold: by the tape's records. */
struct promise {
    enum promise_kind kind;
    uint32_t process; /**< the daemon's start, from 1, */
    uint32_t port;    /**< the client's port */
    uint32_t answer;  /**< and which answer on it, from 1: they name the record */
    char receipt[64]; /**< of an item */
    int item;         /**< from 0 */
    char partner[64]; /**< of a file */
    int64_t delivery;
    uint8_t sha256[SHA256_SIZE]; /**< of the document as sent, or of the file */
    uint64_t given_at;
    uint64_t gone_at; /**< from then on it may be pruned; UINT64_MAX: it may not */
    uint64_t shredding_at, shredded_at; /**< from then on its document may, and must, be shredded */
};

struct promises {
    struct promise *list;
    size_t count;
};

/**
 * Reads what workload.py wrote: "handoff PROCESS PORT ANSWER RECEIPT ITEM SHA256", "file PROCESS
 * PORT ANSWER PARTNER SHA256", "delivery PROCESS PORT ANSWER NUMBER", and "gone MARK N", by which
 * the Nth of these, from 0, may be pruned from that mark on, and "shredded MARK MARK N", by which
 * its document was ordered to be shredded at the one and was at the other.  Answers are taken for
 * given `early` records too soon.
 */
void promises_load(struct promises *promises, const char *path, const struct tape *tape,
                   uint64_t early);

#endif
