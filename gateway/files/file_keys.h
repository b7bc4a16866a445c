/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_FILE_KEYS_H
#define FILES_FILE_KEYS_H

#include "base/keyring.h"
#include "files/sealed.h"

/**
 * The store's keys, at FOLDER/sealed-keys: a line for each, with its number, the id of the master
 * key that it is sealed under, and itself, sealed, as base64.  Files are sealed by the newest;
 * there is one more whenever another master key has become the current one.  Number 0 is the key
 * that signs links and references, which lies at FOLDER/key where nothing is sealed.
 *
 * Without this file no sealed file can be opened.  A change of the master key rewrites it alone,
 * and no file.  All calls may be made from any thread.
 */
struct file_keys;

/**
 * `*keys` stays NULL where nothing is sealed and nothing is to be.  Where there are master keys the
 * file is made, or gets a key under the current one, unless it `is_beside` the process that has the
 * folder.  FAULT_REFUSE when something in it is sealed under a master key that is not among them,
 * or is another under the same id: the text names the id.
 */
bool file_keys_open(const char *folder, const struct keyring *masters, bool is_beside,
                    struct file_keys **keys, struct fault *why) __attribute__((warn_unused_result));
void file_keys_close(struct file_keys *keys);

/** The key that signs links and references; borrowed, as those below. */
const uint8_t *file_keys_signing(const struct file_keys *keys);
/** The one to seal a file by. */
struct sealed_by file_keys_newest(const struct file_keys *keys);
/** The one of that number, which a file is sealed by; NULL when it is not there. */
const uint8_t *file_keys_find(const struct file_keys *keys, int64_t no);

/** Puts all of them under the current master key; `*count` of them were under another. */
bool file_keys_rekey(struct file_keys *keys, int64_t *count, struct fault *why)
    __attribute__((warn_unused_result));

#endif
