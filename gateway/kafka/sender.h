/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_SENDER_H
#define KAFKA_SENDER_H

#include "kafka/batch.h"
#include "kafka/client.h"

#include <stdatomic.h>

/**
 * One transactional producer, good until its first transaction that is not committed: librdkafka
 * 2.0.2 goes on after an abort with numbers that the broker finds out of order, and a request that
 * was under way could still arrive inside the next transaction.  A new producer costs some
 * milliseconds and its epoch keeps out whatever the old one sent.  For one thread.
 */
struct sender;

enum { SENDER_TOPICS = 4 };

/** Makes the producer, which then asks for these topics on threads of its own: the first record of
 * one that it has not heard of would wait for a second.  FAULT_REFUSE names a bad property. */
struct sender *sender_open(const struct kafka_options *options,
                           const char *const topics[SENDER_TOPICS], struct fault *why)
    __attribute__((warn_unused_result));
/** Also while a transaction is open: the broker, or the next sender_begin, then aborts it. */
void sender_close(struct sender *sender);

/**
 * Registers the gateway's id with the transaction coordinator: ends what an earlier producer of the
 * same id left open, and keeps that producer from writing ever again.  FAULT_RETRY: call it again.
 * FAULT_BROKEN: close the sender and open another, after a while.
 */
bool sender_begin(struct sender *sender, struct fault *why) __attribute__((warn_unused_result));

/** All but the first: close the sender. */
enum sent {
    SENT_COMMITTED,
    SENT_ABORTED, /**< nothing of it will be seen; the same again later may pass */
    SENT_REFUSED, /**< nothing of it will be seen; Kafka will not take one, or its companions */
    SENT_LOST,    /**< perhaps committed, perhaps not, or overtaken: ask Kafka's progress */
};

/** When to give up: both in clock_ticks_ms. */
struct sender_limits {
    int64_t deadline_ms;            /**< for the whole transaction, from its begin */
    const _Atomic int64_t *stop_at; /**< for the process; the owner may lower it at any time */
};

/**
 * Sends the batch in one transaction.  It is committed only when the delivery report of each record
 * has come without an error; places are then in the records.  From the moment when the commit is
 * asked for, any doubt about it is SENT_LOST, never SENT_ABORTED.  With SENT_REFUSED, `*refused` is
 * the index of the largest record that Kafka refused for what it is: alone in its batch it is the
 * culprit, among others perhaps not.  `why` is filled for all but SENT_COMMITTED.
 */
enum sent sender_send(struct sender *sender, struct batch *batch,
                      const struct sender_limits *limits, size_t *refused, struct fault *why)
    __attribute__((warn_unused_result));

#endif
