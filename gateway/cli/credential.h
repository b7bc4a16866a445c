/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CREDENTIAL_H
#define CLI_CREDENTIAL_H

#include "base/fault.h"

/** The key with which commands speak as a partner: FOLDER/PARTNER.key, or $LIENTHONG_KEY where no
 * folder is given.  The caller owns it. */
char *credential_of(const char *folder, const char *partner, struct fault *why)
    __attribute__((warn_unused_result));

#endif
