/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_LOCKOUT_H
#define OPERATE_LOCKOUT_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct lockout_options {
    int64_t after;   /**< failures of one name in a row; an address has four times as many */
    int64_t lock_ms; /**< of the first lock; each one after it is twice as long, up to 16 times */
};

/**
 * Counts failed logins by user name and by address, and locks both for a time that grows.  Names
 * that nobody has are counted as others are, so that a lock tells nothing.  Its memory is bounded:
 * the oldest that is not locked is forgotten first.  Times are clock_ticks_ms.
 */
struct lockout;

struct lockout *lockout_new(const struct lockout_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void lockout_free(struct lockout *lockout);

/** For how long neither may try; 0: they may now. */
int64_t lockout_wait_ms(struct lockout *lockout, const char *user, const char *address,
                        int64_t now);

/** One more failure.  True when one of the two is locked by it, and was not before. */
bool lockout_failed(struct lockout *lockout, const char *user, const char *address, int64_t now);

/** The name's failures are forgotten; the address's are not: somebody who has one password may
 * still guess at others. */
void lockout_succeeded(struct lockout *lockout, const char *user);

#endif
