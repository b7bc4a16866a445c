/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_STORE_OWN_H
#define FILES_STORE_OWN_H

#include "files/content.h"
#include "files/holds.h"
#include "files/incoming.h"
#include "files/near.h"
#include "files/store.h"

/** What the store, its readers and its writers share. */
struct file_store {
    int64_t file_limit_bytes;
    uint8_t key[FILE_KEY_SIZE];
    struct file_keys *keys; /* NULL: nothing is sealed */
    struct incoming *incoming;
    struct holds *holds;
    struct near *near;
    const struct file_place *place;
    void *own; /* of the place */
};

/** The file as it lies in the place; FAULT_REFUSE when it is not there. */
bool store_fetch(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                 struct stored_file *file, struct fault *why) __attribute__((warn_unused_result));

#endif
