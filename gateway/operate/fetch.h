/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_FETCH_H
#define OPERATE_FETCH_H

#include "base/fault.h"

#include <jansson.h>

/** One question to an OpenID Connect provider. */
struct fetch_wish {
    const char *url;  /**< https, or http on a loopback address */
    const char *form; /**< posted when not NULL: an urlencoded text */
    const char *user; /**< of an `Authorization: Basic`; NULL without one */
    const char *password;
    const char *ca_file; /**< PEM; NULL: the system's */
};

/**
 * Asks and waits, at most ten seconds; the answer is a JSON object of at most 256 KiB, which the
 * caller owns.  Redirects are not followed.  FAULT_RETRY when the other side is out of reach or
 * answers 5xx, FAULT_REFUSE for another answer than 200; what it answered is not in the text.
 */
json_t *fetch_json(const struct fetch_wish *wish, struct fault *why)
    __attribute__((warn_unused_result));

#endif
