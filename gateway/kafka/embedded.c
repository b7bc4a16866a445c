/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka's mock cluster as a broker inside the daemon, for a first look without Kafka. */
#include "kafka/embedded.h"

#include "base/cleanup.h"
#include "kafka/client.h"
#include "kafka/topics.h"

#include <librdkafka/rdkafka_mock.h>

struct embedded_broker {
    rd_kafka_t *client; /* the cluster lives on its threads */
    rd_kafka_mock_cluster_t *cluster;
};

ENDS_WITH_SCOPE(struct embedded_broker *, embedded_close)

void embedded_close(struct embedded_broker *broker)
{
    if (!broker)
        return;
    if (broker->cluster)
        rd_kafka_mock_cluster_destroy(broker->cluster);
    if (broker->client)
        rd_kafka_destroy(broker->client);
    free(broker);
}

static bool create_topics(struct embedded_broker *broker, const char *topic_prefix,
                          struct fault *why)
{
    const struct kafka_options options = {.topic_prefix = topic_prefix};
    for (const struct topic_plan *plan = topic_plans; plan->name; plan++) {
        auto_free(free) char *name = kafka_topic(&options, plan->name, why);
        if (!name)
            return false;
        rd_kafka_resp_err_t error =
            rd_kafka_mock_topic_create(broker->cluster, name, plan->partitions, 1);
        if (error)
            return fault_set(why, FAULT_BROKEN, "%s: %s", name, rd_kafka_err2str(error));
    }
    return true;
}

/* The mock cluster's log says nothing that its users need: only what stops it. */
static rd_kafka_conf_t *configure(struct fault *why)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (kafka_set(conf, "log_level", "2", why))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

struct embedded_broker *embedded_open(const char *topic_prefix, struct fault *why)
{
    auto_free(embedded_close) struct embedded_broker *broker = calloc(1, sizeof *broker);
    if (!broker) {
        fault_memory(why);
        return NULL;
    }
    rd_kafka_conf_t *conf = configure(why);
    if (!conf)
        return NULL;
    broker->client = kafka_open(RD_KAFKA_PRODUCER, conf, why);
    if (!broker->client)
        return NULL;
    broker->cluster = rd_kafka_mock_cluster_new(broker->client, 1);
    if (!broker->cluster) {
        fault_set(why, FAULT_BROKEN, "librdkafka %s opens no embedded broker",
                  rd_kafka_version_str());
        return NULL;
    }
    return create_topics(broker, topic_prefix, why) ? steal(broker) : NULL;
}

const char *embedded_brokers(const struct embedded_broker *broker)
{
    return rd_kafka_mock_cluster_bootstraps(broker->cluster);
}
