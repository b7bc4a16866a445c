/* SPDX-License-Identifier: Apache-2.0 */
/* Arrivals and settlements for a spool in a folder of its own. */
#ifndef UNIT_DELIVERY_WORLD_H
#define UNIT_DELIVERY_WORLD_H

#include "spool_world.h"

#include "spool/deed.h"

#include <inttypes.h>

#define ARRIVED_MS INT64_C(1747035900000)
enum { MOST_TARGETS = 4, LISTING_SIZE = 600 };

static const char EVENTS_TOPIC[] = "t.dossier-events";

/* One arrival with what it points to. */
struct landing {
    struct spool_arrival arrival;
    struct spool_target targets[MOST_TARGETS];
    char event[64];
    char code[40];
};

/* An event of `dossier` (0: it has none) toward partners in blank-separated `names`; "-" is
 * nobody. */
static inline void landing_make(struct landing *landing, int64_t offset, int dossier,
                                const char *const names[MOST_TARGETS])
{
    memset(landing, 0, sizeof *landing);
    (void)snprintf(landing->event, sizeof landing->event, "<event at %" PRId64 ">", offset);
    (void)snprintf(landing->code, sizeof landing->code, "000.12.40.H09-250512-%04d", dossier);
    struct spool_arrival *arrival = &landing->arrival;
    *arrival = (struct spool_arrival){
        .partition = 0,
        .offset = offset,
        .arrived_at_ms = ARRIVED_MS + offset,
        .source = "motcua",
        .dossier_code = dossier ? landing->code : NULL,
        .event_type = "HANDED_OFF",
        .directory = "2025-05-12 a1",
        .occurred_at_ms = ARRIVED_MS - 1000,
        .event = landing->event,
        .event_size = strlen(landing->event),
        .schema_no = 1,
        .targets = landing->targets,
    };
    memcpy(arrival->event_id, &offset, sizeof offset);
    for (size_t i = 0; i < MOST_TARGETS && names[i]; i++) {
        bool is_nobody = strcmp(names[i], "-") == 0;
        landing->targets[arrival->target_count++] = (struct spool_target){
            .partner = is_nobody ? NULL : names[i],
            .agency = "H09",
            .reason = "it is handed over to H09",
            .cause = is_nobody ? "route /handoff/to_agency" : NULL,
        };
    }
}

/* Stores one arrival and moves the position behind it. */
static inline bool world_try_landing(struct world *world, const struct landing *landing,
                                     struct fault *why)
{
    const struct spool_position position = {EVENTS_TOPIC, landing->arrival.partition,
                                            landing->arrival.offset + 1};
    return spool_arrive(world->spool, &landing->arrival, 1, &position, 1, why);
}

static inline void world_land(struct world *world, const struct landing *landing)
{
    struct fault why;
    world_must(world_try_landing(world, landing, &why), &why);
}

/* The same, of one event toward one partner. */
static inline void world_arrive(struct world *world, int64_t offset, int dossier,
                                const char *partner)
{
    struct landing landing;
    const char *const names[MOST_TARGETS] = {partner};
    landing_make(&landing, offset, dossier, names);
    world_land(world, &landing);
}

static inline int64_t delivery_of(int64_t arrival, int64_t place)
{
    return arrival * DELIVERIES_PER_ARRIVAL + place;
}

/* Whoever settles something, or pauses somebody, is on record. */
static const struct spool_record world_word = {.actor = {.name = "user:lan"},
                                               .act = "settle",
                                               .object = "delivery",
                                               .reason = "as said",
                                               .detail = ""};

static inline bool world_settle_now(struct world *world, const struct spool_settlement *settlement,
                                    struct fault *why)
{
    return spool_settle_on_record(world->spool, settlement, &world_word, why);
}

static inline bool world_try_settle(struct world *world, enum settlement_kind kind,
                                    int64_t delivery, const char *partner, struct fault *why)
{
    const struct spool_settlement settlement = {
        .delivery = delivery,
        .kind = kind,
        .at_ms = ARRIVED_MS + 60000,
        .is_attempt = kind <= SETTLE_DEAD,
        .status = kind == SETTLE_DELIVERED ? 200 : 503,
        .cause = kind == SETTLE_AGAIN || kind == SETTLE_DEAD ? "http:503" : NULL,
        .detail = "as said",
        .partner = partner,
        .agency = partner ? "H10" : NULL,
    };
    return world_settle_now(world, &settlement, why);
}

static inline void world_settle_one(struct world *world, enum settlement_kind kind,
                                    int64_t delivery)
{
    struct fault why;
    world_must(world_try_settle(world, kind, delivery, NULL, &why), &why);
}

static inline void world_reroute(struct world *world, int64_t delivery, const char *partner)
{
    struct fault why;
    world_must(world_try_settle(world, SETTLE_REROUTE, delivery, partner, &why), &why);
}

/* "ARRIVAL.PLACE@PARTNER=STATE" words: W, P, D, X for discarded, O for delivered. */
static inline bool list_delivery(void *own, const struct spool_delivery *delivery)
{
    static const char letters[] = "WPDXO";
    char *listing = own;
    size_t used = strlen(listing);
    (void)snprintf(listing + used, LISTING_SIZE - used, "%s%" PRId64 ".%" PRId64 "@%s=%c",
                   used ? " " : "", delivery->delivery / DELIVERIES_PER_ARRIVAL,
                   delivery->delivery % DELIVERIES_PER_ARRIVAL,
                   delivery->partner ? delivery->partner : "-", letters[delivery->state]);
    return true;
}

static inline void assert_deliveries(struct world *world, const struct delivery_filter *filter,
                                     const char *expected)
{
    struct fault why;
    char listing[LISTING_SIZE] = "";
    world_must(spool_deliveries(world->reader, filter, list_delivery, listing, &why), &why);
    assert_string_equal(listing, expected);
}

static inline void assert_all_deliveries(struct world *world, const char *expected)
{
    const struct delivery_filter all = {.state = -1};
    assert_deliveries(world, &all, expected);
}

static inline void assert_due(struct world *world, const char *partner, int64_t now_ms,
                              const char *expected)
{
    struct fault why;
    char listing[LISTING_SIZE] = "";
    const struct delivery_call call = {.partner = partner, .now_ms = now_ms, .limit = 100};
    world_must(spool_due(world->reader, &call, list_delivery, listing, &why), &why);
    assert_string_equal(listing, expected);
}

#endif
