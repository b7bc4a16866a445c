/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEY_H
#define CLI_KEY_H

#include "base/fault.h"

/** A partner's API key: FOLDER/PARTNER.key, or without a folder $LIENTHONG_KEY.  The caller owns
 * it; NULL with FAULT_REFUSE when there is none. */
char *cli_find_key(const char *folder, const char *partner, struct fault *why)
    __attribute__((warn_unused_result));

#endif
