/* SPDX-License-Identifier: Apache-2.0 */
/* What the spool costs beside bare inserts: entries a second, in one run, for groups of each size.
 *
 *     spool [FOLDER [SECONDS]]
 *     spool FOLDER SECONDS deliveries
 *     spool FOLDER fill ENTRIES DEAD
 *     spool FOLDER look
 *
 * Bare is SQLite with the same settings and one table: a row with body and id, the id unique.
 * The second form takes events over from Kafka, a delivery each, and settles them as delivered.
 * The third leaves FOLDER/full-spool.db with that many small entries, published, of which that many
 * are dead of three causes, and its index; the fourth times what operators ask of it. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "spool/deed.h"
#include "spool/finder.h"

#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

enum { ORIGINAL_SIZE = 3072, EVENT_SIZE = 1024, ID_SIZE = 40, CODE_SIZE = 48, MOST_AT_ONCE = 1024 };
enum { CHECKPOINT_PAGES = 8000 };

ENDS_WITH_SCOPE(struct spool *, spool_close)

/* A handoff under way. */
struct handoff {
    struct bench *bench;
    struct handoff *next;
    struct spool_document document;
    struct spool_item item;
    char id[ID_SIZE];
    char code[CODE_SIZE];
    char original[ORIGINAL_SIZE];
    char event[EVENT_SIZE];
};

struct bench {
    char file[256];
    int64_t seconds;
    uint64_t made;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct handoff *idle; /* guarded by lock, as is the rest */
    size_t busy;
    int64_t stored;
    struct fault fault;
};

static void remove_files(const struct bench *bench)
{
    static const char *const suffixes[] = {"",      "-wal",      "-shm",     ".lock",
                                           ".find", ".find-wal", ".find-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[sizeof bench->file + 16];
        (void)snprintf(path, sizeof path, "%s%s", bench->file, suffixes[i]);
        (void)unlink(path); /* the first run finds none */
    }
}

/* Ids are spread as message ids are, codes as dossiers of some agencies on one day. */
static void make_handoff(struct handoff *handoff, uint64_t number)
{
    uint64_t spread = number * 0x9E3779B97F4A7C15U;
    (void)snprintf(handoff->id, sizeof handoff->id, "%016llx-%08llx", (unsigned long long)spread,
                   (unsigned long long)number);
    (void)snprintf(handoff->code, sizeof handoff->code, "000.12.%02llu.H09-250512-%06llu",
                   (unsigned long long)(spread >> 30) % 34, (unsigned long long)number / 3);
    memcpy(handoff->event, &spread, sizeof spread);
    memcpy(handoff->original, &spread, sizeof spread);
    handoff->item = (struct spool_item){
        .native_id = handoff->id,
        .native_id_size = strlen(handoff->id),
        .dossier_code = handoff->code,
        .event = handoff->event,
        .event_size = EVENT_SIZE,
        .schema_no = 1,
        .event_type = "HANDED_OFF",
        .occurred_at_ms = 1747035900000,
        .due_at_ms = 1747735900000,
    };
    memcpy(handoff->item.content_sha256, &spread, sizeof spread);
    handoff->document = (struct spool_document){
        .partner = "motcua-phucuong",
        .adapter = "lienthong-xml",
        .media_type = "application/xml",
        .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        .bytes = handoff->original,
        .size = ORIGINAL_SIZE,
        .received_at_ms = 1747035900000,
        .items = &handoff->item,
        .item_count = 1,
    };
}

static void note_done(void *own, const struct spool_receipt *receipts, size_t count,
                      const struct fault *why)
{
    struct handoff *handoff = own;
    struct bench *bench = handoff->bench;
    (void)pthread_mutex_lock(&bench->lock);
    if (receipts)
        bench->stored += (int64_t)count;
    else
        bench->fault = *why;
    handoff->next = bench->idle;
    bench->idle = handoff;
    bench->busy--;
    (void)pthread_cond_signal(&bench->freed);
    (void)pthread_mutex_unlock(&bench->lock);
}

/* The next idle handoff, now under way; NULL after a fault. */
static struct handoff *take_idle(struct bench *bench)
{
    (void)pthread_mutex_lock(&bench->lock);
    while (!bench->idle && bench->fault.kind == FAULT_NONE)
        (void)pthread_cond_wait(&bench->freed, &bench->lock);
    struct handoff *handoff = bench->fault.kind == FAULT_NONE ? bench->idle : NULL;
    if (handoff) {
        bench->idle = handoff->next;
        bench->busy++;
    }
    (void)pthread_mutex_unlock(&bench->lock);
    return handoff;
}

static void wait_until_idle(struct bench *bench)
{
    (void)pthread_mutex_lock(&bench->lock);
    while (bench->busy > 0)
        (void)pthread_cond_wait(&bench->freed, &bench->lock);
    (void)pthread_mutex_unlock(&bench->lock);
}

/* Keeps handing off for the time set; the done of one makes room for the next. */
static bool hand_off(struct bench *bench, struct spool *spool, struct fault *why)
{
    int64_t until = clock_ticks_ms() + bench->seconds * 1000;
    bool is_added = true;
    while (is_added && clock_ticks_ms() < until) {
        struct handoff *handoff = take_idle(bench);
        if (!handoff)
            return fault_set(why, bench->fault.kind, "%s", bench->fault.text);
        make_handoff(handoff, ++bench->made);
        is_added = spool_add(spool, &handoff->document, note_done, handoff, why);
        if (!is_added) {
            (void)pthread_mutex_lock(&bench->lock);
            bench->busy--;
            (void)pthread_mutex_unlock(&bench->lock);
        }
    }
    wait_until_idle(bench);
    return is_added;
}

/* What one run showed. */
struct outcome {
    double rate;  /* entries a second */
    double group; /* entries in one commit */
    double cpu;   /* microseconds of CPU an entry, of all threads */
};

struct clocks {
    int64_t ticks_ms;
    double cpu;
};

static struct clocks read_clocks(void)
{
    struct timespec cpu;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu); /* cannot fail for this clock */
    return (struct clocks){clock_ticks_ms(), (double)cpu.tv_sec * 1e6 + (double)cpu.tv_nsec * 1e-3};
}

static struct outcome sum_up(struct clocks began, int64_t entries, int64_t groups)
{
    struct clocks ended = read_clocks();
    return (struct outcome){
        .rate = (double)entries * 1000.0 / (double)(ended.ticks_ms - began.ticks_ms),
        .group = groups ? (double)entries / (double)groups : 0,
        .cpu = entries ? (ended.cpu - began.cpu) / (double)entries : 0,
    };
}

static void offer(struct bench *bench, struct handoff *handoffs, size_t count)
{
    bench->idle = NULL;
    bench->stored = 0;
    for (size_t i = 0; i < count; i++) {
        handoffs[i].bench = bench;
        handoffs[i].next = bench->idle;
        bench->idle = &handoffs[i];
    }
}

static bool run_spool(struct bench *bench, size_t at_once, struct outcome *outcome,
                      struct fault *why)
{
    remove_files(bench);
    const struct spool_options options = {
        .file = bench->file,
        .queue_entries = 2 * MOST_AT_ONCE,
        .queue_bytes = 64 << 20,
        .compress_above_bytes = 65536,
        .checkpoint_pages = CHECKPOINT_PAGES,
        .overdue_ms = 3600000,
    };
    struct spool_levels levels;
    auto_free(free) struct handoff *handoffs = calloc(at_once, sizeof *handoffs);
    if (!handoffs)
        return fault_memory(why);
    auto_free(spool_close) struct spool *spool = spool_open(&options, why);
    if (!spool)
        return false;
    offer(bench, handoffs, at_once);
    struct clocks began = read_clocks();
    if (!hand_off(bench, spool, why))
        return false;
    spool_levels(spool, &levels);
    *outcome = sum_up(began, bench->stored, levels.groups);
    return true;
}

/* ---- bare inserts ---- */

struct bare {
    sqlite3 *database;
    sqlite3_stmt *insert, *begin, *commit;
};

static bool bare_fault(const struct bare *bare, struct fault *why)
{
    return fault_set(why, FAULT_BROKEN, "bare: %s", sqlite3_errmsg(bare->database));
}

static bool insert_group(struct bare *bare, struct bench *bench, size_t size, struct fault *why)
{
    static struct handoff handoff; /* no body needs more room than one */
    bool is_done = sqlite3_step(bare->begin) == SQLITE_DONE;
    (void)sqlite3_reset(bare->begin); /* repeats the step's code */
    for (size_t i = 0; is_done && i < size; i++) {
        make_handoff(&handoff, ++bench->made);
        is_done = sqlite3_bind_text(bare->insert, 1, handoff.id, -1, SQLITE_STATIC) == SQLITE_OK &&
                  sqlite3_bind_blob(bare->insert, 2, handoff.event, EVENT_SIZE, SQLITE_STATIC) ==
                      SQLITE_OK &&
                  sqlite3_bind_blob(bare->insert, 3, handoff.original, ORIGINAL_SIZE,
                                    SQLITE_STATIC) == SQLITE_OK &&
                  sqlite3_step(bare->insert) == SQLITE_DONE;
        (void)sqlite3_reset(bare->insert); /* as above */
    }
    is_done = is_done && sqlite3_step(bare->commit) == SQLITE_DONE;
    (void)sqlite3_reset(bare->commit); /* as above */
    return is_done || bare_fault(bare, why);
}

static bool open_bare(struct bare *bare, const char *file, struct fault *why)
{
    static const char tables[] =
        "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;"
        "CREATE TABLE body (number INTEGER PRIMARY KEY, id TEXT UNIQUE, event BLOB, original BLOB)";
    static const char insert[] = "INSERT INTO body (id, event, original) VALUES (?, ?, ?)";
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(file, &bare->database, flags, NULL) != SQLITE_OK ||
        sqlite3_exec(bare->database, tables, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(bare->database, insert, -1, &bare->insert, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(bare->database, "BEGIN", -1, &bare->begin, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(bare->database, "COMMIT", -1, &bare->commit, NULL) != SQLITE_OK)
        return bare_fault(bare, why);
    return true;
}

static void close_bare(struct bare *bare)
{
    (void)sqlite3_finalize(bare->insert); /* repeats the last code */
    (void)sqlite3_finalize(bare->begin);  /* as above */
    (void)sqlite3_finalize(bare->commit); /* as above */
    (void)sqlite3_close(bare->database);  /* nothing is left open in it */
}

static bool run_bare(struct bench *bench, size_t group, struct outcome *outcome, struct fault *why)
{
    struct bare bare = {0};
    int64_t groups = 0;
    remove_files(bench);
    bool is_done = open_bare(&bare, bench->file, why);
    struct clocks began = read_clocks();
    int64_t until = began.ticks_ms + bench->seconds * 1000;
    for (; is_done && clock_ticks_ms() < until; groups++)
        is_done = insert_group(&bare, bench, group, why);
    *outcome = sum_up(began, groups * (int64_t)group, groups);
    close_bare(&bare);
    return is_done;
}

static bool compare(struct bench *bench, size_t at_once, struct fault *why)
{
    struct outcome spool = {0};
    struct outcome bare = {0};
    if (!run_spool(bench, at_once, &spool, why))
        return false;
    size_t group = spool.group < 1 ? 1 : (size_t)(spool.group + 0.5);
    if (!run_bare(bench, group, &bare, why))
        return false;
    printf("%7zu %8.1f %10.0f %8.1f %10.0f %8.1f %7.2f\n", at_once, spool.group, spool.rate,
           spool.cpu, bare.rate, bare.cpu, spool.rate / bare.rate);
    return true;
}

/* ---- deliveries ---- */

enum { LANDING = 64, LANDINGS_AT_ONCE = 4 };

/* Settlements under way hold the handoff that stands for them, as handoffs do. */
static void note_settled(void *own, const struct fault *why)
{
    static const struct spool_receipt settled;
    note_done(own, why ? NULL : &settled, 0, why);
}

static bool land(struct bench *bench, struct spool *spool, struct fault *why)
{
    static struct handoff handoffs[LANDING];
    static const struct spool_target target = {
        .partner = "tinh-lamdong", .agency = "H36", .reason = "handed over to H36, Lam Dong"};
    struct spool_arrival arrivals[LANDING];
    int64_t first = (int64_t)bench->made;
    const struct spool_position position = {"lienthong.dossier-events", 0, first + LANDING};
    for (int64_t i = 0; i < LANDING; i++) {
        struct handoff *handoff = &handoffs[i];
        make_handoff(handoff, ++bench->made);
        arrivals[i] = (struct spool_arrival){
            .offset = first + i,
            .arrived_at_ms = 1747035900000,
            .source = handoff->document.partner,
            .dossier_code = handoff->code,
            .event_type = "HANDED_OFF",
            .traceparent = handoff->document.traceparent,
            .directory = "2025-05-12",
            .due_at_ms = handoff->item.due_at_ms,
            .event = handoff->event,
            .event_size = EVENT_SIZE,
            .schema_no = 1,
            .targets = &target,
            .target_count = 1,
        };
    }
    return spool_arrive(spool, arrivals, LANDING, &position, 1, why);
}

static bool settle_landing(struct bench *bench, struct spool *spool, struct fault *why)
{
    struct spool_settlement settlements[LANDING];
    static const uint8_t digest[SHA256_SIZE] = {1};
    int64_t last = spool_last_arrival(spool);
    struct handoff *handoff = take_idle(bench);
    if (!handoff)
        return fault_set(why, bench->fault.kind, "%s", bench->fault.text);
    for (int64_t i = 0; i < LANDING; i++)
        settlements[i] = (struct spool_settlement){
            .delivery = (last - LANDING + 1 + i) * DELIVERIES_PER_ARRIVAL,
            .kind = SETTLE_DELIVERED,
            .at_ms = 1747035900100,
            .is_attempt = true,
            .status = 200,
            .document_sha256 = digest,
        };
    return spool_settle(spool, settlements, LANDING, note_settled, handoff, why);
}

static bool run_deliveries(struct bench *bench, struct fault *why)
{
    const struct spool_options options = {.file = bench->file,
                                          .queue_entries = 2 * MOST_AT_ONCE,
                                          .queue_bytes = 64 << 20,
                                          .checkpoint_pages = CHECKPOINT_PAGES,
                                          .overdue_ms = 3600000};
    struct spool_levels levels;
    auto_free(free) struct handoff *handoffs = calloc(LANDINGS_AT_ONCE, sizeof *handoffs);
    remove_files(bench);
    if (!handoffs)
        return fault_memory(why);
    auto_free(spool_close) struct spool *spool = spool_open(&options, why);
    if (!spool)
        return false;
    offer(bench, handoffs, LANDINGS_AT_ONCE);
    struct clocks began = read_clocks();
    int64_t until = began.ticks_ms + bench->seconds * 1000;
    bool is_done = true;
    while (is_done && clock_ticks_ms() < until)
        is_done = land(bench, spool, why) && settle_landing(bench, spool, why);
    if (!is_done)
        return false;
    wait_until_idle(bench);
    spool_levels(spool, &levels);
    struct outcome outcome = sum_up(began, (int64_t)bench->made, levels.groups);
    printf("deliveries/s   cpu us   left\n%12.0f %8.1f %6lld\n", outcome.rate, outcome.cpu,
           (long long)(levels.deliveries_waiting + levels.deliveries_parked));
    return true;
}

static bool compare_all(struct bench *bench, struct fault *why)
{
    static const size_t at_once[] = {1, 16, 64, 256, MOST_AT_ONCE};
    bool is_done = true;
    printf("at once    group    spool/s   cpu us     bare/s   cpu us   ratio\n");
    for (size_t i = 0; is_done && i < sizeof at_once / sizeof at_once[0]; i++)
        is_done = compare(bench, at_once[i], why);
    return is_done;
}

/* ---- a full spool, and looking into it ---- */

enum { ITEMS = 50, SMALL_EVENT = 240, FULL_AGENCIES = 34, FULL_PROCEDURES = 900 };

/* A document of many small items. */
struct heap {
    struct handoff *handoff; /* that stands for it */
    struct spool_document document;
    struct spool_item items[ITEMS];
    char ids[ITEMS][ID_SIZE];
    char codes[ITEMS][CODE_SIZE];
    char events[ITEMS][SMALL_EVENT];
};

/* The bench's events are "AGENCY PROCEDURE ALIAS " and filling. */
static bool tell(void *own, const struct spool_entry *entry,
                 bool (*emit)(void *to, enum find_by by, const char *value), void *to)
{
    char words[3][ID_SIZE];
    (void)own;
    if (entry->event_size < SMALL_EVENT ||
        sscanf(entry->event, "%39s %39s %39s", words[0], words[1], words[2]) != 3)
        return false;
    (void)(emit(to, FIND_AGENCY, words[0]) && emit(to, FIND_PROCEDURE, words[1]) &&
           emit(to, FIND_ALIAS, words[2])); /* who has heard enough says so */
    return true;
}
static const struct find_teller teller = {.tell = tell};

static void fill_item(struct heap *heap, size_t at, int64_t number, int64_t dead_step)
{
    static const char *const causes[] = {"R2 /From/OrganId", "R5 /Dossier/Code",
                                         "R7 /Handoff/Deadline"};
    struct spool_item *item = &heap->items[at];
    uint64_t spread = (uint64_t)number * 0x9E3779B97F4A7C15U;
    bool is_dead = dead_step > 0 && number % dead_step == 0;
    (void)snprintf(heap->ids[at], ID_SIZE, "%016" PRIx64 "-%08" PRIx64, spread, (uint64_t)number);
    (void)snprintf(heap->codes[at], CODE_SIZE, "000.12.%02" PRIu64 ".H09-250512-%07" PRId64,
                   (spread >> 30) % FULL_AGENCIES, number / 3);
    memset(heap->events[at], '.', SMALL_EVENT);
    heap->events[at][snprintf(heap->events[at], SMALL_EVENT, "H%02" PRIu64 " 1.%06" PRIu64 " %s",
                              (spread >> 30) % FULL_AGENCIES, (spread >> 40) % FULL_PROCEDURES,
                              heap->ids[at])] = ' ';
    *item = (struct spool_item){
        .native_id = heap->ids[at],
        .native_id_size = strlen(heap->ids[at]),
        .dossier_code = heap->codes[at],
        .event = heap->events[at],
        .event_size = SMALL_EVENT,
        .schema_no = 1,
        .event_type = number % 4 ? "HANDED_OFF" : "RESOLVED",
        .occurred_at_ms = 1747035900000 + number,
        .due_at_ms = 1747735900000 + number % 1000000,
        .cause = is_dead ? causes[number / dead_step % 3] : NULL,
        .detail = is_dead ? "as it is" : NULL,
    };
    memcpy(item->content_sha256, &spread, sizeof spread);
}

static bool add_heap(struct bench *bench, struct spool *spool, struct heap *heap, int64_t dead_step,
                     struct fault *why)
{
    static const char *const partners[] = {"motcua-phucuong", "tinh-lamdong", "congdvc-binhduong"};
    int64_t number = (int64_t)bench->made;
    for (size_t i = 0; i < ITEMS; i++)
        fill_item(heap, i, ++number, dead_step);
    bench->made += ITEMS;
    heap->document = (struct spool_document){
        .partner = partners[number / ITEMS % 3],
        .adapter = "lienthong-xml",
        .media_type = "application/xml",
        .bytes = "<small/>",
        .size = 8,
        .received_at_ms = 1747035900000 + number,
        .items = heap->items,
        .item_count = ITEMS,
    };
    return spool_add(spool, &heap->document, note_done, heap->handoff, why);
}

static bool fill(struct bench *bench, struct spool *spool, int64_t entries, int64_t dead,
                 struct fault *why)
{
    enum { HEAPS = 64 };
    static struct handoff handoffs[HEAPS];
    auto_free(free) struct heap *heaps = calloc(HEAPS, sizeof *heaps);
    if (!heaps)
        return fault_memory(why);
    offer(bench, handoffs, HEAPS);
    bool is_done = true;
    while (is_done && (int64_t)bench->made < entries) {
        struct handoff *handoff = take_idle(bench);
        if (!handoff)
            return fault_set(why, bench->fault.kind, "%s", bench->fault.text);
        heaps[handoff - handoffs].handoff = handoff;
        is_done =
            add_heap(bench, spool, &heaps[handoff - handoffs], dead ? entries / dead : 0, why);
    }
    wait_until_idle(bench);
    return is_done;
}

static bool index_all(struct spool *spool, const char *file, int64_t last, struct fault *why)
{
    const struct finder_options options = {.spool_file = file, .spool = spool, .teller = teller};
    struct spool_reader *reader = spool_reader_open(file, why);
    struct finder *finder = reader ? finder_start(&options, why) : NULL;
    bool is_done = finder != NULL;
    for (int64_t position = 0; is_done && position < last; (void)usleep(10000))
        is_done = spool_found_to(reader, &position, why);
    finder_stop(finder);
    spool_reader_close(reader);
    return is_done;
}

static bool run_fill(struct bench *bench, int64_t entries, int64_t dead, struct fault *why)
{
    const struct spool_options options = {.file = bench->file,
                                          .queue_entries = INT64_MAX / 2,
                                          .queue_bytes = INT64_MAX / 2,
                                          .checkpoint_pages = CHECKPOINT_PAGES,
                                          .overdue_ms = 3600000};
    struct spool_levels levels;
    int32_t schema_no;
    remove_files(bench);
    auto_free(spool_close) struct spool *spool = spool_open(&options, why);
    struct clocks began = read_clocks();
    if (!spool || !spool_schema(spool, "events-value", "{}", 7, &schema_no, why) ||
        !fill(bench, spool, entries, dead, why))
        return false;
    spool_levels(spool, &levels);
    struct outcome outcome = sum_up(began, entries, levels.groups);
    printf("filled: %.0f entries/s, %.1f us; dead %" PRId64 ", parked %" PRId64 "\n", outcome.rate,
           outcome.cpu, levels.dead, levels.parked);
    began = read_clocks();
    if (!spool_set_watermark(spool, levels.last_number, why) ||
        !index_all(spool, bench->file, levels.last_number, why))
        return false;
    outcome = sum_up(began, entries, 1);
    printf("indexed: %.0f entries/s, %.1f us\n", outcome.rate, outcome.cpu);
    return true;
}

static bool count_group(void *own, const struct failure_group *group)
{
    int64_t *counts = own;
    counts[0]++;
    counts[1] += group->count;
    return true;
}

static bool count_entry(void *own, const struct spool_entry *entry)
{
    ++*(int64_t *)own;
    return entry != NULL;
}

static bool look_for(struct spool_reader *reader, const char *what, struct find_filter filter,
                     struct fault *why)
{
    int64_t count = 0;
    int64_t next;
    int64_t began = clock_ticks_us();
    filter.limit = 50;
    filter.teller = &teller;
    if (!spool_search(reader, &filter, count_entry, &count, &next, why))
        return false;
    printf("%-34s %8.2f ms %4" PRId64 " found%s\n", what, (double)(clock_ticks_us() - began) * 1e-3,
           count, next ? ", more" : "");
    return true;
}

static bool run_look(struct bench *bench, struct fault *why)
{
    static const struct {
        const char *what;
        struct find_filter filter;
    } questions[] = {
        {"newest", {.state = -1, .newest_first = true}},
        {"dead", {.state = ENTRY_DEAD, .newest_first = true}},
        {"parked", {.state = ENTRY_PARKED, .newest_first = true}},
        {"partner", {.state = -1, .partner = "tinh-lamdong", .newest_first = true}},
        {"nobody", {.state = -1, .partner = "nobody", .newest_first = true}},
        {"procedure", {.state = -1, .procedure = "1.000077", .newest_first = true}},
        {"agency and procedure",
         {.state = -1, .agency = "H07", .procedure = "1.000077", .newest_first = true}},
        {"agency and dead", {.state = ENTRY_DEAD, .agency = "H07", .newest_first = true}},
        {"partner and cause",
         {.state = -1, .partner = "tinh-lamdong", .cause = "R5", .newest_first = true}},
        {"a minute", {.state = -1, .from_ms = 1747036000000, .to_ms = 1747036060000}},
        {"overdue", {.state = -1, .due_before_ms = 1747735900100}},
        {"waiting", {.state = -1, .published = FIND_UNPUBLISHED}},
    };
    int64_t groups[2] = {0, 0};
    struct due_counts due;
    struct spool_reader *reader = spool_reader_open(bench->file, why);
    if (!reader)
        return false;
    int64_t began = clock_ticks_us();
    bool is_done = spool_failures(reader, count_group, groups, why);
    printf("%" PRId64 " groups of %" PRId64 " failures: %.2f ms\n", groups[0], groups[1],
           (double)(clock_ticks_us() - began) * 1e-3);
    began = clock_ticks_us();
    is_done = is_done && spool_count_due(reader, 0, INT64_MAX, &due, why);
    printf("what is due: %.2f ms\n", (double)(clock_ticks_us() - began) * 1e-3);
    for (size_t i = 0; is_done && i < sizeof questions / sizeof questions[0]; i++)
        is_done = look_for(reader, questions[i].what, questions[i].filter, why);
    spool_reader_close(reader);
    return is_done;
}

/* What is asked for, but the comparison, keeps its file. */
static bool run_full(struct bench *bench, int count, char **arguments, bool *is_known,
                     struct fault *why)
{
    bool is_fill = count == 5 && strcmp(arguments[2], "fill") == 0;
    *is_known = is_fill || (count == 3 && strcmp(arguments[2], "look") == 0);
    if (!*is_known)
        return false;
    (void)snprintf(bench->file, sizeof bench->file, "%s/full-spool.db", arguments[1]);
    return is_fill ? run_fill(bench, strtoll(arguments[3], NULL, 10),
                              strtoll(arguments[4], NULL, 10), why)
                   : run_look(bench, why);
}

int main(int count, char **arguments)
{
    struct bench bench = {.seconds = count > 2 ? strtoll(arguments[2], NULL, 10) : 2,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .freed = PTHREAD_COND_INITIALIZER};
    struct fault why;
    (void)snprintf(bench.file, sizeof bench.file, "%s/bench-spool.db",
                   count > 1 ? arguments[1] : ".");
    bool is_kept;
    bool is_done = run_full(&bench, count, arguments, &is_kept, &why);
    if (!is_kept)
        is_done = count > 3 ? run_deliveries(&bench, &why) : compare_all(&bench, &why);
    if (!is_done)
        fprintf(stderr, "spool: %s\n", why.text);
    if (!is_kept)
        remove_files(&bench);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
