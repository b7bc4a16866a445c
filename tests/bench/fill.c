/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a spool for operate.py and ready.py: so many entries, published but for so many that are
 * dead of three causes, spread over all; or, with "waiting", none of them published.
 *
 *     fill FILE ENTRIES DEAD SCHEMA [waiting]
 *
 * The events themselves are empty: nothing is found by what stands in them. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "spool/spool.h"

#include <pthread.h>
#include <string.h>

enum { ITEMS = 50, AT_ONCE = 400, EVENT_SIZE = 200, ID_SIZE = 40, CODE_SIZE = 48, CAUSES = 3 };
enum { CHECKPOINT_PAGES = 8000, DAY_MS = 86400000 };
static const int64_t began_ms = 1747035900000;

ENDS_WITH_SCOPE(struct spool *, spool_close)

static const char *const causes[CAUSES] = {"agency /Dossier/ReceivingAgency",
                                           "agency /Dossier/CompetentAgency",
                                           "code /Dossier/StatusCode"};

struct fill;

/* A document under way, with what its items point to. */
struct load {
    struct fill *fill;
    struct load *next;
    struct spool_document document;
    struct spool_item items[ITEMS];
    char ids[ITEMS][ID_SIZE], codes[ITEMS][CODE_SIZE];
};

struct fill {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct load *idle; /* guarded by lock, as is the rest */
    size_t busy;
    struct fault fault;
    int64_t made, entries, every; /* each `every`th is dead */
    int32_t schema_no;
    const char *schema; /* a file */
    bool is_waiting;    /* nothing goes out */
    int64_t began_ms;   /* when the first one came */
};

static char event[EVENT_SIZE];

static void make_item(struct load *load, size_t at, int64_t number)
{
    const struct fill *fill = load->fill;
    bool is_dead = number % fill->every == 0;
    uint64_t spread = (uint64_t)number * 0x9E3779B97F4A7C15U;
    (void)snprintf(load->ids[at], ID_SIZE, "%016llx-%08llx", (unsigned long long)spread,
                   (unsigned long long)number);
    (void)snprintf(load->codes[at], CODE_SIZE, "000.12.40.H09-250512-%07lld",
                   is_dead ? (long long)number : (long long)number / 4 * 4 + 1);
    load->items[at] = (struct spool_item){
        .native_id = load->ids[at],
        .native_id_size = strlen(load->ids[at]),
        .dossier_code = load->codes[at],
        .event = is_dead ? NULL : event,
        .event_size = is_dead ? 0 : EVENT_SIZE,
        .schema_no = is_dead ? 0 : fill->schema_no,
        .event_type = is_dead ? NULL : "HANDED_OFF",
        .due_at_ms = is_dead ? 0 : began_ms + 14 * (int64_t)DAY_MS,
        .cause = is_dead ? causes[number / fill->every % CAUSES] : NULL,
        .detail = is_dead ? "no such agency on that day" : NULL,
    };
    memcpy(load->items[at].content_sha256, &spread, sizeof spread);
    memcpy(load->items[at].event_id, &spread, sizeof spread);
}

static void make(struct load *load)
{
    struct fill *fill = load->fill;
    int64_t received_ms =
        fill->began_ms + fill->made / 100; /* a hundred a millisecond: a day's worth */
    for (size_t i = 0; i < ITEMS; i++)
        make_item(load, i, ++fill->made);
    load->document = (struct spool_document){
        .partner = "motcua-phucuong",
        .adapter = "lienthong-xml",
        .media_type = "application/xml",
        .bytes = event,
        .size = EVENT_SIZE,
        .received_at_ms = received_ms,
        .items = load->items,
        .item_count = ITEMS,
    };
    memcpy(load->document.sha256, &fill->made, sizeof fill->made);
}

static void note_done(void *own, const struct spool_receipt *receipts, size_t count,
                      const struct fault *why)
{
    struct load *load = own;
    struct fill *fill = load->fill;
    (void)count;
    (void)pthread_mutex_lock(&fill->lock);
    if (!receipts)
        fill->fault = *why;
    load->next = fill->idle;
    fill->idle = load;
    fill->busy--;
    (void)pthread_cond_signal(&fill->freed);
    (void)pthread_mutex_unlock(&fill->lock);
}

/* The next idle one, once there is one; NULL after a fault. */
static struct load *take_idle(struct fill *fill)
{
    (void)pthread_mutex_lock(&fill->lock);
    while (!fill->idle && fill->fault.kind == FAULT_NONE)
        (void)pthread_cond_wait(&fill->freed, &fill->lock);
    struct load *load = fill->fault.kind == FAULT_NONE ? fill->idle : NULL;
    if (load) {
        fill->idle = load->next;
        fill->busy++;
    }
    (void)pthread_mutex_unlock(&fill->lock);
    return load;
}

static bool wait_until_idle(struct fill *fill, struct fault *why)
{
    (void)pthread_mutex_lock(&fill->lock);
    while (fill->busy > 0)
        (void)pthread_cond_wait(&fill->freed, &fill->lock);
    (void)pthread_mutex_unlock(&fill->lock);
    return fill->fault.kind == FAULT_NONE ||
           fault_set(why, fill->fault.kind, "%s", fill->fault.text);
}

static bool fill_up(struct fill *fill, struct spool *spool, struct fault *why)
{
    while (fill->made < fill->entries) {
        struct load *load = take_idle(fill);
        if (!load)
            break;
        make(load);
        if (!spool_add(spool, &load->document, note_done, load, why)) {
            note_done(load, NULL, 0, why);
            break;
        }
    }
    return wait_until_idle(fill, why);
}

/* Everything that can be has gone out; what waits for a commit takes it along. */
static bool publish(struct fill *fill, struct spool *spool, struct fault *why)
{
    struct spool_levels levels;
    spool_levels(spool, &levels);
    spool_published(spool, levels.last_number, NULL, 0);
    return spool_pin_schema(spool, fill->schema_no, 1, why);
}

static bool run(const char *file, struct fill *fill, struct fault *why)
{
    static struct load loads[AT_ONCE];
    const struct spool_options options = {
        .file = file,
        .queue_entries = 2 * AT_ONCE * ITEMS,
        .queue_bytes = 256 << 20,
        .compress_above_bytes = 65536,
        .checkpoint_pages = CHECKPOINT_PAGES,
        .overdue_ms = 3600000,
    };
    auto_free(spool_close) struct spool *spool = spool_open(&options, why);
    if (!spool)
        return false;
    size_t size;
    auto_free(free) char *schema = file_read(fill->schema, 1 << 20, &size, why);
    if (!schema || !spool_schema(spool, "dossier-event", schema, 1, &fill->schema_no, why))
        return false;
    for (size_t i = 0; i < AT_ONCE; i++) {
        loads[i].fill = fill;
        loads[i].next = fill->idle;
        fill->idle = &loads[i];
    }
    return fill_up(fill, spool, why) && (fill->is_waiting || publish(fill, spool, why));
}

int main(int argc, char **argv)
{
    struct fill fill = {.lock = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER};
    struct fault why = {0};
    fill.is_waiting = argc == 6 && strcmp(argv[5], "waiting") == 0;
    bool is_right = argc == 5 || fill.is_waiting;
    int64_t dead = is_right ? strtoll(argv[3], NULL, 10) : 0;
    fill.entries = is_right ? strtoll(argv[2], NULL, 10) : 0;
    if (dead <= 0 || fill.entries < dead) {
        fputs("fill FILE ENTRIES DEAD SCHEMA [waiting]\n", stderr);
        return 2;
    }
    fill.every = fill.entries / dead;
    /* What waits for a year is overdue; operate.py's searches are about a day that stays. */
    fill.began_ms = fill.is_waiting ? clock_now_ms() - DAY_MS : began_ms;
    fill.schema = argv[4];
    int64_t began = clock_ticks_ms();
    if (!run(argv[1], &fill, &why)) {
        fprintf(stderr, "fill: %s\n", why.text);
        return 1;
    }
    printf("%lld entries in %lld s\n", (long long)fill.made,
           (long long)((clock_ticks_ms() - began) / 1000));
    return 0;
}
