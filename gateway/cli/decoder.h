/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DECODER_H
#define CLI_DECODER_H

#include "base/fault.h"
#include "event/registry.h"
#include "event/render.h"

#include <jansson.h>
#include <stddef.h>

/** Turns records back into JSON, whatever schema wrote them: our own by its fingerprint, others by
 * the registry's id or the spool's number, each fetched once. */
struct decoder;

struct decoder_options {
    const struct schema *const *ours; /**< the gateway's own, up to a NULL; borrowed */
    struct registry *registry;        /**< NULL when there is none; borrowed */
    enum render_mask mask;
};

struct decoder *decoder_new(const struct decoder_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void decoder_free(struct decoder *decoder);

/**
 * A framed record, as it is on Kafka.  The caller owns the result.  What is personal is known from
 * our schemas alone, since others and some registries drop the marks: masked, a record of another
 * version is shown as ours, and one that is none of ours is refused.
 */
json_t *decoder_record(struct decoder *decoder, const void *bytes, size_t size, struct fault *why)
    __attribute__((warn_unused_result));

/** A bare datum under the schema of that text, as it is in the spool. */
json_t *decoder_datum(struct decoder *decoder, const char *schema_text, uint64_t fingerprint,
                      const void *bytes, size_t size, struct fault *why)
    __attribute__((warn_unused_result));

#endif
