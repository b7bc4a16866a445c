/* SPDX-License-Identifier: Apache-2.0 */
/* The partner API: its parts, and its table of routes. */
#include "ingest/ingest.h"

#include "api/refusal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "ingest/download.h"
#include "ingest/health.h"
#include "ingest/lookup.h"
#include "ingest/proof.h"
#include "ingest/receive.h"
#include "ingest/state.h"
#include "ingest/upload.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(struct ingest *, ingest_close)
ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

static const struct http_route routes[] = {
    {.method = "POST",
     .pattern = "/v1/handoffs",
     .body_limit = HTTP_SERVER_LIMIT,
     .begin = receive_begin,
     .handle = receive_handle,
     .resumed = receive_resumed,
     .end = receive_end},
    {.method = "GET", .pattern = "/v1/handoffs/{receipt}", .handle = lookup_receipt},
    {.method = "GET", .pattern = "/v1/dossiers/{code}", .handle = lookup_dossier},
    {.method = "PUT",
     .pattern = "/v1/files/{sha256}",
     .body_limit = HTTP_OWN_LIMIT,
     .begin = upload_begin,
     .piece = upload_piece,
     .handle = upload_handle,
     .resumed = upload_resumed,
     .end = upload_end},
    {.method = "GET",
     .pattern = "/v1/files/{sha256}",
     .handle = download_handle,
     .resumed = download_resumed,
     .end = download_end},
    {.method = "GET", .pattern = "/healthz", .handle = health_live},
    {.method = "GET", .pattern = "/readyz", .handle = health_ready},
    {.method = "GET", .pattern = "/metrics", .handle = health_metrics},
    {.method = "GET", .pattern = "/openapi.yaml", .handle = health_openapi},
    {.method = "GET", .pattern = "/v1/keys", .handle = proof_keys},
    {0},
};

const struct http_route *ingest_routes(void)
{
    return routes;
}

static bool learn_receipt_key(struct ingest *ingest, struct fault *why)
{
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(ingest->options.spool_file, why);
    if (!reader)
        return false;
    memcpy(ingest->receipt_key, spool_reader_key(reader), RECEIPT_KEY_SIZE);
    return true;
}

/* Named after the topic, as registries name the schema of a topic's values. */
static bool number_schema(struct ingest *ingest, struct fault *why)
{
    const struct schema *schema = ingest->options.schema;
    auto_free(free) char *subject = NULL;
    if (asprintf(&subject, "%s-value", ingest->topic) < 0)
        return fault_memory(why);
    return spool_schema(ingest->options.spool, subject, schema->text, schema->fingerprint,
                        &ingest->schema_no, why);
}

static bool open_parts(struct ingest *ingest, struct fault *why)
{
    const struct ingest_options *options = &ingest->options;
    if (asprintf(&ingest->topic, "%sdossier-events", options->topic_prefix) < 0) {
        ingest->topic = NULL;
        return fault_memory(why);
    }
    if (!number_schema(ingest, why) || !learn_receipt_key(ingest, why))
        return false;
    ingest->stations = stations_open(options->adapters, options->spool_file, why);
    if (!ingest->stations)
        return false;
    ingest->accounts = accounts_new(why);
    if (!ingest->accounts)
        return false;
    ingest->publishing = publishing_open(options->spool, why);
    return ingest->publishing != NULL;
}

static void count_files(struct ingest *ingest)
{
    static const struct {
        const char *name, *help;
    } counters[FILES_COUNT_] = {
        [FILES_UPLOADED] = {"lienthong_files_uploaded_total", "Files that partners uploaded."},
        [FILES_UPLOADED_BYTES] = {"lienthong_files_uploaded_bytes_total", "Their bytes."},
        [FILES_SENT] = {"lienthong_files_sent_total", "Files that partners fetched."},
        [FILES_SENT_BYTES] = {"lienthong_files_sent_bytes_total", "Their bytes."},
        [FILES_MOVED] = {"lienthong_files_moved_total", "Files moved out of documents."},
        [FILES_MOVED_BYTES] = {"lienthong_files_moved_bytes_total", "Their bytes."},
    };
    for (size_t i = 0; i < FILES_COUNT_; i++)
        ingest->files[i] = metrics_counter(counters[i].name, counters[i].help, NULL);
}

void ingest_count_file(const struct ingest *ingest, enum file_counter counter, int64_t size)
{
    metrics_add(ingest->files[counter], 1);
    metrics_add(ingest->files[counter + 1], size);
}

struct rate ingest_rate(const struct ingest *ingest, const struct partner *partner)
{
    if (partner->rate_per_s > 0)
        return (struct rate){.per_s = partner->rate_per_s, .burst = partner->burst};
    return (struct rate){.per_s = ingest->options.rate_per_s, .burst = ingest->options.burst};
}

bool ingest_admit(struct account *account, const struct rate *rate, struct http_request *request)
{
    char seconds[24];
    int64_t wait_ms = account_take(account, rate, clock_ticks_us());
    if (wait_ms == 0)
        return true;
    (void)snprintf(seconds, sizeof seconds, "%" PRId64, (wait_ms + 999) / 1000);
    http_add_header(request, "Retry-After", seconds);
    refuse(request, REFUSAL_RATE, NULL, NULL);
    return false;
}

static struct rate reading_rate(const struct ingest *ingest)
{
    return (struct rate){.kind = RATE_READING, .per_s = ingest->options.reads_per_s};
}

bool ingest_admit_reader(struct ingest *ingest, const struct partner *partner,
                         struct http_request *request)
{
    const struct rate rate = reading_rate(ingest);
    struct account *account = accounts_of(ingest->accounts, partner->id);
    if (account)
        return ingest_admit(account, &rate, request);
    refuse(request, REFUSAL_INTERNAL, NULL, NULL);
    return false;
}

void ingest_charge_reader(struct ingest *ingest, const struct partner *partner, int64_t count)
{
    const struct rate rate = reading_rate(ingest);
    struct account *account = accounts_of(ingest->accounts, partner->id);
    if (account)
        account_charge(account, &rate, count, clock_ticks_us());
}

struct ingest *ingest_open(const struct ingest_options *options, struct fault *why)
{
    auto_free(ingest_close) struct ingest *ingest = calloc(1, sizeof *ingest);
    if (!ingest) {
        (void)fault_memory(why);
        return NULL;
    }
    ingest->options = *options;
    tally_begin(&ingest->handoffs);
    ingest->acceptance_seconds =
        metrics_histogram("lienthong_acceptance_seconds",
                          "From a handoff's head to its answer, for what was accepted.", NULL);
    health_open(ingest);
    count_files(ingest);
    return open_parts(ingest, why) ? steal(ingest) : NULL;
}

void ingest_close(struct ingest *ingest)
{
    if (!ingest)
        return;
    publishing_close(ingest->publishing);
    tally_await_none(&ingest->handoffs); /* the spool may have something of one that was cut */
    accounts_free(ingest->accounts);
    stations_close(ingest->stations);
    free(ingest->topic);
    tally_end(&ingest->handoffs);
    free(ingest);
}
