/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_PEER_H
#define DELIVER_PEER_H

#include "base/metrics.h"
#include "deliver/breaker.h"
#include "deliver/errand.h"
#include "deliver/login.h"
#include "deliver/outcome.h"
#include "deliver/pace.h"
#include "directory/directory.h"

#include <pthread.h>

/** How the attempts at a partner ended, for its counters. */
enum tally {
    TALLY_DELIVERED,
    TALLY_AGAIN,
    TALLY_REFUSED,
    TALLY_EXPIRED,
    TALLY_UNREACHED, /**< in the connection's kind */
    TALLY_COUNT
};

/** What others than the courier's thread may see of a partner. */
struct peer_view {
    enum breaker_state state;
    bool is_paused;
    size_t in_flight;
    int64_t next_probe_ms;  /**< time of day; 0: none is to come */
    int64_t last_answer_ms; /**< time of day; 0: none since the start */
    char cause[40];         /**< of the last failure that counted for the breaker */
};

/** A partner that is pushed to, as the courier's thread knows it.  It stays when the directory no
 * longer has it, since what is under way names it. */
struct peer {
    char *id;
    const struct partner *partner; /**< of the directory in force; NULL: nothing is pushed to it */
    const struct adapter *adapter;
    struct outcome_settings settings;
    char *user, *password; /**< NULL where there is none */
    int64_t secrets_at_ms; /**< clock_ticks_ms when they were read */

    struct breaker breaker;
    struct pace pace;
    struct login login;
    struct request *login_request; /**< while it is under way */
    int64_t login_probe;           /**< what breaker_started gave it */
    int64_t not_before_ms;         /**< clock_ticks_ms: the partner wished so, or a login failed */
    _Atomic bool is_paused;        /**< by a person; set from any thread */

    struct errands ready;    /**< read from the spool, not started */
    struct errands flying;   /**< under way */
    struct errands fetching; /**< whose files are fetched */
    size_t held;             /**< read from the spool and not settled: ready, under way, settling */
    uint64_t seen_changes;   /**< of the spool, when it was last looked at */
    int64_t look_at_ms;      /**< time of day when the next one is due */
    int64_t looked_at_ms;    /**< clock_ticks_ms */
    int64_t last_answer_ms;  /**< time of day */
    char cause[40];

    struct metric *tallies[TALLY_COUNT];
    struct metric *in_flight_gauge, *state_gauge, *seconds;
    struct metric *waiting_gauge, *parked_gauge, *dead_gauge;

    pthread_mutex_t lock; /* guards what follows */
    struct peer_view view;
};

struct peer *peer_new(const char *id, struct fault *why) __attribute__((warn_unused_result));
void peer_free(struct peer *peer);

/** Takes what the directory in force says of it; NULL: it is not pushed to any more.  Ends its
 * login, also one under way. */
void peer_bind(struct peer *peer, const struct partner *partner, const struct adapters *adapters,
               const struct outcome_settings *settings);

/** Reads its user and password, when that is not just done.  FAULT_REFUSE names the file. */
bool peer_read_secrets(struct peer *peer, int64_t now_ms, struct fault *why)
    __attribute__((warn_unused_result));

/** What is to be seen of it by others, as it is now. */
void peer_show(struct peer *peer, int64_t now_ms, int64_t time_of_day_ms);
/** From any thread. */
void peer_look(struct peer *peer, struct peer_view *view);

#endif
