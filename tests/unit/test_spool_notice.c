/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery_world.h"

#include <sqlite3.h>

static struct spool_notice notice_of(const char *datum)
{
    return (struct spool_notice){.topic = "deliveries",
                                 .key = "H09-1",
                                 .datum = datum,
                                 .size = strlen(datum),
                                 .schema_no = 1};
}

/* An unroutable arrival that tells `datum`. */
static void arrive_when(struct world *world, int64_t offset, const char *datum, int64_t at_ms)
{
    struct landing landing;
    const struct spool_notice notice = notice_of(datum);
    landing_make(&landing, offset, 1, (const char *const[MOST_TARGETS]){"-"});
    landing.arrival.notices = &notice;
    landing.arrival.notice_count = 1;
    landing.arrival.arrived_at_ms = at_ms;
    world_land(world, &landing);
}

static void arrive_telling(struct world *world, int64_t offset, const char *datum)
{
    arrive_when(world, offset, datum, ARRIVED_MS + offset);
}

/* "event@NUMBER" and "TOPIC:KEY:DATUM@NUMBER" words. */
static bool list_next(void *own, const struct spool_entry *entry)
{
    char *listing = own;
    size_t used = strlen(listing);
    const struct spool_notice *notice = entry->notice;
    if (!notice)
        (void)snprintf(listing + used, LISTING_SIZE - used, "%sevent@%" PRId64, used ? " " : "",
                       entry->number);
    else
        (void)snprintf(listing + used, LISTING_SIZE - used, "%s%s:%s:%.*s@%" PRId64,
                       used ? " " : "", notice->topic, notice->key, (int)notice->size,
                       notice->datum, entry->number);
    return true;
}

static void assert_next(struct world *world, struct spool_range range, const char *expected)
{
    struct fault why;
    int64_t damaged;
    char listing[LISTING_SIZE] = "";
    world_must(spool_next(world->reader, range, list_next, listing, &damaged, &why), &why);
    assert_string_equal(listing, expected);
}

static const struct spool_range all_of_it = {0, 100};

static void notices_and_entries_share_one_row_of_numbers(void **state)
{
    struct world *world = *state;
    (void)world_add_one(world, 1, 1, 1);
    arrive_telling(world, 1, "A");
    (void)world_add_one(world, 2, 1, 1);
    arrive_telling(world, 2, "B");
    arrive_telling(world, 3, "C");
    assert_next(world, all_of_it,
                "event@1 deliveries:H09-1:A@2 event@3 deliveries:H09-1:B@4 deliveries:H09-1:C@5");
    assert_next(world, (struct spool_range){1, 3},
                "deliveries:H09-1:A@2 event@3 deliveries:H09-1:B@4");
    world_close(world);
    world_open(world);
    assert_int_equal(world_add_one(world, 3, 1, 1).entry, 6);
    assert_next(world, (struct spool_range){4, 100}, "deliveries:H09-1:C@5 event@6");
}

static int64_t received_at(struct world *world, int64_t number)
{
    struct fault why;
    int64_t at_ms = -1;
    world_must(spool_received_at(world->reader, number, &at_ms, &why), &why);
    return at_ms;
}

static void when_a_number_came_is_known_whatever_became_of_it(void **state)
{
    struct world *world = *state;
    struct fault why;
    int64_t first = world_add_one(world, 1, 1, 1).received_at_ms;
    int64_t second = world_add_one(world, 2, 1, 1).received_at_ms;
    arrive_telling(world, 1, "A");
    int64_t told = received_at(world, 3);
    assert_true(told > 0);
    world_must(spool_bury(world->spool, 1, "kafka:refused", "", &why), &why); /* 2 is PARKED */
    world_must(spool_bury(world->spool, 3, "kafka:refused", "", &why), &why);
    assert_int_equal(received_at(world, 1), first);
    assert_int_equal(received_at(world, 2), second);
    assert_int_equal(received_at(world, 3), told);
    assert_int_equal(received_at(world, 4), 0);
    world_must(spool_discard(world->spool, 1, "a test", &why), &why); /* 2 is 4 now */
    assert_int_equal(received_at(world, 1), first);
    assert_int_equal(received_at(world, 2), second);
    assert_int_equal(received_at(world, 4), second);
}

static void what_is_passed_over_tells_nothing(void **state)
{
    struct world *world = *state;
    arrive_telling(world, 2, "A");
    arrive_telling(world, 2, "A");
    arrive_telling(world, 1, "B");
    assert_next(world, all_of_it, "deliveries:H09-1:A@1");
}

static void a_settlement_tells_when_it_took_effect(void **state)
{
    struct world *world = *state;
    struct fault why;
    const struct spool_notice notices[] = {notice_of("A"), notice_of("B")};
    const struct spool_settlement settlement = {.delivery = delivery_of(1, 0),
                                                .kind = SETTLE_DELIVERED,
                                                .at_ms = ARRIVED_MS,
                                                .notices = notices,
                                                .notice_count = 2};
    world_arrive(world, 1, 1, "hue");
    world_must(world_settle_now(world, &settlement, &why), &why);
    assert_false(world_settle_now(world, &settlement, &why));
    assert_next(world, all_of_it, "deliveries:H09-1:A@1 deliveries:H09-1:B@2");
}

static void nothing_is_waited_for_that_was_told(void **state)
{
    struct world *world = *state;
    struct spool_levels levels;
    assert_false(spool_wait_above(world->spool, 0, 0));
    arrive_telling(world, 1, "A");
    assert_true(spool_wait_above(world->spool, 0, 0));
    spool_levels(world->spool, &levels);
    assert_int_equal(levels.last_number, 1);
    assert_int_equal(levels.unpublished, 1);
    assert_int_equal(levels.dead, 0);
    world_publish(world, 1);
    assert_false(spool_wait_above(world->spool, 1, 0));
    world_close(world);
    world_open(world);
    assert_false(spool_wait_above(world->spool, 1, 0));
    assert_true(spool_wait_above(world->spool, 0, 0));
}

static bool fail_sum(void *own, const struct spool_sum *sum)
{
    (void)own;
    fail_msg("a sum of %s", sum->partner);
    return false;
}

static void notices_are_in_no_sum(void **state)
{
    struct world *world = *state;
    struct fault why;
    arrive_telling(world, 1, "A");
    world_must(spool_sums(world->reader, 20250101, 20270101, fail_sum, NULL, &why), &why);
}

static void old_published_notices_are_pruned_and_their_numbers_never_given_again(void **state)
{
    struct world *world = *state;
    struct fault why;
    int64_t count;
    for (int offset = 1; offset <= 4; offset++)
        arrive_telling(world, offset, "A");
    world_publish(world, 3);
    world_must(spool_prune(world->spool, ARRIVED_MS + 3, &count, &why), &why);
    assert_int_equal(count, 0); /* entries */
    assert_next(world, all_of_it, "deliveries:H09-1:A@3 deliveries:H09-1:A@4");
    world_publish(world, 4);
    world_must(spool_prune(world->spool, ARRIVED_MS + 100, &count, &why), &why);
    assert_next(world, all_of_it, "");
    world_close(world);
    world_open(world);
    assert_int_equal(world_add_one(world, 1, 1, 1).entry, 5);
}

static void a_wrong_time_does_not_keep_notices_behind_it(void **state)
{
    struct world *world = *state;
    struct fault why;
    int64_t count;
    arrive_telling(world, 1, "A");
    arrive_when(world, 2, "B", ARRIVED_MS * 2); /* in fifty years */
    arrive_telling(world, 3, "C");
    world_publish(world, 3);
    world_must(spool_prune(world->spool, ARRIVED_MS + 100, &count, &why), &why);
    assert_int_equal(world_ask(world, "SELECT count(*) FROM notice"), 1);
}

static void a_damaged_notice_is_found_and_passed_over(void **state)
{
    struct world *world = *state;
    struct fault why;
    sqlite3 *database = NULL;
    int64_t damaged = 0;
    char listing[LISTING_SIZE] = "";
    arrive_telling(world, 1, "A");
    arrive_telling(world, 2, "B");
    world_close(world);
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "UPDATE notice SET datum = x'00' WHERE number = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    world_open(world);
    assert_false(spool_next(world->reader, all_of_it, list_next, listing, &damaged, &why));
    assert_int_equal(damaged, 1);
    assert_int_equal(why.kind, FAULT_BROKEN);
    world_must(spool_bury(world->spool, 1, "spool:damaged", NULL, &why), &why);
    assert_false(spool_bury(world->spool, 1, "spool:damaged", NULL, &why));
    assert_next(world, all_of_it, "deliveries:H09-1:B@2");
    world_publish(world, 2);
    int64_t count;
    world_must(spool_prune(world->spool, ARRIVED_MS * 2, &count, &why), &why); /* for the check */
}

#define SENTENCE(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(notices_and_entries_share_one_row_of_numbers),
        SENTENCE(when_a_number_came_is_known_whatever_became_of_it),
        SENTENCE(what_is_passed_over_tells_nothing),
        SENTENCE(a_settlement_tells_when_it_took_effect),
        SENTENCE(nothing_is_waited_for_that_was_told),
        SENTENCE(notices_are_in_no_sum),
        SENTENCE(old_published_notices_are_pruned_and_their_numbers_never_given_again),
        SENTENCE(a_wrong_time_does_not_keep_notices_behind_it),
        SENTENCE(a_damaged_notice_is_found_and_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
