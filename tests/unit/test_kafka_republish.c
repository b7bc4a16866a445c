/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "hasty.h"
#include "kafka/republish.h"
#include "mock_kafka.h"

#include <string.h>

enum { MARK_SIZE = 64, SEEN_MOST = 4000, PATIENCE_STEPS = 2000 };

static const char topic[] = "t.dossier-events";

ENDS_WITH_SCOPE(struct republish *, republish_close)

/* What a consumer of the topic saw, in its order: of one partition, since its key is one. */
struct seen {
    size_t count, repeats;
    char values[SEEN_MOST][24]; /* of the repeats */
    char mark[MARK_SIZE];       /* of the last repeat */
    int32_t partition;
    int64_t timestamp_ms;
    bool has_own_header;
};

static bool see(void *own, const struct tail_record *record)
{
    struct seen *seen = own;
    const void *text;
    size_t size;
    seen->count++;
    if (!record->headers || rd_kafka_header_get_last(record->headers, "lt_replay_id", &text, &size))
        return true;
    assert_true(seen->repeats < SEEN_MOST && size < MARK_SIZE && record->value_size < 24);
    (void)snprintf(seen->mark, sizeof seen->mark, "%.*s", (int)size, (const char *)text);
    (void)snprintf(seen->values[seen->repeats++], 24, "%.*s", (int)record->value_size,
                   record->value);
    seen->partition = record->partition;
    seen->timestamp_ms = record->timestamp_ms;
    seen->has_own_header =
        !rd_kafka_header_get_last(record->headers, "ce_id", &text, &size) && size == 2;
    return true;
}

static void look(const struct mock_kafka *mock, struct seen *seen)
{
    struct fault why;
    const struct tail_request request = {
        .topic = topic, .from = TAIL_FROM_START, .each = see, .own = seen};
    memset(seen, 0, sizeof *seen);
    if (!tail_topic(&mock->options, &request, &why))
        fail_msg("%s", why.text);
}

/* Records of one dossier with values FIRST, FIRST + 1, ..., a second apart. */
static void write_events(const struct mock_kafka *mock, int first, int count, bool is_repeat)
{
    struct fault why;
    rd_kafka_conf_t *conf = kafka_configure(&mock->options, &why);
    assert_non_null(conf);
    rd_kafka_t *client = kafka_open(RD_KAFKA_PRODUCER, conf, &why);
    assert_non_null(client);
    for (int i = first; i < first + count; i++) {
        char value[24];
        (void)snprintf(value, sizeof value, "%d", i);
        rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
        (void)rd_kafka_header_add(headers, "ce_id", -1, "42", -1);
        if (is_repeat)
            (void)rd_kafka_header_add(headers, "lt_replay_id", -1, "1.other", -1);
        assert_int_equal(rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(3),
                                           RD_KAFKA_V_KEY("dossier", 7),
                                           RD_KAFKA_V_VALUE(value, strlen(value)),
                                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                           RD_KAFKA_V_TIMESTAMP(1700000000000 + i * 1000),
                                           RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
                         RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    assert_int_equal(rd_kafka_flush(client, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(client);
}

static struct republish *open_job(const struct mock_kafka *mock, const struct republish_wish *wish,
                                  struct republish_options *options)
{
    struct fault why;
    auto_free(free) struct republish_part *parts = NULL;
    size_t count = 0;
    options->kafka = mock->options;
    if (!republish_plan(&mock->options, wish, &parts, &count, &why))
        fail_msg("%s", why.text);
    struct republish *republish = republish_open(options, parts, count, &why);
    assert_non_null(republish);
    return republish;
}

static void run(struct republish *republish, size_t limit)
{
    struct fault why;
    for (int i = 0; !republish_is_over(republish); i++) {
        if (!republish_step(republish, limit, &why) && why.kind != FAULT_RETRY)
            fail_msg("%s", why.text);
        assert_true(i < PATIENCE_STEPS);
    }
}

static struct seen seen; /* too large for a stack */

static void a_stretch_is_sent_again_in_its_order_with_its_headers_and_a_mark(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    write_events(&mock, 0, 300, false);
    struct republish_options options = {.job = 7, .made_ms = 1747036800123};
    const struct republish_wish all = {.from_ms = 0};
    auto_free(republish_close) struct republish *republish = open_job(&mock, &all, &options);
    run(republish, 100);
    look(&mock, &seen);
    assert_int_equal(seen.count, 600);
    assert_int_equal(seen.repeats, 300);
    assert_string_equal(seen.mark, "7.1747036800123.gw");
    assert_int_equal(seen.partition, 3);
    assert_int_equal(seen.timestamp_ms, 1700000299000);
    assert_true(seen.has_own_header);
    for (int i = 0; i < 300; i++)
        assert_int_equal(strtol(seen.values[i], NULL, 10), i);
    mock_close(&mock);
}

static void what_is_a_repeat_itself_is_passed_over(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    write_events(&mock, 0, 5, false);
    write_events(&mock, 100, 5, true);
    write_events(&mock, 5, 5, false);
    struct republish_options options = {.job = 8};
    const struct republish_wish all = {.from_ms = 0};
    auto_free(republish_close) struct republish *republish = open_job(&mock, &all, &options);
    size_t count;
    run(republish, 100);
    look(&mock, &seen);
    assert_int_equal(seen.repeats, 5 + 10);
    assert_int_equal(republish_parts(republish, &count)[0].sent, 10);
    mock_close(&mock);
}

static void offsets_narrow_it_and_a_preview_only_counts(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    write_events(&mock, 0, 50, false);
    const struct republish_part part = {.partition = 3, .from = 10, .to = 20};
    const struct republish_wish wish = {.offsets = &part, .count = 1};
    struct republish_options options = {.job = 9, .only_counts = true};
    auto_free(republish_close) struct republish *preview = open_job(&mock, &wish, &options);
    size_t count;
    run(preview, 7);
    assert_int_equal(republish_parts(preview, &count)[0].sent, 10);
    assert_int_equal(republish_parts(preview, &count)[0].first_ms, 1700000010000);
    look(&mock, &seen);
    assert_int_equal(seen.count, 50);
    mock_close(&mock);
}

static bool want_even(void *own, const void *value, size_t size, bool *is_wanted, struct fault *why)
{
    (void)own;
    (void)why;
    *is_wanted = (((const char *)value)[size - 1] - '0') % 2 == 0;
    return true;
}

static void a_filter_leaves_records_out(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    write_events(&mock, 0, 50, false);
    struct republish_options options = {.job = 9, .wanted = want_even};
    const struct republish_wish all = {.from_ms = 0};
    auto_free(republish_close) struct republish *republish = open_job(&mock, &all, &options);
    run(republish, 100);
    look(&mock, &seen);
    assert_int_equal(seen.repeats, 25);
    assert_string_equal(seen.values[24], "48");
    mock_close(&mock);
}

/* The mock keeps no offsets of transactions, as a broker that has forgotten them: what the group
 * says is tried end to end. */
static void without_the_groups_offsets_it_goes_on_from_the_callers_copy(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct fault why;
    mock_open(&mock);
    write_events(&mock, 0, 300, false);
    struct republish_options options = {.job = 7};
    const struct republish_wish all = {.from_ms = 0};
    auto_free(republish_close) struct republish *first = open_job(&mock, &all, &options);
    const struct republish_part *parts;
    size_t count;
    do
        if (!republish_step(first, 100, &why) && why.kind != FAULT_RETRY)
            fail_msg("%s", why.text);
    while ((parts = republish_parts(first, &count))[0].sent == 0);

    auto_free(republish_close) struct republish *second =
        republish_open(&options, parts, count, &why);
    assert_non_null(second);
    run(second, 100);
    assert_int_equal(republish_parts(second, &count)[0].sent, 300);
    look(&mock, &seen);
    assert_int_equal(seen.repeats, 300);
    mock_close(&mock);
}

/* The first step makes a producer; what fails before has nothing to be in doubt about. */
static void step_until_it_passes(struct republish *republish)
{
    struct fault why;
    for (int tries = 0; !republish_step(republish, 1, &why); tries++)
        if (why.kind != FAULT_RETRY || tries == 30)
            fail_msg("%s", why.text);
}

/* As with the publisher's transactions, of which the twin of this test is. */
static void a_wait_that_ends_too_soon_never_makes_a_commit_look_done(void **state)
{
    (void)state;
    enum { ROUNDS = 150 };
    struct mock_kafka mock;
    struct fault why;
    mock_open(&mock);
    write_events(&mock, 0, 3 * ROUNDS, false);
    struct republish_options options = {.job = 7};
    const struct republish_wish all = {.from_ms = 0};
    auto_free(republish_close) struct republish *republish = open_job(&mock, &all, &options);
    step_until_it_passes(republish);
    for (int round = 0; round < ROUNDS; round++) {
        patient = round % 6;
        hasty = 1 + round / 6 % 4;
        bool is_done = republish_step(republish, 1, &why);
        patient = hasty = 0;
        if (!is_done)
            step_until_it_passes(republish);
        else if (!republish_step(republish, 1, &why))
            fail_msg("round %d: the commit before was none: %s", round, why.text);
    }
    mock_close(&mock);
}

/* What the group says of a job, as the broker keeps it: offset and note of partition 3. */
static void write_note(const struct mock_kafka *mock, int64_t offset, const char *note)
{
    struct fault why;
    rd_kafka_conf_t *conf = kafka_configure(&mock->options, &why);
    assert_true(conf && kafka_set(conf, "group.id", "gw-replay", &why));
    rd_kafka_t *client = kafka_open(RD_KAFKA_CONSUMER, conf, &why);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *place = rd_kafka_topic_partition_list_add(list, topic, 3);
    place->offset = offset;
    place->metadata = strdup(note);
    place->metadata_size = strlen(note);
    assert_int_equal(rd_kafka_commit(client, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
}

/* Runs a job of 300 records of which the caller's copy has 200 behind it; how many went out. */
static size_t run_from_copy(const struct mock_kafka *mock, const struct republish_options *options)
{
    struct fault why;
    struct republish_part part = {.partition = 3, .from = 0, .to = 300, .next = 200, .sent = 200};
    auto_free(republish_close) struct republish *republish =
        republish_open(options, &part, 1, &why);
    size_t count;
    assert_non_null(republish);
    run(republish, 100);
    assert_int_equal(republish_parts(republish, &count)[0].sent, 300);
    look(mock, &seen);
    return seen.repeats;
}

static void what_the_group_says_of_the_job_wins_over_the_callers_copy(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    write_events(&mock, 0, 300, false);
    const struct republish_options options = {
        .kafka = mock.options, .job = 7, .made_ms = 1747036800123};
    write_note(&mock, 250, "7 1747036800123 250 1700000000000");
    assert_int_equal(run_from_copy(&mock, &options), 50);
    write_note(&mock, 120, "7 1747036800123 120 1700000000000"); /* Kafka was put back */
    assert_int_equal(run_from_copy(&mock, &options), 50 + 180);
    mock_close(&mock);
}

/* As after a backup was restored, or with a new spool under the same gateway id. */
static void what_the_group_says_of_another_job_of_the_number_says_nothing(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    write_events(&mock, 0, 300, false);
    const struct republish_options options = {
        .kafka = mock.options, .job = 7, .made_ms = 1747036800123};
    write_note(&mock, 280, "7 1747036800122 280 1700000000000");
    assert_int_equal(run_from_copy(&mock, &options), 100);
    write_note(&mock, 280, "7 280 1700000000000"); /* as it was written formerly */
    assert_int_equal(run_from_copy(&mock, &options), 100 + 100);
    mock_close(&mock);
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct fault why;
    struct republish_part *parts = NULL;
    size_t count;
    mock_open(&mock);
    const struct republish_part part = {.partition = 99, .from = 0, .to = 20};
    const struct republish_wish wish = {.offsets = &part, .count = 1};
    assert_false(republish_plan(&mock.options, &wish, &parts, &count, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    mock_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stretch_is_sent_again_in_its_order_with_its_headers_and_a_mark),
        cmocka_unit_test(what_is_a_repeat_itself_is_passed_over),
        cmocka_unit_test(offsets_narrow_it_and_a_preview_only_counts),
        cmocka_unit_test(a_filter_leaves_records_out),
        cmocka_unit_test(without_the_groups_offsets_it_goes_on_from_the_callers_copy),
        cmocka_unit_test(a_wait_that_ends_too_soon_never_makes_a_commit_look_done),
        cmocka_unit_test(what_the_group_says_of_the_job_wins_over_the_callers_copy),
        cmocka_unit_test(what_the_group_says_of_another_job_of_the_number_says_nothing),
        cmocka_unit_test(what_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
