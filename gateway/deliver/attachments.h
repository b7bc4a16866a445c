/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_ATTACHMENTS_H
#define DELIVER_ATTACHMENTS_H

#include "deliver/brought.h"
#include "deliver/request.h"

#include <avro.h>

/** Keeps what was written beside a document in the store, so that its address answers. */
bool attachments_keep(struct file_store *files, const struct adapt_written *written,
                      struct fault *why) __attribute__((warn_unused_result));

/** Adds the files that the event brings along as parts of that name. */
bool attachments_add(const struct brought *brought, const avro_value_t *event,
                     struct request *request, const char *part, struct fault *why)
    __attribute__((warn_unused_result));

#endif
