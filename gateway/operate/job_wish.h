/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_WISH_H
#define OPERATE_JOB_WISH_H

#include "adapt/patch.h"
#include "spool/job.h"

#include <jansson.h>

enum job_kind {
    JOB_OF_ENTRIES,    /**< dead entries are read again and go on to Kafka */
    JOB_OF_DELIVERIES, /**< dead deliveries go to their partners again */
    JOB_OF_EVENTS,     /**< events go to Kafka again, for a consumer that lost them */
};
enum { JOB_KINDS = JOB_OF_EVENTS + 1 };
extern const char *const job_kind_names[JOB_KINDS]; /**< "entries", "deliveries", "republish" */

/** Of which failures one and the next are enough to tell that something is wrong. */
enum { JOB_STOP_LEAST = 20 };

/** How a job is run. */
struct job_rules {
    int64_t rate_per_s;     /**< 0: as fast as it goes */
    double stop_above;      /**< it stops by itself above this share of failures; 1: never */
    bool may_be_stale;      /**< also what is behind a later event of its dossier */
    struct patch_rule rule; /**< applied to each document; its path is NULL without one */
};

/** What a person asks of a job, checked.  Texts are borrowed from the two JSON values. */
struct job_wish {
    enum job_kind kind;
    json_t *what;    /**< {"filter": {...}}, {"selection": [...]} or {"group": "..."} */
    json_t *options; /**< what `rules` were read from */
    struct job_rules rules;
    const char *reason;
};

/**
 * Reads the body of POST jobs: {"kind", "filter" | "selection" | "group", "options", "reason"}.
 * FAULT_REFUSE, with the member at fault, when it is none: what is not known is refused, since a
 * filter with a slip of the pen would choose everything.  Keeps `body`; end it with job_wish_end.
 */
bool job_wish_read(json_t *body, struct job_wish *wish, struct fault *why)
    __attribute__((warn_unused_result));
/** The same of a job that is kept. */
bool job_wish_of(const struct spool_job *job, struct job_wish *wish, struct fault *why)
    __attribute__((warn_unused_result));
void job_wish_end(struct job_wish *wish);

/** The moments of a filter's "from" and "to": a day's beginning, and the one of the day after; 0
 * when they are not given. */
bool job_wish_times(const json_t *filter, int64_t *from_ms, int64_t *to_ms, struct fault *why)
    __attribute__((warn_unused_result));

#endif
