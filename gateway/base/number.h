/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum number_result { NUMBER_GOOD, NUMBER_MALFORMED, NUMBER_OUT_OF_RANGE };

/**
 * Reads a whole decimal number from `least` to `most`: digits without a leading zero, with '-' when
 * `least` is below 0, and nothing else.  `*number` is written when it is good.
 */
enum number_result number_read(const char *text, size_t size, int64_t least, int64_t most,
                               int64_t *number);

#endif
