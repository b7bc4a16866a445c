/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery_world.h"

#include "base/cleanup.h"
#include "base/moment.h"
#include "operate/reconcile.h"
#include "spool/flow.h"

#include <sqlite3.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { DAY = 20250512, HOUR = 3600000 };

/* By hand, on a spool that nobody has open. */
static void plant(struct world *world, const char *sql)
{
    sqlite3 *database;
    world_close(world);
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    world_open(world);
}

static json_t *reconciled(struct world *world)
{
    struct fault why;
    json_t *answer = reconcile(world->reader, &(struct reconcile_days){DAY, DAY}, &why);
    world_must(answer, &why);
    return answer;
}

static void assert_mismatches(struct world *world, int count)
{
    auto_free(json_decref) json_t *answer = reconciled(world);
    if (json_integer_value(json_object_get(answer, "mismatches")) == count)
        return;
    auto_free(free) char *text = json_dumps(answer, JSON_INDENT(1));
    fail_msg("%s", text);
}

/* The row of one kind and partner ("": the unroutable ones). */
static const json_t *row_of(const json_t *answer, const char *kind, const char *partner)
{
    const json_t *items = json_object_get(answer, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *name = json_string_value(json_object_get(item, "partner"));
        if (strcmp(json_string_value(json_object_get(item, "kind")), kind) == 0 &&
            strcmp(name ? name : "", partner) == 0)
            return item;
    }
    fail_msg("no row of %s of %s", kind, partner);
    return NULL;
}

static void assert_number(const json_t *row, const char *name, int number)
{
    if (json_integer_value(json_object_get(row, name)) != number)
        fail_msg("%s is %d", name, (int)json_integer_value(json_object_get(row, name)));
}

/* Entries of one day in every state, and deliveries too. */
static void fill(struct world *world)
{
    struct fault why;
    const char *const nobody[MOST_TARGETS] = {"-", "hue"};
    struct landing landing;
    for (int id = 1; id <= 6; id++)
        (void)world_add_one(world, id, id % 3 + 1, 1);
    world_must(spool_bury(world->spool, 5, "kafka:MSG_SIZE_TOO_LARGE", "too large", &why), &why);
    world_publish(world, 3);
    spool_count_refused(world->spool, "motcua", ARRIVED_MS);
    for (int i = 1; i <= 4; i++)
        world_arrive(world, i, i, "hue");
    landing_make(&landing, 5, 1, nobody);
    world_land(world, &landing);
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(1, 0));
    world_settle_one(world, SETTLE_DEAD, delivery_of(2, 0));
    world_settle(world);
}

static void every_day_adds_up_in_every_state(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    fill(&world);
    auto_free(json_decref) json_t *answer = reconciled(&world);
    const json_t *entries = row_of(answer, "entries", "motcua");
    assert_number(entries, "received", 7);
    assert_number(entries, "published", 3);
    assert_number(entries, "dead", 1);
    assert_number(entries, "refused", 1);
    assert_number(entries, "missing", 0);
    const json_t *hue = row_of(answer, "deliveries", "hue");
    assert_number(hue, "arrived", 5);
    assert_number(hue, "delivered", 1);
    assert_number(hue, "dead", 1);
    assert_number(hue, "waiting", 3);
    assert_number(row_of(answer, "deliveries", ""), "dead", 1);
    assert_mismatches(&world, 0);
    world_end(&world);
}

static void what_is_re_routed_is_counted_where_it_goes(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    fill(&world);
    world_reroute(&world, delivery_of(5, 0), "danang");
    world_reroute(&world, delivery_of(3, 0), "danang");
    auto_free(json_decref) json_t *answer = reconciled(&world);
    assert_number(row_of(answer, "deliveries", "danang"), "moved", 2);
    assert_number(row_of(answer, "deliveries", "danang"), "waiting", 2);
    assert_number(row_of(answer, "deliveries", "hue"), "moved", -1);
    assert_mismatches(&world, 0);
    world_end(&world);
}

static void what_is_pruned_still_adds_up(void **state)
{
    (void)state;
    struct fault why;
    int64_t count;
    struct world world;
    world_make(&world);
    fill(&world);
    world_must(spool_prune(world.spool, ARRIVED_MS + HOUR, &count, &why), &why);
    auto_free(json_decref) json_t *answer = reconciled(&world);
    assert_number(row_of(answer, "deliveries", "hue"), "pruned", 1);
    assert_mismatches(&world, 0);
    world_end(&world);
}

static void a_row_that_is_gone_is_a_mismatch(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "DELETE FROM entry WHERE number = 2",
        "DELETE FROM delivery WHERE number = 1024",
        "UPDATE tally SET received = received + 1",
        "UPDATE delivery_tally SET arrived = arrived + 1 WHERE partner > 0",
        "DELETE FROM delivery_tally WHERE partner = 0",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct world world;
        world_make(&world);
        fill(&world);
        plant(&world, changes[i]);
        assert_mismatches(&world, 1);
        world_end(&world);
    }
}

static void csv_has_a_line_for_each_row_and_starts_no_formula(void **state)
{
    (void)state;
    size_t size;
    struct parcel parcel;
    struct world world;
    world_make(&world);
    parcel_begin(&parcel, "=cmd", ARRIVED_MS);
    (void)parcel_item(&parcel, 1, 1, 1);
    (void)world_add(&world, &parcel);
    auto_free(json_decref) json_t *answer = reconciled(&world);
    auto_free(free) char *csv = reconcile_csv(answer, &size);
    assert_string_equal(csv, "kind,day,partner,received,arrived,moved,published,delivered,waiting,"
                             "parked,dead,discarded,refused,pruned,repeated,missing\r\n"
                             "entries,2025-05-12,'=cmd,1,,,0,,1,0,0,0,0,0,0,0\r\n");
    assert_int_equal(size, strlen(csv));
    world_end(&world);
}

/* ---- flow ---- */

static void the_flow_is_of_sums_that_only_go_up(void **state)
{
    (void)state;
    struct fault why;
    struct spool_flow flow;
    struct world world;
    world_make(&world);
    fill(&world);
    world_must(spool_flow(world.reader, ARRIVED_MS, &flow, &why), &why);
    assert_int_equal(flow.received, 6);
    assert_int_equal(flow.refused, 1);
    assert_int_equal(flow.delivered, 1);
    world_must(spool_flow(world.reader, ARRIVED_MS + 24 * (int64_t)HOUR, &flow, &why), &why);
    assert_int_equal(flow.received, 0);
    world_end(&world);
}

static bool keep_hour(void *own, const struct spool_hour *hour)
{
    struct spool_hour *sum = own;
    sum->received += hour->received;
    sum->published += hour->published;
    sum->delivered += hour->delivered;
    return true;
}

static void hours_are_counted_from_their_first_row_on(void **state)
{
    (void)state;
    static const struct {
        int64_t from_ms;
        int received, delivered;
    } cases[] = {{ARRIVED_MS - HOUR, 7, 1},
                 {ARRIVED_MS, 7, 1},
                 {ARRIVED_MS + HOUR, 1, 0},
                 {ARRIVED_MS + 2 * HOUR, 0, 0}};
    struct world world;
    struct parcel later;
    world_make(&world);
    fill(&world);
    parcel_begin(&later, "motcua", ARRIVED_MS + HOUR + 5);
    (void)parcel_item(&later, 90, 90, 1);
    (void)world_add(&world, &later);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault why;
        struct spool_hour sum = {0};
        world_must(spool_hours(world.reader, cases[i].from_ms, keep_hour, &sum, &why), &why);
        if (sum.received != cases[i].received || sum.delivered != cases[i].delivered)
            fail_msg("case %zu: %d and %d", i, (int)sum.received, (int)sum.delivered);
    }
    world_end(&world);
}

static bool keep_last(void *own, const char *partner, int64_t at_ms)
{
    int64_t *last = own;
    assert_string_equal(partner, "motcua");
    *last = at_ms;
    return true;
}

static void a_source_was_heard_when_its_last_entry_came(void **state)
{
    (void)state;
    struct fault why;
    int64_t last = 0;
    struct world world;
    world_make(&world);
    fill(&world);
    world_must(spool_last_received(world.reader, keep_last, &last, &why), &why);
    assert_int_equal(last, ARRIVED_MS + 6);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_adds_up_in_every_state),
        cmocka_unit_test(what_is_re_routed_is_counted_where_it_goes),
        cmocka_unit_test(what_is_pruned_still_adds_up),
        cmocka_unit_test(a_row_that_is_gone_is_a_mismatch),
        cmocka_unit_test(csv_has_a_line_for_each_row_and_starts_no_formula),
        cmocka_unit_test(the_flow_is_of_sums_that_only_go_up),
        cmocka_unit_test(hours_are_counted_from_their_first_row_on),
        cmocka_unit_test(a_source_was_heard_when_its_last_entry_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
