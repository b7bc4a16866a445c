/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_COURIER_H
#define DELIVER_COURIER_H

#include "adapt/adapter.h"
#include "base/fault.h"
#include "deliver/tell.h"
#include "directory/directory.h"
#include "event/schema.h"
#include "files/store.h"
#include "spool/deed.h"

#include <jansson.h>

struct courier_options {
    const struct adapters *adapters;
    const struct schema *schema; /**< of events */
    const struct tell_schemas *tells;
    struct directory_place *place;
    struct spool *spool;
    const char *spool_file;
    struct file_store *files;   /**< NULL: files are not sent */
    const char *public_url;     /**< under which partners reach /v1/files; NULL: none */
    int64_t link_hours;         /**< for which a link to a file holds */
    int64_t connections;        /**< open at once to all partners together */
    int64_t answer_limit_bytes; /**< of a partner's answer that is read */
    int64_t first_delay_ms;     /**< after the first failure; doubles, with full jitter */
    int64_t longest_delay_ms;
    int64_t breaker_failures; /**< failures in a row, of the connection's kind, that open it */
    int64_t probe_ms;         /**< from one probe of a partner that is down to the next */
};

/**
 * One thread that pushes WAITING deliveries to the systems of partners with `deliver.by: push`:
 * many at a time over libcurl's multi interface, one of a lane, within each partner's limits of
 * concurrency and rate.  A partner that is down is paused and probed by one request at a time: an
 * outage burns no attempts and makes no dead letters.  What an answer means is the adapter's to
 * say.  Each request carries `Idempotency-Key: <event_id>` and `traceparent`.
 *
 * A delivery ends DEAD when it is refused, when its format cannot say the event, or when it is
 * older than the partner's `give_up_ms` and the partner is up.  It also re-routes what waits for an
 * agency that has closed, at start, on a new directory and when the day changes.
 */
struct courier;
struct courier *courier_start(const struct courier_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Lets what is under way end, at most `timeout_ms`; what is cut is sent again after a start. */
void courier_stop(struct courier *courier, int64_t timeout_ms);

/*
 * What people want.  `record` says who, and why: what is done is one transaction with it, and what
 * is refused (FAULT_REFUSE) is on record too; the outcome is set here.  From any thread; waits for
 * the commit.
 */

/** Nothing goes to this partner until resumed; kept in the spool.  FAULT_REFUSE for one to which
 * nothing is delivered and for which nothing waits. */
bool courier_pause(struct courier *courier, const char *partner, bool is_paused,
                   const struct spool_record *record, struct fault *why)
    __attribute__((warn_unused_result));

/** About a DEAD delivery, of any way: to be tried again, or over.  Told on Kafka, with the record's
 * reason.  FAULT_REFUSE when it is not there or not DEAD. */
bool courier_release(struct courier *courier, int64_t delivery, const struct spool_record *record,
                     struct fault *why) __attribute__((warn_unused_result));
bool courier_discard(struct courier *courier, int64_t delivery, const struct spool_record *record,
                     struct fault *why) __attribute__((warn_unused_result));

/** About where a DEAD delivery goes, above all one that is unroutable: to this partner, into its
 * dossier's lane there.  It stays there whatever its agency's successors are: it keeps its agency
 * only where the directory gives that agency's to the same partner.  The same, and FAULT_REFUSE for
 * a partner to which nothing is delivered. */
bool courier_route(struct courier *courier, int64_t delivery, const char *partner,
                   const struct spool_record *record, struct fault *why)
    __attribute__((warn_unused_result));

/** Of every partner: {"partner", "by", "state": "up|down|paused", "in_flight", "waiting", "parked",
 * "dead", "oldest", "next_probe", "last_answer"}; the caller owns it. */
json_t *courier_describe(struct courier *courier);

/** Logs in, if the format does, and asks for the partner's address without sending anything:
 * {"reached", "status", "ms", "certificate", "why"}; the caller owns it.  From any thread. */
json_t *courier_test(struct courier *courier, const char *partner, struct fault *why)
    __attribute__((warn_unused_result));
/** Ends those under way, with FAULT_RETRY, and all from now on: the daemon stops. */
void courier_end_tests(struct courier *courier);

#endif
