/* SPDX-License-Identifier: Apache-2.0 */
/* The topics that the gateway writes, and how they are made. */
#include "kafka/topics.h"

#include "base/cleanup.h"

#include <string.h>

enum { ANSWER_MS = 30000, SAFE_REPLICATION = 3 };

ENDS_WITH_SCOPE(rd_kafka_t *, rd_kafka_destroy)
ENDS_WITH_SCOPE(rd_kafka_queue_t *, rd_kafka_queue_destroy)
ENDS_WITH_SCOPE(rd_kafka_event_t *, rd_kafka_event_destroy)
ENDS_WITH_SCOPE(rd_kafka_NewTopic_t *, rd_kafka_NewTopic_destroy)
ENDS_WITH_SCOPE(rd_kafka_AdminOptions_t *, rd_kafka_AdminOptions_destroy)

static const char *const a_month[] = {"cleanup.policy=delete", "retention.ms=2592000000", NULL};
static const char *const a_quarter[] = {"cleanup.policy=delete", "retention.ms=7776000000", NULL};
static const char *const for_ever[] = {"cleanup.policy=delete", "retention.ms=-1", NULL};
/* One short record a transaction: small segments, so that compaction keeps the topic small. */
static const char *const last_of_each_key[] = {
    "cleanup.policy=compact",        "segment.bytes=4194304",       "segment.ms=3600000",
    "min.cleanable.dirty.ratio=0.1", "delete.retention.ms=3600000", NULL,
};

const struct topic_plan topic_plans[] = {
    {TOPIC_EVENTS, 12, a_month},           {TOPIC_DELIVERIES, 12, a_month},
    {TOPIC_DEAD_LETTERS, 3, a_quarter},    {TOPIC_AUDIT, 1, for_ever},
    {TOPIC_PROGRESS, 1, last_of_each_key}, {NULL, 0, NULL},
};

static bool set_topic(rd_kafka_NewTopic_t *topic, const char *name, const char *value,
                      struct fault *why)
{
    rd_kafka_resp_err_t error = rd_kafka_NewTopic_set_config(topic, name, value);
    if (error)
        return fault_set(why, FAULT_BROKEN, "%s: %s", name, rd_kafka_err2str(error));
    return true;
}

static bool set_topic_by_text(rd_kafka_NewTopic_t *topic, const char *setting, struct fault *why)
{
    const char *equals = strchr(setting, '=');
    auto_free(free) char *name = strndup(setting, (size_t)(equals - setting));
    if (!name)
        return fault_memory(why);
    return set_topic(topic, name, equals + 1, why);
}

static int partitions_of(const struct topic_plan *plan, int partitions)
{
    bool is_fixed = strcmp(plan->name, TOPIC_PROGRESS) == 0;
    return partitions > 0 && !is_fixed ? partitions : plan->partitions;
}

static rd_kafka_NewTopic_t *plan_topic(const struct topic_plan *plan, const char *name,
                                       int replication, int partitions, struct fault *why)
{
    char reason[160];
    auto_free(rd_kafka_NewTopic_destroy) rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        name, partitions_of(plan, partitions), replication, reason, sizeof reason);
    if (!topic) {
        fault_set(why, FAULT_REFUSE, "%s: %s", name, reason);
        return NULL;
    }
    for (const char *const *setting = plan->settings; *setting; setting++)
        if (!set_topic_by_text(topic, *setting, why))
            return NULL;
    if (replication >= SAFE_REPLICATION && !set_topic(topic, "min.insync.replicas", "2", why))
        return NULL;
    return steal(topic);
}

/* What the broker said about one topic. */
static bool read_answer(rd_kafka_event_t *answer, const char *name, enum topic_result *result,
                        struct fault *why)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error(answer);
    if (error)
        return fault_set(why, FAULT_RETRY, "%s: %s", name, rd_kafka_event_error_string(answer));

    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &count);
    if (count != 1)
        return fault_set(why, FAULT_BROKEN, "%s: the broker answered for %zu topics", name, count);
    error = rd_kafka_topic_result_error(results[0]);
    if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        const char *text = rd_kafka_topic_result_error_string(results[0]);
        return fault_set(why, FAULT_REFUSE, "%s: %s", name, text ? text : rd_kafka_err2str(error));
    }
    *result = error ? TOPIC_EXISTS : TOPIC_CREATED;
    return true;
}

static bool create_topic(rd_kafka_t *client, rd_kafka_NewTopic_t *topic, const char *name,
                         enum topic_result *result, struct fault *why)
{
    auto_free(rd_kafka_AdminOptions_destroy) rd_kafka_AdminOptions_t *admin =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_resp_err_t error =
        rd_kafka_AdminOptions_set_request_timeout(admin, ANSWER_MS, NULL, 0);
    if (error)
        return fault_set(why, FAULT_BROKEN, "%s: %s", name, rd_kafka_err2str(error));

    auto_free(rd_kafka_queue_destroy) rd_kafka_queue_t *answers = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, &topic, 1, admin, answers);
    auto_free(rd_kafka_event_destroy) rd_kafka_event_t *answer =
        rd_kafka_queue_poll(answers, ANSWER_MS + 1000);
    if (!answer)
        return fault_set(why, FAULT_RETRY, "%s: no broker answers", name);
    return read_answer(answer, name, result, why);
}

struct wish {
    rd_kafka_t *client;
    int replication;
    int partitions;
};

static bool create_planned(const struct wish *wish, const struct topic_plan *plan, const char *name,
                           enum topic_result *result, struct fault *why)
{
    auto_free(rd_kafka_NewTopic_destroy) rd_kafka_NewTopic_t *topic =
        plan_topic(plan, name, wish->replication, wish->partitions, why);
    return topic && create_topic(wish->client, topic, name, result, why);
}

bool topics_create(const struct kafka_options *options, int replication, int partitions,
                   void (*each)(void *own, const char *topic, enum topic_result result), void *own,
                   struct fault *why)
{
    rd_kafka_conf_t *conf = kafka_configure(options, why);
    if (!conf)
        return false;
    auto_free(rd_kafka_destroy) rd_kafka_t *client = kafka_open(RD_KAFKA_CONSUMER, conf, why);
    if (!client)
        return false;

    const struct wish wish = {client, replication, partitions};
    bool all_done = true;
    for (const struct topic_plan *plan = topic_plans; plan->name; plan++) {
        struct fault refused;
        enum topic_result result = TOPIC_EXISTS;
        auto_free(free) char *name = kafka_topic(options, plan->name, why);
        if (!name)
            return false;
        if (create_planned(&wish, plan, name, &result, &refused))
            each(own, name, result);
        else if (refused.kind != FAULT_REFUSE)
            return fault_set(why, refused.kind, "%s", refused.text);
        else if (all_done)
            all_done = fault_set(why, refused.kind, "%s", refused.text);
    }
    return all_done;
}
