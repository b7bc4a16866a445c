/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka's mock cluster with our topics, open to error injection. */
#ifndef UNIT_MOCK_KAFKA_H
#define UNIT_MOCK_KAFKA_H

#include "unit.h"

#include "kafka/client.h"
#include "kafka/tail.h"
#include "kafka/topics.h"

#include <librdkafka/rdkafka_mock.h>
#include <string.h>

/* Request numbers of the Kafka protocol. */
enum {
    MOCK_PRODUCE = 0,
    MOCK_OFFSET_COMMIT = 8,
    MOCK_INIT_PRODUCER_ID = 22,
    MOCK_ADD_PARTITIONS = 24,
    MOCK_END_TXN = 26
};

struct mock_kafka {
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *cluster;
    struct kafka_options options;
};

static inline void mock_open(struct mock_kafka *mock)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "log_level", "2", NULL, 0), RD_KAFKA_CONF_OK);
    mock->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    assert_non_null(mock->client);
    mock->cluster = rd_kafka_mock_cluster_new(mock->client, 1);
    assert_non_null(mock->cluster);
    for (const struct topic_plan *plan = topic_plans; plan->name; plan++) {
        char name[64];
        (void)snprintf(name, sizeof name, "t.%s", plan->name);
        rd_kafka_mock_topic_create(mock->cluster, name, plan->partitions, 1);
    }
    mock->options = (struct kafka_options){
        .brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster),
        .gateway_id = "gw",
        .topic_prefix = "t.",
    };
}

static inline void mock_close(struct mock_kafka *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->client);
}

/* Writes one record past the publisher. */
static inline void mock_write(const struct mock_kafka *mock, const char *topic, const char *key,
                              const char *value, int times)
{
    struct fault why;
    rd_kafka_conf_t *conf = kafka_configure(&mock->options, &why);
    assert_non_null(conf);
    rd_kafka_t *client = kafka_open(RD_KAFKA_PRODUCER, conf, &why);
    assert_non_null(client);
    for (int i = 0; i < times; i++) {
        char *copy = value ? strdup(value) : NULL;
        rd_kafka_resp_err_t error = rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
            RD_KAFKA_V_KEY(key, strlen(key)), RD_KAFKA_V_VALUE(copy, copy ? strlen(copy) : 0),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_FREE), RD_KAFKA_V_END);
        assert_int_equal(error, RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    assert_int_equal(rd_kafka_flush(client, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(client);
}

static inline bool mock_count_one(void *own, const struct tail_record *record)
{
    (void)record;
    ++*(int *)own;
    return true;
}

/* How many records a topic shows; the mock cluster shows aborted ones too. */
static inline int mock_count(const struct mock_kafka *mock, const char *topic)
{
    int count = 0;
    const struct tail_request request = {
        .topic = topic, .from = TAIL_FROM_START, .each = mock_count_one, .own = &count};
    struct fault why;
    assert_true(tail_topic(&mock->options, &request, &why));
    return count;
}

#endif
