/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's interface: what other threads ask of the writer, and how they hear the answer. */
#include "spool/lock.h"
#include "spool/wal.h"
#include "spool/writer.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { PRUNE_STEP = 500, REFUSALS_PER_ENTRY = 4 };

struct adding {
    struct task task;
    const struct spool_document *document;
    spool_done done;
    void *own;
    struct spool_receipt receipts[]; /* one for each item */
};

static bool write_document(struct task *task, struct store *store, struct fault *why)
{
    struct adding *adding = (struct adding *)task;
    return store_document(store, adding->document, adding->receipts, why);
}

static void end_document(struct task *task, const struct fault *why)
{
    struct adding *adding = (struct adding *)task;
    adding->done(adding->own, why ? NULL : adding->receipts, adding->document->item_count, why);
    free(adding);
}

bool spool_add(struct spool *spool, const struct spool_document *document, spool_done done,
               void *own, struct fault *why)
{
    if (!progress_has_room(&spool->progress, why))
        return false;
    size_t receipts = document->item_count * sizeof(struct spool_receipt);
    struct adding *adding = calloc(1, sizeof *adding + receipts);
    if (!adding)
        return fault_memory(why);
    int64_t bytes = (int64_t)document->size;
    for (size_t i = 0; i < document->item_count; i++)
        bytes += (int64_t)document->items[i].event_size;
    adding->task = (struct task){
        .write = write_document,
        .end = end_document,
        .entries = (int64_t)document->item_count,
        .bytes = bytes,
    };
    adding->document = document;
    adding->done = done;
    adding->own = own;
    if (queue_put(&spool->queue, &adding->task, spool->options.queue_entries,
                  spool->options.queue_bytes, why))
        return true;
    free(adding);
    return false;
}

struct refusal {
    struct task task;
    int64_t received_at_ms;
    char partner[];
};

static bool write_refusal(struct task *task, struct store *store, struct fault *why)
{
    const struct refusal *refusal = (const struct refusal *)task;
    int64_t partner;
    if (!store_name(store, refusal->partner, &partner, why))
        return false;
    struct tally *tally = store_tally(store, partner, refusal->received_at_ms, why);
    if (!tally)
        return false;
    tally->received++;
    tally->refused++;
    return true;
}

static void free_task(struct task *task, const struct fault *why)
{
    (void)why; /* it fails only when the spool closes, and nobody waits */
    free(task);
}

void spool_count_refused(struct spool *spool, const char *partner, int64_t received_at_ms)
{
    struct fault why;
    size_t size = strlen(partner) + 1;
    struct refusal *refusal = calloc(1, sizeof *refusal + size);
    if (!refusal)
        return;
    refusal->task =
        (struct task){.write = write_refusal, .end = free_task, .entries = 1, .is_lasting = true};
    refusal->received_at_ms = received_at_ms;
    memcpy(refusal->partner, partner, size);
    /* Beyond this a flood of bad documents would be memory: it goes uncounted on both sides. */
    if (!queue_put(&spool->queue, &refusal->task, spool->options.queue_entries * REFUSALS_PER_ENTRY,
                   NO_LIMIT, &why))
        free(refusal);
}

struct publishing {
    struct task task;
    int64_t watermark;
    size_t count;
    struct spool_place places[];
};

static bool write_publishing(struct task *task, struct store *store, struct fault *why)
{
    const struct publishing *publishing = (const struct publishing *)task;
    return store_published(store, publishing->watermark, publishing->places, publishing->count,
                           why);
}

void spool_published(struct spool *spool, int64_t watermark, const struct spool_place *places,
                     size_t count)
{
    struct fault why;
    struct publishing *publishing = calloc(1, sizeof *publishing + count * sizeof *places);
    if (!publishing)
        return; /* the next one moves the mark; these places stay unknown */
    publishing->task =
        (struct task){.write = write_publishing, .end = free_task, .is_lasting = true};
    publishing->watermark = watermark;
    publishing->count = count;
    if (count > 0)
        memcpy(publishing->places, places, count * sizeof *places);
    if (!queue_put(&spool->queue, &publishing->task, NO_LIMIT, NO_LIMIT, &why))
        free(publishing); /* closing: Kafka has the number */
}

struct schema_call {
    const char *subject, *text;
    uint64_t fingerprint;
    int32_t no, registry_id;
};

static bool work_schema(struct store *store, void *arguments, struct fault *why)
{
    struct schema_call *call = arguments;
    auto_free(sqlite3_finalize) sqlite3_stmt *add =
        database_prepare(store->database,
                         "INSERT INTO schema (subject, fingerprint, text) VALUES (?, ?, ?)"
                         " ON CONFLICT DO UPDATE SET text = excluded.text RETURNING no",
                         why);
    bool found = false;
    if (!add)
        return false;
    bind_text(add, 1, call->subject);
    bind_number(add, 2, (int64_t)call->fingerprint);
    bind_text(add, 3, call->text);
    if (!database_next(store->database, add, "store a schema", &found, why))
        return false;
    call->no = (int32_t)sqlite3_column_int64(add, 0);
    return true;
}

bool spool_schema(struct spool *spool, const char *subject, const char *text, uint64_t fingerprint,
                  int32_t *schema_no, struct fault *why)
{
    struct schema_call call = {.subject = subject, .text = text, .fingerprint = fingerprint};
    if (!writer_do(spool, work_schema, &call, why))
        return false;
    *schema_no = call.no;
    return true;
}

static bool work_pin(struct store *store, void *arguments, struct fault *why)
{
    const struct schema_call *call = arguments;
    auto_free(sqlite3_finalize) sqlite3_stmt *pin =
        database_prepare(store->database, "UPDATE schema SET registry_id = ? WHERE no = ?", why);
    if (!pin)
        return false;
    bind_number(pin, 1, call->registry_id);
    bind_number(pin, 2, call->no);
    return database_step(store->database, pin, "pin a schema", why);
}

bool spool_pin_schema(struct spool *spool, int32_t schema_no, int32_t registry_id,
                      struct fault *why)
{
    struct schema_call call = {.no = schema_no, .registry_id = registry_id};
    return writer_do(spool, work_pin, &call, why);
}

/* What is published once more goes elsewhere. */
static bool forget_places(struct store *store, int64_t above, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *drop =
        database_prepare(store->database, "DELETE FROM placement WHERE last > ?", why);
    if (!drop)
        return false;
    bind_number(drop, 1, above);
    return database_step(store->database, drop, "forget places", why);
}

static bool work_watermark(struct store *store, void *arguments, struct fault *why)
{
    const int64_t *watermark = arguments;
    if (*watermark < 0 || *watermark > store->counters.last_number)
        return fault_set(why, FAULT_REFUSE, "spool: no entry has that number yet");
    if (!database_set_number(store->database, "watermark", *watermark, why) ||
        !forget_places(store, *watermark, why))
        return false;
    store->counters.watermark = *watermark;
    return true;
}

bool spool_set_watermark(struct spool *spool, int64_t watermark, struct fault *why)
{
    return writer_do(spool, work_watermark, &watermark, why);
}

struct lane_call {
    int64_t number;
    const char *cause, *text;
};

static bool work_bury(struct store *store, void *arguments, struct fault *why)
{
    const struct lane_call *call = arguments;
    return lane_bury(store, call->number, call->cause, call->text, why);
}

static bool work_release(struct store *store, void *arguments, struct fault *why)
{
    const struct lane_call *call = arguments;
    return lane_release(store, call->number, why);
}

static bool work_discard(struct store *store, void *arguments, struct fault *why)
{
    const struct lane_call *call = arguments;
    return lane_discard(store, call->number, call->text, why);
}

bool spool_bury(struct spool *spool, int64_t number, const char *cause, const char *detail,
                struct fault *why)
{
    struct lane_call call = {number, cause, detail};
    return writer_do(spool, work_bury, &call, why);
}

bool spool_release(struct spool *spool, int64_t entry, struct fault *why)
{
    struct lane_call call = {.number = entry};
    return writer_do(spool, work_release, &call, why);
}

bool spool_discard(struct spool *spool, int64_t entry, const char *reason, struct fault *why)
{
    struct lane_call call = {.number = entry, .text = reason};
    return writer_do(spool, work_discard, &call, why);
}

static bool work_prune_entries(struct store *store, void *arguments, struct fault *why)
{
    return prune_some(store, arguments, PRUNE_STEP, why);
}

static bool work_prune_arrivals(struct store *store, void *arguments, struct fault *why)
{
    return prune_arrivals(store, arguments, PRUNE_STEP, why);
}

static bool work_prune_notices(struct store *store, void *arguments, struct fault *why)
{
    return prune_notices(store, arguments, PRUNE_STEP, why);
}

static bool work_prune_jobs(struct store *store, void *arguments, struct fault *why)
{
    return prune_jobs(store, arguments, PRUNE_STEP, why);
}

void spool_interrupt(struct spool *spool)
{
    atomic_store(&spool->is_interrupted, true);
}

bool spool_prune(struct spool *spool, int64_t before_ms, int64_t *count, struct fault *why)
{
    static bool (*const works[])(struct store *, void *, struct fault *) = {
        work_prune_jobs, work_prune_notices, work_prune_arrivals, work_prune_entries};
    struct pruning pruning = {0};
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        pruning =
            (struct pruning){.before_ms = before_ms, .now_ms = clock_now_ms(), .has_more = true};
        while (pruning.has_more)
            if (!writer_goes_on(spool, why) || !writer_do(spool, works[i], &pruning, why))
                return false;
    }
    *count = pruning.count; /* of entries, the last */
    return true;
}

/* The key of the receipts is made once, with the spool. */
static bool load_receipt_key(struct spool *spool, sqlite3 *database, struct fault *why)
{
    size_t size;
    if (!database_get(database, "receipt_key", spool->receipt_key, sizeof spool->receipt_key, &size,
                      why))
        return false;
    if (size == sizeof spool->receipt_key)
        return true;
    random_fill(spool->receipt_key, sizeof spool->receipt_key);
    return database_set(database, "receipt_key", spool->receipt_key, sizeof spool->receipt_key,
                        why);
}

static bool start(struct spool *spool, struct fault *why)
{
    if (!spool_lock(spool->file, &spool->lock_file, why) || !wal_check(spool->file, why))
        return false;
    spool->store.database = database_open_writer(spool->file, why);
    spool->store.compress_above_bytes = spool->options.compress_above_bytes;
    return spool->store.database && load_receipt_key(spool, spool->store.database, why) &&
           store_open(&spool->store, spool->store.database, why) && writer_start(spool, why);
}

struct spool *spool_open(const struct spool_options *options, struct fault *why)
{
    struct spool *spool = calloc(1, sizeof *spool);
    char *file = strdup(options->file);
    if (!spool || !file) {
        free(spool);
        free(file);
        (void)fault_memory(why);
        return NULL;
    }
    spool->options = *options;
    spool->options.file = spool->file = file;
    spool->lock_file = -1;
    queue_open(&spool->queue);
    progress_open(&spool->progress);
    watchers_open(&spool->watchers);
    if (start(spool, why))
        return spool;
    spool_close(spool);
    return NULL;
}

void spool_close(struct spool *spool)
{
    if (!spool)
        return;
    writer_stop(spool);
    progress_end(&spool->progress);
    if (spool->store.database) {
        store_close(&spool->store);
        database_close(spool->store.database); /* the last to close it checkpoints */
    }
    progress_close(&spool->progress);
    watchers_close(&spool->watchers);
    queue_close(&spool->queue);
    if (spool->lock_file >= 0)
        (void)close(spool->lock_file); /* ends the lock */
    free(spool->file);
    free(spool);
}

const uint8_t *spool_receipt_key(const struct spool *spool)
{
    return spool->receipt_key;
}
