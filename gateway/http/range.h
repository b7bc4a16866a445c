/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdint.h>

struct range {
    int64_t first, size;
};

enum range_fate {
    RANGE_WHOLE,  /**< nothing that is understood here: the header is passed over */
    RANGE_PIECE,  /**< `*range` is written */
    RANGE_BEYOND, /**< nothing of the file is in it */
};

/** Reads a Range header (RFC 9110 14.1.2) against a file of `size` bytes.  Several pieces at once
 * are not served: the whole is a valid answer to them. */
enum range_fate range_read(const char *text, int64_t size, struct range *range);

#endif
