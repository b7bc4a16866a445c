/* SPDX-License-Identifier: Apache-2.0 */
/* What every Kafka client of the gateway is set to, and what nobody may set otherwise. */
#include "kafka/client.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#include <string.h>

ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)
ENDS_WITH_SCOPE(rd_kafka_topic_t *, rd_kafka_topic_destroy)

enum {
    FIRST_SCRAM_VERSION = 0x020601ff,
    SYSLOG_CRITICAL = 2,
    SYSLOG_ERROR = 3,
    COMMIT_MS = 5000, /* how long one call into librdkafka may keep a stop waiting */
};

struct setting {
    const char *name;
    const char *value;
};

/* An operator's property wins over these. */
static const struct setting defaults[] = {
    {"client.id", "lienthong"},
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    {"socket.timeout.ms", "10000"}, /* notices a broker that hangs before the transaction ends */
    {"reconnect.backoff.max.ms", "2000"},
    {NULL, NULL},
};

/*
 * message.max.bytes stands so high that the broker is the one who decides what is too large: its
 * word makes a dead letter, a limit of our own would only be one more to keep equal.
 * murmur2_random puts a key where the Java client puts it.
 */
static const struct setting producer_defaults[] = {
    {"compression.codec", "lz4"},
    {"linger.ms", "2"},
    {"message.max.bytes", "1000000000"},
    {"partitioner", "murmur2_random"},
    {"queue.buffering.max.messages", "1000000"},
    {"topic.metadata.propagation.max.ms", "5000"}, /* then a missing topic is called missing */
    {"transaction.timeout.ms", "60000"},           /* message.timeout.ms follows it */
    {NULL, NULL},
};

static const struct setting reader_defaults[] = {{NULL, NULL}};

static const struct setting reader_promises[] = {
    {"isolation.level", "read_committed"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {NULL, NULL},
};

static const struct setting producer_promises[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {NULL, NULL},
};

/* Every name, with librdkafka's aliases, that an operator's property may not have. */
static const char *const guarded[] = {
    "acks",
    "auto.commit.enable",
    "bootstrap.servers",
    "delivery.report.only.error",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "isolation.level",
    "metadata.broker.list",
    "request.required.acks",
    "test.mock.num.brokers",
    "transactional.id",
    NULL,
};

static const char *const secret[] = {
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    NULL,
};

static bool is_listed(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

bool kafka_can_scram(int version)
{
    return version >= FIRST_SCRAM_VERSION;
}

bool kafka_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct fault *why)
{
    if (rd_kafka_conf_set(conf, name, value, NULL, 0) != RD_KAFKA_CONF_OK)
        return fault_set(why, FAULT_BROKEN, "librdkafka %s refuses its property %s",
                         rd_kafka_version_str(), name);
    return true;
}

static bool set_all(rd_kafka_conf_t *conf, const struct setting *settings, struct fault *why)
{
    for (; settings->name; settings++)
        if (!kafka_set(conf, settings->name, settings->value, why))
            return false;
    return true;
}

static bool is_scram(const char *name, const char *value)
{
    bool is_mechanism = strcmp(name, "sasl.mechanism") == 0 || strcmp(name, "sasl.mechanisms") == 0;
    return is_mechanism && strncmp(value, "SCRAM-", 6) == 0;
}

static bool set_property(rd_kafka_conf_t *conf, const char *name, const char *value,
                         struct fault *why)
{
    if (is_listed(guarded, name))
        return fault_set(why, FAULT_REFUSE, "%s: is set by the gateway, its promises rest on it",
                         name);
    if (is_scram(name, value) && !kafka_can_scram(rd_kafka_version()))
        return fault_set(why, FAULT_REFUSE,
                         "%s: librdkafka %s cannot log in to Kafka 4 by SCRAM, 2.6.1 and later can",
                         name, rd_kafka_version_str());
    switch (rd_kafka_conf_set(conf, name, value, NULL, 0)) {
    case RD_KAFKA_CONF_OK:
        return true;
    case RD_KAFKA_CONF_UNKNOWN:
        return fault_set(why, FAULT_REFUSE, "%s: librdkafka %s has no such property", name,
                         rd_kafka_version_str());
    case RD_KAFKA_CONF_INVALID:
        break;
    }
    return fault_set(why, FAULT_REFUSE, "%s: librdkafka %s refuses this value", name,
                     rd_kafka_version_str());
}

/* "sasl.password.file" names the secret property "sasl.password"; cuts `name` down to it. */
static bool cut_secret_file(char *name)
{
    static const char ending[] = ".file";
    size_t size = strlen(name);
    size_t ending_size = sizeof ending - 1;
    if (size <= ending_size || strcmp(name + size - ending_size, ending) != 0)
        return false;
    name[size - ending_size] = '\0';
    if (is_listed(secret, name))
        return true;
    name[size - ending_size] = '.';
    return false;
}

static bool apply_property(rd_kafka_conf_t *conf, const char *property, struct fault *why)
{
    const char *equals = strchr(property, '=');
    if (!equals || equals == property)
        return fault_set(why, FAULT_REFUSE, "a Kafka property is written as name=value");
    auto_free(free) char *name = strndup(property, (size_t)(equals - property));
    if (!name)
        return fault_memory(why);
    if (!cut_secret_file(name))
        return set_property(conf, name, equals + 1, why);

    auto_free(free) char *value = file_read_secret(equals + 1, why);
    return value && set_property(conf, name, value, why);
}

bool kafka_takes(const char *property, struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = rd_kafka_conf_new();
    return apply_property(conf, property, why);
}

static bool apply_properties(rd_kafka_conf_t *conf, const struct kafka_options *options,
                             struct fault *why)
{
    for (size_t i = 0; i < options->property_count; i++)
        if (!apply_property(conf, options->properties[i], why))
            return fault_prefix(why, "kafka.properties");
    return true;
}

/* The errors of a producer, and of a client with an owner, reach that by callback, who tells them
 * once with what they mean: an outage would fill the log here. */
static void log_client(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    bool is_owned = rd_kafka_type(client) == RD_KAFKA_PRODUCER || rd_kafka_opaque(client);
    int loudest = is_owned ? SYSLOG_CRITICAL : SYSLOG_ERROR;
    if (level <= loudest)
        log_warn("kafka.client", "about=%s says=\"%s\"", facility, text);
    else
        log_debug("kafka.client", "about=%s says=\"%s\"", facility, text);
}

static rd_kafka_conf_t *configure(const struct kafka_options *options,
                                  const struct setting *own_defaults,
                                  const struct setting *own_promises, struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, log_client);
    if (!set_all(conf, defaults, why) || !set_all(conf, own_defaults, why) ||
        !apply_properties(conf, options, why) || !set_all(conf, own_promises, why) ||
        !kafka_set(conf, "bootstrap.servers", options->brokers, why))
        return NULL;
    return steal(conf);
}

rd_kafka_conf_t *kafka_configure(const struct kafka_options *options, struct fault *why)
{
    return configure(options, reader_defaults, reader_promises, why);
}

rd_kafka_conf_t *kafka_configure_producer(const struct kafka_options *options, struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf =
        configure(options, producer_defaults, producer_promises, why);
    if (!conf || !kafka_set(conf, "transactional.id", options->gateway_id, why))
        return NULL;
    return steal(conf);
}

rd_kafka_t *kafka_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct fault *why)
{
    char reason[160];
    rd_kafka_t *client = rd_kafka_new(type, conf, reason, sizeof reason);
    if (!client) {
        rd_kafka_conf_destroy(conf); /* rd_kafka_new takes it on success alone */
        fault_set(why, FAULT_BROKEN, "kafka.properties: %s", reason);
    }
    return client;
}

rd_kafka_error_t *kafka_commit(rd_kafka_t *producer)
{
    return rd_kafka_commit_transaction(producer, COMMIT_MS);
}

rd_kafka_resp_err_t kafka_partitions(rd_kafka_t *client, const char *topic, int wait_ms,
                                     int32_t *count)
{
    auto_free(rd_kafka_topic_destroy) rd_kafka_topic_t *asked =
        rd_kafka_topic_new(client, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    if (!asked)
        return rd_kafka_last_error();
    rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, asked, &metadata, wait_ms);
    if (error)
        return error;
    const struct rd_kafka_metadata_topic *found =
        metadata->topic_cnt == 1 ? metadata->topics : NULL;
    error = found ? found->err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    *count = found ? found->partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    return error;
}

char *kafka_topic(const struct kafka_options *options, const char *name, struct fault *why)
{
    char *topic = NULL;
    if (asprintf(&topic, "%s%s", options->topic_prefix, name) < 0) {
        fault_memory(why);
        return NULL;
    }
    return topic;
}
