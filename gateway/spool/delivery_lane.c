/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes of deliveries: one dossier toward one partner.  The first that is not over is WAITING or
 * DEAD, and all behind it are PARKED. */
#include "spool/store.h"

#include <string.h>

/* One that stands in a lane; number 0: none does. */
struct standing {
    int64_t number;
    enum delivery_state state;
};

/* Unlike the key of entries it need not keep an agency's dossiers side by side: what is indexed by
 * it is small.  So all of it tells dossiers apart. */
int64_t delivery_lane_key(const char *dossier_code)
{
    uint8_t digest[SHORT_DIGEST_SIZE];
    int64_t key;
    short_digest(dossier_code, strlen(dossier_code), digest);
    memcpy(&key, digest, sizeof key);
    return key;
}

static bool find_standing(struct store *store, sqlite3_stmt *find, const struct delivery_lane *lane,
                          struct standing *standing, struct fault *why)
{
    bool found = false;
    bind_number(find, 1, lane->partner);
    bind_number(find, 2, lane->key);
    bool is_done = database_next(store->database, find, "look along a lane", &found, why);
    *standing = (struct standing){0};
    if (is_done && found)
        *standing = (struct standing){sqlite3_column_int64(find, 0),
                                      (enum delivery_state)sqlite3_column_int(find, 1)};
    (void)sqlite3_reset(find); /* repeats the step's code */
    return is_done;
}

bool delivery_lane_is_taken(struct store *store, const struct delivery_lane *lane, bool *is_taken,
                            int64_t *dead, struct fault *why)
{
    struct standing first = {0};
    const int64_t *counts = store->counters.deliveries;
    bool may_be = counts[DELIVERY_WAITING] + counts[DELIVERY_DEAD] > 0;
    if (may_be && lane->is_one &&
        !find_standing(store, store->statements.first_in_lane, lane, &first, why))
        return false;
    *is_taken = first.number != 0;
    *dead = first.state == DELIVERY_DEAD ? first.number : 0;
    return true;
}

bool delivery_lane_hold(struct store *store, const struct delivery_lane *lane, int sign,
                        struct fault *why)
{
    static const char sql[] =
        "SELECT ifnull(min(number) FILTER (WHERE state = 2), 0), count(*) FILTER (WHERE state = 1)"
        " FROM delivery INDEXED BY delivery_undone"
        " WHERE partner = ?1 AND lane = ?2 AND state < 3";
    bool found = false;
    if (!lane->is_one)
        return true;
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    if (!find)
        return false;
    bind_number(find, 1, lane->partner);
    bind_number(find, 2, lane->key);
    if (!database_next(store->database, find, "look along a lane", &found, why))
        return false;
    const struct jam jam = {sqlite3_column_int64(find, 0), sqlite3_column_int64(find, 1)};
    return failure_hold(store, true, &jam, sign * jam.parked, why);
}

static bool stand(struct store *store, const struct delivery_lane *lane, struct standing standing,
                  enum delivery_state state, int64_t at_ms, struct fault *why)
{
    sqlite3_stmt *set = store->statements.set_delivery_state;
    if (standing.state == DELIVERY_DEAD && !failure_end(store, true, standing.number, why))
        return false;
    bind_number(set, 1, standing.number);
    bind_number(set, 2, state);
    bind_number(set, 3, at_ms);
    return database_step(store->database, set, "move a lane on", why) &&
           store_count(store, lane->partner, standing.state, -1, why) &&
           store_count(store, lane->partner, state, 1, why);
}

bool delivery_lane_open(struct store *store, const struct delivery_lane *lane, int64_t at_ms,
                        struct fault *why)
{
    struct standing first;
    if (!lane->is_one || store->counters.deliveries[DELIVERY_PARKED] == 0)
        return true;
    if (!find_standing(store, store->statements.first_in_lane, lane, &first, why))
        return false;
    return first.number == 0 || first.state != DELIVERY_PARKED ||
           stand(store, lane, first, DELIVERY_WAITING, at_ms, why);
}

bool delivery_lane_mend(struct store *store, const struct delivery_lane *lane, int64_t at_ms,
                        struct fault *why)
{
    struct standing first;
    struct standing former;
    sqlite3_stmt *next_head = store->statements.next_head_in_lane;
    if (!delivery_lane_open(store, lane, at_ms, why))
        return false;
    if (!lane->is_one)
        return true;
    if (!find_standing(store, store->statements.first_in_lane, lane, &first, why))
        return false;
    if (first.number == 0)
        return true;
    bind_number(next_head, 3, first.number);
    if (!find_standing(store, next_head, lane, &former, why))
        return false;
    return former.number == 0 || stand(store, lane, former, DELIVERY_PARKED, at_ms, why);
}
