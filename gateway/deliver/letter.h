/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_LETTER_H
#define DELIVER_LETTER_H

#include "api/station.h"
#include "spool/delivery.h"

/** One delivery, copied so that the spool can be asked more while it is looked at. */
struct letter {
    struct spool_delivery delivery; /**< its pointers are into `memory`, or NULL */
    char *memory;
};

/** FAULT_REFUSE when there is none of that number.  The caller ends it with letter_free. */
bool letter_load(struct spool_reader *reader, int64_t delivery, struct letter *letter,
                 struct fault *why) __attribute__((warn_unused_result));
void letter_free(struct letter *letter);

/** Its event in `ours`, whatever schema wrote it; borrowed until the station recalls another.
 * FAULT_BROKEN when the spool's copy is damaged. */
const avro_value_t *letter_event(struct station *station, const struct letter *letter,
                                 const struct schema *ours, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether it is addressed to that partner. */
bool letter_is_to(const struct letter *letter, const char *partner);

#endif
