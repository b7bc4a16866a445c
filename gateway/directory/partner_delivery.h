/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_PARTNER_DELIVERY_H
#define DIRECTORY_PARTNER_DELIVERY_H

#include "directory/partner_rows.h"

/**
 * Checks `deliver:` and `fetch_files_from:` of one partner and fills `delivery`: defaults, paths as
 * the process sees them, `given` split into names and texts.  `given` has room for
 * `row->deliver.given_count`; it and the row must live as long as the result.
 */
bool partner_delivery_read(const struct partner_place *place, struct partner_row *row,
                           struct partner_given *given, struct partner_delivery *delivery,
                           struct fault *why) __attribute__((warn_unused_result));

#endif
