/* SPDX-License-Identifier: Apache-2.0 */
/* The record of acts as it grows: each entry is made inside the transaction of its act, holds the
 * hash of the one before, and is told on Kafka by a notice of the same transaction. */
#include "spool/audit.h"

#include "base/utf8.h"
#include "spool/chain.h"
#include "spool/writer.h"

#include <jansson.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

/* The key of all notices, so that Kafka keeps their order. */
static const char notice_key[] = "audit";

char *audit_text(const struct spool_audited *entry, struct fault *why)
{
    const struct spool_record *record = &entry->record;
    auto_free(json_decref) json_t *members = json_pack(
        "{s:I, s:I, s:s, s:s?, s:s, s:s, s:s, s:s, s:s}", "number", (json_int_t)entry->number, "at",
        (json_int_t)record->at_ms, "actor", record->actor.name, "address", record->actor.address,
        "act", record->act, "object", record->object, "reason", record->reason, "outcome",
        record->outcome, "detail", record->detail);
    char *text = members ? json_dumps(members, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (!text) /* what was stored is UTF-8, unless somebody changed it */
        (void)fault_set(why, FAULT_REFUSE, "spool: an entry of the record is not text");
    return text;
}

bool audit_link(const uint8_t before[AUDIT_HASH_SIZE], const struct spool_audited *entry,
                uint8_t hash[AUDIT_HASH_SIZE], struct fault *why)
{
    auto_free(free) char *text = audit_text(entry, why);
    if (!text)
        return false;
    size_t size = strlen(text);
    auto_free(free) uint8_t *both = malloc(AUDIT_HASH_SIZE + size);
    if (!both)
        return fault_memory(why);
    memcpy(both, before, AUDIT_HASH_SIZE);
    memcpy(both + AUDIT_HASH_SIZE, text, size);
    digest_sha256(both, AUDIT_HASH_SIZE + size, hash);
    return true;
}

bool audit_head_read(sqlite3 *database, struct audit_head *head, struct fault *why)
{
    size_t size;
    if (!database_get(database, "audit_head", head, sizeof *head, &size, why))
        return false;
    if (size != sizeof *head)
        *head = (struct audit_head){0};
    return true;
}

/* ---- what is kept of a record ---- */

enum { CLEAN_TEXTS = 7 };

/* The texts of a record, fit to be kept. */
struct clean {
    char *texts[CLEAN_TEXTS];
};

static void end_clean(struct clean *clean)
{
    for (size_t i = 0; i < CLEAN_TEXTS; i++)
        free(clean->texts[i]);
}

/* Whoever tries a door with a name of broken bytes is on record too.  Of the characters that JSON
 * can write in more than one way, those stay that it writes in one. */
static char *clean_text(const char *text)
{
    size_t size = strlen(text);
    char *copy = strdup(text);
    for (size_t at = 0; copy && at < size;) {
        at += utf8_valid(copy + at, size - at);
        if (at < size)
            copy[at++] = '?';
    }
    for (char *at = copy; copy && *at; at++)
        if ((unsigned char)*at < ' ' && !strchr("\n\r\t", *at))
            *at = '?';
    if (copy)
        copy[utf8_cut(copy, size, AUDIT_TEXT_LIMIT)] = '\0';
    return copy;
}

static bool clean_record(struct spool_record *record, struct clean *clean, struct fault *why)
{
    const char **const texts[CLEAN_TEXTS] = {
        &record->actor.name, &record->actor.address, &record->act,   &record->object,
        &record->reason,     &record->outcome,       &record->detail};
    for (size_t i = 0; i < CLEAN_TEXTS; i++) {
        bool may_be_none = texts[i] == &record->actor.address;
        if (!*texts[i] && may_be_none)
            continue;
        clean->texts[i] = clean_text(*texts[i] ? *texts[i] : "");
        if (!clean->texts[i])
            return fault_memory(why);
        *texts[i] = clean->texts[i];
    }
    return true;
}

/* ---- appending ---- */

static bool add_row(struct store *store, const struct spool_audited *entry, struct fault *why)
{
    static const char sql[] = "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const struct spool_record *record = &entry->record;
    auto_free(statement_rest) sqlite3_stmt *add = store_statement(store, sql, why);
    if (!add)
        return false;
    bind_number(add, 1, entry->number);
    bind_number(add, 2, record->at_ms);
    bind_text(add, 3, record->actor.name);
    bind_text(add, 4, record->actor.address);
    bind_text(add, 5, record->act);
    bind_text(add, 6, record->object);
    bind_text(add, 7, record->reason);
    bind_text(add, 8, record->outcome);
    bind_text(add, 9, record->detail);
    bind_bytes(add, 10, entry->hash, AUDIT_HASH_SIZE);
    return database_step(store->database, add, "add to the record", why);
}

static bool tell(struct store *store, const struct spool_audited *entry, struct fault *why)
{
    size_t size = 0;
    if (store->audit_form.schema_no == 0)
        return true;
    auto_free(free) char *datum = store->audit_form.encode(store->audit_form.own, entry, &size);
    if (!datum)
        return fault_set(why, FAULT_BROKEN, "spool: an entry of the record cannot be written");
    const struct spool_notice notice = {.topic = "audit",
                                        .key = notice_key,
                                        .datum = datum,
                                        .size = size,
                                        .schema_no = store->audit_form.schema_no};
    return store_notice(store, &notice, entry->record.at_ms, why);
}

bool audit_append(struct store *store, const struct spool_record *record, struct fault *why)
{
    __attribute__((cleanup(end_clean))) struct clean clean = {{NULL}};
    uint8_t hash[AUDIT_HASH_SIZE];
    struct spool_audited entry = {
        .number = store->counters.audited + 1, .record = *record, .hash = hash};
    if (!clean_record(&entry.record, &clean, why) ||
        !audit_link(store->counters.audit_hash, &entry, hash, why)) {
        why->kind = FAULT_BROKEN; /* its act is written already, and must not stay without it */
        return false;
    }
    store->counters.audited = entry.number;
    memcpy(store->counters.audit_hash, hash, sizeof hash);
    return add_row(store, &entry, why) && tell(store, &entry, why);
}

static bool work_audit(struct store *store, void *arguments, struct fault *why)
{
    const struct spool_record *const *record = arguments;
    return audit_append(store, *record, why);
}

bool spool_audit(struct spool *spool, const struct spool_record *record, struct fault *why)
{
    return writer_do(spool, work_audit, &record, why);
}

struct form_call {
    int32_t schema_no;
    char *(*encode)(void *own, const struct spool_audited *entry, size_t *size);
    void *own;
};

/* The form is the writer's: so nobody sees half of it. */
static bool work_form(struct store *store, void *arguments, struct fault *why)
{
    const struct form_call *call = arguments;
    (void)why;
    store->audit_form.schema_no = call->schema_no;
    store->audit_form.encode = call->encode;
    store->audit_form.own = call->own;
    return true;
}

bool spool_audit_schema(struct spool *spool, int32_t schema_no,
                        char *(*encode)(void *own, const struct spool_audited *entry, size_t *size),
                        void *own, struct fault *why)
{
    struct form_call call = {schema_no, encode, own};
    return writer_do(spool, work_form, &call, why);
}
