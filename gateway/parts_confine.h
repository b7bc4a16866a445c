/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_CONFINE_H
#define PARTS_CONFINE_H

#include "parts.h"

/** Holds the process to the files that its configuration and its partners name. */
bool start_confinement(struct daemon *daemon, struct fault *why);
void stop_confinement(struct daemon *daemon);

/** Whether a directory that was read anew names only what may still be opened; before the
 * confinement anything. */
bool confinement_permits(const struct daemon *daemon, const struct directory *directory,
                         struct fault *why);

#endif
