/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_SEALED_CHECK_H
#define SPOOL_SEALED_CHECK_H

#include "spool/reader.h"

/** What spool_check does not come by with entries and originals: that every data key opens under
 * its master key, and every sealed arrival and revision under its data key.  One line for each that
 * does not. */
bool sealed_check(struct spool_reader *reader, void (*each)(void *own, const char *finding),
                  void *own, struct fault *why) __attribute__((warn_unused_result));

#endif
