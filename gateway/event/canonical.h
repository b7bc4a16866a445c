/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_CANONICAL_H
#define EVENT_CANONICAL_H

#include "base/fault.h"
#include "event/shape.h"

#include <stdint.h>

/** The Parsing Canonical Form of a schema (Avro 1.11 specification).  The caller owns the text. */
char *canonical_write(const struct shapes *shapes, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));

/** CRC-64-AVRO of a canonical text, as the specification's appendix defines it. */
uint64_t canonical_fingerprint(const char *canonical, size_t size);

#endif
