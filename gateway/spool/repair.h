/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_REPAIR_H
#define SPOOL_REPAIR_H

#include "base/fault.h"
#include "spool/receipt.h"

#include <stdint.h>

struct spool_repair {
    const char *file;   /**< the damaged spool; read only, and under its lock */
    const char *into;   /**< the new one, which must not exist */
    const char *backup; /**< NULL, or an older copy of the same spool: what never changes is taken
                             from it where it is lost (names, schemas, the key of receipts) */
    int64_t above;      /**< numbers go on above this one at least; 0: as the spool knows */
};

enum spool_loss_kind {
    LOSS_ENTRY,    /**< its row: what it was is not known any more */
    LOSS_EVENT,    /**< its event; the document it came in is there */
    LOSS_ORIGINAL, /**< the document it came in */
    LOSS_DELIVERY, /**< its row, or its event */
    LOSS_NUMBERS,  /**< nobody knows what stood under these */
    LOSS_DAY,      /**< that many entries of a partner's day are not there */
    LOSS_PLACES,   /**< where these numbers are on Kafka */
    LOSS_KEY,      /**< content of an id: a repeat is kept as a conflict */
    LOSS_SETTING,  /**< `text` says which */
};

/** Something that could not be saved. */
struct spool_loss {
    enum spool_loss_kind kind;
    int64_t first, last;             /**< numbers; of a day, the day in `first` and the count */
    char receipt[RECEIPT_TEXT_SIZE]; /**< of an entry; else "" */
    const char *dossier_code;        /**< or NULL */
    bool is_published;               /**< of an entry: Kafka has it */
    const char *text;                /**< what was done about it, in English */
};

/** Who hears of it. */
struct spool_repair_seen {
    void *own;
    void (*damage)(void *own, const char *line); /**< a page, or the log */
    void (*loss)(void *own, const struct spool_loss *loss);
};

struct spool_repaired {
    int64_t entries, deliveries;
    int64_t last_number; /**< new ones are above it */
    int64_t damages, losses;
};

/**
 * Makes a new spool of all that can be read of a damaged one, also behind damaged pages and frames
 * of its log, and tells what could not.  Receipts, numbers, keys, states and deliveries stay as
 * they were.  For each entry that is lost and not published stands a DEAD one, behind which its
 * dossier waits; what is lost and published stays published.  FAULT_RETRY while a daemon has the
 * file open; FAULT_REFUSE when `into` exists; FAULT_BROKEN when nothing can be saved.  After a
 * fault there is no new file.
 */
bool spool_repair(const struct spool_repair *repair, const struct spool_repair_seen *seen,
                  struct spool_repaired *repaired, struct fault *why)
    __attribute__((warn_unused_result));

/** Removes the new file again, with what SQLite put beside it: for who only wanted to know. */
void spool_repair_undo(const struct spool_repair *repair);

#endif
