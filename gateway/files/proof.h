/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_PROOF_H
#define FILES_PROOF_H

#include "files/store.h"

/*
 * What the store's key vouches for: that a link was made here and for whom, and that a reference
 * was put into a document here.  Both are keyed hashes, compared in constant time.
 */

/** A link to one file for one partner. */
struct file_link {
    uint8_t sha256[SHA256_SIZE];
    const char *partner;
    int64_t until_s; /**< Unix seconds up to which it holds */
};

/**
 * "PUBLIC_URL/v1/files/HEX?to=PARTNER&until=UNIX&key=HEX", which the caller owns; the partner's id
 * must need no escapes.  NULL with FAULT_BROKEN when memory is out.
 */
char *proof_link(const uint8_t key[FILE_KEY_SIZE], const char *public_url,
                 const struct file_link *link, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether `proof`, the text after `key=`, is the one of this link; its time is the caller's to
 * look at. */
bool proof_is_of_link(const uint8_t key[FILE_KEY_SIZE], const struct file_link *link,
                      const char *proof);

enum { PROOF_MARK_HEX = 32, PROOF_MARK_SIZE = PROOF_MARK_HEX + 1 };

/**
 * The mark of `text`, a reference without its mark, in documents of this partner: a reference is
 * worth nothing to another partner that copies it.
 */
void proof_mark(const uint8_t key[FILE_KEY_SIZE], const char *partner, const char *text,
                size_t size, char mark[PROOF_MARK_SIZE]);
/** `mark` has PROOF_MARK_HEX bytes. */
bool proof_is_mark(const uint8_t key[FILE_KEY_SIZE], const char *partner, const char *text,
                   size_t size, const char *mark);

#endif
