/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_STORE_H
#define SPOOL_STORE_H

#include "spool/audit.h"
#include "spool/database.h"
#include "spool/vault.h"

/**
 * What the writer does inside its transactions.  One thread uses it.  The counters follow what is
 * written, and go back with it when a group fails.
 */

/** Numbers that would cost a query each time. */
struct counters {
    int64_t last_number; /**< the highest ever given */
    int64_t last_next;   /**< the highest under which spool_next gives an entry; 0: none */
    int64_t watermark;
    int64_t parked;
    int64_t dead;
    int64_t entries; /**< stored since start */
    int64_t last_arrival;
    int64_t deliveries[DELIVERY_STATE_COUNT]; /**< by state; what is over counts for ever */
    int64_t changes;                          /**< of deliveries since start */
    int64_t audited;                          /**< number of the record's last entry */
    uint8_t audit_hash[AUDIT_HASH_SIZE];      /**< its hash */
};

enum { NAME_CACHE = 64 };

struct statements {
    sqlite3_stmt *begin, *commit;
    sqlite3_stmt *find_name, *add_name;
    sqlite3_stmt *find_repeat, *add_repeat;
    sqlite3_stmt *in_the_way;
    sqlite3_stmt *add_entry;
    sqlite3_stmt *add_reference;
    sqlite3_stmt *add_shortened;
    sqlite3_stmt *add_signature;
    sqlite3_stmt *add_tally;
    sqlite3_stmt *add_placement;
    sqlite3_stmt *add_notice;
    sqlite3_stmt *find_position, *add_position;
    sqlite3_stmt *add_arrival, *add_delivery;
    sqlite3_stmt *find_delivery, *settle_delivery, *reroute_delivery;
    sqlite3_stmt *first_in_lane, *next_head_in_lane, *set_delivery_state;
    sqlite3_stmt *end_of_trail, *cut_trail, *add_trail;
    sqlite3_stmt *add_shift;
    sqlite3_stmt *add_file_use;
    sqlite3_stmt *set_audit_head;
};

/** One partner's day, until its group ends. */
struct tally {
    int64_t day;
    int64_t partner;
    int64_t received, refused, repeated, pruned;
    int64_t first, last; /* numbers of its entries; 0: it has none */
};

/** What a group changed in the sums of one partner's deliveries. */
struct shift {
    int64_t partner; /**< 0: unroutable ones */
    int64_t states[DELIVERY_STATE_COUNT];
    int64_t pruned;
};

struct store {
    sqlite3 *database;
    struct statements statements;
    struct counters counters;
    int64_t compress_above_bytes;
    /* Names by text; a name that is given again and again is found here.  A group that fails may
     * have made names: then the cache is emptied. */
    struct {
        char *text;
        int64_t no;
    } names[NAME_CACHE];
    struct tally *tallies;
    size_t tally_count, tally_capacity;
    struct shift *shifts;
    size_t shift_count, shift_capacity;
    struct statement_cache kept; /* what is seldom used */
    struct vault vault;
    bool wants_short_log;    /* what was overwritten must leave the WAL too */
    int64_t written_audited; /* number that the setting audit_head has */
    struct {
        int32_t schema_no; /* 0: entries of the record are not told on Kafka */
        char *(*encode)(void *own, const struct spool_audited *entry, size_t *size);
        void *own;
    } audit_form;
};

/** database_statement of the store's own. */
sqlite3_stmt *store_statement(struct store *store, const char *sql, struct fault *why)
    __attribute__((warn_unused_result));
/** Runs a kept statement with these numbers, which gives no row. */
bool store_run(struct store *store, const char *sql, const int64_t *numbers, int count,
               struct fault *why) __attribute__((warn_unused_result));

bool store_open(struct store *store, sqlite3 *database, struct fault *why)
    __attribute__((warn_unused_result));
void store_close(struct store *store);

bool store_begin(struct store *store, struct fault *why) __attribute__((warn_unused_result));
/** Writes the tallies and the shifts, then makes everything since store_begin durable. */
bool store_commit(struct store *store, struct fault *why) __attribute__((warn_unused_result));
/** Undoes everything since store_begin; the caller puts the counters back. */
void store_rollback(struct store *store);

/** The number of a name; the first sight makes it. */
bool store_name(struct store *store, const char *text, int64_t *no, struct fault *why)
    __attribute__((warn_unused_result));

/** After something that made names was undone. */
void store_forget_names(struct store *store);

/** The tally of a partner's day, in memory until the commit. */
struct tally *store_tally(struct store *store, int64_t partner, int64_t received_at_ms,
                          struct fault *why) __attribute__((warn_unused_result));

/** The shift of a partner's sums, in memory until the commit. */
struct shift *store_shift(struct store *store, int64_t partner, struct fault *why)
    __attribute__((warn_unused_result));

/** Counts `by` more deliveries of a partner in a state. */
bool store_count(struct store *store, int64_t partner, enum delivery_state state, int64_t by,
                 struct fault *why) __attribute__((warn_unused_result));

/** What changes in the day's sums of the partner of one delivery; see flow.c. */
struct delivery_day_change {
    int64_t arrived, moved, pruned;
};
bool store_delivery_day(struct store *store, int64_t delivery, int64_t partner,
                        const struct delivery_day_change *change, struct fault *why)
    __attribute__((warn_unused_result));
/** Counts the deliveries of an arrival as pruned, before they go. */
bool store_prune_day(struct store *store, int64_t arrival, struct fault *why)
    __attribute__((warn_unused_result));

/** How far a partition has been taken over; it never moves back. */
bool store_position(struct store *store, const struct spool_position *position, struct fault *why)
    __attribute__((warn_unused_result));

/** A notice under the next number. */
bool store_notice(struct store *store, const struct spool_notice *notice, int64_t at_ms,
                  struct fault *why) __attribute__((warn_unused_result));

/** The item's reference, if it has one, means its dossier. */
bool store_reference(struct store *store, const struct spool_item *item, int64_t number,
                     struct fault *why) __attribute__((warn_unused_result));

/** Adds to the record, and tells it on Kafka; see audit.c. */
bool audit_append(struct store *store, const struct spool_record *record, struct fault *why)
    __attribute__((warn_unused_result));

/** The files that an entry or an arrival uses. */
struct file_uses {
    int64_t number; /**< of the entry or the arrival */
    bool is_arrival;
    const uint8_t (*files)[SHA256_SIZE];
    size_t count;
};
/** Notes them; see filing.c. */
bool store_file_uses(struct store *store, const struct file_uses *uses, struct fault *why)
    __attribute__((warn_unused_result));

/** Why a document is DEAD that has an id of before with other content. */
#define CONFLICT_CAUSE  "conflict"
#define CONFLICT_DETAIL "the same id was sent before with other content"

/** Stores a document, or finds that it is a repeat or a conflict: one receipt for each item. */
bool store_document(struct store *store, const struct spool_document *document,
                    struct spool_receipt *receipts, struct fault *why)
    __attribute__((warn_unused_result));

/** Sets the watermark and stores the places under it. */
bool store_published(struct store *store, int64_t watermark, const struct spool_place *places,
                     size_t count, struct fault *why) __attribute__((warn_unused_result));

/** Looks up `last_next`, after a change that may have lowered it. */
bool store_find_last_next(struct store *store, struct fault *why)
    __attribute__((warn_unused_result));

/** What a lane holds back, and behind what. */
struct jam {
    int64_t dead;   /**< the first DEAD one of the lane; 0: there is none */
    int64_t parked; /**< how many are PARKED in it */
};

/* What is stuck: see failure.c. */
/** The entry or delivery is DEAD from now on; its row says so, with its cause. */
bool failure_add(struct store *store, bool is_delivery, int64_t number, struct fault *why)
    __attribute__((warn_unused_result));
/** It is not DEAD any more; nothing is parked behind it as far as was told. */
bool failure_end(struct store *store, bool is_delivery, int64_t number, struct fault *why)
    __attribute__((warn_unused_result));
/** `by` more are parked behind the jam's DEAD one. */
bool failure_hold(struct store *store, bool is_delivery, const struct jam *jam, int64_t by,
                  struct fault *why) __attribute__((warn_unused_result));

/* Lanes: see lane.c. */
bool lane_is_blocked(struct store *store, int64_t key, const char *code, bool *blocked,
                     struct fault *why) __attribute__((warn_unused_result));
/** An entry was just stored PARKED at the end of its lane. */
bool lane_note_parked(struct store *store, int64_t number, const char *code, int64_t due_at_ms,
                      struct fault *why) __attribute__((warn_unused_result));
bool lane_bury(struct store *store, int64_t number, const char *cause, const char *detail,
               struct fault *why) __attribute__((warn_unused_result));
bool lane_release(struct store *store, int64_t entry, struct fault *why)
    __attribute__((warn_unused_result));
bool lane_discard(struct store *store, int64_t entry, const char *reason, struct fault *why)
    __attribute__((warn_unused_result));
/** The DEAD entry has this item from now on, and is released into the lane of its dossier.
 * FAULT_REFUSE, with nothing changed, when another entry has its id. */
bool lane_mend(struct store *store, int64_t entry, const struct spool_item *item, int32_t revision,
               struct fault *why) __attribute__((warn_unused_result));

/** Whether a later entry of the entry's dossier (or of `dossier_code`, when not NULL) went out or
 * is on its way out. */
bool lane_is_stale(struct store *store, int64_t entry, const char *dossier_code, bool *is_stale,
                   struct fault *why) __attribute__((warn_unused_result));
extern const char lane_stale_sql[]; /**< of entry, key or NULL, code or NULL */

/* What a mended entry is from now on: see mend.c. */
/** FAULT_REFUSE when the item is no event, or another entry has its id. */
bool mend_check(struct store *store, int64_t entry, const struct spool_item *item,
                struct fault *why) __attribute__((warn_unused_result));
/** In its row, and in what it is known by; its state is the lane's. */
bool mend_row(struct store *store, int64_t entry, const struct spool_item *item, int32_t revision,
              struct fault *why) __attribute__((warn_unused_result));

/** A dossier toward a partner.  Without one (`is_one` false) a delivery waits for no other. */
struct delivery_lane {
    int64_t partner;
    int64_t key;
    bool is_one;
};

/* Lanes of deliveries: see delivery_lane.c. */
int64_t delivery_lane_key(const char *dossier_code);
/** Whether something of the lane is not over; `*dead` is its first when that is DEAD, else 0. */
bool delivery_lane_is_taken(struct store *store, const struct delivery_lane *lane, bool *is_taken,
                            int64_t *dead, struct fault *why) __attribute__((warn_unused_result));
/** Before a lane with something DEAD changes (`sign` -1) what it holds is taken off the failure of
 * that one; afterwards (1) it is put on again. */
bool delivery_lane_hold(struct store *store, const struct delivery_lane *lane, int sign,
                        struct fault *why) __attribute__((warn_unused_result));
/** The first one, when it is PARKED, is WAITING from now on: what was before it is over. */
bool delivery_lane_open(struct store *store, const struct delivery_lane *lane, int64_t at_ms,
                        struct fault *why) __attribute__((warn_unused_result));
/** The same, and what stood first before one was put in front of it is PARKED. */
bool delivery_lane_mend(struct store *store, const struct delivery_lane *lane, int64_t at_ms,
                        struct fault *why) __attribute__((warn_unused_result));

/** One walk over what is old, in several transactions, in the order of arrival. */
struct pruning {
    int64_t before_ms;
    int64_t now_ms;
    int64_t cursor; /**< number up to which was looked */
    int64_t count;  /**< entries deleted */
    bool has_more;
};

/** What a walk makes of a row. */
enum prune_age {
    PRUNE_OLD,
    PRUNE_YOUNG, /**< so is all that came behind it: the walk ends */
    PRUNE_AHEAD, /**< a clock that was wrong then: it stays, and says nothing of what came behind */
};

static inline enum prune_age prune_age(const struct pruning *pruning, int64_t at_ms)
{
    if (at_ms < pruning->before_ms)
        return PRUNE_OLD;
    return at_ms <= pruning->now_ms ? PRUNE_YOUNG : PRUNE_AHEAD;
}

/** Goes on with the walk, over about `limit` entries. */
bool prune_some(struct store *store, struct pruning *pruning, int64_t limit, struct fault *why)
    __attribute__((warn_unused_result));

/** The same for arrivals whose deliveries are all over, each with these, in `pruning` of its own.
 */
bool prune_arrivals(struct store *store, struct pruning *pruning, int64_t limit, struct fault *why)
    __attribute__((warn_unused_result));
/** The same for notices that are published. */
bool prune_notices(struct store *store, struct pruning *pruning, int64_t limit, struct fault *why)
    __attribute__((warn_unused_result));

/** The same for the items of jobs that are over; the jobs stay. */
bool prune_jobs(struct store *store, struct pruning *pruning, int64_t limit, struct fault *why)
    __attribute__((warn_unused_result));

/** Days since 1970 in Vietnam, by which rows are counted. */
int64_t day_number(int64_t moment_ms);
/** The same of a date as people say it: 20250512.  FAULT_REFUSE when it is none. */
bool day_of_date(int32_t date, int64_t *day, struct fault *why) __attribute__((warn_unused_result));

#endif
