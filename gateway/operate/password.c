/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of operators, as argon2id hashes. */
#include "operate/password.h"

#include <sodium.h>
#include <string.h>

enum { PASSES = 3, MEMORY_BYTES = 64 << 20 };

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "the library's hashes have a size");

/* Of 32 random bytes that nobody kept, made with today's parameters: a test holds it to them. */
static const char nobodys_hash[] = "$argon2id$v=19$m=65536,t=3,p=1$78TvUAs+9CC1TYMGw4HusQ$"
                                   "o9FJUvEb0RzZZYG0gw+pXMrYOMdUbP8FsFTMo5Gb4qA";

/* Of UTF-8: every byte but those that go on with a character. */
static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

bool password_hash(const char *password, char hash[PASSWORD_HASH_SIZE], struct fault *why)
{
    size_t size = strlen(password);
    if (size > PASSWORD_MOST || count_characters(password) < PASSWORD_LEAST)
        return fault_set(why, FAULT_REFUSE,
                         "a password has at least %d characters, at most %d bytes", PASSWORD_LEAST,
                         PASSWORD_MOST);
    if (sodium_init() < 0 || crypto_pwhash_str_alg(hash, password, size, PASSES, MEMORY_BYTES,
                                                   crypto_pwhash_ALG_ARGON2ID13) != 0)
        return fault_memory(why);
    return true;
}

bool password_fits(const char *hash, const char *password)
{
    size_t size = strnlen(password, PASSWORD_MOST + 1);
    if (size > PASSWORD_MOST || sodium_init() < 0)
        return false;
    bool is_it = crypto_pwhash_str_verify(hash ? hash : nobodys_hash, password, size) == 0;
    return hash && is_it;
}

/* The library reads a hash from a buffer of its own size. */
static int needs_rehash(const char *hash)
{
    char whole[PASSWORD_HASH_SIZE] = {0};
    size_t size = strnlen(hash, sizeof whole);
    if (size == sizeof whole || sodium_init() < 0)
        return -1;
    memcpy(whole, hash, size);
    return crypto_pwhash_str_needs_rehash(whole, PASSES, MEMORY_BYTES);
}

bool password_is_hash(const char *text)
{
    static const char start[] = crypto_pwhash_argon2id_STRPREFIX;
    return strncmp(text, start, sizeof start - 1) == 0 && needs_rehash(text) >= 0;
}

bool password_is_dated(const char *hash)
{
    return needs_rehash(hash) != 0;
}
