/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_REFERENCE_H
#define API_REFERENCE_H

#include "api/caller.h"
#include "api/station.h"

/**
 * The dossier that a message without a code means by a name of an earlier one.  The caller owns the
 * code.  It is NULL when nothing of that name passed here, and just so when the sender took no part
 * in that dossier (it neither sent anything of it nor was any of it addressed to it): a guessed
 * name tells nothing.  False for a fault of our own.
 */
bool reference_resolve(struct station *station, const struct caller *caller, const char *name,
                       char **dossier_code, struct fault *why) __attribute__((warn_unused_result));

#endif
