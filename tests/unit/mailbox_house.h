/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway without Kafka: handoffs are posted, and the test itself lets them arrive again. */
#ifndef UNIT_MAILBOX_HOUSE_H
#define UNIT_MAILBOX_HOUSE_H

#include "unit.h"

#include "base/clock.h"
#include "deliver/mailbox.h"
#include "files/filer.h"
#include "ingest/ingest.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "http_peer.h"
#include "limits.h"
#include "partner_files.h"
#include "scratch.h"

enum { PATH_SIZE = 128, REDELIVER_MS = 400 };

struct house {
    char folder[40];
    char agencies[PATH_SIZE], partners[PATH_SIZE], peppers[PATH_SIZE], file[PATH_SIZE];
    int64_t redeliver_ms, held_bytes;
    int64_t offset;
    struct schema *schema, *receipt, *dead_letter;
    struct adapters *adapters;
    struct directory_place *place;
    char files_folder[PATH_SIZE];
    struct file_store *files;
    struct filer *filer;
    struct spool *spool;
    struct spool_reader *reader;
    struct ingest *ingest;
    struct mailbox *mailbox;
    struct http_server *server;
};

/* The letters of these tests differ in little. */
struct sample {
    const char *id, *dossier;
};

static inline void must(bool passed, const struct fault *why)
{
    if (!passed)
        fail_msg("%s", why->text);
}

static inline void write_partners(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("partners:\n", file);
    write_partner(file, "commune", "H09.40.12", "");
    write_partner(file, "district", "H09.40", "    deliver: {by: mailbox}\n");
    write_partner(file, "neighbour", "H29", "    deliver: {by: mailbox}\n");
    write_partner(file, "portal", "H09", "    deliver: {by: mailbox, adapter: dvc2026-json}\n");
    assert_int_equal(fclose(file), 0);
}

static inline void load(struct house *house)
{
    struct fault why;
    house->schema = schema_load("schemas/dossier-event.avsc", &why);
    must(house->schema, &why);
    house->receipt = schema_load("schemas/delivery-receipt.avsc", &why);
    must(house->receipt, &why);
    house->dead_letter = schema_load("schemas/dead-letter.avsc", &why);
    must(house->dead_letter, &why);
    house->adapters = adapters_load("adapters", house->schema, &usual_limits, &why);
    must(house->adapters, &why);
    const struct directory_options directory = {.agencies_file = house->agencies,
                                                .partners_file = house->partners,
                                                .pepper_file = house->peppers};
    house->place = directory_place_open(&directory, &why);
    must(house->place, &why);
}

static inline void start_spool(struct house *house)
{
    const struct spool_options options = {.file = house->file,
                                          .queue_entries = 1000,
                                          .queue_bytes = 10 << 20,
                                          .reserve_bytes = 1 << 20,
                                          .compress_above_bytes = 16384,
                                          .checkpoint_pages = 1000,
                                          .overdue_ms = 1000000};
    struct fault why;
    house->spool = spool_open(&options, &why);
    must(house->spool, &why);
    house->reader = spool_reader_open(house->file, &why);
    must(house->reader, &why);
}

static inline void start_files(struct house *house)
{
    const struct file_store_options options = {.folder = house->files_folder,
                                               .file_limit_bytes = 1 << 20};
    struct fault why;
    house->files = file_store_open(&options, &why);
    must(house->files, &why);
    house->filer = filer_open(1, 100, &why);
    must(house->filer, &why);
}

static inline void start_stages(struct house *house)
{
    const struct ingest_options ingest = {.adapters = house->adapters,
                                          .schema = house->schema,
                                          .place = house->place,
                                          .spool = house->spool,
                                          .spool_file = house->file,
                                          .topic_prefix = "test.",
                                          .files = house->files,
                                          .filer = house->filer,
                                          .inline_above_bytes = 4096,
                                          .link_hours = 1};
    const struct mailbox_options mailbox = {.adapters = house->adapters,
                                            .schema = house->schema,
                                            .receipt = house->receipt,
                                            .dead_letter = house->dead_letter,
                                            .place = house->place,
                                            .spool = house->spool,
                                            .spool_file = house->file,
                                            .topic_prefix = "test.",
                                            .files = house->files,
                                            .redeliver_ms = house->redeliver_ms,
                                            .held_bytes = house->held_bytes};
    struct fault why;
    house->ingest = ingest_open(&ingest, &why);
    must(house->ingest, &why);
    house->mailbox = mailbox_open(&mailbox, &why);
    must(house->mailbox, &why);
}

static inline void start(struct house *house)
{
    struct fault why;
    start_spool(house);
    start_files(house);
    start_stages(house);
    const struct http_table tables[] = {
        {ingest_routes(), house->ingest}, {mailbox_routes(), house->mailbox}, {0}};
    const struct http_options http = {.listen = "127.0.0.1:0",
                                      .threads = 2,
                                      .connections = 600,
                                      .head_limit = 8192,
                                      .body_limit = 1 << 20,
                                      .body_memory = 4 << 20,
                                      .idle_timeout_ms = 20000,
                                      .body_deadline_ms = 20000,
                                      .tables = tables};
    house->server = http_open(&http, &why);
    must(house->server, &why);
}

static inline void stop(struct house *house)
{
    mailbox_hush(house->mailbox);
    http_close(house->server);
    filer_close(house->filer);
    mailbox_close(house->mailbox);
    ingest_close(house->ingest);
    file_store_close(house->files);
    spool_reader_close(house->reader);
    spool_close(house->spool);
}

static inline struct house *make_house(int64_t redeliver_ms, int64_t held_bytes)
{
    struct house *house = calloc(1, sizeof *house);
    house->redeliver_ms = redeliver_ms;
    house->held_bytes = held_bytes;
    (void)snprintf(house->folder, sizeof house->folder, "/tmp/test-mailbox-XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    (void)snprintf(house->agencies, PATH_SIZE, "%s/agencies.csv", house->folder);
    (void)snprintf(house->partners, PATH_SIZE, "%s/partners.yaml", house->folder);
    (void)snprintf(house->peppers, PATH_SIZE, "%s/pepper", house->folder);
    (void)snprintf(house->files_folder, PATH_SIZE, "%s/files", house->folder);
    (void)snprintf(house->file, PATH_SIZE, "%s/spool.db", house->folder);
    scratch_write(house->agencies, agencies);
    scratch_write(house->peppers, pepper);
    write_partners(house->partners);
    load(house);
    start(house);
    return house;
}

static inline int open_house(void **state)
{
    *state = make_house(60000, 1 << 20);
    return 0;
}

/* In which what was handed out comes again soon. */
static inline int open_hasty_house(void **state)
{
    *state = make_house(REDELIVER_MS, 1 << 20);
    return 0;
}

/* In which no letter has room. */
static inline int open_narrow_house(void **state)
{
    *state = make_house(60000, 1000);
    return 0;
}

static inline int close_house(void **state)
{
    struct house *house = *state;
    char command[PATH_SIZE];
    stop(house);
    directory_place_close(house->place);
    adapters_free(house->adapters);
    schema_free(house->dead_letter);
    schema_free(house->receipt);
    schema_free(house->schema);
    (void)snprintf(command, sizeof command, "rm -r %s", house->folder);
    assert_int_equal(system(command), 0);
    free(house);
    return 0;
}

/* ---- calls ---- */

static inline json_t *body_of(const struct answer *answer)
{
    const char *body = strstr(answer->text, "\r\n\r\n");
    return body ? json_loads(body + 4, 0, NULL) : NULL;
}

static inline const char *text_at(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

/* Sends a call and leaves the answer to come. */
static inline int start_call(const struct house *house, const char *partner, const char *line,
                             const char *headers, const char *body)
{
    char *request = NULL;
    int size = asprintf(&request,
                        "%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer key-%s\r\n"
                        "%sContent-Length: %zu\r\n\r\n%s",
                        line, partner, headers, strlen(body), body);
    int peer = peer_connect(http_port(house->server));
    assert_true(size > 0 && peer_send(peer, request, (size_t)size));
    free(request);
    return peer;
}

static inline void call(const struct house *house, const char *partner, const char *line,
                        const char *body, struct answer *answer)
{
    int peer = start_call(house, partner, line, "", body);
    peer_receive(peer, answer);
    (void)close(peer);
}

/* The JSON of an answer that must have this status; the caller owns it. */
static inline json_t *ask(const struct house *house, const char *partner, const char *line,
                          const char *body, int status)
{
    struct answer answer;
    call(house, partner, line, body, &answer);
    if (answer.status != status)
        fail_msg("%s: not %d but: %s", line, status, answer.text);
    return body_of(&answer);
}

static inline void expect(const struct house *house, const char *partner, const char *line,
                          const char *body, int status, const char *code)
{
    json_t *answer = ask(house, partner, line, body, status);
    assert_string_equal(text_at(answer, "code"), code);
    json_decref(answer);
}

/* ---- what happens ---- */

static inline char *write_sample(const struct sample *sample)
{
    char *text = NULL;
    int size = asprintf(
        &text,
        "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\" version=\"1.0\">\n<Envelope>"
        "<MessageId>%s</MessageId><MessageType>HANDOFF</MessageType>"
        "<CreatedAt>2025-05-12T14:45:00+07:00</CreatedAt><SourceSystem>x</SourceSystem></Envelope>"
        "<Handoff><HandoffId>HO-1</HandoffId><HandoffNo>1</HandoffNo>"
        "<Reason>FORWARD_FOR_RESOLUTION</Reason>\n<From><AgencyCode>000.12.40.H09</AgencyCode>"
        "<AgencyName>A</AgencyName></From>\n<To><AgencyCode>000.00.40.H09</AgencyCode>"
        "<AgencyName>B</AgencyName></To>\n<HandedOffAt>2025-05-12T14:45:00+07:00</HandedOffAt>"
        "</Handoff>\n<Dossier><DossierCode>%s</DossierCode><ProcedureCode>1.011442</ProcedureCode>"
        "<ProcedureName>P</ProcedureName><Channel>1</Channel><StatusCode>4</StatusCode>"
        "<ReceivingAgency>000.12.40.H09</ReceivingAgency>"
        "<ReceivedAt>2025-05-12T08:30:00+07:00</ReceivedAt>"
        "<DueAt>2025-05-20T17:00:00+07:00</DueAt><Summary>Hồ sơ mẫu</Summary>"
        "<Applicant><Kind>1</Kind><FullName>Nguyễn Thị Mẫu</FullName>"
        "<Identity type=\"CCCD\">099190000001</Identity></Applicant></Dossier></HandoffMessage>",
        sample->id, sample->dossier);
    assert_true(size > 0);
    return text;
}

/* An entry on its way back from Kafka. */
struct landing {
    struct house *house;
    const char *partner;
    const char *event_type; /* NULL: its own */
    bool is_cut;            /* the event cannot be read */
    bool is_subscription;   /* no agency led there */
    bool is_done;
};

static inline bool land_entry(void *own, const struct spool_entry *entry)
{
    struct landing *landing = own;
    struct house *house = landing->house;
    const struct spool_target target = {
        .partner = landing->partner,
        .agency = landing->is_subscription ? NULL : "H09.40",
        .reason = landing->is_subscription ? "subscribed" : "handed over to H09.40"};
    struct spool_arrival arrival = {
        .offset = house->offset,
        .arrived_at_ms = clock_now_ms(),
        .source = entry->partner,
        .dossier_code = entry->dossier_code,
        .event_type = landing->event_type ? landing->event_type : entry->event_type,
        .occurred_at_ms = entry->occurred_at_ms,
        .event = entry->event,
        .event_size = landing->is_cut ? entry->event_size / 2 : entry->event_size,
        .schema_no = entry->schema_no,
        .targets = &target,
        .target_count = 1,
    };
    struct fault why;
    memcpy(arrival.event_id, entry->event_id, UUID_SIZE);
    const struct spool_position position = {"test.dossier-events", 0, ++house->offset};
    must(spool_arrive(house->spool, &arrival, 1, &position, 1, &why), &why);
    landing->is_done = true;
    return false;
}

static inline int64_t post_sample(struct house *house, const struct sample *sample)
{
    struct answer answer;
    char *text = write_sample(sample);
    int peer = start_call(house, "commune", "POST /v1/handoffs",
                          "Content-Type: application/xml\r\n", text);
    peer_receive(peer, &answer);
    (void)close(peer);
    free(text);
    if (answer.status != 202)
        fail_msg("%s", answer.text);
    json_t *json = body_of(&answer);
    int64_t entry =
        strtoll(text_at(json_array_get(json_object_get(json, "receipts"), 0), "receipt"), NULL, 10);
    json_decref(json);
    return entry;
}

/* A handoff is posted and arrives; its delivery. */
static inline int64_t land_so(const struct sample *sample, struct landing *landing)
{
    struct fault why;
    int64_t entry = post_sample(landing->house, sample);
    must(spool_find(landing->house->reader, entry, land_entry, landing, &why), &why);
    assert_true(landing->is_done);
    return spool_last_arrival(landing->house->spool) * DELIVERIES_PER_ARRIVAL;
}

static inline int64_t land(struct house *house, const struct sample *sample, const char *partner)
{
    struct landing landing = {.house = house, .partner = partner};
    return land_so(sample, &landing);
}

static inline bool note_state(void *own, const struct spool_delivery *delivery)
{
    enum delivery_state *state = own;
    *state = delivery->state;
    return false;
}

static inline enum delivery_state state_of(struct house *house, int64_t delivery)
{
    struct fault why;
    enum delivery_state state = DELIVERY_PARKED;
    must(spool_find_delivery(house->reader, delivery, note_state, &state, &why), &why);
    return state;
}

#endif
