/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_LOOKOUT_H
#define OPERATE_LOOKOUT_H

#include "directory/directory.h"
#include "spool/spool.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** What is asked of stages that this one does not know; main() joins them. */
struct lookout_hooks {
    void *own;
    json_t *(*partners)(void *own);   /**< as courier_describe; NULL: nothing is delivered */
    json_t *(*publisher)(void *own);  /**< {"state", "why"} */
    json_t *(*subscriber)(void *own); /**< {"state", "why", "lag"}; NULL as above */
};

struct lookout_options {
    struct spool *spool;
    const char *spool_file;
    struct directory_place *place;
    int64_t silence_hours; /**< a source that sends and has not for so long is silent; 0: never;
                                a partner's own setting goes before it */
    struct lookout_hooks hooks;
};

/**
 * One thread that watches: how much flows in each hour, which sources are silent, how much is due,
 * and, at the start and every six hours, that the days add up and the record of acts holds.  What
 * needs a person is a metric, and a line in the log once a day.
 */
struct lookout;

/** Keeps what the options point to. */
struct lookout *lookout_start(const struct lookout_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void lookout_stop(struct lookout *lookout);
const struct lookout_options *lookout_options(const struct lookout *lookout);

/**
 * The last 24 hours, oldest first: [{"hour", "received", "published", "delivered", "refused"}],
 * which the caller owns.  The hours before the start are counted from the rows: there, published
 * counts in the hour in which it was received, and what was refused is null.
 */
json_t *lookout_flow(struct lookout *lookout);

struct lookout_source {
    int64_t last_received_ms; /**< 0: never */
    bool is_silent;
};
void lookout_source(struct lookout *lookout, const char *partner, struct lookout_source *source);

/** {"overdue", "today", "entries": {"overdue", "today"}, "deliveries": {"overdue", "today"}}; the
 * caller owns it. */
json_t *lookout_due(struct lookout *lookout);

/** {"at", "mismatches", "audit_holds", "audit_finding"} of the last proof; the caller owns it, and
 * it is null before the first. */
json_t *lookout_proofs(struct lookout *lookout);

#endif
