/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_BYTES_H
#define SPOOL_BYTES_H

#include <stdint.h>

/** Numbers in SQLite's files are big-endian. */

static inline uint32_t big_16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t big_32(const uint8_t *at)
{
    return big_16(at) << 16 | big_16(at + 2);
}

#endif
