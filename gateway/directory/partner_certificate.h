/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_PARTNER_CERTIFICATE_H
#define DIRECTORY_PARTNER_CERTIFICATE_H

#include "directory/partner_rows.h"

/** A certificate, and whose it is. */
struct held_certificate {
    const struct partner_certificate *certificate;
    const struct partner *partner;
};

/** A list of certificates as partners.yaml has it, under `member`. */
struct certificate_rows {
    const char *member;
    const struct certificate_row *rows;
    size_t count;
};

/** Reads such a list of a partner into `certificates`, which has room for all of them. */
bool partner_certificates_read(const struct partner_place *place,
                               const struct certificate_rows *list,
                               struct partner_certificate *certificates, struct fault *why)
    __attribute__((warn_unused_result));

/** For qsort and bsearch of struct held_certificate: 0 for the same certificate, said alike. */
int partner_certificate_compare(const void *left, const void *right);

#endif
