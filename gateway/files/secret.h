/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_SECRET_H
#define FILES_SECRET_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

/** The random key at FOLDER/key, for its owner alone; made when it is missing, and then durable. */
bool secret_load(const char *folder, uint8_t *key, size_t size, struct fault *why)
    __attribute__((warn_unused_result));

/** The same where it may be missing: then nothing is made. */
bool secret_find(const char *folder, uint8_t *key, size_t size, bool *found, struct fault *why)
    __attribute__((warn_unused_result));
/** Removes it for good, as it lies sealed now; also when it is not there. */
bool secret_remove(const char *folder, struct fault *why) __attribute__((warn_unused_result));

#endif
