/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_LINKS_H
#define DELIVER_LINKS_H

#include "files/store.h"

/** What makes the addresses of files in documents to one partner; all of it is borrowed. */
struct links {
    const struct file_store *files;
    const char *public_url; /**< NULL: files have no address */
    int64_t hours;          /**< at least for which an address holds */
    const char *partner;
};

/**
 * The signed address of a file (files/proof.h), which the caller owns; NULL when memory is out.  On
 * one day it is always the same, so that a document that is written anew does not change by it.
 */
char *links_address(const struct links *links, const uint8_t sha256[SHA256_SIZE]);

#endif
