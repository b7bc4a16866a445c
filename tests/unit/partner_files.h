/* SPDX-License-Identifier: Apache-2.0 */
/* Agencies of a province and of the one that took it over, and partners with keys of their own. */
#ifndef UNIT_PARTNER_FILES_H
#define UNIT_PARTNER_FILES_H

#include "unit.h"

#include "base/digest.h"

enum { PARTNER_KEY_SIZE = 64 };

static const char pepper[] = "a pepper of 32 bytes and more, for tests alone";

static const char agencies[] =
    "code,alias_codes,name,level,parent,valid_from,valid_to,successor\n"
    "H09,000.00.00.H09,Bình Dương,PROVINCE,,20160101,20250630,H29\n"
    "H29,000.00.00.H29,Hồ Chí Minh,PROVINCE,,20160101,,\n"
    "H09.40,000.00.40.H09,Thủ Dầu Một,DISTRICT,H09,20160101,20250630,H29\n"
    "H09.40.12,000.12.40.H09,Phú Cường,COMMUNE,H09.40,20160101,20250630,H29\n";

/* A partner whose key is "key-ID". */
static inline void write_partner(FILE *file, const char *id, const char *agency, const char *more)
{
    char key[PARTNER_KEY_SIZE], hash[SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    int size = snprintf(key, sizeof key, "key-%s", id);
    digest_hmac(pepper, sizeof pepper - 1, key, (size_t)size, digest);
    digest_hex(digest, sizeof digest, hash);
    (void)fprintf(file,
                  "  - id: %s\n    name: %s\n    agencies: [%s]\n"
                  "    adapters: [lienthong-xml, edxml, dvcqg-json]\n    keys: [{hash: %s}]\n%s",
                  id, id, agency, hash, more);
}

#endif
