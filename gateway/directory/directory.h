/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_DIRECTORY_H
#define DIRECTORY_DIRECTORY_H

#include "directory/agency.h"
#include "directory/partner.h"

struct directory;

struct directory_options {
    const char *agencies_file;
    const char *partners_file;
    const char *pepper_file; /**< key of the API keys' hashes, 32 bytes or more */
    /** Asked of every loading after our own checks, for what only the caller can check (do the
     * partners' adapters exist?); false keeps the loading from coming into force.  May be NULL. */
    bool (*accept)(void *own, const struct directory *directory, struct fault *why);
    void *own;
};

/**
 * Agencies and partners as they stood at one loading.  A request holds one from its first byte to
 * its answer, so a reload never changes rules under it.
 */
struct directory;

/** Both files, checked against each other: an agency that a partner speaks for must exist. */
struct directory *directory_load(const struct directory_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Which directory this is, to be told later: "AGENCIES-PARTNERS", of each file the first 8 hex
 * digits of its SHA-256. */
const char *directory_version(const struct directory *directory);
const struct agencies *directory_agencies(const struct directory *directory);
const struct partner *directory_partner(const struct directory *directory, const char *id);
size_t directory_partner_count(const struct directory *directory);
const struct partner *directory_partner_at(const struct directory *directory, size_t index);

/** The partner whose key this is, on that day; NULL when nobody's.  Time does not tell how near a
 * guess was: only keyed hashes are compared. */
const struct partner *directory_by_key(const struct directory *directory, const char *key,
                                       size_t size, int32_t day);

/** The partner that this client certificate names on that day (partners_by_certificate). */
const struct partner *directory_by_certificate(const struct directory *directory,
                                               const uint8_t fingerprint[SHA256_SIZE],
                                               const char *subject, const char *issuer,
                                               int32_t day);

/** Whether the partner may speak for `code` on that day: one of its codes, an alias of one, an
 * agency below one, or one whose successor is such an agency. */
bool directory_speaks_for(const struct directory *directory, const struct partner *partner,
                          const char *code, int32_t day);

/** The same for agencies by code, as those of a subscription. */
bool directory_covers(const struct directory *directory, const char *const *codes, size_t count,
                      const char *code, int32_t day);

/**
 * The partner to which goes what is for `agency`, an agency that is valid on `day`: of the partners
 * with `deliver.by` other than none the one that has the agency's code, else the code of the
 * nearest agency above it; when there is none of them, just so among the others.  Of two that have
 * the same code the first of partners.yaml gets everything, and the other nothing but what it
 * subscribes to.  `*seat` is the agency whose code it has.  NULL: nobody speaks for it.
 */
const struct partner *directory_partner_for(const struct directory *directory,
                                            const struct agency *agency, int32_t day,
                                            const struct agency **seat);
/** Whether one of this partner's codes names this very agency. */
bool directory_has_seat(const struct directory *directory, const struct partner *partner,
                        const struct agency *agency);

/** Makes a key: 32 random bytes as text into `key`, its hash in hex into `hash`. */
enum { API_KEY_SIZE = 48 };
void directory_make_key(const struct directory *directory, char key[API_KEY_SIZE],
                        char hash[SHA256_HEX_SIZE]);

/** Counted by reference: threads share it. */
struct directory *directory_hold(struct directory *directory);
void directory_release(struct directory *directory);

/** The one in force: a place that SIGHUP replaces and requests hold from. */
struct directory_place;
struct directory_place *directory_place_open(const struct directory_options *options,
                                             struct fault *why) __attribute__((warn_unused_result));
void directory_place_close(struct directory_place *place);
struct directory *directory_current(struct directory_place *place);
/** Loads anew; on a fault the old one stays in force. */
bool directory_reload(struct directory_place *place, struct fault *why)
    __attribute__((warn_unused_result));

#endif
