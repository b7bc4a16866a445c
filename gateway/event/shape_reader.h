/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_SHAPE_READER_H
#define EVENT_SHAPE_READER_H

#include "base/fault.h"
#include "event/shape.h"

/**
 * Reads the JSON of a schema.  Stricter than the specification where avro-c is unsafe: no type
 * contains itself, no record is without fields, at most 32 levels, 1,024 members a type, 4,096
 * types, 16,384 values in a fresh value, 64 KiB in a fixed.  FAULT_REFUSE says which type or field
 * is at fault.  The text is not needed afterwards.
 */
struct shapes *shape_read(const char *text, size_t size, struct fault *why)
    __attribute__((warn_unused_result));

#endif
