/* SPDX-License-Identifier: Apache-2.0 */
/* A spool in a folder of its own, and handoffs to put into it. */
#ifndef UNIT_SPOOL_WORLD_H
#define UNIT_SPOOL_WORLD_H

#include "unit.h"

#include "spool/reader.h"
#include "spool/spool.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

enum { WORLD_PATH_SIZE = 64, PARCEL_ITEMS = 8 };

struct world {
    char folder[WORLD_PATH_SIZE];
    char file[WORLD_PATH_SIZE + 16];
    struct spool_options options;
    struct spool *spool;
    struct spool_reader *reader;
    int32_t schema_no;
};

static inline void world_must(bool passed, const struct fault *why)
{
    if (!passed)
        fail_msg("%s", why->text);
}

static inline void world_open(struct world *world)
{
    struct fault why;
    world->spool = spool_open(&world->options, &why);
    world_must(world->spool, &why);
    world->reader = spool_reader_open(world->file, &why);
    world_must(world->reader, &why);
    world_must(spool_schema(world->spool, "events-value", "{}", 7, &world->schema_no, &why), &why);
}

static inline void world_close(struct world *world)
{
    spool_reader_close(world->reader);
    spool_close(world->spool);
    world->reader = NULL;
    world->spool = NULL;
}

/* Names the folder and sets the options, opens nothing. */
static inline void world_prepare(struct world *world)
{
    (void)snprintf(world->folder, sizeof world->folder, "/tmp/lienthong-spool-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->file, sizeof world->file, "%s/spool.db", world->folder);
    world->options = (struct spool_options){.file = world->file,
                                            .queue_entries = 10000,
                                            .queue_bytes = 64 << 20,
                                            .compress_above_bytes = 4096,
                                            .checkpoint_pages = 200,
                                            .overdue_ms = 3600000};
}

static inline void world_make(struct world *world)
{
    world_prepare(world);
    world_open(world);
}

static inline void world_remove(const struct world *world)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", ".copy"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[sizeof world->file + 8];
        (void)snprintf(path, sizeof path, "%s%s", world->file, suffixes[i]);
        (void)unlink(path); /* not every test makes all of them */
    }
    assert_int_equal(rmdir(world->folder), 0);
}

static inline void world_end(struct world *world)
{
    world_close(world);
    world_remove(world);
}

/* One document with the texts that its items point to. */
struct parcel {
    struct spool_document document;
    struct spool_item items[PARCEL_ITEMS];
    char native_ids[PARCEL_ITEMS][24];
    char dossiers[PARCEL_ITEMS][40];
    char events[PARCEL_ITEMS][64];
    char bytes[96];
};

/* A document of `partner` that carries nothing yet. */
static inline void parcel_begin(struct parcel *parcel, const char *partner, int64_t received_at_ms)
{
    memset(parcel, 0, sizeof *parcel);
    parcel->document = (struct spool_document){.partner = partner,
                                               .adapter = "lienthong-xml",
                                               .media_type = "application/xml",
                                               .bytes = parcel->bytes,
                                               .received_at_ms = received_at_ms,
                                               .items = parcel->items};
}

/* Its next item: an event of `dossier` (0: it has none), in `version` of its content. */
static inline struct spool_item *parcel_item(struct parcel *parcel, int id, int dossier,
                                             int version)
{
    size_t at = parcel->document.item_count++;
    struct spool_item *item = &parcel->items[at];
    (void)snprintf(parcel->native_ids[at], sizeof parcel->native_ids[at], "id-%d", id);
    (void)snprintf(parcel->dossiers[at], sizeof parcel->dossiers[at], "000.12.40.H09-250512-%04d",
                   dossier);
    (void)snprintf(parcel->events[at], sizeof parcel->events[at], "<event %d of %d, version %d>",
                   id, dossier, version);
    item->native_id = parcel->native_ids[at];
    item->native_id_size = strlen(item->native_id);
    item->dossier_code = dossier ? parcel->dossiers[at] : NULL;
    item->event = parcel->events[at];
    item->event_size = strlen(item->event);
    item->event_type = "SUBMITTED";
    item->schema_no = 1;
    digest_sha256(item->event, item->event_size, item->content_sha256);
    (void)snprintf(parcel->bytes, sizeof parcel->bytes, "<original of %s>", parcel->events[0]);
    parcel->document.size = strlen(parcel->bytes);
    digest_sha256(parcel->bytes, parcel->document.size, parcel->document.sha256);
    return item;
}

/* What the spool said about a parcel. */
struct answer {
    pthread_mutex_t lock;
    pthread_cond_t given;
    bool is_given; /* guarded by lock, as are the rest */
    struct spool_receipt receipts[PARCEL_ITEMS];
    size_t count;
    struct fault fault;
};

#define ANSWER_INITIAL                                                                             \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER                       \
    }

static inline void answer_done(void *own, const struct spool_receipt *receipts, size_t count,
                               const struct fault *why)
{
    struct answer *answer = own;
    (void)pthread_mutex_lock(&answer->lock);
    answer->count = count;
    if (receipts)
        memcpy(answer->receipts, receipts, count * sizeof *receipts);
    else
        answer->fault = *why;
    answer->is_given = true;
    (void)pthread_cond_signal(&answer->given);
    (void)pthread_mutex_unlock(&answer->lock);
}

/* Adds and waits for the answer; the fault is in it. */
static inline bool world_try(struct world *world, const struct parcel *parcel,
                             struct answer *answer)
{
    if (!spool_add(world->spool, &parcel->document, answer_done, answer, &answer->fault))
        return false;
    (void)pthread_mutex_lock(&answer->lock);
    while (!answer->is_given)
        (void)pthread_cond_wait(&answer->given, &answer->lock);
    (void)pthread_mutex_unlock(&answer->lock);
    return answer->fault.kind == FAULT_NONE;
}

/* Adds; anything but success fails the test. */
static inline struct answer world_add(struct world *world, const struct parcel *parcel)
{
    struct answer answer = ANSWER_INITIAL;
    bool is_added = world_try(world, parcel, &answer);
    world_must(is_added, &answer.fault);
    return answer;
}

/* Adds one item: id, dossier, version. */
static inline struct spool_receipt world_add_one(struct world *world, int id, int dossier,
                                                 int version)
{
    struct parcel parcel;
    parcel_begin(&parcel, "motcua", 1747035900000 + id);
    (void)parcel_item(&parcel, id, dossier, version);
    return world_add(world, &parcel).receipts[0];
}

/* The number that a query gives. */
static inline int64_t world_ask(const struct world *world, const char *sql)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    (void)sqlite3_busy_timeout(database, 10000); /* another process may be opening it */
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return number;
}

/* Waits until all that was said to the spool before is committed. */
static inline void world_settle(struct world *world)
{
    struct fault why;
    world_must(spool_pin_schema(world->spool, world->schema_no, 1, &why), &why);
}

static inline void world_print_finding(void *own, const char *finding)
{
    (void)own;
    print_error("%s\n", finding);
}

/* Reads everything and finds nothing wrong. */
static inline void world_check(struct world *world)
{
    struct fault why;
    assert_non_null(world->reader); /* what could not be opened is torn down, too */
    world_must(spool_check(world->reader, world_print_finding, NULL, &why), &why);
}

static inline void count_finding(void *own, const char *finding)
{
    int *count = own;
    assert_non_null(finding);
    ++*count;
}

/* Changes one byte of the file where `bytes` stand; they must be there once. */
static inline void flip_byte(const char *path, const char *bytes)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    char *all = malloc(size);
    assert_non_null(all);
    rewind(file);
    assert_int_equal(fread(all, 1, size, file), size);
    const char *at = memmem(all, size, bytes, strlen(bytes));
    assert_non_null(at);
    assert_int_equal(fseek(file, at - all + 3, SEEK_SET), 0);
    assert_int_not_equal(fputc(at[3] ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
    free(all);
}

/* Noise in a page's place. */
static inline void overwrite_page(const char *path, int64_t page)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    uint8_t noise[4096];
    random_fill(noise, sizeof noise);
    noise[0] = 0xA5; /* no kind of page */
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, noise, sizeof noise, (page - 1) * 4096), sizeof noise);
    assert_int_equal(close(file), 0);
}

/* Says what Kafka has, and waits until the spool knows it. */
static inline void world_publish(struct world *world, int64_t watermark)
{
    spool_published(world->spool, watermark, NULL, 0);
    for (int round = 0; spool_watermark(world->spool) < watermark; round++) {
        assert_true(round < 5000);
        (void)usleep(1000);
    }
}

/* A test's world of its own, sound at its end. */
static inline int world_set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world_make(world);
    *state = world;
    return 0;
}

static inline int world_tear_down(void **state)
{
    struct world *world = *state;
    world_check(world);
    world_end(world);
    free(world);
    return 0;
}

#endif
