/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery_world.h"

enum { LATER_MS = 100000000 };

/* ---- arriving ---- */

static void an_arrival_becomes_a_delivery_for_each_target(void **state)
{
    struct world *world = *state;
    struct landing landing;
    landing_make(&landing, 5, 1, (const char *const[MOST_TARGETS]){"hue", "-", "hanoi"});
    world_land(world, &landing);
    assert_all_deliveries(world, "1.0@hue=W 1.1@-=D 1.2@hanoi=W");
    assert_int_equal(spool_last_arrival(world->spool), 1);
}

static bool compare_whole(void *own, const struct spool_delivery *delivery)
{
    const struct landing *landing = own;
    const struct spool_arrival *arrival = &landing->arrival;
    assert_int_equal(delivery->delivery, delivery_of(1, 0));
    assert_int_equal(delivery->state, DELIVERY_WAITING);
    assert_string_equal(delivery->partner, "hue");
    assert_string_equal(delivery->agency, "H09");
    assert_string_equal(delivery->reason, "it is handed over to H09");
    assert_string_equal(delivery->source, arrival->source);
    assert_string_equal(delivery->dossier_code, arrival->dossier_code);
    assert_string_equal(delivery->event_type, arrival->event_type);
    assert_string_equal(delivery->traceparent, arrival->traceparent);
    assert_string_equal(delivery->directory, arrival->directory);
    assert_int_equal(delivery->partition, 0);
    assert_int_equal(delivery->offset, 5);
    assert_memory_equal(delivery->event_id, arrival->event_id, UUID_SIZE);
    assert_int_equal(delivery->occurred_at_ms, arrival->occurred_at_ms);
    assert_int_equal(delivery->due_at_ms, arrival->due_at_ms);
    assert_int_equal(delivery->arrived_at_ms, arrival->arrived_at_ms);
    assert_int_equal(delivery->since_ms, arrival->arrived_at_ms);
    assert_int_equal(delivery->attempts, 0);
    assert_int_equal(delivery->last_at_ms, 0);
    assert_int_equal(delivery->last_status, 0);
    assert_null(delivery->cause);
    assert_null(delivery->document_sha256);
    assert_int_equal(delivery->schema_no, arrival->schema_no);
    assert_int_equal(delivery->event_size, arrival->event_size);
    assert_memory_equal(delivery->event, arrival->event, arrival->event_size);
    assert_false(delivery->is_damaged);
    return true;
}

static void a_delivery_is_read_as_it_was_stored(void **state)
{
    struct world *world = *state;
    struct landing landing;
    struct fault why;
    landing_make(&landing, 5, 1, (const char *const[MOST_TARGETS]){"hue"});
    landing.arrival.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    landing.arrival.due_at_ms = ARRIVED_MS + 7;
    world_land(world, &landing);
    world_must(spool_find_delivery(world->reader, delivery_of(1, 0), compare_whole, &landing, &why),
               &why);
    assert_false(
        spool_find_delivery(world->reader, delivery_of(1, 1), compare_whole, &landing, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
}

static bool compare_bare(void *own, const struct spool_delivery *delivery)
{
    (void)own;
    assert_null(delivery->partner);
    assert_null(delivery->source);
    assert_null(delivery->dossier_code);
    assert_null(delivery->event_type);
    assert_string_equal(delivery->cause, "route /handoff/to_agency");
    assert_non_null(delivery->event);
    assert_int_equal(delivery->event_size, 0);
    return true;
}

static void what_could_not_be_read_is_kept_too(void **state)
{
    struct world *world = *state;
    struct landing landing;
    struct fault why;
    landing_make(&landing, 0, 0, (const char *const[MOST_TARGETS]){"-"});
    landing.arrival.source = landing.arrival.event_type = landing.arrival.directory = NULL;
    landing.arrival.event = NULL;
    landing.arrival.event_size = 0;
    world_land(world, &landing);
    world_must(spool_find_delivery(world->reader, delivery_of(1, 0), compare_bare, NULL, &why),
               &why);
}

static int64_t position_of(struct world *world, int32_t partition)
{
    struct fault why;
    int64_t next;
    world_must(spool_position(world->reader, EVENTS_TOPIC, partition, &next, &why), &why);
    return next;
}

static void what_is_read_twice_makes_no_second_delivery(void **state)
{
    struct world *world = *state;
    assert_int_equal(position_of(world, 0), -1);
    world_arrive(world, 5, 1, "hue");
    world_arrive(world, 6, 2, "hue");
    world_arrive(world, 5, 1, "hue");
    assert_int_equal(position_of(world, 0), 7);
    world_close(world);
    world_open(world);
    world_arrive(world, 6, 2, "hue");
    world_arrive(world, 7, 2, "hue");
    assert_all_deliveries(world, "1.0@hue=W 2.0@hue=W 4.0@hue=P");
}

static void what_concerns_nobody_moves_the_position_alone(void **state)
{
    struct world *world = *state;
    struct landing landing;
    landing_make(&landing, 5, 1, (const char *const[MOST_TARGETS]){NULL});
    world_land(world, &landing);
    assert_all_deliveries(world, "");
    assert_int_equal(position_of(world, 0), 6);
    assert_int_equal(spool_last_arrival(world->spool), 0);
}

static void a_batch_of_several_partitions_is_stored_whole(void **state)
{
    struct world *world = *state;
    struct fault why;
    struct landing landings[3];
    struct spool_arrival arrivals[3];
    for (int i = 0; i < 3; i++) {
        landing_make(&landings[i], i / 2, 1, (const char *const[MOST_TARGETS]){"hue"});
        arrivals[i] = landings[i].arrival;
        arrivals[i].partition = i % 2;
    }
    const struct spool_position positions[] = {{EVENTS_TOPIC, 0, 9}, {EVENTS_TOPIC, 1, 1}};
    world_must(spool_arrive(world->spool, arrivals, 3, positions, 2, &why), &why);
    assert_all_deliveries(world, "1.0@hue=W 2.0@hue=P 3.0@hue=P");
    assert_int_equal(position_of(world, 0), 9);
    assert_int_equal(position_of(world, 1), 1);
}

static void positions_are_replaced_also_back(void **state)
{
    struct world *world = *state;
    struct fault why;
    const struct spool_position stored[] = {
        {EVENTS_TOPIC, 0, 9}, {EVENTS_TOPIC, 1, 1}, {EVENTS_TOPIC, 2, 4}};
    const struct spool_position others[] = {{EVENTS_TOPIC, 0, 3}, {EVENTS_TOPIC, 1, 5}};
    world_must(spool_arrive(world->spool, NULL, 0, stored, 3, &why), &why);
    world_must(spool_replace_positions(world->spool, EVENTS_TOPIC, others, 2, &why), &why);
    assert_int_equal(position_of(world, 0), 3);
    assert_int_equal(position_of(world, 1), 5);
    assert_int_equal(position_of(world, 2), -1);
    world_must(spool_replace_positions(world->spool, EVENTS_TOPIC, NULL, 0, &why), &why);
    assert_int_equal(position_of(world, 0), -1);
}

static void an_arrival_without_a_position_is_refused(void **state)
{
    struct world *world = *state;
    struct fault why;
    struct landing landing;
    const struct spool_position position = {EVENTS_TOPIC, 3, 9};
    landing_make(&landing, 5, 1, (const char *const[MOST_TARGETS]){"hue"});
    assert_false(spool_arrive(world->spool, &landing.arrival, 1, &position, 1, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    landing.arrival.target_count = DELIVERIES_PER_ARRIVAL + 1;
    assert_false(world_try_landing(world, &landing, &why));
    assert_all_deliveries(world, "");
}

static void the_cluster_is_kept(void **state)
{
    struct world *world = *state;
    struct fault why;
    assert_null(spool_cluster(world->reader, &why));
    assert_int_equal(why.kind, FAULT_NONE);
    world_must(spool_set_cluster(world->spool, "lkc-1", &why), &why);
    world_must(spool_set_cluster(world->spool, "lkc-22", &why), &why);
    char *id = spool_cluster(world->reader, &why);
    assert_string_equal(id, "lkc-22");
    free(id);
}

/* ---- lanes ---- */

/* Each row: what is done to three deliveries of one lane and one of another, and what they are
 * then.  "dN" is delivered, "aN" again, "kN" dead, "xN" discarded, "rN" released; "!" before it: it
 * is refused. */
static const struct {
    const char *acts;
    const char *expected;
} lane_rows[] = {
    {"", "WPPW"},
    {"d1", "OWPW"},
    {"d1 d2", "OOWW"},
    {"d1 d2 d3 d4", "OOOO"},
    {"a1", "WPPW"},
    {"!a2 !k2 !x2 !r2", "WPPW"},
    {"k1", "DPPW"},
    {"k1 !d1 !a1 !k1", "DPPW"},
    {"k1 r1", "WPPW"},
    {"k1 x1", "XWPW"},
    {"k1 x1 k2 x2 d3", "XXOW"},
    {"d1 !d1 !a1 !k1 !x1 !r1", "OWPW"},
    {"!x1 !r1", "WPPW"},
    {"d2", "WOPW"}, /* it was under way when another came before it */
    {"d2 d1", "OOWW"},
    {"k1 d2 x1", "XOWW"},
};

static void act(struct world *world, const char *act)
{
    static const char letters[] = "dakxr";
    struct fault why;
    bool is_refused = *act == '!';
    act += is_refused;
    enum settlement_kind kind = (enum settlement_kind)(strchr(letters, act[0]) - letters);
    bool is_done = world_try_settle(world, kind, delivery_of(act[1] - '0', 0), NULL, &why);
    if (is_done == is_refused)
        fail_msg("%s: %s", act, is_done ? "it is done" : why.text);
    if (is_refused)
        assert_int_equal(why.kind, FAULT_REFUSE);
}

static void a_lane_goes_on_as_its_head_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lane_rows / sizeof lane_rows[0]; i++) {
        struct world world;
        char expected[LISTING_SIZE];
        const char *e = lane_rows[i].expected;
        world_make(&world);
        for (int offset = 1; offset <= 4; offset++)
            world_arrive(&world, offset, offset == 4 ? 2 : 1, "hue");
        for (const char *at = lane_rows[i].acts; *at; at += strcspn(at, " "), at += *at == ' ')
            act(&world, at);
        (void)snprintf(expected, sizeof expected, "1.0@hue=%c 2.0@hue=%c 3.0@hue=%c 4.0@hue=%c",
                       e[0], e[1], e[2], e[3]);
        assert_all_deliveries(&world, expected);
        world_check(&world);
        world_end(&world);
    }
}

static void a_lane_is_of_one_partner(void **state)
{
    struct world *world = *state;
    world_arrive(world, 1, 1, "hue");
    world_arrive(world, 2, 1, "hanoi");
    world_arrive(world, 3, 1, "hue");
    assert_all_deliveries(world, "1.0@hue=W 2.0@hanoi=W 3.0@hue=P");
}

static void what_has_no_dossier_waits_for_nothing(void **state)
{
    struct world *world = *state;
    world_arrive(world, 1, 0, "hue");
    world_arrive(world, 2, 0, "hue");
    world_settle_one(world, SETTLE_DEAD, delivery_of(1, 0));
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(2, 0));
    world_reroute(world, delivery_of(1, 0), "hanoi");
    assert_all_deliveries(world, "1.0@hanoi=W 2.0@hue=O");
}

static void a_settlement_outlives_the_process(void **state)
{
    struct world *world = *state;
    world_arrive(world, 1, 1, "hue");
    world_arrive(world, 2, 1, "hue");
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(1, 0));
    world_close(world);
    world_open(world);
    assert_all_deliveries(world, "1.0@hue=O 2.0@hue=W");
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(2, 0));
    assert_all_deliveries(world, "1.0@hue=O 2.0@hue=O");
}

/* ---- another way ---- */

static void a_rerouted_one_joins_the_other_lane_by_its_number(void **state)
{
    struct world *world = *state;
    static const char *const to[] = {"hue", "hanoi", "hue", "hanoi"};
    for (int offset = 1; offset <= 4; offset++)
        world_arrive(world, offset, 1, to[offset - 1]);
    world_reroute(world, delivery_of(3, 0), "hanoi");
    assert_all_deliveries(world, "1.0@hue=W 2.0@hanoi=W 3.0@hanoi=P 4.0@hanoi=P");
    world_reroute(world, delivery_of(1, 0), "hanoi"); /* before what stood first there */
    assert_all_deliveries(world, "1.0@hanoi=W 2.0@hanoi=P 3.0@hanoi=P 4.0@hanoi=P");
    world_settle_one(world, SETTLE_DEAD, delivery_of(1, 0));
    world_reroute(world, delivery_of(1, 0), "hue");
    assert_all_deliveries(world, "1.0@hue=W 2.0@hanoi=W 3.0@hanoi=P 4.0@hanoi=P");
}

static void a_dead_one_gives_way_to_an_earlier_one(void **state)
{
    struct world *world = *state;
    world_arrive(world, 1, 1, "hue");
    world_arrive(world, 2, 1, "hanoi");
    world_settle_one(world, SETTLE_DEAD, delivery_of(2, 0));
    world_reroute(world, delivery_of(1, 0), "hanoi");
    assert_all_deliveries(world, "1.0@hanoi=W 2.0@hanoi=P");
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(1, 0));
    assert_all_deliveries(world, "1.0@hanoi=O 2.0@hanoi=W");
}

static void a_wrong_time_does_not_keep_arrivals_behind_it(void **state)
{
    struct world *world = *state;
    struct fault why;
    int64_t count;
    for (int64_t offset = 1; offset <= 3; offset++) {
        struct landing landing;
        landing_make(&landing, offset, (int)offset, (const char *const[MOST_TARGETS]){"hue"});
        if (offset == 2)
            landing.arrival.arrived_at_ms = ARRIVED_MS * 2; /* in fifty years */
        world_land(world, &landing);
        world_settle_one(world, SETTLE_DELIVERED, delivery_of(offset, 0));
    }
    world_must(spool_prune(world->spool, ARRIVED_MS + 100, &count, &why), &why);
    assert_int_equal(world_ask(world, "SELECT count(*) FROM arrival"), 1);
    assert_int_equal(world_ask(world, "SELECT number FROM arrival"), 2);
}

static void the_head_that_goes_elsewhere_lets_its_lane_go_on(void **state)
{
    struct world *world = *state;
    world_arrive(world, 1, 1, "hue");
    world_arrive(world, 2, 1, "hue");
    world_settle_one(world, SETTLE_DEAD, delivery_of(1, 0));
    world_reroute(world, delivery_of(1, 0), "hanoi");
    assert_all_deliveries(world, "1.0@hanoi=W 2.0@hue=W");
    world_reroute(world, delivery_of(2, 0), "hue"); /* where it is */
    assert_all_deliveries(world, "1.0@hanoi=W 2.0@hue=W");
}

static void an_unroutable_one_blocks_nothing_and_is_given_a_partner(void **state)
{
    struct world *world = *state;
    struct fault why;
    world_arrive(world, 1, 1, "-");
    world_arrive(world, 2, 1, "hue");
    world_arrive(world, 3, 1, "-");
    assert_all_deliveries(world, "1.0@-=D 2.0@hue=W 3.0@-=D");
    assert_false(world_try_settle(world, SETTLE_RELEASE, delivery_of(1, 0), NULL, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_false(world_try_settle(world, SETTLE_REROUTE, delivery_of(1, 0), NULL, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world_reroute(world, delivery_of(1, 0), "hue");
    world_settle_one(world, SETTLE_DISCARD, delivery_of(3, 0));
    assert_all_deliveries(world, "1.0@hue=W 2.0@hue=P 3.0@-=X");
}

static void an_attempt_at_the_former_partner_counts_no_more(void **state)
{
    struct world *world = *state;
    struct fault why;
    world_arrive(world, 1, 1, "hue");
    world_reroute(world, delivery_of(1, 0), "hanoi");
    assert_false(world_try_settle(world, SETTLE_DELIVERED, delivery_of(1, 0), "hue", &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_all_deliveries(world, "1.0@hanoi=W");
    world_must(world_try_settle(world, SETTLE_DELIVERED, delivery_of(1, 0), "hanoi", &why), &why);
}

/* ---- what is due ---- */

static void the_most_urgent_are_due_first(void **state)
{
    struct world *world = *state;
    static const int64_t due_in_ms[] = {0, 5000, -9000, 5000};
    for (int i = 0; i < 4; i++) {
        struct landing landing;
        landing_make(&landing, i, i + 1, (const char *const[MOST_TARGETS]){"hue", "hanoi"});
        landing.arrival.due_at_ms = due_in_ms[i] ? ARRIVED_MS + due_in_ms[i] : 0;
        world_land(world, &landing);
    }
    assert_due(world, "hue", ARRIVED_MS + LATER_MS, "3.0@hue=W 2.0@hue=W 4.0@hue=W 1.0@hue=W");
    assert_due(world, "nobody", ARRIVED_MS + LATER_MS, "");
}

static int64_t next_due(struct world *world, const char *partner)
{
    struct fault why;
    int64_t at_ms;
    world_must(spool_next_due(world->reader, partner, &at_ms, &why), &why);
    return at_ms;
}

static void what_is_to_be_tried_again_is_due_when_its_time_has_come(void **state)
{
    struct world *world = *state;
    struct fault why;
    world_arrive(world, 0, 1, "hue");
    struct spool_settlement again = {.delivery = delivery_of(1, 0),
                                     .kind = SETTLE_AGAIN,
                                     .at_ms = ARRIVED_MS,
                                     .next_at_ms = ARRIVED_MS + 5000};
    world_must(world_settle_now(world, &again, &why), &why);
    assert_due(world, "hue", ARRIVED_MS + 4999, "");
    assert_due(world, "hue", ARRIVED_MS + 5000, "1.0@hue=W");
    assert_int_equal(next_due(world, "hue"), ARRIVED_MS + 5000);
    assert_true(next_due(world, "hanoi") == INT64_MAX);
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(1, 0));
    assert_true(next_due(world, "hue") == INT64_MAX);
}

static void assert_waiting(struct world *world, int64_t delivery, const char *partner,
                           bool expected)
{
    struct fault why;
    bool is_waiting = !expected;
    world_must(spool_is_waiting(world->reader, delivery, partner, &is_waiting, &why), &why);
    assert_int_equal(is_waiting, expected);
}

static void what_waits_for_a_partner_is_told_from_what_is_behind_it(void **state)
{
    struct world *world = *state;
    world_arrive(world, 1, 1, "hanoi");
    world_arrive(world, 2, 1, "hue");
    assert_waiting(world, delivery_of(2, 0), "hue", true);
    assert_waiting(world, delivery_of(2, 0), "hanoi", false);
    assert_waiting(world, delivery_of(2, 0), "nobody", false);
    assert_waiting(world, delivery_of(3, 0), "hue", false);
    world_reroute(world, delivery_of(1, 0), "hue");
    assert_waiting(world, delivery_of(1, 0), "hue", true);
    assert_waiting(world, delivery_of(2, 0), "hue", false);
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(1, 0));
    assert_waiting(world, delivery_of(2, 0), "hue", true);
}

static void hasten(struct world *world, int64_t now_ms, int64_t beyond_ms, int64_t after_ms,
                   int64_t by_ms)
{
    struct fault why;
    world_must(spool_hasten(world->spool,
                            &(struct spool_hastening){now_ms, beyond_ms, after_ms, by_ms}, &why),
               &why);
}

static void what_was_put_off_by_a_wrong_clock_is_tried_sooner(void **state)
{
    enum { WRONG_MS = 3600000, OFF_MS = 5000 };
    struct world *world = *state;
    struct fault why;
    world_arrive(world, 0, 1, "hue");
    world_arrive(world, 1, 2, "hue");
    const struct spool_settlement by_wrong = {.delivery = delivery_of(1, 0),
                                              .kind = SETTLE_AGAIN,
                                              .at_ms = ARRIVED_MS,
                                              .next_at_ms = ARRIVED_MS + WRONG_MS + OFF_MS};
    world_must(world_settle_now(world, &by_wrong, &why), &why);
    hasten(world, ARRIVED_MS + 1000, ARRIVED_MS + 1000, INT64_MIN, WRONG_MS);
    assert_due(world, "hue", ARRIVED_MS + OFF_MS - 1, "2.0@hue=W");
    assert_due(world, "hue", ARRIVED_MS + OFF_MS, "1.0@hue=W 2.0@hue=W");
    hasten(world, ARRIVED_MS + 10, ARRIVED_MS + OFF_MS, INT64_MIN, WRONG_MS);
    assert_int_equal(next_due(world, "hue"), ARRIVED_MS + 1); /* nothing lay beyond */
    hasten(world, ARRIVED_MS + 10, ARRIVED_MS + 20, INT64_MIN, WRONG_MS);
    assert_due(world, "hue", ARRIVED_MS + 10, "1.0@hue=W 2.0@hue=W");
}

/* It arrived, or was tried, just before the clock was put right, and is known by that. */
static void what_follows_a_clock_that_was_put_back_is_told_from_what_rightly_waits(void **state)
{
    enum { WRONG_MS = 3600000, OFF_MS = 5000 };
    struct world *world = *state;
    struct fault why;
    int64_t now_ms = ARRIVED_MS + 100;
    world_arrive(world, 0, 1, "hue");
    world_arrive(world, 1, 2, "hue");
    const struct spool_settlement settlements[] = {{.delivery = delivery_of(1, 0),
                                                    .kind = SETTLE_AGAIN,
                                                    .is_attempt = true,
                                                    .at_ms = ARRIVED_MS + WRONG_MS,
                                                    .next_at_ms = ARRIVED_MS + WRONG_MS + OFF_MS},
                                                   {.delivery = delivery_of(2, 0),
                                                    .kind = SETTLE_AGAIN,
                                                    .is_attempt = true,
                                                    .at_ms = ARRIVED_MS,
                                                    .next_at_ms = ARRIVED_MS + 2 * WRONG_MS}};
    for (size_t i = 0; i < sizeof settlements / sizeof *settlements; i++)
        world_must(world_settle_now(world, &settlements[i], &why), &why);
    hasten(world, now_ms, now_ms, now_ms, WRONG_MS);
    assert_due(world, "hue", ARRIVED_MS + OFF_MS, "1.0@hue=W");
    assert_due(world, "hue", ARRIVED_MS + 2 * WRONG_MS - 1, "1.0@hue=W");
}

static void
what_stood_behind_another_may_be_tried_at_once_whatever_the_clock_was_when_it_came(void **state)
{
    enum { WRONG_MS = 3600000 };
    struct world *world = *state;
    struct fault why;
    world_arrive(world, 0, 1, "hue");
    world_arrive(world, WRONG_MS, 1, "hue");
    const struct spool_settlement delivered = {
        .delivery = delivery_of(1, 0), .kind = SETTLE_DELIVERED, .at_ms = ARRIVED_MS + 10};
    world_must(world_settle_now(world, &delivered, &why), &why);
    assert_due(world, "hue", ARRIVED_MS + 9, "");
    assert_due(world, "hue", ARRIVED_MS + 10, "2.0@hue=W");
}

static bool note_since(void *own, const struct spool_delivery *delivery)
{
    *(int64_t *)own = delivery->since_ms;
    return true;
}

static void the_age_of_a_delivery_begins_when_it_may_be_tried(void **state)
{
    struct world *world = *state;
    struct fault why;
    int64_t since = 0;
    world_arrive(world, 0, 1, "hue");
    world_arrive(world, 1, 1, "hue");
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(1, 0));
    world_must(spool_find_delivery(world->reader, delivery_of(2, 0), note_since, &since, &why),
               &why);
    assert_int_equal(since, ARRIVED_MS + 60000);
}

/* ---- the record ---- */

static bool compare_attempt(void *own, const struct spool_delivery *delivery)
{
    const struct spool_settlement *settlement = own;
    assert_int_equal(delivery->attempts, 2);
    assert_int_equal(delivery->last_at_ms, settlement->at_ms);
    assert_int_equal(delivery->last_status, 200);
    assert_null(delivery->cause);
    assert_memory_equal(delivery->document_sha256, settlement->document_sha256, SHA256_SIZE);
    return true;
}

static void what_was_tried_and_delivered_is_told(void **state)
{
    struct world *world = *state;
    struct fault why;
    uint8_t digest[SHA256_SIZE];
    digest_sha256("document", 8, digest);
    world_arrive(world, 0, 1, "hue");
    world_settle_one(world, SETTLE_AGAIN, delivery_of(1, 0));
    struct spool_settlement settlement = {.delivery = delivery_of(1, 0),
                                          .kind = SETTLE_DELIVERED,
                                          .at_ms = ARRIVED_MS + 70000,
                                          .is_attempt = true,
                                          .status = 200,
                                          .document_sha256 = digest};
    world_must(world_settle_now(world, &settlement, &why), &why);
    world_must(
        spool_find_delivery(world->reader, delivery_of(1, 0), compare_attempt, &settlement, &why),
        &why);
}

static bool list_line(void *own, const struct spool_trail *line)
{
    char *listing = own;
    size_t used = strlen(listing);
    (void)snprintf(listing + used, LISTING_SIZE - used, "[%s %d %s]", line->kind, (int)line->status,
                   line->text ? line->text : "");
    return true;
}

static void a_trail_tells_failures_and_what_people_did(void **state)
{
    struct world *world = *state;
    struct fault why;
    char listing[LISTING_SIZE] = "";
    int64_t delivery = delivery_of(1, 0);
    world_arrive(world, 0, 1, "hue");
    world_settle_one(world, SETTLE_AGAIN, delivery);
    world_settle_one(world, SETTLE_DEAD, delivery);
    world_settle_one(world, SETTLE_RELEASE, delivery);
    world_reroute(world, delivery, "hanoi");
    const struct spool_settlement dead = {
        .delivery = delivery, .kind = SETTLE_DEAD, .cause = "write /Code"};
    world_must(world_settle_now(world, &dead, &why), &why);
    world_settle_one(world, SETTLE_DISCARD, delivery);
    world_must(spool_trail(world->reader, delivery, list_line, listing, &why), &why);
    assert_string_equal(listing, "[attempt 503 http:503: as said][attempt 503 http:503: as said]"
                                 "[released 503 as said][rerouted 503 as said][dead 0 write /Code]"
                                 "[discarded 503 as said]");
}

struct trail_span {
    int count;
    int64_t first, middle, last;
};

static bool note_line(void *own, const struct spool_trail *line)
{
    struct trail_span *span = own;
    if (span->count == 0)
        span->first = line->at_ms;
    if (span->count == TRAIL_LIMIT / 2)
        span->middle = line->at_ms;
    span->last = line->at_ms;
    span->count++;
    return true;
}

static void a_long_trail_keeps_its_oldest_and_newest_lines(void **state)
{
    struct world *world = *state;
    struct fault why;
    struct trail_span span = {0};
    world_arrive(world, 0, 1, "hue");
    for (int i = 1; i <= 3 * TRAIL_LIMIT; i++) {
        const struct spool_settlement again = {
            .delivery = delivery_of(1, 0), .kind = SETTLE_AGAIN, .at_ms = i, .is_attempt = true};
        world_must(world_settle_now(world, &again, &why), &why);
    }
    world_must(spool_trail(world->reader, delivery_of(1, 0), note_line, &span, &why), &why);
    assert_int_equal(span.count, TRAIL_LIMIT);
    assert_int_equal(span.first, 1);
    assert_int_equal(span.middle, 3 * TRAIL_LIMIT - TRAIL_LIMIT / 2 + 1);
    assert_int_equal(span.last, 3 * TRAIL_LIMIT);
}

/* ---- lists and sums ---- */

static void a_list_shows_what_its_filter_says(void **state)
{
    struct world *world = *state;
    struct landing landing;
    static const uint8_t third[UUID_SIZE] = {3};
    landing_make(&landing, 1, 1, (const char *const[MOST_TARGETS]){"hue", "-"});
    world_land(world, &landing);
    world_arrive(world, 2, 1, "hue");
    world_arrive(world, 3, 2, "hanoi");
    world_arrive(world, 4, 2, "hue");
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(3, 0));
    world_settle_one(world, SETTLE_DEAD, delivery_of(4, 0));
    const struct {
        struct delivery_filter filter;
        const char *expected;
    } rows[] = {
        {{.state = -1}, "1.0@hue=W 1.1@-=D 2.0@hue=P 3.0@hanoi=O 4.0@hue=D"},
        {{.state = -1, .limit = 2}, "1.0@hue=W 1.1@-=D"},
        {{.state = -1, .after = delivery_of(2, 0)}, "3.0@hanoi=O 4.0@hue=D"},
        {{.state = -1, .partner = "hue"}, "1.0@hue=W 2.0@hue=P 4.0@hue=D"},
        {{.state = -1, .partner = ""}, "1.1@-=D"},
        {{.state = -1, .partner = "saigon"}, ""},
        {{.state = -1, .dossier_code = "000.12.40.H09-250512-0002"}, "3.0@hanoi=O 4.0@hue=D"},
        {{.state = -1, .event_id = third}, "3.0@hanoi=O"},
        {{.state = DELIVERY_DEAD}, "1.1@-=D 4.0@hue=D"},
        {{.state = DELIVERY_DEAD, .partner = "hue"}, "4.0@hue=D"},
        {{.state = DELIVERY_DEAD, .limit = 1}, "1.1@-=D"},
        {{.state = DELIVERY_WAITING, .after = 2000}, ""},
        {{.state = DELIVERY_PARKED, .dossier_code = "000.12.40.H09-250512-0001"}, "2.0@hue=P"},
        {{.state = DELIVERY_DELIVERED}, "3.0@hanoi=O"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_deliveries(world, &rows[i].filter, rows[i].expected);
}

static bool note_behind(void *own, const struct spool_delivery *delivery)
{
    *(int64_t *)own = delivery->behind;
    return true;
}

static void a_parked_one_names_the_head_of_its_lane(void **state)
{
    struct world *world = *state;
    struct fault why;
    int64_t behind = -1;
    world_arrive(world, 1, 1, "hue");
    world_arrive(world, 2, 1, "hue");
    world_must(spool_find_delivery(world->reader, delivery_of(2, 0), note_behind, &behind, &why),
               &why);
    assert_int_equal(behind, delivery_of(1, 0));
    world_must(spool_find_delivery(world->reader, delivery_of(1, 0), note_behind, &behind, &why),
               &why);
    assert_int_equal(behind, 0);
}

static bool list_sum(void *own, const struct delivery_sum *sum)
{
    char *listing = own;
    size_t used = strlen(listing);
    (void)snprintf(listing + used, LISTING_SIZE - used, "[%s %d %d %d %d %d %d]",
                   sum->partner ? sum->partner : "-", (int)sum->waiting, (int)sum->parked,
                   (int)sum->dead, (int)sum->delivered, (int)sum->discarded,
                   sum->oldest_ms ? (int)(sum->oldest_ms - ARRIVED_MS) : -1);
    return true;
}

static void assert_sums(struct world *world, const char *expected)
{
    struct fault why;
    char listing[LISTING_SIZE] = "";
    world_must(spool_delivery_sums(world->reader, list_sum, listing, &why), &why);
    assert_string_equal(listing, expected);
}

static void the_sums_are_those_of_the_rows(void **state)
{
    struct world *world = *state;
    struct spool_levels levels;
    assert_sums(world, "");
    world_arrive(world, 1, 1, "-");
    world_arrive(world, 2, 1, "hue");
    world_arrive(world, 3, 1, "hue");
    world_arrive(world, 4, 2, "hanoi");
    assert_sums(world, "[- 0 0 1 0 0 1][hanoi 1 0 0 0 0 4][hue 1 1 0 0 0 2]");
    world_settle_one(world, SETTLE_DISCARD, delivery_of(1, 0));
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(2, 0));
    world_settle_one(world, SETTLE_DEAD, delivery_of(3, 0));
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(4, 0));
    assert_sums(world, "[- 0 0 0 0 1 -1][hanoi 0 0 0 1 0 -1][hue 0 0 1 1 0 3]");
    world_close(world);
    world_open(world);
    world_arrive(world, 5, 1, "hue");
    spool_levels(world->spool, &levels);
    assert_int_equal(levels.deliveries_waiting, 0);
    assert_int_equal(levels.deliveries_parked, 1);
    assert_int_equal(levels.deliveries_dead, 1);
}

static bool is_paused(struct world *world, const char *partner)
{
    struct fault why;
    bool is_so;
    world_must(spool_paused(world->reader, partner, &is_so, &why), &why);
    return is_so;
}

static void a_pause_is_kept_until_it_ends(void **state)
{
    struct world *world = *state;
    struct fault why;
    assert_false(is_paused(world, "hue"));
    world_must(spool_pause_partner(world->spool, "hue", true, &world_word, &why), &why);
    world_must(spool_pause_partner(world->spool, "hue", true, &world_word, &why), &why);
    world_close(world);
    world_open(world);
    assert_true(is_paused(world, "hue"));
    assert_false(is_paused(world, "hanoi"));
    world_must(spool_pause_partner(world->spool, "hue", false, &world_word, &why), &why);
    assert_false(is_paused(world, "hue"));
}

/* ---- without waiting ---- */

static void note_end(void *own, const struct fault *why)
{
    struct answer *answer = own;
    (void)pthread_mutex_lock(&answer->lock);
    if (why)
        answer->fault = *why;
    answer->is_given = true;
    (void)pthread_cond_signal(&answer->given);
    (void)pthread_mutex_unlock(&answer->lock);
}

static void wait_for(struct answer *answer)
{
    (void)pthread_mutex_lock(&answer->lock);
    while (!answer->is_given)
        (void)pthread_cond_wait(&answer->given, &answer->lock);
    (void)pthread_mutex_unlock(&answer->lock);
}

static void settlements_are_copied_and_answered_once_they_are_durable(void **state)
{
    struct world *world = *state;
    struct fault why;
    struct answer answer = ANSWER_INITIAL;
    char listing[LISTING_SIZE] = "";
    char cause[] = "http:500";
    for (int offset = 0; offset < 3; offset++)
        world_arrive(world, offset, 1, "hue");
    struct spool_settlement settlements[] = {
        {.delivery = delivery_of(1, 0), .kind = SETTLE_DELIVERED, .at_ms = 1},
        {.delivery = delivery_of(1, 0), .kind = SETTLE_DEAD, .at_ms = 2}, /* it is over */
        {.delivery = delivery_of(9, 0), .kind = SETTLE_DEAD, .at_ms = 2}, /* there is none */
        {.delivery = delivery_of(2, 0), .kind = SETTLE_DEAD, .at_ms = 3, .cause = cause},
    };
    world_must(spool_settle(world->spool, settlements, 4, note_end, &answer, &why), &why);
    memset(cause, 'x', sizeof cause);
    memset(settlements, 0, sizeof settlements);
    wait_for(&answer);
    assert_int_equal(answer.fault.kind, FAULT_NONE);
    assert_all_deliveries(world, "1.0@hue=O 2.0@hue=D 3.0@hue=P");
    world_must(spool_trail(world->reader, delivery_of(2, 0), list_line, listing, &why), &why);
    assert_string_equal(listing, "[dead 0 http:500]");
}

static void a_full_queue_takes_no_settlements(void **state)
{
    struct world *world = *state;
    struct fault why;
    struct answer answer = ANSWER_INITIAL;
    struct spool_settlement settlements[8];
    memset(settlements, 0, sizeof settlements);
    world_close(world);
    world->options.queue_entries = 7;
    world_open(world);
    assert_false(spool_settle(world->spool, settlements, 8, note_end, &answer, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_false(answer.is_given);
}

struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    int rings; /* guarded by lock */
};

static void ring(void *own)
{
    struct bell *bell = own;
    (void)pthread_mutex_lock(&bell->lock);
    bell->rings++;
    (void)pthread_cond_signal(&bell->rung);
    (void)pthread_mutex_unlock(&bell->lock);
}

static void wait_for_ring(struct bell *bell, int rings)
{
    (void)pthread_mutex_lock(&bell->lock);
    while (bell->rings < rings)
        (void)pthread_cond_wait(&bell->rung, &bell->lock);
    (void)pthread_mutex_unlock(&bell->lock);
}

static void who_watches_hears_of_changes(void **state)
{
    struct world *world = *state;
    struct fault why;
    struct bell bell = {.lock = PTHREAD_MUTEX_INITIALIZER, .rung = PTHREAD_COND_INITIALIZER};
    struct bell other = {.lock = PTHREAD_MUTEX_INITIALIZER, .rung = PTHREAD_COND_INITIALIZER};
    world_must(spool_on_delivery(world->spool, ring, &bell, &why), &why);
    for (int i = 1; i < 8; i++)
        world_must(spool_on_delivery(world->spool, ring, &other, &why), &why);
    assert_false(spool_on_delivery(world->spool, ring, &other, &why));
    world_arrive(world, 0, 1, "hue");
    wait_for_ring(&bell, 1);
    world_settle_one(world, SETTLE_DELIVERED, delivery_of(1, 0));
    wait_for_ring(&bell, 2);
    wait_for_ring(&other, 14);
    spool_off_delivery(world->spool, &bell);
    (void)world_add_one(world, 1, 1, 1); /* no delivery */
    world_arrive(world, 1, 1, "hue");
    wait_for_ring(&other, 21);
    world_settle(world);
    assert_int_equal(bell.rings, 2);
    spool_off_delivery(world->spool, &other);
    world_must(spool_on_delivery(world->spool, ring, &bell, &why), &why);
}

#define SENTENCE(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(an_arrival_becomes_a_delivery_for_each_target),
        SENTENCE(a_delivery_is_read_as_it_was_stored),
        SENTENCE(what_could_not_be_read_is_kept_too),
        SENTENCE(what_is_read_twice_makes_no_second_delivery),
        SENTENCE(what_concerns_nobody_moves_the_position_alone),
        SENTENCE(a_batch_of_several_partitions_is_stored_whole),
        SENTENCE(positions_are_replaced_also_back),
        SENTENCE(an_arrival_without_a_position_is_refused),
        SENTENCE(the_cluster_is_kept),
        cmocka_unit_test(a_lane_goes_on_as_its_head_ends),
        SENTENCE(a_lane_is_of_one_partner),
        SENTENCE(what_has_no_dossier_waits_for_nothing),
        SENTENCE(a_settlement_outlives_the_process),
        SENTENCE(a_rerouted_one_joins_the_other_lane_by_its_number),
        SENTENCE(a_dead_one_gives_way_to_an_earlier_one),
        SENTENCE(a_wrong_time_does_not_keep_arrivals_behind_it),
        SENTENCE(the_head_that_goes_elsewhere_lets_its_lane_go_on),
        SENTENCE(an_unroutable_one_blocks_nothing_and_is_given_a_partner),
        SENTENCE(an_attempt_at_the_former_partner_counts_no_more),
        SENTENCE(the_most_urgent_are_due_first),
        SENTENCE(what_is_to_be_tried_again_is_due_when_its_time_has_come),
        SENTENCE(what_waits_for_a_partner_is_told_from_what_is_behind_it),
        SENTENCE(what_was_put_off_by_a_wrong_clock_is_tried_sooner),
        SENTENCE(what_follows_a_clock_that_was_put_back_is_told_from_what_rightly_waits),
        SENTENCE(
            what_stood_behind_another_may_be_tried_at_once_whatever_the_clock_was_when_it_came),
        SENTENCE(the_age_of_a_delivery_begins_when_it_may_be_tried),
        SENTENCE(what_was_tried_and_delivered_is_told),
        SENTENCE(a_trail_tells_failures_and_what_people_did),
        SENTENCE(a_long_trail_keeps_its_oldest_and_newest_lines),
        SENTENCE(a_list_shows_what_its_filter_says),
        SENTENCE(a_parked_one_names_the_head_of_its_lane),
        SENTENCE(the_sums_are_those_of_the_rows),
        SENTENCE(a_pause_is_kept_until_it_ends),
        SENTENCE(settlements_are_copied_and_answered_once_they_are_durable),
        SENTENCE(a_full_queue_takes_no_settlements),
        SENTENCE(who_watches_hears_of_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
