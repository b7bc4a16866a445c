/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_FILL_H
#define DELIVER_FILL_H

#include "adapt/adapter.h"

/** What the caller has for the {names} of adapter.yaml's texts: borrowed. */
struct given {
    const struct adapt_given *texts;
    size_t count;
};

/** How a given text is made fit for where it goes. */
enum fill_escape {
    FILL_HEADER, /**< as it is; a line end or another control character is refused */
    FILL_PATH,   /**< behind an address: what no address may hold is percent-encoded */
    FILL_FORM,   /**< percent-encoded, all but letters and digits */
    FILL_JSON,   /**< inside a JSON string */
    FILL_XML,
    FILL_PLAIN,
};

/** The escape for a body of that media type. */
enum fill_escape fill_escape_of(const char *media_type);

/**
 * `text` with every {name} of letters, digits, '-' and '_' replaced by what is given under it, or
 * by nothing; other braces stay.  The caller owns the result.
 */
char *fill_text(const char *text, const struct given *given, enum fill_escape escape,
                struct fault *why) __attribute__((warn_unused_result));

/** The text given under that name, the last one counting; NULL when there is none. */
const char *given_find(const struct given *given, const char *name, size_t size);

#endif
