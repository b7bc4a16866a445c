/* SPDX-License-Identifier: Apache-2.0 */
/* How the stages of delivery are joined: Kafka's events are routed, stored, pushed or fetched. */
#include "parts_delivery.h"

#include "base/cleanup.h"
#include "ingest/intake.h"

/* ---- files ---- */

enum { FILER_QUEUE = 1000 }; /* requests that wait for the disk */

bool start_files(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct file_store_options options = {
        .folder = config->files.folder,
        .file_limit_bytes = config->files.file_limit_bytes,
        .reserve_bytes = config->spool.reserve_bytes,
        .masters = daemon->keyring,
        .s3 =
            {
                .endpoint = config->files.s3_endpoint,
                .bucket = config->files.s3_bucket,
                .region = config->files.s3_region,
                .access_key = config->files.s3_access_key,
                .secret_key_file = config->files.s3_secret_key_file,
                .ca_file = config->files.s3_ca_file,
                .timeout_ms = config->files.s3_timeout_ms,
            },
    };
    daemon->files = file_store_open(&options, why);
    if (!daemon->files)
        return false;
    daemon->filer = filer_open(config->files.threads, FILER_QUEUE, why);
    if (!daemon->filer)
        return false;
    const struct file_keeper_options keeper = {
        .files = daemon->files,
        .spool = daemon->spool,
        .spool_file = config->spool.file,
        .upload_days = config->files.upload_days,
    };
    daemon->keeper = file_keeper_new(&keeper, why);
    return daemon->keeper != NULL;
}

void stop_files(struct daemon *daemon)
{
    filer_close(daemon->filer);
    file_keeper_free(daemon->keeper);
    file_store_close(daemon->files);
}

/* ---- what is told on Kafka ---- */

/* Named after the topic, as registries name the schema of a topic's values. */
bool number_schema(struct daemon *daemon, const char *topic, const struct schema *schema,
                   int32_t *number, struct fault *why)
{
    auto_free(free) char *subject = NULL;
    if (asprintf(&subject, "%s%s-value", daemon->config->kafka.topic_prefix, topic) < 0) {
        subject = NULL;
        return fault_memory(why);
    }
    return spool_schema(daemon->spool, subject, schema->text, schema->fingerprint, number, why);
}

static bool number_tells(struct daemon *daemon, struct fault *why)
{
    daemon->tells.receipt = daemon->receipt_schema;
    daemon->tells.dead_letter = daemon->dead_letter_schema;
    return number_schema(daemon, "deliveries", daemon->receipt_schema, &daemon->tells.receipt_no,
                         why) &&
           number_schema(daemon, "dead-letters", daemon->dead_letter_schema,
                         &daemon->tells.dead_letter_no, why);
}

/* ---- the subscriber ---- */

static bool route(void *own, const struct subscribed *record, struct spool_arrival *arrival,
                  struct fault *why)
{
    const struct daemon *daemon = own;
    return dispatch_route(daemon->dispatch, record->event, record->arrival, arrival, why);
}

static bool unread(void *own, const struct subscribed *record, struct spool_arrival *arrival,
                   struct fault *why)
{
    const struct daemon *daemon = own;
    return dispatch_unread(daemon->dispatch, record->arrival, arrival, why);
}

static void end_batch(void *own)
{
    const struct daemon *daemon = own;
    dispatch_end(daemon->dispatch);
}

static bool open_subscriber(struct daemon *daemon, int32_t schema_no, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct subscriber_options options = {
        .kafka = kafka_of(daemon),
        .spool_file = config->spool.file,
        .schema = daemon->event_schema,
        .schema_no = schema_no,
        .registry = daemon->subscriber_registry,
        .batch_entries = config->deliver.batch_entries,
        .batch_bytes = config->deliver.batch_bytes,
        .starts_anew = daemon->embedded != NULL,
        .leaves_group = daemon->embedded != NULL,
        .hooks = {.own = daemon, .route = route, .unread = unread, .end = end_batch},
    };
    daemon->subscriber = subscriber_start(&options, daemon->spool, why);
    return daemon->subscriber != NULL;
}

bool start_subscriber(struct daemon *daemon, struct fault *why)
{
    int32_t schema_no;
    if (!daemon->config->deliver.enabled)
        return true;
    if (!number_tells(daemon, why) ||
        !number_schema(daemon, "dossier-events", daemon->event_schema, &schema_no, why) ||
        !registry_configured(daemon->config, &daemon->subscriber_registry, why))
        return false;
    daemon->dispatch = dispatch_new(daemon->place, &daemon->tells, why);
    daemon->dispatch_reader =
        daemon->dispatch ? spool_reader_open(daemon->config->spool.file, why) : NULL;
    if (!daemon->dispatch_reader)
        return false;
    dispatch_use_files(daemon->dispatch, daemon->dispatch_reader);
    return open_subscriber(daemon, schema_no, why);
}

void stop_subscriber(struct daemon *daemon)
{
    registry_interrupt(daemon->subscriber_registry);
    subscriber_stop(daemon->subscriber);
    dispatch_free(daemon->dispatch);
    spool_reader_close(daemon->dispatch_reader);
    registry_close(daemon->subscriber_registry);
}

json_t *describe_subscriber(const struct daemon *daemon)
{
    static const char *const names[] = {
        [SUBSCRIBER_STARTING] = "starting",
        [SUBSCRIBER_RUNNING] = "running",
        [SUBSCRIBER_WAITING] = "waiting",
        [SUBSCRIBER_HELD] = "held",
    };
    struct fault why = {.kind = FAULT_NONE};
    enum subscriber_state state = subscriber_state(daemon->subscriber, &why);
    bool has_reason = state != SUBSCRIBER_RUNNING && why.kind != FAULT_NONE;
    return json_pack("{ss ss* sI}", "state", names[state], /**/
                     "why", has_reason ? why.text : NULL,  /**/
                     "lag", (json_int_t)subscriber_lag(daemon->subscriber));
}

/* ---- who is pushed to, and who fetches ---- */

bool start_courier(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    if (!config->deliver.enabled)
        return true;
    const struct courier_options options = {
        .adapters = daemon->adapters,
        .schema = daemon->event_schema,
        .tells = &daemon->tells,
        .place = daemon->place,
        .spool = daemon->spool,
        .spool_file = config->spool.file,
        .files = daemon->files,
        .public_url = config->files.public_url,
        .link_hours = config->files.link_hours,
        .connections = config->deliver.connections,
        .answer_limit_bytes = config->deliver.answer_limit_bytes,
        .first_delay_ms = config->deliver.first_delay_ms,
        .longest_delay_ms = config->deliver.longest_delay_ms,
        .breaker_failures = config->deliver.breaker_failures,
        .probe_ms = config->deliver.probe_ms,
    };
    daemon->courier = courier_start(&options, why);
    return daemon->courier != NULL;
}

static json_t *list_partners(void *own)
{
    return courier_describe(own);
}

static bool pause_partner(void *own, const char *partner, bool is_paused,
                          const struct spool_record *record, struct fault *why)
{
    return courier_pause(own, partner, is_paused, record, why);
}

static json_t *test_partner(void *own, const char *partner, struct fault *why)
{
    return courier_test(own, partner, why);
}

static bool release(void *own, int64_t delivery, const struct spool_record *record,
                    struct fault *why)
{
    return courier_release(own, delivery, record, why);
}

static bool discard(void *own, int64_t delivery, const struct spool_record *record,
                    struct fault *why)
{
    return courier_discard(own, delivery, record, why);
}

static bool route_to(void *own, int64_t delivery, const char *partner,
                     const struct spool_record *record, struct fault *why)
{
    return courier_route(own, delivery, partner, record, why);
}

struct deliveries_hooks deliveries_hooks_of(const struct daemon *daemon)
{
    return (struct deliveries_hooks){
        .own = daemon->courier,
        .aside = daemon->tests,
        .partners = list_partners,
        .pause = pause_partner,
        .test = test_partner,
        .release = release,
        .discard = discard,
        .route = route_to,
    };
}

void stop_courier(struct daemon *daemon)
{
    courier_stop(daemon->courier, daemon->config->stop.drain_ms);
}

enum { MAILBOX_BYTES = 256 << 20 }; /* of answers that are not sent yet */

bool start_mailbox(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct mailbox_options options = {
        .adapters = daemon->adapters,
        .schema = daemon->event_schema,
        .receipt = daemon->receipt_schema,
        .dead_letter = daemon->dead_letter_schema,
        .place = daemon->place,
        .spool = daemon->spool,
        .spool_file = config->spool.file,
        .topic_prefix = config->kafka.topic_prefix,
        .files = daemon->files,
        .public_url = config->files.public_url,
        .link_hours = config->files.link_hours,
        .redeliver_ms = config->deliver.redeliver_ms,
        .held_bytes = MAILBOX_BYTES,
    };
    daemon->mailbox = mailbox_open(&options, why);
    return daemon->mailbox != NULL;
}

void stop_mailbox(struct daemon *daemon)
{
    mailbox_close(daemon->mailbox);
}

/* ---- whose mailboxes we empty ---- */

static bool take_letter(void *own, const char *partner, char *bytes, size_t size, struct fault *why)
{
    struct daemon *daemon = own;
    const struct intake intake = {
        .partner = partner, .bytes = bytes, .size = size, .needs_kafka = true, .parks = true};
    struct intake_result result;
    if (!intake_take(daemon->ingest, &intake, &daemon->collecting, &result, why))
        return false;
    free(result.text);
    return result.verdict != INTAKE_INVALID ||
           fault_set(why, FAULT_BROKEN, "a letter was refused that should have been kept");
}

bool start_collector(struct daemon *daemon, struct fault *why)
{
    const struct collector_options options = {
        .adapters = daemon->adapters,
        .place = daemon->place,
        .answer_limit_bytes = daemon->config->deliver.answer_limit_bytes,
        .document_limit_bytes = daemon->config->http.body_limit_bytes,
        .take = take_letter,
        .own = daemon,
    };
    daemon->collecting.wake = -1;
    if (!stop_open(&daemon->collecting, why))
        return false;
    daemon->collector = collector_start(&options, why);
    return daemon->collector != NULL;
}

void stop_collector(struct daemon *daemon)
{
    if (daemon->collector)
        stop_ask(&daemon->collecting);
    collector_stop(daemon->collector);
    stop_close(&daemon->collecting);
}
