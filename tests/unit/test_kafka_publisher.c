/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "event/wire.h"
#include "kafka/publisher.h"
#include "mock_kafka.h"
#include "spool/delivery.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { TEXT = 96, PATIENCE_MS = 20000, STOP_MS = 3000, TOO_LARGE = 2000 };
enum { EVENT_PARTITIONS = 12, DIFFERENT_MOST = 32 };

/* A spool, a broker and a publisher between them. */
struct works {
    char folder[TEXT];
    char file[TEXT + 16];
    struct mock_kafka mock;
    struct spool *spool;
    struct schema *event_schema;
    struct schema *dead_letter;
    int32_t schema_no;
    struct publisher *publisher;
    bool from_spool;
    const char *detail; /* of what is dead on arrival */
    bool takes_little;  /* nothing of TOO_LARGE is taken: librdkafka itself says so */
};

static struct schema *load_schema(const char *path)
{
    struct fault why;
    struct schema *schema = schema_load(path, &why);
    if (!schema)
        fail_msg("%s", why.text);
    return schema;
}

static void open_spool(struct works *works)
{
    struct fault why;
    const struct spool_options options = {
        .file = works->file,
        .queue_entries = 10000,
        .queue_bytes = 64 << 20,
        .compress_above_bytes = 4096,
        .checkpoint_pages = 100,
        .overdue_ms = 60000,
    };
    works->spool = spool_open(&options, &why);
    if (!works->spool ||
        !spool_schema(works->spool, "t.dossier-events-value", works->event_schema->text,
                      works->event_schema->fingerprint, &works->schema_no, &why))
        fail_msg("%s", why.text);
}

static void start(struct works *works)
{
    static const char *const small[] = {"message.max.bytes=1000"};
    struct fault why;
    struct publisher_options options = {
        .kafka = works->mock.options,
        .spool_file = works->file,
        .dead_letter = works->dead_letter,
        .batch_entries = 100,
        .batch_bytes = 1 << 20,
        .deadline_ms = 5000,
        .from_spool = works->from_spool,
    };
    options.kafka.properties = small;
    options.kafka.property_count = works->takes_little ? 1 : 0;
    works->publisher = publisher_start(&options, works->spool, &why);
    if (!works->publisher)
        fail_msg("%s", why.text);
}

static void stop(struct works *works)
{
    publisher_stop(works->publisher, STOP_MS);
    works->publisher = NULL;
}

static int set_up(void **state)
{
    struct works *works = calloc(1, sizeof *works);
    (void)snprintf(works->folder, sizeof works->folder, "/tmp/lienthong-publisher-XXXXXX");
    assert_non_null(mkdtemp(works->folder));
    (void)snprintf(works->file, sizeof works->file, "%s/spool.db", works->folder);
    works->event_schema = load_schema("schemas/dossier-event.avsc");
    works->dead_letter = load_schema("schemas/dead-letter.avsc");
    mock_open(&works->mock);
    open_spool(works);
    works->detail = "the dossier's code is missing";
    *state = works;
    return 0;
}

static int tear_down(void **state)
{
    struct works *works = *state;
    char command[TEXT + 16];
    stop(works);
    spool_close(works->spool);
    mock_close(&works->mock);
    schema_free(works->event_schema);
    schema_free(works->dead_letter);
    (void)snprintf(command, sizeof command, "rm -rf %s", works->folder);
    assert_int_equal(system(command), 0);
    free(works);
    return 0;
}

/* ---- adding ---- */

struct answer {
    pthread_mutex_t lock;
    pthread_cond_t come;
    int64_t entry; /* 0: none yet */
};

static void note_answer(void *own, const struct spool_receipt *receipts, size_t count,
                        const struct fault *why)
{
    struct answer *answer = own;
    (void)count;
    (void)why;
    (void)pthread_mutex_lock(&answer->lock);
    answer->entry = receipts ? receipts[0].entry : -1;
    (void)pthread_cond_signal(&answer->come);
    (void)pthread_mutex_unlock(&answer->lock);
}

/* Adds one entry of a dossier; without an event it is dead on arrival. */
static int64_t add(struct works *works, const char *native_id, const char *dossier,
                   const char *event)
{
    struct answer answer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    struct spool_item item = {
        .native_id = native_id,
        .native_id_size = strlen(native_id),
        .dossier_code = dossier,
        .event = event,
        .event_size = event ? strlen(event) : 0,
        .schema_no = event ? works->schema_no : 0,
        .event_type = event ? "HANDED_OFF" : NULL,
        .occurred_at_ms = 1747035900000,
        .cause = event ? NULL : "missing /Dossier/DossierCode",
        .detail = event ? NULL : works->detail,
    };
    digest_sha256(native_id, strlen(native_id), item.content_sha256);
    memcpy(item.event_id, item.content_sha256, UUID_SIZE);
    struct spool_document document = {
        .partner = "motcua",
        .adapter = "lienthong-xml",
        .media_type = "application/xml",
        .bytes = "<HandoffMessage/>",
        .size = 17,
        .received_at_ms = clock_now_ms(),
        .items = &item,
        .item_count = 1,
    };
    struct fault why;
    digest_sha256(document.bytes, document.size, document.sha256);
    if (!spool_add(works->spool, &document, note_answer, &answer, &why))
        fail_msg("%s", why.text);
    (void)pthread_mutex_lock(&answer.lock);
    while (answer.entry == 0)
        (void)pthread_cond_wait(&answer.come, &answer.lock);
    (void)pthread_mutex_unlock(&answer.lock);
    assert_true(answer.entry > 0);
    return answer.entry;
}

static void add_many(struct works *works, int from, int to)
{
    for (int i = from; i < to; i++) {
        char native_id[TEXT];
        char dossier[TEXT];
        (void)snprintf(native_id, sizeof native_id, "n-%d", i);
        (void)snprintf(dossier, sizeof dossier, "H09-%d", i % 7);
        (void)add(works, native_id, dossier, native_id);
    }
}

/* ---- waiting ---- */

static void wait_for_watermark(struct works *works, int64_t number)
{
    int64_t give_up_at = clock_ticks_ms() + PATIENCE_MS;
    while (spool_watermark(works->spool) < number) {
        if (clock_ticks_ms() > give_up_at) {
            struct fault why;
            enum publisher_state state = publisher_state(works->publisher, &why);
            fail_msg("still at %d, state %d: %s", (int)spool_watermark(works->spool), (int)state,
                     why.text);
        }
        (void)usleep(10000);
    }
}

static void wait_for_state(struct works *works, enum publisher_state wanted)
{
    int64_t give_up_at = clock_ticks_ms() + PATIENCE_MS;
    struct fault why;
    while (publisher_state(works->publisher, &why) != wanted) {
        if (clock_ticks_ms() > give_up_at)
            fail_msg("not in state %d: %s", (int)wanted, why.text);
        (void)usleep(10000);
    }
}

static void inject(struct works *works, int16_t request, rd_kafka_resp_err_t error, size_t times)
{
    rd_kafka_resp_err_t errors[16];
    assert_true(times <= 16);
    for (size_t i = 0; i < times; i++)
        errors[i] = error;
    rd_kafka_mock_push_request_errors_array(works->mock.cluster, request, times, errors);
}

static int count_events(const struct works *works)
{
    return mock_count(&works->mock, "t.dossier-events");
}

static int count_letters(const struct works *works)
{
    return mock_count(&works->mock, "t.dead-letters");
}

/* ---- the tests ---- */

static void entries_reach_kafka_and_the_spool_hears_where(void **state)
{
    struct works *works = *state;
    add_many(works, 0, 250);
    start(works);
    wait_for_watermark(works, 250);
    assert_int_equal(count_events(works), 250);
    wait_for_state(works, PUBLISHER_RUNNING);

    struct fault why;
    struct spool_place place;
    struct spool_reader *reader = spool_reader_open(works->file, &why);
    assert_non_null(reader);
    assert_true(spool_place_of(reader, 250, &place, &why));
    assert_int_equal(place.number, 250);
    assert_true(place.partition >= 0 && place.partition < 12 && place.offset >= 0);
    spool_reader_close(reader);

    add_many(works, 250, 260);
    wait_for_watermark(works, 260);
    assert_int_equal(count_events(works), 260);
}

static void a_restart_goes_on_after_the_last(void **state)
{
    struct works *works = *state;
    add_many(works, 0, 20);
    start(works);
    wait_for_watermark(works, 20);
    stop(works);
    add_many(works, 20, 30);
    start(works);
    wait_for_watermark(works, 30);
    assert_int_equal(count_events(works), 30);
}

static void a_copy_that_lags_is_moved_to_kafkas_number(void **state)
{
    struct works *works = *state;
    struct fault why;
    add_many(works, 0, 20);
    start(works);
    wait_for_watermark(works, 20);
    stop(works);
    assert_true(spool_set_watermark(works->spool, 5, &why));
    start(works);
    wait_for_watermark(works, 20);
    add_many(works, 20, 21);
    wait_for_watermark(works, 21);
    assert_int_equal(count_events(works), 21);
}

/* Text that no header or framing brings under the limit. */
static const char *large_text(void)
{
    static char text[TOO_LARGE + 1];
    memset(text, 'x', TOO_LARGE);
    return text;
}

/* A limit of the client's own, since an error injected into the mock would as often meet the
 * progress record, which goes out beside the event. */
static void a_record_that_kafka_refuses_becomes_a_dead_letter(void **state)
{
    struct works *works = *state;
    struct fault why;
    works->takes_little = true;
    start(works);
    int64_t refused = add(works, "n-big", "H09-9", large_text());
    wait_for_watermark(works, refused);
    assert_int_equal(count_events(works), 0);
    assert_int_equal(count_letters(works), 1);

    int64_t behind = add(works, "n-next", "H09-9", "next");
    int64_t free_one = add(works, "n-free", "H09-8", "free");
    wait_for_watermark(works, free_one);
    assert_int_equal(count_events(works), 1);
    assert_true(behind < free_one);

    stop(works);
    works->takes_little = false;
    start(works);
    assert_true(spool_release(works->spool, refused, &why));
    wait_for_watermark(works, free_one + 2);
    assert_int_equal(count_events(works), 3);
}

static void a_record_refused_in_company_alone_is_not_buried(void **state)
{
    struct works *works = *state;
    struct spool_levels levels;
    add_many(works, 0, 50);
    inject(works, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_INVALID_RECORD, 1);
    start(works);
    wait_for_watermark(works, 50);
    spool_levels(works->spool, &levels);
    assert_int_equal(levels.dead, 0);
    assert_int_equal(count_letters(works), 0);
}

static void what_is_dead_on_arrival_becomes_a_dead_letter(void **state)
{
    struct works *works = *state;
    start(works);
    int64_t dead = add(works, "n-dead", NULL, NULL);
    wait_for_watermark(works, dead);
    assert_int_equal(count_letters(works), 1);
    assert_int_equal(count_events(works), 0);
}

static void a_dead_letter_that_kafka_refuses_stops_nothing(void **state)
{
    struct works *works = *state;
    works->takes_little = true;
    works->detail = large_text();
    (void)add(works, "n-dead", NULL, NULL);
    int64_t good = add(works, "n-good", "H09-1", "good");
    start(works);
    wait_for_watermark(works, good);
    assert_int_equal(count_events(works), 1);
    assert_int_equal(count_letters(works), 0);
}

/* An event that is unroutable, and what the gateway tells of it. */
static void tell(struct works *works, int64_t offset, const char *datum)
{
    struct fault why;
    int32_t schema_no;
    if (!spool_schema(works->spool, "t.deliveries-value", works->event_schema->text,
                      works->event_schema->fingerprint, &schema_no, &why))
        fail_msg("%s", why.text);
    const struct spool_target nobody = {.cause = "route /handoff/to_agency"};
    const struct spool_notice notice = {.topic = TOPIC_DELIVERIES,
                                        .key = "H09-1",
                                        .datum = datum,
                                        .size = strlen(datum),
                                        .schema_no = schema_no};
    const struct spool_arrival arrival = {.offset = offset,
                                          .arrived_at_ms = clock_now_ms(),
                                          .event = "",
                                          .targets = &nobody,
                                          .target_count = 1,
                                          .notices = &notice,
                                          .notice_count = 1};
    const struct spool_position position = {"t.dossier-events", 0, offset + 1};
    if (!spool_arrive(works->spool, &arrival, 1, &position, 1, &why))
        fail_msg("%s", why.text);
}

/* What the topic of deliveries says, as its records' texts. */
struct told {
    const struct works *works;
    char text[TEXT];
};

static void assert_header(const struct tail_record *record, const char *name, const char *expected)
{
    const void *value = NULL;
    size_t size;
    assert_non_null(record->headers);
    assert_int_equal(rd_kafka_header_get_last(record->headers, name, &value, &size),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(value, expected, size);
}

static bool hear(void *own, const struct tail_record *record)
{
    struct told *told = own;
    struct wire_prefix prefix = wire_single_object(told->works->event_schema->fingerprint);
    size_t used = strlen(told->text);
    assert_true(record->value_size > prefix.size);
    assert_memory_equal(record->value, prefix.bytes, prefix.size);
    assert_int_equal(record->key_size, 5);
    assert_memory_equal(record->key, "H09-1", 5);
    assert_header(record, "ce_type", "vn.lienthong.delivery");
    assert_header(record, "ce_source", "/lienthong/gw");
    assert_header(record, "ce_subject", "H09-1");
    (void)snprintf(told->text + used, sizeof told->text - used, "%s%.*s", used ? " " : "",
                   (int)(record->value_size - prefix.size), record->value + prefix.size);
    return true;
}

static void assert_told(struct works *works, const char *expected)
{
    struct fault why;
    struct told told = {.works = works};
    const struct tail_request request = {
        .topic = "t.deliveries", .from = TAIL_FROM_START, .each = hear, .own = &told};
    assert_true(tail_topic(&works->mock.options, &request, &why));
    assert_string_equal(told.text, expected);
}

static void notices_and_entries_are_published_once_and_in_order(void **state)
{
    struct works *works = *state;
    (void)add(works, "n-1", "H09-1", "event");
    tell(works, 1, "one");
    (void)add(works, "n-2", "H09-1", "event");
    tell(works, 2, "two");
    start(works);
    wait_for_watermark(works, 4);
    tell(works, 3, "three");
    wait_for_watermark(works, 5);
    stop(works);
    tell(works, 4, "four");
    start(works);
    wait_for_watermark(works, 6);
    tell(works, 4, "four"); /* read twice */
    (void)add(works, "n-3", "H09-1", "event");
    wait_for_watermark(works, 7);
    assert_int_equal(count_events(works), 3);
    assert_told(works, "one two three four");
}

static void a_commit_in_doubt_tells_nothing_twice(void **state)
{
    struct works *works = *state;
    start(works);
    wait_for_state(works, PUBLISHER_RUNNING);
    inject(works, MOCK_END_TXN, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, 1);
    tell(works, 1, "one");
    wait_for_watermark(works, 1);
    assert_told(works, "one");
}

static void a_notice_that_kafka_refuses_stops_nothing(void **state)
{
    struct works *works = *state;
    works->takes_little = true;
    tell(works, 1, large_text());
    tell(works, 2, "two");
    start(works);
    wait_for_watermark(works, 2);
    assert_told(works, "two");
}

static void a_missing_right_is_waited_out(void **state)
{
    struct works *works = *state;
    inject(works, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 8);
    start(works);
    int64_t entry = add(works, "n-1", "H09-1", "event");
    wait_for_state(works, PUBLISHER_WAITING);
    wait_for_watermark(works, entry);
    wait_for_state(works, PUBLISHER_RUNNING);
    struct spool_levels levels;
    spool_levels(works->spool, &levels);
    assert_int_equal(levels.dead, 0);
}

static void a_commit_in_doubt_is_settled_by_kafkas_progress(void **state)
{
    struct works *works = *state;
    start(works);
    wait_for_state(works, PUBLISHER_RUNNING);
    /* The mock cluster shows what was not committed: so Kafka's progress says that it was. */
    inject(works, MOCK_END_TXN, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, 1);
    int64_t entry = add(works, "n-1", "H09-1", "event");
    wait_for_watermark(works, entry);
    assert_int_equal(count_events(works), 1);

    struct fault why;
    struct spool_place place;
    struct spool_reader *reader = spool_reader_open(works->file, &why);
    assert_non_null(reader);
    assert_true(spool_place_of(reader, entry, &place, &why));
    spool_reader_close(reader);
}

/* As after a move to another cluster: the spool is ahead of a Kafka that knows nothing. */
static void lose_kafka(struct works *works)
{
    add_many(works, 0, 10);
    start(works);
    wait_for_watermark(works, 10);
    stop(works);
    mock_close(&works->mock);
    mock_open(&works->mock);
    add_many(works, 10, 15);
}

static void another_cluster_is_not_filled_without_a_word(void **state)
{
    struct works *works = *state;
    lose_kafka(works);
    start(works);
    wait_for_state(works, PUBLISHER_HELD);
    assert_int_equal(count_events(works), 0);
    assert_true(publisher_resume(works->publisher, true));
    wait_for_watermark(works, 15);
    assert_int_equal(count_events(works), 5);
}

static void another_cluster_is_filled_on_a_word(void **state)
{
    struct works *works = *state;
    lose_kafka(works);
    start(works);
    wait_for_state(works, PUBLISHER_HELD);
    assert_true(publisher_resume(works->publisher, false));
    wait_for_state(works, PUBLISHER_RUNNING);
    assert_false(publisher_resume(works->publisher, true)); /* it waits for none any more */
    wait_for_watermark(works, 15);
    assert_int_equal(count_events(works), 15);
}

/* The broker goes before the publisher can act on the word. */
static void a_word_holds_while_the_broker_is_away(void **state)
{
    struct works *works = *state;
    lose_kafka(works);
    start(works);
    wait_for_state(works, PUBLISHER_HELD);
    rd_kafka_mock_broker_set_down(works->mock.cluster, 1);
    assert_true(publisher_resume(works->publisher, true));
    wait_for_state(works, PUBLISHER_WAITING);
    rd_kafka_mock_broker_set_up(works->mock.cluster, 1);
    wait_for_watermark(works, 15);
    assert_int_equal(count_events(works), 5);
}

static void a_word_holds_until_a_transaction_has_followed_it(void **state)
{
    struct works *works = *state;
    lose_kafka(works);
    start(works);
    wait_for_state(works, PUBLISHER_HELD);
    inject(works, MOCK_ADD_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
    assert_true(publisher_resume(works->publisher, true));
    wait_for_watermark(works, 15);
    assert_int_equal(count_events(works), 5);
}

/* What differs among the records behind `from`; those of transactions that failed are shown too. */
struct behind {
    int64_t from[EVENT_PARTITIONS];
    char values[DIFFERENT_MOST][TEXT];
    size_t count;
};

static bool note_end(void *own, const struct tail_record *record)
{
    struct behind *behind = own;
    behind->from[record->partition] = record->offset + 1;
    return true;
}

static bool note_different(void *own, const struct tail_record *record)
{
    struct behind *behind = own;
    if (record->offset < behind->from[record->partition])
        return true;
    assert_true(record->value_size < TEXT && behind->count < DIFFERENT_MOST);
    char value[TEXT] = "";
    memcpy(value, record->value, record->value_size);
    for (size_t i = 0; i < behind->count; i++)
        if (memcmp(behind->values[i], value, sizeof value) == 0)
            return true;
    memcpy(behind->values[behind->count++], value, sizeof value);
    return true;
}

static void look_at_events(const struct works *works, struct behind *behind,
                           bool (*each)(void *own, const struct tail_record *record))
{
    const struct tail_request request = {
        .topic = "t.dossier-events", .from = TAIL_FROM_START, .each = each, .own = behind};
    struct fault why;
    assert_true(tail_topic(&works->mock.options, &request, &why));
}

/* A letter is refused alone, and later Kafka is put back in the life of the same process. */
static void what_was_passed_over_hides_nothing_that_goes_out_again(void **state)
{
    struct works *works = *state;
    struct behind begun = {.count = 0}, behind = {.count = 0};
    works->takes_little = true;
    works->detail = large_text();
    add_many(works, 0, 5);
    (void)add(works, "n-dead", NULL, NULL);
    add_many(works, 5, 9);
    start(works);
    wait_for_watermark(works, 10);
    look_at_events(works, &begun, note_different);
    assert_int_equal(begun.count, 9);
    mock_write(&works->mock, "t.progress", "gw", "2 1", 1);
    inject(works, MOCK_ADD_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
    add_many(works, 9, 10); /* fails: then the place is looked for again */
    wait_for_state(works, PUBLISHER_HELD);
    look_at_events(works, &behind, note_end);
    assert_true(publisher_resume(works->publisher, false));
    wait_for_watermark(works, 11);
    look_at_events(works, &behind, note_different);
    assert_int_equal(behind.count, 8); /* 3, 4, 5, 7 and those behind */
}

static void a_broker_that_forgets_can_be_started_from_the_spool(void **state)
{
    struct works *works = *state;
    lose_kafka(works);
    works->from_spool = true;
    start(works);
    wait_for_watermark(works, 15);
    assert_int_equal(count_events(works), 5);
}

/* As after a new disk: Kafka is at 10, the spool counts from 1 again. */
static void lose_spool(struct works *works)
{
    add_many(works, 0, 10);
    start(works);
    wait_for_watermark(works, 10);
    stop(works);
    spool_close(works->spool);
    (void)snprintf(works->file, sizeof works->file, "%s/new.db", works->folder);
    open_spool(works);
}

static void a_new_spool_does_not_take_over_an_old_ones_progress(void **state)
{
    struct works *works = *state;
    lose_spool(works);
    add_many(works, 100, 120); /* more than the old one had: only the arrivals differ */
    start(works);
    wait_for_state(works, PUBLISHER_HELD);
    assert_true(publisher_resume(works->publisher, true));
    wait_for_watermark(works, 20);
    assert_int_equal(count_events(works), 30);
}

/* A new spool whose number 10 is PARKED behind its 9, or DEAD, until `ended` is. */
static void hold_a_new_spool(struct works *works, const char *tenth, int64_t ended)
{
    struct fault why;
    lose_spool(works);
    add_many(works, 100, 108);
    assert_int_equal(add(works, "n-dead", "H09-X", NULL), 9);
    assert_int_equal(add(works, "n-behind", "H09-X", tenth), 10);
    add_many(works, 110, 112);
    if (ended > 0 && !spool_discard(works->spool, ended, "a test", &why))
        fail_msg("%s", why.text);
    start(works);
    wait_for_state(works, PUBLISHER_HELD);
    assert_int_equal(count_events(works), 10);
}

static void a_new_spool_does_not_take_over_where_the_number_is_parked(void **state)
{
    hold_a_new_spool(*state, "event", 0);
}

static void a_new_spool_does_not_take_over_where_the_number_is_discarded(void **state)
{
    hold_a_new_spool(*state, NULL, 10);
}

static void a_new_spool_does_not_take_over_where_the_number_is_released(void **state)
{
    hold_a_new_spool(*state, "event", 9);
}

/* As a person may do while the publisher is down. */
static void what_became_of_its_own_last_number_holds_nothing(void **state)
{
    struct works *works = *state;
    struct fault why;
    works->takes_little = true;
    start(works);
    int64_t refused = add(works, "n-big", "H09-9", large_text());
    wait_for_watermark(works, refused);
    stop(works);
    works->takes_little = false;
    assert_true(spool_release(works->spool, refused, &why));
    start(works);
    wait_for_watermark(works, refused + 1);
    stop(works);
    start(works); /* Kafka's number is the release's now */
    add_many(works, 0, 1);
    wait_for_watermark(works, refused + 2);
    assert_int_equal(count_events(works), 2);
}

static void a_word_counts_nothing_as_published_that_came_after_it(void **state)
{
    struct works *works = *state;
    lose_spool(works);
    add_many(works, 100, 103);
    start(works);
    wait_for_state(works, PUBLISHER_HELD);
    rd_kafka_mock_broker_set_down(works->mock.cluster, 1);
    assert_true(publisher_resume(works->publisher,
                                 false)); /* after Kafka's 10, so after the spool's last */
    wait_for_state(works, PUBLISHER_WAITING);
    add_many(works, 103, 108);
    rd_kafka_mock_broker_set_up(works->mock.cluster, 1);
    wait_for_watermark(works, 8);
    assert_int_equal(count_events(works), 10 + 5);
}

static void a_stop_does_not_wait_for_a_broker_that_is_away(void **state)
{
    struct works *works = *state;
    start(works);
    wait_for_state(works, PUBLISHER_RUNNING);
    rd_kafka_mock_broker_set_down(works->mock.cluster, 1);
    (void)add(works, "n-1", "H09-1", "event");
    (void)usleep(300000);
    int64_t asked_at = clock_ticks_ms();
    publisher_stop(works->publisher, 500);
    works->publisher = NULL;
    assert_true(clock_ticks_ms() - asked_at < 5000);

    rd_kafka_mock_broker_set_up(works->mock.cluster, 1);
    start(works);
    wait_for_watermark(works, 1);
}

static void a_bad_property_is_refused_at_start(void **state)
{
    struct works *works = *state;
    static const char *const properties[] = {"acks=0"};
    struct fault why = {.kind = FAULT_NONE};
    struct publisher_options options = {
        .kafka = works->mock.options,
        .spool_file = works->file,
        .dead_letter = works->dead_letter,
        .batch_entries = 1,
        .batch_bytes = 1,
        .deadline_ms = 1,
    };
    options.kafka.properties = properties;
    options.kafka.property_count = 1;
    assert_null(publisher_start(&options, works->spool, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_reach_kafka_and_the_spool_hears_where),
        TEST(a_restart_goes_on_after_the_last),
        TEST(a_copy_that_lags_is_moved_to_kafkas_number),
        TEST(a_record_that_kafka_refuses_becomes_a_dead_letter),
        TEST(a_record_refused_in_company_alone_is_not_buried),
        TEST(what_is_dead_on_arrival_becomes_a_dead_letter),
        TEST(a_dead_letter_that_kafka_refuses_stops_nothing),
        TEST(notices_and_entries_are_published_once_and_in_order),
        TEST(a_commit_in_doubt_tells_nothing_twice),
        TEST(a_notice_that_kafka_refuses_stops_nothing),
        TEST(a_missing_right_is_waited_out),
        TEST(a_commit_in_doubt_is_settled_by_kafkas_progress),
        TEST(another_cluster_is_not_filled_without_a_word),
        TEST(another_cluster_is_filled_on_a_word),
        TEST(a_word_holds_while_the_broker_is_away),
        TEST(a_word_holds_until_a_transaction_has_followed_it),
        TEST(what_was_passed_over_hides_nothing_that_goes_out_again),
        TEST(a_broker_that_forgets_can_be_started_from_the_spool),
        TEST(a_new_spool_does_not_take_over_an_old_ones_progress),
        TEST(a_new_spool_does_not_take_over_where_the_number_is_parked),
        TEST(a_new_spool_does_not_take_over_where_the_number_is_discarded),
        TEST(a_new_spool_does_not_take_over_where_the_number_is_released),
        TEST(a_word_counts_nothing_as_published_that_came_after_it),
        TEST(what_became_of_its_own_last_number_holds_nothing),
        TEST(a_stop_does_not_wait_for_a_broker_that_is_away),
        TEST(a_bad_property_is_refused_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
