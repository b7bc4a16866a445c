/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_ATTACHMENTS_H
#define DELIVER_ATTACHMENTS_H

#include "deliver/brought.h"
#include "deliver/request.h"

#include <avro.h>

/** Where files are kept, and where it is noted that the gateway itself brought them: so that they
 * are found again when nothing uses them any more. */
struct depot {
    struct file_store *files; /**< or NULL */
    struct spool *spool;
};

/** Keeps what was written beside a document, under its hash.  Waits for the disk and a commit.
 * FAULT_RETRY when there is no room now; FAULT_REFUSE without a store. */
bool attachments_keep(const struct depot *depot, const struct adapt_written *written,
                      struct fault *why) __attribute__((warn_unused_result));

/** Adds the files that the event brings along as parts of that name.  FAULT_REFUSE when the store
 * has lost one. */
bool attachments_add(const struct brought *brought, const avro_value_t *event,
                     struct request *request, const char *part, struct fault *why)
    __attribute__((warn_unused_result));

#endif
