/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_FILL_H
#define ADAPT_FILL_H

#include "adapt/convert.h"
#include "adapt/field.h"
#include "adapt/node.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Which members of an array's records are set, record by record. */
struct element_bits {
    uint64_t *bits;
    size_t room;
};

/** An event that is being filled, by one document or by one and what it carries. */
struct filling {
    const struct fields *fields;
    struct arena *arena; /**< of texts that the event borrows */
    avro_value_t *event;
    bool is_clear;
    uint64_t set[FIELD_LIMIT / 64];
    uint32_t places[FIELD_LIMIT];              /**< the node that gave a field that is set */
    const struct tree *trees[FIELD_LIMIT];     /**< and its document; NULL: no node did */
    struct element_bits elements[FIELD_LIMIT]; /**< by the number of the array */
};

/** What is being filled: the event itself, or one record of one of its arrays. */
struct holder {
    avro_value_t value;
    const struct field *list; /**< NULL: the event */
    size_t index;
};

void filling_free(struct filling *filling);

/** Puts the event to its defaults; nothing is set, and nothing is borrowed from a document. */
bool filling_clear(struct filling *filling, struct fault *why) __attribute__((warn_unused_result));

/** The same, for an event that is now to be filled, unless it is so already. */
bool filling_start(struct filling *filling, struct fault *why) __attribute__((warn_unused_result));

bool is_filled(const struct filling *filling, const struct holder *holder,
               const struct field *field);

/** Sets a field of one value.  The text is borrowed until the next document. */
bool fill_field(struct filling *filling, struct holder *holder, const struct field *field,
                const struct value *value, struct fault *why) __attribute__((warn_unused_result));

/** The value of a field that holds one; false when it is null or an empty text. */
bool fill_look(const struct field *field, const avro_value_t *holder, struct value *value);

/** Adds a text to an array of texts. */
bool fill_text(struct filling *filling, const struct field *list, const char *text, size_t size,
               struct fault *why) __attribute__((warn_unused_result));

/** Sets an entry of a map that has none of that key; *is_new is false when it has. */
bool fill_entry(struct filling *filling, const struct field *map, const char *key,
                const struct word *text, bool *is_new, struct fault *why)
    __attribute__((warn_unused_result));

/** Adds a record to an array of records. */
bool fill_element(struct filling *filling, const struct field *list, struct holder *element,
                  struct fault *why) __attribute__((warn_unused_result));

/** How many elements an array has. */
size_t fill_count(const struct filling *filling, const struct field *list);

/** The record at `index`; false when the array is shorter. */
bool fill_element_at(struct filling *filling, const struct field *list, size_t index,
                     struct holder *element);

/** Adds a constant to the event's tags, once. */
bool fill_tag(struct filling *filling, const struct field *tags, const char *tag, struct fault *why)
    __attribute__((warn_unused_result));

#endif
