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
/** The limits that they were loaded with. */
const struct adapt_limits *adapters_limits(const struct adapters *adapters);
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
    /**
     * Whether a text stands for a file that was moved out of the document: then its hash and size.
     * NULL: no file was.  What it does not know is read as base64.
     */
    bool (*file)(void *files, const char *text, size_t size, uint8_t sha256[SHA256_SIZE],
                 int64_t *bytes);
    /**
     * The bytes of such a file, all `size` of them, for a document that is carried as one; asked
     * for within the limit of a document alone.  Its faults end the reading.
     */
    bool (*load)(void *files, const uint8_t sha256[SHA256_SIZE], char *bytes, size_t size,
                 struct fault *why);
    /** Makes of a line and a column (0: unknown) of `bytes` those of the document as it was before
     * files were moved out, for people; NULL: they are the same. */
    void (*place)(void *files, int *line, int *column);
    void *files;             /**< the caller's, for all three */
    bool without_signatures; /**< XML signatures were judged: the document is read without them */
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
 * A text that the caller has for a row with `given: NAME`: a session's token, "True" of an update.
 * Formats also ask for `to_agency`, the agency that the document is for, and for what the operator
 * says of the partner; of two under one name the last counts.  "no" under `attach` leaves out what
 * is carried or travels beside.
 */
struct adapt_given {
    const char *name;
    const char *text;
};

struct adapt_writing {
    const struct adapt_given *given;
    size_t given_count;
    const char
        *file_url;  /**< address of a file by its hash, with {sha256}; NULL: none is written */
    bool has_files; /**< the bytes of files can be put in: else rows that need them are left */
    /** Whether the caller has a file: one that it lacks is neither put in nor given an address of
     * `file_url`.  NULL: it has all.  Called at most once for each document of the event and use.
     */
    bool (*has)(void *files, const uint8_t sha256[SHA256_SIZE]);
    /** The address of one file, in place of file_url: the writer frees it.  NULL: memory is out,
     * and nothing is written. */
    char *(*address)(void *files, const uint8_t sha256[SHA256_SIZE]);
    void *files; /**< the caller's, for `has` and `address` */
};

/** Where the base64 of a file belongs: in place of the `size` bytes at `at`. */
struct adapt_hole {
    size_t at;
    size_t size;
    uint8_t sha256[SHA256_SIZE];
};

/** A document beside the document, which the caller must make reachable under file_url before it
 * sends: what the format can only carry as a file (`carries:` with `as: file`). */
struct adapt_attached {
    uint8_t sha256[SHA256_SIZE];
    char *bytes;
    size_t size;
    const char *media_type;
};

struct adapt_written {
    char *bytes; /**< NUL-terminated */
    size_t size;
    const char *message;      /**< which of the adapter's messages */
    const char *media_type;   /**< the adapter's first */
    struct adapt_hole *holes; /**< by place */
    size_t hole_count;
    struct adapt_attached *attached;
    size_t attached_count;
};

/**
 * Writes an event as a document of the adapter: the message whose event types and format fit.
 * FAULT_REFUSE when the format cannot say it, with the field that it lacks.  `writing` may be NULL.
 * The caller ends `written` with adapt_written_free.
 */
bool adapt_write(struct workbench *bench, const struct adapter *adapter, const avro_value_t *event,
                 const struct adapt_writing *writing, struct adapt_written *written,
                 struct fault *why) __attribute__((warn_unused_result));
void adapt_written_free(struct adapt_written *written);

/**
 * Which agency speaks in an event that the adapter read: the first field of its message's
 * `speaks_for` that is set, as "handoff.from_agency", and the code there.  False, and both NULL,
 * when none is.
 */
bool adapter_speaker(const struct adapter *adapter, const avro_value_t *event, const char **field,
                     const char **code);

#endif
