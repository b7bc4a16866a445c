/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_LOOP_H
#define DELIVER_LOOP_H

#include "deliver/courier.h"
#include "deliver/numbers.h"
#include "deliver/peer.h"
#include "deliver/prepare.h"
#include "deliver/settler.h"
#include "deliver/tell.h"

#include <stdatomic.h>

/** What the courier's thread works with.  Everything is its alone, but where it says so. */
struct loop {
    const struct courier_options *options;
    CURLM *multi;
    struct spool_reader *reader;
    struct preparer *preparer;
    struct settler *settler;
    struct filer *filer;     /**< brings files of a service */
    void (*wake)(void *own); /**< ends a wait of the loop; from any thread */
    void *wake_own;
    struct directory *directory; /**< in force when the round began; held */
    struct numbers held;         /**< deliveries that were read and are not settled */
    size_t in_flight;
    size_t turn;              /**< whose turn it is to be first */
    _Atomic uint64_t changes; /**< of deliveries; counted by the spool's writer */
    bool is_stopping;
    struct {
        int64_t by_ms;            /**< so much the clock was put back last */
        int64_t next_ms, over_ms; /**< in ticks: when to look for what was still put off by it */
    } put_back;
    struct {
        bool is_on;
        bool is_asked;       /**< once more, when this one is through */
        int state;           /**< of the deliveries that it is at */
        int64_t after;       /**< the number that it has come to */
        int32_t day;         /**< on which it last began */
        int64_t again_at_ms; /**< clock_ticks_ms at which it is asked for once more; 0: not */
    } sweep;

    pthread_mutex_t lock; /**< guards the list for other threads; peers live as long as the loop */
    pthread_mutex_t pausing; /**< so that a peer is as the spool says, whoever speaks first */
    struct peer **peers;
    size_t peer_count;
};

/** Reads the peer's due deliveries into its queue, when there can be some that it does not have. */
void due_read(struct loop *loop, struct peer *peer);
/** The first of its queue of whose dossier none is under way; NULL: there is none. */
struct errand *due_next(const struct peer *peer);
/** Looks once more at one of its queue: true when it is WAITING for this peer still.  If not it is
 * dropped, to be read again when it is; when that cannot be told it stays, and nothing goes to the
 * peer for a moment. */
bool due_confirm(struct loop *loop, struct errand *errand);
/** A delivery that was read is over, or not to be tried now. */
void due_forget(struct loop *loop, struct peer *peer, int64_t delivery);
/** Deliveries are put off until a time of day: when that is put back, they follow it. */
void due_follow_clock(struct loop *loop);
/** The same at the start, for what was put off while it was wrong before. */
void due_trust_clock(struct loop *loop);
/** What was read and is not under way may go elsewhere now. */
void due_drop(struct loop *loop, struct peer *peer);

/** Starts whatever may start, each partner in its turn. */
void start_all(struct loop *loop);
/** Milliseconds until something may start that may not start now; at most `most`. */
int64_t start_wait_ms(struct loop *loop, int64_t most);

/** A request has ended: judges it, and settles or sends its delivery again. */
void ended_delivery(struct loop *loop, struct errand *errand, CURLcode result);
void ended_login(struct loop *loop, struct peer *peer, CURLcode result);
/** A file that a delivery needs was fetched, or could not be. */
void ended_fetch(struct loop *loop, struct errand *errand, CURLcode result);
/** Goes on with those whose files have come from a service. */
void ended_brings(struct loop *loop);
/** It could not be made. */
void ended_unprepared(struct loop *loop, struct errand *errand, const struct preparing *preparing);

/** Gives what became of a delivery to the settler, with what is told of it on Kafka when `outcome`
 * is not NULL; `peer`, or NULL, is who holds it.  False, and logged, when memory is out. */
bool settle_delivery(struct loop *loop, const struct spool_delivery *delivery,
                     const struct spool_settlement *settlement, const enum outcome *outcome,
                     struct peer *peer);
/** The same of an errand, which it ends; number, time and, where it has none, partner are filled
 * in. */
void settle_errand(struct loop *loop, struct errand *errand, struct spool_settlement *settlement,
                   const enum outcome *outcome);
/** Gives the settler's to the spool, and takes back what is durable. */
void settle_all(struct loop *loop);

/** Follows what waits for an agency that has closed or a partner that is gone; some of it in each
 * call. */
void sweep_some(struct loop *loop);
/** There is more to look at now. */
bool sweep_is_due(const struct loop *loop);
/** From the beginning. */
void sweep_begin(struct loop *loop);
/** The same, and once more for what others were still routing by the directory before. */
void sweep_again(struct loop *loop);
/** What it moved is durable: others stand first now. */
void sweep_moved(struct loop *loop);

#endif
