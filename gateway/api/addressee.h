/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_ADDRESSEE_H
#define API_ADDRESSEE_H

#include "adapt/adapter.h"
#include "directory/partner.h"

/**
 * The texts that each document for a partner is given, for rows with `given`: "to_agency", whom it
 * is for (the agency that the delivery goes to, or the partner's first, where it has subscribed or
 * was chosen by a person), then the partner's own of partners.yaml, which go before that: of a name
 * the last text counts.  There is room for `room` more behind `count`.  Texts are borrowed of the
 * partner and of `agency`, which may be NULL; the caller frees the list.  NULL without memory.
 */
struct adapt_given *addressee_texts(const struct partner *partner, const char *agency, size_t room,
                                    size_t *count) __attribute__((warn_unused_result));

#endif
