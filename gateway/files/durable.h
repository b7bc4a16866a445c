/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_DURABLE_H
#define FILES_DURABLE_H

#include "base/fault.h"

#include <stddef.h>

/** A small file of the store's own, FOLDER/NAME (0600), made or replaced whole: written beside,
 * synced, renamed, the folder synced.  After a power cut the old or the new one is there. */
bool durable_write(const char *folder, const char *name, const void *bytes, size_t size,
                   struct fault *why) __attribute__((warn_unused_result));

/** Removes it for good; also when it is not there. */
bool durable_remove(const char *folder, const char *name, struct fault *why)
    __attribute__((warn_unused_result));

#endif
