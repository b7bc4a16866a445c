/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a spool and its files, as a power cut left them, are sound and hold what was promised. */
#include "judge.h"

#include "base/cleanup.h"
#include "files/place.h"
#include "files/store.h"
#include "spool/database.h"
#include "spool/delivery.h"
#include "spool/facet.h"
#include "spool/filing.h"
#include "spool/reader.h"
#include "spool/receipt.h"
#include "spool/spool.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(sqlite3 *, database_close)
ENDS_WITH_SCOPE(DIR *, closedir)

enum { PATH_SIZE = 1024, LINE_SIZE = 512, FILE_LIMIT = 64 << 20 };

struct court {
    const struct judging *judging;
    char spool_file[PATH_SIZE];
    char files[PATH_SIZE];
    struct spool *spool;
    struct file_store *store;
    struct spool_reader *reader;
    int64_t highest; /* entry of a promise */
};

__attribute__((format(printf, 2, 3))) static void find(const struct court *court, const char *form,
                                                       ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, form);
    (void)vsnprintf(line, sizeof line, form, arguments);
    va_end(arguments);
    court->judging->each(court->judging->own, line);
}

/* ---- as the daemon starts ---- */

static bool open_all(struct court *court)
{
    struct fault why;
    const struct spool_options options = {.file = court->spool_file,
                                          .queue_entries = 1000,
                                          .queue_bytes = 64 << 20,
                                          .compress_above_bytes = 4096,
                                          .checkpoint_pages = 1000,
                                          .overdue_ms = INT64_MAX};
    const struct file_store_options files = {
        .folder = court->files, .file_limit_bytes = FILE_LIMIT, .masters = keyring_served()};
    court->spool = spool_open(&options, &why);
    if (!court->spool) {
        find(court, "the spool does not open: %s", why.text);
        return false;
    }
    court->store = file_store_open(&files, &why);
    if (!court->store) {
        find(court, "the file store does not open: %s", why.text);
        return false;
    }
    court->reader = spool_reader_open(court->spool_file, &why);
    if (!court->reader)
        find(court, "a reader does not open: %s", why.text);
    return court->reader != NULL;
}

static void close_all(struct court *court)
{
    spool_reader_close(court->reader);
    file_store_close(court->store);
    spool_close(court->spool);
}

/* ---- what was handed off ---- */

static void note_unsound(void *own, const char *finding)
{
    find(own, "spool check: %s", finding);
}

static bool check_sum(void *own, const struct spool_sum *sum)
{
    int64_t accounted = sum->published + sum->waiting + sum->parked + sum->dead + sum->discarded +
                        sum->refused + sum->pruned;
    if (accounted != sum->received)
        find(own, "the sum of %s on %d differs: %" PRId64 " received, %" PRId64 " accounted for",
             sum->partner, (int)sum->day, sum->received, accounted);
    return true;
}

static void check_spool(struct court *court)
{
    enum { FIRST_DAY = 19700102, LAST_DAY = 29991231 };
    struct fault why;
    if (!spool_check(court->reader, note_unsound, court, &why) && why.kind != FAULT_BROKEN)
        find(court, "spool check ends: %s", why.text);
    if (!spool_sums(court->reader, FIRST_DAY, LAST_DAY, check_sum, court, &why))
        find(court, "the sums cannot be had: %s", why.text);
}

/* One promised entry under the eyes of spool_find. */
struct looked {
    const struct promise *promise;
    bool is_same;
    int64_t document;
};

static bool compare_entry(void *own, const struct spool_entry *entry)
{
    struct looked *looked = own;
    looked->is_same = !entry->is_damaged && entry->item_no == looked->promise->item &&
                      memcmp(entry->document_sha256, looked->promise->sha256, SHA256_SIZE) == 0;
    looked->document = entry->document;
    return true;
}

/* Files are moved out of some documents: the digest of what is kept is then another one, which
 * spool check compares. */
static void check_original(struct court *court, const struct promise *promise, int64_t document)
{
    struct fault why;
    size_t size = 0;
    auto_free(free) char *bytes = spool_original(court->reader, document, &size, &why);
    bool may_be_shredded = promise->shredding_at <= court->judging->at;
    if (!bytes && !(may_be_shredded && why.kind == FAULT_REFUSE))
        find(court, "%s: its original cannot be had: %s", promise->receipt, why.text);
    if (bytes && promise->shredded_at <= court->judging->at)
        find(court, "%s: its document was shredded, and is there", promise->receipt);
}

static void check_handoff(struct court *court, const struct promise *promise)
{
    struct fault why;
    struct looked looked = {.promise = promise};
    int64_t entry = 0;
    if (!receipt_read(spool_receipt_key(court->spool), promise->receipt, &entry)) {
        find(court, "%s is no receipt of this spool any more", promise->receipt);
        return;
    }
    court->highest = entry > court->highest ? entry : court->highest;
    if (!spool_find(court->reader, entry, compare_entry, &looked, &why)) {
        if (promise->gone_at > court->judging->at)
            find(court, "%s was accepted and is lost: %s", promise->receipt, why.text);
        return;
    }
    if (!looked.is_same)
        find(court, "%s is another entry than was accepted", promise->receipt);
    else
        check_original(court, promise, looked.document);
}

/* ---- what a partner took ---- */

static bool is_delivered(void *own, const struct spool_delivery *delivery)
{
    bool *is_over = own;
    *is_over = delivery->state == DELIVERY_DELIVERED;
    return true;
}

/* Or its dossier would come a second time, after what came behind it. */
static void check_delivery(struct court *court, const struct promise *promise)
{
    struct fault why;
    bool is_over = false;
    bool is_found =
        spool_find_delivery(court->reader, promise->delivery, is_delivered, &is_over, &why);
    if (is_found && !is_over)
        find(court, "delivery %" PRId64 " was taken, and is to be made again", promise->delivery);
    if (!is_found && promise->gone_at > court->judging->at)
        find(court, "delivery %" PRId64 " was taken and is lost: %s", promise->delivery, why.text);
}

/* ---- files ---- */

/* What is wrong with a file, NULL when nothing is. */
static const char *read_file(struct court *court, const uint8_t *sha256, struct fault *why)
{
    int64_t size = 0;
    struct file_reader *reader = file_store_lend(court->store, sha256, &size, why);
    file_reader_close(reader);
    return reader ? NULL : why->text;
}

static void check_file(struct court *court, const struct promise *promise)
{
    struct fault why;
    bool is_uploaded = false;
    char hex[SHA256_HEX_SIZE];
    digest_hex(promise->sha256, SHA256_SIZE, hex);
    if (promise->gone_at <= court->judging->at)
        return;
    const char *wrong = read_file(court, promise->sha256, &why);
    if (wrong)
        find(court, "the file %s was accepted and is lost: %s", hex, wrong);
    if (!spool_uploaded(court->reader, promise->sha256, promise->partner, &is_uploaded, &why) ||
        !is_uploaded)
        find(court, "the file %s was accepted, and its upload is forgotten", hex);
}

/* What an entry or an arrival uses is there, whoever was told what. */
static void check_uses(struct court *court, sqlite3 *database)
{
    struct fault why;
    auto_free(sqlite3_finalize) sqlite3_stmt *rows =
        database_prepare(database, "SELECT DISTINCT sha256 FROM file_use", &why);
    if (!rows) {
        find(court, "the uses of files cannot be had: %s", why.text);
        return;
    }
    for (bool found; database_next(database, rows, "look for uses", &found, &why) && found;) {
        char hex[SHA256_HEX_SIZE];
        digest_hex(sqlite3_column_blob(rows, 0), SHA256_SIZE, hex);
        const char *wrong = read_file(court, sqlite3_column_blob(rows, 0), &why);
        if (wrong)
            find(court, "the file %s is used and is lost: %s", hex, wrong);
    }
}

static bool is_noted(sqlite3 *database, const uint8_t *sha256)
{
    struct fault why;
    bool found = false;
    auto_free(sqlite3_finalize) sqlite3_stmt *find_upload =
        database_prepare(database, "SELECT 1 FROM upload WHERE sha256 = ?", &why);
    if (!find_upload)
        return false;
    bind_bytes(find_upload, 1, sha256, SHA256_SIZE);
    return database_next(database, find_upload, "look for an upload", &found, &why) && found;
}

/* Sealed where there are keys; nothing in these runs was stored before there were. */
static bool read_name(const char *name, uint8_t sha256[SHA256_SIZE])
{
    const char *suffix = keyring_served() ? SEALED_SUFFIX : "";
    size_t size = strlen(name);
    char hex[SHA256_HEX_SIZE];
    if (size != 2 * SHA256_SIZE + strlen(suffix) || strcmp(name + 2 * SHA256_SIZE, suffix) != 0)
        return false;
    memcpy(hex, name, 2 * SHA256_SIZE);
    hex[2 * SHA256_SIZE] = '\0';
    return digest_unhex(hex, SHA256_SIZE, sha256);
}

/* What is there under its hash is whole, and somebody will remove it one day. */
static void check_shelf(struct court *court, sqlite3 *database, const char *name)
{
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    char path[PATH_SIZE + NAME_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", court->files, name);
    auto_free(closedir) DIR *listing = opendir(path);
    for (struct dirent *entry = NULL; listing && (entry = readdir(listing));) {
        if (entry->d_name[0] == '.')
            continue;
        bool is_hash = read_name(entry->d_name, sha256);
        const char *wrong = is_hash ? read_file(court, sha256, &why) : "its name is no file's";
        if (wrong)
            find(court, "the file %s is there and not whole: %s", entry->d_name, wrong);
        else if (!is_noted(database, sha256))
            find(court, "the file %s is there, and nobody knows of it", entry->d_name);
    }
}

static void check_files(struct court *court)
{
    struct fault why;
    auto_free(database_close) sqlite3 *database = database_open_reader(court->spool_file, &why);
    auto_free(closedir) DIR *listing = opendir(court->files);
    if (!database || !listing) {
        find(court, "the files cannot be looked through");
        return;
    }
    check_uses(court, database);
    for (struct dirent *entry = NULL; (entry = readdir(listing));)
        if (entry->d_type == DT_DIR && strlen(entry->d_name) == 2 && entry->d_name[0] != '.')
            check_shelf(court, database, entry->d_name);
}

/* ---- FILE.find ---- */

static bool count_missing(sqlite3 *database, sqlite3 *facets, int64_t until, int64_t *missing,
                          struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *entries = database_prepare(
        database,
        "SELECT number, (SELECT text FROM name WHERE no = partner) FROM entry WHERE number <= ?",
        why);
    auto_free(sqlite3_finalize) sqlite3_stmt *find_facet =
        database_prepare(facets, "SELECT 1 FROM facet WHERE key = ? AND number = ?", why);
    if (!entries || !find_facet)
        return false;
    bind_number(entries, 1, until);
    for (bool found;;) {
        if (!database_next(database, entries, "read entries", &found, why) || !found)
            return !found;
        bind_number(find_facet, 1,
                    facet_key(FIND_PARTNER, (const char *)sqlite3_column_text(entries, 1)));
        bind_number(find_facet, 2, sqlite3_column_int64(entries, 0));
        if (!database_next(facets, find_facet, "find an entry", &found, why))
            return false;
        *missing += !found;
        (void)sqlite3_reset(find_facet); /* repeats the step's code */
    }
}

/* It may lag behind, and it may be gone; what it says that it has, it has. */
static void check_find(struct court *court)
{
    struct fault why;
    int64_t missing = 0;
    int64_t last = 0;
    struct facet_position position = {.entry = 0};
    auto_free(free) char *file = facet_file(court->spool_file, &why);
    auto_free(database_close) sqlite3 *facets = file ? facet_open_reader(file, &why) : NULL;
    auto_free(database_close) sqlite3 *database = database_open_reader(court->spool_file, &why);
    if (!facets)
        return;
    if (!database || !facet_read_position(facets, &position, &why) ||
        !database_number(database, "SELECT max(number) FROM entry", &last, &why) ||
        !count_missing(database, facets, position.entry, &missing, &why)) {
        find(court, "FILE.find: %s", why.text);
        return;
    }
    if (missing > 0)
        find(court, "FILE.find does not find %" PRId64 " entries that it says it has", missing);
    if (position.entry > last && last > court->highest)
        find(court, "FILE.find has entry %" PRId64 " and the spool ends with %" PRId64,
             position.entry, last);
}

/* ---- and it goes on ---- */

struct next {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_ended; /* guarded by lock, as is the entry */
    int64_t entry;
};

static void note_next(void *own, const struct spool_receipt *receipts, size_t count,
                      const struct fault *why)
{
    struct next *next = own;
    (void)count;
    (void)why;
    (void)pthread_mutex_lock(&next->lock);
    next->entry = receipts ? receipts[0].entry : 0;
    next->is_ended = true;
    (void)pthread_cond_signal(&next->ended);
    (void)pthread_mutex_unlock(&next->lock);
}

/* A number that somebody holds a receipt of is never given again. */
static void check_next(struct court *court)
{
    struct fault why;
    struct next next = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    const struct spool_item item = {
        .native_id = "after the cut", .native_id_size = 13, .cause = "test"};
    const struct spool_document document = {.partner = "powercut",
                                            .adapter = "none",
                                            .media_type = "text/plain",
                                            .bytes = "x",
                                            .size = 1,
                                            .received_at_ms = 1747035900000,
                                            .items = &item,
                                            .item_count = 1};
    if (!spool_add(court->spool, &document, note_next, &next, &why)) {
        find(court, "the spool takes nothing more: %s", why.text);
        return;
    }
    (void)pthread_mutex_lock(&next.lock);
    while (!next.is_ended)
        (void)pthread_cond_wait(&next.ended, &next.lock);
    (void)pthread_mutex_unlock(&next.lock);
    if (next.entry == 0)
        find(court, "the spool stores nothing more");
    else if (next.entry <= court->highest)
        find(court, "number %" PRId64 " is given again, after %" PRId64, next.entry,
             court->highest);
}

void judge(const struct judging *judging)
{
    static void (*const checks[])(struct court *,
                                  const struct promise *) = {[PROMISE_HANDOFF] = check_handoff,
                                                             [PROMISE_FILE] = check_file,
                                                             [PROMISE_DELIVERY] = check_delivery};
    struct court court = {.judging = judging};
    (void)snprintf(court.spool_file, PATH_SIZE, "%s/spool/spool.db", judging->folder);
    (void)snprintf(court.files, PATH_SIZE, "%s/store/files", judging->folder);
    if (open_all(&court)) {
        check_spool(&court);
        for (size_t i = 0; i < judging->promises->count; i++) {
            const struct promise *promise = &judging->promises->list[i];
            if (promise->given_at > judging->at)
                continue;
            checks[promise->kind](&court, promise);
        }
        check_files(&court);
        check_find(&court);
        check_next(&court);
    }
    close_all(&court);
}
