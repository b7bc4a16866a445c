/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ADMIN_H
#define OPERATE_ADMIN_H

#include "base/fault.h"
#include "directory/directory.h"
#include "operate/aside.h"
#include "operate/guard.h"
#include "spool/spool.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** What operators may do to stages that this one does not know; main() joins them. */
struct admin_hooks {
    void *own;
    /** {"state", "why", "brokers"} of the publisher; the caller owns it. */
    json_t *(*publisher)(void *own);
    /** An operator's word for a publisher that is held; false: it is not. */
    bool (*resume)(void *own, bool from_spool);
    /** {"state", "why", "lag"} of the subscriber, which the caller owns.  NULL, as the next: the
     * gateway delivers nothing. */
    json_t *(*subscriber)(void *own);
    /** An operator's word for a subscriber that is held; false: it is not. */
    bool (*resume_subscriber)(void *own, bool from_end);
    /** Reads agencies, partners, operators and certificates again; what is bad keeps what was
     * before. */
    bool (*reload)(void *own, struct fault *why);
};

struct admin_options {
    const char *version;
    struct spool *spool;
    struct directory_place *place;
    struct aside *aside; /**< for what takes long */
    struct admin_hooks hooks;
    int64_t retention_days; /**< for the daily prune, and for a prune that names no time */
};

/**
 * What the daemon knows of itself, and what only it may do: GET /operate/v1/status,
 * POST /operate/v1/spool/prune {"before": "2026-01-01"}, POST /operate/v1/publisher/resume
 * {"from": "kafka" | "spool"}, POST /operate/v1/subscriber/resume {"from": "start" | "end"} (409
 * when it is not held), POST /operate/v1/directory/reload.
 */
struct admin;
struct admin *admin_new(const struct admin_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void admin_free(struct admin *admin);

/** The calls above. */
struct guard_table admin_table(struct admin *admin);

#endif
