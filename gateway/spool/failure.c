/* SPDX-License-Identifier: Apache-2.0 */
/* What is stuck, and how much of it for each cause: kept in the transactions that make it so, so
 * that nobody ever has to count. */
#include "spool/store.h"

/* What is DEAD is counted from its own row, by its number. */
static const char *const add_stuck[] = {
    "INSERT INTO stuck SELECT 0, number, failure_fingerprint(0, ifnull(cause, ''),"
    " (SELECT text FROM name WHERE no = partner), (SELECT text FROM name WHERE no = adapter)),"
    " due_at FROM entry WHERE number = ?1",
    "INSERT INTO stuck SELECT 1, d.number, failure_fingerprint(1, ifnull(d.cause, ''),"
    " (SELECT text FROM name WHERE no = d.partner), NULL), a.due_at"
    " FROM delivery d JOIN arrival a ON a.number = d.number / 1024 WHERE d.number = ?1"};
static const char *const count_one[] = {
    "INSERT INTO failure SELECT s.failure, 0, e.partner, e.adapter, ifnull(e.cause, ''), 1, 0"
    " FROM stuck s JOIN entry e ON e.number = s.number WHERE s.is_delivery = 0 AND s.number = ?1"
    " ON CONFLICT DO UPDATE SET count = count + 1",
    "INSERT INTO failure SELECT s.failure, 1, d.partner, 0, ifnull(d.cause, ''), 1, 0"
    " FROM stuck s JOIN delivery d ON d.number = s.number WHERE s.is_delivery = 1 AND s.number = ?1"
    " ON CONFLICT DO UPDATE SET count = count + 1"};

bool failure_add(struct store *store, bool is_delivery, int64_t number, struct fault *why)
{
    return store_run(store, add_stuck[is_delivery], &number, 1, why) &&
           store_run(store, count_one[is_delivery], &number, 1, why);
}

bool failure_end(struct store *store, bool is_delivery, int64_t number, struct fault *why)
{
    static const char count_off[] =
        "UPDATE failure SET count = count - 1 WHERE fingerprint ="
        " (SELECT failure FROM stuck WHERE is_delivery = ?1 AND number = ?2)";
    static const char drop_empty[] =
        "DELETE FROM failure WHERE count = 0 AND fingerprint ="
        " (SELECT failure FROM stuck WHERE is_delivery = ?1 AND number = ?2)";
    static const char drop[] = "DELETE FROM stuck WHERE is_delivery = ?1 AND number = ?2";
    const int64_t numbers[] = {is_delivery, number};
    return store_run(store, count_off, numbers, 2, why) &&
           store_run(store, drop_empty, numbers, 2, why) && store_run(store, drop, numbers, 2, why);
}

bool failure_hold(struct store *store, bool is_delivery, const struct jam *jam, int64_t by,
                  struct fault *why)
{
    static const char sql[] = "UPDATE failure SET parked = parked + ?3 WHERE fingerprint ="
                              " (SELECT failure FROM stuck WHERE is_delivery = ?1 AND number = ?2)";
    const int64_t numbers[] = {is_delivery, jam->dead, by};
    return jam->dead == 0 || by == 0 || store_run(store, sql, numbers, 3, why);
}
