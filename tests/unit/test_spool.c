/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "spool/reader.h"
#include "spool/receipt.h"
#include "spool/spool.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

enum { MOST_ITEMS = 8, TEXT = 64 };

/* A spool in a folder of its own. */
struct bench {
    char folder[TEXT];
    char file[TEXT + 16];
    struct spool_options options;
    struct spool *spool;
};

static void reopen(struct bench *bench)
{
    struct fault why;
    bench->spool = spool_open(&bench->options, &why);
    if (!bench->spool)
        fail_msg("%s", why.text);
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    (void)snprintf(bench->folder, sizeof bench->folder, "/tmp/lienthong-spool-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->file, sizeof bench->file, "%s/spool.db", bench->folder);
    bench->options = (struct spool_options){
        .file = bench->file,
        .queue_entries = 10000,
        .queue_bytes = 64 << 20,
        .compress_above_bytes = 4096,
        .checkpoint_pages = 100,
        .overdue_ms = 60000,
    };
    reopen(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    char command[TEXT + 16];
    spool_close(bench->spool);
    (void)snprintf(command, sizeof command, "rm -rf %s", bench->folder);
    assert_int_equal(system(command), 0);
    free(bench);
    return 0;
}

/* Adds one document and waits for its answer. */
struct adding {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool is_answered;
    struct fault fault;
    struct spool_receipt receipts[MOST_ITEMS];
};

static void note_answer(void *own, const struct spool_receipt *receipts, size_t count,
                        const struct fault *why)
{
    struct adding *adding = own;
    (void)pthread_mutex_lock(&adding->lock);
    if (receipts)
        memcpy(adding->receipts, receipts, count * sizeof *receipts);
    if (why)
        adding->fault = *why;
    adding->is_answered = true;
    (void)pthread_cond_signal(&adding->answered);
    (void)pthread_mutex_unlock(&adding->lock);
}

static void add_document(struct spool *spool, struct spool_document *document,
                         struct spool_receipt *receipts)
{
    struct adding adding = {.lock = PTHREAD_MUTEX_INITIALIZER,
                            .answered = PTHREAD_COND_INITIALIZER};
    struct fault why;
    digest_sha256(document->bytes, document->size, document->sha256);
    if (!spool_add(spool, document, note_answer, &adding, &why))
        fail_msg("%s", why.text);
    (void)pthread_mutex_lock(&adding.lock);
    while (!adding.is_answered)
        (void)pthread_cond_wait(&adding.answered, &adding.lock);
    (void)pthread_mutex_unlock(&adding.lock);
    if (adding.fault.kind != FAULT_NONE)
        fail_msg("%s", adding.fault.text);
    memcpy(receipts, adding.receipts, document->item_count * sizeof *receipts);
}

static struct spool_item make_item(const char *native_id, const char *dossier, const char *event)
{
    struct spool_item item = {
        .native_id = native_id,
        .native_id_size = strlen(native_id),
        .dossier_code = dossier,
        .event = event,
        .event_size = event ? strlen(event) : 0,
        .schema_no = 1,
        .event_type = "HANDED_OFF",
        .occurred_at_ms = 1747035900000,
    };
    const char *content = event ? event : native_id;
    digest_sha256(content, strlen(content), item.content_sha256);
    return item;
}

static struct spool_document make_document(const struct spool_item *items, size_t count)
{
    return (struct spool_document){
        .partner = "motcua-phucuong",
        .adapter = "lienthong-xml",
        .media_type = "application/xml",
        .bytes = "<HandoffMessage/>",
        .size = 17,
        .received_at_ms = clock_now_ms(),
        .items = items,
        .item_count = count,
    };
}

static struct spool_receipt add_one(struct spool *spool, const char *native_id, const char *dossier,
                                    const char *event)
{
    struct spool_item item = make_item(native_id, dossier, event);
    struct spool_document document = make_document(&item, 1);
    struct spool_receipt receipt;
    if (!event)
        item.cause = "missing /Dossier/DossierCode";
    add_document(spool, &document, &receipt);
    return receipt;
}

/* What spool_next gives, as "event@number" words; a dead one as "event!number". */
struct listing {
    char text[512];
};

static bool list_entry(void *own, const struct spool_entry *entry)
{
    struct listing *listing = own;
    size_t used = strlen(listing->text);
    (void)snprintf(listing->text + used, sizeof listing->text - used, "%.*s%c%lld ",
                   entry->event ? (int)entry->event_size : 1, entry->event ? entry->event : "-",
                   entry->state == ENTRY_DEAD ? '!' : '@', (long long)entry->number);
    return true;
}

static void assert_next(struct bench *bench, int64_t after, const char *expected)
{
    struct fault why;
    struct listing listing = {""};
    int64_t damaged;
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(bench->file, &why);
    if (!reader ||
        !spool_next(reader, (struct spool_range){after, 100}, list_entry, &listing, &damaged, &why))
        fail_msg("%s", why.text);
    assert_string_equal(listing.text, expected);
}

struct summing {
    int64_t received, accounted, days;
};

static bool sum_up(void *own, const struct spool_sum *sum)
{
    struct summing *summing = own;
    summing->received += sum->received;
    summing->accounted += sum->published + sum->waiting + sum->parked + sum->dead + sum->discarded +
                          sum->refused + sum->pruned;
    summing->days++;
    return true;
}

static void assert_sums_match(struct bench *bench, int64_t received)
{
    struct fault why;
    struct summing summing = {0};
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(bench->file, &why);
    if (!reader || !spool_sums(reader, 20200101, 20991231, sum_up, &summing, &why))
        fail_msg("%s", why.text);
    assert_int_equal(summing.received, received);
    assert_int_equal(summing.accounted, received);
}

static void fail_on_finding(void *own, const char *finding)
{
    (void)own;
    fail_msg("%s", finding);
}

static void assert_sound(struct bench *bench)
{
    struct fault why;
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(bench->file, &why);
    if (!reader || !spool_check(reader, fail_on_finding, NULL, &why))
        fail_msg("%s", why.text);
}

static void what_was_answered_is_there_after_reopening(void **state)
{
    struct bench *bench = *state;
    struct spool_receipt receipt = add_one(bench->spool, "id-1", "H09-1", "one");
    assert_int_equal(receipt.verdict, SPOOL_STORED);
    assert_int_equal(receipt.state, ENTRY_READY);
    spool_close(bench->spool);
    reopen(bench);
    assert_next(bench, 0, "one@1 ");
    assert_int_equal(add_one(bench->spool, "id-2", "H09-1", "two").entry, 2);
    assert_sound(bench);
}

static void a_document_sent_twice_is_stored_once(void **state)
{
    struct bench *bench = *state;
    struct spool_receipt first = add_one(bench->spool, "id-1", "H09-1", "one");
    struct spool_receipt again = add_one(bench->spool, "id-1", "H09-1", "one");
    assert_int_equal(again.verdict, SPOOL_REPEATED);
    assert_int_equal(again.entry, first.entry);
    assert_int_equal(again.received_at_ms, first.received_at_ms);
    assert_next(bench, 0, "one@1 ");
    assert_sums_match(bench, 1);
}

/* What is under an id by the reader, as spool_add would find it; 0: nothing. */
static int64_t look_up(struct bench *bench, const char *partner, const struct spool_item *item,
                       const uint8_t *content, enum spool_verdict verdict)
{
    struct fault why;
    struct spool_receipt receipt;
    bool found = false;
    const struct spool_id id = {partner, item->native_id, item->native_id_size, content};
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(bench->file, &why);
    assert_non_null(reader);
    assert_true(spool_look_up(reader, &id, &receipt, &found, &why));
    if (found)
        assert_int_equal(receipt.verdict, verdict);
    return found ? receipt.entry : 0;
}

static void an_id_can_be_looked_up(void **state)
{
    struct bench *bench = *state;
    const struct spool_item item = make_item("id-2", "H09-1", "two");
    const struct spool_item other = make_item("id-2", "H09-1", "else");
    const char *partner = make_document(&item, 1).partner;
    assert_int_equal(look_up(bench, partner, &item, item.content_sha256, SPOOL_REPEATED), 0);
    (void)add_one(bench->spool, "id-1", "H09-1", "one");
    int64_t entry = add_one(bench->spool, "id-2", "H09-1", "two").entry;
    assert_int_equal(look_up(bench, partner, &item, item.content_sha256, SPOOL_REPEATED), entry);
    assert_int_equal(look_up(bench, "another", &item, item.content_sha256, SPOOL_REPEATED), 0);
    assert_int_equal(look_up(bench, partner, &item, other.content_sha256, SPOOL_CONFLICT), entry);
    assert_int_equal(look_up(bench, partner, &item, NULL, SPOOL_REPEATED), entry);
}

static void a_repeat_tells_of_the_document_that_came_first(void **state)
{
    struct bench *bench = *state;
    const struct spool_item items[] = {make_item("id-1", "H09-1", "one"),
                                       make_item("id-2", "H09-2", "two")};
    struct spool_document first = make_document(items, 2), again = make_document(items + 1, 1);
    struct spool_receipt receipts[2], repeated;
    add_document(bench->spool, &first, receipts);
    again.bytes = "<Another/>";
    again.size = strlen(again.bytes);
    again.received_at_ms = first.received_at_ms + 1000;
    add_document(bench->spool, &again, &repeated);
    assert_int_equal(receipts[1].item_no, 1);
    assert_int_equal(repeated.verdict, SPOOL_REPEATED);
    assert_int_equal(repeated.received_at_ms, first.received_at_ms);
    assert_int_equal(repeated.item_no, 1);
    assert_memory_equal(receipts[1].document_sha256, first.sha256, SHA256_SIZE);
    assert_memory_equal(repeated.document_sha256, first.sha256, SHA256_SIZE);
}

static void the_same_id_with_other_content_is_a_conflict_kept_once(void **state)
{
    struct bench *bench = *state;
    (void)add_one(bench->spool, "id-1", "H09-1", "one");
    struct spool_receipt conflict = add_one(bench->spool, "id-1", "H09-1", "other");
    assert_int_equal(conflict.verdict, SPOOL_CONFLICT);
    assert_int_equal(conflict.state, ENTRY_DEAD);
    struct spool_receipt again = add_one(bench->spool, "id-1", "H09-1", "other");
    assert_int_equal(again.verdict, SPOOL_CONFLICT);
    assert_int_equal(again.entry, conflict.entry);
    /* It blocks nobody: the dossier's next entry is ready. */
    assert_int_equal(add_one(bench->spool, "id-2", "H09-1", "two").state, ENTRY_READY);
    assert_sums_match(bench, 3);
    assert_sound(bench);
}

static void a_conflict_undoes_the_items_before_it(void **state)
{
    struct bench *bench = *state;
    (void)add_one(bench->spool, "id-2", "H09-1", "two");
    const struct spool_item items[] = {make_item("id-1", "H09-1", "one"),
                                       make_item("id-2", "H09-1", "changed")};
    struct spool_document document = make_document(items, 2);
    struct spool_receipt receipts[2];
    add_document(bench->spool, &document, receipts);
    assert_int_equal(receipts[0].verdict, SPOOL_CONFLICT);
    assert_int_equal(receipts[1].verdict, SPOOL_CONFLICT);
    assert_next(bench, 0, "two@1 -!2 ");
    assert_sums_match(bench, 2);
    assert_int_equal(add_one(bench->spool, "id-1", "H09-1", "one").verdict, SPOOL_STORED);
}

static void partners_do_not_share_ids(void **state)
{
    struct bench *bench = *state;
    (void)add_one(bench->spool, "id-1", "H09-1", "one");
    struct spool_item item = make_item("id-1", "H09-2", "other");
    struct spool_document document = make_document(&item, 1);
    struct spool_receipt receipt;
    document.partner = "motcua-thudaumot";
    add_document(bench->spool, &document, &receipt);
    assert_int_equal(receipt.verdict, SPOOL_STORED);
}

static void a_dead_entry_parks_its_lane_and_no_other(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(add_one(bench->spool, "id-1", "H09-1", NULL).state, ENTRY_DEAD);
    assert_int_equal(add_one(bench->spool, "id-2", "H09-1", "two").state, ENTRY_PARKED);
    assert_int_equal(add_one(bench->spool, "id-3", "H09-2", "three").state, ENTRY_READY);
    assert_next(bench, 0, "-!1 three@3 ");
    assert_sums_match(bench, 3);
}

static void a_lane_goes_on_in_its_order_after_a_release(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    for (int i = 1; i <= 5; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "e%d", i);
        (void)add_one(bench->spool, text, "H09-1", text);
    }
    (void)add_one(bench->spool, "f1", "H09-2", "f1");
    assert_true(spool_bury(bench->spool, 2, "kafka:MSG_SIZE_TOO_LARGE", "too large", &why));
    assert_next(bench, 0, "e1@1 e2!2 f1@6 ");
    (void)add_one(bench->spool, "e6", "H09-1", "e6");
    assert_sums_match(bench, 7);
    assert_true(spool_release(bench->spool, 2, &why));
    (void)add_one(bench->spool, "e7", "H09-1", "e7");
    assert_next(bench, 0, "e1@1 f1@6 e2@8 e3@9 e4@10 e5@11 e6@12 e7@13 ");
    assert_sums_match(bench, 8);
    assert_sound(bench);
}

static void an_entry_can_die_again_after_its_release(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    (void)add_one(bench->spool, "e1", "H09-1", "e1");
    (void)add_one(bench->spool, "e2", "H09-1", "e2");
    assert_true(spool_bury(bench->spool, 1, "kafka:INVALID_RECORD", "refused", &why));
    assert_true(spool_release(bench->spool, 1, &why));
    assert_next(bench, 0, "e1@3 e2@4 ");
    struct spool_receipt again = add_one(bench->spool, "e1", "H09-1", "e1");
    assert_int_equal(again.verdict, SPOOL_REPEATED);
    assert_int_equal(again.entry, 1);
    assert_int_equal(again.number, 3);
    assert_true(spool_bury(bench->spool, 3, "kafka:INVALID_RECORD", "refused", &why));
    assert_next(bench, 0, "e1!3 ");
    assert_false(spool_bury(bench->spool, 3, "again", "", &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_true(spool_discard(bench->spool, 1, "sent by letter instead", &why));
    assert_next(bench, 0, "e2@5 ");
    assert_sums_match(bench, 2);
    assert_sound(bench);
}

static void a_second_dead_entry_holds_what_is_behind_it(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    (void)add_one(bench->spool, "e1", "H09-1", "e1");
    assert_true(spool_bury(bench->spool, 1, "kafka:INVALID_RECORD", "refused", &why));
    (void)add_one(bench->spool, "e2", "H09-1", "e2");
    (void)add_one(bench->spool, "e3", "H09-1", NULL);
    (void)add_one(bench->spool, "e4", "H09-1", "e4");
    assert_true(spool_release(bench->spool, 1, &why));
    assert_next(bench, 3, "e1@5 e2@6 ");
    assert_sums_match(bench, 4);
}

static void the_watermark_moves_forward_and_tells_places(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    struct spool_place place;
    int64_t before = clock_now_ms();
    (void)add_one(bench->spool, "e1", "H09-1", "e1");
    (void)add_one(bench->spool, "e2", "H09-1", "e2");
    const struct spool_place places[] = {{1, 3, 100, 0}, {2, 11, 5000000000, 0}};
    spool_published(bench->spool, 2, places, 2);
    spool_published(bench->spool, 1, NULL, 0);
    (void)add_one(bench->spool, "e3", "H09-1", "e3"); /* behind both in the queue */
    assert_int_equal(spool_watermark(bench->spool), 2);
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(bench->file, &why);
    assert_true(spool_place_of(reader, 2, &place, &why));
    assert_true(place.at_ms >= before && place.at_ms <= clock_now_ms());
    assert_int_equal(place.partition, 11);
    assert_int_equal(place.offset, 5000000000);
    assert_false(spool_place_of(reader, 3, &place, &why));
    assert_int_equal(why.kind, FAULT_NONE);
    spool_close(bench->spool);
    reopen(bench);
    assert_int_equal(spool_watermark(bench->spool), 2);
    assert_sums_match(bench, 3);
}

static void *publish_the_first(void *own)
{
    struct bench *bench = own;
    (void)usleep(20000);
    spool_published(bench->spool, 1, NULL, 0);
    return NULL;
}

static void who_waits_for_publishing_is_woken_at_once(void **state)
{
    enum { LONG_MS = 60000 };
    struct bench *bench = *state;
    pthread_t thread;
    (void)add_one(bench->spool, "e1", "H09-1", "e1");
    int64_t before = clock_ticks_ms();
    assert_int_equal(pthread_create(&thread, NULL, publish_the_first, bench), 0);
    assert_int_equal(spool_wait_published(bench->spool, 0, LONG_MS), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(spool_wait_published(bench->spool, 0, LONG_MS), 1); /* it is so already */
    assert_true(clock_ticks_ms() - before < LONG_MS);
    (void)add_one(bench->spool, "e2", "H09-1", "e2"); /* a commit that publishes nothing */
    assert_int_equal(spool_wait_published(bench->spool, 1, 20), 1);
}

static void pruning_takes_only_what_is_old_and_done(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    int64_t count;
    const struct spool_item items[] = {make_item("a1", "H09-1", "a1"),
                                       make_item("a2", "H09-2", "a2")};
    struct spool_document document = make_document(items, 2);
    struct spool_receipt receipts[2];
    add_document(bench->spool, &document, receipts); /* 1, 2: published */
    (void)add_one(bench->spool, "b", "H09-3", NULL); /* 3: dead */
    (void)add_one(bench->spool, "c", "H09-4", "c");  /* 4: waits */
    spool_published(bench->spool, 3, NULL, 0);
    int64_t later = clock_now_ms() + 1000;
    assert_true(spool_prune(bench->spool, later, &count, &why));
    assert_int_equal(count, 2);
    assert_next(bench, 0, "-!3 c@4 ");
    assert_sums_match(bench, 4);
    /* Its id may be used again, its number may not. */
    spool_published(bench->spool, 4, NULL, 0);
    assert_true(spool_prune(bench->spool, later, &count, &why));
    assert_int_equal(count, 1);
    spool_close(bench->spool);
    reopen(bench);
    assert_int_equal(add_one(bench->spool, "c", "H09-4", "c").entry, 5);
    assert_sums_match(bench, 5);
    assert_sound(bench);
}

static void a_reference_finds_its_dossier(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    struct spool_item item = make_item("letter", "H09-1", "letter");
    struct spool_document document = make_document(&item, 1);
    struct spool_receipt receipt;
    item.reference = "000.12.40.H09|157/PCHS-UBND";
    add_document(bench->spool, &document, &receipt);
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(bench->file, &why);
    auto_free(free) char *code = NULL;
    assert_true(spool_dossier_of(reader, "000.12.40.H09|157/PCHS-UBND", &code, &why));
    assert_string_equal(code, "H09-1");
    auto_free(free) char *other = NULL;
    assert_true(spool_dossier_of(reader, "000.12.40.H09|158/PCHS-UBND", &other, &why));
    assert_null(other);
}

static void originals_come_back_as_they_were(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    size_t size = 200000;
    auto_free(free) char *large = malloc(size);
    memset(large, 'x', size);
    struct spool_item item = make_item("large", "H09-1", "large");
    struct spool_document document = make_document(&item, 1);
    struct spool_receipt receipt;
    document.bytes = large;
    document.size = size;
    add_document(bench->spool, &document, &receipt);
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(bench->file, &why);
    size_t read = 0;
    auto_free(free) char *original = spool_original(reader, receipt.entry, &read, &why);
    assert_non_null(original);
    assert_int_equal(read, size);
    assert_memory_equal(original, large, size);
}

static void a_flipped_bit_is_found(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    struct listing listing = {""};
    int64_t damaged;
    (void)add_one(bench->spool, "e1", "H09-1", "event-one");
    (void)add_one(bench->spool, "e2", "H09-1", "event-two");
    spool_close(bench->spool);
    bench->spool = NULL;
    FILE *file = fopen(bench->file, "r+b");
    size_t size = 1 << 20;
    auto_free(free) char *bytes = malloc(size);
    size = fread(bytes, 1, size, file);
    char *at = memmem(bytes, size, "event-two", 9);
    assert_non_null(at);
    (void)fseek(file, at - bytes, SEEK_SET);
    (void)fputc('E', file);
    (void)fclose(file);
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(bench->file, &why);
    assert_false(
        spool_next(reader, (struct spool_range){0, 10}, list_entry, &listing, &damaged, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_int_equal(damaged, 2);
    assert_string_equal(listing.text, "event-one@1 ");
}

static void a_full_queue_refuses_and_says_to_come_again(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    struct spool_item item = make_item("e1", "H09-1", "e1");
    struct spool_document document = make_document(&item, 1);
    spool_close(bench->spool);
    bench->options.queue_bytes = 1;
    reopen(bench);
    assert_false(spool_add(bench->spool, &document, note_answer, NULL, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    spool_close(bench->spool);
    bench->options.queue_bytes = 1 << 20;
    bench->options.reserve_bytes = INT64_MAX;
    reopen(bench);
    assert_false(spool_add(bench->spool, &document, note_answer, NULL, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
}

static void one_process_at_a_time(void **state)
{
    struct bench *bench = *state;
    struct fault why;
    assert_null(spool_open(&bench->options, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
}

static void refused_documents_are_counted(void **state)
{
    struct bench *bench = *state;
    spool_count_refused(bench->spool, "motcua-phucuong", clock_now_ms());
    (void)add_one(bench->spool, "e1", "H09-1", "e1");
    assert_sums_match(bench, 2);
}

/* Many threads add at once; every answer is right, numbers are unique, the journal is sound. */
struct crowd {
    struct spool *spool;
    int no;
};

static void *add_many(void *own)
{
    const struct crowd *crowd = own;
    for (int i = 0; i < 50; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "t%d-%d", crowd->no, i);
        struct spool_receipt receipt = add_one(crowd->spool, text, text, text);
        assert_int_equal(receipt.verdict, SPOOL_STORED);
    }
    return NULL;
}

static void many_threads_share_groups(void **state)
{
    enum { THREADS = 8 };
    struct bench *bench = *state;
    struct crowd crowds[THREADS];
    pthread_t threads[THREADS];
    struct spool_levels levels;
    for (int i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){bench->spool, i};
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &crowds[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_true(spool_wait_above(bench->spool, THREADS * 50 - 1, 1000));
    assert_false(spool_wait_above(bench->spool, THREADS * 50, 10));
    spool_levels(bench->spool, &levels);
    assert_int_equal(levels.entries, THREADS * 50);
    assert_int_equal(levels.queue_entries, 0);
    assert_sums_match(bench, THREADS * 50);
    assert_sound(bench);
}

/* The child reports every answer on a pipe and is killed at a random moment. */
static void add_until_killed(const struct spool_options *options, int report, int round)
{
    struct fault why;
    struct spool *spool = spool_open(options, &why);
    for (int i = 0; spool; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "r%d-%d", round, i);
        (void)add_one(spool, text, "H09-1", text);
        if (write(report, text, sizeof text) != sizeof text)
            break;
    }
    _exit(1);
}

static bool is_repeat(struct spool *spool, const char *text)
{
    return add_one(spool, text, "H09-1", text).verdict == SPOOL_REPEATED;
}

static void nothing_answered_is_lost_by_kill_9(void **state)
{
    enum { ROUNDS = 12 };
    struct bench *bench = *state;
    int total = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int pipes[2];
        char text[32];
        spool_close(bench->spool);
        bench->spool = NULL;
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0)
            add_until_killed(&bench->options, pipes[1], round);
        (void)close(pipes[1]);
        /* From its first answer on, however long that takes on a machine with other work. */
        struct pollfd answered = {pipes[0], POLLIN, 0};
        assert_int_equal(poll(&answered, 1, 60000), 1);
        (void)usleep((useconds_t)(round * 7000));
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        reopen(bench);
        while (read(pipes[0], text, sizeof text) == sizeof text) {
            assert_true(is_repeat(bench->spool, text));
            total++;
        }
        (void)close(pipes[0]);
    }
    assert_true(total >= ROUNDS);
    assert_sound(bench);
}

static void receipts_cannot_be_guessed(void **state)
{
    struct bench *bench = *state;
    char text[RECEIPT_TEXT_SIZE];
    int64_t entry = 0;
    const uint8_t *key = spool_receipt_key(bench->spool);
    receipt_write(key, 1234567, text);
    assert_true(receipt_read(key, text, &entry));
    assert_int_equal(entry, 1234567);
    text[strlen(text) - 1] ^= 1;
    assert_false(receipt_read(key, text, &entry));
    assert_false(receipt_read(key, "1234567", &entry));
    assert_false(receipt_read(key, "", &entry));
    assert_false(receipt_read(key, "-1-0123456789abcdef", &entry));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_answered_is_there_after_reopening),
        TEST(a_document_sent_twice_is_stored_once),
        TEST(an_id_can_be_looked_up),
        TEST(a_repeat_tells_of_the_document_that_came_first),
        TEST(the_same_id_with_other_content_is_a_conflict_kept_once),
        TEST(a_conflict_undoes_the_items_before_it),
        TEST(partners_do_not_share_ids),
        TEST(a_dead_entry_parks_its_lane_and_no_other),
        TEST(a_lane_goes_on_in_its_order_after_a_release),
        TEST(an_entry_can_die_again_after_its_release),
        TEST(a_second_dead_entry_holds_what_is_behind_it),
        TEST(the_watermark_moves_forward_and_tells_places),
        TEST(who_waits_for_publishing_is_woken_at_once),
        TEST(pruning_takes_only_what_is_old_and_done),
        TEST(a_reference_finds_its_dossier),
        TEST(originals_come_back_as_they_were),
        TEST(a_flipped_bit_is_found),
        TEST(a_full_queue_refuses_and_says_to_come_again),
        TEST(one_process_at_a_time),
        TEST(refused_documents_are_counted),
        TEST(many_threads_share_groups),
        TEST(nothing_answered_is_lost_by_kill_9),
        TEST(receipts_cannot_be_guessed),
    };
    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
