/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_PREPARE_H
#define DELIVER_PREPARE_H

#include "api/recall.h"
#include "base/cleanup.h"
#include "deliver/fetch_rule.h"
#include "deliver/peer.h"

/** Makes the requests that deliver: documents of a partner's format.  One thread's. */
struct preparer;

struct preparer_options {
    const struct adapters *adapters;
    const struct schema *schema;
    struct file_store *files; /**< or NULL */
    struct spool *spool;      /**< notes which files the gateway itself makes */
    const char *public_url;   /**< or NULL */
    int64_t link_hours;       /**< for which a link to a file holds */
    int64_t answer_limit_bytes;
};

struct preparer *preparer_new(const struct preparer_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void preparer_free(struct preparer *preparer);
ENDS_WITH_SCOPE(struct preparer *, preparer_free)

/** Why a delivery has no request. */
enum unprepared {
    UNPREPARED_DEAD,     /**< never: its format cannot say it, or something of it is lost */
    UNPREPARED_LATER,    /**< ours to mend, or to wait for */
    UNPREPARED_FETCH,    /**< a file has to be fetched first: `uri`, under `rule` */
    UNPREPARED_FAR,      /**< its files are at a service: `files` */
    UNPREPARED_SETTINGS, /**< the partner's settings are wrong: every delivery would fail so */
};
struct preparing {
    enum unprepared failure;
    const char *cause; /**< a constant */
    struct fault why;
    char *uri; /**< the caller owns it */
    struct fetch_rule rule;
    uint8_t (*files)[SHA256_SIZE]; /**< the same */
    size_t file_count;
};

/** The request that delivers an errand to its peer; its adapter is noted in the errand.  NULL with
 * `preparing` filled, which begins as all zero. */
struct request *prepare_delivery(struct preparer *preparer, struct peer *peer,
                                 struct errand *errand, struct spool_reader *reader,
                                 struct preparing *preparing) __attribute__((warn_unused_result));

#endif
