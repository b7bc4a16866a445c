/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_HOLDS_H
#define FILES_HOLDS_H

#include "base/digest.h"
#include "base/fault.h"

/** Which files somebody is about to use, and which are being removed: a file is never both. */
struct holds;

struct holds *holds_new(struct fault *why) __attribute__((warn_unused_result));
void holds_free(struct holds *holds);

/** One more holder.  False when the file is leaving, or memory is out. */
bool holds_take(struct holds *holds, const uint8_t sha256[SHA256_SIZE])
    __attribute__((warn_unused_result));
/** The same, waiting until the file has left; false only when memory is out. */
bool holds_take_waiting(struct holds *holds, const uint8_t sha256[SHA256_SIZE])
    __attribute__((warn_unused_result));
void holds_drop(struct holds *holds, const uint8_t sha256[SHA256_SIZE]);

/** Marks a file as leaving; false when somebody holds it, it leaves already, or memory is out. */
bool holds_leave(struct holds *holds, const uint8_t sha256[SHA256_SIZE])
    __attribute__((warn_unused_result));
/** It has left, or stays after all. */
void holds_left(struct holds *holds, const uint8_t sha256[SHA256_SIZE]);

#endif
