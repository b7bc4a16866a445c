/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_PASSWORD_H
#define OPERATE_PASSWORD_H

#include "base/fault.h"

#include <stdbool.h>

enum { PASSWORD_HASH_SIZE = 128, PASSWORD_LEAST = 10, PASSWORD_MOST = 1024 };

/**
 * Hashes with argon2id (libsodium) and today's parameters: 64 MiB, three passes.  Takes a tenth of
 * a second or more, so never on a thread that serves connections.  FAULT_REFUSE for a password
 * under PASSWORD_LEAST characters or over PASSWORD_MOST bytes.
 */
bool password_hash(const char *password, char hash[PASSWORD_HASH_SIZE], struct fault *why)
    __attribute__((warn_unused_result));

/** Whether it is the hash's password; NULL is nobody's hash: it takes the time and says no. */
bool password_fits(const char *hash, const char *password);

/** Whether the text is a whole argon2id hash. */
bool password_is_hash(const char *text);

/** Whether the hash was made with other parameters than today's: worth a new one. */
bool password_is_dated(const char *hash);

#endif
