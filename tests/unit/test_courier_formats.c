/* SPDX-License-Identifier: Apache-2.0 */
/* The courier with the formats of the house: logins, updates, files, addresses, closed agencies. */
#include "courier_world.h"

#include "files/proof.h"
#include "spool/filing.h"

static struct town town;
static struct stand stand, other;

static int open_town(void **state)
{
    (void)state;
    town_make(&town);
    return 0;
}

static int close_town(void **state)
{
    (void)state;
    town_close(&town);
    return 0;
}

static bool is_to(const struct heard *heard, const char *start)
{
    return strncmp(heard->head, start, strlen(start)) == 0;
}

/* ---- the national portal: a session, update or create ---- */

struct portal {
    int logins;
    int64_t ended;    /* session that is no longer taken */
    bool has_dossier; /* knows it: only an update is taken */
};

static void answer_portal(struct stand *at, size_t number, const struct heard *heard,
                          char answer[STAND_TEXT])
{
    struct portal *portal = at->own;
    char session[40];
    (void)number;
    if (is_to(heard, "POST /base/mapi/login")) {
        char body[100];
        (void)snprintf(body, sizeof body, "{\"error_code\": \"0\", \"session\": \"s-%d\"}",
                       ++portal->logins);
        stand_say(answer, 200, "", body);
        return;
    }
    (void)snprintf(session, sizeof session, "\"s-%d\"", portal->logins);
    if (!strstr(heard->body, session) || portal->ended == portal->logins)
        stand_say(answer, 200, "", "{\"error_code\": \"9\", \"message\": \"Session hết hạn\"}");
    else if (portal->has_dossier && !strstr(heard->body, "\"True\""))
        stand_say(answer, 200, "", "{\"error_code\": \"3\", \"message\": \"Hồ sơ đã tồn tại\"}");
    else
        stand_say(answer, 200, "", "{\"error_code\": \"0\"}");
}

static void a_session_is_opened_once_and_goes_into_every_body(void **state)
{
    (void)state;
    struct portal portal = {.ended = -1};
    stand_open(&stand, 0, answer_portal, &portal);
    town_partner(&town, "portal", "dvcqg-json", stand.port, "");
    town_open(&town);
    (void)town_await(&town, town_post(&town, 1, "M-1", "portal"), DELIVERY_DELIVERED);
    (void)town_await(&town, town_post(&town, 2, "M-2", "portal"), DELIVERY_DELIVERED);
    assert_int_equal(portal.logins, 1);
    assert_int_equal(stand_heard(&stand), 3);
    assert_non_null(strstr(stand.heard[0].body, "\"username\": \"gateway\""));
    assert_non_null(strstr(stand.heard[0].body, "\"password\": \"secret\""));
    assert_true(is_to(&stand.heard[1], "POST /base/mapi/g HTTP/1.1"));
    assert_non_null(strstr(stand.heard[1].body, "\"s-1\""));
    stand_close(&stand);
}

static void a_session_that_has_ended_is_opened_again_and_the_delivery_sent_again(void **state)
{
    (void)state;
    struct portal portal = {.ended = 1};
    stand_open(&stand, 0, answer_portal, &portal);
    town_partner(&town, "portal", "dvcqg-json", stand.port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "portal");
    struct standing standing = town_await(&town, delivery, DELIVERY_DELIVERED);
    assert_int_equal(portal.logins, 2);
    assert_int_equal(stand_heard(&stand), 4);
    assert_int_equal(standing.attempts, 1);
    stand_close(&stand);
}

static void refuse_login(struct stand *at, size_t number, const struct heard *heard,
                         char answer[STAND_TEXT])
{
    (void)at, (void)number, (void)heard;
    stand_say(answer, 200, "", "{\"error_code\": \"5\"}");
}

static void a_login_that_is_refused_costs_no_delivery(void **state)
{
    (void)state;
    stand_open(&stand, 0, refuse_login, NULL);
    town_partner(&town, "portal", "dvcqg-json", stand.port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "portal");
    stand_await(&stand, 5); /* three open the breaker, then it is probed */
    struct standing standing = town_look(&town, delivery);
    assert_int_equal(standing.state, DELIVERY_WAITING);
    assert_int_equal(standing.attempts, 0);
    assert_int_equal(stand_most_at_once(&stand), 1);
    stand_close(&stand);
}

static void what_is_there_already_is_updated(void **state)
{
    (void)state;
    struct portal portal = {.ended = -1, .has_dossier = true};
    stand_open(&stand, 0, answer_portal, &portal);
    town_partner(&town, "portal", "dvcqg-json", stand.port, "");
    town_open(&town);
    (void)town_await(&town, town_post(&town, 1, "M-1", "portal"), DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 3);
    assert_non_null(strstr(stand.heard[1].body, "\"isUpdating\": \"False\""));
    assert_non_null(strstr(stand.heard[2].body, "\"isUpdating\": \"True\""));
    (void)town_await(&town, town_post(&town, 1, "M-2", "portal"), DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 4); /* it was delivered before, so it is known there */
    assert_non_null(strstr(stand.heard[3].body, "\"isUpdating\": \"True\""));
    stand_close(&stand);
}

/* ---- a ministry's system: OAuth2 ---- */

static const char received[] =
    "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\" version=\"1.0\"><Envelope>"
    "<MessageId>M-1</MessageId><MessageType>STATUS</MessageType>"
    "<OccurredAt>2026-03-03T08:20:00+07:00</OccurredAt></Envelope><Dossier>"
    "<DossierCode>H09.40.12-260303-0412</DossierCode><ProcedureCode>1.001193</ProcedureCode>"
    "<Channel>2</Channel><StatusCode>2</StatusCode><ReceivingAgency>H09.40.12</ReceivingAgency>"
    "<SubmittedAt>2026-03-02T21:40:05+07:00</SubmittedAt>"
    "<ReceivedAt>2026-03-03T08:20:00+07:00</ReceivedAt></Dossier></HandoffMessage>";

static void answer_ministry(struct stand *at, size_t number, const struct heard *heard,
                            char answer[STAND_TEXT])
{
    char text[200];
    (void)at, (void)number;
    if (is_to(heard, "POST /base/token"))
        stand_say(answer, 200, "", "{\"access_token\": \"t-1\", \"expires_in\": 3600}");
    else if (strcmp(heard_header(heard, "Authorization", text), "Bearer t-1") == 0)
        stand_say(answer, 200, "", "{\"code\": 200}");
    else
        stand_say(answer, 401, "", "{}");
}

static void a_token_is_asked_for_once_and_borne_by_every_request(void **state)
{
    (void)state;
    stand_open(&stand, 0, answer_ministry, NULL);
    town_partner(&town, "ministry", "dvc2026-json", stand.port, "");
    town_open(&town);
    town_read(&town, received);
    (void)town_await(&town, town_arrive(&town, 1, "ministry"), DELIVERY_DELIVERED);
    (void)town_await(&town, town_arrive(&town, 2, "ministry"), DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 3);
    assert_non_null(strstr(stand.heard[0].body, "grant_type=client_credentials"));
    stand_close(&stand);
}

/* ---- files ---- */

enum { FILE_SIZE = 5000001, ENCODED_SIZE = (FILE_SIZE + 2) / 3 * 4 };

static void take_letters(struct stand *at, size_t number, const struct heard *heard,
                         char answer[STAND_TEXT])
{
    (void)at, (void)number, (void)heard;
    stand_say(answer, 200, "", "{\"status\": \"OK\"}");
}

/* A file of five megabytes in the store, and the document that names it. */
static void name_file(char *bytes, char document[TOWN_FILES], char hex[SHA256_HEX_SIZE])
{
    uint8_t sha256[SHA256_SIZE];
    uint32_t word = 1;
    for (size_t i = 0; i < FILE_SIZE; i++) {
        word = word * 1664525 + 1013904223;
        bytes[i] = (char)(word >> 24);
    }
    store_put(&town.files, bytes, FILE_SIZE, sha256);
    digest_hex(sha256, SHA256_SIZE, hex);
    memcpy(town.file, sha256, SHA256_SIZE);
    town.brings_file = true;
    (void)snprintf(document, TOWN_FILES,
                   "<Documents><Document id=\"a\" role=\"SUBMITTED\"><Name>a.pdf</Name>"
                   "<Sha256>%s</Sha256></Document></Documents>",
                   hex);
}

static int base64_value(char character)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = character ? strchr(digits, character) : NULL;
    return at ? (int)(at - digits) : 0;
}

static void expect_encoded(const char *text, const char *bytes)
{
    for (size_t i = 0; i < FILE_SIZE; i++) {
        const char *group = text + i / 3 * 4;
        uint32_t word = (uint32_t)(base64_value(group[0]) << 18 | base64_value(group[1]) << 12 |
                                   base64_value(group[2]) << 6 | base64_value(group[3]));
        if ((char)(word >> (16 - i % 3 * 8)) != bytes[i])
            fail_msg("byte %zu differs", i);
    }
}

static void a_file_arrives_byte_for_byte_inside_the_letter(void **state)
{
    (void)state;
    static const char before[] = "<ContentTransferEncoded>";
    char document[TOWN_FILES], hex[SHA256_HEX_SIZE], text[200];
    char *bytes = malloc(FILE_SIZE);
    assert_non_null(bytes);
    name_file(bytes, document, hex);
    stand_open(&stand, 0, take_letters, NULL);
    town_partner(&town, "exchange", "edxml", stand.port, "");
    town_open(&town);
    town_handoff(&town, 1, "M-1", document);
    (void)town_await(&town, town_arrive(&town, 1, "exchange"), DELIVERY_DELIVERED);
    const struct heard *heard = &stand.heard[0];
    assert_true(is_to(heard, "POST /base/v1/sendEdoc"));
    assert_string_equal(heard_header(heard, "X-SystemId", text), "gateway");
    assert_non_null(strstr(heard_header(heard, "Content-Type", text), "multipart/form-data"));
    assert_non_null(strstr(heard->body, "name=\"messageType\"\r\n\r\nedoc\r\n"));
    const char *encoded = NULL;
    for (const char *at = heard->body; (at = strstr(at, before)); at += sizeof before - 1)
        if (strcspn(at + sizeof before - 1, "<") == ENCODED_SIZE)
            encoded = at + sizeof before - 1;
    assert_non_null(encoded);
    expect_encoded(encoded, bytes);
    free(bytes);
    stand_close(&stand);
}

/* Its sender knows the hash of somebody else's file. */
static void a_file_that_an_event_only_names_is_not_sent(void **state)
{
    (void)state;
    char document[TOWN_FILES], hex[SHA256_HEX_SIZE];
    char *bytes = malloc(FILE_SIZE);
    assert_non_null(bytes);
    name_file(bytes, document, hex);
    town.brings_file = false;
    stand_open(&stand, 0, take_letters, NULL);
    town_partner(&town, "exchange", "edxml", stand.port, "");
    town_open(&town);
    town_handoff(&town, 1, "M-1", document);
    (void)town_await(&town, town_arrive(&town, 1, "exchange"), DELIVERY_DELIVERED);
    assert_true(strlen(stand.heard[0].body) < ENCODED_SIZE);
    free(bytes);
    stand_close(&stand);
}

static void cut_after_the_first(struct stand *at, size_t number, const struct heard *heard,
                                char answer[STAND_TEXT])
{
    (void)at, (void)heard;
    if (number != 1)
        stand_say(answer, 200, "Connection: keep-alive\r\n", "{\"status\": \"OK\"}");
}

static void a_file_is_sent_anew_when_a_kept_connection_is_dead(void **state)
{
    (void)state;
    char document[TOWN_FILES], hex[SHA256_HEX_SIZE];
    char *bytes = malloc(FILE_SIZE);
    assert_non_null(bytes);
    name_file(bytes, document, hex);
    stand_open(&stand, 0, cut_after_the_first, NULL);
    town_partner(&town, "exchange", "edxml", stand.port, ", concurrency: 1");
    town_open(&town);
    (void)town_await(&town, town_post(&town, 1, "M-0", "exchange"), DELIVERY_DELIVERED);
    town_handoff(&town, 2, "M-1", document);
    (void)town_await(&town, town_arrive(&town, 2, "exchange"), DELIVERY_DELIVERED);
    stand_await(&stand, 3);
    assert_int_equal(stand.heard[1].size, stand.heard[2].size);
    assert_true(stand.heard[2].size > ENCODED_SIZE);
    free(bytes);
    stand_close(&stand);
}

static void a_file_travels_by_a_signed_address_where_the_format_has_addresses(void **state)
{
    (void)state;
    char document[TOWN_FILES], hex[SHA256_HEX_SIZE], expected[300];
    char *bytes = malloc(FILE_SIZE);
    struct portal portal = {.ended = -1};
    assert_non_null(bytes);
    name_file(bytes, document, hex);
    free(bytes);
    stand_open(&stand, 0, answer_portal, &portal);
    town.options.public_url = "https://gateway.example.test";
    town.options.link_hours = 1;
    town_partner(&town, "portal", "dvcqg-json", stand.port, "");
    town_open(&town);
    town_handoff(&town, 1, "M-1", document);
    (void)town_await(&town, town_arrive(&town, 1, "portal"), DELIVERY_DELIVERED);
    (void)snprintf(expected, sizeof expected, "https://gateway.example.test/v1/files/%s?to=portal",
                   hex);
    const char *at = strstr(stand.heard[1].body, expected);
    assert_non_null(at);
    struct file_link link = {.partner = "portal",
                             .until_s = strtoll(strstr(at, "until=") + 6, NULL, 10)};
    char key[SHA256_HEX_SIZE] = "";
    assert_true(digest_unhex(hex, SHA256_SIZE, link.sha256));
    memcpy(key, strstr(at, "key=") + 4, SHA256_HEX_SIZE - 1);
    assert_true(proof_is_of_link(file_store_key(town.files.store), &link, key));
    stand_close(&stand);
}

static void a_file_that_is_damaged_is_not_sent_for_a_whole_one(void **state)
{
    (void)state;
    char document[TOWN_FILES], hex[SHA256_HEX_SIZE], path[STORE_PATH_SIZE];
    uint8_t sha256[SHA256_SIZE];
    char *bytes = malloc(FILE_SIZE);
    assert_non_null(bytes);
    name_file(bytes, document, hex);
    free(bytes);
    assert_true(digest_unhex(hex, SHA256_SIZE, sha256));
    store_path(&town.files, sha256, path);
    assert_int_equal(truncate(path, FILE_SIZE - 1), 0);
    stand_open(&stand, 0, take_letters, NULL);
    town_partner(&town, "exchange", "edxml", stand.port, "");
    town_open(&town);
    town_handoff(&town, 1, "M-1", document);
    int64_t delivery = town_arrive(&town, 1, "exchange");
    struct standing standing = town_await(&town, delivery, DELIVERY_DEAD);
    assert_string_equal(standing.cause, "file:unreadable");
    assert_int_equal(standing.attempts, 0);
    assert_int_equal(stand_heard(&stand), 0);
    stand_close(&stand);
}

/* Neither without it nor never: a person puts it back, and tries again. */
static void assert_missing(const char *name, const char *adapter, const char *settings)
{
    char document[TOWN_FILES], hex[SHA256_HEX_SIZE], path[STORE_PATH_SIZE];
    uint8_t sha256[SHA256_SIZE];
    char *bytes = malloc(FILE_SIZE);
    assert_non_null(bytes);
    name_file(bytes, document, hex);
    free(bytes);
    assert_true(digest_unhex(hex, SHA256_SIZE, sha256));
    store_path(&town.files, sha256, path);
    assert_int_equal(unlink(path), 0);
    stand_open(&stand, 0, take_letters, NULL);
    town_partner(&town, name, adapter, stand.port, settings);
    town_open(&town);
    town_handoff(&town, 1, "M-1", document);
    int64_t delivery = town_arrive(&town, 1, name);
    struct standing standing = town_await(&town, delivery, DELIVERY_DEAD);
    assert_string_equal(standing.cause, "file:missing");
    assert_int_equal(standing.attempts, 0);
    assert_int_equal(stand_heard(&stand), 0);
    stand_close(&stand);
}

static void a_letter_whose_file_is_lost_is_not_sent_without_it(void **state)
{
    (void)state;
    assert_missing("exchange", "edxml", "");
}

static void nor_is_one_that_would_have_its_address(void **state)
{
    (void)state;
    town.options.public_url = "https://gateway.example.test";
    assert_missing("exchange", "lienthong-xml", ", files: url");
}

/* ---- files that have only an address ---- */

static char nowhere[] = "";
static char elsewhere[] = "Location: http://127.0.0.1:1/\r\n";

static void give_file(struct stand *at, size_t number, const struct heard *heard,
                      char answer[STAND_TEXT])
{
    const char *location = at->own;
    (void)number;
    if (is_to(heard, "GET /a.pdf "))
        stand_say(answer, 200, "", "the bytes of the file");
    else if (is_to(heard, "GET /moved "))
        stand_say(answer, 302, location, "");
    else
        stand_say(answer, 404, "", "");
}

/* A handoff by motcua whose one document is at that path of the second stand, so called. */
static int64_t hand_over_from(const char *host, const char *path)
{
    char documents[TOWN_FILES];
    (void)snprintf(documents, sizeof documents,
                   "<Documents><Document id=\"a\" role=\"SUBMITTED\"><Name>a.pdf</Name>"
                   "<Uri>%s:%d%s</Uri></Document></Documents>",
                   host, other.port, path);
    town_handoff(&town, 1, "M-1", documents);
    return town_arrive(&town, 1, "exchange");
}

static int64_t hand_over_by_address(const char *path)
{
    return hand_over_from("http://127.0.0.1", path);
}

static void open_host(char *location, bool is_listed)
{
    stand_open(&stand, 0, take_letters, NULL);
    stand_open(&other, 0, give_file, location);
    town_partner(&town, "exchange", "edxml", stand.port, "");
    size_t used = strlen(town.partners);
    (void)snprintf(town.partners + used, sizeof town.partners - used,
                   "- {id: motcua, name: X, agencies: [H09], adapters: [edxml], "
                   "fetch_files_from: ['http://127.0.0.1:%d', 'files.localhost:%d']}\n",
                   is_listed ? other.port : 1, other.port);
    town_open(&town);
}

/* Whether the spool knows that the gateway itself brought the file. */
static bool is_noted(const uint8_t sha256[SHA256_SIZE])
{
    struct fault why;
    bool is = false;
    struct spool_reader *reader = spool_reader_open(town.world.file, &why);
    assert_non_null(reader);
    assert_true(spool_uploaded(reader, sha256, "", &is, &why));
    spool_reader_close(reader);
    return is;
}

static void a_file_that_has_only_an_address_is_fetched_and_put_in(void **state)
{
    (void)state;
    open_host(nowhere, true);
    (void)town_await(&town, hand_over_by_address("/a.pdf"), DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&other), 1);
    assert_int_equal(stand_heard(&stand), 1);
    assert_non_null(strstr(stand.heard[0].body, ">dGhlIGJ5dGVzIG9mIHRoZSBmaWxl<"));
    uint8_t sha256[SHA256_SIZE];
    digest_sha256("the bytes of the file", strlen("the bytes of the file"), sha256);
    assert_true(is_noted(sha256)); /* so that it is found when nothing uses it any more */
    stand_close(&stand);
    stand_close(&other);
}

static void a_file_at_a_host_that_is_not_listed_is_not_asked_for(void **state)
{
    (void)state;
    open_host(nowhere, false);
    (void)town_await(&town, hand_over_by_address("/a.pdf"), DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&other), 0);
    stand_close(&stand);
    stand_close(&other);
}

static void a_redirect_of_a_file_is_not_followed_and_the_delivery_says_so(void **state)
{
    (void)state;
    open_host(elsewhere, true);
    struct standing standing = town_await(&town, hand_over_by_address("/moved"), DELIVERY_DEAD);
    assert_string_equal(standing.cause, "file:not-fetched");
    assert_int_equal(stand_heard(&other), 1);
    assert_int_equal(stand_heard(&stand), 0);
    stand_close(&stand);
    stand_close(&other);
}

static void a_listed_name_that_leads_to_this_machine_is_not_asked(void **state)
{
    (void)state;
    open_host(nowhere, true); /* libcurl itself knows that *.localhost is here */
    int64_t delivery = hand_over_from("https://files.localhost", "/a.pdf");
    assert_string_equal(town_await(&town, delivery, DELIVERY_DEAD).cause, "file:not-fetched");
    assert_int_equal(stand_connections(&other), 0);
    stand_close(&stand);
    stand_close(&other);
}

/* ---- what never was sent ---- */

static void what_cannot_be_read_is_dead_and_was_not_sent(void **state)
{
    (void)state;
    stand_open(&stand, 0, take_letters, NULL);
    town_partner(&town, "exchange", "lienthong-xml", stand.port, "");
    town_open(&town);
    town_handoff(&town, 1, "M-1", "");
    town.event_size--; /* it is not whole */
    struct standing standing = town_await(&town, town_arrive(&town, 1, "exchange"), DELIVERY_DEAD);
    assert_string_equal(standing.cause, "event:unreadable");
    assert_int_equal(standing.attempts, 0);
    assert_int_equal(stand_heard(&stand), 0);
    stand_close(&stand);
}

static void what_a_format_cannot_say_is_dead_and_was_not_sent(void **state)
{
    (void)state;
    stand_open(&stand, 0, answer_ministry, NULL);
    town_partner(&town, "ministry", "dvc2026-json", stand.port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "ministry"); /* it knows no handing over */
    struct standing standing = town_await(&town, delivery, DELIVERY_DEAD);
    assert_string_equal(standing.cause, "format:cannot-say");
    assert_int_equal(stand_heard(&stand), 1); /* for a token */
    stand_close(&stand);
}

/* The house's letters, with their files in parts of their own. */
static void send_files_in_parts(void)
{
    struct fault why;
    char command[400], folder[TOWN_PATH + 20];
    (void)snprintf(folder, sizeof folder, "%s/adapters", town.folder);
    (void)snprintf(command, sizeof command,
                   "cp -r adapters %s && sed -i 's/^    part: edocFile/&\\n    files_part: file/' "
                   "%s/edxml/adapter.yaml",
                   folder, folder);
    assert_int_equal(system(command), 0);
    adapters_free(town.adapters);
    town.adapters = adapters_load(folder, town.schema, &usual_limits, &why);
    must(town.adapters, &why);
    town.options.adapters = town.adapters;
}

static void what_has_too_many_files_is_dead_and_its_partner_is_not_down(void **state)
{
    (void)state;
    enum { FILES = 256 }; /* and the document */
    char hex[SHA256_HEX_SIZE];
    char *text = NULL;
    size_t size = 0;
    FILE *documents = open_memstream(&text, &size);
    uint8_t sha256[SHA256_SIZE];
    store_put(&town.files, "a file", 6, sha256);
    digest_hex(sha256, SHA256_SIZE, hex);
    memcpy(town.file, sha256, SHA256_SIZE);
    (void)fputs("<Documents>", documents);
    for (int i = 0; i < FILES; i++)
        (void)fprintf(documents,
                      "<Document id=\"a%d\" role=\"SUBMITTED\"><Name>a.pdf</Name><Sha256>%s"
                      "</Sha256></Document>",
                      i, hex);
    (void)fputs("</Documents>", documents);
    assert_int_equal(fclose(documents), 0);
    send_files_in_parts();
    stand_open(&stand, 0, take_letters, NULL);
    town_partner(&town, "exchange", "edxml", stand.port, "");
    town_open(&town);
    town.brings_file = true;
    town_handoff(&town, 1, "M-1", text);
    struct standing standing = town_await(&town, town_arrive(&town, 1, "exchange"), DELIVERY_DEAD);
    assert_string_equal(standing.cause, "file:not-attached");
    town.brings_file = false;
    (void)town_await(&town, town_post(&town, 2, "M-2", "exchange"), DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 1);
    free(text);
    stand_close(&stand);
}

static bool note_line(void *own, const struct spool_trail *line)
{
    char *lines = own;
    size_t used = strlen(lines);
    (void)snprintf(lines + used, 400 - used, "%s %s\n", line->kind, line->text);
    return true;
}

/* However many wait behind each other, and whatever is durable of it while it is swept. */
static void what_waits_for_an_agency_that_closed_follows_in_order(void **state)
{
    enum { COUNT = 8 };
    (void)state;
    char lines[400] = "";
    char text[STAND_TEXT];
    struct fault why;
    int64_t deliveries[COUNT];
    stand_open(&stand, 0, take_letters, NULL);
    town_partner(&town, "exchange", "edxml", stand.port, "");
    town_handoff(&town, 1, "M-1", "");
    town.agency = "H10"; /* it closed at the end of June 2025 */
    town.arrived_at_ms = ARRIVED_MS;
    for (size_t i = 0; i < COUNT; i++)
        deliveries[i] = town_arrive(&town, 1, "old");
    town_open(&town);
    for (size_t i = 0; i < COUNT; i++) {
        (void)town_await(&town, deliveries[i], DELIVERY_DELIVERED);
        const char *key = heard_header(&stand.heard[i], "Idempotency-Key", text);
        assert_int_equal(strtol(key + strlen(key) - 1, NULL, 16), i + 1);
    }
    must(spool_trail(town.world.reader, deliveries[COUNT - 1], note_line, lines, &why), &why);
    assert_int_equal(strncmp(lines, "rerouted ", 9), 0);
    assert_non_null(strstr(lines, "H09"));
    stand_close(&stand);
}

int main(void)
{
#define TOWN(test) cmocka_unit_test_setup_teardown(test, open_town, close_town)
    const struct CMUnitTest tests[] = {
        TOWN(a_session_is_opened_once_and_goes_into_every_body),
        TOWN(a_session_that_has_ended_is_opened_again_and_the_delivery_sent_again),
        TOWN(a_login_that_is_refused_costs_no_delivery),
        TOWN(what_is_there_already_is_updated),
        TOWN(a_token_is_asked_for_once_and_borne_by_every_request),
        TOWN(a_file_arrives_byte_for_byte_inside_the_letter),
        TOWN(a_file_that_an_event_only_names_is_not_sent),
        TOWN(a_file_is_sent_anew_when_a_kept_connection_is_dead),
        TOWN(a_file_travels_by_a_signed_address_where_the_format_has_addresses),
        TOWN(a_file_that_is_damaged_is_not_sent_for_a_whole_one),
        TOWN(a_letter_whose_file_is_lost_is_not_sent_without_it),
        TOWN(nor_is_one_that_would_have_its_address),
        TOWN(a_file_that_has_only_an_address_is_fetched_and_put_in),
        TOWN(a_file_at_a_host_that_is_not_listed_is_not_asked_for),
        TOWN(a_redirect_of_a_file_is_not_followed_and_the_delivery_says_so),
        TOWN(a_listed_name_that_leads_to_this_machine_is_not_asked),
        TOWN(what_cannot_be_read_is_dead_and_was_not_sent),
        TOWN(what_a_format_cannot_say_is_dead_and_was_not_sent),
        TOWN(what_has_too_many_files_is_dead_and_its_partner_is_not_down),
        TOWN(what_waits_for_an_agency_that_closed_follows_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
