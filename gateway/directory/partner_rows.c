/* SPDX-License-Identifier: Apache-2.0 */
/* What partners.yaml may say, as libcyaml's tables, and how a fault names its place in it. */
#include "directory/partner_rows.h"

#include "base/cleanup.h"
#include "base/moment.h"
#include "base/yaml_value.h"

enum {
    ID_LIMIT = 40,
    DAY_SIZE = 10,
    PATH_LIMIT = 4096,
    NAME_LIMIT = 1000,
    MEMBER_SIZE = 128,
    PLACE_SIZE = 160
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
static const cyaml_strval_t approval_words[] = {
    {"none", APPROVAL_NONE},
    {"edits", APPROVAL_EDITS},
};
static const cyaml_strval_t policy_words[] = {
    {"ignored", SIGNATURES_IGNORED},
    {"if_present", SIGNATURES_IF_PRESENT},
    {"required", SIGNATURES_REQUIRED},
};
static const cyaml_strval_t by_words[] = {
    {"none", DELIVER_NONE},
    {"push", DELIVER_PUSH},
    {"mailbox", DELIVER_MAILBOX},
};
static const cyaml_strval_t files_words[] = {
    {"inline", FILES_INLINE},
    {"url", FILES_URL},
};
static const cyaml_strval_t level_words[] = {
    {"COMMUNE", LEVEL_COMMUNE},   {"DISTRICT", LEVEL_DISTRICT}, {"PROVINCE", LEVEL_PROVINCE},
    {"MINISTRY", LEVEL_MINISTRY}, {"VERTICAL", LEVEL_VERTICAL},
};

static const cyaml_schema_value_t code_schema = {
    CYAML_VALUE_STRING(TEXT, char *, 1, 100),
};
static const cyaml_schema_value_t given_schema = {
    CYAML_VALUE_STRING(TEXT, char *, 1, 1000),
};
static const cyaml_schema_value_t host_schema = {
    CYAML_VALUE_STRING(TEXT, char *, 1, 260),
};
static const cyaml_schema_value_t level_schema = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum agency_level, level_words,
                     CYAML_ARRAY_LEN(level_words)),
};

#define LIST(member)                                                                               \
    CYAML_FIELD_SEQUENCE(#member, TEXT | OPTIONAL, struct subscription, member, &code_schema, 1,   \
                         1000)
static const cyaml_schema_field_t subscription_fields[] = {
    LIST(events),
    LIST(procedures),
    LIST(fields),
    LIST(agencies),
    CYAML_FIELD_SEQUENCE("levels", TEXT | OPTIONAL, struct subscription, levels, &level_schema, 1,
                         10),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t subscription_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct subscription, subscription_fields),
};

#define SETTING(key, limit)                                                                        \
    CYAML_FIELD_STRING_PTR(#key, TEXT | OPTIONAL, struct delivery_row, settings.key, 1, limit)
#define PATH(key)                                                                                  \
    CYAML_FIELD_STRING_PTR(#key, TEXT | OPTIONAL, struct delivery_row, key, 1, PATH_LIMIT)
#define NUMBER(key) CYAML_FIELD_INT(#key, OPTIONAL, struct delivery_row, settings.key)
static const cyaml_schema_field_t delivery_fields[] = {
    CYAML_FIELD_ENUM("by", OPTIONAL | CYAML_FLAG_STRICT, struct delivery_row, settings.by, by_words,
                     CYAML_ARRAY_LEN(by_words)),
    SETTING(adapter, 100),
    SETTING(url, 2000),
    SETTING(user, 200),
    PATH(user_file),
    PATH(password_file),
    CYAML_FIELD_SEQUENCE("given", TEXT | OPTIONAL, struct delivery_row, given, &given_schema, 0,
                         100),
    PATH(ca_file),
    PATH(certificate_file),
    PATH(key_file),
    NUMBER(concurrency),
    NUMBER(rate_per_s),
    NUMBER(timeout_ms),
    NUMBER(give_up_ms),
    CYAML_FIELD_BOOL("allow_http2", OPTIONAL, struct delivery_row, settings.allow_http2),
    CYAML_FIELD_ENUM("files", OPTIONAL | CYAML_FLAG_STRICT, struct delivery_row, settings.files,
                     files_words, CYAML_ARRAY_LEN(files_words)),
    CYAML_FIELD_SEQUENCE("subscriptions", TEXT | OPTIONAL, struct delivery_row, subscriptions,
                         &subscription_schema, 0, 1000),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t collect_fields[] = {
    CYAML_FIELD_STRING_PTR("drop", TEXT | OPTIONAL, struct collect_row, drop, 1, PATH_LIMIT),
    CYAML_FIELD_INT("poll_every_ms", OPTIONAL, struct collect_row, poll_every_ms),
    CYAML_FIELD_END,
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
static const cyaml_schema_field_t certificate_fields[] = {
    CYAML_FIELD_STRING_PTR("fingerprint", TEXT | OPTIONAL, struct certificate_row, fingerprint, 1,
                           64),
    CYAML_FIELD_STRING_PTR("subject", TEXT | OPTIONAL, struct certificate_row, subject, 1,
                           NAME_LIMIT),
    CYAML_FIELD_STRING_PTR("issuer", TEXT | OPTIONAL, struct certificate_row, issuer, 1,
                           NAME_LIMIT),
    CYAML_FIELD_STRING_PTR("valid_to", TEXT | OPTIONAL, struct certificate_row, valid_to, DAY_SIZE,
                           DAY_SIZE),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t certificate_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct certificate_row, certificate_fields),
};
static const cyaml_schema_field_t signing_key_fields[] = {
    CYAML_FIELD_STRING_PTR("kid", TEXT, struct signing_key_row, kid, 1, 200),
    CYAML_FIELD_STRING_PTR("file", TEXT, struct signing_key_row, file, 1, PATH_LIMIT),
    CYAML_FIELD_STRING_PTR("valid_to", TEXT | OPTIONAL, struct signing_key_row, valid_to, DAY_SIZE,
                           DAY_SIZE),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t signing_key_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct signing_key_row, signing_key_fields),
};
static const cyaml_schema_field_t signatures_fields[] = {
    CYAML_FIELD_ENUM("policy", CYAML_FLAG_STRICT, struct signatures_row, policy, policy_words,
                     CYAML_ARRAY_LEN(policy_words)),
    CYAML_FIELD_STRING_PTR("anchors", TEXT | OPTIONAL, struct signatures_row, anchors, 1,
                           PATH_LIMIT),
    CYAML_FIELD_STRING_PTR("crl", TEXT | OPTIONAL, struct signatures_row, crl, 1, PATH_LIMIT),
    CYAML_FIELD_SEQUENCE("signers", TEXT | OPTIONAL, struct signatures_row, signers,
                         &certificate_schema, 0, 1000),
    CYAML_FIELD_SEQUENCE("keys", TEXT | OPTIONAL, struct signatures_row, keys, &signing_key_schema,
                         0, 100),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t partner_fields[] = {
    CYAML_FIELD_STRING_PTR("id", TEXT, struct partner_row, id, 1, ID_LIMIT),
    CYAML_FIELD_STRING_PTR("name", TEXT, struct partner_row, name, 1, 200),
    CYAML_FIELD_SEQUENCE("agencies", TEXT, struct partner_row, agencies, &code_schema, 1, 10000),
    CYAML_FIELD_SEQUENCE("adapters", TEXT, struct partner_row, adapters, &code_schema, 1, 100),
    CYAML_FIELD_SEQUENCE("keys", TEXT | OPTIONAL, struct partner_row, keys, &key_schema, 0, 100),
    CYAML_FIELD_SEQUENCE("certificates", TEXT | OPTIONAL, struct partner_row, certificates,
                         &certificate_schema, 0, 100),
    CYAML_FIELD_BOOL("certificate_required", OPTIONAL, struct partner_row, certificate_required),
    CYAML_FIELD_ENUM("invalid", OPTIONAL | CYAML_FLAG_STRICT, struct partner_row, invalid,
                     invalid_words, CYAML_ARRAY_LEN(invalid_words)),
    CYAML_FIELD_ENUM("ack", OPTIONAL | CYAML_FLAG_STRICT, struct partner_row, ack, ack_words,
                     CYAML_ARRAY_LEN(ack_words)),
    CYAML_FIELD_ENUM("approval", OPTIONAL | CYAML_FLAG_STRICT, struct partner_row, approval,
                     approval_words, CYAML_ARRAY_LEN(approval_words)),
    CYAML_FIELD_INT("rate_per_s", OPTIONAL, struct partner_row, rate_per_s),
    CYAML_FIELD_INT("burst", OPTIONAL, struct partner_row, burst),
    CYAML_FIELD_INT("silence_hours", OPTIONAL, struct partner_row, silence_hours),
    CYAML_FIELD_MAPPING("deliver", OPTIONAL, struct partner_row, deliver, delivery_fields),
    CYAML_FIELD_SEQUENCE("fetch_files_from", TEXT | OPTIONAL, struct partner_row, fetch_files_from,
                         &host_schema, 0, 1000),
    CYAML_FIELD_MAPPING("collect", OPTIONAL, struct partner_row, collect, collect_fields),
    CYAML_FIELD_MAPPING("signatures", OPTIONAL, struct partner_row, signatures, signatures_fields),
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

struct partners_rows *partners_rows_read(const struct yaml_file *file, struct fault *why)
{
    void *rows = NULL;
    return yaml_value_read(file, &file_schema, &rows, why) ? rows : NULL;
}

/* libcyaml lets go with free(), so that texts may have been replaced. */
void partners_rows_free(struct partners_rows *rows)
{
    yaml_value_free(&file_schema, rows);
}

/* --- places --- */

bool partner_refuse(const struct partner_place *place, const char *member, struct fault *why,
                    const char *what)
{
    char text[PLACE_SIZE];
    (void)snprintf(text, sizeof text, "partners[%zu].%s", place->number, member);
    return yaml_file_refuse(place->file, text, why, "%s: %s", text, what);
}

bool partner_has(const struct partner_place *place, const char *member)
{
    char text[PLACE_SIZE];
    (void)snprintf(text, sizeof text, "partners[%zu].%s", place->number, member);
    return yaml_file_find(place->file, text) != NULL;
}

/* A code that was or will be an agency's is good: who may speak when is asked at each request. */
bool partner_read_day(const char *text, int32_t *day)
{
    int64_t moment;
    struct fault ignored; /* the caller has a better one */
    if (text[4] != '-' || !moment_read(text, DAY_SIZE, &moment, &ignored))
        return false;
    *day = moment_day(moment);
    return true;
}

bool partner_check_codes(const struct partner_place *place, const char *member,
                         const char *const *codes, size_t count, struct fault *why)
{
    for (size_t i = 0; i < count; i++) {
        char item[MEMBER_SIZE];
        (void)snprintf(item, sizeof item, "%s[%zu]", member, i);
        if (!agencies_named(place->agencies, codes[i], DAY_OPEN_END))
            return partner_refuse(place, item, why, "no such agency in agencies.csv");
    }
    return true;
}
