/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_KEYRING_H
#define BASE_KEYRING_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The master keys of spool.encryption.key_file: one a line, an id and 32 random bytes as base64,
 * with a blank between them; '#' begins a comment.  The first is current: what is sealed from now
 * on is sealed under it.  The others only open.  They lie in memory that is locked, never in a core
 * file, and wiped when it is given back.
 */
struct keyring;

enum { MASTER_KEY_SIZE = 32, MASTER_KEYS_MOST = 64, KEY_ID_MOST = 32 };

/** FAULT_REFUSE with the file and line for what is no key file, and when users other than its owner
 * and group can read it, or others than its owner write it.  Never names a byte of a key. */
struct keyring *keyring_load(const char *path, struct fault *why)
    __attribute__((warn_unused_result));
void keyring_free(struct keyring *keyring);

/** The id of the current key; borrowed. */
const char *keyring_current(const struct keyring *keyring);
/** The key of that id, MASTER_KEY_SIZE bytes, borrowed; NULL when it is not there. */
const uint8_t *keyring_find(const struct keyring *keyring, const char *id);

/**
 * Makes a key and puts it first into the file, which is made (0600) when it is not there; the file
 * that was there is replaced in one step, and keeps its owner and mode where that is allowed.
 * FAULT_REFUSE when the id is taken or is not of 1 to KEY_ID_MOST letters, digits, '.', '_', '-'.
 */
bool keyring_add(const char *path, const char *id, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * What this process opens from now on, to write or to read, is opened with these keys; NULL:
 * without.  Keeps them.  Called once, before the first spool is opened: every thread has a
 * reader of its own, and the keys are the process's as its log level is.
 */
void keyring_serve(const struct keyring *keyring);
const struct keyring *keyring_served(void);

#endif
