/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_AUDIT_H
#define SPOOL_AUDIT_H

#include "spool/delivery.h"

/**
 * The record of what people did, and of what was tried: each entry holds the hash of the one
 * before, so that no byte can be changed, no entry removed and no two swapped unseen.  An act and
 * its record are one transaction, and the record goes to lienthong.audit as a notice.
 */

/** Who acts: "user:NAME", "unix:UID NAME", "gateway".  Never a secret, no personal data but staff
 * names. */
struct spool_actor {
    const char *name;
    const char *address; /**< where from, as "127.0.0.1"; NULL: this machine */
};

struct spool_record {
    struct spool_actor actor;
    const char *act;     /**< "release", "discard", "unmask", "login", "login-failed", ... */
    const char *object;  /**< "entry:1-5e80...", "delivery:d-1024", "job:7", "partner:ID", "" */
    const char *reason;  /**< as the person gave it; "" without one */
    const char *outcome; /**< "done", "refused"; "begun" of what is no one transaction with its
                              record: whose end is on record after it, unless the daemon ended */
    const char *detail;  /**< JSON object, or "" */
    int64_t at_ms;
};

enum { AUDIT_HASH_SIZE = SHA256_SIZE, AUDIT_TEXT_LIMIT = 8192 };

/** One entry of the record, as stored.  Pointers live until `each` returns. */
struct spool_audited {
    int64_t number; /**< from 1, without gaps */
    struct spool_record record;
    const uint8_t *hash; /**< SHA-256 of the hash before (of the first: AUDIT_HASH_SIZE zero bytes)
                              and of this entry's canonical text */
};

/** Appends a record of something that changes nothing in the spool (a login, a look).  Bytes that
 * are not UTF-8 and control characters but tabs and ends of lines are kept as '?', texts over
 * AUDIT_TEXT_LIMIT are cut.  Waits for the commit. */
bool spool_audit(struct spool *spool, const struct spool_record *record, struct fault *why)
    __attribute__((warn_unused_result));

/** Entries with numbers above `after`, at most `limit`; with `backwards` those below it, newest
 * first (`after` 0: from the end). */
struct audit_range {
    int64_t after;
    size_t limit; /**< 0: all */
    bool backwards;
    const char *actor, *act, *object; /**< NULL does not narrow */
    int64_t from_ms, to_ms;           /**< when it was done, to_ms not included; 0: open */
};
bool spool_audited(struct spool_reader *reader, const struct audit_range *range,
                   bool (*each)(void *own, const struct spool_audited *entry), void *own,
                   struct fault *why) __attribute__((warn_unused_result));

/** What verification found first. */
struct audit_finding {
    int64_t number;
    char text[160]; /**< "entry 17 was changed", "entries 18 to 20 are missing", "entries 5 and 6
                         were swapped" */
};
/** Walks the whole chain.  False with FAULT_REFUSE and the finding when it does not hold; `*count`
 * says how many entries hold.  Somebody who can write the file can make a whole chain anew: what
 * lienthong.audit has on Kafka is the witness against that. */
bool spool_audit_verify(struct spool_reader *reader, int64_t *count, struct audit_finding *finding,
                        struct fault *why) __attribute__((warn_unused_result));

/** The canonical text that is hashed and put on Kafka: one line of JSON with sorted members.  The
 * caller owns it. */
char *audit_text(const struct spool_audited *entry, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * The schema number of lienthong.audit's records, from spool_schema; 0: nothing goes to Kafka.
 * `encode` gives the datum of an entry, which the spool frees; it is called in the writer's thread
 * and must not call the spool; NULL fails the act.  Set once, before anybody acts.  Waits.
 */
bool spool_audit_schema(struct spool *spool, int32_t schema_no,
                        char *(*encode)(void *own, const struct spool_audited *entry, size_t *size),
                        void *own, struct fault *why) __attribute__((warn_unused_result));

#endif
