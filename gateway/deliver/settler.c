/* SPDX-License-Identifier: Apache-2.0 */
/* Settlements in groups: waiting to be sent, with the spool, and back from it. */
#include "deliver/settler.h"

#include <pthread.h>

enum { GROUP_SIZE = 256, PAUSE_MS = 500, NOTICES_MOST = 2 };

/* One settlement with all that it points to. */
struct record {
    struct record *next;
    void *tag;
    struct spool_settlement settlement;
    uint8_t document_sha256[SHA256_SIZE];
    char *cause, *detail, *partner, *agency;
    struct spool_notice notices[NOTICES_MOST];
    char *topics[NOTICES_MOST], *keys[NOTICES_MOST], *datums[NOTICES_MOST];
};

/* What was given to the spool in one call. */
struct group {
    struct group *next;
    struct settler *settler;
    struct record *records;
    size_t count;
    bool is_failed;
    struct fault why;
};

struct settler {
    struct spool *spool;
    void (*wake)(void *own);
    void *own;
    struct record *first, *last; /* to be sent, in order */
    size_t waiting;
    size_t open;
    int64_t not_before_ms;
    struct fault why;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t came;
    struct group *back; /* from the spool, the last one first */
    size_t away;        /* groups that the spool has */
};

/* ---- records ---- */

static void free_record(struct record *record)
{
    free(record->cause);
    free(record->detail);
    free(record->partner);
    free(record->agency);
    for (size_t i = 0; i < NOTICES_MOST; i++) {
        free(record->topics[i]);
        free(record->keys[i]);
        free(record->datums[i]);
    }
    free(record);
}

ENDS_WITH_SCOPE(struct record *, free_record)

static void free_records(struct record *record)
{
    while (record) {
        struct record *next = record->next;
        free_record(record);
        record = next;
    }
}

static bool copy_text(char **copy, const char **text)
{
    *copy = *text ? strdup(*text) : NULL;
    bool is_copied = *copy || !*text;
    *text = *copy;
    return is_copied;
}

static bool copy_notice(struct record *record, size_t at, const struct spool_notice *notice)
{
    struct spool_notice *copy = &record->notices[at];
    *copy = *notice;
    record->datums[at] = malloc(notice->size + 1);
    if (!record->datums[at] || !copy_text(&record->topics[at], &copy->topic) ||
        !copy_text(&record->keys[at], &copy->key))
        return false;
    memcpy(record->datums[at], notice->datum, notice->size);
    copy->datum = record->datums[at];
    return true;
}

static struct record *copy_settlement(const struct spool_settlement *settlement)
{
    auto_free(free_record) struct record *record = calloc(1, sizeof *record);
    if (!record)
        return NULL;
    struct spool_settlement *copy = &record->settlement;
    *copy = *settlement;
    if (!copy_text(&record->cause, &copy->cause) || !copy_text(&record->detail, &copy->detail) ||
        !copy_text(&record->partner, &copy->partner) || !copy_text(&record->agency, &copy->agency))
        return NULL;
    if (copy->document_sha256) {
        memcpy(record->document_sha256, copy->document_sha256, SHA256_SIZE);
        copy->document_sha256 = record->document_sha256;
    }
    for (size_t i = 0; i < settlement->notice_count && i < NOTICES_MOST; i++)
        if (!copy_notice(record, i, &settlement->notices[i]))
            return NULL;
    copy->notices = record->notices;
    return steal(record);
}

/* ---- life ---- */

struct settler *settler_new(struct spool *spool, void (*wake)(void *own), void *own,
                            struct fault *why)
{
    struct settler *settler = calloc(1, sizeof *settler);
    if (!settler) {
        (void)fault_memory(why);
        return NULL;
    }
    settler->spool = spool;
    settler->wake = wake;
    settler->own = own;
    (void)pthread_mutex_init(&settler->lock, NULL);
    (void)pthread_cond_init(&settler->came, NULL);
    return settler;
}

void settler_free(struct settler *settler)
{
    if (!settler)
        return;
    (void)pthread_mutex_lock(&settler->lock);
    while (settler->away > 0)
        (void)pthread_cond_wait(&settler->came, &settler->lock);
    (void)pthread_mutex_unlock(&settler->lock);
    while (settler->back) {
        struct group *group = settler->back;
        settler->back = group->next;
        free_records(group->records);
        free(group);
    }
    free_records(settler->first);
    (void)pthread_cond_destroy(&settler->came);
    (void)pthread_mutex_destroy(&settler->lock);
    free(settler);
}

/* ---- to the spool ---- */

bool settler_add(struct settler *settler, const struct spool_settlement *settlement, void *tag,
                 struct fault *why)
{
    struct record *record = copy_settlement(settlement);
    if (!record)
        return fault_memory(why);
    record->tag = tag;
    if (settler->last)
        settler->last->next = record;
    else
        settler->first = record;
    settler->last = record;
    settler->waiting++;
    settler->open++;
    return true;
}

/* On the spool's writer. */
static void come_back(void *own, const struct fault *why)
{
    struct group *group = own;
    struct settler *settler = group->settler;
    (void)pthread_mutex_lock(&settler->lock);
    group->is_failed = why != NULL;
    if (why)
        group->why = *why;
    group->next = settler->back;
    settler->back = group;
    settler->away--;
    (void)pthread_cond_signal(&settler->came);
    settler->wake(settler->own); /* under the lock: who frees waits for it */
    (void)pthread_mutex_unlock(&settler->lock);
}

/* Takes up to a group's size of records from the front. */
static struct group *make_group(struct settler *settler)
{
    struct group *group = calloc(1, sizeof *group);
    if (!group)
        return NULL;
    group->settler = settler;
    group->records = settler->first;
    struct record *last = NULL;
    for (struct record *at = settler->first; at && group->count < GROUP_SIZE; at = at->next) {
        last = at;
        group->count++;
    }
    settler->first = last ? last->next : NULL;
    if (!settler->first)
        settler->last = NULL;
    if (last)
        last->next = NULL;
    settler->waiting -= group->count;
    return group;
}

/* Puts a group's records back to the front, and frees the group. */
static void put_back(struct settler *settler, struct group *group)
{
    struct record *last = group->records;
    while (last && last->next)
        last = last->next;
    if (last) {
        last->next = settler->first;
        settler->first = group->records;
        if (!settler->last)
            settler->last = last;
    }
    settler->waiting += group->count;
    free(group);
}

static bool send_group(struct settler *settler, struct group *group, struct fault *why)
{
    struct spool_settlement settlements[GROUP_SIZE];
    size_t count = 0;
    for (const struct record *at = group->records; at; at = at->next)
        settlements[count++] = at->settlement;
    (void)pthread_mutex_lock(&settler->lock);
    settler->away++; /* before the writer can bring it back */
    (void)pthread_mutex_unlock(&settler->lock);
    if (spool_settle(settler->spool, settlements, count, come_back, group, why))
        return true;
    (void)pthread_mutex_lock(&settler->lock);
    settler->away--;
    (void)pthread_mutex_unlock(&settler->lock);
    return false;
}

void settler_send(struct settler *settler, int64_t now_ms)
{
    while (settler->first && now_ms >= settler->not_before_ms) {
        struct fault why;
        struct group *group = make_group(settler);
        if (!group) {
            (void)fault_memory(&settler->why);
            settler->not_before_ms = now_ms + PAUSE_MS;
        } else if (!send_group(settler, group, &why)) {
            put_back(settler, group);
            settler->why = why;
            settler->not_before_ms = now_ms + PAUSE_MS;
        }
    }
}

/* ---- back from it ---- */

static struct group *take_back(struct settler *settler)
{
    (void)pthread_mutex_lock(&settler->lock);
    struct group *back = settler->back;
    settler->back = NULL;
    (void)pthread_mutex_unlock(&settler->lock);
    return back;
}

void settler_take(struct settler *settler, int64_t now_ms,
                  void (*each)(void *own, void *tag, int64_t delivery), void *own)
{
    for (struct group *group = take_back(settler); group;) {
        struct group *next = group->next;
        if (group->is_failed) {
            settler->why = group->why;
            settler->not_before_ms = now_ms + PAUSE_MS;
            put_back(settler, group);
        } else {
            settler->why.kind = FAULT_NONE;
            settler->open -= group->count;
            for (const struct record *at = group->records; at; at = at->next)
                each(own, at->tag, at->settlement.delivery);
            free_records(group->records);
            free(group);
        }
        group = next;
    }
}

size_t settler_open(const struct settler *settler)
{
    return settler->open;
}

const struct fault *settler_fault(const struct settler *settler)
{
    return &settler->why;
}
