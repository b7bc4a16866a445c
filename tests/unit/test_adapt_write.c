/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller gives to the writer: texts, files, addresses; and what it gets back. */
#include "house.h"

#include "adapt/bench.h"

#define ADDRESS "https://gateway.example.test/v1/files/"
#define HASH_A  "3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278"
#define HASH_B  "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static const char handoff[] =
    "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\" version=\"1.0\"><Envelope>"
    "<MessageId>M1</MessageId><MessageType>HANDOFF</MessageType></Envelope>"
    "<Handoff><HandoffId>HO-1</HandoffId><From><AgencyCode>000.12.40.H09</AgencyCode></From>"
    "<To><AgencyCode>000.00.40.H09</AgencyCode></To>"
    "<HandedOffAt>2025-05-13T09:05:00+07:00</HandedOffAt></Handoff>"
    "<Dossier><DossierCode>000.12.40.H09-250513-0008</DossierCode>"
    "<ProcedureCode>1.011442</ProcedureCode><StatusCode>4</StatusCode><Documents>"
    "<Document id=\"a\" role=\"SUBMITTED\"><Name>a.pdf</Name><Sha256>" HASH_A "</Sha256>"
    "<Uri>https://motcua.example.test/a</Uri></Document>"
    "<Document id=\"b\" role=\"SUBMITTED\"><Name>b.pdf</Name><Sha256>" HASH_B "</Sha256>"
    "<Uri>https://motcua.example.test/b</Uri></Document>"
    "<Document id=\"c\" role=\"SUBMITTED\"><Name>c.pdf</Name>"
    "<Uri>https://motcua.example.test/c</Uri></Document>"
    "</Documents><EForm><Field name=\"thuaDat\">321</Field></EForm></Dossier></HandoffMessage>";

static size_t times(const struct adapt_written *written, const char *text)
{
    size_t count = 0;
    for (const char *at = written->bytes; (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}

static void expect_hole(const struct adapt_written *written, size_t number, const char *hex)
{
    char found[SHA256_HEX_SIZE];
    assert_true(number < written->hole_count);
    const struct adapt_hole *hole = &written->holes[number];
    digest_hex(hole->sha256, SHA256_SIZE, found);
    assert_string_equal(found, hex);
    static const char before[] = "<ContentTransferEncoded>", after[] = "</ContentTransferEncoded>";
    const char *at = written->bytes + hole->at;
    assert_memory_equal(at - sizeof before + 1, before, sizeof before - 1);
    assert_memory_equal(at + hole->size, after, sizeof after - 1);
}

static void a_letter_has_a_hole_for_each_file(void **state)
{
    const struct adapt_writing writing = {.has_files = true};
    struct adapt_written letter;
    auto_free(adapt_written_free) struct adapt_written *written = &letter;
    house_pass(*state, "lienthong-xml", handoff, "edxml", &writing, written);
    assert_int_equal(written->hole_count, 2);
    expect_hole(written, 0, HASH_A);
    expect_hole(written, 1, HASH_B);
    assert_string_equal(written->message, "Letter");
    assert_string_equal(written->media_type, "application/xml");
    assert_int_equal(written->size, strlen(written->bytes));
    assert_int_equal(written->attached_count, 0);
    assert_int_equal(times(written, ":Content>Mã hồ sơ: 000.12.40.H09-250513-0008<"), 1);
}

static void nothing_but_the_holes_differs_from_one_writing_to_the_next(void **state)
{
    const struct adapt_writing writing = {.has_files = true};
    struct adapt_written one, other;
    auto_free(adapt_written_free) struct adapt_written *first = &one;
    auto_free(adapt_written_free) struct adapt_written *second = &other;
    house_pass(*state, "lienthong-xml", handoff, "edxml", &writing, first);
    house_pass(*state, "lienthong-xml", handoff, "edxml", &writing, second);
    assert_int_equal(first->size, second->size);
    assert_int_equal(first->hole_count, second->hole_count);
    for (size_t at = 0; at < first->hole_count; at++) {
        const struct adapt_hole *hole = &first->holes[at];
        assert_int_equal(hole->at, second->holes[at].at);
        assert_memory_not_equal(first->bytes + hole->at, second->bytes + hole->at, hole->size);
        memset(first->bytes + hole->at, '-', hole->size);
        memset(second->bytes + hole->at, '-', hole->size);
    }
    assert_string_equal(first->bytes, second->bytes);
}

static void without_files_a_letter_has_no_hole(void **state)
{
    struct adapt_written letter;
    auto_free(adapt_written_free) struct adapt_written *written = &letter;
    house_pass(*state, "lienthong-xml", handoff, "edxml", NULL, written);
    assert_int_equal(written->hole_count, 0);
    assert_int_equal(times(written, "<ContentTransferEncoded>"), 1); /* handoff.xml */
}

static bool has_only_a(void *files, const uint8_t sha256[SHA256_SIZE])
{
    char hex[SHA256_HEX_SIZE];
    ++*(int *)files;
    digest_hex(sha256, SHA256_SIZE, hex);
    return strcmp(hex, HASH_A) == 0;
}

static void a_file_that_the_caller_lacks_has_no_hole_and_keeps_its_address(void **state)
{
    int asked = 0;
    const struct adapt_writing writing = {
        .has_files = true, .file_url = ADDRESS "{sha256}", .has = has_only_a, .files = &asked};
    struct adapt_written letter, portal;
    auto_free(adapt_written_free) struct adapt_written *first = &letter;
    auto_free(adapt_written_free) struct adapt_written *second = &portal;
    house_pass(*state, "lienthong-xml", handoff, "edxml", &writing, first);
    assert_int_equal(first->hole_count, 1);
    expect_hole(first, 0, HASH_A);
    assert_int_equal(asked, 2);
    house_pass(*state, "lienthong-xml", handoff, "dvcqg-json", &writing, second);
    assert_int_equal(times(second, ADDRESS HASH_A), 1);
    assert_int_equal(times(second, ADDRESS HASH_B), 0);
    assert_int_equal(times(second, "https://motcua.example.test/b"), 1);
}

static void an_address_is_the_gateways_where_the_hash_is_known(void **state)
{
    const struct adapt_writing writing = {.file_url = ADDRESS "{sha256}?sig=x"};
    struct adapt_written document;
    auto_free(adapt_written_free) struct adapt_written *written = &document;
    house_pass(*state, "lienthong-xml", handoff, "lienthong-xml", &writing, written);
    assert_int_equal(times(written, ADDRESS HASH_A "?sig=x"), 1);
    assert_int_equal(times(written, ADDRESS HASH_B "?sig=x"), 1);
    assert_int_equal(times(written, "https://motcua.example.test/c"), 1);
    assert_int_equal(times(written, "https://motcua.example.test/a"), 0);
}

static void a_given_text_goes_before_what_stood_there(void **state)
{
    static const char sync[] =
        "{\"session\": \"old\", \"madonvi\": \"H09\", \"service\": \"DongBoHoSoMC\", "
        "\"isUpdating\": \"False\", \"data\": [{\"MaHoSo\": \"000.12.40.H09-250513-0008\", "
        "\"MaTTHC\": \"1.011442\", \"TrangThaiHoSo\": \"2\"}]}";
    const struct adapt_given given[] = {{"updating", "False"},
                                        {"updating", "True"},
                                        {"session", "s-1"},
                                        {"madonvi", "000.00.00.H09"},
                                        {"other", "x"}};
    const struct adapt_writing writing = {.given = given, .given_count = 5};
    struct adapt_written with, without;
    auto_free(adapt_written_free) struct adapt_written *first = &with;
    auto_free(adapt_written_free) struct adapt_written *second = &without;
    house_pass(*state, "dvcqg-json", sync, "dvcqg-json", &writing, first);
    assert_int_equal(times(first, "\"isUpdating\": \"True\""), 1);
    assert_int_equal(times(first, "\"session\": \"s-1\""), 1);
    assert_int_equal(times(first, "\"madonvi\": \"000.00.00.H09\""), 1);
    house_pass(*state, "dvcqg-json", sync, "dvcqg-json", NULL, second);
    assert_int_equal(times(second, "\"isUpdating\": \"False\""), 1);
    assert_int_equal(times(second, "session"), 0);
    assert_int_equal(times(second, "\"madonvi\": \"H09\""), 1);
}

static const char sync_received[] =
    "{\"madonvi\": \"H09.40\", \"service\": \"DongBoHoSoMC\", \"data\": [{\"MaHoSo\": "
    "\"H09.40-250513-0008\", \"MaTTHC\": \"1.011442\", \"TrangThaiHoSo\": \"2\", "
    "\"NgayTiepNhan\": \"20250513082000\", \"TaiLieuNop\": [{\"TenTepDinhKem\": \"a.pdf\", "
    "\"DuongDanTaiTepTin\": \"https://motcua.example.test/a\"}]}]}";

static void a_letter_of_an_event_without_a_handoff_names_who_it_is_for(void **state)
{
    const struct adapt_given given = {"to_agency", "H09.41"};
    const struct adapt_writing writing = {.given = &given, .given_count = 1};
    struct adapt_written letter, again;
    auto_free(adapt_written_free) struct adapt_written *written = &letter;
    auto_free(adapt_written_free) struct adapt_written *back = &again;
    house_pass(*state, "dvcqg-json", sync_received, "edxml", &writing, written);
    assert_int_equal(times(written, ":OrganId>H09.41<"), 1);
    assert_int_equal(times(written, ":DocumentId>" HOUSE_EVENT_ID "<"), 1);
    house_pass(*state, "edxml", written->bytes, "lienthong-xml", NULL, back);
    assert_int_equal(times(back, "<Event>RECEIVED</Event>"), 1);
    assert_int_equal(times(back, "<Document "), 1); /* it had no id by which to join it */
    assert_int_equal(times(back, "https://motcua.example.test/a"), 1);
}

static void what_xml_cannot_hold_is_left_out(void **state)
{
    const struct adapt_given given = {"to_agency",
                                      "H09\xEF\xBF\xBF.4\x01\xEF\xBF\xBE!\xEF\xBC\x81"};
    const struct adapt_writing writing = {.given = &given, .given_count = 1};
    struct adapt_written letter;
    auto_free(adapt_written_free) struct adapt_written *written = &letter;
    house_pass(*state, "dvcqg-json", sync_received, "edxml", &writing, written);
    assert_int_equal(times(written, "H09.4!\xEF\xBC\x81<"), 1);
}

/* The shortest form of 1.1 that a double needs, as the sender wrote it. */
static void a_number_keeps_its_digits(void **state)
{
    static const char *const numbers[][2] = {
        {"1.1", "1.1"},
        {"0.125", "0.125"},
        {"12", "12"},
        {"0.12345678901234567", "\"0.12345678901234567\""}, /* a text rather than another number */
    };
    size_t size;
    auto_free(free) char *fixture =
        house_fixture("dvc2026-json/fixtures/accept/create.json", &size);
    const char *place = strstr(fixture, "\"SoLuong\": 1,");
    assert_non_null(place);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        auto_free(free) char *document = NULL;
        auto_free(free) char *expected = NULL;
        struct adapt_written made;
        auto_free(adapt_written_free) struct adapt_written *written = &made;
        assert_true(asprintf(&document, "%.*s\"SoLuong\": %s,%s", (int)(place - fixture), fixture,
                             numbers[i][0], place + strlen("\"SoLuong\": 1,")) > 0);
        assert_true(asprintf(&expected, "\"SoLuong\": %s,", numbers[i][1]) > 0);
        house_pass(*state, "dvc2026-json", document, "dvc2026-json", NULL, written);
        if (times(written, expected) != 1)
            fail_msg("%s: %s", expected, written->bytes);
    }
}

static void a_letter_without_a_receiver_is_refused(void **state)
{
    struct adapt_written letter;
    struct house_way way = {
        .house = *state, .to = house_adapter(*state, "edxml"), .written = &letter};
    const struct adapter *reader = house_adapter(*state, "dvcqg-json");
    const struct adapt_document posted = {.bytes = sync_received,
                                          .size = sizeof sync_received - 1,
                                          .candidates = &reader,
                                          .candidate_count = 1};
    struct house *house = *state;
    struct reading reading;
    struct fault why = {0};
    assert_true(adapt_read(house->bench, &posted, house_take, &way, &reading, &why));
    assert_false(way.is_written);
    assert_int_equal(way.why.kind, FAULT_REFUSE);
    assert_non_null(strstr(way.why.text, "handoff.to_agency"));
    assert_null(letter.bytes);
}

/* ---- what travels beside ---- */

static void what_the_portals_format_lacks_travels_beside_it(void **state)
{
    const struct adapt_writing writing = {.file_url = ADDRESS "{sha256}"};
    struct adapt_written sync, again;
    auto_free(adapt_written_free) struct adapt_written *written = &sync;
    auto_free(adapt_written_free) struct adapt_written *back = &again;
    house_pass(*state, "lienthong-xml", handoff, "dvcqg-json", &writing, written);
    assert_int_equal(written->attached_count, 1);
    const struct adapt_attached *attached = &written->attached[0];
    uint8_t sha256[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE], address[sizeof ADDRESS + SHA256_HEX_SIZE];
    digest_sha256(attached->bytes, attached->size, sha256);
    assert_memory_equal(sha256, attached->sha256, SHA256_SIZE);
    digest_hex(sha256, SHA256_SIZE, hex);
    (void)snprintf(address, sizeof address, ADDRESS "%s", hex);
    assert_int_equal(times(written, address), 1);
    assert_string_equal(attached->media_type, "application/xml");
    assert_non_null(strstr(attached->bytes, "thuaDat"));
    assert_non_null(strstr(attached->bytes, HASH_A));

    /* It is no document of the dossier. */
    house_pass(*state, "dvcqg-json", written->bytes, "lienthong-xml", NULL, back);
    assert_int_equal(times(back, "<Document "), 3);
    assert_int_equal(times(back, "handoff.xml"), 0);
}

static char *address_of(void *files, const uint8_t sha256[SHA256_SIZE])
{
    char hex[SHA256_HEX_SIZE];
    char *address = NULL;
    ++*(int *)files;
    digest_hex(sha256, SHA256_SIZE, hex);
    return asprintf(&address, ADDRESS "%s?key=%.8s", hex, hex + 8) < 0 ? NULL : address;
}

/* So that it can be signed: what travels beside, or in base64, cannot be changed afterwards. */
static void an_address_is_asked_for_file_by_file(void **state)
{
    static const char a[] = ADDRESS HASH_A "?key=04dc8c46";
    int asked = 0;
    const struct adapt_writing writing = {.address = address_of, .files = &asked};
    struct adapt_written sync;
    auto_free(adapt_written_free) struct adapt_written *written = &sync;
    house_pass(*state, "lienthong-xml", handoff, "dvcqg-json", &writing, written);
    assert_int_equal(times(written, a), 1);
    assert_int_equal(written->attached_count, 1);
    assert_non_null(strstr(written->attached[0].bytes, "<Uri>"));
    assert_non_null(strstr(written->attached[0].bytes, a));
    assert_true(asked >= 3);
}

static bool has_in_need(void *files, const uint8_t sha256[SHA256_SIZE])
{
    struct workbench *bench = files;
    (void)sha256;
    assert_null(arena_take(&bench->writing, SIZE_MAX));
    return true;
}

/* It would be a document that lacks something, and nobody would know. */
static void without_memory_for_a_part_nothing_is_written(void **state)
{
    struct house *house = *state;
    const struct adapt_writing writing = {
        .has_files = true, .has = has_in_need, .files = house->bench};
    struct adapt_written written;
    struct house_way way = {.house = house,
                            .to = house_adapter(house, "edxml"),
                            .writing = &writing,
                            .written = &written};
    house_try(&way, "lienthong-xml", handoff);
    assert_false(way.is_written);
    assert_int_equal(way.why.kind, FAULT_BROKEN);
    assert_string_equal(way.why.text, "out of memory");
}

static void an_operator_can_switch_off_what_travels_beside(void **state)
{
    const struct adapt_given off = {"attach", "no"};
    const struct adapt_writing writings[] = {
        {.file_url = NULL}, {.file_url = ADDRESS "{sha256}", .given = &off, .given_count = 1}};
    for (size_t at = 0; at < 2; at++) {
        struct adapt_written sync;
        auto_free(adapt_written_free) struct adapt_written *written = &sync;
        house_pass(*state, "lienthong-xml", handoff, "dvcqg-json", &writings[at], written);
        assert_int_equal(written->attached_count, 0);
        assert_int_equal(times(written, "handoff.xml"), 0);
    }
}

/* ---- files that were moved out ---- */

#define REFERENCE "lienthong-file:"

/* A file store of one document, under the hash of its bytes. */
struct moved {
    const char *bytes;
    size_t size;
    int loaded;
    bool is_gone;
};

static bool moved_file(void *files, const char *text, size_t size, uint8_t sha256[SHA256_SIZE],
                       int64_t *bytes)
{
    const struct moved *moved = files;
    if (size < sizeof REFERENCE - 1 || memcmp(text, REFERENCE, sizeof REFERENCE - 1) != 0)
        return false;
    digest_sha256(moved->bytes, moved->size, sha256);
    *bytes = (int64_t)moved->size;
    return true;
}

static bool moved_load(void *files, const uint8_t sha256[SHA256_SIZE], char *bytes, size_t size,
                       struct fault *why)
{
    struct moved *moved = files;
    (void)sha256;
    assert_int_equal(size, moved->size);
    if (moved->is_gone)
        return fault_set(why, FAULT_RETRY, "out of reach");
    memcpy(bytes, moved->bytes, size);
    moved->loaded++;
    return true;
}

/* The letter of a fixture with references in place of its attachments' contents. */
static char *referring(const char *name)
{
    static const char open[] = "<ContentTransferEncoded>", close[] = "</ContentTransferEncoded>";
    size_t size = 0;
    char *letter = house_fixture(name, &size);
    for (char *at = letter; (at = strstr(at, open));) {
        char *start = at + sizeof open - 1;
        char *end = strstr(start, close);
        assert_non_null(end);
        assert_true((size_t)(end - start) > sizeof REFERENCE);
        memcpy(start, REFERENCE, sizeof REFERENCE - 1);
        memmove(start + sizeof REFERENCE - 1, end, strlen(end) + 1);
        at = start;
    }
    return letter;
}

static bool read_moved(struct house *house, const char *letter, struct moved *moved,
                       struct house_way *way, struct reading *reading, struct fault *why)
{
    const struct adapter *edxml = house_adapter(house, "edxml");
    const struct adapt_document posted = {.bytes = letter,
                                          .size = strlen(letter),
                                          .candidates = &edxml,
                                          .candidate_count = 1,
                                          .file = moved_file,
                                          .load = moved_load,
                                          .files = moved};
    way->house = house;
    way->to = house_adapter(house, "lienthong-xml");
    return adapt_read(house->bench, &posted, house_take, way, reading, why);
}

static void a_moved_file_gives_its_hash_and_size(void **state)
{
    struct moved moved = {.bytes = "test", .size = 4};
    struct adapt_written native;
    auto_free(adapt_written_free) struct adapt_written *written = &native;
    struct house_way way = {.written = written};
    struct reading reading;
    struct fault why = {0};
    auto_free(free) char *letter = referring("edxml/fixtures/accept/letter.edxml");
    if (!read_moved(*state, letter, &moved, &way, &reading, &why))
        fail_msg("%s", why.text);
    assert_int_equal(reading.problem_count, 0);
    assert_true(times(written, "<Sha256>" HASH_B "</Sha256>") >= 1);
    assert_true(times(written, "<Size>4</Size>") >= 1);
    assert_int_equal(times(written, REFERENCE), 0);
    assert_int_equal(moved.loaded, 0);
}

static void what_is_carried_is_loaded_when_it_was_moved(void **state)
{
    struct moved moved = {.bytes = handoff, .size = sizeof handoff - 1};
    struct adapt_written native;
    auto_free(adapt_written_free) struct adapt_written *written = &native;
    struct house_way way = {.written = written};
    struct reading reading;
    struct fault why = {0};
    struct adapt_written outer;
    auto_free(adapt_written_free) struct adapt_written *wrapped = &outer;
    house_pass(*state, "lienthong-xml", handoff, "edxml", NULL, wrapped);
    char *start = strstr(wrapped->bytes, "<ContentTransferEncoded>") + 24;
    char *end = strstr(start, "</ContentTransferEncoded>");
    memcpy(start, REFERENCE, sizeof REFERENCE - 1);
    memmove(start + sizeof REFERENCE - 1, end, strlen(end) + 1);
    if (!read_moved(*state, wrapped->bytes, &moved, &way, &reading, &why))
        fail_msg("%s", why.text);
    assert_int_equal(reading.problem_count, 0);
    assert_int_equal(moved.loaded, 1);
    assert_int_equal(times(written, "thuaDat"), 1);

    adapt_written_free(written);
    moved.is_gone = true;
    assert_false(read_moved(*state, wrapped->bytes, &moved, &way, &reading, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_has_a_hole_for_each_file),
        cmocka_unit_test(nothing_but_the_holes_differs_from_one_writing_to_the_next),
        cmocka_unit_test(without_files_a_letter_has_no_hole),
        cmocka_unit_test(a_file_that_the_caller_lacks_has_no_hole_and_keeps_its_address),
        cmocka_unit_test(an_address_is_the_gateways_where_the_hash_is_known),
        cmocka_unit_test(a_given_text_goes_before_what_stood_there),
        cmocka_unit_test(a_letter_of_an_event_without_a_handoff_names_who_it_is_for),
        cmocka_unit_test(what_xml_cannot_hold_is_left_out),
        cmocka_unit_test(a_number_keeps_its_digits),
        cmocka_unit_test(a_letter_without_a_receiver_is_refused),
        cmocka_unit_test(what_the_portals_format_lacks_travels_beside_it),
        cmocka_unit_test(an_address_is_asked_for_file_by_file),
        cmocka_unit_test(without_memory_for_a_part_nothing_is_written),
        cmocka_unit_test(an_operator_can_switch_off_what_travels_beside),
        cmocka_unit_test(a_moved_file_gives_its_hash_and_size),
        cmocka_unit_test(what_is_carried_is_loaded_when_it_was_moved),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
