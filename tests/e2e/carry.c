/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool and the publisher without HTTP, to be killed at any moment by carryloop.py.
 *
 *     carry SPOOL BROKERS GATEWAY PREFIX ANSWERS FIRST LAST RATE
 *
 * Adds the entries FIRST to LAST, RATE a second, each a made-up event of one of many dossiers, and
 * appends a line "entry-as-asked number-as-stored" to the file ANSWERS when one is on stable
 * storage.  Ends when all that the spool has is published.  Every POISON_EVERYth is too large for a
 * topic that takes 100 kB.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "kafka/publisher.h"
#include "spool/reader.h"
#include "spool/spool.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
    DOSSIERS = 97,
    POISON_EVERY = 2500,
    POISON_SIZE = 150000,
    LARGE_EVERY = 20,
    LARGE_SIZE = 20000,
    MOST_UNDER_WAY = 500,
    TEXT = 48
};

struct carry {
    struct spool *spool;
    int answers; /* file */
    int32_t schema_no;
    atomic_int under_way;
    _Atomic int64_t highest; /* number stored */
    atomic_bool is_broken;
};

/* One document with one item, alive until its answer. */
struct load {
    struct carry *carry;
    int64_t asked;
    struct spool_document document;
    struct spool_item item;
    char native_id[TEXT];
    char dossier[TEXT];
    char *event;
};

static void note_answer(void *own, const struct spool_receipt *receipts, size_t count,
                        const struct fault *why)
{
    struct load *load = own;
    struct carry *carry = load->carry;
    (void)count;
    if (receipts) {
        char line[TEXT * 2];
        int size = snprintf(line, sizeof line, "%" PRId64 " %" PRId64 "\n", load->asked,
                            receipts[0].entry);
        if (write(carry->answers, line, (size_t)size) != size)
            atomic_store(&carry->is_broken, true);
        if (receipts[0].entry > atomic_load(&carry->highest))
            atomic_store(&carry->highest, receipts[0].entry);
    } else {
        fprintf(stderr, "not stored: %s\n", why->text);
        atomic_store(&carry->is_broken, true);
    }
    free(load->event);
    free(load);
    atomic_fetch_sub(&carry->under_way, 1);
}

static size_t event_size(int64_t asked)
{
    if (asked % POISON_EVERY == 0)
        return POISON_SIZE;
    return asked % LARGE_EVERY == 0 ? LARGE_SIZE : 200;
}

/* The number asked for, then bytes that do not compress, the same each time it is asked. */
static char *make_event(int64_t asked, size_t size)
{
    char *event = malloc(size);
    if (!event)
        return NULL;
    uint64_t seed = (uint64_t)asked * 2654435761U + 1;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        event[i] = (char)(seed >> 56);
    }
    (void)snprintf(event, TEXT, "%" PRId64, asked); /* events are longer than this */
    return event;
}

static struct load *make_load(struct carry *carry, int64_t asked)
{
    struct load *load = calloc(1, sizeof *load);
    size_t size = event_size(asked);
    char *event = make_event(asked, size);
    if (!load || !event) {
        free(load);
        free(event);
        return NULL;
    }
    load->carry = carry;
    load->asked = asked;
    load->event = event;
    (void)snprintf(load->native_id, TEXT, "n-%" PRId64, asked);
    if (asked % POISON_EVERY == 0)
        (void)snprintf(load->dossier, TEXT, "P-%" PRId64, asked);
    else
        (void)snprintf(load->dossier, TEXT, "D-%" PRId64, asked * 31 % DOSSIERS);
    load->item = (struct spool_item){
        .native_id = load->native_id,
        .native_id_size = strlen(load->native_id),
        .dossier_code = load->dossier,
        .event = event,
        .event_size = size,
        .schema_no = carry->schema_no,
        .event_type = "HANDED_OFF",
        .occurred_at_ms = clock_now_ms(),
    };
    digest_sha256(event, size, load->item.content_sha256);
    memcpy(load->item.event_id, load->item.content_sha256, UUID_SIZE);
    load->document = (struct spool_document){
        .partner = "carry",
        .adapter = "none",
        .media_type = "text/plain",
        .bytes = load->native_id,
        .size = strlen(load->native_id),
        .received_at_ms = clock_now_ms(),
        .items = &load->item,
        .item_count = 1,
    };
    digest_sha256(load->document.bytes, load->document.size, load->document.sha256);
    return load;
}

static bool add(struct carry *carry, int64_t asked, struct fault *why)
{
    struct load *load = make_load(carry, asked);
    if (!load)
        return fault_memory(why);
    while (atomic_load(&carry->under_way) >= MOST_UNDER_WAY)
        (void)usleep(200);
    atomic_fetch_add(&carry->under_way, 1);
    return spool_add(carry->spool, &load->document, note_answer, load, why);
}

static bool await_published(struct carry *carry, struct publisher *publisher, struct fault *why)
{
    while (atomic_load(&carry->under_way) > 0 ||
           spool_watermark(carry->spool) < atomic_load(&carry->highest)) {
        if (atomic_load(&carry->is_broken))
            return fault_set(why, FAULT_BROKEN, "not all was stored");
        if (publisher_state(publisher, why) == PUBLISHER_HELD)
            return false;
        (void)usleep(20000);
    }
    return true;
}

static bool add_all(struct carry *carry, char **arguments, struct fault *why)
{
    int64_t first = strtoll(arguments[6], NULL, 10);
    int64_t last = strtoll(arguments[7], NULL, 10);
    int64_t rate = strtoll(arguments[8], NULL, 10);
    int64_t begun_at = clock_ticks_ms();
    for (int64_t asked = first; asked <= last; asked++) {
        while ((clock_ticks_ms() - begun_at) * rate < (asked - first) * 1000)
            (void)usleep(1000);
        if (!add(carry, asked, why))
            return false;
    }
    return true;
}

static bool carry_all(struct carry *carry, char **arguments, const struct schema *event,
                      const struct schema *dead_letter, struct fault *why)
{
    const struct spool_options spool = {
        .file = arguments[1],
        .queue_entries = 100000,
        .queue_bytes = 256 << 20,
        .compress_above_bytes = 4096,
        .checkpoint_pages = 1000,
        .overdue_ms = 60000,
    };
    const struct publisher_options options = {
        .kafka = {.brokers = arguments[2],
                  .gateway_id = arguments[3],
                  .topic_prefix = arguments[4]},
        .spool_file = arguments[1],
        .dead_letter = dead_letter,
        .batch_entries = 500,
        .batch_bytes = 1 << 20,
        .deadline_ms = 30000,
    };
    carry->spool = spool_open(&spool, why);
    if (!carry->spool || !spool_schema(carry->spool, "events", event->text, event->fingerprint,
                                       &carry->schema_no, why))
        return false;
    struct spool_levels levels;
    spool_levels(carry->spool, &levels);
    atomic_store(&carry->highest, spool_watermark(carry->spool) + levels.unpublished);
    struct publisher *publisher = publisher_start(&options, carry->spool, why);
    bool is_done =
        publisher && add_all(carry, arguments, why) && await_published(carry, publisher, why);
    publisher_stop(publisher, 5000);
    return is_done;
}

int main(int count, char **arguments)
{
    if (count != 9) {
        fprintf(stderr, "carry SPOOL BROKERS GATEWAY PREFIX ANSWERS FIRST LAST RATE\n");
        return 2;
    }
    struct fault why = {.kind = FAULT_NONE};
    struct carry carry = {.answers = open(arguments[5], O_WRONLY | O_APPEND | O_CREAT, 0600)};
    struct schema *event = schema_load("schemas/dossier-event.avsc", &why);
    struct schema *dead_letter = event ? schema_load("schemas/dead-letter.avsc", &why) : NULL;
    bool is_done =
        dead_letter && carry.answers >= 0 && carry_all(&carry, arguments, event, dead_letter, &why);
    spool_close(carry.spool);
    schema_free(event);
    schema_free(dead_letter);
    if (!is_done)
        fprintf(stderr, "carry: %s\n", why.text);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
