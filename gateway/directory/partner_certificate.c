/* SPDX-License-Identifier: Apache-2.0 */
/* `certificates:` of a partner: each by its fingerprint, or by who it names and who says so. */
#include "directory/partner_certificate.h"

#include <string.h>

enum { MEMBER_SIZE = 64, OPEN_END = 99991231 };

static bool refuse(const struct partner_place *place, size_t index, const char *key,
                   struct fault *why, const char *what)
{
    char member[MEMBER_SIZE];
    (void)snprintf(member, sizeof member, "certificates[%zu]%s%s", index, key[0] ? "." : "", key);
    return partner_refuse(place, member, why, what);
}

static bool read_one(const struct partner_place *place, size_t index,
                     const struct certificate_row *row, struct partner_certificate *certificate,
                     struct fault *why)
{
    *certificate = (struct partner_certificate){
        .subject = row->subject, .issuer = row->issuer, .valid_to = OPEN_END};
    if (!row->subject != !row->issuer || !row->subject == !row->fingerprint)
        return refuse(place, index, "", why, "expected fingerprint, or subject and issuer");
    if (row->fingerprint && !digest_unhex(row->fingerprint, SHA256_SIZE, certificate->fingerprint))
        return refuse(place, index, "fingerprint", why, "expected 64 hex digits");
    if (row->valid_to && !partner_read_day(row->valid_to, &certificate->valid_to))
        return refuse(place, index, "valid_to", why, "expected a day as 2026-12-31");
    return true;
}

bool partner_certificates_read(const struct partner_place *place, const struct partner_row *row,
                               struct partner_certificate *certificates, struct fault *why)
{
    for (size_t i = 0; i < row->certificates_count; i++)
        if (!read_one(place, i, &row->certificates[i], &certificates[i], why))
            return false;
    return true;
}

int partner_certificate_compare(const void *left, const void *right)
{
    const struct held_certificate *one = left, *other = right;
    const struct partner_certificate *a = one->certificate, *b = other->certificate;
    if (!a->subject != !b->subject)
        return a->subject ? 1 : -1;
    if (!a->subject)
        return memcmp(a->fingerprint, b->fingerprint, SHA256_SIZE);
    int order = strcmp(a->subject, b->subject);
    return order ? order : strcmp(a->issuer, b->issuer);
}
