/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_ADAPTER_H
#define ADAPT_ADAPTER_H

#include "adapt/problem.h"
#include "base/digest.h"
#include "base/fault.h"
#include "event/schema.h"

#include <avro.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bounds of one document, from the configuration; all are checked before memory is spent. */
struct adapt_limits {
    int64_t document_bytes;
    int64_t depth;
    int64_t nodes;      /**< elements, attributes, JSON values together */
    int64_t attributes; /**< of one element */
    int64_t names;      /**< distinct names in one document */
    int64_t text_bytes; /**< of one value that becomes a field; attachments count as the document */
    int64_t items;
    int64_t problems; /**< listed; the rest is counted */
};

/** All adapters below one folder, compiled against the event schema.  Immutable: threads share it.
 */
struct adapters;

/** Loads FOLDER/<name>/adapter.yaml for every name.  Faults name file, line and column. */
struct adapters *adapters_load(const char *folder, const struct schema *schema,
                               const struct adapt_limits *limits, struct fault *why)
    __attribute__((warn_unused_result));
void adapters_free(struct adapters *adapters);

struct adapter;
const struct adapter *adapters_find(const struct adapters *adapters, const char *name);
size_t adapters_count(const struct adapters *adapters);
const char *adapter_name(const struct adapter *adapter);
/** Whether documents of this media type (without parameters, any case) are for the adapter. */
bool adapter_takes(const struct adapter *adapter, const char *media_type);
/** The adapter's media types by index, from 0; NULL after the last. */
const char *adapter_media_type(const struct adapter *adapter, size_t index);

/** One thread's working memory: parser contexts, an arena, values that are used again. */
struct workbench;
struct workbench *workbench_new(const struct adapters *adapters, struct fault *why)
    __attribute__((warn_unused_result));
void workbench_free(struct workbench *bench);

/** What one item of a document became.  Everything is borrowed until the bench is used again. */
struct adapt_item {
    const struct adapter *adapter; /**< the one that reads the document */
    avro_value_t event;    /**< filled by the map; the fields of the gateway are still to be set */
    bool is_valid;         /**< no problem names this item */
    const char *message;   /**< which of the adapter's messages */
    const char *native_id; /**< as the adapter derives it; NULL when its parts are missing */
    size_t native_id_size;
    uint8_t content_sha256[SHA256_SIZE];
    bool has_occurred_at;  /**< false: the document says no time */
    bool is_silent;        /**< a mere acknowledgement: kept, not published */
    const char *reference; /**< a name by which later messages mean this dossier, or NULL */
    const char *refers_to; /**< such a name in this one, or NULL; then it needs no dossier code */
    int number;            /**< from 0 */
};

struct reading {
    const struct adapter *adapter; /**< the one that recognised the document; NULL: none did */
    size_t item_count;
    const struct problem *problems; /**< in document order */
    size_t problem_count;
    size_t problem_total; /**< also those over the limit of the list */
};

/** A document and who may know it. */
struct adapt_document {
    const char *bytes;
    size_t size;
    const struct adapter *const *candidates;
    size_t candidate_count;
    const uint8_t *sha256; /**< of the bytes, where it is known already; else NULL */
};

/**
 * Reads a document by the first of its candidates that recognises it.  Calls `each` once for every
 * item, in order, valid or not; the item's event is the bench's and is used again for the next.
 * `each` may report problems of its own through adapt_report.  True when the document was read,
 * whatever its problems; false only for faults of our own, and when `each` is false.
 *
 * A document that its XSD does not allow has the schema's problems alone; what its items could
 * still say is in their events.
 */
bool adapt_read(struct workbench *bench, const struct adapt_document *document,
                bool (*each)(void *own, const struct adapt_item *item, struct fault *why),
                void *own, struct reading *reading, struct fault *why)
    __attribute__((warn_unused_result));

/** From inside `each`: the item has this problem at the document's place that gave `field`. */
void adapt_report(struct workbench *bench, enum rule rule, const char *field, const char *value,
                  const char *hint);
/** From inside `each`: puts a tag (a constant) on the item's event. */
bool adapt_tag(struct workbench *bench, const char *tag, struct fault *why);

/**
 * Writes an event as a document of the adapter: the message whose event types and format fit.
 * FAULT_REFUSE when the format cannot say it, with the field that it lacks.  The caller owns the
 * bytes.
 */
char *adapt_write(struct workbench *bench, const struct adapter *adapter, const avro_value_t *event,
                  size_t *size, struct fault *why) __attribute__((warn_unused_result));

/**
 * Which agency speaks in an event that the adapter read: the first field of its message's
 * `speaks_for` that is set, as "handoff.from_agency", and the code there.  False, and both NULL,
 * when none is.
 */
bool adapter_speaker(const struct adapter *adapter, const avro_value_t *event, const char **field,
                     const char **code);

#endif
