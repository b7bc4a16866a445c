/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_DROP_H
#define INGEST_DROP_H

#include "ingest/ingest.h"

struct drop_options {
    struct ingest *ingest;
    struct directory_place *place;
    int64_t file_limit_bytes; /**< a larger file is moved to failed */
    int64_t scan_ms;          /**< from one look at the folders to the next */
    int64_t keep_days;        /**< for which done files are kept */
};

/**
 * The file drop: one thread that takes documents from the folders of partners with
 * `collect.drop`, oldest first.  A file counts as there when its name does not begin with a dot and
 * does not end in .tmp, .part or .filepart: so a sender writes under such a name and renames.  A
 * detached signature lies beside it in NAME.jws, and is put there first.
 *
 * A file whose document is stored (with `ack: published`: on Kafka) goes to FOLDER/done, beside
 * NAME.receipt.json; one that is refused to FOLDER/failed, beside NAME.problems.json; one that
 * cannot be taken now stays, and those behind it wait, so that order holds.  A crash in between
 * takes a file in again, which is a repeat with the same receipts.
 */
struct drop;
struct drop *drop_start(const struct drop_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Ends after the file at hand.  Accepts NULL. */
void drop_stop(struct drop *drop);

#endif
