/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRANSFER_H
#define CLI_TRANSFER_H

#include "base/digest.h"
#include "base/fault.h"

/** A file between this machine and the gateway, in constant memory. */
struct cli_transfer {
    const char *url; /**< the gateway's */
    const char *key;
    const char *ca_file; /**< PEM; NULL for the system's */
    const char *path;    /**< of the file here */
};

struct transfer_answer {
    int status;
    char text[2048]; /**< of what is not a file, as far as it fits */
};

/** Hashes and uploads the file.  FAULT_REFUSE when it cannot be read, FAULT_RETRY when the gateway
 * cannot be reached; an answer of any status is success. */
bool transfer_put(const struct cli_transfer *transfer, struct transfer_answer *answer,
                  struct fault *why) __attribute__((warn_unused_result));

/** Fetches into a file beside `path`, which takes its place when the hash is right; FAULT_REFUSE
 * when it is not. */
bool transfer_get(const struct cli_transfer *transfer, const uint8_t sha256[SHA256_SIZE],
                  struct transfer_answer *answer, struct fault *why)
    __attribute__((warn_unused_result));

#endif
