/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_SEATS_H
#define DIRECTORY_SEATS_H

#include "directory/agency.h"
#include "directory/partner.h"

/** Which partners have a code of an agency: found by one search, where asking each partner would
 * take as long as there are partners. */
struct seats;

/** Borrows both until seats_free. */
struct seats *seats_new(const struct agencies *agencies, const struct partners *partners,
                        struct fault *why) __attribute__((warn_unused_result));
void seats_free(struct seats *seats);

/** The first of partners.yaml that has one of this agency's codes and is delivered to or not, as
 * asked; NULL when there is none. */
const struct partner *seats_first(const struct seats *seats, const struct agency *agency,
                                  bool is_delivered_to);
/** Whether one of this partner's codes names this very agency. */
bool seats_has(const struct seats *seats, const struct partner *partner,
               const struct agency *agency);

#endif
