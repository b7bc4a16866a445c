/* SPDX-License-Identifier: Apache-2.0 */
/* The partner API over HTTP, with real adapters, directory and spool; Kafka is the test itself. */
#include "unit.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/metrics.h"
#include "event/wire.h"
#include "ingest/ingest.h"
#include "spool/filing.h"
#include "spool/reader.h"
#include "spool/receipt.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "http_peer.h"
#include "limits.h"
#include "partner_files.h"
#include "scratch.h"

enum { PATH_SIZE = 128, REQUEST_SIZE = 16384, WAIT_MS = 2500 };

/* Everything of one daemon but Kafka. */
struct house {
    char folder[32];
    char agencies[PATH_SIZE], partners[PATH_SIZE], peppers[PATH_SIZE], file[PATH_SIZE];
    char files_folder[PATH_SIZE];
    int64_t wait_ms; /* for Kafka */
    struct schema *schema;
    struct adapters *adapters;
    struct directory_place *place;
    struct spool *spool;
    struct file_store *files;
    struct filer *filer;
    struct ingest *ingest;
    struct http_server *server;
};

static void write_partners(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("partners:\n", file);
    write_partner(file, "commune", "H09.40.12", "");
    write_partner(file, "district", "H09.40", "");
    write_partner(file, "elsewhere", "H29", "");
    write_partner(file, "province", "H09", "    invalid: parked\n");
    write_partner(file, "patient", "H09.40.12", "    ack: published\n");
    write_partner(file, "slow", "H09.40.12", "    rate_per_s: 1\n    burst: 2\n");
    assert_int_equal(fclose(file), 0);
}

static void load(struct house *house)
{
    struct fault why;
    house->schema = schema_load("schemas/dossier-event.avsc", &why);
    assert_non_null(house->schema);
    house->adapters = adapters_load("adapters", house->schema, &usual_limits, &why);
    if (!house->adapters)
        fail_msg("%s", why.text);
    const struct directory_options directory = {.agencies_file = house->agencies,
                                                .partners_file = house->partners,
                                                .pepper_file = house->peppers};
    house->place = directory_place_open(&directory, &why);
    if (!house->place)
        fail_msg("%s", why.text);
}

static void open_spool(struct house *house)
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
    if (!house->spool)
        fail_msg("%s", why.text);
}

static void open_files(struct house *house)
{
    struct fault why;
    const struct file_store_options options = {.folder = house->files_folder,
                                               .file_limit_bytes = 1 << 20};
    house->files = file_store_open(&options, &why);
    house->filer = house->files ? filer_open(1, 100, &why) : NULL;
    if (!house->filer)
        fail_msg("%s", why.text);
}

static void listen_to(struct house *house)
{
    open_files(house);
    const struct ingest_options ingest = {.adapters = house->adapters,
                                          .schema = house->schema,
                                          .place = house->place,
                                          .spool = house->spool,
                                          .spool_file = house->file,
                                          .topic_prefix = "test.",
                                          .files = house->files,
                                          .filer = house->filer,
                                          .inline_above_bytes = 4096,
                                          .link_hours = 1,
                                          .publish_wait_ms = house->wait_ms};
    struct fault why;
    house->ingest = ingest_open(&ingest, &why);
    if (!house->ingest)
        fail_msg("%s", why.text);
    const struct http_table tables[] = {{ingest_routes(), house->ingest}, {0}};
    const struct http_options http = {.listen = "127.0.0.1:0",
                                      .threads = 2,
                                      .connections = 400,
                                      .head_limit = 8192,
                                      .body_limit = 1 << 20,
                                      .body_memory = 4 << 20,
                                      .idle_timeout_ms = 20000,
                                      .body_deadline_ms = 20000,
                                      .tables = tables};
    house->server = http_open(&http, &why);
    if (!house->server)
        fail_msg("%s", why.text);
}

static int open_house(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    (void)snprintf(house->folder, sizeof house->folder, "/tmp/test-ingest-XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    house->wait_ms = WAIT_MS;
    (void)snprintf(house->agencies, PATH_SIZE, "%s/agencies.csv", house->folder);
    (void)snprintf(house->partners, PATH_SIZE, "%s/partners.yaml", house->folder);
    (void)snprintf(house->peppers, PATH_SIZE, "%s/pepper", house->folder);
    (void)snprintf(house->file, PATH_SIZE, "%s/spool.db", house->folder);
    (void)snprintf(house->files_folder, PATH_SIZE, "%s/files", house->folder);
    scratch_write(house->agencies, agencies);
    scratch_write(house->peppers, pepper);
    write_partners(house->partners);
    load(house);
    open_spool(house);
    listen_to(house);
    *state = house;
    return 0;
}

static void stop_house(struct house *house)
{
    http_close(house->server);
    filer_close(house->filer);
    ingest_close(house->ingest);
    file_store_close(house->files);
    spool_close(house->spool);
    house->server = NULL;
    house->ingest = NULL;
    house->spool = NULL;
}

static int close_house(void **state)
{
    struct house *house = *state;
    char command[PATH_SIZE];
    stop_house(house);
    directory_place_close(house->place);
    adapters_free(house->adapters);
    schema_free(house->schema);
    (void)snprintf(command, sizeof command, "rm -r %s", house->folder);
    assert_int_equal(system(command), 0);
    free(house);
    return 0;
}

/* What the documents of these tests differ in. */
struct letter {
    const char *id, *dossier, *from, *to, *day;
};

static const struct letter usual = {.id = "M-1",
                                    .dossier = "000.12.40.H09-250512-0001",
                                    .from = "000.12.40.H09",
                                    .to = "000.00.40.H09",
                                    .day = "2025-05-12"};

static char *write_letter(const struct letter *letter)
{
    char *text = NULL;
    int size = asprintf(
        &text,
        "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\" version=\"1.0\">\n<Envelope>"
        "<MessageId>%s</MessageId><MessageType>HANDOFF</MessageType>"
        "<CreatedAt>%sT14:45:00+07:00</CreatedAt><SourceSystem>x</SourceSystem></Envelope>\n"
        "<Handoff><HandoffId>HO-1</HandoffId><HandoffNo>1</HandoffNo>"
        "<Reason>FORWARD_FOR_RESOLUTION</Reason>\n<From><AgencyCode>%s</AgencyCode>"
        "<AgencyName>A</AgencyName></From>\n<To><AgencyCode>%s</AgencyCode>"
        "<AgencyName>B</AgencyName></To>\n<HandedOffAt>%sT14:45:00+07:00</HandedOffAt></Handoff>\n"
        "<Dossier><DossierCode>%s</DossierCode><ProcedureCode>1.011442</ProcedureCode>"
        "<ProcedureName>P</ProcedureName><Channel>1</Channel><StatusCode>4</StatusCode>"
        "<ReceivingAgency>%s</ReceivingAgency><ReceivedAt>2025-05-12T08:30:00+07:00</ReceivedAt>"
        "<DueAt>2025-05-11T17:00:00+07:00</DueAt><Summary>Hồ sơ mẫu</Summary>"
        "<Applicant><Kind>1</Kind><FullName>Nguyễn Thị Mẫu</FullName>"
        "<Identity type=\"CCCD\">099190000001</Identity></Applicant></Dossier></HandoffMessage>",
        letter->id, letter->day, letter->from, letter->to, letter->day, letter->dossier,
        letter->from);
    assert_true(size > 0);
    return text;
}

static int start_post(const struct house *house, const char *partner, const char *more,
                      const char *body)
{
    char *request = NULL;
    int size = asprintf(&request,
                        "POST /v1/handoffs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer key-%s\r\n"
                        "%sContent-Length: %zu\r\n\r\n%s",
                        partner, more, strlen(body), body);
    int peer = peer_connect(http_port(house->server));
    assert_true(size > 0 && peer_send(peer, request, (size_t)size));
    free(request);
    return peer;
}

#define XML  "Content-Type: application/xml\r\n"
#define JSON "Content-Type: application/json; charset=utf-8\r\n"

static json_t *body_of(const struct answer *answer)
{
    const char *body = strstr(answer->text, "\r\n\r\n");
    return body ? json_loads(body + 4, 0, NULL) : NULL;
}

/* Posts and reads the answer; the caller owns the JSON. */
static json_t *post(const struct house *house, const char *partner, const char *more,
                    const char *body, int status)
{
    struct answer answer;
    int peer = start_post(house, partner, more, body);
    peer_receive(peer, &answer);
    (void)close(peer);
    if (answer.status != status)
        fail_msg("not %d but: %s", status, answer.text);
    return body_of(&answer);
}

static json_t *post_letter(const struct house *house, const char *partner,
                           const struct letter *letter, int status)
{
    char *text = write_letter(letter);
    json_t *answer = post(house, partner, XML, text, status);
    free(text);
    return answer;
}

static json_t *get(const struct house *house, const char *partner, const char *path, int status)
{
    char request[512];
    struct answer answer;
    (void)snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: a\r\nX-Api-Key: key-%s\r\n\r\n", path, partner);
    say(http_port(house->server), request, &answer);
    if (answer.status != status)
        fail_msg("%s: not %d but: %s", path, status, answer.text);
    return body_of(&answer);
}

static json_t *get_receipt(const struct house *house, const char *partner, const char *receipt,
                           int status)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/handoffs/%s", receipt);
    return get(house, partner, path, status);
}

static const char *text_at(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

static json_t *receipt_at(const json_t *answer, size_t index)
{
    return json_array_get(json_object_get(answer, "receipts"), index);
}

static int64_t number_of(const json_t *receipt)
{
    return strtoll(text_at(receipt, "receipt"), NULL, 10);
}

static void a_handoff_gets_a_receipt_that_tells_its_way(void **state)
{
    struct house *house = *state;
    json_t *answer = post_letter(house, "commune", &usual, 202);
    json_t *receipt = receipt_at(answer, 0);
    assert_string_equal(text_at(receipt, "dossier"), usual.dossier);
    assert_string_equal(text_at(receipt, "event_type"), "HANDED_OFF");
    assert_string_equal(text_at(receipt, "state"), "accepted");
    assert_false(json_is_true(json_object_get(receipt, "repeated")));
    assert_int_equal(strlen(text_at(answer, "document_sha256")), 64);

    json_t *before = get_receipt(house, "commune", text_at(receipt, "receipt"), 200);
    assert_string_equal(text_at(before, "state"), "accepted");
    assert_string_equal(text_at(before, "occurred_at"), "2025-05-12T07:45:00.000Z");
    const struct spool_place place = {.number = number_of(receipt), .partition = 3, .offset = 77};
    spool_published(house->spool, place.number, &place, 1);
    json_t *after = NULL;
    for (int i = 0; i < 2000 && !(after && json_object_get(after, "offset")); i++) {
        json_decref(after);
        (void)usleep(10000);
        after = get_receipt(house, "commune", text_at(receipt, "receipt"), 200);
    }
    assert_string_equal(text_at(after, "state"), "published");
    assert_string_equal(text_at(after, "topic"), "test.dossier-events");
    assert_int_equal(json_integer_value(json_object_get(after, "partition")), 3);
    assert_int_equal(json_integer_value(json_object_get(after, "offset")), 77);
    json_decref(after);
    json_decref(before);
    json_decref(answer);
}

static void the_same_again_gets_the_first_receipt(void **state)
{
    struct letter letter = usual;
    letter.id = "M-again";
    json_t *first = post_letter(*state, "commune", &letter, 202);
    json_t *second = post_letter(*state, "commune", &letter, 200);
    assert_string_equal(text_at(receipt_at(first, 0), "receipt"),
                        text_at(receipt_at(second, 0), "receipt"));
    assert_string_equal(text_at(receipt_at(first, 0), "event_id"),
                        text_at(receipt_at(second, 0), "event_id"));
    assert_true(json_is_true(json_object_get(receipt_at(second, 0), "repeated")));
    json_decref(second);
    json_decref(first);
}

static void the_same_id_with_another_content_is_a_conflict(void **state)
{
    struct letter letter = usual;
    letter.id = "M-conflict";
    json_decref(post_letter(*state, "commune", &letter, 202));
    letter.dossier = "000.12.40.H09-250512-0002";
    json_t *problem = post_letter(*state, "commune", &letter, 409);
    assert_string_equal(text_at(problem, "code"), "conflict");
    json_t *kept = get_receipt(*state, "commune", text_at(problem, "receipt"), 200);
    assert_string_equal(text_at(kept, "state"), "dead");
    json_decref(kept);
    json_decref(problem);
}

static void nobody_gets_in_without_a_key(void **state)
{
    struct house *house = *state;
    static const char *const heads[] = {
        "", "Authorization: Bearer \r\n", "Authorization: Bearer key-nobody\r\n",
        "Authorization: Basic a2V5LWNvbW11bmU=\r\n", "X-Api-Key: key-commun\r\n"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char request[256];
        struct answer answer;
        (void)snprintf(request, sizeof request,
                       "POST /v1/handoffs HTTP/1.1\r\nHost: a\r\n%sContent-Length: 1\r\n\r\nx",
                       heads[i]);
        say(http_port(house->server), request, &answer);
        assert_int_equal(answer.status, 401);
        assert_non_null(strstr(answer.text, "WWW-Authenticate: Bearer"));
        assert_null(strstr(answer.text, "key-"));
    }
}

static void a_foreign_agency_is_refused_with_its_place(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    letter.id = "M-foreign";
    letter.from = "000.00.40.H09"; /* the district, which the commune does not speak for */
    letter.to = "000.12.40.H09";
    json_t *problem = post_letter(house, "commune", &letter, 403);
    json_t *first = json_array_get(json_object_get(problem, "problems"), 0);
    assert_string_equal(text_at(problem, "code"), "foreign-agency");
    assert_string_equal(text_at(first, "field"), "handoff.from_agency");
    assert_string_equal(text_at(first, "value"), "000.00.40.H09");
    assert_true(json_integer_value(json_object_get(first, "line")) > 1);
    json_decref(problem);
    /* Who is above may speak for it; nothing of the refused one was kept. */
    problem = post_letter(house, "district", &letter, 202);
    assert_false(json_is_true(json_object_get(receipt_at(problem, 0), "repeated")));
    json_decref(problem);
}

static void an_agency_must_have_been_one_on_that_day(void **state)
{
    struct letter letter = usual;
    letter.id = "M-unknown";
    letter.to = "000.00.77.H09";
    json_t *problem = post_letter(*state, "commune", &letter, 422);
    json_t *problems = json_object_get(problem, "problems"), *one;
    size_t index;
    assert_true(json_array_size(problems) > 0);
    json_array_foreach (problems, index, one) {
        assert_string_equal(text_at(one, "rule"), "agency");
        assert_string_equal(text_at(one, "value"), "000.00.77.H09");
    }
    json_decref(problem);
}

/* The event of an entry, as the caller of spool_find sees it. */
struct seen {
    const struct schema *schema;
    avro_value_t event;
    char traceparent[64];
    bool is_decoded;
};

static bool see(void *own, const struct spool_entry *entry)
{
    static const struct wire_limits limits = {.text_size = 1 << 20, .items = 1000, .depth = 20};
    struct seen *seen = own;
    struct fault why;
    (void)snprintf(seen->traceparent, sizeof seen->traceparent, "%s", entry->traceparent);
    seen->is_decoded = entry->event && wire_decode(seen->schema, entry->event, entry->event_size,
                                                   &limits, &seen->event, &why);
    return true;
}

static void load_event(const struct house *house, int64_t number, struct seen *seen)
{
    struct fault why;
    struct spool_reader *reader = spool_reader_open(house->file, &why);
    *seen = (struct seen){.schema = house->schema};
    assert_int_equal(avro_generic_value_new(house->schema->iface, &seen->event), 0);
    assert_true(spool_find(reader, number, see, seen, &why));
    assert_true(seen->is_decoded);
    spool_reader_close(reader);
}

static bool has_tag(const struct seen *seen, const char *tag)
{
    size_t count = 0;
    for (size_t i = 0; i < count || i == 0; i++) {
        avro_value_t tags, one;
        const char *text;
        size_t size;
        assert_int_equal(avro_value_get_by_name(&seen->event, "tags", &tags, NULL), 0);
        assert_int_equal(avro_value_get_size(&tags, &count), 0);
        if (count == 0 || avro_value_get_by_index(&tags, i, &one, NULL) != 0)
            return false;
        assert_int_equal(avro_value_get_string(&one, &text, &size), 0);
        if (strcmp(text, tag) == 0)
            return true;
    }
    return false;
}

#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"

static void the_gateway_completes_the_event(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    struct seen seen;
    avro_value_t source, field;
    const char *text;
    size_t size;
    int64_t received_at;
    letter.id = "M-complete";
    char *body = write_letter(&letter);
    json_t *answer = post(house, "commune",
                          XML "traceparent: 00-" TRACE_ID "-b7ad6b7169203331-01\r\n", body, 202);
    load_event(house, number_of(receipt_at(answer, 0)), &seen);
    assert_string_equal(seen.traceparent, "00-" TRACE_ID "-b7ad6b7169203331-01");
    assert_int_equal(avro_value_get_by_name(&seen.event, "source", &source, NULL), 0);
    assert_int_equal(avro_value_get_by_name(&source, "system", &field, NULL), 0);
    assert_int_equal(avro_value_get_string(&field, &text, &size), 0);
    assert_string_equal(text, "commune");
    assert_int_equal(avro_value_get_by_name(&source, "payload_sha256", &field, NULL), 0);
    assert_int_equal(avro_value_get_string(&field, &text, &size), 0);
    assert_string_equal(text, text_at(answer, "document_sha256"));
    assert_int_equal(avro_value_get_by_name(&seen.event, "event_id", &field, NULL), 0);
    assert_int_equal(avro_value_get_string(&field, &text, &size), 0);
    assert_string_equal(text, text_at(receipt_at(answer, 0), "event_id"));
    assert_int_equal(avro_value_get_by_name(&seen.event, "received_at", &field, NULL), 0);
    assert_int_equal(avro_value_get_long(&field, &received_at), 0);
    assert_in_range(received_at, clock_now_ms() - 60000, clock_now_ms());
    assert_true(has_tag(&seen, "event-old"));
    assert_true(has_tag(&seen, "due-before-received"));
    assert_false(has_tag(&seen, "agency-succeeded"));
    avro_value_decref(&seen.event);
    json_decref(answer);
    free(body);
}

static void a_closed_agency_is_answered_for_by_its_successor(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    struct seen seen;
    letter.id = "M-succeeded";
    letter.day = "2025-08-01"; /* after the merger; the old codes are still written */
    json_t *answer = post_letter(house, "elsewhere", &letter, 202);
    load_event(house, number_of(receipt_at(answer, 0)), &seen);
    assert_true(has_tag(&seen, "agency-succeeded"));
    avro_value_decref(&seen.event);
    json_decref(answer);
}

static void wrong_media_types_are_refused(void **state)
{
    static const char *const heads[] = {"", "Content-Type: text/csv\r\n",
                                        XML "Content-Encoding: gzip\r\n"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        json_t *problem = post(*state, "commune", heads[i], "x", 415);
        assert_string_equal(text_at(problem, "code"), "unsupported-media-type");
        assert_true(i == 2 || json_array_size(json_object_get(problem, "media_types")) > 2);
        json_decref(problem);
    }
}

static void every_problem_is_listed_and_nothing_personal_told(void **state)
{
    struct letter letter = usual;
    letter.id = "M-many";
    letter.day = "2025-02-31";
    char *text = write_letter(&letter);
    json_t *problem = post(*state, "commune", XML "Accept-Language: vi\r\n", text, 422);
    char *all = json_dumps(problem, 0);
    assert_string_equal(text_at(problem, "code"), "invalid-document");
    assert_true(json_integer_value(json_object_get(problem, "total")) >= 1);
    assert_null(strstr(all, "099190000001"));
    assert_null(strstr(all, "Nguyễn"));
    free(all);
    json_decref(problem);
    json_decref(post(*state, "commune", XML, "", 422));
    json_decref(post(*state, "commune", XML, "<a><b></a>", 422));
    json_decref(post(*state, "commune", JSON, "{", 422));
    free(text);
}

#define ITEM(dossier, status)                                                                      \
    "{\"MaHoSo\": \"" dossier "\", \"NguoiXuLy\": \"Trần Văn Ví Dụ\", \"TrangThai\": \"" status    \
    "\", \"ThoiDiemXuLy\": \"20250512144500\", \"NoiDungXuLy\": \"x\"}"
#define PROGRESS(items)                                                                            \
    "{\"session\": \"s\", \"madonvi\": \"000.00.00.H09\", "                                        \
    "\"service\": \"CapNhatTienDoHoSoMC\", \"data\": [" items "]}"

static void good_items_are_taken_where_bad_ones_are_parked(void **state)
{
    static const char body[] = PROGRESS(ITEM("000.12.40.H09-250512-0101", "4") ", " ITEM(
        "000.12.40.H09-250512-0102", "77") ", " ITEM("", "4"));
    json_t *answer = post(*state, "province", JSON, body, 202);
    assert_int_equal(json_array_size(json_object_get(answer, "receipts")), 3);
    assert_string_equal(text_at(receipt_at(answer, 0), "state"), "accepted");
    assert_string_equal(text_at(receipt_at(answer, 1), "state"), "dead");
    assert_string_equal(text_at(receipt_at(answer, 2), "state"), "dead");
    assert_int_equal(json_array_size(json_object_get(answer, "problems")), 2);
    json_t *dead = get_receipt(*state, "province", text_at(receipt_at(answer, 1), "receipt"), 200);
    assert_non_null(strstr(text_at(dead, "cause"), "code /data[1]/TrangThai"));
    json_decref(dead);
    json_decref(answer);

    /* Nothing of it can be read: one dead entry, and the same one when it comes again. */
    json_t *first = post(*state, "province", JSON, "{\"service\": [", 202);
    json_t *again = post(*state, "province", JSON, "{\"service\": [", 200);
    assert_string_equal(text_at(receipt_at(first, 0), "state"), "dead");
    assert_string_equal(text_at(receipt_at(first, 0), "receipt"),
                        text_at(receipt_at(again, 0), "receipt"));
    json_decref(again);
    json_decref(first);
}

static void use_agencies(struct house *house, const char *more)
{
    struct fault why;
    char *with = NULL;
    assert_true(asprintf(&with, "%s%s", agencies, more) > 0);
    scratch_write(house->agencies, with);
    if (!directory_reload(house->place, &why))
        fail_msg("%s", why.text);
    free(with);
}

/* What could not be read when it came, and was given up since, is no acknowledgement. */
static void what_was_discarded_is_told_so_when_it_comes_again(void **state)
{
    struct house *house = *state;
    struct fault why;
    struct letter letter = usual;
    letter.id = "M-discarded";
    letter.to = "000.00.77.H09";
    json_t *dead = post_letter(house, "province", &letter, 202);
    assert_string_equal(text_at(receipt_at(dead, 0), "state"), "dead");
    int64_t entry = strtoll(text_at(receipt_at(dead, 0), "receipt"), NULL, 10);
    assert_true(spool_discard(house->spool, entry, "a test", &why));
    use_agencies(house, "H09.77,000.00.77.H09,Có rồi,DISTRICT,H09,20160101,20250630,H29\n");
    json_t *again = post_letter(house, "province", &letter, 200);
    assert_string_equal(text_at(receipt_at(again, 0), "state"), "discarded");
    /* It tells what is kept, not what it would be today. */
    assert_true(json_is_null(json_object_get(receipt_at(again, 0), "event_id")));
    assert_true(json_is_null(json_object_get(receipt_at(again, 0), "event_type")));
    use_agencies(house, "");
    json_decref(again);
    json_decref(dead);
}

static void must_be_the_same(const json_t *first, const json_t *again)
{
    static const char *const members[] = {"receipt", "dossier", "event_id", "event_type", "state"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_string_equal(text_at(receipt_at(first, 0), members[i]),
                            text_at(receipt_at(again, 0), members[i]));
    assert_true(json_is_true(json_object_get(receipt_at(again, 0), "repeated")));
    assert_string_equal(text_at(first, "received_at"), text_at(again, "received_at"));
}

/* Whoever did not hear the answer may ask again after the directory is another. */
static void what_was_accepted_stays_so_when_it_would_be_refused_today(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    letter.id = "M-directory";
    letter.to = "000.00.77.H09";
    use_agencies(house, "H09.77,000.00.77.H09,Còn đây,DISTRICT,H09,20160101,20250630,H29\n");
    json_t *first = post_letter(house, "commune", &letter, 202);
    letter.id = "M-directory-late";
    json_t *late = post_letter(house, "patient", &letter, 503);
    use_agencies(house, "");
    json_t *later = post_letter(house, "patient", &letter, 503); /* it waits for Kafka again */
    must_be_the_same(late, later);
    letter.id = "M-directory";
    json_t *again = post_letter(house, "commune", &letter, 200);
    must_be_the_same(first, again);

    /* Neither other content under the id, nor the same of another sender, is here. */
    letter.dossier = "000.12.40.H09-250512-0777";
    json_decref(post_letter(house, "commune", &letter, 422));
    letter.dossier = usual.dossier;
    json_decref(post_letter(house, "patient", &letter, 422));
    json_decref(later);
    json_decref(again);
    json_decref(late);
    json_decref(first);
}

static void what_was_accepted_stays_so_when_its_sender_speaks_for_another(void **state)
{
    struct house *house = *state;
    struct fault why;
    struct letter letter = usual;
    letter.id = "M-moved";
    json_t *first = post_letter(house, "commune", &letter, 202);
    FILE *file = fopen(house->partners, "w");
    assert_non_null(file);
    (void)fputs("partners:\n", file);
    write_partner(file, "commune", "H29", "");
    assert_int_equal(fclose(file), 0);
    assert_true(directory_reload(house->place, &why));
    json_t *again = post_letter(house, "commune", &letter, 200);
    must_be_the_same(first, again);
    letter.id = "M-moved-2";
    json_decref(post_letter(house, "commune", &letter, 403));
    write_partners(house->partners);
    assert_true(directory_reload(house->place, &why));
    json_decref(again);
    json_decref(first);
}

static void one_bad_item_refuses_the_document_of_others(void **state)
{
    json_t *problem = post(
        *state, "district", JSON,
        "{\"madonvi\": \"000.00.40.H09\", \"service\": \"CapNhatTienDoHoSoMC\", \"data\": [" ITEM(
            "000.12.40.H09-250512-0201", "4") ", " ITEM("", "4") "]}",
        422);
    json_t *one = json_array_get(json_object_get(problem, "problems"), 0);
    assert_int_equal(json_integer_value(json_object_get(one, "item")), 1);
    assert_string_equal(text_at(one, "path"), "/data[1]/MaHoSo");
    json_decref(problem);
    json_decref(get(*state, "district", "/v1/dossiers/000.12.40.H09-250512-0201", 404));
}

static char *read_sample(const char *name)
{
    char path[PATH_SIZE];
    size_t size;
    struct fault why;
    (void)snprintf(path, sizeof path, "deploy/samples/%s", name);
    char *text = file_read(path, 1 << 20, &size, &why);
    assert_non_null(text);
    return text;
}

/* The status names the letter, not the dossier. */
static void an_answer_finds_its_dossier_for_those_who_take_part(void **state)
{
    char *letter = read_sample("edxml_handoff.edxml"),
         *status = read_sample("edxml_status_02.edxml");
    json_t *unknown = post(*state, "district", XML, status, 422);
    json_t *problem = json_array_get(json_object_get(unknown, "problems"), 0);
    assert_string_equal(text_at(problem, "rule"), "missing");
    assert_string_equal(text_at(problem, "field"), "dossier_code");
    json_decref(post(*state, "commune", XML, letter, 202));

    /* Whoever had no part in it learns nothing that was not said before the letter came. */
    json_t *guess = post(*state, "elsewhere", XML, status, 422);
    assert_true(json_equal(guess, unknown));
    json_t *answer = post(*state, "district", XML, status, 202);
    assert_string_equal(text_at(receipt_at(answer, 0), "dossier"), "000.12.40.H09-250512-0037");
    assert_string_equal(text_at(receipt_at(answer, 0), "event_type"), "HANDOFF_RETURNED");
    json_decref(answer);
    json_decref(guess);
    json_decref(unknown);
    free(status);
    free(letter);
}

static void a_flood_is_told_to_wait(void **state)
{
    struct house *house = *state;
    struct answer answer;
    struct letter letter = usual;
    int limited = 0;
    for (int i = 0; i < 5; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "M-flood-%d", i);
        letter.id = id;
        char *text = write_letter(&letter);
        int peer = start_post(house, "slow", XML, text);
        peer_receive(peer, &answer);
        (void)close(peer);
        free(text);
        if (answer.status == 429) {
            limited++;
            assert_non_null(strstr(answer.text, "Retry-After: 1\r\n"));
        }
    }
    assert_in_range(limited, 2, 3);
}

static void receipts_and_dossiers_are_told_to_those_concerned(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    letter.id = "M-journey-1";
    letter.dossier = "000.12.40.H09-250512-0301";
    static const char path[] = "/v1/dossiers/000.12.40.H09-250512-0301";
    json_t *answer = post_letter(house, "commune", &letter, 202);
    const char *receipt = text_at(receipt_at(answer, 0), "receipt");
    json_decref(get_receipt(house, "district", receipt, 404));
    json_decref(get_receipt(house, "commune", "1-0000000000000000", 404));
    json_decref(get_receipt(house, "commune", "x", 404));

    json_t *own = get(house, "commune", path, 200), *theirs = get(house, "district", path, 200);
    json_t *entry = json_array_get(json_object_get(own, "entries"), 0);
    assert_string_equal(text_at(entry, "receipt"), receipt);
    entry = json_array_get(json_object_get(theirs, "entries"), 0);
    assert_null(json_object_get(entry, "receipt"));
    assert_string_equal(text_at(entry, "to_agency"), usual.to);
    json_decref(get(house, "elsewhere", path, 404));
    json_decref(get(house, "commune", "/v1/dossiers/000.12.40.H09-250512-9999", 404));
    json_decref(get(house, "commune", "/v1/dossiers/x?limit=0", 400));
    json_decref(get(house, "commune", "/v1/dossiers/x?after=-1", 400));
    json_decref(theirs);
    json_decref(own);
    json_decref(answer);
}

static void a_journey_comes_in_pages(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    char path[128];
    size_t seen = 0;
    json_int_t after = 0;
    letter.dossier = "000.12.40.H09-250512-0401";
    for (int i = 0; i < 5; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "M-page-%d", i);
        letter.id = id;
        json_decref(post_letter(house, "commune", &letter, 202));
    }
    for (int pages = 0; pages == 0 || after != 0; pages++) {
        (void)snprintf(path, sizeof path, "/v1/dossiers/%s?limit=2&after=%" JSON_INTEGER_FORMAT,
                       letter.dossier, after);
        json_t *page = get(house, "commune", path, 200);
        seen += json_array_size(json_object_get(page, "entries"));
        after = json_integer_value(json_object_get(page, "after"));
        json_decref(page);
        assert_true(pages < 4);
    }
    assert_int_equal(seen, 5);

    /* To who has no part in it, it is as if it were not there, however little is asked for. */
    (void)snprintf(path, sizeof path, "/v1/dossiers/%s?limit=2", letter.dossier);
    json_decref(get(house, "elsewhere", path, 404));
    (void)snprintf(path, sizeof path, "/v1/dossiers/%s?limit=2&after=1", letter.dossier);
    json_t *none = get(house, "elsewhere", path, 200);
    assert_null(json_object_get(none, "after"));
    json_decref(none);
}

/* A dossier of many steps, all of which Kafka has. */
static void fill_dossier(const struct house *house, const char *dossier)
{
    enum { STEPS = 90 };
    static char items[STEPS * 256];
    struct spool_levels levels;
    size_t size = 0;
    for (int i = 0; i < STEPS; i++)
        size += (size_t)snprintf(items + size, sizeof items - size,
                                 "%s{\"MaHoSo\": \"%s\", \"NguoiXuLy\": \"Trần Văn Ví Dụ\","
                                 " \"TrangThai\": \"4\", \"ThoiDiemXuLy\": \"20250512%02d%02d00\","
                                 " \"NoiDungXuLy\": \"x\"}",
                                 i ? "," : "", dossier, 8 + i / 60, i % 60);
    char *body = NULL;
    assert_true(asprintf(&body, PROGRESS("%s"), items) > 0);
    json_decref(post(house, "province", JSON, body, 202));
    free(body);
    spool_levels(house->spool, &levels);
    spool_published(house->spool, levels.last_number, NULL, 0);
    while (spool_watermark(house->spool) < levels.last_number)
        (void)usleep(1000);
}

struct pruning {
    struct spool *spool;
    atomic_bool is_over;
};

static void *prune(void *own)
{
    struct pruning *pruning = own;
    struct fault why;
    int64_t count;
    if (!spool_prune(pruning->spool, INT64_MAX, &count, &why))
        print_error("%s\n", why.text);
    atomic_store(&pruning->is_over, true);
    return NULL;
}

/* Somebody looks all the while, so that one look finds entries that are gone when it reads them. */
static void what_is_pruned_meanwhile_is_not_in_a_journey(void **state)
{
    struct house *house = *state;
    for (int round = 0; round < 5; round++) {
        struct pruning pruning = {.spool = house->spool};
        struct answer answer = {.status = 200};
        pthread_t thread;
        char dossier[40], request[256];
        (void)snprintf(dossier, sizeof dossier, "000.12.40.H09-250512-07%02d", round);
        fill_dossier(house, dossier);
        int size = snprintf(request, sizeof request,
                            "GET /v1/dossiers/%s?limit=200 HTTP/1.1\r\nHost: a\r\n"
                            "Authorization: Bearer key-province\r\n\r\n",
                            dossier);
        assert_int_equal(pthread_create(&thread, NULL, prune, &pruning), 0);
        while (!atomic_load(&pruning.is_over) && (answer.status == 200 || answer.status == 404)) {
            int peer = peer_connect(http_port(house->server));
            assert_true(peer_send(peer, request, (size_t)size));
            peer_receive(peer, &answer);
            (void)close(peer);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        if (answer.status != 200 && answer.status != 404)
            fail_msg("%s", answer.text);
    }
}

static int64_t unpublished(const struct house *house)
{
    struct spool_levels levels;
    spool_levels(house->spool, &levels);
    return levels.unpublished;
}

/* What was posted by somebody who waits for more than that. */
static void await_stored(const struct house *house, int64_t count)
{
    while (unpublished(house) < count)
        (void)usleep(1000);
}

static void who_wants_kafka_s_word_gets_it(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    struct answer answer;
    letter.id = "M-ack-1";
    char *text = write_letter(&letter);
    int64_t before = unpublished(house);
    int peer = start_post(house, "patient", XML, text);
    await_stored(house, before + 1);
    spool_published(house->spool, spool_watermark(house->spool) + before + 1, NULL, 0);
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, 202);
    (void)close(peer);
    free(text);
}

static void who_waits_too_long_for_kafka_gets_the_receipts_all_the_same(void **state)
{
    struct letter letter = usual;
    letter.id = "M-ack-2";
    json_t *late = post_letter(*state, "patient", &letter, 503);
    assert_string_equal(text_at(late, "code"), "not-yet-published");
    json_t *stored = get_receipt(*state, "patient", text_at(receipt_at(late, 0), "receipt"), 200);
    assert_string_equal(text_at(stored, "state"), "accepted");
    json_decref(stored);
    json_decref(late);
}

static void reset(int peer)
{
    const struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(peer);
}

/* Many post the same at once; every other one waits for its answer, the rest go away. */
static void post_in_vain(const struct house *house, const char *text)
{
    enum { PEERS = 160 };
    int peers[PEERS];
    struct answer answer;
    for (int i = 0; i < PEERS; i++)
        peers[i] = start_post(house, "patient", XML, text);
    for (int i = 0; i < PEERS; i += 2)
        reset(peers[i]);
    for (int i = 1; i < PEERS; i += 2) {
        peer_receive(peers[i], &answer);
        assert_int_equal(answer.status, 503);
        assert_non_null(strstr(answer.text, "not-yet-published"));
        (void)close(peers[i]);
    }
}

/* What is allocated when the last requests are over: the least that is seen for a while. */
static size_t heap_at_rest(void)
{
    size_t least = SIZE_MAX;
    for (int i = 0; i < 40; i++) {
        size_t now = mallinfo2().uordblks;
        least = now < least ? now : least;
        (void)usleep(10000);
    }
    return least;
}

/* Kafka is away, and whoever hears so sends again. */
static void who_waited_in_vain_leaves_nothing_behind(void **state)
{
    enum { WARM_UP = 8, WAVES = 12, MOST_KEPT = 250000 }; /* bytes: 130 for each */
    struct house *house = *state;
    struct letter letter = usual;
    letter.id = "M-in-vain";
    char *text = write_letter(&letter);
    stop_house(house);
    house->wait_ms = 1;
    open_spool(house);
    listen_to(house);
    for (int wave = 0; wave < WARM_UP; wave++)
        post_in_vain(house, text);
    size_t before = heap_at_rest();
    for (int wave = 0; wave < WAVES; wave++)
        post_in_vain(house, text);
    size_t after = heap_at_rest();
    stop_house(house);
    house->wait_ms = WAIT_MS;
    open_spool(house);
    listen_to(house);
    free(text);
    print_message("%zd bytes more\n", (ssize_t)after - (ssize_t)before);
    assert_true(after < before + MOST_KEPT);
}

static void a_sender_that_goes_away_harms_nobody(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    for (int i = 0; i < 40; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "M-gone-%d", i);
        letter.id = id;
        char *text = write_letter(&letter);
        int peer = start_post(house, i % 2 ? "patient" : "commune", XML, text);
        reset(peer);
        free(text);
    }
    letter.id = "M-still-here";
    json_decref(post_letter(house, "commune", &letter, 202));
}

static void watchers_need_no_key(void **state)
{
    struct house *house = *state;
    json_t *ready = get(house, "nobody", "/readyz", 200);
    assert_true(json_is_true(json_object_get(ready, "ready")));
    json_decref(ready);
    json_decref(get(house, "nobody", "/healthz", 200));
    json_decref(get(house, "nobody", "/openapi.yaml", 200));
    json_decref(get(house, "nobody", "/metrics", 200));
    assert_true(metrics_value(metrics_counter("lienthong_handoffs_total", "",
                                              "partner=\"commune\",answer=\"accepted\"")) > 0);
    assert_true(metrics_value(metrics_gauge("lienthong_spool_unpublished", "", NULL)) > 0);
}

static void stopping_cuts_who_waits_and_keeps_what_was_stored(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    struct answer answer;
    letter.id = "M-stop";
    char *text = write_letter(&letter);
    int64_t before = unpublished(house);
    int peer = start_post(house, "patient", XML, text);
    await_stored(house, before + 1);
    stop_house(house);
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, 503);
    (void)close(peer);
    open_spool(house);
    listen_to(house);
    json_t *again = post(house, "patient", XML, text, 503);
    assert_true(json_is_true(json_object_get(receipt_at(again, 0), "repeated")));
    json_decref(again);
    free(text);
}

static void a_stop_lets_go_of_the_files_of_who_waits_for_kafka(void **state)
{
    struct house *house = *state;
    struct letter letter = usual;
    struct answer answer;
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    int64_t size = 0;
    bool was_there = false;
    struct file_writer *writer = file_writer_open(house->files, &why);
    assert_non_null(writer);
    assert_true(file_writer_add(writer, "abc", 3, &why));
    assert_true(file_writer_end(writer, sha256, &size, &why));
    assert_true(spool_note_upload(house->spool, "patient", sha256, 3, clock_now_ms(), &why));
    assert_true(file_writer_keep(writer, sha256, &was_there, &why));
    file_writer_close(writer);
    digest_hex(sha256, SHA256_SIZE, hex);
    letter.id = "M-stop-files";
    char *plain = write_letter(&letter), *text = NULL;
    char *at = strstr(plain, "</Dossier>");
    assert_true(asprintf(&text,
                         "%.*s<Documents><Document><Sha256>%s</Sha256></Document></Documents>%s",
                         (int)(at - plain), plain, hex, at) > 0);
    int64_t before = unpublished(house);
    int peer = start_post(house, "patient", XML, text);
    await_stored(house, before + 1);
    stop_house(house);
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, 503);
    (void)close(peer);
    open_spool(house);
    listen_to(house);
    free(plain);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handoff_gets_a_receipt_that_tells_its_way),
        cmocka_unit_test(the_same_again_gets_the_first_receipt),
        cmocka_unit_test(the_same_id_with_another_content_is_a_conflict),
        cmocka_unit_test(nobody_gets_in_without_a_key),
        cmocka_unit_test(a_foreign_agency_is_refused_with_its_place),
        cmocka_unit_test(an_agency_must_have_been_one_on_that_day),
        cmocka_unit_test(the_gateway_completes_the_event),
        cmocka_unit_test(a_closed_agency_is_answered_for_by_its_successor),
        cmocka_unit_test(wrong_media_types_are_refused),
        cmocka_unit_test(every_problem_is_listed_and_nothing_personal_told),
        cmocka_unit_test(good_items_are_taken_where_bad_ones_are_parked),
        cmocka_unit_test(what_was_discarded_is_told_so_when_it_comes_again),
        cmocka_unit_test(what_was_accepted_stays_so_when_it_would_be_refused_today),
        cmocka_unit_test(what_was_accepted_stays_so_when_its_sender_speaks_for_another),
        cmocka_unit_test(one_bad_item_refuses_the_document_of_others),
        cmocka_unit_test(an_answer_finds_its_dossier_for_those_who_take_part),
        cmocka_unit_test(a_flood_is_told_to_wait),
        cmocka_unit_test(receipts_and_dossiers_are_told_to_those_concerned),
        cmocka_unit_test(a_journey_comes_in_pages),
        cmocka_unit_test(what_is_pruned_meanwhile_is_not_in_a_journey),
        cmocka_unit_test(who_wants_kafka_s_word_gets_it),
        cmocka_unit_test(who_waits_too_long_for_kafka_gets_the_receipts_all_the_same),
        cmocka_unit_test(who_waited_in_vain_leaves_nothing_behind),
        cmocka_unit_test(a_sender_that_goes_away_harms_nobody),
        cmocka_unit_test(watchers_need_no_key),
        cmocka_unit_test(a_stop_lets_go_of_the_files_of_who_waits_for_kafka),
        cmocka_unit_test(stopping_cuts_who_waits_and_keeps_what_was_stored),
    };
    return cmocka_run_group_tests(tests, open_house, close_house);
}
