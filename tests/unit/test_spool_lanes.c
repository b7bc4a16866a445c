/* SPDX-License-Identifier: Apache-2.0 */
/* The lanes of deliveries against a model small enough to be seen right: thousands of random
 * arrivals, settlements of all kinds, re-routes, prunes and restarts, and both must agree. */
#include "delivery_world.h"

#include "base/clock.h"

enum { STEPS = 1500, MOST_DELIVERIES = 6000, DOSSIERS = 6, PARTNERS = 3, PRUNE_AGE = 300 };
static const char *const partners[PARTNERS] = {"hue", "hanoi", "saigon"};
static const int NOBODY = -1;

/* What the model knows of a delivery; where it stands in a lane follows from the rest. */
struct known {
    int64_t number;
    int64_t offset;
    int partner; /* or NOBODY */
    int dossier;
    bool is_dead; /* as long as it stands first */
    bool is_delivered, is_discarded, is_pruned;
};

struct model {
    struct world world;
    uint64_t random;
    int64_t offset;
    int64_t arrivals;
    struct known deliveries[MOST_DELIVERIES];
    size_t count;
};

static int draw(struct model *model, int below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return (int)(model->random % (uint64_t)below);
}

static bool is_undone(const struct known *known)
{
    return !known->is_delivered && !known->is_discarded;
}

static bool are_of_one_lane(const struct known *one, const struct known *other)
{
    return one->partner != NOBODY && one->partner == other->partner && one->dossier != 0 &&
           one->dossier == other->dossier;
}

/* The first undone of its lane, which may be itself. */
static const struct known *head_of(const struct model *model, const struct known *known)
{
    for (size_t i = 0; i < model->count; i++)
        if (is_undone(&model->deliveries[i]) && are_of_one_lane(&model->deliveries[i], known))
            return &model->deliveries[i];
    return known;
}

static enum delivery_state state_of(const struct model *model, const struct known *known)
{
    if (known->is_delivered)
        return DELIVERY_DELIVERED;
    if (known->is_discarded)
        return DELIVERY_DISCARDED;
    if (head_of(model, known) != known)
        return DELIVERY_PARKED;
    return known->is_dead ? DELIVERY_DEAD : DELIVERY_WAITING;
}

/* A dead one that does not stand first any more will be tried again. */
static void forget_parked(struct model *model)
{
    for (size_t i = 0; i < model->count; i++)
        if (is_undone(&model->deliveries[i]) &&
            state_of(model, &model->deliveries[i]) == DELIVERY_PARKED)
            model->deliveries[i].is_dead = false;
}

static void arrive(struct model *model)
{
    struct landing landing;
    const char *names[MOST_TARGETS] = {NULL};
    int dossier = draw(model, DOSSIERS);
    int count = draw(model, MOST_TARGETS);
    int64_t offset = model->offset++;
    if (count > 0)
        model->arrivals++;
    for (int i = 0; i < count; i++) {
        int partner = draw(model, 8) == 0 ? NOBODY : draw(model, PARTNERS);
        names[i] = partner == NOBODY ? "-" : partners[partner];
        assert_true(model->count < MOST_DELIVERIES);
        model->deliveries[model->count++] =
            (struct known){.number = delivery_of(model->arrivals, i),
                           .offset = offset,
                           .partner = partner,
                           .dossier = dossier,
                           .is_dead = partner == NOBODY};
    }
    landing_make(&landing, offset, dossier, names);
    world_land(&model->world, &landing);
    assert_int_equal(spool_last_arrival(model->world.spool), model->arrivals);
}

/* The same record once more changes nothing but the counter. */
static void arrive_again(struct model *model)
{
    struct landing landing;
    if (model->offset == 0)
        return;
    landing_make(&landing, draw(model, (int)model->offset), 1,
                 (const char *const[MOST_TARGETS]){"hue"});
    world_land(&model->world, &landing);
    model->arrivals++;
}

static struct known *draw_known(struct model *model)
{
    for (int i = 0; i < 20 && model->count > 0; i++) {
        struct known *known = &model->deliveries[draw(model, (int)model->count)];
        if (!known->is_pruned && (is_undone(known) || draw(model, 10) == 0))
            return known;
    }
    return NULL;
}

static bool may_settle(enum settlement_kind kind, enum delivery_state state, int partner)
{
    switch (kind) {
    case SETTLE_DELIVERED:
        return state == DELIVERY_WAITING || state == DELIVERY_PARKED;
    case SETTLE_AGAIN:
    case SETTLE_DEAD:
        return state == DELIVERY_WAITING;
    case SETTLE_DISCARD:
        return state == DELIVERY_DEAD;
    case SETTLE_RELEASE:
        return state == DELIVERY_DEAD && partner != NOBODY;
    case SETTLE_REROUTE:
        return state != DELIVERY_DELIVERED && state != DELIVERY_DISCARDED;
    }
    return false;
}

static void settle(struct model *model)
{
    struct fault why;
    struct known *known = draw_known(model);
    /* Mostly delivered, or nothing would ever end. */
    enum settlement_kind kind =
        draw(model, 3) ? SETTLE_DELIVERED : (enum settlement_kind)draw(model, SETTLE_REROUTE + 1);
    int partner = draw(model, PARTNERS);
    if (!known)
        return;
    bool may = may_settle(kind, state_of(model, known), known->partner);
    bool is_done = world_try_settle(&model->world, kind, known->number,
                                    kind == SETTLE_REROUTE ? partners[partner] : NULL, &why);
    assert_true(is_done == may);
    if (!is_done) {
        assert_int_equal(why.kind, FAULT_REFUSE);
        return;
    }
    known->is_delivered = kind == SETTLE_DELIVERED;
    known->is_discarded = kind == SETTLE_DISCARD;
    known->is_dead = kind == SETTLE_DEAD;
    if (kind == SETTLE_REROUTE)
        known->partner = partner;
    forget_parked(model);
}

struct reading {
    struct model *model;
    size_t at;
    int64_t states[PARTNERS + 1][DELIVERY_STATE_COUNT];
};

static bool compare_delivery(void *own, const struct spool_delivery *delivery)
{
    struct reading *reading = own;
    struct model *model = reading->model;
    while (reading->at < model->count && model->deliveries[reading->at].is_pruned)
        reading->at++;
    assert_true(reading->at < model->count);
    const struct known *known = &model->deliveries[reading->at++];
    assert_int_equal(delivery->delivery, known->number);
    assert_int_equal(delivery->offset, known->offset);
    assert_int_equal(delivery->state, state_of(model, known));
    if (known->partner == NOBODY)
        assert_null(delivery->partner);
    else
        assert_string_equal(delivery->partner, partners[known->partner]);
    if (delivery->state == DELIVERY_PARKED)
        assert_int_equal(delivery->behind, head_of(model, known)->number);
    return true;
}

/* Every partner's due ones are the heads that wait; with no dates they come in their order. */
struct due {
    const struct model *model;
    int partner;
    size_t at;
};

static bool is_due(const struct model *model, size_t at, int partner)
{
    const struct known *known = &model->deliveries[at];
    return !known->is_pruned && known->partner == partner &&
           state_of(model, known) == DELIVERY_WAITING;
}

static bool compare_due(void *own, const struct spool_delivery *delivery)
{
    struct due *due = own;
    while (due->at < due->model->count && !is_due(due->model, due->at, due->partner))
        due->at++;
    assert_true(due->at < due->model->count);
    assert_int_equal(delivery->delivery, due->model->deliveries[due->at].number);
    assert_non_null(delivery->event);
    due->at++;
    return true;
}

static void compare_due_ones(struct model *model)
{
    struct fault why;
    for (int partner = 0; partner < PARTNERS; partner++) {
        struct due due = {model, partner, 0};
        const struct delivery_call call = {
            .partner = partners[partner], .now_ms = ARRIVED_MS * 2, .limit = MOST_DELIVERIES};
        world_must(spool_due(model->world.reader, &call, compare_due, &due, &why), &why);
        while (due.at < model->count)
            assert_false(is_due(model, due.at++, partner));
    }
}

static bool compare_sum(void *own, const struct delivery_sum *sum)
{
    struct reading *reading = own;
    int at = 0;
    while (at < PARTNERS && (!sum->partner || strcmp(partners[at], sum->partner) != 0))
        at++;
    int64_t *states = reading->states[at];
    assert_int_equal(sum->waiting, states[DELIVERY_WAITING]);
    assert_int_equal(sum->parked, states[DELIVERY_PARKED]);
    assert_int_equal(sum->dead, states[DELIVERY_DEAD]);
    assert_int_equal(sum->delivered, states[DELIVERY_DELIVERED]);
    assert_int_equal(sum->discarded, states[DELIVERY_DISCARDED]);
    assert_true((sum->waiting + sum->parked + sum->dead > 0) == (sum->oldest_ms > 0));
    memset(states, 0, sizeof reading->states[at]);
    return true;
}

static void compare_sums(struct model *model)
{
    struct fault why;
    struct spool_levels levels;
    struct reading reading = {.model = model};
    int64_t totals[DELIVERY_STATE_COUNT] = {0};
    for (size_t i = 0; i < model->count; i++) {
        const struct known *known = &model->deliveries[i];
        enum delivery_state state = state_of(model, known);
        reading.states[known->partner == NOBODY ? PARTNERS : known->partner][state]++;
        totals[state]++;
    }
    spool_levels(model->world.spool, &levels);
    assert_int_equal(levels.deliveries_waiting, totals[DELIVERY_WAITING]);
    assert_int_equal(levels.deliveries_parked, totals[DELIVERY_PARKED]);
    assert_int_equal(levels.deliveries_dead, totals[DELIVERY_DEAD]);
    world_must(spool_delivery_sums(model->world.reader, compare_sum, &reading, &why), &why);
    static const int64_t none[PARTNERS + 1][DELIVERY_STATE_COUNT];
    assert_memory_equal(reading.states, none, sizeof none); /* each has its sum */
}

static void compare_all(struct model *model)
{
    struct fault why;
    struct reading reading = {.model = model};
    const struct delivery_filter all = {.state = -1};
    world_must(spool_deliveries(model->world.reader, &all, compare_delivery, &reading, &why), &why);
    while (reading.at < model->count)
        assert_true(model->deliveries[reading.at++].is_pruned);
    compare_due_ones(model);
    compare_sums(model);
}

static bool is_arrival_over(const struct model *model, int64_t arrival)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->deliveries[i].number / DELIVERIES_PER_ARRIVAL == arrival &&
            is_undone(&model->deliveries[i]))
            return false;
    return true;
}

/* What is old and wholly over is gone, and nothing else. */
static void prune(struct model *model)
{
    struct fault why;
    int64_t count;
    int64_t before = model->offset - PRUNE_AGE;
    world_must(spool_prune(model->world.spool, ARRIVED_MS + before, &count, &why), &why);
    for (size_t i = 0; i < model->count; i++) {
        struct known *known = &model->deliveries[i];
        known->is_pruned |= known->offset < before &&
                            is_arrival_over(model, known->number / DELIVERIES_PER_ARRIVAL);
    }
    compare_all(model);
}

static void restart(struct model *model)
{
    world_close(&model->world);
    world_open(&model->world);
    model->arrivals = spool_last_arrival(model->world.spool);
    compare_all(model);
}

static const struct {
    int share; /* of 100 steps */
    void (*act)(struct model *model);
} acts[] = {{35, arrive},     {2, arrive_again}, {58, settle},
            {2, compare_all}, {2, prune},        {1, restart}};

static void act(struct model *model)
{
    int drawn = draw(model, 100);
    size_t at = 0;
    for (; drawn >= acts[at].share; at++)
        drawn -= acts[at].share;
    acts[at].act(model);
}

static void run_model(uint64_t seed)
{
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    model->random = seed;
    world_make(&model->world);
    for (int step = 0; step < STEPS; step++)
        act(model);
    compare_all(model);
    world_check(&model->world);
    world_end(&model->world);
    free(model);
}

static void lanes_and_their_model_agree(void **state)
{
    (void)state;
    run_model(0x9E3779B97F4A7C15);
    run_model(20250701);
    run_model(63);
}

/* The same with a seed of the moment: what it finds once, its number repeats. */
static void lanes_and_their_model_agree_by_chance(void **state)
{
    (void)state;
    uint64_t seed = (uint64_t)clock_now_ms();
    print_message("seed %llu\n", (unsigned long long)seed);
    run_model(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_and_their_model_agree),
        cmocka_unit_test(lanes_and_their_model_agree_by_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
