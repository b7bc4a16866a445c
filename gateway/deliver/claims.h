/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_CLAIMS_H
#define DELIVER_CLAIMS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/** Which deliveries are being answered, so that no two answers to one are judged before either is
 * stored.  From any thread. */
struct claims;

struct claims *claims_new(struct fault *why) __attribute__((warn_unused_result));
void claims_free(struct claims *claims);

/** FAULT_RETRY when another has it. */
bool claims_take(struct claims *claims, int64_t delivery, struct fault *why)
    __attribute__((warn_unused_result));
void claims_give_back(struct claims *claims, int64_t delivery);

#endif
