/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes part in a dossier, and whose a file is: however much came after, with and without the
 * index by which the older entries are found. */
#include "realm.h"
#include "spool_world.h"

#include "api/custody.h"
#include "api/party.h"
#include "event/wire.h"
#include "operate/facets.h"
#include "spool/finder.h"

#define DOSSIER "H09.40.12-250512-0037"

enum { LATER = 300 };

struct hall {
    struct world world;
    struct directory *directory;
    struct schema *schema;
    avro_value_t event;
    struct station station, finders;
    struct finder *finder;
    int32_t schema_no;
    int count; /* of entries */
};

static int open_hall(void **state)
{
    struct fault why;
    struct hall *hall = calloc(1, sizeof *hall);
    assert_non_null(hall);
    world_make(&hall->world);
    hall->directory = realm_directory();
    hall->schema = schema_load("schemas/dossier-event.avsc", &why);
    assert_non_null(hall->schema);
    assert_int_equal(avro_generic_value_new(hall->schema->iface, &hall->event), 0);
    world_must(spool_schema(hall->world.spool, "events", hall->schema->text,
                            hall->schema->fingerprint, &hall->schema_no, &why),
               &why);
    hall->station = (struct station){.reader = hall->world.reader, .recall = recall_new()};
    hall->finders = (struct station){.reader = spool_reader_open(hall->world.file, &why),
                                     .recall = recall_new()};
    assert_non_null(hall->finders.reader);
    *state = hall;
    return 0;
}

static int close_hall(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct hall *hall = *state;
    finder_stop(hall->finder);
    spool_reader_close(hall->finders.reader);
    recall_free(hall->finders.recall);
    recall_free(hall->station.recall);
    avro_value_decref(&hall->event);
    schema_free(hall->schema);
    directory_release(hall->directory);
    world_close(&hall->world);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char path[sizeof hall->world.file + 16];
        (void)snprintf(path, sizeof path, "%s.find%s", hall->world.file, suffixes[i]);
        (void)unlink(path); /* not every test makes it */
    }
    world_remove(&hall->world);
    free(hall);
    return 0;
}

static bool tell(void *own, const struct spool_entry *entry,
                 bool (*emit)(void *to, enum find_by by, const char *value), void *to)
{
    struct fault why;
    const struct station *station = own;
    const avro_value_t *event =
        entry->event ? recall_event(station->recall, station->reader, entry->schema_no,
                                    entry->event, entry->event_size, &why)
                     : NULL;
    return event && facets_of(event, emit, to);
}

/* The index has all that is there. */
static void make_index(struct hall *hall)
{
    struct fault why;
    int64_t position = 0;
    const struct finder_options options = {.spool_file = hall->world.file,
                                           .spool = hall->world.spool,
                                           .teller = {tell, &hall->finders},
                                           .pause_ms = 1};
    hall->finder = finder_start(&options, &why);
    world_must(hall->finder, &why);
    for (int round = 0; position < hall->count; round++) {
        assert_true(round < 30000);
        world_must(spool_found_to(hall->world.reader, &position, &why), &why);
        (void)usleep(1000);
    }
}

static void name_document(const struct schema *schema, avro_value_t *event, const uint8_t *sha256)
{
    struct fault why;
    avro_value_t documents, document, field, branch;
    char hex[SHA256_HEX_SIZE];
    digest_hex(sha256, SHA256_SIZE, hex);
    assert_int_equal(avro_value_get_by_name(event, "documents", &documents, NULL), 0);
    assert_int_equal(avro_value_append(&documents, &document, NULL), 0);
    world_must(schema_reset_record(schema, &document, &why), &why);
    assert_int_equal(avro_value_get_by_name(&document, "sha256", &field, NULL), 0);
    assert_int_equal(avro_value_set_branch(&field, 1, &branch), 0);
    assert_int_equal(avro_value_set_string(&branch, hex), 0);
}

/* An entry that uses a file. */
struct handing {
    const char *partner, *from, *to;
    uint8_t used, named; /* the file of that first byte; named 0: none by its event */
    bool is_dead;
};

static void hand_over(struct hall *hall, const struct handing *handing)
{
    struct fault why;
    struct parcel parcel;
    uint8_t files[1][SHA256_SIZE] = {{handing->used}}, named[SHA256_SIZE] = {handing->named};
    const struct saying saying = {.type = "HANDED_OFF",
                                  .at = "2025-05-12",
                                  .code = DOSSIER,
                                  .from = handing->from,
                                  .to = handing->to};
    realm_event(hall->schema, &saying, &hall->event);
    if (handing->named)
        name_document(hall->schema, &hall->event, named);
    parcel_begin(&parcel, handing->partner, 1747035900000 + hall->count);
    struct spool_item *item = parcel_item(&parcel, ++hall->count, 1, 1);
    char *datum = wire_encode(hall->schema, &hall->event, &item->event_size, &why);
    world_must(datum, &why);
    item->event = handing->is_dead ? NULL : datum;
    item->schema_no = handing->is_dead ? 0 : hall->schema_no;
    item->cause = handing->is_dead ? "missing /" : NULL;
    item->dossier_code = DOSSIER;
    assert_true(member_number(&hall->event, "occurred_at", &item->occurred_at_ms));
    item->files = (const uint8_t(*)[SHA256_SIZE])files;
    item->file_count = handing->used != 0;
    (void)world_add(&hall->world, &parcel);
    free(datum);
}

static bool takes_part(struct hall *hall, const char *partner)
{
    struct fault why;
    bool takes = false;
    const struct caller caller = {hall->directory, directory_partner(hall->directory, partner)};
    const struct party_among dossier = {.dossier_code = DOSSIER};
    assert_non_null(caller.partner);
    world_must(party_takes_part(&hall->station, &caller, &dossier, NULL, &takes, &why), &why);
    return takes;
}

static bool may_see(struct hall *hall, const char *partner, uint8_t file)
{
    struct fault why;
    bool may = false;
    uint8_t sha256[SHA256_SIZE] = {file};
    const struct caller caller = {hall->directory, directory_partner(hall->directory, partner)};
    world_must(custody_may_see(&hall->station, &caller, sha256, &may, &why), &why);
    return may;
}

static const struct handing of_old = {"commune", "H09.40.12", "000.00.40.H09", 1, 1, false};
static const struct handing of_later = {"province", "H09", "H08", 1, 1, false};

/* District by its alias, the province as what is above, the city as what succeeds it. */
static void expect_all(struct hall *hall)
{
    static const char *const parts[] = {"commune", "district", "district-2", "province", "second"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!takes_part(hall, parts[i]) || !may_see(hall, parts[i], 1))
            fail_msg("%s has no part in it", parts[i]);
    }
    assert_false(takes_part(hall, "ward"));
    assert_false(may_see(hall, "ward", 1));
    assert_false(may_see(hall, "district", 2));
}

static void a_part_counts_however_much_came_after_it(void **state)
{
    struct hall *hall = *state;
    hand_over(hall, &of_old);
    for (int i = 0; i < LATER; i++)
        hand_over(hall, &of_later);
    expect_all(hall); /* one by one */
    make_index(hall);
    expect_all(hall); /* by the index */
    hand_over(hall, &(struct handing){"second", "H08", "H29", 1, 1, false});
    assert_true(takes_part(hall, "city")); /* whether or not it has that by now */
    assert_true(may_see(hall, "city", 1));
}

static void what_was_never_valid_gives_no_part(void **state)
{
    struct hall *hall = *state;
    hand_over(hall, &of_old);
    hand_over(hall, &(struct handing){"hub", NULL, NULL, 0, 0, true});
    for (int i = 0; i < 2; i++) {
        assert_false(takes_part(hall, "hub"));
        assert_false(may_see(hall, "hub", 1));
        for (int k = 0; i == 0 && k < LATER; k++)
            hand_over(hall, &of_later);
        if (i == 0)
            make_index(hall);
    }
}

static void a_file_that_only_came_along_is_its_senders(void **state)
{
    struct hall *hall = *state;
    hand_over(hall, &(struct handing){"commune", "H09.40.12", "H09.40", 3, 1, false});
    for (int i = 0; i < LATER; i++)
        hand_over(hall, &(struct handing){"province", "H09", "H08", 3, 3, false});
    make_index(hall);
    assert_true(may_see(hall, "commune", 3));
    assert_false(may_see(hall, "district", 3));
    assert_true(takes_part(hall, "district"));
}

#define IN_HALL(test) cmocka_unit_test_setup_teardown(test, open_hall, close_hall)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HALL(a_part_counts_however_much_came_after_it),
        IN_HALL(what_was_never_valid_gives_no_part),
        IN_HALL(a_file_that_only_came_along_is_its_senders),
    };
    return cmocka_run_group_tests_name("party", tests, NULL, NULL);
}
