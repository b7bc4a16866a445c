/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "kafka/embedded.h"
#include "kafka/tail.h"

#include <string.h>

ENDS_WITH_SCOPE(struct embedded_broker *, embedded_close)

static const char topic[] = "lienthong.dossier-events";

static void produce(const struct kafka_options *options, int from, int to, int64_t timestamp_ms)
{
    struct fault why;
    rd_kafka_conf_t *conf = kafka_configure(options, &why);
    assert_non_null(conf);
    rd_kafka_t *client = kafka_open(RD_KAFKA_PRODUCER, conf, &why);
    assert_non_null(client);
    for (int i = from; i < to; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "%d", i);
        rd_kafka_resp_err_t error = rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(i % 12),
            RD_KAFKA_V_KEY(text, (size_t)size), RD_KAFKA_V_VALUE(text, (size_t)size),
            RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_HEADER("ce_id", text, size), RD_KAFKA_V_END);
        assert_int_equal(error, RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    assert_int_equal(rd_kafka_flush(client, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(client);
}

struct seen {
    int count;
    int stop_at;
    bool all_have_headers;
};

static bool see(void *own, const struct tail_record *record)
{
    struct seen *seen = own;
    const void *id = NULL;
    size_t size = 0;
    bool has_id = record->headers && rd_kafka_header_get_last(record->headers, "ce_id", &id,
                                                              &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
    seen->all_have_headers = seen->all_have_headers && has_id && size == record->value_size &&
                             memcmp(id, record->value, size) == 0;
    return ++seen->count != seen->stop_at;
}

static void assert_reads(const struct kafka_options *options, struct tail_request request,
                         int stop_at, int expected)
{
    struct seen seen = {.stop_at = stop_at, .all_have_headers = true};
    request.topic = topic;
    request.each = see;
    request.own = &seen;
    struct fault why;
    assert_true(tail_topic(options, &request, &why));
    assert_int_equal(seen.count, expected);
    assert_true(seen.all_have_headers);
}

static void a_topic_is_read_to_its_end_and_from_where_one_asks(void **state)
{
    (void)state;
    struct fault why = {.kind = FAULT_NONE};
    auto_free(embedded_close) struct embedded_broker *broker = embedded_open("lienthong.", &why);
    assert_non_null(broker);
    const struct kafka_options options = {
        .brokers = embedded_brokers(broker), .gateway_id = "gw", .topic_prefix = "lienthong."};
    produce(&options, 0, 100, 1700000000000);

    const volatile int ended = 1;
    assert_reads(&options, (struct tail_request){.from = TAIL_FROM_START}, 0, 100);
    assert_reads(&options, (struct tail_request){.from = TAIL_FROM_END}, 0, 0);
    assert_reads(&options, (struct tail_request){.from = TAIL_FROM_START, .follow = true}, 7, 7);
    assert_reads(&options,
                 (struct tail_request){.from = TAIL_FROM_START, .follow = true, .ended = &ended}, 0,
                 0);
}

static void a_topic_that_is_not_there_is_refused_and_not_made(void **state)
{
    (void)state;
    struct fault why = {.kind = FAULT_NONE};
    auto_free(embedded_close) struct embedded_broker *broker = embedded_open("lienthong.", &why);
    assert_non_null(broker);
    const struct kafka_options options = {
        .brokers = embedded_brokers(broker), .gateway_id = "gw", .topic_prefix = "lienthong."};
    struct seen seen = {.stop_at = 0};
    const struct tail_request request = {
        .topic = "lienthong.nosuch", .from = TAIL_FROM_START, .each = see, .own = &seen};
    for (int i = 0; i < 2; i++) {
        assert_false(tail_topic(&options, &request, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_non_null(strstr(why.text, "lienthong.nosuch: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_is_read_to_its_end_and_from_where_one_asks),
        cmocka_unit_test(a_topic_that_is_not_there_is_refused_and_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
