/* SPDX-License-Identifier: Apache-2.0 */
/* How the stages are joined: what each part is made of, and the order in which they start. */
#include "parts.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "kafka/audit_record.h"
#include "kafka/topics.h"
#include "parts_confine.h"
#include "parts_delivery.h"
#include "parts_named.h"
#include "parts_operate.h"

/* One part: what starting it needs has started before it. */
struct part {
    const char *name;
    bool is_checked; /* --check starts it too: it only reads files */
    bool (*start)(struct daemon *daemon, struct fault *why);
    void (*stop)(struct daemon *daemon);
};

static struct schema *load_schema(const struct config *config, const char *name, struct fault *why)
{
    auto_free(free) char *path = file_join(config->schemas.folder, name, why);
    return path ? schema_load(path, why) : NULL;
}

static bool start_schemas(struct daemon *daemon, struct fault *why)
{
    daemon->event_schema = load_schema(daemon->config, "dossier-event.avsc", why);
    if (!daemon->event_schema)
        return false;
    daemon->dead_letter_schema = load_schema(daemon->config, "dead-letter.avsc", why);
    if (!daemon->dead_letter_schema)
        return false;
    daemon->receipt_schema = load_schema(daemon->config, "delivery-receipt.avsc", why);
    if (!daemon->receipt_schema)
        return false;
    daemon->audit_schema = load_schema(daemon->config, "audit-entry.avsc", why);
    return daemon->audit_schema != NULL;
}

static void stop_schemas(struct daemon *daemon)
{
    schema_free(daemon->audit_schema);
    schema_free(daemon->receipt_schema);
    schema_free(daemon->dead_letter_schema);
    schema_free(daemon->event_schema);
}

static bool start_adapters(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct adapt_limits limits = {
        .document_bytes = config->adapters.limits.document_bytes,
        .depth = config->adapters.limits.depth,
        .nodes = config->adapters.limits.nodes,
        .attributes = config->adapters.limits.attributes,
        .names = config->adapters.limits.names,
        .text_bytes = config->adapters.limits.text_bytes,
        .items = config->adapters.limits.items,
        .problems = config->adapters.limits.problems,
    };
    daemon->adapters = adapters_load(config->adapters.folder, daemon->event_schema, &limits, why);
    return daemon->adapters != NULL;
}

static void stop_adapters(struct daemon *daemon)
{
    adapters_free(daemon->adapters);
}

static bool adapter_exists(const struct daemon *daemon, const struct partner *partner,
                           const char *adapter, struct fault *why)
{
    return adapters_find(daemon->adapters, adapter) ||
           fault_set(why, FAULT_REFUSE, "%s: partner %s: there is no adapter %s",
                     daemon->config->directory.partners, partner->id, adapter);
}

/* A partner's adapter that does not exist would only show when that partner sends or gets. */
static bool adapters_exist(const struct daemon *daemon, const struct directory *directory,
                           struct fault *why)
{
    for (size_t i = 0; i < directory_partner_count(directory); i++) {
        const struct partner *partner = directory_partner_at(directory, i);
        for (size_t j = 0; j < partner->adapter_count; j++)
            if (!adapter_exists(daemon, partner, partner->adapters[j], why))
                return false;
        if (!adapter_exists(daemon, partner, partner->deliver.adapter, why))
            return false;
    }
    return true;
}

static bool accept_directory(void *own, const struct directory *directory, struct fault *why)
{
    return adapters_exist(own, directory, why) && confinement_permits(own, directory, why);
}

static bool start_directory(struct daemon *daemon, struct fault *why)
{
    const struct directory_options options = {
        .agencies_file = daemon->config->directory.agencies,
        .partners_file = daemon->config->directory.partners,
        .pepper_file = daemon->config->directory.pepper_file,
        .accept = accept_directory,
        .own = daemon,
    };
    daemon->place = directory_place_open(&options, why);
    return daemon->place != NULL;
}

static void stop_directory(struct daemon *daemon)
{
    directory_place_close(daemon->place);
}

/* What is done is told on Kafka from the first act on. */
static bool tell_acts(struct daemon *daemon, struct fault *why)
{
    int32_t number;
    return number_schema(daemon, TOPIC_AUDIT, daemon->audit_schema, &number, why) &&
           spool_audit_schema(daemon->spool, number, audit_record, daemon->audit_schema, why);
}

static bool start_keys(struct daemon *daemon, struct fault *why)
{
    const char *file = daemon->config->spool.encryption_key_file;
    if (!file)
        return true;
    daemon->keyring = keyring_load(file, why);
    keyring_serve(daemon->keyring);
    return daemon->keyring != NULL;
}

static void stop_keys(struct daemon *daemon)
{
    keyring_serve(NULL);
    keyring_free(daemon->keyring);
}

static bool start_spool(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct spool_options options = {
        .file = config->spool.file,
        .queue_entries = config->spool.queue_entries,
        .queue_bytes = config->spool.queue_bytes,
        .reserve_bytes = config->spool.reserve_bytes,
        .compress_above_bytes = config->spool.compress_above_bytes,
        .checkpoint_pages = config->spool.checkpoint_pages,
        .overdue_ms = config->spool.overdue_ms,
    };
    daemon->spool = spool_open(&options, why);
    return daemon->spool && tell_acts(daemon, why);
}

static void stop_spool(struct daemon *daemon)
{
    spool_close(daemon->spool);
}

static bool start_embedded(struct daemon *daemon, struct fault *why)
{
    if (daemon->config->kafka.brokers)
        return true;
    daemon->embedded = embedded_open(daemon->config->kafka.topic_prefix, why);
    if (!daemon->embedded)
        return false;
    log_warn(
        "broker.embedded",
        "brokers=%s note=\"kafka.brokers is empty: NOTHING on this broker outlives the daemon\"",
        embedded_brokers(daemon->embedded));
    return true;
}

static void stop_embedded(struct daemon *daemon)
{
    embedded_close(daemon->embedded);
}

static bool start_registry(struct daemon *daemon, struct fault *why)
{
    return registry_configured(daemon->config, &daemon->registry, why);
}

static void stop_registry(struct daemon *daemon)
{
    registry_close(daemon->registry);
}

struct kafka_options kafka_of(const struct daemon *daemon)
{
    const struct config *config = daemon->config;
    return (struct kafka_options){
        .brokers = daemon->embedded ? embedded_brokers(daemon->embedded) : config->kafka.brokers,
        .gateway_id = config->kafka.gateway_id,
        .topic_prefix = config->kafka.topic_prefix,
        .properties = (const char *const *)config->kafka.properties.items,
        .property_count = config->kafka.properties.count,
    };
}

static bool start_publisher(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct publisher_options options = {
        .kafka = kafka_of(daemon),
        .spool_file = config->spool.file,
        .registry = daemon->registry,
        .dead_letter = daemon->dead_letter_schema,
        .pace_ms = config->kafka.pace_ms,
        .batch_entries = config->kafka.batch_entries,
        .batch_bytes = config->kafka.batch_bytes,
        .deadline_ms = config->kafka.deadline_ms,
        /* The embedded broker forgets; the spool alone knows what went out before. */
        .from_spool = daemon->embedded != NULL,
    };
    daemon->publisher = publisher_start(&options, daemon->spool, why);
    return daemon->publisher != NULL;
}

static void stop_publisher(struct daemon *daemon)
{
    registry_interrupt(daemon->registry); /* a silent one would hold up the stop */
    publisher_stop(daemon->publisher, daemon->config->stop.drain_ms);
}

static bool start_ingest(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct ingest_options options = {
        .adapters = daemon->adapters,
        .schema = daemon->event_schema,
        .place = daemon->place,
        .spool = daemon->spool,
        .spool_file = config->spool.file,
        .topic_prefix = config->kafka.topic_prefix,
        .rate_per_s = config->http.rate_per_s,
        .burst = config->http.burst,
        .reads_per_s = config->http.reads_per_s,
        .publish_wait_ms = config->spool.publish_wait_ms,
        .files = daemon->files,
        .filer = daemon->filer,
        .inline_above_bytes = config->files.inline_above_bytes,
        .link_hours = config->files.link_hours,
        .signing_keys = daemon->signing_keys,
        .issuer = config->receipts.issuer ? config->receipts.issuer : config->kafka.gateway_id,
    };
    daemon->ingest = ingest_open(&options, why);
    return daemon->ingest != NULL;
}

/* Its jobs are over first: they work for the ingest. */
static void stop_ingest(struct daemon *daemon)
{
    file_store_interrupt(daemon->files);
    filer_close(daemon->filer);
    daemon->filer = NULL;
    ingest_close(daemon->ingest);
}

static bool start_http(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct http_table tables[] = {
        {ingest_routes(), daemon->ingest}, {mailbox_routes(), daemon->mailbox}, {0}};
    const struct http_options options = {
        .listen = config->http.listen,
        .certificate = config->http.certificate,
        .private_key = config->http.private_key,
        .client_ca = config->http.client_ca,
        .client_crl = config->http.client_crl,
        .threads = config->http.threads,
        .connections = config->http.connections,
        .connections_per_address = config->http.connections_per_address,
        .head_limit = config->http.head_limit_bytes,
        .body_limit = config->http.body_limit_bytes,
        .body_memory = config->http.body_memory_bytes,
        .idle_timeout_ms = config->http.idle_timeout_ms,
        .body_deadline_ms = config->http.body_deadline_ms,
        .body_least_rate = config->http.body_least_rate,
        .tables = tables,
    };
    struct http_server *server = http_open(&options, why);
    if (!server)
        return false;
    (void)pthread_mutex_lock(&daemon->doors);
    daemon->server = server;
    (void)pthread_mutex_unlock(&daemon->doors);
    log_info("http.listening", "listen=%s port=%d", config->http.listen, http_port(server));
    return true;
}

static void stop_http(struct daemon *daemon)
{
    mailbox_hush(daemon->mailbox);
    (void)pthread_mutex_lock(&daemon->doors);
    struct http_server *server = steal(daemon->server);
    (void)pthread_mutex_unlock(&daemon->doors);
    if (server && !http_drain(server, daemon->config->stop.drain_ms))
        log_warn("http.cut", "note=\"requests were still open after stop.drain_ms\"");
    http_close(server);
}

static bool start_drop(struct daemon *daemon, struct fault *why)
{
    enum { SCAN_MS = 1000 };
    const struct drop_options options = {
        .ingest = daemon->ingest,
        .place = daemon->place,
        .file_limit_bytes = daemon->config->http.body_limit_bytes,
        .scan_ms = SCAN_MS,
        .keep_days = daemon->config->spool.retention_days,
    };
    daemon->drop = drop_start(&options, why);
    return daemon->drop != NULL;
}

static void stop_drop(struct daemon *daemon)
{
    drop_stop(daemon->drop);
}

static const struct part parts[] = {
    {"schemas", true, start_schemas, stop_schemas},
    {"adapters", true, start_adapters, stop_adapters},
    {"directory", true, start_directory, stop_directory},
    {"operators", true, start_operators, stop_operators},
    {"keys", true, start_keys, stop_keys},
    {"receipt keys", true, start_receipt_keys, stop_receipt_keys},
    {"kafka properties", true, start_kafka_properties, stop_nothing},
    {"socket folder", false, start_socket_folder, stop_nothing},
    /* Before the first thread: a thread is held to what holds the one that started it. */
    {"confinement", false, start_confinement, stop_confinement},
    {"spool", false, start_spool, stop_spool},
    {"files", false, start_files, stop_files},
    {"embedded broker", false, start_embedded, stop_embedded},
    {"registry", false, start_registry, stop_registry},
    {"publisher", false, start_publisher, stop_publisher},
    {"subscriber", false, start_subscriber, stop_subscriber},
    {"courier", false, start_courier, stop_courier},
    {"ingest", false, start_ingest, stop_ingest},
    {"mailbox", false, start_mailbox, stop_mailbox},
    {"drop", false, start_drop, stop_drop},
    {"collector", false, start_collector, stop_collector},
    {"operate", false, start_operate, stop_operate},
    {"http", false, start_http, stop_http}, /* last: who is answered here finds all the rest */
};
enum { PART_COUNT = sizeof parts / sizeof parts[0] };

void parts_stop(struct daemon *daemon, size_t started)
{
    while (started-- > 0)
        parts[started].stop(daemon);
}

bool parts_start(struct daemon *daemon, bool only_checked, size_t *started, struct fault *why)
{
    for (*started = 0; *started < PART_COUNT; (*started)++) {
        const struct part *part = &parts[*started];
        if (only_checked && !part->is_checked)
            break;
        if (part->start(daemon, why))
            continue;
        parts_stop(daemon, *started + 1); /* that part's own remains too */
        return false;
    }
    return true;
}
