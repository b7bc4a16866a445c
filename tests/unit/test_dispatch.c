/* SPDX-License-Identifier: Apache-2.0 */
#include "realm.h"
#include "spool_world.h"

#include "base/cleanup.h"
#include "deliver/dispatch.h"
#include "event/wire.h"

#define OURS "H09.40.12-250512-0037"

/* A dispatch over the small directory, and the arrivals that it fills. */
struct office {
    struct realm realm;
    struct directory_place *place;
    struct schema *events, *receipt, *dead_letter;
    struct dispatch *dispatch;
    avro_value_t event;
};

static int open_office(void **state)
{
    struct fault why;
    struct office *office = calloc(1, sizeof *office);
    assert_non_null(office);
    realm_begin(&office->realm);
    office->place = directory_place_open(&office->realm.options, &why);
    office->events = schema_load("schemas/dossier-event.avsc", &why);
    office->receipt = schema_load("schemas/delivery-receipt.avsc", &why);
    office->dead_letter = schema_load("schemas/dead-letter.avsc", &why);
    const struct tell_schemas schemas = {office->receipt, 7, office->dead_letter, 8};
    office->dispatch = dispatch_new(office->place, &schemas, &why);
    assert_non_null(office->dispatch);
    assert_int_equal(avro_generic_value_new(office->events->iface, &office->event), 0);
    *state = office;
    return 0;
}

static int close_office(void **state)
{
    struct office *office = *state;
    dispatch_free(office->dispatch);
    avro_value_decref(&office->event);
    schema_free(office->events);
    schema_free(office->receipt);
    schema_free(office->dead_letter);
    directory_place_close(office->place);
    realm_end(&office->realm);
    free(office);
    return 0;
}

static struct spool_arrival route(struct office *office, int64_t number,
                                  const struct saying *saying)
{
    struct fault why;
    struct spool_arrival arrival = {.source = "commune",
                                    .dossier_code = saying->code,
                                    .event_type = saying->type,
                                    .arrived_at_ms = 1747035900000};
    realm_event(office->events, saying, &office->event);
    if (!dispatch_route(office->dispatch, &office->event, number, &arrival, &why))
        fail_msg("%s", why.text);
    return arrival;
}

static const struct saying to_district = {
    .type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H09.40"};
static const struct saying to_nobody = {
    .type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H50"};

/* Only the dossier's code names it. */
static const struct saying back_to_nobody = {
    .type = "HANDOFF_RETURNED", .at = "2025-05-12", .code = "H50-250512-0037", .to = "H09.40"};

static void an_arrival_gets_its_targets_and_the_directory(void **state)
{
    struct office *office = *state;
    struct saying saying = to_district;
    saying.field = "G15-ZZ00";
    struct spool_arrival arrival = route(office, 1, &saying);
    assert_int_equal(arrival.target_count, 2);
    assert_string_equal(arrival.targets[0].partner, "district");
    assert_string_equal(arrival.targets[0].agency, "H09.40");
    assert_string_equal(arrival.targets[0].reason,
                        "handed over to H09.40 (District) on 2025-05-12");
    assert_null(arrival.targets[0].cause);
    assert_string_equal(arrival.targets[1].partner, "hub");
    assert_null(arrival.targets[1].agency);
    assert_int_equal(arrival.notice_count, 0);
    struct directory *directory = directory_current(office->place);
    assert_string_equal(arrival.directory, directory_version(directory));
    directory_release(directory);
    dispatch_end(office->dispatch);
}

static void what_concerns_nobody_has_no_targets(void **state)
{
    struct office *office = *state;
    const struct saying saying = {.type = "RECEIVED", .at = "2025-05-12", .code = OURS};
    struct spool_arrival arrival = route(office, 1, &saying);
    assert_int_equal(arrival.target_count, 0);
    assert_int_equal(arrival.notice_count, 0);
    dispatch_end(office->dispatch);
}

static void what_cannot_be_routed_is_told(void **state)
{
    struct office *office = *state;
    struct saying saying = to_nobody;
    saying.field = "G15-ZZ00";
    struct spool_arrival arrival = route(office, 5, &saying);
    assert_int_equal(arrival.target_count, 2);
    assert_null(arrival.targets[0].partner);
    assert_string_equal(arrival.targets[0].cause, "route /handoff/to_agency nobody");
    assert_non_null(strstr(arrival.targets[0].reason, "chưa có hệ thống nào nhận cho H50"));
    assert_non_null(strstr(arrival.targets[0].reason, "no system speaks for H50"));
    assert_string_equal(arrival.targets[1].partner, "hub");
    assert_int_equal(arrival.notice_count, 2);
    assert_string_equal(arrival.notices[0].topic, "deliveries");
    assert_string_equal(arrival.notices[0].key, OURS);
    assert_int_equal(arrival.notices[0].schema_no, 7);
    assert_string_equal(arrival.notices[1].topic, "dead-letters");

    static const struct wire_limits limits = {.text_size = 1000, .items = 10, .depth = 5};
    struct fault why;
    avro_value_t record;
    assert_int_equal(avro_generic_value_new(office->receipt->iface, &record), 0);
    assert_true(wire_decode(office->receipt, arrival.notices[0].datum, arrival.notices[0].size,
                            &limits, &record, &why));
    assert_string_equal(member_text(&record, "delivery"), "d-5120"); /* 5 * 1024, the first */
    assert_string_equal(member_symbol(&record, "outcome"), "UNROUTABLE");
    assert_string_equal(member_text(&record, "cause"), "route /handoff/to_agency nobody");
    avro_value_decref(&record);
    dispatch_end(office->dispatch);
}

static void what_cannot_be_read_is_told(void **state)
{
    struct office *office = *state;
    struct fault why;
    const struct spool_target target = {.reason = "no schema 7", .cause = "event:schema"};
    struct spool_arrival arrival = {.targets = &target, .target_count = 1};
    assert_true(dispatch_unread(office->dispatch, 3, &arrival, &why));
    assert_ptr_equal(arrival.targets, &target);
    assert_int_equal(arrival.notice_count, 2);
    assert_string_equal(arrival.notices[0].key, "d-3072");
    dispatch_end(office->dispatch);
}

/* The events of a batch are read into one value, one after another. */
static void what_a_batch_points_to_lives_until_its_end(void **state)
{
    static const struct {
        const struct saying *saying;
        const char *agency;
        size_t notices;
    } kinds[] = {{&to_district, "H09.40", 0}, {&to_nobody, "H50", 2}, {&back_to_nobody, "H50", 2}};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    struct office *office = *state;
    struct spool_arrival arrivals[60];
    for (int64_t i = 0; i < 60; i++)
        arrivals[i] = route(office, i + 1, kinds[i % KINDS].saying);
    for (size_t i = 0; i < 60; i++) {
        assert_string_equal(arrivals[i].targets[0].agency, kinds[i % KINDS].agency);
        assert_int_equal(arrivals[i].notice_count, kinds[i % KINDS].notices);
    }
    dispatch_end(office->dispatch);
}

static void a_batch_is_routed_under_one_directory(void **state)
{
    struct office *office = *state;
    struct fault why;
    struct spool_arrival before = route(office, 1, &to_district);
    scratch_write(office->realm.partners, "partners: []\n");
    assert_true(directory_reload(office->place, &why));
    struct spool_arrival same = route(office, 2, &to_district);
    assert_string_equal(same.targets[0].partner, "district");
    assert_string_equal(same.directory, before.directory);
    char version[32];
    (void)snprintf(version, sizeof version, "%s", before.directory);
    dispatch_end(office->dispatch);
    struct spool_arrival after = route(office, 3, &to_district);
    assert_null(after.targets[0].partner);
    assert_string_not_equal(after.directory, version);
    dispatch_end(office->dispatch);
}

/* Adds a document of that hash to the event. */
static void name_document(avro_value_t *event, const uint8_t *sha256)
{
    avro_value_t documents, document, field, branch;
    char hex[SHA256_HEX_SIZE];
    digest_hex(sha256, SHA256_SIZE, hex);
    assert_int_equal(avro_value_get_by_name(event, "documents", &documents, NULL), 0);
    assert_int_equal(avro_value_append(&documents, &document, NULL), 0);
    assert_int_equal(avro_value_get_by_name(&document, "sha256", &field, NULL), 0);
    assert_int_equal(avro_value_set_branch(&field, 1, &branch), 0);
    assert_int_equal(avro_value_set_string(&branch, hex), 0);
}

/* The entry of the event, as it was taken in, uses the file.  Gives its number. */
static int64_t take_in(struct world *world, uint8_t event, const uint8_t *sha256)
{
    struct parcel parcel;
    uint8_t files[1][SHA256_SIZE];
    memcpy(files[0], sha256, SHA256_SIZE);
    parcel_begin(&parcel, "commune", 1747035900000);
    struct spool_item *item = parcel_item(&parcel, event, event, 1);
    item->event_id[0] = event;
    item->files = (const uint8_t(*)[SHA256_SIZE])files;
    item->file_count = 1;
    return world_add(world, &parcel).receipts[0].entry;
}

static void an_arrival_uses_the_files_that_its_event_brings(void **state)
{
    struct office *office = *state;
    struct world world;
    struct fault why;
    uint8_t own[SHA256_SIZE] = {1}, foreign[SHA256_SIZE] = {2};
    world_make(&world);
    int64_t entry = take_in(&world, 1, own);
    (void)take_in(&world, 2, foreign);
    dispatch_use_files(office->dispatch, world.reader);
    realm_event(office->events, &to_district, &office->event);
    name_document(&office->event, own);
    name_document(&office->event, foreign);
    name_document(&office->event, own);
    struct spool_arrival arrival = {.entry = entry,
                                    .source = "commune",
                                    .dossier_code = OURS,
                                    .event_type = "HANDED_OFF",
                                    .event_id = {1}};
    world_must(dispatch_route(office->dispatch, &office->event, 1, &arrival, &why), &why);
    assert_int_equal(arrival.file_count, 1);
    assert_memory_equal(arrival.files[0], own, SHA256_SIZE);
    dispatch_end(office->dispatch);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_arrival_uses_the_files_that_its_event_brings,
                                        open_office, close_office),
        cmocka_unit_test_setup_teardown(an_arrival_gets_its_targets_and_the_directory, open_office,
                                        close_office),
        cmocka_unit_test_setup_teardown(what_concerns_nobody_has_no_targets, open_office,
                                        close_office),
        cmocka_unit_test_setup_teardown(what_cannot_be_routed_is_told, open_office, close_office),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told, open_office, close_office),
        cmocka_unit_test_setup_teardown(what_a_batch_points_to_lives_until_its_end, open_office,
                                        close_office),
        cmocka_unit_test_setup_teardown(a_batch_is_routed_under_one_directory, open_office,
                                        close_office),
    };
    return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
