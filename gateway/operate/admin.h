/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ADMIN_H
#define OPERATE_ADMIN_H

#include "base/fault.h"
#include "directory/directory.h"
#include "http/server.h"
#include "spool/spool.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** What operators may do to stages that this one does not know; main() joins them. */
struct admin_hooks {
    void *own;
    /** {"state", "why", "brokers"} of the publisher; the caller owns it. */
    json_t *(*publisher)(void *own);
    /** An operator's word for a publisher that is held. */
    void (*resume)(void *own, bool from_spool);
    /** {"state", "why", "lag"} of the subscriber, which the caller owns.  NULL, as the next: the
     * gateway delivers nothing. */
    json_t *(*subscriber)(void *own);
    /** An operator's word for a subscriber that is held. */
    void (*resume_subscriber)(void *own, bool from_end);
};

struct admin_options {
    const char *socket; /**< path of the Unix socket; only its owner may connect */
    const char *version;
    struct spool *spool;
    struct directory_place *place;
    struct admin_hooks hooks;
    /** Further calls, as those of operate/deliveries.h; ends with NULL routes, copied. */
    const struct http_table *tables;
    int64_t retention_days; /**< for the daily prune, and for a prune that names no time */
};

/**
 * The operators' API of this machine, over a Unix socket: GET /operate/v1/status,
 * POST /operate/v1/spool/prune {"before": "2026-01-01"}, POST /operate/v1/publisher/resume
 * {"from": "kafka" | "spool"}, POST /operate/v1/subscriber/resume {"from": "start" | "end"}, POST
 * /operate/v1/directory/reload.  The command line is its client.
 */
struct admin;
struct admin *admin_open(const struct admin_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void admin_close(struct admin *admin);

#endif
