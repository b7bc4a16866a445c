/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_HANDOFF_H
#define INGEST_HANDOFF_H

#include "api/caller.h"
#include "api/trace.h"
#include "files/inline.h"
#include "ingest/account.h"
#include "signature/check.h"
#include "spool/spool.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

struct ingest;

/** Where a posted document is; guarded by its lock from STORING on. */
enum handoff_phase {
    HANDOFF_READING,
    HANDOFF_FILING, /**< its files are moved to the store */
    HANDOFF_FILED,
    HANDOFF_STORING,
    HANDOFF_STORED,
    HANDOFF_PUBLISHING, /**< `ack: published`: waits for Kafka */
    HANDOFF_DONE,
};

/** The heap behind one spool_item's pointers, and the files that are held for it. */
struct item_memory {
    char *texts;
    char *event;
    json_t *agencies; /* as succession_of lists them; NULL when there are none */
    uint8_t (*files)[SHA256_SIZE];
    size_t file_count;
    bool is_valid;
};

/**
 * One posted document, from its head to its answer.  It outlives its request, which may be cut
 * while the spool still holds the document; so it is held by each who may yet touch it.
 */
struct handoff {
    pthread_mutex_t lock;
    struct http_request *request; /**< guarded by lock; NULL once it is over */
    enum handoff_phase phase;     /**< guarded by lock */
    atomic_int holders;

    struct ingest *ingest;
    struct caller caller;
    struct account *account;
    struct rate rate;
    char *media_type;
    struct trace trace;
    int64_t arrived_ticks_us;

    char *bytes;
    char *jws; /**< a detached signature that came with them, or NULL */
    bool is_judged;
    struct signature_verdict signature; /**< what was found, once it is judged */
    bool is_filed;                      /**< its digest is taken, and its files are moved out */
    struct inline_files files;          /**< that came in it */
    size_t brought;                     /**< how many of them filing.c has looked at */
    uint8_t (*hashes)[SHA256_SIZE];     /**< theirs, for the spool */
    uint8_t shortened_sha256[SHA256_SIZE];
    struct spool_document document; /**< its pointers are into this handoff */
    struct spool_item *items;       /**< the document's; room for `capacity` */
    struct item_memory *memory;
    size_t capacity;
    bool is_foreign;
    bool parks;       /**< keeps what is invalid, whatever the partner's setting */
    json_t *problems; /**< of what was parked all the same; NULL when none */
    size_t problem_total;

    struct spool_receipt *receipts; /**< one for each item, once stored */
    bool has_receipts;
    struct fault fault; /**< why it was not stored */
    int64_t last_number;
    int64_t publish_by_ticks;
    struct handoff *next; /**< of those in publishing.c's list; guarded by its lock */

    size_t candidate_count;
    const struct adapter *candidates[]; /**< the partner's adapters that take the media type */
};

/** Makes a handoff that holds itself once; takes the caller.  `request` is NULL for a document that
 * did not come over HTTP.  NULL when memory is out: the caller is then forgotten. */
struct handoff *handoff_new(struct ingest *ingest, struct http_request *request,
                            struct caller *caller);
struct handoff *handoff_hold(struct handoff *handoff);
void handoff_release(struct handoff *handoff);

/** Makes the sender's adapters that take its media type the candidates. */
void handoff_choose_candidates(struct handoff *handoff);

/** The highest number of its receipts that Kafka has still to take; 0 when there is none. */
int64_t handoff_unpublished(const struct handoff *handoff);

/** What is kept of it, as any of its receipts tells: of a repeat, the document that came first.
 * NULL when its items are kept of several documents. */
const struct spool_receipt *handoff_kept(const struct handoff *handoff);

/** Adds an item that is all zero and the next in number; NULL when memory is out. */
struct spool_item *handoff_add_item(struct handoff *handoff, struct fault *why);
/** The item at `index` uses this file, which is held for it until the handoff ends; once is enough.
 * True also when the file is leaving the store: it is then not used. */
bool handoff_use_file(struct handoff *handoff, size_t index, const uint8_t sha256[SHA256_SIZE],
                      struct fault *why) __attribute__((warn_unused_result));
/** Whether it does. */
bool handoff_uses_file(const struct handoff *handoff, size_t index,
                       const uint8_t sha256[SHA256_SIZE]);
/** Forgets all items. */
void handoff_drop_items(struct handoff *handoff);

/** Resumes its request if that is still there; under no lock of the handoff. */
void handoff_resume(struct handoff *handoff, enum handoff_phase from, enum handoff_phase to);

#endif
