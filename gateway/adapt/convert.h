/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_CONVERT_H
#define ADAPT_CONVERT_H

#include "adapt/arena.h"
#include "adapt/problem.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind { VALUE_TEXT, VALUE_NUMBER, VALUE_TRUTH };

/** What a text of a document says. */
struct value {
    enum value_kind kind;
    const char *text; /**< not ended by NUL */
    size_t size;
    int64_t number; /**< also a moment's milliseconds */
    bool is_true;
    const char *tag; /**< what the event is to be marked with, or NULL */
};

enum convert_result {
    CONVERT_VALUE,
    CONVERT_ABSENT, /**< the text says that there is nothing */
    CONVERT_BAD,    /**< `rule` says what is wrong with it */
};

/** What a conversion has to do with a file. */
enum file_part {
    FILE_NO,
    FILE_BYTES,   /**< the text is a file's bytes, which are no field */
    FILE_ADDRESS, /**< the text is a file's address */
};

/** One conversion: what `convert:` of a row names.  docs/adapters.md describes each. */
struct conversion {
    const char *name;
    enum value_kind kind; /**< of what it reads */
    enum file_part file;
    bool takes_part; /**< what it reads does not replace the text: source_extra keeps it */
    /** Checks `form`, NULL when the row has none, once when the adapter is loaded. */
    bool (*prepare)(const char *form, int *option);
    enum convert_result (*read)(const char *text, size_t size, struct arena *arena,
                                struct value *value, enum rule *rule);
    /** Says it in a text, in the arena; false when it cannot.  NULL: nothing is written. */
    bool (*write)(int option, const struct value *value, struct arena *arena, const char **text,
                  size_t *size);
};

/** The conversion of that name, or NULL. */
const struct conversion *conversion_find(const char *name);

#endif
