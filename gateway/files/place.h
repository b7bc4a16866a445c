/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_PLACE_H
#define FILES_PLACE_H

#include "base/digest.h"
#include "base/fault.h"

/** What a file is called where it is kept: "ab/abcdef...", its content's hash, and a suffix when it
 * is sealed.  So no content can be taken for a sealed file, whatever it begins with. */
struct file_name {
    const uint8_t *sha256;
    bool is_sealed;
};
#define SEALED_SUFFIX ".sealed"
enum {
    PLACE_SHELF_SIZE = 2,
    PLACE_NAME_SIZE = PLACE_SHELF_SIZE + 1 + SHA256_HEX_SIZE + sizeof SEALED_SUFFIX - 1
};
void place_name(const struct file_name *file, char name[PLACE_NAME_SIZE]);

/** A file that was received whole and is to be kept. */
struct arrived_file {
    const char *path; /**< in the store's `incoming`; whoever keeps it may move it away */
    int descriptor;   /**< of the same, for reading and fsync */
    int64_t size;     /**< of what lies in it, sealed or not */
    bool is_sealed;
    uint8_t sha256[SHA256_SIZE]; /**< of the content */
};

/** A file as it lies somewhere, sealed or not. */
struct stored_file {
    int descriptor; /**< at the first byte; -1: it is not there */
    int64_t size;
    bool is_sealed;
};

/** Where files are kept for good; each calls from any thread.  `own` is the place. */
struct file_place {
    const char *name; /**< for people: "disk", "s3" */

    /** On stable storage under its hash when it returns true; `*was_there` when it was before. */
    bool (*keep)(void *own, const struct arrived_file *file, bool *was_there, struct fault *why);
    /** A descriptor at the first byte, which the caller closes; -1 and FAULT_REFUSE: not there. */
    int (*fetch)(void *own, const struct file_name *file, int64_t *size, struct fault *why);
    bool (*look)(void *own, const struct file_name *file, int64_t *size, bool *has,
                 struct fault *why);
    /** Gone for good when it returns true, also when it was not there. */
    bool (*remove)(void *own, const struct file_name *file, struct fault *why);
    /** Ends waits for a service soon, now and from now on; NULL where there are none. */
    void (*interrupt)(void *own);
    void (*close)(void *own);
};

#endif
