/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_PARTNER_ROWS_H
#define DIRECTORY_PARTNER_ROWS_H

#include "base/fault.h"
#include "base/yaml_file.h"
#include "directory/partner.h"

/** partners.yaml as it stands, before it is checked: what struct partner's texts point into. */
struct key_row {
    char *hash;
    char *valid_to;
};
struct certificate_row {
    char *fingerprint, *subject, *issuer;
    char *valid_to;
};
struct delivery_row {
    struct partner_delivery settings; /**< what is not given is 0 or NULL; without what follows */
    struct subscription *subscriptions;
    unsigned subscriptions_count;
    char **given; /**< as NAME=TEXT */
    unsigned given_count;
    char *ca_file, *certificate_file, *key_file, *user_file, *password_file;
};
struct collect_row {
    char *drop;
    int64_t poll_every_ms;
};
struct signing_key_row {
    char *kid, *file;
    char *valid_to;
};
struct signatures_row {
    enum signature_policy policy;
    char *anchors, *crl;
    struct certificate_row *signers;
    unsigned signers_count;
    struct signing_key_row *keys;
    unsigned keys_count;
};
struct partner_row {
    char *id, *name;
    char **agencies;
    unsigned agencies_count;
    char **adapters;
    unsigned adapters_count;
    struct key_row *keys;
    unsigned keys_count;
    struct certificate_row *certificates;
    unsigned certificates_count;
    bool certificate_required;
    enum partner_invalid invalid;
    enum partner_ack ack;
    enum partner_approval approval;
    int64_t rate_per_s, burst, silence_hours;
    struct delivery_row deliver;
    char **fetch_files_from;
    unsigned fetch_files_from_count;
    struct collect_row collect;
    struct signatures_row signatures;
};
struct partners_rows {
    struct partner_row *partners;
    unsigned partners_count;
};

/** The caller owns the rows and may put other heap in place of their texts. */
struct partners_rows *partners_rows_read(const struct yaml_file *file, struct fault *why)
    __attribute__((warn_unused_result));
void partners_rows_free(struct partners_rows *rows);

/** Which partner is being checked, and against what. */
struct partner_place {
    const struct yaml_file *file;
    const struct agencies *agencies;
    size_t number; /**< in the file, from 0 */
};

/** The fault at a member of that partner, as "keys[0].hash": "FILE:LINE:COLUMN: PLACE: what". */
bool partner_refuse(const struct partner_place *place, const char *member, struct fault *why,
                    const char *what);
/** Whether the file says anything at that member. */
bool partner_has(const struct partner_place *place, const char *member);
/** Reads a day as 2026-12-31 into 20261231. */
bool partner_read_day(const char *text, int32_t *day) __attribute__((warn_unused_result));
/** Refuses a code that no row of agencies.csv ever named.  `member` is the list. */
bool partner_check_codes(const struct partner_place *place, const char *member,
                         const char *const *codes, size_t count, struct fault *why)
    __attribute__((warn_unused_result));

#endif
