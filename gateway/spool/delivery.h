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
    const char *source; /**< the partner that sent it */
    const char *dossier_code;
    const char *event_type;
    const char *traceparent; /**< or NULL */
    const char *directory;   /**< version of the directory that routed it */
    uint8_t event_id[UUID_SIZE];
    int64_t occurred_at_ms;
    int64_t due_at_ms; /**< 0 when it has none */
    const char *event; /**< Avro datum under schema_no */
    size_t event_size;
    int32_t schema_no;
    const struct spool_target
        *targets;        /**< none: the event concerns nobody here, nothing is kept */
    size_t target_count; /**< at most DELIVERIES_PER_ARRIVAL */
};
enum { DELIVERIES_PER_ARRIVAL = 1024 };

/** What the gateway itself has to tell on Kafka: goes there by the publisher, once, in the order of
 * numbers with everything else. */
struct spool_notice {
    const char *topic; /**< without prefix, as "deliveries" */
    const char *key;
    const char *datum; /**< Avro, without prefix */
    size_t size;
    int32_t schema_no; /**< from spool_schema */
};

/** How far one partition has been taken over. */
struct spool_position {
    const char *topic; /**< with prefix */
    int32_t partition;
    int64_t next; /**< offset of the first record that was not taken */
};

/**
 * Stores arrivals with their deliveries, and the positions, in one transaction; waits for the
 * commit.  An arrival whose offset is below its partition's stored position is passed over: so
 * whatever is read twice makes no second delivery.  `notices` go with it (unroutable events).
 */
bool spool_arrive(struct spool *spool, const struct spool_arrival *arrivals, size_t count,
                  const struct spool_position *positions, size_t position_count,
                  const struct spool_notice *notices, size_t notice_count, struct fault *why)
    __attribute__((warn_unused_result));

/** The stored position of a partition; -1 when there is none. */
bool spool_position(struct spool_reader *reader, const char *topic, int32_t partition,
                    int64_t *next, struct fault *why) __attribute__((warn_unused_result));
/** Forgets all positions of a topic: for another cluster or a topic made anew.  Waits. */
bool spool_forget_positions(struct spool *spool, const char *topic, struct fault *why)
    __attribute__((warn_unused_result));
/** The id of the cluster that the positions are of; the caller owns it, NULL when none is kept. */
bool spool_set_cluster(struct spool *spool, const char *id, struct fault *why)
    __attribute__((warn_unused_result));
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
    int64_t next_at_ms;             /**< when WAITING */
    int64_t last_at_ms;             /**< of the last attempt, or of its end; 0: none yet */
    int32_t last_status;            /**< HTTP status of the last answer; 0: none came */
    const char *cause;              /**< of the last failure, or of its being DEAD */
    const char *detail;             /**< one line for people, without personal data */
    const uint8_t *document_sha256; /**< of what was delivered; NULL before */
    int64_t behind;                 /**< when PARKED: the head of its lane */
    int32_t schema_no;
    const char *event; /**< only where the call says so */
    size_t event_size;
};

typedef bool (*spool_each_delivery)(void *own, const struct spool_delivery *delivery);

/** WAITING deliveries of a partner whose time has come at `now_ms`, with their events: by due date
 * (one without a date counts as due 30 days after its arrival), so overdue dossiers go first, then
 * by number; at most `limit`. */
bool spool_due(struct spool_reader *reader, const char *partner, int64_t now_ms, size_t limit,
               spool_each_delivery each, void *own, struct fault *why)
    __attribute__((warn_unused_result));
/** When the next WAITING delivery of the partner may be tried; INT64_MAX when none waits. */
bool spool_next_due(struct spool_reader *reader, const char *partner, int64_t *at_ms,
                    struct fault *why) __attribute__((warn_unused_result));

/** The delivery of that number, with its event.  FAULT_REFUSE when there is none. */
bool spool_find_delivery(struct spool_reader *reader, int64_t delivery, spool_each_delivery each,
                         void *own, struct fault *why) __attribute__((warn_unused_result));

/** Which deliveries a list shows; NULL, 0 and -1 do not narrow it. */
struct delivery_filter {
    const char *partner;
    const char *dossier_code;
    const uint8_t *event_id;
    int state;     /**< enum delivery_state, or -1 */
    int64_t after; /**< numbers above it */
    size_t limit;
};
/** By number, without events. */
bool spool_deliveries(struct spool_reader *reader, const struct delivery_filter *filter,
                      spool_each_delivery each, void *own, struct fault *why)
    __attribute__((warn_unused_result));

/** One line of a delivery's record: an attempt that failed, a re-route, an act of a person. */
struct spool_trail {
    int64_t at_ms;
    const char *kind; /**< "attempt", "rerouted", "released", "discarded" */
    int32_t status;
    const char *text;
};
/** Oldest first; at most TRAIL_LIMIT are kept of each delivery, the oldest and the newest ones. */
enum { TRAIL_LIMIT = 50 };
bool spool_trail(struct spool_reader *reader, int64_t delivery,
                 bool (*each)(void *own, const struct spool_trail *line), void *own,
                 struct fault *why) __attribute__((warn_unused_result));

/** Waiting, parked and dead ones of each partner, the oldest arrival of each, by partner. */
struct delivery_sum {
    const char *partner; /**< NULL: unroutable ones */
    int64_t waiting, parked, dead, delivered;
    int64_t oldest_ms;
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
    SETTLE_REROUTE, /**< to `partner` and `agency`, with a line of record */
};

struct spool_settlement {
    int64_t delivery;
    enum settlement_kind kind;
    int64_t at_ms;
    int64_t next_at_ms;
    bool is_attempt; /**< counts as one and leaves a line in the trail unless DELIVERED */
    int32_t status;
    const char *cause, *detail;
    const uint8_t *document_sha256;     /**< or NULL */
    const char *partner, *agency;       /**< of SETTLE_REROUTE */
    const struct spool_notice *notices; /**< told on Kafka when this is durable */
    size_t notice_count;
};

/**
 * Queues settlements, in one group where possible, and copies what they point to.  `done` is called
 * once from the writer's thread after the fsync, `why` NULL; or with the fault when it failed, and
 * then nothing of it holds.  `done` must not block and must not call the spool.  A settlement that
 * does not fit the delivery's state (one that is over, or PARKED) changes nothing.
 * False (FAULT_RETRY when the queue is full): `done` is not called.
 */
bool spool_settle(struct spool *spool, const struct spool_settlement *settlements, size_t count,
                  void (*done)(void *own, const struct fault *why), void *own, struct fault *why)
    __attribute__((warn_unused_result));
/** The same, waiting for it: FAULT_REFUSE when the one delivery does not exist or is not in a state
 * that allows it. */
bool spool_settle_now(struct spool *spool, const struct spool_settlement *settlement,
                      struct fault *why) __attribute__((warn_unused_result));

/** Calls `changed(own)` from the writer's thread after every commit that made a delivery WAITING or
 * changed one, until the spool closes.  It must not block: it wakes somebody.  At most eight. */
bool spool_on_delivery(struct spool *spool, void (*changed)(void *own), void *own,
                       struct fault *why) __attribute__((warn_unused_result));
/** Ends the calls to `own`; none is under way when it returns. */
void spool_off_delivery(struct spool *spool, void *own);

#endif
