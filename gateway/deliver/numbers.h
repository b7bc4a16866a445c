/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_NUMBERS_H
#define DELIVER_NUMBERS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A set of numbers above 0.  Begins as {0}; ended by numbers_free. */
struct numbers {
    int64_t *slots; /**< 0: empty */
    size_t size;    /**< a power of two, or 0 */
    size_t count;
};

bool numbers_add(struct numbers *numbers, int64_t number, struct fault *why)
    __attribute__((warn_unused_result));
void numbers_remove(struct numbers *numbers, int64_t number);
bool numbers_has(const struct numbers *numbers, int64_t number);
void numbers_free(struct numbers *numbers);

#endif
