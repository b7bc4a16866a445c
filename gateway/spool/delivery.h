/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_DELIVERY_H
#define SPOOL_DELIVERY_H

#include "spool/reader.h"

/**
 * Deliveries: what came back from Kafka and has to reach a partner's system.  An *arrival* is one
 * event as it stood on Kafka, a *delivery* is that event on its way to one partner.
 *
 * A lane is one dossier toward one partner.  The oldest delivery of a lane that is not over is its
 * head: WAITING or DEAD; all later ones are PARKED.  When the head is over, the next one becomes
 * WAITING in the same transaction, so a lane never has two that may be tried.
 */
enum delivery_state {
    DELIVERY_WAITING,   /**< head of its lane: may be tried from next_at_ms on */
    DELIVERY_PARKED,    /**< behind an earlier one of its lane */
    DELIVERY_DEAD,      /**< needs a person; its lane waits behind it */
    DELIVERY_DISCARDED, /**< ended by a person, with a reason */
    DELIVERY_DELIVERED,
};
enum { DELIVERY_STATE_COUNT = DELIVERY_DELIVERED + 1 };

/** Where one event goes, and why. */
struct spool_target {
    const char
        *partner;       /**< NULL: it should go somewhere and cannot; stored DEAD, without a lane */
    const char *agency; /**< the code that led there, as in the event; NULL for a subscription */
    const char *reason; /**< one line for people: which rule and which agency, under which day */
    const char *cause;  /**< when partner is NULL: rule and place, as "route /handoff/to_agency" */
};

/** One record of the events' topic.  Borrowed during the call. */
struct spool_arrival {
    int32_t partition;
    int64_t offset;
    int64_t arrived_at_ms;
    int64_t entry;            /**< first number of the event's entry, as the record says; 0: it says
                                   none.  Not kept: whoever fills `files` needs it */
    const char *source;       /**< the partner that sent it; NULL, as the next two, when the event
                                   could not be read */
    const char *dossier_code; /**< NULL: its deliveries have no lane */
    const char *event_type;
    const char *traceparent; /**< or NULL */
    const char *directory;   /**< version of the directory that routed it; or NULL */
    uint8_t event_id[UUID_SIZE];
    int64_t occurred_at_ms;
    int64_t due_at_ms; /**< 0 when it has none */
    const char *event; /**< Avro datum under schema_no */
    size_t event_size;
    int32_t schema_no;
    const struct spool_target
        *targets;        /**< none: the event concerns nobody here, nothing is kept */
    size_t target_count; /**< at most DELIVERIES_PER_ARRIVAL */
    const struct spool_notice *notices; /**< told on Kafka when it is stored: it is unroutable */
    size_t notice_count;
    const uint8_t (*files)[SHA256_SIZE]; /**< that it refers to, each once */
    size_t file_count;
};
enum { DELIVERIES_PER_ARRIVAL = 1024 };

/** How far one partition has been taken over. */
struct spool_position {
    const char *topic; /**< with prefix */
    int32_t partition;
    int64_t next; /**< offset of the first record that was not taken */
};

/**
 * Stores arrivals with their deliveries, and the positions, in one transaction; waits for the
 * commit.  Arrivals of a partition are in the order of their offsets, and each partition has its
 * new position among `positions`, which are all of one topic.  An arrival whose offset is below its
 * partition's stored position is passed over, with its notices: so whatever is read twice makes no
 * second delivery.  A position never moves back.  FAULT_RETRY when the disk is below its reserve.
 */
bool spool_arrive(struct spool *spool, const struct spool_arrival *arrivals, size_t count,
                  const struct spool_position *positions, size_t position_count, struct fault *why)
    __attribute__((warn_unused_result));

/** The number of the arrival that came last.  Those of the next spool_arrive that have targets get
 * the numbers after it, each one, also when it is passed over: so the one thread that calls it
 * knows beforehand which deliveries its notices are about. */
int64_t spool_last_arrival(struct spool *spool);

/** The stored position of a partition; -1 when there is none. */
bool spool_position(struct spool_reader *reader, const char *topic, int32_t partition,
                    int64_t *next, struct fault *why) __attribute__((warn_unused_result));
/** Puts these, which may be none, in the place of all positions of a topic, also back: for another
 * cluster or a topic made anew.  One transaction; waits. */
bool spool_replace_positions(struct spool *spool, const char *topic,
                             const struct spool_position *positions, size_t count,
                             struct fault *why) __attribute__((warn_unused_result));
/** Keeps the id of the cluster that the positions are of.  Waits. */
bool spool_set_cluster(struct spool *spool, const char *id, struct fault *why)
    __attribute__((warn_unused_result));
/** That id; the caller owns it.  NULL, with FAULT_NONE, when none is kept. */
char *spool_cluster(struct spool_reader *reader, struct fault *why)
    __attribute__((warn_unused_result));

/** One delivery as stored.  Pointers live until `each` returns, or the next call on the reader. */
struct spool_delivery {
    int64_t
        delivery; /**< its number: of the arrival times DELIVERIES_PER_ARRIVAL, plus its place */
    enum delivery_state state;
    const char *partner; /**< NULL: unroutable */
    const char *agency;
    const char *reason;
    const char *source;
    const char *dossier_code;
    const char *event_type;
    const char *traceparent;
    const char *directory;
    int32_t partition;
    int64_t offset;
    const uint8_t *event_id;
    int64_t occurred_at_ms, due_at_ms, arrived_at_ms;
    int64_t attempts;
    int64_t since_ms;               /**< when it last came to be WAITING: its age for a limit */
    int64_t next_at_ms;             /**< when WAITING */
    int64_t last_at_ms;             /**< of the last attempt, or of its end; 0: none yet */
    int32_t last_status;            /**< HTTP status of the last answer; 0: none came */
    const char *cause;              /**< of the last failure, or of its being DEAD */
    const char *detail;             /**< one line for people, without personal data */
    const uint8_t *document_sha256; /**< of what was delivered; NULL before */
    int64_t behind;                 /**< when PARKED: the head of its lane */
    int32_t schema_no;
    const char *event; /**< only where the call says so; NULL when it is damaged */
    size_t event_size;
    bool is_damaged;  /**< the event is not what its digest says, or another part cannot be */
    bool is_shredded; /**< the event is gone for good, by a person's word */
};

typedef bool (*spool_each_delivery)(void *own, const struct spool_delivery *delivery);

/** Which deliveries may be tried. */
struct delivery_call {
    const char *partner;
    int64_t now_ms;
    size_t limit;
    bool (*is_wanted)(void *own,
                      int64_t delivery); /**< asked before a row is read; NULL: all are */
};
/** WAITING deliveries of a partner whose time has come at `now_ms`, with their events: by due date
 * (one without a date counts as due 30 days after its arrival), so overdue dossiers go first, then
 * by number; at most `limit`.  A damaged one is given as such, for the caller to settle. */
bool spool_due(struct spool_reader *reader, const struct delivery_call *call,
               spool_each_delivery each, void *own, struct fault *why)
    __attribute__((warn_unused_result));
/** When the next WAITING delivery of the partner may be tried; INT64_MAX when none waits. */
bool spool_next_due(struct spool_reader *reader, const char *partner, int64_t *at_ms,
                    struct fault *why) __attribute__((warn_unused_result));

/** Whether a delivery is WAITING for that partner, due or not; reads no event. */
bool spool_is_waiting(struct spool_reader *reader, int64_t delivery, const char *partner,
                      bool *is_waiting, struct fault *why) __attribute__((warn_unused_result));

/** The delivery of that number, with its event.  FAULT_REFUSE when there is none. */
bool spool_find_delivery(struct spool_reader *reader, int64_t delivery, spool_each_delivery each,
                         void *own, struct fault *why) __attribute__((warn_unused_result));

/** Which deliveries a list shows; NULL, 0 and -1 do not narrow it. */
struct delivery_filter {
    const char *partner; /**< "": the unroutable ones */
    const char *dossier_code;
    const uint8_t *event_id; /**< without a dossier it looks through all that is kept */
    int state;               /**< enum delivery_state, or -1 */
    int64_t after;           /**< numbers above it */
    int64_t before;          /**< and below it: so a list looks at no more than there is between */
    size_t limit;
    bool newest_first;
};
/** By number, without events. */
bool spool_deliveries(struct spool_reader *reader, const struct delivery_filter *filter,
                      spool_each_delivery each, void *own, struct fault *why)
    __attribute__((warn_unused_result));

/** One line of a delivery's record: an attempt that failed, a re-route, an act of a person. */
struct spool_trail {
    int64_t at_ms;
    const char *kind; /**< "attempt", "dead" (without one), "rerouted", "released", "discarded" */
    int32_t status;
    const char *text;
};
/** Oldest first; at most TRAIL_LIMIT are kept of each delivery, the oldest and the newest ones. */
enum { TRAIL_LIMIT = 50 };
bool spool_trail(struct spool_reader *reader, int64_t delivery,
                 bool (*each)(void *own, const struct spool_trail *line), void *own,
                 struct fault *why) __attribute__((warn_unused_result));

/** How many of each partner are in each state, by partner. */
struct delivery_sum {
    const char *partner; /**< NULL: unroutable ones */
    int64_t waiting, parked, dead;
    int64_t delivered, discarded; /**< ever, also of what is pruned */
    int64_t oldest_ms;            /**< arrival of the oldest that is not over; 0: none */
};
bool spool_delivery_sums(struct spool_reader *reader,
                         bool (*each)(void *own, const struct delivery_sum *sum), void *own,
                         struct fault *why) __attribute__((warn_unused_result));

/** What became of an attempt, or what a person wants. */
enum settlement_kind {
    SETTLE_DELIVERED,
    SETTLE_AGAIN, /**< stays WAITING, until next_at_ms */
    SETTLE_DEAD,
    SETTLE_DISCARD, /**< of a DEAD one, with a reason in `detail` */
    SETTLE_RELEASE, /**< of a DEAD one: WAITING again */
    SETTLE_REROUTE, /**< of one that is not over: to `partner` and `agency`, with a line of record;
                         into its dossier's lane there by its number, and no longer DEAD */
};

struct spool_settlement {
    int64_t delivery;
    enum settlement_kind kind;
    int64_t at_ms;
    int64_t next_at_ms; /**< of SETTLE_AGAIN, and of a release or re-route that is to wait */
    bool is_attempt;    /**< counts as one and leaves a line in the trail unless DELIVERED */
    int32_t status;
    const char *cause, *detail;
    const uint8_t *document_sha256;     /**< or NULL */
    const char *partner;                /**< of SETTLE_REROUTE: where to; of the others: whom it was
                                             tried at, or NULL, so that one which was re-routed
                                             meanwhile is left as it is */
    const char *agency;                 /**< of SETTLE_REROUTE */
    const struct spool_notice *notices; /**< told on Kafka when this is durable */
    size_t notice_count;
};

/**
 * Queues settlements, in one group where possible, and copies what they point to.  `done` is called
 * once from the writer's thread after the fsync, `why` NULL; or with the fault when it failed, and
 * then nothing of it holds.  `done` must not block and must not call the spool.  A settlement that
 * does not fit the delivery's state (one that is over, or PARKED) changes nothing and tells
 * nothing; but what is PARKED by a re-route while it was under way can still be DELIVERED.
 * False (FAULT_RETRY when the queue is full): `done` is not called.
 */
bool spool_settle(struct spool *spool, const struct spool_settlement *settlements, size_t count,
                  void (*done)(void *own, const struct fault *why), void *own, struct fault *why)
    __attribute__((warn_unused_result));

/** The clock was wrong when some deliveries were put off. */
struct spool_hastening {
    int64_t now_ms;
    int64_t beyond_ms; /**< of what is WAITING, all that would be tried after this ... */
    int64_t after_ms;  /**< ... and came to wait, or was last tried, after this; INT64_MIN: all */
    int64_t by_ms;     /**< is tried so much sooner, at `now_ms` at the soonest */
};

/** Waits for the commit. */
bool spool_hasten(struct spool *spool, const struct spool_hastening *hastening, struct fault *why)
    __attribute__((warn_unused_result));

/** Calls `changed(own)` from the writer's thread after every commit that made a delivery WAITING or
 * changed one, until the spool closes.  It must not block: it wakes somebody.  At most eight. */
bool spool_on_delivery(struct spool *spool, void (*changed)(void *own), void *own,
                       struct fault *why) __attribute__((warn_unused_result));
/** Ends the calls to `own`; none is under way when it returns. */
void spool_off_delivery(struct spool *spool, void *own);

/** Whether spool_pause_partner keeps everything back from it. */
bool spool_paused(struct spool_reader *reader, const char *partner, bool *is_paused,
                  struct fault *why) __attribute__((warn_unused_result));

#endif
