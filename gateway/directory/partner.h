/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_PARTNER_H
#define DIRECTORY_PARTNER_H

#include "base/digest.h"
#include "base/fault.h"
#include "base/trust.h"
#include "directory/agency.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum partner_invalid { INVALID_REFUSED, INVALID_PARKED };
/** Whether a document of the partner that an operator edited needs another's word. */
enum partner_approval { APPROVAL_UNSAID, APPROVAL_NONE, APPROVAL_EDITS };
enum partner_ack { ACK_STORED, ACK_PUBLISHED };

/** A key by its keyed hash; the key itself is shown once, when it is made, and kept nowhere. */
struct partner_key {
    uint8_t hash[SHA256_SIZE]; /**< HMAC-SHA-256 under the directory's pepper */
    int32_t valid_to;          /**< last day, inclusive; DAY_OPEN_END when open */
};

/** A client certificate by which the partner is known: this very one, or every one of this name
 * from this authority, which may be renewed without a word here. */
struct partner_certificate {
    uint8_t fingerprint[SHA256_SIZE]; /**< SHA-256 of its DER; when `subject` is NULL */
    const char *subject, *issuer;     /**< as RFC 4514 writes them, byte by byte; or both NULL */
    int32_t valid_to;                 /**< last day, inclusive; DAY_OPEN_END when open */
};

/** Whether documents of the partner must be signed. */
enum signature_policy {
    SIGNATURES_IGNORED,
    SIGNATURES_IF_PRESENT, /**< a signature that is there must be good */
    SIGNATURES_REQUIRED,
};

/** A key by which the partner signs without a certificate. */
struct partner_signing_key {
    const char *kid;  /**< as the signature names it */
    const char *file; /**< PEM, read when the directory was loaded */
    EVP_PKEY *key;
    int32_t valid_to; /**< last day, inclusive; DAY_OPEN_END when open */
};

/** `signatures:` of a partner. */
struct partner_signatures {
    enum signature_policy policy;
    const char *anchors_file, *crl_file; /**< or NULL */
    struct trust *trust;                 /**< what they say; NULL without anchors */
    struct partner_certificate *signers; /**< none: whomever the anchors vouch for */
    size_t signer_count;
    struct partner_signing_key *keys;
    size_t key_count;
};

/** How the partner's system gets what is addressed to it. */
enum deliver_by {
    DELIVER_NONE, /**< not by us: it reads Kafka itself, or only sends */
    DELIVER_PUSH, /**< we call its address */
    DELIVER_MAILBOX,
};

/** How files travel where the partner's format allows both. */
enum files_by {
    FILES_INLINE, /**< their bytes in the document */
    FILES_URL,    /**< an address in the document, under which it fetches them */
};

/** A text for the adapter's rows with `given: NAME`. */
struct partner_given {
    const char *name;
    const char *text;
};

/** Events that a partner gets beside what is addressed to it: those that pass every filter that is
 * not empty.  With all of them empty: every event. */
struct subscription {
    const char *const *events; /**< event types, as RESOLVED */
    size_t events_count;
    const char *const *procedures; /**< as the event has it, or its national code: 1.011442 */
    size_t procedures_count;
    const char *const *fields; /**< field codes, as G15-LT01 */
    size_t fields_count;
    /** One of the event's agencies must be one of these or below one, and be of one of the levels
     * where those are given too. */
    const char *const *agencies;
    size_t agencies_count;
    const enum agency_level *levels;
    size_t levels_count;
};

/**
 * `deliver:` of a partner, with its defaults filled in.  A text that is not given is NULL.  Secrets
 * are named by file alone: whoever needs one reads it (file_read_secret), so that a new one counts
 * without a reload.
 */
struct partner_delivery {
    enum deliver_by by;
    const char *adapter; /**< the format it gets: its first one when none is named */
    const char *url;     /**< http or https, without query; never NULL when by is DELIVER_PUSH */
    const char *user;
    const char *user_file;     /**< the user's name is its first line; not with `user` */
    const char *password_file; /**< never NULL with a user */
    const struct partner_given *given;
    size_t given_count;
    const char *ca_file; /**< PEM; NULL: the system's */
    const char *certificate_file;
    const char *key_file; /**< there when certificate_file is, and only then */
    int64_t concurrency;  /**< requests at once, 1 to 1000 */
    int64_t rate_per_s;   /**< requests a second; 0: no limit */
    int64_t timeout_ms;   /**< of one request, from connecting to the end of its answer */
    int64_t give_up_ms;   /**< age from the arrival on, at which what keeps failing is given up */
    bool allow_http2;
    enum files_by files;
    const struct subscription *subscriptions;
    size_t subscription_count;
};

/** Most partners that may have subscriptions: an event can go to all of them. */
enum { SUBSCRIBERS_MOST = 1000 };

/** `collect:` of a partner: ways in beside HTTP, on which we fetch what it sends. */
struct partner_collect {
    const char *drop;      /**< a folder in which it puts documents; NULL: none */
    int64_t poll_every_ms; /**< we ask the mailbox at deliver.url so often; 0: never */
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
    const struct partner_certificate *certificates;
    size_t certificate_count;
    bool needs_certificate; /**< a key alone is not enough */
    enum partner_invalid invalid;
    enum partner_ack ack;
    enum partner_approval approval; /**< APPROVAL_UNSAID: as operate.approval says */
    int64_t rate_per_s;             /**< handoffs a second; 0 for the configuration's default */
    int64_t burst;
    int64_t silence_hours; /**< it is an alarm when it sends and has not for so long; 0: the
                                configuration's; -1: never */
    struct partner_delivery deliver;
    /** Hosts, as HOST or HOST:PORT, from which files that this partner names by address may be
     * fetched; none: such addresses are passed on.  Compare without regard to case. */
    const char *const *fetch_files_from;
    size_t fetch_files_from_count;
    struct partner_collect collect;
    struct partner_signatures signatures;
};

/** All partners of partners.yaml.  Immutable after loading: threads share it. */
struct partners;

/**
 * Loads a file of `partners:`, a list with the keys id, name, agencies, adapters, keys (hash,
 * valid_to), certificates (fingerprint or subject and issuer, valid_to), certificate_required,
 * invalid (refused, parked), ack (stored, published), approval (none, edits), rate_per_s, burst,
 * silence_hours, deliver, fetch_files_from, collect and signatures; deploy/partners.yaml says what
 * each means.
 * Paths in it are seen from its own folder.  Refuses, with file, line and column: an id or a hash
 * twice, an agency that no row of `agencies` has ever named, a file that is not there, settings
 * that need or exclude another, and what is malformed.
 */
struct partners *partners_load(const char *path, const struct agencies *agencies, struct fault *why)
    __attribute__((warn_unused_result));
void partners_free(struct partners *partners);
size_t partners_count(const struct partners *partners);
const struct partner *partners_at(const struct partners *partners, size_t index);
const struct partner *partners_find(const struct partners *partners, const char *id);

/** The partner that has a certificate with this fingerprint, or else of this subject from this
 * issuer
 * ("" for none), among its own, valid on that day; NULL when none has. */
const struct partner *partners_by_certificate(const struct partners *partners,
                                              const uint8_t fingerprint[SHA256_SIZE],
                                              const char *subject, const char *issuer, int32_t day);

/** The partner that has this key's hash among its keys, valid on that day; NULL when none has. */
const struct partner *partners_by_hash(const struct partners *partners,
                                       const uint8_t hash[SHA256_SIZE], int32_t day);

#endif
