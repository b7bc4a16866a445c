/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_PLACE_H
#define FILES_PLACE_H

#include "base/digest.h"
#include "base/fault.h"

/** A file that was received whole and is to be kept. */
struct arrived_file {
    const char *path; /**< in the store's `incoming`; whoever keeps it may move it away */
    int descriptor;   /**< of the same, for reading and fsync */
    int64_t size;
    uint8_t sha256[SHA256_SIZE];
};

/** Where files are kept for good; each calls from any thread.  `own` is the place. */
struct file_place {
    const char *name; /**< for people: "disk", "s3" */

    /** On stable storage under its hash when it returns true; `*was_there` when it was before. */
    bool (*keep)(void *own, const struct arrived_file *file, bool *was_there, struct fault *why);
    /** A descriptor at the first byte, which the caller closes; -1 and FAULT_REFUSE: not there. */
    int (*fetch)(void *own, const uint8_t *sha256, int64_t *size, struct fault *why);
    bool (*look)(void *own, const uint8_t *sha256, int64_t *size, bool *has, struct fault *why);
    /** Gone for good when it returns true, also when it was not there. */
    bool (*remove)(void *own, const uint8_t *sha256, struct fault *why);
    /** Ends waits for a service soon, now and from now on; NULL where there are none. */
    void (*interrupt)(void *own);
    void (*close)(void *own);
};

#endif
