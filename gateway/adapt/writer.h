/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_WRITER_H
#define ADAPT_WRITER_H

#include "adapt/fill.h"
#include "adapt/map.h"
#include "adapt/out.h"

/** The text in place of a file's bytes: a random part, and the file's number among those used. */
enum { HOLE_NONCE_SIZE = 32, HOLE_SIZE = HOLE_NONCE_SIZE + 8 };

/** A file that a document speaks of. */
struct used_file {
    uint8_t sha256[SHA256_SIZE];
    bool is_there; /**< the caller has it */
};

struct used_files {
    struct used_file *list;
    size_t count;
    char nonce[HOLE_NONCE_SIZE + 1]; /**< empty: no hole has been made */
};

/** One event on its way into a document of one message. */
struct writer {
    const struct adapters *adapters;
    const struct adapter *adapter;
    const struct message *message;
    const avro_value_t *event;
    struct arena *arena;
    struct out *root;
    struct out *item; /**< where paths without a leading slash begin */
    uint64_t type;    /**< the bit of the event's type */
    int symbol;
    bool is_own_format;       /**< the event came in this message's format */
    bool names_documents;     /**< those without an id get one */
    const char *extra_prefix; /**< of a carried document: its part of source_extra; else NULL */
    const struct adapt_writing *writing;
    struct used_files *files;     /**< shared with what is carried */
    struct adapt_written *beside; /**< gets what travels beside the document */
    uint64_t *written; /**< bits of fields that are written somewhere; shared with what is
                          carried */
};

/* What had no memory has size 0 as what is absent, and the arena is short; then all is refused. */

/** What a row writes for a holder; size 0 when it is absent. */
struct word row_text(const struct writer *writer, const struct row *row,
                     const avro_value_t *holder);

/** The text that holds the place of a document's file; size 0 when it cannot be put in. */
struct word file_hole(const struct writer *writer, const avro_value_t *holder);

/** The same for a text of source_extra that stands for a file; any other text, and that of a file
 * that cannot be put in, as it is. */
struct word file_put_back(const struct writer *writer, const struct word *text);

/** The address of a document's file below the caller's file_url; size 0 when it has none there. */
struct word file_address(const struct writer *writer, const avro_value_t *holder);

/** Whether the caller has addresses for files. */
bool has_addresses(const struct writer *writer);

/** The address of the file with this hash; the caller has addresses. */
struct word file_url(const struct writer *writer, const char *hex);

/** An id for a document that has none, from what else it says. */
bool made_id(const struct writer *writer, const avro_value_t *holder, struct value *value);

/** The caller's text of that name; size 0 when it is not given. */
struct word given_text(const struct writer *writer, const char *name);

/** Finds the holes in the finished bytes. */
bool find_holes(const struct used_files *files, struct adapt_written *written, struct fault *why)
    __attribute__((warn_unused_result));

/** Takes the bytes of a document that travels beside; gives its hash back. */
bool attach(const struct writer *writer, char *bytes, size_t size, const char *media_type,
            char hex[SHA256_HEX_SIZE], struct fault *why) __attribute__((warn_unused_result));

/** Whether a field has been written somewhere already. */
bool is_written(const struct writer *writer, const struct field *field);
void note_written(const struct writer *writer, const struct field *field);

/** A template with its fields; size 0 when one is absent. */
struct word template_text(const struct writer *writer, const struct row *row);

/** The place at `count` steps below `from`, each step that repeats at `ordinal`; NULL when memory
 * is out. */
struct out *place_at(const struct writer *writer, struct out *from, const struct step *steps,
                     size_t count, uint32_t ordinal);

/** The place from which a path begins. */
struct out *place_from(const struct writer *writer, const struct path *path);

/** Puts a text at a place where nothing of a better source is. */
void place_put(struct out *place, enum out_source source, const struct word *text,
               const struct row *row);

/** Whether the field has a value that a row would write, for the choice of a message. */
bool has_value(const struct writer *writer, const struct row *row);

/** The rule of `arrays:` for elements with this value in the field that it sets; NULL for none. */
const struct array_rule *rule_for(const struct message *message, const struct field *list,
                                  const struct word *value, bool is_own_format);

/** Writes an array of records by the groups of the plan. */
bool write_records(const struct writer *writer, const struct group *group, struct fault *why)
    __attribute__((warn_unused_result));

/** Writes the document that the message carries, if it carries one and its adapter can say the
 * event: base64 in the arena, else none. */
bool write_carried(struct workbench *bench, const struct writer *writer, struct word *content,
                   struct fault *why) __attribute__((warn_unused_result));

/** Places it, after everything else of its kind. */
bool place_carried(const struct writer *writer, const struct word *content, struct fault *why)
    __attribute__((warn_unused_result));

/** Writes the event by one message of `outer`'s kind; the text is the caller's. */
char *write_message(struct workbench *bench, struct writer *writer, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether a message can say events of a type. */
bool message_has_type(const struct message *message, int symbol);

/** The message of the adapter for the event: of its own format, or the first that can say it. */
bool choose_message(struct writer *writer, struct fault *why) __attribute__((warn_unused_result));

#endif
