/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_LOCAL_H
#define FILES_LOCAL_H

#include "files/place.h"

/** FOLDER/ab/abcdef...: a hash's first byte names the folder, so that none grows too large. */
struct local;

struct local *local_open(const char *folder, struct fault *why) __attribute__((warn_unused_result));

extern const struct file_place local_place;

/** Names and their changes in the folder are on stable storage when it returns true. */
bool local_sync_folder(int folder, struct fault *why) __attribute__((warn_unused_result));

/** The fault of a failed call on the disk: FAULT_RETRY when there is no room, else FAULT_BROKEN. */
bool local_fault(struct fault *why, int number, const char *what);

#endif
