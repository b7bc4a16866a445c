/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/clock.h"
#include "base/digest.h"
#include "hasty.h"
#include "kafka/sender.h"
#include "mock_kafka.h"

#include <pthread.h>
#include <string.h>

enum { RECORDS = 5, DEADLINE_MS = 4000 };

static const struct batch_form form = {
    .gateway_id = "gw",
    .events_topic = "t.dossier-events",
    .dead_letters_topic = "t.dead-letters",
    .progress_topic = "t.progress",
    .prefix_size = WIRE_SINGLE_OBJECT_SIZE,
};

static const char *const topics[] = {"t.dossier-events", "t.deliveries", "t.dead-letters",
                                     "t.progress"};

static void fill_batch(struct batch *batch)
{
    static const uint8_t id[UUID_SIZE] = {1, 2, 3};
    struct fault why;
    batch_clear(batch);
    batch->form = &form;
    for (int i = 1; i <= RECORDS; i++) {
        char dossier[32];
        (void)snprintf(dossier, sizeof dossier, "000.00.00.H09-25-%d", i);
        const struct spool_entry entry = {
            .entry = i,
            .number = i,
            .state = ENTRY_READY,
            .partner = "motcua",
            .received_at_ms = 1747036800000 + i,
            .dossier_code = dossier,
            .event_id = id,
            .event_type = "HANDED_OFF",
            .event = "event",
            .event_size = 5,
        };
        assert_true(batch_add(batch, &entry, &why));
    }
    assert_true(batch_seal(batch, &why));
    assert_int_equal(batch->count, RECORDS + 1);
    assert_int_equal(batch_last(batch), RECORDS);
}

static struct sender *open_sender(const struct mock_kafka *mock)
{
    struct fault why;
    struct sender *sender = sender_open(&mock->options, topics, &why);
    assert_non_null(sender);
    int tries = 0;
    while (!sender_begin(sender, &why))
        if (why.kind != FAULT_RETRY || ++tries == 30)
            fail_msg("%s", why.text);
    return sender;
}

struct attempt {
    enum sent sent;
    size_t refused;
    struct fault why;
};

static struct attempt send_batch(struct sender *sender, struct batch *batch, int64_t stop_in_ms)
{
    const _Atomic int64_t stop_at = clock_ticks_ms() + stop_in_ms;
    const struct sender_limits limits = {.deadline_ms = clock_ticks_ms() + DEADLINE_MS,
                                         .stop_at = &stop_at};
    struct attempt attempt = {.why = {FAULT_NONE, ""}};
    fill_batch(batch);
    attempt.sent = sender_send(sender, batch, &limits, &attempt.refused, &attempt.why);
    return attempt;
}

static void a_committed_batch_has_the_place_of_each_record(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct batch batch = {.form = &form};
    mock_open(&mock);
    struct sender *sender = open_sender(&mock);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(send_batch(sender, &batch, INT32_MAX).sent, SENT_COMMITTED);
        for (size_t i = 0; i < batch.count; i++) {
            assert_true(batch.records[i].is_reported);
            assert_true(batch.records[i].stored_offset >= round);
            assert_null(batch.records[i].value);
        }
    }
    assert_int_equal(mock_count(&mock, form.events_topic), 3 * RECORDS);
    assert_int_equal(mock_count(&mock, form.progress_topic), 3);
    sender_close(sender);
    batch_free(&batch);
    mock_close(&mock);
}

/* What the broker answers, how often, and what must come of it. */
static const struct row {
    const char *name;
    int16_t request;
    rd_kafka_resp_err_t error;
    int times;
    enum sent sent;
} rows[] = {
    {"a leader that moved", MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 2,
     SENT_COMMITTED},
    {"too few replicas for a moment", MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 2,
     SENT_COMMITTED},
    {"too large", MOCK_PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1, SENT_REFUSED},
    {"invalid", MOCK_PRODUCE, RD_KAFKA_RESP_ERR_INVALID_RECORD, 1, SENT_REFUSED},
    {"against a policy", MOCK_PRODUCE, RD_KAFKA_RESP_ERR_POLICY_VIOLATION, 1, SENT_REFUSED},
    {"a wrong clock", MOCK_PRODUCE, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, 1, SENT_ABORTED},
    {"no right to write", MOCK_PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1,
     SENT_ABORTED},
    {"fenced while producing", MOCK_PRODUCE, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, 1,
     SENT_LOST},
    {"no right to a topic", MOCK_ADD_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1,
     SENT_ABORTED},
    {"coordinator loading", MOCK_ADD_PARTITIONS, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 3,
     SENT_COMMITTED},
    {"fenced", MOCK_ADD_PARTITIONS, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, 1, SENT_LOST},
    {"coordinator moved at the end", MOCK_END_TXN, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, 2,
     SENT_COMMITTED},
    {"concurrent at the end", MOCK_END_TXN, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, 2,
     SENT_COMMITTED},
    {"fenced at the end", MOCK_END_TXN, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, 1, SENT_LOST},
    {"state lost at the end", MOCK_END_TXN, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, 1, SENT_LOST},
    {"id lost at the end", MOCK_END_TXN, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, 1,
     SENT_LOST},
    {"broken at the end", MOCK_END_TXN, RD_KAFKA_RESP_ERR_UNKNOWN, 1, SENT_LOST},
};

static void every_error_of_the_broker_has_its_outcome(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct batch batch = {.form = &form};
    mock_open(&mock);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        rd_kafka_resp_err_t errors[8];
        struct sender *sender = open_sender(&mock);
        for (int n = 0; n < row->times; n++)
            errors[n] = row->error;
        rd_kafka_mock_push_request_errors_array(mock.cluster, row->request, (size_t)row->times,
                                                errors);

        struct attempt attempt = send_batch(sender, &batch, INT32_MAX);
        if (attempt.sent != row->sent)
            fail_msg("%s: %d, %s", row->name, (int)attempt.sent, attempt.why.text);
        if (attempt.sent == SENT_REFUSED)
            assert_int_equal(batch.records[attempt.refused].error, row->error);
        if (attempt.sent != SENT_COMMITTED)
            assert_int_equal(attempt.why.kind, FAULT_RETRY);

        rd_kafka_mock_clear_request_errors(mock.cluster, row->request);
        if (attempt.sent != SENT_COMMITTED) {
            sender_close(sender);
            sender = open_sender(&mock);
        }
        attempt = send_batch(sender, &batch, INT32_MAX);
        if (attempt.sent != SENT_COMMITTED)
            fail_msg("after %s: %s", row->name, attempt.why.text);
        sender_close(sender);
    }
    batch_free(&batch);
    mock_close(&mock);
}

static void a_coordinator_that_is_not_there_yet_is_asked_again(void **state)
{
    (void)state;
    struct mock_kafka mock;
    mock_open(&mock);
    rd_kafka_mock_push_request_errors(
        mock.cluster, MOCK_INIT_PRODUCER_ID, 3, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
    sender_close(open_sender(&mock));
    mock_close(&mock);
}

static void a_producer_without_the_right_to_its_id_must_be_made_again(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct fault why = {.kind = FAULT_NONE};
    mock_open(&mock);
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_INIT_PRODUCER_ID, 1,
                                      RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    struct sender *sender = sender_open(&mock.options, topics, &why);
    assert_non_null(sender);
    int tries = 0;
    while (!sender_begin(sender, &why) && why.kind == FAULT_RETRY && tries < 20)
        tries++;
    assert_int_equal(why.kind, FAULT_BROKEN);
    sender_close(sender);
    sender_close(open_sender(&mock));
    mock_close(&mock);
}

/* The records are all on their way when the broker says no: their reports tell. */
static void a_missing_right_is_told_long_before_the_deadline(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct batch batch = {.form = &form};
    mock_open(&mock);
    struct sender *sender = open_sender(&mock);
    assert_int_equal(rd_kafka_mock_broker_push_request_error_rtts(
                         mock.cluster, 1, MOCK_ADD_PARTITIONS, 1,
                         RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 300),
                     RD_KAFKA_RESP_ERR_NO_ERROR);

    int64_t begun_at = clock_ticks_ms();
    struct attempt attempt = send_batch(sender, &batch, INT32_MAX);
    int64_t took_ms = clock_ticks_ms() - begun_at;
    assert_int_equal(attempt.sent, SENT_ABORTED);
    assert_in_range(took_ms, 250, DEADLINE_MS / 2);
    sender_close(sender);
    batch_free(&batch);
    mock_close(&mock);
}

static void a_stop_ends_a_transaction_that_gets_no_answer(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct batch batch = {.form = &form};
    mock_open(&mock);
    struct sender *sender = open_sender(&mock);
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 60000);

    int64_t begun_at = clock_ticks_ms();
    struct attempt attempt = send_batch(sender, &batch, 500);
    assert_true(attempt.sent == SENT_LOST || attempt.sent == SENT_ABORTED);
    assert_true(clock_ticks_ms() - begun_at < DEADLINE_MS);
    sender_close(sender);
    batch_free(&batch);
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 0);
    mock_close(&mock);
}

static void a_broker_that_stays_away_costs_no_more_than_the_deadline(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct batch batch = {.form = &form};
    mock_open(&mock);
    struct sender *sender = open_sender(&mock);
    rd_kafka_mock_broker_set_down(mock.cluster, 1);

    int64_t begun_at = clock_ticks_ms();
    struct attempt attempt = send_batch(sender, &batch, INT32_MAX);
    assert_true(attempt.sent == SENT_LOST || attempt.sent == SENT_ABORTED);
    assert_true(clock_ticks_ms() - begun_at < DEADLINE_MS + 4000);
    sender_close(sender);

    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    sender = open_sender(&mock);
    assert_int_equal(send_batch(sender, &batch, INT32_MAX).sent, SENT_COMMITTED);
    sender_close(sender);
    batch_free(&batch);
    mock_close(&mock);
}

/* ---- waits that end too soon ---- */

/*
 * As on a machine that had no time for librdkafka's own threads.  A commit that is called again
 * after that may take the answer to its first call for its own, and be reported as
 * done, or end the process by an assertion.
 */
static void a_wait_that_ends_too_soon_never_makes_a_commit_look_done(void **state)
{
    (void)state;
    struct mock_kafka mock;
    struct batch batch = {.form = &form};
    mock_open(&mock);
    struct sender *sender = open_sender(&mock);
    for (int round = 0; round < 200; round++) {
        hasty = 1 + round % 20;
        struct attempt attempt = send_batch(sender, &batch, INT32_MAX);
        hasty = 0;
        if (attempt.sent == SENT_COMMITTED) {
            attempt = send_batch(sender, &batch, INT32_MAX);
            if (attempt.sent != SENT_COMMITTED)
                fail_msg("round %d: the commit before was none: %s", round, attempt.why.text);
        } else {
            sender_close(sender);
            sender = open_sender(&mock);
        }
    }
    sender_close(sender);
    batch_free(&batch);
    mock_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_committed_batch_has_the_place_of_each_record),
        cmocka_unit_test(every_error_of_the_broker_has_its_outcome),
        cmocka_unit_test(a_coordinator_that_is_not_there_yet_is_asked_again),
        cmocka_unit_test(a_producer_without_the_right_to_its_id_must_be_made_again),
        cmocka_unit_test(a_missing_right_is_told_long_before_the_deadline),
        cmocka_unit_test(a_stop_ends_a_transaction_that_gets_no_answer),
        cmocka_unit_test(a_broker_that_stays_away_costs_no_more_than_the_deadline),
        cmocka_unit_test(a_wait_that_ends_too_soon_never_makes_a_commit_look_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
