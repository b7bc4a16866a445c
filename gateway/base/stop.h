/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/fault.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** One flag that every loop of a stage looks at, and a descriptor that wakes those in poll(2). */
struct stop {
    atomic_bool asked;
    int wake; /**< an eventfd, readable once asked; -1 before stop_open */
};

bool stop_open(struct stop *stop, struct fault *why) __attribute__((warn_unused_result));
void stop_close(struct stop *stop);
void stop_ask(struct stop *stop);
bool stop_is_asked(const struct stop *stop);
/** Sleeps up to `ms`; true as soon as a stop is asked for. */
bool stop_wait(struct stop *stop, int64_t ms);

#endif
