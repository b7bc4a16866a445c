/* SPDX-License-Identifier: Apache-2.0 */
/* How far the partitions of a topic go. */
#include "kafka/ends.h"

#include "base/cleanup.h"

enum { ANSWER_MS = 10000 };

ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)
ENDS_WITH_SCOPE(rd_kafka_t *, rd_kafka_destroy)

static bool retry(const char *topic, rd_kafka_resp_err_t error, struct fault *why)
{
    return fault_set(why, FAULT_RETRY, "%s: %s", topic, rd_kafka_err2str(error));
}

bool kafka_ends(const struct kafka_options *options, const char *topic,
                void (*each)(void *own, int32_t partition, int64_t first, int64_t end), void *own,
                struct fault *why)
{
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = kafka_configure(options, why);
    if (!conf)
        return false;
    auto_free(rd_kafka_destroy) rd_kafka_t *client =
        kafka_open(RD_KAFKA_CONSUMER, steal(conf), why);
    int32_t count = 0;
    if (!client)
        return false;
    rd_kafka_resp_err_t answer = kafka_partitions(client, topic, ANSWER_MS, &count);
    if (answer)
        return answer == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || retry(topic, answer, why);
    for (int32_t partition = 0; partition < count; partition++) {
        int64_t first;
        int64_t end;
        rd_kafka_resp_err_t error =
            rd_kafka_query_watermark_offsets(client, topic, partition, &first, &end, ANSWER_MS);
        if (error)
            return retry(topic, error, why);
        each(own, partition, first, end);
    }
    return true;
}
