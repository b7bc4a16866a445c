/* SPDX-License-Identifier: Apache-2.0 */
/* partners.yaml in memory: what libcyaml loaded, checked against the agencies, and two sorted lists
 * to find a partner in, by its id and by its keys' hashes. */
#include "directory/partner.h"

#include "base/cleanup.h"
#include "directory/partner_certificate.h"
#include "directory/partner_collect.h"
#include "directory/partner_delivery.h"
#include "directory/partner_signatures.h"

enum { MEMBER_SIZE = 64 };

/* A key, and whose it is. */
struct held_key {
    const struct partner_key *key;
    const struct partner *partner;
};

struct partners {
    struct partners_rows *rows; /* what the texts point into */
    struct partner *partners;
    size_t count;
    struct partner_key *keys;    /* of all partners, one after another */
    struct partner_given *given; /* the same */
    size_t given_count;
    const struct partner **by_id; /* sorted */
    struct held_key *by_hash;     /* sorted */
    size_t key_count;
    struct partner_certificate *certificates; /* of all partners, one after another */
    struct held_certificate *by_certificate;  /* sorted */
    size_t certificate_count;
};

void partners_free(struct partners *partners)
{
    if (!partners)
        return;
    for (size_t i = 0; partners->partners && i < partners->count; i++)
        partner_signatures_free(&partners->partners[i].signatures);
    free(partners->by_certificate);
    free(partners->certificates);
    free(partners->by_hash);
    free(partners->by_id);
    free(partners->given);
    free(partners->keys);
    free(partners->partners);
    partners_rows_free(partners->rows);
    free(partners);
}

ENDS_WITH_SCOPE(struct partners *, partners_free)
ENDS_WITH_SCOPE(struct yaml_file *, yaml_file_close)

size_t partners_count(const struct partners *partners)
{
    return partners->count;
}

const struct partner *partners_at(const struct partners *partners, size_t index)
{
    return &partners->partners[index];
}

/* --- the indexes --- */

static int compare_ids(const void *left, const void *right)
{
    const struct partner *const *one = left, *const *other = right;
    return strcmp((*one)->id, (*other)->id);
}

static int compare_hashes(const void *left, const void *right)
{
    const struct held_key *one = left, *other = right;
    return memcmp(one->key->hash, other->key->hash, SHA256_SIZE);
}

const struct partner *partners_find(const struct partners *partners, const char *id)
{
    const struct partner wanted = {.id = id};
    const struct partner *key = &wanted;
    const struct partner *const *found =
        bsearch(&key, partners->by_id, partners->count, sizeof *partners->by_id, compare_ids);
    return found ? *found : NULL;
}

/* These are keyed hashes: how long a comparison takes says nothing of the keys. */
const struct partner *partners_by_hash(const struct partners *partners,
                                       const uint8_t hash[SHA256_SIZE], int32_t day)
{
    struct partner_key wanted;
    memcpy(wanted.hash, hash, SHA256_SIZE);
    const struct held_key key = {.key = &wanted};
    const struct held_key *found = bsearch(&key, partners->by_hash, partners->key_count,
                                           sizeof *partners->by_hash, compare_hashes);
    return found && day <= found->key->valid_to ? found->partner : NULL;
}

static const struct held_certificate *find_certificate(const struct partners *partners,
                                                       const struct partner_certificate *wanted)
{
    const struct held_certificate key = {.certificate = wanted};
    return bsearch(&key, partners->by_certificate, partners->certificate_count,
                   sizeof *partners->by_certificate, partner_certificate_compare);
}

const struct partner *partners_by_certificate(const struct partners *partners,
                                              const uint8_t fingerprint[SHA256_SIZE],
                                              const char *subject, const char *issuer, int32_t day)
{
    struct partner_certificate this_one = {.subject = NULL};
    const struct partner_certificate named = {.subject = subject, .issuer = issuer};
    memcpy(this_one.fingerprint, fingerprint, SHA256_SIZE);
    const struct held_certificate *found = find_certificate(partners, &this_one);
    if (!found && subject[0] && issuer[0])
        found = find_certificate(partners, &named);
    return found && day <= found->certificate->valid_to ? found->partner : NULL;
}

/* --- one partner --- */

/* Where the loading stands. */
struct loading {
    struct partners *partners;
    const struct yaml_file *file;
    const struct agencies *agencies;
};

static struct partner_place place_of(const struct loading *loading, size_t number)
{
    return (struct partner_place){loading->file, loading->agencies, number};
}

static bool refuse(const struct loading *loading, size_t number, const char *member,
                   struct fault *why, const char *what)
{
    const struct partner_place place = place_of(loading, number);
    return partner_refuse(&place, member, why, what);
}

static bool is_id(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static bool read_key(const struct loading *loading, size_t number, size_t index,
                     struct partner_key *key, struct fault *why)
{
    char member[MEMBER_SIZE];
    const struct key_row *row = &loading->partners->rows->partners[number].keys[index];
    (void)snprintf(member, sizeof member, "keys[%zu].hash", index);
    if (!digest_unhex(row->hash, SHA256_SIZE, key->hash))
        return refuse(loading, number, member, why, "expected 64 hex digits");
    key->valid_to = DAY_OPEN_END;
    (void)snprintf(member, sizeof member, "keys[%zu].valid_to", index);
    if (row->valid_to && !partner_read_day(row->valid_to, &key->valid_to))
        return refuse(loading, number, member, why, "expected a day as 2026-12-31");
    return true;
}

static bool read_keys(const struct loading *loading, size_t number, struct fault *why)
{
    struct partners *partners = loading->partners;
    struct partner *partner = &partners->partners[number];
    struct partner_key *keys = partners->keys + partners->key_count;
    partner->keys = keys;
    partner->key_count = partners->rows->partners[number].keys_count;
    for (size_t i = 0; i < partner->key_count; i++) {
        if (!read_key(loading, number, i, &keys[i], why))
            return false;
        partners->by_hash[partners->key_count++] = (struct held_key){&keys[i], partner};
    }
    return true;
}

static bool read_certificates(const struct loading *loading, const struct partner_place *place,
                              struct fault *why)
{
    struct partners *partners = loading->partners;
    struct partner *partner = &partners->partners[place->number];
    const struct partner_row *row = &partners->rows->partners[place->number];
    const struct certificate_rows list = {"certificates", row->certificates,
                                          row->certificates_count};
    struct partner_certificate *certificates = partners->certificates + partners->certificate_count;
    partner->certificates = certificates;
    partner->certificate_count = row->certificates_count;
    partner->needs_certificate = row->certificate_required;
    if (!partner_certificates_read(place, &list, certificates, why))
        return false;
    for (size_t i = 0; i < partner->certificate_count; i++)
        partners->by_certificate[partners->certificate_count++] =
            (struct held_certificate){&certificates[i], partner};
    return !partner->needs_certificate || partner->certificate_count > 0 ||
           partner_refuse(place, "certificate_required", why, "needs certificates");
}

static bool check_id(const struct loading *loading, size_t number, struct fault *why)
{
    return is_id(loading->partners->partners[number].id) ||
           refuse(loading, number, "id", why, "expected a-z, 0-9 and hyphens");
}

static bool check_rates(const struct loading *loading, size_t number, struct fault *why)
{
    const struct partner *partner = &loading->partners->partners[number];
    if (partner->rate_per_s < 0)
        return refuse(loading, number, "rate_per_s", why, "must not be below 0");
    if (partner->burst < 0)
        return refuse(loading, number, "burst", why, "must not be below 0");
    if (partner->silence_hours < -1)
        return refuse(loading, number, "silence_hours", why, "must not be below -1");
    return true;
}

static bool read_delivery(const struct loading *loading, const struct partner_place *place,
                          struct fault *why)
{
    struct partners *partners = loading->partners;
    struct partner_row *row = &partners->rows->partners[place->number];
    struct partner_given *given = partners->given + partners->given_count;
    partners->given_count += row->deliver.given_count;
    return partner_delivery_read(place, row, given, &partners->partners[place->number].deliver,
                                 why);
}

static bool read_partner(const struct loading *loading, size_t number, struct fault *why)
{
    struct partner_row *row = &loading->partners->rows->partners[number];
    const struct partner_place place = place_of(loading, number);
    struct partner *partner = &loading->partners->partners[number];
    loading->partners->by_id[number] = partner;
    *partner = (struct partner){
        .id = row->id,
        .name = row->name,
        .agencies = (const char *const *)row->agencies,
        .agency_count = row->agencies_count,
        .adapters = (const char *const *)row->adapters,
        .adapter_count = row->adapters_count,
        .invalid = row->invalid,
        .ack = row->ack,
        .approval = row->approval,
        .rate_per_s = row->rate_per_s,
        .burst = row->burst,
        .silence_hours = row->silence_hours,
        .fetch_files_from = (const char *const *)row->fetch_files_from,
        .fetch_files_from_count = row->fetch_files_from_count,
    };
    return check_id(loading, number, why) &&
           partner_check_codes(&place, "agencies", partner->agencies, partner->agency_count, why) &&
           check_rates(loading, number, why) && read_keys(loading, number, why) &&
           read_certificates(loading, &place, why) && read_delivery(loading, &place, why) &&
           partner_collect_read(&place, row, &partner->deliver, &partner->collect, why) &&
           partner_signatures_read(&place, row, &partner->signatures, why);
}

/* --- all of them --- */

static bool make_room(struct partners *partners)
{
    size_t key_count = 0, given_count = 0, certificate_count = 0;
    partners->count = partners->rows->partners_count;
    for (size_t i = 0; i < partners->count; i++) {
        key_count += partners->rows->partners[i].keys_count;
        given_count += partners->rows->partners[i].deliver.given_count;
        certificate_count += partners->rows->partners[i].certificates_count;
    }
    partners->partners = calloc(partners->count + 1, sizeof *partners->partners);
    partners->by_id = calloc(partners->count + 1, sizeof *partners->by_id);
    partners->keys = calloc(key_count + 1, sizeof *partners->keys);
    partners->given = calloc(given_count + 1, sizeof *partners->given);
    partners->by_hash = calloc(key_count + 1, sizeof *partners->by_hash);
    partners->certificates = calloc(certificate_count + 1, sizeof *partners->certificates);
    partners->by_certificate = calloc(certificate_count + 1, sizeof *partners->by_certificate);
    return partners->partners && partners->by_id && partners->keys && partners->given &&
           partners->by_hash && partners->certificates && partners->by_certificate;
}

/* Of two alike, the one that stands later in the file is shown. */
static bool check_ids(const struct loading *loading, struct fault *why)
{
    const struct partners *partners = loading->partners;
    for (size_t i = 1; i < partners->count; i++) {
        const struct partner *one = partners->by_id[i - 1], *other = partners->by_id[i];
        if (strcmp(one->id, other->id) == 0)
            return refuse(loading, (size_t)((one > other ? one : other) - partners->partners), "id",
                          why, "this id is here twice");
    }
    return true;
}

/* One event can go to all of them, and the spool numbers an event's deliveries up to a limit. */
static bool check_subscribers(const struct loading *loading, struct fault *why)
{
    size_t count = 0;
    for (size_t i = 0; i < loading->partners->count; i++) {
        count += loading->partners->partners[i].deliver.subscription_count > 0 ? 1 : 0;
        if (count > SUBSCRIBERS_MOST)
            return refuse(loading, i, "deliver.subscriptions", why, "too many partners subscribe");
    }
    return true;
}

static bool check_hashes(const struct loading *loading, struct fault *why)
{
    const struct partners *partners = loading->partners;
    for (size_t i = 1; i < partners->key_count; i++) {
        const struct held_key *one = &partners->by_hash[i - 1], *other = &partners->by_hash[i];
        if (compare_hashes(one, other) != 0)
            continue;
        char member[MEMBER_SIZE];
        const struct held_key *later = one->key > other->key ? one : other;
        (void)snprintf(member, sizeof member, "keys[%td].hash", later->key - later->partner->keys);
        return refuse(loading, (size_t)(later->partner - partners->partners), member, why,
                      "this key is here twice");
    }
    return true;
}

static bool check_certificates(const struct loading *loading, struct fault *why)
{
    const struct partners *partners = loading->partners;
    for (size_t i = 1; i < partners->certificate_count; i++) {
        const struct held_certificate *one = &partners->by_certificate[i - 1], *other = one + 1;
        if (partner_certificate_compare(one, other) != 0)
            continue;
        char member[MEMBER_SIZE];
        const struct held_certificate *later = one->certificate > other->certificate ? one : other;
        (void)snprintf(member, sizeof member, "certificates[%td]",
                       later->certificate - later->partner->certificates);
        return refuse(loading, (size_t)(later->partner - partners->partners), member, why,
                      "this certificate is here twice");
    }
    return true;
}

static bool read_partners(const struct loading *loading, struct fault *why)
{
    struct partners *partners = loading->partners;
    for (size_t i = 0; i < partners->count; i++)
        if (!read_partner(loading, i, why))
            return false;
    qsort(partners->by_id, partners->count, sizeof *partners->by_id, compare_ids);
    qsort(partners->by_hash, partners->key_count, sizeof *partners->by_hash, compare_hashes);
    qsort(partners->by_certificate, partners->certificate_count, sizeof *partners->by_certificate,
          partner_certificate_compare);
    return check_ids(loading, why) && check_hashes(loading, why) &&
           check_certificates(loading, why) && check_subscribers(loading, why);
}

struct partners *partners_load(const char *path, const struct agencies *agencies, struct fault *why)
{
    auto_free(yaml_file_close) struct yaml_file *file = yaml_file_open(path, why);
    auto_free(partners_free) struct partners *partners = calloc(1, sizeof *partners);
    if (!file)
        return NULL;
    if (!partners) {
        fault_memory(why);
        return NULL;
    }
    partners->rows = partners_rows_read(file, why);
    if (!partners->rows)
        return NULL;
    if (!make_room(partners)) {
        fault_memory(why);
        return NULL;
    }
    const struct loading loading = {partners, file, agencies};
    return read_partners(&loading, why) ? steal(partners) : NULL;
}
