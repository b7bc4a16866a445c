/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_PLACES_H
#define SPOOL_PLACES_H

#include "spool/spool.h"

/** Where the entries of one Kafka transaction went, in a few bytes each: for every place the step
 * of the number, the partition and the offset, as variable-length integers. */

/** Packs places whose numbers rise.  The caller owns the bytes. */
uint8_t *places_pack(const struct spool_place *places, size_t count, size_t *size,
                     struct fault *why) __attribute__((warn_unused_result));

/** Finds one number; false when it is not among them or the bytes are damaged. */
bool places_find(const uint8_t *packed, size_t size, int64_t number, struct spool_place *place);

#endif
