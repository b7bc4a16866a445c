/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_QUEUE_H
#define SPOOL_QUEUE_H

#include "spool/store.h"

#include <pthread.h>

/**
 * What waits for the writer.  A task is written inside a group's transaction, and told of the
 * group's end afterwards.
 */
struct task {
    struct task *next;
    /** Inside the transaction.  False fails this task alone when `why` is FAULT_REFUSE, which it
     * may only give before it has written anything; any other kind fails the group. */
    bool (*write)(struct task *task, struct store *store, struct fault *why);
    /** After the commit (`why` NULL) or when it failed.  The task is the callee's from then on. */
    void (*end)(struct task *task, const struct fault *why);
    int64_t entries, bytes; /* that it holds of the queue's limits */
    bool is_lasting;        /* when its group fails it goes into the next one, instead of ending */
    struct fault refusal;   /* kind FAULT_NONE, or why write refused */
};

/** Tasks in the order of arrival.  Threads put, the writer takes all that are there. */
struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct task *first, **last; /* guarded by lock, as are the rest */
    int64_t entries, bytes;     /* of all that is put and not yet ended */
    bool is_closed;
};

void queue_open(struct queue *queue);
void queue_close(struct queue *queue);

enum { NO_LIMIT = -1 };

/** False when the limits do not allow it (FAULT_RETRY); NO_LIMIT is none. */
bool queue_put(struct queue *queue, struct task *task, int64_t most_entries, int64_t most_bytes,
               struct fault *why) __attribute__((warn_unused_result));

/** Everything that is there; waits up to `timeout_ms` for something.  NULL when nothing came. */
struct task *queue_take(struct queue *queue, int64_t timeout_ms);

/** Before all others again, in their order: what queue_take gave.  False when the queue is ended:
 * there will be no next time. */
bool queue_put_back(struct queue *queue, struct task *tasks);

/** Gives back what ended tasks held of the limits. */
void queue_give_back(struct queue *queue, int64_t entries, int64_t bytes);

/** From now on nothing may be put, and queue_take does not wait. */
void queue_end(struct queue *queue);
bool queue_is_ended(struct queue *queue);
void queue_levels(struct queue *queue, int64_t *entries, int64_t *bytes);

#endif
