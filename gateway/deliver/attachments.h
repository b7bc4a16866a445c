/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_ATTACHMENTS_H
#define DELIVER_ATTACHMENTS_H

#include "base/cleanup.h"
#include "deliver/request.h"

#include <avro.h>

/** The files that go with a document: those of the event's documents that the store has. */
struct attachments;

/** Keeps what was written beside the document in the store first, so that its address answers. */
struct attachments *attachments_new(struct file_store *files, const avro_value_t *event,
                                    const struct adapt_written *written, struct fault *why)
    __attribute__((warn_unused_result));
void attachments_free(struct attachments *attachments);
ENDS_WITH_SCOPE(struct attachments *, attachments_free)

/** Adds each as a part of that name to a form. */
bool attachments_add(const struct attachments *attachments, struct request *request,
                     const char *part, struct fault *why) __attribute__((warn_unused_result));

#endif
