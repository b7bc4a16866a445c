/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of files for one partner. */
#include "deliver/links.h"

#include "base/clock.h"
#include "files/proof.h"

enum { SECOND_MS = 1000, HOUR_S = 3600, DAY_S = 24 * HOUR_S };

char *links_address(const struct links *links, const uint8_t sha256[SHA256_SIZE])
{
    struct fault unused;
    int64_t least = clock_now_ms() / SECOND_MS + links->hours * HOUR_S;
    struct file_link link = {.partner = links->partner, .until_s = (least / DAY_S + 1) * DAY_S};
    memcpy(link.sha256, sha256, SHA256_SIZE);
    return proof_link(file_store_key(links->files), links->public_url, &link, &unused);
}
