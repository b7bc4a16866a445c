/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_NEAR_H
#define FILES_NEAR_H

#include "files/place.h"

#include <stdbool.h>

/** Copies of a service's files that somebody needs soon, so that reading them waits for nobody. */
struct near;

struct near *near_new(struct fault *why) __attribute__((warn_unused_result));
void near_free(struct near *near);

/** Keeps a copy, or with descriptor -1 that the service lacks the file, until near_drop; takes the
 * descriptor in any case. */
bool near_keep(struct near *near, const uint8_t sha256[SHA256_SIZE], const struct stored_file *file,
               struct fault *why) __attribute__((warn_unused_result));
/** Takes hold of what is here already; false when it is not. */
bool near_hold(struct near *near, const uint8_t sha256[SHA256_SIZE]);
void near_drop(struct near *near, const uint8_t sha256[SHA256_SIZE]);

/** Whether it is known here: then what is; `file->descriptor` stays ours. */
bool near_look(struct near *near, const uint8_t sha256[SHA256_SIZE], struct stored_file *file);
/** The copy with a descriptor of its own, which the caller closes; false when there is none. */
bool near_open(struct near *near, const uint8_t sha256[SHA256_SIZE], struct stored_file *file);

#endif
