/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/**
 * Tells the service manager, as sd_notify(3) does: "READY=1", "STOPPING=1".  Nothing happens where
 * none listens ($NOTIFY_SOCKET); what cannot be told is left untold, since nobody could act on it.
 */
void notify(const char *state);

#endif
