/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_NEAR_H
#define FILES_NEAR_H

#include "base/digest.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/** Copies of a service's files that somebody needs soon, so that reading them waits for nobody. */
struct near;

struct near *near_new(struct fault *why) __attribute__((warn_unused_result));
void near_free(struct near *near);

/** Keeps a copy, or with -1 that the service lacks the file, until near_drop; takes the descriptor
 * in any case. */
bool near_keep(struct near *near, const uint8_t sha256[SHA256_SIZE], int descriptor, int64_t size,
               struct fault *why) __attribute__((warn_unused_result));
/** Takes hold of what is here already; false when it is not. */
bool near_hold(struct near *near, const uint8_t sha256[SHA256_SIZE]);
void near_drop(struct near *near, const uint8_t sha256[SHA256_SIZE]);

/** Whether it is known here: then whether the file is there, and its size. */
bool near_look(struct near *near, const uint8_t sha256[SHA256_SIZE], int64_t *size, bool *has);
/** A descriptor of its own at the first byte, which the caller closes; -1 when there is no copy. */
int near_open(struct near *near, const uint8_t sha256[SHA256_SIZE], int64_t *size);

#endif
