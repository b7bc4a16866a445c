/* SPDX-License-Identifier: Apache-2.0 */
/* How far Kafka's partitions have been taken over, of which cluster, and which partners are paused:
 * what delivery keeps beside deliveries. */
#include "spool/deed.h"
#include "spool/row.h"
#include "spool/writer.h"

#include <string.h>

static const char CLUSTER[] = "cluster";
enum { CLUSTER_LIMIT = 1000 };

bool spool_position(struct spool_reader *reader, const char *topic, int32_t partition,
                    int64_t *next, struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
        reader->database, "SELECT next FROM position WHERE topic = ? AND kafka_partition = ?", why);
    bool found = false;
    if (!find)
        return false;
    bind_text(find, 1, topic);
    bind_number(find, 2, partition);
    if (!database_next(reader->database, find, "read a position", &found, why))
        return false;
    *next = found ? sqlite3_column_int64(find, 0) : -1;
    return true;
}

bool store_position(struct store *store, const struct spool_position *position, struct fault *why)
{
    sqlite3_stmt *add = store->statements.add_position;
    bind_text(add, 1, position->topic);
    bind_number(add, 2, position->partition);
    bind_number(add, 3, position->next);
    return database_step(store->database, add, "store a position", why);
}

struct replacing {
    const char *topic;
    const struct spool_position *positions;
    size_t count;
};

static bool work_replace(struct store *store, void *arguments, struct fault *why)
{
    const struct replacing *replacing = arguments;
    auto_free(sqlite3_finalize) sqlite3_stmt *forget =
        database_prepare(store->database, "DELETE FROM position WHERE topic = ?", why);
    if (!forget)
        return false;
    bind_text(forget, 1, replacing->topic);
    if (!database_step(store->database, forget, "forget positions", why))
        return false;
    for (size_t i = 0; i < replacing->count; i++)
        if (!store_position(store, &replacing->positions[i], why))
            return false;
    return true;
}

bool spool_replace_positions(struct spool *spool, const char *topic,
                             const struct spool_position *positions, size_t count,
                             struct fault *why)
{
    struct replacing replacing = {topic, positions, count};
    return writer_do(spool, work_replace, &replacing, why);
}

static bool work_cluster(struct store *store, void *arguments, struct fault *why)
{
    const char *id = arguments;
    return database_set(store->database, CLUSTER, id, strlen(id), why);
}

bool spool_set_cluster(struct spool *spool, const char *id, struct fault *why)
{
    if (strlen(id) > CLUSTER_LIMIT)
        return fault_set(why, FAULT_BROKEN, "spool: the id of a cluster is too long");
    auto_free(free) char *copy = strdup(id);
    return copy ? writer_do(spool, work_cluster, copy, why) : fault_memory(why);
}

char *spool_cluster(struct spool_reader *reader, struct fault *why)
{
    size_t size;
    auto_free(free) char *id = calloc(1, CLUSTER_LIMIT + 1);
    if (!id) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!database_get(reader->database, CLUSTER, id, CLUSTER_LIMIT, &size, why))
        return NULL;
    if (size > 0)
        return steal(id);
    (void)fault_set(why, FAULT_NONE, "spool: no cluster is kept");
    return NULL;
}

struct pausing {
    const char *partner;
    bool is_paused;
    const struct spool_record *record;
};

static bool work_pause(struct store *store, void *arguments, struct fault *why)
{
    const struct pausing *pausing = arguments;
    int64_t partner;
    auto_free(sqlite3_finalize) sqlite3_stmt *change =
        database_prepare(store->database,
                         pausing->is_paused ? "INSERT INTO paused VALUES (?) ON CONFLICT DO NOTHING"
                                            : "DELETE FROM paused WHERE partner = ?",
                         why);
    if (!change || !store_name(store, pausing->partner, &partner, why))
        return false;
    struct spool_record record = *pausing->record;
    record.outcome = "done";
    bind_number(change, 1, partner);
    store->counters.changes++;
    return database_step(store->database, change, "pause a partner", why) &&
           audit_append(store, &record, why);
}

bool spool_pause_partner(struct spool *spool, const char *partner, bool is_paused,
                         const struct spool_record *record, struct fault *why)
{
    struct pausing pausing = {partner, is_paused, record};
    return writer_do(spool, work_pause, &pausing, why);
}

bool spool_paused(struct spool_reader *reader, const char *partner, bool *is_paused,
                  struct fault *why)
{
    auto_free(sqlite3_finalize) sqlite3_stmt *find = database_prepare(
        reader->database,
        "SELECT 1 FROM paused WHERE partner = (SELECT no FROM name WHERE text = ?)", why);
    if (!find)
        return false;
    bind_text(find, 1, partner);
    return database_next(reader->database, find, "look for a pause", is_paused, why);
}
