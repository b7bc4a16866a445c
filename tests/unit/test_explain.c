/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery_world.h"
#include "realm.h"

#include "base/cleanup.h"
#include "deliver/dispatch.h"
#include "deliver/explain.h"
#include "event/wire.h"
#include "spool/receipt.h"

#define OURS    "H09.40.12-250512-0037"
#define ARRIVED INT64_C(1747035900000)

ENDS_WITH_SCOPE(json_t *, json_decref)

static const uint8_t our_id[UUID_SIZE] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x5d, 0xef,
                                          0x8a, 1,    2,    3,    4,    5,    6,    7};

/* A spool, a directory and one event. */
struct case_room {
    struct world world;
    struct realm realm;
    struct directory_place *place;
    struct schema *events, *receipt, *dead_letter;
    struct dispatch *dispatch;
    int32_t schema_no;
    avro_value_t event;
    char *bytes;
    size_t size;
};

static int open_room(void **state)
{
    struct fault why;
    struct case_room *room = calloc(1, sizeof *room);
    assert_non_null(room);
    world_make(&room->world);
    realm_begin(&room->realm);
    room->place = directory_place_open(&room->realm.options, &why);
    world_must(room->place, &why);
    room->events = schema_load("schemas/dossier-event.avsc", &why);
    room->receipt = schema_load("schemas/delivery-receipt.avsc", &why);
    room->dead_letter = schema_load("schemas/dead-letter.avsc", &why);
    const struct tell_schemas schemas = {room->receipt, 1, room->dead_letter, 1};
    room->dispatch = dispatch_new(room->place, &schemas, &why);
    assert_non_null(room->dispatch);
    world_must(spool_schema(room->world.spool, "events", room->events->text,
                            room->events->fingerprint, &room->schema_no, &why),
               &why);
    assert_int_equal(avro_generic_value_new(room->events->iface, &room->event), 0);
    *state = room;
    return 0;
}

static int close_room(void **state)
{
    struct case_room *room = *state;
    free(room->bytes);
    avro_value_decref(&room->event);
    dispatch_free(room->dispatch);
    schema_free(room->events);
    schema_free(room->receipt);
    schema_free(room->dead_letter);
    directory_place_close(room->place);
    realm_end(&room->realm);
    world_end(&room->world);
    free(room);
    return 0;
}

static void write_event(struct case_room *room, const struct saying *saying)
{
    struct fault why;
    realm_event(room->events, saying, &room->event);
    free(room->bytes);
    room->bytes = wire_encode(room->events, &room->event, &room->size, &why);
    assert_non_null(room->bytes);
}

/* The event comes back from Kafka, as the first that ever did. */
static void arrive(struct case_room *room, const struct saying *saying)
{
    struct fault why;
    write_event(room, saying);
    struct spool_arrival arrival = {
        .arrived_at_ms = ARRIVED,
        .source = "commune",
        .dossier_code = saying->code,
        .event_type = saying->type,
        .event = room->bytes,
        .event_size = room->size,
        .schema_no = room->schema_no,
    };
    memcpy(arrival.event_id, our_id, UUID_SIZE);
    world_must(dispatch_route(room->dispatch, &room->event,
                              spool_last_arrival(room->world.spool) + 1, &arrival, &why),
               &why);
    const struct spool_position position = {"t.dossier-events", 0, 1};
    world_must(spool_arrive(room->world.spool, &arrival, 1, &position, 1, &why), &why);
    dispatch_end(room->dispatch);
}

static json_t *explain(struct case_room *room, const char *name)
{
    struct fault why;
    struct directory *directory = directory_current(room->place);
    json_t *json = explain_event(room->world.reader, directory, name, &why);
    directory_release(directory);
    if (!json)
        fail_msg("%s", why.text);
    return json;
}

/* The text at a path of names and numbers, as "stored.0.partner". */
static const char *at(const json_t *json, const char *path)
{
    char copy[80], *next = copy;
    (void)snprintf(copy, sizeof copy, "%s", path);
    while (next && json) {
        const char *step = strsep(&next, ".");
        json = json_is_array(json) ? json_array_get(json, (size_t)(*step - '0'))
                                   : json_object_get(json, step);
    }
    const char *text = json_string_value(json);
    return text ? text : "(none)";
}

static const struct saying to_district = {
    .type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H09.40"};
static const struct saying to_nobody = {
    .type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H50"};

static void what_was_decided_then_stands_beside_what_holds_now(void **state)
{
    struct case_room *room = *state;
    struct fault why;
    char then[40];
    arrive(room, &to_district);
    struct directory *before = directory_current(room->place);
    (void)snprintf(then, sizeof then, "%s", directory_version(before));
    directory_release(before);
    scratch_write(room->realm.partners, "partners:\n- {id: office, name: O, agencies: [H09],"
                                        " adapters: [x], deliver: {by: mailbox}}\n");
    assert_true(directory_reload(room->place, &why));

    auto_free(json_decref) json_t *json = explain(room, "d-1024");
    assert_string_equal(at(json, "event.event_type"), "HANDED_OFF");
    assert_string_equal(at(json, "event.dossier"), OURS);
    assert_string_equal(at(json, "event.source"), "commune");
    assert_string_equal(at(json, "event.event_id"), "12345678-9abc-5def-8a01-020304050607");
    assert_int_equal(json_array_size(json_object_get(json, "stored")), 1);
    assert_string_equal(at(json, "stored.0.delivery"), "d-1024");
    assert_string_equal(at(json, "stored.0.state"), "waiting");
    assert_string_equal(at(json, "stored.0.partner"), "district");
    assert_string_equal(at(json, "stored.0.agency"), "H09.40");
    assert_string_equal(at(json, "stored.0.reason"),
                        "handed over to H09.40 (District) on 2025-05-12");
    assert_string_equal(at(json, "stored.0.directory"), then);
    assert_string_equal(at(json, "stored.0.routed_at"), "2025-05-12T14:45:00+07:00");
    assert_string_equal(at(json, "today.targets.0.partner"), "office");
    assert_string_equal(at(json, "today.targets.0.reason"),
                        "handed over to H09.40 (District) on 2025-05-12, by the system of H09");
    assert_string_not_equal(at(json, "today.directory"), then);
}

static void a_reroute_is_told(void **state)
{
    struct case_room *room = *state;
    struct fault why;
    arrive(room, &to_district);
    const struct spool_settlement settlement = {
        .delivery = 1024,
        .kind = SETTLE_REROUTE,
        .at_ms = ARRIVED + 60000,
        .partner = "city",
        .agency = "H09.40",
        .detail = "re-routed: for H09.40, closed after 2025-06-30",
    };
    world_must(world_settle_now(&room->world, &settlement, &why), &why);
    auto_free(json_decref) json_t *json = explain(room, "d-1024");
    assert_string_equal(at(json, "stored.0.partner"), "city");
    assert_string_equal(at(json, "stored.0.rerouted.0.at"), "2025-05-12T14:46:00+07:00");
    assert_string_equal(at(json, "stored.0.rerouted.0.text"),
                        "re-routed: for H09.40, closed after 2025-06-30");
}

static void what_could_not_be_routed_says_why(void **state)
{
    struct case_room *room = *state;
    arrive(room, &to_nobody);
    auto_free(json_decref) json_t *json = explain(room, "d-1024");
    assert_string_equal(at(json, "stored.0.state"), "dead");
    assert_string_equal(at(json, "stored.0.partner"), "(none)");
    assert_string_equal(at(json, "stored.0.cause"), "route /handoff/to_agency nobody");
    assert_string_equal(at(json, "today.targets.0.cause"), "route /handoff/to_agency nobody");
}

/* Posted, and not yet back from Kafka. */
static int64_t post(struct case_room *room, const struct saying *saying)
{
    struct parcel parcel;
    write_event(room, saying);
    parcel_begin(&parcel, "commune", ARRIVED);
    struct spool_item *item = parcel_item(&parcel, 1, 1, 1);
    item->dossier_code = OURS;
    item->event = room->bytes;
    item->event_size = room->size;
    item->schema_no = room->schema_no;
    memcpy(item->event_id, our_id, UUID_SIZE);
    return world_add(&room->world, &parcel).receipts[0].entry;
}

static void an_entry_without_deliveries_is_computed_alone(void **state)
{
    struct case_room *room = *state;
    char receipt[RECEIPT_TEXT_SIZE];
    receipt_write(spool_receipt_key(room->world.spool), post(room, &to_district), receipt);
    auto_free(json_decref) json_t *json = explain(room, receipt);
    assert_int_equal(json_array_size(json_object_get(json, "stored")), 0);
    assert_string_equal(at(json, "today.targets.0.partner"), "district");
}

static void a_receipt_finds_the_deliveries_of_its_event(void **state)
{
    struct case_room *room = *state;
    char receipt[RECEIPT_TEXT_SIZE];
    receipt_write(spool_receipt_key(room->world.spool), post(room, &to_district), receipt);
    arrive(room, &to_district);
    auto_free(json_decref) json_t *json = explain(room, receipt);
    assert_string_equal(at(json, "stored.0.delivery"), "d-1024");
}

static void a_name_of_nothing_is_refused(void **state)
{
    struct case_room *room = *state;
    static const char *const names[] = {"", "d-7", "1-0123456789abcdef", "district"};
    struct directory *directory = directory_current(room->place);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct fault why;
        assert_null(explain_event(room->world.reader, directory, names[i], &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
    }
    directory_release(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_decided_then_stands_beside_what_holds_now,
                                        open_room, close_room),
        cmocka_unit_test_setup_teardown(a_reroute_is_told, open_room, close_room),
        cmocka_unit_test_setup_teardown(what_could_not_be_routed_says_why, open_room, close_room),
        cmocka_unit_test_setup_teardown(an_entry_without_deliveries_is_computed_alone, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_receipt_finds_the_deliveries_of_its_event, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_name_of_nothing_is_refused, open_room, close_room),
    };
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
