/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_CAUSE_H
#define OPERATE_CAUSE_H

#include "http/problem.h"

#include <stdbool.h>

/**
 * A cause as it stands in the spool ("missing /data[0]/MaHoSo", "answer:status=400",
 * "route /handoff/to_agency unknown") in words: what it is, and what an operator can do about it.
 * Never NULL: of an unknown one the words say so, and of NULL that none is known.
 */
const char *cause_text(const char *cause, enum http_language language);

/** Whether the table has words for it. */
bool cause_is_known(const char *cause);

#endif
