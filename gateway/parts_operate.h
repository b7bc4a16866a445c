/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_OPERATE_H
#define PARTS_OPERATE_H

#include "parts.h"

/* The parts of operators, for the table of parts.c. */

/** operators.yaml. */
bool start_operators(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
void stop_operators(struct daemon *daemon);

/** Their API. */
bool start_operate(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
void stop_operate(struct daemon *daemon);

/** The calls of every module, as rows that say who may; ends with NULL routes. */
enum { OPERATE_TABLES = 32 };
void operate_tables(struct daemon *daemon, struct guard_table tables[OPERATE_TABLES]);

/** Reads agencies.csv, partners.yaml and operators.yaml again.  Each that is bad keeps what was
 * before; the fault is of one of them. */
bool reload_files(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
/** The same for SIGHUP: on record as the gateway's own act. */
bool reload_on_record(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));

#endif
