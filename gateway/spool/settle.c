/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a delivery, or what a person wants of it: its new state, a line in its trail, the
 * notices about it, and who stands first in its lane now. */
#include "spool/settle.h"

#include "spool/deed.h"
#include "spool/pouch.h"
#include "spool/writer.h"

#define IN(state) (1U << (state))

/* What each kind of settlement does. */
static const struct rule {
    unsigned from; /* states that it fits */
    enum delivery_state to;
    const char *trail; /* line without an attempt; NULL: none */
} rules[] = {
    [SETTLE_DELIVERED] = {IN(DELIVERY_WAITING) | IN(DELIVERY_PARKED), DELIVERY_DELIVERED, NULL},
    [SETTLE_AGAIN] = {IN(DELIVERY_WAITING), DELIVERY_WAITING, NULL},
    [SETTLE_DEAD] = {IN(DELIVERY_WAITING), DELIVERY_DEAD, "dead"},
    [SETTLE_DISCARD] = {IN(DELIVERY_DEAD), DELIVERY_DISCARDED, "discarded"},
    [SETTLE_RELEASE] = {IN(DELIVERY_DEAD), DELIVERY_WAITING, "released"},
    [SETTLE_REROUTE] = {IN(DELIVERY_WAITING) | IN(DELIVERY_PARKED) | IN(DELIVERY_DEAD),
                        DELIVERY_PARKED, "rerouted"},
};

/* A delivery as it is before it is settled. */
struct subject {
    enum delivery_state state;
    struct delivery_lane lane;
    bool has_dossier;
};

static bool find_subject(struct store *store, int64_t delivery, struct subject *subject,
                         bool *found, struct fault *why)
{
    sqlite3_stmt *find = store->statements.find_delivery;
    bind_number(find, 1, delivery);
    bool is_done = database_next(store->database, find, "find a delivery", found, why);
    if (is_done && *found) {
        *subject = (struct subject){
            .state = (enum delivery_state)sqlite3_column_int(find, 1),
            .lane = {.partner = sqlite3_column_int64(find, 0),
                     .key = sqlite3_column_int64(find, 2)},
            .has_dossier = sqlite3_column_type(find, 2) != SQLITE_NULL,
        };
        subject->lane.is_one = subject->lane.partner != 0 && subject->has_dossier;
    }
    (void)sqlite3_reset(find); /* repeats the step's code */
    return is_done;
}

/* Why a settlement does not fit; NULL when it does. */
static const char *misfit(const struct spool_settlement *settlement, const struct subject *subject,
                          int64_t tried_at)
{
    if (!(rules[settlement->kind].from & IN(subject->state)))
        return "the delivery is not in a state for that";
    if (settlement->kind == SETTLE_REROUTE)
        return settlement->partner ? NULL : "nobody is named to whom it should go";
    if (settlement->kind == SETTLE_RELEASE && subject->lane.partner == 0)
        return "the delivery has no partner: it must be given one";
    return tried_at == 0 || tried_at == subject->lane.partner ? NULL
                                                              : "it goes to another partner now";
}

static bool add_trail(struct store *store, const struct spool_settlement *settlement,
                      struct fault *why)
{
    bool is_failed = settlement->is_attempt && settlement->kind != SETTLE_DELIVERED;
    const char *kind = is_failed ? "attempt" : rules[settlement->kind].trail;
    sqlite3_stmt *end = store->statements.end_of_trail;
    sqlite3_stmt *cut = store->statements.cut_trail;
    sqlite3_stmt *add = store->statements.add_trail;
    bool found = false;
    if (!kind)
        return true;
    bind_number(end, 1, settlement->delivery);
    if (!database_next(store->database, end, "look along a trail", &found, why))
        return false;
    int64_t count = sqlite3_column_int64(end, 0);
    int64_t last = sqlite3_column_int64(end, 1);
    (void)sqlite3_reset(end);
    bind_number(cut, 1, settlement->delivery);
    bind_number(cut, 2, TRAIL_LIMIT / 2);
    if (count >= TRAIL_LIMIT && !database_step(store->database, cut, "cut a trail", why))
        return false;
    bind_number(add, 1, settlement->delivery);
    bind_number(add, 2, last + 1);
    bind_number(add, 3, settlement->at_ms);
    bind_text(add, 4, kind);
    bind_number(add, 5, settlement->status);
    bind_text(add, 6, settlement->cause);
    bind_text(add, 7, settlement->detail);
    return database_step(store->database, add, "add to a trail", why);
}

static bool write_row(struct store *store, const struct spool_settlement *settlement,
                      struct fault *why)
{
    sqlite3_stmt *settle = store->statements.settle_delivery;
    enum delivery_state to = rules[settlement->kind].to;
    bool is_release = settlement->kind == SETTLE_RELEASE;
    bool is_by_person = is_release || settlement->kind == SETTLE_DISCARD;
    (void)sqlite3_clear_bindings(settle); /* what is left out stays as it is */
    bind_number(settle, 1, settlement->delivery);
    bind_number(settle, 2, to);
    bind_number(settle, 3, settlement->is_attempt);
    if (to == DELIVERY_WAITING)
        bind_number(settle, 4, settlement->next_at_ms);
    if (is_release)
        bind_number(settle, 5, settlement->at_ms);
    if (settlement->is_attempt || to != DELIVERY_WAITING)
        bind_number(settle, 6, settlement->at_ms);
    if (settlement->is_attempt)
        bind_number(settle, 7, settlement->status);
    bind_number(settle, 8, !is_by_person);
    bind_text(settle, 9, settlement->cause);
    if (!is_release)
        bind_text(settle, 10, settlement->detail);
    if (settlement->document_sha256)
        bind_bytes(settle, 11, settlement->document_sha256, SHA256_SIZE);
    return database_step(store->database, settle, "settle a delivery", why);
}

static bool change_state(struct store *store, const struct spool_settlement *settlement,
                         const struct subject *subject, struct fault *why)
{
    enum delivery_state to = rules[settlement->kind].to;
    bool is_over = to == DELIVERY_DELIVERED || to == DELIVERY_DISCARDED;
    bool was_dead = subject->state == DELIVERY_DEAD;
    return (!was_dead || failure_end(store, true, settlement->delivery, why)) &&
           (to != DELIVERY_DEAD || failure_add(store, true, settlement->delivery, why)) &&
           store_count(store, subject->lane.partner, subject->state, -1, why) &&
           store_count(store, subject->lane.partner, to, 1, why) &&
           (!is_over || delivery_lane_open(store, &subject->lane, settlement->at_ms, why));
}

/* What stands first in a lane and ends well holds nothing back: only what is or was dead, or stands
 * behind it, changes what a failure holds. */
static bool change(struct store *store, const struct spool_settlement *settlement,
                   const struct subject *subject, struct fault *why)
{
    enum delivery_state to = rules[settlement->kind].to;
    bool may_hold = subject->state != DELIVERY_WAITING || to == DELIVERY_DEAD;
    if (to == subject->state)
        return write_row(store, settlement, why);
    return (!may_hold || delivery_lane_hold(store, &subject->lane, -1, why)) &&
           write_row(store, settlement, why) && change_state(store, settlement, subject, why) &&
           (!may_hold || delivery_lane_hold(store, &subject->lane, 1, why));
}

/* Its row goes to the other partner, PARKED at first. */
static bool move_row(struct store *store, const struct spool_settlement *settlement,
                     const struct subject *subject, int64_t partner, struct fault *why)
{
    const struct delivery_day_change away = {.moved = -1}, in = {.moved = 1};
    sqlite3_stmt *to = store->statements.reroute_delivery;
    bind_number(to, 1, settlement->delivery);
    bind_number(to, 2, partner);
    bind_text(to, 3, settlement->agency);
    bind_number(to, 4, settlement->at_ms);
    bind_number(to, 5, settlement->next_at_ms);
    return (subject->state != DELIVERY_DEAD ||
            failure_end(store, true, settlement->delivery, why)) &&
           database_step(store->database, to, "re-route a delivery", why) &&
           store_count(store, subject->lane.partner, subject->state, -1, why) &&
           store_delivery_day(store, settlement->delivery, subject->lane.partner, &away, why) &&
           store_delivery_day(store, settlement->delivery, partner, &in, why);
}

/* Then whoever stands first in either lane is WAITING. */
static bool enter_lane(struct store *store, const struct spool_settlement *settlement,
                       const struct subject *subject, const struct delivery_lane *lane,
                       struct fault *why)
{
    if (lane->is_one)
        return store_count(store, lane->partner, DELIVERY_PARKED, 1, why) &&
               delivery_lane_open(store, &subject->lane, settlement->at_ms, why) &&
               delivery_lane_mend(store, lane, settlement->at_ms, why);
    sqlite3_stmt *set = store->statements.set_delivery_state;
    bind_number(set, 1, settlement->delivery);
    bind_number(set, 2, DELIVERY_WAITING);
    bind_number(set, 3, settlement->at_ms);
    return database_step(store->database, set, "re-route a delivery", why) &&
           store_count(store, lane->partner, DELIVERY_WAITING, 1, why);
}

static bool reroute(struct store *store, const struct spool_settlement *settlement,
                    const struct subject *subject, struct fault *why)
{
    struct delivery_lane lane = {.key = subject->lane.key, .is_one = subject->has_dossier};
    if (!store_name(store, settlement->partner, &lane.partner, why))
        return false;
    bool stays = lane.partner == subject->lane.partner;
    return delivery_lane_hold(store, &subject->lane, -1, why) &&
           (stays || delivery_lane_hold(store, &lane, -1, why)) &&
           move_row(store, settlement, subject, lane.partner, why) &&
           enter_lane(store, settlement, subject, &lane, why) &&
           delivery_lane_hold(store, &subject->lane, 1, why) &&
           (stays || delivery_lane_hold(store, &lane, 1, why));
}

/* The number of the partner that it was tried at; 0 when the settlement does not say. */
static bool find_tried(struct store *store, const struct spool_settlement *settlement,
                       int64_t *partner, struct fault *why)
{
    *partner = 0;
    return settlement->kind == SETTLE_REROUTE || !settlement->partner ||
           store_name(store, settlement->partner, partner, why);
}

bool settle_one(struct store *store, const struct spool_settlement *settlement, const char **reason,
                struct fault *why)
{
    struct subject subject;
    bool found = false;
    int64_t tried_at;
    if (!find_subject(store, settlement->delivery, &subject, &found, why) ||
        !find_tried(store, settlement, &tried_at, why))
        return false;
    *reason = found ? misfit(settlement, &subject, tried_at) : "there is no such delivery";
    if (*reason)
        return true;
    bool is_changed = settlement->kind == SETTLE_REROUTE ? reroute(store, settlement, &subject, why)
                                                         : change(store, settlement, &subject, why);
    if (!is_changed || !add_trail(store, settlement, why))
        return false;
    for (size_t i = 0; i < settlement->notice_count; i++)
        if (!store_notice(store, &settlement->notices[i], settlement->at_ms, why))
            return false;
    store->counters.changes++;
    return true;
}

/* ---- without waiting ---- */

struct settling {
    struct task task;
    void (*done)(void *own, const struct fault *why);
    void *own;
    size_t count;
    struct spool_settlement *settlements; /* behind it, with all that they point to */
};

static bool write_settling(struct task *task, struct store *store, struct fault *why)
{
    const struct settling *settling = (const struct settling *)task;
    const char *reason;
    for (size_t i = 0; i < settling->count; i++)
        if (!settle_one(store, &settling->settlements[i], &reason, why))
            return false;
    return true;
}

static void end_settling(struct task *task, const struct fault *why)
{
    struct settling *settling = (struct settling *)task;
    settling->done(settling->own, why);
    free(settling);
}

static struct spool_notice *pack_notices(struct pouch *pouch, const struct spool_notice *notices,
                                         size_t count)
{
    struct spool_notice *packed = pouch_put(pouch, notices, count * sizeof *notices);
    for (size_t i = 0; i < count; i++) {
        struct spool_notice notice = notices[i];
        notice.topic = pouch_text(pouch, notice.topic);
        notice.key = pouch_text(pouch, notice.key);
        notice.datum = pouch_put(pouch, notice.datum, notice.size);
        if (packed)
            packed[i] = notice;
    }
    return packed;
}

/* Called twice: to measure, and to copy. */
static struct settling *pack_settling(struct pouch *pouch, const struct settling *settling,
                                      const struct spool_settlement *settlements)
{
    struct settling *packed = pouch_put(pouch, settling, sizeof *settling);
    struct spool_settlement *copies =
        pouch_put(pouch, settlements, settling->count * sizeof *settlements);
    for (size_t i = 0; i < settling->count; i++) {
        struct spool_settlement copy = settlements[i];
        copy.cause = pouch_text(pouch, copy.cause);
        copy.detail = pouch_text(pouch, copy.detail);
        copy.document_sha256 =
            pouch_put(pouch, copy.document_sha256, copy.document_sha256 ? SHA256_SIZE : 0);
        copy.partner = pouch_text(pouch, copy.partner);
        copy.agency = pouch_text(pouch, copy.agency);
        copy.notices = pack_notices(pouch, copy.notices, copy.notice_count);
        if (copies)
            copies[i] = copy;
    }
    if (packed)
        packed->settlements = copies;
    return packed;
}

bool spool_settle(struct spool *spool, const struct spool_settlement *settlements, size_t count,
                  void (*done)(void *own, const struct fault *why), void *own, struct fault *why)
{
    struct settling settling = {
        .task = {.write = write_settling, .end = end_settling, .entries = (int64_t)count},
        .done = done,
        .own = own,
        .count = count,
    };
    struct pouch pouch = {0};
    (void)pack_settling(&pouch, &settling, settlements); /* only measures */
    if (!pouch_open(&pouch, why))
        return false;
    struct settling *packed = pack_settling(&pouch, &settling, settlements);
    packed->task.bytes = (int64_t)pouch.used;
    if (queue_put(&spool->queue, &packed->task, spool->options.queue_entries,
                  spool->options.queue_bytes, why))
        return true;
    free(packed);
    return false;
}

/* ---- on record ---- */

struct recorded {
    const struct spool_settlement *settlement;
    const struct spool_record *record;
    const char *reason; /* why it was refused; NULL when it was done */
};

static bool work_on_record(struct store *store, void *arguments, struct fault *why)
{
    struct recorded *recorded = arguments;
    struct spool_record record = *recorded->record;
    if (!settle_one(store, recorded->settlement, &recorded->reason, why))
        return false;
    record.outcome = recorded->reason ? "refused" : "done";
    return audit_append(store, &record, why);
}

bool spool_settle_on_record(struct spool *spool, const struct spool_settlement *settlement,
                            const struct spool_record *record, struct fault *why)
{
    struct recorded recorded = {.settlement = settlement, .record = record};
    if (!writer_do(spool, work_on_record, &recorded, why))
        return false;
    return !recorded.reason || fault_set(why, FAULT_REFUSE, "spool: %s", recorded.reason);
}

/* ---- a clock that was wrong ---- */

static bool work_hasten(struct store *store, void *arguments, struct fault *why)
{
    const struct spool_hastening *hastening = arguments;
    const int64_t numbers[] = {hastening->now_ms, hastening->beyond_ms, hastening->after_ms,
                               hastening->by_ms};
    store->counters.changes++;
    return store_run(store,
                     "UPDATE delivery SET next_at = max(?1, next_at - ?4)"
                     " WHERE state = 0 AND next_at > ?2 AND max(since, last_at) > ?3",
                     numbers, sizeof numbers / sizeof *numbers, why);
}

bool spool_hasten(struct spool *spool, const struct spool_hastening *hastening, struct fault *why)
{
    struct spool_hastening wanted = *hastening;
    return writer_do(spool, work_hasten, &wanted, why);
}
