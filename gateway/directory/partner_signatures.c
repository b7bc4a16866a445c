/* SPDX-License-Identifier: Apache-2.0 */
/* `signatures:` of a partner: whether its documents must be signed, and by whom. */
#include "directory/partner_signatures.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "directory/partner_certificate.h"

#include <openssl/pem.h>

enum { MEMBER_SIZE = 64, PEM_LIMIT = 64 * 1024 };

ENDS_WITH_SCOPE(BIO *, BIO_free_all)

void partner_signatures_free(struct partner_signatures *signatures)
{
    trust_free(signatures->trust);
    for (size_t i = 0; i < signatures->key_count; i++)
        EVP_PKEY_free(signatures->keys[i].key);
    free(signatures->keys);
    free(signatures->signers);
    *signatures = (struct partner_signatures){.policy = SIGNATURES_IGNORED};
}

/* The path as the file means it, in place of the one in the row. */
static bool make_whole(const struct partner_place *place, char **path, struct fault *why)
{
    if (!*path)
        return true;
    char *whole = file_beside(yaml_file_path(place->file), *path, why);
    if (!whole)
        return false;
    free(*path);
    *path = whole;
    return true;
}

static bool read_anchors(const struct partner_place *place, struct signatures_row *row,
                         struct partner_signatures *signatures, struct fault *why)
{
    struct fault flaw;
    if (!make_whole(place, &row->anchors, why) || !make_whole(place, &row->crl, why))
        return false;
    signatures->anchors_file = row->anchors;
    signatures->crl_file = row->crl;
    if (!row->anchors)
        return true;
    signatures->trust = trust_load(row->anchors, row->crl, &flaw);
    return signatures->trust || partner_refuse(place, "signatures.anchors", why, flaw.text);
}

static bool read_signers(const struct partner_place *place, const struct signatures_row *row,
                         struct partner_signatures *signatures, struct fault *why)
{
    const struct certificate_rows list = {"signatures.signers", row->signers, row->signers_count};
    signatures->signers = calloc(list.count + 1, sizeof *signatures->signers);
    signatures->signer_count = list.count;
    return signatures->signers ? partner_certificates_read(place, &list, signatures->signers, why)
                               : fault_memory(why);
}

static EVP_PKEY *load_key(const char *path, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, PEM_LIMIT, &size, why);
    auto_free(BIO_free_all) BIO *bytes = text ? BIO_new_mem_buf(text, (int)size) : NULL;
    EVP_PKEY *key = bytes ? PEM_read_bio_PUBKEY(bytes, NULL, NULL, NULL) : NULL;
    if (text && !key)
        (void)fault_set(why, FAULT_REFUSE, "%s: no public key in PEM", path);
    if (!key || trust_takes_key(key))
        return key;
    (void)fault_set(why, FAULT_REFUSE, "%s: expected %s", path, trust_key_wish());
    EVP_PKEY_free(key);
    return NULL;
}

static bool refuse_key(const struct partner_place *place, size_t index, const char *key,
                       struct fault *why, const char *what)
{
    char member[MEMBER_SIZE];
    (void)snprintf(member, sizeof member, "signatures.keys[%zu].%s", index, key);
    return partner_refuse(place, member, why, what);
}

static bool read_key(const struct partner_place *place, size_t index, struct signing_key_row *row,
                     struct partner_signatures *signatures, struct fault *why)
{
    struct fault flaw;
    struct partner_signing_key *key = &signatures->keys[index];
    if (!make_whole(place, &row->file, why))
        return false;
    *key =
        (struct partner_signing_key){.kid = row->kid, .file = row->file, .valid_to = DAY_OPEN_END};
    signatures->key_count = index + 1;
    for (size_t i = 0; i < index; i++)
        if (strcmp(signatures->keys[i].kid, row->kid) == 0)
            return refuse_key(place, index, "kid", why, "this kid is here twice");
    if (row->valid_to && !partner_read_day(row->valid_to, &key->valid_to))
        return refuse_key(place, index, "valid_to", why, "expected a day as 2026-12-31");
    key->key = load_key(row->file, &flaw);
    return key->key || refuse_key(place, index, "file", why, flaw.text);
}

static bool read_keys(const struct partner_place *place, struct signatures_row *row,
                      struct partner_signatures *signatures, struct fault *why)
{
    signatures->keys = calloc(row->keys_count + 1, sizeof *signatures->keys);
    if (!signatures->keys)
        return fault_memory(why);
    for (size_t i = 0; i < row->keys_count; i++)
        if (!read_key(place, i, &row->keys[i], signatures, why))
            return false;
    return true;
}

static bool check(const struct partner_place *place, const struct signatures_row *row,
                  struct fault *why)
{
    if (row->crl && !row->anchors)
        return partner_refuse(place, "signatures.crl", why, "needs anchors as well");
    if (row->signers_count > 0 && !row->anchors)
        return partner_refuse(place, "signatures.signers", why, "needs anchors as well");
    return row->policy == SIGNATURES_IGNORED || row->anchors || row->keys_count > 0 ||
           partner_refuse(place, "signatures.policy", why, "needs anchors or keys as well");
}

bool partner_signatures_read(const struct partner_place *place, struct partner_row *row,
                             struct partner_signatures *signatures, struct fault *why)
{
    struct signatures_row *given = &row->signatures;
    *signatures = (struct partner_signatures){.policy = given->policy};
    return check(place, given, why) && read_anchors(place, given, signatures, why) &&
           read_signers(place, given, signatures, why) && read_keys(place, given, signatures, why);
}
