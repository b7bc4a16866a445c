/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_DISPATCH_H
#define DELIVER_DISPATCH_H

#include "deliver/tell.h"
#include "directory/directory.h"

#include <avro.h>

/**
 * What stands between the one who takes events from Kafka and the spool: events become arrivals
 * with their targets, and what cannot be routed becomes a receipt and a dead letter beside it.
 *
 * Arrivals are made in batches: all of one batch are routed under one directory, and what they
 * point to lives until dispatch_end.  One thread uses it.
 */
struct dispatch;

/** Borrows both until dispatch_free. */
struct dispatch *dispatch_new(struct directory_place *place, const struct tell_schemas *schemas,
                              struct fault *why) __attribute__((warn_unused_result));
void dispatch_free(struct dispatch *dispatch);

/**
 * From now on arrivals use the files that their events bring along: those that the entry of the
 * event uses, as it was taken in here.  These stay as long as the arrivals do, and go with what is
 * delivered of them.  What else an event names is a hash that somebody wrote: the file is not to be
 * sent with it, also where the store has one of that hash.
 * Keeps the reader, which is the using thread's; without one no arrival uses any.
 */
void dispatch_use_files(struct dispatch *dispatch, struct spool_reader *reader);

/**
 * Fills `targets`, `target_count`, `files`, `directory`, `notices` and `notice_count` of the
 * arrival, of which the rest is filled already; `number` is the one that the arrival gets in the
 * spool. `event` is borrowed: what the targets need of it is copied.  FAULT_BROKEN alone.
 */
bool dispatch_route(struct dispatch *dispatch, const avro_value_t *event, int64_t number,
                    struct spool_arrival *arrival, struct fault *why)
    __attribute__((warn_unused_result));

/** Of a record that could not be read, whose one target without a partner is filled already: only
 * the notices. */
bool dispatch_unread(struct dispatch *dispatch, int64_t number, struct spool_arrival *arrival,
                     struct fault *why) __attribute__((warn_unused_result));

/** The batch is stored, or given up. */
void dispatch_end(struct dispatch *dispatch);

#endif
