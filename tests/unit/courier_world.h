/* SPDX-License-Identifier: Apache-2.0 */
/* A courier between a real spool and partners on this machine, with the formats of the house. */
#ifndef UNIT_COURIER_WORLD_H
#define UNIT_COURIER_WORLD_H

#include "delivery_world.h"
#include "http_stand.h"
#include "limits.h"
#include "scratch.h"
#include "store_world.h"

#include "base/clock.h"
#include "deliver/courier.h"
#include "event/wire.h"

#include <curl/curl.h>

enum { TOWN_PARTNERS = 4000, TOWN_PATH = 128, TOWN_FILES = 400 };

struct town {
    uint8_t file[SHA256_SIZE]; /* which events to come bring along, if they bring one */
    bool brings_file;
    struct world world; /* the spool */
    struct store_world files;
    char folder[TOWN_PATH]; /* of the directory's files */
    char partners[TOWN_PARTNERS];
    struct schema *schema, *receipt, *dead_letter;
    struct tell_schemas tells;
    struct adapters *adapters;
    struct directory_place *place;
    struct courier_options options;
    struct courier *courier;
    char *event; /* the last one that was read */
    size_t event_size;
    int32_t schema_no;
    int64_t offset;
    const char *agency;      /* to which the next ones go; NULL: H09 */
    int64_t arrived_at_ms;   /* of the next ones; 0: now */
    const char *traceparent; /* of the next ones; NULL: a good one */
};

static inline void town_write(const struct town *town, const char *name, const char *text)
{
    char path[2 * TOWN_PATH];
    (void)snprintf(path, sizeof path, "%s/%s", town->folder, name);
    scratch_write(path, text);
}

static inline struct schema *town_schema(const char *path)
{
    struct fault why;
    struct schema *schema = schema_load(path, &why);
    must(schema, &why);
    return schema;
}

static inline int32_t town_schema_no(struct town *town, const char *subject,
                                     const struct schema *schema)
{
    struct fault why;
    int32_t number;
    must(spool_schema(town->world.spool, subject, schema->text, schema->fingerprint, &number, &why),
         &why);
    return number;
}

/* Everything but partners and the courier. */
static inline void town_make(struct town *town)
{
    struct fault why;
    memset(town, 0, sizeof *town);
    assert_int_equal(curl_global_init(CURL_GLOBAL_DEFAULT), 0);
    world_make(&town->world);
    store_begin(&town->files);
    (void)snprintf(town->folder, sizeof town->folder, "/tmp/lienthong-town-XXXXXX");
    assert_non_null(mkdtemp(town->folder));
    (void)snprintf(town->partners, sizeof town->partners, "partners:\n");
    town_write(town, "pepper", "0123456789abcdef0123456789abcdef");
    town_write(town, "password", "secret\n");
    town_write(town, "agencies.csv",
               "code,alias_codes,name,level,parent,valid_from,valid_to,successor\n"
               "H09,000.00.00.H09,Province,PROVINCE,,20160101,,\n"
               "H10,,Closed,PROVINCE,,20160101,20250630,H09\n");
    town->schema = town_schema("schemas/dossier-event.avsc");
    town->receipt = town_schema("schemas/delivery-receipt.avsc");
    town->dead_letter = town_schema("schemas/dead-letter.avsc");
    town->adapters = adapters_load("adapters", town->schema, &usual_limits, &why);
    must(town->adapters, &why);
    town->schema_no = town_schema_no(town, "e-value", town->schema);
    town->tells = (struct tell_schemas){
        town->receipt, town_schema_no(town, "r-value", town->receipt), town->dead_letter,
        town_schema_no(town, "d-value", town->dead_letter)};
    town->options = (struct courier_options){.adapters = town->adapters,
                                             .schema = town->schema,
                                             .tells = &town->tells,
                                             .spool = town->world.spool,
                                             .spool_file = town->world.file,
                                             .files = town->files.store,
                                             .connections = 16,
                                             .answer_limit_bytes = 4096,
                                             .first_delay_ms = 20,
                                             .longest_delay_ms = 100,
                                             .breaker_failures = 3,
                                             .probe_ms = 100};
}

/* Another partner that is pushed to, in `format`, at a port of this machine. */
static inline void town_partner(struct town *town, const char *id, const char *format, int port,
                                const char *more)
{
    size_t used = strlen(town->partners);
    (void)snprintf(town->partners + used, sizeof town->partners - used,
                   "- {id: %s, name: X, agencies: [H09], adapters: [%s], deliver: {by: push, "
                   "url: 'http://127.0.0.1:%d/base', user: gateway, password_file: password%s}}\n",
                   id, format, port, more);
}

static inline void town_open(struct town *town)
{
    static char agencies[2 * TOWN_PATH], partners[2 * TOWN_PATH], pepper[2 * TOWN_PATH];
    struct fault why;
    (void)snprintf(agencies, sizeof agencies, "%s/agencies.csv", town->folder);
    (void)snprintf(partners, sizeof partners, "%s/partners.yaml", town->folder);
    (void)snprintf(pepper, sizeof pepper, "%s/pepper", town->folder);
    town_write(town, "partners.yaml", town->partners);
    const struct directory_options options = {
        .agencies_file = agencies, .partners_file = partners, .pepper_file = pepper};
    town->place = directory_place_open(&options, &why);
    must(town->place, &why);
    town->options.place = town->place;
    town->courier = courier_start(&town->options, &why);
    must(town->courier, &why);
}

static inline void town_close(struct town *town)
{
    courier_stop(town->courier, 5000);
    directory_place_close(town->place);
    free(town->event);
    adapters_free(town->adapters);
    schema_free(town->schema);
    schema_free(town->receipt);
    schema_free(town->dead_letter);
    world_end(&town->world);
    store_end(&town->files);
    assert_int_equal(nftw(town->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- events ---- */

static inline bool town_take(void *own, const struct adapt_item *item, struct fault *why)
{
    struct town *town = own;
    avro_value_t event = item->event;
    free(town->event);
    town->event = wire_encode(town->schema, &event, &town->event_size, why);
    return town->event != NULL;
}

/* Reads a document in our own format as the event to come. */
static inline void town_read(struct town *town, const char *document)
{
    struct fault why;
    struct workbench *bench = workbench_new(town->adapters, &why);
    must(bench, &why);
    const struct adapter *reader = adapters_find(town->adapters, "lienthong-xml");
    const struct adapt_document posted = {
        .bytes = document, .size = strlen(document), .candidates = &reader, .candidate_count = 1};
    struct reading reading;
    must(adapt_read(bench, &posted, town_take, town, &reading, &why), &why);
    if (reading.problem_count)
        fail_msg("%s %s", reading.problems[0].path, reading.problems[0].hint);
    workbench_free(bench);
}

/* A handoff of dossier number `dossier` whose message is called `name`. */
static inline void town_handoff(struct town *town, int dossier, const char *name,
                                const char *documents)
{
    char *document = NULL;
    int size = asprintf(
        &document,
        "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\" version=\"1.0\"><Envelope>"
        "<MessageId>%s</MessageId><MessageType>HANDOFF</MessageType></Envelope>"
        "<Handoff><HandoffId>HO-1</HandoffId><From><AgencyCode>000.12.40.H09</AgencyCode></From>"
        "<To><AgencyCode>000.00.40.H09</AgencyCode></To>"
        "<HandedOffAt>2025-05-13T09:05:00+07:00</HandedOffAt></Handoff>"
        "<Dossier><DossierCode>000.12.40.H09-250513-%04d</DossierCode>"
        "<ProcedureCode>1.011442</ProcedureCode><StatusCode>4</StatusCode>%s</Dossier>"
        "</HandoffMessage>",
        name, dossier, documents);
    assert_true(size > 0);
    town_read(town, document);
    free(document);
}

/* Lets the event arrive for a partner; its delivery's number. */
static inline int64_t town_arrive(struct town *town, int dossier, const char *partner)
{
    struct fault why;
    const struct spool_target target = {partner, town->agency ? town->agency : "H09",
                                        "it is handed over there", NULL};
    int64_t moment = town->arrived_at_ms ? town->arrived_at_ms : clock_now_ms();
    char code[40];
    (void)snprintf(code, sizeof code, "000.12.40.H09-250513-%04d", dossier);
    struct spool_arrival arrival = {
        .files = (const uint8_t(*)[SHA256_SIZE]) & town->file,
        .file_count = town->brings_file,
        .offset = town->offset,
        .arrived_at_ms = moment,
        .occurred_at_ms = moment,
        .source = "motcua",
        .dossier_code = code,
        .event_type = "HANDED_OFF",
        .traceparent = town->traceparent
                           ? town->traceparent
                           : "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        .event = town->event,
        .event_size = town->event_size,
        .schema_no = town->schema_no,
        .targets = &target,
        .target_count = 1,
    };
    arrival.event_id[15] = (uint8_t)++town->offset;
    const struct spool_position position = {EVENTS_TOPIC, 0, town->offset};
    must(spool_arrive(town->world.spool, &arrival, 1, &position, 1, &why), &why);
    return delivery_of(spool_last_arrival(town->world.spool), 0);
}

/* One handoff of that dossier toward the partner. */
static inline int64_t town_post(struct town *town, int dossier, const char *name,
                                const char *partner)
{
    town_handoff(town, dossier, name, "");
    return town_arrive(town, dossier, partner);
}

/* ---- what became of it ---- */

struct standing {
    enum delivery_state state;
    int64_t attempts;
    int32_t status;
    char partner[40], agency[40]; /* "": none */
    char cause[80];
    bool has_document;
    uint8_t document[SHA256_SIZE];
};

static inline bool town_note(void *own, const struct spool_delivery *delivery)
{
    struct standing *standing = own;
    *standing = (struct standing){.state = delivery->state,
                                  .attempts = delivery->attempts,
                                  .status = delivery->last_status,
                                  .has_document = delivery->document_sha256 != NULL};
    (void)snprintf(standing->partner, sizeof standing->partner, "%s",
                   delivery->partner ? delivery->partner : "");
    (void)snprintf(standing->agency, sizeof standing->agency, "%s",
                   delivery->agency ? delivery->agency : "");
    (void)snprintf(standing->cause, sizeof standing->cause, "%s",
                   delivery->cause ? delivery->cause : "");
    if (delivery->document_sha256)
        memcpy(standing->document, delivery->document_sha256, SHA256_SIZE);
    return true;
}

static inline struct standing town_look(struct town *town, int64_t delivery)
{
    struct fault why;
    struct standing standing = {.state = DELIVERY_WAITING};
    must(spool_find_delivery(town->world.reader, delivery, town_note, &standing, &why), &why);
    return standing;
}

/* Waits until it is in that state. */
static inline struct standing town_await(struct town *town, int64_t delivery,
                                         enum delivery_state state)
{
    struct standing standing = town_look(town, delivery);
    for (int round = 0; standing.state != state; round++) {
        if (round > 4000)
            fail_msg("d-%" PRId64 " is in state %d instead of %d: %s", delivery, standing.state,
                     state, standing.cause);
        (void)usleep(5000); /* the spool's file is the only one to ask */
        standing = town_look(town, delivery);
    }
    return standing;
}

#endif
