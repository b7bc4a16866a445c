/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_FAILURES_H
#define OPERATE_FAILURES_H

#include "http/problem.h"
#include "spool/find.h"

#include <jansson.h>

/** A group of failures as lists and the overview show it; the caller owns it. */
json_t *failures_item(const struct spool_reader *reader, const struct failure_group *group,
                      enum http_language language);

#endif
