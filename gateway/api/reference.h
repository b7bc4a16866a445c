/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_REFERENCE_H
#define API_REFERENCE_H

#include "api/caller.h"
#include "api/station.h"

/**
 * A message without a dossier's code may mean the dossier by a name of an earlier one: sets the
 * code in the event of an item that does.  The item is not valid, and a problem says so, when
 * nothing of that name passed here, and just so when the sender took no part in that dossier (it
 * neither sent a valid event of it nor was any of it addressed to it): a guessed name tells
 * nothing. False for a fault of our own.
 */
bool reference_fill(struct station *station, const struct caller *caller,
                    const struct adapt_item *item, bool *is_valid, struct fault *why)
    __attribute__((warn_unused_result));

#endif
