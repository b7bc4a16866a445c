/* SPDX-License-Identifier: Apache-2.0 */
/* Two master keys, and key files of them. */
#ifndef UNIT_MASTER_KEYS_H
#define UNIT_MASTER_KEYS_H

#include "unit.h"

#include "base/keyring.h"

#include <unistd.h>

#define MASTER_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define MASTER_B "IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

/* What a key file of these lines holds; the caller owns it. */
static inline struct keyring *keyring_of(const char *lines)
{
    struct fault why;
    char path[] = "/tmp/lienthong-keys-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_true(dprintf(file, "%s", lines) > 0);
    (void)close(file);
    struct keyring *keyring = keyring_load(path, &why);
    (void)unlink(path);
    if (!keyring)
        fail_msg("%s", why.text);
    return keyring;
}

#endif
