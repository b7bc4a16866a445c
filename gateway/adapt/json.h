/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_JSON_H
#define ADAPT_JSON_H

#include "adapt/adapter.h"
#include "adapt/guard.h"
#include "adapt/node.h"

#include <jansson.h>

/** What one thread keeps for reading JSON. */
struct json_reader {
    json_t *document;  /**< the last one parsed */
    uint32_t *offsets; /**< of its values, in document order */
    uint32_t count;
    uint32_t room;
    struct name_set names;
};

void json_reader_free(struct json_reader *reader);

/**
 * Checks a document against the limits, parses it and builds its tree, whose texts stay the
 * reader's until the next call.  The tree is empty after findings that leave nothing to read.  The
 * call fails for faults of our own.
 */
bool json_read(struct json_reader *reader, const struct word *document,
               const struct adapt_limits *limits, struct findings *findings, struct tree *tree,
               struct fault *why) __attribute__((warn_unused_result));

#endif
