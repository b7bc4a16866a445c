/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "adapt/adapter.h"
#include "base/fault.h"
#include "base/jws.h"
#include "directory/directory.h"
#include "event/schema.h"
#include "files/filer.h"
#include "files/store.h"
#include "http/server.h"
#include "spool/spool.h"

/** What the partner API works with; all pointers are kept until ingest_close. */
struct ingest_options {
    const struct adapters *adapters;
    const struct schema *schema; /**< of the events */
    struct directory_place *place;
    struct spool *spool;
    const char *spool_file;   /**< for the readers of the GET calls */
    const char *topic_prefix; /**< "lienthong."; the schema's subject is named after the topic */
    int64_t rate_per_s;       /**< handoffs a second, for partners without a rate of their own */
    int64_t burst;            /**< at once above it; 0: as many as the rate */
    int64_t reads_per_s;      /**< entries and files that one partner may look at; 0: no limit */
    struct file_store *files;
    struct filer *filer;                 /**< whose jobs are over before ingest_close */
    int64_t inline_above_bytes;          /**< larger files are moved out of documents */
    int64_t link_hours;                  /**< the longest that a signed link holds */
    const struct jws_keys *signing_keys; /**< for receipts; NULL: they are not signed */
    const char *issuer;                  /**< who signs them */
    int64_t publish_wait_ms; /**< how long a request with `ack: published` waits for Kafka */
};

/**
 * The partner API of docs/http.md: authenticates, reads documents by their adapters, stores them,
 * and tells what became of them.  One workbench and one reader of the spool for each HTTP thread.
 */
struct ingest;

struct ingest *ingest_open(const struct ingest_options *options, struct fault *why)
    __attribute__((warn_unused_result));

/** After http_close of the server that has its routes, and before spool_close.  Accepts NULL. */
void ingest_close(struct ingest *ingest);

/** The routes of the API, for a table whose `own` is the ingest. */
const struct http_route *ingest_routes(void);

#endif
