/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_LOOP_H
#define KAFKA_LOOP_H

#include "base/fault.h"

#include <stdint.h>

/** How long a loop rests after so many failures in a row: it doubles from 0.1 s to 3 s, and half of
 * it is chance, since gateways must not knock in step. */
int64_t loop_pause_ms(int failures);

/** The last reason that a loop told its log. */
struct loop_reason {
    char text[sizeof((struct fault *)NULL)->text];
    int64_t told_at_ms;
};

/** Whether `why` is worth a line again, and then notes it: always in a new state, else when it is
 * another reason and the last line is some seconds old. */
bool loop_is_news(struct loop_reason *reason, bool is_new_state, const struct fault *why);

#endif
