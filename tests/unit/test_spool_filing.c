/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery_world.h"

#include "spool/filing.h"
#include "spool/find.h"

enum { SIZE = 12345 };

/* Files are told by one letter. */
static void name_file(char letter, uint8_t sha256[SHA256_SIZE])
{
    memset(sha256, letter, SHA256_SIZE);
}

static void name_event(int id, uint8_t event_id[UUID_SIZE])
{
    memset(event_id, 0, UUID_SIZE);
    memcpy(event_id, &id, sizeof id);
}

static void upload(struct world *world, const char *partner, char letter, int64_t at_ms)
{
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    name_file(letter, sha256);
    world_must(spool_note_upload(world->spool, partner, sha256, SIZE, at_ms, &why), &why);
}

static bool is_uploaded(struct world *world, const char *partner, char letter)
{
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    bool is_so;
    name_file(letter, sha256);
    world_must(spool_uploaded(world->reader, sha256, partner, &is_so, &why), &why);
    return is_so;
}

/* An entry that uses the files of `letters`; its event has its id. */
static struct spool_receipt add_using(struct world *world, int id, const char *letters)
{
    struct parcel parcel;
    uint8_t files[4][SHA256_SIZE];
    parcel_begin(&parcel, "motcua", ARRIVED_MS + id);
    struct spool_item *item = parcel_item(&parcel, id, id, 1);
    name_event(id, item->event_id);
    for (; letters[item->file_count]; item->file_count++)
        name_file(letters[item->file_count], files[item->file_count]);
    item->files = (const uint8_t(*)[SHA256_SIZE])files;
    return world_add(world, &parcel).receipts[0];
}

static void arrive_using(struct world *world, int64_t offset, char letter)
{
    struct landing landing;
    uint8_t files[1][SHA256_SIZE];
    landing_make(&landing, offset, 1, (const char *const[MOST_TARGETS]){"hue"});
    name_file(letter, files[0]);
    landing.arrival.files = (const uint8_t(*)[SHA256_SIZE])files;
    landing.arrival.file_count = 1;
    world_land(world, &landing);
}

static bool list_number(void *own, const struct spool_entry *entry)
{
    char *listing = own;
    size_t used = strlen(listing);
    (void)snprintf(listing + used, LISTING_SIZE - used, "%s%" PRId64, used ? " " : "",
                   entry->entry);
    return true;
}

static bool arrival_uses(struct world *world, int64_t arrival, char letter)
{
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    bool uses;
    name_file(letter, sha256);
    world_must(spool_arrival_uses(world->reader, arrival, sha256, &uses, &why), &why);
    return uses;
}

static bool event_uses(struct world *world, int64_t entry, int event, char letter)
{
    struct fault why;
    uint8_t sha256[SHA256_SIZE], event_id[UUID_SIZE];
    bool uses;
    name_file(letter, sha256);
    name_event(event, event_id);
    world_must(spool_event_uses(world->reader, entry, event_id, sha256, &uses, &why), &why);
    return uses;
}

static void assert_users(struct world *world, char letter, const char *entries)
{
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    char listing[LISTING_SIZE] = "";
    int64_t next;
    const struct find_filter filter = {.file = sha256, .state = -1, .newest_first = true};
    name_file(letter, sha256);
    world_must(spool_search(world->reader, &filter, list_number, listing, &next, &why), &why);
    assert_string_equal(listing, entries);
}

static bool list_file(void *own, const uint8_t *sha256)
{
    char *listing = own;
    listing[strlen(listing)] = (char)sha256[SHA256_SIZE - 1];
    return true;
}

static void assert_idle(struct world *world, int64_t before_ms, size_t limit, const char *expected)
{
    struct fault why;
    char listing[LISTING_SIZE] = "";
    world_must(spool_idle_files(world->reader, before_ms, limit, list_file, listing, &why), &why);
    assert_string_equal(listing, expected);
}

static void a_file_is_of_those_who_brought_it(void **state)
{
    struct world *world = *state;
    upload(world, "motcua", 'a', 100);
    upload(world, "congdvc", 'a', 200);
    upload(world, "", 'b', 300);
    assert_true(is_uploaded(world, "motcua", 'a'));
    assert_true(is_uploaded(world, "congdvc", 'a'));
    assert_false(is_uploaded(world, "", 'a'));
    assert_false(is_uploaded(world, "hue", 'a'));
    assert_true(is_uploaded(world, "", 'b'));
    assert_false(is_uploaded(world, "motcua", 'b'));
}

static void a_file_tells_what_uses_it(void **state)
{
    struct world *world = *state;
    (void)add_using(world, 1, "ab");
    (void)add_using(world, 2, "");
    (void)add_using(world, 3, "a");
    (void)add_using(world, 3, "a"); /* a repeat */
    arrive_using(world, 1, 'b');
    arrive_using(world, 1, 'b'); /* read twice */
    assert_users(world, 'a', "3 1");
    assert_users(world, 'b', "1");
    assert_users(world, 'c', "");
    assert_true(arrival_uses(world, 1, 'b'));
    assert_false(arrival_uses(world, 1, 'a'));
    assert_false(arrival_uses(world, 3, 'a'));
    assert_false(arrival_uses(world, 2, 'b'));
}

/* However many came after it: a form, or a stamp, goes with every letter of some senders. */
static void an_event_uses_what_its_own_entry_uses(void **state)
{
    enum { LETTERS = 300 };
    struct world *world = *state;
    int64_t entries[LETTERS + 1];
    for (int id = 1; id <= LETTERS; id++)
        entries[id] = add_using(world, id, id % 2 ? "ab" : "a").entry;
    for (int id = 1; id <= LETTERS; id++) {
        assert_true(event_uses(world, entries[id], id, 'a'));
        assert_int_equal(event_uses(world, entries[id], id, 'b'), id % 2);
    }
    assert_false(event_uses(world, entries[1], 2, 'a')); /* another's event */
    assert_false(event_uses(world, entries[1], 1, 'c'));
    assert_false(event_uses(world, LETTERS + 1, 1, 'a'));
    assert_false(event_uses(world, 0, 1, 'a')); /* its record does not say */
}

static void a_file_is_idle_when_it_is_old_and_nothing_uses_it(void **state)
{
    struct world *world = *state;
    struct fault why;
    int64_t count;
    for (const char *letter = "abcd"; *letter; letter++)
        upload(world, "motcua", *letter, 100);
    (void)add_using(world, 1, "a");
    arrive_using(world, 1, 'b');
    assert_idle(world, 100, 10, "");
    assert_idle(world, 101, 10, "cd");
    assert_idle(world, 101, 1, "c");
    upload(world, "motcua", 'c', 150); /* brought again */
    upload(world, "hue", 'd', 150);
    assert_idle(world, 101, 10, "");
    assert_idle(world, 151, 10, "cd");
    world_publish(world, 1);
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(1, 0));
    world_must(spool_prune(world->spool, ARRIVED_MS * 2, &count, &why), &why);
    assert_int_equal(count, 1);
    assert_users(world, 'a', "");
    assert_false(arrival_uses(world, 1, 'b'));
    assert_idle(world, 151, 10, "abcd");
}

static void a_file_in_use_is_not_forgotten(void **state)
{
    struct world *world = *state;
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    upload(world, "motcua", 'a', 100);
    upload(world, "motcua", 'b', 100);
    (void)add_using(world, 1, "a");
    name_file('a', sha256);
    assert_false(spool_forget_upload(world->spool, sha256, INT64_MAX, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_true(is_uploaded(world, "motcua", 'a'));
    name_file('b', sha256);
    world_must(spool_forget_upload(world->spool, sha256, INT64_MAX, &why), &why);
    assert_false(is_uploaded(world, "motcua", 'b'));
    assert_idle(world, 1000, 10, "");
}

/* What was written before the conflict goes again; the kept document still uses its files. */
static void a_document_in_conflict_uses_the_files_that_are_kept_with_it(void **state)
{
    struct world *world = *state;
    struct parcel parcel;
    uint8_t files[2][SHA256_SIZE];
    (void)add_using(world, 1, "a");
    parcel_begin(&parcel, "motcua", ARRIVED_MS);
    for (int i = 0; i < 2; i++) {
        struct spool_item *item = parcel_item(&parcel, i == 0 ? 2 : 1, 1, 2);
        name_file(i == 0 ? 'b' : 'c', files[i]);
        item->files = (const uint8_t(*)[SHA256_SIZE])files[i];
        item->file_count = 1;
    }
    assert_int_equal(world_add(world, &parcel).receipts[0].verdict, SPOOL_CONFLICT);
    assert_users(world, 'a', "1");
    assert_users(world, 'b', "");
    assert_users(world, 'c', "2");
}

#define SENTENCE(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(a_file_is_of_those_who_brought_it),
        SENTENCE(a_file_tells_what_uses_it),
        SENTENCE(an_event_uses_what_its_own_entry_uses),
        SENTENCE(a_file_is_idle_when_it_is_old_and_nothing_uses_it),
        SENTENCE(a_file_in_use_is_not_forgotten),
        SENTENCE(a_document_in_conflict_uses_the_files_that_are_kept_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
