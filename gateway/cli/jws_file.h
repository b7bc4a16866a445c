/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_JWS_FILE_H
#define CLI_JWS_FILE_H

#include "base/fault.h"

/** The detached JWS in the first line of a file, which the caller owns; without a path `*jws` is
 * NULL. */
bool jws_file_read(const char *path, char **jws, struct fault *why)
    __attribute__((warn_unused_result));

#endif
