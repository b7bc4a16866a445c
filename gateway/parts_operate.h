/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_OPERATE_H
#define PARTS_OPERATE_H

#include "parts.h"

/* The part of operators, for the table of parts.c. */

bool start_operate(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
void stop_operate(struct daemon *daemon);

#endif
