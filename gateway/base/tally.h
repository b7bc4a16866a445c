/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include <pthread.h>

/** How many are not over yet, so that what they work with outlives them.  From any thread. */
struct tally {
    pthread_mutex_t lock;
    pthread_cond_t is_none;
    int count; /**< guarded by lock */
};

void tally_begin(struct tally *tally);
void tally_add(struct tally *tally);
/** Whoever drops one touches nothing afterwards that tally_await_none guards. */
void tally_drop(struct tally *tally);
/** When none is added any more: until the last is dropped. */
void tally_await_none(struct tally *tally);
void tally_end(struct tally *tally);

#endif
