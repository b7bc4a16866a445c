/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_VIEWS_H
#define OPERATE_VIEWS_H

#include "api/station.h"
#include "operate/aside.h"
#include "operate/guard.h"
#include "operate/lookout.h"
#include "spool/finder.h"

/** What the operators' lists and views are made from, and the calls that show them. */
struct views {
    struct spool *spool;
    struct stations *stations; /**< of the HTTP threads */
    struct find_teller teller; /* what events can be found by */
    struct finder *finder;     /* keeps the index of it */
    struct aside *aside;
    struct lookout *lookout;
};

/** The calling thread's reader, or NULL when there is none: then the request is answered. */
struct spool_reader *views_reader(const struct views *views, const struct operator_call *call);

/*
 * The calls.  Each table's `own` is the struct views, which is kept.
 *
 *     GET  overview                          with ETag
 *     GET  entries                           see operate/search.c
 *     GET  failures, failures/{fingerprint}/items
 *     GET  deliveries, deliveries/{delivery}
 *     GET  filters, POST filters {"name", "filter": {...} or null}
 *     GET  audit, audit/verify, audit/export
 *     GET  reconcile                         JSON, or CSV by Accept
 */
struct guard_table overview_table(struct views *views);
struct guard_table search_table(struct views *views);
struct guard_table failures_table(struct views *views);
struct guard_table delivery_list_table(struct views *views);
struct guard_table filters_table(struct views *views);
struct guard_table audit_table(struct views *views);
struct guard_table reconcile_table(struct views *views);

#endif
