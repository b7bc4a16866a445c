/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_VIEWS_H
#define PARTS_VIEWS_H

#include "parts.h"

/* The operators' lists and views, a part of parts_operate.c. */

bool start_views(struct daemon *daemon, const struct lookout_hooks *hooks, struct fault *why)
    __attribute__((warn_unused_result));
void stop_views(struct daemon *daemon);

enum { VIEWS_TABLES = 7 };
/** Writes their calls to `tables`; how many. */
size_t views_tables(struct daemon *daemon, struct guard_table tables[VIEWS_TABLES]);

#endif
