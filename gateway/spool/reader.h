/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_READER_H
#define SPOOL_READER_H

#include "spool/spool.h"

/** A read-only connection, for one thread.  Works beside a running daemon and without one. */
struct spool_reader;

struct spool_reader *spool_reader_open(const char *file, struct fault *why)
    __attribute__((warn_unused_result));
void spool_reader_close(struct spool_reader *reader);

/** What is said of what was shredded. */
#define SPOOL_SHREDDED "it was shredded: its key was destroyed on order, for good"

/** One entry as stored.  Pointers live until `each` returns, or the next call on the reader. */
struct spool_entry {
    int64_t entry;  /**< first number; what the receipt names */
    int64_t number; /**< under which it is or will be published; the release's when RELEASED */
    enum entry_state state;
    bool is_published;
    const char *partner;
    const char *adapter;
    const char *media_type;
    const char *traceparent;
    int64_t received_at_ms;
    int64_t document; /**< entry number of the document's first item, which holds the original */
    int item_no;      /**< from 0 */
    const char *native_id;
    const char *dossier_code; /**< NULL when it could not be read */
    const uint8_t *event_id;
    const char *event_type;
    int64_t occurred_at_ms;
    int64_t due_at_ms;
    int32_t schema_no;
    const char *event; /**< NULL when it has none, or is damaged */
    size_t event_size;
    bool is_damaged;  /**< the event is not what its digest says, or another part cannot be */
    bool is_shredded; /**< the event is gone for good, by a person's word */
    const uint8_t *document_sha256;
    const char *cause;
    const char *detail;
    int32_t revision;                  /**< of whose document the event is; 0: of the original */
    int64_t behind;                    /**< when PARKED: the first DEAD entry of its lane; else 0 */
    const struct spool_notice *notice; /**< from spool_next alone: it is no entry but this, and of
                                            the rest has `number` and `received_at_ms` */
};
/** Which numbers a call looks at. */
struct spool_range {
    int64_t after; /**< those above it */
    int64_t limit; /**< at most so many */
};

/** False ends the reading; that is no fault. */
typedef bool (*spool_each)(void *own, const struct spool_entry *entry);

/** The key of this spool's receipts; borrowed from the reader. */
const uint8_t *spool_reader_key(const struct spool_reader *reader);

/** The entry of that first number.  FAULT_REFUSE when there is none. */
bool spool_find(struct spool_reader *reader, int64_t entry, spool_each each, void *own,
                struct fault *why) __attribute__((warn_unused_result));

/** When that came which has or had this number, in any state, as an entry, a release or a notice; 0
 * when nothing has it: it was pruned, or never given. */
bool spool_received_at(struct spool_reader *reader, int64_t number, int64_t *received_at_ms,
                       struct fault *why) __attribute__((warn_unused_result));

/** What the publisher has to do next: READY (also by release) and DEAD entries and notices whose
 * number is in `range`, by number.  A damaged event that is to be published makes the call fail
 * with FAULT_BROKEN after the entries before it were given, and `*damaged` its number (else 0). */
bool spool_next(struct spool_reader *reader, struct spool_range range, spool_each each, void *own,
                int64_t *damaged, struct fault *why) __attribute__((warn_unused_result));

/** A dossier's entries with numbers in `range`, oldest first, without their events. */
bool spool_of_dossier(struct spool_reader *reader, const char *dossier_code,
                      struct spool_range range, spool_each each, void *own, struct fault *why)
    __attribute__((warn_unused_result));

/** All entries with first numbers in `range`, in that order, without their events. */
bool spool_list(struct spool_reader *reader, struct spool_range range, spool_each each, void *own,
                struct fault *why) __attribute__((warn_unused_result));

/** The dossier that a reference means: the caller owns the code, NULL when nothing of that name
 * passed here. */
bool spool_dossier_of(struct spool_reader *reader, const char *reference, char **dossier_code,
                      struct fault *why) __attribute__((warn_unused_result));

/** What a sender calls one of its handoffs, and the digest of its content. */
struct spool_id {
    const char *partner;
    const char *native_id;
    size_t native_id_size;
    const uint8_t *content_sha256; /**< NULL: whatever it is */
};
/** What spool_add would find under an id: the receipt of a repeat or a conflict, whose `entry` is
 * then what has the id.  `*found` is false when nothing has. */
bool spool_look_up(struct spool_reader *reader, const struct spool_id *id,
                   struct spool_receipt *receipt, bool *found, struct fault *why)
    __attribute__((warn_unused_result));

/** Where a published number went; false without a fault kind when that is not known. */
bool spool_place_of(struct spool_reader *reader, int64_t number, struct spool_place *place,
                    struct fault *why) __attribute__((warn_unused_result));

/** The bytes that are kept of an entry's document, decompressed and checked; the caller owns them.
 * They are as received, or shortened: then their digest is not the entry's document_sha256.
 * FAULT_REFUSE when there is no such entry, or its document was shredded. */
char *spool_original(struct spool_reader *reader, int64_t entry, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));

/** What was proved of the signatures of an entry's document when it came, as JSON that the caller
 * owns; NULL in `*proved` when nothing was.  It says nothing of a mended document. */
bool spool_proved(struct spool_reader *reader, int64_t entry, char **proved, struct fault *why)
    __attribute__((warn_unused_result));

/** A stored schema: its text (the caller owns it), its subject's registry id (-1: not pinned). */
struct spool_schema_row {
    char *text;
    uint64_t fingerprint;
    int32_t registry_id;
};
bool spool_schema_of(struct spool_reader *reader, int32_t schema_no, struct spool_schema_row *row,
                     struct fault *why) __attribute__((warn_unused_result));

/** One partner's day: `received = published + waiting + parked + dead + discarded + refused`, where
 * `received` is counted at arrival and the rest is counted from the rows. */
struct spool_sum {
    const char *partner;
    int32_t day; /**< Vietnam's, as 20250512 */
    int64_t received, published, waiting, parked, dead, discarded, refused, repeated, pruned;
};
typedef bool (*spool_each_sum)(void *own, const struct spool_sum *sum);
bool spool_sums(struct spool_reader *reader, int32_t from_day, int32_t to_day, spool_each_sum each,
                void *own, struct fault *why) __attribute__((warn_unused_result));

/** Reads everything: SQLite's own check, every digest, every number in one state, every lane of
 * deliveries in order.  `each` gets one
 * line for each finding.  False with FAULT_BROKEN when there was any. */
bool spool_check(struct spool_reader *reader, void (*each)(void *own, const char *finding),
                 void *own, struct fault *why) __attribute__((warn_unused_result));

/** A copy of the whole, consistent, while the daemon runs; refuses to overwrite. */
bool spool_backup(struct spool_reader *reader, const char *to_file, struct fault *why)
    __attribute__((warn_unused_result));

#endif
