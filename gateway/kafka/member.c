/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the events' topic as one of a consumer group, from where the spool says. */
#include "kafka/member.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "kafka/shares.h"

#include <inttypes.h>

enum {
    WAIT_MS = 200,  /* for a first record */
    PROBE_MS = 300, /* for an answer of a broker that was out of reach */
};

struct member {
    struct member_options options;
    rd_kafka_t *client;
    bool has_joined;
    struct shares shares;
    rd_kafka_message_t **records;
    size_t count;
    int64_t bytes;
    bool is_unreached;  /* the client says that no broker answers */
    struct fault fault; /* of a callback; FAULT_NONE: none */
    char said[160];     /* the client's last error */
};

ENDS_WITH_SCOPE(struct member *, member_close)
ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)
ENDS_WITH_SCOPE(rd_kafka_error_t *, rd_kafka_error_destroy)
ENDS_WITH_SCOPE(rd_kafka_message_t *, rd_kafka_message_destroy)
ENDS_WITH_SCOPE(rd_kafka_topic_partition_list_t *, rd_kafka_topic_partition_list_destroy)

typedef rd_kafka_topic_partition_list_t partitions;

/* ---- partitions come and go; called from within our own calls, so on the member's thread ---- */

/* What is in hand of them would be read again by whoever gets them next. */
static void drop_records(struct member *member, const partitions *taken)
{
    size_t kept = 0;
    for (size_t i = 0; i < member->count; i++) {
        rd_kafka_message_t *record = member->records[i];
        if (shares_is_among(taken, record->partition)) {
            member->bytes -= (int64_t)record->len;
            rd_kafka_message_destroy(record);
        } else {
            member->records[kept++] = record;
        }
    }
    member->count = kept;
}

static bool is_incremental(rd_kafka_t *client)
{
    const char *protocol = rd_kafka_rebalance_protocol(client);
    return protocol && strcmp(protocol, "COOPERATIVE") == 0;
}

static void note(struct member *member, const char *what, const char *reason)
{
    if (member->fault.kind == FAULT_NONE)
        fault_set(&member->fault, FAULT_RETRY, "%s: %s", what, reason);
}

static void assign(struct member *member, partitions *given)
{
    if (!shares_add(&member->shares, given, &member->fault))
        return;
    if (is_incremental(member->client)) {
        auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error =
            rd_kafka_incremental_assign(member->client, given);
        if (error)
            note(member, "partitions", rd_kafka_error_string(error));
    } else {
        rd_kafka_resp_err_t error = rd_kafka_assign(member->client, given);
        if (error)
            note(member, "partitions", rd_kafka_err2str(error));
    }
    member->has_joined = true;
}

static void unassign(struct member *member, partitions *taken)
{
    drop_records(member, taken);
    shares_drop(&member->shares, taken);
    if (is_incremental(member->client)) {
        auto_free(rd_kafka_error_destroy) rd_kafka_error_t *error =
            rd_kafka_incremental_unassign(member->client, taken);
        if (error)
            note(member, "partitions", rd_kafka_error_string(error));
    } else {
        rd_kafka_resp_err_t error = rd_kafka_assign(member->client, NULL);
        if (error)
            note(member, "partitions", rd_kafka_err2str(error));
    }
}

static void rebalance(rd_kafka_t *client, rd_kafka_resp_err_t what, partitions *list, void *opaque)
{
    (void)client;
    struct member *member = opaque;
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assign(member, list);
        return;
    }
    unassign(member, list);
    if (what != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
        note(member, "partitions", rd_kafka_err2str(what));
}

/* ---- what the client says ---- */

static void note_error(rd_kafka_t *client, int error, const char *reason, void *opaque)
{
    (void)client;
    struct member *member = opaque;
    (void)snprintf(member->said, sizeof member->said, "%s", reason); /* cut when it is long */
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || error == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        member->is_unreached = true;
}

/* The group's offsets are there to be looked at: positions are the spool's. */
static void note_commit(rd_kafka_t *client, rd_kafka_resp_err_t error, partitions *offsets,
                        void *opaque)
{
    (void)client;
    struct member *member = opaque;
    if (error)
        log_debug("subscriber.offsets", "why=\"%s\"", rd_kafka_err2str(error));
    for (int i = 0; !error && i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &offsets->elems[i];
        struct share *share = shares_find(&member->shares, at->partition);
        if (share && !at->err)
            share->told = at->offset;
    }
}

/* ---- life ---- */

static bool set_text(rd_kafka_conf_t *conf, const char *name, const char *start, const char *rest,
                     struct fault *why)
{
    auto_free(free) char *value = NULL;
    if (asprintf(&value, "%s%s", start, rest) < 0) {
        value = NULL;
        return fault_memory(why);
    }
    return kafka_set(conf, name, value, why);
}

static bool configure(rd_kafka_conf_t *conf, const struct member_options *options,
                      struct fault *why)
{
    const char *gateway_id = options->kafka->gateway_id;
    const char *again = options->is_another ? "-again" : "";
    return set_text(conf, "group.id", gateway_id, "-deliver", why) &&
           (options->leaves_group || set_text(conf, "group.instance.id", gateway_id, again, why)) &&
           kafka_set(conf, "enable.partition.eof", "true", why) &&
           kafka_set(conf, "auto.offset.reset", "error", why);
}

struct member *member_open(const struct member_options *options, struct fault *why)
{
    auto_free(member_close) struct member *member = calloc(1, sizeof *member);
    if (!member) {
        fault_memory(why);
        return NULL;
    }
    member->options = *options;
    member->shares = (struct shares){.topic = options->topic, .reader = options->reader};
    member->records = calloc((size_t)options->batch_entries, sizeof(rd_kafka_message_t *));
    if (!member->records) {
        fault_memory(why);
        return NULL;
    }
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = kafka_configure(options->kafka, why);
    if (!conf || !configure(conf, options, why))
        return NULL;
    rd_kafka_conf_set_opaque(conf, member);
    rd_kafka_conf_set_rebalance_cb(conf, rebalance);
    rd_kafka_conf_set_error_cb(conf, note_error);
    rd_kafka_conf_set_offset_commit_cb(conf, note_commit);
    member->client = kafka_open(RD_KAFKA_CONSUMER, steal(conf), why);
    if (!member->client)
        return NULL;
    (void)rd_kafka_poll_set_consumer(member->client); /* fails for no consumer that has a group */
    return steal(member);
}

void member_close(struct member *member)
{
    if (!member)
        return;
    for (size_t i = 0; i < member->count; i++)
        rd_kafka_message_destroy(member->records[i]);
    member->count = 0;
    /* A static member keeps its place; and a stop must not wait for the group's coordinator. */
    if (member->client)
        rd_kafka_destroy_flags(member->client, member->options.leaves_group
                                                   ? 0
                                                   : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    free(member->records);
    shares_free(&member->shares);
    free(member);
}

rd_kafka_t *member_client(struct member *member)
{
    return member->client;
}

bool member_join(struct member *member, struct fault *why)
{
    auto_free(rd_kafka_topic_partition_list_destroy) partitions *topics =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, member->options.topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(member->client, topics);
    return !error ||
           fault_set(why, FAULT_RETRY, "%s: %s", member->options.topic, rd_kafka_err2str(error));
}

bool member_has_joined(const struct member *member)
{
    return member->has_joined;
}

size_t member_share(const struct member *member)
{
    return member->shares.count;
}

/* ---- reading ---- */

static bool refuse(const struct member *member, const rd_kafka_message_t *message,
                   struct fault *why)
{
    if (member->said[0])
        return fault_set(why, FAULT_RETRY, "%s: %s (%s)", member->options.topic,
                         rd_kafka_err2str(message->err), member->said);
    return fault_set(why, FAULT_RETRY, "%s: %s", member->options.topic,
                     rd_kafka_err2str(message->err));
}

static void keep(struct member *member, rd_kafka_message_t *record)
{
    member->records[member->count++] = record;
    member->bytes += (int64_t)record->len;
}

/* Keeps a record; every other message says something. */
static bool take(struct member *member, rd_kafka_message_t **message, struct fault *why)
{
    struct share *share;
    switch ((int)(*message)->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        keep(member, steal(*message));
        return true;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        share = shares_find(&member->shares, (*message)->partition);
        if (share)
            share->end = (*message)->offset;
        return true;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: /* the spool kept us: we join again by ourselves */
        return true;
    default:
        return refuse(member, *message, why);
    }
}

static bool has_room(const struct member *member)
{
    return (int64_t)member->count < member->options.batch_entries &&
           member->bytes < member->options.batch_bytes;
}

bool member_gather(struct member *member, struct fault *why)
{
    int wait_ms = WAIT_MS;
    while (has_room(member)) {
        auto_free(rd_kafka_message_destroy) rd_kafka_message_t *message =
            rd_kafka_consumer_poll(member->client, wait_ms);
        if (member->fault.kind != FAULT_NONE)
            return fault_set(why, member->fault.kind, "%s", member->fault.text);
        if (!message)
            break;
        if (!take(member, &message, why))
            return false;
        wait_ms = 0;
    }
    return true;
}

bool member_is_reached(struct member *member, struct fault *why)
{
    if (!member->is_unreached)
        return true;
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = rd_kafka_metadata(member->client, 0, NULL, &metadata, PROBE_MS);
    if (error)
        return fault_set(why, FAULT_RETRY, "no broker answers: %s (%s)", rd_kafka_err2str(error),
                         member->said);
    rd_kafka_metadata_destroy(metadata);
    member->is_unreached = false;
    return true;
}

const rd_kafka_message_t *const *member_records(const struct member *member, size_t *count)
{
    *count = member->count;
    return (const rd_kafka_message_t *const *)member->records;
}

/* ---- how far it is ---- */

const struct spool_position *member_positions(struct member *member, size_t count,
                                              size_t *position_count)
{
    return shares_advance(&member->shares, member->records, count, count == member->count,
                          position_count);
}

void member_tell(struct member *member)
{
    auto_free(rd_kafka_topic_partition_list_destroy) partitions *offsets =
        rd_kafka_topic_partition_list_new((int)member->shares.count);
    for (size_t i = 0; i < member->shares.count; i++) {
        const struct share *share = &member->shares.all[i];
        if (share->stored > share->told)
            rd_kafka_topic_partition_list_add(offsets, member->options.topic, share->partition)
                ->offset = share->stored;
    }
    if (offsets->cnt == 0)
        return;
    rd_kafka_resp_err_t error = rd_kafka_commit(member->client, offsets, true);
    if (error)
        log_debug("subscriber.offsets", "why=\"%s\"", rd_kafka_err2str(error));
}

void member_settle(struct member *member, size_t count)
{
    shares_settle(&member->shares);
    member_tell(member);
    for (size_t i = 0; i < count; i++) {
        member->bytes -= (int64_t)member->records[i]->len;
        rd_kafka_message_destroy(member->records[i]);
    }
    member->count -= count;
    memmove(member->records, member->records + count, member->count * sizeof(rd_kafka_message_t *));
}

int64_t member_lag(struct member *member)
{
    return member->has_joined ? shares_lag(&member->shares, member->client) : -1;
}
