/* SPDX-License-Identifier: Apache-2.0 */
/* What came back from Kafka: arrivals with a delivery for each target, and the positions that say
 * what has been taken over, in one transaction. */
#include "spool/writer.h"

#include <string.h>

static const int64_t UNDATED_MS = INT64_C(30) * 86400000; /* after which it counts as due */

struct arriving {
    const struct spool_arrival *arrivals;
    size_t count;
    const struct spool_position *positions;
    size_t position_count;
    int64_t *next; /* of each position: what has been taken so far */
};

/* The index of the partition's position; the count when it has none. */
static size_t position_of(const struct arriving *arriving, int32_t partition)
{
    size_t at = 0;
    while (at < arriving->position_count && arriving->positions[at].partition != partition)
        at++;
    return at;
}

static bool optional_name(struct store *store, sqlite3_stmt *add, int place, const char *text,
                          struct fault *why)
{
    int64_t no;
    if (!text)
        return true;
    if (!store_name(store, text, &no, why))
        return false;
    bind_number(add, place, no);
    return true;
}

static bool add_arrival(struct store *store, const struct spool_arrival *arrival, int64_t number,
                        struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_arrival;
    uint8_t digest[SHORT_DIGEST_SIZE];
    const struct vault_owner owner = {arrival->dossier_code, -number, NULL};
    const struct body_place place = {.kind = BODY_ARRIVAL, .number = number};
    auto_body event = {.bytes = arrival->event ? arrival->event : "", .size = arrival->event_size};
    if (!vault_seal(&store->vault, &owner, &place, &event, why))
        return false;
    short_digest(event.bytes, event.size, digest);
    (void)sqlite3_clear_bindings(add);
    bind_number(add, 1, number);
    bind_number(add, 2, arrival->arrived_at_ms);
    bind_number(add, 3, arrival->partition);
    bind_number(add, 4, arrival->offset);
    bind_number(add, 5, arrival->occurred_at_ms);
    bind_number(add, 6, arrival->due_at_ms);
    bind_number(add, 7, arrival->schema_no);
    if (!optional_name(store, add, 8, arrival->source, why) ||
        !optional_name(store, add, 9, arrival->event_type, why) ||
        !optional_name(store, add, 10, arrival->directory, why))
        return false;
    if (arrival->dossier_code)
        bind_number(add, 11, dossier_key(arrival->dossier_code));
    bind_text(add, 12, arrival->dossier_code);
    bind_bytes(add, 13, arrival->event_id, UUID_SIZE);
    bind_text(add, 14, arrival->traceparent);
    bind_bytes(add, 15, digest, sizeof digest);
    bind_bytes(add, 16, event.bytes, event.size);
    if (event.is_sealed)
        bind_number(add, 17, SEALED_YES);
    return database_step(store->database, add, "store an arrival", why);
}

/* `*dead` is what it is PARKED behind, when that is DEAD. */
static bool choose_state(struct store *store, const struct delivery_lane *lane,
                         enum delivery_state *state, int64_t *dead, struct fault *why)
{
    bool is_taken = false;
    if (lane->partner == 0) {
        *state = DELIVERY_DEAD;
        return true;
    }
    if (!delivery_lane_is_taken(store, lane, &is_taken, dead, why))
        return false;
    *state = is_taken ? DELIVERY_PARKED : DELIVERY_WAITING;
    return true;
}

static bool add_delivery(struct store *store, const struct spool_arrival *arrival, int64_t number,
                         const struct spool_target *target, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_delivery;
    struct delivery_lane lane = {.is_one = target->partner && arrival->dossier_code};
    enum delivery_state state;
    struct jam jam = {0};
    const struct delivery_day_change one = {.arrived = 1};
    if (target->partner && !store_name(store, target->partner, &lane.partner, why))
        return false;
    if (arrival->dossier_code)
        lane.key = delivery_lane_key(arrival->dossier_code);
    if (!choose_state(store, &lane, &state, &jam.dead, why))
        return false;
    (void)sqlite3_clear_bindings(add);
    bind_number(add, 1, number);
    bind_number(add, 2, lane.partner);
    bind_number(add, 3, state);
    if (arrival->dossier_code)
        bind_number(add, 4, lane.key);
    bind_number(add, 5,
                arrival->due_at_ms ? arrival->due_at_ms : arrival->arrived_at_ms + UNDATED_MS);
    bind_number(add, 6, arrival->arrived_at_ms);
    bind_text(add, 7, target->agency);
    bind_text(add, 8, target->reason);
    bind_text(add, 9, target->cause);
    return database_step(store->database, add, "store a delivery", why) &&
           store_count(store, lane.partner, state, 1, why) &&
           store_delivery_day(store, number, lane.partner, &one, why) &&
           (state != DELIVERY_DEAD || failure_add(store, true, number, why)) &&
           failure_hold(store, true, &jam, 1, why);
}

static bool store_arrival(struct store *store, const struct spool_arrival *arrival, int64_t number,
                          struct fault *why)
{
    if (!add_arrival(store, arrival, number, why))
        return false;
    for (size_t i = 0; i < arrival->target_count; i++)
        if (!add_delivery(store, arrival, number * DELIVERIES_PER_ARRIVAL + (int64_t)i,
                          &arrival->targets[i], why))
            return false;
    const struct file_uses uses = {number, true, arrival->files, arrival->file_count};
    if (!store_file_uses(store, &uses, why))
        return false;
    for (size_t i = 0; i < arrival->notice_count; i++)
        if (!store_notice(store, &arrival->notices[i], arrival->arrived_at_ms, why))
            return false;
    store->counters.changes++;
    return true;
}

static bool read_positions(struct store *store, const struct arriving *arriving, struct fault *why)
{
    sqlite3_stmt *find = store->statements.find_position;
    for (size_t i = 0; i < arriving->position_count; i++) {
        bool found = false;
        bind_text(find, 1, arriving->positions[i].topic);
        bind_number(find, 2, arriving->positions[i].partition);
        if (!database_next(store->database, find, "read a position", &found, why))
            return false;
        arriving->next[i] = found ? sqlite3_column_int64(find, 0) : 0;
        (void)sqlite3_reset(find);
    }
    return true;
}

static bool write_positions(struct store *store, const struct arriving *arriving, struct fault *why)
{
    for (size_t i = 0; i < arriving->position_count; i++) {
        struct spool_position position = arriving->positions[i];
        if (position.next < arriving->next[i])
            position.next = arriving->next[i];
        if (!store_position(store, &position, why))
            return false;
    }
    return true;
}

/* Also what is passed over uses up its number: so the caller could know the numbers beforehand. */
static bool work_arrive(struct store *store, void *arguments, struct fault *why)
{
    const struct arriving *arriving = arguments;
    if (!read_positions(store, arriving, why))
        return false;
    for (size_t i = 0; i < arriving->count; i++) {
        const struct spool_arrival *arrival = &arriving->arrivals[i];
        int64_t *next = &arriving->next[position_of(arriving, arrival->partition)];
        bool is_new = arrival->offset >= *next;
        if (is_new)
            *next = arrival->offset + 1;
        if (arrival->target_count == 0)
            continue;
        int64_t number = ++store->counters.last_arrival;
        if (is_new && !store_arrival(store, arrival, number, why))
            return false;
    }
    return write_positions(store, arriving, why);
}

static bool accept_arrivals(const struct arriving *arriving, struct fault *why)
{
    for (size_t i = 0; i < arriving->count; i++) {
        if (arriving->arrivals[i].target_count > DELIVERIES_PER_ARRIVAL)
            return fault_set(why, FAULT_BROKEN, "spool: an event has too many targets");
        if (position_of(arriving, arriving->arrivals[i].partition) == arriving->position_count)
            return fault_set(why, FAULT_BROKEN, "spool: partition %d has no position",
                             (int)arriving->arrivals[i].partition);
    }
    return true;
}

bool spool_arrive(struct spool *spool, const struct spool_arrival *arrivals, size_t count,
                  const struct spool_position *positions, size_t position_count, struct fault *why)
{
    auto_free(free) int64_t *next = calloc(position_count + 1, sizeof *next);
    if (!next)
        return fault_memory(why);
    struct arriving arriving = {arrivals, count, positions, position_count, next};
    return accept_arrivals(&arriving, why) && progress_has_room(&spool->progress, why) &&
           writer_do(spool, work_arrive, &arriving, why);
}
