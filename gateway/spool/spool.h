/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include "base/digest.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The journal between the stages: every handoff accepted, in the order of acceptance, on stable
 * storage.  One thread with one connection owns every write and every checkpoint; it commits in
 * groups.  Reading is by spool_reader, one for each thread.
 *
 * Numbers.  One counter gives every entry its number, and gives a new number to an entry that a
 * person releases.  The publisher goes by these numbers; what is at or below the watermark is
 * published.  So publishing moves one number and updates no row.
 */
struct spool;

struct spool_options {
    const char *file;      /**< the database; -wal, -shm and .lock lie beside it */
    int64_t queue_entries; /**< waiting for the writer; more are answered FAULT_RETRY */
    int64_t queue_bytes;
    int64_t reserve_bytes;        /**< free disk below which nothing more is accepted */
    int64_t compress_above_bytes; /**< originals over this size are kept zstd-compressed */
    int64_t checkpoint_pages;
    int64_t overdue_ms; /**< oldest unpublished entry older than this: spool_is_overdue */
};

enum entry_state {
    ENTRY_READY,     /**< to be published, or published when its number is under the watermark */
    ENTRY_PARKED,    /**< waits behind a DEAD or PARKED entry of its lane */
    ENTRY_DEAD,      /**< needs a person */
    ENTRY_DISCARDED, /**< ended by a person, with a reason */
    ENTRY_RELEASED,  /**< was PARKED or DEAD, now ready under a new number */
};

/** One item of a document.  All pointers are borrowed until the document's `done` is called. */
struct spool_item {
    const char *native_id; /**< dedupe key within the partner */
    size_t native_id_size;
    uint8_t content_sha256[SHA256_SIZE]; /**< of the item: same id, other content is a conflict */
    const char *dossier_code;            /**< NULL when it could not be read */
    const char *event; /**< Avro datum, no prefix; NULL when DEAD on arrival, and, without a cause,
                            for what is kept and not published: DISCARDED on arrival */
    size_t event_size;
    int32_t schema_no; /**< from spool_schema; 0 without an event */
    uint8_t event_id[UUID_SIZE];
    const char *event_type; /**< symbol; NULL without an event */
    int64_t occurred_at_ms;
    int64_t due_at_ms;     /**< 0 when it has none */
    const char *reference; /**< NULL, or a name by which later messages mean this dossier */
    const char *cause;     /**< NULL, or DEAD on arrival: rule and place, as "R2 /From/OrganId" */
    bool stands_aside;     /**< DEAD on arrival and in no lane until it is mended: who sent it may
                                not speak for the dossier that it names, or nobody can tell */
    const char *detail;    /**< one line for people, without personal data */
    const uint8_t (*files)[SHA256_SIZE]; /**< stored files that it refers to, each once */
    size_t file_count;
};

/** What the gateway itself has to tell on Kafka: goes there by the publisher, once, in the order of
 * numbers with everything else. */
struct spool_notice {
    const char *topic; /**< without prefix, as "deliveries" */
    const char *key;
    const char *datum; /**< Avro, without prefix */
    size_t size;
    int32_t schema_no; /**< from spool_schema */
};

struct spool_document {
    const char *partner;
    const char *adapter;
    const char *media_type;
    const char *traceparent; /**< W3C header value of the request, or NULL */
    const char *bytes;       /**< as received, or shortened: files are moved out of it */
    size_t size;
    uint8_t sha256[SHA256_SIZE];         /**< as received */
    const uint8_t *shortened_sha256;     /**< of `bytes` when they are shortened, else NULL */
    const uint8_t (*files)[SHA256_SIZE]; /**< stored files that were moved out of it: used by the
                                              entry that holds it, as long as that is kept */
    size_t file_count;
    const char *proved; /**< what was proved of its signatures, JSON; NULL: it had none */
    int64_t received_at_ms;
    const struct spool_item *items;
    size_t item_count;
};

enum spool_verdict {
    SPOOL_STORED,
    SPOOL_REPEATED, /**< same native id and content as an entry that is here already: its number */
    SPOOL_CONFLICT, /**< same native id, other content; the document is kept as DEAD for a person */
};

struct spool_receipt {
    enum spool_verdict verdict;
    int64_t entry;  /**< the entry's first number, for spool_find and receipt_text */
    int64_t number; /**< under which it is or was to be published: another after a release */
    enum entry_state state; /**< as stored */
    int64_t received_at_ms; /**< this and the next two: of the first arrival, when repeated */
    int item_no;            /**< in its document, from 0 */
    uint8_t document_sha256[SHA256_SIZE];
};

/**
 * Called once for each spool_add that returned true, from the writer's thread, after the group's
 * fsync: `receipts` has one for each item, or is NULL with `why` when the group failed.  Must not
 * block and must not call the spool.
 */
typedef void (*spool_done)(void *own, const struct spool_receipt *receipts, size_t count,
                           const struct fault *why);

/**
 * Opens or creates the file, takes its lock, recovers, starts the writer.  FAULT_RETRY when another
 * process has it; FAULT_BROKEN when it is damaged or of a newer version, or its log is damaged so
 * that SQLite would leave out what was accepted.  Time and memory do not depend on how much is
 * stored.
 */
struct spool *spool_open(const struct spool_options *options, struct fault *why)
    __attribute__((warn_unused_result));

/** The key of this spool's receipts, RECEIPT_KEY_SIZE bytes; borrowed until close. */
const uint8_t *spool_receipt_key(const struct spool *spool);

/** Commits what is queued, calls every `done`, checkpoints, closes. */
void spool_close(struct spool *spool);

/**
 * Queues one document; keeps it until `done`.  All its items are stored, or none: an item that
 * conflicts makes the whole document one DEAD entry.  An item whose lane has a DEAD or PARKED entry
 * is stored PARKED.  FAULT_RETRY when the queue is full, the disk is below its reserve, or a write
 * has met a damaged page: `done` is then not called.
 */
bool spool_add(struct spool *spool, const struct spool_document *document, spool_done done,
               void *own, struct fault *why) __attribute__((warn_unused_result));

/** Counts a document that was refused and not stored, for the day's sum; durable with the next
 * group. */
void spool_count_refused(struct spool *spool, const char *partner, int64_t received_at_ms);

/** The number of a schema text, kept for good; the first sight stores it.  Waits for the commit. */
bool spool_schema(struct spool *spool, const char *subject, const char *text, uint64_t fingerprint,
                  int32_t *schema_no, struct fault *why) __attribute__((warn_unused_result));
/** Pins the registry's id of a stored schema, so that a registry outage stops nothing known. */
bool spool_pin_schema(struct spool *spool, int32_t schema_no, int32_t registry_id,
                      struct fault *why) __attribute__((warn_unused_result));

/** Where one published entry went. */
struct spool_place {
    int64_t number;
    int32_t partition;
    int64_t offset;
    int64_t at_ms; /**< of one that is read: when Kafka had committed it; 0: it is not known */
};

/**
 * Kafka has committed everything up to `watermark`.  Moves the spool's copy and stores the places
 * with the next group; wakes those who wait in spool_wait_published.  Never moves back.
 */
void spool_published(struct spool *spool, int64_t watermark, const struct spool_place *places,
                     size_t count);
/** The spool's copy of the watermark. */
int64_t spool_watermark(struct spool *spool);
/** For an operator's word alone: sets the copy, also back.  Waits for the commit. */
bool spool_set_watermark(struct spool *spool, int64_t watermark, struct fault *why)
    __attribute__((warn_unused_result));

/** The watermark, as soon as it is another than `seen`, at most `timeout_ms` later. */
int64_t spool_wait_published(struct spool *spool, int64_t seen, int64_t timeout_ms);

/** Waits until spool_next has something to give above `after`, at most `timeout_ms`.  True when it
 * has; entries that are PARKED or DISCARDED do not count. */
bool spool_wait_above(struct spool *spool, int64_t after, int64_t timeout_ms);

/**
 * Kafka will never take this one: DEAD, and what is unpublished behind it in its lane PARKED; a
 * notice is kept and passed over.
 * `number` is the number that the publisher saw.  Waits for the commit.
 */
bool spool_bury(struct spool *spool, int64_t number, const char *cause, const char *detail,
                struct fault *why) __attribute__((warn_unused_result));
/** A person mended or waived: the DEAD entry and its lane get new numbers, in their old order. */
bool spool_release(struct spool *spool, int64_t entry, struct fault *why)
    __attribute__((warn_unused_result));
/** A person ends it, with a reason; its lane is released behind it. */
bool spool_discard(struct spool *spool, int64_t entry, const char *reason, struct fault *why)
    __attribute__((warn_unused_result));

/** Deletes published, RELEASED-and-published and DISCARDED entries received before `before_ms`,
 * arrivals from before it whose deliveries are all over, notices from before it that are published,
 * items of jobs that ended before it, and nothing else, in small groups; `*count` says how many
 * entries. */
bool spool_prune(struct spool *spool, int64_t before_ms, int64_t *count, struct fault *why)
    __attribute__((warn_unused_result));

/** Ends what takes long (spool_prune, spool_rekey) between two groups, with FAULT_RETRY, now and
 * from now on: the daemon stops. */
void spool_interrupt(struct spool *spool);

struct spool_levels {
    int64_t last_number; /**< the highest that was ever given */
    int64_t unpublished; /**< numbers above the watermark; an upper bound of READY ones */
    int64_t oldest_ms;   /**< arrival of the oldest unpublished READY entry; 0 when none */
    int64_t parked;
    int64_t dead;
    int64_t queue_entries;
    int64_t queue_bytes;
    int64_t file_bytes;
    int64_t free_bytes;
    int64_t groups;  /**< commits since start */
    int64_t entries; /**< stored since start */
    int64_t deliveries_waiting;
    int64_t deliveries_parked;
    int64_t deliveries_dead;
    bool below_reserve;
    bool is_damaged; /**< a write met a damaged page: nothing more is accepted until a start */
    bool is_overdue; /**< the oldest unpublished READY entry is older than overdue_ms */
};
/** Cheap: numbers the writer keeps.  For health and metrics. */
void spool_levels(struct spool *spool, struct spool_levels *levels);

#endif
