/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_GIVEN_H
#define DELIVER_GIVEN_H

#include "adapt/adapter.h"

/** What the caller has for the {names} of adapter.yaml's texts: borrowed. */
struct given {
    const struct adapt_given *texts;
    size_t count;
};

/** How a given text is made fit for where it goes. */
enum given_escape {
    GIVEN_HEADER, /**< as it is; a line end or another control character is refused */
    GIVEN_PATH,   /**< behind an address: what no address may hold is percent-encoded */
    GIVEN_FORM,   /**< percent-encoded, all but letters and digits */
    GIVEN_JSON,   /**< inside a JSON string */
    GIVEN_XML,
    GIVEN_PLAIN,
};

/** The escape for a body of that media type. */
enum given_escape given_escape_of(const char *media_type);

/**
 * `text` with every {name} of letters, digits, '-' and '_' replaced by what is given under it, or
 * by nothing; other braces stay.  The caller owns the result.
 */
char *given_fill(const char *text, const struct given *given, enum given_escape escape,
                 struct fault *why) __attribute__((warn_unused_result));

/** The text given under that name, the last one counting; NULL when there is none. */
const char *given_find(const struct given *given, const char *name, size_t size);

#endif
