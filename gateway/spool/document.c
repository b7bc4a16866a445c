/* SPDX-License-Identifier: Apache-2.0 */
/* One document into the journal: what is a repeat, what is a conflict, what waits behind what. */
#include "spool/body.h"
#include "spool/repeat.h"
#include "spool/store.h"

#include <string.h>

/* A document on its way in: what all of its rows share. */
struct arrival {
    const struct spool_document *document;
    int64_t partner, adapter, media_type;
    int64_t first; /* number of the document's first row; 0 until there is one */
    struct body original;
    const char *dossier;            /* in whose lane all items are; NULL: of several, or of none */
    uint8_t key[SHORT_DIGEST_SIZE]; /* of the item at hand */
};

static bool name_parts(struct store *store, struct arrival *arrival, struct fault *why)
{
    const struct spool_document *document = arrival->document;
    return store_name(store, document->partner, &arrival->partner, why) &&
           store_name(store, document->adapter, &arrival->adapter, why) &&
           store_name(store, document->media_type, &arrival->media_type, why);
}

/* Looks the arrival's key up.  A row of dedupe whose entry was pruned would be gone with it. */
static bool find_repeat(struct store *store, const struct arrival *arrival,
                        const uint8_t *content_sha256, struct spool_receipt *receipt, bool *found,
                        struct fault *why)
{
    sqlite3_stmt *find = store->statements.find_repeat;
    bind_bytes(find, 1, arrival->key, SHORT_DIGEST_SIZE);
    if (!database_next(store->database, find, "look for a repeat", found, why))
        return false;
    if (*found)
        repeat_read(find, content_sha256, receipt);
    (void)sqlite3_reset(find);
    return true;
}

static bool add_repeat_key(struct store *store, const struct arrival *arrival,
                           const uint8_t *content_sha256, int64_t number, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_repeat;
    bind_bytes(add, 1, arrival->key, SHORT_DIGEST_SIZE);
    bind_bytes(add, 2, content_sha256, SHORT_DIGEST_SIZE);
    bind_number(add, 3, number);
    return database_step(store->database, add, "remember an id", why);
}

/* The dossier in whose lane an item is. */
static const char *lane_of(const struct spool_item *item)
{
    return item->stands_aside ? NULL : item->dossier_code;
}

bool store_reference(struct store *store, const struct spool_item *item, int64_t number,
                     struct fault *why)
{
    if (!item->reference || !lane_of(item))
        return true;
    uint8_t key[SHORT_DIGEST_SIZE];
    sqlite3_stmt *add = store->statements.add_reference;
    short_digest(item->reference, strlen(item->reference), key);
    bind_bytes(add, 1, key, sizeof key);
    bind_number(add, 2, number);
    bind_text(add, 3, item->dossier_code);
    return database_step(store->database, add, "remember a reference", why);
}

static void bind_document(sqlite3_stmt *add, const struct arrival *arrival, int64_t number)
{
    const struct spool_document *document = arrival->document;
    bind_number(add, 1, number);
    bind_number(add, 2, arrival->first);
    bind_number(add, 5, arrival->partner);
    bind_number(add, 6, arrival->adapter);
    bind_number(add, 7, arrival->media_type);
    bind_number(add, 9, document->received_at_ms);
    bind_text(add, 17, document->traceparent);
    bind_bytes(add, 20, document->sha256, SHA256_SIZE);
}

static void bind_item(sqlite3_stmt *add, const struct spool_item *item)
{
    bind_number(add, 10, item->occurred_at_ms);
    bind_number(add, 11, item->due_at_ms);
    bind_number(add, 12, item->schema_no);
    if (item->native_id)
        (void)sqlite3_bind_text64(add, 15, item->native_id, item->native_id_size, SQLITE_STATIC,
                                  SQLITE_UTF8);
    bind_text(add, 18, item->cause);
    bind_text(add, 19, item->detail);
    if (item->event)
        bind_bytes(add, 16, item->event_id, UUID_SIZE);
}

/* What of a row may be sealed; kept until the row is written. */
struct bodies {
    struct stored_body event, original;
};

static void bodies_end(struct bodies *bodies)
{
    stored_body_end(&bodies->event);
    stored_body_end(&bodies->original);
}

/* `lane` is the dossier in whose lane the row is, and which is therefore found by it. */
static bool bind_event(struct store *store, const struct arrival *arrival,
                       const struct spool_item *item, const char *lane, struct stored_body *event,
                       struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_entry;
    const struct vault_owner owner = {lane, arrival->first, item->dossier_code};
    const struct body_place place = {.kind = BODY_EVENT, .number = store->counters.last_number};
    uint8_t digest[SHORT_DIGEST_SIZE];
    if (!item->event)
        return true;
    *event = (struct stored_body){.bytes = item->event, .size = item->event_size};
    if (!vault_seal(&store->vault, &owner, &place, event, why))
        return false;
    short_digest(event->bytes, event->size, digest);
    (void)sqlite3_bind_blob(add, 21, digest, sizeof digest, SQLITE_TRANSIENT); /* as bind_bytes */
    bind_bytes(add, 22, event->bytes, event->size);
    if (event->is_sealed)
        bind_number(add, 25, SEALED_YES);
    return true;
}

/* In the first row alone. */
static bool bind_original(struct store *store, const struct arrival *arrival,
                          const struct spool_item *item, const char *lane,
                          struct stored_body *original, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_entry;
    const struct vault_owner owner = {lane ? arrival->dossier : NULL, arrival->first,
                                      lane ? arrival->dossier : item->dossier_code};
    const struct body_place place = {.kind = BODY_ORIGINAL, .number = arrival->first};
    if (store->counters.last_number != arrival->first)
        return true;
    *original =
        (struct stored_body){.bytes = arrival->original.bytes, .size = arrival->original.size};
    if (!vault_seal(&store->vault, &owner, &place, original, why))
        return false;
    if (arrival->original.packed_from)
        bind_number(add, 23, (int64_t)arrival->original.packed_from);
    bind_bytes(add, 24, original->bytes, original->size);
    if (original->is_sealed)
        bind_number(add, 26, SEALED_YES);
    return true;
}

/* What the document's first row holds is not what the document's digest says: it has its own, and
 * the files that are missing in it. */
static bool add_shortened(struct store *store, const struct spool_document *document,
                          int64_t number, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_shortened;
    const struct file_uses uses = {number, false, document->files, document->file_count};
    if (!document->shortened_sha256)
        return true;
    bind_number(add, 1, number);
    bind_bytes(add, 2, document->shortened_sha256, SHA256_SIZE);
    return database_step(store->database, add, "store a digest", why) &&
           store_file_uses(store, &uses, why);
}

static bool add_signature(struct store *store, const struct spool_document *document,
                          int64_t number, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_signature;
    if (!document->proved)
        return true;
    bind_number(add, 1, number);
    bind_text(add, 2, document->proved);
    return database_step(store->database, add, "store what was proved", why);
}

/* What only the document's first row has beside it. */
static bool add_beside(struct store *store, const struct spool_document *document, int64_t number,
                       struct fault *why)
{
    return add_shortened(store, document, number, why) &&
           add_signature(store, document, number, why);
}

/* What is not well from the start is stuck. */
static bool note_stuck(struct store *store, const struct spool_item *item, const char *code,
                       const struct spool_receipt *receipt, struct fault *why)
{
    if (receipt->state == ENTRY_DEAD)
        return failure_add(store, false, receipt->entry, why);
    return receipt->state != ENTRY_PARKED ||
           lane_note_parked(store, receipt->entry, code, item->due_at_ms, why);
}

static void fill_receipt(struct spool_receipt *receipt, const struct spool_document *document,
                         const struct spool_item *item, int64_t number)
{
    receipt->verdict = SPOOL_STORED;
    receipt->entry = receipt->number = number;
    receipt->received_at_ms = document->received_at_ms;
    receipt->item_no = (int)(item - document->items);
    memcpy(receipt->document_sha256, document->sha256, SHA256_SIZE);
}

/* `code` is the lane's dossier; NULL for what has no lane. */
static bool insert(struct store *store, struct arrival *arrival, const struct spool_item *item,
                   const char *code, struct spool_receipt *receipt, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_entry;
    int64_t event_type = 0;
    __attribute__((cleanup(bodies_end))) struct bodies bodies = {0};
    if (item->event_type && !store_name(store, item->event_type, &event_type, why))
        return false;
    int64_t number = ++store->counters.last_number;
    bool is_first = arrival->first == 0;
    if (is_first)
        arrival->first = number;
    (void)sqlite3_clear_bindings(add);
    bind_document(add, arrival, number);
    bind_item(add, item);
    bind_number(add, 3, item - arrival->document->items);
    bind_number(add, 4, receipt->state);
    if (event_type)
        bind_number(add, 8, event_type);
    if (code)
        bind_number(add, 13, dossier_key(code));
    bind_text(add, 14, item->dossier_code);
    if (!bind_event(store, arrival, item, code, &bodies.event, why) ||
        !bind_original(store, arrival, item, code, &bodies.original, why))
        return false;
    fill_receipt(receipt, arrival->document, item, number);
    const struct file_uses uses = {number, false, item->files, item->file_count};
    return database_step(store->database, add, "store an entry", why) &&
           (!is_first || add_beside(store, arrival->document, number, why)) &&
           store_file_uses(store, &uses, why) && note_stuck(store, item, code, receipt, why);
}

static bool choose_state(struct store *store, const struct spool_item *item,
                         enum entry_state *state, struct fault *why)
{
    bool is_blocked = false;
    if (item->cause)
        *state = ENTRY_DEAD;
    else if (!item->event)
        *state = ENTRY_DISCARDED;
    else {
        if (item->dossier_code && store->counters.parked + store->counters.dead > 0 &&
            !lane_is_blocked(store, dossier_key(item->dossier_code), item->dossier_code,
                             &is_blocked, why))
            return false;
        *state = is_blocked ? ENTRY_PARKED : ENTRY_READY;
    }
    return true;
}

static void count_stored(struct store *store, struct tally *tally, enum entry_state state)
{
    tally->received++;
    tally->last = store->counters.last_number;
    if (tally->first == 0)
        tally->first = tally->last;
    store->counters.entries++;
    store->counters.parked += state == ENTRY_PARKED;
    store->counters.dead += state == ENTRY_DEAD;
    if (state == ENTRY_READY || state == ENTRY_DEAD)
        store->counters.last_next = store->counters.last_number;
}

static bool store_item(struct store *store, struct arrival *arrival, const struct spool_item *item,
                       struct spool_receipt *receipt, struct fault *why)
{
    bool found = false;
    struct tally *tally =
        store_tally(store, arrival->partner, arrival->document->received_at_ms, why);
    if (!tally)
        return false;
    if (item->native_id) {
        dedupe_key(arrival->document->partner, item->native_id, item->native_id_size, NULL,
                   arrival->key);
        if (!find_repeat(store, arrival, item->content_sha256, receipt, &found, why))
            return false;
        if (found) {
            tally->repeated += receipt->verdict == SPOOL_REPEATED;
            return true;
        }
    }
    if (!choose_state(store, item, &receipt->state, why) ||
        !insert(store, arrival, item, lane_of(item), receipt, why) ||
        !store_reference(store, item, receipt->entry, why))
        return false;
    count_stored(store, tally, receipt->state);
    return !item->native_id ||
           add_repeat_key(store, arrival, item->content_sha256, receipt->entry, why);
}

/* All items, up to a conflict: `*conflict` is then the item that has it, else the count. */
static bool store_items(struct store *store, struct arrival *arrival,
                        struct spool_receipt *receipts, size_t *conflict, struct fault *why)
{
    const struct spool_document *document = arrival->document;
    for (size_t i = 0; i < document->item_count; i++) {
        if (!store_item(store, arrival, &document->items[i], &receipts[i], why))
            return false;
        if (receipts[i].verdict == SPOOL_CONFLICT) {
            *conflict = i;
            return true;
        }
    }
    *conflict = document->item_count;
    return true;
}

/* What is stored of a conflict: the item that has it, without its event. */
static struct spool_item dead_item(const struct spool_item *from)
{
    struct spool_item item = *from;
    item.cause = CONFLICT_CAUSE;
    item.detail = CONFLICT_DETAIL;
    item.event = NULL;
    item.schema_no = 0;
    item.reference = NULL;
    return item;
}

/* The document is kept whole, without a lane, for a person; once, however often it comes. */
static bool store_conflict(struct store *store, const struct arrival *arrival, size_t at,
                           struct spool_receipt *receipt, struct fault *why)
{
    struct spool_document document = *arrival->document;
    const struct spool_item item = dead_item(&document.items[at]);
    struct arrival whole = *arrival;
    bool found = false;
    document.items = &item;
    whole.document = &document;
    dedupe_key(document.partner, item.native_id, item.native_id_size, document.sha256, whole.key);
    struct tally *tally = store_tally(store, arrival->partner, document.received_at_ms, why);
    if (!tally || !find_repeat(store, &whole, document.sha256, receipt, &found, why))
        return false;
    if (found) {
        tally->repeated++;
        return true;
    }
    receipt->state = ENTRY_DEAD;
    if (!insert(store, &whole, &item, NULL, receipt, why) ||
        !add_repeat_key(store, &whole, document.sha256, receipt->entry, why))
        return false;
    count_stored(store, tally, ENTRY_DEAD);
    return true;
}

/* What the items before the conflict wrote must go again; their counts too. */
struct savepoint {
    struct counters counters;
    struct tally tally;
};

static bool store_or_conflict(struct store *store, struct arrival *arrival,
                              struct spool_receipt *receipts, struct fault *why)
{
    size_t conflict;
    const struct spool_document *document = arrival->document;
    struct tally *tally = store_tally(store, arrival->partner, document->received_at_ms, why);
    if (!tally)
        return false;
    const struct savepoint before = {store->counters, *tally};
    bool is_guarded = document->item_count > 1;
    if (is_guarded && !database_run(store->database, "SAVEPOINT document", why))
        return false;
    if (!store_items(store, arrival, receipts, &conflict, why))
        return false;
    if (conflict == document->item_count)
        return !is_guarded || database_run(store->database, "RELEASE document", why);
    if (is_guarded && !database_run(store->database, "ROLLBACK TO document; RELEASE document", why))
        return false;
    store->counters = before.counters;
    store_forget_names(store); /* some may have been made after the savepoint */
    tally = store_tally(store, arrival->partner, document->received_at_ms, why);
    if (!tally)
        return false;
    *tally = before.tally;
    arrival->first = 0;
    if (!store_conflict(store, arrival, conflict, &receipts[0], why))
        return false;
    receipts[0].verdict = SPOOL_CONFLICT;
    for (size_t i = 1; i < document->item_count; i++)
        receipts[i] = receipts[0];
    return true;
}

static const char *common_dossier(const struct spool_document *document)
{
    const char *code = lane_of(&document->items[0]);
    for (size_t i = 1; code && i < document->item_count; i++) {
        const char *other = lane_of(&document->items[i]);
        if (!other || strcmp(code, other) != 0)
            return NULL;
    }
    return code;
}

bool store_document(struct store *store, const struct spool_document *document,
                    struct spool_receipt *receipts, struct fault *why)
{
    struct arrival arrival = {.document = document, .dossier = common_dossier(document)};
    if (!name_parts(store, &arrival, why) ||
        !body_pack(document->bytes, document->size, store->compress_above_bytes, &arrival.original,
                   why))
        return false;
    bool stored = store_or_conflict(store, &arrival, receipts, why);
    body_release(&arrival.original);
    return stored;
}
