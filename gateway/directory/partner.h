/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_PARTNER_H
#define DIRECTORY_PARTNER_H

#include "base/digest.h"
#include "base/fault.h"
#include "directory/agency.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum partner_invalid { INVALID_REFUSED, INVALID_PARKED };
enum partner_ack { ACK_STORED, ACK_PUBLISHED };

/** A key by its keyed hash; the key itself is shown once, when it is made, and kept nowhere. */
struct partner_key {
    uint8_t hash[SHA256_SIZE]; /**< HMAC-SHA-256 under the directory's pepper */
    int32_t valid_to;          /**< last day, inclusive; 99991231 when open */
};

/** One system that sends or receives: a row of partners.yaml. */
struct partner {
    const char *id;              /**< [a-z0-9-]{1,40}; also `source.system` of its events */
    const char *name;            /**< for people */
    const char *const *agencies; /**< codes it speaks for; a code covers the agencies below it */
    size_t agency_count;
    const char *const *adapters; /**< by name; the first that recognises a document reads it */
    size_t adapter_count;
    const struct partner_key *keys; /**< two may be valid at once, so that a key can be changed */
    size_t key_count;
    const char *certificate; /**< place for the client certificate of a later issue; NULL */
    enum partner_invalid invalid;
    enum partner_ack ack;
    int64_t rate_per_s; /**< handoffs a second; 0 for the configuration's default */
    int64_t burst;
};

/** All partners of partners.yaml.  Immutable after loading: threads share it. */
struct partners;

/**
 * Loads a file of `partners:`, a list with the keys id, name, agencies, adapters, keys (hash,
 * valid_to), certificate, invalid (refused, parked), ack (stored, published), rate_per_s, burst.
 * Refuses, with file, line and column: an id or a hash twice, an agency that no row of `agencies`
 * has ever named, and what is malformed.
 */
struct partners *partners_load(const char *path, const struct agencies *agencies, struct fault *why)
    __attribute__((warn_unused_result));
void partners_free(struct partners *partners);
size_t partners_count(const struct partners *partners);
const struct partner *partners_at(const struct partners *partners, size_t index);
const struct partner *partners_find(const struct partners *partners, const char *id);

/** The partner that has this key's hash among its keys, valid on that day; NULL when none has. */
const struct partner *partners_by_hash(const struct partners *partners,
                                       const uint8_t hash[SHA256_SIZE], int32_t day);

#endif
