/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_VISIT_H
#define DELIVER_VISIT_H

#include "api/caller.h"
#include "base/fault.h"

#include <pthread.h>
#include <stdatomic.h>

struct claims;
struct mailbox;
struct visit;

/** What its own thread does with a request that was woken. */
typedef void (*visit_step)(struct visit *visit, struct http_request *request);

/**
 * One call on the mailbox, from its head to its answer.  It outlives its request, which may be cut
 * while the spool still works for it; so it is held by each who may yet touch it.
 */
struct visit {
    pthread_mutex_t lock;
    struct http_request *request; /**< guarded by lock; NULL once it is over */
    bool is_asleep;               /**< guarded by lock */
    atomic_int holders;

    struct mailbox *mailbox;
    struct caller caller;
    visit_step next_step; /**< of the request's thread, or of who wakes it, before */

    /* Of one that asks for letters: see room.h. */
    struct visit *behind; /**< guarded by the room */
    int64_t until_ticks;  /**< when it is answered that there is nothing */
    atomic_bool has_turn;
    int64_t most;    /**< letters */
    bool wants_bare; /**< one document as it is, without the envelope */
    struct hand_out *hand_out;

    /* Of one that answers a letter. */
    int64_t delivery;
    struct claims *claims; /**< that keep the delivery for this answer; NULL: they do not */
    bool is_under_way;     /**< to the spool; of the request's thread */
    bool is_refusal;
    int64_t returned; /**< entry of a refusal that was there before; 0: there was none */
    struct send_back *send_back;

    bool has_failed;
    struct fault fault; /**< of what was done for it elsewhere */
};

/** Makes a visit that holds itself once, and the request's own; takes the caller, who is forgotten
 * when memory is out (NULL). */
struct visit *visit_new(struct mailbox *mailbox, struct http_request *request,
                        struct caller *caller);
struct visit *visit_hold(struct visit *visit);
void visit_release(struct visit *visit);

/** What another answer to the same delivery waited for is over. */
void visit_let_go(struct visit *visit);

/** Takes the request off its thread, which goes on with `next_step` once it is woken. */
void visit_sleep(struct visit *visit, struct http_request *request, visit_step next_step);
/** From any thread; false when there is nobody to wake: its request is over. */
bool visit_wake(struct visit *visit);
/** From a route's `end`: nobody will be woken any more. */
void visit_over(struct visit *visit);

#endif
