/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_STATE_H
#define INGEST_STATE_H

#include "api/station.h"
#include "base/metrics.h"
#include "base/tally.h"
#include "ingest/account.h"
#include "ingest/ingest.h"
#include "ingest/publishing.h"
#include "spool/receipt.h"

enum level_gauge {
    GAUGE_UNPUBLISHED,
    GAUGE_OLDEST_SECONDS,
    GAUGE_PARKED,
    GAUGE_DEAD,
    GAUGE_QUEUE_ENTRIES,
    GAUGE_QUEUE_BYTES,
    GAUGE_FILE_BYTES,
    GAUGE_FREE_BYTES,
    GAUGE_GROUPS,
    GAUGE_ENTRIES,
    GAUGE_BELOW_RESERVE,
    GAUGE_OVERDUE,
    GAUGE_COUNT_
};

enum file_counter {
    FILES_UPLOADED,
    FILES_UPLOADED_BYTES,
    FILES_SENT,
    FILES_SENT_BYTES,
    FILES_MOVED,
    FILES_MOVED_BYTES,
    FILES_COUNT_
};

/** What the calls of the API share; const but for what guards itself. */
struct ingest {
    struct ingest_options options;
    char *topic;       /**< where events go */
    int32_t schema_no; /**< of the events' schema in the spool */
    uint8_t receipt_key[RECEIPT_KEY_SIZE];
    struct stations *stations;
    struct accounts *accounts;
    struct publishing *publishing;
    struct tally handoffs; /**< that are not over, or the spool works for */
    struct metric *acceptance_seconds;
    struct metric *gauges[GAUGE_COUNT_];
    struct metric *files[FILES_COUNT_];
};

/** How fast a partner may send. */
struct rate ingest_rate(const struct ingest *ingest, const struct partner *partner);
/** Takes one of what the partner may do.  False: it is answered that it has to wait. */
bool ingest_admit(struct account *account, const struct rate *rate, struct http_request *request);
/** The same of what it may look at. */
bool ingest_admit_reader(struct ingest *ingest, const struct partner *partner,
                         struct http_request *request);
/** It is shown so many more. */
void ingest_charge_reader(struct ingest *ingest, const struct partner *partner, int64_t count);
/** One more file of so many bytes; `counter` is the one of the files. */
void ingest_count_file(const struct ingest *ingest, enum file_counter counter, int64_t size);

#endif
