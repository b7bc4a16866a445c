/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_PARTNER_COLLECT_H
#define DIRECTORY_PARTNER_COLLECT_H

#include "directory/partner_rows.h"

/**
 * Checks `collect:` of one partner, whose `deliver` is read already, and fills `collect`: the
 * folder as the process sees it.  The row must live as long as the result.
 */
bool partner_collect_read(const struct partner_place *place, struct partner_row *row,
                          const struct partner_delivery *deliver, struct partner_collect *collect,
                          struct fault *why) __attribute__((warn_unused_result));

#endif
