/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in partners.yaml: each by its fingerprint, or by who it names and who says so. */
#include "directory/partner_certificate.h"

#include <string.h>

enum { MEMBER_SIZE = 64 };

/* One certificate of a list. */
struct spot {
    const struct partner_place *place;
    const char *member;
    size_t index;
};

static bool refuse(const struct spot *spot, const char *key, struct fault *why, const char *what)
{
    char member[MEMBER_SIZE];
    (void)snprintf(member, sizeof member, "%s[%zu]%s%s", spot->member, spot->index,
                   key[0] ? "." : "", key);
    return partner_refuse(spot->place, member, why, what);
}

static bool read_one(const struct spot *spot, const struct certificate_row *row,
                     struct partner_certificate *certificate, struct fault *why)
{
    *certificate = (struct partner_certificate){
        .subject = row->subject, .issuer = row->issuer, .valid_to = DAY_OPEN_END};
    if (!row->subject != !row->issuer || !row->subject == !row->fingerprint)
        return refuse(spot, "", why, "expected fingerprint, or subject and issuer");
    if (row->fingerprint && !digest_unhex(row->fingerprint, SHA256_SIZE, certificate->fingerprint))
        return refuse(spot, "fingerprint", why, "expected 64 hex digits");
    if (row->valid_to && !partner_read_day(row->valid_to, &certificate->valid_to))
        return refuse(spot, "valid_to", why, "expected a day as 2026-12-31");
    return true;
}

bool partner_certificates_read(const struct partner_place *place,
                               const struct certificate_rows *list,
                               struct partner_certificate *certificates, struct fault *why)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct spot spot = {place, list->member, i};
        if (!read_one(&spot, &list->rows[i], &certificates[i], why))
            return false;
    }
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
