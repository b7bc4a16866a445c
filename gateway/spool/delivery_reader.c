/* SPDX-License-Identifier: Apache-2.0 */
/* Reading deliveries: what is due, what there is, and what happened to each. */
#include "spool/delivery.h"
#include "spool/row.h"

#include <string.h>

/* Every query of deliveries gives the same columns; the event only where it is asked for. */
#define COLUMNS                                                                                    \
    "d.number, d.partner, d.state, d.since, d.next_at, d.attempts, d.last_at, d.last_status,"      \
    " d.agency, d.reason, d.cause, d.detail, d.document_sha256, CASE d.state WHEN 1 THEN"          \
    " (SELECT min(u.number) FROM delivery u INDEXED BY delivery_undone WHERE u.partner = "         \
    "d.partner"                                                                                    \
    " AND u.lane = d.lane AND u.state < 3) ELSE 0 END, a.arrived_at, a.kafka_partition,"           \
    " a.kafka_offset, a.occurred_at, a.due_at, a.schema_no, a.source, a.event_type, a.directory,"  \
    " a.dossier_code, a.event_id, a.traceparent, a.event_digest, a.sealed"
enum { EVENT_DIGEST = 26, SEALED = 27, EVENT = 28 };

#define ARRIVAL " CROSS JOIN arrival a ON a.number = d.number / 1024 "
/* ?1 after, ?2 limit, ?3 partner, ?4 state, ?5 event's id, ?8 before */
#define NARROWED                                                                                   \
    " d.number > ?1 AND d.number < ?8 AND (?3 IS NULL OR d.partner = ?3) AND (?4 < 0 OR d.state "  \
    "= ?4)"                                                                                        \
    " AND (?5 IS NULL OR a.event_id = ?5) ORDER BY d.number "
#define LIST(order)                                                                                \
    "SELECT " COLUMNS ", NULL FROM delivery d" ARRIVAL "WHERE" NARROWED order " LIMIT ?2"
#define LIST_UNDONE(order)                                                                         \
    "SELECT " COLUMNS ", NULL FROM delivery d" ARRIVAL "WHERE d.number IN"                         \
    " (SELECT number FROM delivery INDEXED BY delivery_undone WHERE state < 3"                     \
    " AND state = ?4 AND (?3 IS NULL OR partner = ?3) AND number > ?1"                             \
    " AND number < ?8 ORDER BY number " order " LIMIT ?2) ORDER BY d.number " order
#define LIST_DOSSIER(order)                                                                        \
    "SELECT " COLUMNS ", NULL FROM arrival a INDEXED BY arrival_by_dossier CROSS JOIN delivery"    \
    " d ON d.number BETWEEN a.number * 1024 AND a.number * 1024 + 1023"                            \
    " WHERE a.dossier_key = ?6 AND a.dossier_code = ?7 AND" NARROWED order " LIMIT ?2"

static const char *const queries[] = {
    [DELIVERY_DUE] = "SELECT number FROM delivery INDEXED BY delivery_due"
                     " WHERE partner = ?1 AND state = 0 AND next_at <= ?2"
                     " ORDER BY urgency, number LIMIT ?3",
    [DELIVERY_NEXT_DUE] = "SELECT min(next_at) FROM delivery INDEXED BY delivery_due"
                          " WHERE partner = ? AND state = 0",
    [DELIVERY_IS_WAITING] = "SELECT 1 FROM delivery WHERE number = ?1 AND state = 0"
                            " AND partner = (SELECT no FROM name WHERE text = ?2)",
    [DELIVERY_FIND] = "SELECT " COLUMNS ", a.event FROM delivery d" ARRIVAL "WHERE d.number = ?1",
    [DELIVERY_LIST] = LIST("ASC"),
    [DELIVERY_LIST_UNDONE] = LIST_UNDONE("ASC"),
    [DELIVERY_LIST_DOSSIER] = LIST_DOSSIER("ASC"),
    [DELIVERY_NEWEST] = LIST("DESC"),
    [DELIVERY_NEWEST_UNDONE] = LIST_UNDONE("DESC"),
    [DELIVERY_NEWEST_DOSSIER] = LIST_DOSSIER("DESC"),
    [DELIVERY_TRAIL] = "SELECT at, kind, status, text FROM trail WHERE delivery = ? ORDER BY line",
    [DELIVERY_SUMS] = "SELECT s.partner, s.waiting, s.parked, s.dead, s.delivered, s.discarded,"
                      " (SELECT a.arrived_at FROM arrival a WHERE a.number = (SELECT min(u.number)"
                      " FROM delivery u INDEXED BY delivery_undone WHERE u.partner = s.partner"
                      " AND u.state < 3) / 1024) FROM delivery_sum s LEFT JOIN name n"
                      " ON n.no = s.partner ORDER BY n.text",
    [DELIVERY_PARTNER] = "SELECT no FROM name WHERE text = ?",
};

static sqlite3_stmt *query_of(struct spool_reader *reader, enum delivery_query query,
                              struct fault *why)
{
    sqlite3_stmt **kept = &reader->delivery_queries[query];
    if (!*kept)
        *kept = database_prepare(reader->database, queries[query], why);
    return *kept;
}

static bool optional_name(struct spool_reader *reader, sqlite3_stmt *row, int column,
                          const char **text, struct fault *why)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ||
           row_name(reader, sqlite3_column_int64(row, column), text, why);
}

static bool read_names(struct spool_reader *reader, sqlite3_stmt *row,
                       struct spool_delivery *delivery, struct fault *why)
{
    int64_t partner = sqlite3_column_int64(row, 1);
    if ((partner != 0 && !row_name(reader, partner, &delivery->partner, why)) ||
        !optional_name(reader, row, 20, &delivery->source, why) ||
        !optional_name(reader, row, 21, &delivery->event_type, why) ||
        !optional_name(reader, row, 22, &delivery->directory, why))
        return false;
    delivery->is_damaged |= partner != 0 && !delivery->partner;
    return true;
}

static bool read_event(struct spool_reader *reader, sqlite3_stmt *row,
                       struct spool_delivery *delivery, struct fault *why)
{
    struct opened_event opened;
    if (sqlite3_column_int(row, SEALED) == SEALED_SHREDDED)
        delivery->is_shredded = true;
    if (sqlite3_column_type(row, EVENT) == SQLITE_NULL)
        return true;
    if (!column_is_whole(row, EVENT, EVENT_DIGEST)) {
        delivery->is_damaged = true;
        return true;
    }
    const struct kept_body event = {
        .place = {.kind = BODY_ARRIVAL, .number = delivery->delivery / DELIVERIES_PER_ARRIVAL},
        .state = (enum sealed_state)sqlite3_column_int(row, SEALED),
        .stored = {.bytes = sqlite3_column_blob(row, EVENT),
                   .size = (size_t)sqlite3_column_bytes(row, EVENT)},
    };
    if (!row_open_event(reader, &event, &opened, why))
        return false;
    delivery->event = opened.bytes;
    delivery->event_size = opened.size;
    delivery->is_damaged |= opened.is_damaged;
    delivery->is_shredded |= opened.is_shredded;
    return true;
}

static bool read_row(struct spool_reader *reader, sqlite3_stmt *row,
                     struct spool_delivery *delivery, struct fault *why)
{
    *delivery = (struct spool_delivery){
        .delivery = sqlite3_column_int64(row, 0),
        .state = (enum delivery_state)sqlite3_column_int(row, 2),
        .since_ms = sqlite3_column_int64(row, 3),
        .next_at_ms = sqlite3_column_int64(row, 4),
        .attempts = sqlite3_column_int64(row, 5),
        .last_at_ms = sqlite3_column_int64(row, 6),
        .last_status = sqlite3_column_int(row, 7),
        .agency = (const char *)sqlite3_column_text(row, 8),
        .reason = (const char *)sqlite3_column_text(row, 9),
        .cause = (const char *)sqlite3_column_text(row, 10),
        .detail = (const char *)sqlite3_column_text(row, 11),
        .behind = sqlite3_column_int64(row, 13),
        .arrived_at_ms = sqlite3_column_int64(row, 14),
        .partition = sqlite3_column_int(row, 15),
        .offset = sqlite3_column_int64(row, 16),
        .occurred_at_ms = sqlite3_column_int64(row, 17),
        .due_at_ms = sqlite3_column_int64(row, 18),
        .schema_no = sqlite3_column_int(row, 19),
        .dossier_code = (const char *)sqlite3_column_text(row, 23),
        .traceparent = (const char *)sqlite3_column_text(row, 25),
    };
    if (sqlite3_column_bytes(row, 12) == SHA256_SIZE)
        delivery->document_sha256 = sqlite3_column_blob(row, 12);
    if (sqlite3_column_bytes(row, 24) == UUID_SIZE)
        delivery->event_id = sqlite3_column_blob(row, 24);
    else
        delivery->is_damaged = true;
    return read_event(reader, row, delivery, why) && read_names(reader, row, delivery, why);
}

/* Gives each row of a bound query to `each`. */
static bool give_rows(struct spool_reader *reader, sqlite3_stmt *rows, spool_each_delivery each,
                      void *own, size_t *given, struct fault *why)
{
    bool is_done = true;
    bool goes_on = true;
    bool found = false;
    *given = 0;
    while (goes_on && is_done) {
        struct spool_delivery delivery;
        is_done = database_next(reader->database, rows, "read deliveries", &found, why);
        if (!is_done || !found)
            break;
        is_done = read_row(reader, rows, &delivery, why);
        goes_on = is_done && each(own, &delivery);
        ++*given;
    }
    (void)sqlite3_reset(rows); /* repeats the last step's code */
    return is_done;
}

/* The number of a partner: 0 for "", and -1, which none has, when it was never heard of. */
static bool number_of(struct spool_reader *reader, const char *partner, int64_t *no,
                      struct fault *why)
{
    sqlite3_stmt *find = query_of(reader, DELIVERY_PARTNER, why);
    bool found = false;
    *no = 0;
    if (!partner[0])
        return true;
    if (!find)
        return false;
    bind_text(find, 1, partner);
    bool is_done = database_next(reader->database, find, "find a partner", &found, why);
    *no = is_done && found ? sqlite3_column_int64(find, 0) : -1;
    (void)sqlite3_reset(find); /* repeats the step's code */
    return is_done;
}

/* Who goes through what is due. */
struct due {
    struct spool_reader *reader;
    const struct delivery_call *call;
    spool_each_delivery each;
    void *own;
    bool goes_on;
};

static bool give_until(void *own, const struct spool_delivery *delivery)
{
    struct due *due = own;
    due->goes_on = due->each(due->own, delivery);
    return due->goes_on;
}

/* The numbers are all in the index, so what is not wanted costs next to nothing.  The rows are of
 * the same moment: the statement that gives the numbers is still going. */
static bool give_due(struct due *due, sqlite3_stmt *numbers, struct fault *why)
{
    const struct delivery_call *call = due->call;
    struct spool_reader *reader = due->reader;
    sqlite3_stmt *rows = query_of(reader, DELIVERY_FIND, why);
    bool is_done = rows;
    bool found = false;
    while (is_done && due->goes_on) {
        size_t given;
        is_done = database_next(reader->database, numbers, "look for what is due", &found, why);
        if (!is_done || !found)
            break;
        int64_t number = sqlite3_column_int64(numbers, 0);
        if (call->is_wanted && !call->is_wanted(due->own, number))
            continue;
        bind_number(rows, 1, number);
        is_done = give_rows(reader, rows, give_until, due, &given, why);
    }
    return is_done;
}

bool spool_due(struct spool_reader *reader, const struct delivery_call *call,
               spool_each_delivery each, void *own, struct fault *why)
{
    struct due due = {reader, call, each, own, true};
    sqlite3_stmt *numbers = query_of(reader, DELIVERY_DUE, why);
    int64_t partner;
    if (!numbers || !number_of(reader, call->partner, &partner, why))
        return false;
    bind_number(numbers, 1, partner);
    bind_number(numbers, 2, call->now_ms);
    bind_number(numbers, 3, (int64_t)call->limit);
    bool is_done = give_due(&due, numbers, why);
    (void)sqlite3_reset(numbers); /* repeats the last step's code */
    return is_done;
}

bool spool_next_due(struct spool_reader *reader, const char *partner, int64_t *at_ms,
                    struct fault *why)
{
    sqlite3_stmt *find = query_of(reader, DELIVERY_NEXT_DUE, why);
    int64_t no;
    bool found = false;
    if (!find || !number_of(reader, partner, &no, why))
        return false;
    bind_number(find, 1, no);
    bool is_done = database_next(reader->database, find, "look for the next", &found, why);
    bool is_one = is_done && found && sqlite3_column_type(find, 0) != SQLITE_NULL;
    if (is_done)
        *at_ms = is_one ? sqlite3_column_int64(find, 0) : INT64_MAX;
    (void)sqlite3_reset(find); /* repeats the step's code */
    return is_done;
}

bool spool_is_waiting(struct spool_reader *reader, int64_t delivery, const char *partner,
                      bool *is_waiting, struct fault *why)
{
    sqlite3_stmt *find = query_of(reader, DELIVERY_IS_WAITING, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, delivery);
    bind_text(find, 2, partner);
    bool is_done = database_next(reader->database, find, "look at a delivery", &found, why);
    if (is_done)
        *is_waiting = found;
    (void)sqlite3_reset(find); /* repeats the step's code */
    return is_done;
}

bool spool_find_delivery(struct spool_reader *reader, int64_t delivery, spool_each_delivery each,
                         void *own, struct fault *why)
{
    sqlite3_stmt *rows = query_of(reader, DELIVERY_FIND, why);
    size_t given;
    if (!rows)
        return false;
    bind_number(rows, 1, delivery);
    if (!give_rows(reader, rows, each, own, &given, why))
        return false;
    return given > 0 || fault_set(why, FAULT_REFUSE, "spool: there is no such delivery");
}

/* The query that looks at least rows for what is asked. */
static enum delivery_query choose(const struct delivery_filter *filter)
{
    bool is_undone = filter->state == DELIVERY_WAITING || filter->state == DELIVERY_PARKED ||
                     filter->state == DELIVERY_DEAD;
    if (filter->dossier_code)
        return filter->newest_first ? DELIVERY_NEWEST_DOSSIER : DELIVERY_LIST_DOSSIER;
    if (is_undone && !filter->event_id)
        return filter->newest_first ? DELIVERY_NEWEST_UNDONE : DELIVERY_LIST_UNDONE;
    return filter->newest_first ? DELIVERY_NEWEST : DELIVERY_LIST;
}

bool spool_deliveries(struct spool_reader *reader, const struct delivery_filter *filter,
                      spool_each_delivery each, void *own, struct fault *why)
{
    sqlite3_stmt *rows = query_of(reader, choose(filter), why);
    int64_t partner = 0;
    size_t given;
    if (!rows || (filter->partner && !number_of(reader, filter->partner, &partner, why)))
        return false;
    (void)sqlite3_clear_bindings(rows);
    bind_number(rows, 1, filter->after);
    bind_number(rows, 2, filter->limit ? (int64_t)filter->limit : -1);
    if (filter->partner)
        bind_number(rows, 3, partner);
    bind_number(rows, 4, filter->state);
    bind_number(rows, 8, filter->before ? filter->before : INT64_MAX);
    if (filter->event_id)
        bind_bytes(rows, 5, filter->event_id, UUID_SIZE);
    if (filter->dossier_code) {
        bind_number(rows, 6, dossier_key(filter->dossier_code));
        bind_text(rows, 7, filter->dossier_code);
    }
    return give_rows(reader, rows, each, own, &given, why);
}

bool spool_trail(struct spool_reader *reader, int64_t delivery,
                 bool (*each)(void *own, const struct spool_trail *line), void *own,
                 struct fault *why)
{
    sqlite3_stmt *rows = query_of(reader, DELIVERY_TRAIL, why);
    bool is_done = rows;
    bool goes_on = true;
    bool found = false;
    if (!rows)
        return false;
    bind_number(rows, 1, delivery);
    while (goes_on &&
           (is_done = database_next(reader->database, rows, "read a trail", &found, why)) &&
           found) {
        const struct spool_trail line = {
            .at_ms = sqlite3_column_int64(rows, 0),
            .kind = (const char *)sqlite3_column_text(rows, 1),
            .status = sqlite3_column_int(rows, 2),
            .text = (const char *)sqlite3_column_text(rows, 3),
        };
        goes_on = each(own, &line);
    }
    (void)sqlite3_reset(rows); /* repeats the last step's code */
    return is_done;
}

bool spool_delivery_sums(struct spool_reader *reader,
                         bool (*each)(void *own, const struct delivery_sum *sum), void *own,
                         struct fault *why)
{
    sqlite3_stmt *rows = query_of(reader, DELIVERY_SUMS, why);
    bool is_done = rows;
    bool goes_on = true;
    bool found = false;
    while (goes_on && is_done) {
        is_done = database_next(reader->database, rows, "sum deliveries up", &found, why);
        if (!is_done || !found)
            break;
        struct delivery_sum sum = {
            .waiting = sqlite3_column_int64(rows, 1),
            .parked = sqlite3_column_int64(rows, 2),
            .dead = sqlite3_column_int64(rows, 3),
            .delivered = sqlite3_column_int64(rows, 4),
            .discarded = sqlite3_column_int64(rows, 5),
            .oldest_ms = sqlite3_column_int64(rows, 6),
        };
        is_done = sqlite3_column_int64(rows, 0) == 0 ||
                  row_name(reader, sqlite3_column_int64(rows, 0), &sum.partner, why);
        goes_on = is_done && each(own, &sum);
    }
    if (rows)
        (void)sqlite3_reset(rows); /* repeats the last step's code */
    return is_done;
}
