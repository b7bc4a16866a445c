/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/fault.h"

#include <stdbool.h>

/**
 * Where to listen, as the configuration has it: "HOST:PORT", "[IPv6]:PORT", ":PORT" for every
 * address, or "unix:PATH".
 */

/** Whether the text is one of them, with a port from 0 to 65535 or a path that a Unix socket can
 * have; FAULT_REFUSE says what it is not. */
bool address_check(const char *text, struct fault *why) __attribute__((warn_unused_result));

/** PATH of a "unix:PATH"; NULL for others. */
const char *address_socket(const char *text);

/** The host of the others, without brackets, and the port, which lies in `text`; the caller owns
 * the result.  FAULT_REFUSE as address_check. */
char *address_host(const char *text, const char **port, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether it is a HOST:PORT that nobody but this machine can reach. */
bool address_is_loopback(const char *text);

#endif
