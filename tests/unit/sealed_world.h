/* SPDX-License-Identifier: Apache-2.0 */
/* A spool with master keys, and a look at the bytes that it leaves on disk. */
#ifndef UNIT_SEALED_WORLD_H
#define UNIT_SEALED_WORLD_H

#include "delivery_world.h"
#include "master_keys.h"

#include "base/keyring.h"
#include "spool/deed.h"
#include "spool/encryption.h"

#include <sys/stat.h>

/* The process is given these keys, as lines of a key file; NULL: none. */
static inline void keys_serve(const char *lines)
{
    static struct keyring *held;
    keyring_serve(NULL);
    keyring_free(held);
    held = NULL;
    if (!lines)
        return;
    held = keyring_of(lines);
    keyring_serve(held);
}

static inline void world_make_sealed(struct world *world, const char *lines)
{
    keys_serve(lines);
    world_make(world);
}

/* Opens it anew with these keys. */
static inline void world_reopen(struct world *world, const char *lines)
{
    world_close(world);
    keys_serve(lines);
    world_open(world);
}

static inline void world_end_sealed(struct world *world)
{
    world_end(world);
    keys_serve(NULL);
}

/* How often the bytes are in the spool's files. */
static inline int world_find_bytes(const struct world *world, const void *bytes, size_t size)
{
    static const char *const suffixes[] = {"", "-wal"};
    int count = 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[sizeof world->file + 8];
        struct stat facts;
        (void)snprintf(path, sizeof path, "%s%s", world->file, suffixes[i]);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        assert_int_equal(fstat(fileno(file), &facts), 0);
        size_t length = (size_t)facts.st_size;
        char *content = malloc(length + 1);
        assert_non_null(content);
        length = fread(content, 1, length, file); /* it may be cut just now */
        (void)fclose(file);
        const char *at = content;
        const char *end = content + length;
        while ((at = memmem(at, (size_t)(end - at), bytes, size))) {
            count++;
            at++;
        }
        free(content);
    }
    return count;
}

static inline int world_find_text(const struct world *world, const char *text)
{
    return world_find_bytes(world, text, strlen(text));
}

/* Changes the file while nobody has it open. */
static inline void world_change(const struct world *world, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* ---- what is read ---- */

struct seen {
    char event[80];
    bool is_damaged, is_shredded;
};

static inline bool see_entry(void *own, const struct spool_entry *entry)
{
    struct seen *seen = own;
    seen->is_damaged = entry->is_damaged;
    seen->is_shredded = entry->is_shredded;
    (void)snprintf(seen->event, sizeof seen->event, "%.*s",
                   entry->event ? (int)entry->event_size : 1, entry->event ? entry->event : "-");
    return true;
}

static inline bool see_delivery(void *own, const struct spool_delivery *delivery)
{
    struct seen *seen = own;
    seen->is_damaged = delivery->is_damaged;
    seen->is_shredded = delivery->is_shredded;
    (void)snprintf(seen->event, sizeof seen->event, "%.*s",
                   delivery->event ? (int)delivery->event_size : 1,
                   delivery->event ? delivery->event : "-");
    return true;
}

static inline struct seen world_see(struct world *world, int64_t entry)
{
    struct fault why;
    struct seen seen = {.event = ""};
    world_must(spool_find(world->reader, entry, see_entry, &seen, &why), &why);
    return seen;
}

static inline struct seen world_see_delivery(struct world *world, int64_t delivery)
{
    struct fault why;
    struct seen seen = {.event = ""};
    world_must(spool_find_delivery(world->reader, delivery, see_delivery, &seen, &why), &why);
    return seen;
}

static inline void assert_original(struct world *world, int64_t entry, const char *text)
{
    struct fault why;
    size_t size;
    char *original = spool_original(world->reader, entry, &size, &why);
    world_must(original, &why);
    assert_string_equal(original, text);
    free(original);
}

/* FAULT_REFUSE, and it is said why. */
static inline void assert_original_is_gone(struct world *world, int64_t entry)
{
    struct fault why;
    size_t size;
    assert_null(spool_original(world->reader, entry, &size, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_string_equal(why.text, SPOOL_SHREDDED);
}

static inline int world_findings(struct world *world)
{
    struct fault why;
    int findings = 0;
    bool is_sound = spool_check(world->reader, count_finding, &findings, &why);
    assert_true(is_sound == (findings == 0));
    return findings;
}

/* ---- what people do ---- */

static inline struct spool_rekeyed world_rekey(struct world *world)
{
    struct fault why;
    struct spool_rekeyed done;
    world_must(spool_rekey(world->spool, &done, &why), &why);
    return done;
}

static inline bool world_try_shred(struct world *world, int dossier, struct spool_shredded *done,
                                   struct fault *why)
{
    char code[40];
    const struct spool_record record = {
        .actor = {.name = "user:lan"}, .act = "shred", .reason = "ordered", .at_ms = ARRIVED_MS};
    (void)snprintf(code, sizeof code, "000.12.40.H09-250512-%04d", dossier);
    return spool_shred(world->spool, code, &record, done, why);
}

static inline struct spool_shredded world_shred(struct world *world, int dossier)
{
    struct fault why;
    struct spool_shredded done;
    world_must(world_try_shred(world, dossier, &done, &why), &why);
    assert_true(done.log_is_short);
    return done;
}

static inline void world_propose(struct world *world, int64_t entry, const char *bytes)
{
    struct fault why;
    const struct spool_deed deed = {
        .kind = DEED_PROPOSE,
        .entry = entry,
        .bytes = bytes,
        .size = strlen(bytes),
        .record = {.actor = {.name = "user:lan"}, .act = "propose", .object = "", .reason = "typo"},
    };
    world_must(spool_do(world->spool, &deed, NULL, NULL, &why), &why);
}

/* Dead on arrival, without an event; of a dossier, or (0) of none. */
static inline int64_t world_add_dead(struct world *world, int id, int dossier)
{
    struct parcel parcel;
    parcel_begin(&parcel, "motcua", 1747035900000 + id);
    struct spool_item *item = parcel_item(&parcel, id, dossier, 1);
    item->cause = "R2 /From/OrganId";
    item->event = NULL;
    item->event_type = NULL;
    item->schema_no = 0;
    return world_add(world, &parcel).receipts[0].entry;
}

#endif
