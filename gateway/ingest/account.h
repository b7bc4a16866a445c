/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_ACCOUNT_H
#define INGEST_ACCOUNT_H

#include "base/fault.h"

#include <stdint.h>

/** How a POST was answered, for its partner's counters. */
enum reply {
    REPLY_ACCEPTED,
    REPLY_REPEATED,
    REPLY_CONFLICT,
    REPLY_INVALID,
    REPLY_FOREIGN,
    REPLY_UNSUPPORTED,
    REPLY_LIMITED,
    REPLY_UNAVAILABLE,
    REPLY_BROKEN,
    REPLY_COUNT_
};

/** What is kept about each partner while the process lives: its rate and its counters. */
struct accounts;
struct account;

struct accounts *accounts_new(struct fault *why) __attribute__((warn_unused_result));
void accounts_free(struct accounts *accounts);

/** The partner's account, made at its first call; NULL when memory is out. */
struct account *accounts_of(struct accounts *accounts, const char *partner);

/** What is counted apart: who asks much may send all the same. */
enum rate_kind { RATE_SENDING, RATE_READING, RATE_KINDS_ };

/** How much a partner may do. */
struct rate {
    enum rate_kind kind;
    int64_t per_s; /**< 0: no limit */
    int64_t burst; /**< at once above it; 0: as many as per_s */
};

/** Takes one from the account; 0 when it may go on, else how many milliseconds it has to wait. */
int64_t account_take(struct account *account, const struct rate *rate, int64_t now_us);
/** Takes more, allowed or not: a document held more than one handoff, a page more than one entry.
 * The next ones wait. */
void account_charge(struct account *account, const struct rate *rate, int64_t count,
                    int64_t now_us);

void account_count(struct account *account, enum reply reply);

#endif
