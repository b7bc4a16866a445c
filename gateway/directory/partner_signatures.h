/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_PARTNER_SIGNATURES_H
#define DIRECTORY_PARTNER_SIGNATURES_H

#include "directory/partner_rows.h"

/** Reads `signatures:` of a partner and the files that it names, whose paths in the row become
 * whole.  Whatever comes of it, the caller ends it with partner_signatures_free. */
bool partner_signatures_read(const struct partner_place *place, struct partner_row *row,
                             struct partner_signatures *signatures, struct fault *why)
    __attribute__((warn_unused_result));
void partner_signatures_free(struct partner_signatures *signatures);

#endif
