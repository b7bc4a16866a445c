/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX_SIZE = 65, UUID_SIZE = 16, UUID_TEXT_SIZE = 37 };

/** SHA-256 of `size` bytes (FIPS 180-4).  Thread safe; ends the process if OpenSSL is unusable. */
void digest_sha256(const void *bytes, size_t size, uint8_t digest[SHA256_SIZE]);

/** The algorithm as OpenSSL has it, for who hashes in pieces: looked up once, as that is dear. */
const struct evp_md_st *digest_algorithm(void);

/** HMAC-SHA-256 (RFC 2104). */
void digest_hmac(const void *key, size_t key_size, const void *bytes, size_t size,
                 uint8_t digest[SHA256_SIZE]);

/** `size` bytes as 2 * size lower-case hex digits and a NUL. */
void digest_hex(const uint8_t *bytes, size_t size, char *text);

/** The other way: exactly 2 * size hex digits of either case and the NUL, else false. */
bool digest_unhex(const char *text, size_t size, uint8_t *bytes);

/** The UUID version 5 (RFC 9562) of `name` in `space`. */
void uuid_name_based(const uint8_t space[UUID_SIZE], const void *name, size_t size,
                     uint8_t uuid[UUID_SIZE]);

/** 8-4-4-4-12 lower-case text with a NUL. */
void uuid_text(const uint8_t uuid[UUID_SIZE], char text[UUID_TEXT_SIZE]);

/** Fills `bytes` from the system's random source; never fails quietly. */
void random_fill(void *bytes, size_t size);

#endif
