/* SPDX-License-Identifier: Apache-2.0 */
/* partners.yaml in memory: what libcyaml loaded, checked against the agencies, and two sorted lists
 * to find a partner in, by its id and by its keys' hashes. */
#include "directory/partner.h"

#include "base/cleanup.h"
#include "base/moment.h"
#include "base/yaml_value.h"

enum { ID_LIMIT = 40, DAY_SIZE = 10 };
static const int32_t open_end = 99991231;

/* As in the file. */
struct key_row {
    char *hash;
    char *valid_to;
};
struct partner_row {
    char *id, *name;
    char **agencies;
    unsigned agencies_count;
    char **adapters;
    unsigned adapters_count;
    struct key_row *keys;
    unsigned keys_count;
    char *certificate;
    enum partner_invalid invalid;
    enum partner_ack ack;
    int64_t rate_per_s, burst;
};
struct partners_rows {
    struct partner_row *partners;
    unsigned partners_count;
};

#define OPTIONAL (CYAML_FLAG_OPTIONAL)
#define TEXT     (CYAML_FLAG_POINTER)

static const cyaml_strval_t invalid_words[] = {
    {"refused", INVALID_REFUSED},
    {"parked", INVALID_PARKED},
};
static const cyaml_strval_t ack_words[] = {
    {"stored", ACK_STORED},
    {"published", ACK_PUBLISHED},
};
static const cyaml_schema_field_t key_fields[] = {
    CYAML_FIELD_STRING_PTR("hash", TEXT, struct key_row, hash, 1, 64),
    CYAML_FIELD_STRING_PTR("valid_to", TEXT | OPTIONAL, struct key_row, valid_to, DAY_SIZE,
                           DAY_SIZE),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t key_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct key_row, key_fields),
};
static const cyaml_schema_value_t code_schema = {
    CYAML_VALUE_STRING(TEXT, char *, 1, 100),
};
static const cyaml_schema_field_t partner_fields[] = {
    CYAML_FIELD_STRING_PTR("id", TEXT, struct partner_row, id, 1, ID_LIMIT),
    CYAML_FIELD_STRING_PTR("name", TEXT, struct partner_row, name, 1, 200),
    CYAML_FIELD_SEQUENCE("agencies", TEXT, struct partner_row, agencies, &code_schema, 1, 10000),
    CYAML_FIELD_SEQUENCE("adapters", TEXT, struct partner_row, adapters, &code_schema, 1, 100),
    CYAML_FIELD_SEQUENCE("keys", TEXT | OPTIONAL, struct partner_row, keys, &key_schema, 0, 100),
    CYAML_FIELD_STRING_PTR("certificate", TEXT | OPTIONAL, struct partner_row, certificate, 1,
                           4096),
    CYAML_FIELD_ENUM("invalid", OPTIONAL | CYAML_FLAG_STRICT, struct partner_row, invalid,
                     invalid_words, CYAML_ARRAY_LEN(invalid_words)),
    CYAML_FIELD_ENUM("ack", OPTIONAL | CYAML_FLAG_STRICT, struct partner_row, ack, ack_words,
                     CYAML_ARRAY_LEN(ack_words)),
    CYAML_FIELD_INT("rate_per_s", OPTIONAL, struct partner_row, rate_per_s),
    CYAML_FIELD_INT("burst", OPTIONAL, struct partner_row, burst),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t partner_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct partner_row, partner_fields),
};
static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_SEQUENCE("partners", TEXT, struct partners_rows, partners, &partner_schema, 0,
                         100000),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct partners_rows, file_fields),
};

/* A key, and whose it is. */
struct held_key {
    const struct partner_key *key;
    const struct partner *partner;
};

struct partners {
    struct partners_rows *rows; /* what the texts point into */
    struct partner *partners;
    size_t count;
    struct partner_key *keys;     /* of all partners, one after another */
    const struct partner **by_id; /* sorted */
    struct held_key *by_hash;     /* sorted */
    size_t key_count;
};

void partners_free(struct partners *partners)
{
    if (!partners)
        return;
    free(partners->by_hash);
    free(partners->by_id);
    free(partners->keys);
    free(partners->partners);
    yaml_value_free(&file_schema, partners->rows);
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

/* --- the two indexes --- */

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

/* --- one partner --- */

/* Where the loading stands. */
struct loading {
    struct partners *partners;
    const struct yaml_file *file;
    const struct agencies *agencies;
};

static bool refuse(const struct loading *loading, size_t number, const char *member,
                   struct fault *why, const char *what)
{
    char place[120];
    (void)snprintf(place, sizeof place, "partners[%zu].%s", number, member);
    return yaml_file_refuse(loading->file, place, why, "%s: %s", place, what);
}

static bool is_id(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static bool read_day(const char *text, int32_t *day)
{
    int64_t moment;
    struct fault ignored; /* the caller has a better one */
    if (text[4] != '-' || !moment_read(text, DAY_SIZE, &moment, &ignored))
        return false;
    *day = moment_day(moment);
    return true;
}

static bool read_key(const struct loading *loading, size_t number, size_t index,
                     struct partner_key *key, struct fault *why)
{
    char member[64];
    const struct key_row *row = &loading->partners->rows->partners[number].keys[index];
    (void)snprintf(member, sizeof member, "keys[%zu].hash", index);
    if (!digest_unhex(row->hash, SHA256_SIZE, key->hash))
        return refuse(loading, number, member, why, "expected 64 hex digits");
    key->valid_to = open_end;
    (void)snprintf(member, sizeof member, "keys[%zu].valid_to", index);
    if (row->valid_to && !read_day(row->valid_to, &key->valid_to))
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

static bool check_id(const struct loading *loading, size_t number, struct fault *why)
{
    return is_id(loading->partners->partners[number].id) ||
           refuse(loading, number, "id", why, "expected a-z, 0-9 and hyphens");
}

/* A code that was or will be an agency's is good: who may speak when is asked at each request. */
static bool check_agencies(const struct loading *loading, size_t number, struct fault *why)
{
    const struct partner *partner = &loading->partners->partners[number];
    for (size_t i = 0; i < partner->agency_count; i++) {
        char member[64];
        (void)snprintf(member, sizeof member, "agencies[%zu]", i);
        if (!agencies_named(loading->agencies, partner->agencies[i], open_end))
            return refuse(loading, number, member, why, "no such agency in agencies.csv");
    }
    return true;
}

static bool check_rates(const struct loading *loading, size_t number, struct fault *why)
{
    const struct partner *partner = &loading->partners->partners[number];
    if (partner->rate_per_s < 0)
        return refuse(loading, number, "rate_per_s", why, "must not be below 0");
    if (partner->burst < 0)
        return refuse(loading, number, "burst", why, "must not be below 0");
    return true;
}

static bool read_partner(const struct loading *loading, size_t number, struct fault *why)
{
    const struct partner_row *row = &loading->partners->rows->partners[number];
    loading->partners->by_id[number] = &loading->partners->partners[number];
    loading->partners->partners[number] = (struct partner){
        .id = row->id,
        .name = row->name,
        .agencies = (const char *const *)row->agencies,
        .agency_count = row->agencies_count,
        .adapters = (const char *const *)row->adapters,
        .adapter_count = row->adapters_count,
        .certificate = row->certificate,
        .invalid = row->invalid,
        .ack = row->ack,
        .rate_per_s = row->rate_per_s,
        .burst = row->burst,
    };
    return check_id(loading, number, why) && check_agencies(loading, number, why) &&
           check_rates(loading, number, why) && read_keys(loading, number, why);
}

/* --- all of them --- */

static bool make_room(struct partners *partners)
{
    size_t key_count = 0;
    partners->count = partners->rows->partners_count;
    for (size_t i = 0; i < partners->count; i++)
        key_count += partners->rows->partners[i].keys_count;
    partners->partners = calloc(partners->count + 1, sizeof *partners->partners);
    partners->by_id = calloc(partners->count + 1, sizeof *partners->by_id);
    partners->keys = calloc(key_count + 1, sizeof *partners->keys);
    partners->by_hash = calloc(key_count + 1, sizeof *partners->by_hash);
    return partners->partners && partners->by_id && partners->keys && partners->by_hash;
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

static bool check_hashes(const struct loading *loading, struct fault *why)
{
    const struct partners *partners = loading->partners;
    for (size_t i = 1; i < partners->key_count; i++) {
        const struct held_key *one = &partners->by_hash[i - 1], *other = &partners->by_hash[i];
        if (compare_hashes(one, other) != 0)
            continue;
        char member[64];
        const struct held_key *later = one->key > other->key ? one : other;
        (void)snprintf(member, sizeof member, "keys[%td].hash", later->key - later->partner->keys);
        return refuse(loading, (size_t)(later->partner - partners->partners), member, why,
                      "this key is here twice");
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
    return check_ids(loading, why) && check_hashes(loading, why);
}

struct partners *partners_load(const char *path, const struct agencies *agencies, struct fault *why)
{
    void *rows = NULL;
    auto_free(yaml_file_close) struct yaml_file *file = yaml_file_open(path, why);
    if (!file || !yaml_value_read(file, &file_schema, &rows, why))
        return NULL;
    auto_free(partners_free) struct partners *partners = calloc(1, sizeof *partners);
    if (!partners) {
        yaml_value_free(&file_schema, rows);
        fault_memory(why);
        return NULL;
    }
    partners->rows = rows;
    if (!make_room(partners)) {
        fault_memory(why);
        return NULL;
    }
    const struct loading loading = {partners, file, agencies};
    return read_partners(&loading, why) ? steal(partners) : NULL;
}
